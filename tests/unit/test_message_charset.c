/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Charsets that are wrong, missing or dangerous, and header fields that break the rules: what is read, and that a guess is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/shown.h"

#define BYTES(literal) literal, sizeof literal - 1

static const struct {
  const char *bytes;
  gsize size;
  const char *charset, *text, *guess;
  gboolean broken, hiding;
} cases[] = {
  { BYTES ("plain"), NULL, "plain", NULL, FALSE, FALSE },
  { BYTES ("Gr\xC3\xBC\xC3\x9F"), "utf-8", "Grüß", NULL, FALSE, FALSE },
  { BYTES ("Gr\xC3\xBC\xC3\x9F"), NULL, "Grüß", "utf-8", FALSE, FALSE },
  { BYTES ("Gr\xC3\xBC\xC3\x9F"), "us-ascii", "Grüß", "utf-8", FALSE, FALSE },
  { BYTES ("Gr\xFC\xDF"), NULL, "Grüß", "windows-1252", FALSE, FALSE },
  { BYTES ("Gr\xFC\xDF"), "iso-8859-1", "Grüß", NULL, FALSE, FALSE },
  { BYTES ("Gr\xFC\xDF"), "no-such-charset", "Grüß", "windows-1252", FALSE, FALSE },
  { BYTES ("Gr\xFC\xDF"), "x-unknown", "Grüß", "windows-1252", FALSE, FALSE },
  { BYTES ("\x80 5"), "iso-8859-1", "€ 5", NULL, FALSE, FALSE },
  /* labelled Latin, but chance makes no such sequences */
  { BYTES ("Gr\xC3\xBC\xC3\x9F"), "iso-8859-1", "Grüß", "utf-8", FALSE, FALSE },
  { BYTES ("A\xC3\xBC"), "iso-8859-1", "AÃ¼", NULL, FALSE, FALSE },
  { BYTES ("\xD6\xD0\xCE\xC4"), "gb2312", "中文", NULL, FALSE, FALSE },
  { BYTES ("\x81\x30\x84\x36"), "gb2312", "\u00A5", NULL, FALSE, FALSE }, /* only in GB 18030 */
  { BYTES ("\xC7\xD1\xB1\xDB \x81\x41"), "ks_c_5601-1987", "한글 갂", NULL, FALSE, FALSE },
  { BYTES ("\x1b$B$F$9$H\x1b(B"), NULL, "てすと", "iso-2022-jp", FALSE, FALSE },
  { BYTES ("h\0i\0!\0"), "utf-16", "hi!", "utf-16le", FALSE, FALSE },
  { BYTES ("\0h\0i\0!"), "utf-16", "hi!", "utf-16be", FALSE, FALSE },
  { BYTES ("\xFF\xFEh\0i\0"), "utf-16", "hi", NULL, FALSE, FALSE },
  { BYTES ("\xFE\xFF\0h\0i"), NULL, "hi", "utf-16be", FALSE, FALSE },
  { BYTES ("h\0e\0l\0l\0o\0"), NULL, "hello", "utf-16le", FALSE, FALSE },
  { BYTES ("just ascii"), "utf-16", "just ascii", "us-ascii", FALSE, FALSE },
  { BYTES ("\xEF\xBB\xBFmarked"), "utf-8", "marked", NULL, FALSE, FALSE },
  { BYTES ("\xC3\xA4\xC3\xB6\xC3\xBC \xFF"), "utf-8", "äöü \uFFFD", NULL, TRUE, FALSE },
  { BYTES ("a\x81z"), "windows-1252", "a\uFFFDz", NULL, TRUE, FALSE },
  { BYTES ("a\0z"), "iso-8859-1", "a\uFFFDz", NULL, FALSE, FALSE },
  { BYTES ("+ADw-b+AD4-"), "utf-7", "<b>", NULL, FALSE, TRUE },
  { BYTES ("+ADw-b+AD4-"), NULL, "+ADw-b+AD4-", NULL, FALSE, FALSE }, /* never guessed */
  { BYTES ("caf\xE9"), "../../etc/x", "café", "windows-1252", FALSE, FALSE },
  { BYTES ("caf\xE9"), "iso-8859-1//IGNORE", "café", "windows-1252", FALSE, FALSE },
};

static void
test_charsets (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    struct message_charset told;
    g_autofree char *text = message_charset_to_utf8 (cases[i].bytes, cases[i].size, cases[i].charset, &told);
    assert_string_equal (text, cases[i].text);
    assert_string_equal (told.guess != NULL ? told.guess : "-", cases[i].guess != NULL ? cases[i].guess : "-");
    assert_int_equal (told.broken, cases[i].broken);
    assert_int_equal (told.hiding, cases[i].hiding);
  }
}

