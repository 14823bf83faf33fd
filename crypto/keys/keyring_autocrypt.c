/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys from Autocrypt headers, kept apart from all others: the newest for each address, in autocrypt/, two files each.
 *
 * NAME.key is the key as it came, NAME.conf says whose, since when and which (by digest, so that a key without its note, or with another
 * one's, is no key). NAME is the digest of the address. It is all hearsay: what cannot be read is left out, and is no error. */
#include "crypto/keys/keyring_p.h"
#include "crypto/addrspec.h"
#include "crypto/autocrypt.h"
#include "crypto/pgp/pgp.h"
#include <glib/gstdio.h>
#include <string.h>

#define FOLDER "autocrypt"
#define GROUP "autocrypt"
#define PEOPLE_MAX 2000
#define LIST_MAX 200 /* shown in a list of all keys */

struct record {
  char *path, *address, *fingerprint; /* path: of the key */
  gint64 date;
  GBytes *key;
};

static void
record_free (gpointer data)
{
  struct record *record = data;
  g_free (record->path);
  g_free (record->address);
  g_free (record->fingerprint);
  g_clear_pointer (&record->key, g_bytes_unref);
  g_free (record);
}

static char *
path_of (struct keyring *keyring, const char *address, const char *suffix)
{
  g_autofree char *who = addrspec_fold (address);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, who != NULL ? who : "", -1);
  g_autofree char *name = g_strconcat (digest, suffix, NULL);
  return g_build_filename (keyring->dir, FOLDER, name, NULL);
}

static GBytes *
read_key (const char *path, const char *digest)
{
  GStatBuf status;
  char *bytes = NULL;
  gsize size = 0;
  if (digest == NULL || g_lstat (path, &status) != 0 || !S_ISREG (status.st_mode)
      || status.st_size > AUTOCRYPT_KEY_SIZE_MAX || !g_file_get_contents (path, &bytes, &size, NULL))
    return NULL;
  g_autoptr (GBytes) key = g_bytes_new_take (bytes, size);
  g_autofree char *found = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, key);
  return strcmp (found, digest) == 0 ? g_steal_pointer (&key) : NULL;
}

/* conf: path of the note. NULL: there is none that can be read. */
static struct record *
record_read (const char *conf)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  if (!g_key_file_load_from_file (file, conf, G_KEY_FILE_NONE, NULL))
    return NULL;
  struct record *record = g_new0 (struct record, 1);
  g_autofree char *digest = g_key_file_get_string (file, GROUP, "digest", NULL);
  g_autofree char *stem = g_strndup (conf, strlen (conf) - strlen (".conf"));
  record->address = g_key_file_get_string (file, GROUP, "address", NULL);
  record->fingerprint = g_key_file_get_string (file, GROUP, "fingerprint", NULL);
  record->date = g_key_file_get_int64 (file, GROUP, "date", NULL);
  record->path = g_strconcat (stem, ".key", NULL);
  record->key = read_key (record->path, digest);
  if (record->key != NULL && record->fingerprint != NULL && addrspec_valid (record->address))
    return record;
  record_free (record);
  return NULL;
}

static gboolean
add_candidates (struct keyring *keyring, GPtrArray *records, gint64 at, GPtrArray *candidates_out)
{
  g_autofree struct pgp_foreign *files = g_new0 (struct pgp_foreign, records->len + 1);
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  for (guint i = 0; i < records->len; i++) {
    const struct record *record = g_ptr_array_index (records, i);
    files[i] = (struct pgp_foreign){ record->path, record->fingerprint, record->address, record->key };
  }
  if (!pgp_foreign_find (keyring->pgp, files, records->len, at, found, NULL))
    return TRUE;
  while (found->len > 0) {
    struct key_candidate *key = g_ptr_array_steal_index (found, 0);
    gboolean known = FALSE;
    for (guint i = 0; i < candidates_out->len && !known; i++) {
      const struct key_candidate *other = g_ptr_array_index (candidates_out, i);
      known = g_strcmp0 (other->fingerprint, key->fingerprint) == 0 && addrspec_equal (other->address, key->address);
    }
    g_free (key->source);
    key->source = g_strdup ("autocrypt");
    key->hearsay = TRUE;
    key->own = FALSE;
    if (known) /* from a better source */
      key_candidate_free (key);
    else
      g_ptr_array_add (candidates_out, key);
  }
  return TRUE;
}

