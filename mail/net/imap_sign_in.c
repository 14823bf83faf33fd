/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Signing in: AUTHENTICATE PLAIN or EXTERNAL (RFC 3501 6.2.2, RFC 4959), else LOGIN; never before TLS. */
#include "mail/net/imap_p.h"

#include "mail/engine.h"
#include "mail/net/sasl.h"

#include <string.h>

static gboolean
has_mechanism (struct imap *imap, const char *name)
{
  const struct mailimap_connection_info *info = imap->session->imap_connection_info;
  if (info == NULL || info->imap_capability == NULL)
    return FALSE;
  for (clistiter *at = clist_begin (info->imap_capability->cap_list); at != NULL; at = clist_next (at)) {
    const struct mailimap_capability *capability = clist_content (at);
    if (capability->cap_type == MAILIMAP_CAPABILITY_AUTH_TYPE
        && g_ascii_strcasecmp (capability->cap_data.cap_auth_type, name) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
put (struct imap *imap, const char *text)
{
  return mailstream_write (imap->session->imap_stream, text, strlen (text)) >= 0;
}

/* The answer to the line just sent. *more: the server wants the next line ("+"). */
static int
answer (struct imap *imap, gboolean *more)
{
  mailimap *session = imap->session;
  *more = FALSE;
  int flushed = mailstream_flush (session->imap_stream);
  stream_etpan_wipe (session->imap_stream);
  if (flushed == -1)
    return MAILIMAP_ERROR_STREAM;
  const char *line = mailimap_read_line (session);
  if (line == NULL)
    return MAILIMAP_ERROR_STREAM;
  if (line[0] == '+') {
    *more = TRUE;
    return MAILIMAP_NO_ERROR;
  }
  struct mailimap_response *response = NULL;
  int code = mailimap_parse_response (session, &response);
  if (code != MAILIMAP_NO_ERROR)
    return code;
  gboolean fine
      = response->rsp_resp_done->rsp_type == MAILIMAP_RESP_DONE_TYPE_TAGGED
        && response->rsp_resp_done->rsp_data.rsp_tagged->rsp_cond_state->rsp_type == MAILIMAP_RESP_COND_STATE_OK;
  mailimap_response_free (response);
  return fine ? MAILIMAP_NO_ERROR : MAILIMAP_ERROR_LOGIN;
}

/* What the server can do for those who are signed in it says anew, or is asked. */
static void
forget_capabilities (struct imap *imap)
{
  struct mailimap_connection_info *info = imap->session->imap_connection_info;
  if (info != NULL && info->imap_capability != NULL)
    g_clear_pointer (&info->imap_capability, mailimap_capability_data_free);
}

static int
authenticate (struct imap *imap, const char *mechanism, const struct secret *initial)
{
  gboolean direct = imap_has (imap, "SASL-IR"), more = FALSE;
  forget_capabilities (imap);
  if (mailimap_send_current_tag (imap->session) != MAILIMAP_NO_ERROR || !put (imap, "AUTHENTICATE ")
      || !put (imap, mechanism) || (direct && (!put (imap, " ") || !put (imap, secret_peek (initial))))
      || !put (imap, "\r\n"))
    return MAILIMAP_ERROR_STREAM;
  int code = answer (imap, &more);
  if (code == MAILIMAP_NO_ERROR && more && !direct) {
    /* "=" stands for an empty first line only beside the command. */
    if ((strcmp (secret_peek (initial), "=") != 0 && !put (imap, secret_peek (initial))) || !put (imap, "\r\n"))
      return MAILIMAP_ERROR_STREAM;
    code = answer (imap, &more);
  }
  if (code == MAILIMAP_NO_ERROR && more) { /* it wants something that we do not have: cancel */
    if (!put (imap, "*\r\n"))
      return MAILIMAP_ERROR_STREAM;
    code = answer (imap, &more);
    return code == MAILIMAP_NO_ERROR ? MAILIMAP_ERROR_LOGIN : code;
  }
  if (code == MAILIMAP_NO_ERROR)
    imap->session->imap_state = MAILIMAP_STATE_AUTHENTICATED;
  return code;
}

static gboolean
is_plain_ascii (const char *text)
{
  for (; *text != '\0'; text++)
    if ((guchar) *text < 0x20 || (guchar) *text >= 0x7f)
      return FALSE;
  return TRUE;
}

static gboolean
refuse (struct imap *imap, enum engine_error code, const char *why, GError **error)
{
  imap->lost = TRUE;
  g_set_error (error, ENGINE_ERROR, (int) code, "Signing in to %s%s%s failed: %s", imap->remote->host,
               imap->remote->user != NULL ? " as " : "", imap->remote->user != NULL ? imap->remote->user : "", why);
  return FALSE;
}

gboolean
imap_sign_in (struct imap *imap, const struct secret *secret, GError **error)
{
  const struct remote *remote = imap->remote;
  int code;
  if (!stream_is_tls (imap->stream))
    return refuse (imap, ENGINE_ERROR_TLS, "the connection is not protected.", error);
  if (!imap_begin (imap, IMAP_SMALL, IMAP_COMMAND_S, error))
    return FALSE;
  if (strcmp (remote->auth, "external") == 0) {
    if (!has_mechanism (imap, "EXTERNAL"))
      return refuse (imap, ENGINE_ERROR_SIGN_IN, "the server does not take certificates for signing in.", error);
    AUTOFREE (secret) line = sasl_external (remote->user);
    code = authenticate (imap, "EXTERNAL", line);
  } else if (strcmp (remote->auth, "password") == 0) {
    AUTOFREE (secret) line = sasl_plain (remote->user, secret);
    if (line == NULL)
      return refuse (imap, ENGINE_ERROR_SIGN_IN,
                     "there is no password for it. Type it again: wardmail account login NAME", error);
    if (has_mechanism (imap, "PLAIN")) {
      code = authenticate (imap, "PLAIN", line);
    } else if (!imap_has (imap, "LOGINDISABLED") && is_plain_ascii (remote->user)
               && is_plain_ascii (secret_peek (secret))) {
      forget_capabilities (imap);
      code = mailimap_login (imap->session, remote->user, secret_peek (secret));
      stream_etpan_wipe (imap->session->imap_stream);
    } else {
      return refuse (imap, ENGINE_ERROR_SIGN_IN, "the server takes no passwords in a form that wardmail knows.", error);
    }
  } else {
    return refuse (imap, ENGINE_ERROR_SIGN_IN, "this version of wardmail signs in by password or by certificate only.",
                   error);
  }
  if (code == MAILIMAP_NO_ERROR)
    return TRUE;
  if (stream_error (imap->stream) != NULL || code == MAILIMAP_ERROR_STREAM || code == MAILIMAP_ERROR_PARSE)
    return imap_failed (imap, code, "sign in", error);
  if (strcmp (remote->auth, "external") == 0)
    return refuse (
        imap, ENGINE_ERROR_SIGN_IN,
        "the server did not accept the client certificate for this user name. Check both, and ask the people "
        "who run the server.",
        error);
  return refuse (imap, ENGINE_ERROR_SIGN_IN,
                 "the server did not accept the user name or the password. Check both; to type a new password: "
                 "wardmail account login NAME",
                 error);
}
