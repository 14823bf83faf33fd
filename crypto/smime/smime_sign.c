/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Signing: one SignerInfo, SHA-256 or better, with the chain and what we can read in return. RFC 5652 section 5, RFC 8551.
 *
 * The certificate's key says how: ECDSA, Ed25519, RSASSA-PSS where it is for nothing else. Other RSA keys sign by PKCS#1 v1.5, which
 * everybody can check, and by PSS where every reader has announced it. */
#include <openssl/err.h>
#include <openssl/rsa.h>
#include "crypto/smime/smime_p.h"

#define DIGEST_BYTES_MIN 32 /* SHA-256 */

/* What we can read, best first (SMIMECapabilities, RFC 8551 section 2.5.2). OpenSSL's own list still offers RC2 and DES. */
static gboolean
add_capabilities (CMS_SignerInfo *signer, const struct smime_entry *answer_to)
{
  static const char *const names[]
      = { "AES-256-GCM", "AES-128-GCM", "AES-256-CBC", "AES-128-CBC", SMIME_OAEP_SHA256, SMIME_OAEP, SMIME_PSS };
  const gboolean oaep = answer_to != NULL && EVP_PKEY_is_a (X509_get0_pubkey (answer_to->certificate), "RSA")
                        && answer_to->place->any_padding;
  STACK_OF (X509_ALGOR) *capabilities = NULL;
  gboolean fine = TRUE;
  for (guint i = 0; fine && i < G_N_ELEMENTS (names); i++)
    if (oaep || !(g_str_equal (names[i], SMIME_OAEP) || g_str_equal (names[i], SMIME_OAEP_SHA256)))
      fine = smime_algorithm_add (&capabilities, names[i]);
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

/* As strong as the key; what an RSA-PSS key insists on; of Ed25519 what RFC 8419 says. NULL: the key insists on one that is too weak. */
static const EVP_MD *
digest_for (EVP_PKEY *key)
{
  int bits = EVP_PKEY_get_bits (key), nid = NID_undef;
  if (smime_eddsa_is (key))
    return EVP_sha512 ();
  if (EVP_PKEY_is_a (key, "RSA-PSS") && EVP_PKEY_get_default_digest_nid (key, &nid) == 2) {
    const EVP_MD *md = EVP_get_digestbynid (nid);
    return md != NULL && EVP_MD_get_size (md) >= DIGEST_BYTES_MIN ? md : NULL;
  }
  if (EVP_PKEY_is_a (key, "EC") && bits > 256)
    return bits > 384 ? EVP_sha512 () : EVP_sha384 ();
  return EVP_sha256 ();
}

struct signing {
  struct smime_store *store;
  struct smime_entry *signer, *answer_to;
  EVP_PKEY *key;
  const EVP_MD *md;
  gboolean pss, detached;
  gint64 at;
};

/* PSS with a salt as long as the digest, RFC 4056 section 3, unless the key insists on a longer one. Of a key for PSS alone it has to be
 * said too: OpenSSL 3.0 signs by PSS without it, and writes rsaEncryption beside. */
static gboolean
set_pss (CMS_SignerInfo *info, const EVP_PKEY *key)
{
  EVP_PKEY_CTX *context = CMS_SignerInfo_get0_pkey_ctx (info);
  return context != NULL && EVP_PKEY_CTX_set_rsa_padding (context, RSA_PKCS1_PSS_PADDING) == 1
         && (EVP_PKEY_CTX_set_rsa_pss_saltlen (context, RSA_PSS_SALTLEN_DIGEST) == 1 || EVP_PKEY_is_a (key, "RSA-PSS"));
}

/* All of the content in the structure itself, as CMS_final would put it there. */
static gboolean
set_content (CMS_ContentInfo *cms, const struct pieces *content)
{
  ASN1_OCTET_STRING **inside = CMS_get0_content (cms);
  g_autoptr (GByteArray) all = g_byte_array_new ();
  struct pieces_reader reader = { .pieces = content };
  const void *bytes;
  gsize size;
  while ((bytes = pieces_next (&reader, content->size, &size)) != NULL)
    g_byte_array_append (all, bytes, (guint) size);
  return inside != NULL && *inside != NULL
         && ASN1_STRING_set (*inside, all->len > 0 ? all->data : (const guchar *) "", (int) all->len) == 1;
}

static gboolean
finish (const struct signing *signing, CMS_ContentInfo *cms, CMS_SignerInfo *info, const struct pieces *content,
        unsigned int flags)
{
  if (smime_eddsa_is (signing->key))
    return (signing->detached || set_content (cms, content)) && smime_eddsa_sign (info, signing->key, content);
  struct pieces_reader reader = { .pieces = content };
  BIO *input = smime_stream_source (&reader);
  gboolean fine = input != NULL && CMS_final (cms, input, NULL, flags) == 1;
  BIO_free (input);
  return fine;
}

static CMS_ContentInfo *
sign (const struct signing *signing, const struct pieces *content)
{
  unsigned int flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP | CMS_NOCERTS | (signing->detached ? CMS_DETACHED : 0);
  CMS_ContentInfo *cms = CMS_sign (NULL, NULL, NULL, NULL, flags);
  CMS_SignerInfo *info = cms != NULL ? CMS_add1_signer (cms, signing->signer->certificate, signing->key, signing->md,
                                                        flags | (signing->pss ? CMS_KEY_PARAM : 0))
                                     : NULL;
  if (info == NULL || (signing->pss && !set_pss (info, signing->key)) || !add_capabilities (info, signing->answer_to)
      || !add_certificates (cms, signing->store, signing->signer, signing->answer_to, signing->at)
      || !finish (signing, cms, info, content, flags)) {
    CMS_ContentInfo_free (cms);
    return NULL;
  }
  return cms;
}

/* RFC 8551 section 3.5.3.2. */
static const char *
micalg_of (const EVP_MD *md)
{
  switch (EVP_MD_get_type (md)) {
  case NID_sha384:
    return "sha-384";
  case NID_sha512:
    return "sha-512";
  default:
    return "sha-256";
  }
}

static gboolean
signing_init (struct signing *signing, struct smime_store *store, const char *sender, const GPtrArray *readers,
              gint64 at, GError **error)
{
  *signing = (struct signing){ .store = store, .at = at, .signer = smime_own_entry (store, sender, at, FALSE) };
  if (signing->signer == NULL) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY,
                 "There is no valid S/MIME certificate with its key for %s, so that nothing can be signed. Import the "
                 "certificate and key "
                 "that your organisation gave you.",
                 sender);
    return FALSE;
  }
  signing->key = smime_key_open (store, signing->signer, error);
  if (signing->key == NULL)
    return FALSE;
  signing->answer_to = smime_own_entry (store, sender, at, TRUE);
  signing->md = digest_for (signing->key);
  signing->pss = EVP_PKEY_is_a (signing->key, "RSA-PSS")
                 || (EVP_PKEY_is_a (signing->key, "RSA") && signing->signer->place->any_padding
                     && smime_choice_all (store, readers).pss);
  return TRUE;
}

