/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The ledger: it follows the outbox, and believes reports as far as they can be believed. */
#include "mail/store/ledger.h"
#include "mail/store/outbox.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define HOURS 3600

static char *dir;
static struct ledger *ledger;
static gint64 now;
static gboolean settled; /* the last report */

static int
setup (void **state)
{
  g_autoptr (GError) error = NULL;
  dir = g_dir_make_tmp ("ledger-XXXXXX", NULL);
  ledger = ledger_open (dir, &error);
  assert_non_null (ledger);
  now = g_get_real_time () / G_USEC_PER_SEC;
  return 0;
}

static int
teardown (void **state)
{
  const char *argv[] = { "rm", "-rf", dir, NULL };
  ledger_free (ledger);
  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
  g_free (dir);
  return 0;
}

/* One message in two copies: to Bob and Carol, and a blind one to Erin. */
static const char *const open_people[] = { "bob@x.test", "Carol@X.test", NULL }, *const blind[]
                                                                                 = { "erin@x.test", NULL };

static void
follow (const char *item_id, const char *message_id, enum outbox_state first, enum outbox_state second)
{
  struct outbox_person people[] = { { .address = open_people[0], .state = first, .text = (char *) "why" },
                                    { .address = open_people[1], .state = first, .text = (char *) "why" },
                                    { .address = blind[0], .state = second, .text = (char *) "why not" } };
  struct outbox_copy copies[]
      = { { .method = ROUTE_PGP, .recipients = (GStrv) open_people, .people = people, .count = 2 },
          { .number = 1, .method = ROUTE_SMIME, .recipients = (GStrv) blind, .people = &people[2], .count = 1 } };
  struct outbox_item item = { .id = (char *) item_id,
                              .message_id = (char *) message_id,
                              .from = (char *) "alice@x.test",
                              .date = now,
                              .copies = g_ptr_array_new () };
  g_autoptr (GPtrArray) items = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_ptr_array_add (item.copies, &copies[0]);
  g_ptr_array_add (item.copies, &copies[1]);
  if (item_id != NULL)
    g_ptr_array_add (items, &item);
  assert_true (ledger_follow (ledger, items, &error));
  g_ptr_array_unref (item.copies);
}

static void
sent (void)
{
  follow ("one", "m1@x.test", OUTBOX_ACCEPTED, OUTBOX_ACCEPTED);
  assert_true (ledger_asked (ledger, "one", 0, NULL));
  assert_true (ledger_asked (ledger, "one", 1, NULL));
}

/* "bob accepted, carol accepted, ..."; the names without their domains. */
static char *
states_at (gint64 when)
{
  const char *ids[] = { "m1@x.test", NULL };
  g_autoptr (GPtrArray) rows = ledger_rows (ledger, ids, 0, when, 24 * HOURS);
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < rows->len; i++) {
    const struct ledger_row *row = g_ptr_array_index (rows, i);
    g_string_append_printf (out, "%s%.*s %s", i > 0 ? ", " : "", (int) strcspn (row->address, "@"), row->address,
                            row->overdue ? "overdue" : ledger_state_name (row->state));
  }
  return g_string_free (out, FALSE);
}

static void
are (const char *expected)
{
  g_autofree char *got = states_at (now);
  assert_string_equal (got, expected);
}

static char *
text_of (const char *address)
{
  const char *ids[] = { "m1@x.test", NULL };
  g_autoptr (GPtrArray) rows = ledger_rows (ledger, ids, 0, now, 24 * HOURS);
  for (guint i = 0; i < rows->len; i++) {
    const struct ledger_row *row = g_ptr_array_index (rows, i);
    if (strcmp (row->address, address) == 0)
      return g_strdup (row->text);
  }
  return g_strdup ("");
}

/* How many recipients are known otherwise after it. */
static guint
told (gboolean receipt, const char *envid, const char *message_id, const char *signer, const char *original,
      const char *final, const char *action)
{
  struct ledger_line line = {
    .original = original, .final = final, .action = ledger_action_from (action, receipt), .words = "550 said so"
  };
  g_autoptr (GPtrArray) lines = g_ptr_array_new (), changed = NULL;
  g_autoptr (GError) error = NULL;
  g_ptr_array_add (lines, &line);
  const struct ledger_report report = { .receipt = receipt,
                                        .envid = envid,
                                        .message_id = message_id,
                                        .reporter = "mx.y.test",
                                        .signer = signer,
                                        .lines = lines };
  assert_true (ledger_report (ledger, &report, now, &changed, &settled, &error));
  return changed->len;
}

