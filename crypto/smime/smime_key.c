/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A private key is there for one operation: it is opened where it lies, used, and closed.
 *
 * An entry of the store only knows the place of its key. A place is a row of the table: what its file in smime/ is called after the
 * key's id, whether it holds the entry's key, and how that is opened. Who signs or decrypts does not see which one it was. */
#include <openssl/err.h>
#include "crypto/smime/smime_p.h"

static const struct smime_key_place places[] = {
  { ".key", smime_key_file_fits, smime_key_file_open, .any_padding = TRUE },
  { SMIME_KEY_CARD_SUFFIX, smime_key_card_fits, smime_key_card_open,
    .asks = TRUE }, /* not all cards know OAEP and PSS */
};

static char *
path_in (struct smime_store *store, const struct smime_entry *entry, const struct smime_key_place *place)
{
  g_autofree char *name = g_strconcat (entry->key_id, place->suffix, NULL);
  return g_build_filename (store->certificates_dir, name, NULL);
}

void
smime_key_look (struct smime_store *store, struct smime_entry *entry)
{
  for (guint i = 0; entry->place == NULL && i < G_N_ELEMENTS (places); i++) {
    g_autofree char *path = path_in (store, entry, &places[i]);
    if (g_file_test (path, G_FILE_TEST_EXISTS) && places[i].fits (entry, path))
      entry->place = &places[i];
  }
  ERR_clear_error ();
}

char *
smime_key_path (struct smime_store *store, const struct smime_entry *entry)
{
  return entry->place != NULL ? path_in (store, entry, entry->place) : NULL;
}

EVP_PKEY *
smime_key_open (struct smime_store *store, const struct smime_entry *entry, GError **error)
{
  if (entry->place == NULL) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY,
                 "The private key of this certificate is not here. Import it: wardmail key import FILE");
    return NULL;
  }
  g_autofree char *path = path_in (store, entry, entry->place);
  return entry->place->open (store, entry, path, error);
}

void
smime_key_close (EVP_PKEY *key)
{
  EVP_PKEY_free (key);
}
