/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a draft becomes on its way to protect: fields, encodings, and what is refused. */
#include "mail/message/draft_parse.h"
#include "mail/message/message_p.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static const gint64 now = 1795298400; /* Sat, 21 Nov 2026 22:00:00 +0000 */

struct composed {
  GPtrArray *outer;
  char *payload;
  char *id;
};

static GVariant *
draft (const char *to, const char *subject, const char *body, const char *attachment)
{
  GVariantDict dict;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "from", "s", "Dr. Alice Moreno <alice@clinic.example>");
  g_variant_dict_insert_value (&dict, "to", g_variant_new_strv ((const char *[]){ to }, 1));
  g_variant_dict_insert_value (&dict, "bcc", g_variant_new_strv ((const char *[]){ "blind@clinic.example" }, 1));
  g_variant_dict_insert (&dict, "subject", "s", subject);
  g_variant_dict_insert (&dict, "body", "s", body);
  g_variant_dict_insert (&dict, "in_reply_to", "s", "parent@x.example");
  g_variant_dict_insert_value (
      &dict, "references",
      g_variant_new_strv ((const char *[]){ "root@x.example", "not an id", "parent@x.example" }, 3));
  if (attachment != NULL) {
    GVariantBuilder rows;
    g_variant_builder_init (&rows, G_VARIANT_TYPE ("a(ssh)"));
    g_variant_builder_add (&rows, "(ssh)", attachment, "", 0);
    g_variant_dict_insert_value (&dict, "attachments", g_variant_builder_end (&rows));
  }
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static gboolean
run (GVariant *from, const char *attachment, struct composed *out)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) bytes = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GBytes) payload = NULL;
  if (attachment != NULL)
    g_ptr_array_add (bytes, g_bytes_new (attachment, strlen (attachment)));
  gboolean done = message_compose (from, bytes, now, &out->outer, &payload, &out->id, &error);
  assert_true (done == (error == NULL));
  if (done)
    out->payload = g_strndup (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
  g_variant_unref (from);
  return done;
}

static void
clear (struct composed *c)
{
  g_ptr_array_unref (c->outer);
  g_free (c->payload);
  g_free (c->id);
}

static gboolean
has_outer (const struct composed *c, const char *name)
{
  for (guint i = 0; i < c->outer->len; i++)
    if (g_str_has_prefix (c->outer->pdata[i], name))
      return TRUE;
  return FALSE;
}

static void
assert_wire_form (const char *payload, gsize longest)
{
  gsize line = 0;
  for (const char *p = payload; *p != '\0'; p++) {
    assert_true ((guchar) *p < 0x80);
    if (*p == '\n')
      assert_true (p > payload && p[-1] == '\r');
    if (*p == '\r')
      assert_true (p[1] == '\n');
    line = *p == '\n' ? 0 : line + 1;
    assert_true (line <= longest);
  }
}

static void
test_fields (void **state)
{
  struct composed c = { 0 };
  assert_true (run (draft ("Bob <bob@b.example>, carol@c.example", "Lab results", "Hello\nBob\n", NULL), NULL, &c));
  assert_wire_form (c.payload, 78);
  assert_true (g_str_has_prefix (
      c.payload, "Date: Sat, 21 Nov 2026 22:00:00 +0000\r\nFrom: \"Dr. Alice Moreno\" <alice@clinic.example>\r\n"
                 "To: Bob <bob@b.example>, carol@c.example\r\nSubject: Lab results\r\nMessage-ID: <"));
  assert_non_null (
      strstr (c.payload, "\r\nIn-Reply-To: <parent@x.example>\r\nReferences: <root@x.example> <parent@x.example>\r\n"));
  assert_non_null (strstr (c.payload, "hp=cipher"));
  assert_non_null (strstr (c.payload, "protected-headers=v1"));
  assert_non_null (strstr (c.payload, "\r\n\r\nHello\r\nBob\r\n"));
  assert_null (strstr (c.payload, "blind"));
  assert_true (has_outer (&c, "Date: ") && has_outer (&c, "From: ") && has_outer (&c, "To: ")
               && has_outer (&c, "Message-ID: "));
  assert_false (has_outer (&c, "Subject") || has_outer (&c, "Bcc"));
  assert_true (g_str_has_suffix (c.id, "@clinic.example") && strlen (c.id) == 32 + strlen ("@clinic.example"));
  clear (&c);
}