static guint
server_says (const char *envid, const char *message_id, const char *address, const char *action)
{
  return told (FALSE, envid, message_id, "", address, "", action);
}

static guint
reader_says (const char *signer, const char *address, const char *action)
{
  return told (TRUE, "", "m1@x.test", signer, "", address, action);
}

static void
test_follows (void **state)
{
  follow ("one", "m1@x.test", OUTBOX_READY, OUTBOX_READY);
  are ("bob queued, Carol queued, erin queued");
  follow ("one", "m1@x.test", OUTBOX_SENDING, OUTBOX_READY);
  are ("bob queued, Carol queued, erin queued");
  follow ("one", "m1@x.test", OUTBOX_UNKNOWN, OUTBOX_FAILED);
  are ("bob unknown, Carol unknown, erin failed");
  g_autofree char *why = text_of ("erin@x.test");
  assert_string_equal (why, "why not");
  follow ("one", "m1@x.test", OUTBOX_READY, OUTBOX_READY); /* a person tries again */
  are ("bob queued, Carol queued, erin queued");
  follow ("one", "m1@x.test", OUTBOX_ACCEPTED, OUTBOX_READY);
  are ("bob accepted, Carol accepted, erin queued");
  follow (NULL, NULL, 0, 0); /* it is no more in the outbox */
  are ("bob accepted, Carol accepted, erin withdrawn");
  assert_int_equal (server_says ("", "m1@x.test", "erin@x.test", "delivered"), 0); /* it never left */
  follow ("two", "m1@x.test", OUTBOX_FAILED, OUTBOX_ACCEPTED);                     /* given again, as another item */
  are ("bob accepted, Carol accepted, bob failed, Carol failed, erin accepted");
}

/* Each copy has an id of its own, which stays what it is; it names the copy, and so the recipients. */
static void
test_envelope_id (void **state)
{
  sent ();
  g_autofree char *first = ledger_envid (ledger, "one", 0), *second = ledger_envid (ledger, "one", 1);
  assert_true (g_uuid_string_is_valid (first) && g_uuid_string_is_valid (second));
  assert_string_not_equal (first, second);
  assert_null (ledger_envid (ledger, "one", 2));
  assert_int_equal (server_says (second, "", "bob@x.test", "failed"),
                    1); /* the copy's one recipient, whatever he is called */
  are ("bob accepted, Carol accepted, erin failed");
  assert_int_equal (server_says (first, "", "somebody@y.test", "failed"), 0);
  assert_int_equal (server_says (first, "", "CAROL@x.TEST", "delivered"), 1);
  are ("bob accepted, Carol delivered, erin failed");
  assert_int_equal (server_says (first, "", "CAROL@x.TEST", "delivered"), 0); /* the same again */
  g_autofree char *again = ledger_envid (ledger, "one", 0);
  sent ();
  assert_string_equal (again, first);
  are ("bob accepted, Carol delivered, erin failed");
}

/* By whom else: the Message-ID, where no other id is named than ours; the address that it was sent to first, in any of its forms. */
static void
test_whose (void **state)
{
  sent ();
  assert_int_equal (server_says ("", "m2@x.test", "bob@x.test", "failed"), 0);
  assert_int_equal (server_says ("", "m1@x.test", "mallory@x.test", "failed"), 0);
  assert_int_equal (server_says ("00000000-0000-4000-8000-000000000000", "m1@x.test", "bob@x.test", "failed"), 0);
  are ("bob accepted, Carol accepted, erin accepted");
  assert_int_equal (told (FALSE, "", "m1@x.test", "", "bob@x.test", "carol@x.test", "delayed"), 1);
  assert_int_equal (told (FALSE, "", "m1@x.test", "", "other@y.test", "carol@x.test", "delivered"), 1);
  are ("bob accepted, Carol delivered, erin accepted");
  assert_int_equal (server_says ("", "m1@x.test", "erin+40x.test", "delivered"), 1); /* xtext */
  assert_false (settled);
  g_autofree char *text = text_of ("Carol@X.test");
  assert_non_null (strstr (text, "others could have written it"));
  g_autofree char *late = text_of ("bob@x.test");
  assert_true (g_str_has_prefix (late, "Not delivered yet"));
}

