/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Encryption to certificates: RSA key transport or ephemeral ECDH key agreement for each, and who is in it, read back from what was
 * made. RFC 5652 section 6, RFC 5753, RFC 5083.
 *
 * AES-256-GCM where everyone who is to read this has announced it, else AES-256-CBC, which every client reads: it has no integrity of
 * its own, which is why what goes in is always signed. How the content key is wrapped is each recipient's own matter: RSA as he announced
 * it, PKCS#1 v1.5 if he did not. */
#include <openssl/err.h>
#include <openssl/rsa.h>
#include "crypto/smime/smime_p.h"

/* ECDH key derivation with SHA-256; OpenSSL's default is SHA-1. */
static gboolean
add_agreement (CMS_ContentInfo *cms, X509 *certificate)
{
  CMS_RecipientInfo *info = CMS_add1_recipient_cert (cms, certificate, CMS_KEY_PARAM);
  EVP_PKEY_CTX *context = info != NULL ? CMS_RecipientInfo_get0_pkey_ctx (info) : NULL;
  return context != NULL && EVP_PKEY_CTX_set_ecdh_kdf_md (context, EVP_sha256 ()) == 1;
}

static gboolean
add_oaep (CMS_ContentInfo *cms, X509 *certificate, enum smime_padding padding)
{
  CMS_RecipientInfo *info = CMS_add1_recipient_cert (cms, certificate, CMS_KEY_PARAM);
  EVP_PKEY_CTX *context = info != NULL ? CMS_RecipientInfo_get0_pkey_ctx (info) : NULL;
  const EVP_MD *md = padding == SMIME_PADDING_OAEP_SHA256 ? EVP_sha256 () : EVP_sha1 ();
  return context != NULL && EVP_PKEY_CTX_set_rsa_padding (context, RSA_PKCS1_OAEP_PADDING) == 1
         && EVP_PKEY_CTX_set_rsa_oaep_md (context, md) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md (context, md) == 1;
}

static gboolean
add_recipient (CMS_ContentInfo *cms, struct smime_store *store, const struct smime_entry *entry)
{
  const EVP_PKEY *key = X509_get0_pubkey (entry->certificate);
  if (key != NULL && EVP_PKEY_is_a (key, "EC"))
    return add_agreement (cms, entry->certificate);
  const enum smime_padding padding = smime_choice_for (store, entry->fingerprint).padding;
  return padding == SMIME_PADDING_V15 ? CMS_add1_recipient_cert (cms, entry->certificate, 0) != NULL
                                      : add_oaep (cms, entry->certificate, padding);
}

