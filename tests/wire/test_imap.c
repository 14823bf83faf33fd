/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Our IMAP against a server that lies, hangs, breaks off, floods, or wants a password in clear. */
#include "crypto/error.h"
#include "tests/wire/meeting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char *other_cert, *other_key, *old_cert, *old_key, *stranger;

/* Opening fails with this error, and no password was said. */
static void
fails (const char *const *script, GQuark domain, int code)
{
  struct meeting meeting;
  meeting_begin (&meeting, script, 5000, peer_cert, peer_key, peer_anchors);
  meeting_part (&meeting);
  assert_non_null (meeting.error);
  if (!g_error_matches (meeting.error, domain, code))
    fail_msg ("%s", meeting.error->message);
  assert_null (strstr (meeting.heard, "AGFsaWNlAHNlY3JldA"));
  assert_null (strstr (meeting.heard, "secret"));
  meeting_forget (&meeting);
}

static void
test_session (void **state)
{
  const char *const script[] = { SESSION, "C: LOGOUT", NULL };
  struct meeting meeting;
  meeting_begin (&meeting, script, 5000, peer_cert, peer_key, peer_anchors);
  assert_null (meeting.error);
  assert_true (imap_has (meeting.imap, "MOVE"));
  assert_false (imap_has (meeting.imap, "CONDSTORE"));
  meeting_part (&meeting);
  assert_null (meeting.problem);
  meeting_forget (&meeting);
}

static void
test_before_tls (void **state)
{
  const char *const refused[] = { HELLO, "C: STARTTLS", "S: $TAG NO not today", "HANG", NULL };
  const char *const bad[] = { HELLO, "C: STARTTLS", "S: $TAG BAD what", "HANG", NULL };
  const char *const injected[]
      = { HELLO, "C: STARTTLS", "S: $TAG OK begin\r\n* OK now you are mine", "TLS", "HANG", NULL };
  const char *const half[] = { HELLO, "C: STARTTLS", "S> $TAG OK begin\r\n* CAPA", "TLS", "HANG", NULL };
  const char *const more[] = { HELLO, "C: STARTTLS", "S: + go on", "HANG", NULL };
  const char *const chatter[] = {
    HELLO, "C: STARTTLS", "S: * 1 EXISTS\r\n* 2 EXISTS\r\n* 3 EXISTS\r\n* 4 EXISTS", "FLOOD 70000", "HANG", NULL
  };
  const char *const preauth[] = { "S: * PREAUTH welcome alice", "HANG", NULL };
  const char *const bye[] = { "S: * BYE too many", NULL };
  fails (refused, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE);
  fails (bad, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE);
  fails (injected, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE);
  fails (half, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE);
  fails (more, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE);
  fails (chatter, ENGINE_ERROR, ENGINE_ERROR_NETWORK);
  fails (preauth, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE);
  fails (bye, ENGINE_ERROR, ENGINE_ERROR_NETWORK);
}

/* What was said before TLS counts for nothing after it. */
static void
test_forgets (void **state)
{
  const char *const script[] = { "S: * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR] ready",
                                 START,
                                 "C: CAPABILITY",
                                 "S: * CAPABILITY IMAP4rev1 LOGINDISABLED",
                                 "S: $TAG OK done",
                                 "HANG",
                                 NULL };
  const char *const between[] = { HELLO,
                                  "C: STARTTLS",
                                  "S: * LIST () \"/\" evil\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR",
                                  "S: $TAG OK begin",
                                  "TLS",
                                  "C: CAPABILITY",
                                  "S: * CAPABILITY IMAP4rev1 LOGINDISABLED",
                                  "S: $TAG OK done",
                                  "HANG",
                                  NULL };
  fails (script, ENGINE_ERROR, ENGINE_ERROR_SIGN_IN);
  fails (between, ENGINE_ERROR, ENGINE_ERROR_SIGN_IN);
}

static void
test_certificates (void **state)
{
  const char *const script[] = { HELLO, START, "HANG", NULL };
  const struct {
    const char *cert, *key, *anchors;
    int code;
  } cases[] = {
    { other_cert, other_key, peer_anchors, TLS_ERROR_HOSTNAME },
    { old_cert, old_key, peer_anchors, TLS_ERROR_EXPIRED },
    { peer_cert, peer_key, stranger, TLS_ERROR_UNTRUSTED },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    struct meeting meeting;
    meeting_begin (&meeting, script, 5000, cases[i].cert, cases[i].key, cases[i].anchors);
    meeting_part (&meeting);
    if (!g_error_matches (meeting.error, CRYPTO_ERROR, cases[i].code))
      fail_msg ("case %zu: %s", i, meeting.error->message);
    assert_null (strstr (meeting.heard, "AUTHENTICATE"));
    meeting_forget (&meeting);
  }
}

