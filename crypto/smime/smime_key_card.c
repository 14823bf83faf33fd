/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A place of private keys: a smart card. What lies in the profile says where the key is (smime/KEYID.card: the card's module, and the
 * key's URI, RFC 7512), and nothing that is secret. */
#include <errno.h>
#include <glib/gstdio.h>
#include "crypto/smime/smime_p.h"

#define GROUP "card"
#define FILE_BYTES_MAX 65536

/* TRUE: both are set; the caller frees. */
static gboolean
read_reference (const char *path, char **module_out, char **uri_out)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  GStatBuf status;
  *module_out = *uri_out = NULL;
  if (g_lstat (path, &status) != 0 || !S_ISREG (status.st_mode) || status.st_size > FILE_BYTES_MAX
      || !g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
    return FALSE;
  g_autofree char *module = g_key_file_get_string (file, GROUP, "module", NULL);
  g_autofree char *uri = g_key_file_get_string (file, GROUP, "uri", NULL);
  if (module == NULL || uri == NULL)
    return FALSE;
  *module_out = g_steal_pointer (&module);
  *uri_out = g_steal_pointer (&uri);
  return TRUE;
}

gboolean
smime_key_card_fits (const struct smime_entry *entry, const char *path)
{
  g_autofree char *module = NULL, *uri = NULL;
  gboolean fits = read_reference (path, &module, &uri);
  if (!fits)
    g_info ("left out of the keyring: %s", path);
  return fits;
}

EVP_PKEY *
smime_key_card_open (struct smime_store *store, const struct smime_entry *entry, const char *path, GError **error)
{
  g_autofree char *module = NULL, *uri = NULL;
  if (read_reference (path, &module, &uri))
    return smime_tokens_open_key (store->tokens, module, uri, entry->certificate, error);
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_CARD,
               "It is no longer known which card the key of this certificate is on. Add the card again: wardmail key "
               "card add");
  return NULL;
}

char *
smime_key_card_label (struct smime_store *store, const struct smime_entry *entry)
{
  g_autofree char *path = smime_key_path (store, entry), *module = NULL, *uri = NULL;
  return path != NULL && g_str_has_suffix (path, SMIME_KEY_CARD_SUFFIX) && read_reference (path, &module, &uri)
             ? smime_token_label (uri)
             : NULL;
}

static gboolean
write_reference (struct smime_store *store, const struct smime_token_offer *offer, GError **error)
{
  g_autofree char *id = smime_names_key_id (X509_get_X509_PUBKEY (offer->certificate));
  g_autofree char *name = g_strconcat (id != NULL ? id : "", SMIME_KEY_CARD_SUFFIX, NULL);
  g_autofree char *path = g_build_filename (store->certificates_dir, name, NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) inner = NULL;
  gsize size = 0;
  g_key_file_set_string (file, GROUP, "module", offer->module);
  g_key_file_set_string (file, GROUP, "uri", offer->uri);
  g_autofree char *text = g_key_file_to_data (file, &size, NULL);
  if (id != NULL
      && g_file_set_contents_full (path, text, (gssize) size,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &inner))
    return TRUE;
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
               "Where the key of the card “%s” is could not be written down (%s). Check the profile's folder and the "
               "free space.",
               offer->label, inner != NULL ? inner->message : "its certificate is broken");
  return FALSE;
}

/* What an offer needs to be of use is there: the reference first, so that a certificate never stands without its key. */
static gboolean
take_offers (struct smime_store *store, GPtrArray *offers, GPtrArray *candidates_out, GError **error)
{
  struct smime_batch batch;
  gboolean fine = TRUE;
  smime_import_init (&batch);
  for (guint i = 0; fine && i < offers->len; i++) {
    const struct smime_token_offer *offer = offers->pdata[i];
    fine = write_reference (store, offer, error);
    X509_up_ref (offer->certificate);
    g_ptr_array_add (batch.certificates, offer->certificate);
  }
  fine = fine && smime_store_keep (store, &batch, error);
  for (guint i = 0; fine && i < store->entries->len; i++)
    smime_key_look (store, store->entries->pdata[i]);
  for (guint i = 0; fine && i < batch.certificates->len; i++) {
    g_autofree char *fingerprint = smime_names_fingerprint (batch.certificates->pdata[i]);
    smime_store_find_certificate (store, fingerprint, candidates_out);
  }
  smime_import_clear (&batch);
  return fine;
}

gboolean
smime_store_add_card (struct smime_store *store, const char *module_or_null, GPtrArray *candidates_out, GError **error)
{
  g_autoptr (GPtrArray) offers = smime_tokens_list (store->tokens, module_or_null, error);
  return offers != NULL && take_offers (store, offers, candidates_out, error);
}

void
smime_store_set_ask (struct smime_store *store, keyring_ask_fn ask, gpointer data)
{
  smime_tokens_set_ask (store->tokens, ask, data);
}

void
smime_store_set_card_modules (struct smime_store *store, const char *const *paths_or_null)
{
  smime_tokens_allow (store->tokens, paths_or_null);
}
