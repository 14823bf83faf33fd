/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts on their way to the reader: charsets, format=flowed, invitations, quoting. */
#include "mail/engine/pace.h"
#include "mail/message/message_field.h"
#include "mail/message/message_p.h"
#include "mail/message/quote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static const struct {
  const char *bytes, *charset, *text;
} charsets[] = {
  { "Gr\xFC\xDF"
    "e",
    "iso-8859-1", "Grüße" },
  { "Gr\xFC\xDF"
    "e",
    NULL, "Grüße" },
  { "Gr\xFC\xDF"
    "e",
    "us-ascii", "Grüße" },
  { "Gr\xFC\xDF"
    "e",
    "utf-8", "Grüße" },
  { "Gr\xFC\xDF"
    "e",
    "no-such-charset", "Grüße" },
  { "\xC3\xA4", NULL, "ä" },
  { "\xC3\xA4", "us-ascii", "ä" },
  { "\xC3\xA4\xC3\xB6 \xFF", "utf-8", "äö \uFFFD" },
  { "\x80 100", "iso-8859-1", "€ 100" },
  { "\x1b$B$F$9$H\x1b(B", "iso-2022-jp", "てすと" },
  { "\x82\xC4\x82\xB7\x82\xC6", "Shift_JIS", "てすと" },
  { "\xC7\xD1\xB1\xDB", "ks_c_5601-1987", "한글" },
  { "\xD6\xD0\xCE\xC4", "\"GB2312\"", "中文" },
  { "\xF0\xD2\xC9", "koi8-r", "При" },
  { "a\x81\x40", "utf-7", NULL },
};

static void
test_charsets (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (charsets); i++) {
    g_autofree char *got
        = message_charset_to_utf8 (charsets[i].bytes, strlen (charsets[i].bytes), charsets[i].charset, NULL);
    assert_true (g_utf8_validate (got, -1, NULL));
    if (charsets[i].text != NULL)
      assert_string_equal (got, charsets[i].text);
  }
  g_autofree char *none = message_charset_to_utf8 ("", 0, "utf-16", NULL);
  assert_string_equal (none, "");
}

/* No charset and no bytes make anything but valid UTF-8, or hang. */
static void
test_charsets_at_random (void **state)
{
  static const char *const names[] = { "utf-7",   "utf-16", "utf-32", "iso-2022-jp", "iso-2022-kr", "hz-gb-2312",
                                       "gb18030", "big5",   "euc-jp", "tis-620",     "x",           "utf-8//IGNORE" };
  GRand *rand = g_rand_new_with_seed (3);
  for (int round = 0; round < 2400; round++) {
    char bytes[80];
    for (gsize i = 0; i < sizeof bytes; i++)
      bytes[i] = (char) g_rand_int (rand);
    g_autofree char *got
        = message_charset_to_utf8 (bytes, sizeof bytes, names[round % (int) G_N_ELEMENTS (names)], NULL);
    g_autofree char *clean = sanitise (got, -1, SANITISE_TEXT);
    assert_true (g_utf8_validate (clean, -1, NULL));
  }
  g_rand_free (rand);
}

static const struct {
  const char *in, *out;
  gboolean delsp;
} flows[] = {
  { "one \ntwo\nthree\n", "one two\nthree\n", FALSE },
  { "one \r\ntwo\r\n", "one two\n", FALSE },
  { "日本 \n語\n", "日本語\n", TRUE },
  { "> quoted \n> on\nown\n", "> quoted on\nown\n", FALSE },
  { "> quoted \nown\n", "> quoted \nown\n", FALSE },
  { ">> deep \n>> er\n> up\n", ">> deep er\n> up\n", FALSE },
  { " From here\n >no quote\n", "From here\n>no quote\n", FALSE },
  { "text \n-- \nAlice\n", "text \n-- \nAlice\n", FALSE },
  { "", "", FALSE },
};

static void
test_flowed (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (flows); i++) {
    g_autofree char *got = message_flowed_unwrap (flows[i].in, flows[i].delsp);
    assert_string_equal (got, flows[i].out);
  }
}

static const char invitation[]
    = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Case conference\\, ward\r\n  "
      "3\r\nDTSTART;TZID=Europe/Berlin:20261124T140000\r\n"
      "DTEND:20261124T150000Z\r\nLOCATION:Room 12\r\nORGANIZER;CN=\"Dr. Moreno: chief\":mailto:alice@clinic.example\r\n"
      "BEGIN:VALARM\r\nSUMMARY:not this\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

static void
test_calendar (void **state)
{
  g_autofree char *got = message_calendar_text (invitation),
                  *none = message_calendar_text ("BEGIN:VCALENDAR\nEND:VCALENDAR\n");
  assert_string_equal (got, "Invitation\nWhat: Case conference, ward 3\nFrom: Tue 2026-11-24 14:00 "
                            "(Europe/Berlin)\nUntil: Tue 2026-11-24 15:00 "
                            "UTC\n"
                            "Where: Room 12\nOrganiser: Dr. Moreno: chief <alice@clinic.example>\n");
  assert_null (none);
  for (gsize size = 0; size < sizeof invitation; size++) {
    g_autofree char *cut = g_strndup (invitation, size);
    g_autofree char *text = message_calendar_text (cut);
    assert_true (text == NULL || g_str_has_prefix (text, "Invitation\n"));
  }
}

