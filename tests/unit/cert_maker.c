/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates and statements about them, made in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/ocsp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include "tests/unit/cert_maker.h"

const char maker_authority[] = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n";
const char maker_mail[]
    = "extendedKeyUsage=emailProtection\nkeyUsage=critical,digitalSignature,keyEncipherment,keyAgreement\n";

static time_t
when (gint64 seconds)
{
  return (time_t) (g_get_real_time () / G_USEC_PER_SEC + seconds);
}

static CONF *
parse (const char *text)
{
  CONF *conf = NCONF_new (NULL);
  long line = 0;
  BIO *bio = BIO_new_mem_buf (text, -1);
  assert_int_equal (NCONF_load_bio (conf, bio, &line), 1);
  BIO_free (bio);
  return conf;
}

static EVP_PKEY *
make_key (const struct maker_spec *spec)
{
  if (spec->rsa_bits > 0)
    return EVP_RSA_gen ((unsigned) spec->rsa_bits);
  if (spec->kind == NULL || g_str_has_prefix (spec->kind, "P-"))
    return EVP_EC_gen (spec->kind != NULL ? spec->kind : "P-256");
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name (NULL, spec->kind, NULL);
  EVP_PKEY *key = NULL;
  assert_int_equal (EVP_PKEY_keygen_init (context), 1);
  if (g_str_equal (spec->kind, "RSA-PSS"))
    assert_int_equal (EVP_PKEY_CTX_set_rsa_keygen_bits (context, 2048), 1);
  assert_int_equal (EVP_PKEY_generate (context, &key), 1);
  EVP_PKEY_CTX_free (context);
  return key;
}

struct maker_cert *
maker_issue (const struct maker_spec *spec)
{
  static long serials = 1000;
  struct maker_cert *cert = g_new0 (struct maker_cert, 1);
  const struct maker_cert *issuer = spec->issuer != NULL ? spec->issuer : cert;
  cert->key = make_key (spec);
  cert->x = X509_new ();
  assert_non_null (cert->key);
  X509_set_version (cert->x, X509_VERSION_3);
  ASN1_INTEGER_set (X509_get_serialNumber (cert->x), spec->serial != 0 ? spec->serial : ++serials);
  X509_NAME_add_entry_by_txt (X509_get_subject_name (cert->x), "CN", MBSTRING_UTF8, (const guchar *) spec->name, -1, -1,
                              0);
  X509_set_issuer_name (cert->x, X509_get_subject_name (issuer->x));
  X509_set_pubkey (cert->x, cert->key);
  const gboolean usual = spec->from == 0 && spec->until == 0;
  ASN1_TIME_set (X509_getm_notBefore (cert->x), when (usual ? -MAKER_DAY : spec->from));
  ASN1_TIME_set (X509_getm_notAfter (cert->x), when (usual ? 30 * MAKER_DAY : spec->until));
  CONF *conf = parse (spec->text);
  X509V3_CTX context;
  X509V3_set_ctx (&context, issuer->x, cert->x, NULL, NULL, 0);
  X509V3_set_nconf (&context, conf);
  if (X509V3_EXT_add_nconf (conf, &context, "default", cert->x) != 1)
    fail_msg ("no extensions: %s", spec->text);
  NCONF_free (conf);
  assert_true (X509_sign (cert->x, issuer->key, spec->md != NULL ? spec->md : EVP_sha256 ()) > 0);
  return cert;
}

void
maker_cert_free (struct maker_cert *cert)
{
  if (cert == NULL)
    return;
  X509_free (cert->x);
  EVP_PKEY_free (cert->key);
  g_free (cert);
}

GBytes *
maker_der (const struct maker_cert *cert)
{
  unsigned char *der = NULL;
  int size = i2d_X509 (cert->x, &der);
  assert_true (size > 0);
  GBytes *bytes = g_bytes_new (der, (gsize) size);
  OPENSSL_free (der);
  return bytes;
}

static void
add_unknown (X509_REVOKED *row, const char *oid)
{
  ASN1_OBJECT *type = OBJ_txt2obj (oid, 1);
  ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new ();
  ASN1_OCTET_STRING_set (value, (const guchar *) "\005\000", 2);
  X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ (NULL, type, 1, value);
  assert_int_equal (X509_REVOKED_add_ext (row, extension, -1), 1);
  X509_EXTENSION_free (extension);
  ASN1_OCTET_STRING_free (value);
  ASN1_OBJECT_free (type);
}

