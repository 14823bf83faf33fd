/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Protected header fields as they are read: RFC 9788 and what was before it, in mails that openssl signed and encrypted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "mail/message/message.h"
#include "tests/unit/read_mail.h"

#define OUTER                                                                                                          \
  "From: carol@demo.test\r\nTo: calice@demo.test\r\nSubject: [...]\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n"       \
  "Message-ID: <m@demo.test>\r\nMIME-Version: 1.0\r\n"
#define INNER                                                                                                          \
  "From: Carol <carol@demo.test>\r\nTo: Alice <calice@demo.test>\r\nSubject: Lab results\r\n"                          \
  "Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <m@demo.test>\r\n"
#define CIPHER "Content-Type: text/plain; charset=utf-8; hp=\"cipher\"\r\n"
#define CLEAR "Content-Type: text/plain; charset=utf-8; hp=\"clear\"\r\n"
#define HP_OUTER                                                                                                       \
  "HP-Outer: From: carol@demo.test\r\nHP-Outer: To: calice@demo.test\r\nHP-Outer: Subject: [...]\r\n"                  \
  "HP-Outer: Date: Sat, 21 Nov 2026 10:00:00\r\n +0000\r\nHP-Outer: Message-ID: <m@demo.test>\r\n"
#define TEXT "\r\nNa 140\r\n"

static struct fixture fixture;
static struct keyring *keyring;

static int
set_up (void **state)
{
  fixture_init (&fixture);
  fixture_authority (&fixture, "ca");
  keyring = fixture_keyring (&fixture, "profile");
  fixture_anchor (&fixture, keyring, "ca.crt");
  fixture_certificate (&fixture, "calice", FIXTURE_RSA, "ca");
  fixture_certificate (&fixture, "carol", FIXTURE_GOOD, "ca");
  fixture_certificate (&fixture, "mallory", FIXTURE_GOOD, "ca");
  fixture_authority (&fixture, "nobody");
  fixture_certificate (&fixture, "forger", FIXTURE_GOOD, "nobody");
  fixture_import (&fixture, keyring, "calice.crt", "calice.key", NULL);
  return 0;
}

static int
tear_down (void **state)
{
  keyring_free (keyring);
  fixture_clear (&fixture);
  return 0;
}

/* How a payload is protected: signed by whom (NULL: nobody), then encrypted or not. */
struct how {
  const char *signer;
  gboolean encrypted;
};

static void
read_protected (struct read_mail *mail, struct how how, const char *outer, const char *payload)
{
  g_autoptr (GBytes) bytes = g_bytes_new (payload, strlen (payload));
  fixture_write (&fixture, "step0", bytes);
  g_autofree char *sign
      = how.signer != NULL
            ? g_strdup_printf ("openssl cms -sign -binary -signer %s.crt -inkey %s.key", how.signer, how.signer)
            : g_strdup ("cat"),
      *entity = fixture_run (&fixture, "%s <step0 %s", sign,
                             how.encrypted ? "| openssl cms -encrypt -binary -aes-256-cbc calice.crt" : ""),
      *message = g_strconcat (outer, entity, NULL);
  read_mail_init (mail, keyring, message);
}

static const char *
state_of (const struct read_mail *mail, const char *label)
{
  g_autoptr (GVariant) rows = g_variant_lookup_value (mail->view, "headers", G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    if (strcmp (read_mail_text (row, "name"), label) == 0)
      return g_intern_string (read_mail_text (row, "protection"));
  }
  return "";
}

static void
assert_list (const struct read_mail *mail, const char *name, const char *expected)
{
  g_autofree char *list = read_mail_list (mail->view, name);
  assert_string_equal (list, expected);
}

static const struct how plain = { NULL, FALSE }, is_signed = { "carol", FALSE }, encrypted = { NULL, TRUE },
                        both = { "carol", TRUE };