static void
test_forwards_only (void **state)
{
  sent ();
  g_autofree char *first = ledger_envid (ledger, "one", 0);
  assert_int_equal (server_says (first, "", "bob@x.test", "delayed"), 1);
  assert_int_equal (server_says (first, "", "bob@x.test", "relayed"), 1);
  assert_int_equal (server_says (first, "", "bob@x.test", "delivered"), 1);
  assert_int_equal (server_says (first, "", "bob@x.test", "delayed"), 0);
  assert_int_equal (server_says (first, "", "bob@x.test", "relayed"), 0);
  are ("bob delivered, Carol accepted, erin accepted");
  assert_true (settled); /* nothing new, and still ours */
  assert_int_equal (server_says ("", "m1@x.test", "bob@x.test", "failed"),
                    1); /* known worse than what is known: it is said as well */
  are ("bob delivered, Carol accepted, erin accepted");
  assert_int_equal (server_says (first, "", "bob@x.test", "failed"), 1); /* as well known */
  assert_false (settled);
  are ("bob failed, Carol accepted, erin accepted");
  g_autofree char *text = text_of ("bob@x.test");
  assert_true (g_str_has_prefix (text, "Not delivered. mx.y.test says why: “550 said so”"));
  assert_non_null (strstr (text, "Reported as well: mx.y.test reports that it was delivered"));
  assert_int_equal (reader_says ("", "bob@x.test", "displayed"), 1); /* anybody could have written it */
  are ("bob failed, Carol accepted, erin accepted");
  assert_int_equal (reader_says ("bob@x.test", "bob@x.test", "displayed"), 1);
  are ("bob displayed, Carol accepted, erin accepted");
  assert_int_equal (server_says (first, "", "bob@x.test", "failed"), 0); /* that is said already */
  are ("bob displayed, Carol accepted, erin accepted");
  g_autofree char *both = text_of ("bob@x.test");
  assert_non_null (strstr (both, "Reported as well: Not delivered."));
}

static void
test_receipts (void **state)
{
  sent ();
  assert_int_equal (reader_says ("mallory@x.test", "mallory@x.test", "displayed"), 0);
  assert_int_equal (reader_says ("mallory@x.test", "bob@x.test", "displayed"),
                    1); /* what a stranger signs proves nothing */
  g_autofree char *said = text_of ("bob@x.test");
  assert_non_null (strstr (said, "others could have written it"));
  assert_int_equal (reader_says ("bob@x.test", "bob@x.test", "displayed"), 1);
  g_autofree char *proven = text_of ("bob@x.test");
  assert_true (g_str_has_prefix (proven, "Signed receipt: opened"));
  assert_null (strstr (proven, "others could"));
  assert_int_equal (reader_says ("carol@x.test", "carol@private.test", "displayed"), 1); /* she reads it elsewhere */
  assert_int_equal (reader_says ("", "erin@x.test", "deleted"), 1);
  are ("bob displayed, Carol displayed, erin delivered");
  assert_int_equal (reader_says ("", "erin@x.test", "failed"), 1); /* of the receipt, not of the delivery */
  assert_int_equal (reader_says ("", "erin@x.test", "processed"), 0);
  assert_int_equal (told (FALSE, "", "m1@x.test", "", "", "erin@x.test", "displayed"), 1); /* no word of a server's */
  are ("bob displayed, Carol displayed, erin delivered");
}

/* What was in DATA when the line broke: a report tells that it was taken. */
static void
test_unknown (void **state)
{
  follow ("one", "m1@x.test", OUTBOX_UNKNOWN, OUTBOX_FAILED);
  assert_int_equal (server_says ("", "m1@x.test", "bob@x.test", "delayed"), 1);
  assert_int_equal (server_says ("", "m1@x.test", "carol@x.test", "delivered"), 1);
  assert_int_equal (server_says ("", "m1@x.test", "erin@x.test", "delivered"), 0); /* our server refused it */
  are ("bob accepted, Carol delivered, erin failed");
  follow ("one", "m1@x.test", OUTBOX_UNKNOWN, OUTBOX_FAILED);
  are ("bob accepted, Carol delivered, erin failed");
}

static void
test_overdue (void **state)
{
  sent ();
  g_autofree char *soon = states_at (now + 23 * HOURS), *late = states_at (now + 25 * HOURS);
  assert_string_equal (soon, "bob accepted, Carol accepted, erin accepted");
  assert_string_equal (late, "bob overdue, Carol overdue, erin overdue");
  assert_int_equal (server_says ("", "m1@x.test", "bob@x.test", "relayed"), 1);
  g_autoptr (GPtrArray) none = ledger_overdue (ledger, now + 23 * HOURS, 24 * HOURS),
                        two = ledger_overdue (ledger, now + 25 * HOURS, 24 * HOURS),
                        again = ledger_overdue (ledger, now + 26 * HOURS, 24 * HOURS);
  assert_int_equal (none->len, 0);
  assert_int_equal (two->len, 2);
  assert_int_equal (again->len, 0);
  follow ("two", "m2@x.test", OUTBOX_ACCEPTED, OUTBOX_ACCEPTED); /* nobody was asked to report on it */
  g_autoptr (GPtrArray) quiet = ledger_overdue (ledger, now + 50 * HOURS, 24 * HOURS);
  assert_int_equal (quiet->len, 0);
  g_autoptr (GPtrArray) newest = ledger_rows (ledger, NULL, 1, now, 24 * HOURS),
                        all = ledger_rows (ledger, NULL, 10, now, 24 * HOURS);
  assert_int_equal (newest->len, 3);
  assert_int_equal (all->len, 6);
}

