/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Reports as servers and readers write them, and as they do not. */
#include "mail/message/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* "kind|envid|message_id|reporter" and for each line " original>final=action:words"; "none". */
static char *
read_report (const char *text, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, size);
  AUTOFREE (inspection) inspection = inspect_message (NULL, bytes, 0);
  GVariant *floating = message_report_fields (inspection);
  if (floating == NULL)
    return g_strdup ("none");
  g_autoptr (GVariant) report = g_variant_ref_sink (floating);
  const char *kind, *envid, *id, *reporter, *signer;
  assert_true (g_variant_lookup (report, "kind", "&s", &kind) && g_variant_lookup (report, "envid", "&s", &envid)
               && g_variant_lookup (report, "message_id", "&s", &id)
               && g_variant_lookup (report, "reporter", "&s", &reporter)
               && g_variant_lookup (report, "signer", "&s", &signer));
  assert_string_equal (signer, ""); /* nothing here is signed */
  GString *out = g_string_new (NULL);
  g_string_printf (out, "%s|%s|%s|%s", kind, envid, id, reporter);
  g_autoptr (GVariant) lines = g_variant_lookup_value (report, "lines", G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (lines); i++) {
    g_autoptr (GVariant) line = g_variant_get_child_value (lines, i);
    const char *original, *final, *action, *words;
    assert_true (g_variant_lookup (line, "original", "&s", &original) && g_variant_lookup (line, "final", "&s", &final)
                 && g_variant_lookup (line, "action", "&s", &action) && g_variant_lookup (line, "words", "&s", &words));
    g_string_append_printf (out, " %s>%s=%s:%s", original, final, action, words);
  }
  return g_string_free (out, FALSE);
}

static void
is (const char *text, const char *expected)
{
  g_autofree char *got = read_report (text, strlen (text));
  assert_string_equal (got, expected);
}

#define REPORT(part) "From: x@y.test\nMIME-Version: 1.0\nContent-Type: multipart/report; boundary=b\n\n" part
#define STATUS "--b\nContent-Type: message/delivery-status\n\n"

static const char postfix[]
    = "From: MAILER-DAEMON@mail.test (Mail Delivery System)\nMIME-Version: 1.0\n"
      "Content-Type: multipart/report; report-type=delivery-status;\n boundary=\"A.1/mail.test\"\n\n"
      "This is a MIME-encapsulated message.\n\n"
      "--A.1/mail.test\nContent-Type: text/plain; charset=us-ascii\n\nSorry.\n\n"
      "--A.1/mail.test\nContent-Description: Delivery report\nContent-Type: message/delivery-status\n\n"
      "Reporting-MTA: dns; mail.test\nOriginal-Envelope-Id: 0b5c\nX-Postfix-Queue-ID: A\n\n"
      "Final-Recipient: rfc822; gone@mail.test\nOriginal-Recipient: rfc822;alias@mail.test\n"
      "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 <gone@mail.test>\n"
      "    no such user\n\n"
      "Final-Recipient: rfc822; bob@mail.test\nAction: Relayed (to a server)\nStatus: 2.0.0\n\n"
      "--A.1/mail.test\nContent-Type: text/rfc822-headers\n\nReturn-Path: <a@x.test>\n"
      "Message-ID: <one@x.test>\n\nMessage-ID: <not@this.test>\n--A.1/mail.test--\n";

static void
test_servers (void **state)
{
  is (postfix, "delivery|0b5c|one@x.test|mail.test alias@mail.test>gone@mail.test=failed:550 5.1.1 <gone@mail.test> no "
               "such user >bob@mail.test=relayed:2.0.0");
  /* The whole mail came back, in base64 and CRLF. */
  is (REPORT (STATUS
              "Reporting-MTA: dns; m\r\n\r\nFinal-Recipient: RFC822; <Bob@mail.test> (Bob)\r\nAction: DELIVERED\r\n\r\n"
              "--b\nContent-Type: message/rfc822\n\nSubject: x\nMessage-Id: <two@x.test>\n\nMessage-ID: "
              "<three@x.test>\n--b--\n"),
      "delivery||two@x.test|m >Bob@mail.test=delivered:");
  is (REPORT (
          "--b\nContent-Type: message/global-delivery-status\nContent-Transfer-Encoding: base64\n\n"
          "UmVwb3J0aW5nLU1UQTogZG5zOyBtCgpGaW5hbC1SZWNpcGllbnQ6IHV0Zi04OyBiQHgueQpBY3Rp\nb246IGRlbGF5ZWQK\n--b--\n"),
      "delivery|||m >b@x.y=delayed:");
}