static GBytes *
sign_with (struct signing *signing, const char *sender, const struct pieces *content, GError **error)
{
  if (content->size > SMIME_BYTES_MAX) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "The message is too large to be signed. Try smaller attachments.");
    return NULL;
  }
  ERR_clear_error ();
  CMS_ContentInfo *cms = signing->md != NULL ? sign (signing, content) : NULL;
  GBytes *der = NULL;
  if (cms != NULL)
    der = smime_kind_encode (cms, error);
  else if (!smime_tokens_take_failure (signing->store->tokens, error))
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "Signing for %s failed (%s), so that nothing was sent. Check the certificate and its key.", sender,
                 ERR_reason_error_string (ERR_peek_last_error ()) ?: "no detail known");
  CMS_ContentInfo_free (cms);
  ERR_clear_error ();
  return der;
}

GBytes *
smime_sign_pieces (struct smime_store *store, const char *sender, const GPtrArray *readers,
                   const struct pieces *content, gint64 at, const char **micalg_out, GError **error)
{
  struct signing signing;
  if (!signing_init (&signing, store, sender, readers, at, error))
    return NULL;
  signing.detached = TRUE;
  GBytes *der = sign_with (&signing, sender, content, error);
  smime_key_close (signing.key);
  if (der != NULL)
    *micalg_out = micalg_of (signing.md);
  return der;
}

GBytes *
smime_sign (struct smime_store *store, const char *sender, GBytes *content, gboolean detached, gint64 at,
            GError **error)
{
  struct signing signing;
  if (!signing_init (&signing, store, sender, NULL, at, error))
    return NULL;
  signing.detached = detached;
  AUTOFREE (pieces) pieces = pieces_new ();
  pieces_add (pieces, content);
  GBytes *der = sign_with (&signing, sender, pieces, error);
  smime_key_close (signing.key);
  return der;
}
