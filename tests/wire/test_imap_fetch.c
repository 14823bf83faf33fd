/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mails and headers from a server that mixes them, cuts them, sends too much of them, or compresses them. */
#include "tests/wire/meeting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static gboolean
take_body (const void *bytes, gsize size, gpointer data)
{
  g_string_append_len (data, bytes, (gssize) size);
  return TRUE;
}

static void
take_done (const struct imap_head *head, gpointer data)
{
  g_string_append_printf (data, "[%u %s]", head != NULL ? head->uid : 0, head != NULL ? head->flags : "?");
}

static void
take_empty (const struct imap_head *head, gpointer data)
{
  g_string_append_printf (data, "(%u)", head->uid);
}

static char *
fetch_two (struct meeting *meeting, gboolean *fine)
{
  GString *all = g_string_new (NULL);
  const struct imap_head heads[] = { { .uid = 4, .size_bytes = 12 }, { .uid = 5, .size_bytes = 12 } };
  const struct imap_body_sink sink = { .body = take_body, .done = take_done, .data = all };
  g_autoptr (GError) error = NULL;
  *fine = imap_fetch_bodies (meeting->imap, heads, 2, &sink, &error);
  assert_true (*fine == (error == NULL));
  return g_string_free (all, FALSE);
}

static void
test_fetch (void **state)
{
  const char *const slow[] = { "", "SLOW" };
  for (gsize i = 0; i < 2; i++) {
    /* UID before and after the body; flags of another mail in between; a body that nobody asked for. */
    const char *const script[] = { SESSION,
                                   SELECT,
                                   "C: UID FETCH 4:5",
                                   *slow[i] != '\0' ? slow[i] : "S: * OK hm",
                                   "S> * 1 FETCH (UID 4 FLAGS (\\Seen $Forwarded) BODY[] {5}\r\nabc\r\n)\r\n",
                                   "S: * 2 FETCH (FLAGS (\\Flagged))",
                                   "S> * 2 FETCH (BODY[] {4}\r\nde\r\n UID 5 FLAGS (\\Answered \\Flagged))\r\n",
                                   "S> * 3 FETCH (UID 77 BODY[] {3}\r\nxyz)\r\n",
                                   "S: $TAG OK done",
                                   "HANG",
                                   NULL };
    struct meeting meeting;
    gboolean fine;
    meeting_select (&meeting, script);
    g_autofree char *all = fetch_two (&meeting, &fine);
    assert_true (fine);
    assert_string_equal (all, "abc\r\n[4 PS]de\r\n[5 FR]xyz[0 ?]");
    meeting_part (&meeting);
    meeting_forget (&meeting);
  }
}

/* Two questions at once: the answers may come in any order, and mixed. */
static char *
fetch_in_pipe (struct meeting *meeting, guint32 size, gboolean *first_fine, gboolean *second_fine)
{
  GString *all = g_string_new (NULL);
  const struct imap_head heads[]
      = { { .uid = 4, .size_bytes = 3 }, { .uid = 5, .size_bytes = size }, { .uid = 9, .size_bytes = 3 } };
  const struct imap_body_sink sink = { .body = take_body, .done = take_done, .empty = take_empty, .data = all };
  g_autoptr (GError) error = NULL;
  assert_true (imap_fetch_ahead (meeting->imap, heads + 1, 2, NULL));
  assert_true (imap_fetch_ahead (meeting->imap, heads, 1, NULL));
  *first_fine = imap_fetch_bodies (meeting->imap, heads + 1, 2, &sink, NULL);
  g_string_append (all, "|");
  *second_fine = imap_fetch_bodies (meeting->imap, heads, 1, &sink, &error);
  if (!*second_fine)
    g_string_append_printf (all, "%s", g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_FAILED) ? "no" : "lost");
  return g_string_free (all, FALSE);
}

