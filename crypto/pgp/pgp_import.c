/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking in OpenPGP keys. */
#include "crypto/pgp/pgp_p.h"
#include <string.h>

static gboolean
looks_like_keys (GBytes *blob)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (blob, &size);
  return g_strstr_len (data, (gssize) MIN (size, 65536), "-----BEGIN PGP PUBLIC KEY BLOCK") != NULL
         || g_strstr_len (data, (gssize) MIN (size, 65536), "-----BEGIN PGP PRIVATE KEY BLOCK") != NULL
         || ((data[0] & 0x80) != 0 && pgp_packet_kind (blob, NULL) == PGP_KEYS);
}

static void
report (struct pgp_engine *engine, gpgme_import_result_t result, GPtrArray *candidates_out)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_direct_hash, g_direct_equal);
  for (gpgme_import_status_t item = result->imports; item != NULL; item = item->next) {
    gpgme_key_t key = item->result == 0 ? pgp_keys_by_fingerprint (engine, item->fpr) : NULL;
    if (key == NULL || !g_hash_table_add (seen, key))
      continue;
    g_autoptr (GPtrArray) addresses = pgp_keys_addresses (key);
    g_ptr_array_add (candidates_out,
                     pgp_keys_candidate (key, addresses->len > 0 ? g_ptr_array_index (addresses, 0) : "", 0));
  }
}

gboolean
pgp_import (struct pgp_engine *engine, GBytes *blob, GPtrArray *candidates_out, gboolean *recognised_out,
            GError **error)
{
  *recognised_out = g_bytes_get_size (blob) > 0 && looks_like_keys (blob);
  if (!*recognised_out)
    return TRUE;
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  AUTOFREE (gpgme_data) source = pgp_source_open (blob);
  if (context == NULL)
    return FALSE;
  g_clear_pointer (&engine->keys, g_ptr_array_unref);
  const gpgme_error_t failed = gpgme_op_import (context, source);
  gpgme_import_result_t result = failed == 0 ? gpgme_op_import_result (context) : NULL;
  const guint before = candidates_out->len;
  if (result != NULL)
    report (engine, result, candidates_out);
  /* A revocation certificate alone names no key, but changes one (or has done so before). */
  if (candidates_out->len > before
      || (result != NULL && result->considered > 0 && result->no_user_id == 0 && result->not_imported == 0
          && result->skipped_v3_keys == 0))
    return TRUE;
  if (pgp_home_full (engine, error))
    return FALSE;
  pgp_set_error (
      error, CRYPTO_ERROR_FORMAT, failed,
      "This file looks like an OpenPGP key, but it is damaged or not whole, and nothing was taken in. Ask for it "
      "again");
  return FALSE;
}