static void
test_sign_in (void **state)
{
  const char *const wrong[]
      = { HELLO, START, CAPABLE, "C: AUTHENTICATE", "S: $TAG NO [AUTHENTICATIONFAILED] no", "HANG", NULL };
  const char *const more[]
      = { HELLO, START, CAPABLE, "C: AUTHENTICATE", "S: + more", "C: *", "S: $TAG BAD so", "HANG", NULL };
  const char *const plain[] = { HELLO,
                                START,
                                "C: CAPABILITY",
                                "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN",
                                "S: $TAG OK done",
                                "C: AUTHENTICATE PLAIN",
                                "S: + ",
                                "C: AGFsaWNlAHNlY3JldA==",
                                "S: $TAG OK done",
                                NULL };
  struct meeting meeting;
  const char *const *refused[] = { wrong, more };
  for (gsize i = 0; i < 2; i++) {
    meeting_begin (&meeting, refused[i], 5000, peer_cert, peer_key, peer_anchors);
    meeting_part (&meeting);
    if (!g_error_matches (meeting.error, ENGINE_ERROR, ENGINE_ERROR_SIGN_IN))
      fail_msg ("case %zu: %s", i, meeting.error->message);
    assert_null (strstr (meeting.error->message, "secret"));
    meeting_forget (&meeting);
  }
  /* Without SASL-IR the credential waits for the server's "+"; the tag of the answer is the command's, not the credential's. */
  meeting_begin (&meeting, plain, 1000, peer_cert, peer_key, peer_anchors);
  meeting_part (&meeting);
  assert_null (meeting.problem);
  meeting_forget (&meeting);
}

/* A session that ends, hangs, or turns to garbage after each of its steps. */
static void
at_each_step (const char *end, guint timeout_ms)
{
  const char *const whole[] = { SESSION, NULL };
  for (gsize steps = 0; whole[steps] != NULL; steps++) {
    const char *cut[G_N_ELEMENTS (whole) + 2] = { NULL };
    memcpy (cut, whole, steps * sizeof *whole);
    cut[steps] = end;
    cut[steps + 1] = strcmp (end, "CLOSE") == 0 ? NULL : "HANG";
    struct meeting meeting;
    meeting_begin (&meeting, cut, timeout_ms, peer_cert, peer_key, peer_anchors);
    meeting_part (&meeting);
    if (meeting.error == NULL)
      fail_msg ("after %zu steps and “%s” the session stood", steps, end);
    if (meeting.error->domain != ENGINE_ERROR && meeting.error->domain != CRYPTO_ERROR)
      fail_msg ("after %zu steps and “%s”: %s", steps, end, meeting.error->message);
    meeting_forget (&meeting);
  }
}

static void
test_lost (void **state)
{
  at_each_step ("CLOSE", 5000);
}

static void
test_hangs (void **state)
{
  at_each_step ("HANG", 60);
}

static void
test_garbage (void **state)
{
  at_each_step ("S: \x01\xff ))) NIL {12", 100);
  at_each_step ("S: * OK [[[[((((", 100);
  at_each_step ("S: A1 OK", 100);
  at_each_step ("S: * 99999999999999999999 EXISTS", 100);
}

static void
test_floods (void **state)
{
  at_each_step ("FLOOD 3000000", 5000);
}

/* What the server can do counts as it says when we are signed in; what it said before is forgotten. */
static void
test_capabilities (void **state)
{
  const char *const script[] = { SIGNED_IN ("CONDSTORE"), "C: LOGOUT", NULL };
  struct meeting meeting;
  meeting_begin (&meeting, script, 5000, peer_cert, peer_key, peer_anchors);
  assert_true (imap_has (meeting.imap, "CONDSTORE"));
  assert_false (imap_has (meeting.imap, "MOVE"));
  meeting_part (&meeting);
  assert_null (meeting.problem);
  meeting_forget (&meeting);
}

static void
test_refusal_is_no_loss (void **state)
{
  const char *const script[] = {
    SESSION, SELECT, "C: UID STORE 4 +FLAGS.SILENT", "S: $TAG NO [READ-ONLY] no", "C: UID STORE", "S: $TAG OK done",
    "HANG",  NULL
  };
  struct meeting meeting;
  g_autoptr (GError) error = NULL;
  const guint32 uid = 4;
  meeting_select (&meeting, script);
  assert_false (imap_store (meeting.imap, &uid, 1, TRUE, "S", &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_FAILED));
  assert_false (imap_is_lost (meeting.imap));
  assert_true (imap_store (meeting.imap, &uid, 1, TRUE, "S", NULL));
  meeting_part (&meeting);
  meeting_forget (&meeting);
}

