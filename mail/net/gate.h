/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The gate: the last code before the wire. It parses the finished bytes again, with its own small parser, and refuses what is not an
 * encrypted envelope for exactly the audience that the plan named, or, byte for byte, the one note that asks for a key. smtp worker; every
 * path to SMTP DATA goes through it. Pure. */
#pragma once
#include <glib.h>
#include "crypto/route.h"

#define GATE_ERROR (gate_error_quark ())
GQuark gate_error_quark (void);
enum gate_error {
  GATE_ERROR_PLAINTEXT, /* not an encrypted envelope, or something readable beside it */
  GATE_ERROR_AUDIENCE,  /* a recipient info is missing, or one too many */
  GATE_ERROR_HEADERS,   /* a header that must not be seen: Bcc, the real Subject, an unknown field */
  GATE_ERROR_FORMAT,    /* cannot be parsed: refused all the same */
};
/* What a note is made of. */
struct gate_note {
  const char *from; /* addr-spec of the account, not of a message */
  gint64 date;      /* seconds since the epoch, a whole minute */
};
struct gate_plan {
  gboolean mapped; /* the message is a file of ours, mapped: not all of it is held in memory at once */
  enum route_method method;
  const char *const *recipients;    /* envelope recipients, addr-specs */
  const char *const *recipient_ids; /* as in crypto/protect.h: must be exactly the ids found in the bytes */
  const struct gate_note
      *note; /* NULL but for a note: then method is ROUTE_HOLD, and there is one recipient and no id */
};
gboolean gate_check (const guint8 *message, gsize size, const struct gate_plan *plan, GError **error);

#define GATE_NOTE_SUBJECT "I could not send you protected mail"
/* The note, and its Message-ID without brackets. NULL: an address is none that can be on the wire, or the date is no whole minute. */
char *gate_note_make (const char *from, const char *to, gint64 date);
char *gate_note_id (const char *from, const char *to, gint64 date);
