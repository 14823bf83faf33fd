/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Our SMTP against a server that refuses, lies, or goes away at the worst moment; above all: what is said about a mail is true. */
#include "crypto/error.h"
#include "mail/engine.h"
#include "mail/engine/pace.h"
#include "mail/net/smtp_p.h"
#include "tests/wire/peer.h"
#include "tests/wire/peer_cert.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define HELLO                                                                                                          \
  "S: 220 mail.test ESMTP", "C: EHLO [127.0.0.1]", "S: 250-mail.test\r\n250-SIZE 1000\r\n250 STARTTLS", "C: STARTTLS", \
      "S: 220 go", "TLS"
#define OFFER "C: EHLO", "S: 250-mail.test\r\n250-SIZE 1000\r\n250 AUTH LOGIN PLAIN"
#define SIGN_IN "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==", "S: 235 welcome"
#define SESSION HELLO, OFFER, SIGN_IN
#define SESSION_OF_ANY_SIZE HELLO, "C: EHLO", "S: 250-mail.test\r\n250 AUTH PLAIN", SIGN_IN
#define TO_DATA SESSION, "C: MAIL", "S: 250 ok", "C: RCPT", "S: 250 ok", "C: DATA"
#define MESSAGE "From: a\r\n\r\n.dot\r\n..two\r\nend\r\n"
static const char *const bob[] = { "bob@mail.test", NULL }, *const both[]
                                                            = { "bob@mail.test", "carol@mail.test", NULL };

static char *secret_text; /* NULL: "secret" */

struct meeting {
  struct remote remote;
  struct peer *peer;
  struct smtp *smtp;
  GError *error;
  char *heard, *problem, *text;  /* text: of the last recipient; so is the outcome of send_over */
  enum smtp_outcome outcomes[4]; /* of each */
  const char *from;              /* NULL: Alice */
  gboolean crowded[4];
  char *texts[4];
  guint asked;              /* how often on_ready was asked */
  enum smtp_outcome refuse; /* what it says; SMTP_UNKNOWN: that it may go */
};

static void
meet (struct meeting *meeting, const char *const *script, guint timeout_ms)
{
  *meeting = (struct meeting){ .remote = { .host = (char *) "mail.test",
                                           .port = 587,
                                           .starttls = TRUE,
                                           .auth = (char *) "password",
                                           .user = (char *) "alice",
                                           .ca_file = peer_anchors,
                                           .timeout_ms = timeout_ms } };
  int fd;
  meeting->peer = peer_start (script, peer_cert, peer_key, &fd);
  AUTOFREE (secret)
  secret = secret_new (secret_text != NULL ? secret_text : "secret", secret_text != NULL ? strlen (secret_text) : 6);
  meeting->smtp = smtp_open_over (stream_new_take (fd, &meeting->remote), &meeting->remote, secret, &meeting->error);
  assert_true ((meeting->smtp == NULL) == (meeting->error != NULL));
}

static void
part (struct meeting *meeting)
{
  g_clear_pointer (&meeting->smtp, smtp_close);
  meeting->problem = peer_stop (meeting->peer, &meeting->heard);
}

static void
forget (struct meeting *meeting)
{
  g_clear_error (&meeting->error);
  g_free (meeting->heard);
  g_free (meeting->problem);
  g_free (meeting->text);
  for (gsize i = 0; i < G_N_ELEMENTS (meeting->texts); i++)
    g_free (meeting->texts[i]);
}

static enum smtp_outcome
on_ready (gpointer data, GError **error)
{
  struct meeting *meeting = data;
  meeting->asked++;
  if (meeting->refuse == SMTP_UNKNOWN)
    return SMTP_ACCEPTED;
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "The gate said no.");
  return meeting->refuse;
}

static enum smtp_outcome
send_over (struct meeting *meeting, const char *const *recipients, const char *message)
{
  struct smtp_recipient to[4] = { { .address = recipients[0] } };
  gsize count = 0;
  for (; recipients[count] != NULL; count++)
    to[count].address = recipients[count];
  g_clear_pointer (&meeting->text, g_free);
  smtp_send (meeting->smtp, meeting->from != NULL ? meeting->from : "alice@mail.test", to, count,
             (const guint8 *) message, strlen (message), on_ready, meeting);
  for (gsize i = 0; i < count; i++) {
    assert_non_null (to[i].text);
    meeting->outcomes[i] = to[i].outcome;
    meeting->crowded[i] = to[i].crowded;
    g_free (meeting->texts[i]);
    meeting->texts[i] = to[i].text;
  }
  meeting->text = g_strdup (count > 0 ? meeting->texts[count - 1] : "");
  return count > 0 ? to[count - 1].outcome : SMTP_REFUSED;
}

