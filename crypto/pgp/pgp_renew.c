/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A longer life for an OpenPGP key of one's own: the subkeys first, then the primary key, so that what stops in between still shows the old
 * end, and doing it again does the rest. */
#include "crypto/pgp/pgp_life.h"
#include "crypto/pgp/pgp_p.h"
#include <string.h>

#define LIFE_S (2 * 365 * 24 * 3600)

/* Those in use: for each purpose the newest that was not revoked. Others stay at rest. */
static char *
subkeys_in_use (gpgme_key_t key)
{
  gpgme_subkey_t encrypts = NULL, signs = NULL;
  for (gpgme_subkey_t subkey = key->subkeys->next; subkey != NULL; subkey = subkey->next) {
    if (subkey->revoked || subkey->invalid || subkey->fpr == NULL)
      continue;
    if (subkey->can_encrypt && (encrypts == NULL || subkey->timestamp > encrypts->timestamp))
      encrypts = subkey;
    if (subkey->can_sign && (signs == NULL || subkey->timestamp > signs->timestamp))
      signs = subkey;
  }
  GString *list = g_string_new (encrypts != NULL ? encrypts->fpr : "");
  if (signs != NULL && signs != encrypts)
    g_string_append_printf (list, "%s%s", list->len > 0 ? "\n" : "", signs->fpr);
  return g_string_free (list, FALSE);
}

static gboolean
set_expiry (struct pgp_engine *engine, gpgme_key_t key, const char *subkeys_or_null, GError **error)
{
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  if (context == NULL)
    return FALSE;
  const gpgme_error_t failed = gpgme_op_setexpire (context, key, LIFE_S, subkeys_or_null, 0);
  if (failed == 0)
    return TRUE;
  if (!pgp_home_full (engine, error))
    pgp_set_error (error, CRYPTO_ERROR_FAILED, failed, "The OpenPGP key could not be renewed");
  return FALSE;
}

/* Two years would not be longer for it. */
static gboolean
endless (gpgme_key_t key)
{
  for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next)
    if (subkey->expires != 0)
      return FALSE;
  return TRUE;
}

gboolean
pgp_renew (struct pgp_engine *engine, const char *fingerprint, GError **error)
{
  gpgme_key_t key = pgp_keys_by_fingerprint (engine, fingerprint);
  if (key == NULL || !key->secret || key->revoked) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY,
                 key != NULL && key->revoked ? "This key was revoked, and that is for good. Make a new one: wardmail "
                                               "key new"
                                             : "This is no OpenPGP key of your own, so that only its owner can renew "
                                               "it.");
    return FALSE;
  }
  if (endless (key)) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "This key has no end, so there is nothing to renew, and nothing was changed. It goes on being valid.");
    return FALSE;
  }
  gpgme_key_ref (key);
  g_autofree char *subkeys = subkeys_in_use (key);
  gboolean fine
      = (*subkeys == '\0' || set_expiry (engine, key, subkeys, error)) && set_expiry (engine, key, NULL, error);
  gpgme_key_unref (key);
  g_clear_pointer (&engine->keys, g_ptr_array_unref);
  key = fine ? pgp_keys_by_fingerprint (engine, fingerprint) : NULL;
  enum key_fault fault = KEY_FAULT_NONE;
  if (key != NULL && pgp_keys_encryption (key, 0, &fault) == NULL) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "The key was renewed and still cannot be used to encrypt. Make a new one: wardmail key new --another");
    fine = FALSE;
  }
  return fine && key != NULL;
}
