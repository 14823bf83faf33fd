/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Every command of an IMAP session, and every way in which its answer can go wrong: refused, broken off at each byte, held back, taken over by
 * something else, damaged. Whatever comes, the command ends, in time, and says whether the session can go on.
 *
 * With the name of a folder: the same for the replies that were recorded in it ("A########" stands for the tag). */
#include "crypto/error.h"
#include "mail/engine.h"
#include "mail/engine/pace.h"
#include "mail/net/imap_p.h"
#include "tests/wire/peer.h"
#include "tests/wire/peer_cert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define STEPS_MAX 40
#define HUNG_MS 60
#define RECORDED_CUTS 40 /* of one reply */

/* ---- what is asked ---- */

static gboolean
body (const void *bytes, gsize size, gpointer data)
{
  return TRUE;
}

static void
done (const struct imap_head *head, gpointer data)
{
}

static gboolean
ask_list (struct imap *imap, GError **error)
{
  g_autoptr (GPtrArray) folders = imap_list (imap, NULL, error);
  return folders != NULL;
}

static gboolean
ask_create (struct imap *imap, GError **error)
{
  return imap_create (imap, "Archive", "", error);
}

static gboolean
ask_select (struct imap *imap, GError **error)
{
  struct imap_selected info;
  return imap_select (imap, "Archive", TRUE, &info, error);
}

static gboolean
ask_heads (struct imap *imap, GError **error)
{
  guint32 place = 0;
  return imap_fetch_heads (imap, 1, TRUE, 0, &place, done, NULL, error);
}

static gboolean
ask_bodies (struct imap *imap, GError **error)
{
  static const struct imap_head heads[] = { { .uid = 4, .size_bytes = 90000 }, { .uid = 5, .size_bytes = 90000 } };
  static const struct imap_body_sink sink = { .body = body, .done = done };
  return imap_fetch_bodies (imap, heads, G_N_ELEMENTS (heads), &sink, error);
}

static gboolean
ask_store (struct imap *imap, GError **error)
{
  const guint32 uid = 4;
  return imap_store (imap, &uid, 1, TRUE, "S", error);
}

static gboolean
ask_move (struct imap *imap, GError **error)
{
  const guint32 uids[] = { 4, 5 };
  guint32 uidvalidity, moved[2];
  return imap_move (imap, uids, 2, "Archive", &uidvalidity, moved, error);
}

static gboolean
ask_append (struct imap *imap, GError **error)
{
  guint32 uidvalidity, uid;
  return imap_append (imap, "Archive", "S", "x\r\n", 3, &uidvalidity, &uid, error);
}

static gboolean
ask_find (struct imap *imap, GError **error)
{
  guint32 uid;
  return imap_find (imap, "1@mail.test", 1, &uid, error);
}

static gboolean
ask_idle (struct imap *imap, GError **error)
{
  gboolean changed;
  return imap_idle (imap, -1, 5, NULL, &changed, error);
}

static gboolean
ask_nothing (struct imap *imap, GError **error)
{
  return imap_command (imap, "NOOP\r\n", "stay connected", error);
}

/* One command: its script up to the answer that is tried, a good answer, and how it is asked. */
struct question {
  const char *name;
  gboolean (*ask) (struct imap *imap, GError **error);
  const char *before[4];
  const char *answer;
};
static const struct question questions[] = {
  { "list",
    ask_list,
    { "C: LIST", "S: * LIST (\\HasNoChildren) \"/\" INBOX\r\n$TAG OK done", "C: LSUB" },
    "* LSUB () \"/\" INBOX\r\n* LSUB (\\Sent) \"/\" {4}\r\nSent\r\n$TAG OK done\r\n" },
  { "create", ask_create, { "C: CREATE" }, "$TAG OK made\r\n" },
  { "select",
    ask_select,
    { "C: SELECT" },
    "* FLAGS (\\Seen \\Deleted)\r\n* 3 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\n* OK [UIDNEXT 8] x\r\n"
    "* OK [HIGHESTMODSEQ 99] x\r\n$TAG OK [READ-WRITE] done\r\n" },
  { "heads",
    ask_heads,
    { "C: UID FETCH" },
    "* 1 FETCH (UID 4 FLAGS (\\Seen $Forwarded) RFC822.SIZE 12 INTERNALDATE \"17-Jul-2026 02:44:25 -0700\")\r\n"
    "* 2 FETCH (FLAGS () UID 5 RFC822.SIZE 0 INTERNALDATE \" 1-Jan-2026 00:00:00 +0000\")\r\n$TAG OK done\r\n" },
  { "bodies",
    ask_bodies,
    { "C: UID FETCH" },
    "* 1 FETCH (UID 4 FLAGS (\\Seen) BODY[] {5}\r\nabc\r\n)\r\n* 2 FETCH (FLAGS (\\Flagged))\r\n"
    "* 2 FETCH (BODY[] \"quoted\" UID 5 FLAGS ())\r\n$TAG OK done\r\n" },
  { "store", ask_store, { "C: UID STORE" }, "* 1 FETCH (UID 4 FLAGS (\\Seen))\r\n$TAG OK done\r\n" },
  { "move",
    ask_move,
    { "C: UID MOVE" },
    "* OK [COPYUID 9 4:5 101:102] moved\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n$TAG OK done\r\n" },
  { "append", ask_append, { "C: APPEND", "S: + go on", "C: x" }, "* 3 EXISTS\r\n$TAG OK [APPENDUID 9 103] kept\r\n" },
  { "search", ask_find, { "C: UID SEARCH" }, "* SEARCH 4 5 6\r\n$TAG OK done\r\n" },
  { "idle", ask_idle, { "C: IDLE" }, "* 3 EXISTS\r\n+ idling\r\n* 1 EXPUNGE\r\n$TAG OK done\r\n" },
  { "noop", ask_nothing, { "C: NOOP" }, "* OK Still here\r\n$TAG OK done\r\n" },
};

