/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Attachments: each kind as text, and what is dangerous is called dangerous, under whatever name it comes. */
#include "mail/message/attachment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "mail/message/attachment_zip.h"

static void
test_kinds (void **state)
{
  static const struct {
    const char *type, *name;
    enum attachment_kind kind;
  } cases[] = {
    { "text/plain", "a.txt", ATTACHMENT_PLAIN },
    { "text/plain", "a.csv", ATTACHMENT_CSV },
    { "application/octet-stream", "A.PDF", ATTACHMENT_PDF },
    { "text/plain", "a.pdf", ATTACHMENT_PLAIN },
    { "application/pdf", NULL, ATTACHMENT_PDF },
    { "text/html", "a.txt", ATTACHMENT_HTML },
    { "application/fhir+xml", NULL, ATTACHMENT_PLAIN },
    { "application/x+json", NULL, ATTACHMENT_JSON },
    { "image/png", "a.txt", ATTACHMENT_NONE },
    { "application/octet-stream", "a", ATTACHMENT_NONE },
    { "application/msword", "a.doc", ATTACHMENT_NONE },
    { "text/vcard", NULL, ATTACHMENT_VCARD },
    { "text/calendar", NULL, ATTACHMENT_CALENDAR },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_int_equal (attachment_kind (cases[i].type, cases[i].name), cases[i].kind);
}

static void
test_texts (void **state)
{
  static const struct {
    enum attachment_kind kind;
    const char *charset, *bytes, *text;
  } cases[] = {
    { ATTACHMENT_PLAIN, "iso-8859-1", "caf\xE9", "caf\xC3\xA9" },
    { ATTACHMENT_CSV, NULL, "Test,Value\nSodium,140\n\"a, \"\"b\"\"\",c\n",
      "Test    Value\nSodium  140\na, \"b\"  c\n" },
    { ATTACHMENT_CSV, NULL,
      "\xEF\xBB\xBF"
      "a;b\r\nlonger;d",
      "a       b\nlonger  d\n" },
    { ATTACHMENT_CSV, NULL, "\"never closed,\nx", "never closed, x\n" },
    { ATTACHMENT_TSV, NULL, "a\tb\nccc\td\n", "a    b\nccc  d\n" },
    { ATTACHMENT_JSON, NULL, "{\"a\":[1,{}],\"b\":\"{,\\\"}\"}",
      "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"{,\\\"}\"\n}\n" },
    { ATTACHMENT_JSON, NULL, "]]]\"x", "\n]\n]\n]\"x\n" },
    { ATTACHMENT_VCARD, NULL,
      "BEGIN:VCARD\r\nFN:Dr. A\r\n  B\r\nitem1.TEL;TYPE=work:+1\r\nADR:;;Road 1\\, x;Town;;;\r\nEND:VCARD\r\n",
      "Name: Dr. A B\nTelephone: +1\nAddress: Road 1, x, Town\n\n" },
    { ATTACHMENT_HTML, NULL, "<p>a</p>", "a\n" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *got
        = attachment_text (cases[i].kind, cases[i].bytes, strlen (cases[i].bytes), cases[i].charset, &error);
    assert_null (error);
    assert_string_equal (got, cases[i].text);
  }
}

/* Broken at any place: an answer, and valid text. */
static void
test_cuts (void **state)
{
  static const char bytes[] = "a,\"b\xC3\xA4\";{\"x\":[\"\\\",\n]}\nBEGIN:VCARD\nTEL;X:1\\\nEND:";
  for (enum attachment_kind kind = ATTACHMENT_PLAIN; kind < ATTACHMENT_PDF; kind++)
    for (gsize size = 0; size < sizeof bytes; size++) {
      g_autofree char *cut = g_strndup (bytes, size), *got = attachment_text (kind, cut, size, NULL, NULL);
      assert_non_null (got);
      assert_true (g_utf8_validate (got, -1, NULL));
    }
}

static void
test_binary_is_no_text (void **state)
{
  g_autoptr (GError) error = NULL;
  assert_null (attachment_text (ATTACHMENT_PLAIN, "\0\1\2\0\1\2", 6, NULL, &error));
  assert_non_null (error);
  g_autofree char *wide = attachment_text (ATTACHMENT_PLAIN,
                                           "\xFF\xFE"
                                           "a\0b\0",
                                           6, "utf-16", NULL);
  assert_non_null (wide);
  assert_non_null (strstr (wide, "ab"));
}

#define MANY_DOTS                                                                                                      \
  "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
#define PROGRAM "MZ\x90\0\3\0\0\0"

static void
test_dangers (void **state)
{
  static const struct {
    const char *type, *name, *bytes;
    gsize size;
    const char *says; /* NULL: nothing */
  } cases[] = {
    { "application/pdf", "report.pdf", "%PDF-1.4", 8, NULL },
    { "application/pdf", NULL, "junk\n%PDF-1.4", 13, NULL },
    { "text/plain", "a.txt", "MZ is a beginning", 17, NULL },
    { "text/csv", "results.2026.csv", "a,b", 3, NULL },
    { "image/png", "a.png", "\x89PNG\r\n", 6, NULL },
    { "application/octet-stream", "data.bin", "xyz", 3, NULL },
    { "application/pdf", "empty.pdf", "", 0, NULL },
    { "application/octet-stream", "setup.exe", "x", 1, "a program" },
    { "application/octet-stream", "SETUP.EXE . ", "x", 1, "a program" },
    { "application/octet-stream", "report.pdf.exe", "x", 1, "pretends to be a document" },
    { "application/octet-stream", "report.pdf.exe. ", "x", 1, "pretends to be a document" },
    { "application/octet-stream", MANY_DOTS MANY_DOTS "js", "x", 1, "a script" },
    { "application/octet-stream", MANY_DOTS MANY_DOTS "pdf.js", "x", 1, "pretends to be a document" },
    { "application/octet-stream", ".exe", "x", 1, "a program" },
    { "application/octet-stream", "...", "x", 1, NULL },
    { "application/octet-stream", "report.pdf      .exe", "x", 1, "pretends to be a document" },
    { "application/pdf", "scan.pdf", PROGRAM, 8, "pretends to be a document" },
    { "application/octet-stream", "nothing", PROGRAM, 8, "a program" },
    { "application/octet-stream", "nothing",
      "\x7F"
      "ELF",
      4, "a program" },
    { "application/octet-stream", "nothing", "\xCF\xFA\xED\xFE", 4, "a program" },
    { "text/plain", "notes", "#!/bin/sh", 9, "a script" },
    { "text/plain", "a.js", "x", 1, "a script" },
    { "text/plain", "a.hta", "x", 1, "a script" },
    { "application/octet-stream", "a.vbs", "x", 1, "a script" },
    { "application/octet-stream", "a.lnk", "x", 1, "a shortcut" },
    { "application/octet-stream", "a", "L\0\0\0\1\x14\2\0", 8, "a shortcut" },
    { "application/octet-stream", "a.iso", "x", 1, "image of a disc" },
    { "application/octet-stream", "a.jar", "PK\3\4", 4, "a program" },
    { "application/octet-stream", "a.scr", "x", 1, "a program" },
    { "application/octet-stream", "a.docm", "PK\3\4", 4, "macros" },
    { "application/octet-stream", "a.xlsm", "PK\3\4", 4, "macros" },
    { "text/html", "invoice.html", "<p>", 3, "imitate a place to sign in" },
    { "application/octet-stream", "invoice.htm", "<p>", 3, "imitate a place to sign in" },
    { "image/svg+xml", "a.svg", "<svg>", 5, "imitate a place to sign in" },
    { "application/pdf", "a.pdf", "PK\3\4", 4, "says that it is a PDF" },
    { "image/jpeg", "a.jpg", "%PDF-", 5, "says that it is a picture" },
    { "application/zip", "a.zip", "%PDF-", 5, "says that it is an archive" },
    { "text/plain", "a.txt", "%PDF-", 5, "says that it is text" },
    { "application/octet-stream", "a.docx", "{\\rtf1", 6, "says that it is an office document" },
    { "application/octet-stream", "inv‹U+202E›fdp.exe", "x", 1, "hidden characters" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *got
        = attachment_danger (cases[i].type, cases[i].name, (const guint8 *) cases[i].bytes, cases[i].size);
    if ((got == NULL) != (cases[i].says == NULL) || (got != NULL && strstr (got, cases[i].says) == NULL))
      fail_msg ("%s %s: %s", cases[i].type, cases[i].name, got != NULL ? got : "nothing");
  }
}

/* An archive with one stored, empty file of this name. */
static GByteArray *
archive (const char *name)
{
  GByteArray *zip = g_byte_array_new ();
  guint8 local[30] = { 'P', 'K', 3, 4 }, entry[46] = { 'P', 'K', 1, 2 }, end[22] = { 'P', 'K', 5, 6 };
  gsize length = strlen (name);
  local[26] = entry[28] = (guint8) length;
  end[16] = (guint8) (sizeof local + length);
  g_byte_array_append (zip, local, sizeof local);
  g_byte_array_append (zip, (const guint8 *) name, (guint) length);
  g_byte_array_append (zip, entry, sizeof entry);
  g_byte_array_append (zip, (const guint8 *) name, (guint) length);
  g_byte_array_append (zip, end, sizeof end);
  return zip;
}

static void
test_archives (void **state)
{
  static const struct {
    const char *name, *says;
  } cases[] = { { "folder/report.txt", NULL },
                { "folder/report.pdf.exe", "holds a program" },
                { "report.js.", "holds a program" },
                { "word/vbaProject.bin", "holds macros" } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) zip = archive (cases[i].name);
    g_autofree char *got = attachment_danger ("application/zip", "a.zip", zip->data, zip->len);
    assert_true ((got == NULL) == (cases[i].says == NULL));
    assert_true (got == NULL || strstr (got, cases[i].says) != NULL);
    for (gsize size = 0; size < zip->len; size++) { /* cut anywhere, at the exact end of its memory */
      g_autofree guint8 *cut = g_memdup2 (zip->data, size);
      g_autoptr (GPtrArray) names = attachment_zip_names (cut, size);
      assert_true (names->len <= 1);
    }
    for (gsize at = 0; at < zip->len; at++) { /* and every byte wrong */
      g_autofree guint8 *bad = g_memdup2 (zip->data, zip->len);
      bad[at] = 0xFF;
      g_autoptr (GPtrArray) names = attachment_zip_names (bad, zip->len);
      assert_true (names->len <= 1);
    }
  }
}

/* What is behind the last name that is looked at is not called harmless. */
static void
test_full_archive (void **state)
{
  static const guint8 local[30] = { 'P', 'K', 3, 4 }, entry[46] = { 'P', 'K', 1, 2 },
                      end[22] = { 'P', 'K', 5, 6, [16] = sizeof local };
  g_autoptr (GByteArray) zip = g_byte_array_new ();
  g_byte_array_append (zip, local, sizeof local);
  for (guint i = 0; i < ATTACHMENT_ZIP_NAMES_MAX; i++)
    g_byte_array_append (zip, entry, sizeof entry);
  g_byte_array_append (zip, end, sizeof end);
  g_autofree char *got = attachment_danger ("application/zip", "a.zip", zip->data, zip->len);
  assert_non_null (got);
  assert_non_null (strstr (got, "more files than could be looked at"));
}

/* Blanks for columns and depth make no more of an attachment than can be handed on. */
static void
test_blanks (void **state)
{
  g_autofree char *wide = g_strnfill (60, 'x'), *commas = g_strnfill (59, ',');
  g_autoptr (GString) table = g_string_new (NULL), json = g_string_new (NULL);
  for (guint i = 0; i < 60; i++)
    g_string_append_printf (table, "%s%s", i > 0 ? "," : "", wide);
  for (guint i = 0; i < 6000; i++)
    g_string_append_printf (table, "\n%sx", commas);
  for (guint i = 0; i < 31; i++)
    g_string_append_c (json, '[');
  for (guint i = 0; i < 400000; i++)
    g_string_append_c (json, ',');
  g_autofree char *rows = attachment_table_text (table->str, ','), *values = attachment_json_text (json->str);
  assert_true (strlen (rows) < ATTACHMENT_SHOWN_MAX + 10000);
  assert_true (strlen (values) < ATTACHMENT_SHOWN_MAX + 10000);
  assert_true (g_str_has_suffix (rows, "the rest is left out.]\n"));
  assert_true (g_str_has_suffix (values, "the rest is left out.]\n"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_kinds),        cmocka_unit_test (test_texts),
    cmocka_unit_test (test_cuts),         cmocka_unit_test (test_binary_is_no_text),
    cmocka_unit_test (test_dangers),      cmocka_unit_test (test_archives),
    cmocka_unit_test (test_full_archive), cmocka_unit_test (test_blanks),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