/* What is outside is told inside (RFC 9788, 2.2), and who was not to be named outside is not, nor when the draft was kept in between. */
static void
test_hp_outer (void **state)
{
  struct composed c = { 0 };
  g_autoptr (GVariant) base = draft ("Bob <bob@b.example>", "Lab results", "Hello", NULL);
  g_autoptr (GVariantDict) dict = g_variant_dict_new (base);
  g_variant_dict_insert_value (dict, "cc", g_variant_new_strv ((const char *[]){ "Carol <carol@c.example>" }, 1));
  g_variant_dict_insert_value (dict, "confidential",
                               g_variant_new_strv ((const char *[]){ "Carol@c.example", "bob@other.example" }, 2));
  GVariant *secret = g_variant_ref_sink (g_variant_dict_end (dict));
  assert_true (run (secret, NULL, &c));
  assert_non_null (strstr (c.payload, "\r\nCc: Carol <carol@c.example>\r\n"));
  assert_non_null (strstr (c.payload, "\r\nHP-Outer: To: Bob <bob@b.example>\r\n"));
  assert_non_null (strstr (c.payload, "\r\nHP-Outer: Subject: [...]\r\n"));
  assert_null (strstr (c.payload, "HP-Outer: Cc"));
  assert_true (has_outer (&c, "To: Bob <bob@b.example>"));
  assert_false (has_outer (&c, "Cc"));
  for (guint i = 0; i < c.outer->len; i++) {
    g_autofree char *line = g_strconcat ("HP-Outer: ", c.outer->pdata[i], NULL), *unfolded = g_strdup (c.payload);
    GString *whole = g_string_new (unfolded);
    g_string_replace (whole, "\r\n ", " ", 0);
    assert_non_null (strstr (whole->str, line));
    g_string_free (whole, TRUE);
  }
  g_autoptr (GBytes) kept = g_bytes_new (c.payload, strlen (c.payload));
  g_autoptr (GPtrArray) attachments = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) again = g_variant_ref_sink (draft_parse (kept, &attachments, &error));
  g_autofree const char **list = NULL;
  assert_true (g_variant_lookup (again, "confidential", "^a&s", &list));
  assert_string_equal (list[0], "carol@c.example");
  assert_null (list[1]);
  clear (&c);
}

static void
test_same_id_is_kept_and_new_ones_differ (void **state)
{
  struct composed a = { 0 }, b = { 0 };
  assert_true (run (draft ("bob@b.example", "x", "y", NULL), NULL, &a));
  assert_true (run (draft ("bob@b.example", "x", "y", NULL), NULL, &b));
  assert_string_not_equal (a.id, b.id);
  clear (&a);
  clear (&b);
}

static void
test_text (void **state)
{
  struct composed c = { 0 };
  g_autofree char *wide = g_strnfill (3000, 'w');
  g_autofree char *body = g_strconcat ("Grüße \nFrom the ward \n.\n", wide, "\r\nlast\r", NULL);
  assert_true (run (draft ("Jürgen Müller <j@b.example>",
                           "Überweisung: Ergebnisse für Frau Weiß, die sehr lang geraten sind", body, NULL),
                    NULL, &c));
  assert_wire_form (c.payload, 78);
  assert_non_null (strstr (c.payload, "Content-Transfer-Encoding: quoted-printable"));
  assert_non_null (strstr (c.payload, "Gr=C3=BC=C3=9Fe=20\r\n"));
  assert_non_null (strstr (c.payload, "Subject: =?utf-8?B?"));
  clear (&c);
  memset (&c, 0, sizeof c);
  assert_true (run (draft ("j@b.example", "日本語", "日本語の本文です。", NULL), NULL, &c));
  assert_wire_form (c.payload, 78);
  assert_non_null (strstr (c.payload, "Content-Transfer-Encoding: base64"));
  g_autofree char *expected
      = g_base64_encode ((const guchar *) "日本語の本文です。\n", strlen ("日本語の本文です。\n"));
  g_autofree char *crlf
      = g_base64_encode ((const guchar *) "日本語の本文です。\r\n", strlen ("日本語の本文です。\r\n"));
  assert_true (strstr (c.payload, expected) != NULL || strstr (c.payload, crlf) != NULL);
  clear (&c);
}