static void
fails (const char *const *script, GQuark domain, int code)
{
  struct meeting meeting;
  meet (&meeting, script, 5000);
  part (&meeting);
  assert_non_null (meeting.error);
  if (!g_error_matches (meeting.error, domain, code))
    fail_msg ("%s", meeting.error->message);
  assert_null (strstr (meeting.heard, "AGFsaWNlAHNlY3JldA"));
  forget (&meeting);
}

static void
fails_to_talk (const char *const *script)
{
  fails (script, ENGINE_ERROR, ENGINE_ERROR_NETWORK);
}

static void
test_before_sign_in (void **state)
{
  const char *const busy[] = { "S: 554 go away", "HANG", NULL };
  const char *const none[] = { "S: 220 x", "C: EHLO", "S: 250-x\r\n250 AUTH PLAIN", "HANG", NULL };
  const char *const refused[]
      = { "S: 220 x", "C: EHLO", "S: 250-x\r\n250 STARTTLS", "C: STARTTLS", "S: 454 no", "HANG", NULL };
  const char *const injected[]
      = { "S: 220 x", "C: EHLO", "S: 250-x\r\n250 STARTTLS", "C: STARTTLS", "S: 220 go\r\n250 AUTH PLAIN", "TLS",
          "HANG",     NULL };
  const char *const forgotten[] = { "S: 220 x",    "C: EHLO",   "S: 250-x\r\n250-AUTH PLAIN\r\n250 STARTTLS",
                                    "C: STARTTLS", "S: 220 go", "TLS",
                                    "C: EHLO",     "S: 250 x",  "HANG",
                                    NULL };
  fails (busy, ENGINE_ERROR, ENGINE_ERROR_NETWORK);
  fails (none, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE);
  fails (refused, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE);
  fails (injected, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE);
  fails (forgotten, ENGINE_ERROR, ENGINE_ERROR_SIGN_IN);
}

static void
test_sign_in (void **state)
{
  const struct {
    const char *answer;
    int code;
  } cases[] = {
    { "S: 535 5.7.8 no", ENGINE_ERROR_SIGN_IN },
    { "S: 454 later", ENGINE_ERROR_NETWORK },
    { "S: 334 more", ENGINE_ERROR_NETWORK },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    const char *const script[] = { HELLO, OFFER, "C: AUTH PLAIN", cases[i].answer, "HANG", NULL };
    struct meeting meeting;
    meet (&meeting, script, 5000);
    part (&meeting);
    if (!g_error_matches (meeting.error, ENGINE_ERROR, cases[i].code))
      fail_msg ("case %zu: %s", i, meeting.error->message);
    assert_null (strstr (meeting.error->message, "secret"));
    forget (&meeting);
  }
}

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
    meet (&meeting, cut, timeout_ms);
    part (&meeting);
    if (meeting.error == NULL || (meeting.error->domain != ENGINE_ERROR && meeting.error->domain != CRYPTO_ERROR))
      fail_msg ("after %zu steps and “%s”: %s", steps, end,
                meeting.error != NULL ? meeting.error->message : "it stood");
    forget (&meeting);
  }
}

static void
test_each_step (void **state)
{
  at_each_step ("CLOSE", 5000);
  at_each_step ("HANG", 60);
  at_each_step ("S: nonsense", 5000);
  at_each_step ("S: 99 odd", 5000);
  at_each_step ("S: 250-one\r\n550 two", 5000);
  at_each_step ("FLOOD 1000000", 5000);
}

static void
test_accepted (void **state)
{
  const char *const script[] = { SESSION,
                                 "C: MAIL FROM:<alice@mail.test>",
                                 "S: 250 ok",
                                 "C: RCPT TO:<bob@mail.test>",
                                 "S: 250 ok",
                                 "C: RCPT TO:<carol@mail.test>",
                                 "S: 251 forwarded",
                                 "C: DATA",
                                 "S: 354 go",
                                 "DATA",
                                 "S: 250 queued",
                                 "C: QUIT",
                                 NULL };
  struct meeting meeting;
  meet (&meeting, script, 5000);
  assert_int_equal (send_over (&meeting, both, MESSAGE), SMTP_ACCEPTED);
  assert_int_equal (meeting.asked, 1);
  part (&meeting);
  assert_null (meeting.problem);
  assert_non_null (strstr (meeting.heard, "DATA\r\nFrom: a\r\n\r\n..dot\r\n...two\r\nend\r\n.\r\nQUIT\r\n"));
  forget (&meeting);
}