static void
test_readers (void **state)
{
  /* As Thunderbird writes it. */
  is ("From: Bob <bob@mail.test>\nSubject: Return Receipt (displayed) - x\nReferences: <one@x.test>\nMIME-Version: "
      "1.0\n"
      "Content-Type: multipart/report; report-type=disposition-notification;\n    boundary=\"------------mdn\"\n\n"
      "--------------mdn\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n"
      "This is a Return Receipt for the mail that you sent to bob@mail.test.\n\n"
      "--------------mdn\nContent-Type: message/disposition-notification; name=\"MDNPart2.txt\"\nContent-Disposition: "
      "inline\n"
      "Content-Transfer-Encoding: 7bit\n\nReporting-UA: mail.test; Mozilla Thunderbird\nFinal-Recipient: "
      "rfc822;bob@mail.test\n"
      "Original-Message-ID: <one@x.test>\nDisposition: manual-action/MDN-sent-manually; displayed\n\n"
      "--------------mdn\nContent-Type: text/rfc822-headers; name=\"MDNPart3.txt\"\n\nMessage-ID: <other@x.test>\n\n"
      "--------------mdn--\n",
      "receipt||one@x.test|mail.test; Mozilla Thunderbird >bob@mail.test=displayed:displayed");
  is (REPORT ("--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; b@x.y\n"
              "Disposition: automatic-action/MDN-sent-automatically;\n Deleted/error\n\n"
              "--b\nContent-Type: message/rfc822\n\nMessage-ID: <in@x.test>\n\nx\n--b--\n"),
      "receipt||in@x.test| >b@x.y=deleted:Deleted/error");
}

/* What is none, or wants to be two things at once. */
static void
test_none (void **state)
{
  is ("Subject: x\n\nFinal-Recipient: rfc822; b@x.y\nAction: failed\n", "none");
  is ("Content-Type: message/delivery-status\n\nReporting-MTA: dns; m\n\nFinal-Recipient: rfc822; b@x.y\nAction: "
      "failed\n",
      "none");
  is (REPORT (""), "none");
  is (REPORT (STATUS "\n--b--\n"), "none");
  is (REPORT (STATUS "\n\n\n\n--b--\n"), "none");
  is (REPORT ("--b\nContent-Type: text/plain\n\nx\n--b--\n"), "none");
  is (REPORT (STATUS "Reporting-MTA: dns; m\n\n--b\nContent-Type: message/disposition-notification\n\nDisposition: "
                     "a/b; displayed\n--b--\n"),
      "none");
  /* One that is attached, or forwarded, is somebody else's. */
  is ("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/report; "
      "boundary=b\n\n" STATUS "Reporting-MTA: dns; m\n\nFinal-Recipient: rfc822; b@x.y\nAction: failed\n--b--\n--a--\n",
      "none");
}

/* Broken, nested, endless: read as far as it goes, and no further. */
static void
test_nasty (void **state)
{
  is (REPORT (STATUS "Original-Envelope-Id\nReporting-MTA\n\nFinal-Recipient: rfc822;\nAction:\n\nFinal-Recipient: "
                     "nothing\nAction: failed\n--b--\n"),
      "delivery||| >=failed:");
  is (REPORT (STATUS "Reporting-MTA: dns; \x1b[2Jm\x07\n\nFinal-Recipient: rfc822; b@x.y\x1b]0;z\x07\nAction: "
                     "failed\nDiagnostic-Code: smtp; =?utf-8?B?G1syag==?=\n--b--\n"),
      "delivery|||\xEF\xBF\xBD[2Jm\xEF\xBF\xBD >b@x.y\xEF\xBF\xBD]0;z\xEF\xBF\xBD=failed:\xEF\xBF\xBD[2j");
  g_autoptr (GString) many = g_string_new (REPORT (STATUS "Reporting-MTA: dns; m\n\n"));
  for (guint i = 0; i < 5000; i++)
    g_string_append_printf (many, "Final-Recipient: rfc822; b%u@x.y\nAction: failed\n\n", i);
  g_autofree char *got = read_report (many->str, many->len);
  guint lines = 0;
  for (const char *p = got; (p = strstr (p, "=failed")) != NULL; p++)
    lines++;
  assert_int_equal (lines, 499);
  g_autofree char *words = g_strnfill (100000, 'x');
  g_autofree char *long_one
      = g_strdup_printf (REPORT (STATUS "Reporting-MTA: dns; m\n\nFinal-Recipient: rfc822; b@x.y\nAction: "
                                        "failed\nDiagnostic-Code: smtp; %s\n--b--\n"),
                         words);
  g_autofree char *cut = read_report (long_one, strlen (long_one));
  assert_true (strlen (cut) < 400);
  for (gsize size = 0; size <= strlen (postfix); size++)
    g_free (read_report (postfix, size));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_servers),
    cmocka_unit_test (test_readers),
    cmocka_unit_test (test_none),
    cmocka_unit_test (test_nasty),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
