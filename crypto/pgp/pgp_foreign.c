/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys that are kept apart from the keyring, each in a file of its own: gpg reads them from there, and never takes them in. */
#include "crypto/pgp/pgp_p.h"
#include "crypto/addrspec.h"
#include <string.h>

#define FOREIGN_MAX 1000 /* remembered as recipients */

struct foreign {
  char *path, *digest; /* of the file and of its bytes */
  gpgme_key_t key;
};

static void
foreign_free (gpointer data)
{
  struct foreign *foreign = data;
  gpgme_key_unref (foreign->key);
  g_free (foreign->path);
  g_free (foreign->digest);
  g_free (foreign);
}

static void
key_unref (gpointer key)
{
  gpgme_key_unref (key);
}

/* The keys in these bytes, as gpg sees them. NULL with error. */
static GPtrArray *
list (struct pgp_engine *engine, GBytes *bytes, guint keys_max, GError **error)
{
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  if (context == NULL)
    return NULL;
  AUTOFREE (gpgme_data) source = pgp_source_open (bytes);
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (key_unref);
  gpgme_error_t failed = gpgme_op_keylist_from_data_start (context, source, 0);
  while (failed == 0 && keys->len <= keys_max) {
    gpgme_key_t key = NULL;
    failed = gpgme_op_keylist_next (context, &key);
    if (failed == 0)
      g_ptr_array_add (keys, key);
  }
  if (gpgme_err_code (failed) == GPG_ERR_EOF)
    return g_steal_pointer (&keys);
  pgp_set_error (error, CRYPTO_ERROR_FORMAT, failed, "An OpenPGP key cannot be read");
  return NULL;
}

static const char *
fingerprint_of (gpgme_key_t key)
{
  return key->subkeys != NULL && key->subkeys->fpr != NULL ? key->subkeys->fpr : "";
}

char *
pgp_foreign_fingerprint (struct pgp_engine *engine, GBytes *key, GError **error)
{
  if (pgp_packet_kind (key, NULL) == PGP_KEYS) {
    g_autoptr (GPtrArray) keys = list (engine, key, 1, error);
    gpgme_key_t only = keys != NULL && keys->len == 1 ? g_ptr_array_index (keys, 0) : NULL;
    if (keys == NULL)
      return NULL;
    if (only != NULL && !only->secret && *fingerprint_of (only) != '\0')
      return g_ascii_strup (fingerprint_of (only), -1);
  }
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT, "This is not one OpenPGP key.");
  return NULL;
}

static gboolean
key_names (gpgme_key_t key, const char *address)
{
  g_autoptr (GPtrArray) addresses = pgp_keys_addresses (key);
  for (guint i = 0; i < addresses->len; i++)
    if (addrspec_equal (g_ptr_array_index (addresses, i), address))
      return TRUE;
  return FALSE;
}

gboolean
pgp_foreign_names (struct pgp_engine *engine, GBytes *key, const char *address)
{
  g_autoptr (GPtrArray) keys = list (engine, key, 1, NULL);
  return keys != NULL && keys->len == 1 && key_names (g_ptr_array_index (keys, 0), address);
}

GBytes *
pgp_foreign_choose (struct pgp_engine *engine, GPtrArray *keys, const char *address, gint64 at, char **fingerprint_out)
{
  GBytes *chosen = NULL;
  enum key_fault least = KEY_FAULT_BROKEN;
  gboolean clear = TRUE;
  for (guint i = 0; i < keys->len; i++) {
    GBytes *bytes = g_ptr_array_index (keys, i);
    g_autoptr (GPtrArray) found = list (engine, bytes, 1, NULL);
    gpgme_key_t key = found != NULL && found->len == 1 ? g_ptr_array_index (found, 0) : NULL;
    enum key_fault fault;
    if (key == NULL || key->secret || *fingerprint_of (key) == '\0' || !key_names (key, address))
      continue;
    (void) pgp_keys_encryption (key, at, &fault);
    clear = clear && (fault != KEY_FAULT_NONE || chosen == NULL || least != KEY_FAULT_NONE);
    if (chosen != NULL && fault >= least)
      continue;
    chosen = bytes;
    least = fault;
    g_free (*fingerprint_out);
    *fingerprint_out = g_ascii_strup (fingerprint_of (key), -1);
  }
  if (!clear)
    g_clear_pointer (fingerprint_out, g_free);
  return clear ? chosen : NULL;
}