/* One recipient refused: the others get it, and each has an outcome and a reason of his own. */
static void
test_recipients (void **state)
{
  static const char *const three[] = { "bob@mail.test", "carol@mail.test", "dave@mail.test", NULL };
  const struct {
    const char *answer;
    enum smtp_outcome outcome;
    gboolean crowded;
  } cases[] = {
    { "S: 550 no such user", SMTP_REFUSED, FALSE },
    { "S: 450 greylisted", SMTP_LATER, FALSE },
    { "S: 552 full", SMTP_REFUSED, FALSE },
    { "S: 452 too many", SMTP_LATER, TRUE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    const char *const script[] = { SESSION,         "C: MAIL",
                                   "S: 250 ok",     "C: RCPT TO:<bob",
                                   "S: 250 ok",     "C: RCPT TO:<carol",
                                   cases[i].answer, "C: RCPT TO:<dave",
                                   "S: 251 ok",     "C: DATA",
                                   "S: 354 go",     "DATA",
                                   "S: 250 ok",     "C: MAIL",
                                   "S: 250 ok",     "C: RCPT TO:<bob",
                                   "S: 250 ok",     "C: DATA",
                                   "S: 354 go",     "DATA",
                                   "S: 250 ok",     NULL };
    struct meeting meeting;
    meet (&meeting, script, 5000);
    assert_int_equal (send_over (&meeting, three, MESSAGE), SMTP_ACCEPTED);
    assert_int_equal (meeting.asked, 1);
    assert_int_equal (meeting.outcomes[0], SMTP_ACCEPTED);
    assert_int_equal (meeting.outcomes[1], cases[i].outcome);
    assert_int_equal (meeting.crowded[1], cases[i].crowded);
    assert_non_null (strstr (meeting.texts[1], "carol@mail.test"));
    assert_non_null (strstr (meeting.texts[1], cases[i].answer + 3));
    assert_null (strstr (meeting.texts[1], "bob@mail.test"));
    assert_int_equal (send_over (&meeting, bob, MESSAGE), SMTP_ACCEPTED); /* the line is still good */
    part (&meeting);
    assert_null (meeting.problem);
    forget (&meeting);
  }
}

/* Who was taken has the outcome of the mail, who was not keeps his own; where nobody was taken there is no DATA. */
static void
test_recipients_and_mail (void **state)
{
  const struct {
    const char *first, *second, *mail;
    enum smtp_outcome outcomes[2];
  } cases[] = {
    { "S: 250 ok", "S: 550 no", "S: 550 spam", { SMTP_REFUSED, SMTP_REFUSED } },
    { "S: 250 ok", "S: 450 later", "S: 550 spam", { SMTP_REFUSED, SMTP_LATER } },
    { "S: 550 no", "S: 250 ok", "S: 451 later", { SMTP_REFUSED, SMTP_LATER } },
    { "S: 550 no", "S: 250 ok", "CLOSE", { SMTP_REFUSED, SMTP_UNKNOWN } },
    { "S: 450 later", "S: 250 ok", "CLOSE", { SMTP_LATER, SMTP_UNKNOWN } },
    { "S: 550 no", "S: 450 later", NULL, { SMTP_REFUSED, SMTP_LATER } },
    { "S: 250 ok", "S: 421 bye", NULL, { SMTP_LATER, SMTP_LATER } }, /* with the line goes what was said on it */
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    const gboolean taken = cases[i].mail != NULL;
    const char *const script[] = { SESSION,
                                   "C: MAIL",
                                   "S: 250 ok",
                                   "C: RCPT TO:<bob",
                                   cases[i].first,
                                   "C: RCPT TO:<carol",
                                   cases[i].second,
                                   taken ? "C: DATA" : "C: RSET",
                                   taken ? "S: 354 go" : "S: 250 ok",
                                   taken ? "DATA" : "HANG",
                                   taken ? cases[i].mail : "HANG",
                                   "HANG",
                                   NULL };
    struct meeting meeting;
    meet (&meeting, script, 5000);
    (void) send_over (&meeting, both, MESSAGE);
    for (gsize k = 0; k < 2; k++)
      if (meeting.outcomes[k] != cases[i].outcomes[k])
        fail_msg ("case %zu, recipient %zu: %d: %s", i, k, meeting.outcomes[k], meeting.texts[k]);
    assert_int_equal (meeting.asked, taken);
    part (&meeting);
    assert_true ((strstr (meeting.heard, "From: a") != NULL) == taken);
    forget (&meeting);
  }
}

static gboolean
stop_at_once (gsize done, gsize total, gpointer data)
{
  *(guint *) data += 1;
  return FALSE;
}

/* Stopped while it is on its way, even when all of it but its end is: the server never hears the end, and nobody has it. */
static void
test_stopped (void **state)
{
  const char *const script[]
      = { SESSION_OF_ANY_SIZE, "C: MAIL", "S: 250 ok", "C: RCPT", "S: 250 ok", "C: DATA", "S: 354 go", "HANG", NULL };
  g_autoptr (GString) large = g_string_new ("From: a\r\n\r\n");
  while (large->len < 200000)
    g_string_append (large, "and so on, and so on, and so on\r\n");
  const char *const messages[] = { MESSAGE, large->str };
  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++) {
    struct meeting meeting;
    guint asked = 0;
    meet (&meeting, script, 5000);
    smtp_set_progress (meeting.smtp, stop_at_once, &asked);
    assert_int_equal (send_over (&meeting, bob, messages[i]), SMTP_LATER);
    assert_int_equal (asked, 1);
    assert_true (smtp_is_lost (meeting.smtp));
    assert_non_null (strstr (meeting.text, "nobody got it"));
    part (&meeting);
    assert_null (strstr (meeting.heard, "\r\n.\r\n"));
    forget (&meeting);
  }
}

