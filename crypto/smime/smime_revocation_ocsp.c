/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OCSP: the question about one certificate, and whether an answer is one to exactly that question by somebody who may give it.
 * RFC 6960, with the profile of RFC 5019 (no nonce, since answers are kept; the CertID by SHA-1, which is a name here and no proof). */
#include <string.h>
#include <openssl/err.h>
#include "crypto/guard/x509_text.h"
#include "crypto/smime/smime_p.h"
#include "crypto/smime/smime_revocation_p.h"

#define URLS_MAX 2
#define CERTIFICATES_MAX 5
#define STATEMENTS_MAX 100

GPtrArray *
smime_revocation_ocsp_urls (X509 *certificate, gboolean *offered_out)
{
  GPtrArray *urls = g_ptr_array_new_with_free_func (g_free);
  STACK_OF (OPENSSL_STRING) *all = X509_get1_ocsp (certificate);
  *offered_out = sk_OPENSSL_STRING_num (all) > 0;
  for (int i = 0; i < sk_OPENSSL_STRING_num (all) && urls->len < URLS_MAX; i++)
    if (revocation_url_fits (sk_OPENSSL_STRING_value (all, i)))
      g_ptr_array_add (urls, g_strdup (sk_OPENSSL_STRING_value (all, i)));
  X509_email_free (all);
  ERR_clear_error ();
  return urls;
}

GBytes *
smime_revocation_ocsp_request (X509 *certificate, X509 *issuer)
{
  OCSP_REQUEST *request = OCSP_REQUEST_new ();
  OCSP_CERTID *id = OCSP_cert_to_id (EVP_sha1 (), certificate, issuer);
  unsigned char *der = NULL;
  GBytes *bytes = NULL;
  if (request != NULL && id != NULL && OCSP_request_add0_id (request, id) != NULL) {
    id = NULL;
    int size = i2d_OCSP_REQUEST (request, &der);
    if (size > 0)
      bytes = g_bytes_new (der, (gsize) size);
  }
  OPENSSL_free (der);
  OCSP_CERTID_free (id);
  OCSP_REQUEST_free (request);
  ERR_clear_error ();
  return bytes;
}

/* Is it the one that the response names as its signer? */
static gboolean
is_named (OCSP_BASICRESP *basic, X509 *certificate)
{
  const ASN1_OCTET_STRING *key_id = NULL;
  const X509_NAME *name = NULL;
  if (OCSP_resp_get0_id (basic, &key_id, &name) != 1)
    return FALSE;
  if (name != NULL)
    return X509_NAME_cmp (name, X509_get_subject_name (certificate)) == 0;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  return X509_pubkey_digest (certificate, EVP_sha1 (), digest, &size) == 1 && ASN1_STRING_length (key_id) == (int) size
         && memcmp (ASN1_STRING_get0_data (key_id), digest, size) == 0;
}

/* Whom the issuer itself, and nobody else, has charged with answering. RFC 6960 section 4.2.2.2. */
static gboolean
is_delegate (X509 *certificate, X509 *issuer, gint64 produced)
{
  gint64 from = 0, until = 0;
  const X509_ALGOR *algorithm = NULL;
  X509_check_purpose (certificate, -1, 0);
  const uint32_t flags = X509_get_extension_flags (certificate);
  X509_get0_signature (NULL, &algorithm, certificate);
  return !(flags & (EXFLAG_INVALID | EXFLAG_CRITICAL)) && (flags & EXFLAG_XKUSAGE)
         && (X509_get_extended_key_usage (certificate) & XKU_OCSP_SIGN)
         && (X509_get_key_usage (certificate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION))
         && EVP_PKEY_get_security_bits (X509_get0_pubkey (certificate)) >= 112
         && smime_revocation_time_strong (algorithm) && X509_check_issued (issuer, certificate) == X509_V_OK
         && X509_verify (certificate, X509_get0_pubkey (issuer)) == 1
         && x509_text_epoch (X509_get0_notBefore (certificate), &from)
         && x509_text_epoch (X509_get0_notAfter (certificate), &until) && produced >= from - REVOCATION_SKEW_S
         && produced <= until;
}

/* The certificate that may have signed this; borrowed; NULL. */
static X509 *
signer_of (OCSP_BASICRESP *basic, X509 *issuer)
{
  gint64 produced = 0;
  if (is_named (basic, issuer))
    return issuer;
  x509_text_epoch (OCSP_resp_get0_produced_at (basic), &produced);
  const STACK_OF (X509) *along = OCSP_resp_get0_certs (basic);
  for (int i = 0; i < sk_X509_num (along) && i < CERTIFICATES_MAX; i++) {
    X509 *certificate = sk_X509_value (along, i);
    if (is_named (basic, certificate) && is_delegate (certificate, issuer, produced))
      return certificate;
  }
  return NULL;
}

