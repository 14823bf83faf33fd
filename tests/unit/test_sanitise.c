/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Nothing that a terminal obeys or an eye misses passes the sanitiser. */
#include "mail/message/sanitise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static const struct {
  const char *in, *line, *text;
} cases[] = {
  { "plain", "plain", "plain" },
  { "Grüße, Ελλάδα, 日本", "Grüße, Ελλάδα, 日本", "Grüße, Ελλάδα, 日本" },
  { "a\033[31mb", "a\uFFFD[31mb", "a\uFFFD[31mb" },
  { "a\tb\nc", "a\uFFFDb\uFFFDc", "a\tb\nc" },
  { "a\r\nb\rc", "a\uFFFD\uFFFDb\uFFFDc", "a\nb\nc" },
  { "x\x7Fy", "x\uFFFDy", "x\uFFFDy" },
  { "c1 as UTF-8 \xC2\x9B"
    "2J",
    "c1 as UTF-8 \uFFFD2J", "c1 as UTF-8 \uFFFD2J" },
  { "c1 raw \x9B"
    "2J",
    "c1 raw \uFFFD2J", "c1 raw \uFFFD2J" },
  { "over\u202Elong", "over‹U+202E›long", "over‹U+202E›long" },
  { "\u2066a\u2069\u200E\u200F\u061C", "‹U+2066›a‹U+2069›‹U+200E›‹U+200F›‹U+061C›",
    "‹U+2066›a‹U+2069›‹U+200E›‹U+200F›‹U+061C›" },
  { "a\u200B\u200B\u200Bb", "a‹U+200B ×3›b", "a‹U+200B ×3›b" },
  { "pay\uFEFFpal\u00AD", "pay‹U+FEFF›pal‹U+00AD›", "pay‹U+FEFF›pal‹U+00AD›" },
  { "tag \U000E0041", "tag ‹U+E0041›", "tag ‹U+E0041›" },
  { "a\u200Db", "a‹U+200D›b", "a‹U+200D›b" },
  { "👩🏽\u200D🔬 ❤\uFE0F 1\uFE0F\u20E3", "👩🏽\u200D🔬 ❤\uFE0F 1\uFE0F\u20E3",
    "👩🏽\u200D🔬 ❤\uFE0F 1\uFE0F\u20E3" },
  { "❤\uFE0F\uFE0F\uFE0F", "❤\uFE0F‹U+FE0F ×2›", "❤\uFE0F‹U+FE0F ×2›" },
  { "👩\u200D", "👩‹U+200D›", "👩‹U+200D›" },
  { "\xC0\xAF", "\uFFFD\uFFFD", "\uFFFD\uFFFD" },
  { "\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD", "\uFFFD\uFFFD\uFFFD" },
  { "cut \xE2\x82", "cut \uFFFD\uFFFD", "cut \uFFFD\uFFFD" },
  { "a\u2028b", "a\uFFFDb", "a\nb" },
  /* ZWNJ and ZWJ belong to the spelling of these, once; elsewhere they are hidden data */
  { "می\u200Cخواهم", "می\u200Cخواهم", "می\u200Cخواهم" },
  { "می\u200C\u200Cخ", "می‹U+200C ×2›خ", "می‹U+200C ×2›خ" },
  { "क्\u200Dष ക്\u200D x", "क्\u200Dष ക്\u200D x", "क्\u200Dष ക്\u200D x" },
  { "pass\u200Cword می\u200C", "pass‹U+200C›word می‹U+200C›", "pass‹U+200C›word می‹U+200C›" },
  /* what a font makes a picture of, what is no character, what looks blank */
  { "\uE0A2\U000F0001\uFDD0", "‹U+E0A2›‹U+F0001›‹U+FDD0›", "‹U+E0A2›‹U+F0001›‹U+FDD0›" },
  { "invoice\u2800\u2800.exe", "invoice  .exe", "invoice  .exe" },
  /* what tag characters spell is told */
  { "🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F", "🏴‹U+E0067 ×6: gbeng›",
    "🏴‹U+E0067 ×6: gbeng›" },
  /* the padding of a preview */
  { "Hi\u034F \u200C\u00A0\u034F \u200C\u00A0\u034F \u200C\u00A0\u034F \u200C\u00A0\u034F \u200C x",
    "Hi‹U+034F … ×10› x", "Hi‹U+034F … ×10› x" },
  { "\u200B\u200C\u200B", "‹U+200B›‹U+200C›‹U+200B›", "‹U+200B›‹U+200C›‹U+200B›" },
  /* a pile of marks; Vietnamese and Hebrew need few */
  { "tiê\u0301ng בְּרֵאשִׁ֖ית", "tiê\u0301ng בְּרֵאשִׁ֖ית", "tiê\u0301ng בְּרֵאשִׁ֖ית" },
  { "e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0302\u0303\u0304z",
    "e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301‹3 more marks›z",
    "e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301‹3 more marks›z" },
  { "\u3164\uFFF9\uFFFF", "‹U+3164›‹U+FFF9›‹U+FFFF›", "‹U+3164›‹U+FFF9›‹U+FFFF›" },
};

