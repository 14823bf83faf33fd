/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Keywords of IMAP as tags, and back: nothing gets lost on the way, and nothing from outside can pass for a tag of wardmail's own. */
#include "mail/store/keywords.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
test_tags (void **state)
{
  const struct {
    const char *tag, *keyword, *wire;
  } pairs[] = {
    { "mdn-sent", "$mdnsent", "$MDNSent" },
    { "junk", "$junk", "$Junk" },
    { "notjunk", "$notjunk", "$NotJunk" },
    { "phishing", "$phishing", "$Phishing" },
    { "important", "$important", "$Important" },
    { "label1", "$label1", "$label1" },
    { "todo", "todo", "todo" },
    { "ward/7", "ward/7", "ward/7" },
    { "Work", "=57ork", "=57ork" },
    { "\xc3\xa4rzte", "=c3=a4rzte", "=c3=a4rzte" },
    { "a=b", "a=3db", "a=3db" },
    { "50%", "50=25", "50=25" },
    { "(x)", "=28x=29", "=28x=29" },
    { "$flag", "$flag", "$flag" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++) {
    g_autofree char *keyword = keywords_of_tag (pairs[i].tag), *tag = keywords_tag (pairs[i].wire);
    assert_string_equal (keyword, pairs[i].keyword);
    assert_string_equal (tag, pairs[i].tag);
    assert_string_equal (keywords_wire (keyword), pairs[i].wire);
  }
  /* Other spellings of the same. */
  g_autofree char *junk = keywords_tag ("Junk"), *clean = keywords_tag ("NonJunk"), *work = keywords_tag ("WORK");
  assert_string_equal (junk, "junk");
  assert_string_equal (clean, "notjunk");
  assert_string_equal (work, "work");
  /* What stays on either side. */
  g_autofree char *too_long = g_strnfill (KEYWORD_LENGTH + 1, 'x'), *grown = g_strnfill (KEYWORD_LENGTH / 2, 'X');
  const char *const here[] = { "inbox", "unread",  "encrypted", "signed",  "attachment", "sent",   "draft", "deleted",
                               "spam",  "archive", "passed",    "replied", "flagged",    "",       "$junk", "-x",
                               "a b",   "a\"b",    too_long,    grown,     "report",     "settled" };
  for (gsize i = 0; i < G_N_ELEMENTS (here); i++) {
    g_autofree char *keyword = keywords_of_tag (here[i]);
    assert_null (keyword);
  }
  const char *const there[]
      = { "inbox", "Unread", "=69nbox", "encrypted", "=0a", "a=20b",  "=22",     "=ff", "=e2=80=ae", "=2d",
          "=7",    "=",      "=zz",     "important", "-x",  "=c2=85", "=41=42=", "=00", "Settled",   "report" };
  for (gsize i = 0; i < G_N_ELEMENTS (there); i++) {
    g_autofree char *tag = keywords_tag (there[i]);
    if (tag != NULL)
      fail_msg ("%s is the tag %s", there[i], tag);
  }
}

static void
test_sets (void **state)
{
  const char *const add[] = { "todo", "inbox", "junk", "Work", NULL }, *const remove[] = { "notjunk", "gone", NULL };
  g_autofree char *set = keywords_change (NULL, add, NULL);
  assert_string_equal (set, "$junk =57ork todo");
  /* A tag that is there under another keyword is not put in again, and goes with every keyword that it has. */
  g_autofree char *same = keywords_change ("junk nonjunk $notjunk", add + 2, remove);
  assert_string_equal (same, "=57ork junk");
  g_autofree char *merged = keywords_merge ("a b c", "a c x", "a b d");
  assert_string_equal (merged, "a d x");
  g_autofree char *none = keywords_merge (NULL, "", NULL);
  assert_string_equal (none, "");
  assert_true (keywords_equal (NULL, ""));
  assert_true (keywords_has ("a bc", "bc"));
  assert_false (keywords_has ("a bc", "b"));
  GString *many = g_string_new (NULL);
  for (int i = 0; i < 3 * KEYWORDS_MAX; i++) {
    g_autofree char *tag = g_strdup_printf ("t%02d", i);
    const char *const one[] = { tag, NULL };
    g_autofree char *more = keywords_change (many->str, one, NULL);
    g_string_assign (many, more);
  }
  g_auto (GStrv) list = g_strsplit (many->str, " ", -1);
  assert_int_equal (g_strv_length (list), KEYWORDS_MAX);
  g_string_free (many, TRUE);
}

static void
test_between (void **state)
{
  g_autoptr (GStringChunk) texts = g_string_chunk_new (64);
  g_autoptr (GPtrArray) add = g_ptr_array_new (), removed = g_ptr_array_new ();
  keywords_tags_between ("a junk old", "$junk a inbox new2", texts, add, removed);
  assert_int_equal (add->len, 1);
  assert_string_equal (g_ptr_array_index (add, 0), "new2");
  assert_int_equal (removed->len, 1);
  assert_string_equal (g_ptr_array_index (removed, 0), "old");
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (test_tags), cmocka_unit_test (test_sets), cmocka_unit_test (test_between) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
