/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From a server's name to a session that is protected and signed in. */
#include "mail/net/imap_p.h"

#include "crypto/error.h"
#include "mail/engine.h"
#include "mail/message/sanitise.h"

#include <string.h>

#define CLEAR_LINES_MAX 20 /* that a server may say in clear before it answers */

gboolean
imap_is_lost (const struct imap *imap)
{
  return imap->lost;
}

void
imap_set_guest (struct imap *imap, const struct stream_guest *guest)
{
  stream_set_guest (imap->stream, guest);
}

void
imap_set_waiting (struct imap *imap, int fd, guint patience_ms)
{
  stream_set_waiting (imap->stream, fd, patience_ms);
}

char *
imap_protection (const struct imap *imap)
{
  return stream_protection (imap->stream);
}

gboolean
imap_has (const struct imap *imap, const char *capability)
{
  return mailimap_has_extension (imap->session, (char *) capability) != 0;
}

/* What the server says about its refusal, made safe and short. */
static char *
server_words (const struct imap *imap)
{
  const char *text = imap->session->imap_response;
  if (text == NULL || *text == '\0' || !stream_is_tls (imap->stream)) /* in clear anybody may have said it */
    return g_strdup ("it gave no reason");
  g_autofree char *safe = sanitise (text, (gssize) MIN (strlen (text), 200), SANITISE_LINE);
  return g_strdup_printf ("it says “%s”", g_strstrip (safe));
}

gboolean
imap_failed (struct imap *imap, int code, const char *what, GError **error)
{
  const GError *line = stream_error (imap->stream);
  /* libetpan has one code for BAD and for a server that is out of step. */
  if (code == MAILIMAP_ERROR_PROTOCOL
      && imap_driver_said_bad (imap->session->imap_stream, (int) imap->session->imap_tag))
    code = MAILIMAP_ERROR_EXTENSION;
  gboolean broken = line != NULL || code == MAILIMAP_ERROR_STREAM || code == MAILIMAP_ERROR_PARSE
                    || code == MAILIMAP_ERROR_FATAL || code == MAILIMAP_ERROR_PROTOCOL || code == MAILIMAP_ERROR_MEMORY
                    || code == MAILIMAP_ERROR_BAD_STATE || code == MAILIMAP_ERROR_DONT_ACCEPT_CONNECTION
                    || code == MAILIMAP_ERROR_CONNECTION_REFUSED;
  imap->lost = imap->lost || broken;
  if (line != NULL) {
    g_propagate_error (error, g_error_copy (line));
  } else if (broken) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NETWORK,
                 "%s answered in a way that wardmail does not understand; the connection was closed.",
                 imap->remote->host);
  } else {
    g_autofree char *words = server_words (imap);
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "%s refused to %s: %s.", imap->remote->host, what, words);
  }
  return FALSE;
}

gboolean
imap_begin_next (struct imap *imap, guint64 bytes, guint seconds, GError **error)
{
  if (imap->lost) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NETWORK, "The connection to %s is gone.", imap->remote->host);
    return FALSE;
  }
  stream_allow (imap->stream, bytes, seconds);
  return TRUE;
}

gboolean
imap_begin (struct imap *imap, guint64 bytes, guint seconds, GError **error)
{
  imap_fetch_drop_ahead (imap);
  return imap_begin_next (imap, bytes, seconds, error);
}

gboolean
imap_command (struct imap *imap, const char *command, const char *what, GError **error)
{
  if (!imap_begin (imap, IMAP_SMALL, IMAP_COMMAND_S, error))
    return FALSE;
  int code = mailimap_custom_command (imap->session, command);
  return code == MAILIMAP_NO_ERROR || imap_failed (imap, code, what, error);
}

