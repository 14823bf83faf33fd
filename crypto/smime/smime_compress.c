/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* CompressedData (RFC 3274), unpacked by GIO's zlib, since Debian's OpenSSL has none; bounded, as a few kilobytes can hold gigabytes. */
#include <gio/gio.h>
#include <openssl/err.h>
#include "crypto/inspect.h"
#include "crypto/smime/smime_p.h"

#define CHUNK_BYTES 65536

static GBytes *
fail (GError **error, const char *sentence)
{
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT, "%s", sentence);
  return NULL;
}

static GBytes *
inflate_all (const guchar *bytes, gsize size, GError **error)
{
  g_autoptr (GConverter) zlib = G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_ZLIB));
  g_autoptr (GByteArray) content = g_byte_array_new ();
  g_autofree guchar *chunk = g_malloc (CHUNK_BYTES);
  gsize used = 0;
  for (;;) {
    gsize read = 0, written = 0;
    GConverterResult result = g_converter_convert (zlib, bytes + used, size - used, chunk, CHUNK_BYTES,
                                                   G_CONVERTER_INPUT_AT_END, &read, &written, NULL);
    if (result == G_CONVERTER_ERROR || (result == G_CONVERTER_CONVERTED && read == 0 && written == 0))
      return fail (error,
                   "The compressed part of this message is damaged or cut off. Ask the sender to send it again.");
    if (content->len + written > INSPECT_BYTES_MAX)
      return fail (error,
                   "The compressed part of this message is far larger than a mail can be, so it was not unpacked.");
    g_byte_array_append (content, chunk, (guint) written);
    used += read;
    if (result == G_CONVERTER_FINISHED)
      return g_byte_array_free_to_bytes (g_steal_pointer (&content));
  }
}

GBytes *
smime_uncompress (GBytes *bytes, GError **error)
{
  CMS_ContentInfo *cms = smime_kind_parse (bytes, NID_id_smime_ct_compressedData, error);
  if (cms == NULL)
    return NULL;
  ASN1_OCTET_STRING **packed = CMS_get0_content (cms);
  GBytes *content = NULL;
  if (packed == NULL || *packed == NULL)
    fail (error, "The compressed part of this message is empty. Ask the sender to send it again.");
  else
    content = inflate_all (ASN1_STRING_get0_data (*packed), (gsize) ASN1_STRING_length (*packed), error);
  CMS_ContentInfo_free (cms);
  ERR_clear_error ();
  return content;
}
