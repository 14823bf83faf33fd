/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* crypto/inspect_from: only one plain address, in one field, under a name that shows no other, may be matched with a signer. */
#include "crypto/inspect_from.h"
#include "crypto/inspect_name.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const struct row {
  const char *header;
  gboolean plain;
  const char *addresses; /* as shown, with a comma between */
} rows[] = {
  { "From: bob@demo.test\r\n", TRUE, "bob@demo.test" },
  { "From: Bob@Demo.TEST\r\n", TRUE, "Bob@demo.test" },
  { "from\t:\r\n Bob\r\n\t<bob@demo.test>\r\n", TRUE, "bob@demo.test" },
  { "From: <bob@demo.test>\r\n", TRUE, "bob@demo.test" },
  { "From: \"Jones, Bob\" <bob@demo.test>\r\n", TRUE, "bob@demo.test" },
  { "From: Bob (cardiology) <bob@demo.test>\r\n", TRUE, "bob@demo.test" },
  { "From: bob@demo.test <bob@demo.test>\r\n", TRUE, "bob@demo.test" },
  { "From: bob@demo.test,\r\n", TRUE, "bob@demo.test" },
  { "From: =?utf-8?q?B=C3=B6b?= <bob@demo.test>\r\n", TRUE, "bob@demo.test" },
  { "From: Bob <bob@xn--bcher-kva.test>\r\n", TRUE, "bob@xn--bcher-kva.test" },
  { "From: Bob <bob@b\xc3\xbc"
    "cher.test>\r\n",
    TRUE,
    "bob@b\xc3\xbc"
    "cher.test" },
  { "Sender: chief@demo.test\r\nFrom: bob@demo.test\r\n", TRUE, "bob@demo.test" },
  { "Resent-From: chief@demo.test\r\nFrom: bob@demo.test\r\n", TRUE, "bob@demo.test" },
  /* Nobody */
  { "", FALSE, "" },
  { "From:\r\n", FALSE, "" },
  { "From: <>\r\n", FALSE, "" },
  { "From: Bob\r\n", FALSE, "" },
  { "Sender: bob@demo.test\r\n", FALSE, "" },
  { "Resent-From: bob@demo.test\r\n", FALSE, "" },
  { "X-From: bob@demo.test\r\n", FALSE, "" },
  { "From bob@demo.test Mon Jan  1 00:00:00 2024\r\n", FALSE, "" },
  { "X: y\r\n\r\nFrom: bob@demo.test\r\n", FALSE, "" },
  /* More than one */
  { "From: bob@demo.test\r\nFrom: bob@demo.test\r\n", FALSE, "bob@demo.test,bob@demo.test" },
  { "From: bob@demo.test\r\nFROM : eve@demo.test\r\n", FALSE, "bob@demo.test,eve@demo.test" },
  { "From: bob@demo.test\r\nFrom:\r\n", FALSE, "bob@demo.test" },
  { "From: bob@demo.test, eve@demo.test\r\n", FALSE, "bob@demo.test,eve@demo.test" },
  { "From: <bob@demo.test> <eve@demo.test>\r\n", FALSE, "bob@demo.test" },
  { "From: bob@demo.test; eve@demo.test\r\n", FALSE, "bob@demo.test,eve@demo.test" },
  { "From: Staff: bob@demo.test;\r\n", FALSE, NULL },
  { "From: Nobody:;\r\n", FALSE, NULL },
  /* Names that show an address, however it is written */
  { "From: eve@demo.test <bob@demo.test>\r\n", FALSE, "bob@demo.test" },
  { "From: \"Eve eve@demo.test\" <bob@demo.test>\r\n", FALSE, "bob@demo.test" },
  { "From: \"'eve@demo.test'\" <bob@demo.test>\r\n", FALSE, "bob@demo.test" },
  { "From: \"<eve@demo.test>\" <bob@demo.test>\r\n", FALSE, "bob@demo.test" },
  { "From: =?utf-8?q?eve=40demo.test?= <bob@demo.test>\r\n", FALSE, "bob@demo.test" },
  { "From: \"=?utf-8?q?eve=40demo.test?=\" <bob@demo.test>\r\n", FALSE, "bob@demo.test" },
  { "From: =?UTF-8?B?ZXZlQGRlbW8udGVzdA==?= <bob@demo.test>\r\n", FALSE, "bob@demo.test" },
  { "From: =?utf-8?q?eve?= =?utf-8?q?=40demo.test?= <bob@demo.test>\r\n", FALSE, "bob@demo.test" },
  { "From: =?utf-16be?b?AGUAQABk?= <bob@demo.test>\r\n", FALSE, "bob@demo.test" },
  { "From: =?utf-7?q?eve+AEA-demo.test?= <bob@demo.test>\r\n", FALSE, "bob@demo.test" },
  { "From: eve\xef\xbc\xa0"
    "demo.test <bob@demo.test>\r\n",
    FALSE, "bob@demo.test" }, /* full-width @ */
  { "From: b\xe2\x80\x8b"
    "eve@demo.test <bob@demo.test>\r\n",
    FALSE, "bob@demo.test" },
  { "From: =?x-none?q?eve=40demo.test?= <bob@demo.test>\r\n", FALSE, "bob@demo.test" },
  /* Comments, quotes, encoded words and escapes in an address */
  { "From: bob@demo.test (Bob)\r\n", FALSE, NULL },
  { "From: bob(eve)@demo.test\r\n", FALSE, NULL },
  { "From: (eve@demo.test) bob@demo.test\r\n", FALSE, NULL },
  { "From: Bob <bob(eve)@demo.test>\r\n", FALSE, "" },
  { "From: Bob <bob@demo.test (eve)>\r\n", FALSE, "" },
  { "From: Bob <bob@demo.test> (eve@demo.test)\r\n", FALSE, "bob@demo.test" },
  { "From: \"bob\"@demo.test\r\n", FALSE, NULL },
  { "From: \"bob\" @demo.test\r\n", FALSE, "" },
  { "From: <\"bob\"@demo.test>\r\n", FALSE, "" },
  { "From: <\"bob@demo.test \"@evil.test>\r\n", FALSE, "" },
  { "From: =?utf-8?q?bob?=@demo.test\r\n", FALSE, "" },
  { "From: <=?utf-8?q?bob=40demo.test?=>\r\n", FALSE, "" },
  { "From: <bob\\@demo.test>\r\n", FALSE, "" },
  { "From: <@evil.test:bob@demo.test>\r\n", FALSE, "" },
  { "From: bob@demo.test@evil.test\r\n", FALSE, "" },
  { "From: bob @ demo.test\r\n", FALSE, "" },
  { "From: bob@demo.test.\r\n", FALSE, "" },
  { "From: bob@[127.0.0.1]\r\n", FALSE, "" },
  { "From: bob@demo.test\x01\r\n", FALSE, NULL },
  { "From: bob@demo.test\xe2\x80\xae\r\n", FALSE, "" },
  { "From: b\xff"
    "ob@demo.test\r\n",
    FALSE, "" },
  { "From: bob@demo.test\rFrom: eve@demo.test\r\n", FALSE, NULL },
  /* Never closed */
  { "From: \"bob@demo.test\r\n", FALSE, NULL },
  { "From: Bob <bob@demo.test\r\n", FALSE, NULL },
  { "From: bob@demo.test>\r\n", FALSE, NULL },
  { "From: bob@demo.test (Bob\r\n", FALSE, NULL },
};

