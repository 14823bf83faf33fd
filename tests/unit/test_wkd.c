/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a domain is asked for a key. The known answer is that of the draft, and others are gpg's (gpg --with-wkd-hash). */
#include "mail/net/wkd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
test_zbase32 (void **state)
{
  static const struct {
    const char *bytes, *text;
    gsize size;
  } rows[] = {
    { "", "", 0 },
    { "\x00", "yy", 1 },
    { "\xff", "9h", 1 },
    { "\xf0\xbf\xc7", "6n9hq", 3 },
    { "\xd4\x7a\x04", "4t7ye", 3 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text = wkd_zbase32 ((const guint8 *) rows[i].bytes, rows[i].size);
    assert_string_equal (text, rows[i].text);
  }
}

static void
test_urls (void **state)
{
  static const struct {
    const char *address, *host, *name, *local;
  } rows[] = {
    { "Joe.Doe@Example.ORG", "example.org", "iy9q119eutrkn8s1mk4r39qejnbu3n5q", "Joe.Doe" },
    { "joe.doe@example.org", "example.org", "iy9q119eutrkn8s1mk4r39qejnbu3n5q", "joe.doe" },
    { "bob@demo.test", "demo.test", "jycbiujnsxs47xrkethgtj69xuunurok", "bob" },
    { "a+b&c=d#e/f%@demo.test", "demo.test", NULL, "a%2Bb%26c%3Dd%23e%2Ff%25" },
    { "zo\xc3\xab@demo.test", "demo.test", NULL, "zo%C3%AB" },
    { "bob@b\xc3\xbc"
      "cher.test",
      "xn--bcher-kva.test", "jycbiujnsxs47xrkethgtj69xuunurok", "bob" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *advanced = NULL, *direct = NULL;
    assert_true (wkd_urls (rows[i].address, &advanced, &direct));
    g_autofree char *start = g_strdup_printf ("https://openpgpkey.%s/.well-known/openpgpkey/%s/hu/%s", rows[i].host,
                                              rows[i].host, rows[i].name != NULL ? rows[i].name : "");
    g_autofree char *plain = g_strdup_printf ("https://%s/.well-known/openpgpkey/hu/%s", rows[i].host,
                                              rows[i].name != NULL ? rows[i].name : "");
    g_autofree char *end = g_strconcat ("?l=", rows[i].local, NULL);
    assert_true (g_str_has_prefix (advanced, start) && g_str_has_suffix (advanced, end));
    assert_true (g_str_has_prefix (direct, plain) && g_str_has_suffix (direct, end));
    assert_int_equal (strlen (direct), strlen (plain) + strlen (end) + (rows[i].name != NULL ? 0 : 32));
  }
}

/* No address, half an address, or a domain that is written like another one. */
static void
test_not_asked (void **state)
{
  static const char *const rows[] = {
    "",
    "bob",
    "bob@",
    "@demo.test",
    "bob@localhost",
    "bob@demo..test",
    "bob@[1.2.3.4]",
    "b b@a.test",
    "bob@\xef\xac\x80.test",
    "bob@a_b.test",
    "bob@a.test:444",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *advanced = NULL, *direct = NULL;
    if (wkd_urls (rows[i], &advanced, &direct))
      fail_msg ("%s is asked for at %s", rows[i], direct);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_zbase32),
    cmocka_unit_test (test_urls),
    cmocka_unit_test (test_not_asked),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
