/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of key sources. */
#include "crypto/keys/keyring_p.h"
#include "crypto/pgp/pgp.h"
#include "crypto/smime/smime.h"

static gboolean
find_pgp (struct keyring *keyring, const char *address, gint64 at, GPtrArray *candidates_out, GError **error)
{
  return pgp_find (keyring->pgp, address, at, candidates_out, error);
}

static gboolean
find_smime (struct keyring *keyring, const char *address, gint64 at, GPtrArray *candidates_out, GError **error)
{
  return smime_store_find (keyring->smime, address, at, candidates_out, error);
}

static gboolean
import_pgp (struct keyring *keyring, GBytes *blob, const struct secret *passphrase, GPtrArray *candidates_out,
            gboolean *recognised_out, GError **error)
{
  return pgp_import (keyring->pgp, blob, candidates_out, recognised_out, error);
}

static gboolean
import_smime (struct keyring *keyring, GBytes *blob, const struct secret *passphrase, GPtrArray *candidates_out,
              gboolean *recognised_out, GError **error)
{
  return smime_store_import (keyring->smime, blob, passphrase, candidates_out, recognised_out, error);
}

const struct keyring_source keyring_sources[] = {
  { .name = "openpgp", .find = find_pgp, .import = import_pgp },
  { .name = "smime", .find = find_smime, .import = import_smime },
  { .name = "wkd", .find = keyring_wkd_find, .learn = keyring_wkd_learn, .adopt = keyring_wkd_adopt },
  { .name = "ldap", .find = keyring_ldap_find, .learn = keyring_ldap_learn, .adopt = keyring_ldap_adopt },
  { .name = "autocrypt", .find = keyring_autocrypt_find }, /* after those that know better */
};
const gsize keyring_sources_count = G_N_ELEMENTS (keyring_sources);
