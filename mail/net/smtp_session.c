/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Connecting to a submission server: greeting, TLS, what it can do, signing in.
 *
 * EHLO and AUTH are said through libetpan's plain command functions. mailesmtp_ehlo would tell the machine's name or its inner address
 * (and no IPv6 one: it asks for 16 bytes of it). mailesmtp_auth_sasl cuts a line of more than 512 bytes off without its end, leaves
 * the password unwiped on its stack and heap, and has cyrus-sasl load plug-ins that the sandbox keeps away; libetpan also takes
 * PLAIN-CLIENTTOKEN for PLAIN and knows no EXTERNAL. */
#include "mail/net/smtp_p.h"

#include "crypto/error.h"
#include "mail/engine.h"
#include "mail/message/sanitise.h"
#include "mail/net/sasl.h"

#include <string.h>

gboolean
smtp_is_lost (const struct smtp *smtp)
{
  return smtp->lost || stream_error (smtp->stream) != NULL;
}

char *
smtp_protection (const struct smtp *smtp)
{
  return stream_protection (smtp->stream);
}

char *
smtp_words (const struct smtp *smtp)
{
  const char *text = smtp->session == NULL || smtp->session->response == NULL ? "" : smtp->session->response;
  if (!stream_is_tls (smtp->stream)) /* in clear anybody may have said it: the words go no further */
    return g_strdup_printf ("it answered with %d before the connection was protected",
                            smtp->session == NULL ? 0 : smtp->session->response_code);
  g_autofree char *one_line = g_strstrip (g_strdelimit (g_strndup (text, 200), "\r\n", ' '));
  g_autofree char *safe = sanitise (one_line, -1, SANITISE_LINE);
  return g_strdup_printf ("it says “%d %s”", smtp->session == NULL ? 0 : smtp->session->response_code,
                          g_strstrip (safe));
}

static gboolean
failed (struct smtp *smtp, enum engine_error code, const char *what, GError **error)
{
  const GError *line = stream_error (smtp->stream);
  smtp->lost = TRUE;
  if (line != NULL) {
    g_propagate_error (error, g_error_copy (line));
    return FALSE;
  }
  g_autofree char *words = smtp_words (smtp);
  g_set_error (error, ENGINE_ERROR, (int) code, "%s %s: %s.", smtp->remote->host, what, words);
  return FALSE;
}

/* The mechanisms that are whole words of an AUTH line. */
static void
take_mechanisms (struct smtp *smtp)
{
  g_auto (GStrv) lines = g_strsplit (smtp->session->response, "\n", -1);
  smtp->plain = smtp->external = FALSE;
  for (gsize i = 1; lines[0] != NULL && lines[i] != NULL; i++) {
    g_auto (GStrv) words = g_strsplit_set (g_strstrip (lines[i]), " =", -1);
    for (gsize w = 1; words[0] != NULL && g_ascii_strcasecmp (words[0], "AUTH") == 0 && words[w] != NULL; w++) {
      smtp->plain = smtp->plain || g_ascii_strcasecmp (words[w], "PLAIN") == 0;
      smtp->external = smtp->external || g_ascii_strcasecmp (words[w], "EXTERNAL") == 0;
    }
  }
}

/* The fixed literal tells nothing about this machine. */
static gboolean
hello (struct smtp *smtp, GError **error)
{
  char command[] = "EHLO [127.0.0.1]\r\n";
  gboolean sent = mailsmtp_send_command (smtp->session, command) != -1;
  if (sent)
    (void) mailsmtp_read_response (smtp->session);
  if (smtp_code (smtp, sent ? MAILSMTP_NO_ERROR : MAILSMTP_ERROR_STREAM) != 250)
    return failed (smtp, ENGINE_ERROR_NETWORK, "does not talk to wardmail", error);
  take_mechanisms (smtp);
  (void) mailesmtp_parse_ehlo (
      smtp->session); /* it always succeeds; the driver has taken the tabs out that it would not survive */
  return TRUE;
}

/* Nothing that was said in clear is remembered: offers, sizes, texts. */
static gboolean
forget (struct smtp *smtp, GError **error)
{
  mailsmtp *fresh = mailsmtp_new (0, NULL);
  if (fresh == NULL) {
    smtp->lost = TRUE;
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "There is not enough memory to talk to %s.",
                 smtp->remote->host);
    return FALSE;
  }
  fresh->stream = smtp->session->stream;
  smtp->session->stream = NULL;
  mailsmtp_free (smtp->session);
  smtp->session = fresh;
  return TRUE;
}

static gboolean
protect (struct smtp *smtp, GError **error)
{
  if (stream_is_tls (smtp->stream))
    return TRUE;
  if ((smtp->session->esmtp & MAILSMTP_ESMTP_STARTTLS) == 0
      || smtp_code (smtp, mailesmtp_starttls (smtp->session)) != 220) {
    if (stream_error (smtp->stream) != NULL)
      return failed (smtp, ENGINE_ERROR_NETWORK, "broke off", error);
    smtp->lost = TRUE;
    g_set_error (error, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE,
                 "%s does not offer a protected connection, so no password and no mail was sent. Check the server's "
                 "settings, or ask its "
                 "administrator.",
                 smtp->remote->host);
    return FALSE;
  }
  return stream_start_tls (smtp->stream, smtp->session->stream->read_buffer_len > 0, error) && forget (smtp, error)
         && hello (smtp, error);
}

