/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages at random and failures at every step, from the draft to the Sent record: no plain text leaves, nobody is dropped without a word,
 * and nothing that the server has is sent to it again.
 *
 *   WARDMAIL_RUNS       how many (2000; make check-long: 20000)
 *   WARDMAIL_TEST_SEED  another series
 *   WARDMAIL_TEST_FIRST the number of the first run
 *   WARDMAIL_TEST_PLACE of the failures that are tried one by one: those of this place alone
 *   WARDMAIL_TEST_ONLY  one run of the series, with WARDMAIL_TEST_FAULT as it was told by a run that failed */
#include "mail/engine/pace.h"
#include "tests/property/property_check.h"
#include "tests/property/property_fault.h"
#include "tests/property/property_leak.h"
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#define RUNS 2000
#define RUNS_WATCHED 150
#define LOST_TRIES 3
#define FIXED_FIRST 1000000000 /* their numbers are their Message-IDs */
#define RUN_MS_MAX 15000
#define TIDY_EVERY 100
#define REAL_GPG_EVERY 20
#define FDS_MAX 60

static struct property_policy *policy;
static guint16 port;
static guint sent, held, others, failed_as_told, opened_again;

struct property_policy *
property_policy (void)
{
  return policy;
}

static guint64
runs_wanted (void)
{
  const char *given = g_getenv ("WARDMAIL_RUNS");
  return given != NULL     ? CLAMP (g_ascii_strtoull (given, NULL, 10), 20, 10000000)
         : pace_watched () ? RUNS_WATCHED
                           : RUNS;
}

/* ---- one run ---- */

static void
wake (const struct run *run)
{
  if (!engine_is_down ())
    return;
  shared->starttls = run->number % 2 == 0;
  engine_up (port, shared->starttls);
}

static void
choose_policy (GRand *random)
{
  route_policy_init (&policy->policy);
  policy->policy.prefer = g_rand_boolean (random) ? ROUTE_SMIME : ROUTE_PGP;
  policy->policy.allow_smime = g_rand_int_range (random, 0, 10) != 0;
  policy->policy.allow_pgp = g_rand_int_range (random, 0, 10) != 0;
  policy->policy.allow_autocrypt = g_rand_boolean (random);
  if (g_rand_int_range (random, 0, 8) == 0)
    policy->policy.least_pgp = (enum key_trust) g_rand_int_range (random, 0, 5);
  if (g_rand_int_range (random, 0, 8) == 0)
    policy->policy.least_smime = (enum key_trust) g_rand_int_range (random, 0, 5);
  if (g_rand_int_range (random, 0, 8) == 0)
    policy->policy.least_reply = (enum key_trust) g_rand_int_range (random, 0, 5);
}

static gboolean
cannot_be_sent (struct run *run)
{
  const struct draft *draft = &run->draft;
  run->rules = policy->policy;
  if (draft->answer) {
    run->rules.least_pgp = MAX (run->rules.least_pgp, run->rules.least_reply);
    run->rules.least_smime = MAX (run->rules.least_smime, run->rules.least_reply);
  }
  if (draft->sender == NULL || draft->nonsense || g_hash_table_size (draft->wanted) == 0)
    return TRUE;
  GHashTableIter iter;
  gpointer person;
  g_hash_table_iter_init (&iter, draft->wanted);
  while (g_hash_table_iter_next (&iter, NULL, &person))
    if (person == NULL || people_route (person, draft->sender, &run->rules) == ROUTE_HOLD)
      return TRUE;
  return FALSE;
}

static void
take_names (struct run *run)
{
  run->named_low = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer address;
  g_hash_table_iter_init (&iter, run->draft.wanted);
  while (g_hash_table_iter_next (&iter, &address, NULL))
    if (!g_hash_table_contains (run->draft.blind, address))
      g_hash_table_add (run->named_low, g_ascii_strdown (address, -1));
  if (run->draft.sender != NULL) /* he stands in From */
    g_hash_table_add (run->named_low, g_strconcat (run->draft.sender->name, "@demo.test", NULL));
}

/* As a client does: what was lost is sent again under the same Message-ID. */
static void
send (struct run *run)
{
  guint lost = 0;
  do {
    wake (run);
    engine_send (&run->draft, lost > 0, &run->outcome);
  } while (run->outcome.lost && lost++ < LOST_TRIES);
}

