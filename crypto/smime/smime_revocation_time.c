/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Which statement about revocation counts when, and which algorithms may vouch for one. */
#include "crypto/guard/x509_text.h"
#include "crypto/smime/smime_revocation_p.h"

#define UNTIL_UNSAID_S (24 * 3600) /* a statement without nextUpdate counts so long */
#define SECURITY_BITS_MIN 112

gint64
smime_revocation_time_now (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

gboolean
smime_revocation_time_covers (X509 *certificate, gint64 from, gint64 until, gint64 at)
{
  gint64 expires = 0;
  if (until == 0)
    until = from + UNTIL_UNSAID_S;
  if (from <= 0 || until < from || from > smime_revocation_time_now () + REVOCATION_SKEW_S || at > until)
    return FALSE;
  /* Later news tells of an earlier time too, unless the certificate may have been dropped for having expired. */
  return from <= at + REVOCATION_SKEW_S
         || (x509_text_epoch (X509_get0_notAfter (certificate), &expires) && from <= expires);
}

enum smime_revocation_state
smime_revocation_time_judge (gint64 since, int reason, gboolean fresh, gint64 at)
{
  /* A hold can be taken back, so that old news of it says nothing; any other revocation is for ever. */
  if (reason == CRL_REASON_CERTIFICATE_HOLD && !fresh)
    return SMIME_REVOCATION_UNKNOWN;
  if (since <= at)
    return SMIME_REVOCATION_REVOKED;
  return fresh ? SMIME_REVOCATION_FINE : SMIME_REVOCATION_UNKNOWN;
}

gboolean
smime_revocation_time_strong (const X509_ALGOR *algorithm)
{
  const ASN1_OBJECT *type = NULL;
  int parameters = V_ASN1_UNDEF, digest = NID_undef;
  const void *value = NULL;
  X509_ALGOR_get0 (&type, &parameters, &value, algorithm);
  int nid = OBJ_obj2nid (type);
  if (nid == NID_rsassaPss) { /* the digest stands in the parameters */
    const unsigned char *at = parameters == V_ASN1_SEQUENCE ? ASN1_STRING_get0_data (value) : NULL;
    RSA_PSS_PARAMS *pss = at != NULL ? d2i_RSA_PSS_PARAMS (NULL, &at, ASN1_STRING_length (value)) : NULL;
    if (pss != NULL && pss->hashAlgorithm != NULL) {
      X509_ALGOR_get0 (&type, NULL, NULL, pss->hashAlgorithm);
      digest = OBJ_obj2nid (type);
    }
    RSA_PSS_PARAMS_free (pss);
  } else if (nid == NID_ED25519 || nid == NID_ED448)
    return TRUE;
  else if (OBJ_find_sigid_algs (nid, &digest, NULL) != 1)
    return FALSE;
  const EVP_MD *md = digest != NID_undef ? EVP_get_digestbynid (digest) : NULL;
  return md != NULL && EVP_MD_get_size (md) * 4 >= SECURITY_BITS_MIN;
}
