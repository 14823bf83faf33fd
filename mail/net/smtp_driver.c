/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a server says reaches libetpan line by line, and only as replies of RFC 5321 4.2 that were asked for.
 *
 * Left alone, libetpan 1.9.4 takes "250x", "+250" and "4346 x" for replies and lets the last line of a reply outvote the others, it
 * reads for ever at a tab among the AUTH mechanisms, bounds nothing, and takes for an answer what was said before the question (all
 * measured). So each line is checked here first, control characters become spaces, and the first thing out of order fails the
 * stream. Nothing lies in libetpan's read buffer between two commands. */
#include "mail/net/smtp_p.h"

#include <stdlib.h>
#include <string.h>

#define REPLY_LINES_MAX 100
#define REPLY_BYTES 65536
#define BUFFER_SIZE 16384 /* more than a line of stream_line: a line is handed over whole */

static void
not_understood (struct smtp *smtp)
{
  g_autofree char *sentence = g_strdup_printf (
      "%s answered in a way that wardmail does not understand; the connection was closed.", smtp->remote->host);
  stream_fail (smtp->stream, sentence);
}

/* "250-text", and "250 text" or "250" as the last line of a reply; one code in all of them. */
static gboolean
take_line (struct smtp *smtp, const char *line)
{
  if (!g_ascii_isdigit (line[0]) || !g_ascii_isdigit (line[1]) || !g_ascii_isdigit (line[2])
      || strchr (" -", line[3]) == NULL)
    return FALSE;
  int code = atoi (line);
  if (code < 200 || code > 599 || (smtp->lines > 0 && code != smtp->code) || ++smtp->lines > REPLY_LINES_MAX)
    return FALSE;
  smtp->code = code;
  smtp->answered = line[3] != '-';
  return TRUE;
}

static ssize_t
driver_read (mailstream_low *low, void *buffer, size_t size)
{
  struct smtp *smtp = low->data;
  if (smtp->asked) {
    smtp->asked = smtp->answered = FALSE;
    smtp->lines = 0;
    stream_allow (smtp->stream, REPLY_BYTES, smtp->seconds);
  }
  const char *line = smtp->answered ? NULL : stream_line (smtp->stream);
  gsize length = line == NULL ? 0 : strlen (line);
  if (line == NULL || length + 2 > size || !take_line (smtp, line)) {
    not_understood (smtp); /* unless the stream knows better */
    return -1;
  }
  char *out = buffer;
  for (gsize i = 0; i < length; i++)
    out[i] = g_ascii_iscntrl (line[i]) ? ' ' : line[i];
  memcpy (out + length, "\r\n", 2);
  return (ssize_t) length + 2;
}

/* A server that speaks before it is asked has said something about nothing, or somebody else has. */
static ssize_t
driver_write (mailstream_low *low, const void *bytes, size_t size)
{
  struct smtp *smtp = low->data;
  if (stream_is_ahead (smtp->stream)) {
    smtp->spoke = stream_error (smtp->stream) == NULL;
    g_autofree char *sentence
        = g_strdup_printf ("%s answered before it was asked; the connection was closed.", smtp->remote->host);
    stream_fail (smtp->stream, sentence);
    return -1;
  }
  smtp->asked = TRUE;
  return stream_write (smtp->stream, bytes, size) ? (ssize_t) size : -1;
}

static int
driver_close (mailstream_low *low)
{
  return 0;
}

static int
driver_fd (mailstream_low *low)
{
  return stream_fd (((struct smtp *) low->data)->stream);
}

static void
driver_free (mailstream_low *low)
{
  free (low); /* mailstream_low_new took it from malloc */
}

static void
driver_cancel (mailstream_low *low)
{
}

static mailstream_low_driver driver = {
  .mailstream_read = driver_read,
  .mailstream_write = driver_write,
  .mailstream_close = driver_close,
  .mailstream_get_fd = driver_fd,
  .mailstream_free = driver_free,
  .mailstream_cancel = driver_cancel,
};

mailstream *
smtp_driver_new (struct smtp *smtp)
{
  mailstream_low *low = mailstream_low_new (smtp, &driver);
  mailstream *etpan = low == NULL ? NULL : mailstream_new (low, BUFFER_SIZE);
  if (etpan == NULL && low != NULL)
    mailstream_low_free (low);
  smtp->asked = TRUE; /* connecting asks for the greeting */
  smtp->seconds = SMTP_COMMAND_S;
  return etpan;
}

int
smtp_code (struct smtp *smtp, int result)
{
  int code = result == MAILSMTP_ERROR_STREAM || !smtp->answered ? 0 : smtp->session->response_code;
  if (code == 0)
    not_understood (smtp);
  if (code == 0 || code == 421) /* RFC 5321 3.8: it closes the line */
    smtp->lost = TRUE;
  return code;
}
