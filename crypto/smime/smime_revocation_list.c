/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One certificate revocation list: whether it holds, for which certificates it speaks, and what it says. RFC 5280 section 5. */
#include <string.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include "crypto/guard/x509_text.h"
#include "crypto/smime/smime_p.h"
#include "crypto/smime/smime_revocation_p.h"

#define URLS_MAX 2

/* An extension that must be understood and is not makes the whole list worthless; one of an entry does so too. */
static gboolean
is_understood (X509_CRL *crl)
{
  if (X509_CRL_get_ext_by_NID (crl, NID_delta_crl, -1) >= 0)
    return FALSE;
  for (int at = -1; (at = X509_CRL_get_ext_by_critical (crl, 1, at)) >= 0;)
    if (OBJ_obj2nid (X509_EXTENSION_get_object (X509_CRL_get_ext (crl, at))) != NID_issuing_distribution_point)
      return FALSE;
  STACK_OF (X509_REVOKED) *rows = X509_CRL_get_REVOKED (crl);
  for (int i = 0; i < sk_X509_REVOKED_num (rows); i++) {
    X509_REVOKED *row = sk_X509_REVOKED_value (rows, i);
    if (X509_REVOKED_get_ext_count (row) == 0)
      continue;
    if (X509_REVOKED_get_ext_by_NID (row, NID_certificate_issuer, -1) >= 0)
      return FALSE; /* entries of other authorities: an indirect list, whatever it says it is */
    for (int at = -1; (at = X509_REVOKED_get_ext_by_critical (row, 1, at)) >= 0;) {
      int nid = OBJ_obj2nid (X509_EXTENSION_get_object (X509_REVOKED_get_ext (row, at)));
      if (nid != NID_crl_reason && nid != NID_invalidity_date)
        return FALSE;
    }
  }
  return TRUE;
}

gboolean
smime_revocation_list_holds (X509_CRL *crl, X509 *issuer)
{
  const X509_ALGOR *algorithm = NULL;
  EVP_PKEY *key = X509_get0_pubkey (issuer);
  X509_CRL_get0_signature (crl, NULL, &algorithm);
  X509_check_purpose (issuer, -1, 0); /* fills in what the extensions say */
  gboolean holds = key != NULL && X509_NAME_cmp (X509_CRL_get_issuer (crl), X509_get_subject_name (issuer)) == 0
                   && (X509_get_key_usage (issuer) & KU_CRL_SIGN) != 0 && smime_revocation_time_strong (algorithm)
                   && X509_CRL_verify (crl, key) == 1 && is_understood (crl);
  ERR_clear_error ();
  return holds;
}

static gboolean
shares_name (const GENERAL_NAMES *some, const GENERAL_NAMES *others)
{
  for (int i = 0; i < sk_GENERAL_NAME_num (some); i++)
    for (int j = 0; j < sk_GENERAL_NAME_num (others); j++)
      if (GENERAL_NAME_cmp (sk_GENERAL_NAME_value (some, i), sk_GENERAL_NAME_value (others, j)) == 0)
        return TRUE;
  return FALSE;
}

/* A part of a list that was split up speaks for the certificates that name it. */
static gboolean
names_part (X509 *certificate, const DIST_POINT_NAME *part)
{
  if (part == NULL)
    return TRUE;
  if (part->type != 0)
    return FALSE;
  CRL_DIST_POINTS *points = X509_get_ext_d2i (certificate, NID_crl_distribution_points, NULL, NULL);
  gboolean named = FALSE;
  for (int i = 0; !named && i < sk_DIST_POINT_num (points); i++) {
    const DIST_POINT *point = sk_DIST_POINT_value (points, i);
    named = point->CRLissuer == NULL && point->distpoint != NULL && point->distpoint->type == 0
            && shares_name (point->distpoint->name.fullname, part->name.fullname);
  }
  CRL_DIST_POINTS_free (points);
  return named;
}

/* Does it speak for this certificate? all_reasons_out: it names every revocation, whatever the reason. */
static gboolean
speaks_for (X509_CRL *crl, X509 *certificate, gboolean *all_reasons_out)
{
  int critical = -1;
  ISSUING_DIST_POINT *scope = X509_CRL_get_ext_d2i (crl, NID_issuing_distribution_point, &critical, NULL);
  *all_reasons_out = TRUE;
  if (scope == NULL)
    return critical == -1; /* else it is there, and unreadable */
  const gboolean is_authority = X509_check_ca (certificate) > 0;
  const gboolean speaks = scope->indirectCRL <= 0 && scope->onlyattr <= 0 && !(scope->onlyuser > 0 && is_authority)
                          && !(scope->onlyCA > 0 && !is_authority) && names_part (certificate, scope->distpoint);
  *all_reasons_out = scope->onlysomereasons == NULL;
  ISSUING_DIST_POINT_free (scope);
  return speaks;
}

static int
reason_of (X509_REVOKED *row)
{
  ASN1_ENUMERATED *value = X509_REVOKED_get_ext_d2i (row, NID_crl_reason, NULL, NULL);
  int reason = value != NULL ? (int) ASN1_ENUMERATED_get (value) : -1;
  ASN1_ENUMERATED_free (value);
  return reason;
}

