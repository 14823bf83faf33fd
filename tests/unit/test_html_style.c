/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Hidden text of HTML mail is shown as hidden, however it was hidden; and what is seen is not called hidden. */
#include "mail/message/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

/* In each, "secret" cannot be seen in a browser. */
static const char *const hidden[] = {
  "<p style='display:none'>secret</p>",
  "<p style='display:none !important;display:block'>secret</p>",
  "<p style='/* x */visibility : HIDDEN'>secret</p>",
  "<p style='font-size:0'>secret</p>",
  "<p style='font:0/0 a'>secret</p>",
  "<p style='font-size:1px'>secret</p>",
  "<p style='font-size:1%'>secret</p>",
  "<div style='font-size:0.01em'><b style='font-size:2em'>secret</b></div>",
  "<p style='opacity:0'>secret</p>",
  "<p style='opacity:.01'><b style='opacity:1'>secret</b></p>",
  "<p style='filter:opacity(0)'>secret</p>",
  "<p style='position:absolute;left:-9999px'>secret</p>",
  "<p style='position:fixed;top:-200em'>secret</p>",
  "<p style='text-indent:-9999px'>secret</p>",
  "<p style='margin-left:-5000px'>secret</p>",
  "<p style='max-height:0;overflow:hidden'>secret</p>",
  "<p style='width:1px;height:1px;overflow:hidden'>secret</p>",
  "<p style='clip:rect(0,0,0,0);position:absolute'>secret</p>",
  "<p style='clip:rect(1px 1px 1px 1px)'>secret</p>",
  "<p style='clip-path:inset(100%)'>secret</p>",
  "<p style='transform:scale(0)'>secret</p>",
  "<p style='color:transparent'>secret</p>",
  "<p style='color:rgba(0,0,0,0)'>secret</p>",
  "<p style='color:#0000'>secret</p>",
  "<p style='color:#fff'>secret</p>",
  "<p style='color:rgb(255, 255, 255)'>secret</p>",
  "<p style='color:rgb(100% 100% 100%)'>secret</p>",
  "<p style='color:hsl(0,0%,100%)'>secret</p>",
  "<p style='color:#fefefe'>secret</p>",
  "<p style='-webkit-text-fill-color:transparent'>secret</p>",
  "<p style='background:#123456 none;color:#123457'>secret</p>",
  "<body bgcolor=black text=black>secret</body>",
  "<font color=#FFFFFF>secret</font>",
  "<font color=ffffff>secret</font>",
  "<table bgcolor=white><tr bgcolor=red><td bgcolor='#ffffff'><font color=white>secret</font></table>",
  "<div style='color:white'><p><i>secret</i></p></div>",
  "<p hidden>secret</p>",
  "<style>.a{display:none}</style><p class='b a'>secret</p>",
  "<p id=x>secret</p><style>#x{visibility:hidden}</style>",
  "<style>div p{font-size:0}</style><div><b><p>secret</p></b></div>",
  "<style>div > .k{opacity:0}</style><div><p class=k>secret</p></div>",
  "<style><!-- P.n, .m { color : white } --></style><p class=m>secret</p>",
  "<style>p{display:none!important}</style><p style='display:block'>secret</p>",
  "<style>@media screen{p{display:none}}</style><p>secret</p>",
  "<style>@media only screen and (min-width:100px){p{display:none}}</style><p>secret</p>",
  "<style>@media print{p{display:block}} p{display:none}</style><p>secret</p>",
  "<style>@supports (x:y){p{display:none}}</style><p>secret</p>",
  "<style>@import 'x'; @charset 'y'; p{display:none}</style><p>secret</p>",
  "<style>p[lang=en]{display:none}</style><p lang=en>secret</p>",
  "<style>*{color:#fff}</style><p>secret</p>",
  "<style>.w{background:#000}.w b{color:#000}</style><div class=w><b>secret</b></div>",
  "<style>p{display:none}/* p{display:block} */</style><p>secret</p>",
};

