/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Typed addresses: what is understood, what is refused, and the cheap look for encrypted parts. */
#include "mail/message/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

/* out: joined by "|"; NULL: refused. */
static const struct {
  const char *in, *out;
} cases[] = {
  { "a@b.example", "a@b.example" },
  { " a@b.example , c@d.example,", "a@b.example|c@d.example" },
  { "Alice Moreno <a@b.example>; c@d", "a@b.example|c@d" },
  { "\"Moreno, Alice\" <a@b.example>, c@d", "a@b.example|c@d" },
  { "\"quoted \\\" <x@y>\" <a@b>", NULL },
  { "\"a b\"@c.example", "\"a b\"@c.example" },
  { "a@b.example (Alice)", "a@b.example" },
  { "a@b.example (Alice> )", NULL },
  { "a@b.example (Alice <c@d>)", NULL },
  { "a@[192.0.2.1]", "a@[192.0.2.1]" },
  { "a@bücher.example", "a@xn--bcher-kva.example" },
  { "a+tag.x@b-c.example", "a+tag.x@b-c.example" },
  { "", "" },
  { "alice", NULL },
  { "a@", NULL },
  { "@b", NULL },
  { "a..b@c", NULL },
  { ".a@c", NULL },
  { "a@b@c", NULL },
  { "a@-b.example", NULL },
  { "a@b..c", NULL },
  { "a b@c", NULL },
  { "<a@b", NULL },
  { "a@b>", NULL },
  { "x@y <a@b> z", NULL },
  { "\"open <a@b>", NULL },
  { "a@b\nBcc: c@d", NULL },
  { "a@b\r", NULL },
  { "a@b\x01", NULL },
  { "\xFF@b", NULL },
  { "group: a@b, c@d;", NULL },
};

static void
test_addresses (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) got = message_addresses ((const char *[]){ cases[i].in, NULL }, &error);
    if (cases[i].out == NULL) {
      assert_null (got);
      assert_non_null (error);
      continue;
    }
    assert_non_null (got);
    g_ptr_array_add (got, NULL);
    g_autofree char *joined = g_strjoinv ("|", (char **) got->pdata);
    assert_string_equal (joined, cases[i].out);
  }
}

static void
test_long (void **state)
{
  g_autofree char *local = g_strnfill (65, 'a'), *label = g_strnfill (64, 'b');
  g_autofree char *one = g_strconcat (local, "@b", NULL), *two = g_strconcat ("a@", label, NULL);
  assert_null (message_addresses ((const char *[]){ one, NULL }, NULL));
  assert_null (message_addresses ((const char *[]){ two, NULL }, NULL));
}

static void
test_display (void **state)
{
  g_autofree char *plain = message_address_display ("a@b"), *named = message_address_display ("Müller, a@b <x@y>");
  g_autofree char *umlaut = message_address_display ("Jürgen Müller <x@y>"),
                  *broken = message_address_display ("A\r\nBcc: q@r <x@y>");
  assert_string_equal (plain, "a@b");
  assert_null (named);
  assert_null (broken);
  assert_non_null (strstr (umlaut, " <x@y>"));
  assert_true (g_str_has_prefix (umlaut, "=?"));
  for (const char *p = umlaut; *p != '\0'; p++)
    assert_true ((guchar) *p < 0x80);
}

static gboolean
looks_encrypted (const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  return message_is_encrypted (bytes);
}

static void
test_encrypted (void **state)
{
  assert_true (looks_encrypted ("Content-Type: MULTIPART/Encrypted; protocol=x\n\n"));
  assert_true (looks_encrypted ("Content-Type:\n application/pkcs7-mime; smime-type=enveloped-data\n\n"));
  assert_true (looks_encrypted ("Content-Type: application/X-pkcs7-mime\n\n"));
  assert_true (looks_encrypted ("Content-Type: application/octet-stream; name=\"smime.P7M\"\n\n"));
  assert_true (looks_encrypted ("\n\n----------------------------BEGIN PGP MESSAGE-----\n"));
  assert_true (looks_encrypted ("\n\nLS0tLS1CRUdJTiBQR1AgTUVTU0FHRS0tLS0tCg==\n"));
  assert_false (
      looks_encrypted ("Content-Type: text/plain\n\n--- a drawn line ------------------- and nothing else\n"));
  assert_false (looks_encrypted ("Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"\n\n"));
  assert_false (looks_encrypted (""));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_addresses),
    cmocka_unit_test (test_long),
    cmocka_unit_test (test_display),
    cmocka_unit_test (test_encrypted),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
