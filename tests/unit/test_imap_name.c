/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mailbox names from the server: as text, as folders, and never as anything else. */
#include "mail/net/imap_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
test_decode (void **state)
{
  const struct {
    const char *wire, *text;
  } cases[] = {
    { "INBOX", "INBOX" },
    { "Entw&APw-rfe", "Entw\xc3\xbcrfe" },
    { "~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e" },
    { "Q&-A", "Q&A" },
    { "&2D3eAA-", "\xf0\x9f\x98\x80" },
    { "a&", "a&" },
    { "&AP", "&AP" },
    { "&!!-", "&!!-" },
    { "&2D0-", "&2D0-" },
    { "&3gA-", "&3gA-" },
    { "&AAA-", "&AAA-" },
    { "&APy-", "&APy-" },
    { "", "" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = imap_name_decode (cases[i].wire);
    assert_string_equal (text, cases[i].text);
  }
  /* Cut anywhere, the result is still text. */
  const char *whole = "&U,BTFw-/&ZeVnLIqe-&2D3eAA-&-x";
  for (gsize cut = 0; cut <= strlen (whole); cut++) {
    g_autofree char *part = g_strndup (whole, cut), *text = imap_name_decode (part);
    assert_true (g_utf8_validate (text, -1, NULL));
  }
}

static void
test_encode (void **state)
{
  const struct {
    const char *text;
    char delimiter;
    const char *wire;
  } good[] = {
    { "Projects", '/', "Projects" }, { "Entw\xc3\xbcrfe", '/', "Entw&APw-rfe" },
    { "Q&A", '/', "Q&-A" },          { "Ward/\xe5\x8f\xb0\xe5\x8c\x97", '/', "Ward/&U,BTFw-" },
    { "Ward/7", '.', "Ward.7" },     { "\xf0\x9f\x98\x80", '/', "&2D3eAA-" },
    { "flat", '\0', "flat" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++) {
    const char *why = NULL;
    g_autofree char *wire = imap_name_encode (good[i].text, good[i].delimiter, &why);
    assert_null (why);
    assert_string_equal (wire, good[i].wire);
    g_autofree char *back = imap_name_decode (wire);
    if (good[i].delimiter != '.')
      assert_string_equal (back, good[i].text);
  }
  g_autofree char *too_long = g_strnfill (300, 'x');
  const char *const bad[] = { "",
                              "a\r\nDELETE b",
                              "a\nb",
                              "a\tb",
                              "..",
                              "a/../b",
                              "/a",
                              "a/",
                              "a//b",
                              "~root",
                              "#news",
                              "a*",
                              "a%",
                              "a\"b",
                              "a\\b",
                              " a",
                              "a ",
                              "\xff",
                              too_long,
                              "a\xe2\x80\xae"
                              "b",
                              "\xc2\x85",
                              "a/~b" };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    const char *why = NULL;
    g_autofree char *wire = imap_name_encode (bad[i], '/', &why);
    assert_null (wire);
    assert_non_null (why);
  }
  const char *why = NULL;
  g_autofree char *levels = imap_name_encode ("a/b", '\0', &why);
  assert_null (levels);
}

static void
test_safe (void **state)
{
  g_autofree char *longest = g_strnfill (IMAP_NAME_MAX, 'a'), *too_long = g_strnfill (IMAP_NAME_MAX + 1, 'a');
  assert_true (imap_name_is_safe ("INBOX"));
  assert_true (imap_name_is_safe ("a b/\"c\"\\d"));
  assert_true (imap_name_is_safe (longest));
  const char *const bad[] = { NULL, "", "a\r\nb", "a\nb", "a\x01", "\x7f", "\xc3\xbc", too_long };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_false (imap_name_is_safe (bad[i]));
}

static void
test_dir (void **state)
{
  const struct {
    const char *path;
    char delimiter;
    const char *dir;
  } cases[] = {
    { "INBOX", '/', "INBOX" },
    { "inbox", '.', "INBOX" },
    { "a/b", '/', "a/b" },
    { "a.b", '.', "a/b" },
    { "a.b", '/', "a.b" },
    { "a/b", '.', "a%2fb" },
    { "../../etc", '/', "%2e./%2e./etc" },
    { "..", '\0', "%2e." },
    { "/abs", '/', "%/abs" },
    { "a//b", '/', "a/%/b" },
    { "x/cur", '/', "x/%63ur" },
    { "new", '/', "%6eew" },
    { "tmp", '.', "%74mp" },
    { ".hidden", '/', "%2ehidden" },
    { "50%", '/', "50%25" },
    { "Entw&APw-rfe", '/', "Entw\xc3\xbcrfe" },
    { "&AC8-", '.', "%26AC8-" },
    { "a\"b", '/', "a%22b" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *dir = imap_name_to_dir (cases[i].path, cases[i].delimiter);
    assert_string_equal (dir, cases[i].dir);
  }
  /* Names that are not written as RFC 3501 has them, beside those whose text they would share. */
  static const char *const different[]
      = { "&", "&-", "a", "&AGE-", "&-AGE-", "&AOkA6Q-", "&AOk-&AOk-", "&AC8-", "&-AC8-", "%26", "&AA", "x&", "x&-" };
  for (gsize i = 0; i < G_N_ELEMENTS (different); i++)
    for (gsize k = 0; k < i; k++) {
      g_autofree char *one = imap_name_to_dir (different[i], '.'), *other = imap_name_to_dir (different[k], '.');
      assert_string_not_equal (one, other);
    }
  g_autofree char *deep = g_strnfill (60, '/');
  assert_null (imap_name_to_dir (deep, '/'));
  g_autofree char *wide = g_strnfill (900, 'w'), *dir = imap_name_to_dir (wide, '/');
  assert_true (strlen (dir) < 100);
}

static void
test_role (void **state)
{
  assert_string_equal (imap_name_role ("Inbox", '/'), "inbox");
  assert_string_equal (imap_name_role ("INBOX.Sent", '.'), "sent");
  assert_string_equal (imap_name_role ("Entw&APw-rfe", '/'), "drafts");
  assert_string_equal (imap_name_role ("[Gmail]/All Mail", '/'), "archive");
  assert_string_equal (imap_name_role ("Sentinel", '/'), "");
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (test_decode), cmocka_unit_test (test_encode), cmocka_unit_test (test_safe),
          cmocka_unit_test (test_dir), cmocka_unit_test (test_role) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
