/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is kept of the mail, without a server: bodies that may go and those that may not, headers beside them, records of earlier versions,
 * and the numbers that tell how far fetching is. */
#include "mail/store/maildir.h"
#include "mail/store/state_p.h"
#include "mail/store/sync_p.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define DAY_S (24 * 60 * 60)
#define HEADER "From: a@b.test\r\nMessage-ID: <%s>\r\nSubject: x\r\n\r\n"

struct world {
  char *dir, *root;
  GString *events;
  struct sync *sync;
};

static gboolean
on_event (const char *event, GVariant *fields, gpointer data)
{
  struct world *world = data;
  g_autofree char *text = g_variant_print (fields, FALSE);
  g_string_append_printf (world->events, "%s %s\n", event, text);
  g_variant_unref (g_variant_ref_sink (fields));
  return TRUE;
}

static void
start (struct world *world, guint keep_days, guint limit_mb)
{
  g_autofree char *file = g_build_filename (world->dir, "state.db", NULL);
  g_clear_pointer (&world->sync, sync_free);
  struct state *state = state_open (file, NULL);
  assert_non_null (state);
  world->sync = sync_new (state, world->root,
                          g_variant_new_parsed ("{'keep_days': <%u>, 'fetch_limit_mb': <%u>}", keep_days, limit_mb),
                          on_event, world);
}

static int
setup (void **state)
{
  struct world *world = g_new0 (struct world, 1);
  world->dir = g_dir_make_tmp ("window-XXXXXX", NULL);
  world->root = g_build_filename (world->dir, "mail", NULL);
  world->events = g_string_new (NULL);
  start (world, 0, 150);
  *state = world;
  return 0;
}

static int
teardown (void **state)
{
  struct world *world = *state;
  const char *argv[] = { "rm", "-rf", world->dir, NULL };
  sync_free (world->sync);
  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
  g_string_free (world->events, TRUE);
  g_free (world->dir);
  g_free (world->root);
  g_free (world);
  return 0;
}

static struct state_folder *
folder (struct world *world, const char *role)
{
  struct state_folder *found = sync_role_folder (world->sync, role);
  assert_non_null (found);
  found->uidvalidity = 7;
  found->present = TRUE;
  state_folder_save (world->sync->state, found);
  return found;
}

static void
write_file (const char *dir, const char *base, const char *flags, const char *text)
{
  int fd = memfd_create ("text", MFD_CLOEXEC);
  assert_true (maildir_make (dir, NULL));
  assert_int_equal (write (fd, text, strlen (text)), strlen (text));
  assert_true (maildir_store (dir, base, flags, fd, NULL));
  close (fd);
}

/* A mail that came so many days ago, whole or its header alone. Returns its path. */
static char *
arrive (struct world *world, const char *role, guint32 uid, guint days, gboolean header_only)
{
  AUTOFREE (state_folder) in = folder (world, role);
  g_autofree char *dir = sync_dir (world->sync, in), *whole = g_strdup_printf ("U7.%u", uid),
                  *base = header_only ? maildir_header_base (whole) : g_strdup (whole),
                  *msgid = g_strdup_printf ("m%u@x", uid), *header = g_strdup_printf (HEADER, msgid),
                  *text = header_only ? g_strdup (header) : g_strconcat (header, "the body\r\n", NULL);
  write_file (dir, base, "S", text);
  struct state_mail mail = { .folder = in->id,
                             .uid = uid,
                             .base = base,
                             .msgid = msgid,
                             .indexed = STATE_INDEXED,
                             .header_only = header_only,
                             .size_bytes = 1000,
                             .date = g_get_real_time () / G_USEC_PER_SEC - (gint64) days * DAY_S,
                             .flags = "S",
                             .server_flags = "S" };
  state_mail_save (world->sync->state, &mail);
  return maildir_path (dir, base, "S");
}

