/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* EnvelopedData written while it is encrypted: DER to the last length, whatever the size of the content and however it lies in pieces;
 * and OpenSSL's own decryption gives back what went in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "tests/unit/cert_maker.h"

static void
append (const void *bytes, gsize size, gpointer data)
{
  g_byte_array_append (data, bytes, (guint) size);
}

static void
count (gsize size, gpointer data)
{
  *(gsize *) data += size;
}

/* Bytes that are not alike, in pieces of odd sizes, some of them empty. */
static struct pieces *
text_of (gsize size, GByteArray *whole)
{
  struct pieces *pieces = pieces_new ();
  for (gsize at = 0, some = 0; at < size || some == 0; at += some) {
    g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
    g_autoptr (GByteArray) piece = g_byte_array_new ();
    some = MIN (size - at, at == 0 ? 1 : at * 3);
    for (gsize i = 0; i < some; i++) {
      const guint8 c = (guint8) ((at + i) * 7 + (at + i) / 251);
      g_byte_array_append (piece, &c, 1);
    }
    g_byte_array_append (whole, piece->data, piece->len);
    g_autoptr (GBytes) bytes = g_bytes_new (piece->data, piece->len);
    pieces_add (pieces, empty);
    pieces_add (pieces, bytes);
    if (size == 0)
      break;
  }
  return pieces;
}

static void
check (const struct maker_cert *reader, gsize size, gboolean authenticated)
{
  g_autoptr (GByteArray) whole = g_byte_array_new (), der = g_byte_array_new ();
  AUTOFREE (pieces) pieces = text_of (size, whole);
  gsize read = 0;
  pieces->read = count;
  pieces->data = &read;
  CMS_ContentInfo *cms = CMS_encrypt (NULL, NULL, authenticated ? EVP_aes_256_gcm () : EVP_aes_256_cbc (),
                                      CMS_BINARY | CMS_PARTIAL | CMS_DETACHED);
  assert_non_null (CMS_add1_recipient_cert (cms, reader->x, 0));
  assert_true (smime_stream_envelope (cms, authenticated, pieces, append, der));
  CMS_ContentInfo_free (cms);
  assert_int_equal (read, size);

  const guchar *at = der->data;
  cms = d2i_CMS_ContentInfo (NULL, &at, (long) der->len);
  assert_non_null (cms);
  assert_ptr_equal (at, der->data + der->len);
  guchar *again = NULL;
  assert_int_equal (i2d_CMS_ContentInfo (cms, &again), der->len);
  assert_memory_equal (again, der->data, der->len);
  OPENSSL_free (again);

  BIO *out = BIO_new (BIO_s_mem ());
  char *content = NULL;
  assert_int_equal (CMS_decrypt (cms, reader->key, reader->x, NULL, out, CMS_BINARY), 1);
  assert_int_equal (BIO_get_mem_data (out, &content), size);
  if (size > 0)
    assert_memory_equal (content, whole->data, size);
  BIO_free (out);
  CMS_ContentInfo_free (cms);
}

static void
test_sizes (void **state)
{
  static const gsize sizes[]
      = { 0, 1, 15, 16, 17, 79, 95, 111, 127, 128, 240, 255, 256, 4096, 65279, 65535, 65536, 200000 };
  struct maker_cert *readers[] = {
    maker_issue (&(struct maker_spec){ .name = "Curve", .text = "keyUsage=keyAgreement\n" }),
    maker_issue (&(struct maker_spec){ .name = "Rsa", .text = "keyUsage=keyEncipherment\n", .rsa_bits = 2048 }),
  };
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (gsize r = 0; r < G_N_ELEMENTS (readers); r++) {
      check (readers[r], sizes[i], FALSE);
      if (sizes[i] > 0) /* of nothing OpenSSL cannot tell whether it is there */
        check (readers[r], sizes[i], TRUE);
    }
  for (gsize r = 0; r < G_N_ELEMENTS (readers); r++)
    maker_cert_free (readers[r]);
}

/* A structure that has its content already has no place for another. */
static void
test_refused (void **state)
{
  g_autoptr (GByteArray) whole = g_byte_array_new (), der = g_byte_array_new ();
  AUTOFREE (pieces) pieces = text_of (100, whole);
  struct maker_cert *reader = maker_issue (&(struct maker_spec){ .name = "Curve", .text = "keyUsage=keyAgreement\n" });
  CMS_ContentInfo *cms = CMS_sign (NULL, NULL, NULL, NULL, CMS_BINARY | CMS_PARTIAL);
  assert_false (smime_stream_envelope (cms, FALSE, pieces, append, der));
  CMS_ContentInfo_free (cms);
  /* Nor is one believed that is not what it is said to be. */
  cms = CMS_encrypt (NULL, NULL, EVP_aes_256_cbc (), CMS_BINARY | CMS_PARTIAL | CMS_DETACHED);
  assert_non_null (CMS_add1_recipient_cert (cms, reader->x, 0));
  assert_false (smime_stream_envelope (cms, TRUE, pieces, append, der));
  CMS_ContentInfo_free (cms);
  maker_cert_free (reader);
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_sizes), cmocka_unit_test (test_refused) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
