/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server shows of its certificate not being revoked: an OCSP response that came with the handshake (RFC 6066 section 8), and the
 * certificate's promise that one comes (RFC 7633). Nobody else is asked: that would tell who reads whose mail. */
#include <openssl/x509v3.h>
#include "crypto/guard/tls_p.h"
#include "crypto/smime/smime_revocation.h"

#define STATUS_REQUEST 5

/* A promise that cannot be read is taken for one. */
static gboolean
is_promised (const X509 *certificate)
{
  int critical = 0;
  TLS_FEATURE *features = X509_get_ext_d2i (certificate, NID_tlsfeature, &critical, NULL);
  gboolean promised = features == NULL && critical != -1;
  for (int i = 0; i < sk_ASN1_INTEGER_num (features); i++)
    promised = promised || ASN1_INTEGER_get (sk_ASN1_INTEGER_value (features, i)) == STATUS_REQUEST;
  TLS_FEATURE_free (features);
  return promised;
}

int
tls_staple_judge (STACK_OF (X509) * chain, GBytes *response, gint64 at)
{
  X509 *end = sk_X509_value (chain, 0), *issuer = sk_X509_value (chain, 1);
  enum smime_revocation_state state = SMIME_REVOCATION_UNKNOWN;
  if (end == NULL || issuer == NULL) /* an anchor by itself: nobody vouches for it */
    return X509_V_OK;
  if (response != NULL)
    state = smime_revocation_ocsp_says (response, end, issuer, at, NULL).state;
  if (state == SMIME_REVOCATION_REVOKED)
    return X509_V_ERR_CERT_REVOKED;
  return state == SMIME_REVOCATION_UNKNOWN && is_promised (end) ? TLS_FAULT_STAPLE : X509_V_OK;
}
