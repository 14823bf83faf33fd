/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands that are sent before the answers to others have been read, so that nobody waits for the line (RFC 3501, 5.5). A server may work at several
 * of them at once and answer in any order. libetpan knows one command at a time, but its parser reads up to a tagged answer; whose that was, the filter
 * has noted. */
#include "mail/net/imap_p.h"

#include <stdlib.h>
#include <string.h>

void
imap_pipe_begin (struct imap *imap)
{
  char *old;
  while ((old = imap_driver_next_tagged (imap->session->imap_stream)) != NULL)
    g_free (old);
}

int
imap_pipe_send (struct imap *imap, const char *command)
{
  mailimap *session = imap->session;
  if (mailimap_send_current_tag (session) != MAILIMAP_NO_ERROR
      || mailstream_write (session->imap_stream, command, strlen (command)) < 0
      || mailstream_write (session->imap_stream, "\r\n", 2) < 0)
    return 0;
  return (int) session->imap_tag;
}

gboolean
imap_pipe_flush (struct imap *imap)
{
  return mailstream_flush (imap->session->imap_stream) != -1;
}

int
imap_pipe_answer (struct imap *imap, int *tag_out)
{
  mailimap *session = imap->session;
  struct mailimap_response *response = NULL;
  *tag_out = 0;
  if (mailimap_read_line (session) == NULL)
    return MAILIMAP_ERROR_STREAM;
  int code = mailimap_parse_response (session, &response);
  gboolean over = code == MAILIMAP_NO_ERROR && response->rsp_resp_done->rsp_type != MAILIMAP_RESP_DONE_TYPE_TAGGED;
  if (code == MAILIMAP_NO_ERROR)
    mailimap_response_free (response);
  /* To libetpan another tag than the last one is a fault of the protocol; and BAD is the same. */
  if (over || (code != MAILIMAP_NO_ERROR && code != MAILIMAP_ERROR_PROTOCOL))
    return over ? MAILIMAP_ERROR_STREAM : code;
  g_autofree char *tagged = imap_driver_next_tagged (session->imap_stream);
  const char *word = tagged == NULL ? NULL : strchr (tagged, ' ');
  if (word == NULL && code == MAILIMAP_NO_ERROR) /* the filter has given up; to libetpan it was the last command */
    *tag_out = (int) session->imap_tag;
  if (word == NULL)
    return code;
  *tag_out = atoi (tagged);
  return g_ascii_strcasecmp (word + 1, "OK") == 0 ? MAILIMAP_NO_ERROR : MAILIMAP_ERROR_EXTENSION;
}
