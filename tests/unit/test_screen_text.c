/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Width, breaking and filtering of text for the terminal. */
#include "ui/screen/text.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void
width_counts_columns (void **state)
{
  assert_int_equal (text_width ("abc"), 3);
  assert_int_equal (text_width ("Zoë"), 3);
  assert_int_equal (text_width ("Zoe\xcc\x88"), 3); /* e and a combining diaeresis */
  assert_int_equal (text_width ("山田"), 4);
  assert_int_equal (text_width ("\xcc\x88"), 1); /* a mark without a base stands on a space */
  assert_int_equal (text_width ("\x1b[31m"), 5);
  assert_int_equal (text_width ("\xff\xfe"), 2); /* no UTF-8: one column a byte */
}

static void
nothing_acts_on_the_terminal (void **state)
{
  for (gunichar c = 1; c < 0x20; c++)
    assert_int_equal (text_visible (c), 0xFFFD);
  for (gunichar c = 0x7f; c < 0xa0; c++)
    assert_int_equal (text_visible (c), 0xFFFD);
  static const gunichar bad[]
      = { 0x202A, 0x202E, 0x2066, 0x2069, 0x200B, 0x200E, 0x200F, 0x061C, 0xFEFF, 0x2028, 0xE0041, 0xE000 };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_int_equal (text_visible (bad[i]), 0xFFFD);
  assert_int_equal (text_visible ('a'), 'a');
  assert_int_equal (text_visible (0x5c71), 0x5c71);
}

/* What is joined stands side by side; what only joins is not drawn, so that no terminal can make less of it than was reckoned. */
static void
clusters_are_drawn_as_wide_as_reckoned (void **state)
{
  static const struct {
    const char *text;
    int width;
    gunichar drawn[TEXT_DRAWN_MAX];
  } cases[] = {
    { "e\u0308", 1, { 0xEB } },
    { "\u1112\u1161\u11AB", 2, { 0xD55C } },    /* Hangul letters */
    { "\U0001F469\U0001F3FD", 2, { 0x1F469 } }, /* a skin tone */
    { "\u2764\uFE0F", 1, { 0x2764 } },          /* an emoji's look */
    { "\u0645\u200C", 1, { 0x645 } },           /* a joiner */
    { "x\u0301\u0302\u0303\u0304\u0305\u0306", 1, { 'x', 0x301, 0x302, 0x303, 0x304 } },
    { "\u0301", 1, { ' ', 0x301 } },
    { "\U0001F1E9", 1, { 0x1F1E9 } }, /* half a flag */
    { "\u202E", 1, { 0xFFFD } },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    gunichar drawn[TEXT_DRAWN_MAX] = { 0 };
    assert_int_equal (text_width (cases[i].text), cases[i].width);
    assert_int_equal (text_cluster_width (cases[i].text), cases[i].width);
    assert_true (text_cluster_drawn (cases[i].text, drawn) >= 1);
    assert_memory_equal (drawn, cases[i].drawn, sizeof drawn);
  }
  assert_int_equal (text_width ("👩🏽\u200D🔬 🇩🇪 नमस्ते"), 4 + 1 + 2 + 1 + text_width ("नमस्ते"));
  g_autofree char *pile = g_strdup ("a");
  for (int i = 0; i < 200; i++) {
    g_autofree char *higher = g_strconcat (pile, "\u0301", NULL);
    g_free (pile);
    pile = g_steal_pointer (&higher);
  }
  assert_int_equal (text_width (pile), 1);
  gunichar drawn[TEXT_DRAWN_MAX];
  assert_true (text_cluster_drawn (pile, drawn) <= TEXT_DRAWN_MAX);
}

static void
breaks_at_words (void **state)
{
  assert_int_equal (text_break ("one two three", 8), 8); /* "one two " */
  assert_int_equal (text_break ("one two three", 7), 8); /* the space hangs over */
  assert_int_equal (text_break ("abcdefgh", 3), 3);
  assert_int_equal (text_break ("short", 80), 5);
  assert_int_equal (text_break ("", 80), 0);
  assert_int_equal (text_break ("山田太郎", 5), strlen ("山田"));
  assert_int_equal (text_break ("山", 1), strlen ("山")); /* never nothing */
}

static void
wrapped_rows_fit_and_lose_nothing (void **state)
{
  static const char text[]
      = "The quick brown fox 山田太郎 jumps over a verylongwordthatdoesnotfitanywhere e\xcc\x88 end";
  for (int columns = 2; columns < 100; columns++) {
    g_autoptr (GPtrArray) rows = text_wrap (text, columns, 1000);
    GString *joined = g_string_new (NULL);
    for (guint i = 0; i < rows->len; i++) {
      assert_true (text_width (g_ptr_array_index (rows, i)) <= columns);
      for (const char *p = g_ptr_array_index (rows, i); *p != '\0'; p++)
        if (*p != ' ')
          g_string_append_c (joined, *p);
    }
    g_autofree char *expected = g_strdup (text);
    char *to = expected;
    for (const char *p = text; *p != '\0'; p++)
      if (*p != ' ')
        *to++ = *p;
    *to = '\0';
    assert_string_equal (joined->str, expected);
    g_string_free (joined, TRUE);
  }
}

static void
quotes_keep_their_mark (void **state)
{
  g_autoptr (GPtrArray) rows = text_wrap ("> > one two three four\nplain", 12, 10);
  assert_string_equal (g_ptr_array_index (rows, 0), "> > one two");
  assert_string_equal (g_ptr_array_index (rows, 1), "> > three");
  assert_string_equal (g_ptr_array_index (rows, 2), "> > four");
  assert_string_equal (g_ptr_array_index (rows, 3), "plain");
}

static void
rows_are_bounded (void **state)
{
  g_autofree char *text = g_strnfill (100000, '\n');
  g_autoptr (GPtrArray) rows = text_wrap (text, 10, 50);
  assert_int_equal (rows->len, 50);
}

static void
cuts_to_columns (void **state)
{
  g_autofree char *cut = text_cut ("山田太郎", 5), *whole = text_cut ("abc", 3), *none = text_cut ("abc", 0);
  assert_string_equal (cut, "山田…");
  assert_string_equal (whole, "abc");
  assert_string_equal (none, "");
}

static void
ascii_has_stand_ins (void **state)
{
  text_set_ascii (TRUE);
  assert_int_equal (text_visible (0x00B7), '-');
  assert_int_equal (text_visible (0x5c71), '?');
  assert_int_equal (text_visible (0x1b), '?');
  assert_int_equal (text_char_width (0x5c71), 1);
  text_set_ascii (FALSE);
}

int
main (void)
{
  if (setlocale (LC_ALL, "C.UTF-8") == NULL)
    return 77;
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (clusters_are_drawn_as_wide_as_reckoned),
    cmocka_unit_test (width_counts_columns),
    cmocka_unit_test (nothing_acts_on_the_terminal),
    cmocka_unit_test (breaks_at_words),
    cmocka_unit_test (wrapped_rows_fit_and_lose_nothing),
    cmocka_unit_test (quotes_keep_their_mark),
    cmocka_unit_test (rows_are_bounded),
    cmocka_unit_test (cuts_to_columns),
    cmocka_unit_test (ascii_has_stand_ins),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
