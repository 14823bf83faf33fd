/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Links of HTML mail: whatever is done to a target, the footnote begins with the host that it truly leads to. */
#include "mail/message/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

/* What the footnote of <a href=target>text</a> says, and what stands behind the text. */
static const struct {
  const char *target, *text, *mark, *note;
} cases[] = {
  { "https://a.example/x", "here", "[1]", "a.example: https://a.example/x" },
  { "https://bank.example@evil.example/", "here", "[1: careful, leads to evil.example]",
    "evil.example: https://bank.example@evil" },
  { "https://bank.example:pw@evil.example/", "here", "[1: careful, leads to evil.example]", "evil.example: " },
  { "http://ev%69l.example/", "here", "[1: careful, leads to evil.example]",
    "evil.example: http://ev%69l.example/ (careful" },
  { "https://bank.example%2eevil.example/", "bank.example", "[1: careful, leads to bank.example.evil.example]",
    "bank.example.evil." },
  { "https://bank.example\\@evil.example", "here", "[1]", "bank.example: " },
  { "https:/one.example/", "here", "[1]", "one.example: " },
  { "HTTPS:\\\\one.example\\x", "here", "[1]", "one.example: " },
  { "ht&#9;tps://one.ex&#10;ample/", "here", "[1]", "one.example: https://one.example/" },
  { "https://one.example:8443/x", "one.example", "[1]", "one.example: " },
  { "https://one.example./", "one.example", "[1]", "one.example: " },
  { "https://one.example?x@two.example", "one.example", "[1]", "one.example: " },
  { "//two.example/x", "here", "[1]", "two.example: https://two.example/x" },
  { "/\\two.example/x", "here", "[1]", "two.example: " },
  { "https://bank.example.evil.example/", "https://bank.example/", "[1: leads to bank.example.evil.example]",
    "bank.example.evil.example: " },
  { "https://evil.example/bank.example", "www.bank.example", "[1: leads to evil.example]", "evil.example: " },
  { "https://3221225985/", "here", "[1: careful, leads to 3221225985]", "3221225985: " },
  { "https://0xC0.0.2.1/", "here", "[1: careful, leads to 0xc0.0.2.1]", "0xc0.0.2.1: " },
  { "https://xn--pple-43d.example/", "here",
    "[1: careful, leads to xn--pple-43d.example (it looks like \xD0\xB0pple.example)]", "xn--pple-43d.example (it" },
  { "https://\xD0\xB0pple.example/", "here",
    "[1: careful, leads to xn--pple-43d.example (it looks like \xD0\xB0pple.example)]", "xn--pple-43d.example (it" },
  { "https://m\xC3\xBCller.example/", "m\xC3\xBCller.example", "[1]",
    "xn--mller-kva.example (it looks like m\xC3\xBCller.example): " },
  { "java&#10;script:alert(1)", "here", "[1: not a web link]", "javascript:alert(1) (careful: a script" },
  { "  javascript:x", "here", "[1: not a web link]", "javascript:x (careful: a script" },
  { "data:text/html,x", "here", "[1: not a web link]", "data:text/html,x (careful" },
  { "file:///x", "here", "[1: not a web link]", "file:///x (careful: a file on a computer" },
  { "\\\\evil.example\\share", "here", "[1: not a web link]", "\\\\evil.example\\share (careful: a file" },
  { "mailto:a@b.example?subject=x", "a@b.example", "[1]", "mailto:a@b.example?subject=x" },
  { "mailto:evil@b.example", "a@b.example", "[1: writes to evil@b.example]", "mailto:evil@b.example" },
  { "tel:+4312345", "call", "[1]", "tel:+4312345" },
};

static void
test_cases (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *html = g_strdup_printf ("<a href=\"%s\">%s</a>", cases[i].target, cases[i].text),
                    *got = html_to_text (html, strlen (html), 0),
                    *wanted = g_strdup_printf ("%s %s\n\n[1] %s", cases[i].text, cases[i].mark, cases[i].note);
    if (!g_str_has_prefix (got, wanted))
      fail_msg ("%s: wanted\n%s\ngot\n%s", cases[i].target, wanted, got);
  }
}

static void
test_long_target (void **state)
{
  g_autofree char *much = g_strnfill (5000, 'x'),
                  *html = g_strdup_printf ("<a href='https://host.example/%s/end?t=1'>x</a>", much),
                  *got = html_to_text (html, strlen (html), 0);
  assert_non_null (strstr (got, "[1] host.example: https://host.example/xxx"));
  assert_non_null (strstr (got, "x/end?t=1 ("));
  assert_true (strlen (got) < 450);
}

static void
test_base (void **state)
{
  static const char html[]
      = "<base href='https://evil.example/a/'><base href='https://other.example/'><a href='b'>bank.example</a>";
  g_autofree char *got = html_to_text (html, strlen (html), 0);
  assert_string_equal (got, "bank.example [1: leads to evil.example]\n\n[1] evil.example: https://evil.example/a/b\n");
  /* What is no host is no base; GLib's reader of URIs must not see it. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL);
  static const char odd[] = "<base href='https://;/x'><a href='?b'>bank.example</a> <a href='//;y'>bank.example</a>";
  g_autofree char *kept = html_to_text (odd, strlen (odd), 0);
  assert_non_null (strstr (kept, "bank.example [1: not a web link] bank.example [2: careful"));
}

/* A base of any form resolves links, or leaves them alone. */
static void
test_odd_bases (void **state)
{
  static const char *const bases[]
      = { "https://b.example", "https://b.example?x", "https://b.example#x",  "https://b;c/",
          "https://",          "https:///",           "https://b.example:x/", "https://[/" };
  static const char *const targets[]
      = { "a", "?a", "#a", "/a", "../..", "//c.example", "//c;d/x", "", "a:b", "%", "\\" };
  for (gsize i = 0; i < G_N_ELEMENTS (bases); i++)
    for (gsize k = 0; k < G_N_ELEMENTS (targets); k++) {
      g_autofree char *html = g_strdup_printf ("<base href='%s'><a href='%s'>x</a>", bases[i], targets[k]),
                      *got = html_to_text (html, strlen (html), 0);
      assert_true (g_str_has_prefix (got, "x"));
    }
}

/* The picture of an address is a text, too; a thousand links are told, and that there were more. */
static void
test_pictures_and_many (void **state)
{
  static const char picture[] = "<a href='https://evil.example/'><img src=x alt='www.bank.example'></a>";
  g_autofree char *got = html_to_text (picture, strlen (picture), 0);
  assert_non_null (strstr (got, "[1: leads to evil.example]"));
  GString *html = g_string_new (NULL);
  for (int i = 0; i < 1100; i++)
    g_string_append_printf (html, "<a href='http://a%d.example/'>x</a> ", i);
  g_autofree char *all = g_string_free (html, FALSE), *many = html_to_text (all, strlen (all), 0);
  assert_non_null (strstr (many, "\n[1000] a999.example: "));
  assert_non_null (strstr (many, "\n[100 more links are left out.]\n"));
}

int
main (void)
{
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_cases),     cmocka_unit_test (test_long_target),       cmocka_unit_test (test_base),
    cmocka_unit_test (test_odd_bases), cmocka_unit_test (test_pictures_and_many),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
