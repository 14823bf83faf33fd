/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See save.h. */
#include "ui/save.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAME_NAME_MAX 999

char *
save_path (const char *typed, const char *from)
{
  if (strcmp (typed, "~") == 0 || g_str_has_prefix (typed, "~/"))
    return g_build_filename (g_get_home_dir (), typed + 1, NULL);
  return g_canonicalize_filename (typed, from);
}

static int
create (const char *path)
{
  return open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

int
save_create (const char *path, GError **error)
{
  int fd = create (path);
  int why = errno;
  if (fd < 0 && why == EEXIST)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "%s is there already. Nothing was saved; choose another name.",
                 path);
  else if (fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (why),
                 "%s could not be made (%s). Nothing was saved; choose another place.", path, g_strerror (why));
  return fd;
}

gboolean
save_write (int to, const char *bytes, gsize size)
{
  while (size > 0) {
    ssize_t put = write (to, bytes, size);
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      return FALSE;
    bytes += put;
    size -= (gsize) put;
  }
  return TRUE;
}

static gboolean
copy (int from, int to)
{
  char buffer[65536];
  if (lseek (from, 0, SEEK_SET) != 0)
    return FALSE;
  for (;;) {
    ssize_t got = read (from, buffer, sizeof buffer);
    if (got == 0)
      return TRUE;
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0 || !save_write (to, buffer, (gsize) got))
      return FALSE;
  }
}

gboolean
save_copy (int from, int to_take, const char *path, GError **error)
{
  gboolean done = copy (from, to_take);
  int why = errno;
  if (close (to_take) != 0 && done) {
    done = FALSE;
    why = errno;
  }
  if (done)
    return TRUE;
  unlink (path);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (why),
               "The attachment could not be written: %s. Nothing was saved.", g_strerror (why));
  return FALSE;
}

/* "report.pdf", then "report (2).pdf". */
static char *
numbered (const char *name, guint number)
{
  const char *dot = strrchr (name, '.');
  gsize stem = dot != NULL && dot > name ? (gsize) (dot - name) : strlen (name);
  return number < 2 ? g_strdup (name) : g_strdup_printf ("%.*s (%u)%s", (int) stem, name, number, name + stem);
}

int
save_create_in (const char *folder, const char *name, char **path_out, GError **error)
{
  if (mkdir (folder, 0700) != 0 && errno != EEXIST) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s could not be made: %s. Nothing was saved.",
                 folder, g_strerror (errno));
    return -1;
  }
  for (guint number = 1; number <= SAME_NAME_MAX; number++) {
    g_autofree char *own = numbered (name, number), *path = g_build_filename (folder, own, NULL);
    int fd = create (path);
    if (fd >= 0) {
      *path_out = g_steal_pointer (&path);
      return fd;
    }
    if (errno != EEXIST)
      return save_create (path, error);
  }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "%s holds too many files of this name. Nothing was saved.",
               folder);
  return -1;
}
