/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* COMPRESS=DEFLATE (RFC 4978), asked for in the middle of a session, when its line has proved slow. By then we are signed in, over TLS, and no secret of
 * ours is said any more; each mail is fetched once, so nobody can try what packs well beside it. */
#include "mail/net/imap_p.h"

gboolean
imap_may_compress (const struct imap *imap)
{
  return !imap->compress_asked && stream_is_tls (imap->stream) && imap_has (imap, "COMPRESS=DEFLATE");
}

gboolean
imap_compress (struct imap *imap, GError **error)
{
  g_autoptr (GError) problem = NULL;
  if (!imap_may_compress (imap))
    return TRUE;
  imap->compress_asked = TRUE;
  if (!imap_begin (imap, IMAP_SMALL, IMAP_COMMAND_S, error))
    return FALSE;
  int code = mailimap_custom_command (imap->session, "COMPRESS DEFLATE");
  if (code != MAILIMAP_NO_ERROR) {
    (void) imap_failed (imap, code, "compress what it sends", &problem);
    if (!imap->lost)
      return TRUE; /* it goes on as it was */
    g_propagate_error (error, g_steal_pointer (&problem));
    return FALSE;
  }
  /* What follows its word is packed already, and nothing was asked. */
  if (imap_driver_is_amid (imap->session->imap_stream))
    stream_fail (imap->stream,
                 "The mail server said something while the connection was being compressed; it was closed.");
  else if (!stream_start_deflate (imap->stream))
    stream_fail (imap->stream, "There is not enough memory to compress the connection to the mail server.");
  return stream_error (imap->stream) == NULL || imap_failed (imap, MAILIMAP_ERROR_STREAM, "compress", error);
}
