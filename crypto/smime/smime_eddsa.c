/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Ed25519 in CMS, RFC 8419. OpenSSL 3.0 cannot: CMS_final and CMS_SignerInfo_verify name a digest to EVP_DigestSignInit, which
 * "invalid digest" is the answer to, as EdDSA has one of its own. So its CMS makes and reads the structure, and what stands in a
 * SignerInfo is computed and checked here, by EVP_DigestSign and EVP_DigestVerify.
 *
 * What is signed are the attributes as a SET OF in DER, among them the SHA-512 of the content; without attributes, the content. */
#include <string.h>
#include <openssl/err.h>
#include "crypto/smime/smime_p.h"

#define ATTRIBUTES_MAX 50
#define SIGNATURE_BYTES 64
#define CHUNK_BYTES 65536

gboolean
smime_eddsa_is (const EVP_PKEY *key)
{
  return key != NULL && EVP_PKEY_is_a (key, "ED25519");
}

static int
compare_der (gconstpointer left, gconstpointer right)
{
  return g_bytes_compare (*(GBytes *const *) left, *(GBytes *const *) right);
}

/* The encoding of which the signature is; NULL: there are no attributes, or too many. */
static GByteArray *
attributes_der (CMS_SignerInfo *info)
{
  const int count = CMS_signed_get_attr_count (info);
  if (count <= 0 || count > ATTRIBUTES_MAX)
    return NULL;
  g_autoptr (GPtrArray) each = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  gsize inside = 0;
  for (int i = 0; i < count; i++) {
    unsigned char *der = NULL;
    int size = i2d_X509_ATTRIBUTE (CMS_signed_get_attr (info, i), &der);
    if (size <= 0)
      return NULL;
    g_ptr_array_add (each, g_bytes_new (der, (gsize) size));
    OPENSSL_free (der);
    inside += (gsize) size;
  }
  g_ptr_array_sort (each, compare_der);
  GByteArray *all = g_byte_array_new ();
  guchar head[16], *at = head;
  ASN1_put_object (&at, 1, (int) inside, V_ASN1_SET, V_ASN1_UNIVERSAL);
  g_byte_array_append (all, head, (guint) (at - head));
  for (guint i = 0; i < each->len; i++) {
    gsize size;
    const guchar *der = g_bytes_get_data (each->pdata[i], &size);
    g_byte_array_append (all, der, (guint) size);
  }
  return all;
}

static gboolean
digest_content (const EVP_MD *md, const struct pieces *content, guchar *digest_out, unsigned int *size_out)
{
  struct pieces_reader reader = { .pieces = content };
  EVP_MD_CTX *context = EVP_MD_CTX_new ();
  gboolean fine = context != NULL && EVP_DigestInit_ex (context, md, NULL) == 1;
  const void *bytes;
  gsize size;
  while (fine && (bytes = pieces_next (&reader, CHUNK_BYTES, &size)) != NULL)
    fine = EVP_DigestUpdate (context, bytes, size) == 1;
  fine = fine && EVP_DigestFinal_ex (context, digest_out, size_out) == 1;
  EVP_MD_CTX_free (context);
  return fine;
}

static gboolean
add_attributes (CMS_SignerInfo *info, const struct pieces *content)
{
  guchar digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  ASN1_TIME *now = X509_gmtime_adj (NULL, 0);
  gboolean fine
      = now != NULL && digest_content (EVP_sha512 (), content, digest, &size)
        && CMS_signed_add1_attr_by_NID (info, NID_pkcs9_contentType, V_ASN1_OBJECT, OBJ_nid2obj (NID_pkcs7_data), -1)
               == 1
        && CMS_signed_add1_attr_by_NID (info, NID_pkcs9_signingTime, ASN1_STRING_type (now), now, -1) == 1
        && CMS_signed_add1_attr_by_NID (info, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING, digest, (int) size) == 1;
  ASN1_TIME_free (now);
  return fine;
}

