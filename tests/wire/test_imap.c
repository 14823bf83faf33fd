/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Our IMAP against a server that lies, hangs, breaks off, floods, or wants a password in clear. */
#include "crypto/error.h"
#include "mail/engine.h"
#include "mail/net/imap.h"
#include "mail/net/stream.h"
#include "tests/unit/openssl_tool.h"
#include "tests/wire/peer.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define LEAF "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n"
static struct openssl_tool tool;
static char *cert, *key, *anchors, *other_cert, *other_key, *old_cert, *old_key, *stranger;

/* Up to and including the sign-in. */
#define HELLO "S: * OK ready"
#define START "C: STARTTLS", "S: $TAG OK begin", "TLS"
#define CAPABLE "C: CAPABILITY", "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR IDLE UIDPLUS MOVE", "S: $TAG OK done"
#define SIGN_IN "C: AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==", "S: $TAG OK welcome"
#define SESSION HELLO, START, CAPABLE, SIGN_IN, CAPABLE
#define SELECT                                                                                                         \
  "C: SELECT", "S: * 2 EXISTS", "S: * OK [UIDVALIDITY 7] x", "S: * OK [UIDNEXT 9] x", "S: $TAG OK [READ-WRITE] done"

struct meeting {
  struct remote remote;
  struct peer *peer;
  struct imap *imap;
  GError *error;
  char *heard, *problem;
};

static struct secret *
password (void)
{
  return secret_new ("secret", 6);
}

static void
meet (struct meeting *meeting, const char *const *script, guint timeout_ms, const char *certificate,
      const char *private_key, const char *ca)
{
  *meeting = (struct meeting){ .remote = { .host = (char *) "mail.test",
                                           .port = 143,
                                           .starttls = TRUE,
                                           .auth = (char *) "password",
                                           .user = (char *) "alice",
                                           .ca_file = (char *) ca,
                                           .timeout_ms = timeout_ms } };
  int fd;
  meeting->peer = peer_start (script, certificate, private_key, &fd);
  struct stream *stream = stream_new_take (fd, &meeting->remote);
  AUTOFREE (secret) secret = password ();
  meeting->imap = imap_open_over (stream, &meeting->remote, secret, &meeting->error);
  assert_true ((meeting->imap == NULL) == (meeting->error != NULL));
}

static void
part (struct meeting *meeting)
{
  g_clear_pointer (&meeting->imap, imap_close);
  meeting->problem = peer_stop (meeting->peer, &meeting->heard);
}

static void
forget (struct meeting *meeting)
{
  g_clear_error (&meeting->error);
  g_free (meeting->heard);
  g_free (meeting->problem);
}

/* Opening fails with this error, and no password was said. */
static void
fails (const char *const *script, GQuark domain, int code)
{
  struct meeting meeting;
  meet (&meeting, script, 5000, cert, key, anchors);
  part (&meeting);
  assert_non_null (meeting.error);
  if (!g_error_matches (meeting.error, domain, code))
    fail_msg ("%s", meeting.error->message);
  assert_null (strstr (meeting.heard, "AGFsaWNlAHNlY3JldA"));
  assert_null (strstr (meeting.heard, "secret"));
  forget (&meeting);
}

