/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Waiting for the server to say something (IDLE, RFC 2177), and leaving at once when the engine asks for something.
 *
 * libetpan's own waiting misses what lies in its buffer or in TLS already, and drops what comes before the server's "+". */
#include "mail/net/imap_p.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

static gboolean
send_text (struct imap *imap, const char *text)
{
  mailstream *etpan = imap->session->imap_stream;
  return mailstream_write (etpan, text, strlen (text)) >= 0 && mailstream_flush (etpan) >= 0;
}

/* Up to the "+". Untagged lines before it are news. */
static int
enter (struct imap *imap, gboolean *changed_out)
{
  if (mailimap_send_current_tag (imap->session) != MAILIMAP_NO_ERROR || !send_text (imap, "IDLE\r\n"))
    return MAILIMAP_ERROR_STREAM;
  const char *line;
  while ((line = mailimap_read_line (imap->session)) != NULL) {
    if (line[0] == '+')
      return MAILIMAP_NO_ERROR;
    if (line[0] != '*')
      return MAILIMAP_ERROR_EXTENSION;
    *changed_out = TRUE;
  }
  return MAILIMAP_ERROR_STREAM;
}

static int
leave (struct imap *imap, gboolean *changed_out)
{
  struct mailimap_response *response = NULL;
  if (!send_text (imap, "DONE\r\n") || mailimap_read_line (imap->session) == NULL)
    return MAILIMAP_ERROR_STREAM;
  int code = mailimap_parse_response (imap->session, &response);
  if (code != MAILIMAP_NO_ERROR)
    return code;
  /* "* OK Still here" is no news. */
  const struct mailimap_response_info *info = imap->session->imap_response_info;
  const struct mailimap_selection_info *folder = imap->session->imap_selection_info;
  if ((folder != NULL && folder->sel_has_exists)
      || (info != NULL
          && ((info->rsp_expunged != NULL && !clist_isempty (info->rsp_expunged))
              || (info->rsp_fetch_list != NULL && !clist_isempty (info->rsp_fetch_list))
              || (info->rsp_extension_list != NULL && !clist_isempty (info->rsp_extension_list)))))
    *changed_out = TRUE;
  mailimap_response_free (response);
  return MAILIMAP_NO_ERROR;
}

static gboolean
wait_and_ask (struct imap *imap, int wake_fd, guint timeout_s, gboolean *changed_out, GError **error)
{
  if (stream_wait (imap->stream, wake_fd, (gint64) timeout_s * 1000) == STREAM_WOKEN)
    return TRUE;
  if (!imap_begin (imap, IMAP_SMALL, IMAP_COMMAND_S, error))
    return FALSE;
  int code = mailimap_noop (imap->session);
  *changed_out = TRUE; /* the caller looks */
  return code == MAILIMAP_NO_ERROR || imap_failed (imap, code, "stay connected", error);
}

gboolean
imap_idle (struct imap *imap, int wake_fd, guint timeout_s, const gboolean *called_or_null, gboolean *changed_out,
           GError **error)
{
  *changed_out = FALSE;
  if (!imap_has (imap, "IDLE"))
    return wait_and_ask (imap, wake_fd, timeout_s, changed_out, error);
  if (!imap_begin (imap, IMAP_SMALL, IMAP_COMMAND_S, error))
    return FALSE;
  struct mailimap_selection_info *folder = imap->session->imap_selection_info;
  /* News that came with the answer to something else is not told again. */
  if (folder != NULL && imap->selected != NULL && folder->sel_exists != imap->info.exists) {
    imap->info.exists = folder->sel_exists;
    *changed_out = TRUE;
    return TRUE;
  }
  if (folder != NULL)
    folder->sel_has_exists = 0;
  int code = enter (imap, changed_out);
  if (code == MAILIMAP_NO_ERROR) {
    const gboolean called = called_or_null != NULL && *called_or_null; /* while the server was to say "+" */
    if (!*changed_out && !called && !imap_driver_has_more (imap->session->imap_stream))
      (void) stream_wait (imap->stream, wake_fd, (gint64) timeout_s * 1000);
    stream_allow (imap->stream, IMAP_SMALL, IMAP_COMMAND_S);
    code = leave (imap, changed_out);
  }
  return code == MAILIMAP_NO_ERROR || imap_failed (imap, code, "report new mail", error);
}

gboolean
imap_idle_begin (struct imap *imap, guint seconds, gboolean *changed_out, GError **error)
{
  if (!imap_has (imap, "IDLE") || !imap_begin (imap, IMAP_SMALL, seconds, error))
    return FALSE;
  if (imap->session->imap_selection_info != NULL)
    imap->session->imap_selection_info->sel_has_exists = 0;
  int code = enter (imap, changed_out);
  return code == MAILIMAP_NO_ERROR || imap_failed (imap, code, "report new mail", error);
}

gboolean
imap_idle_end (struct imap *imap, guint seconds, gboolean *changed_out, GError **error)
{
  if (!imap_begin (imap, IMAP_SMALL, seconds, error))
    return FALSE;
  int code = leave (imap, changed_out);
  return code == MAILIMAP_NO_ERROR || imap_failed (imap, code, "report new mail", error);
}

gboolean
imap_idle_has_more (struct imap *imap)
{
  return imap_driver_has_more (imap->session->imap_stream) || stream_wait (imap->stream, -1, 0) != STREAM_TIMEOUT;
}

int
imap_fd (const struct imap *imap)
{
  return stream_fd (imap->stream);
}

gboolean
imap_rest (struct imap *imap, int wake_fd, guint timeout_s, GError **error)
{
  if (!imap_driver_has_more (imap->session->imap_stream)) {
    enum stream_event event = stream_wait (imap->stream, wake_fd, (gint64) timeout_s * 1000);
    if (event == STREAM_WOKEN || event == STREAM_TIMEOUT)
      return TRUE;
  }
  if (!imap_begin (imap, IMAP_SMALL, IMAP_COMMAND_S, error))
    return FALSE;
  int code = mailimap_noop (imap->session); /* it said something: mostly good-bye */
  return code == MAILIMAP_NO_ERROR || imap_failed (imap, code, "stay connected", error);
}
