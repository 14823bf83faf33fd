/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands in a message and how it is shown: files in a text, reports, invitations, alternatives, what is not there, and what is too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "mail/engine/pace.h"
#include "tests/unit/shown.h"

static GVariant *
show (const char *message)
{
  return shown (message, strlen (message));
}

/* ---- files in a text ---- */

#define CAT "begin 644 cat.txt\n#0V%T\n`\nend\n" /* made by uuencode(1) */

static void
test_uuencode (void **state)
{
  g_autoptr (GVariant) view
      = show ("Subject: s\n\nbefore\n" CAT "between\nbegin-base64 600 dog.txt\nRG9nCg==\n====\nafter\n");
  assert_string_equal (shown_text (view), "before\nbetween\nafter\n");
  g_autoptr (GVariant) text = shown_part (view, 0), cat = shown_part (view, 1), dog = shown_part (view, 2);
  shown_assert (text, "type", "text/plain");
  shown_assert (cat, "id", "1.uu1");
  shown_assert (cat, "filename", "cat.txt");
  shown_assert (cat, "disposition", "attachment");
  shown_assert (cat, "md5", "fa3ebd6742c360b2d9652b7f78d9bd7d"); /* Cat */
  shown_assert (dog, "filename", "dog.txt");
  shown_assert (dog, "md5", "ee59a3677ef302bb3c0b816e00063559"); /* Dog and a newline */
  assert_false (shown_warns (view, "attachment_cut"));
}

static void
test_uuencode_saved (void **state)
{
  static const char message[] = "Content-Type: multipart/mixed; boundary=m\n\n--m\n\nx\n--m\n\ny\n" CAT "--m--\n";
  g_autoptr (GBytes) bytes = g_bytes_new_static (message, strlen (message));
  AUTOFREE (inspection) inspection = inspect_message (NULL, bytes, 0);
  g_autoptr (GError) error = NULL;
  AUTOFREE (message_part) part = message_part_new (inspection, "1.2.uu1", &error);
  assert_non_null (part);
  assert_string_equal (part->filename, "cat.txt");
  assert_memory_equal (g_bytes_get_data (part->bytes, NULL), "Cat", 3);
  assert_null (message_part_new (inspection, "1.2.uu2", NULL));
  assert_null (message_part_new (inspection, "1.1.uu1", NULL));
}

/* What only looks like a file stays text; what breaks off is told, and the text goes on. */
static void
test_uuencode_odd (void **state)
{
  static const char *const texts[] = { "begin 644 the meeting\nwith what is said here\nend\n",
                                       "begin 644 x\n",
                                       "begin 644\n#0V%T\n",
                                       "begin 999 x\n#0V%T\nend\n",
                                       "begin-base64 644 x\nno base64 at all!\n====\n",
                                       " " CAT };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *message = g_strconcat ("Subject: s\n\n", texts[i], NULL);
    g_autoptr (GVariant) view = show (message);
    assert_string_equal (shown_text (view), texts[i]);
  }
  g_autoptr (GVariant) cut = show ("Subject: s\n\na\nbegin 644 cat.txt\n#0V%T\nthe text goes on\n");
  assert_string_equal (shown_text (cut), "a\nthe text goes on\n");
  assert_true (shown_warns (cut, "attachment_cut"));
  g_autoptr (GVariant) other = show ("Content-Transfer-Encoding: x-odd\n\n" CAT);
  assert_string_equal (shown_text (other), CAT);
  g_autoptr (GString) many = g_string_new ("Subject: s\n\n");
  for (int i = 0; i < 300; i++)
    g_string_append (many, CAT);
  g_autoptr (GVariant) view = show (many->str);
  g_autoptr (GVariant) parts = g_variant_lookup_value (view, "parts", NULL);
  assert_int_equal (g_variant_n_children (parts), 101);
}

/* ---- reports, pointers ---- */

static void
test_reports (void **state)
{
  g_autoptr (GVariant) view = show (
      "Content-Type: multipart/report; report-type=delivery-status; boundary=r\n\n--r\n\nSorry.\n--r\nContent-Type: "
      "message/delivery-status\n\nReporting-MTA: dns; mx.b.example\n\nFinal-Recipient: rfc822; bob@b.example\nAction: "
      "failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such\n user\n\nFinal-Recipient: "
      "rfc822;c@d.example\nAction: delayed\n--r\nContent-Type: text/rfc822-headers\n\nSubject: mine\n--r--\n");
  assert_string_equal (shown_text (view),
                       "Sorry.\n\nDelivery report\nReported by: mx.b.example\n\nRecipient: bob@b.example\nResult: "
                       "not delivered\nCode: 5.1.1\nThe server said: 550 5.1.1 no such user\n\nRecipient: "
                       "c@d.example\nResult: not delivered yet; the server keeps trying\n\nSubject: mine");
  g_autoptr (GVariant) receipt
      = show ("Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;a@b\nDisposition: "
              "manual-action/MDN-sent-manually; displayed\n");
  assert_non_null (strstr (shown_text (receipt), "Result: was opened by the recipient"));
  g_autoptr (GVariant) odd = show ("Content-Type: message/delivery-status\n\nno fields here\n");
  assert_string_equal (shown_text (odd), "no fields here\n");
}

