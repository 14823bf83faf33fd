/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* "made-1", "made-2", … and which of them counts. See index_place.h. */
#include "mail/archive/index_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mail/store/disk.h"

#define PREFIX "made-"
#define NUMBER_MAX 1000000000

/* 0: the index lies in the folder itself. */
static guint
current_number (const char *index_dir)
{
  g_autofree char *path = g_build_filename (index_dir, "current", NULL);
  char text[32] = "";
  guint64 number = 0;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  ssize_t got = fd >= 0 ? read (fd, text, sizeof text - 1) : -1;
  if (fd >= 0)
    close (fd);
  if (got <= 0 || !g_ascii_string_to_unsigned (g_strchomp (text), 10, 1, NUMBER_MAX, &number, NULL))
    return 0;
  return (guint) number;
}

static char *
folder_of (const char *index_dir, guint number)
{
  return number > 0 ? g_strdup_printf ("%s/" PREFIX "%u", index_dir, number) : g_strdup (index_dir);
}

char *
index_place_current (const char *index_dir)
{
  return folder_of (index_dir, current_number (index_dir));
}

char *
index_place_next (const char *index_dir)
{
  return folder_of (index_dir, current_number (index_dir) % NUMBER_MAX + 1);
}

gboolean
index_place_switch (const char *index_dir, const char *folder)
{
  const char *name = strrchr (folder, '/') + 1;
  g_autofree char *path = g_build_filename (index_dir, "current", NULL), *fresh = g_strconcat (path, ".new", NULL),
                  *text = g_strdup_printf ("%s\n", name + strlen (PREFIX));
  int fd = open (fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean done = fd >= 0 && disk_write (fd, text, strlen (text)) && fsync (fd) == 0;
  int why = errno;
  if (fd >= 0)
    close (fd);
  errno = why;
  return done && rename (fresh, path) == 0 && disk_sync_folder (index_dir);
}

void
index_place_sweep (const char *index_dir, const char *keep_or_null)
{
  g_autofree char *current = index_place_current (index_dir);
  g_autoptr (GDir) dir = g_dir_open (index_dir, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (index_dir, name, NULL);
    gboolean old
        = strcmp (current, index_dir) != 0 && (strcmp (name, ".notmuch") == 0 || strcmp (name, "contacts") == 0);
    if (old || (g_str_has_prefix (name, PREFIX) && strcmp (path, current) != 0 && g_strcmp0 (path, keep_or_null) != 0))
      disk_remove (path);
  }
}