static void
test_move (void **state)
{
  const char *const script[] = { SESSION,
                                 SELECT,
                                 "C: UID MOVE 4:5 ",
                                 "S: * OK [COPYUID 9 4:5 101:102] moved",
                                 "S: * 1 EXPUNGE",
                                 "S: * 1 EXPUNGE",
                                 "S: $TAG OK done",
                                 "HANG",
                                 NULL };
  struct meeting meeting;
  const guint32 uids[] = { 4, 5 };
  guint32 uidvalidity, moved[2];
  meeting_select (&meeting, script);
  assert_true (imap_move (meeting.imap, uids, 2, "Archive", &uidvalidity, moved, NULL));
  assert_int_equal (uidvalidity, 9);
  assert_int_equal (moved[0], 101);
  assert_int_equal (moved[1], 102);
  assert_false (imap_move (meeting.imap, uids, 2, "a\r\nA1 DELETE INBOX", &uidvalidity, moved, NULL));
  meeting_part (&meeting);
  assert_null (strstr (meeting.heard, "DELETE"));
  meeting_forget (&meeting);
}

static void
test_idle (void **state)
{
  struct meeting meeting;
  gboolean changed = FALSE;
  const char *const news[]
      = { SESSION, SELECT, "C: IDLE", "S: + idling", "S: * 3 EXISTS", "C: DONE", "S: $TAG OK done", "HANG", NULL };
  meeting_select (&meeting, news);
  assert_true (imap_idle (meeting.imap, -1, 5, NULL, &changed, NULL));
  assert_true (changed);
  meeting_part (&meeting);
  meeting_forget (&meeting);
  /* News before the "+" is news. */
  const char *const early[]
      = { SESSION, SELECT, "C: IDLE", "S: * 3 EXISTS\r\n+ idling", "C: DONE", "S: $TAG OK done", "HANG", NULL };
  meeting_select (&meeting, early);
  assert_true (imap_idle (meeting.imap, -1, 5, NULL, &changed, NULL));
  assert_true (changed);
  meeting_part (&meeting);
  meeting_forget (&meeting);
  /* A request of the engine ends it at once. */
  const char *const woken[] = { SESSION, SELECT, "C: IDLE", "S: + idling", "C: DONE", "S: $TAG OK done", "HANG", NULL };
  int wake[2];
  assert_int_equal (pipe (wake), 0);
  assert_int_equal (write (wake[1], "x", 1), 1);
  gint64 begin = g_get_monotonic_time ();
  meeting_select (&meeting, woken);
  assert_true (imap_idle (meeting.imap, wake[0], 100, NULL, &changed, NULL));
  assert_false (changed);
  assert_true (g_get_monotonic_time () - begin < 20 * G_USEC_PER_SEC);
  meeting_part (&meeting);
  meeting_forget (&meeting);
  close (wake[0]);
  close (wake[1]);
}

/* A session that waits and nothing else: what was said before and after the "+" is news, and nobody waits for what is not said. */
static void
test_idle_apart (void **state)
{
  const char *const script[] = { SESSION,
                                 SELECT,
                                 "C: IDLE",
                                 "S: + idling",
                                 "C: DONE",
                                 "S: * 3 EXISTS",
                                 "S: $TAG OK done",
                                 "C: IDLE",
                                 "S: + idling",
                                 "S: * OK Still here",
                                 "C: DONE",
                                 "S: $TAG OK done",
                                 "C: IDLE",
                                 "S: $TAG NO not now",
                                 "HANG",
                                 NULL };
  struct meeting meeting;
  struct imap_selected info;
  gboolean changed = FALSE;
  g_autoptr (GError) error = NULL;
  meeting_begin (&meeting, script, 5000, peer_cert, peer_key, peer_anchors);
  assert_true (imap_select (meeting.imap, "INBOX", TRUE, &info, &error));
  assert_true (imap_idle_begin (meeting.imap, 5, &changed, &error));
  assert_false (changed);
  assert_false (imap_idle_has_more (meeting.imap));
  assert_true (imap_idle_end (meeting.imap, 5, &changed, &error));
  assert_true (changed);
  changed = FALSE;
  assert_true (imap_idle_begin (meeting.imap, 5, &changed, &error));
  while (!imap_idle_has_more (meeting.imap))
    g_usleep (1000);
  assert_true (imap_idle_end (meeting.imap, 5, &changed, &error));
  assert_false (changed);
  assert_false (imap_idle_begin (meeting.imap, 5, &changed, &error));
  meeting_part (&meeting);
  assert_null (meeting.problem);
  meeting_forget (&meeting);
}