static void
test_session (void **state)
{
  const char *const script[] = { SESSION, "C: LOGOUT", NULL };
  struct meeting meeting;
  meet (&meeting, script, 5000, cert, key, anchors);
  assert_null (meeting.error);
  assert_true (imap_has (meeting.imap, "MOVE"));
  assert_false (imap_has (meeting.imap, "CONDSTORE"));
  part (&meeting);
  assert_null (meeting.problem);
  forget (&meeting);
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
    { other_cert, other_key, anchors, TLS_ERROR_HOSTNAME },
    { old_cert, old_key, anchors, TLS_ERROR_EXPIRED },
    { cert, key, stranger, TLS_ERROR_UNTRUSTED },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    struct meeting meeting;
    meet (&meeting, script, 5000, cases[i].cert, cases[i].key, cases[i].anchors);
    part (&meeting);
    if (!g_error_matches (meeting.error, CRYPTO_ERROR, cases[i].code))
      fail_msg ("case %zu: %s", i, meeting.error->message);
    assert_null (strstr (meeting.heard, "AUTHENTICATE"));
    forget (&meeting);
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
    meet (&meeting, refused[i], 5000, cert, key, anchors);
    part (&meeting);
    if (!g_error_matches (meeting.error, ENGINE_ERROR, ENGINE_ERROR_SIGN_IN))
      fail_msg ("case %zu: %s", i, meeting.error->message);
    assert_null (strstr (meeting.error->message, "secret"));
    forget (&meeting);
  }
  /* Without SASL-IR the credential waits for the server's "+"; the tag of the answer is the command's, not the credential's. */
  meet (&meeting, plain, 1000, cert, key, anchors);
  part (&meeting);
  assert_null (meeting.problem);
  forget (&meeting);
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
    meet (&meeting, cut, timeout_ms, cert, key, anchors);
    part (&meeting);
    if (meeting.error == NULL)
      fail_msg ("after %zu steps and “%s” the session stood", steps, end);
    if (meeting.error->domain != ENGINE_ERROR && meeting.error->domain != CRYPTO_ERROR)
      fail_msg ("after %zu steps and “%s”: %s", steps, end, meeting.error->message);
    forget (&meeting);
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

/* ---- in a session ---- */

static void
with_session (struct meeting *meeting, const char *const *script)
{
  struct imap_selected info;
  g_autoptr (GError) error = NULL;
  meet (meeting, script, 5000, cert, key, anchors);
  assert_null (meeting->error);
  assert_true (imap_select (meeting->imap, "INBOX", TRUE, &info, &error));
  assert_int_equal (info.uidvalidity, 7);
  assert_int_equal (info.uidnext, 9);
  assert_int_equal (info.exists, 2);
}

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
    with_session (&meeting, script);
    g_autofree char *all = fetch_two (&meeting, &fine);
    assert_true (fine);
    assert_string_equal (all, "abc\r\n[4 PS]de\r\n[5 FR]xyz[0 ?]");
    part (&meeting);
    forget (&meeting);
  }
}

/* Two questions at once: the answers may come in any order, and mixed. */
static char *
fetch_in_pipe (struct meeting *meeting, guint64 size, gboolean *first_fine, gboolean *second_fine)
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
    guint64 size; /* of 5, as the server has told it */
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
    with_session (&meeting, cases[i].script);
    g_autofree char *all = fetch_in_pipe (&meeting, cases[i].size, &first, &second);
    assert_string_equal (all, cases[i].all);
    assert_int_equal (first, cases[i].first);
    assert_int_equal (second, cases[i].second);
    assert_false (imap_is_lost (meeting.imap));
    assert_true (imap_store (meeting.imap, &uid, 1, TRUE, "S", NULL)); /* in step */
    part (&meeting);
    forget (&meeting);
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
  with_session (&meeting, script);
  assert_true (imap_fetch_ahead (meeting.imap, heads, 2, NULL));
  assert_true (imap_store (meeting.imap, &uid, 1, TRUE, "S", NULL));
  part (&meeting);
  forget (&meeting);
  for (gsize i = 0; i < G_N_ELEMENTS (lost); i++) {
    gboolean first, second;
    with_session (&meeting, lost[i]);
    g_autofree char *all = fetch_in_pipe (&meeting, 3, &first, &second);
    assert_false (first || second);
    assert_true (imap_is_lost (meeting.imap));
    part (&meeting);
    forget (&meeting);
  }
}

static void
note_head (const struct imap_head *head, gpointer data)
{
  g_string_append_printf (data, "%u ", head->uid);
}

