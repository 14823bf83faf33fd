/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether certificates were revoked, by the CRLs and OCSP responses that are kept in keys_dir/revocation. Keys worker only.
 *
 * Everything kept was verified before it was written and is verified again whenever it is used, against the very issuer in the chain at
 * hand. A statement counts while it is fresh (thisUpdate to nextUpdate); that a certificate was revoked counts for good. RFC 5280
 * section 6.3, RFC 6960. Not supported, and therefore never taken for an answer: delta CRLs, indirect CRLs. */
#pragma once
#include <openssl/x509.h>
#include "crypto/revocation.h"

struct smime_revocation;
struct smime_revocation *smime_revocation_open (const char *keys_dir, GError **error);
void smime_revocation_free (struct smime_revocation *revocation);

enum smime_revocation_state {
  SMIME_REVOCATION_UNKNOWN = 0,
  SMIME_REVOCATION_FINE,
  SMIME_REVOCATION_REVOKED,
};
/* chain: from the end certificate to a configured anchor, which itself is not looked at. at: 0 = now.
 * wants: what could be fetched to know more is added; NULL: nothing is asked for. detail_out (may be NULL): a sentence unless FINE.
 * silent_out (may be NULL): UNKNOWN only because certificates name no place where their state could be learnt. */
enum smime_revocation_state smime_revocation_check (struct smime_revocation *revocation, STACK_OF (X509) * chain,
                                                    gint64 at, GPtrArray *wants, gboolean *silent_out,
                                                    char **detail_out);
/* The answer to a want (NULL: nothing came). TRUE if it was good for something and was kept. */
gboolean smime_revocation_take (struct smime_revocation *revocation, const char *id, GBytes *answer_or_null);
/* The CRLs in a file (DER, or PEM with anything else beside them) that one of these certificates issued. Returns FALSE with error when one of
 * them cannot be taken; found_out: whether there is any CRL at all in the file. */
gboolean smime_revocation_import (struct smime_revocation *revocation, GBytes *file, GPtrArray *issuers,
                                  guint *added_out, gboolean *found_out, GError **error);

/* What one source says about one certificate as of a time. */
struct smime_revocation_finding {
  enum smime_revocation_state state;
  gint64 since; /* when it was revoked */
  int reason;   /* CRL_REASON_*; -1: not said */
};

/* What an OCSP response says, from wherever it came; also what a mail server staples to its handshake (crypto/guard).
 * from_out (may be NULL): thisUpdate of the statement, 0 if there is none that holds. */
struct smime_revocation_finding smime_revocation_ocsp_says (GBytes *response, X509 *certificate, X509 *issuer,
                                                            gint64 at, gint64 *from_out);
