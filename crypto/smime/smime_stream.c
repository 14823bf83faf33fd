/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Long texts through CMS in little memory: read in pieces, and EnvelopedData written as DER while it is encrypted.
 *
 * OpenSSL writes either DER, with all of the ciphertext in memory two times, or BER without lengths, which is not what the gate takes
 * and not what every reader does. But what stands before the ciphertext is known before the first byte is encrypted, and so is the
 * length of the ciphertext: it is written first, with these lengths in it. RFC 5652 section 6.1, RFC 5083 section 2.1. */
#include <openssl/err.h>
#include <string.h>
#include "crypto/smime/smime_p.h"

#define CHUNK_BYTES 65536
#define BLOCK_BYTES 16 /* of AES */
#define TAG_BYTES 16   /* of AES-GCM, as OpenSSL makes it */

/* ---- reading ---- */

static int
source_read (BIO *bio, char *buffer, size_t size, size_t *got)
{
  const void *from = pieces_next (BIO_get_data (bio), size, got);
  if (from != NULL)
    memcpy (buffer, from, *got);
  return from != NULL;
}

static long
source_control (BIO *bio, int command, long number, void *pointer)
{
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_EOF;
}

BIO *
smime_stream_source (struct pieces_reader *reader)
{
  static BIO_METHOD *method;
  if (method == NULL) {
    method = BIO_meth_new (BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "pieces");
    if (method == NULL || BIO_meth_set_read_ex (method, source_read) != 1
        || BIO_meth_set_ctrl (method, source_control) != 1)
      return NULL;
  }
  BIO *bio = BIO_new (method);
  if (bio != NULL) {
    BIO_set_data (bio, reader);
    BIO_set_init (bio, 1);
  }
  return bio;
}

/* ---- writing ---- */

/* Where the ciphertext goes, and how much of it there was. */
struct sink {
  smime_stream_fn write;
  gpointer data;
  gsize size;
};

static int
sink_write (BIO *bio, const char *bytes, size_t size, size_t *wrote)
{
  struct sink *sink = BIO_get_data (bio);
  sink->write (bytes, size, sink->data);
  sink->size += size;
  *wrote = size;
  return 1;
}

static long
sink_control (BIO *bio, int command, long number, void *pointer)
{
  return command == BIO_CTRL_FLUSH;
}

static BIO *
sink_new (struct sink *sink)
{
  static BIO_METHOD *method;
  if (method == NULL) {
    method = BIO_meth_new (BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "ciphertext");
    if (method == NULL || BIO_meth_set_write_ex (method, sink_write) != 1
        || BIO_meth_set_ctrl (method, sink_control) != 1)
      return NULL;
  }
  BIO *bio = BIO_new (method);
  if (bio != NULL) {
    BIO_set_data (bio, sink);
    BIO_set_init (bio, 1);
  }
  return bio;
}

/* What stands in a structure without its ciphertext. All of it points into der. */
struct frame {
  guchar *der;
  const guchar *type, *before, *inner, *after;
  gsize type_size, before_size, inner_size, after_size;
};

/* The header of an element at *at; *at moves to its content. FALSE: it is none of that tag, or reaches beyond end. */
static gboolean
enter (const guchar **at, const guchar *end, int tag, int class, gsize *size_out)
{
  long length = 0;
  int found = 0, found_class = 0;
  int flags = *at < end ? ASN1_get_object (at, &length, &found, &found_class, (long) (end - *at)) : 0x80;
  if ((flags & 0x80) != 0 || found != tag || found_class != class || length < 0 || length > end - *at)
    return FALSE;
  *size_out = (gsize) length;
  return TRUE;
}

static gboolean
skip (const guchar **at, const guchar *end, int tag)
{
  gsize size = 0;
  if (!enter (at, end, tag, V_ASN1_UNIVERSAL, &size))
    return FALSE;
  *at += size;
  return TRUE;
}

