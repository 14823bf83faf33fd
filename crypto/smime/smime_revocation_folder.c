/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The folder where revocation lists and responses are kept, bounded in files and bytes. What is lost here is fetched again, so that
 * nothing has to be durable and a file that cannot be read is one that is not there. */
#include <errno.h>
#include <string.h>
#include <glib/gstdio.h>
#include "crypto/smime/smime_revocation_p.h"

#define NOTE_SUFFIX ".tried"

GBytes *
smime_revocation_folder_read (const char *dir, const char *name, gsize size_max)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  GStatBuf status;
  char *bytes = NULL;
  gsize size = 0;
  if (g_lstat (path, &status) != 0 || !S_ISREG (status.st_mode) || status.st_size <= 0
      || (guint64) status.st_size > size_max || !g_file_get_contents (path, &bytes, &size, NULL))
    return NULL;
  return g_bytes_new_take (bytes, size);
}

gboolean
smime_revocation_folder_write (const char *dir, const char *name, GBytes *bytes)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  return g_file_set_contents_full (path, data != NULL ? data : "", (gssize) size, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                                   NULL);
}

GPtrArray *
smime_revocation_folder_list (const char *dir, const char *suffix)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  GDir *folder = g_dir_open (dir, 0, NULL);
  const char *name;
  while (folder != NULL && names->len < 2 * REVOCATION_FILES_MAX && (name = g_dir_read_name (folder)) != NULL)
    if (g_str_has_suffix (name, suffix))
      g_ptr_array_add (names, g_strdup (name));
  if (folder != NULL)
    g_dir_close (folder);
  return names;
}

struct file {
  char *path;
  gint64 changed;
  guint64 size;
  guint worth; /* what is worth less goes first: notes, then answers about one certificate, then lists */
};

static void
file_free (gpointer data)
{
  struct file *file = data;
  g_free (file->path);
  g_free (file);
}

static guint
worth_of (const char *path)
{
  return g_str_has_suffix (path, NOTE_SUFFIX) ? 0 : g_str_has_suffix (path, ".crl") ? 2 : 1;
}

static int
least_first (gconstpointer a, gconstpointer b)
{
  const struct file *one = *(struct file *const *) a, *other = *(struct file *const *) b;
  if (one->worth != other->worth)
    return one->worth < other->worth ? -1 : 1;
  return one->changed < other->changed ? -1 : one->changed > other->changed;
}

void
smime_revocation_folder_bound (const char *dir)
{
  g_autoptr (GPtrArray) names = smime_revocation_folder_list (dir, "");
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (file_free);
  guint64 bytes = 0;
  for (guint i = 0; i < names->len; i++) {
    GStatBuf status;
    g_autofree char *path = g_build_filename (dir, names->pdata[i], NULL);
    if (g_lstat (path, &status) != 0 || !S_ISREG (status.st_mode))
      continue;
    struct file *file = g_new0 (struct file, 1);
    file->path = g_steal_pointer (&path);
    file->changed = status.st_mtime;
    file->size = (guint64) status.st_size;
    file->worth = worth_of (file->path);
    bytes += file->size;
    g_ptr_array_add (files, file);
  }
  g_ptr_array_sort (files, least_first);
  for (guint i = 0; i < files->len && (files->len - i > REVOCATION_FILES_MAX || bytes > REVOCATION_BYTES_MAX); i++) {
    const struct file *file = files->pdata[i];
    bytes -= file->size;
    g_unlink (file->path);
  }
}

static char *
note_path (const char *dir, const char *id)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, id, -1);
  g_autofree char *name = g_strconcat (hash, NOTE_SUFFIX, NULL);
  return g_build_filename (dir, name, NULL);
}

static gboolean
is_recent (const char *path)
{
  GStatBuf status;
  if (g_lstat (path, &status) != 0)
    return FALSE;
  const gint64 age = smime_revocation_time_now () - status.st_mtime;
  return age >= -REVOCATION_SKEW_S && age < REVOCATION_TRY_AGAIN_S;
}

/* Those that say nothing any more go: where nobody ever answers, nothing else would end them. */
static void
forget_old_notes (const char *dir)
{
  g_autoptr (GPtrArray) names = smime_revocation_folder_list (dir, NOTE_SUFFIX);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *path = g_build_filename (dir, names->pdata[i], NULL);
    if (!is_recent (path))
      g_unlink (path);
  }
}

void
smime_revocation_folder_note (const char *dir, const char *id)
{
  g_autofree char *path = note_path (dir, id);
  forget_old_notes (dir);
  (void) g_file_set_contents_full (path, "", 0, G_FILE_SET_CONTENTS_NONE, 0600, NULL);
}

gboolean
smime_revocation_folder_noted (const char *dir, const char *id)
{
  g_autofree char *path = note_path (dir, id);
  return is_recent (path);
}