/* ---- asking ---- */

enum verdict { FINE, REFUSED, LOST };
static const char *const verdict_names[] = { "fine", "refused", "lost" };

/* Who wants something else while a command is under way. */
static const struct stream_guest *guest; /* NULL: nobody */
static int waiting_fd = -1;

/* With this greeting, the command with this answer and then this step. It ends in time and with an error of ours, or none. */
static enum verdict
ask_greeted (const char *greeting, const struct question *question, const char *answer, const char *then,
             guint timeout_ms)
{
  const char *const session[] = {
    greeting,           "C: STARTTLS",
    "S: $TAG OK begin", "TLS",
    "C: CAPABILITY",    "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR IDLE UIDPLUS MOVE\r\n$TAG OK done",
    "C: AUTHENTICATE",  "S: $TAG OK welcome",
    "C: CAPABILITY",    "S: * CAPABILITY IMAP4rev1 IDLE UIDPLUS MOVE\r\n$TAG OK done",
    "C: SELECT",        "S: * 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 9] x\r\n$TAG OK [READ-WRITE] done"
  };
  const char *script[STEPS_MAX] = { NULL };
  gsize steps = 0;
  for (; steps < G_N_ELEMENTS (session); steps++)
    script[steps] = session[steps];
  for (gsize i = 0; question->before[i] != NULL; i++)
    script[steps++] = question->before[i];
  g_autofree char *text = g_strconcat ("S> ", answer, NULL);
  script[steps++] = text;
  script[steps++] = then;

  struct remote remote = { .host = (char *) "mail.test",
                           .port = 143,
                           .starttls = TRUE,
                           .auth = (char *) "password",
                           .user = (char *) "alice",
                           .ca_file = peer_anchors,
                           .timeout_ms = 5000 * pace () };
  int fd;
  g_autoptr (GError) error = NULL;
  struct imap_selected info;
  struct peer *peer = peer_start (script, peer_cert, peer_key, &fd);
  AUTOFREE (secret) secret = secret_new ("secret", 6);
  struct imap *imap = imap_open_over (stream_new_take (fd, &remote), &remote, secret, &error);
  if (imap == NULL || !imap_select (imap, "INBOX", TRUE, &info, &error))
    fail_msg ("%s: %s", question->name, error->message);
  remote.timeout_ms = timeout_ms;
  imap_set_guest (imap, guest);
  imap_set_waiting (imap, waiting_fd, HUNG_MS);
  const gint64 begin = g_get_monotonic_time ();
  const gboolean fine = question->ask (imap, &error);
  const gint64 took_ms = (g_get_monotonic_time () - begin) / 1000;
  const enum verdict verdict = imap_is_lost (imap) ? LOST : fine ? FINE : REFUSED;
  if (fine != (error == NULL) || (error != NULL && error->domain != ENGINE_ERROR))
    fail_msg ("%s: “%s”: %s", question->name, answer, error != NULL ? error->message : "it failed without a reason");
  if (took_ms > 2000 * (gint64) pace ())
    fail_msg ("%s: “%s” and %s took %d ms", question->name, answer, then, (int) took_ms);
  imap_close (imap);
  g_free (peer_stop (peer, NULL));
  return verdict;
}

static enum verdict
ask (const struct question *question, const char *answer, const char *then, guint timeout_ms)
{
  return ask_greeted ("S: * OK ready", question, answer, then, timeout_ms);
}

static void
expect (const struct question *question, const char *answer, const char *then, guint timeout_ms, enum verdict wanted)
{
  enum verdict got = ask (question, answer, then, timeout_ms);
  if (got != wanted)
    fail_msg ("%s: “%s” and %s: %s instead of %s", question->name, answer, then, verdict_names[got],
              verdict_names[wanted]);
}

