/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is shown of a message: through inspect without keys, and through trees that say a layer was opened. */
#include "crypto/inspect_p.h"
#include "mail/message/message_p.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/unit/shown.h"

static void
assert_list (GVariant *view, const char *name, const char *joined)
{
  g_autofree const char **list = NULL;
  assert_true (g_variant_lookup (view, name, "^a&s", &list));
  g_autofree char *got = g_strjoinv ("|", (char **) list);
  assert_string_equal (got, joined);
}

static const char mixed[] = "From: =?utf-8?q?J=C3=BCrgen?= M\xFCller <J@b.example>, c@d.example\r\nTo: Alice "
                            "<alice@clinic.example>, group: x@y.example;\r\n"
                            "Subject: =?iso-8859-1?Q?Befund_f=FCr?=\r\n =?iso-8859-1?Q?_Wei=DF?=\r\nDate: Sat, 21 Nov "
                            "2026 22:00:00 +0100\r\nMessage-ID: <m1@b.example>\r\n"
                            "References: <r1@x> <r2@x>\r\nReply-To: desk@b.example\r\nMIME-Version: "
                            "1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\npreamble\r\n"
                            "--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: "
                            "text/plain; charset=utf-8; format=flowed\r\n\r\nplain \r\ntext\r\n"
                            "--a\r\nContent-Type: text/html\r\n\r\n<p>html text</p>\r\n--a--\r\n"
                            "--m\r\nContent-Type: application/pdf; name=x.pdf\r\nContent-Disposition: attachment;\r\n "
                            "filename*=utf-8''Gr%C3%B6%C3%9Fe%20.pdf\r\n"
                            "Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--m\r\nContent-Type: "
                            "text/plain\r\nContent-Disposition: inline; filename=\"../second.txt\"\r\n\r\nsecond "
                            "\x1b[31m\r\n--m--\r\nepilogue\r\n";

static void
test_mixed (void **state)
{
  g_autoptr (GVariant) view = shown (mixed, strlen (mixed));
  shown_assert (view, "subject", "Befund für Weiß");
  shown_assert (view, "outer_subject", "Befund für Weiß");
  assert_list (view, "from", "J@b.example|c@d.example");
  assert_list (view, "to", "alice@clinic.example|x@y.example");
  assert_list (view, "reply_to", "desk@b.example");
  assert_list (view, "references", "r1@x|r2@x");
  assert_list (view, "protected_headers", "");
  assert_list (view, "remote_loads", "");
  shown_assert (view, "date", "2026-11-21T22:00:00+01:00");
  shown_assert (view, "message_id", "m1@b.example");
  shown_assert (view, "text_body", "plain text\n\nsecond \uFFFD[31m");
  g_autoptr (GVariant) pdf = shown_part (view, 2), second = shown_part (view, 3);
  shown_assert (pdf, "filename", "Größe .pdf");
  shown_assert (pdf, "disposition", "attachment");
  shown_assert (pdf, "md5", "6446a98080f5e51ab7f0abc0e8eda635");
  shown_assert (second, "filename", "../second.txt");
}

static void
test_part (void **state)
{
  g_autoptr (GBytes) bytes = g_bytes_new (mixed, strlen (mixed));
  AUTOFREE (inspection) inspection = inspect_message (NULL, bytes, 0);
  g_autoptr (GVariant) view = shown (mixed, strlen (mixed));
  g_autoptr (GVariant) row = shown_part (view, 3);
  g_autoptr (GError) error = NULL;
  const char *id;
  assert_true (g_variant_lookup (row, "id", "&s", &id));
  AUTOFREE (message_part) part = message_part_new (inspection, id, &error);
  assert_non_null (part);
  assert_string_equal (part->filename, "second.txt");
  assert_string_equal (part->type, "text/plain");
  assert_memory_equal (g_bytes_get_data (part->bytes, NULL), "second \x1b[31m", 12);
  assert_null (message_part_new (inspection, "9.9", &error));
  assert_non_null (error);
}