/* What others asked of us is answered once, and that is remembered. */
static void
test_answers (void **state)
{
  assert_null (ledger_answered (ledger, "their@y.test"));
  assert_true (ledger_answer (ledger, "their@y.test", "refused", now, NULL));
  ledger_free (ledger);
  ledger = ledger_open (dir, NULL);
  g_autofree char *answer = ledger_answered (ledger, "their@y.test");
  assert_string_equal (answer, "refused");
}

/* It outlives a restart; a damaged one is put aside, so that mail can be sent; and it does not grow for ever. */
static void
test_file (void **state)
{
  g_autofree char *file = g_build_filename (dir, "ledger.db", NULL), *wal = g_strconcat (file, "-wal", NULL),
                  *lost = g_strconcat (file, ".lost", NULL);
  sent ();
  ledger_free (ledger);
  ledger = ledger_open (dir, NULL);
  are ("bob accepted, Carol accepted, erin accepted");
  gint64 then = now;
  now -= (gint64) (LEDGER_DAYS + 1) * 24 * HOURS;
  follow ("old", "m1@x.test", OUTBOX_FAILED, OUTBOX_FAILED);
  now = then;
  ledger_free (ledger);
  ledger = ledger_open (dir, NULL);
  are ("bob accepted, Carol accepted, erin accepted");
  ledger_free (ledger);
  g_unlink (wal);
  assert_true (g_file_set_contents (file, "this is no ledger, but something else that lies there", -1, NULL));
  ledger = ledger_open (dir, NULL);
  assert_non_null (ledger);
  are ("");
  assert_true (g_file_test (lost, G_FILE_TEST_EXISTS));
}

/* Nothing but a step forward is taken, except where two reports contradict each other and the better known one counts. */
static void
test_rule (void **state)
{
  for (int known = LEDGER_QUEUED; known <= LEDGER_DISPLAYED; known++)
    for (int told_state = LEDGER_QUEUED; told_state <= LEDGER_DISPLAYED; told_state++)
      for (int by = LEDGER_SAID; by <= LEDGER_SIGNED; by++)
        for (int by_new = LEDGER_SAID; by_new <= LEDGER_SIGNED; by_new++) {
          const enum ledger_step step = ledger_rule ((enum ledger_state) known, (enum ledger_trust) by,
                                                     (enum ledger_state) told_state, (enum ledger_trust) by_new);
          if (known < LEDGER_UNKNOWN || told_state < LEDGER_ACCEPTED)
            assert_int_equal (step, LEDGER_IGNORE);
          if (told_state < known && known != LEDGER_FAILED && told_state != LEDGER_FAILED)
            assert_int_equal (step, LEDGER_IGNORE);
          if (known == LEDGER_FAILED && told_state > LEDGER_RELAYED && told_state != LEDGER_FAILED && by_new <= by)
            assert_int_equal (step, LEDGER_NOTE); /* a failure is not talked away */
          if (known >= LEDGER_DELIVERED && known != LEDGER_FAILED && told_state == LEDGER_FAILED)
            assert_int_equal (step, by_new >= by ? LEDGER_TAKE : LEDGER_NOTE);
        }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (test_follows, setup, teardown),
    cmocka_unit_test_setup_teardown (test_envelope_id, setup, teardown),
    cmocka_unit_test_setup_teardown (test_whose, setup, teardown),
    cmocka_unit_test_setup_teardown (test_forwards_only, setup, teardown),
    cmocka_unit_test_setup_teardown (test_receipts, setup, teardown),
    cmocka_unit_test_setup_teardown (test_unknown, setup, teardown),
    cmocka_unit_test_setup_teardown (test_overdue, setup, teardown),
    cmocka_unit_test_setup_teardown (test_answers, setup, teardown),
    cmocka_unit_test_setup_teardown (test_file, setup, teardown),
    cmocka_unit_test (test_rule),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
