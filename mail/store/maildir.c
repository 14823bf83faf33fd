/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail files on disk: names, places, renames. See maildir.h. */
#include "mail/store/maildir.h"

#include "mail/engine.h"
#include "mail/store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STORE_CHUNK 65536

static gboolean
disk_error (GError **error, const char *what)
{
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "%s: %s. Nothing was lost; wardmail tries again later.", what,
               g_strerror (errno));
  return FALSE;
}

gboolean
maildir_make (const char *dir, GError **error)
{
  static const char *const inside[] = { "cur", "new", "tmp" };
  for (gsize i = 0; i < G_N_ELEMENTS (inside); i++) {
    g_autofree char *path = g_build_filename (dir, inside[i], NULL);
    if (g_mkdir_with_parents (path, 0700) != 0)
      return disk_error (error, "The folder for a mailbox could not be made");
  }
  return TRUE;
}

void
maildir_clean (const char *dir)
{
  g_autofree char *tmp = g_build_filename (dir, "tmp", NULL);
  disk_sweep (tmp);
}

char *
maildir_unique (void)
{
  static guint count;
  return g_strdup_printf ("L%" G_GINT64_FORMAT ".%d_%u.%08x", g_get_real_time (), (int) getpid (), ++count,
                          g_random_int ());
}

#define HEADER_MARK 'H' /* before U (of the server) or L (made here) and a number */

gboolean
maildir_is_header (const char *base)
{
  return base[0] == HEADER_MARK && (base[1] == 'U' || base[1] == 'L') && g_ascii_isdigit (base[2]);
}

char *
maildir_header_base (const char *base)
{
  return g_strdup_printf ("%c%s", HEADER_MARK, maildir_whole_base (base));
}

const char *
maildir_whole_base (const char *base)
{
  return maildir_is_header (base) ? base + 1 : base;
}

gboolean
maildir_path_is_header (const char *path)
{
  g_autofree char *dir = NULL, *base = NULL;
  return maildir_split (path, &dir, &base, NULL) && maildir_is_header (base);
}

char *
maildir_path (const char *dir, const char *base, const char *flags)
{
  return g_strdup_printf ("%s/cur/%s:2,%s", dir, base, flags);
}

gboolean
maildir_split (const char *path, char **dir_out, char **base_out, char **flags_out)
{
  const char *name = strrchr (path, '/');
  const char *info = name == NULL ? NULL : strstr (name, ":2,");
  if (info == NULL || info == name + 1 || name - path < 5 || strncmp (name - 4, "/cur", 4) != 0)
    return FALSE;
  *dir_out = g_strndup (path, (gsize) (name - 4 - path));
  *base_out = g_strndup (name + 1, (gsize) (info - name) - 1);
  if (flags_out != NULL)
    *flags_out = g_strdup (info + 3);
  return TRUE;
}

void
maildir_each (const char *dir, void (*each) (const char *path, gpointer data), gpointer data)
{
  g_autofree char *cur = g_build_filename (dir, "cur", NULL);
  g_autoptr (GDir) list = g_dir_open (cur, 0, NULL);
  const char *name;
  while (list != NULL && (name = g_dir_read_name (list)) != NULL) {
    g_autofree char *path = g_build_filename (cur, name, NULL);
    each (path, data);
  }
}

static void
add_copy (const char *path, gpointer data)
{
  g_ptr_array_add (data, g_strdup (path));
}

GPtrArray *
maildir_list (const char *dir)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  maildir_each (dir, add_copy, paths);
  return paths;
}

char *
maildir_locate (const char *dir, const char *base, const char *flags)
{
  g_autofree char *expected = maildir_path (dir, base, flags);
  if (access (expected, F_OK) == 0)
    return g_steal_pointer (&expected);
  /* A rename that was cut off between the record and the disk, or another program's. */
  g_autofree char *start = g_strdup_printf ("%s/cur/%s:2,", dir, base);
  g_autoptr (GPtrArray) all = maildir_list (dir);
  for (guint i = 0; i < all->len; i++)
    if (g_str_has_prefix (g_ptr_array_index (all, i), start))
      return g_strdup (g_ptr_array_index (all, i));
  return NULL;
}

char *
maildir_find (const char *path)
{
  static const char letters[] = "DFPRST";
  g_autofree char *dir = NULL, *base = NULL;
  if (access (path, F_OK) == 0)
    return g_strdup (path);
  if (!maildir_split (path, &dir, &base, NULL))
    return NULL;
  for (guint set = 0; set < 1u << (sizeof letters - 1); set++) {
    char flags[sizeof letters] = "";
    for (gsize i = 0, size = 0; letters[i] != '\0'; i++)
      if ((set >> i & 1) != 0)
        flags[size++] = letters[i];
    g_autofree char *now = maildir_path (dir, base, flags);
    if (access (now, F_OK) == 0)
      return g_steal_pointer (&now);
  }
  return NULL;
}

static char *
existing (const char *dir, const char *base, const char *flags, GError **error)
{
  char *path = maildir_locate (dir, base, flags);
  if (path == NULL)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND,
                 "The file of this mail is not there any more; wardmail fetches it again.");
  return path;
}

/* Where the kernel's sandbox does not let a file go from one folder to another, it is copied. */
static gboolean
copy (const char *from, const char *dir, const char *base, const char *flags, GError **error)
{
  int fd = open (from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return disk_error (error, "A mail could not be read from the disk");
  gboolean done = maildir_store (dir, base, flags, fd, error);
  close (fd);
  return done;
}

gboolean
maildir_link (const char *dir, const char *base, const char *flags, const char *new_dir, const char *new_base,
              char **old_path_out, char **new_path_out, GError **error)
{
  g_autofree char *from = existing (dir, base, flags, error), *to = maildir_path (new_dir, new_base, flags);
  g_autofree char *cur = g_build_filename (new_dir, "cur", NULL);
  if (from == NULL)
    return FALSE;
  if (link (from, to) != 0 && (errno != EXDEV || !copy (from, new_dir, new_base, flags, error))) {
    if (error != NULL && *error == NULL)
      disk_error (error, "A mail could not be moved on the disk");
    return FALSE;
  }
  (void) disk_sync_folder (cur);
  *old_path_out = g_steal_pointer (&from);
  *new_path_out = g_steal_pointer (&to);
  return TRUE;
}

gboolean
maildir_remove (const char *dir, const char *base, const char *flags)
{
  g_autofree char *path = maildir_locate (dir, base, flags);
  return path == NULL || g_unlink (path) == 0 || errno == ENOENT;
}

gboolean
maildir_store (const char *dir, const char *base, const char *flags, int fd, GError **error)
{
  AUTOFREE (maildir_batch) batch = maildir_batch_new (dir);
  g_autofree char *some = g_malloc (STORE_CHUNK);
  ssize_t got;
  for (off_t at = 0; (got = pread (fd, some, STORE_CHUNK, at)) > 0; at += got)
    if (!maildir_batch_write (batch, some, (gsize) got, error))
      return FALSE;
  if (got < 0) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "A mail that is to be kept could not be read: %s.",
                 g_strerror (errno));
    return FALSE;
  }
  return maildir_batch_end (batch, base, flags, 0, NULL, error) && maildir_batch_commit (batch, error);
}