static const char *const seen[] = {
  "<p style='display:block'>open</p>",
  "<div style='visibility:hidden'><p style='visibility:visible'>open</p></div>",
  "<td style='font-size:0px'><div style='font-size:13px'>open</div></td>",
  "<p style='color:#fff;background:#036'>open</p>",
  "<p style='background:#fff url(x.png);color:#fff'>open</p>",
  "<div style='color:#fff'><a href='http://a.example/' style='color:#036'>open</a></div>",
  "<p style='max-height:0'>open</p>",
  "<p style='left:-9999px'>open</p>",
  "<p style='text-indent:-2em'>open</p>",
  "<p style='opacity:.5'>open</p>",
  "<style>.a{display:none}</style><p class=ab>open</p>",
  "<style>.a{display:none}</style><p class=a style='display:block'>open</p>",
  "<style>.a{display:none} p.a{display:block}</style><p class=a>open</p>",
  "<style>@media print{p{display:none}}</style><p>open</p>",
  "<style>@media (max-width:600px){p{display:none!important}}</style><p>open</p>",
  "<style>@media (prefers-color-scheme:dark){p{color:#fff}}</style><p>open</p>",
  "<style>p:hover{display:none} a:visited{display:none} p::before{display:none}</style><p>open</p>",
  "<style>p > b{display:none}</style><p><i><b>open</b></i></p>",
  "<style>tr:first-child td{display:none}</style><table><tr><td>x</td></tr><tr><td>open</td></tr></table>",
  "<!--<style>p{display:none}</style>--><p>open</p>",
  "<style>p{display:</style><p>open</p>",
  "<style>@media print{ p{display:none} </style><p>open</p>",
  "<style>p{background:url(data:a;b);display:inline}</style><p>open</p>",
};

static char *
text (const char *html)
{
  return html_to_text (html, strlen (html), 0);
}

static void
test_hidden (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (hidden); i++) {
    g_autofree char *got = text (hidden[i]);
    if (strstr (got, HTML_HIDDEN_OPEN "secret" HTML_HIDDEN_CLOSE) == NULL)
      fail_msg ("not called hidden: %s\n%s", hidden[i], got);
  }
}

static void
test_seen (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (seen); i++) {
    g_autofree char *got = text (seen[i]), *plain = html_strip_hidden (got);
    if (strstr (plain, "open") == NULL)
      fail_msg ("wrongly called hidden: %s\n%s", seen[i], got);
  }
}

/* The preview text of a newsletter, with its filler, is one short line. */
static void
test_preview_is_short (void **state)
{
  g_autoptr (GString) html = g_string_new ("<div style='display:none;max-height:0'>Your<p>results</p> are ready");
  for (int i = 0; i < 300; i++)
    g_string_append (html, "&zwnj;&nbsp;&#847; ");
  g_string_append (html, "</div><div hidden>");
  for (int i = 0; i < 100; i++)
    g_string_append (html, "salted words ");
  g_string_append (html, "</div><p>Dear patient</p>");
  g_autofree char *got = text (html->str);
  g_auto (GStrv) lines = g_strsplit (got, "\n", -1);
  assert_true (g_str_has_prefix (lines[0], HTML_HIDDEN_OPEN "Your results are ready salted words"));
  assert_true (g_str_has_suffix (lines[0], " more characters" HTML_HIDDEN_CLOSE));
  assert_true (strlen (lines[0]) < 260);
  assert_string_equal (lines[1], "");
  assert_string_equal (lines[2], "Dear patient");
}

/* Text that pretends to end the mark stays in it. */
static void
test_mark_cannot_be_left (void **state)
{
  g_autofree char *got = text ("<p hidden>a" HTML_HIDDEN_CLOSE "b" HTML_HIDDEN_OPEN "c</p>");
  assert_string_equal (got, HTML_HIDDEN_OPEN "a]b[hidden: c" HTML_HIDDEN_CLOSE "\n");
}

/* A sheet takes too long: a bounded answer, and the text is there. */
static void
test_slow_sheets (void **state)
{
  static const char *const pieces[] = { "p,",
                                        "a b c d e f g h{color:red}",
                                        "*{opacity:0.9}",
                                        "{",
                                        "}",
                                        "/*",
                                        "@media screen{",
                                        "p[a=\"",
                                        "p:nth-child(",
                                        ".x.x.x.x.x.x.x{display:none}",
                                        "div div div div div p{color:red}" };
  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++) {
    g_autoptr (GString) html = g_string_new ("<style>");
    for (int k = 0; k < 5000; k++)
      g_string_append (html, pieces[i]);
    g_string_append (html, "</style>");
    for (int k = 0; k < 30; k++)
      g_string_append (html, "<div class=x>");
    for (int k = 0; k < 100; k++)
      g_string_append (html, "<p>text</p>");
    gint64 before = g_get_monotonic_time ();
    g_autofree char *got = text (html->str);
    assert_true (g_get_monotonic_time () - before < 20 * G_USEC_PER_SEC);
    assert_true (g_utf8_validate (got, -1, NULL));
    if (strstr (got, "text") == NULL && strstr (got, "takes too long") == NULL)
      fail_msg ("nothing of the text is left behind %s", pieces[i]);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_hidden),           cmocka_unit_test (test_seen),
    cmocka_unit_test (test_preview_is_short), cmocka_unit_test (test_mark_cannot_be_left),
    cmocka_unit_test (test_slow_sheets),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