/* Of very many messages some are asked for at a time, from the end, until there is nothing new among them. */
static void
test_slices (void **state)
{
#define MANY                                                                                                           \
  "C: SELECT", "S: * 12000 EXISTS", "S: * OK [UIDVALIDITY 7] x", "S: * OK [UIDNEXT 90000] x", "S: $TAG OK done"
#define HEAD(uid) "S: * 1 FETCH (UID " uid " FLAGS ())"
  const char *const all[] = { SESSION,
                              MANY,
                              "C: FETCH 2001:* (",
                              HEAD ("70000"),
                              HEAD ("80000"),
                              "S: $TAG OK done",
                              "C: FETCH 1:2000 (",
                              HEAD ("70000"),
                              HEAD ("5"),
                              "S: $TAG OK done",
                              "C: LOGOUT",
                              NULL };
  const char *const late[]
      = { SESSION, MANY, "C: FETCH 2001:* (", HEAD ("40000"), HEAD ("80000"), "S: $TAG OK done", "C: LOGOUT", NULL };
  const char *const refused[] = { SESSION,
                                  MANY,
                                  "C: FETCH 2001:* (",
                                  HEAD ("80000"),
                                  "S: $TAG OK done",
                                  "C: FETCH 1:2000",
                                  "S: $TAG BAD fewer by now",
                                  "C: LOGOUT",
                                  NULL };
  const struct {
    const char *const *script;
    guint32 first;
    const char *seen;
    gboolean fine;
  } cases[]
      = { { all, 1, "70000 80000 70000 5 ", TRUE }, { late, 50000, "80000 ", TRUE }, { refused, 1, "80000 ", FALSE } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    struct meeting meeting;
    struct imap_selected info;
    g_autoptr (GString) seen = g_string_new (NULL);
    meet (&meeting, cases[i].script, 5000, cert, key, anchors);
    assert_true (imap_select (meeting.imap, "INBOX", TRUE, &info, NULL));
    assert_int_equal (imap_fetch_heads (meeting.imap, cases[i].first, FALSE, 0, note_head, seen, NULL), cases[i].fine);
    assert_string_equal (seen->str, cases[i].seen);
    part (&meeting);
    assert_null (meeting.problem);
    forget (&meeting);
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
    with_session (&meeting, cases[i].script);
    g_autofree char *all = fetch_headers (&meeting, cases[i].newest, &fine);
    assert_int_equal (fine, cases[i].got != NULL);
    if (fine)
      assert_string_equal (all, cases[i].got);
    else
      assert_true (imap_is_lost (meeting.imap) && strlen (all) <= IMAP_HEADER_MAX);
    part (&meeting);
    assert_null (meeting.problem);
    forget (&meeting);
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
    with_session (&meeting, script);
    g_autofree char *all = fetch_two (&meeting, &fine);
    assert_false (fine);
    assert_true (imap_is_lost (meeting.imap));
    assert_true (strlen (all) < 8 * 1024 * 1024);
    part (&meeting);
    forget (&meeting);
  }
}

static void
test_list (void **state)
{
  const char *const script[] = { SESSION,
                                 "C: LIST",
                                 "S: * LIST (\\HasNoChildren) \"/\" INBOX",
                                 "S: * LIST (\\HasNoChildren \\Sent) \"/\" Gesendetes",
                                 "S: * LIST () \"/\" Sent",
                                 "S: * LIST () \"/\" {9}\r\na\r\nDELETE",
                                 "S: * LIST () \"/\" \"../../etc\"",
                                 "S: * LIST (\\Noselect) \"/\" top",
                                 "S: * LIST () \"/\" Trash",
                                 "S: * LIST () \"/\" Trash",
                                 "S: $TAG OK done",
                                 "C: LSUB",
                                 "S: * LSUB () \"/\" inbox",
                                 "S: * LSUB () \"/\" Sent",
                                 "S: * LSUB () \"/\" Long/Gone",
                                 "S: $TAG OK done",
                                 "HANG",
                                 NULL };
  struct meeting meeting;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  meet (&meeting, script, 5000, cert, key, anchors);
  g_autoptr (GPtrArray) folders = imap_list (meeting.imap, NULL, &error);
  assert_null (error);
  for (guint i = 0; i < folders->len; i++) {
    const struct imap_folder *folder = g_ptr_array_index (folders, i);
    g_string_append_printf (text, "%s=%s%s%s ", folder->path, folder->role, folder->selectable ? "" : "!",
                            folder->subscribed ? "+" : "");
  }
  assert_string_equal (text->str, "INBOX=inbox+ Gesendetes=sent Sent=+ ../../etc= top=! Trash=trash ");
  part (&meeting);
  forget (&meeting);
}