static void
test_pipe (void **state)
{
#define ASKED SESSION, SELECT, "C: UID FETCH 5,9 (UID FLAGS BODY.PEEK[])", "C: UID FETCH 4 (UID FLAGS BODY.PEEK[])"
#define MAIL(uid, text) "S> * 1 FETCH (UID " uid " FLAGS () BODY[] {3}\r\n" text ")\r\n"
#define AFTERWARDS "C: UID STORE 4 +FLAGS.SILENT", "S: $TAG OK done", "HANG", NULL
  const char *const in_order[]
      = { ASKED,     MAIL ("5", "555"), MAIL ("9", "999"), "S: $LAST OK done", MAIL ("4", "444"), "S: $TAG OK done",
          AFTERWARDS };
  const char *const mixed[]
      = { ASKED,     MAIL ("4", "444"), MAIL ("9", "999"), "S: $TAG OK done", MAIL ("5", "555"), "S: $LAST OK done",
          AFTERWARDS };
  const char *const late[]
      = { ASKED,     MAIL ("9", "999"), "S: $LAST OK done", MAIL ("5", "555"), MAIL ("4", "444"), "S: $TAG OK done",
          AFTERWARDS };
  const char *const refused[] = { ASKED, "S: $LAST NO gone", MAIL ("4", "444"), "S: $TAG OK done", AFTERWARDS };
  const char *const bad[] = { ASKED, "S: $TAG BAD no more of that", MAIL ("5", "555"), "S: $LAST OK done", AFTERWARDS };
  const char *const empty[] = { ASKED, "S> * 1 FETCH (UID 5 FLAGS () BODY[] {0}\r\n)\r\n", "S: $LAST OK done",
                                "S: $TAG OK done", AFTERWARDS };
  const char *const nil[]
      = { ASKED, "S> * 1 FETCH (UID 5 FLAGS () BODY[] NIL)\r\n", "S: $LAST OK done", "S: $TAG OK done", AFTERWARDS };
  const struct {
    const char *const *script;
    const char *all;
    gboolean first, second;
    guint32 size; /* of 5, as the server has told it */
  } cases[] = {
    { in_order, "555[5 ]999[9 ]|444[4 ]", TRUE, TRUE, 3 },
    { mixed, "444[4 ]999[9 ]555[5 ]|", TRUE, TRUE, 3 },
    { late, "999[9 ]|555[0 ?]444[4 ]", TRUE, TRUE, 3 },
    { refused, "|444[4 ]", FALSE, TRUE, 3 },
    { bad, "555[5 ]|no", TRUE, FALSE, 3 },
    { empty, "[5 ]|", TRUE, TRUE, 0 },
    { empty, "(5)[0 ?]|", TRUE, TRUE, 3 }, /* it has lost hold of it */
    { nil, "(5)[0 ?]|", TRUE, TRUE, 3 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    struct meeting meeting;
    const guint32 uid = 4;
    gboolean first, second;
    meeting_select (&meeting, cases[i].script);
    g_autofree char *all = fetch_in_pipe (&meeting, cases[i].size, &first, &second);
    assert_string_equal (all, cases[i].all);
    assert_int_equal (first, cases[i].first);
    assert_int_equal (second, cases[i].second);
    assert_false (imap_is_lost (meeting.imap));
    assert_true (imap_store (meeting.imap, &uid, 1, TRUE, "S", NULL)); /* in step */
    meeting_part (&meeting);
    meeting_forget (&meeting);
  }
}

/* What was asked ahead and is not wanted any more is heard out before anything else is asked; what breaks off or belongs to no question ends the session. */
static void
test_pipe_dropped (void **state)
{
  const char *const script[]
      = { SESSION, SELECT, "C: UID FETCH 4:5", MAIL ("5", "555"), MAIL ("4", "444"), "S: $TAG OK done", AFTERWARDS };
  const char *const torn[]
      = { ASKED, MAIL ("5", "555"), "S> * 1 FETCH (UID 9 FLAGS () BODY[] {3}\r\n9", "CLOSE", NULL };
  const char *const foreign[] = { ASKED, "S: 77 OK done", "HANG", NULL };
  const char *const *lost[] = { torn, foreign };
  const struct imap_head heads[] = { { .uid = 4, .size_bytes = 3 }, { .uid = 5, .size_bytes = 3 } };
  struct meeting meeting;
  const guint32 uid = 4;
  meeting_select (&meeting, script);
  assert_true (imap_fetch_ahead (meeting.imap, heads, 2, NULL));
  assert_true (imap_store (meeting.imap, &uid, 1, TRUE, "S", NULL));
  meeting_part (&meeting);
  meeting_forget (&meeting);
  for (gsize i = 0; i < G_N_ELEMENTS (lost); i++) {
    gboolean first, second;
    meeting_select (&meeting, lost[i]);
    g_autofree char *all = fetch_in_pipe (&meeting, 3, &first, &second);
    assert_false (first || second);
    assert_true (imap_is_lost (meeting.imap));
    meeting_part (&meeting);
    meeting_forget (&meeting);
  }
}

static void
note_head (const struct imap_head *head, gpointer data)
{
  g_string_append_printf (data, "%u ", head->uid);
}

/* All slices. */
static gboolean
fetch_heads (struct imap *imap, guint32 first, GString *seen)
{
  guint32 place = 0;
  do {
    if (!imap_fetch_heads (imap, first, FALSE, 0, &place, note_head, seen, NULL))
      return FALSE;
  } while (place > 0);
  return TRUE;
}

/* Of very many messages some are asked for at a time, from the end, until there is nothing new among them, or nothing left; what can
 * only be few is asked for by its UIDs. */
static void
test_slices (void **state)
{
#define MANY                                                                                                           \
  "C: SELECT", "S: * 12000 EXISTS", "S: * OK [UIDVALIDITY 7] x", "S: * OK [UIDNEXT 90000] x", "S: $TAG OK done"
#define HEAD(n, uid) "S: * " n " FETCH (UID " uid " FLAGS ())"
  const char *const all[] = { SESSION,
                              MANY,
                              "C: FETCH 6001:* (",
                              HEAD ("6001", "70000"),
                              HEAD ("3", "6"),
                              HEAD ("12000", "80000"),
                              "S: $TAG OK done",
                              "C: FETCH 1:6000 (",
                              HEAD ("6000", "70000"),
                              HEAD ("1", "5"),
                              "S: $TAG OK done",
                              "C: LOGOUT",
                              NULL };
  const char *const few[]
      = { SESSION, MANY, "C: UID FETCH 85000:* (", HEAD ("12000", "86000"), "S: $TAG OK done", "C: LOGOUT", NULL };
  const char *const late[]
      = { SESSION,     MANY, "C: FETCH 6001:* (", HEAD ("6001", "40000"), HEAD ("12000", "80000"), "S: $TAG OK done",
          "C: LOGOUT", NULL };
  const char *const fewer[] = { SESSION,
                                MANY,
                                "C: FETCH 6001:* (",
                                HEAD ("12000", "80000"),
                                "S: * 5000 EXISTS",
                                "S: * 100 EXPUNGE",
                                "S: $TAG OK done",
                                "C: FETCH 1:4999 (",
                                HEAD ("1", "5"),
                                "S: $TAG OK done",
                                "C: LOGOUT",
                                NULL };
  const char *const refused[] = { SESSION,
                                  MANY,
                                  "C: FETCH 6001:* (",
                                  HEAD ("12000", "80000"),
                                  "S: $TAG OK done",
                                  "C: FETCH 1:6000",
                                  "S: $TAG BAD fewer by now",
                                  "C: LOGOUT",
                                  NULL };
  const struct {
    const char *const *script;
    guint32 first;
    const char *seen;
    gboolean fine;
  } cases[] = { { all, 1, "70000 80000 70000 5 ", TRUE },
                { late, 50000, "80000 ", TRUE },
                { few, 85000, "86000 ", TRUE },
                { fewer, 1, "80000 5 ", TRUE },
                { refused, 1, "80000 ", FALSE } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    struct meeting meeting;
    struct imap_selected info;
    g_autoptr (GString) seen = g_string_new (NULL);
    meeting_begin (&meeting, cases[i].script, 5000, peer_cert, peer_key, peer_anchors);
    assert_true (imap_select (meeting.imap, "INBOX", TRUE, &info, NULL));
    assert_int_equal (fetch_heads (meeting.imap, cases[i].first, seen), cases[i].fine);
    assert_string_equal (seen->str, cases[i].seen);
    meeting_part (&meeting);
    assert_null (meeting.problem);
    meeting_forget (&meeting);
  }
}

/* No command becomes longer than servers take. */
static void
test_reach (void **state)
{
  g_autofree struct imap_head *heads = g_new0 (struct imap_head, 5000);
  for (guint32 i = 0; i < 5000; i++)
    heads[i].uid = 3000000000u + i;
  assert_int_equal (imap_fetch_reach (heads, 5000), 5000);
  for (guint32 i = 0; i < 5000; i++)
    heads[i].uid = 3000000000u + 2 * i;
  gsize reach = imap_fetch_reach (heads, 5000);
  assert_true (reach >= 300 && reach <= 700);
  assert_int_equal (imap_fetch_reach (heads, 1), 1);
  assert_int_equal (imap_fetch_reach (heads, 0), 0);
}

static char *
fetch_headers (struct meeting *meeting, gboolean newest, gboolean *fine)
{
  GString *all = g_string_new (NULL);
  const struct imap_head heads[] = { { .uid = 4, .size_bytes = 70000000 } };
  const struct imap_body_sink sink = { .body = take_body, .done = take_done, .data = all };
  g_autoptr (GError) error = NULL;
  *fine = newest ? imap_fetch_newest (meeting->imap, 2, &sink, &error)
                 : imap_fetch_headers (meeting->imap, heads, 1, &sink, &error);
  assert_true (*fine == (error == NULL));
  return g_string_free (all, FALSE);
}

/* Headers alone, and no more of each than was asked for, whatever the server thinks of that. */
static void
test_fetch_headers (void **state)
{
  const char *const by_uid[] = { SESSION,
                                 SELECT,
                                 "C: UID FETCH 4 (UID FLAGS BODY.PEEK[HEADER]<0.65536>)",
                                 "S> * 1 FETCH (UID 4 FLAGS (\\Seen) BODY[HEADER]<0> {5}\r\nabc\r\n)\r\n",
                                 "S: $TAG OK done",
                                 "HANG",
                                 NULL };
  const char *const newest[]
      = { SESSION,
          SELECT,
          "C: FETCH 1:2 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER]<0.65536>)",
          "S> * 1 FETCH (UID 77 FLAGS () RFC822.SIZE 9 INTERNALDATE \" 1-Nov-2026 10:00:00 +0000\" BODY[HEADER]<0> "
          "{3}\r\nde\n)\r\n",
          "S> * 2 FETCH (UID 80 FLAGS (\\Flagged) RFC822.SIZE 9 BODY[HEADER]<0> {2}\r\nf\n)\r\n",
          "S: $TAG OK done",
          "HANG",
          NULL };
  const char *const endless[]
      = { SESSION, SELECT, "C: UID FETCH 4", "S: * 1 FETCH (UID 4 BODY[HEADER] {9000000}", "FLOOD 9000000", NULL };
  struct {
    const char *const *script;
    gboolean newest;
    const char *got; /* NULL: it breaks off */
  } cases[] = { { by_uid, FALSE, "abc\r\n[4 S]" }, { newest, TRUE, "de\n[77 ]f\n[80 F]" }, { endless, FALSE, NULL } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    struct meeting meeting;
    gboolean fine;
    meeting_select (&meeting, cases[i].script);
    g_autofree char *all = fetch_headers (&meeting, cases[i].newest, &fine);
    assert_int_equal (fine, cases[i].got != NULL);
    if (fine)
      assert_string_equal (all, cases[i].got);
    else
      assert_true (imap_is_lost (meeting.imap) && strlen (all) <= IMAP_HEADER_MAX);
    meeting_part (&meeting);
    assert_null (meeting.problem);
    meeting_forget (&meeting);
  }
}

static void
test_huge_literal (void **state)
{
  const char *const sizes[]
      = { "S> * 1 FETCH (UID 4 FLAGS () BODY[] {4294967295}\r\n",
          "S> * 1 FETCH (UID 4 FLAGS () BODY[] {99999999999}\r\n", "S> * LIST () \"/\" {2000000000}\r\n" };
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    const char *const script[] = { SESSION, SELECT, "C: UID FETCH", sizes[i], "FLOOD 100000000", "HANG", NULL };
    struct meeting meeting;
    gboolean fine;
    meeting_select (&meeting, script);
    g_autofree char *all = fetch_two (&meeting, &fine);
    assert_false (fine);
    assert_true (imap_is_lost (meeting.imap));
    assert_true (strlen (all) < 8 * 1024 * 1024);
    meeting_part (&meeting);
    meeting_forget (&meeting);
  }
}

