/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Decryption with every key of ours that the message names, also that of an expired certificate: old mail stays readable.
 *
 * Whatever fails after a key was found is one error with one sentence, and the content is gone through in any case: neither what is
 * said nor how long it takes tells which step failed (RFC 3218, the million message attack). Nothing leaves this file before the
 * padding or the tag was found right. */
#include <openssl/err.h>
#include "crypto/smime/smime_p.h"

#define TRIES_MAX 16     /* keys of ours tried on one message */
#define TAG_BYTES_MIN 12 /* RFC 5084 section 3.2 */
#define CHUNK_BYTES 65536

static gboolean
names_ktri (CMS_RecipientInfo *info, struct smime_entry *entry)
{
  return CMS_RecipientInfo_ktri_cert_cmp (info, entry->certificate) == 0;
}

static CMS_RecipientEncryptedKey *
names_kari (CMS_RecipientInfo *info, struct smime_entry *entry)
{
  STACK_OF (CMS_RecipientEncryptedKey) *keys = CMS_RecipientInfo_kari_get0_reks (info);
  for (int i = 0; i < sk_CMS_RecipientEncryptedKey_num (keys) && i < SMIME_RECIPIENTS_MAX; i++) {
    CMS_RecipientEncryptedKey *key = sk_CMS_RecipientEncryptedKey_value (keys, i);
    if (CMS_RecipientEncryptedKey_cert_cmp (key, entry->certificate) == 0)
      return key;
  }
  return NULL;
}

static gboolean
open_ktri (CMS_ContentInfo *cms, CMS_RecipientInfo *info, EVP_PKEY *key)
{
  EVP_PKEY_up_ref (key);
  if (CMS_RecipientInfo_set0_pkey (info, key) != 1) {
    EVP_PKEY_free (key);
    return FALSE;
  }
  gboolean opened = CMS_RecipientInfo_decrypt (cms, info) == 1;
  CMS_RecipientInfo_set0_pkey (info, NULL);
  return opened;
}

static gboolean
open_kari (CMS_ContentInfo *cms, CMS_RecipientInfo *info, CMS_RecipientEncryptedKey *wrapped, EVP_PKEY *key)
{
  if (CMS_RecipientInfo_kari_set0_pkey (info, key) != 1)
    return FALSE;
  gboolean opened = CMS_RecipientInfo_kari_decrypt (cms, info, wrapped) == 1;
  CMS_RecipientInfo_kari_set0_pkey (info, NULL);
  return opened;
}

/* tries: counts the keys that the message names. key_error: why one of them could not be used, which is no fault of the message. */
struct attempt {
  struct smime_store *store;
  CMS_ContentInfo *cms;
  guint tries;
  GError *key_error;
};

/* By the private key of an entry that the recipient info names; wrapped: which of several keys in it, of a key agreement. */
static gboolean
open_with (struct attempt *attempt, CMS_RecipientInfo *info, CMS_RecipientEncryptedKey *wrapped,
           struct smime_entry *entry)
{
  attempt->tries++;
  /* Who said no to a PIN, or gave a wrong one, is not asked for another in the same breath. */
  if (entry->place->asks && g_error_matches (attempt->key_error, CRYPTO_ERROR, CRYPTO_ERROR_PASSPHRASE))
    return FALSE;
  EVP_PKEY *key = smime_key_open (attempt->store, entry, attempt->key_error == NULL ? &attempt->key_error : NULL);
  gboolean opened
      = key != NULL
        && (wrapped != NULL ? open_kari (attempt->cms, info, wrapped, key) : open_ktri (attempt->cms, info, key));
  smime_key_close (key);
  if (!opened)
    (void) smime_tokens_take_failure (attempt->store->tokens, attempt->key_error == NULL ? &attempt->key_error : NULL);
  return opened;
}

/* Try one recipient info with all our keys. */
static gboolean
open_info (struct attempt *attempt, CMS_RecipientInfo *info)
{
  int type = CMS_RecipientInfo_type (info);
  const GPtrArray *entries = attempt->store->entries;
  for (guint i = 0; i < entries->len && attempt->tries < TRIES_MAX; i++) {
    struct smime_entry *entry = entries->pdata[i];
    CMS_RecipientEncryptedKey *wrapped = NULL;
    if (entry->place != NULL
        && (type == CMS_RECIPINFO_TRANS ? names_ktri (info, entry)
                                        : type == CMS_RECIPINFO_AGREE && (wrapped = names_kari (info, entry)) != NULL)
        && open_with (attempt, info, wrapped, entry))
      return TRUE;
  }
  return FALSE;
}