/* A message as a whole, or one of its people. */
static gboolean
any_in_state (GVariant *rows, const char *wanted)
{
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    g_autoptr (GVariant) people = g_variant_lookup_value (row, "people", G_VARIANT_TYPE ("aa{sv}"));
    const char *state = "";
    (void) g_variant_lookup (row, "state", "&s", &state);
    if (strcmp (state, wanted) == 0)
      return TRUE;
    if (people != NULL && strcmp (wanted, "accepted") != 0 && any_in_state (people, wanted))
      return TRUE;
  }
  return FALSE;
}

/* Everything is well again: what waits goes, and what was under way is known to be unknown. */
static GVariant *
settle (const struct run *run)
{
  GVariant *rows = NULL;
  for (guint i = 0; i < 6; i++) {
    wake (run);
    g_clear_pointer (&rows, g_variant_unref);
    rows = engine_outbox ();
    if (rows == NULL)
      continue;
    const gboolean waits = any_in_state (rows, "ready") || any_in_state (rows, "accepted");
    if (any_in_state (rows, "sending"))
      engine_kill (ROLE_SMTP);
    else if (!waits)
      return rows;
    engine_run_outbox ();
  }
  property_fail ("the outbox does not come to rest: %s", rows != NULL ? g_variant_print (rows, FALSE) : "no answer");
}

/* A person looks at what failed or is unknown, and lets it be sent again. */
static GVariant *
decide (struct run *run, GVariant *rows_take)
{
  g_autoptr (GVariant) rows = rows_take;
  run->decided += any_in_state (rows, "unknown") ? 1 : 0;
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *id = "";
    (void) g_variant_lookup (row, "id", "&s", &id);
    if (!engine_retry (id))
      property_fail ("what a person decided was not done");
  }
  opened_again++;
  return settle (run);
}

static void
check_disk (void)
{
  static const char *const dirs[] = { "store", "mail", "keys" };
  for (gsize i = 0; i < G_N_ELEMENTS (dirs); i++) {
    g_autofree char *dir = g_build_filename (property_profile (), "data", dirs[i], NULL);
    g_autofree char *leak = property_files_leak (dir);
    if (leak != NULL)
      property_fail ("plain text lies in %s", leak);
  }
}

/* What was looked at need not be looked at again. */
static void
tidy (void)
{
  static const char *const dirs[] = { "store", "mail" };
  if (!engine_is_down ()) {
    for (guint role = 0; role < ROLE_COUNT; role++)
      if (engine_fds (role) > FDS_MAX)
        property_fail ("a worker has %u files open", engine_fds (role));
    engine_down ();
  }
  check_disk ();
  for (gsize i = 0; i < G_N_ELEMENTS (dirs); i++) {
    g_autofree char *dir = g_build_filename (property_profile (), "data", dirs[i], NULL);
    property_files_remove (dir);
  }
}

static void
begin (struct run *run, const struct fault *fault)
{
  property_peer_clear ();
  shared->fault = *fault;
  shared->fired = 0;
  shared->crashed = 0;
  shared->run = run->number;
  memset (shared->counts, 0, sizeof shared->counts);
  if ((fault->place == PLACE_FILES && fault->kind < FILES_GONE) || fault->place == PLACE_PROGRAM) {
    if (!engine_is_down ())
      engine_down ();
    if (fault->place == PLACE_FILES)
      property_files_break (fault->kind);
  }
  if (!engine_is_down ())
    engine_refresh ();
  property_check_begin (run);
  shared->armed = TRUE;
}

static void
end (struct run *run, GRand *random)
{
  /* The failure may still be there when the outbox is tried the next time. */
  if (!engine_is_down () && g_rand_int_range (random, 0, 3) == 0)
    engine_run_outbox ();
  if (!engine_is_down () && g_rand_int_range (random, 0, 12) == 0)
    engine_kill (ROLE_SMTP);
  shared->armed = FALSE;
  if (shared->fault.place == PLACE_FILES || shared->fault.place == PLACE_PROGRAM) {
    if (!engine_is_down ())
      engine_down ();
    property_files_restore ();
  }
  g_autoptr (GVariant) rows = settle (run);
  property_check_wire (run);
  property_check_people (run, rows);
  if (shared->fired == 0)
    property_check_calm (run, rows);
  if (g_variant_n_children (rows) > 0 && g_rand_int_range (random, 0, 2) == 0) {
    rows = decide (run, g_steal_pointer (&rows));
    property_check_wire (run);
  }
  if (g_variant_n_children (rows) > 0)
    engine_clear_outbox ();
  if (shared->crashed != 0 && shared->fault.place != PLACE_ALLOC)
    property_fail ("a worker died of signal %d", shared->crashed);
}