/* OpenPGP in attachments: what is neither opened nor checked says so; keys, and names alone, do not. */
static void
test_openpgp_attachments (void **state)
{
  static const struct {
    const char *type, *name, *data, *code;
  } rows[] = {
    { "application/octet-stream", "report.pdf.gpg", "hAwDAQIDBAUGBwgSAADSBQEAAAAA", "attachment_encrypted" },
    { "application/pgp-encrypted", "report", "hAwDAQIDBAUGBwgSAADSBQEAAAAA", "attachment_encrypted" },
    { "application/octet-stream", "report.PDF.SIG", "iAQEAAEI", "attachment_signature" },
    { "application/pgp-signature", "report.asc", "iAQEAAEI", "attachment_signature" },
    { "application/pgp-keys", "key.asc", "mAQEAAEI", NULL },
    { "application/octet-stream", "report.gpg", "bm90IHBncA==", NULL },
    { "application/octet-stream", "report.pdf", "hAwDAQIDBAUGBwgSAADSBQEAAAAA", NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *mail = g_strdup_printf (
        "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nSee "
        "there.\r\n--m\r\nContent-Type: %s\r\nContent-Disposition: attachment; filename=\"%s\"\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n%s\r\n--m--\r\n",
        rows[i].type, rows[i].name, rows[i].data);
    g_autoptr (GVariant) view = shown (mail, strlen (mail)), part = shown_part (view, 1);
    assert_int_equal (shown_warns (view, "attachment_encrypted"),
                      g_strcmp0 (rows[i].code, "attachment_encrypted") == 0);
    assert_int_equal (shown_warns (view, "attachment_signature"),
                      g_strcmp0 (rows[i].code, "attachment_signature") == 0);
    shown_assert (part, "filename", rows[i].name);
  }
}

/* However a file is called, in a warning its name stands in quotation marks, and short. */
static void
test_names_in_warnings (void **state)
{
  static const char mail[] = "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
                             "Content-Disposition: attachment;\r\n filename*=utf-8''a.pdf%E2%80%9D%20was%20checked.%20"
                             "The%20signature%20is%20good,%20open%20it.%20%22x.sig\r\n"
                             "Content-Transfer-Encoding: base64\r\n\r\niAQEAAEI\r\n";
  g_autoptr (GVariant) view = shown (mail, strlen (mail));
  g_autoptr (GVariant) warnings = g_variant_lookup_value (view, "warnings", G_VARIANT_TYPE ("aa{sv}"));
  g_autofree char *printed = g_variant_print (warnings, FALSE);
  assert_non_null (strstr (printed, "An attachment, \xE2\x80\x9C"
                                    "a.pdf' was checked. The \xE2\x80\xA6it. 'x.sig\xE2\x80\x9D, is a"));
  assert_null (strstr (printed, "good"));
}

static void
test_alternative (void **state)
{
  static const struct {
    const char *plain, *expected;
  } cases[] = { { "words", "words" }, { " \xC2\xA0\r\n", "html\n" } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *message = g_strdup_printf (
        "Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain; charset=utf-8\n\n%s\n--a\n"
        "Content-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html\n\n<p>html</p>\n--r\n"
        "Content-Type: image/png\nContent-ID: <i>\n\nx\n--r--\n--a--\n",
        cases[i].plain);
    g_autoptr (GVariant) view = shown (message, strlen (message));
    shown_assert (view, "text_body", cases[i].expected);
  }
}

static void
test_nested_message (void **state)
{
  static const char message[] = "Subject: outer\nContent-Type: multipart/mixed; boundary=m\n\n--m\n\nsee "
                                "below\n--m\nContent-Type: message/rfc822\n\n"
                                "From: x@y.example\nSubject: inner\n\ninner text\n--m--\n";
  g_autoptr (GVariant) view = shown (message, strlen (message));
  const char *text;
  shown_assert (view, "subject", "outer");
  assert_true (g_variant_lookup (view, "text_body", "&s", &text));
  assert_non_null (strstr (
      text, "see below\n\n--- A message inside this message ---\n\nFrom: x@y.example\nSubject: inner\n\ninner text"));
}

static void
test_attached_text_alone_is_shown (void **state)
{
  static const char message[]
      = "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nonly text\n";
  g_autoptr (GVariant) view = shown (message, strlen (message));
  shown_assert (view, "text_body", "only text\n");
}

static void
test_closed_layer (void **state)
{
  static const char message[]
      = "Subject: ...\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=e\n\n--e\n"
        "Content-Type: application/pgp-encrypted\n\nVersion: 1\n--e\nContent-Type: application/octet-stream; "
        "name=encrypted.asc\n\n"
        "-----BEGIN PGP MESSAGE-----\n\nwcBM\n-----END PGP MESSAGE-----\n--e--\n";
  g_autoptr (GVariant) view = shown (message, strlen (message));
  const char *text;
  gboolean is_protected = FALSE;
  assert_true (g_variant_lookup (view, "text_body", "&s", &text));
  assert_non_null (strstr (text, "could not be opened"));
  assert_null (strstr (text, "BEGIN PGP"));
  assert_true (g_variant_lookup (view, "protected", "b", &is_protected) && is_protected);
}

/* ---- trees made by hand: what inspect hands over once a key has opened a layer ---- */

static struct inspect_node *
node (const char *id, const char *type, const char *entity, gboolean encrypted, gboolean is_signed)
{
  struct inspect_node *n = g_new0 (struct inspect_node, 1);
  const char *end = strstr (entity, "\n\n");
  n->id = g_strdup (id);
  n->type = g_strdup (type);
  n->entity = g_bytes_new (entity, strlen (entity));
  n->body_offset = end != NULL ? (gsize) (end + 2 - entity) : strlen (entity);
  n->encrypted = encrypted;
  n->signed_ = is_signed;
  n->children = g_ptr_array_new ();
  return n;
}

static void
node_free (struct inspect_node *n)
{
  for (guint i = 0; i < n->children->len; i++)
    node_free (n->children->pdata[i]);
  g_ptr_array_unref (n->children);
  g_bytes_unref (n->entity);
  g_free (n->id);
  g_free (n->type);
  g_free (n);
}

struct tree {
  struct inspection inspection;
  GBytes *message;
};

static void
tree_init (struct tree *tree, struct inspect_node *root, struct inspect_node *payload)
{
  memset (tree, 0, sizeof *tree);
  verdict_init (&tree->inspection.verdict);
  tree->inspection.root = root;
  tree->inspection.payload = payload;
  tree->inspection.from = g_ptr_array_new ();
  g_ptr_array_add (tree->inspection.from, (gpointer) "bob@b.example");
  tree->inspection.verdict.encryption.protocol = PROTECTION_PGP;
  tree->inspection.verdict.encryption.decrypted = TRUE;
  tree->inspection.verdict.encryption.integrity = INTEGRITY_OK;
  tree->inspection.verdict.encryption.covers = payload != root ? COVERS_WHOLE : COVERS_PART;
  tree->message = g_bytes_ref (root->entity);
  inspect_headers_find (&tree->inspection);
}

static GVariant *
tree_show (struct tree *tree)
{
  GVariant *view, *segments;
  message_view (&tree->inspection, tree->message, &view, &segments);
  g_variant_ref_sink (view);
  g_variant_ref_sink (segments);
  GVariant *done = shown_finish (view, segments);
  g_variant_unref (view);
  g_variant_unref (segments);
  return done;
}

static void
tree_clear (struct tree *tree)
{
  verdict_clear (&tree->inspection.verdict);
  g_ptr_array_unref (tree->inspection.from);
  node_free (tree->inspection.root);
  g_bytes_unref (tree->message);
}

static const char outer[] = "From: bob@b.example\nTo: alice@clinic.example\nSubject: [...]\nMessage-ID: "
                            "<m@b.example>\nContent-Type: multipart/encrypted\n\nx";

static struct inspect_node *
opened (const char *type, const char *payload, gboolean encrypted)
{
  struct inspect_node *root = node ("1", "multipart/encrypted", outer, FALSE, FALSE);
  root->protection = PROTECTION_PGP;
  g_ptr_array_add (root->children, node ("1.1", type, payload, encrypted, FALSE));
  return root;
}

static void
test_protected_subject (void **state)
{
  struct inspect_node *root = opened (
      "text/plain",
      "To: alice@clinic.example\nSubject: Lab results\nContent-Type: text/plain; hp=\"cipher\"\n\nNa 140\n", TRUE);
  struct tree tree;
  tree_init (&tree, root, root->children->pdata[0]);
  g_autoptr (GVariant) view = tree_show (&tree);
  shown_assert (view, "subject", "Lab results");
  shown_assert (view, "outer_subject", "[...]");
  assert_list (view, "protected_headers", "subject|to");
  shown_assert (view, "text_body", "Na 140\n");
  g_autoptr (GBytes) shadow = message_shadow (&tree.inspection, tree.message);
  assert_non_null (shadow);
  g_autofree char *text = g_strndup (g_bytes_get_data (shadow, NULL), g_bytes_get_size (shadow));
  assert_true (g_str_has_prefix (
      text,
      "From: bob@b.example\r\nTo: alice@clinic.example\r\nSubject: Lab results\r\nMessage-ID: <m@b.example>\r\n"));
  g_autofree char *base64 = g_base64_encode ((const guchar *) "Na 140\n", 7);
  g_autofree char *stem = g_strndup (base64, 8);
  assert_non_null (strstr (text, stem));
  tree_clear (&tree);
}

/* A header inside that says nothing of protection, or a layer that did not open, changes nothing. */
static void
test_unprotected_subject (void **state)
{
  struct inspect_node *root = opened ("text/plain", "Subject: phony\nContent-Type: text/plain\n\nx\n", TRUE);
  struct tree tree;
  tree_init (&tree, root, root->children->pdata[0]);
  g_autoptr (GVariant) view = tree_show (&tree);
  shown_assert (view, "subject", "[...]");
  tree_clear (&tree);
  root = opened ("text/plain", "Subject: phony\nContent-Type: text/plain; hp=cipher\n\nx\n", FALSE);
  tree_init (&tree, root, root->children->pdata[0]);
  g_autoptr (GVariant) bad = tree_show (&tree);
  shown_assert (bad, "subject", "[...]");
  tree_clear (&tree);
}

static void
test_legacy_display (void **state)
{
  static const char payload[]
      = "Subject: Lab\nContent-Type: text/plain; hp=\"cipher\"; hp-legacy-display=\"1\"\n\nSubject: Lab\n\nbody\n";
  struct inspect_node *root = opened ("text/plain", payload, TRUE);
  struct tree tree;
  tree_init (&tree, root, root->children->pdata[0]);
  g_autoptr (GVariant) view = tree_show (&tree);
  shown_assert (view, "text_body", "body\n");
  tree_clear (&tree);
}

static void
test_wrapped_and_forwarded (void **state)
{
  static const struct {
    const char *inner, *subject;
  } cases[] = {
    { "From: bob@b.example\nMessage-ID: <m@b.example>\nSubject: wrapped\n\nhi\n", "wrapped" },
    { "From: eve@x.example\nMessage-ID: <m@b.example>\nSubject: forwarded\n\nhi\n", "[...]" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    struct inspect_node *root = opened ("message/rfc822", "Content-Type: message/rfc822\n\nx", TRUE);
    struct inspect_node *payload = root->children->pdata[0];
    g_ptr_array_add (payload->children, node ("1.1.1", "text/plain", cases[i].inner, TRUE, FALSE));
    struct tree tree;
    tree_init (&tree, root, payload);
    g_autoptr (GVariant) view = tree_show (&tree);
    shown_assert (view, "subject", cases[i].subject);
    tree_clear (&tree);
  }
}

/* An encrypted part in a mail that is not: framed, and a reply does not repeat it. Withheld content is nowhere. */
static void
test_partial_encryption (void **state)
{
  struct inspect_node *root
      = node ("1", "multipart/mixed", "Subject: s\nContent-Type: multipart/mixed\n\nx", FALSE, FALSE);
  struct inspect_node *layer
      = node ("1.2", "multipart/encrypted", "Content-Type: multipart/encrypted\n\nx", FALSE, FALSE);
  struct inspect_node *closed
      = node ("1.3", "application/pkcs7-mime", "Content-Type: application/pkcs7-mime\n\nWITHHELD", FALSE, FALSE);
  layer->protection = PROTECTION_PGP;
  closed->protection = PROTECTION_SMIME;
  closed->withheld = TRUE;
  g_ptr_array_add (layer->children, node ("1.2.1", "text/plain", "Content-Type: text/plain\n\nSECRET\n", TRUE, FALSE));
  g_ptr_array_add (root->children, node ("1.1", "text/plain", "\n\nplease answer\n", FALSE, FALSE));
  g_ptr_array_add (root->children, layer);
  g_ptr_array_add (root->children, closed);
  struct tree tree;
  tree_init (&tree, root, root);
  g_autoptr (GVariant) view = tree_show (&tree);
  const char *text, *quote;
  assert_true (g_variant_lookup (view, "text_body", "&s", &text));
  assert_non_null (strstr (text, "--- This part was not encrypted ---\n\nplease answer\n"));
  assert_non_null (strstr (text, "--- This part was encrypted ---\n\nSECRET\n"));
  assert_non_null (strstr (text, "withheld"));
  assert_null (strstr (text, "WITHHELD"));
  g_autoptr (GVariant) draft
      = g_variant_ref_sink (message_reply (view, (const char *[]){ "alice@clinic.example", NULL }, FALSE, FALSE));
  g_autoptr (GVariant) forward
      = g_variant_ref_sink (message_reply (view, (const char *[]){ "alice@clinic.example", NULL }, FALSE, TRUE));
  assert_true (g_variant_lookup (draft, "body", "&s", &quote));
  assert_non_null (strstr (quote, "> please answer\n"));
  assert_null (strstr (quote, "SECRET"));
  assert_true (g_variant_lookup (forward, "body", "&s", &quote));
  assert_null (strstr (quote, "SECRET"));
  tree_clear (&tree);
}

/* ---- bounds ---- */

static void
test_many_parts_and_much_text (void **state)
{
  GString *message = g_string_new ("Content-Type: multipart/mixed; boundary=m\n\n");
  for (int i = 0; i < 900; i++)
    g_string_append (message, "--m\n\nx\n");
  g_autoptr (GVariant) many = shown (message->str, message->len);
  g_autoptr (GVariant) segments = g_variant_lookup_value (many, "segments", NULL);
  assert_true (g_variant_n_children (segments) <= 500);
  g_string_assign (message, "Content-Type: text/plain; charset=utf-8\n\n");
  while (message->len < 6 * 1024 * 1024)
    g_string_append (message, "ein langer Text mit Ümlauten\n");
  g_autoptr (GVariant) much = shown (message->str, message->len);
  const char *text;
  assert_true (g_variant_lookup (much, "text_body", "&s", &text));
  assert_true (strlen (text) <= 4 * 1024 * 1024);
  assert_true (shown_warns (much, "text_cut"));
  g_string_free (message, TRUE);
}

/* Cut at every length, and with each byte changed in turn: always a whole view, always valid UTF-8. */
static void
test_cut_and_changed (void **state)
{
  gsize length = strlen (mixed);
  g_autofree char *copy = g_strdup (mixed);
  GRand *rand = g_rand_new_with_seed (11);
  for (gsize i = 0; i < length; i++) {
    g_autoptr (GVariant) cut = shown (mixed, i);
    copy[i] = (char) g_rand_int (rand);
    g_autoptr (GVariant) changed = shown (copy, length);
    copy[i] = mixed[i];
    const char *text;
    assert_true (g_variant_lookup (cut, "text_body", "&s", &text) && g_utf8_validate (text, -1, NULL));
    assert_true (g_variant_lookup (changed, "text_body", "&s", &text) && g_utf8_validate (text, -1, NULL));
    assert_null (strchr (text, '\x1b'));
  }
  g_rand_free (rand);
}

/* But a header: who and what about is told, and nothing of what its body would tell. */
static void
test_missing (void **state)
{
  static const char header[]
      = "From: Ann <a@b.example>\r\nSubject: Labs\r\nContent-Type: multipart/signed; boundary=x; "
        "protocol=\"application/pgp-signature\"\r\n\r\n";
  g_autoptr (GVariant) known = shown (header, strlen (header)),
                       view = g_variant_ref_sink (message_missing_view (known, "It is on its way."));
  shown_assert (view, "subject", "Labs");
  assert_list (view, "from", "a@b.example");
  assert_true (shown_warns (view, "header_only"));
  g_autoptr (GVariant) verdict = g_variant_lookup_value (view, "verdict", NULL),
                       signature = g_variant_lookup_value (view, "signature", NULL),
                       parts = g_variant_lookup_value (view, "parts", NULL);
  shown_assert (verdict, "tone", "missing");
  shown_assert (signature, "state", "error");
  assert_int_equal (g_variant_n_children (parts), 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_mixed),
    cmocka_unit_test (test_missing),
    cmocka_unit_test (test_part),
    cmocka_unit_test (test_openpgp_attachments),
    cmocka_unit_test (test_names_in_warnings),
    cmocka_unit_test (test_alternative),
    cmocka_unit_test (test_nested_message),
    cmocka_unit_test (test_attached_text_alone_is_shown),
    cmocka_unit_test (test_closed_layer),
    cmocka_unit_test (test_protected_subject),
    cmocka_unit_test (test_unprotected_subject),
    cmocka_unit_test (test_legacy_display),
    cmocka_unit_test (test_wrapped_and_forwarded),
    cmocka_unit_test (test_partial_encryption),
    cmocka_unit_test (test_many_parts_and_much_text),
    cmocka_unit_test (test_cut_and_changed),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