/* Somebody who always has one more request, and leaves some of them for the next turn. */
struct crowd {
  int calls, unserved; /* unserved: how many times it says that something is left */
  gboolean leaves;
};

static enum stream_served
serve_crowd (gpointer data)
{
  struct crowd *crowd = data;
  crowd->calls++;
  if (crowd->leaves)
    return STREAM_GIVE_UP;
  return crowd->unserved > 0 && crowd->unserved-- > 0 ? STREAM_UNSERVED : STREAM_SERVED;
}

static void
secure (struct meeting *meeting, const char *const *script, struct stream **stream_out)
{
  *meeting
      = (struct meeting){ .remote = { .host = (char *) "mail.test", .ca_file = peer_anchors, .timeout_ms = 20000 } };
  int fd;
  meeting->peer = peer_start (script, peer_cert, peer_key, &fd);
  *stream_out = stream_new_take (fd, &meeting->remote);
  assert_true (stream_start_tls (*stream_out, FALSE, NULL));
}

/* What the server sends is read however many requests come, and each of these has its turn. */
static void
test_fair (void **state)
{
  const char *const script[] = { "TLS", "S> abcdef", "C: go", "S> g", "HANG", NULL };
  struct meeting meeting;
  struct crowd crowd = { 0 };
  struct stream *stream;
  int always[2], never[2];
  char byte = 0;
  assert_true (pipe (always) == 0 && pipe (never) == 0 && write (always[1], "x", 1) == 1);
  secure (&meeting, script, &stream);
  stream_set_guest (stream, &(struct stream_guest){ always[0], serve_crowd, &crowd });
  for (const char *want = "abcdef"; *want != '\0'; want++) {
    int before = crowd.calls;
    assert_int_equal (stream_read (stream, &byte, 1), 1);
    assert_int_equal (byte, *want);
    assert_true (crowd.calls > before && (want[0] == 'a' || crowd.calls == before + 1));
  }
  /* Left-overs that the descriptor does not tell of are served before the wait for a silent server. */
  crowd = (struct crowd){ .unserved = 9 };
  stream_set_guest (stream, &(struct stream_guest){ never[0], serve_crowd, &crowd });
  assert_true (stream_write (stream, "x go\r\n", 6));
  assert_int_equal (stream_read (stream, &byte, 1), 1);
  int calls = crowd.calls;
  assert_true (calls >= 1 && calls <= 10);
  crowd = (struct crowd){ .leaves = TRUE };
  stream_set_guest (stream, &(struct stream_guest){ always[0], serve_crowd, &crowd });
  assert_int_equal (stream_read (stream, &byte, 1), -1);
  assert_int_equal (crowd.calls, 1);
  stream_free (stream);
  meeting_part (&meeting);
  meeting_forget (&meeting);
  for (int i = 0; i < 2; i++) {
    close (always[i]);
    close (never[i]);
  }
}

static int
setup (void **state)
{
  (void) peer_cert_setup (state);
  openssl_tool_root (&peer_tool, "stranger", "ec", "");
  openssl_tool_issue (&peer_tool, "other", "root", "ec", 10, "/CN=x", PEER_LEAF "subjectAltName=DNS:else.test\n", "");
  openssl_tool_issue (&peer_tool, "old", "root", "ec", -1, "/CN=x", PEER_LEAF "subjectAltName=DNS:mail.test\n", "");
  other_cert = openssl_tool_path (&peer_tool, "other.crt");
  other_key = openssl_tool_path (&peer_tool, "other.key");
  old_cert = openssl_tool_path (&peer_tool, "old.crt");
  old_key = openssl_tool_path (&peer_tool, "old.key");
  stranger = openssl_tool_path (&peer_tool, "stranger.crt");
  return 0;
}

static int
teardown (void **state)
{
  char *paths[] = { other_cert, other_key, old_cert, old_key, stranger };
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    g_free (paths[i]);
  return peer_cert_teardown (state);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_session),
    cmocka_unit_test (test_before_tls),
    cmocka_unit_test (test_forgets),
    cmocka_unit_test (test_certificates),
    cmocka_unit_test (test_sign_in),
    cmocka_unit_test (test_lost),
    cmocka_unit_test (test_hangs),
    cmocka_unit_test (test_garbage),
    cmocka_unit_test (test_floods),
    cmocka_unit_test (test_idle_apart),
    cmocka_unit_test (test_refusal_is_no_loss),
    cmocka_unit_test (test_move),
    cmocka_unit_test (test_idle),
    cmocka_unit_test (test_capabilities),
    cmocka_unit_test (test_fair),
  };
  return cmocka_run_group_tests (tests, setup, teardown);
}
