/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates, revocation lists, OCSP responses and signed messages made in memory, good and bad, in a few milliseconds. */
#pragma once
#include "crypto/smime/smime_p.h"

#define MAKER_HOUR 3600
#define MAKER_DAY (24 * 3600)

struct maker_cert {
  X509 *x;
  EVP_PKEY *key;
};
/* Times are seconds from now; 0 and 0: from a day ago for 30 days. text: an openssl configuration, its first section the extensions. */
struct maker_spec {
  const char *name;                /* the common name */
  const struct maker_cert *issuer; /* NULL: itself */
  const char *text;
  gint64 from, until;
  long serial;
  int rsa_bits;     /* 0: P-256, or */
  const char *kind; /* another curve, "ED25519", "X25519", "RSA-PSS" (of 2048 bits) */
  const EVP_MD *md; /* NULL: SHA-256 */
};
struct maker_cert *maker_issue (const struct maker_spec *spec);
void maker_cert_free (struct maker_cert *cert);
GBytes *maker_der (const struct maker_cert *cert);
extern const char maker_authority[], maker_mail[]; /* usual extensions; the second without an address */

struct maker_revoked {
  const struct maker_cert *cert; /* NULL ends a list */
  gint64 when;
  int reason;          /* -1: not said */
  gint64 invalid;      /* invalidityDate; 0: not said */
  const char *unknown; /* a critical extension that nobody knows: its OID; NULL: none */
};
struct maker_list {
  const struct maker_cert *issuer;
  gint64 from, until; /* until 0: a week */
  const char *text;
  const struct maker_revoked *revoked;
  const EVP_MD *md;
  const struct maker_cert *named; /* whose name it bears, if not its signer's */
};
GBytes *maker_crl (const struct maker_list *list);

struct maker_status {
  const struct maker_cert *cert, *issuer, *signer;
  gint64 from, until; /* until 0: a day */
  int status;         /* V_OCSP_CERTSTATUS_* */
  gint64 when;
  int reason;
  gboolean along; /* the signer's certificate goes along */
  const EVP_MD *md, *id_md;
};
GBytes *maker_response (const struct maker_status *status);

/* SignedData over "text", opaque; extra: certificates that go along, ends with NULL. */
GBytes *maker_sign (const struct maker_cert *signer, const struct maker_cert *const *extra);