static void
go (struct run *run, const struct fault *fault, GRand *random)
{
  const gint64 before = g_get_monotonic_time ();
  run->expect_nothing = cannot_be_sent (run);
  take_names (run);
  begin (run, fault);
  send (run);
  end (run, random);
  if (g_get_monotonic_time () - before > RUN_MS_MAX * 1000 * (gint64) pace ())
    property_fail ("the run took too long");
  const char *state = run->outcome.state;
  *(g_strcmp0 (state, "sent") == 0 ? &sent : g_strcmp0 (state, "held") == 0 ? &held : &others) += 1;
  failed_as_told += shared->fired > 0;
  outcome_clear (&run->outcome);
  draft_clear (&run->draft);
  g_hash_table_unref (run->named_low);
}

/* ---- each failure once ---- */

static guint64 runs_done;

static void
run_fixed (guint64 number, const struct fault *fault)
{
  struct run run = { .number = number, .fixed = TRUE };
  g_autoptr (GRand) random = g_rand_new_with_seed ((guint32) number);
  route_policy_init (&policy->policy);
  shared->real_gpg = FALSE;
  draft_make_fixed (&run.draft, number);
  go (&run, fault, random);
  if (++runs_done % TIDY_EVERY == 0)
    tidy ();
}

/* How often a message comes by each place when all is well. */
static void
count_places (guint (*counts)[FAULT_WHERE_MAX])
{
  static const struct fault none;
  run_fixed (FIXED_FIRST - 2, &none);
  run_fixed (FIXED_FIRST - 1, &none); /* the first one starts what the others find running */
  memcpy (counts, shared->counts, sizeof shared->counts);
  memset (counts[PLACE_FILES], 0, sizeof counts[PLACE_FILES]);
  counts[PLACE_FILES][0] = counts[PLACE_OUTBOX][0] = 1;
}

/* Of a place that is come by very often, that many are tried. */
static guint
tries (enum fault_place place, guint kind, gboolean all)
{
  if (place == PLACE_ALLOC)
    return all ? 500 : 40;
  if (place == PLACE_PEER && !all)
    return kind == PEER_HANGS ? 1 : 2;
  if (place == PLACE_DISK && kind != DISK_EIO && kind != DISK_DIES)
    return all ? 200 : 6;
  return all || place == PLACE_DISK ? 400 : 20;
}

static void
each_time (enum fault_place place, guint where, guint kind, guint count, gboolean all)
{
  const guint most = tries (place, kind, all), step = MAX (1, (count + most - 1) / most);
  for (guint at = 1; at <= count; at += step) {
    const struct fault fault
        = { .place = place, .where = where, .kind = kind, .at = at, .stays = place == PLACE_DISK && kind == DISK_FULL };
    run_fixed (FIXED_FIRST + runs_done, &fault);
  }
}

static void
test_each_failure (void **state)
{
  guint counts[PLACE_COUNT][FAULT_WHERE_MAX];
  const gboolean all = runs_wanted () > RUNS;
  if (pace_watched () || g_getenv ("WARDMAIL_TEST_ONLY") != NULL)
    return; /* the random ones have a share of them */
  count_places (counts);
  const char *only = g_getenv ("WARDMAIL_TEST_PLACE");
  for (guint place = 1; place < PLACE_COUNT; place++) {
    if (only != NULL && strcmp (only, fault_place_name ((enum fault_place) place)) != 0)
      continue;
    for (guint where = 0; where < fault_wheres ((enum fault_place) place); where++) {
      const guint64 before = runs_done;
      const gint64 begin_us = g_get_monotonic_time ();
      for (guint kind = 1; kind <= fault_kinds ((enum fault_place) place); kind++)
        each_time ((enum fault_place) place, where, kind, counts[place][where], all);
      print_message ("%s:%u: come by %u times, %" G_GUINT64_FORMAT " runs, %.1f s\n",
                     fault_place_name ((enum fault_place) place), where, counts[place][where], runs_done - before,
                     (double) (g_get_monotonic_time () - begin_us) / G_USEC_PER_SEC);
      if (counts[place][where] == 0 && !(place == PLACE_READ && where != ROLE_SMTP) && place != PLACE_PEER)
        fail_msg ("no message comes by there");
    }
  }
  tidy ();
  print_message ("%" G_GUINT64_FORMAT " runs of one failure each\n", runs_done);
}