/* All records, or those of one key; but no more than records_max of them. */
static GPtrArray *
read_all (struct keyring *keyring, const char *fingerprint_or_null, guint records_max)
{
  GPtrArray *records = g_ptr_array_new_with_free_func (record_free);
  g_autofree char *folder = g_build_filename (keyring->dir, FOLDER, NULL);
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && records->len < records_max && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *conf = g_build_filename (folder, name, NULL);
    struct record *record = g_str_has_suffix (name, ".conf") ? record_read (conf) : NULL;
    if (record != NULL && (fingerprint_or_null == NULL || g_str_equal (record->fingerprint, fingerprint_or_null)))
      g_ptr_array_add (records, record);
    else if (record != NULL)
      record_free (record);
  }
  if (dir != NULL)
    g_dir_close (dir);
  return records;
}

gboolean
keyring_autocrypt_find (struct keyring *keyring, const char *address, gint64 at, GPtrArray *candidates_out,
                        GError **error)
{
  if (address == NULL) {
    g_autoptr (GPtrArray) all = read_all (keyring, NULL, LIST_MAX);
    return add_candidates (keyring, all, at, candidates_out);
  }
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func (record_free);
  g_autofree char *conf = path_of (keyring, address, ".conf");
  struct record *record = record_read (conf);
  if (record != NULL)
    g_ptr_array_add (records, record);
  return add_candidates (keyring, records, at, candidates_out);
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
make_room (const char *folder)
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
  if (count >= PEOPLE_MAX && oldest != NULL)
    forget (oldest);
}

static gboolean
write_whole (const char *path, const void *data, gsize size, GError **error)
{
  return g_file_set_contents_full (path, data, (gssize) size, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

/* The key first: a note that does not fit its key is none. */
static gboolean
keep (struct keyring *keyring, const char *address, GBytes *key, gint64 date, const struct record *known,
      GError **error)
{
  const gboolean same = known != NULL && g_bytes_equal (known->key, key);
  g_autofree char *fingerprint
      = same ? g_strdup (known->fingerprint) : pgp_foreign_fingerprint (keyring->pgp, key, error);
  g_autofree char *conf = path_of (keyring, address, ".conf"), *path = path_of (keyring, address, ".key");
  g_autofree char *folder = g_path_get_dirname (conf);
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, key);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  if (fingerprint == NULL)
    return FALSE;
  if (!g_file_test (conf, G_FILE_TEST_EXISTS))
    make_room (folder);
  g_key_file_set_string (file, GROUP, "address", address);
  g_key_file_set_string (file, GROUP, "fingerprint", fingerprint);
  g_key_file_set_string (file, GROUP, "digest", digest);
  g_key_file_set_int64 (file, GROUP, "date", date);
  gsize size = 0, key_size = 0;
  g_autofree char *text = g_key_file_to_data (file, &size, NULL);
  const void *data = g_bytes_get_data (key, &key_size);
  (void) g_mkdir_with_parents (folder, 0700);
  return (same || write_whole (path, data, key_size, error)) && write_whole (conf, text, size, error);
}

gboolean
keyring_autocrypt_adopt (struct keyring *keyring, const char *fingerprint, GPtrArray *addresses, gboolean *other_out,
                         GError **error)
{
  g_autoptr (GPtrArray) records = read_all (keyring, fingerprint, LIST_MAX);
  g_autoptr (GPtrArray) taken = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  *other_out = FALSE;
  for (guint i = 0; i < records->len; i++) {
    const struct record *record = g_ptr_array_index (records, i);
    gboolean recognised = FALSE;
    if (!pgp_foreign_names (keyring->pgp, record->key, record->address)) {
      *other_out = TRUE;
      continue;
    }
    if (!pgp_import (keyring->pgp, record->key, taken, &recognised, error))
      return FALSE;
    if (!g_ptr_array_find_with_equal_func (addresses, record->address, g_str_equal, NULL))
      g_ptr_array_add (addresses, g_strdup (record->address));
  }
  return TRUE;
}

gboolean
keyring_autocrypt (struct keyring *keyring, const char *address, GBytes *key, gint64 date, gint64 at, GError **error)
{
  const gint64 now = at != 0 ? at : g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *normal = addrspec_normalise (address), *conf = path_of (keyring, address, ".conf");
  const gint64 effective = MIN (date, now);
  if (normal == NULL || strchr (conf, '\n') != NULL || effective <= 0
      || g_bytes_get_size (key) > AUTOCRYPT_KEY_SIZE_MAX)
    return TRUE;
  struct record *known = record_read (conf);
  const gboolean older = known != NULL && known->date >= effective;
  const gboolean fine = older || keep (keyring, normal, key, effective, known, error);
  if (known != NULL)
    record_free (known);
  return fine;
}
