/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The stream as a driver of libetpan's mailstream, for IMAP. TLS begins inside the stream, so libetpan never swaps the driver.
 *
 * The driver answers -1 at the end of the line, never 0: libetpan would read again for ever. It has no logger: libetpan would hand it
 * passwords. */
#include "mail/net/imap_filter.h"
#include "mail/net/imap_p.h"

#include <stdlib.h>

#define BUFFER_SIZE 16384

struct line {
  struct stream *stream;
  struct imap_filter *filter;
  void (*hear) (const void *bytes, gsize size, gpointer data); /* NULL */
  gpointer hear_data;
};

static ssize_t
driver_read (mailstream_low *low, void *buffer, size_t size)
{
  struct line *line = low->data;
  while (!imap_filter_has_more (line->filter)) {
    ssize_t got = stream_read (line->stream, buffer, size);
    if (got <= 0)
      return -1;
    imap_filter_feed (line->filter, buffer, (gsize) got);
  }
  gsize taken = imap_filter_take (line->filter, buffer, size);
  if (line->hear != NULL)
    line->hear (buffer, taken, line->hear_data);
  return (ssize_t) taken;
}

static ssize_t
driver_write (mailstream_low *low, const void *bytes, size_t size)
{
  return stream_write (((struct line *) low->data)->stream, bytes, size) ? (ssize_t) size : -1;
}

static int
driver_close (mailstream_low *low)
{
  return 0;
}

static int
driver_fd (mailstream_low *low)
{
  return stream_fd (((struct line *) low->data)->stream);
}

static void
driver_free (mailstream_low *low)
{
  struct line *line = low->data;
  imap_filter_free (line->filter);
  g_free (line);
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
imap_driver_new (struct stream *stream)
{
  struct line *line = g_new (struct line, 1);
  *line = (struct line){ .stream = stream, .filter = imap_filter_new () };
  mailstream_low *low = mailstream_low_new (line, &driver);
  mailstream *etpan = low == NULL ? NULL : mailstream_new (low, BUFFER_SIZE);
  if (etpan == NULL && low != NULL) {
    mailstream_low_free (low);
  } else if (low == NULL) {
    imap_filter_free (line->filter);
    g_free (line);
  }
  return etpan;
}

static struct imap_filter *
filter_of (const mailstream *etpan)
{
  return ((struct line *) etpan->low->data)->filter;
}

gboolean
imap_driver_has_more (const mailstream *etpan)
{
  return etpan->read_buffer_len > 0 || imap_filter_has_more (filter_of (etpan));
}

gboolean
imap_driver_is_amid (const mailstream *etpan)
{
  return etpan->read_buffer_len > 0 || imap_filter_is_amid (filter_of (etpan));
}

gboolean
imap_driver_said_bad (const mailstream *etpan, int tag)
{
  g_autofree char *text = g_strdup_printf ("%i", tag);
  return imap_filter_said_bad (filter_of (etpan), text);
}

char *
imap_driver_next_tagged (const mailstream *etpan)
{
  return imap_filter_next_tagged (filter_of (etpan));
}

void
imap_driver_listen (mailstream *etpan, void (*hear) (const void *bytes, gsize size, gpointer data), gpointer data)
{
  struct line *line = etpan->low->data;
  line->hear = hear;
  line->hear_data = data;
}