static void
test_absent (void **state)
{
  g_autoptr (GVariant) piece = show ("Content-Type: message/partial; id=\"x@y\"; number=2; total=3\n\nhidden\n"),
                       pointer = show ("Content-Type: message/external-body; access-type=URL; "
                                       "URL=\"http://x.example/\xE2\x80\xAE\"\n\nContent-Type: text/plain\n\nhidden\n");
  assert_string_equal (shown_text (piece), "[Piece 2 of 3 of a larger mail. The pieces are not put together here.]\n");
  assert_true (shown_warns (piece, "partial"));
  assert_non_null (
      strstr (shown_text (pointer), "It is not fetched.]\naccess-type: URL\nurl: http://x.example/‹U+202E›\n"));
  assert_true (shown_warns (pointer, "external_body"));
}

/* ---- invitations ---- */

static const struct {
  const char *ics, *text;
} events[] = {
  { "METHOD:CANCEL\nBEGIN:VEVENT\nSTATUS:CANCELLED\nSUMMARY:Round\nDTSTART;VALUE=DATE:20261124\nEND:VEVENT\n",
    "Cancelled event\nWhat: Round\nFrom: Tue 2026-11-24\nStatus: cancelled\n" },
  { "METHOD:REQUEST\nBEGIN:VEVENT\nATTENDEE;CN=\"Lee; Kim\";PARTSTAT=ACCEPTED:mailto:kim@b.example\nATTENDEE;ROLE=OPT-"
    "PARTICIPANT:MAILTO:x@b.example\nDTSTART:20261124T090000\nDURATION:PT1H30M\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,-"
    "1FR;COUNT=5\n"
    "DESCRIPTION:Line\\none\\, two\nEND:VEVENT\n",
    "Invitation\nFrom: Tue 2026-11-24 09:00\nLasts: 1 hour 30 minutes\nRepeats: every 2 weeks on Monday, last. Friday, "
    "5 times\n"
    "Invited: Lee; Kim <kim@b.example>: accepted\nInvited: x@b.example (optional)\nNotes: Line\n  one, two\n" },
  { "METHOD:REPLY\r\nBEGIN:VEVENT\r\nSUMMARY:a\r\n b\r\nBEGIN:VALARM\r\nSUMMARY:no\r\nEND:VALARM\r\nLOCATION:c\r\n",
    "Answer to an invitation\nWhat: ab\nWhere: c\n" }, /* cut */
  { "BEGIN:VTODO\nDUE:20269999T000000Z\nSUMMARY:x\nEND:VTODO\n", "Task\nWhat: x\nDue: 20269999T000000Z\n" },
  { "BEGIN:VEVENT\nRRULE:FREQ=ODD;X\nDURATION:PXX\nDTSTART;TZID=A/B:tomorrow\nno colon\n:\nEND:VEVENT\n",
    "Event\nFrom: tomorrow\nLasts: PXX\nRepeats: FREQ=ODD;X\n" },
};

static void
test_events (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (events); i++) {
    g_autofree char *text = message_calendar_text (events[i].ics);
    assert_string_equal (text, events[i].text);
  }
  g_autoptr (GString) crowd = g_string_new ("BEGIN:VEVENT\n");
  for (int i = 0; i < 50; i++)
    g_string_append (crowd, "ATTENDEE:mailto:a@b\n");
  g_string_append (crowd, "END:VEVENT\n");
  g_autofree char *text = message_calendar_text (crowd->str);
  assert_true (g_str_has_suffix (text, "and 30 more\n"));
}

/* ---- alternatives ---- */

#define ALTERNATIVE(plain, html)                                                                                       \
  "Content-Type: multipart/alternative; boundary=a\n\n--a\n\n" plain "\n--a\nContent-Type: text/html\n\n" html         \
  "\n--a--\n"
#define LONG                                                                                                           \
  "The board met on Monday and spoke about several wards which need further nurses during winter months because "      \
  "many patients arrive after holidays while colleagues themselves become sick; volunteers should therefore write "    \
  "down their names before Friday evening."

