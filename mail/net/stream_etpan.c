/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The stream as a driver of libetpan's mailstream. TLS begins inside the stream, so libetpan never swaps the driver.
 *
 * The driver answers -1 at the end of the line, never 0: libetpan would read again for ever. It has no logger: libetpan would hand it
 * passwords. */
#include "mail/net/stream.h"

#include "crypto/guard/secret.h"

#include <libetpan/libetpan.h>
#include <stdlib.h>

#define BUFFER_SIZE 16384

static ssize_t
driver_read (mailstream_low *low, void *buffer, size_t size)
{
  return stream_read (low->data, buffer, size);
}

static ssize_t
driver_write (mailstream_low *low, const void *bytes, size_t size)
{
  return stream_write (low->data, bytes, size) ? (ssize_t) size : -1;
}

static int
driver_close (mailstream_low *low)
{
  return 0;
}

static int
driver_fd (mailstream_low *low)
{
  return stream_fd (low->data);
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
stream_etpan (struct stream *stream)
{
  mailstream_low *low = mailstream_low_new (stream, &driver);
  mailstream *etpan = low == NULL ? NULL : mailstream_new (low, BUFFER_SIZE);
  if (etpan == NULL && low != NULL)
    mailstream_low_free (low);
  return etpan;
}

void
stream_etpan_wipe (mailstream *etpan)
{
  secret_wipe (etpan->write_buffer + etpan->write_buffer_len, etpan->buffer_max_size - etpan->write_buffer_len);
  secret_wipe (etpan->read_buffer + etpan->read_buffer_len, etpan->buffer_max_size - etpan->read_buffer_len);
}

void
stream_etpan_close (mailstream *etpan)
{
  etpan->write_buffer_len = etpan->read_buffer_len = 0; /* a line that broke leaves what it did not take */
  stream_etpan_wipe (etpan);
  mailstream_close (etpan);
}
