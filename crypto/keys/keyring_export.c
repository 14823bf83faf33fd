/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Public keys and certificates as files, to hand them to people and programs. Secret halves leave by the sealed back-up alone. */
#include "crypto/keys/keyring_life.h"
#include "crypto/keys/keyring_p.h"
#include "crypto/addrspec.h"
#include "crypto/pgp/pgp_life.h"
#include <string.h>

#define NAME_SIZE_MAX 80

void
keyring_public_clear (struct keyring_public *key)
{
  g_clear_pointer (&key->bytes, g_bytes_unref);
  g_clear_pointer (&key->filename, g_free);
  g_clear_pointer (&key->fingerprint, g_free);
}

static char *
file_name (const struct key_candidate *key)
{
  GString *name = g_string_new (NULL);
  for (const char *c = key->address != NULL ? key->address : ""; *c != '\0' && name->len < NAME_SIZE_MAX; c++)
    g_string_append_c (name, g_ascii_isalnum (*c) || strchr ("@.-_+", *c) != NULL ? *c : '_');
  if (name->len == 0 || name->str[0] == '.' || name->str[0] == '-')
    g_string_prepend (name, "key");
  return g_string_free (g_string_append (name, key->method == ROUTE_PGP ? ".asc" : ".pem"), FALSE);
}

/* Those that can be meant; the array's order is that of the keyring: usable first. */
static GPtrArray *
choose (struct keyring *keyring, const char *which, enum route_method kind, gboolean own, GError **error)
{
  g_autofree char *fingerprint = keyring_trust_fingerprint (which);
  GPtrArray *found = fingerprint != NULL ? keyring_list (keyring, 0, error) : keyring_find (keyring, which, 0, error);
  for (guint i = found != NULL ? found->len : 0; i-- > 0;) {
    const struct key_candidate *key = g_ptr_array_index (found, i);
    if (key->hearsay || (kind != ROUTE_HOLD && key->method != kind) || (own && !key->own)
        || (fingerprint != NULL && g_strcmp0 (key->fingerprint, fingerprint) != 0))
      g_ptr_array_remove_index (found, i);
  }
  return found;
}

/* The best; but between the two kinds the person chooses. */
static const struct key_candidate *
decide (const GPtrArray *found, const char *which, GError **error)
{
  const struct key_candidate *best = found->len > 0 ? g_ptr_array_index (found, 0) : NULL;
  if (best == NULL)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY,
                 "There is no key for “%s” that could be given out. See what is there with: wardmail key list", which);
  for (guint i = 1; i < found->len; i++) {
    const struct key_candidate *other = g_ptr_array_index (found, i);
    if (other->method == best->method || other->fault != best->fault)
      continue;
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "There is an OpenPGP key and an S/MIME certificate for “%s”. Say which one is meant: --kind pgp or "
                 "--kind smime.",
                 which);
    return NULL;
  }
  return best;
}

gboolean
keyring_export (struct keyring *keyring, const char *which, enum route_method kind, gboolean own,
                struct keyring_public *public_out, GError **error)
{
  *public_out = (struct keyring_public){ 0 };
  g_autoptr (GPtrArray) found = choose (keyring, which, kind, own, error);
  const struct key_candidate *key = found != NULL ? decide (found, which, error) : NULL;
  if (key == NULL)
    return FALSE;
  public_out->bytes = key->method == ROUTE_PGP ? pgp_export (keyring->pgp, key->fingerprint, error)
                                               : smime_export (keyring->smime, key->fingerprint, error);
  public_out->filename = file_name (key);
  public_out->type = key->method == ROUTE_PGP ? "application/pgp-keys" : "application/pem-certificate-chain";
  public_out->fingerprint = g_strdup (key->fingerprint);
  public_out->method = key->method;
  if (public_out->bytes != NULL)
    return TRUE;
  keyring_public_clear (public_out);
  return FALSE;
}
