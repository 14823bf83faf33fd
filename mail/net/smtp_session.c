/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Connecting to a submission server: greeting, TLS, what it can do, signing in. */
#include "mail/net/smtp_p.h"

#include "crypto/error.h"
#include "mail/engine.h"
#include "mail/message/sanitise.h"
#include "mail/net/sasl.h"

#include <stdlib.h>
#include <string.h>

#define REPLY_LINES_MAX 100
#define REPLY_BYTES 65536
#define COMMAND_S 120

gboolean
smtp_is_lost (const struct smtp *smtp)
{
  return smtp->lost || stream_error (smtp->stream) != NULL;
}

/* RFC 5321 4.2: "250-text" lines, the last one "250 text". */
int
smtp_reply (struct smtp *smtp, guint seconds)
{
  g_string_truncate (smtp->reply, 0);
  stream_allow (smtp->stream, REPLY_BYTES, seconds);
  int code = 0;
  for (guint i = 0; i < REPLY_LINES_MAX; i++) {
    const char *line = stream_line (smtp->stream);
    if (line == NULL)
      break;
    gsize size = strlen (line);
    int this_code = size >= 3 && g_ascii_isdigit (line[0]) && g_ascii_isdigit (line[1]) && g_ascii_isdigit (line[2]) ? atoi (line) : 0;
    if (this_code < 200 || this_code > 599 || (code != 0 && this_code != code) || (size > 3 && line[3] != ' ' && line[3] != '-'))
      break;
    code = this_code;
    if (smtp->reply->len > 0)
      g_string_append_c (smtp->reply, '\n');
    g_string_append (smtp->reply, size > 4 ? line + 4 : "");
    if (size == 3 || line[3] == ' ') {
      smtp->code = code;
      if (code == 421) /* RFC 5321 3.8: it closes the line */
        smtp->lost = TRUE;
      return code;
    }
  }
  g_autofree char *sentence = g_strdup_printf ("%s answered in a way that wardmail does not understand; the connection was closed.",
                                               smtp->remote->host);
  stream_fail (smtp->stream, sentence);
  smtp->lost = TRUE;
  smtp->code = 0;
  return 0;
}

int
smtp_command (struct smtp *smtp, const char *verb, const char *rest)
{
  g_autofree char *line = g_strconcat (verb, rest, "\r\n", NULL);
  return stream_write (smtp->stream, line, strlen (line)) ? smtp_reply (smtp, COMMAND_S) : 0;
}

char *
smtp_words (const struct smtp *smtp)
{
  g_autofree char *safe = sanitise (smtp->reply->str, (gssize) MIN (smtp->reply->len, 200), SANITISE_LINE);
  return g_strdup_printf ("it says “%d %s”", smtp->code, g_strstrip (safe));
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

/* The fixed literal tells nothing about this machine. */
static gboolean
hello (struct smtp *smtp, GError **error)
{
  if (smtp_command (smtp, "EHLO ", "[127.0.0.1]") != 250)
    return failed (smtp, ENGINE_ERROR_NETWORK, "does not talk to wardmail", error);
  g_auto (GStrv) lines = g_strsplit (smtp->reply->str, "\n", -1);
  smtp->starttls = smtp->plain = smtp->external = FALSE;
  smtp->size_max = 0;
  for (gsize i = 1; lines[0] != NULL && lines[i] != NULL; i++) {
    g_auto (GStrv) words = g_strsplit_set (g_strstrip (lines[i]), " =", -1);
    if (words[0] == NULL)
      continue;
    smtp->starttls = smtp->starttls || g_ascii_strcasecmp (words[0], "STARTTLS") == 0;
    if (g_ascii_strcasecmp (words[0], "SIZE") == 0 && words[1] != NULL)
      smtp->size_max = g_ascii_strtoull (words[1], NULL, 10);
    for (gsize w = 1; g_ascii_strcasecmp (words[0], "AUTH") == 0 && words[w] != NULL; w++) {
      smtp->plain = smtp->plain || g_ascii_strcasecmp (words[w], "PLAIN") == 0;
      smtp->external = smtp->external || g_ascii_strcasecmp (words[w], "EXTERNAL") == 0;
    }
  }
  return TRUE;
}

static gboolean
protect (struct smtp *smtp, GError **error)
{
  if (stream_is_tls (smtp->stream))
    return TRUE;
  if (!smtp->starttls || smtp_command (smtp, "STARTTLS", "") != 220) {
    if (stream_error (smtp->stream) != NULL)
      return failed (smtp, ENGINE_ERROR_NETWORK, "broke off", error);
    smtp->lost = TRUE;
    g_set_error (error, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE,
                 "%s does not offer a protected connection, so no password and no mail was sent. Check the server's settings, or ask its "
                 "administrator.", smtp->remote->host);
    return FALSE;
  }
  return stream_start_tls (smtp->stream, FALSE, error) && hello (smtp, error);
}

static gboolean
refuse (struct smtp *smtp, const char *why, GError **error)
{
  smtp->lost = TRUE;
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_SIGN_IN, "Signing in to %s%s%s failed: %s", smtp->remote->host,
               smtp->remote->user != NULL ? " as " : "", smtp->remote->user != NULL ? smtp->remote->user : "", why);
  return FALSE;
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
    return refuse (smtp, "there is no password for it. Enter it again in the account's settings.", error);
  const char *verb = external ? "AUTH EXTERNAL " : "AUTH PLAIN ";
  gboolean sent = stream_write (smtp->stream, verb, strlen (verb)) && stream_write (smtp->stream, secret_peek (line), secret_size (line))
                  && stream_write (smtp->stream, "\r\n", 2);
  int code = sent ? smtp_reply (smtp, COMMAND_S) : 0;
  if (code == 235)
    return TRUE;
  if (code == 0)
    return failed (smtp, ENGINE_ERROR_NETWORK, "broke off", error);
  if (code < 500)
    return failed (smtp, ENGINE_ERROR_NETWORK, "could not check the password just now", error);
  return refuse (smtp, "the server did not accept the user name or the password. Check both in the account's settings.", error);
}

struct smtp *
smtp_open_over (struct stream *stream_take, const struct remote *remote, const struct secret *secret, GError **error)
{
  AUTOFREE (smtp) smtp = g_new0 (struct smtp, 1);
  smtp->remote = remote;
  smtp->stream = stream_take;
  smtp->reply = g_string_new (NULL);
  if (smtp_reply (smtp, COMMAND_S) != 220) {
    failed (smtp, ENGINE_ERROR_NETWORK, "does not take mail now", error);
    return NULL;
  }
  if (!hello (smtp, error) || !protect (smtp, error) || !sign_in (smtp, secret, error))
    return NULL;
  return g_steal_pointer (&smtp);
}

struct smtp *
smtp_open (const struct remote *remote, const struct secret *secret, GError **error)
{
  struct stream *stream = stream_open (remote, error);
  return stream == NULL ? NULL : smtp_open_over (stream, remote, secret, error);
}

void
smtp_close (struct smtp *smtp)
{
  if (!smtp_is_lost (smtp))
    (void) stream_write (smtp->stream, "QUIT\r\n", 6);
  stream_free (smtp->stream);
  g_string_free (smtp->reply, TRUE);
  g_free (smtp);
}