static void
check (const char *header, gsize size, gboolean plain, const char *addresses)
{
  g_autoptr (GBytes) entity = g_bytes_new (header, size);
  struct inspect_from from;
  inspect_from_init (&from, entity);
  if (from.plain != plain)
    fail_msg ("%s is %splain", header, from.plain ? "" : "not ");
  if (addresses != NULL) {
    g_ptr_array_add (from.addresses, NULL);
    g_autofree char *got = g_strjoinv (",", (char **) from.addresses->pdata);
    if (strcmp (got, addresses) != 0)
      fail_msg ("%s shows %s", header, got);
  }
  inspect_from_clear (&from);
}

static void
test_forms (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    check (rows[i].header, strlen (rows[i].header), rows[i].plain, rows[i].addresses);
    /* Cut anywhere it is read within its bounds (the checkers of memory see to that). */
    for (gsize size = 0; size < strlen (rows[i].header); size++) {
      g_autofree char *copy = g_memdup2 (rows[i].header, MAX (size, 1));
      g_autoptr (GBytes) entity = g_bytes_new (copy, size);
      struct inspect_from from;
      inspect_from_init (&from, entity);
      assert_true (!from.plain || from.addresses->len == 1);
      inspect_from_clear (&from);
    }
  }
}

static void
test_nul_and_size (void **state)
{
  static const char in_field[] = "From: bob@demo.test\0.evil.test\r\n",
                    elsewhere[] = "From: bob@demo.test\r\nX: \0\r\n", in_body[] = "From: bob@demo.test\r\n\r\n\0";
  check (in_field, sizeof in_field - 1, FALSE, NULL);
  check (elsewhere, sizeof elsewhere - 1, FALSE, NULL);
  check (in_body, sizeof in_body - 1, TRUE, "bob@demo.test");
  GString *many = g_string_new ("From: bob@demo.test");
  for (guint i = 0; i < 5000; i++)
    g_string_append (many, ", b@c");
  check (many->str, many->len, FALSE, NULL);
  g_string_assign (many, "From: ");
  for (guint i = 0; i < 20000; i++)
    g_string_append (many, "=?utf-8?q?x?= ");
  g_string_append (many, "<bob@demo.test>\r\n");
  check (many->str, many->len, FALSE, ""); /* a field of this size says nothing */
  g_string_free (many, TRUE);
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_forms), cmocka_unit_test (test_nul_and_size) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
