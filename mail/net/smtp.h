/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* An SMTP submission session (RFC 5321, 6409, 3207, 4954): libetpan over our own stream. smtp worker only, blocking.
 *
 * Each reply is checked before libetpan sees it (smtp_driver.c); the one thing that counts is to know of each message whether the
 * server may have taken it. Errors as in imap.h. */
#pragma once
#include "crypto/guard/secret.h"
#include "mail/net/remote.h"

struct smtp;
struct smtp *smtp_open (const struct remote *remote, const struct secret *secret, GError **error);
struct stream;
struct smtp *smtp_open_over (struct stream *stream_take, const struct remote *remote, const struct secret *secret,
                             GError **error);
void smtp_close (struct smtp *smtp);
DEFINE_AUTOFREE (smtp, smtp_close)
gboolean smtp_is_lost (const struct smtp *smtp);
gsize smtp_size_max (const struct smtp *smtp); /* of a mail, as the server says (RFC 1870); 0: it does not say */
/* Is a mail of that size too large for a server that takes so much (0: nobody knows)? A sentence, else NULL; caller frees. */
char *smtp_too_large (const char *host, gsize size, gsize size_max);

enum smtp_outcome {
  SMTP_UNKNOWN = 0, /* its sending began, but no answer came: it may or may not have been taken */
  SMTP_LATER,       /* surely not taken; trying again may help */
  SMTP_REFUSED,     /* surely not taken, and it will not be */
  SMTP_ACCEPTED,
};
/* Right before DATA: writes down that it begins, and looks at the bytes for the last time. FALSE with error: nothing is sent. */
typedef gboolean (*smtp_ready_fn) (gpointer data, GError **error);
/* Told now and then how much of a message is on the line. NULL: nobody is. */
typedef void (*smtp_progress_fn) (gsize done, gsize total, gpointer data);
void smtp_set_progress (struct smtp *smtp, smtp_progress_fn progress, gpointer data);
/* Does the server report what becomes of a mail, where it is asked to (RFC 3461)? */
gboolean smtp_reports (const struct smtp *smtp);
/* The mails from now on ask for it, under this id (borrowed; letters, digits and "-"), which should be random and nobody else's. NULL: they do not. Without
 * effect where the server does not report. */
void smtp_ask_reports (struct smtp *smtp, const char *envid_or_null);
/* from ("": nobody, of what a machine answers), recipients: addr-specs; refused if they are none. message: CRLF lines. All recipients must be taken, or none gets it.
 * text_out: one sentence. */
enum smtp_outcome smtp_send (struct smtp *smtp, const char *from, const char *const *recipients, const guint8 *message,
                             gsize size, smtp_ready_fn ready, gpointer data, char **text_out);
