/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Protect: one finished message for each copy of a plan. Keys worker only.
 *
 * What comes in is the payload: one MIME entity, CRLF, with the protected header fields on it (Subject among them) and the
 * body. What comes out are whole messages (RFC 8551 application/pkcs7-mime, RFC 3156 multipart/encrypted), signed inside and
 * encrypted outside, with outer header fields in which the Subject is "[...]". */
#pragma once
#include "crypto/keys/keyring.h"
#include "crypto/plan.h"

#define PROTECT_SUBJECT "[...]" /* outside */

typedef void (*protect_progress_fn) (gsize done, gsize total, gpointer data);

struct protect_request {
  const char *sender; /* addr-spec that signs */
  GPtrArray
      *outer_headers;    /* char *: "Name: value" lines without line end, for outside: Date, From, To, Cc, Message-ID,
                             * In-Reply-To, References, Autocrypt. Never Bcc, never the real Subject. */
  GBytes *payload;       /* for every copy, and the records */
  const char *prefix;    /* NULL, or header lines with their CRLF that stand before the payload */
  gboolean gossip;       /* tell the readers of a copy each other's keys */
  const char *spool_dir; /* where what was made is kept off the memory; NULL: in memory */
  protect_progress_fn progress; /* NULL, or told now and then how much of all the work is done */
  gpointer progress_data;
};

struct protected_copy {
  enum route_method method;
  GPtrArray *recipients; /* char *: envelope recipients, exactly the copy's audience */
  GPtrArray *
      recipient_ids; /* char *: every recipient info that must be in it, the audience's and the sender's, and none else:
                             * S/MIME "issuer:" + lower-case hex SHA-256 of the DER of IssuerAndSerialNumber, or "ski:" + hex;
                             * OpenPGP "pgp:" + 16 upper-case hex digits of the encryption subkey's id */
  const char
      *cipher;     /* S/MIME: "AES-256-GCM" where all of the audience reads that, else "AES-256-CBC"; OpenPGP: NULL */
  int fd;          /* the message, CRLF: a file without a name, read from its start */
  GBytes *message; /* the same, mapped */
};
void protected_copy_free (struct protected_copy *copy);
DEFINE_AUTOFREE (protected_copy, protected_copy_free)

/* Returns struct protected_copy *, one for each copy of the plan and in its order, or NULL: then nothing may leave.
 * HELD when the plan has nobody or somebody held. All or nothing. */
GPtrArray *protect_copies (struct keyring *keyring, const struct plan *plan, const struct protect_request *request,
                           gint64 at, GError **error);
/* The record for Sent or Drafts: encrypted to the sender alone (S/MIME if he has it, else OpenPGP), signed. NO_KEY if he has neither. No
 * recipients. */
struct protected_copy *protect_to_self (struct keyring *keyring, const struct protect_request *request, gint64 at,
                                        GError **error);
