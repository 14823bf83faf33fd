/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Who gets a receipt, and what it is like. */
#include "mail/message/message.h"
#include "mail/message/receipt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const char *const own[] = { "alice@x.test", NULL };

/* The state of the answer to a mail with that header, as it is shown; "none". */
static char *
state_of (const char *header, const char *tag, enum receipt_policy policy)
{
  g_autofree char *text = g_strconcat (header, "\nhello\n", NULL);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  AUTOFREE (inspection) inspection = inspect_message (NULL, bytes, 0);
  const struct auth_servers none = { NULL, NULL };
  GVariant *floating = NULL, *floating_segments = NULL;
  message_view (inspection, bytes, &floating, &floating_segments);
  g_autoptr (GVariant) view = g_variant_ref_sink (floating), segments = g_variant_ref_sink (floating_segments),
                       origin = g_variant_ref_sink (message_origin (inspection, &none));
  const char *tags[] = { "inbox", tag, NULL };
  GVariant *answer = receipt_asked (view, origin, tags, own, policy);
  if (answer == NULL)
    return g_strdup ("none");
  g_variant_ref_sink (answer);
  const char *state = "", *to = "", *said = "";
  assert_true (g_variant_lookup (answer, "state", "&s", &state) && g_variant_lookup (answer, "to", "&s", &to)
               && g_variant_lookup (answer, "text", "&s", &said));
  assert_true (strlen (said) > 10);
  char *out = g_strdup_printf ("%s %s%s", state, to, g_str_has_prefix (said, "Careful") ? " careful" : "");
  g_variant_unref (answer);
  return out;
}

#define PLAIN "From: Bob <bob@y.test>\nMessage-ID: <m@y.test>\nReturn-Path: <bob@y.test>\n"
#define ASKS "Disposition-Notification-To: Bob <bob@y.test>\n"

