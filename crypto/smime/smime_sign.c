/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Signing: one SignerInfo, SHA-256 or better, with the chain and what we can read in return. RFC 5652 section 5, RFC 8551. */
#include <openssl/err.h>
#include "crypto/smime/smime_p.h"

/* RSAES-OAEP with its default parameters, an empty sequence here. RFC 3560 section 3. */
static gboolean
add_oaep (STACK_OF (X509_ALGOR) * *capabilities)
{
  X509_ALGOR *oaep = X509_ALGOR_new ();
  ASN1_STRING *empty = ASN1_STRING_type_new (V_ASN1_SEQUENCE);
  if (*capabilities != NULL && oaep != NULL && empty != NULL && ASN1_STRING_set (empty, "\x30\x00", 2) == 1
      && X509_ALGOR_set0 (oaep, OBJ_nid2obj (NID_rsaesOaep), V_ASN1_SEQUENCE, empty) == 1) {
    empty = NULL;
    if (sk_X509_ALGOR_push (*capabilities, oaep) > 0)
      return TRUE;
  }
  ASN1_STRING_free (empty);
  X509_ALGOR_free (oaep);
  return FALSE;
}

/* What we can decrypt, best first (SMIMECapabilities, RFC 8551 section 2.5.2). OpenSSL's own list still offers RC2 and DES. */
static gboolean
add_capabilities (CMS_SignerInfo *signer, const struct smime_entry *answer_to)
{
  static const int ciphers[] = { NID_aes_256_gcm, NID_aes_128_gcm, NID_aes_256_cbc, NID_aes_128_cbc };
  STACK_OF (X509_ALGOR) *capabilities = NULL;
  gboolean fine = TRUE;
  for (guint i = 0; fine && i < G_N_ELEMENTS (ciphers); i++)
    fine = CMS_add_simple_smimecap (&capabilities, ciphers[i], -1) == 1;
  if (fine && answer_to != NULL && EVP_PKEY_is_a (X509_get0_pubkey (answer_to->certificate), "RSA"))
    fine = add_oaep (&capabilities);
  fine = fine && CMS_add_smimecap (signer, capabilities) == 1;
  sk_X509_ALGOR_pop_free (capabilities, X509_ALGOR_free);
  return fine;
}

/* The certificates a reader needs: the signer's chain without its root, and the one to answer to, if that is another. */
static gboolean
add_certificates (CMS_ContentInfo *cms, struct smime_store *store, struct smime_entry *signer,
                  struct smime_entry *answer_to, gint64 at)
{
  STACK_OF (X509) *chain = NULL;
  smime_chain_check (store, signer->certificate, NULL, at, FALSE, &chain, NULL);
  gboolean fine = CMS_add1_cert (cms, signer->certificate) == 1;
  for (int i = 1; fine && i < sk_X509_num (chain); i++) {
    X509 *certificate = sk_X509_value (chain, i);
    if (!(X509_get_extension_flags (certificate) & EXFLAG_SS))
      fine = CMS_add1_cert (cms, certificate) == 1;
  }
  if (fine && answer_to != NULL && answer_to != signer)
    fine = CMS_add1_cert (cms, answer_to->certificate) == 1;
  sk_X509_pop_free (chain, X509_free);
  return fine;
}

static const EVP_MD *
digest_for (const EVP_PKEY *key)
{
  int bits = EVP_PKEY_get_bits (key);
  if (EVP_PKEY_is_a (key, "EC") && bits > 256)
    return bits > 384 ? EVP_sha512 () : EVP_sha384 ();
  return EVP_sha256 ();
}

static CMS_ContentInfo *
sign (struct smime_store *store, struct smime_entry *signer, EVP_PKEY *key, struct smime_entry *answer_to,
      const struct pieces *content, gboolean detached, gint64 at)
{
  struct pieces_reader reader = { .pieces = content };
  unsigned int flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP | CMS_NOCERTS | (detached ? CMS_DETACHED : 0);
  BIO *input = smime_stream_source (&reader);
  CMS_ContentInfo *cms = CMS_sign (NULL, NULL, NULL, NULL, flags);
  CMS_SignerInfo *info = cms != NULL ? CMS_add1_signer (cms, signer->certificate, key, digest_for (key), flags) : NULL;
  if (input == NULL || info == NULL || !add_capabilities (info, answer_to)
      || !add_certificates (cms, store, signer, answer_to, at) || CMS_final (cms, input, NULL, flags) != 1) {
    CMS_ContentInfo_free (cms);
    cms = NULL;
  }
  BIO_free (input);
  return cms;
}

static GBytes *
sign_for (struct smime_store *store, const char *sender, const struct pieces *content, gboolean detached, gint64 at,
          GError **error)
{
  struct smime_entry *signer = smime_own_entry (store, sender, at, FALSE);
  if (signer == NULL) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY,
                 "There is no valid S/MIME certificate with its key for %s, so that nothing can be signed. Import the "
                 "certificate and key "
                 "that your organisation gave you.",
                 sender);
    return NULL;
  }
  if (content->size > SMIME_BYTES_MAX) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "The message is too large to be signed. Try smaller attachments.");
    return NULL;
  }
  EVP_PKEY *key = smime_key_open (store, signer, error);
  if (key == NULL)
    return NULL;
  ERR_clear_error ();
  CMS_ContentInfo *cms = sign (store, signer, key, smime_own_entry (store, sender, at, TRUE), content, detached, at);
  GBytes *der = NULL;
  if (cms != NULL)
    der = smime_kind_encode (cms, error);
  else
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "Signing for %s failed (%s), so that nothing was sent. Check the certificate and its key.", sender,
                 ERR_reason_error_string (ERR_peek_last_error ()) ?: "no detail known");
  CMS_ContentInfo_free (cms);
  smime_key_close (key);
  ERR_clear_error ();
  return der;
}

GBytes *
smime_sign_pieces (struct smime_store *store, const char *sender, const struct pieces *content, gint64 at,
                   GError **error)
{
  return sign_for (store, sender, content, TRUE, at, error);
}

GBytes *
smime_sign (struct smime_store *store, const char *sender, GBytes *content, gboolean detached, gint64 at,
            GError **error)
{
  AUTOFREE (pieces) pieces = pieces_new ();
  pieces_add (pieces, content);
  return sign_for (store, sender, pieces, detached, at, error);
}