static void
remember (struct pgp_engine *engine, gpgme_key_t key, const struct pgp_foreign *file)
{
  if (engine->foreign == NULL)
    engine->foreign = g_ptr_array_new_with_free_func (foreign_free);
  for (guint i = 0; i < engine->foreign->len; i++) {
    struct foreign *known = g_ptr_array_index (engine->foreign, i);
    if (g_ascii_strcasecmp (fingerprint_of (known->key), fingerprint_of (key)) == 0) {
      g_ptr_array_remove_index (engine->foreign, i);
      break;
    }
  }
  if (engine->foreign->len >= FOREIGN_MAX)
    g_ptr_array_remove_index (engine->foreign, 0);
  struct foreign *foreign = g_new0 (struct foreign, 1);
  gpgme_key_ref (key);
  foreign->key = key;
  foreign->path = g_strdup (file->path);
  foreign->digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, file->key);
  g_ptr_array_add (engine->foreign, foreign);
}

/* What gpg said of these very bytes before, if it was asked; borrowed. What the key is worth today is judged anew each time. */
static gpgme_key_t
recall (struct pgp_engine *engine, const struct pgp_foreign *file)
{
  g_autofree char *digest = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, file->key);
  for (guint i = 0; engine->foreign != NULL && i < engine->foreign->len; i++) {
    const struct foreign *known = g_ptr_array_index (engine->foreign, i);
    if (strcmp (known->digest, digest) == 0 && strcmp (known->path, file->path) == 0
        && g_ascii_strcasecmp (fingerprint_of (known->key), file->fingerprint) == 0)
      return known->key;
  }
  return NULL;
}

gboolean
pgp_foreign_find (struct pgp_engine *engine, const struct pgp_foreign *files, guint count, gint64 at,
                  GPtrArray *candidates_out, GError **error)
{
  g_autoptr (GByteArray) fresh = g_byte_array_new ();
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (key_unref);
  for (guint i = 0; i < count; i++) {
    gpgme_key_t key = recall (engine, &files[i]);
    gsize size = 0;
    const guint8 *data = g_bytes_get_data (files[i].key, &size);
    if (key != NULL) {
      gpgme_key_ref (key);
      g_ptr_array_add (keys, key);
    } else
      g_byte_array_append (fresh, data, (guint) size);
  }
  if (fresh->len > 0) {
    g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (g_steal_pointer (&fresh));
    GPtrArray *listed = list (engine, bytes, count, error);
    if (listed == NULL)
      return FALSE;
    g_ptr_array_extend_and_steal (keys, listed);
  }
  for (guint i = 0; i < count; i++)
    for (guint k = 0; k < keys->len; k++) {
      gpgme_key_t key = g_ptr_array_index (keys, k);
      if (g_ascii_strcasecmp (fingerprint_of (key), files[i].fingerprint) != 0)
        continue;
      g_ptr_array_add (candidates_out, pgp_keys_candidate (key, files[i].address, at));
      if (recall (engine, &files[i]) != key)
        remember (engine, key, &files[i]);
      break;
    }
  return TRUE;
}

gpgme_key_t
pgp_foreign_key (struct pgp_engine *engine, const char *fingerprint, const char **path_out)
{
  for (guint i = 0; engine->foreign != NULL && i < engine->foreign->len; i++) {
    struct foreign *known = g_ptr_array_index (engine->foreign, i);
    if (g_ascii_strcasecmp (fingerprint_of (known->key), fingerprint) != 0)
      continue;
    *path_out = known->path;
    return known->key;
  }
  return NULL;
}