#define PACKED SIGNED_IN ("COMPRESS=DEFLATE"), "C: COMPRESS DEFLATE", "S: $TAG OK packing", "DEFLATE"

/* RFC 4978: both ways, whatever the pieces; and a server that says no to it is spoken to as before. */
static void
test_compress (void **state)
{
  const char *const packed[] = {
    PACKED, SELECT, "C: UID FETCH 4:5", "S> * 1 FETCH (UID 4 FLAGS () BODY[] {5}\r\nabc\r\n)\r\n", "S: $TAG OK done",
    "HANG", NULL
  };
  const char *const pieces[] = { PACKED,
                                 "SLOW",
                                 SELECT,
                                 "C: UID FETCH 4:5",
                                 "S> * 1 FETCH (UID 4 FLAGS () BODY[] {5}\r\nabc\r\n)\r\n",
                                 "S: $TAG OK done",
                                 "HANG",
                                 NULL };
  const char *const refused[] = { SIGNED_IN ("COMPRESS=DEFLATE"),
                                  "C: COMPRESS DEFLATE",
                                  "S: $TAG NO not today",
                                  SELECT,
                                  "C: UID FETCH 4:5",
                                  "S> * 1 FETCH (UID 4 FLAGS () BODY[] {5}\r\nabc\r\n)\r\n",
                                  "S: $TAG OK done",
                                  "HANG",
                                  NULL };
  const char *const unable[] = { SIGNED_IN ("IDLE"),
                                 SELECT,
                                 "C: UID FETCH 4:5",
                                 "S> * 1 FETCH (UID 4 FLAGS () BODY[] {5}\r\nabc\r\n)\r\n",
                                 "S: $TAG OK done",
                                 "HANG",
                                 NULL };
  const char *const *scripts[] = { packed, pieces, refused, unable };
  for (gsize i = 0; i < G_N_ELEMENTS (scripts); i++) {
    struct meeting meeting;
    struct imap_selected info;
    gboolean fine;
    meeting_begin (&meeting, scripts[i], 5000, peer_cert, peer_key, peer_anchors);
    assert_null (meeting.error);
    assert_true (imap_compress (meeting.imap, NULL));
    assert_false (imap_may_compress (meeting.imap));
    assert_true (imap_compress (meeting.imap, NULL)); /* it is not asked again */
    assert_true (imap_select (meeting.imap, "INBOX", TRUE, &info, NULL));
    g_autofree char *all = fetch_two (&meeting, &fine);
    assert_true (fine);
    assert_string_equal (all, "abc\r\n[4 ]");
    meeting_part (&meeting);
    assert_null (strstr (strstr (meeting.heard, "COMPRESS") != NULL ? strstr (meeting.heard, "COMPRESS") : "", "AUTH"));
    meeting_forget (&meeting);
  }
}