static gboolean
there (const char *path)
{
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
close_window (struct world *world, const char *role)
{
  AUTOFREE (state_folder) in = folder (world, role);
  g_autoptr (GError) error = NULL;
  if (!sync_window_close (world->sync, in, &error))
    fail_msg ("%s", error->message);
}

static struct state_mail *
mail_of (struct world *world, const char *role, guint32 uid)
{
  AUTOFREE (state_folder) in = folder (world, role);
  return state_mail_by_uid (world->sync->state, in->id, uid);
}

/* The bodies of old mail go, and nothing else of it; those that are nowhere else stay. */
static void
test_smaller (void **state)
{
  struct world *world = *state;
  g_autofree char *old = arrive (world, "inbox", 1, 40, FALSE), *new = arrive (world, "inbox", 2, 3, FALSE),
                  *draft = arrive (world, "drafts", 1, 40, FALSE), *moved = arrive (world, "inbox", 3, 40, FALSE),
                  *flagged = arrive (world, "inbox", 4, 40, FALSE), *opened = arrive (world, "inbox", 5, 40, FALSE);
  const char *const move[] = { moved, NULL }, *const flag[] = { flagged, NULL }, *const add[] = { "flagged", NULL },
                    *const none[] = { NULL };
  g_autoptr (GVariant) moves = g_variant_ref_sink (sync_move (world->sync, move, "archive", NULL)),
                       flags = g_variant_ref_sink (sync_flags (world->sync, flag, add, none, NULL));
  AUTOFREE (state_mail) looked_at = mail_of (world, "inbox", 5);
  looked_at->opened = g_get_real_time () / G_USEC_PER_SEC;
  state_mail_save (world->sync->state, looked_at);
  close_window (world, "inbox");
  assert_true (there (old)); /* all is kept */
  start (world, 30, 150);
  close_window (world, "inbox");
  close_window (world, "drafts");
  close_window (world, "archive");
  assert_false (there (old));
  assert_true (there (new) && there (draft) && there (opened));
  g_autofree char *still = g_strconcat (world->root, "/INBOX/cur/U7.4:2,FS", NULL), *header = NULL, *text = NULL,
                  *path = g_strconcat (world->root, "/INBOX/cur/HU7.1:2,S", NULL), *archived = NULL;
  g_variant_get_child (moves, 0, "(ss)", NULL, &archived);
  assert_true (there (still) && there (archived));
  assert_true (g_file_get_contents (path, &text, NULL, NULL));
  header = g_strdup_printf (HEADER, "m1@x");
  assert_string_equal (text, header);
  AUTOFREE (state_mail) mail = mail_of (world, "inbox", 1);
  assert_true (mail->header_only);
  assert_string_equal (mail->base, "HU7.1");
  assert_int_equal (mail->indexed, STATE_NEW);
  g_autofree char *was = g_strdup_printf ("'was': <'%s'>", old);
  assert_non_null (strstr (world->events->str, was));
  /* The record says so again after a crash, and nothing is thrown away. */
  start (world, 30, 150);
  assert_true (there (path) && there (new));
  g_string_truncate (world->events, 0);
  sync_report (world->sync);
  assert_non_null (strstr (world->events->str, "HU7.1:2,S"));
  assert_non_null (strstr (world->events->str, old));
}

static void
test_wanted (void **state)
{
  struct world *world = *state;
  g_autofree char *a = arrive (world, "inbox", 1, 40, TRUE), *b = arrive (world, "inbox", 2, 3, TRUE),
                  *c = arrive (world, "inbox", 3, 10, TRUE), *d = arrive (world, "inbox", 4, 1, FALSE);
  AUTOFREE (state_folder) in = folder (world, "inbox");
  start (world, 30, 1);
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  const struct imap_head fresh[] = { { .uid = 10, .size_bytes = 10, .date = now },
                                     { .uid = 11, .size_bytes = 10, .date = now - 50 * DAY_S },
                                     { .uid = 12, .size_bytes = 2u << 20, .date = now },
                                     { .uid = 13, .size_bytes = 10, .date = 0 } };
  g_array_append_vals (world->sync->heads, fresh, G_N_ELEMENTS (fresh));
  assert_false (sync_window_plan (world->sync, in));
  const guint32 wanted[] = { 2, 3, 10, 13 }, outside[] = { 11, 12 }; /* the newest last */
  assert_int_equal (world->sync->heads->len, G_N_ELEMENTS (wanted));
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    assert_int_equal (g_array_index (world->sync->heads, struct imap_head, i).uid, wanted[i]);
  assert_int_equal (world->sync->outside->len, G_N_ELEMENTS (outside));
  for (guint i = 0; i < G_N_ELEMENTS (outside); i++)
    assert_int_equal (g_array_index (world->sync->outside, struct imap_head, i).uid, outside[i]);
  in->role[0] = '\0';
  g_free (in->role);
  in->role = g_strdup ("drafts"); /* always whole */
  assert_true (sync_window_wants (world->sync, in, now - 50 * DAY_S, 2u << 20));
  assert_false (sync_window_wants (world->sync, in, now, (guint64) IMAP_MESSAGE_MAX + 1));
}

/* The whole mail takes its header's place, with the flags that were set meanwhile. */
static void
test_body (void **state)
{
  struct world *world = *state;
  g_autofree char *header = arrive (world, "inbox", 1, 40, TRUE), *was = NULL;
  const char *const paths[] = { header, NULL }, *const add[] = { "flagged", NULL }, *const none[] = { NULL };
  g_autoptr (GVariant) flags = g_variant_ref_sink (sync_flags (world->sync, paths, add, none, NULL));
  AUTOFREE (state_folder) in = folder (world, "inbox");
  g_autofree char *dir = sync_dir (world->sync, in);
  write_file (dir, "U7.1", "S", "From: a@b\r\n\r\nwhole\r\n");
  AUTOFREE (state_mail) mail = mail_of (world, "inbox", 1);
  state_begin (world->sync->state);
  g_autoptr (GVariant) row = g_variant_ref_sink (sync_body_take (world->sync, in, mail, "S", FALSE, &was));
  assert_true (state_commit (world->sync->state, NULL));
  g_autofree char *whole = maildir_path (dir, "U7.1", "FS"), *flagged = maildir_path (dir, "HU7.1", "FS");
  assert_true (there (whole));
  assert_string_equal (was, flagged);
  /* The index had the header's file: it keeps the mail's tags. What it says of that file later is not said of the new one. */
  g_autofree char *text = g_variant_print (row, FALSE);
  assert_non_null (strstr (text, "'add': <@as []>"));
  const char *const indexed[] = { flagged, NULL };
  assert_true (sync_indexed (world->sync, indexed, NULL));
  AUTOFREE (state_mail) now = mail_of (world, "inbox", 1);
  assert_int_equal (now->indexed, STATE_NEW);
  assert_false (now->header_only);
  /* Killed here: the header's file is not needed any more. */
  assert_true (there (flagged));
  state_folder_set_dirty (world->sync->state, in->id, TRUE);
  start (world, 0, 150);
  assert_false (there (flagged));
  assert_true (there (whole));
  /* Whoever still knows the old name means the mail. */
  struct state_folder *found = NULL;
  AUTOFREE (state_mail) same = sync_find (world->sync, flagged, &found, NULL);
  state_folder_free (found);
  assert_non_null (same);
}

/* Killed before the record: the whole file is nobody's, and comes again. */
static void
test_body_cut_off (void **state)
{
  struct world *world = *state;
  g_autofree char *header = arrive (world, "inbox", 1, 40, TRUE);
  AUTOFREE (state_folder) in = folder (world, "inbox");
  g_autofree char *dir = sync_dir (world->sync, in), *whole = maildir_path (dir, "U7.1", "S");
  write_file (dir, "U7.1", "S", "From: a@b\r\n\r\nwhole\r\n");
  state_folder_set_dirty (world->sync->state, in->id, TRUE);
  start (world, 0, 150);
  assert_true (there (header));
  assert_false (there (whole));
  AUTOFREE (state_mail) mail = mail_of (world, "inbox", 1);
  assert_true (mail->header_only);
}

/* A header is moved like a mail, but never put on the server as one. */
static void
test_header_moves (void **state)
{
  struct world *world = *state;
  g_autofree char *header = arrive (world, "inbox", 1, 40, TRUE), *now = NULL;
  const char *const paths[] = { header, NULL };
  g_autoptr (GVariant) moves = g_variant_ref_sink (sync_move (world->sync, paths, "archive", NULL));
  g_variant_get_child (moves, 0, "(ss)", NULL, &now);
  assert_true (maildir_path_is_header (now));
  assert_false (maildir_path_is_header ("/x/cur/Hello:2,"));
  assert_false (maildir_path_is_header ("/x/cur/U7.1:2,"));
  AUTOFREE (state_folder) archive = folder (world, "archive");
  g_autoptr (GPtrArray) mails = state_mails (world->sync->state, archive->id, STATE_ALL);
  assert_int_equal (mails->len, 1);
  assert_true (((struct state_mail *) g_ptr_array_index (mails, 0))->header_only);
  g_string_truncate (world->events, 0);
  sync_report (world->sync);
  assert_null (strstr (world->events->str, "'protected': <true>"));
}

/* The record of an earlier version: what was skipped as too large is fetched as a header; what is here stays. */
static void
test_earlier_version (void **state)
{
  struct world *world = *state;
  g_autofree char *file = g_build_filename (world->dir, "old.db", NULL);
  struct state *old = state_open_with (
      file,
      "CREATE TABLE folders (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, role TEXT NOT NULL DEFAULT '', dir "
      "TEXT "
      "NOT NULL UNIQUE, delimiter INTEGER NOT NULL, uidvalidity INTEGER NOT NULL DEFAULT 0, uidnext INTEGER NOT NULL "
      "DEFAULT 0, modseq INTEGER NOT NULL DEFAULT 0, present INTEGER NOT NULL DEFAULT 0, dirty INTEGER NOT NULL "
      "DEFAULT "
      "0); CREATE TABLE mails (id INTEGER PRIMARY KEY, folder INTEGER NOT NULL, uid INTEGER, base TEXT NOT NULL, flags "
      "TEXT NOT NULL, server_flags TEXT NOT NULL, msgid TEXT NOT NULL, indexed INTEGER NOT NULL, UNIQUE (folder, "
      "base), "
      "UNIQUE (folder, uid)); INSERT INTO folders VALUES (1, 'INBOX', 'inbox', 'INBOX', 47, 7, 10, 0, 1, 0); "
      "INSERT INTO mails VALUES (1, 1, 1, 'U7.1', '', '', 'm1@x', 1), (2, 1, 2, 'skipped.7.2', '', '', '', 2)",
      NULL);
  assert_non_null (old);
  state_free (old);
  for (guint times = 0; times < 2; times++) {
    AUTOFREE (state) now = state_open (file, NULL);
    assert_non_null (now);
    g_autoptr (GPtrArray) mails = state_mails (now, 1, STATE_ALL);
    assert_int_equal (mails->len, 1);
    const struct state_mail *mail = g_ptr_array_index (mails, 0);
    assert_string_equal (mail->base, "U7.1");
    assert_false (mail->header_only);
    assert_int_equal (mail->date, 0);
    assert_true (state_fine (now, NULL));
  }
}

/* 100 mails of 10 kB a second, then half of it: the rate follows, and the time left runs down without a jump. */
static void
test_progress (void **state)
{
  struct sync_progress progress = { 0 };
  gint64 now = 1000000;
  double before = -1;
  sync_progress_clear (&progress);
  assert_false (sync_progress_tick (&progress, now));
  sync_progress_expect (&progress, 12000, 120000000, now);
  for (guint step = 1; step <= 600 && progress.done < progress.total; step++) {
    guint mails = step <= 120 ? 50 : 25; /* in half a second */
    sync_progress_took (&progress, mails, mails * (guint64) 10000);
    now += G_USEC_PER_SEC / 2;
    assert_true (sync_progress_tick (&progress, now));
    if (step < 4) {
      assert_true (progress.left_s < 0); /* too early to tell */
      continue;
    }
    if (before >= 0)
      assert_in_range ((guint64) (ABS (progress.left_s - before) * 1000), 0, 8000);
    before = progress.left_s;
    if (step == 100) {
      assert_in_range ((guint) progress.rate, 990000, 1010000);
      assert_in_range ((guint) progress.left_s, 65, 75);
    }
    if (step == 200)
      assert_in_range ((guint) progress.rate, 490000, 520000);
  }
  assert_int_equal (progress.done, 12000);
  assert_in_range ((guint) progress.left_s, 0, 2);
  assert_false (sync_progress_tick (&progress, now + 1000)); /* not twice in a moment */
  g_autoptr (GVariant) fields = g_variant_ref_sink (sync_progress_fields (&progress));
  guint32 done = 0, left = 99;
  assert_true (g_variant_lookup (fields, "done", "u", &done) && g_variant_lookup (fields, "left", "u", &left));
  assert_int_equal (done, 12000);
  assert_in_range (left, 0, 2);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (test_smaller, setup, teardown),
    cmocka_unit_test_setup_teardown (test_wanted, setup, teardown),
    cmocka_unit_test_setup_teardown (test_body, setup, teardown),
    cmocka_unit_test_setup_teardown (test_body_cut_off, setup, teardown),
    cmocka_unit_test_setup_teardown (test_header_moves, setup, teardown),
    cmocka_unit_test_setup_teardown (test_earlier_version, setup, teardown),
    cmocka_unit_test (test_progress),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