static void
test_who (void **state)
{
  static const struct {
    const char *header, *tag;
    enum receipt_policy policy;
    const char *expected;
  } cases[] = {
    { PLAIN, NULL, RECEIPT_ASK, "none" },
    { PLAIN ASKS, NULL, RECEIPT_ASK, "ask bob@y.test" },
    { PLAIN ASKS, NULL, RECEIPT_NEVER, "never bob@y.test" },
    { PLAIN ASKS, NULL, RECEIPT_SIGNED, "ask bob@y.test" }, /* it is not signed */
    { PLAIN ASKS, "sent", RECEIPT_ASK, "none" },
    { PLAIN ASKS, "draft", RECEIPT_ASK, "none" },
    { PLAIN ASKS, "spam", RECEIPT_ASK, "never bob@y.test" },
    { PLAIN ASKS, RECEIPT_TAG_ANSWERED, RECEIPT_ASK, "sent bob@y.test" },
    { PLAIN ASKS, RECEIPT_TAG_REFUSED, RECEIPT_SIGNED, "refused bob@y.test" },
    { PLAIN "Disposition-Notification-To: spy@z.test\n", NULL, RECEIPT_SIGNED, "ask spy@z.test careful" },
    { PLAIN "Disposition-Notification-To: a@z.test, b@z.test\n", NULL, RECEIPT_ASK, "never " },
    { PLAIN "Disposition-Notification-To: nobody\n", NULL, RECEIPT_ASK, "never " },
    { PLAIN ASKS "List-Id: <l.y.test>\n", NULL, RECEIPT_ASK, "never bob@y.test" },
    { PLAIN ASKS "List-Post: <mailto:l@y.test>\n", NULL, RECEIPT_ASK, "never bob@y.test" },
    { PLAIN ASKS "Precedence: bulk\n", NULL, RECEIPT_ASK, "never bob@y.test" },
    { PLAIN ASKS "Auto-Submitted: auto-generated\n", NULL, RECEIPT_ASK, "never bob@y.test" },
    { PLAIN ASKS "Auto-Submitted: no\n", NULL, RECEIPT_ASK, "ask bob@y.test" },
    { "Return-Path: <>\nFrom: bob@y.test\nMessage-ID: <m@y.test>\n" ASKS, NULL, RECEIPT_ASK, "never bob@y.test" },
    { "From: bob@y.test\n" ASKS, NULL, RECEIPT_ASK, "never bob@y.test" }, /* without a Message-ID */
    { "From: alice@x.test\nMessage-ID: <m@y.test>\nDisposition-Notification-To: alice@x.test\n", NULL, RECEIPT_ASK,
      "none" },
    /* Encrypted to somebody else: it cannot be opened. */
    { PLAIN ASKS "MIME-Version: 1.0\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n"
                 "Content-Transfer-Encoding: base64\n",
      NULL, RECEIPT_ASK, "never bob@y.test" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *got = state_of (cases[i].header, cases[i].tag, cases[i].policy);
    if (strcmp (got, cases[i].expected) != 0)
      fail_msg ("%zu: %s, expected %s", i, got, cases[i].expected);
  }
}

/* By itself only to whoever signed the whole of it, and to nobody else. The view is made up: what a signature is worth is told elsewhere. */
static void
test_by_itself (void **state)
{
  static const struct {
    const char *signature, *covers, *to, *path, *integrity, *expected;
  } cases[] = {
    { "good", "whole", "bob@y.test", "bob@y.test", "ok", "auto" },
    { "good", "part", "bob@y.test", "bob@y.test", "ok", "ask" },
    { "untrusted", "whole", "bob@y.test", "bob@y.test", "ok", "ask" },
    { "good", "whole", "bob@z.test", "bob@z.test", "ok", "ask" },
    { "good", "whole", "bob@y.test", "bob@z.test", "ok", "ask" },
    { "bad", "whole", "bob@y.test", "bob@y.test", "ok", "never" },
    { "mismatch", "whole", "bob@y.test", "bob@y.test", "ok", "never" },
    { "good", "whole", "bob@y.test", "bob@y.test", "bad", "never" },
    { "good", "whole", "bob@y.test", "bob@y.test", "none", "never" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    const char *tags[] = { "inbox", NULL };
    g_autoptr (GVariant) view = g_variant_ref_sink (g_variant_new_parsed (
        "{'from': <['bob@y.test']>, 'message_id': <'m@y.test'>, 'signature': <{'state': <%s>, 'covers': <%s>}>, "
        "'encryption': <{'protocol': <@ms 'pgp'>, 'decrypted': <true>, 'integrity': <%ms>}>}",
        cases[i].signature, cases[i].covers, cases[i].integrity));
    g_autoptr (GVariant) origin = g_variant_ref_sink (
        g_variant_new_parsed ("{'receipt_to': <[%s]>, 'return_path': <[%s]>, 'machine': <false>, 'list_post': <''>}",
                              cases[i].to, cases[i].path));
    g_autoptr (GVariant) asked = g_variant_ref_sink (receipt_asked (view, origin, tags, own, RECEIPT_SIGNED));
    const char *got = "";
    assert_true (g_variant_lookup (asked, "state", "&s", &got));
    assert_string_equal (got, cases[i].expected);
  }
}

static char *
composed (GVariant *draft_floating, char **outer_out)
{
  g_autoptr (GVariant) draft = g_variant_ref_sink (draft_floating);
  g_autoptr (GPtrArray) outer = NULL;
  g_autoptr (GBytes) payload = NULL;
  g_autofree char *id = NULL;
  if (!message_compose (draft, NULL, 1770000000, &outer, &payload, &id, NULL))
    return NULL;
  g_ptr_array_add (outer, NULL);
  *outer_out = g_strjoinv ("\n", (char **) outer->pdata);
  return g_strndup (g_bytes_get_data (payload, NULL), g_bytes_get_size (payload));
}

/* What we write is read by what reads others', and nothing of it is seen outside. */
static void
test_ours (void **state)
{
  g_autofree char *outer = NULL;
  g_autofree char *text = composed (
      g_variant_new_parsed ("{'from': <'alice@x.test'>, 'to': <['bob@y.test']>, 'subject': <'Receipt: plan'>, 'body': "
                            "<'opened'>, 'receipt': <{'message_id': <'m@y.test'>, 'recipient': <'alice@x.test'>}>}"),
      &outer);
  assert_non_null (text);
  assert_null (strstr (outer, "plan"));
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  AUTOFREE (inspection) inspection = inspect_message (NULL, bytes, 0);
  g_autoptr (GVariant) report = g_variant_ref_sink (message_report_fields (inspection));
  g_autofree char *printed = g_variant_print (report, FALSE);
  assert_non_null (strstr (printed, "'kind': <'receipt'>"));
  assert_non_null (strstr (printed, "'message_id': <'m@y.test'>"));
  assert_non_null (strstr (printed, "{'original': <''>, 'final': <'alice@x.test'>, 'action': <'displayed'>"));
  assert_non_null (strstr (text, "Disposition: manual-action/MDN-sent-manually; displayed"));
  g_autofree char *none = composed (
      g_variant_new_parsed ("{'from': <'alice@x.test'>, 'to': <['bob@y.test']>, 'subject': <'x'>, 'body': <'x'>, "
                            "'receipt': <{'message_id': <'m@y.test>\\r\\nX: y'>, 'recipient': <'alice@x.test'>}>}"),
      &outer);
  assert_null (none);
}

/* Asking for one: inside, and nowhere else. */
static void
test_asking (void **state)
{
  g_autofree char *outer = NULL, *quiet_outer = NULL;
  g_autofree char *text = composed (
      g_variant_new_parsed (
          "{'from': <'Alice <alice@x.test>'>, 'to': <['bob@y.test']>, 'body': <'x'>, 'ask_receipt': <true>}"),
      &outer);
  assert_non_null (strstr (text, "Disposition-Notification-To: Alice <alice@x.test>\r\n"));
  assert_null (strstr (text, "HP-Outer: Disposition"));
  assert_null (strstr (outer, "Disposition"));
  g_autofree char *quiet
      = composed (g_variant_new_parsed (
                      "{'from': <'alice@x.test'>, 'to': <['bob@y.test']>, 'body': <'x'>, 'ask_receipt': <false>}"),
                  &quiet_outer);
  assert_null (strstr (quiet, "Disposition"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_who),
    cmocka_unit_test (test_by_itself),
    cmocka_unit_test (test_ours),
    cmocka_unit_test (test_asking),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
