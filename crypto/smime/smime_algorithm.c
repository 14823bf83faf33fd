/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The names of algorithms that signers announce, and the identifiers behind them, also of those whose parameters matter: RSAES-OAEP
 * (RFC 3560) and RSASSA-PSS (RFC 4056) mean SHA-1 where they do not say otherwise. */
#include <openssl/err.h>
#include <openssl/rsa.h>
#include "crypto/smime/smime_p.h"

static const struct {
  int nid;
  const char *name;
} simple[] = {
  { NID_aes_256_gcm, "AES-256-GCM" }, { NID_aes_192_gcm, "AES-192-GCM" }, { NID_aes_128_gcm, "AES-128-GCM" },
  { NID_aes_256_cbc, "AES-256-CBC" }, { NID_aes_192_cbc, "AES-192-CBC" }, { NID_aes_128_cbc, "AES-128-CBC" },
  { NID_des_ede3_cbc, "3DES-CBC" },
};
static const char *const others[] = { SMIME_OAEP_SHA256, SMIME_OAEP, SMIME_PSS };

gboolean
smime_algorithm_known (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (simple); i++)
    if (g_str_equal (simple[i].name, name))
      return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    if (g_str_equal (others[i], name))
      return TRUE;
  return FALSE;
}

/* The parameters as an item; NULL: there are none, or they are something else. */
static void *
parameters (const X509_ALGOR *algorithm, const ASN1_ITEM *item)
{
  const void *value = NULL;
  int type = V_ASN1_UNDEF;
  X509_ALGOR_get0 (NULL, &type, &value, algorithm);
  return type == V_ASN1_SEQUENCE ? ASN1_item_unpack (value, item) : NULL;
}

static int
digest_of (const X509_ALGOR *digest)
{
  const ASN1_OBJECT *type = NULL;
  if (digest == NULL)
    return NID_sha1;
  X509_ALGOR_get0 (&type, NULL, NULL, digest);
  return OBJ_obj2nid (type);
}

/* The digest inside MGF1. */
static int
mask_digest_of (const X509_ALGOR *mask)
{
  if (mask == NULL)
    return NID_sha1;
  X509_ALGOR *digest = digest_of (mask) == NID_mgf1 ? parameters (mask, ASN1_ITEM_rptr (X509_ALGOR)) : NULL;
  int nid = digest != NULL ? digest_of (digest) : NID_undef;
  X509_ALGOR_free (digest);
  return nid;
}

static const char *
oaep_name (const X509_ALGOR *algorithm)
{
  RSA_OAEP_PARAMS *oaep = parameters (algorithm, ASN1_ITEM_rptr (RSA_OAEP_PARAMS));
  const char *name = NULL;
  int digest = digest_of (oaep != NULL ? oaep->hashFunc : NULL);
  if ((oaep == NULL || oaep->pSourceFunc == NULL) && digest == mask_digest_of (oaep != NULL ? oaep->maskGenFunc : NULL))
    name = digest == NID_sha256 ? SMIME_OAEP_SHA256 : digest == NID_sha1 ? SMIME_OAEP : NULL;
  RSA_OAEP_PARAMS_free (oaep);
  return name;
}

/* Without parameters: any digest. What is signed by SHA-1 is of no use to us. */
static const char *
pss_name (const X509_ALGOR *algorithm)
{
  int type = V_ASN1_UNDEF;
  X509_ALGOR_get0 (NULL, &type, NULL, algorithm);
  if (type == V_ASN1_UNDEF)
    return SMIME_PSS;
  RSA_PSS_PARAMS *pss = parameters (algorithm, ASN1_ITEM_rptr (RSA_PSS_PARAMS));
  gboolean fits = pss != NULL && digest_of (pss->hashAlgorithm) == NID_sha256
                  && mask_digest_of (pss->maskGenAlgorithm) == NID_sha256;
  RSA_PSS_PARAMS_free (pss);
  return fits ? SMIME_PSS : NULL;
}

