/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP keys that are kept apart from the keyring, one for each address of a source, two files each.
 *
 * NAME.key is the key as it came, NAME.conf says whose, since when and which (by digest, so that a key without its note, or with another
 * one's, is no key). NAME is a digest too. What cannot be read is left out, and is no error: it was hearsay, or can be asked for again. */
#include "crypto/keys/keyring_p.h"
#include "crypto/addrspec.h"
#include "crypto/pgp/pgp.h"
#include <glib/gstdio.h>
#include <string.h>

void
keyring_apart_free (struct keyring_apart *note)
{
  if (note == NULL)
    return;
  g_free (note->conf);
  g_free (note->path);
  g_free (note->address);
  g_free (note->fingerprint);
  g_clear_pointer (&note->key, g_bytes_unref);
  g_clear_pointer (&note->file, g_key_file_unref);
  g_free (note);
}

static void
note_free (gpointer note)
{
  keyring_apart_free (note);
}

static char *
path_of (struct keyring *keyring, const struct keyring_apart_kind *kind, const char *who, const char *suffix)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, who, -1);
  g_autofree char *name = g_strconcat (digest, suffix, NULL);
  return g_build_filename (keyring->dir, kind->folder, name, NULL);
}

static GBytes *
read_key (const struct keyring_apart_kind *kind, const char *path, const char *digest)
{
  GStatBuf status;
  char *bytes = NULL;
  gsize size = 0;
  if (g_lstat (path, &status) != 0 || !S_ISREG (status.st_mode) || status.st_size > (goffset) kind->key_size_max
      || !g_file_get_contents (path, &bytes, &size, NULL))
    return NULL;
  g_autoptr (GBytes) key = g_bytes_new_take (bytes, size);
  g_autofree char *found = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, key);
  return strcmp (found, digest) == 0 ? g_steal_pointer (&key) : NULL;
}

/* conf: path of the note. NULL: there is none that can be read. */
static struct keyring_apart *
note_read (const struct keyring_apart_kind *kind, const char *conf)
{
  AUTOFREE (keyring_apart) note = g_new0 (struct keyring_apart, 1);
  note->file = g_key_file_new ();
  if (!g_key_file_load_from_file (note->file, conf, G_KEY_FILE_NONE, NULL))
    return NULL;
  g_autofree char *digest = g_key_file_get_string (note->file, kind->folder, "digest", NULL);
  g_autofree char *stem = g_strndup (conf, strlen (conf) - strlen (".conf"));
  note->conf = g_strdup (conf);
  note->path = g_strconcat (stem, ".key", NULL);
  note->address = g_key_file_get_string (note->file, kind->folder, "address", NULL);
  note->fingerprint = g_key_file_get_string (note->file, kind->folder, "fingerprint", NULL);
  note->date = g_key_file_get_int64 (note->file, kind->folder, "date", NULL);
  if (digest != NULL)
    note->key = read_key (kind, note->path, digest);
  const gboolean whole = (digest != NULL) == (note->key != NULL) && note->fingerprint != NULL;
  return whole && addrspec_valid (note->address) ? g_steal_pointer (&note) : NULL;
}

struct keyring_apart *
keyring_apart_read (struct keyring *keyring, const struct keyring_apart_kind *kind, const char *who)
{
  g_autofree char *conf = path_of (keyring, kind, who, ".conf");
  return note_read (kind, conf);
}

GPtrArray *
keyring_apart_all (struct keyring *keyring, const struct keyring_apart_kind *kind, const char *fingerprint_or_null,
                   guint notes_max)
{
  GPtrArray *notes = g_ptr_array_new_with_free_func (note_free);
  g_autofree char *folder = g_build_filename (keyring->dir, kind->folder, NULL);
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && notes->len < notes_max && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *conf = g_build_filename (folder, name, NULL);
    AUTOFREE (keyring_apart) note = g_str_has_suffix (name, ".conf") ? note_read (kind, conf) : NULL;
    if (note != NULL && note->key != NULL
        && (fingerprint_or_null == NULL || g_str_equal (note->fingerprint, fingerprint_or_null)))
      g_ptr_array_add (notes, g_steal_pointer (&note));
  }
  if (dir != NULL)
    g_dir_close (dir);
  return notes;
}

