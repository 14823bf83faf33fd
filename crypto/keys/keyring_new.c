/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Making a key of one's own, unless there is one that will do. */
#include "crypto/keys/keyring_life.h"
#include "crypto/keys/keyring_p.h"
#include "crypto/addrspec.h"
#include "crypto/pgp/pgp_life.h"
#include "crypto/smime/smime.h"
#include <string.h>

static const struct {
  const char *name;
  enum route_method kind;
  int algorithm;
} algorithms[] = {
  { "ed25519", ROUTE_PGP, PGP_ED25519 },     { "rsa3072", ROUTE_PGP, PGP_RSA3072 },
  { "rsa4096", ROUTE_PGP, PGP_RSA4096 },     { "rsa3072", ROUTE_SMIME, SMIME_RSA3072 },
  { "rsa4096", ROUTE_SMIME, SMIME_RSA4096 }, { "p256", ROUTE_SMIME, SMIME_P256 },
  { "p384", ROUTE_SMIME, SMIME_P384 },
};

const char *
keyring_algorithms (enum route_method kind)
{
  return kind == ROUTE_PGP ? "ed25519, rsa3072, rsa4096" : "rsa3072, rsa4096, p256, p384";
}

static gboolean
find_algorithm (const struct keyring_wish *wish, int *algorithm_out, GError **error)
{
  *algorithm_out = 0; /* the first of either kind */
  for (gsize i = 0; i < G_N_ELEMENTS (algorithms); i++)
    if (wish->algorithm != NULL && algorithms[i].kind == wish->kind
        && strcmp (algorithms[i].name, wish->algorithm) == 0) {
      *algorithm_out = algorithms[i].algorithm;
      return TRUE;
    }
  if (wish->algorithm != NULL)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT, "The algorithm of such a key is one of: %s.",
                 keyring_algorithms (wish->kind));
  return wish->algorithm == NULL;
}

static gboolean
is_waiting (struct keyring *keyring, const char *address)
{
  g_autoptr (GPtrArray) requests = smime_request_list (keyring->smime);
  for (guint i = 0; i < requests->len; i++)
    if (addrspec_equal (((struct smime_request *) g_ptr_array_index (requests, i))->address, address))
      return TRUE;
  return FALSE;
}

static gboolean
is_needed (struct keyring *keyring, const struct keyring_wish *wish, const char *address, GError **error)
{
  g_autofree char *own
      = wish->kind == ROUTE_PGP ? pgp_own (keyring->pgp, address, 0) : smime_own (keyring->smime, address, 0);
  const char *kind = wish->kind == ROUTE_PGP ? "OpenPGP key" : "S/MIME certificate";
  if (own != NULL)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "You have a usable %s for %s already (%s), and nothing was made. To make one more all the same, add "
                 "--another.",
                 kind, address, own);
  else if (wish->kind == ROUTE_SMIME && is_waiting (keyring, address))
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "A key for %s waits for its certificate already, and nothing was made. Get the request again with: "
                 "wardmail key request. To make one more all the same, add --another.",
                 address);
  else
    return TRUE;
  return FALSE;
}

static struct key_candidate *
find_own (struct keyring *keyring, const char *address, const char *fingerprint, GError **error)
{
  g_autoptr (GPtrArray) found = keyring_find (keyring, address, 0, error);
  for (guint i = 0; found != NULL && i < found->len; i++) {
    struct key_candidate *key = g_ptr_array_index (found, i);
    if (key->own && g_strcmp0 (key->fingerprint, fingerprint) == 0)
      return key_candidate_copy (key);
  }
  if (found != NULL)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "The key was made, but it cannot be found under its address. See what is there with: wardmail key "
                 "list");
  return NULL;
}

static gboolean
make (struct keyring *keyring, const struct keyring_wish *wish, const char *address, int algorithm,
      struct key_candidate **key_out, struct smime_request **request_out, GError **error)
{
  if (wish->kind == ROUTE_SMIME) {
    *request_out = smime_request_new (keyring->smime, address, wish->name, (enum smime_algorithm) algorithm, error);
    return *request_out != NULL;
  }
  const struct pgp_make spec = { address, wish->name, (enum pgp_algorithm) algorithm, wish->passphrase };
  g_autofree char *fingerprint = pgp_make (keyring->pgp, &spec, error);
  *key_out = fingerprint != NULL ? find_own (keyring, address, fingerprint, error) : NULL;
  return *key_out != NULL;
}

gboolean
keyring_new (struct keyring *keyring, const struct keyring_wish *wish, struct key_candidate **key_out,
             struct smime_request **request_out, GError **error)
{
  g_autofree char *address = addrspec_normalise (wish->address);
  int algorithm = 0;
  *key_out = NULL;
  *request_out = NULL;
  if (address == NULL) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
                 "“%s” is not an e-mail address, so that no key was made for it.", wish->address);
    return FALSE;
  }
  if (!find_algorithm (wish, &algorithm, error) || (!wish->another && !is_needed (keyring, wish, address, error)))
    return FALSE;
  if (!make (keyring, wish, address, algorithm, key_out, request_out, error))
    return FALSE;
  g_autoptr (GError) local = NULL;
  if (!keyring_remind (keyring, TRUE, &local)) /* the key is made all the same */
    g_info ("nobody will be reminded of a back-up: %s", local->message);
  return TRUE;
}
