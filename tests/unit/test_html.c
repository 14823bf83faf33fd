/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* HTML as text: what a reader sees, where links truly lead, what was hidden, and that nothing built to break it does. */
#include "mail/message/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static char *
text (const char *html)
{
  return html_to_text (html, strlen (html), 0);
}

static const struct {
  const char *html, *text;
} cases[] = {
  { "", "" },
  { "plain", "plain\n" },
  { "<p>one</p><p>two  \n three</p>", "one\n\ntwo three\n" },
  { "a<br>b<br><br>c", "a\nb\n\nc\n" },
  { "<ul><li>x<li>y</ul>", "- x\n- y\n" },
  { "<ol><li>x<ul><li>in</ul><li>y</ol>", "1. x\n  - in\n2. y\n" },
  { "<table border=1><tr><th>Na<th>Unit<tr><td><td>mmol</table>", "Na | Unit\n---+-----\n   | mmol\n" },
  { "<table><tr><td>a<td>b</table>", "a b\n" },
  { "<pre>  k\n    v</pre>", "  k\n    v\n" },
  { "<blockquote>q</blockquote>r", "> q\n\nr\n" },
  { "<script>x()</script><style>p{}</style><title>t</title>ok<!-- no -->", "ok\n" },
  { "&lt;b&gt; &amp; &#228; &euro;", "<b> & ä €\n" },
  { "<img src=http://t.example/p.gif><img src=x alt=Logo>", "[image: Logo]\n" },
  { "<a href='https://a.example/x'>here</a>", "here [1]\n\n[1] a.example: https://a.example/x\n" },
  { "<a href='https://a.example/'>one</a> <a href='https://a.example/'>two</a>",
    "one [1] two [1]\n\n[1] a.example: https://a.example/\n" },
  { "<a href='mailto:a@b.example'>write</a>", "write [1]\n\n[1] mailto:a@b.example\n" },
  { "<a href='https://a.example'>https://a.example</a>", "https://a.example\n" },
  { "<a href='https://evil.example/'>https://bank.example/</a>",
    "https://bank.example/ [1: leads to evil.example]\n\n[1] evil.example: https://evil.example/\n" },
  { "<a href='https://bank.example@evil.example/'>bank.example</a>",
    "bank.example [1: careful, leads to evil.example]\n\n[1] evil.example: https://bank.example@evil.example/ "
    "(careful: what stands before the @ is no part of the host)\n" },
  { "<a href='https://www.bank.example/'>bank.example</a>",
    "bank.example [1]\n\n[1] www.bank.example: https://www.bank.example/\n" },
  { "<a href='https://notbank.example/'>bank.example</a>",
    "bank.example [1: leads to notbank.example]\n\n[1] notbank.example: https://notbank.example/\n" },
  { "<a href='javascript:x()'>www.bank.example</a>",
    "www.bank.example [1: not a web link]\n\n[1] javascript:x() (careful: a script, which does nothing here)\n" },
  { "a<span style='display: none'>b</span>c", "a⟦hidden: b⟧c\n" },
  { "<div style='VISIBILITY:hidden !important'>b</div>c", "⟦hidden: b⟧\nc\n" },
  { "<span style='font-size:0px'>b</span>", "⟦hidden: b⟧\n" },
  { "<span style='color:#ffffff'>b</span>", "⟦hidden: b⟧\n" },
  { "<font color=white>b</font>", "⟦hidden: b⟧\n" },
  { "<table bgcolor=#000000><tr><td style='color:#fff'>b<td>c</table>", "b ⟦hidden: c⟧\n" },
  { "<div style='background:url(x.png)'><b style='color:#fff'>b</b></div>", "b\n" },
  { "<p hidden>b</p>c ⟦d⟧", "⟦hidden: b⟧\n\nc [d]\n" },
  { "soft\xC2\xADhyphen", "softhyphen\n" },
  { "<form><input value=x>shown<select><option>no</select><textarea>no</textarea></form>",
    "[form: what is filled in would go to an unnamed place; it does not work here]\n[form field] shown [form field] "
    "[form "
    "field]\n" },
};

static void
test_cases (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *got = text (cases[i].html);
    assert_string_equal (got, cases[i].text);
  }
}

static void
test_wraps (void **state)
{
  g_autofree char *got = html_to_text ("<p>aaaa bbbb cccc dddd</p>", 26, 10);
  assert_string_equal (got, "aaaa bbbb\ncccc dddd\n");
}

static void
test_charset_in_meta_is_ignored (void **state)
{
  g_autofree char *got = text ("<meta charset=iso-8859-1><p>ä</p>");
  assert_string_equal (got, "ä\n");
}

static void
test_strip_hidden (void **state)
{
  g_autofree char *html = text ("a <span style='display:none'>secret<p>more</p></span> b");
  assert_non_null (strstr (html, "secret"));
  g_autofree char *got = html_strip_hidden (html), *open = html_strip_hidden ("a " HTML_HIDDEN_OPEN "never closed");
  assert_null (strstr (got, "secret"));
  assert_null (strstr (got, "more"));
  assert_non_null (strstr (got, "b\n"));
  assert_string_equal (open, "a ");
}

static char *
repeat (const char *piece, gsize times)
{
  GString *out = g_string_new (NULL);
  for (gsize i = 0; i < times; i++)
    g_string_append (out, piece);
  return g_string_free (out, FALSE);
}

/* Depth, width and tangles: an answer in bounded time, with what stands before still readable. */
static void
test_hostile (void **state)
{
  static const char *const pieces[] = { "<div>",
                                        "<table><tr><td>",
                                        "<a href=x>",
                                        "<b><i>",
                                        "<ul><li>",
                                        "<blockquote>",
                                        "<",
                                        "<!--",
                                        "&",
                                        "<p",
                                        "\x80",
                                        "<font color=",
                                        "<span style='color:red;'>",
                                        "</p></div>",
                                        "<svg>",
                                        "<script>" };
  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++) {
    g_autofree char *many = repeat (pieces[i], 20000), *html = g_strconcat ("<p>before</p>", many, NULL);
    g_autofree char *got = text (html);
    assert_true (g_str_has_prefix (got, "before\n"));
    assert_true (g_utf8_validate (got, -1, NULL));
  }
}

static void
test_nul_and_cuts (void **state)
{
  static const char html[] = "<p>a\0b</p><table border=1><tr><td style='color:#fff'>ä<a "
                             "href=\"http://x.example/\">y</a></table><img alt='z'><ul><li>q</ul>";
  for (gsize size = 0; size < sizeof html; size++) {
    g_autofree char *got = html_to_text (html, size, size % 2 ? 20 : 0);
    assert_true (g_utf8_validate (got, -1, NULL));
    if (size > 9)
      assert_true (g_str_has_prefix (got, "a\uFFFDb"));
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_cases),
    cmocka_unit_test (test_wraps),
    cmocka_unit_test (test_charset_in_meta_is_ignored),
    cmocka_unit_test (test_strip_hidden),
    cmocka_unit_test (test_hostile),
    cmocka_unit_test (test_nul_and_cuts),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