static void
forget (const char *conf)
{
  g_autofree char *stem = g_strndup (conf, strlen (conf) - strlen (".conf")), *key = g_strconcat (stem, ".key", NULL);
  g_unlink (conf);
  g_unlink (key);
}

/* Room for one more: the note that was written longest ago goes. */
static void
make_room (const char *folder, guint notes_max)
{
  g_autofree char *oldest = NULL;
  gint64 oldest_time = G_MAXINT64;
  guint count = 0;
  const char *name;
  GDir *dir = g_dir_open (folder, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    GStatBuf status;
    if (!g_str_has_suffix (name, ".conf") || g_lstat (path, &status) != 0)
      continue;
    count++;
    if (status.st_mtime < oldest_time) {
      oldest_time = status.st_mtime;
      g_free (oldest);
      oldest = g_steal_pointer (&path);
    }
  }
  if (dir != NULL)
    g_dir_close (dir);
  if (count >= notes_max && oldest != NULL)
    forget (oldest);
}

static gboolean
write_whole (const char *path, const void *data, gsize size, GError **error)
{
  return g_file_set_contents_full (path, data, (gssize) size, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

/* The key first: a note that does not fit its key is none. */
static gboolean
write_key (const struct keyring_apart_kind *kind, const char *path, GBytes *key, GKeyFile *file, GError **error)
{
  if (key == NULL) {
    g_key_file_remove_key (file, kind->folder, "digest", NULL);
    return TRUE;
  }
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, key);
  g_autoptr (GBytes) there = read_key (kind, path, digest);
  gsize size = 0;
  const void *data = g_bytes_get_data (key, &size);
  g_key_file_set_string (file, kind->folder, "digest", digest);
  return there != NULL || write_whole (path, data, size, error);
}

gboolean
keyring_apart_write (struct keyring *keyring, const struct keyring_apart_kind *kind, const char *who,
                     const struct keyring_apart *note, GError **error)
{
  g_autofree char *conf = path_of (keyring, kind, who, ".conf"), *path = path_of (keyring, kind, who, ".key");
  g_autofree char *folder = g_path_get_dirname (conf);
  g_autoptr (GKeyFile) own = note->file != NULL ? g_key_file_ref (note->file) : g_key_file_new ();
  gsize size = 0;
  (void) g_mkdir_with_parents (folder, 0700);
  if (!g_file_test (conf, G_FILE_TEST_EXISTS))
    make_room (folder, kind->notes_max);
  g_key_file_set_string (own, kind->folder, "address", note->address);
  g_key_file_set_string (own, kind->folder, "fingerprint", note->fingerprint);
  g_key_file_set_int64 (own, kind->folder, "date", note->date);
  if (!write_key (kind, path, note->key, own, error))
    return FALSE;
  g_autofree char *text = g_key_file_to_data (own, &size, NULL);
  if (!write_whole (conf, text, size, error))
    return FALSE;
  if (note->key == NULL)
    g_unlink (path);
  return TRUE;
}

GPtrArray *
keyring_apart_candidates (struct keyring *keyring, GPtrArray *notes, gint64 at)
{
  g_autofree struct pgp_foreign *files = g_new0 (struct pgp_foreign, notes->len + 1);
  GPtrArray *found = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  guint count = 0;
  for (guint i = 0; i < notes->len; i++) {
    const struct keyring_apart *note = g_ptr_array_index (notes, i);
    if (note->key != NULL)
      files[count++] = (struct pgp_foreign){ note->path, note->fingerprint, note->address, note->key };
  }
  (void) pgp_foreign_find (keyring->pgp, files, count, at, found, NULL);
  for (guint i = 0; i < found->len; i++)
    ((struct key_candidate *) g_ptr_array_index (found, i))->own = FALSE;
  return found;
}

struct key_candidate *
keyring_apart_known (const GPtrArray *candidates, const char *fingerprint, const char *address)
{
  for (guint i = 0; i < candidates->len; i++) {
    struct key_candidate *other = g_ptr_array_index (candidates, i);
    if (g_strcmp0 (other->fingerprint, fingerprint) == 0 && addrspec_equal (other->address, address))
      return other;
  }
  return NULL;
}