const char *
smime_algorithm_name (const X509_ALGOR *algorithm)
{
  int nid = digest_of (algorithm);
  for (gsize i = 0; i < G_N_ELEMENTS (simple); i++)
    if (simple[i].nid == nid)
      return simple[i].name;
  return nid == NID_rsaesOaep ? oaep_name (algorithm) : nid == NID_rsassaPss ? pss_name (algorithm) : NULL;
}

/* An identifier with these parameters, which are taken; NULL if there are none. */
static X509_ALGOR *
with_parameters (int nid, ASN1_STRING *packed)
{
  X509_ALGOR *algorithm = packed != NULL ? X509_ALGOR_new () : NULL;
  if (algorithm != NULL && X509_ALGOR_set0 (algorithm, OBJ_nid2obj (nid), V_ASN1_SEQUENCE, packed) == 1)
    return algorithm;
  ASN1_STRING_free (packed);
  X509_ALGOR_free (algorithm);
  return NULL;
}

static X509_ALGOR *
sha256 (void)
{
  X509_ALGOR *digest = X509_ALGOR_new ();
  if (digest != NULL)
    X509_ALGOR_set_md (digest, EVP_sha256 ());
  return digest;
}

static X509_ALGOR *
mask_sha256 (void)
{
  X509_ALGOR *digest = sha256 ();
  X509_ALGOR *mask
      = digest != NULL ? with_parameters (NID_mgf1, ASN1_item_pack (digest, ASN1_ITEM_rptr (X509_ALGOR), NULL)) : NULL;
  X509_ALGOR_free (digest);
  return mask;
}

static X509_ALGOR *
oaep_new (gboolean with_sha256)
{
  RSA_OAEP_PARAMS *oaep = RSA_OAEP_PARAMS_new ();
  X509_ALGOR *algorithm = NULL;
  if (oaep != NULL && with_sha256) {
    oaep->hashFunc = sha256 ();
    oaep->maskGenFunc = mask_sha256 ();
  }
  if (oaep != NULL && (!with_sha256 || (oaep->hashFunc != NULL && oaep->maskGenFunc != NULL)))
    algorithm = with_parameters (NID_rsaesOaep, ASN1_item_pack (oaep, ASN1_ITEM_rptr (RSA_OAEP_PARAMS), NULL));
  RSA_OAEP_PARAMS_free (oaep);
  return algorithm;
}

static X509_ALGOR *
pss_new (void)
{
  RSA_PSS_PARAMS *pss = RSA_PSS_PARAMS_new ();
  X509_ALGOR *algorithm = NULL;
  if (pss != NULL) {
    pss->hashAlgorithm = sha256 ();
    pss->maskGenAlgorithm = mask_sha256 ();
    pss->saltLength = ASN1_INTEGER_new ();
    if (pss->hashAlgorithm != NULL && pss->maskGenAlgorithm != NULL && pss->saltLength != NULL
        && ASN1_INTEGER_set (pss->saltLength, EVP_MD_get_size (EVP_sha256 ())) == 1)
      algorithm = with_parameters (NID_rsassaPss, ASN1_item_pack (pss, ASN1_ITEM_rptr (RSA_PSS_PARAMS), NULL));
  }
  RSA_PSS_PARAMS_free (pss);
  return algorithm;
}

gboolean
smime_algorithm_add (STACK_OF (X509_ALGOR) * *list, const char *name)
{
  X509_ALGOR *algorithm = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (simple); i++)
    if (g_str_equal (simple[i].name, name))
      return CMS_add_simple_smimecap (list, simple[i].nid, -1) == 1;
  if (*list == NULL)
    *list = sk_X509_ALGOR_new_null ();
  if (g_str_equal (name, SMIME_PSS))
    algorithm = pss_new ();
  else
    algorithm = oaep_new (g_str_equal (name, SMIME_OAEP_SHA256));
  if (algorithm != NULL && *list != NULL && sk_X509_ALGOR_push (*list, algorithm) > 0)
    return TRUE;
  X509_ALGOR_free (algorithm);
  return FALSE;
}
