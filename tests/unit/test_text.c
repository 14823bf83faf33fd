/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* config/text: what is an address, a host, a name. */
#include "tests/unit/config_fixture.h"
#include "config/text.h"

typedef gboolean (*judge_fn) (const char *text);

static void
judge (judge_fn is, const char *const *good, const char *const *bad)
{
  for (; *good != NULL; good++)
    if (!is (*good))
      fail_msg ("“%s” was refused", *good);
  for (; *bad != NULL; bad++)
    if (is (*bad))
      fail_msg ("“%s” was taken", *bad);
  assert_false (is (NULL));
}

static void
addresses (void **state)
{
  judge (text_is_address,
         (const char *const[]){ "a@b", "alice.moreno+x@clinic.test", "o'neil@x.org", "zoë@köln.example", "a@1.2.3.4",
                                NULL },
         (const char *const[]){ "",
                                "a",
                                "@",
                                "a@",
                                "@b",
                                "a@b@c",
                                "a b@c",
                                "a@b c",
                                ".a@b",
                                "a.@b",
                                "a..b@c",
                                "a@b.",
                                "a@.b",
                                "a@b..c",
                                "a@-b",
                                "a\n@b",
                                "a@b\r\nBcc: c",
                                "<a@b>",
                                "A <a@b>",
                                "a@b,c@d",
                                "\"a b\"@c",
                                "a@[1.2.3.4]",
                                "a\xff@b",
                                "a\xe2\x80\xae@b",
                                NULL });
}

static void
hosts (void **state)
{
  judge (text_is_host, (const char *const[]){ "a", "mail.example.org", "127.0.0.1", "::1", "köln.example", NULL },
         (const char *const[]){ "", ".", "a.", ".a", "a b", "a/b", "a:b", "-a", "a\n", NULL });
}

static void
names (void **state)
{
  judge (text_is_name, (const char *const[]){ "a", "Clinic-1", "a.b_c", "9", NULL },
         (const char *const[]){ "", ".", "..", "-a", "_a", "a/b", "a b", "ä", "a\n", NULL });
  g_autofree char *long_name = g_strnfill (65, 'a');
  assert_false (text_is_name (long_name));
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (addresses), cmocka_unit_test (hosts), cmocka_unit_test (names) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
