/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Our IMAP meets a server that does what a script says (see peer.h). */
#pragma once
#include "mail/engine.h"
#include "mail/net/imap.h"
#include "mail/net/stream.h"
#include "tests/wire/peer.h"
#include "tests/wire/peer_cert.h"

/* Up to and including the sign-in. */
#define HELLO "S: * OK ready"
#define START "C: STARTTLS", "S: $TAG OK begin", "TLS"
#define CAPABLE "C: CAPABILITY", "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR IDLE UIDPLUS MOVE", "S: $TAG OK done"
#define SIGN_IN "C: AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==", "S: $TAG OK welcome"
#define SESSION HELLO, START, CAPABLE, SIGN_IN, CAPABLE
#define SELECT                                                                                                         \
  "C: SELECT", "S: * 2 EXISTS", "S: * OK [UIDVALIDITY 7] x", "S: * OK [UIDNEXT 9] x", "S: $TAG OK [READ-WRITE] done"
#define SIGNED_IN(capabilities)                                                                                        \
  HELLO, START, CAPABLE, "C: AUTHENTICATE", "S: $TAG OK [CAPABILITY IMAP4rev1 " capabilities "] welcome"

struct meeting {
  struct remote remote;
  struct peer *peer;
  struct imap *imap;
  GError *error; /* why there is no session */
  char *heard, *problem;
};

/* Sign in, by STARTTLS and password. */
void meeting_begin (struct meeting *meeting, const char *const *script, guint timeout_ms, const char *certificate,
                    const char *private_key, const char *ca);
/* The same with the server's own certificate, and with INBOX selected. */
void meeting_select (struct meeting *meeting, const char *const *script);
/* The client goes: now there are heard and problem. */
void meeting_part (struct meeting *meeting);
void meeting_forget (struct meeting *meeting);