/* All in one command where the server can; other people's folders are asked for by their place, which is no more than a name. */
static void
test_list_extended (void **state)
{
  const char *const script[] = {
    HELLO,
    START,
    CAPABLE,
    SIGN_IN,
    "C: CAPABILITY",
    "S: * CAPABILITY IMAP4rev1 LIST-EXTENDED SPECIAL-USE NAMESPACE ID",
    "S: $TAG OK done",
    "C: ID (\"name\" \"wardmail\"",
    "S: * ID (\"name\" \"Post\\\\\" \"version\" \"3\x1b[2J\" \"os\" NIL)",
    "S: $TAG OK done",
    "C: NAMESPACE",
    "S: * NAMESPACE ((\"\" \"/\")) ((\"Users/\" \"/\")(\"x\\\"y/\" \"/\")) ((\"Public*/\" \"/\")(\"Shared/\" \"/\"))",
    "S: $TAG OK done",
    "C: LIST \"\" (\"*\" \"Users/*\" \"Shared/*\") RETURN (SUBSCRIBED SPECIAL-USE)",
    "S: * LIST (\\Subscribed \\HasNoChildren) \"/\" INBOX",
    "S: * LIST (\\Subscribed \\NonExistent) \"/\" old",
    "S: * LIST (\\NoInferiors \\Junk) \"/\" Dirt",
    "S: * LIST (\\Subscribed) \"/\" Users/bob/Trash",
    "S: * LIST () NIL flat",
    "S: * LIST () \"/\" Shared/Ward",
    "S: $TAG OK done",
    "HANG",
    NULL
  };
  struct meeting meeting;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  meet (&meeting, script, 5000, cert, key, anchors);
  g_autofree char *server = imap_server_name (meeting.imap);
  assert_non_null (server);
  assert_null (strchr (server, 0x1b));
  g_auto (GStrv) spaces = imap_spaces (meeting.imap, &error);
  assert_null (error);
  g_autofree char *places = g_strjoinv (" ", spaces);
  assert_string_equal (places, "oUsers/ sShared/");
  g_autoptr (GPtrArray) folders = imap_list (meeting.imap, (const char *const *) spaces, &error);
  assert_null (error);
  for (guint i = 0; i < folders->len; i++) {
    const struct imap_folder *folder = g_ptr_array_index (folders, i);
    g_string_append_printf (text, "%s=%s%s%s%s%s ", folder->path, folder->role, folder->space,
                            folder->selectable ? "" : "!", folder->subscribed ? "+" : "", folder->leaf ? "." : "");
  }
  assert_string_equal (text->str, "INBOX=inbox+ old=!+ Dirt=junk. Users/bob/Trash=other+ flat=. Shared/Ward=shared ");
  part (&meeting);
  assert_null (meeting.problem);
  forget (&meeting);
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
  meet (&meeting, script, 5000, cert, key, anchors);
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
  part (&meeting);
  assert_null (meeting.problem);
  forget (&meeting);
}

static void
note_keywords (const struct imap_head *head, gpointer data)
{
  g_string_append_printf (data, "%u:%s:%s ", head->uid, head->flags, head->keywords != NULL ? head->keywords : "?");
}

/* Keywords as they come, which are kept, and one that is stored. */
static void
test_keywords (void **state)
{
  g_autofree char *many = g_strdup ("");
  for (int i = 0; i < 40; i++) {
    char *more = g_strdup_printf ("%s kw%d", many, i);
    g_free (many);
    many = more;
  }
  g_autofree char *crowd = g_strdup_printf ("S: * 3 FETCH (UID 6 FLAGS (\\Seen%s))", many);
  const char *const script[] = { SESSION,
                                 "C: SELECT",
                                 "S: * FLAGS (\\Seen Work)",
                                 "S: * OK [PERMANENTFLAGS (\\Seen Work)] x",
                                 "S: * 3 EXISTS",
                                 "S: * OK [UIDVALIDITY 7] x",
                                 "S: $TAG OK [READ-WRITE] done",
                                 "C: UID FETCH",
                                 "S: * 1 FETCH (UID 4 FLAGS (\\Seen Work $MDNSent work $Forwarded \\Odd))",
                                 "S: * 2 FETCH (UID 5 FLAGS ())",
                                 crowd,
                                 "S: $TAG OK done",
                                 "C: UID STORE 4:5 +FLAGS.SILENT ($MDNSent)",
                                 "S: $TAG NO [LIMIT] too many",
                                 "HANG",
                                 NULL };
  struct meeting meeting;
  struct imap_selected info;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  const guint32 uids[] = { 4, 5 };
  meet (&meeting, script, 5000, cert, key, anchors);
  assert_true (imap_select (meeting.imap, "INBOX", TRUE, &info, &error));
  assert_true (imap_keeps (meeting.imap, "work"));
  assert_false (imap_keeps (meeting.imap, "other"));
  assert_true (imap_fetch_heads (meeting.imap, 1, FALSE, 0, note_keywords, text, &error));
  assert_string_equal (text->str, "4:PS:$mdnsent work 5:: 6:S:? ");
  assert_true (imap_store_keyword (meeting.imap, uids, 2, TRUE, "a b", &error)); /* never said */
  assert_false (imap_store_keyword (meeting.imap, uids, 2, TRUE, "$mdnsent", &error));
  assert_false (imap_is_lost (meeting.imap));
  part (&meeting);
  assert_null (meeting.problem);
  forget (&meeting);
}