static void
test_cases (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *line = sanitise (cases[i].in, -1, SANITISE_LINE),
                    *text = sanitise (cases[i].in, -1, SANITISE_TEXT);
    assert_string_equal (line, cases[i].line);
    assert_string_equal (text, cases[i].text);
  }
  g_autofree char *nul = sanitise ("a\0b", 3, SANITISE_TEXT), *none = sanitise (NULL, 0, SANITISE_LINE);
  assert_string_equal (nul, "a\uFFFDb");
  assert_string_equal (none, "");
}

static gboolean
is_forbidden (gunichar c, gboolean text)
{
  if (c < 0x20)
    return !(text && (c == '\n' || c == '\t'));
  return (c >= 0x7F && c < 0xA0) || (c >= 0x200B && c <= 0x200C) || (c >= 0x200E && c <= 0x200F)
         || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || c == 0x61C || c == 0xAD
         || (c >= 0xE0000 && c <= 0xE0FFF) || (c >= 0xFFF9 && c <= 0xFFFB);
}

static void
assert_clean (const char *out, gboolean text)
{
  assert_true (g_utf8_validate (out, -1, NULL));
  for (const char *p = out; *p != '\0'; p = g_utf8_next_char (p))
    assert_false (is_forbidden (g_utf8_get_char (p), text));
}

/* Every character, alone and after an emoji. */
static void
test_every_character (void **state)
{
  for (gunichar c = 1; c <= 0x10FFFF; c++) {
    char in[16] = "😀";
    if (c >= 0xD800 && c < 0xE000)
      continue;
    int n = g_unichar_to_utf8 (c, in + 4);
    in[4 + n] = '\0';
    g_autofree char *line = sanitise (in + 4, n, SANITISE_LINE), *after = sanitise (in, 4 + n, SANITISE_TEXT);
    assert_clean (line, FALSE);
    assert_clean (after, TRUE);
  }
}

/* Bytes at random: the result is clean and sanitising it again changes nothing. */
static void
test_random_bytes (void **state)
{
  GRand *rand = g_rand_new_with_seed (7);
  for (int round = 0; round < 3000; round++) {
    char in[64];
    gsize size = (gsize) g_rand_int_range (rand, 0, sizeof in);
    for (gsize i = 0; i < size; i++)
      in[i] = (char) g_rand_int (rand);
    enum sanitise_flags flags = round % 2 ? SANITISE_TEXT : SANITISE_LINE;
    g_autofree char *once = sanitise (in, (gssize) size, flags), *twice = sanitise (once, -1, flags);
    assert_clean (once, flags == SANITISE_TEXT);
    assert_string_equal (once, twice);
  }
  g_rand_free (rand);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_cases),
    cmocka_unit_test (test_every_character),
    cmocka_unit_test (test_random_bytes),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