static gboolean
is_signed (OCSP_BASICRESP *basic, X509 *issuer)
{
  X509 *signer = signer_of (basic, issuer);
  STACK_OF (X509) *only = sk_X509_new_null ();
  gboolean fine = signer != NULL && only != NULL && sk_X509_push (only, signer) > 0
                  && smime_revocation_time_strong (OCSP_resp_get0_tbs_sigalg (basic))
                  /* who may sign was settled above; here the signature itself is checked, by that certificate alone */
                  && OCSP_basic_verify (basic, only, NULL, OCSP_NOINTERN | OCSP_NOVERIFY) == 1;
  sk_X509_free (only);
  return fine;
}

/* The statement about exactly this certificate of this issuer; borrowed; NULL. */
static OCSP_SINGLERESP *
statement_about (OCSP_BASICRESP *basic, X509 *certificate, X509 *issuer)
{
  OCSP_SINGLERESP *found = NULL;
  for (int i = 0; found == NULL && i < OCSP_resp_count (basic) && i < STATEMENTS_MAX; i++) {
    OCSP_SINGLERESP *single = OCSP_resp_get0 (basic, i);
    OCSP_CERTID *theirs = (OCSP_CERTID *) OCSP_SINGLERESP_get0_id (single);
    ASN1_OBJECT *digest = NULL;
    OCSP_id_get0_info (NULL, &digest, NULL, NULL, theirs);
    const EVP_MD *md = EVP_get_digestbyobj (digest);
    if (md == NULL || (EVP_MD_get_type (md) != NID_sha1 && EVP_MD_get_size (md) < 28))
      continue;
    OCSP_CERTID *ours = OCSP_cert_to_id (md, certificate, issuer);
    if (ours != NULL && OCSP_id_cmp (ours, theirs) == 0)
      found = single;
    OCSP_CERTID_free (ours);
  }
  return found;
}

static struct smime_revocation_finding
read_statement (OCSP_SINGLERESP *single, X509 *certificate, gint64 at, gint64 *from_out)
{
  struct smime_revocation_finding finding = { .state = SMIME_REVOCATION_UNKNOWN, .reason = -1 };
  ASN1_GENERALIZEDTIME *revoked = NULL, *this_update = NULL, *next_update = NULL;
  gint64 from = 0, until = 0;
  int status = OCSP_single_get0_status (single, &finding.reason, &revoked, &this_update, &next_update);
  if (!x509_text_epoch (this_update, &from) || (next_update != NULL && !x509_text_epoch (next_update, &until)))
    return finding;
  for (int i = -1; (i = OCSP_SINGLERESP_get_ext_by_critical (single, 1, i)) >= 0;)
    return finding; /* something must be understood, and is not */
  const gboolean fresh = smime_revocation_time_covers (certificate, from, until, at);
  if (status == V_OCSP_CERTSTATUS_REVOKED && revoked != NULL && x509_text_epoch (revoked, &finding.since))
    finding.state = smime_revocation_time_judge (finding.since, finding.reason, fresh, at);
  else if (status == V_OCSP_CERTSTATUS_GOOD && fresh)
    finding.state = SMIME_REVOCATION_FINE;
  *from_out = status == V_OCSP_CERTSTATUS_GOOD || status == V_OCSP_CERTSTATUS_REVOKED ? from : 0;
  return finding;
}

struct smime_revocation_finding
smime_revocation_ocsp_says (GBytes *bytes, X509 *certificate, X509 *issuer, gint64 at, gint64 *from_out)
{
  struct smime_revocation_finding finding = { .state = SMIME_REVOCATION_UNKNOWN, .reason = -1 };
  gsize size;
  const guchar *data = g_bytes_get_data (bytes, &size);
  gint64 from = 0;
  OCSP_RESPONSE *response = NULL;
  if (size > 0 && size <= REVOCATION_RESPONSE_SIZE_MAX)
    response = d2i_OCSP_RESPONSE (NULL, &data, (long) size);
  OCSP_BASICRESP *basic = response != NULL && OCSP_response_status (response) == OCSP_RESPONSE_STATUS_SUCCESSFUL
                              ? OCSP_response_get1_basic (response)
                              : NULL;
  OCSP_SINGLERESP *single
      = basic != NULL && OCSP_BASICRESP_get_ext_by_critical (basic, 1, -1) < 0 && is_signed (basic, issuer)
            ? statement_about (basic, certificate, issuer)
            : NULL;
  if (single != NULL)
    finding = read_statement (single, certificate, at, &from);
  if (from_out != NULL)
    *from_out = from;
  OCSP_BASICRESP_free (basic);
  OCSP_RESPONSE_free (response);
  ERR_clear_error ();
  return finding;
}