static enum stream_served
give_up (gpointer data)
{
  char byte;
  assert_int_equal (read (*(int *) data, &byte, 1), 1);
  return STREAM_GIVE_UP;
}

/* Somebody wants it back while the server thinks it over: at once, and nobody has it; after its end nobody knows. */
static void
test_wanted_back (void **state)
{
  const char *const early[] = { SESSION, "C: MAIL", "S: 250 ok", "C: RCPT", "HANG", NULL };
  const char *const late[] = { TO_DATA, "S: 354 go", "DATA", "HANG", NULL };
  for (gsize i = 0; i < 2; i++) {
    struct meeting meeting;
    int pipe_fds[2];
    assert_int_equal (pipe (pipe_fds), 0);
    meet (&meeting, i == 0 ? early : late, i == 0 ? 5000 : 300);
    if (i == 0)
      stream_set_guest (meeting.smtp->stream, &(struct stream_guest){ pipe_fds[0], give_up, &pipe_fds[0] });
    assert_int_equal (write (pipe_fds[1], "x", 1), 1);
    const gint64 begin = g_get_monotonic_time ();
    assert_int_equal (send_over (&meeting, bob, MESSAGE), i == 0 ? SMTP_LATER : SMTP_UNKNOWN);
    if (i == 0)
      assert_true (g_get_monotonic_time () - begin < 200 * 1000 * (gint64) pace ());
    assert_int_equal (smtp_is_past_recall (meeting.smtp), i == 1);
    part (&meeting);
    forget (&meeting);
    close (pipe_fds[0]);
    close (pipe_fds[1]);
  }
}

static void
test_gate_says_no (void **state)
{
  const char *const script[]
      = { SESSION, "C: MAIL", "S: 250 ok", "C: RCPT", "S: 250 ok", "C: RSET", "S: 250 ok", "HANG", NULL };
  const enum smtp_outcome outcomes[] = { SMTP_REFUSED, SMTP_LATER };
  for (gsize i = 0; i < G_N_ELEMENTS (outcomes); i++) {
    struct meeting meeting;
    meet (&meeting, script, 5000);
    meeting.refuse = outcomes[i];
    assert_int_equal (send_over (&meeting, bob, MESSAGE), outcomes[i]);
    assert_string_equal (meeting.text, "The gate said no.");
    part (&meeting);
    assert_null (strstr (meeting.heard, "DATA"));
    assert_null (strstr (meeting.heard, "From: a"));
    forget (&meeting);
  }
}