static char *
cipher_name (BIO *chain)
{
  EVP_CIPHER_CTX *context = NULL;
  BIO *bio = BIO_find_type (chain, BIO_TYPE_CIPHER);
  if (bio == NULL || BIO_get_cipher_ctx (bio, &context) != 1 || context == NULL)
    return NULL;
  const EVP_CIPHER *cipher = EVP_CIPHER_CTX_get0_cipher (context);
  const char *name = cipher != NULL ? EVP_CIPHER_get0_name (cipher) : NULL;
  if (name != NULL && g_str_equal (name, "DES-EDE3-CBC"))
    return g_strdup ("3DES-CBC");
  return g_strdup (name);
}

/* All of the content, or NULL if padding or tag are wrong. Without a key OpenSSL goes through it with a random one.
 * size_max 0: only the cipher's name is asked for. */
static GBytes *
read_content (CMS_ContentInfo *cms, gsize size_max, struct smime_decryption *how_out)
{
  BIO *chain = CMS_dataInit (cms, NULL);
  if (chain != NULL)
    how_out->cipher = cipher_name (chain);
  if (chain == NULL || size_max == 0) {
    BIO_free_all (chain);
    return NULL;
  }
  GByteArray *content = g_byte_array_sized_new ((guint) MIN (size_max, G_MAXUINT / 2));
  g_autofree guchar *chunk = g_malloc (CHUNK_BYTES);
  int got;
  while ((got = BIO_read (chain, chunk, CHUNK_BYTES)) > 0 && content->len + (gsize) got <= size_max)
    g_byte_array_append (content, chunk, (guint) got);
  gboolean fine = got == 0 && BIO_find_type (chain, BIO_TYPE_CIPHER) != NULL && BIO_get_cipher_status (chain) == 1;
  BIO_free_all (chain);
  if (fine)
    return g_byte_array_free_to_bytes (content);
  OPENSSL_cleanse (content->data, content->len);
  g_byte_array_unref (content);
  return NULL;
}

static GBytes *
fail (enum crypto_error code, const char *sentence, GError **error)
{
  g_set_error (error, CRYPTO_ERROR, code, "%s", sentence);
  return NULL;
}

static GBytes *
decrypt (struct smime_store *store, CMS_ContentInfo *cms, gsize size, gboolean tag_fine,
         struct smime_decryption *how_out, GError **error)
{
  STACK_OF (CMS_RecipientInfo) *infos = CMS_get0_RecipientInfos (cms);
  struct attempt attempt = { store, cms, 0, NULL };
  gboolean opened = FALSE;
  if (sk_CMS_RecipientInfo_num (infos) > SMIME_RECIPIENTS_MAX)
    return fail (CRYPTO_ERROR_FORMAT,
                 "This message is encrypted to more recipients than any real one, so it was not opened.", error);
  for (int i = 0; !opened && i < sk_CMS_RecipientInfo_num (infos); i++)
    opened = open_info (&attempt, sk_CMS_RecipientInfo_value (infos, i));
  g_autoptr (GError) key_error = attempt.key_error;
  GBytes *content = read_content (cms, attempt.tries > 0 ? size : 0, how_out);
  if (attempt.tries == 0)
    return fail (CRYPTO_ERROR_NO_KEY,
                 "This message is not encrypted to any of your keys. If you have another key, import it; else ask the "
                 "sender to encrypt "
                 "to your present certificate.",
                 error);
  if (how_out->cipher == NULL && content == NULL && tag_fine)
    return fail (CRYPTO_ERROR_FORMAT,
                 "This message is encrypted by a method that cannot be opened here. Ask the sender to use AES (S/MIME "
                 "3.2 or later).",
                 error);
  if (content != NULL && opened && tag_fine)
    return content;
  g_clear_pointer (&content, g_bytes_unref);
  if (!opened && key_error != NULL) {
    g_propagate_error (error, g_steal_pointer (&key_error));
    return NULL;
  }
  return fail (CRYPTO_ERROR_INTEGRITY,
               "This encrypted message is damaged or was changed on its way, so its content is not shown. Ask the "
               "sender to send it again.",
               error);
}

GBytes *
smime_decrypt (struct smime_store *store, GBytes *bytes, gint64 at, struct smime_decryption *how_out, GError **error)
{
  enum smime_kind kind = smime_kind (bytes);
  *how_out = (struct smime_decryption){ NULL, FALSE };
  ERR_clear_error ();
  CMS_ContentInfo *cms = smime_kind_parse (
      bytes, kind == SMIME_AUTH_ENVELOPED ? NID_id_smime_ct_authEnvelopedData : NID_pkcs7_enveloped, error);
  if (cms == NULL)
    return NULL;
  gboolean tag_fine = kind != SMIME_AUTH_ENVELOPED || smime_decrypt_tag_size (bytes) >= TAG_BYTES_MIN;
  GBytes *content = decrypt (store, cms, g_bytes_get_size (bytes), tag_fine, how_out, error);
  how_out->authenticated = content != NULL && kind == SMIME_AUTH_ENVELOPED;
  CMS_ContentInfo_free (cms);
  ERR_clear_error ();
  return content;
}