static void
test_alternatives (void **state)
{
  g_autoptr (GVariant) excuse
      = show (ALTERNATIVE ("To view this message, please use an HTML compatible mail program!", "<p>words</p>")),
      quoted = show (ALTERNATIVE ("I like HTML as a fallback.", "<p>words</p>")),
      same = show (ALTERNATIVE (LONG, "<p>" LONG "</p>")),
      other = show (ALTERNATIVE (LONG, "<p>Your mailbox quota exceeded limits! Click here immediately otherwise "
                                       "account access expires tomorrow, incoming letters bounce forever, "
                                       "administrators delete everything without further notice whatsoever, "
                                       "including archived correspondence, contacts, appointments.</p>"));
  assert_string_equal (shown_text (excuse), "words\n");
  assert_string_equal (shown_text (quoted), "I like HTML as a fallback.");
  assert_false (shown_warns (same, "alternatives_differ"));
  assert_true (shown_warns (other, "alternatives_differ"));
  assert_string_equal (shown_text (other), LONG);
}

/* multipart/related: the part that start names is the root, wherever it stands. */
static void
test_related_start (void **state)
{
  g_autoptr (GVariant) view
      = show ("Content-Type: multipart/related; boundary=r; start=\"<two>\"\n\n--r\nContent-Type: "
              "text/plain\nContent-ID: <one>\n\nfirst\n--r\nContent-ID: <two>\n\nroot\n--r--\n");
  assert_string_equal (shown_text (view), "root");
}

/* ---- too much ---- */

static void
test_depth (void **state)
{
  g_autoptr (GString) nested = g_string_new (NULL);
  for (int i = 0; i < 3000; i++)
    g_string_append (nested, "Content-Type: message/rfc822\n\n");
  g_string_append (nested, "Subject: deep\n\ndeep text\n");
  g_autoptr (GVariant) messages = show (nested->str);
  assert_true (shown_warns (messages, "truncated_structure"));
  g_string_truncate (nested, 0);
  for (int i = 0; i < 1000; i++)
    g_string_append_printf (nested, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
  g_autoptr (GVariant) parts = show (nested->str);
  assert_true (shown_warns (parts, "truncated_structure"));
}

/* A header that never ends, fields without number, a boundary that each part names anew: an answer, in bounds. */
static void
test_masses (void **state)
{
  g_autoptr (GString) message = g_string_new ("Subject: first\n");
  while (message->len < 3 * 1024 * 1024)
    g_string_append (message, "X-Field: value\n");
  g_autoptr (GVariant) fields = show (message->str);
  shown_assert (fields, "subject", "first");
  g_string_assign (message, "Subject: ");
  while (message->len < 3 * 1024 * 1024)
    g_string_append (message, "=?utf-8?Q?a?= ");
  g_autoptr (GVariant) subject = show (message->str);
  const char *text = NULL;
  assert_true (g_variant_lookup (subject, "subject", "&s", &text) && strlen (text) < 300 * 1024);
  g_string_assign (message, "Content-Type: multipart/mixed; boundary=m\n\n");
  for (int i = 0; i < 3000; i++)
    g_string_append (message, "--m\nContent-Type: multipart/mixed; boundary=m\n\n");
  g_autoptr (GVariant) looping = show (message->str);
  assert_true (shown_warns (looping, "truncated_structure"));
}

/* Alternatives within alternatives are looked at once each, and lines that only begin a file cost no more than others. */
static void
test_repeated_looks (void **state)
{
  g_autoptr (GString) message = g_string_new (NULL);
  for (int i = 0; i < 38; i++)
    g_string_append_printf (message, "Content-Type: multipart/alternative; boundary=b%d\n\n--b%d\n\ntext %d\n--b%d\n",
                            i, i, i, i);
  g_string_append (message, "Content-Transfer-Encoding: base64\n\n");
  while (message->len < 2 * 1024 * 1024)
    g_string_append (message, "AAAABBBBCCCC");
  gint64 before = g_get_monotonic_time ();
  g_autoptr (GVariant) alternatives = show (message->str);
  assert_non_null (strstr (shown_text (alternatives), "text"));
  g_string_assign (message, "Subject: s\n\n");
  while (message->len < 2 * 1024 * 1024)
    g_string_append (message, "begin 644 a\n");
  g_autoptr (GVariant) begins = show (message->str);
  assert_true (strlen (shown_text (begins)) > 2 * 1024 * 1024 - 100);
  assert_true (g_get_monotonic_time () - before < 10 * G_USEC_PER_SEC * pace ());
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_uuencode),     cmocka_unit_test (test_uuencode_saved), cmocka_unit_test (test_uuencode_odd),
    cmocka_unit_test (test_reports),      cmocka_unit_test (test_absent),         cmocka_unit_test (test_events),
    cmocka_unit_test (test_alternatives), cmocka_unit_test (test_related_start),  cmocka_unit_test (test_depth),
    cmocka_unit_test (test_masses),       cmocka_unit_test (test_repeated_looks),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
