/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The verdict on one received message: who signed it, whether that is trusted, how it was encrypted.
 *
 * Computed once, by inspect; everything that is shown comes from here. In every enum 0 is the answer that claims least. */
#pragma once
#include "crypto/route.h"

enum protection { PROTECTION_NONE = 0, PROTECTION_PGP, PROTECTION_SMIME };
enum coverage { COVERS_NOTHING = 0, COVERS_PART, COVERS_WHOLE };
enum signature_state {
  SIGNATURE_NONE = 0,
  SIGNATURE_GOOD,
  SIGNATURE_BAD,
  SIGNATURE_UNKNOWN_KEY,
  SIGNATURE_UNTRUSTED,
  SIGNATURE_EXPIRED,
  SIGNATURE_REVOKED,
  SIGNATURE_MISMATCH,
  SIGNATURE_ERROR,
};
enum integrity { INTEGRITY_UNKNOWN = 0, INTEGRITY_OK, INTEGRITY_NONE, INTEGRITY_BAD };

struct signature_verdict {
  enum signature_state state;
  enum protection protocol;
  enum coverage covers;
  char *signer;      /* the addr-spec of the signer that matched From, else the signer's first address; NULL */
  char *fingerprint; /* upper-case hex, NULL */
  gint64 time;       /* when it says it was signed; 0 = unknown */
  enum key_trust trust;
  GPtrArray *parts; /* char *: ids of the leaf parts it covers */
};
struct encryption_verdict {
  enum protection protocol;
  gboolean decrypted;
  char *cipher; /* "AES-256-GCM", "AES256.MDC"...; NULL */
  enum integrity integrity;
  enum coverage covers;
  char *reason; /* why it was not decrypted: "no_key" or "failed"; NULL */
};
struct verdict_warning {
  char *code;
  char *text;
}; /* text: one plain sentence */
struct verdict {
  struct signature_verdict signature;
  struct encryption_verdict encryption;
  GPtrArray *warnings; /* struct verdict_warning * */
};
enum verdict_tone { VERDICT_TONE_NONE = 0, VERDICT_TONE_GOOD, VERDICT_TONE_WARN, VERDICT_TONE_BAD };

void verdict_init (struct verdict *verdict);
void verdict_clear (struct verdict *verdict);
void verdict_warn (struct verdict *verdict, const char *code, const char *format, ...) G_GNUC_PRINTF (3, 4);
/* The one line that the screen shows, in plain words, and how it is coloured. */
char *verdict_sentence (const struct verdict *verdict, enum verdict_tone *tone_out);
const char *signature_state_name (enum signature_state state); /* as in the command-line contract */
const char *protection_name (enum protection protection);      /* "pgp", "smime", NULL */
const char *coverage_name (enum coverage coverage);            /* "whole", "part", "nothing" */
const char *integrity_name (enum integrity integrity);         /* "ok", "none", "bad", NULL */