/* A reply of many lines at each step; the mail goes out byte for byte, with dots doubled and its size told. */
static void
test_many_lines (void **state)
{
  const char *const script[] = { "S: 220-one\r\n220-\r\n220 three",
                                 "C: EHLO [127.0.0.1]",
                                 "S: 250-mail.test\r\n250-DSN\r\n250 STARTTLS",
                                 "C: STARTTLS",
                                 "S: 220-go\r\n220 on",
                                 "TLS",
                                 "C: EHLO [127.0.0.1]",
                                 "S: 250-mail.test\r\n250-SIZE\r\n250 AUTH\tLOGIN\tPLAIN",
                                 "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==",
                                 "S: 235-wel\r\n235 come",
                                 "C: MAIL FROM:<alice@mail.test> SIZE=20",
                                 "S: 250-o\r\n250 k",
                                 "C: RCPT TO:<bob@mail.test>",
                                 "S: 250-o\r\n250",
                                 "C: DATA",
                                 "S: 354-go\r\n354 on",
                                 "DATA",
                                 "S: 250-2.0.0 queued\r\n250 as 1",
                                 "C: QUIT",
                                 NULL };
  struct meeting meeting;
  meet (&meeting, script, 5000);
  assert_null (meeting.error);
  assert_int_equal (send_over (&meeting, bob, ".\r\n..\r\nA: b\r\n\r\nc\r\n\r\n"), SMTP_ACCEPTED);
  part (&meeting);
  assert_null (meeting.problem);
  assert_non_null (strstr (meeting.heard, "DATA\r\n..\r\n...\r\nA: b\r\n\r\nc\r\n\r\n.\r\nQUIT\r\n"));
  forget (&meeting);
}

/* What is no reply is none, at any step; above all libetpan must not take it for one. */
static void
test_no_reply (void **state)
{
  static const char *const texts[]
      = { "S: 250x", "S: +250 ok",  "S:  250 ok", "S: 4346 ok\r\n250 ok", "S: -250 ok\r\n250 ok",  "S: 250-a\r\n354 b",
          "S: ",     "S: 600 high", "S: 25",      "S: 0xfa ok",           "S: 250-a\r\nb\r\n250 c" };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    const char *const first[] = { texts[i], "HANG", NULL };
    const char *const hello[] = { "S: 220 x", "C: EHLO", texts[i], "HANG", NULL };
    const char *const sign_in[] = { HELLO, OFFER, "C: AUTH", texts[i], "HANG", NULL };
    const char *const mail[] = { SESSION, "C: MAIL", texts[i], "HANG", NULL };
    const char *const rcpt[] = { SESSION, "C: MAIL", "S: 250 ok", "C: RCPT", texts[i], "HANG", NULL };
    const char *const data[]
        = { SESSION, "C: MAIL", "S: 250 ok", "C: RCPT", "S: 250 ok", "C: DATA", texts[i], "HANG", NULL };
    const char *const end[] = { SESSION,     "C: MAIL", "S: 250 ok", "C: RCPT", "S: 250 ok", "C: DATA",
                                "S: 354 go", "DATA",    texts[i],    "HANG",    NULL };
    const char *const *const early[] = { first, hello, sign_in };
    const char *const *const late[] = { mail, rcpt, data, end };
    for (gsize s = 0; s < G_N_ELEMENTS (early) + G_N_ELEMENTS (late); s++) {
      gboolean opens = s >= G_N_ELEMENTS (early);
      struct meeting meeting;
      meet (&meeting, opens ? late[s - G_N_ELEMENTS (early)] : early[s], 5000);
      if (opens != (meeting.error == NULL))
        fail_msg ("“%s” at step %zu: %s", texts[i], s, opens ? meeting.error->message : "it stood");
      if (opens) {
        assert_int_equal (send_over (&meeting, bob, MESSAGE), s == 6 ? SMTP_UNKNOWN : SMTP_LATER);
        assert_true (smtp_is_lost (meeting.smtp));
      }
      part (&meeting);
      assert_true ((strstr (meeting.heard, "From: a") != NULL) == (s == 6));
      forget (&meeting);
    }
  }
}