/* ---- at random ---- */

static guint32
seed (void)
{
  const char *given = g_getenv ("WARDMAIL_TEST_SEED");
  return given != NULL ? (guint32) g_ascii_strtoull (given, NULL, 10) : 20260101;
}

static void
run_random (guint64 number)
{
  static const struct fault none;
  struct run run = { .number = number, .seed = seed () };
  g_autoptr (GRand) random = g_rand_new_with_seed (run.seed + (guint32) number * 2654435761u);
  choose_policy (random);
  shared->real_gpg = g_rand_int_range (random, 0, REAL_GPG_EVERY) == 0;
  draft_make (&run.draft, random, number);
  const gboolean calm = g_rand_int_range (random, 0, 4) == 0;
  const struct fault fault = calm ? none : fault_random (random);
  go (&run, &fault, random);
  if (++runs_done % TIDY_EVERY == 0)
    tidy ();
}

static void
test_one (const char *only)
{
  const char *text = g_getenv ("WARDMAIL_TEST_FAULT");
  const guint64 number = g_ascii_strtoull (only, NULL, 10);
  struct fault fault;
  if (text == NULL)
    run_random (number);
  else if (fault_from_text (text, &fault))
    run_fixed (number, &fault);
  else
    fail_msg ("WARDMAIL_TEST_FAULT is no failure");
  tidy ();
}

static void
test_random_runs (void **state)
{
  const char *only = g_getenv ("WARDMAIL_TEST_ONLY");
  if (only != NULL) {
    test_one (only);
    return;
  }
  const guint64 wanted = runs_wanted ();
  print_message ("%" G_GUINT64_FORMAT " runs (WARDMAIL_RUNS), seed %u (WARDMAIL_TEST_SEED)\n", wanted, seed ());
  const char *first = g_getenv ("WARDMAIL_TEST_FIRST");
  for (guint64 number = first != NULL ? g_ascii_strtoull (first, NULL, 10) : 1; runs_done < wanted; number++)
    run_random (number);
  tidy ();
  print_message ("%u sent, %u held, %u told otherwise; something went wrong in %u; a person decided in %u\n", sent,
                 held, others, failed_as_told, opened_again);
  assert_true (sent > wanted / 10 && held > wanted / 20 && failed_as_told > wanted / 5);
  assert_true (opened_again > 0 || wanted < RUNS);
}

/* The checks themselves can fail. */
static void
test_leaks_are_found (void **state)
{
  for (guint before = 0; before < 7; before++) {
    g_autofree char *text = g_strdup_printf ("%.*s" PROPERTY_CANARY " tail", (int) before, "abcdefg");
    g_autofree char *base = g_base64_encode ((const guchar *) text, strlen (text));
    g_autofree char *folded = g_strdup_printf ("%.9s\r\n%s", base, base + 9);
    g_autofree char *quoted = g_strdup_printf ("%.9s=\r\n%s", text, text + 9);
    assert_true (property_leak_in (text, strlen (text)));
    assert_true (property_leak_in (base, strlen (base)));
    assert_true (property_leak_in (folded, strlen (folded)));
    assert_true (property_leak_in (quoted, strlen (quoted)));
  }
  assert_false (property_leak_in ("PHIcanary 7391, and nothing more", 32));
}

static int
set_up (void **state)
{
  policy = mmap (NULL, sizeof *policy, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  fault_init ();
  people_set_up ();
  g_autofree char *certificate = g_build_filename (property_dir (), "server.crt", NULL),
                  *key = g_build_filename (property_dir (), "server.key", NULL);
  port = property_peer_start (certificate, key);
  return 0;
}

static int
tear_down (void **state)
{
  if (!engine_is_down ())
    engine_down ();
  property_peer_stop ();
  people_tear_down ();
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_leaks_are_found), cmocka_unit_test (test_each_failure),
                                      cmocka_unit_test (test_random_runs) };
  if (!property_crypto_memory ())
    return 99; /* something of OpenSSL was used before */
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