/* What is damaged, cut, endless, empty without end, or said in between, ends the session, and what it would hold is bounded. */
static void
test_compress_faults (void **state)
{
  const char *const garbage[] = { PACKED, "C: SELECT", "RAW \xff\xfe\xfd nothing of the kind", "HANG", NULL };
  const char *const plain[] = { PACKED, "C: SELECT", "RAW * 2 EXISTS\r\n", "HANG", NULL };
  const char *const cut[] = { PACKED, "C: SELECT", "S> * 2 EXI", "CLOSE", NULL };
  const char *const bomb[] = { PACKED, "C: SELECT", "FLOOD 200000000", "HANG", NULL };
  const char *const empty[] = { PACKED, "C: SELECT", "EMPTY 1000000", "HANG", NULL };
  const char *const ended[] = { PACKED, "C: SELECT", "RAW \x03", "HANG", NULL };
  const char *const early[]
      = { SIGNED_IN ("COMPRESS=DEFLATE"), "C: COMPRESS DEFLATE", "S: $TAG OK packing\r\n* 3 EXISTS", "HANG", NULL };
  const char *const *scripts[] = { garbage, plain, cut, bomb, empty, ended, early };
  for (gsize i = 0; i < G_N_ELEMENTS (scripts); i++) {
    struct meeting meeting;
    struct imap_selected info;
    g_autoptr (GError) error = NULL;
    meeting_begin (&meeting, scripts[i], 800, peer_cert, peer_key, peer_anchors);
    assert_null (meeting.error);
    gboolean fine = imap_compress (meeting.imap, &error) && imap_select (meeting.imap, "INBOX", TRUE, &info, &error);
    if (fine || !imap_is_lost (meeting.imap) || !g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_NETWORK))
      fail_msg ("case %zu: %s", i, error != NULL ? error->message : "no fault");
    meeting_part (&meeting);
    meeting_forget (&meeting);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_fetch),  cmocka_unit_test (test_fetch_headers), cmocka_unit_test (test_huge_literal),
    cmocka_unit_test (test_pipe),   cmocka_unit_test (test_pipe_dropped),  cmocka_unit_test (test_reach),
    cmocka_unit_test (test_slices), cmocka_unit_test (test_compress),      cmocka_unit_test (test_compress_faults),
  };
  return cmocka_run_group_tests (tests, peer_cert_setup, peer_cert_teardown);
}