/* Lines without end, 8 MB of them: refused after a hundred, in no time. A line without end: at_each_step. */
static void
test_endless (void **state)
{
  g_autoptr (GString) reply = g_string_new ("S> ");
  while (reply->len < 8 * 1024 * 1024)
    g_string_append (reply, "250-mail.test says so\r\n");
  g_string_append (reply, "250 AUTH PLAIN\r\n");
  const char *const hello[] = { "S: 220 x", "C: EHLO", reply->str, "HANG", NULL };
  const char *const rcpt[] = { SESSION, "C: MAIL", "S: 250 ok", "C: RCPT", reply->str, "HANG", NULL };
  const char *const end[] = { SESSION,     "C: MAIL", "S: 250 ok", "C: RCPT", "S: 250 ok", "C: DATA",
                              "S: 354 go", "DATA",    reply->str,  "HANG",    NULL };
  const char *const *const late[] = { rcpt, end };
  fails_to_talk (hello);
  for (gsize i = 0; i < G_N_ELEMENTS (late); i++) {
    struct meeting meeting;
    meet (&meeting, late[i], 5000);
    assert_null (meeting.error);
    assert_int_equal (send_over (&meeting, bob, MESSAGE), i == 1 ? SMTP_UNKNOWN : SMTP_LATER);
    part (&meeting);
    forget (&meeting);
  }
}

/* Answers before the questions: to the wrong question, or somebody else's. */
static void
test_early (void **state)
{
  const char *const greeting[] = { "S: 220 x\r\n250 STARTTLS", "HANG", NULL };
  const char *const hello[] = { "S: 220 x", "C: EHLO", "S: 250 STARTTLS\r\n220 go", "HANG", NULL };
  const char *const password[] = { HELLO, "C: EHLO", "S: 250-x\r\n250 AUTH PLAIN\r\n235 welcome", "HANG", NULL };
  const char *const mail[] = { SESSION "\r\n250 ok", "HANG", NULL };
  const char *const rcpt[] = { SESSION, "C: MAIL", "S: 250 ok\r\n250 ok\r\n354 go", "HANG", NULL };
  const char *const mails_end[]
      = { SESSION, "C: MAIL", "S: 250 ok", "C: RCPT", "S: 250 ok", "C: DATA", "S: 354 go\r\n250 queued", "HANG", NULL };
  const char *const *const late[] = { mail, rcpt, mails_end };
  fails_to_talk (greeting);
  fails_to_talk (hello);
  fails_to_talk (password);
  for (gsize i = 0; i < G_N_ELEMENTS (late); i++) {
    struct meeting meeting;
    meet (&meeting, late[i], 5000);
    assert_null (meeting.error);
    assert_int_equal (send_over (&meeting, bob, MESSAGE), SMTP_LATER);
    assert_non_null (strstr (meeting.text, "before"));
    assert_true (smtp_is_lost (meeting.smtp));
    part (&meeting);
    assert_null (strstr (meeting.heard, "From: a"));
    forget (&meeting);
  }
}

/* What was offered in clear is forgotten, PLAIN is a whole word, and a long password goes out whole and stays in no buffer. */
static void
test_offers (void **state)
{
  const char *const look_alike[] = { HELLO, "C: EHLO", "S: 250-x\r\n250 AUTH PLAIN-CLIENTTOKEN XPLAIN", "HANG", NULL };
  const char *const script[] = { "S: 220 x",
                                 "C: EHLO",
                                 "S: 250-x\r\n250-SIZE 3\r\n250 STARTTLS",
                                 "C: STARTTLS",
                                 "S: 220 go",
                                 "TLS",
                                 "C: EHLO",
                                 "S: 250-x\r\n250 AUTH PLAIN",
                                 "C: AUTH PLAIN",
                                 "S: 235 ok",
                                 "C: MAIL",
                                 "S: 250 ok",
                                 "C: RCPT",
                                 "S: 250 ok",
                                 "C: DATA",
                                 "S: 354 go",
                                 "DATA",
                                 "S: 250 ok",
                                 NULL };
  fails (look_alike, ENGINE_ERROR, ENGINE_ERROR_SIGN_IN);
  struct meeting meeting;
  secret_text = g_strnfill (700, 'p');
  meet (&meeting, script, 5000);
  assert_null (meeting.error);
  const mailstream *etpan = meeting.smtp->session->stream;
  assert_null (memmem (etpan->write_buffer, etpan->buffer_max_size, "cHBwcHBw", 8));
  assert_int_equal (meeting.smtp->session->smtp_max_msg_size, 0);
  assert_int_equal (send_over (&meeting, bob, MESSAGE), SMTP_ACCEPTED);
  part (&meeting);
  assert_null (meeting.problem);
  g_autofree char *groups = g_strnfill (928, 'c');
  for (gsize i = 0; i < 928; i++)
    groups[i] = "cHBw"[i % 4];
  g_autofree char *line = g_strconcat ("AUTH PLAIN AGFsaWNlAHBw", groups, "cHA=\r\n", NULL);
  if (strstr (meeting.heard, line) == NULL)
    fail_msg ("%s", meeting.heard);
  forget (&meeting);
  g_clear_pointer (&secret_text, g_free);
}