/* "issuer:" and the SHA-256 of the DER of IssuerAndSerialNumber. */
static char *
issuer_id (const X509_NAME *issuer, const ASN1_INTEGER *serial)
{
  unsigned char *name_der = NULL, *serial_der = NULL;
  int name_size = i2d_X509_NAME (issuer, &name_der), serial_size = i2d_ASN1_INTEGER (serial, &serial_der);
  int inside = name_size + serial_size;
  char *id = NULL;
  if (name_size > 0 && serial_size > 0) {
    gsize whole_size = (gsize) ASN1_object_size (1, inside, V_ASN1_SEQUENCE);
    g_autofree guchar *whole = g_malloc (whole_size);
    guchar *at = whole;
    ASN1_put_object (&at, 1, inside, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    memcpy (at, name_der, (gsize) name_size);
    memcpy (at + name_size, serial_der, (gsize) serial_size);
    g_autofree char *hex = g_compute_checksum_for_data (G_CHECKSUM_SHA256, whole, whole_size);
    id = g_strconcat ("issuer:", hex, NULL);
  }
  OPENSSL_free (name_der);
  OPENSSL_free (serial_der);
  return id;
}

/* Every recipient of one RecipientInfo. FALSE: one that is not named by issuer and serial number, which we never make. */
static gboolean
read_ids (CMS_RecipientInfo *info, GPtrArray *ids)
{
  X509_NAME *issuer = NULL;
  ASN1_INTEGER *serial = NULL;
  if (CMS_RecipientInfo_type (info) == CMS_RECIPINFO_TRANS) {
    if (CMS_RecipientInfo_ktri_get0_signer_id (info, NULL, &issuer, &serial) != 1 || issuer == NULL || serial == NULL)
      return FALSE;
    g_ptr_array_add (ids, issuer_id (issuer, serial));
    return TRUE;
  }
  STACK_OF (CMS_RecipientEncryptedKey) *keys = CMS_RecipientInfo_kari_get0_reks (info);
  for (int i = 0; i < sk_CMS_RecipientEncryptedKey_num (keys); i++) {
    if (CMS_RecipientEncryptedKey_get0_id (sk_CMS_RecipientEncryptedKey_value (keys, i), NULL, NULL, NULL, &issuer,
                                           &serial)
            != 1
        || issuer == NULL || serial == NULL)
      return FALSE;
    g_ptr_array_add (ids, issuer_id (issuer, serial));
  }
  return keys != NULL;
}

static gboolean
same_id (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (a, b) == 0;
}

/* Is each of them meant? Two certificates of one issuer and serial number are two recipients under one id. */
static gboolean
are_meant (GPtrArray *ids, GPtrArray *entries)
{
  g_autoptr (GPtrArray) left = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < entries->len; i++) {
    const X509 *certificate = ((struct smime_entry *) entries->pdata[i])->certificate;
    g_ptr_array_add (left, issuer_id (X509_get_issuer_name (certificate), X509_get0_serialNumber (certificate)));
  }
  for (guint i = 0; i < ids->len; i++) {
    guint at = 0;
    if (ids->pdata[i] == NULL || !g_ptr_array_find_with_equal_func (left, ids->pdata[i], same_id, &at))
      return FALSE;
    g_ptr_array_remove_index_fast (left, at);
  }
  return left->len == 0;
}

/* What was made is asked who can open it; one more, one less or another one than was meant and it is thrown away. */
static gboolean
check_ids (CMS_ContentInfo *cms, GPtrArray *entries, GPtrArray *ids_out)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  STACK_OF (CMS_RecipientInfo) *infos = CMS_get0_RecipientInfos (cms);
  for (int i = 0; i < sk_CMS_RecipientInfo_num (infos); i++)
    if (!read_ids (sk_CMS_RecipientInfo_value (infos, i), ids))
      return FALSE;
  if (!are_meant (ids, entries))
    return FALSE;
  while (ids_out != NULL && ids->len > 0)
    g_ptr_array_add (ids_out, g_ptr_array_steal_index (ids, 0));
  return TRUE;
}

/* The entries, each once; NULL with error when one is not here or must not be encrypted to. Time is the route's matter. */
static GPtrArray *
find_entries (struct smime_store *store, GPtrArray *fingerprints, GError **error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new ();
  for (guint i = 0; i < fingerprints->len; i++) {
    struct smime_entry *entry = smime_store_entry (store, fingerprints->pdata[i]);
    if (entry == NULL)
      entry = smime_found_entry (store, fingerprints->pdata[i]);
    enum key_fault fault = entry != NULL ? smime_chain_fault (entry->certificate, TRUE, 0) : KEY_FAULT_BROKEN;
    if (fault != KEY_FAULT_NONE && fault != KEY_FAULT_EXPIRED && fault != KEY_FAULT_NOT_YET) {
      g_set_error (
          error, CRYPTO_ERROR, entry == NULL ? CRYPTO_ERROR_NO_KEY : CRYPTO_ERROR_HELD,
          "The certificate %s %s, so that nothing was encrypted or sent. Ask its owner for a certificate that can be "
          "used.",
          (const char *) fingerprints->pdata[i],
          entry == NULL ? "is not in the keyring" : "is too weak or not meant for encryption");
      return NULL;
    }
    if (!g_ptr_array_find (entries, entry, NULL))
      g_ptr_array_add (entries, entry);
  }
  if (entries->len > 0 && entries->len <= SMIME_RECIPIENTS_MAX)
    return g_steal_pointer (&entries);
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
               "A message can be encrypted to between 1 and %d certificates, and not to %u. Nothing was sent.",
               SMIME_RECIPIENTS_MAX, entries->len);
  return NULL;
}

