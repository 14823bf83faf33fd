/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* crypto/addrspec: what is an address at all, and when two are the same. */
#include "crypto/addrspec.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
test_equal (void **state)
{
  static const struct {
    const char *a, *b;
    gboolean equal, identical;
  } rows[] = {
    { "bob@demo.test", "bob@demo.test", TRUE, TRUE },
    { "bob@demo.test", "bob@DEMO.Test", TRUE, TRUE },
    { "bob@demo.test", "BOB@demo.test", TRUE, FALSE },
    { "b\xc3\xb6"
      "b@demo.test",
      "b\xc3\xb6"
      "b@demo.test",
      TRUE, TRUE },
    { "b\xc3\xb6"
      "b@demo.test",
      "b\xc3\x96"
      "b@demo.test",
      FALSE, FALSE },
    /* Kelvin sign and dotless i fold to ASCII letters in Unicode. */
    { "kim@demo.test", "\xe2\x84\xaaim@demo.test", FALSE, FALSE },
    { "kim@demo.test", "k\xc4\xb1m@demo.test", FALSE, FALSE },
    /* Cyrillic о */
    { "bob@demo.test",
      "b\xd0\xbe"
      "b@demo.test",
      FALSE, FALSE },
    { "bob@demo.test", "bob@demo.test.", FALSE, FALSE },
    { "bob@demo.test", "bob@demo.tes", FALSE, FALSE },
    { "bob@demo.test", "bobb@demo.test", FALSE, FALSE },
    { "bob@demo.test", "bob+x@demo.test", FALSE, FALSE },
    { "b.ob@demo.test", "bob@demo.test", FALSE, FALSE },
    { "bob@demo.test", "\"bob\"@demo.test", FALSE, FALSE },
    /* Some programs decode the word, and so read another address. */
    { "=?utf-8?q?bob?=@demo.test", "=?utf-8?q?bob?=@demo.test", FALSE, FALSE },
    { "bounce=a=b.test@demo.test", "bounce=a=b.test@demo.test", TRUE, TRUE },
    { "bob@demo.test", NULL, FALSE, FALSE },
    { "bob", "bob", FALSE, FALSE },
    /* A domain and its xn-- form; what IDNA2003 would map to another domain is another one. */
    { "bob@b\xc3\xbc"
      "cher.test",
      "bob@xn--bcher-kva.test", TRUE, TRUE },
    { "bob@XN--BCHER-KVA.test",
      "BOB@b\xc3\xbc"
      "cher.TEST",
      TRUE, FALSE },
    { "bob@xn--bcher-kva.test", "bob@bucher.test", FALSE, FALSE },
    { "bob@stra\xc3\x9f"
      "e.test",
      "bob@strasse.test", FALSE, FALSE },
    { "bob@xn--strae-oqa.test", "bob@strasse.test", FALSE, FALSE },
    { "bob@\xef\xbd\x84"
      "emo.test",
      "bob@demo.test", FALSE, FALSE }, /* full-width d */
    { "bob@xn--demo.test", "bob@demo.test", FALSE, FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (guint turn = 0; turn < 2; turn++) {
      const char *a = turn ? rows[i].b : rows[i].a, *b = turn ? rows[i].a : rows[i].b;
      if (addrspec_equal (a, b) != rows[i].equal || addrspec_identical (a, b) != rows[i].identical)
        fail_msg ("%s and %s", a, b);
    }
}

static void
test_valid (void **state)
{
  static const char *const good[] = { "a@b", "o'neil@demo.test", "a.b+c=d@x-y.test", "\xc3\xa4@\xc3\xb6.test" };
  static const char *const bad[] = { "",
                                     "@",
                                     "a@",
                                     "@b",
                                     "a@b@c",
                                     ".a@b",
                                     "a.@b",
                                     "a..b@c",
                                     "a@b..c",
                                     "a@.b",
                                     "a@b.",
                                     "-a@b",
                                     "a@-b",
                                     "a b@c",
                                     "a@b c",
                                     "a\n@b",
                                     "a@b\x7f",
                                     "\"a\"@b",
                                     "a@[127.0.0.1]",
                                     "a(c)@b",
                                     "<a@b>",
                                     "a,b@c",
                                     "a@b;c",
                                     "\xff@b",
                                     "a\xe2\x80\x8b@b" /* zero width */,
                                     "a\xe2\x80\xae@b" /* bidi */,
                                     "a@b\xc2\xa0" };
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    assert_true (addrspec_valid (good[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    if (addrspec_valid (bad[i]))
      fail_msg ("%s", bad[i]);
  g_autofree char *same = addrspec_normalise (" Bob@Demo.TEST\t"), *local = g_strnfill (65, 'a'),
                  *long_local = g_strconcat (local, "@b", NULL);
  assert_string_equal (same, "Bob@demo.test");
  assert_false (addrspec_valid (long_local));
  assert_true (addrspec_valid (long_local + 1));
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_equal), cmocka_unit_test (test_valid) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