static void
lists (const char *const *script, const char *all)
{
  struct meeting meeting;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  meet (&meeting, script, 5000, cert, key, anchors);
  assert_null (meeting.error);
  g_autoptr (GPtrArray) folders = imap_list (meeting.imap, NULL, &error);
  assert_null (error);
  for (guint i = 0; i < folders->len; i++) {
    const struct imap_folder *folder = g_ptr_array_index (folders, i);
    const struct imap_selected *status = &folder->status;
    g_string_append_printf (text, "%s", folder->path);
    if (folder->told)
      g_string_append_printf (text, "=%u,%u,%u,%" G_GUINT64_FORMAT, status->exists, status->uidnext,
                              status->uidvalidity, status->modseq);
    g_string_append_c (text, ' ');
  }
  assert_string_equal (text->str, all);
  part (&meeting);
  assert_null (meeting.problem);
  forget (&meeting);
}

#define SIGNED_IN(capabilities)                                                                                        \
  HELLO, START, CAPABLE, "C: AUTHENTICATE", "S: $TAG OK [CAPABILITY IMAP4rev1 " capabilities "] welcome"
#define NUMBERS "(MESSAGES 2 UIDNEXT 9 UIDVALIDITY 7 HIGHESTMODSEQ 12345678901)"

/* How folders stand, told with the list of them: whatever the form of their names; and nothing where not all of it is there. */
static void
test_list_status (void **state)
{
  g_autofree char *long_name = g_strnfill (6000, 'x'),
                  *too_long = g_strdup_printf ("S: * STATUS %s " NUMBERS, long_name);
  const char *const script[]
      = { SIGNED_IN ("LIST-EXTENDED LIST-STATUS CONDSTORE"),
          "C: RETURN (SUBSCRIBED STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))",
          "S: * LIST () \"/\" INBOX\r\n* STATUS inbox " NUMBERS,
          "S: * LIST () \"/\" \"a b\"\r\n* STATUS \"a b\" " NUMBERS,
          "S: * LIST () \"/\" lit\r\n* STATUS {3}\r\nlit " NUMBERS,
          "S: * LIST () \"/\" half\r\n* STATUS half (MESSAGES 2 UIDNEXT 9 UIDVALIDITY 7)",
          "S: * LIST () \"/\" none\r\n* STATUS none (MESSAGES 2 UIDNEXT 9 UIDVALIDITY 7 HIGHESTMODSEQ 0)",
          "S: * LIST () \"/\" wide\r\n* STATUS wide (MESSAGES 4294967296 UIDNEXT 9 UIDVALIDITY 7 HIGHESTMODSEQ 1)",
          too_long,
          "S: * LIST () \"/\" last\r\n* STATUS last " NUMBERS,
          "S: $TAG OK done",
          "C: LOGOUT",
          NULL };
  lists (script, "INBOX=2,9,7,12345678901 a b=2,9,7,12345678901 lit=2,9,7,12345678901 half none wide "
                 "last=2,9,7,12345678901 ");
}