/* RFC 3501 7.1: PREAUTH means signed in already. Before TLS only somebody in between can want that. */
static gboolean
greet (struct imap *imap, GError **error)
{
  mailstream *etpan = imap_driver_new (imap->stream);
  imap->session = mailimap_new (0, NULL);
  int code = etpan == NULL || imap->session == NULL ? MAILIMAP_ERROR_MEMORY : mailimap_connect (imap->session, etpan);
  if (imap->session != NULL && imap->session->imap_stream != NULL)
    mailstream_set_logger (imap->session->imap_stream, NULL, NULL); /* it would be handed passwords */
  if (code == MAILIMAP_NO_ERROR_AUTHENTICATED && stream_is_tls (imap->stream))
    return TRUE;
  if (code == MAILIMAP_NO_ERROR_AUTHENTICATED) {
    g_set_error (error, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE,
                 "%s claims to have signed you in before the connection was protected, which an attacker would do. "
                 "wardmail has stopped.",
                 imap->remote->host);
    return FALSE;
  }
  return code == MAILIMAP_NO_ERROR_NON_AUTHENTICATED || code == MAILIMAP_NO_ERROR
         || imap_failed (imap, code, "talk to wardmail", error);
}

/* Unless the server has said it by itself, with its greeting or with its word that we are signed in (RFC 3501, 7.1). */
static gboolean
ask_capabilities (struct imap *imap, GError **error)
{
  struct mailimap_capability_data *data = NULL;
  const struct mailimap_connection_info *info = imap->session->imap_connection_info;
  if (info != NULL && info->imap_capability != NULL)
    return TRUE;
  if (!imap_begin (imap, IMAP_SMALL, IMAP_COMMAND_S, error))
    return FALSE;
  int code = mailimap_capability (imap->session, &data);
  if (code != MAILIMAP_NO_ERROR)
    return imap_failed (imap, code, "say what it can do", error);
  mailimap_capability_data_free (data);
  return TRUE;
}

/* Asks for TLS. What the server says before it answers is passed over unread: anybody can have said it. MAILIMAP_NO_ERROR: it agrees. */
static int
ask_for_tls (struct imap *imap)
{
  mailimap *session = imap->session;
  if (mailimap_send_current_tag (session) != MAILIMAP_NO_ERROR
      || mailstream_write (session->imap_stream, "STARTTLS\r\n", 10) < 0
      || mailstream_flush (session->imap_stream) == -1)
    return MAILIMAP_ERROR_STREAM;
  g_autofree char *tag = g_strdup_printf ("%i ", session->imap_tag);
  for (guint i = 0; i < CLEAR_LINES_MAX; i++) {
    const char *line = mailimap_read_line (session);
    if (line == NULL)
      return MAILIMAP_ERROR_STREAM;
    if (g_str_has_prefix (line, tag))
      return g_ascii_strncasecmp (line + strlen (tag), "OK", 2) == 0 ? MAILIMAP_NO_ERROR : MAILIMAP_ERROR_STARTTLS;
    if (line[0] != '*')
      break;
  }
  return MAILIMAP_ERROR_PROTOCOL;
}

/* The server's word that TLS may start counts only as the last thing it says in clear. */
static gboolean
protect (struct imap *imap, GError **error)
{
  if (stream_is_tls (imap->stream))
    return TRUE;
  if (!imap_begin (imap, IMAP_SMALL, IMAP_COMMAND_S, error))
    return FALSE;
  int code = ask_for_tls (imap);
  if (code != MAILIMAP_NO_ERROR) {
    if (stream_error (imap->stream) != NULL)
      return imap_failed (imap, code, "protect the connection", error);
    imap->lost = TRUE;
    g_set_error (error, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE,
                 "%s does not offer a protected connection, so no password was sent. Check the server's settings, or "
                 "ask its administrator.",
                 imap->remote->host);
    return FALSE;
  }
  mailstream *etpan = imap->session->imap_stream;
  if (!stream_start_tls (imap->stream, imap_driver_is_amid (etpan), error)) {
    imap->lost = TRUE;
    return FALSE;
  }
  /* Nothing that was said in clear is remembered: capabilities, texts, numbers. */
  mailimap *fresh = mailimap_new (0, NULL);
  if (fresh == NULL)
    return imap_failed (imap, MAILIMAP_ERROR_MEMORY, "protect the connection", error);
  fresh->imap_stream = etpan;
  fresh->imap_state = MAILIMAP_STATE_NON_AUTHENTICATED;
  fresh->imap_connection_info = mailimap_connection_info_new ();
  imap->session->imap_stream = NULL;
  mailimap_free (imap->session);
  imap->session = fresh;
  return TRUE;
}