/* When the key was lost, where that is said, else when it was noticed. */
static gint64
since (X509_REVOKED *row)
{
  gint64 noticed = 0, lost = 0;
  x509_text_epoch (X509_REVOKED_get0_revocationDate (row), &noticed);
  ASN1_GENERALIZEDTIME *value = X509_REVOKED_get_ext_d2i (row, NID_invalidity_date, NULL, NULL);
  const gboolean said = value != NULL && x509_text_epoch (value, &lost);
  ASN1_GENERALIZEDTIME_free (value);
  return said ? MIN (noticed, lost) : noticed;
}

struct smime_revocation_finding
smime_revocation_list_says (X509_CRL *crl, X509 *certificate, gint64 at)
{
  struct smime_revocation_finding finding = { .state = SMIME_REVOCATION_UNKNOWN, .reason = -1 };
  gint64 from = 0, until = 0;
  gboolean all_reasons = FALSE;
  X509_REVOKED *row = NULL;
  x509_text_epoch (X509_CRL_get0_lastUpdate (crl), &from);
  if (X509_CRL_get0_nextUpdate (crl) != NULL)
    x509_text_epoch (X509_CRL_get0_nextUpdate (crl), &until);
  if (X509_NAME_cmp (X509_CRL_get_issuer (crl), X509_get_issuer_name (certificate)) == 0
      && speaks_for (crl, certificate, &all_reasons)) {
    const gboolean fresh = smime_revocation_time_covers (certificate, from, until, at);
    if (X509_CRL_get0_by_cert (crl, &row, certificate) == 1) {
      finding.reason = reason_of (row);
      finding.since = since (row);
      finding.state = smime_revocation_time_judge (finding.since, finding.reason, fresh, at);
    } else if (fresh && all_reasons)
      finding.state = SMIME_REVOCATION_FINE;
  }
  ERR_clear_error ();
  return finding;
}

GPtrArray *
smime_revocation_list_urls (X509 *certificate, gboolean *offered_out)
{
  GPtrArray *urls = g_ptr_array_new_with_free_func (g_free);
  CRL_DIST_POINTS *points = X509_get_ext_d2i (certificate, NID_crl_distribution_points, NULL, NULL);
  *offered_out = X509_get_ext_by_NID (certificate, NID_crl_distribution_points, -1) >= 0;
  for (int i = 0; i < sk_DIST_POINT_num (points); i++) {
    const DIST_POINT *point = sk_DIST_POINT_value (points, i);
    if (point->CRLissuer != NULL || point->reasons != NULL || point->distpoint == NULL || point->distpoint->type != 0)
      continue;
    const GENERAL_NAMES *names = point->distpoint->name.fullname;
    for (int j = 0; j < sk_GENERAL_NAME_num (names) && urls->len < URLS_MAX; j++) {
      const GENERAL_NAME *name = sk_GENERAL_NAME_value (names, j);
      if (name->type != GEN_URI)
        continue;
      g_autofree char *url = g_strndup ((const char *) ASN1_STRING_get0_data (name->d.uniformResourceIdentifier),
                                        (gsize) ASN1_STRING_length (name->d.uniformResourceIdentifier));
      if (strlen (url) == (gsize) ASN1_STRING_length (name->d.uniformResourceIdentifier) && revocation_url_fits (url))
        g_ptr_array_add (urls, g_steal_pointer (&url));
    }
  }
  CRL_DIST_POINTS_free (points);
  ERR_clear_error ();
  return urls;
}

char *
smime_revocation_list_prefix (X509 *issuer)
{
  g_autofree char *key_id = smime_names_key_id (X509_get_X509_PUBKEY (issuer));
  unsigned char *name = NULL;
  int size = i2d_X509_NAME (X509_get_subject_name (issuer), &name);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  if (size > 0)
    g_checksum_update (sum, name, size);
  g_checksum_update (sum, (const guchar *) (key_id != NULL ? key_id : ""), -1);
  OPENSSL_free (name);
  return g_strndup (g_checksum_get_string (sum), 40);
}

char *
smime_revocation_list_name (X509_CRL *crl, X509 *issuer)
{
  g_autofree char *prefix = smime_revocation_list_prefix (issuer);
  int at = X509_CRL_get_ext_by_NID (crl, NID_issuing_distribution_point, -1);
  const ASN1_OCTET_STRING *scope = at >= 0 ? X509_EXTENSION_get_data (X509_CRL_get_ext (crl, at)) : NULL;
  g_autofree char *part
      = g_compute_checksum_for_data (G_CHECKSUM_SHA256, scope != NULL ? ASN1_STRING_get0_data (scope) : (guchar *) "",
                                     scope != NULL ? (gsize) ASN1_STRING_length (scope) : 0);
  part[16] = '\0';
  return g_strconcat (prefix, "-", part, ".crl", NULL);
}

X509_CRL *
smime_revocation_list_parse (GBytes *bytes)
{
  gsize size;
  const guchar *data = g_bytes_get_data (bytes, &size), *at = data;
  X509_CRL *crl = NULL;
  if (size == 0 || size > REVOCATION_LIST_SIZE_MAX)
    return NULL;
  if (data[0] == 0x30) {
    crl = d2i_X509_CRL (NULL, &at, (long) size);
  } else {
    BIO *bio = BIO_new_mem_buf (data, (int) size);
    crl = bio != NULL ? PEM_read_bio_X509_CRL (bio, NULL, NULL, NULL) : NULL;
    BIO_free (bio);
  }
  ERR_clear_error ();
  return crl;
}