/* The moment that counts. */
static void
test_lost (void **state)
{
  const struct {
    const char *const script[40];
    enum smtp_outcome outcome;
  } cases[] = {
    { { SESSION, "C: MAIL", NULL }, SMTP_LATER },
    { { SESSION, "C: MAIL", "S: 250 ok", "C: RCPT", NULL }, SMTP_LATER },
    { { TO_DATA, NULL }, SMTP_LATER },
    { { TO_DATA, "S: 451 not now", "HANG", NULL }, SMTP_LATER },
    { { TO_DATA, "S: 554 never", "HANG", NULL }, SMTP_REFUSED },
    { { TO_DATA, "S: 354 go", "DATA", NULL }, SMTP_UNKNOWN },
    { { TO_DATA, "S: 354 go", "DATA", "HANG", NULL }, SMTP_UNKNOWN },
    { { TO_DATA, "S: 354 go", "DATA", "S> 25", NULL }, SMTP_UNKNOWN },
    { { TO_DATA, "S: 354 go", "DATA", "S: nonsense", "HANG", NULL }, SMTP_UNKNOWN },
    { { TO_DATA, "S: 354 go", "DATA", "FLOOD 1000000", "HANG", NULL }, SMTP_UNKNOWN },
    { { TO_DATA, "S: 354 go", "DATA", "S: 452 disk full", "HANG", NULL }, SMTP_LATER },
    { { TO_DATA, "S: 354 go", "DATA", "S: 550 spam", "HANG", NULL }, SMTP_REFUSED },
    { { TO_DATA, "S: 354 go", "DATA", "S: 421 bye", "HANG", NULL }, SMTP_LATER },
    { { TO_DATA, "S: 354 go", "DATA", "S: 251 perhaps", "HANG", NULL }, SMTP_UNKNOWN },
    { { TO_DATA, "S: 354 go", "DATA", "S: 354 go on", "HANG", NULL }, SMTP_UNKNOWN },
    { { TO_DATA, "S: 250 odd", "HANG", NULL }, SMTP_LATER },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    struct meeting meeting;
    meet (&meeting, cases[i].script, 500);
    assert_null (meeting.error);
    enum smtp_outcome outcome = send_over (&meeting, bob, MESSAGE);
    if (outcome != cases[i].outcome)
      fail_msg ("case %zu: %d: %s", i, outcome, meeting.text);
    part (&meeting);
    forget (&meeting);
  }
}

/* It goes away, or has an opinion, while the mail is still on its way. */
static void
test_lost_midway (void **state)
{
  const char *const gone[] = { SESSION_OF_ANY_SIZE, "C: MAIL",   "S: 250 ok",  "C: RCPT", "S: 250 ok",
                               "C: DATA",           "S: 354 go", "C: From: a", NULL };
  const char *const loud[] = { SESSION_OF_ANY_SIZE, "C: MAIL",    "S: 250 ok",     "C: RCPT", "S: 250 ok", "C: DATA",
                               "S: 354 go",         "C: From: a", "S: 250 queued", "HANG",    NULL };
  const char *const *const scripts[] = { gone, loud };
  g_autoptr (GString) large = g_string_new ("From: a\r\n\r\n");
  while (large->len < 8 * 1024 * 1024)
    g_string_append (large, "and so on, and so on, and so on, and so on, and so on\r\n");
  for (gsize i = 0; i < G_N_ELEMENTS (scripts); i++) {
    struct meeting meeting;
    meet (&meeting, scripts[i], 5000);
    assert_null (meeting.error);
    /* Without its end nobody can have taken it; but one who says “queued” may believe so. */
    assert_int_equal (send_over (&meeting, bob, large->str), i == 0 ? SMTP_LATER : SMTP_UNKNOWN);
    assert_true (smtp_is_lost (meeting.smtp));
    assert_false (smtp_is_past_recall (meeting.smtp));
    part (&meeting);
    assert_null (strstr (meeting.heard, "\r\n.\r\n"));
    forget (&meeting);
  }
}

