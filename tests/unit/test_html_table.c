/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of HTML mail: results stand in columns, pages that are built of tables read as text, and no size of either breaks the reader. */
#include "mail/message/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static const struct {
  const char *html, *text;
} cases[] = {
  { "<table><tr><th>Test<th>Value<th>Flag<tr><td>Sodium<td>140<td><tr><td>Potassium<td>5.9<td>H</table>",
    "Test      | Value | Flag\n----------+-------+-----\nSodium    | 140   |\nPotassium | 5.9   | H\n" },
  { "<table><tr><td>Total<td>120<tr><td>Of which tax<td>20</table>", "Total         120\nOf which tax  20\n" },
  { "<table border=1><tr><td colspan=2>Both<td>c<tr><td>a<td>b<td>d</table>", "Both  | c\na | b | d\n" },
  { "<table border=1><tr><td rowspan=2>ab<td>x<tr><td>y</table>", "ab | x\n   | y\n" },
  { "<table border=1><tr><td>a<td><td>b<tr><td>c<td><td>d</table>", "a | b\nc | d\n" },
  { "<table role=presentation><tr><td>a<td>b<tr><td>c<td>d</table>", "a b\nc d\n" },
  { "<table><tr><td><p>one</p><p>two</p><td>side</table>", "one\n\ntwo\n\nside\n" },
  { "<table><tr><td><table border=1><tr><td>a<td>b<tr><td>c<td>d</table></table>", "a | b\nc | d\n" },
  { "<blockquote><table border=1><tr><td>a<td>b</table></blockquote>", "> a | b\n" },
  { "<table border=1><caption>Values</caption><tr><td>a<td>b</table>", "Values\n\na | b\n" },
  { "<table border=1><tr><td>\xE6\xBC\xA2\xE5\xAD\x97<td>x<tr><td>abcde<td>y</table>",
    "\xE6\xBC\xA2\xE5\xAD\x97  | x\nabcde | y\n" },
  { "<table border=1><tr><td>x<td hidden>no<tr><td>y<td>z</table>", "x | ⟦hidden: no⟧\ny | z\n" },
  { "10<sup>9</sup>/L x<sup>-2</sup> 1 <sup>st</sup>", "10^9/L x^-2 1 st\n" },
  { "<s>10 mg</s> 5 mg <del></del><span style='text-decoration:line-through'>x</span>",
    "[struck out: 10 mg] 5 mg [struck out: x]\n" },
  { "<table border=1><tr style='text-decoration:line-through'><td>a<td><tr><td>b<td>c</table>",
    "[struck out: a] |\nb               | c\n" },
};

static void
test_cases (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *got = html_to_text (cases[i].html, strlen (cases[i].html), 0);
    assert_string_equal (got, cases[i].text);
  }
}

static guint
longest_line (const char *text)
{
  guint longest = 0;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    longest = MAX (longest, (guint) g_utf8_strlen (*line, -1));
  return longest;
}

/* Long words wrap in their column; the columns stay. */
static void
test_wide_wraps (void **state)
{
  static const char html[]
      = "<table><tr><th>Medication<th>Notes<tr><td>Amoxicillin<td>Take three times a day with food, and do not give it "
        "together with methotrexate before the laboratory has called<tr><td>Paracetamol<td>none</table>";
  g_autofree char *got = html_to_text (html, strlen (html), 0);
  assert_true (longest_line (got) <= 76);
  assert_non_null (strstr (got, "\n            | "));
  assert_non_null (strstr (got, "Paracetamol | none\n"));
}

/* More columns than a line takes: each row is a block, and every value has its name. */
static void
test_too_wide (void **state)
{
  GString *html = g_string_new ("<table><tr>");
  for (int i = 0; i < 12; i++)
    g_string_append_printf (html, "<th>Heading number %d", i);
  g_string_append (html, "<tr>");
  for (int i = 0; i < 12; i++)
    g_string_append_printf (html, "<td>value %d", i);
  g_autofree char *all = g_string_free (html, FALSE), *got = html_to_text (all, strlen (all), 0);
  assert_non_null (strstr (got, "Heading number 3: value 3\n"));
  assert_non_null (strstr (got, "Heading number 11: value 11\n"));
}

/* Nothing is lost, and no time: many cells, many columns, deep nesting, spans without end. */
static void
test_sizes (void **state)
{
  static const struct {
    const char *open, *piece, *close;
    int times;
  } sizes[] = {
    { "<table border=1>", "<tr><td>a<td>b", "<tr><td>last</table>", 20000 },
    { "<table border=1><tr>", "<td>a", "<td>last</table>", 5000 },
    { "", "<table><tr><td>", "last", 150 },
    { "<table border=1>", "<tr><td colspan=99999999 rowspan=99999999>a", "<tr><td>last</table>", 2000 },
    { "<table><tr><td>", "<table border=1><tr><td>x<td>y</table>", "last</table>", 2000 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    GString *html = g_string_new (sizes[i].open);
    for (int k = 0; k < sizes[i].times; k++)
      g_string_append (html, sizes[i].piece);
    g_string_append (html, sizes[i].close);
    g_autofree char *all = g_string_free (html, FALSE), *got = html_to_text (all, strlen (all), 0);
    assert_true (strstr (got, "last") != NULL || strstr (got, "left out") != NULL);
    assert_true (g_utf8_validate (got, -1, NULL));
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_cases),
    cmocka_unit_test (test_wide_wraps),
    cmocka_unit_test (test_too_wide),
    cmocka_unit_test (test_sizes),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
