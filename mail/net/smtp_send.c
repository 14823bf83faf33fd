/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One message to one audience, and exactly what became of it for each of them.
 *
 * libetpan's command buffers hold 513 bytes and its addresses are not looked at: address_is_addr_spec bounds them to 254 characters
 * that mean nothing else. Its data function tells nobody how far it is, so that the lines are given to it here, with a dot before a
 * dot (RFC 5321 4.5.2): what crosses the line is what the gate saw, byte for byte. */
#include "mail/net/smtp_p.h"

#include "mail/net/address.h"

#include <string.h>

#define PROGRESS_BYTES 65536
#define MEGABYTE 1000000u

/* A refusal of one step, as an outcome and a sentence. subject: who or what was refused. */
static enum smtp_outcome
refused (struct smtp *smtp, const char *subject, char **text_out)
{
  if (stream_error (smtp->stream) != NULL) {
    *text_out = g_strdup (stream_error (smtp->stream)->message);
    return SMTP_LATER;
  }
  g_autofree char *words = smtp_words (smtp);
  *text_out = g_strdup_printf ("%s did not take %s: %s.", smtp->remote->host, subject, words);
  return smtp->session->response_code >= 500 ? SMTP_REFUSED : SMTP_LATER;
}

static enum smtp_outcome
give_up (struct smtp *smtp, enum smtp_outcome outcome)
{
  if (!smtp_is_lost (smtp))
    (void) smtp_code (smtp, mailsmtp_reset (smtp->session));
  return outcome;
}

/* One outcome for all those who have that one. */
static void
settle (struct smtp_recipient *recipients, gsize count, enum smtp_outcome from, enum smtp_outcome to, const char *text)
{
  for (gsize i = 0; i < count; i++)
    if (recipients[i].outcome == from) {
      g_free (recipients[i].text);
      recipients[i].text = g_strdup (text);
      recipients[i].outcome = to;
    }
}

/* MAIL FROM and RCPT TO. Returns how many were taken; nobody: the session is as before. */
static gsize
envelope (struct smtp *smtp, const char *from, struct smtp_recipient *recipients, gsize count, gsize size)
{
  g_autofree char *what = g_strdup_printf ("mail from %s", from), *text = NULL;
  gsize taken = 0;
  if (smtp_say (smtp, smtp_mail_line (smtp, from, size)) != 250) {
    const enum smtp_outcome outcome = give_up (smtp, refused (smtp, what, &text));
    settle (recipients, count, SMTP_UNKNOWN, outcome, text);
    return 0;
  }
  for (gsize i = 0; i < count && !smtp_is_lost (smtp); i++) {
    struct smtp_recipient *one = &recipients[i];
    const int code = smtp_say (smtp, smtp_rcpt_line (smtp, from, one->address));
    one->outcome = code == 250 || code == 251 ? SMTP_ACCEPTED : refused (smtp, one->address, &one->text);
    one->crowded = code == 452 && taken > 0; /* RFC 5321 4.5.3.1.10 */
    taken += one->outcome == SMTP_ACCEPTED;
  }
  if (smtp_is_lost (smtp)) {
    (void) refused (smtp, "the recipients", &text);
    settle (recipients, count, SMTP_ACCEPTED, SMTP_LATER, text);
    settle (recipients, count, SMTP_UNKNOWN, SMTP_LATER, text);
    return 0;
  }
  if (taken == 0)
    (void) give_up (smtp, SMTP_LATER);
  return taken;
}

/* Asks whether it shall go on. */
static gboolean
goes_on (struct smtp *smtp, gsize done, gsize size)
{
  if (smtp->progress == NULL || smtp->progress (done, size, smtp->progress_data))
    return TRUE;
  stream_fail (smtp->stream, "It was stopped before the server had all of it, so nobody got it.");
  return FALSE;
}

/* What is not yet on the line when this returns FALSE never will be. */
static gboolean
write_content (struct smtp *smtp, const guint8 *message, gsize size)
{
  mailstream *to = smtp->session->stream;
  gboolean fine = TRUE;
  for (gsize at = 0, told = 0; at < size && fine;) {
    const guint8 *end = memchr (message + at, '\n', size - at);
    const gsize line = end != NULL ? (gsize) (end - message) + 1 - at : size - at;
    fine = (message[at] != '.' || mailstream_write (to, ".", 1) == 1)
           && mailstream_write (to, message + at, line) == (ssize_t) line;
    at += line;
    if (fine && (at - told >= PROGRESS_BYTES || at == size)) {
      fine = goes_on (smtp, at, size);
      told = at;
    }
  }
  if (!fine)
    return FALSE;
  smtp->ended = TRUE;
  return mailstream_write (to, ".\r\n", 3) == 3 && mailstream_flush (to) == 0;
}

/* Before its end is given to the line no server can have taken it, unless it says things out of turn; after that only a reply of the 4xx, 5xx
 * or 250 kind tells. */
