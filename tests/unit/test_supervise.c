/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor, with real processes: this program is its own worker when it is started as one. The worker's answer depends
 * on what it is asked, so that every way of failing is a word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/guard/secret.h"
#include "mail/engine.h"
#include "mail/engine/supervise.h"
#include "mail/workers/sandbox.h"
#include "mail/workers/worker.h"

/* ---- the worker ---- */

static char *
sandbox_report (void)
{
  int net = socket (AF_INET, SOCK_STREAM, 0), local = socket (AF_UNIX, SOCK_STREAM, 0);
  int file = open ("/root", O_RDONLY), home = open ("/tmp", O_RDONLY), null = open ("/dev/null", O_RDWR),
      passwd = open ("/usr", O_RDONLY);
  pid_t pid = fork ();
  if (pid == 0)
    _exit (0);
  return g_strdup_printf ("net=%d unix=%d root=%d tmp=%d null=%d usr=%d fork=%d (%s)", net >= 0, local >= 0, file >= 0,
                          home >= 0, null >= 0, passwd >= 0, pid > 0, sandbox_describe ());
}

static GVariant *
run (struct worker *worker, const char *word, GError **error)
{
  g_autofree char *text = NULL;
  if (strcmp (word, "die") == 0)
    raise (SIGKILL);
  if (strcmp (word, "hang") == 0)
    for (;;)
      pause ();
  if (strcmp (word, "ask and hang") == 0) {
    secret_free (worker_ask (worker, "passphrase", "?"));
    for (;;)
      pause ();
  }
  if (strcmp (word, "nap") == 0)
    g_usleep (20000);
  if (strcmp (word, "fail") == 0) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_TLS, "It failed on purpose.");
    return NULL;
  }
  if (strcmp (word, "sandbox") == 0)
    text = sandbox_report ();
  if (strcmp (word, "pid") == 0)
    text = g_strdup_printf ("%d", (int) getpid ());
  if (strcmp (word, "wrong") == 0)
    return g_variant_new_parsed ("{'text': <3>}");
  return g_variant_new_parsed ("{'text': <%s>}", text != NULL ? text : word);
}

static GVariant *
html (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GVariant) bytes = g_variant_lookup_value (args, "html", G_VARIANT_TYPE_BYTESTRING);
  return run (worker, g_variant_get_bytestring (bytes), error);
}

static GVariant *
discover (struct worker *worker, GVariant *args, GError **error)
{
  const char *domain = "";
  (void) g_variant_lookup (args, "domain", "&s", &domain);
  if (strcmp (domain, "die") == 0)
    raise (SIGKILL);
  static int asked;
  asked++;
  g_autofree char *text = g_strdup_printf ("%d", asked);
  return g_variant_new_parsed ("{'imap': <%s>}", text);
}

static void
allow (GVariant *config, struct sandbox *sandbox)
{
}

static GVariant *
start (struct worker *worker, GVariant *config, GError **error)
{
  return g_variant_new_parsed ("@a{sv} {}");
}

static const struct worker_method filter_methods[] = { { "html", html }, { NULL, NULL } };
static const struct worker_method lookup_methods[] = { { "discover", discover }, { NULL, NULL } };
static const struct worker_role filter_role
    = { .peer = PEER_FILTER, .methods = filter_methods, .sandbox = allow, .start = start };
static const struct worker_role lookup_role
    = { .peer = PEER_LOOKUP, .methods = lookup_methods, .sandbox = allow, .start = start };

/* ---- the supervisor's side ---- */

struct outcome {
  gboolean done;
  char *text;
  GError *error;
};

static guint notices;

static void
on_notice (gpointer owner, const char *sentence)
{
  notices++;
}

static GVariant *
no_config (gpointer owner, GError **error)
{
  return g_variant_new_parsed ("@a{sv} {}");
}

static const struct supervised_hooks hooks = { .start = no_config, .notice = on_notice };

static void
on_done (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct outcome *outcome = data;
  assert_false (outcome->done);
  outcome->done = TRUE;
  if (reply != NULL && !g_variant_lookup (reply, "text", "s", &outcome->text))
    (void) g_variant_lookup (reply, "imap", "s", &outcome->text);
  outcome->error = error != NULL ? g_error_copy (error) : NULL;
}

static void
outcome_clear (struct outcome *outcome)
{
  g_clear_pointer (&outcome->text, g_free);
  g_clear_error (&outcome->error);
  outcome->done = FALSE;
}

static void
ask_filter (struct supervised *supervised, const char *word, struct outcome *outcome)
{
  supervised_call (supervised, "html", g_variant_new_parsed ("{'html': <%@ay>}", g_variant_new_bytestring (word)), NULL,
                   NULL, on_done, outcome);
}

