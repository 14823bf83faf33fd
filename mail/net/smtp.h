/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* An SMTP submission session (RFC 5321, 6409, 3207, 4954): libetpan over our own stream. smtp worker only, blocking.
 *
 * Each reply is checked before libetpan sees it (smtp_driver.c); the one thing that counts is to know of each message whether the
 * server may have taken it. Errors as in imap.h. */
#pragma once
#include "crypto/guard/secret.h"
#include "mail/net/remote.h"
#include "mail/net/stream.h"

struct smtp;
/* guest: let in while the server is waited for, now and as long as the session lasts; see stream_open. NULL: nobody. */
struct smtp *smtp_open (const struct remote *remote, const struct secret *secret, const struct stream_guest *guest,
                        GError **error);
struct smtp *smtp_open_over (struct stream *stream_take, const struct remote *remote, const struct secret *secret,
                             GError **error);
void smtp_close (struct smtp *smtp);
DEFINE_AUTOFREE (smtp, smtp_close)
gboolean smtp_is_lost (const struct smtp *smtp);
char *smtp_protection (const struct smtp *smtp); /* of stream_protection; the caller's */
gsize smtp_size_max (const struct smtp *smtp);   /* of a mail, as the server says (RFC 1870); 0: it does not say */
/* Is a mail of that size too large for a server that takes so much (0: nobody knows)? A sentence, else NULL; caller frees. */
char *smtp_too_large (const char *host, gsize size, gsize size_max);

enum smtp_outcome {
  SMTP_UNKNOWN = 0, /* its sending began, but no answer came: it may or may not have been taken */
  SMTP_LATER,       /* surely not taken; trying again may help */
  SMTP_REFUSED,     /* surely not taken, and it will not be */
  SMTP_ACCEPTED,
};
/* Right before DATA: looks at the bytes for the last time, and writes down that it begins. SMTP_ACCEPTED: it may; else nothing is sent, error says why, and this
 * becomes of all. */
typedef enum smtp_outcome (*smtp_ready_fn) (gpointer data, GError **error);
/* Told now and then how much of a message is on the line, for the last time before its end is. FALSE: it shall not go; the line is dropped, and
 * the server has nothing. NULL: nobody is. */
typedef gboolean (*smtp_progress_fn) (gsize done, gsize total, gpointer data);
void smtp_set_progress (struct smtp *smtp, smtp_progress_fn progress, gpointer data);
/* Does the server report what becomes of a mail, where it is asked to (RFC 3461)? */
gboolean smtp_reports (const struct smtp *smtp);
/* The mails from now on ask for it, under this id (borrowed; letters, digits and "-"), which should be random and nobody else's. NULL: they do not. Without
 * effect where the server does not report. */
void smtp_ask_reports (struct smtp *smtp, const char *envid_or_null);
/* The end of a message is on the line: whatever is done now, the server may have it. */
gboolean smtp_is_past_recall (const struct smtp *smtp);

struct smtp_recipient {
  const char *address; /* an addr-spec */
  enum smtp_outcome outcome;
  gboolean crowded; /* later, since there are too many of them for one time */
  char *text;       /* one sentence; the caller frees */
};
/* from: an addr-spec ("": nobody, of what a machine answers); message: CRLF lines. Who is not taken by the server has his outcome before ready is asked; the others, whose outcome is
 * SMTP_ACCEPTED by then, are those it is about to go to, and have one outcome after it. Where nobody is taken nothing is sent. */
void smtp_send (struct smtp *smtp, const char *from, struct smtp_recipient *recipients, gsize count,
                const guint8 *message, gsize size, smtp_ready_fn ready, gpointer data);