static void
test_quote (void **state)
{
  static const struct {
    const char *in, *out;
  } cases[] = {
    { "a\n\nb\n", "> a\n>\n> b\n" },
    { "> old\n>> older\nnew\n\n\n", ">> old\n>>> older\n> new\n" },
    { "text\n-- \nAlice\nPhone\n", "> text\n" },
    { "", "" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *got = quote_text (cases[i].in);
    assert_string_equal (got, cases[i].out);
  }
  GString *wide = g_string_new (NULL);
  for (int i = 0; i < 40; i++)
    g_string_append (wide, "wörter ");
  g_autofree char *got = quote_text (wide->str);
  g_auto (GStrv) lines = g_strsplit (got, "\n", -1);
  assert_true (g_strv_length (lines) > 3);
  for (char **line = lines; *line != NULL; line++)
    assert_true (g_utf8_strlen (*line, -1) <= 79 && (**line == '\0' || g_str_has_prefix (*line, "> w")));
  g_string_free (wide, TRUE);
  g_autofree char *solid = g_strnfill (500, 'x'), *one = quote_text (solid);
  assert_int_equal (strlen (one), 503);
  GString *endless = g_string_new (NULL); /* all on one line: time grows with its length alone */
  for (int i = 0; i < 100000; i++)
    g_string_append (endless, "word ");
  gint64 began = g_get_monotonic_time ();
  g_autofree char *quoted = quote_text (endless->str);
  assert_true (g_get_monotonic_time () - began < G_USEC_PER_SEC * (gint64) pace ());
  assert_true (strlen (quoted) > endless->len);
  g_string_free (endless, TRUE);
}

/* Each encoded word may end in padding, and what follows it counts. */
static void
test_words (void **state)
{
  static const struct {
    const char *raw, *text;
  } words[] = {
    { "=?utf-8?B?YQ==?= =?utf-8?B?Yg==?=", "ab" },
    { "=?utf-8?b?YWI=?=\r\n =?UTF-8?B?Y2Rl?= =?utf-8?B?Zg==?=", "abcdef" },
    { "=?utf-8?B?YQ?= =?utf-8?B?Yg?=", "ab" },
    { "x =?iso-8859-1?B?5A==?= =?utf-8?B?w7Y=?= y", "x äö y" },
    { "=?utf-8?B?YcM=?= =?utf-8?B?pA==?=", "aä" }, /* cut within a character */
    { "=?utf-8?B?YQ==?= =?utf-8?Q?=C3=A4?=", "aä" },
    { "=?utf-8?B?YQ==?= and =?utf-8?B?Yg==?=", "a and b" },
    { "=?utf-8?B?Y=?=", NULL },
    { "=?utf-8?B?\?= =?utf-8?B?====?= =?", NULL },
    { "=?utf-8?B?YQ==", "=?utf-8?B?YQ==" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++) {
    g_autofree char *got = message_words_decode (words[i].raw, NULL),
                    *field = g_strconcat ("Subject: ", words[i].raw, "\r\n", NULL);
    g_autofree char *shown = message_field_find (field, strlen (field), "subject");
    if (words[i].text != NULL) {
      assert_string_equal (got, words[i].text);
      assert_string_equal (shown, words[i].text);
    }
  }
}

/* What we write in several words another reader, whose base64 ends at the first padding, reads whole too: GMime by itself. */
static void
test_words_written (void **state)
{
  static const char *const texts[]
      = { "Grüße aus der Klinik an alle, die heute im Dienst sind, und an alle anderen auch",
          "ü日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語", "a😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
          "Über die Zeile hinaus, der über die weiter, der über die weiter" };
  message_init ();
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *encoded = message_header_encode (texts[i]),
                    *read = g_mime_utils_header_decode_text (NULL, encoded);
    assert_string_equal (read, texts[i]);
  }
}

/* A name that is cut at its largest size does not end in a blank or a dot. */
static void
test_long_names (void **state)
{
  g_autofree char *head = g_strnfill (199, 'x'), *blank = g_strconcat (head, " yyy", NULL),
                  *dots = g_strconcat (head, "...... y", NULL);
  const char *const names[] = { blank, dots };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *clean = message_clean_filename (names[i]), *again = message_clean_filename (clean);
    assert_true (strlen (clean) <= 200 && !g_str_has_suffix (clean, " ") && !g_str_has_suffix (clean, "."));
    assert_string_equal (clean, again);
  }
}

/* Whatever a sender calls a file, it is saved under a plain name, in the folder that the reader chose. */
static void
test_names (void **state)
{
  static const struct {
    const char *name, *clean;
  } cases[] = {
    { "a.pdf", "a.pdf" },
    { "../../etc/passwd", "passwd" },
    { "C:\\Windows\\x.exe", "x.exe" },
    { ".bashrc", "bashrc" },
    { "-rf", "rf" },
    { "a. . ", "a" },
    { "con.txt", "_con.txt" },
    { "LPT1", "_LPT1" },
    { "com10.txt", "com10.txt" },
    { "control.txt", "control.txt" },
    { "a:b*c?.txt", "a_b_c_.txt" },
    { "inv\xE2\x80\xAE"
      "fdp.exe",
      "inv‹U+202E›fdp.exe" },
    { "a\nb\x1b[31m.txt", "a\xEF\xBF\xBD"
                          "b\xEF\xBF\xBD[31m.txt" },
    { "", "attachment" },
    { "...", "attachment" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *clean = message_clean_filename (cases[i].name);
    assert_string_equal (clean, cases[i].clean);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_charsets),      cmocka_unit_test (test_charsets_at_random),
    cmocka_unit_test (test_flowed),        cmocka_unit_test (test_calendar),
    cmocka_unit_test (test_quote),         cmocka_unit_test (test_words),
    cmocka_unit_test (test_words_written), cmocka_unit_test (test_long_names),
    cmocka_unit_test (test_names),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