struct imap *
imap_open_over (struct stream *stream_take, const struct remote *remote, const struct secret *secret, GError **error)
{
  AUTOFREE (imap) imap = g_new0 (struct imap, 1);
  imap->remote = remote;
  imap->stream = stream_take;
  if (!greet (imap, error) || !protect (imap, error) || !ask_capabilities (imap, error))
    return NULL;
  if (imap->session->imap_state != MAILIMAP_STATE_AUTHENTICATED
      && (!imap_sign_in (imap, secret, error) || !ask_capabilities (imap, error)))
    return NULL;
  return g_steal_pointer (&imap);
}

struct imap *
imap_open (const struct remote *remote, const struct secret *secret, const struct stream_guest *guest, GError **error)
{
  g_autoptr (GError) problem = NULL;
  struct imap *imap;
  guint tries = 0;
  do {
    struct stream *stream = stream_open (remote, guest, &problem);
    imap = stream == NULL ? NULL : imap_open_over (stream, remote, secret, &problem);
  } while (imap == NULL && stream_open_again (guest, &tries, &problem));
  if (imap != NULL)
    imap_set_guest (imap, NULL);
  else
    g_propagate_error (error, g_steal_pointer (&problem));
  return imap;
}

void
imap_close (struct imap *imap)
{
  if (imap->session != NULL && imap->session->imap_stream != NULL) {
    mailstream *etpan = imap->session->imap_stream;
    if (!imap->lost && stream_error (imap->stream) == NULL)
      (void) stream_write (imap->stream, "bye LOGOUT\r\n", 12);
    imap->session->imap_stream = NULL; /* or mailimap_free would talk to the remote, and wait for it */
    stream_etpan_close (etpan);
  }
  imap->lost = TRUE;
  imap_fetch_drop_ahead (imap);
  if (imap->session != NULL)
    mailimap_free (imap->session);
  stream_free (imap->stream);
  g_free (imap->selected);
  g_free (imap->open);
  g_free (imap);
}

gboolean
imap_select (struct imap *imap, const char *path, gboolean fresh, struct imap_selected *out, GError **error)
{
  if (!fresh && g_strcmp0 (imap->selected, path) == 0) {
    *out = imap->info;
    return TRUE;
  }
  g_autofree char *what = g_strdup_printf ("open the folder “%s”", path);
  guint64 modseq = 0;
  g_clear_pointer (&imap->selected, g_free);
  if (!imap_begin (imap, IMAP_SMALL, IMAP_COMMAND_S, error))
    return FALSE;
  int code = imap_has (imap, "CONDSTORE") ? mailimap_select_condstore (imap->session, path, &modseq)
                                          : mailimap_select (imap->session, path);
  if (code != MAILIMAP_NO_ERROR)
    return imap_failed (imap, code, what, error);
  const struct mailimap_selection_info *info = imap->session->imap_selection_info;
  imap->info = (struct imap_selected){ .uidvalidity = info->sel_uidvalidity,
                                       .uidnext = info->sel_uidnext,
                                       .exists = info->sel_has_exists ? info->sel_exists : 0,
                                       .modseq = modseq };
  imap->selected = g_strdup (path);
  g_free (imap->open);
  imap->open = g_strdup (path);
  *out = imap->info;
  return TRUE;
}