/* The header's word counts, then what the HTML says of itself; it cannot choose what hides its text. */
static void
test_html_charset (void **state)
{
  static const struct {
    const char *header, *meta, *text, *warning;
  } pages[] = {
    { "; charset=utf-8", "windows-1251", "\xC3\xA4\xC3\xB6", NULL }, { "", "iso-8859-1", "\xE4\xF6", NULL },
    { "; charset=utf-8", "iso-8859-1", "\xE4\xF6", NULL },           { "", "utf-16", "\xC3\xA4\xC3\xB6", NULL },
    { "", "utf-7", "\xC3\xA4\xC3\xB6", "charset_guessed" },          { "", "x-no-such", "\xE4\xF6", "charset_guessed" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (pages); i++) {
    g_autofree char *message = g_strdup_printf (
        "Content-Type: text/html%s\n\n<meta http-equiv=Content-Type content=\"text/html; charset=%s\"><p>%s</p>\n",
        pages[i].header, pages[i].meta, pages[i].text);
    g_autoptr (GVariant) view = shown (message, strlen (message));
    assert_string_equal (shown_text (view), "äö\n");
    assert_int_equal (shown_warns (view, "charset_guessed"), pages[i].warning != NULL);
  }
}

/* ---- header fields ---- */

static const struct {
  const char *raw, *text, *guess;
} words[] = {
  { "=?utf-8?Q?a b c?= d", "a b c d", NULL },
  { "=?utf-8?Q?one?==?utf-8?Q?two?=", "onetwo", NULL },
  { "x=?utf-8?Q?=C3=BC?=y", "xüy", NULL },
  { "\"=?utf-8?Q?J=C3=BC?=\"", "\"Jü\"", NULL },
  { "half=?utf-8?Q?=C3?=\t=?UTF-8?B?vA==?= way", "halfü way", NULL },
  { "=?utf-8*de?Q?=C3=BC?=", "ü", NULL },
  { "=?x-unknown?Q?Gr=FC=DFe?=", "Grüße", "windows-1252" },
  { "=?us-ascii?Q?Gr=C3=BC=C3=9Fe?=", "Grüße", "utf-8" },
  { "=?gb2312?B?1tDOxA==?= =?ks_c_5601-1987?B?x9Gx2w==?=", "中文한글", NULL },
  { "=?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=", "テスト", NULL },
  { "Gr\xFC\xDF"
    "e =?utf-8?Q?=C3=BC?=",
    "Grüße ü", "windows-1252" },
  { "=?utf-8?Q?unterminated", "=?utf-8?Q?unterminated", NULL },
  { "=?utf-8?X?zz?= =?utf-8?Q?\?= =??Q?a?=", "=?utf-8?X?zz?=  =??Q?a?=", NULL },
  { "=?utf-8?B?!!!!?=z", "z", NULL },
  { "=?utf-8?B?R3LDvMOfZQ?=", "Grüße", NULL },
  { "=?utf-8?B?R3LDv MOfZQ==?=", "Grüße", NULL },
  { "=?utf-8?Q?=?= =?utf-8?Q?=4?= =?utf-8?Q?=GG?=", "==4=GG", NULL },
  { "=?utf-8?Q?what?\?=", "what?", NULL },
};

static void
test_words (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++) {
    struct message_charset told;
    g_autofree char *text = message_words_decode (words[i].raw, &told);
    assert_string_equal (text, words[i].text);
    assert_string_equal (told.guess != NULL ? told.guess : "-", words[i].guess != NULL ? words[i].guess : "-");
    g_autofree char *mended = message_words_mend (words[i].raw);
    g_autofree char *again = message_words_decode (mended, NULL);
    assert_string_equal (again, words[i].text); /* what GMime gets says the same */
  }
}

static void
test_subject_guess_is_told (void **state)
{
  static const char raw[] = "Subject: Gr\xFC\xDF"
                            "e\n\nx\n",
                    utf8[] = "Subject: Gr\xC3\xBC\xC3\x9F"
                             "e\n\nx\n";
  g_autoptr (GVariant) guessed = shown (raw, strlen (raw)), allowed = shown (utf8, strlen (utf8));
  shown_assert (guessed, "subject", "Grüße");
  assert_true (shown_warns (guessed, "charset_guessed"));
  shown_assert (allowed, "subject", "Grüße");
  assert_false (shown_warns (allowed, "charset_guessed"));
}

static const struct {
  const char *parameters, *filename;
} names[] = {
  { "filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf", "Größe.pdf" },
  { "filename*0*=utf-8''Gr%C3; filename*1*=%B6%C3%9F; filename*2=\"e.pdf\"", "Größe.pdf" },
  { "filename*1*=%C3%9Fe.pdf; filename*0*=utf-8''Gr%C3%B6", "Größe.pdf" }, /* out of order */
  { "filename*0=\"aaa\"; filename*2=\"ccc.pdf\"", "aaaccc.pdf" },
  { "filename*=iso-8859-1'de'Gr%F6%DFe.pdf; filename=\"plain.pdf\"", "Größe.pdf" },
  { "filename=\"=?utf-8?Q?Gr=C3=B6=C3=9Fe.pdf?=\"", "Größe.pdf" }, /* forbidden, and common */
  { "filename==?utf-8?Q?Gr=C3=B6=C3=9Fe.pdf?=", "Größe.pdf" },
  { "filename=\"=?utf-8?Q?Gr=C3=B6?=\n =?utf-8?Q?=C3=9Fe.pdf?=\"", "Größe.pdf" },
  { "filename=\"Gr\xC3\xB6\xC3\x9F"
    "e.pdf\"",
    "Größe.pdf" },
  { "filename=\"Gr\xF6\xDF"
    "e.pdf\"",
    "Größe.pdf" },
  { "filename=my file name.pdf", "my file name.pdf" },
  { "filename*=utf-8''a%E2%80%AEfdp.exe", "a‹U+202E›fdp.exe" },
  { "filename=", NULL },
};

static void
test_filenames (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *message = g_strdup_printf (
        "Content-Type: application/pdf\nContent-Disposition: attachment; %s\n\nx\n", names[i].parameters);
    g_autoptr (GVariant) view = shown (message, strlen (message));
    g_autoptr (GVariant) part = shown_part (view, 0);
    shown_assert (part, "filename", names[i].filename);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_charsets),  cmocka_unit_test (test_html_charset),
    cmocka_unit_test (test_words),     cmocka_unit_test (test_subject_guess_is_told),
    cmocka_unit_test (test_filenames),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