static void
test_attachment (void **state)
{
  struct composed c = { 0 };
  assert_true (run (draft ("bob@b.example", "x", "see file", "../../etc/Befund Größe.pdf"), "%PDF-1.4\nbytes\r\n", &c));
  assert_wire_form (c.payload, 120);
  assert_non_null (strstr (c.payload, "Content-Type: multipart/mixed; "));
  assert_non_null (strstr (c.payload, "Content-Type: application/pdf"));
  assert_non_null (strstr (c.payload, "Content-Disposition: attachment"));
  assert_non_null (strstr (c.payload, "filename*=UTF-8''Befund%20Gr%C3%B6%C3%9Fe.pdf"));
  assert_null (strstr (c.payload, "etc"));
  g_autofree char *bytes = g_base64_encode ((const guchar *) "%PDF-1.4\nbytes\r\n", 16);
  assert_non_null (strstr (c.payload, bytes));
  clear (&c);
}

static void
test_refused (void **state)
{
  struct composed c = { 0 };
  assert_false (run (draft ("bob@b.example\r\nBcc: x@y.example", "s", "b", NULL), NULL, &c));
  assert_false (run (draft ("bob@b.example", "s\nBcc: x@y.example", "b", NULL), NULL, &c));
  assert_false (run (draft ("bob@b.example", "s\rx", "b", NULL), NULL, &c));
  assert_false (run (draft ("no address", "s", "b", NULL), NULL, &c));
  assert_false (run (draft ("bob@b.example", "s", "b", "file"), NULL, &c));
  g_autoptr (GVariant) empty = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  assert_false (run (g_variant_ref (empty), NULL, &c));
}

/* Whatever the text, the encoded field is ASCII, folds to short lines, and decodes to what went in. */
static void
test_header_encode (void **state)
{
  static const char *const texts[]
      = { "plain",
          "",
          "ünïcödé",
          "=?utf-8?q?fake?=",
          " lead",
          "trail ",
          "日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語",
          "oneverylongwordoneverylongwordoneverylongwordoneverylongwordoneverylongwordoneverylongwordoneverylongword" };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *encoded = message_header_encode (texts[i]);
    g_auto (GStrv) words = g_strsplit (encoded, " ", -1);
    GString *back = g_string_new (NULL);
    for (char **word = words; *word != NULL; word++) {
      assert_true (strlen (*word) <= 76);
      if (!g_str_has_prefix (*word, "=?utf-8?B?")) {
        g_string_append_printf (back, "%s%s", word == words ? "" : " ", *word);
        continue;
      }
      gsize size;
      (*word)[strlen (*word) - 2] = '\0';
      g_autofree guchar *bytes = g_base64_decode (*word + 10, &size);
      assert_true (g_utf8_validate ((char *) bytes, (gssize) size, NULL));
      g_string_append_len (back, (char *) bytes, (gssize) size);
    }
    assert_string_equal (back->str, texts[i]);
    g_string_free (back, TRUE);
  }
}

static void
test_filenames (void **state)
{
  static const struct {
    const char *in, *out;
  } cases[] = {
    { "a.pdf", "a.pdf" },   { "../../etc/passwd", "passwd" }, { "C:\\temp\\x.exe", "x.exe" },
    { "", "attachment" },   { "..", "attachment" },           { ".bashrc", "bashrc" },
    { "a/", "attachment" }, { "x\n.pdf", "x\uFFFD.pdf" },     { "exe\u202Efdp.pdf", "exe‹U+202E›fdp.pdf" },
    { "-rf", "rf" },        { "nul\001", "nul\uFFFD" },       { "a:b*c", "a_b_c" },
    { "x. .", "x" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *got = message_clean_filename (cases[i].in);
    assert_string_equal (got, cases[i].out);
  }
  g_autofree char *wide = g_strnfill (400, 'x');
  g_autofree char *name = g_strconcat ("ü", wide, ".pdf", NULL), *got = message_clean_filename (name);
  assert_true (strlen (got) <= 200 && g_str_has_suffix (got, ".pdf") && g_utf8_validate (got, -1, NULL));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_fields),
    cmocka_unit_test (test_hp_outer),
    cmocka_unit_test (test_same_id_is_kept_and_new_ones_differ),
    cmocka_unit_test (test_text),
    cmocka_unit_test (test_attachment),
    cmocka_unit_test (test_refused),
    cmocka_unit_test (test_header_encode),
    cmocka_unit_test (test_filenames),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