/* Each form, signed, encrypted, and both: what is shown as the Subject, and how it was protected. */
static void
test_forms (void **state)
{
  static const struct {
    const char *name;
    const struct how *how;
    const char *payload, *subject, *state;
  } rows[] = {
    { "cipher, both", &both, INNER HP_OUTER CIPHER TEXT, "Lab results", "signed_and_encrypted" },
    { "cipher, encrypted", &encrypted, INNER HP_OUTER CIPHER TEXT, "Lab results", "encrypted" },
    { "cipher without HP-Outer", &both, INNER CIPHER TEXT, "Lab results", "signed_and_encrypted" },
    { "cipher, Subject not hidden", &both, INNER "HP-Outer: subject:Lab  results\r\n" CIPHER TEXT, "Lab results",
      "signed" },
    { "clear, signed", &is_signed, INNER CLEAR TEXT, "Lab results", "signed" },
    { "clear, both", &both, INNER CLEAR TEXT, "Lab results", "signed" },
    { "clear, encrypted", &encrypted, INNER CLEAR TEXT, "Lab results", "unprotected" },
    { "cipher, signed only", &is_signed, INNER HP_OUTER CIPHER TEXT, "Lab results", "signed" },
    { "nothing protected it", &plain, CIPHER TEXT, "[...]", "unprotected" },
    { "hp is something else", &both, INNER "Content-Type: text/plain; hp=\"maybe\"\r\n" TEXT, "[...]", "unprotected" },
    { "hp twice", &both, INNER "Content-Type: text/plain; hp=\"clear\"; hp=\"cipher\"\r\n" TEXT, "Lab results",
      "signed" },
    { "old form", &both, "Subject: Lab results\r\nContent-Type: text/plain; protected-headers=\"v1\"\r\n" TEXT,
      "Lab results", "signed_and_encrypted" },
    { "old form, signed", &is_signed,
      "Subject: Lab results\r\nContent-Type: text/plain; protected-headers=\"v1\"\r\n" TEXT, "Lab results", "signed" },
    { "another old form", &both, "Subject: Lab results\r\nContent-Type: text/plain; protected-headers=\"v2\"\r\n" TEXT,
      "[...]", "unprotected" },
    { "wrapped", &both, "Content-Type: message/rfc822; forwarded=no\r\n\r\n" INNER TEXT, "Lab results",
      "signed_and_encrypted" },
    { "wrapped, signed", &is_signed, "Content-Type: message/rfc822\r\n\r\n" INNER TEXT, "Lab results", "signed" },
    { "forwarded", &both,
      "Content-Type: message/rfc822\r\n\r\nFrom: bob@demo.test\r\nSubject: Lab results\r\n\r\nNa 140\r\n", "[...]",
      "unprotected" },
    { "Subject missing inside", &both, "From: carol@demo.test\r\n" HP_OUTER CIPHER TEXT, "", "" },
    { "Subject missing inside, old form", &both,
      "From: carol@demo.test\r\nContent-Type: text/plain; protected-headers=v1\r\n" TEXT, "[...]", "unprotected" },
    { "several Subjects, signed", &both, INNER "Subject: another\r\n" HP_OUTER CIPHER TEXT, "Lab results",
      "signed_and_encrypted" },
    { "HP-Outer twice", &both, INNER HP_OUTER "HP-Outer: Subject: Lab results\r\n" CIPHER TEXT, "Lab results",
      "signed" },
    { "HP-Outer malformed", &both,
      INNER "HP-Outer:\r\nHP-Outer: Subject\r\nHP-Outer: : Lab results\r\nHP-Outer: Subject : x\r\n" CIPHER TEXT,
      "Lab results", "signed_and_encrypted" },
    { "encoded", &both, "From: carol@demo.test\r\nSubject: =?utf-8?B?TMOkdXNl?=\r\n" HP_OUTER CIPHER TEXT,
      "L\xC3\xA4use", "signed_and_encrypted" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    struct read_mail mail;
    read_protected (&mail, *rows[i].how, OUTER, rows[i].payload);
    const char *subject = read_mail_text (mail.view, "subject");
    if (strcmp (subject, rows[i].subject) != 0 || strcmp (state_of (&mail, "Subject"), rows[i].state) != 0)
      fail_msg ("%s: “%s”, %s", rows[i].name, subject, state_of (&mail, "Subject"));
    assert_string_equal (read_mail_text (mail.view, "outer_subject"), "[...]");
    assert_non_null (strstr (read_mail_text (mail.view, "text_body"), "Na 140"));
    if (rows[i].how->encrypted) {
      g_autofree char *line = g_strdup_printf ("Subject: %s\r\n", subject);
      assert_int_equal (strstr (mail.shadow, line) != NULL, *subject != '\0' && g_str_is_ascii (subject));
    }
    assert_int_equal (read_mail_warned (&mail, "encryption_removed"),
                      strcmp (rows[i].name, "cipher, signed only") == 0);
    read_mail_clear (&mail);
  }
}

/* The list shows the protected Subject also of what is only signed: where the one outside was changed, the index takes that inside. */
static void
test_index (void **state)
{
  static const struct {
    const char *outer, *payload;
    gboolean shadowed;
  } rows[] = {
    { "Lab results", INNER CLEAR TEXT, FALSE },
    { "You are fired", INNER CLEAR TEXT, TRUE },
    { "You are fired", "Subject: Lab results\r\nContent-Type: text/plain; protected-headers=v1\r\n" TEXT, TRUE },
    { "You are fired", "Content-Type: text/plain\r\n" TEXT, FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    struct read_mail mail;
    g_autofree char *outer
        = g_strdup_printf ("From: Carol <carol@demo.test>\r\nSubject: %s\r\nMIME-Version: 1.0\r\n", rows[i].outer);
    read_protected (&mail, is_signed, outer, rows[i].payload);
    assert_int_equal (*mail.shadow != '\0', rows[i].shadowed);
    assert_int_equal (strstr (mail.shadow, "Subject: Lab results\r\n") != NULL, rows[i].shadowed);
    assert_null (strstr (mail.shadow, "fired"));
    if (rows[i].shadowed) /* so that the keys worker is asked at all */
      assert_true (message_is_encrypted (mail.inspection->root->entity));
    read_mail_clear (&mail);
  }
}

/* Two Subjects where nothing is signed: the first may be an attacker's, written over what stood there. */
static void
test_several_unsigned (void **state)
{
  struct read_mail mail;
  read_protected (&mail, encrypted, OUTER, "Subject: Fired\r\n" INNER HP_OUTER CIPHER TEXT);
  assert_false (mail.inspection->verdict.encryption.decrypted);
  assert_false (read_mail_holds (&mail, "Fired"));
  read_mail_clear (&mail);
}

/* Only the payload can protect the header: not a part of a larger mail, nor what lies below a signature that does not fit. */
static void
test_payload_only (void **state)
{
  static const struct {
    const char *name, *payload;
    struct how how;
  } rows[] = {
    { "in a part of the payload",
      "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n" INNER CIPHER TEXT "\r\n--B--\r\n",
      { "carol", TRUE } },
    { "in a message in the payload",
      "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: message/rfc822; forwarded=no\r\n\r\n" INNER
          TEXT "\r\n--B--\r\n",
      { "carol", TRUE } },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    struct read_mail mail;
    read_protected (&mail, rows[i].how, OUTER, rows[i].payload);
    assert_string_equal (read_mail_text (mail.view, "subject"), "[...]");
    assert_list (&mail, "protected_headers", "");
    read_mail_clear (&mail);
  }
  /* A protected mail as a part of another: its Subject is not that of the whole. */
  struct read_mail mail;
  g_autofree char *entity
      = fixture_run (&fixture, "printf '%%s' '%s' | openssl cms -encrypt -binary -aes-256-cbc calice.crt",
                     INNER HP_OUTER CIPHER TEXT),
      *mixed
      = g_strdup_printf (OUTER "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n%s\r\n--B--\r\n", entity);
  read_mail_init (&mail, keyring, mixed);
  assert_string_equal (read_mail_text (mail.view, "subject"), "[...]");
  assert_list (&mail, "protected_headers", "");
  read_mail_clear (&mail);
  /* A signature that does not fit. */
  g_autofree char *broken
      = fixture_run (
          &fixture,
          "openssl cms -sign -binary -in step0 -signer carol.crt -inkey carol.key | sed 's/Lab results/Fired/'"),
      *bad = g_strconcat (OUTER, broken, NULL);
  read_mail_init (&mail, keyring, bad);
  assert_int_equal (mail.inspection->verdict.signature.state, SIGNATURE_BAD);
  assert_string_equal (read_mail_text (mail.view, "subject"), "[...]");
  read_mail_clear (&mail);
}

/* RFC 9788, 4.4: an inner From counts where a good signature is its own; else the outer one is shown, everywhere. */
static void
test_from (void **state)
{
  static const struct {
    const char *signer, *outer, *inner, *shown, *name;
    gboolean warned;
  } rows[] = {
    { "carol", "list@demo.test", "Carol <carol@demo.test>", "carol@demo.test", "Carol <carol@demo.test>", TRUE },
    { "carol", "carol@demo.test", "Carol <carol@demo.test>", "carol@demo.test", "Carol <carol@demo.test>", FALSE },
    { "mallory", "mallory@demo.test", "Chief <chief@demo.test>", "mallory@demo.test", "mallory@demo.test", TRUE },
    { NULL, "carol@demo.test", "Chief <chief@demo.test>", "carol@demo.test", "carol@demo.test", TRUE },
    { NULL, "carol@demo.test", "chief@demo.test <carol@demo.test>", "carol@demo.test", "carol@demo.test", FALSE },
    { "forger", "carol@demo.test", "forger@demo.test", "carol@demo.test", "carol@demo.test", TRUE },
  };
  static const char *const forms[]
      = { "From: %s\r\nTo: calice@demo.test\r\nSubject: x\r\n" CIPHER TEXT,
          "Content-Type: message/rfc822; forwarded=no\r\n\r\nFrom: %s\r\nTo: calice@demo.test\r\nSubject: x\r\n" TEXT,
          "From: %s\r\nSubject: x\r\nContent-Type: text/plain; protected-headers=v1\r\n" TEXT };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (gsize k = 0; k < G_N_ELEMENTS (forms); k++) {
      GString *payload = g_string_new (forms[k]);
      g_string_replace (payload, "%s", rows[i].inner, 1);
      g_autofree char *outer = g_strdup_printf ("From: %s\r\nMIME-Version: 1.0\r\n", rows[i].outer);
      struct read_mail mail;
      read_protected (&mail, (struct how){ rows[i].signer, TRUE }, outer, payload->str);
      assert_list (&mail, "from", rows[i].shown);
      assert_list (&mail, "from_shown", rows[i].name);
      assert_int_equal (read_mail_warned (&mail, "from_differs"), rows[i].warned);
      g_autofree char *to = read_mail_list (mail.reply, "to");
      assert_string_equal (to, rows[i].shown);
      if (strcmp (rows[i].shown, "carol@demo.test") == 0 || strcmp (rows[i].shown, "mallory@demo.test") == 0)
        assert_false (read_mail_repeats (&mail, "chief"));
      read_mail_clear (&mail);
      g_string_free (payload, TRUE);
    }
}

/* What is outside and not inside of a mail by RFC 9788 was added on the way: it is not shown, and no answer goes there. */
static void
test_added_outside (void **state)
{
  static const char added[] = OUTER "Reply-To: eve@evil.test\r\nCc: eve@evil.test\r\n";
  struct read_mail mail;
  read_protected (&mail, both, added, INNER HP_OUTER CIPHER TEXT);
  assert_false (read_mail_holds (&mail, "evil.test"));
  read_mail_clear (&mail);
  read_protected (&mail, both, added,
                  "Subject: Lab results\r\nContent-Type: text/plain; protected-headers=\"v1\"\r\n" TEXT);
  assert_list (&mail, "reply_to", "eve@evil.test"); /* that form need not hold them */
  read_mail_clear (&mail);
}

/* What stood only inside goes out in no answer: not to whom else it went, nor in which thread. RFC 9788, 6.1. */
static void
test_confidential (void **state)
{
  static const char payload[]
      = "From: Carol <carol@demo.test>\r\nTo: Alice <calice@demo.test>, Patient <dave@demo.test>\r\n"
        "Cc: erin@demo.test\r\nSubject: Lab results\r\nMessage-ID: <m@demo.test>\r\n"
        "References: <secret@thread.test>\r\nIn-Reply-To: <secret@thread.test>\r\n" HP_OUTER CIPHER TEXT;
  struct read_mail mail;
  read_protected (&mail, both, OUTER, payload);
  assert_list (&mail, "protected_headers", "subject|from|to|cc|in-reply-to|references|message-id");
  assert_list (&mail, "confidential_headers", "subject|from|to|cc|in-reply-to|references");
  assert_list (&mail, "confidential_addresses", "dave@demo.test|erin@demo.test");
  g_autofree char *references = read_mail_list (mail.reply, "references"),
                  *secret = read_mail_list (mail.reply, "confidential"), *cc = read_mail_list (mail.reply, "cc");
  assert_string_equal (references, "m@demo.test");
  assert_string_equal (secret, "dave@demo.test|erin@demo.test");
  assert_string_equal (cc, "dave@demo.test|erin@demo.test"); /* they still get it */
  read_mail_clear (&mail);
  /* The same header fields where nothing was hidden but the Subject. */
  read_protected (&mail, both, OUTER "Cc: erin@demo.test\r\n",
                  INNER "Cc: erin@demo.test\r\nReferences: <t@thread.test>\r\n" HP_OUTER
                        "HP-Outer: Cc: erin@demo.test\r\n"
                        "HP-Outer: References: <t@thread.test>\r\n" CIPHER TEXT);
  assert_list (&mail, "confidential_addresses", "");
  g_autofree char *thread = read_mail_list (mail.reply, "references");
  assert_string_equal (thread, "t@thread.test|m@demo.test");
  read_mail_clear (&mail);
}

#define LEGACY "Content-Type: text/plain; charset=utf-8; hp-legacy-display=\"1\""

static void
test_legacy_display (void **state)
{
#define COPY "Subject: Lab results\r\nFrom: Carol\r\n  <carol@demo.test>\r\n"
#define MIXED(parameters, type, part)                                                                                  \
  INNER "Content-Type: multipart/mixed; boundary=B; " parameters "\r\n\r\n--B\r\nContent-Type: " type "\r\n\r\n" part  \
        "\r\n--B\r\n\r\nrest\r\n--B--\r\n"
#define HTML "text/html; charset=utf-8; hp-legacy-display=\"1\""
#define DIV "<div class=\"header-protection-legacy-display\"><pre>Subject: Lab results</pre></div>"
  static const struct {
    const char *name;
    const struct how *how;
    const char *payload;
    gboolean hidden;
  } rows[] = {
    { "text", &both, INNER HP_OUTER LEGACY "; hp=\"cipher\"\r\n\r\n" COPY "\r\nNa 140\r\n", TRUE },
    { "text, encrypted only", &encrypted, INNER HP_OUTER LEGACY "; hp=\"cipher\"\r\n\r\n" COPY "\r\nNa 140\r\n", TRUE },
    { "signed only", &is_signed, INNER LEGACY "; hp=\"clear\"\r\n\r\n" COPY "\r\nNa 140\r\n", FALSE },
    { "clear", &both, INNER LEGACY "; hp=\"clear\"\r\n\r\n" COPY "\r\nNa 140\r\n", FALSE },
    { "no header protection", &both, LEGACY "\r\n\r\n" COPY "\r\nNa 140\r\n", FALSE },
    { "not marked", &both, INNER CIPHER "\r\n" COPY "\r\nNa 140\r\n", FALSE },
    { "not a copy", &both,
      INNER LEGACY "; hp=\"cipher\"\r\n\r\nImportant words.\r\nSubject: Lab results\r\n\r\nNa 140\r\n", FALSE },
    { "part", &both, MIXED ("hp=\"cipher\"", "text/plain; hp-legacy-display=\"1\"", COPY "\r\nNa 140\r\n"), TRUE },
    { "part, HTML", &both, MIXED ("hp=\"cipher\"", HTML, "<html><head></head><body>" DIV "<p>Na 140</p></body></html>"),
      TRUE },
    { "part, HTML, not first", &both, MIXED ("hp=\"cipher\"", HTML, "<body><p>Na 140</p>" DIV "</body>"), FALSE },
    { "part, HTML, only words", &both,
      MIXED ("hp=\"cipher\"", HTML,
             "<body><div>Na 140 Subject: Lab results header-protection-legacy-display</div></body>"),
      FALSE },
    { "part in a message", &both, MIXED ("hp=\"cipher\"", "message/rfc822", LEGACY "\r\n\r\n" COPY "\r\nNa 140\r\n"),
      FALSE },
    { "old form", &both, MIXED ("protected-headers=\"v1\"", "text/plain; protected-headers=\"v1\"", COPY), TRUE },
    { "old form, type of fields", &both,
      MIXED ("protected-headers=\"v1\"", "text/rfc822-headers; protected-headers=\"v1\"", COPY), TRUE },
    { "old form, not a copy", &both,
      MIXED ("protected-headers=\"v1\"", "text/plain; protected-headers=\"v1\"", COPY "\r\nwords\r\n"), FALSE },
    { "old form, signed only", &is_signed,
      MIXED ("protected-headers=\"v1\"", "text/plain; protected-headers=\"v1\"", COPY), FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    struct read_mail mail;
    read_protected (&mail, *rows[i].how, OUTER, rows[i].payload);
    const char *text = read_mail_text (mail.view, "text_body");
    if ((strstr (text, "Subject: Lab results") == NULL) != rows[i].hidden
        || (strstr (rows[i].payload, "Na 140") != NULL) != (strstr (text, "Na 140") != NULL))
      fail_msg ("%s: %s", rows[i].name, text);
    read_mail_clear (&mail);
  }
}

/* What we write with Legacy Display: a reader that decrypts and knows no more of it sees the subject in the text; we show it once. */
static void
test_legacy_display_written (void **state)
{
#define LEGACY_SUBJECT "Labor: Grüße: 田中"
  for (int wanted = 0; wanted < 2; wanted++)
    for (int attached = 0; attached < 2; attached++) {
      g_autoptr (GVariant) draft = g_variant_ref_sink (g_variant_new_parsed (
          "{'from': <'carol@demo.test'>, 'to': <['Alice <calice@demo.test>']>, 'cc': <['erin@demo.test']>, "
          "'confidential': <['erin@demo.test']>, 'subject': <%s>, 'body': <'Na: 140\n\nSubject: none'>, "
          "'attachments': <%@a(ssh)>, 'message_id': <'m@demo.test'>, 'legacy_display': <%b>}",
          LEGACY_SUBJECT,
          attached ? g_variant_new_parsed ("[('a.txt', 'text/plain', handle 0)]")
                   : g_variant_new_array (G_VARIANT_TYPE ("(ssh)"), NULL, 0),
          wanted != 0));
      g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
      g_autoptr (GPtrArray) outer = NULL;
      g_autoptr (GBytes) payload = NULL;
      g_autofree char *id = NULL;
      if (attached)
        g_ptr_array_add (files, g_bytes_new_static ("x", 1));
      assert_true (message_compose (draft, files, 1795298400, &outer, &payload, &id, NULL));
      g_autofree char *text = g_strndup (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
      assert_int_equal (strstr (text, "hp-legacy-display=1") != NULL, wanted);
      assert_int_equal (strstr (text, "\r\n\r\nSubject: Labor: Gr=C3=BC") != NULL, wanted);
      assert_int_equal (strstr (text, "\r\nCc: erin@demo.test\r\n\r\nNa: 140\r\n") != NULL, wanted);
      struct read_mail mail;
      read_protected (&mail, both, OUTER, text);
      assert_string_equal (read_mail_text (mail.view, "subject"), LEGACY_SUBJECT);
      assert_string_equal (read_mail_text (mail.view, "text_body"), "Na: 140\n\nSubject: none\n");
      read_mail_clear (&mail);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_forms),
                                      cmocka_unit_test (test_several_unsigned),
                                      cmocka_unit_test (test_index),
                                      cmocka_unit_test (test_payload_only),
                                      cmocka_unit_test (test_from),
                                      cmocka_unit_test (test_added_outside),
                                      cmocka_unit_test (test_confidential),
                                      cmocka_unit_test (test_legacy_display),
                                      cmocka_unit_test (test_legacy_display_written) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
