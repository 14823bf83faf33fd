/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* mail/message/draft_parse: what programs hand to sendmail becomes a draft, or is refused with a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "mail/engine.h"
#include "mail/message/draft_parse.h"

static GVariant *
parse (const char *text, gssize size, GPtrArray **attachments_out, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, size < 0 ? strlen (text) : (gsize) size);
  GVariant *draft = draft_parse (bytes, attachments_out, error);
  return draft != NULL ? g_variant_ref_sink (draft) : NULL;
}

static void
assert_text (GVariant *draft, const char *field, const char *want)
{
  const char *text = NULL;
  if (!g_variant_lookup (draft, field, "&s", &text))
    fail_msg ("no field %s", field);
  assert_string_equal (text, want);
}

static void
assert_list (GVariant *draft, const char *field, const char *want)
{
  g_auto (GStrv) list = NULL;
  assert_true (g_variant_lookup (draft, field, "^as", &list));
  g_autofree char *joined = g_strjoinv ("|", list);
  assert_string_equal (joined, want);
}

static void
plain (void **state)
{
  g_autoptr (GPtrArray) attachments = NULL;
  g_autoptr (GVariant) draft = parse (
      "From: =?utf-8?q?Zo=C3=AB?= <z@x.test>\nTo: \"B, Bob\" <bob@y.test>, carol@y.test\nCc: team: d@y.test, "
      "e@y.test;\n"
      "Bcc: hidden@y.test\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\nMessage-ID: <1@x.test>\n"
      "In-Reply-To: <0@x.test>\nReferences: <a@x.test> <0@x.test>\n"
      "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nd=E9j=E0\n",
      -1, &attachments, NULL);
  assert_non_null (draft);
  assert_text (draft, "from", "Zoë <z@x.test>");
  assert_list (draft, "to", "\"B, Bob\" <bob@y.test>|carol@y.test");
  assert_list (draft, "cc", "d@y.test|e@y.test");
  assert_list (draft, "bcc", "hidden@y.test");
  assert_text (draft, "subject", "Grüße");
  assert_text (draft, "body", "déjà\n");
  assert_text (draft, "message_id", "1@x.test");
  assert_text (draft, "in_reply_to", "0@x.test");
  assert_list (draft, "references", "a@x.test|0@x.test");
  assert_int_equal (attachments->len, 0);
}

/* Every word of a long subject, also behind one that ends in padding. */
static void
long_subject (void **state)
{
  g_autoptr (GPtrArray) attachments = NULL;
  g_autoptr (GVariant) draft = parse (
      "To: b@y.test\nSubject: =?utf-8?B?R3LDvMOfZQ==?=\n =?utf-8?B?IHVuZCBtZWhy?=\n\nx\n", -1, &attachments, NULL);
  assert_non_null (draft);
  assert_text (draft, "subject", "Grüße und mehr");
}

#define MIXED                                                                                                          \
  "To: b@y.test\nSubject: s\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=q\n\n--q\n"                    \
  "Content-Type: multipart/alternative; boundary=r\n\n--r\nContent-Type: text/html\n\n<p>one\n--r\nContent-Type: "     \
  "text/plain\n\none\n--r--\n"                                                                                         \
  "--q\nContent-Type: text/plain\n\ntwo\n--q\nContent-Type: application/pdf; "                                         \
  "name=\"lab.pdf\"\nContent-Transfer-Encoding: base64\n\nJVBERg==\n--q--\n"

static void
parts (void **state)
{
  g_autoptr (GPtrArray) attachments = NULL;
  g_autoptr (GVariant) draft = parse (MIXED, -1, &attachments, NULL);
  assert_non_null (draft);
  assert_text (draft, "body", "one");
  assert_int_equal (attachments->len, 2);
  g_autoptr (GVariant) rows = g_variant_lookup_value (draft, "attachments", G_VARIANT_TYPE ("a(ssh)"));
  const char *name, *type;
  gint32 handle;
  g_variant_get_child (rows, 1, "(&s&sh)", &name, &type, &handle);
  assert_string_equal (name, "lab.pdf");
  assert_string_equal (type, "application/pdf");
  assert_int_equal (handle, 1);
  gsize size = 0;
  assert_memory_equal (g_bytes_get_data (attachments->pdata[1], &size), "%PDF", 4);
  assert_int_equal (size, 4);
}

static void
refused (void **state)
{
  static const char *const cases[] = {
    "",
    "To: b@y.test\nContent-Type: multipart/encrypted; boundary=q; "
    "protocol=\"application/pgp-encrypted\"\n\n--q\n\n--q--\n",
    "To: b@y.test\nContent-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/signed; "
    "boundary=q\n\n--q\n\nx\n--q--\n--o--\n",
    "To: b@y.test\nContent-Type: application/pkcs7-mime\n\nMIIB\n",
    "To: b@y.test\nResent-To: c@y.test\nSubject: x\n\nx\n",
    "To: b@y.test\nResent-Bcc: c@y.test\nSubject: x\n\nx\n",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    GPtrArray *attachments = NULL;
    assert_null (parse (cases[i], -1, &attachments, &error));
    assert_null (attachments);
    assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_USAGE));
  }
}

static void
too_many (void **state)
{
  g_autoptr (GString) text = g_string_new ("Subject: s\nTo: ");
  for (int i = 0; i < 501; i++)
    g_string_append_printf (text, "u%d@x.test,\n ", i);
  g_string_append (text, "z@x.test\n\nbody\n");
  g_autoptr (GError) error = NULL;
  GPtrArray *attachments = NULL;
  assert_null (parse (text->str, -1, &attachments, &error));
  assert_non_null (strstr (error->message, "recipients"));
}

/* No header of the input can bring a line of its own into the draft. */
static void
no_lines (void **state)
{
  g_autoptr (GPtrArray) attachments = NULL;
  g_autoptr (GVariant) draft
      = parse ("To: b@y.test\nSubject: =?utf-8?q?a=0D=0ABcc:_x@y.test?=\nFrom: =?utf-8?q?a=0Ab?= <a@y.test>\n\nb\n", -1,
               &attachments, NULL);
  assert_non_null (draft);
  const char *subject, *from;
  assert_true (g_variant_lookup (draft, "subject", "&s", &subject));
  assert_null (strpbrk (subject, "\r\n"));
  assert_true (g_variant_lookup (draft, "from", "&s", &from));
  assert_null (strpbrk (from, "\r\n"));
}

/* Every prefix of a message either becomes a draft or is refused; none hurts. */
static void
cut_anywhere (void **state)
{
  guint good = 0;
  for (gsize size = 0; size <= strlen (MIXED); size++) {
    g_autoptr (GPtrArray) attachments = NULL;
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) draft = parse (MIXED, (gssize) size, &attachments, &error);
    assert_true ((draft != NULL) == (error == NULL));
    good += draft != NULL;
  }
  assert_true (good > 100);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (plain),        cmocka_unit_test (parts),    cmocka_unit_test (refused),
    cmocka_unit_test (too_many),     cmocka_unit_test (no_lines), cmocka_unit_test (cut_anywhere),
    cmocka_unit_test (long_subject),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
