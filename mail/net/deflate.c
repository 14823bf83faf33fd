/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See deflate.h. zlib. */
#include "mail/net/deflate.h"

#include <zlib.h>

#define ROOM 16384
#define PACKED_STEP 4096
#define EMPTY_MAX 65536 /* bytes in a row that may hold nothing */

struct deflate {
  z_stream in, out;
  guint8 room[ROOM];
  gboolean full; /* the last buffer was filled: there may be more without more coming in */
  gboolean broken;
  gsize empty; /* bytes that came since something was taken */
  GByteArray *packed;
};

struct deflate *
deflate_new (void)
{
  struct deflate *it = g_new0 (struct deflate, 1);
  it->packed = g_byte_array_new ();
  gboolean in = inflateInit2 (&it->in, -MAX_WBITS) == Z_OK;
  gboolean out = deflateInit2 (&it->out, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK;
  if (in && out)
    return it;
  deflate_free (it);
  return NULL;
}

void
deflate_free (struct deflate *it)
{
  (void) inflateEnd (&it->in);
  (void) deflateEnd (&it->out);
  g_byte_array_unref (it->packed);
  g_free (it);
}

guint8 *
deflate_room (struct deflate *it, gsize *size_out)
{
  *size_out = ROOM;
  return it->room;
}

void
deflate_came (struct deflate *it, gsize size)
{
  it->in.next_in = it->room;
  it->in.avail_in = (uInt) MIN (size, ROOM);
  it->empty += size;
}

gboolean
deflate_has_more (const struct deflate *it)
{
  return it->in.avail_in > 0 || it->full;
}

gssize
deflate_take (struct deflate *it, void *buffer, gsize size)
{
  if (it->broken)
    return -1;
  if (size == 0 || !deflate_has_more (it))
    return 0;
  const uInt room = (uInt) MIN (size, G_MAXINT);
  it->in.next_out = buffer;
  it->in.avail_out = room;
  int code = inflate (&it->in, Z_SYNC_FLUSH);
  const uInt got = room - it->in.avail_out;
  it->full = it->in.avail_out == 0;
  it->empty = got > 0 ? 0 : it->empty;
  /* Z_BUF_ERROR: it needs more. The end of the stream, which RFC 4978 does not know, comes after what it still held. */
  it->broken = (code != Z_OK && code != Z_BUF_ERROR) || it->empty > EMPTY_MAX;
  return got > 0 ? (gssize) got : it->broken ? -1 : 0;
}

const guint8 *
deflate_pack (struct deflate *it, const void *bytes, gsize size, gsize *size_out)
{
  GByteArray *packed = it->packed;
  const guint8 *at = bytes;
  g_byte_array_set_size (packed, 0);
  do {
    const uInt piece = (uInt) MIN (size, ROOM);
    it->out.next_in = (Bytef *) at;
    it->out.avail_in = piece;
    at += piece;
    size -= piece;
    do {
      const guint before = packed->len;
      g_byte_array_set_size (packed, before + PACKED_STEP);
      it->out.next_out = packed->data + before;
      it->out.avail_out = PACKED_STEP;
      const int code = deflate (&it->out, size == 0 ? Z_SYNC_FLUSH : Z_NO_FLUSH);
      if (code != Z_OK && code != Z_BUF_ERROR)
        return NULL;
      g_byte_array_set_size (packed, before + PACKED_STEP - it->out.avail_out);
    } while (it->out.avail_out == 0);
  } while (size > 0);
  *size_out = packed->len;
  return packed->data;
}