static void
add_revoked (X509_CRL *crl, const struct maker_revoked *revoked)
{
  X509_REVOKED *row = X509_REVOKED_new ();
  ASN1_TIME *time = ASN1_TIME_set (NULL, when (revoked->when));
  X509_REVOKED_set_serialNumber (row, X509_get_serialNumber (revoked->cert->x));
  X509_REVOKED_set_revocationDate (row, time);
  ASN1_TIME_free (time);
  if (revoked->reason >= 0) {
    ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new ();
    ASN1_ENUMERATED_set (reason, revoked->reason);
    X509_REVOKED_add1_ext_i2d (row, NID_crl_reason, reason, 0, 0);
    ASN1_ENUMERATED_free (reason);
  }
  if (revoked->invalid != 0) {
    ASN1_GENERALIZEDTIME *invalid = ASN1_GENERALIZEDTIME_set (NULL, when (revoked->invalid));
    X509_REVOKED_add1_ext_i2d (row, NID_invalidity_date, invalid, 0, 0);
    ASN1_GENERALIZEDTIME_free (invalid);
  }
  if (revoked->unknown != NULL)
    add_unknown (row, revoked->unknown);
  X509_CRL_add0_revoked (crl, row);
}

GBytes *
maker_crl (const struct maker_list *list)
{
  X509_CRL *crl = X509_CRL_new ();
  ASN1_TIME *from = ASN1_TIME_set (NULL, when (list->from));
  ASN1_TIME *until = ASN1_TIME_set (NULL, when (list->until != 0 ? list->until : 7 * MAKER_DAY));
  X509_CRL_set_version (crl, X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name (crl, X509_get_subject_name ((list->named != NULL ? list->named : list->issuer)->x));
  X509_CRL_set1_lastUpdate (crl, from);
  X509_CRL_set1_nextUpdate (crl, until);
  ASN1_TIME_free (from);
  ASN1_TIME_free (until);
  for (const struct maker_revoked *revoked = list->revoked; revoked != NULL && revoked->cert != NULL; revoked++)
    add_revoked (crl, revoked);
  if (list->text != NULL) {
    CONF *conf = parse (list->text);
    X509V3_CTX context;
    X509V3_set_ctx (&context, list->issuer->x, NULL, NULL, crl, 0);
    X509V3_set_nconf (&context, conf);
    if (X509V3_EXT_CRL_add_nconf (conf, &context, "default", crl) != 1)
      fail_msg ("no extensions: %s", list->text);
    NCONF_free (conf);
  }
  assert_true (X509_CRL_sign (crl, list->issuer->key, list->md != NULL ? list->md : EVP_sha256 ()) > 0);
  unsigned char *der = NULL;
  int size = i2d_X509_CRL (crl, &der);
  GBytes *bytes = g_bytes_new (der, (gsize) size);
  OPENSSL_free (der);
  X509_CRL_free (crl);
  return bytes;
}

GBytes *
maker_response (const struct maker_status *status)
{
  OCSP_BASICRESP *basic = OCSP_BASICRESP_new ();
  OCSP_CERTID *id
      = OCSP_cert_to_id (status->id_md != NULL ? status->id_md : EVP_sha1 (), status->cert->x, status->issuer->x);
  ASN1_TIME *from = ASN1_TIME_set (NULL, when (status->from));
  ASN1_TIME *until = ASN1_TIME_set (NULL, when (status->until != 0 ? status->until : MAKER_DAY));
  ASN1_TIME *revoked = ASN1_TIME_set (NULL, when (status->when));
  const gboolean is_revoked = status->status == V_OCSP_CERTSTATUS_REVOKED;
  assert_non_null (
      OCSP_basic_add1_status (basic, id, status->status, status->reason, is_revoked ? revoked : NULL, from, until));
  assert_int_equal (OCSP_basic_sign (basic, status->signer->x, status->signer->key,
                                     status->md != NULL ? status->md : EVP_sha256 (), NULL,
                                     status->along ? 0 : OCSP_NOCERTS),
                    1);
  OCSP_RESPONSE *response = OCSP_response_create (OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  unsigned char *der = NULL;
  int size = i2d_OCSP_RESPONSE (response, &der);
  GBytes *bytes = g_bytes_new (der, (gsize) size);
  OPENSSL_free (der);
  OCSP_RESPONSE_free (response);
  ASN1_TIME_free (from);
  ASN1_TIME_free (until);
  ASN1_TIME_free (revoked);
  OCSP_CERTID_free (id);
  OCSP_BASICRESP_free (basic);
  return bytes;
}

GBytes *
maker_sign (const struct maker_cert *signer, const struct maker_cert *const *extra)
{
  STACK_OF (X509) *along = sk_X509_new_null ();
  for (; extra != NULL && *extra != NULL; extra++)
    sk_X509_push (along, (*extra)->x);
  BIO *text = BIO_new_mem_buf ("text", 4);
  CMS_ContentInfo *cms = CMS_sign (signer->x, signer->key, along, text, CMS_BINARY);
  assert_non_null (cms);
  unsigned char *der = NULL;
  int size = i2d_CMS_ContentInfo (cms, &der);
  GBytes *bytes = g_bytes_new (der, (gsize) size);
  OPENSSL_free (der);
  CMS_ContentInfo_free (cms);
  BIO_free (text);
  sk_X509_free (along);
  return bytes;
}