static void
test_answered (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++)
    expect (&questions[i], questions[i].answer, "HANG", 5000, FINE);
}

static void
test_refused (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++) {
    expect (&questions[i], "$TAG NO not today\r\n", "HANG", 5000, REFUSED);
    expect (&questions[i], "$TAG BAD what\r\n", "HANG", 5000, REFUSED);
    expect (&questions[i], "$TAG NO [ALERT] \x1b[2J\x07 call 555-1234\r\n", "HANG", 5000, REFUSED);
    expect (&questions[i], "* BYE shutting down\r\n", "CLOSE", 5000, LOST);
  }
}

/* How far one goes from byte to byte: all of them, where it is not dear. */
static gsize
stride (gsize wanted)
{
  return pace_watched () ? 149 : wanted;
}

/* Of what is tried with each command, where it is dear only some, but all with one command or another. */
static gsize
few (void)
{
  return pace_watched () ? 9 : 1;
}

static void
test_cut (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++)
    for (gsize size = i % stride (1); size < strlen (questions[i].answer) - 1; size += stride (1)) {
      g_autofree char *part = g_strndup (questions[i].answer, size);
      expect (&questions[i], part, "CLOSE", 5000, LOST);
    }
}

static void
test_held_back (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++)
    for (gsize size = i % stride (1); size < strlen (questions[i].answer) - 1; size += stride (17)) {
      g_autofree char *part = g_strndup (questions[i].answer, size);
      expect (&questions[i], part, "HANG", HUNG_MS, LOST);
    }
}

/* Before the answer, instead of its end, and more of it than anybody asked for. */
static void
test_foreign (void **state)
{
  static const char *const good[] = { "* OK [ALERT] \x1b]0;title\x07\r\n",
                                      "* 7 EXISTS\r\n* 0 RECENT\r\n",
                                      "* LIST () \"/\" \"../../etc/passwd\"\r\n",
                                      "* 1 FETCH (FLAGS (\\Seen))\r\n",
                                      "* CAPABILITY IMAP4rev1\r\n",
                                      "* SEARCH 99\r\n",
                                      "* 2 EXPUNGE\r\n" };
  static const char *const bad[] = { "$TAG $TAG $TAG\r\n",
                                     "+\r\n+\r\n",
                                     "\r\n\r\n",
                                     "* \r\n",
                                     "XYZZY OK done\r\n",
                                     "* 1 FETCH (((((((((\r\n",
                                     "* LIST () \"/\" {4294967296}\r\n",
                                     "* 1 FETCH (BODY[] {18446744073709551615}\r\n",
                                     "\xff\xfe\xfd\r\n",
                                     "* 99999999999999999999 EXISTS\r\n",
                                     "HTTP/1.1 400 Bad Request\r\n" };
  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++) {
    for (gsize g = i % few (); g < G_N_ELEMENTS (good); g += few ()) {
      g_autofree char *answer = g_strconcat (good[g], questions[i].answer, NULL);
      expect (&questions[i], answer, "HANG", 5000, FINE);
    }
    for (gsize b = i % few (); b < G_N_ELEMENTS (bad); b += few ()) {
      (void) ask (&questions[i], bad[b], "CLOSE", 5000);
      g_autofree char *answer = g_strconcat (bad[b], questions[i].answer, NULL);
      (void) ask (&questions[i], answer, "CLOSE", 5000);
    }
    if (i % few () == 0)
      expect (&questions[i], "* ", "FLOOD 400000000", 5000, LOST);
  }
}

/* One byte is another one: the command ends, whatever it says. */
static void
test_damaged (void **state)
{
  static const char bytes[] = "\x01(){\"\\\r\n 0\xff";
  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++)
    for (gsize at = 0; at < strlen (questions[i].answer); at += stride (3)) {
      g_autofree char *answer = g_strdup (questions[i].answer);
      answer[at] = bytes[at % (sizeof bytes - 1)];
      (void) ask (&questions[i], answer, "CLOSE", 5000);
    }
}

static enum stream_served
leave (gpointer data)
{
  return STREAM_GIVE_UP;
}

static enum stream_served
come (gpointer data)
{
  char byte;
  return read (*(int *) data, &byte, 1) == 1 ? STREAM_SERVED : STREAM_GIVE_UP;
}

