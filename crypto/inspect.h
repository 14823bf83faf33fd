/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Inspect: from the raw bytes of a message to its verdict and to the tree of its parts, opened as far as our keys reach.
 * Keys worker only. All input is hostile. Bounded: at most INSPECT_PARTS_MAX parts, INSPECT_DEPTH_MAX levels, INSPECT_BYTES_MAX
 * of decrypted content; what is cut is said in a warning ("truncated_structure").
 *
 * Signatures are checked over the exact bytes received (canonicalised to CRLF as RFC 1847 and RFC 8551 ask), which is why the tree
 * is made by splitting the raw message and not by a parser that writes it anew. */
#pragma once
#include "crypto/keys/keyring.h"
#include "crypto/revocation.h"
#include "crypto/verdict.h"

#define INSPECT_PARTS_MAX 2000
#define INSPECT_DEPTH_MAX 40
#define INSPECT_BYTES_MAX (200u * 1024 * 1024)

/* One MIME entity of the tree. A cryptographic layer is a node too, and what it holds is its one child (for multipart/signed
 * the signed part; for an encrypted entity the decrypted one). A layer that could not be opened, or whose content is withheld,
 * has no child. The signature part of multipart/signed and the control part of multipart/encrypted have no nodes. */
struct inspect_node {
  char *id;                   /* "1", "1.2", ...: unique in the message, stable */
  char *type;                 /* lower-case "text/plain"; from the header, with RFC 2045's default */
  GBytes *entity;             /* its raw header and body */
  gsize body_offset;          /* where the body starts in entity */
  enum protection protection; /* of this node itself, when it is a layer */
  gboolean encrypted,
      signed_; /* whether it lies inside such a layer (signed_: one whose signature is cryptographically valid) */
  gboolean
      unproven; /* decrypted, but nothing shows that the sender wrote it, or knew it: not to be repeated to anybody */
  gboolean withheld;   /* a layer whose content must not be shown */
  GPtrArray *children; /* struct inspect_node *, owned; never NULL */
};
/* By which convention the payload protects the message's header fields; the outer ones count where it does not. */
enum header_scheme {
  HEADERS_OUTER = 0,
  HEADERS_OLD,     /* protected-headers="v1": the payload repeats what it protects, often only Subject */
  HEADERS_WRAPPED, /* the payload is the whole message, as message/rfc822 (RFC 8551, 3.1) */
  HEADERS_CLEAR,   /* RFC 9788, signed: what is not in the payload is not the sender's */
  HEADERS_CIPHER,  /* RFC 9788, encrypted: and HP-Outer tells what of it was outside as well */
};
struct inspection {
  struct verdict verdict;
  struct inspect_node *root; /* the whole message */
  struct inspect_node
      *payload; /* borrowed: the first node below the root's outermost layers; root itself if there are none */
  enum header_scheme header_scheme;
  struct inspect_node *header_node; /* borrowed: whose header fields are the protected ones; NULL: there are none */
  gboolean from_protected; /* From is shown as of header_node; else as of the root, though header_node may have one */
  GBytes *signed_by;       /* the SignedData of a good signature (S/MIME) over the whole; NULL */
  GPtrArray *from;  /* char *: the addr-specs of From as they are shown (of the payload's protected From, if any) */
  GPtrArray *wants; /* struct revocation_want *: what would tell more of the signers' certificates; never NULL */
};
void inspection_free (struct inspection *inspection);
DEFINE_AUTOFREE (inspection, inspection_free)

/* message: borrowed. at: judge keys as of this time, 0 = now. keyring: NULL = no keys at all (then nothing decrypts).
 * Broken mail, bad signatures and missing keys are verdicts, not errors. Never returns NULL. */
struct inspection *inspect_message (struct keyring *keyring, GBytes *message, gint64 at);