/* Without LIST-STATUS they are asked for all at once, and one that is refused is merely not told of; without CONDSTORE nobody asks. */
static void
test_status_in_pipe (void **state)
{
  const char *const script[]
      = { SIGNED_IN ("CONDSTORE"),
          "C: LIST",
          "S: * LIST () \"/\" INBOX\r\n* LIST () \"/\" a\r\n* LIST () \"/\" \"b c\"\r\n$TAG OK done",
          "C: LSUB",
          "S: $TAG OK done",
          "C: STATUS \"INBOX\"",
          "C: STATUS \"a\" (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)",
          "S: * STATUS INBOX " NUMBERS "\r\n$LAST OK done\r\n$TAG NO locked",
          "C: STATUS \"b c\"",
          "S: * STATUS \"b c\" " NUMBERS "\r\n$TAG OK done",
          "C: LOGOUT",
          NULL };
  const char *const plain[]
      = { SIGNED_IN ("UIDPLUS"), "C: LIST", "S: * LIST () \"/\" INBOX\r\n$TAG OK done", "C: LSUB", "S: $TAG OK done",
          "C: LOGOUT",           NULL };
  lists (script, "INBOX=2,9,7,12345678901 a b c=2,9,7,12345678901 ");
  lists (plain, "INBOX ");
}

/* What the server can do counts as it says when we are signed in; what it said before is forgotten. */
static void
test_capabilities (void **state)
{
  const char *const script[] = { SIGNED_IN ("CONDSTORE"), "C: LOGOUT", NULL };
  struct meeting meeting;
  meet (&meeting, script, 5000, cert, key, anchors);
  assert_true (imap_has (meeting.imap, "CONDSTORE"));
  assert_false (imap_has (meeting.imap, "MOVE"));
  part (&meeting);
  assert_null (meeting.problem);
  forget (&meeting);
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
    meet (&meeting, scripts[i], 5000, cert, key, anchors);
    assert_null (meeting.error);
    assert_true (imap_compress (meeting.imap, NULL));
    assert_false (imap_may_compress (meeting.imap));
    assert_true (imap_compress (meeting.imap, NULL)); /* it is not asked again */
    assert_true (imap_select (meeting.imap, "INBOX", TRUE, &info, NULL));
    g_autofree char *all = fetch_two (&meeting, &fine);
    assert_true (fine);
    assert_string_equal (all, "abc\r\n[4 ]");
    part (&meeting);
    assert_null (strstr (strstr (meeting.heard, "COMPRESS") != NULL ? strstr (meeting.heard, "COMPRESS") : "", "AUTH"));
    forget (&meeting);
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
    meet (&meeting, scripts[i], 300, cert, key, anchors);
    assert_null (meeting.error);
    gboolean fine = imap_compress (meeting.imap, &error) && imap_select (meeting.imap, "INBOX", TRUE, &info, &error);
    if (fine || !imap_is_lost (meeting.imap) || !g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_NETWORK))
      fail_msg ("case %zu: %s", i, error != NULL ? error->message : "no fault");
    part (&meeting);
    forget (&meeting);
  }
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
  with_session (&meeting, script);
  assert_false (imap_store (meeting.imap, &uid, 1, TRUE, "S", &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_FAILED));
  assert_false (imap_is_lost (meeting.imap));
  assert_true (imap_store (meeting.imap, &uid, 1, TRUE, "S", NULL));
  part (&meeting);
  forget (&meeting);
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
  with_session (&meeting, script);
  assert_true (imap_move (meeting.imap, uids, 2, "Archive", &uidvalidity, moved, NULL));
  assert_int_equal (uidvalidity, 9);
  assert_int_equal (moved[0], 101);
  assert_int_equal (moved[1], 102);
  assert_false (imap_move (meeting.imap, uids, 2, "a\r\nA1 DELETE INBOX", &uidvalidity, moved, NULL));
  part (&meeting);
  assert_null (strstr (meeting.heard, "DELETE"));
  forget (&meeting);
}

