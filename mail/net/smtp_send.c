/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One message to one audience, and exactly what became of it.
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

/* MAIL FROM and RCPT TO. SMTP_ACCEPTED: everybody was taken. */
static enum smtp_outcome
envelope (struct smtp *smtp, const char *from, const char *const *recipients, gsize size, char **text_out)
{
  g_autofree char *what = g_strdup_printf ("mail from %s", from);
  if (smtp_say (smtp, smtp_mail_line (smtp, from, size)) != 250)
    return give_up (smtp, refused (smtp, what, text_out));
  enum smtp_outcome outcome = SMTP_ACCEPTED;
  g_autoptr (GString) texts = g_string_new (NULL);
  for (gsize i = 0; recipients[i] != NULL && !smtp_is_lost (smtp); i++) {
    g_autofree char *text = NULL;
    int code = smtp_say (smtp, smtp_rcpt_line (smtp, from, recipients[i]));
    if (code == 250 || code == 251)
      continue;
    enum smtp_outcome one = refused (smtp, recipients[i], &text);
    outcome = outcome == SMTP_ACCEPTED || one == SMTP_REFUSED ? one : outcome;
    g_string_append_printf (texts, "%s%s", texts->len > 0 ? " " : "", text);
  }
  if (outcome == SMTP_ACCEPTED && smtp_is_lost (smtp))
    outcome = refused (smtp, "the recipients", text_out);
  else if (outcome != SMTP_ACCEPTED)
    *text_out = g_string_free (g_steal_pointer (&texts), FALSE);
  return outcome == SMTP_ACCEPTED ? outcome : give_up (smtp, outcome);
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
    if (smtp->progress != NULL && (at - told >= PROGRESS_BYTES || at == size)) {
      smtp->progress (at, size, smtp->progress_data);
      told = at;
    }
  }
  return fine && mailstream_write (to, ".\r\n", 3) == 3 && mailstream_flush (to) == 0;
}

/* From the first byte on only a reply of the 4xx, 5xx or 250 kind tells what became of it. */
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

enum smtp_outcome
smtp_send (struct smtp *smtp, const char *from, const char *const *recipients, const guint8 *message, gsize size,
           smtp_ready_fn ready, gpointer data, char **text_out)
{
  *text_out = NULL;
  gboolean valid = (*from == '\0' || address_is_addr_spec (from)) && recipients[0] != NULL;
  for (gsize i = 0; valid && recipients[i] != NULL; i++)
    valid = address_is_addr_spec (recipients[i]);
  if (!valid || !is_crlf_text (message, size)) {
    *text_out = g_strdup ("An address of this mail is no e-mail address, or its text is incomplete. Nothing was sent.");
    return SMTP_REFUSED;
  }
  *text_out = smtp_too_large (smtp->remote->host, size, smtp_size_max (smtp));
  if (*text_out != NULL)
    return SMTP_REFUSED;
  enum smtp_outcome outcome = envelope (smtp, from, recipients, size, text_out);
  if (outcome != SMTP_ACCEPTED)
    return outcome;
  g_autoptr (GError) error = NULL;
  if (!ready (data, &error)) {
    *text_out = g_strdup (error->message);
    return give_up (smtp, SMTP_REFUSED);
  }
  return content (smtp, message, size, text_out);
}