static enum smtp_outcome
content (struct smtp *smtp, const guint8 *message, gsize size, char **text_out)
{
  if (smtp_code (smtp, mailsmtp_data (smtp->session)) != 354)
    return give_up (smtp, refused (smtp, "the mail", text_out));
  if (stream_is_ahead (smtp->stream)) { /* gone, or an answer to a mail of which it has nothing yet */
    smtp->lost = TRUE;
    *text_out
        = stream_error (smtp->stream) != NULL
              ? g_strdup (stream_error (smtp->stream)->message)
              : g_strdup_printf ("%s answered before it had the mail, so nothing was sent to it.", smtp->remote->host);
    return SMTP_LATER;
  }
  smtp->seconds = SMTP_TAKEN_S;
  gboolean sent = write_content (smtp, message, size);
  if (sent)
    (void) mailsmtp_read_response (smtp->session);
  int code = smtp_code (smtp, sent ? MAILSMTP_NO_ERROR : MAILSMTP_ERROR_STREAM);
  smtp->seconds = SMTP_COMMAND_S;
  if (!smtp->ended && !smtp->spoke) {
    smtp->lost = TRUE;
    return refused (smtp, "the mail", text_out);
  }
  if (code != 0)
    smtp->ended = FALSE;
  if (code == 250) {
    *text_out = g_strdup_printf ("%s took it.", smtp->remote->host);
    return SMTP_ACCEPTED;
  }
  if (code >= 400)
    return refused (smtp, "the mail", text_out);
  smtp->lost = TRUE;
  *text_out = g_strdup_printf (
      "The line to %s broke after the mail was on its way and before it was confirmed. It may have arrived. Ask "
      "the recipients, or send it again yourself; wardmail does not do so by itself.",
      smtp->remote->host);
  return SMTP_UNKNOWN;
}

/* Whole lines, each ended by CRLF and by nothing else. */
static gboolean
is_crlf_text (const guint8 *message, gsize size)
{
  if (size < 2 || memcmp (message + size - 2, "\r\n", 2) != 0)
    return FALSE;
  for (gsize i = 0; i < size; i++)
    if (message[i] == '\r' ? message[i + 1] != '\n' : message[i] == '\n' && (i == 0 || message[i - 1] != '\r'))
      return FALSE;
  return TRUE;
}

gsize
smtp_size_max (const struct smtp *smtp)
{
  return smtp->session->smtp_max_msg_size;
}

char *
smtp_too_large (const char *host, gsize size, gsize size_max)
{
  if (size_max == 0 || size <= size_max)
    return NULL;
  return g_strdup_printf ("%s takes mails of up to %" G_GSIZE_FORMAT " MB, and this one has %" G_GSIZE_FORMAT
                          " MB, as encryption makes files almost twice as large. Nothing was sent; send fewer or "
                          "smaller files.",
                          host, size_max / MEGABYTE, (size + MEGABYTE - 1) / MEGABYTE);
}

void
smtp_set_progress (struct smtp *smtp, smtp_progress_fn progress, gpointer data)
{
  smtp->progress = progress;
  smtp->progress_data = data;
}

gboolean
smtp_is_past_recall (const struct smtp *smtp)
{
  return smtp->ended;
}

/* A sentence where there is no use in asking the server; else NULL. */
static char *
what_is_wrong (struct smtp *smtp, const char *from, const struct smtp_recipient *recipients, gsize count,
               const guint8 *message, gsize size)
{
  gboolean valid = (*from == '\0' || address_is_addr_spec (from)) && count > 0;
  for (gsize i = 0; valid && i < count; i++)
    valid = address_is_addr_spec (recipients[i].address);
  if (!valid || !is_crlf_text (message, size))
    return g_strdup ("An address of this mail is no e-mail address, or its text is incomplete. Nothing was sent.");
  return smtp_too_large (smtp->remote->host, size, smtp_size_max (smtp));
}

void
smtp_send (struct smtp *smtp, const char *from, struct smtp_recipient *recipients, gsize count, const guint8 *message,
           gsize size, smtp_ready_fn ready, gpointer data)
{
  for (gsize i = 0; i < count; i++) {
    recipients[i].outcome = SMTP_UNKNOWN;
    recipients[i].crowded = FALSE;
    recipients[i].text = NULL;
  }
  g_autofree char *text = what_is_wrong (smtp, from, recipients, count, message, size);
  if (text != NULL) {
    settle (recipients, count, SMTP_UNKNOWN, SMTP_REFUSED, text);
    return;
  }
  if (envelope (smtp, from, recipients, count, size) == 0)
    return;
  g_autoptr (GError) error = NULL;
  enum smtp_outcome outcome = ready (data, &error);
  if (outcome != SMTP_ACCEPTED) {
    settle (recipients, count, SMTP_ACCEPTED, give_up (smtp, outcome), error->message);
    return;
  }
  outcome = content (smtp, message, size, &text);
  settle (recipients, count, SMTP_ACCEPTED, outcome, text);
}