static void
wait_for (struct outcome *outcome)
{
  while (!outcome->done)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_answers (void **state)
{
  struct supervised *supervised = supervised_new (PEER_FILTER, "filter", "The filter", &hooks, NULL);
  struct outcome outcomes[20] = { { 0 } };
  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++)
    ask_filter (supervised, i % 2 ? "one" : "two", &outcomes[i]);
  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++) {
    wait_for (&outcomes[i]);
    assert_null (outcomes[i].error);
    assert_string_equal (outcomes[i].text, i % 2 ? "one" : "two");
    outcome_clear (&outcomes[i]);
  }
  struct outcome failed = { 0 };
  ask_filter (supervised, "fail", &failed);
  wait_for (&failed);
  assert_true (g_error_matches (failed.error, ENGINE_ERROR, ENGINE_ERROR_TLS));
  assert_string_equal (failed.error->message, "It failed on purpose.");
  outcome_clear (&failed);
  ask_filter (supervised, "wrong", &failed); /* an answer that the table does not allow */
  wait_for (&failed);
  assert_true (g_error_matches (failed.error, ENGINE_ERROR, ENGINE_ERROR_USAGE));
  outcome_clear (&failed);
  supervised_free (supervised);
}

static void
test_death (void **state)
{
  struct supervised *supervised = supervised_new (PEER_FILTER, "filter", "The filter", &hooks, NULL);
  struct outcome first = { 0 }, second = { 0 };
  notices = 0;
  ask_filter (supervised, "die", &first);
  ask_filter (supervised, "after", &second);
  wait_for (&first);
  wait_for (&second);
  assert_true (g_error_matches (first.error, ENGINE_ERROR, ENGINE_ERROR_LOST));
  assert_null (second.error); /* it waited for the new one */
  assert_string_equal (second.text, "after");
  assert_int_equal (notices, 1);
  assert_int_equal (supervised_restarts (supervised), 1);
  outcome_clear (&first);
  outcome_clear (&second);
  supervised_free (supervised);
}

/* A question that can be asked again is asked again, but not for ever. */
static void
test_asked_again (void **state)
{
  struct supervised *supervised = supervised_new (PEER_LOOKUP, "lookup", "The look-up", &hooks, NULL);
  struct outcome outcome = { 0 };
  supervised_call (supervised, "discover", g_variant_new_parsed ("{'domain': <'die'>}"), NULL, NULL, on_done, &outcome);
  wait_for (&outcome);
  assert_true (g_error_matches (outcome.error, ENGINE_ERROR, ENGINE_ERROR_LOST));
  assert_int_equal (supervised_restarts (supervised), 3);
  outcome_clear (&outcome);
  supervised_call (supervised, "discover", g_variant_new_parsed ("{'domain': <'fine'>}"), NULL, NULL, on_done,
                   &outcome);
  wait_for (&outcome);
  assert_null (outcome.error);
  pid_t pid = supervised_pid (supervised);
  outcome_clear (&outcome);
  supervised_call (supervised, "discover", g_variant_new_parsed ("{'domain': <'fine'>}"), NULL, NULL, on_done,
                   &outcome);
  assert_int_equal (kill (pid, SIGKILL), 0); /* from outside, with a call under way */
  wait_for (&outcome);
  assert_null (outcome.error);
  outcome_clear (&outcome);
  supervised_free (supervised);
}

static gint64 answered_us;

static gboolean
answer_ask (gpointer data)
{
  answered_us = g_get_monotonic_time ();
  supervised_answer (data, 1, "a person's answer");
  return G_SOURCE_REMOVE;
}

static void
on_ask (gpointer owner, gpointer origin, guint ask, const char *kind, const char *text)
{
  assert_int_equal (ask, 1);
  g_timeout_add (500, answer_ask, *(struct supervised **) owner);
}

static void
ask_for (struct supervised *supervised, const char *word, gpointer origin, struct outcome *outcome)
{
  supervised_call (supervised, "html", g_variant_new_parsed ("{'html': <%@ay>}", g_variant_new_bytestring (word)), NULL,
                   origin, on_done, outcome);
}

/* A hang is ended; so is one after a person was asked, whose own time does not count. Who waits behind one that a person
 * is asked for waits on, and is answered when it ends. */
static void
test_hang_is_killed (void **state)
{
  static struct supervised *asking;
  static const struct supervised_hooks asks = { .start = no_config, .notice = on_notice, .ask = on_ask };
  struct supervised *supervised = supervised_new (PEER_FILTER, "filter", "The filter", &hooks, NULL);
  asking = supervised_new (PEER_FILTER, "filter", "The filter", &asks, &asking);
  struct outcome outcome = { 0 }, asked = { 0 }, behind = { 0 };
  gint64 start_us = g_get_monotonic_time ();
  ask_filter (supervised, "hang", &outcome);
  ask_for (asking, "ask and hang", state, &asked);
  wait_for (&outcome);
  assert_true (g_error_matches (outcome.error, ENGINE_ERROR, ENGINE_ERROR_TIMEOUT));
  assert_true (g_get_monotonic_time () - start_us >= 4 * G_USEC_PER_SEC); /* the table says 5 s */
  outcome_clear (&outcome);
  ask_filter (supervised, "again", &outcome);
  wait_for (&outcome);
  assert_null (outcome.error);
  outcome_clear (&outcome);
  assert_false (asked.done);
  ask_for (asking, "behind", state, &behind);
  wait_for (&asked);
  assert_true (g_error_matches (asked.error, ENGINE_ERROR, ENGINE_ERROR_TIMEOUT));
  assert_true (answered_us > start_us && g_get_monotonic_time () - answered_us >= 4.8 * G_USEC_PER_SEC);
  wait_for (&behind);
  assert_null (behind.error);
  outcome_clear (&asked);
  outcome_clear (&behind);
  supervised_free (supervised);
  supervised_free (asking);
}

