/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The buffers of a mailstream, which hold what was said until something else is. */
#include "mail/net/stream.h"

#include "crypto/guard/secret.h"

#include <libetpan/libetpan.h>

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