gboolean
smime_eddsa_sign (CMS_SignerInfo *info, EVP_PKEY *key, const struct pieces *content)
{
  X509_ALGOR *algorithm = NULL;
  guchar signature[SIGNATURE_BYTES];
  size_t size = sizeof signature;
  CMS_SignerInfo_get0_algs (info, NULL, NULL, NULL, &algorithm);
  if (algorithm == NULL || !add_attributes (info, content))
    return FALSE;
  g_autoptr (GByteArray) text = attributes_der (info);
  EVP_MD_CTX *context = EVP_MD_CTX_new ();
  gboolean fine = text != NULL && context != NULL && EVP_DigestSignInit (context, NULL, NULL, NULL, key) == 1
                  && EVP_DigestSign (context, signature, &size, text->data, text->len) == 1
                  && X509_ALGOR_set0 (algorithm, OBJ_nid2obj (NID_ED25519), V_ASN1_UNDEF, NULL) == 1
                  && ASN1_STRING_set (CMS_SignerInfo_get0_signature (info), signature, (int) size) == 1;
  EVP_MD_CTX_free (context);
  return fine;
}

static gboolean
verify_bytes (EVP_PKEY *key, const ASN1_OCTET_STRING *signature, const guchar *text, gsize size)
{
  EVP_MD_CTX *context = EVP_MD_CTX_new ();
  gboolean fine = context != NULL && EVP_DigestVerifyInit (context, NULL, NULL, NULL, key) == 1
                  && EVP_DigestVerify (context, ASN1_STRING_get0_data (signature),
                                       (size_t) ASN1_STRING_length (signature), text, size)
                         == 1;
  EVP_MD_CTX_free (context);
  return fine;
}

/* The one value of the one attribute of this kind; NULL: there is none, or more than one. */
static const ASN1_TYPE *
only_value (CMS_SignerInfo *info, int nid)
{
  int at = CMS_signed_get_attr_by_NID (info, nid, -1);
  X509_ATTRIBUTE *attribute = at >= 0 ? CMS_signed_get_attr (info, at) : NULL;
  if (attribute == NULL || CMS_signed_get_attr_by_NID (info, nid, at) >= 0 || X509_ATTRIBUTE_count (attribute) != 1)
    return NULL;
  return X509_ATTRIBUTE_get0_type (attribute, 0);
}

/* RFC 5652 section 11: what the attributes say of the content has to fit it. */
static gboolean
attributes_fit (CMS_SignerInfo *info, const EVP_MD *md, GBytes *content)
{
  const ASN1_TYPE *type = only_value (info, NID_pkcs9_contentType), *value = only_value (info, NID_pkcs9_messageDigest);
  guchar digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  AUTOFREE (pieces) pieces = pieces_new ();
  pieces_add (pieces, content);
  return type != NULL && type->type == V_ASN1_OBJECT && OBJ_obj2nid (type->value.object) == NID_pkcs7_data
         && value != NULL && value->type == V_ASN1_OCTET_STRING && digest_content (md, pieces, digest, &size)
         && ASN1_STRING_length (value->value.octet_string) == (int) size
         && memcmp (ASN1_STRING_get0_data (value->value.octet_string), digest, size) == 0;
}

gboolean
smime_eddsa_verify (CMS_SignerInfo *info, GBytes *content)
{
  X509 *certificate = NULL;
  X509_ALGOR *digest = NULL, *algorithm = NULL;
  const ASN1_OBJECT *type = NULL, *digest_type = NULL;
  CMS_SignerInfo_get0_algs (info, NULL, &certificate, &digest, &algorithm);
  EVP_PKEY *key = certificate != NULL ? X509_get0_pubkey (certificate) : NULL;
  if (!smime_eddsa_is (key) || digest == NULL || algorithm == NULL)
    return FALSE;
  X509_ALGOR_get0 (&type, NULL, NULL, algorithm);
  X509_ALGOR_get0 (&digest_type, NULL, NULL, digest);
  const EVP_MD *md = EVP_get_digestbyobj (digest_type);
  const ASN1_OCTET_STRING *signature = CMS_SignerInfo_get0_signature (info);
  if (OBJ_obj2nid (type) != NID_ED25519 || md == NULL || signature == NULL)
    return FALSE;
  if (CMS_signed_get_attr_count (info) < 0) {
    gsize size;
    const guchar *bytes = g_bytes_get_data (content, &size);
    return verify_bytes (key, signature, size > 0 ? bytes : (const guchar *) "", size);
  }
  g_autoptr (GByteArray) text = attributes_der (info);
  return text != NULL && attributes_fit (info, md, content) && verify_bytes (key, signature, text->data, text->len);
}