static gboolean
refuse (struct smtp *smtp, const char *why, GError **error)
{
  smtp->lost = TRUE;
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_SIGN_IN, "Signing in to %s%s%s failed: %s", smtp->remote->host,
               smtp->remote->user != NULL ? " as " : "", smtp->remote->user != NULL ? smtp->remote->user : "", why);
  return FALSE;
}

/* One line, in memory that is wiped; so is the buffer that it goes through. */
static int
authenticate (struct smtp *smtp, const char *verb, const struct secret *line)
{
  char *text = g_strconcat (verb, secret_peek (line), "\r\n", NULL);
  gboolean sent = mailsmtp_send_command_private (smtp->session, text) != -1;
  secret_wipe (text, strlen (text));
  g_free (text);
  stream_etpan_wipe (smtp->session->stream);
  if (sent)
    (void) mailsmtp_read_response (smtp->session);
  return smtp_code (smtp, sent ? MAILSMTP_NO_ERROR : MAILSMTP_ERROR_STREAM);
}

static gboolean
sign_in (struct smtp *smtp, const struct secret *secret, GError **error)
{
  gboolean external = strcmp (smtp->remote->auth, "external") == 0;
  if (!stream_is_tls (smtp->stream))
    return refuse (smtp, "the connection is not protected.", error);
  if (!external && strcmp (smtp->remote->auth, "password") != 0)
    return refuse (smtp, "this version of wardmail signs in by password or by certificate only.", error);
  if (external && !smtp->external) /* many servers take the certificate itself for the sign-in */
    return TRUE;
  if (!external && !smtp->plain)
    return refuse (smtp, "the server takes no passwords in a form that wardmail knows.", error);
  AUTOFREE (secret) line = external ? sasl_external (smtp->remote->user) : sasl_plain (smtp->remote->user, secret);
  if (line == NULL)
    return refuse (smtp, "there is no password for it. Type it again: wardmail account login NAME", error);
  int code = authenticate (smtp, external ? "AUTH EXTERNAL " : "AUTH PLAIN ", line);
  if (code == 235)
    return TRUE;
  if (code == 0)
    return failed (smtp, ENGINE_ERROR_NETWORK, "broke off", error);
  if (code < 500)
    return failed (smtp, ENGINE_ERROR_NETWORK, "could not check the password just now", error);
  if (external)
    return refuse (
        smtp,
        "the server did not accept the client certificate for this user name. Check both, and ask the people "
        "who run the server.",
        error);
  return refuse (smtp,
                 "the server did not accept the user name or the password. Check both; to type a new password: "
                 "wardmail account login NAME",
                 error);
}

/* libetpan closes the mailstream itself where it does not like the greeting. */
static gboolean
greet (struct smtp *smtp, GError **error)
{
  mailstream *etpan = smtp_driver_new (smtp);
  smtp->session = etpan == NULL ? NULL : mailsmtp_new (0, NULL);
  if (smtp->session == NULL) {
    if (etpan != NULL)
      stream_etpan_close (etpan);
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "There is not enough memory to talk to %s.",
                 smtp->remote->host);
    return FALSE;
  }
  int code = smtp_code (smtp, mailsmtp_connect (smtp->session, etpan));
  if (code != 220)
    return failed (smtp, ENGINE_ERROR_NETWORK, "does not take mail now", error);
  mailstream_set_logger (etpan, NULL, NULL); /* it would be handed passwords */
  return TRUE;
}

struct smtp *
smtp_open_over (struct stream *stream_take, const struct remote *remote, const struct secret *secret, GError **error)
{
  AUTOFREE (smtp) smtp = g_new0 (struct smtp, 1);
  smtp->remote = remote;
  smtp->stream = stream_take;
  if (!greet (smtp, error) || !hello (smtp, error) || !protect (smtp, error) || !sign_in (smtp, secret, error))
    return NULL;
  return g_steal_pointer (&smtp);
}

struct smtp *
smtp_open (const struct remote *remote, const struct secret *secret, const struct stream_guest *guest, GError **error)
{
  g_autoptr (GError) problem = NULL;
  struct smtp *smtp;
  guint tries = 0;
  do {
    struct stream *stream = stream_open (remote, guest, &problem);
    smtp = stream == NULL ? NULL : smtp_open_over (stream, remote, secret, &problem);
  } while (smtp == NULL && stream_open_again (guest, &tries, &problem));
  if (smtp == NULL)
    g_propagate_error (error, g_steal_pointer (&problem));
  return smtp;
}

void
smtp_close (struct smtp *smtp)
{
  mailstream *etpan = smtp->session == NULL ? NULL : smtp->session->stream;
  if (etpan != NULL && !smtp_is_lost (smtp)) {
    (void) mailsmtp_quit (smtp->session); /* says it, and closes without waiting */
  } else if (etpan != NULL) {
    smtp->session->stream = NULL; /* or mailsmtp_free would talk to the remote */
    stream_etpan_close (etpan);
  }
  if (smtp->session != NULL)
    mailsmtp_free (smtp->session);
  stream_free (smtp->stream);
  g_free (smtp);
}
