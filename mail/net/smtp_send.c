/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One message to one audience, and exactly what became of it. */
#include "mail/net/smtp_p.h"

#include "mail/net/address.h"

#include <string.h>

#define CHUNK 65536

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
  return smtp->code >= 500 ? SMTP_REFUSED : SMTP_LATER;
}

static enum smtp_outcome
give_up (struct smtp *smtp, enum smtp_outcome outcome)
{
  if (!smtp_is_lost (smtp))
    (void) smtp_command (smtp, "RSET", "");
  return outcome;
}

/* MAIL FROM and RCPT TO. SMTP_ACCEPTED: everybody was taken. */
static enum smtp_outcome
envelope (struct smtp *smtp, const char *from, const char *const *recipients, char **text_out)
{
  g_autofree char *sender = g_strdup_printf ("<%s>", from), *what = g_strdup_printf ("mail from %s", from);
  if (smtp_command (smtp, "MAIL FROM:", sender) != 250)
    return give_up (smtp, refused (smtp, what, text_out));
  enum smtp_outcome outcome = SMTP_ACCEPTED;
  g_autoptr (GString) texts = g_string_new (NULL);
  for (gsize i = 0; recipients[i] != NULL && !smtp_is_lost (smtp); i++) {
    g_autofree char *recipient = g_strdup_printf ("<%s>", recipients[i]), *text = NULL;
    int code = smtp_command (smtp, "RCPT TO:", recipient);
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

/* RFC 5321 4.5.2: a line that begins with a dot gets another one. */
static gboolean
send_stuffed (struct smtp *smtp, const guint8 *message, gsize size)
{
  g_autoptr (GByteArray) chunk = g_byte_array_sized_new (CHUNK + 2);
  gboolean line_start = TRUE;
  for (gsize i = 0; i < size; i++) {
    if (line_start && message[i] == '.')
      g_byte_array_append (chunk, (const guint8 *) ".", 1);
    g_byte_array_append (chunk, message + i, 1);
    line_start = message[i] == '\n';
    if (chunk->len < CHUNK)
      continue;
    if (!stream_write (smtp->stream, chunk->data, chunk->len))
      return FALSE;
    g_byte_array_set_size (chunk, 0);
  }
  return chunk->len == 0 || stream_write (smtp->stream, chunk->data, chunk->len);
}

static enum smtp_outcome
content (struct smtp *smtp, const guint8 *message, gsize size, char **text_out)
{
  if (smtp_command (smtp, "DATA", "") != 354)
    return give_up (smtp, refused (smtp, "the mail", text_out));
  /* Without the final dot no server may take it, so until then a broken line is no question. */
  if (!send_stuffed (smtp, message, size)) {
    *text_out = g_strdup (stream_error (smtp->stream)->message);
    return SMTP_LATER;
  }
  gboolean sent = stream_write (smtp->stream, ".\r\n", 3);
  int code = sent ? smtp_reply (smtp, 600) : 0;
  if (code == 250) {
    *text_out = g_strdup_printf ("%s took it.", smtp->remote->host);
    return SMTP_ACCEPTED;
  }
  if (code == 0) {
    *text_out = g_strdup_printf ("The line to %s broke after the mail was sent and before it was confirmed. It may have arrived. Ask the "
                                 "recipients, or send it again yourself; wardmail does not do so by itself.", smtp->remote->host);
    return SMTP_UNKNOWN;
  }
  return refused (smtp, "the mail", text_out);
}

enum smtp_outcome
smtp_send (struct smtp *smtp, const char *from, const char *const *recipients, const guint8 *message, gsize size, smtp_ready_fn ready, gpointer data,
           char **text_out)
{
  *text_out = NULL;
  gboolean valid = address_is_addr_spec (from) && recipients[0] != NULL;
  for (gsize i = 0; valid && recipients[i] != NULL; i++)
    valid = address_is_addr_spec (recipients[i]);
  if (!valid || size < 2 || memcmp (message + size - 2, "\r\n", 2) != 0) {
    *text_out = g_strdup ("An address of this mail is no e-mail address, or its text is incomplete. Nothing was sent.");
    return SMTP_REFUSED;
  }
  if (smtp->size_max > 0 && size > smtp->size_max) {
    *text_out = g_strdup_printf ("%s takes mails of up to %" G_GUINT64_FORMAT " MB, and this one is larger. Nothing was sent.", smtp->remote->host,
                                 smtp->size_max >> 20);
    return SMTP_REFUSED;
  }
  enum smtp_outcome outcome = envelope (smtp, from, recipients, text_out);
  if (outcome != SMTP_ACCEPTED)
    return outcome;
  g_autoptr (GError) error = NULL;
  if (!ready (data, &error)) {
    *text_out = g_strdup (error->message);
    return give_up (smtp, SMTP_REFUSED);
  }
  return content (smtp, message, size, text_out);
}