/* The recipients, and no content yet. */
static CMS_ContentInfo *
address_to (struct smime_store *store, GPtrArray *entries, gboolean authenticated)
{
  const EVP_CIPHER *cipher = authenticated ? EVP_aes_256_gcm () : EVP_aes_256_cbc ();
  CMS_ContentInfo *cms = CMS_encrypt (NULL, NULL, cipher, CMS_BINARY | CMS_PARTIAL | CMS_DETACHED);
  gboolean fine = cms != NULL;
  for (guint i = 0; fine && i < entries->len; i++)
    fine = add_recipient (cms, store, entries->pdata[i]);
  if (fine)
    return cms;
  CMS_ContentInfo_free (cms);
  return NULL;
}

static gboolean
encrypt (struct smime_store *store, GPtrArray *fingerprints, const struct pieces *content, gboolean authenticated,
         smime_stream_fn write, gpointer data, GPtrArray *ids_out, GError **error)
{
  g_autoptr (GPtrArray) entries = find_entries (store, fingerprints, error);
  if (entries == NULL)
    return FALSE;
  if (content->size > SMIME_BYTES_MAX) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "The message is too large to be encrypted. Try smaller attachments.");
    return FALSE;
  }
  ERR_clear_error ();
  CMS_ContentInfo *cms = address_to (store, entries, authenticated);
  gboolean made = cms != NULL && smime_stream_envelope (cms, authenticated, content, write, data);
  gboolean fine = made && check_ids (cms, entries, ids_out);
  if (!made)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "Encryption failed (%s), so that nothing was sent. Try again.",
                 ERR_reason_error_string (ERR_peek_last_error ()) ?: "no detail known");
  else if (!fine)
    g_set_error (
        error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
        "The encrypted message does not name exactly its recipients, so that it was thrown away. Please report this.");
  CMS_ContentInfo_free (cms);
  ERR_clear_error ();
  return fine;
}

static void
write_bytes (const void *bytes, gsize size, gpointer data)
{
  g_byte_array_append (data, bytes, (guint) size);
}

static void
write_base64 (const void *bytes, gsize size, gpointer data)
{
  spool_base64 (data, bytes, size);
}

GBytes *
smime_encrypt_as (struct smime_store *store, GPtrArray *fingerprints, GBytes *content, gboolean authenticated,
                  GPtrArray *ids_out, GError **error)
{
  g_autoptr (GByteArray) der = g_byte_array_new ();
  AUTOFREE (pieces) pieces = pieces_new ();
  pieces_add (pieces, content);
  if (!encrypt (store, fingerprints, pieces, authenticated, write_bytes, der, ids_out, error))
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&der));
}

gboolean
smime_encrypt_authenticates (struct smime_store *store, const GPtrArray *fingerprints)
{
  return smime_choice_all (store, fingerprints).gcm;
}

GBytes *
smime_encrypt (struct smime_store *store, GPtrArray *fingerprints, GBytes *content, GPtrArray *ids_out, GError **error)
{
  return smime_encrypt_as (store, fingerprints, content, smime_encrypt_authenticates (store, fingerprints), ids_out,
                           error);
}

gboolean
smime_encrypt_pieces (struct smime_store *store, GPtrArray *fingerprints, const struct pieces *content,
                      gboolean authenticated, struct spool *spool, GPtrArray *ids_out, GError **error)
{
  return encrypt (store, fingerprints, content, authenticated, write_base64, spool, ids_out, error);
}