/* ContentInfo { type, [0] { EnvelopedData { version, recipients, EncryptedContentInfo { type, algorithm }, … } } } */
static gboolean
frame_read (struct frame *frame, CMS_ContentInfo *cms)
{
  int whole = i2d_CMS_ContentInfo (cms, &frame->der);
  const guchar *at = frame->der, *end = at + MAX (whole, 0);
  gsize size = 0;
  if (whole <= 0 || !enter (&at, end, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &size))
    return FALSE;
  frame->type = at;
  if (!skip (&at, end, V_ASN1_OBJECT))
    return FALSE;
  frame->type_size = (gsize) (at - frame->type);
  if (!enter (&at, end, 0, V_ASN1_CONTEXT_SPECIFIC, &size)
      || !enter (&at, end, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &size))
    return FALSE;
  frame->before = at;
  if (!skip (&at, end, V_ASN1_INTEGER) || !skip (&at, end, V_ASN1_SET))
    return FALSE;
  frame->before_size = (gsize) (at - frame->before);
  if (!enter (&at, end, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &size))
    return FALSE;
  frame->inner = at;
  frame->inner_size = size;
  frame->after = at + size;
  frame->after_size = (gsize) (end - frame->after);
  return TRUE;
}

static void
put_header (GByteArray *out, int tag, int class, gboolean constructed, gsize size)
{
  guchar header[16], *at = header;
  ASN1_put_object (&at, constructed, (int) size, tag, class);
  g_byte_array_append (out, header, (guint) (at - header));
}

static gsize
whole_size (gsize size, int tag)
{
  return (gsize) ASN1_object_size (1, (int) size, tag);
}

/* All that stands before the ciphertext. after_size: of what will follow it. */
static GByteArray *
frame_begin (const struct frame *frame, gsize cipher_size, gsize after_size)
{
  const gsize cipher_whole = (gsize) ASN1_object_size (0, (int) cipher_size, 0);
  const gsize inner_whole = whole_size (frame->inner_size + cipher_whole, V_ASN1_SEQUENCE);
  const gsize envelope = frame->before_size + inner_whole + after_size;
  const gsize wrapped = whole_size (envelope, V_ASN1_SEQUENCE);
  GByteArray *out = g_byte_array_new ();
  put_header (out, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, TRUE, frame->type_size + whole_size (wrapped, 0));
  g_byte_array_append (out, frame->type, (guint) frame->type_size);
  put_header (out, 0, V_ASN1_CONTEXT_SPECIFIC, TRUE, wrapped);
  put_header (out, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, TRUE, envelope);
  g_byte_array_append (out, frame->before, (guint) frame->before_size);
  put_header (out, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, TRUE, frame->inner_size + cipher_whole);
  g_byte_array_append (out, frame->inner, (guint) frame->inner_size);
  put_header (out, 0, V_ASN1_CONTEXT_SPECIFIC, FALSE, cipher_size);
  return out;
}

/* Reads all of the content through the cipher. */
static gboolean
pour (BIO *chain, const struct pieces *content)
{
  struct pieces_reader reader = { .pieces = content };
  gsize size = 0, wrote = 0;
  const void *some;
  while ((some = pieces_next (&reader, CHUNK_BYTES, &size)) != NULL)
    if (BIO_write_ex (chain, some, size, &wrote) != 1 || wrote != size)
      return FALSE;
  return BIO_flush (chain) == 1;
}

static gboolean
write_all (CMS_ContentInfo *cms, BIO *chain, gboolean authenticated, const struct pieces *content, struct sink *sink)
{
  struct frame before = { NULL }, after = { NULL };
  const gsize cipher_size = authenticated ? content->size : (content->size / BLOCK_BYTES + 1) * BLOCK_BYTES;
  const gsize after_size = authenticated ? 2 + TAG_BYTES : 0;
  gboolean fine = frame_read (&before, cms);
  if (fine) {
    g_autoptr (GByteArray) head = frame_begin (&before, cipher_size, after_size);
    sink->write (head->data, head->len, sink->data);
    fine = pour (chain, content) && CMS_dataFinal (cms, chain) == 1 && sink->size == cipher_size
           && frame_read (&after, cms) && after.after_size == after_size;
  }
  if (fine)
    sink->write (after.after, after.after_size, sink->data);
  OPENSSL_free (before.der);
  OPENSSL_free (after.der);
  return fine;
}

gboolean
smime_stream_envelope (CMS_ContentInfo *cms, gboolean authenticated, const struct pieces *content,
                       smime_stream_fn write, gpointer data)
{
  struct sink sink = { .write = write, .data = data };
  BIO *end = sink_new (&sink);
  BIO *chain = end != NULL ? CMS_dataInit (cms, end) : NULL;
  gboolean fine = chain != NULL && write_all (cms, chain, authenticated, content, &sink);
  BIO_free_all (chain != NULL ? chain : end);
  return fine;
}
