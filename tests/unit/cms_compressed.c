/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* CompressedData by hand: ContentInfo { id-ct-compressedData, [0] { 0, zlib, data, [0] bytes } }. */
#include "tests/unit/cms_compressed.h"
#include <gio/gio.h>
#include <string.h>

static void
append_der (GByteArray *out, guchar tag, const guchar *bytes, gsize size)
{
  guchar head[6] = { tag, 0x84, (guchar) (size >> 24), (guchar) (size >> 16), (guchar) (size >> 8), (guchar) size };
  g_byte_array_append (out, head, sizeof head);
  g_byte_array_append (out, bytes, (guint) size);
}

GBytes *
cms_compressed (const guchar *packed, gsize size)
{
  static const guchar start[]
      = { 0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x03, 0x08 };
  static const guchar data[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01 };
  static const guchar type[] = { 0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x09 };
  GByteArray *layers[6];
  for (guint i = 0; i < 6; i++)
    layers[i] = g_byte_array_new ();
  append_der (layers[0], 0x04, packed, size);
  g_byte_array_append (layers[1], data, sizeof data);
  append_der (layers[1], 0xa0, layers[0]->data, layers[0]->len);
  g_byte_array_append (layers[2], start, sizeof start);
  append_der (layers[2], 0x30, layers[1]->data, layers[1]->len);
  append_der (layers[3], 0x30, layers[2]->data, layers[2]->len);
  g_byte_array_append (layers[4], type, sizeof type);
  append_der (layers[4], 0xa0, layers[3]->data, layers[3]->len);
  append_der (layers[5], 0x30, layers[4]->data, layers[4]->len);
  for (guint i = 0; i < 5; i++)
    g_byte_array_unref (layers[i]);
  return g_byte_array_free_to_bytes (layers[5]);
}

GBytes *
cms_compressed_deflate (const char *text, gsize zeros)
{
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GConverter) zlib = G_CONVERTER (g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_ZLIB, 9));
  g_autoptr (GOutputStream) stream = g_converter_output_stream_new (memory, zlib);
  static const char block[65536];
  g_output_stream_write_all (stream, text, strlen (text), NULL, NULL, NULL);
  for (gsize done = 0; done < zeros; done += sizeof block)
    g_output_stream_write_all (stream, block, sizeof block, NULL, NULL, NULL);
  g_output_stream_close (stream, NULL, NULL);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
}
