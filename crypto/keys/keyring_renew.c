/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The next years of a key, and its end. Which of the two worlds it belongs to decides what can be done here and what others have to do. */
#include "crypto/keys/keyring_life.h"
#include "crypto/keys/keyring_p.h"
#include "crypto/addrspec.h"
#include "crypto/pgp/pgp_life.h"
#include <string.h>

/* NULL with NO_KEY. What came in the header of a mail alone counts too: it can be refused. */
static struct key_candidate *
find (struct keyring *keyring, const char *which, gboolean own, GError **error)
{
  g_autofree char *fingerprint = keyring_trust_fingerprint (which);
  g_autoptr (GPtrArray) all = fingerprint != NULL ? keyring_list (keyring, 0, error) : NULL;
  for (guint i = 0; all != NULL && i < all->len; i++) {
    struct key_candidate *key = g_ptr_array_index (all, i);
    if (strcmp (key->fingerprint, fingerprint) == 0 && (key->own || !own))
      return key_candidate_copy (key);
  }
  if (fingerprint == NULL || all != NULL)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY,
                 "There is no key %swith this fingerprint. See what is there with: wardmail key list",
                 own ? "of your own " : "");
  return NULL;
}

static gboolean
renew_smime (struct keyring *keyring, const struct key_candidate *key, gboolean same_key,
             struct smime_request **request_out, GError **error)
{
  g_autoptr (GPtrArray) requests = smime_request_list (keyring->smime);
  for (guint i = 0; i < requests->len && !same_key; i++) {
    const struct smime_request *request = g_ptr_array_index (requests, i);
    if (!addrspec_equal (request->address, key->address))
      continue;
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "A key for %s waits for its certificate already, and nothing was made. Get the request again with: "
                 "wardmail key request --out FILE; or forget it with: wardmail key request --drop %s",
                 key->address, request->id);
    return FALSE;
  }
  *request_out = smime_request_renew (keyring->smime, key->fingerprint, same_key, error);
  g_autoptr (GError) local = NULL;
  if (*request_out != NULL && !same_key && !keyring_remind (keyring, TRUE, &local))
    g_info ("nobody will be reminded of a back-up: %s", local->message);
  return *request_out != NULL;
}

gboolean
keyring_renew (struct keyring *keyring, const char *fingerprint, gboolean same_key, struct key_candidate **key_out,
               struct smime_request **request_out, GError **error)
{
  *key_out = NULL;
  *request_out = NULL;
  AUTOFREE (key_candidate) key = find (keyring, fingerprint, TRUE, error);
  if (key == NULL)
    return FALSE;
  if (key->method == ROUTE_SMIME)
    return renew_smime (keyring, key, same_key, request_out, error);
  if (!pgp_renew (keyring->pgp, key->fingerprint, error))
    return FALSE;
  *key_out = find (keyring, key->fingerprint, TRUE, error);
  return *key_out != NULL;
}

void
keyring_revoked_clear (struct keyring_revoked *revoked)
{
  g_clear_pointer (&revoked->key, key_candidate_free);
  g_clear_pointer (&revoked->public, g_bytes_unref);
  g_clear_pointer (&revoked->issuer, g_free);
  g_clear_pointer (&revoked->serial, g_free);
}

static gboolean
revoke_pgp (struct keyring *keyring, enum keyring_reason reason, struct keyring_revoked *out, GError **error)
{
  static const enum pgp_revoke_reason reasons[]
      = { PGP_REVOKE_NONE, PGP_REVOKE_COMPROMISED, PGP_REVOKE_SUPERSEDED, PGP_REVOKE_RETIRED };
  if (out->key->fault != KEY_FAULT_REVOKED && !pgp_revoke (keyring->pgp, out->key->fingerprint, reasons[reason], error))
    return FALSE;
  out->for_good = TRUE;
  out->public = pgp_export (keyring->pgp, out->key->fingerprint, error);
  return out->public != NULL;
}

gboolean
keyring_revoke (struct keyring *keyring, const char *fingerprint, enum keyring_reason reason,
                struct keyring_revoked *out, GError **error)
{
  *out = (struct keyring_revoked){ .key = find (keyring, fingerprint, FALSE, error) };
  gboolean fine = out->key != NULL;
  if (fine && out->key->own && out->key->method == ROUTE_PGP)
    fine = revoke_pgp (keyring, reason, out, error);
  else if (fine) {
    fine = keyring_trust_stop (keyring, out->key->fingerprint, reason, error);
    if (out->key->own)
      smime_describe (keyring->smime, out->key->fingerprint, &out->issuer, &out->serial);
  }
  if (!fine)
    keyring_revoked_clear (out);
  return fine;
}