/* What somebody waits for goes first, in its own order; what the engine does by itself comes after it. */
static void
test_order (void **state)
{
  struct supervised *supervised = supervised_new (PEER_FILTER, "filter", "The filter", &hooks, NULL);
  struct outcome first = { 0 }, own[3] = { { 0 } }, person[2] = { { 0 } };
  ask_filter (supervised, "nap", &first);
  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    ask_filter (supervised, "nap", &own[i]);
  ask_for (supervised, "one", state, &person[0]);
  ask_for (supervised, "two", state, &person[1]);
  wait_for (&person[0]);
  assert_false (person[1].done);
  wait_for (&person[1]);
  for (guint i = 0; i < G_N_ELEMENTS (own); i++) {
    assert_false (own[i].done);
    wait_for (&own[i]);
    outcome_clear (&own[i]);
  }
  wait_for (&first);
  outcome_clear (&first);
  outcome_clear (&person[0]);
  outcome_clear (&person[1]);
  supervised_free (supervised);
}

static void
test_stop_fails_calls (void **state)
{
  struct supervised *supervised = supervised_new (PEER_FILTER, "filter", "The filter", &hooks, NULL);
  struct outcome outcome = { 0 };
  ask_filter (supervised, "hang", &outcome);
  while (supervised_pid (supervised) == 0)
    g_main_context_iteration (NULL, TRUE);
  pid_t pid = supervised_pid (supervised);
  supervised_stop (supervised);
  assert_true (outcome.done);
  assert_true (g_error_matches (outcome.error, ENGINE_ERROR, ENGINE_ERROR_CANCELLED));
  assert_int_equal (kill (pid, 0), -1); /* it was reaped */
  outcome_clear (&outcome);
  supervised_free (supervised);
}

struct again {
  struct supervised *supervised;
  struct outcome *outcome;
};

static void
ask_again (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct again *again = data;
  assert_non_null (error);
  ask_filter (again->supervised, "pid", again->outcome);
}

/* What a flow that is still under way asks of a worker that another one has replaced must not bring it back beside that one. */
static void
test_retired_stays_away (void **state)
{
  struct supervised *supervised = supervised_new (PEER_FILTER, "filter", "The filter", &hooks, NULL);
  struct outcome outcome = { 0 };
  struct again again = { supervised, &outcome };
  supervised_call (supervised, "html", g_variant_new_parsed ("{'html': <b'hang'>}"), NULL, NULL, ask_again, &again);
  while (supervised_pid (supervised) == 0)
    g_main_context_iteration (NULL, TRUE);
  supervised_retire (supervised);
  wait_for (&outcome);
  assert_true (g_error_matches (outcome.error, ENGINE_ERROR, ENGINE_ERROR_CANCELLED));
  outcome_clear (&outcome);
  ask_filter (supervised, "pid", &outcome);
  wait_for (&outcome);
  assert_true (g_error_matches (outcome.error, ENGINE_ERROR, ENGINE_ERROR_CANCELLED));
  assert_int_equal (supervised_pid (supervised), 0);
  outcome_clear (&outcome);
  supervised_free (supervised);
}

static void
test_sandbox (void **state)
{
  struct supervised *supervised = supervised_new (PEER_FILTER, "filter", "The filter", &hooks, NULL);
  struct outcome outcome = { 0 };
  ask_filter (supervised, "sandbox", &outcome);
  wait_for (&outcome);
  assert_null (outcome.error);
  if (strstr (outcome.text, "seccomp") != NULL)
    assert_non_null (strstr (outcome.text, "net=0 unix=0"));
  if (strstr (outcome.text, "seccomp") != NULL)
    assert_non_null (strstr (outcome.text, "fork=0"));
  if (strstr (outcome.text, "landlock") != NULL)
    assert_non_null (strstr (outcome.text, "root=0 tmp=0 null=1 usr=1"));
  assert_non_null (strstr (outcome.text, "rlimits"));
  print_message ("sandbox here: %s\n", outcome.text);
  outcome_clear (&outcome);
  supervised_free (supervised);
}

int
main (int argc, char **argv)
{
  if (argc > 2 && strcmp (argv[1], "--process") == 0)
    return worker_run (strcmp (argv[2], "filter") == 0 ? &filter_role : &lookup_role, 3);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_answers),
    cmocka_unit_test (test_death),
    cmocka_unit_test (test_asked_again),
    cmocka_unit_test (test_hang_is_killed),
    cmocka_unit_test (test_order),
    cmocka_unit_test (test_stop_fails_calls),
    cmocka_unit_test (test_retired_stays_away),
    cmocka_unit_test (test_sandbox),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