/* A server that says nothing: whoever is let in can end the command at once, and is served in it; who waits for its end has not long to wait. */
static void
test_interrupted (void **state)
{
  int pair[2];
  assert_int_equal (pipe (pair), 0);
  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++) {
    const struct stream_guest leaves = { pair[0], leave, NULL }, comes = { pair[0], come, &pair[0] };
    gint64 begin = g_get_monotonic_time ();
    assert_int_equal (write (pair[1], "x", 1), 1);
    guest = &leaves;
    expect (&questions[i], "", "HANG", 20000, LOST);
    guest = &comes;
    expect (&questions[i], questions[i].answer, "HANG", 20000, FINE);
    assert_int_equal (write (pair[1], "y", 1), 1);
    guest = NULL;
    waiting_fd = pair[0];
    expect (&questions[i], "", "HANG", 20000, LOST);
    waiting_fd = -1;
    char byte;
    assert_int_equal (read (pair[0], &byte, 1), 1);
    assert_int_equal (byte, 'y');
    assert_true (g_get_monotonic_time () - begin < 200 * 1000 * (gint64) pace () + 3 * HUNG_MS * 1000);
  }
  close (pair[0]);
  close (pair[1]);
}

/* ---- recorded replies ---- */

static const char *folder; /* of recordings; NULL: none */

static const struct question *
question_named (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++)
    if (strcmp (questions[i].name, name) == 0)
      return &questions[i];
  return NULL;
}

/* What was asked, as the name of the file tells. */
static const struct question *
question_of (const char *file)
{
  static const struct {
    const char *part, *name;
  } parts[] = { { "append", "append" },  { "idle-done", "noop" }, { "list", "list" },     { "select", "select" },
                { "examine", "select" }, { "fetch", "bodies" },   { "search", "search" }, { "store", "store" },
                { "move", "move" },      { "copy", "move" },      { "create", "create" } };
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (strstr (file, parts[i].part) != NULL)
      return question_named (parts[i].name);
  return question_named ("noop");
}

static char *
read_reply (const char *file)
{
  g_autofree char *path = g_build_filename (folder, file, NULL), *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    fail_msg ("%s cannot be read", path);
  g_auto (GStrv) ends = g_strsplit (text, "\r\n", -1);
  g_autofree char *bare = g_strjoinv ("\n", ends);
  g_auto (GStrv) lines = g_strsplit (bare, "\n", -1);
  g_autofree char *crlf = g_strjoinv ("\r\n", lines);
  g_auto (GStrv) tags = g_strsplit (crlf, "A########", -1);
  return g_strjoinv ("$TAG", tags);
}

/* A whole one is understood, and none that was broken off. */
static gboolean
take_recorded (const char *file, const char *reply)
{
  const struct question *question = question_of (file);
  const gboolean tagged = strstr (reply, "$TAG ") != NULL;
  g_autofree char *whole = tagged ? g_strdup (reply) : g_strconcat (reply, "$TAG OK done\r\n", NULL);
  const gsize size = strlen (whole);
  for (gsize at = 0; at + 2 < size; at += 1 + size / RECORDED_CUTS) {
    g_autofree char *part = g_strndup (whole, at);
    expect (question, part, "CLOSE", 5000, LOST);
  }
  return (ask (question, whole, "HANG", 5000) == LOST) == g_str_has_prefix (reply, "* BYE");
}

static gboolean
take_greeting (const char *reply)
{
  g_autofree char *step = g_strconcat ("S> ", reply, NULL);
  const struct question *question = question_named ("noop");
  return g_str_has_prefix (reply, "* PREAUTH") /* never before TLS: test_imap */
         || ask_greeted (step, question, question->answer, "HANG", 5000) == FINE;
}

static void
test_recorded (void **state)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = folder != NULL ? g_dir_open (folder, 0, &error) : NULL;
  guint count = 0, bad = 0;
  if (folder == NULL)
    skip ();
  if (dir == NULL)
    fail_msg ("%s", error->message);
  for (const char *file; (file = g_dir_read_name (dir)) != NULL;) {
    g_autofree char *reply = NULL;
    if (!g_str_has_prefix (file, "mailkit-") || !g_str_has_suffix (file, ".txt"))
      continue;
    reply = read_reply (file);
    count++;
    if (strstr (file, "greeting") != NULL ? take_greeting (reply) : take_recorded (file, reply))
      continue;
    bad++;
    print_message ("%s: not understood\n", file);
  }
  print_message ("%u recorded replies, %u not understood\n", count, bad);
  assert_true (count > 0 && bad == 0);
}

int
main (int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_answered),    cmocka_unit_test (test_refused), cmocka_unit_test (test_cut),
    cmocka_unit_test (test_held_back),   cmocka_unit_test (test_foreign), cmocka_unit_test (test_damaged),
    cmocka_unit_test (test_interrupted),
  };
  const struct CMUnitTest recorded[] = { cmocka_unit_test (test_recorded) };
  folder = argc > 1 ? argv[1] : NULL;
  return folder != NULL ? cmocka_run_group_tests (recorded, peer_cert_setup, peer_cert_teardown)
                        : cmocka_run_group_tests (tests, peer_cert_setup, peer_cert_teardown);
}