static void
test_idle (void **state)
{
  struct meeting meeting;
  gboolean changed = FALSE;
  const char *const news[]
      = { SESSION, SELECT, "C: IDLE", "S: + idling", "S: * 3 EXISTS", "C: DONE", "S: $TAG OK done", "HANG", NULL };
  with_session (&meeting, news);
  assert_true (imap_idle (meeting.imap, -1, 5, &changed, NULL));
  assert_true (changed);
  part (&meeting);
  forget (&meeting);
  /* News before the "+" is news. */
  const char *const early[]
      = { SESSION, SELECT, "C: IDLE", "S: * 3 EXISTS\r\n+ idling", "C: DONE", "S: $TAG OK done", "HANG", NULL };
  with_session (&meeting, early);
  assert_true (imap_idle (meeting.imap, -1, 5, &changed, NULL));
  assert_true (changed);
  part (&meeting);
  forget (&meeting);
  /* A request of the engine ends it at once. */
  const char *const woken[] = { SESSION, SELECT, "C: IDLE", "S: + idling", "C: DONE", "S: $TAG OK done", "HANG", NULL };
  int wake[2];
  assert_int_equal (pipe (wake), 0);
  assert_int_equal (write (wake[1], "x", 1), 1);
  gint64 begin = g_get_monotonic_time ();
  with_session (&meeting, woken);
  assert_true (imap_idle (meeting.imap, wake[0], 100, &changed, NULL));
  assert_false (changed);
  assert_true (g_get_monotonic_time () - begin < 20 * G_USEC_PER_SEC);
  part (&meeting);
  forget (&meeting);
  close (wake[0]);
  close (wake[1]);
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
  *meeting = (struct meeting){ .remote = { .host = (char *) "mail.test", .ca_file = anchors, .timeout_ms = 20000 } };
  int fd;
  meeting->peer = peer_start (script, cert, key, &fd);
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
  part (&meeting);
  forget (&meeting);
  for (int i = 0; i < 2; i++) {
    close (always[i]);
    close (never[i]);
  }
}

static int
setup (void **state)
{
  (void) signal (SIGPIPE, SIG_IGN);
  openssl_tool_init (&tool);
  openssl_tool_root (&tool, "root", "ec", "");
  openssl_tool_root (&tool, "stranger", "ec", "");
  openssl_tool_issue (&tool, "good", "root", "ec", 10, "/CN=x", LEAF "subjectAltName=DNS:mail.test\n", "");
  openssl_tool_issue (&tool, "other", "root", "ec", 10, "/CN=x", LEAF "subjectAltName=DNS:else.test\n", "");
  openssl_tool_issue (&tool, "old", "root", "ec", -1, "/CN=x", LEAF "subjectAltName=DNS:mail.test\n", "");
  cert = openssl_tool_path (&tool, "good.crt");
  key = openssl_tool_path (&tool, "good.key");
  other_cert = openssl_tool_path (&tool, "other.crt");
  other_key = openssl_tool_path (&tool, "other.key");
  old_cert = openssl_tool_path (&tool, "old.crt");
  old_key = openssl_tool_path (&tool, "old.key");
  anchors = openssl_tool_path (&tool, "root.crt");
  stranger = openssl_tool_path (&tool, "stranger.crt");
  return 0;
}

static int
teardown (void **state)
{
  char *paths[] = { cert, key, other_cert, other_key, old_cert, old_key, anchors, stranger };
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    g_free (paths[i]);
  openssl_tool_clear (&tool);
  return 0;
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
    cmocka_unit_test (test_fetch),
    cmocka_unit_test (test_fetch_headers),
    cmocka_unit_test (test_huge_literal),
    cmocka_unit_test (test_list),
    cmocka_unit_test (test_list_extended),
    cmocka_unit_test (test_keywords),
    cmocka_unit_test (test_idle_apart),
    cmocka_unit_test (test_refusal_is_no_loss),
    cmocka_unit_test (test_move),
    cmocka_unit_test (test_idle),
    cmocka_unit_test (test_pipe),
    cmocka_unit_test (test_pipe_dropped),
    cmocka_unit_test (test_reach),
    cmocka_unit_test (test_slices),
    cmocka_unit_test (test_compress),
    cmocka_unit_test (test_compress_faults),
    cmocka_unit_test (test_list_status),
    cmocka_unit_test (test_status_in_pipe),
    cmocka_unit_test (test_capabilities),
    cmocka_unit_test (test_fair),
  };
  return cmocka_run_group_tests (tests, setup, teardown);
}
