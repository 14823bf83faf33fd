/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The outbox's clock: whatever becomes of a run, what waits for its time has a next one. The workers are this test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mail/engine.h"
#include "mail/engine/working.h"

struct asked {
  char method[16];
  supervised_done_fn done;
  gpointer data;
};

static struct asked last; /* what a worker was asked, and has not answered */
static guint runs;
static char *key, *notice; /* of the last append; what people were told last */

/* ---- in place of the engine around it ---- */

void __wrap_supervised_call (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds,
                             gpointer origin, supervised_done_fn done, gpointer data);
void
__wrap_supervised_call (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds,
                        gpointer origin, supervised_done_fn done, gpointer data)
{
  g_autoptr (GVariant) own = fields != NULL ? g_variant_ref_sink (fields) : NULL;
  if (strcmp (method, "append") == 0) {
    g_clear_pointer (&key, g_free);
    (void) g_variant_lookup (own, "key", "s", &key);
  }
  if (strcmp (method, "filed") == 0)
    return;
  g_strlcpy (last.method, method, sizeof last.method);
  last.done = done;
  last.data = data;
  runs += strcmp (method, "run") == 0 ? 1 : 0;
}

void __wrap_server_event (struct server *server, const char *event, GVariant *fields);
void
__wrap_server_event (struct server *server, const char *event, GVariant *fields)
{
  g_autoptr (GVariant) own = fields != NULL ? g_variant_ref_sink (fields) : NULL;
  if (strcmp (event, "notice") == 0) {
    g_clear_pointer (&notice, g_free);
    (void) g_variant_lookup (own, "text", "s", &notice);
  }
}

void __wrap_core_notice (struct core *core, const char *text);
void
__wrap_core_notice (struct core *core, const char *text)
{
  g_free (notice);
  notice = g_strdup (text);
}

void __wrap_core_changed (struct core *core);
void
__wrap_core_changed (struct core *core)
{
}

static void
answer (const char *method, GVariant *reply, GUnixFDList *fds, const GError *error)
{
  struct asked now = last;
  g_autoptr (GVariant) own = reply != NULL ? g_variant_ref_sink (reply) : NULL;
  assert_string_equal (now.method, method);
  *last.method = '\0';
  now.done (own, fds, error, now.data);
}

/* As if its time had come. */
static void
strike (guint timer)
{
  assert_int_not_equal (timer, 0);
  g_source_set_ready_time (g_main_context_find_source_by_id (NULL, timer), 0);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* ---- tests ---- */

struct world {
  struct core core;
  struct account named;
  struct core_account account;
};

static int
setup (void **state)
{
  struct world *world = g_new0 (struct world, 1);
  world->account.core = &world->core;
  world->account.account = &world->named;
  world->named.smtp_host = (char *) "mail.x";
  world->account.watchers = g_hash_table_new (g_str_hash, g_str_equal);
  g_queue_init (&world->account.runs);
  runs = 0;
  *state = world;
  return 0;
}

static int
teardown (void **state)
{
  struct world *world = *state;
  g_clear_handle_id (&world->account.due_timer, g_source_remove);
  g_clear_handle_id (&world->account.silence_timer, g_source_remove);
  g_hash_table_unref (world->account.watchers);
  g_clear_pointer (&key, g_free);
  g_clear_pointer (&notice, g_free);
  g_free (world);
  return 0;
}

/* One that the server has and whose record is not in Sent yet, and one that still waits. */
static GVariant *
rows (void)
{
  const gint64 soon = g_get_real_time () / G_USEC_PER_SEC + 100;
  return g_variant_new_parsed (
      "{'rows': <[{'id': <'a'>, 'state': <'accepted'>, 'message_id': <'a@b'>, 'sent': <handle 0>}, {'id': <'b'>, "
      "'state': <'ready'>, 'next': <%x>, 'not_before': <%x>}]>, 'late': <@as []>}",
      soon, soon);
}

static void
test_due_while_filing (void **state)
{
  struct core_account *account = &((struct world *) *state)->account;
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  assert_int_equal (g_unix_fd_list_append (fds, fd, NULL), 0);
  close (fd);
  outbox_run (account, NULL, "", NULL, NULL);
  answer ("run", rows (), fds, NULL);
  strike (account->due_timer); /* the record of the first is still on its way */
  assert_int_equal (runs, 1);
  assert_string_equal (key, "a"); /* not its Message-ID: another mail may have the same */
  answer ("append", g_variant_new_parsed ("{'path': <''>}"), NULL, NULL); /* it was there, and was taken away */
  assert_int_equal (runs, 2);
  answer ("run", g_variant_new_parsed ("{'rows': <@aa{sv} []>, 'late': <@as []>}"), NULL, NULL);
  assert_false (account->filing);
  assert_int_equal (account->due_timer, 0);
}

/* Who was taken out did not get it, and nobody says so. */
static void
test_told (void **state)
{
  struct core_account *account = &((struct world *) *state)->account;
  outbox_run (account, NULL, "", NULL, NULL);
  answer ("run",
          g_variant_new_parsed ("{'rows': <[{'id': <'a'>, 'state': <'accepted'>, 'tried': <true>, 'people': "
                                "<[{'address': <'bob@x'>, 'state': <'accepted'>}, {'address': <'eve@x'>, 'state': "
                                "<'dropped'>}]>}]>, 'late': <@as []>}"),
          NULL, NULL);
  assert_string_equal (notice, "Sent to bob@x. It was taken out of the Outbox for eve@x, and not sent there.");
}

static void
test_run_that_failed (void **state)
{
  struct core_account *account = &((struct world *) *state)->account;
  g_autoptr (GError) lost = g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_LOST, "It stopped."),
                     cancelled = g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_CANCELLED, "It was stopped.");
  outbox_run (account, NULL, "", NULL, NULL);
  answer ("run", NULL, NULL, lost);
  strike (account->due_timer);
  assert_int_equal (runs, 2);
  answer ("run", NULL, NULL, cancelled);
  assert_false (account->filing);
  assert_int_equal (account->due_timer, 0); /* the account is no more */
}

/* Whoever waits is told for what, once; not while the mail moves. */
static void
test_silence (void **state)
{
  struct core_account *account = &((struct world *) *state)->account;
  g_autoptr (GVariant) moved
      = g_variant_ref_sink (g_variant_new_parsed ("{'id': <'a'>, 'done': <uint64 1>, 'total': <uint64 9>}"));
  outbox_run (account, NULL, "", NULL, NULL);
  const guint before = account->silence_timer;
  working_smtp_event (account, "working", moved);
  assert_null (g_main_context_find_source_by_id (NULL, before));
  assert_null (notice);
  strike (account->silence_timer);
  assert_string_equal (notice, "Waiting for mail.x to answer…");
  working_smtp_event (account, "working", moved);
  assert_int_equal (account->silence_timer, 0);
  answer ("run", g_variant_new_parsed ("{'rows': <@aa{sv} []>, 'late': <@as []>}"), NULL, NULL);
  outbox_run (account, NULL, "", NULL, NULL);
  assert_int_not_equal (account->silence_timer, 0);
  answer ("run", g_variant_new_parsed ("{'rows': <@aa{sv} []>, 'late': <@as []>}"), NULL, NULL);
  assert_int_equal (account->silence_timer, 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (test_due_while_filing, setup, teardown),
    cmocka_unit_test_setup_teardown (test_told, setup, teardown),
    cmocka_unit_test_setup_teardown (test_silence, setup, teardown),
    cmocka_unit_test_setup_teardown (test_run_that_failed, setup, teardown),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