/* What must not even be tried. */
static void
test_never_said (void **state)
{
  const char *const script[] = { SESSION, "HANG", NULL };
  const char *const injected[] = { "bob@mail.test>\r\nRCPT TO:<x@y.test", NULL }, *const nobody[] = { NULL };
  struct meeting meeting;
  g_autofree char *big = g_strnfill (1100, 'x'), *large = g_strconcat ("From: a\r\n\r\n", big, "\r\n", NULL);
  meet (&meeting, script, 5000);
  assert_int_equal (send_over (&meeting, injected, MESSAGE), SMTP_REFUSED);
  assert_int_equal (send_over (&meeting, nobody, MESSAGE), SMTP_REFUSED);
  assert_int_equal (send_over (&meeting, bob, "no line end"), SMTP_REFUSED);
  assert_int_equal (send_over (&meeting, bob, "From: a\r\n\r\nbare\n.\nline ends\r\n"), SMTP_REFUSED);
  assert_int_equal (send_over (&meeting, bob, "From: a\r\n\r\nbare\r.\rline ends\r\n"), SMTP_REFUSED);
  assert_int_equal (send_over (&meeting, bob, "\nFrom: a\r\n"), SMTP_REFUSED);
  assert_int_equal (send_over (&meeting, bob, large), SMTP_REFUSED);
  part (&meeting);
  assert_null (strstr (meeting.heard, "MAIL"));
  forget (&meeting);
}

/* How a server that reports is asked to: the address in xtext, an id of this copy, and nothing where the mail comes from nobody. */
static void
test_reports (void **state)
{
  const char *const script[]
      = { "S: 220 mail.test",
          "C: EHLO [127.0.0.1]",
          "S: 250-mail.test\r\n250-DSN\r\n250 STARTTLS",
          "C: STARTTLS",
          "S: 220 go",
          "TLS",
          "C: EHLO [127.0.0.1]",
          "S: 250-mail.test\r\n250-DSN\r\n250 AUTH PLAIN",
          "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==",
          "S: 235 welcome",
          "C: MAIL FROM:<alice@mail.test> RET=HDRS ENVID=0123-abc",
          "S: 250 ok",
          "C: RCPT TO:<bob+x=y@mail.test> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;bob+2Bx+3Dy@mail.test",
          "S: 250 ok",
          "C: DATA",
          "S: 354 go",
          "DATA",
          "S: 250 ok",
          "C: MAIL FROM:<>",
          "S: 250 ok",
          "C: RCPT TO:<bob@mail.test> NOTIFY=NEVER",
          "S: 250 ok",
          "C: DATA",
          "S: 354 go",
          "DATA",
          "S: 250 ok",
          "C: MAIL FROM:<alice@mail.test>",
          "S: 450 later",
          "C: RSET",
          "S: 250 ok",
          "C: QUIT",
          NULL };
  const char *const odd[] = { "bob+x=y@mail.test", NULL };
  struct meeting meeting;
  meet (&meeting, script, 5000);
  assert_null (meeting.error);
  assert_true (smtp_reports (meeting.smtp));
  smtp_ask_reports (meeting.smtp, "0123-abc");
  assert_int_equal (send_over (&meeting, odd, MESSAGE), SMTP_ACCEPTED);
  meeting.from = "";
  assert_int_equal (send_over (&meeting, bob, MESSAGE), SMTP_ACCEPTED);
  meeting.from = NULL;
  smtp_ask_reports (meeting.smtp, "a b\r\nRSET"); /* no id: nothing is asked */
  assert_int_equal (send_over (&meeting, bob, MESSAGE), SMTP_LATER);
  part (&meeting);
  assert_null (meeting.problem);
  assert_null (strstr (meeting.heard, "MAIL FROM:<alice@mail.test> RET=HDRS ENVID=a"));
  forget (&meeting);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_before_sign_in),
    cmocka_unit_test (test_sign_in),
    cmocka_unit_test (test_each_step),
    cmocka_unit_test (test_accepted),
    cmocka_unit_test (test_recipients),
    cmocka_unit_test (test_gate_says_no),
    cmocka_unit_test (test_lost),
    cmocka_unit_test (test_lost_midway),
    cmocka_unit_test (test_never_said),
    cmocka_unit_test (test_many_lines),
    cmocka_unit_test (test_no_reply),
    cmocka_unit_test (test_endless),
    cmocka_unit_test (test_early),
    cmocka_unit_test (test_offers),
    cmocka_unit_test (test_recipients_and_mail),
    cmocka_unit_test (test_stopped),
    cmocka_unit_test (test_wanted_back),
    cmocka_unit_test (test_reports),
  };
  return cmocka_run_group_tests (tests, peer_cert_setup, peer_cert_teardown);
}
