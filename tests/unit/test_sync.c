/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail files, their state, and local changes, without a server; also what a crash leaves between two steps. */
#include "mail/engine.h"
#include "mail/store/maildir.h"
#include "mail/store/state_p.h"
#include "mail/store/sync_p.h"
#include "mail/store/tags.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define MAIL(id) "From: a@b\r\nMessage-ID:\r\n <" id ">\r\nSubject: x\r\n\r\nbody\r\n"

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
start (struct world *world)
{
  g_autofree char *file = g_build_filename (world->dir, "state.db", NULL);
  g_autoptr (GError) error = NULL;
  struct state *state = state_open (file, &error);
  if (state == NULL)
    fail_msg ("%s", error->message);
  world->sync = sync_new (state, world->root, g_variant_new ("a{sv}", NULL), on_event, world);
}

static void
restart (struct world *world)
{
  g_clear_pointer (&world->sync, sync_free);
  start (world);
}

static int
setup (void **state)
{
  struct world *world = g_new0 (struct world, 1);
  world->dir = g_dir_make_tmp ("sync-XXXXXX", NULL);
  world->root = g_build_filename (world->dir, "mail", NULL);
  world->events = g_string_new (NULL);
  start (world);
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
  return found;
}

static int
file_with (const char *text)
{
  int fd = memfd_create ("text", MFD_CLOEXEC);
  assert_int_equal (write (fd, text, strlen (text)), strlen (text));
  return fd;
}

/* A mail as a pull leaves it. Returns its path. */
static char *
arrive (struct world *world, const char *role, guint32 uid, const char *flags, const char *msgid)
{
  AUTOFREE (state_folder) in = folder (world, role);
  g_autofree char *dir = sync_dir (world->sync, in), *base = g_strdup_printf ("U7.%u", uid);
  g_autofree char *text = g_strdup_printf ("Message-ID: <%s>\r\n\r\nbody\r\n", msgid);
  in->uidvalidity = 7;
  in->present = TRUE;
  state_folder_save (world->sync->state, in);
  assert_true (maildir_make (dir, NULL));
  int fd = file_with (text);
  assert_true (maildir_store (dir, base, flags, fd, NULL));
  close (fd);
  struct state_mail mail
      = { .folder = in->id, .uid = uid, .base = base, .msgid = (char *) msgid, .indexed = STATE_INDEXED };
  g_strlcpy (mail.flags, flags, sizeof mail.flags);
  g_strlcpy (mail.server_flags, flags, sizeof mail.server_flags);
  state_mail_save (world->sync->state, &mail);
  return maildir_path (dir, base, flags);
}

static char *
second_of (GVariant *moves_take)
{
  g_autoptr (GVariant) moves = g_variant_ref_sink (moves_take);
  char *path = NULL;
  assert_int_equal (g_variant_n_children (moves), 1);
  g_variant_get_child (moves, 0, "(ss)", NULL, &path);
  return path;
}

static const char *const nothing[] = { NULL };

static void
test_flags (void **state)
{
  struct world *world = *state;
  g_autofree char *path = arrive (world, "inbox", 1, "", "a@x");
  const char *const paths[] = { path, NULL }, *const seen[] = { "seen", "flagged", NULL },
                    *const odd[] = { "purple", NULL };
  assert_null (sync_flags (world->sync, paths, odd, nothing, NULL));
  assert_false (sync_has_changes (world->sync));
  g_autofree char *flagged = second_of (sync_flags (world->sync, paths, seen, nothing, NULL));
  assert_true (g_str_has_suffix (flagged, ":2,FS"));
  assert_true (g_file_test (flagged, G_FILE_TEST_EXISTS));
  assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  assert_true (sync_has_changes (world->sync));
  /* The old name still names the mail; taking the flags back leaves nothing to push. */
  g_autofree char *back = second_of (sync_flags (world->sync, paths, nothing, seen, NULL));
  assert_string_equal (back, path);
  assert_false (sync_has_changes (world->sync));
  const char *const outside[] = { "/etc/cur/passwd:2,", NULL };
  assert_null (sync_flags (world->sync, outside, seen, nothing, NULL));
}

static void
test_move_and_back (void **state)
{
  struct world *world = *state;
  g_autofree char *path = arrive (world, "inbox", 1, "S", "a@x");
  const char *const paths[] = { path, NULL };
  g_autofree char *archived = second_of (sync_move (world->sync, paths, "archive", NULL));
  assert_non_null (strstr (archived, "/Archive/cur/"));
  assert_true (g_file_test (archived, G_FILE_TEST_EXISTS));
  assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_autoptr (GPtrArray) changes = state_changes (world->sync->state);
  assert_int_equal (changes->len, 1);
  assert_int_equal (((struct state_change *) g_ptr_array_index (changes, 0))->uid, 1);
  const char *const there[] = { archived, NULL };
  g_autofree char *trashed = second_of (sync_move (world->sync, there, "trash", NULL));
  const char *const in_trash[] = { trashed, NULL };
  g_autofree char *home = second_of (sync_move (world->sync, in_trash, "inbox", NULL));
  assert_non_null (strstr (home, "/INBOX/cur/"));
  assert_false (sync_has_changes (world->sync)); /* it never left, as far as the server is concerned */
  assert_null (sync_move (world->sync, in_trash, "nowhere", NULL));
}

static char *
append_once (struct world *world, const char *role, const char *message, const char *const *flags, const char *replaces,
             const char *key)
{
  int fd = file_with (message);
  char *path = sync_append (world->sync, role, fd, flags, replaces, key, NULL);
  close (fd);
  return path;
}

static char *
append (struct world *world, const char *role, const char *message, const char *const *flags, const char *replaces)
{
  return append_once (world, role, message, flags, replaces, NULL);
}

static void
test_append_and_remove (void **state)
{
  struct world *world = *state;
  const char *message = MAIL ("d@x");
  const char *const draft[] = { "draft", NULL };
  g_autofree char *first = append (world, "drafts", message, draft, NULL);
  assert_true (g_str_has_suffix (first, ":2,D"));
  AUTOFREE (state_folder) drafts = folder (world, "drafts");
  g_autoptr (GPtrArray) mails = state_mails (world->sync->state, drafts->id, STATE_ALL);
  assert_string_equal (((struct state_mail *) g_ptr_array_index (mails, 0))->msgid, "d@x");
  g_autofree char *second = append (world, "drafts", message, draft, first);
  assert_false (g_file_test (first, G_FILE_TEST_EXISTS));
  assert_true (g_file_test (second, G_FILE_TEST_EXISTS));
  g_autoptr (GPtrArray) changes = state_changes (world->sync->state);
  assert_int_equal (changes->len, 1); /* the first was never sent, so there is nothing to remove */
  const char *const paths[] = { second, NULL };
  g_autofree char *sent = append (world, "sent", message, draft, NULL); /* the same message, and no draft of it */
  g_auto (GStrv) found = sync_drafts (world->sync, "d@x"), none = sync_drafts (world->sync, "e@x"),
                 nameless = sync_drafts (world->sync, "");
  assert_int_equal (g_strv_length (found), 1);
  assert_string_equal (found[0], second);
  assert_int_equal (g_strv_length (none) + g_strv_length (nameless), 0);
  const char *const records[] = { sent, NULL };
  assert_true (sync_remove (world->sync, records, NULL));
  assert_true (sync_remove (world->sync, paths, NULL));
  assert_true (sync_remove (world->sync, paths, NULL));
  assert_false (sync_has_changes (world->sync));
  g_autofree char *path = arrive (world, "inbox", 3, "", "e@x");
  const char *const server[] = { path, NULL };
  assert_true (sync_remove (world->sync, server, NULL));
  assert_true (sync_has_changes (world->sync));
  assert_non_null (strstr (world->events->str, path));
}

/* Reported until it is confirmed, over restarts. */
/* A record of a sent mail may be handed in again after a crash; a draft with one Message-ID is a new version each time. */
static void
test_append_twice (void **state)
{
  struct world *world = *state;
  const char *message = MAIL ("twice@x");
  g_autofree char *first = append (world, "sent", message, nothing, NULL);
  restart (world);
  g_autofree char *again = append (world, "sent", message, nothing, NULL);
  assert_string_equal (first, again);
  g_autoptr (GPtrArray) changes = state_changes (world->sync->state);
  assert_int_equal (changes->len, 1);
  g_autofree char *draft = append (world, "drafts", message, nothing, NULL);
  g_autofree char *newer = append (world, "drafts", message, nothing, NULL);
  assert_string_not_equal (draft, newer);
}

/* Two mails may have one Message-ID: each has its record. The same one is kept once, whatever became of it since. */
static void
test_append_key (void **state)
{
  struct world *world = *state;
  const char *message = MAIL ("one@x"), *other = MAIL ("one@x") "and more\r\n";
  g_autofree char *first = append_once (world, "sent", message, nothing, NULL, "k1");
  g_autofree char *second = append_once (world, "sent", other, nothing, NULL, "k2");
  assert_string_not_equal (first, second);
  assert_true (g_file_test (first, G_FILE_TEST_EXISTS) && g_file_test (second, G_FILE_TEST_EXISTS));
  restart (world);
  g_autofree char *first_again = append_once (world, "sent", message, nothing, NULL, "k1"),
                  *second_again = append_once (world, "sent", other, nothing, NULL, "k2");
  assert_string_equal (first, first_again);
  assert_string_equal (second, second_again);
  /* Elsewhere, or gone. */
  const char *const moving[] = { first, NULL }, *const going[] = { second, NULL };
  g_autofree char *moved = second_of (sync_move (world->sync, moving, "archive", NULL));
  assert_true (sync_remove (world->sync, going, NULL));
  g_autofree char *there = append_once (world, "sent", message, nothing, NULL, "k1"),
                  *gone = append_once (world, "sent", other, nothing, NULL, "k2");
  assert_string_equal (there, moved);
  assert_string_equal (gone, "");
  /* A record of an earlier version knows no keys. */
  g_autofree char *old = append (world, "sent", MAIL ("old@x"), nothing, NULL);
  state_run (world->sync->state, "DROP TABLE kept", "");
  restart (world);
  g_autofree char *old_again = append_once (world, "sent", MAIL ("old@x"), nothing, NULL, "k3"),
                  *newer = append_once (world, "sent", MAIL ("old@x") "new\r\n", nothing, NULL, "k4"),
                  *newer_again = append_once (world, "sent", MAIL ("old@x") "new\r\n", nothing, NULL, "k4");
  assert_string_equal (old, old_again);
  assert_string_not_equal (old, newer);
  assert_string_equal (newer, newer_again);
}

static void
test_report (void **state)
{
  struct world *world = *state;
  const char *message = MAIL ("d@x");
  g_autofree char *path = append (world, "sent", message, nothing, NULL);
  const char *const paths[] = { path, NULL };
  g_string_truncate (world->events, 0);
  restart (world);
  sync_report (world->sync);
  assert_non_null (strstr (world->events->str, path));
  assert_non_null (strstr (world->events->str, "'add': <['sent', 'unread']>"));
  assert_true (sync_indexed (world->sync, paths, NULL));
  g_string_truncate (world->events, 0);
  restart (world);
  sync_report (world->sync);
  assert_string_equal (world->events->str, "");
}

/* The index may not have heard of what we did last: it is told again, and not for ever. */
static void
test_news (void **state)
{
  struct world *world = *state;
  g_autofree char *read = arrive (world, "inbox", 1, "", "a@x"), *kept = arrive (world, "inbox", 2, "", "b@x"),
                  *gone = arrive (world, "inbox", 3, "", "c@x");
  const char *const to_read[] = { read, NULL }, *const to_move[] = { kept, NULL }, *const to_remove[] = { gone, NULL },
                    *const seen[] = { "seen", NULL };
  g_autofree char *read_now = second_of (sync_flags (world->sync, to_read, seen, nothing, NULL));
  g_autofree char *kept_now = second_of (sync_move (world->sync, to_move, "archive", NULL));
  assert_true (sync_remove (world->sync, to_remove, NULL));
  g_string_truncate (world->events, 0);
  restart (world);
  sync_report (world->sync);
  g_autofree char *first = g_strdup_printf ("('%s', '%s', @as [], ['unread'", read, read_now);
  g_autofree char *second = g_strdup_printf ("('%s', '%s', ['archive'", kept, kept_now),
                  *third = g_strdup_printf ("removed {'paths': <['%s']>, 'tags': <['inbox']>}", gone);
  if (strstr (world->events->str, first) == NULL || strstr (world->events->str, second) == NULL
      || strstr (world->events->str, third) == NULL)
    fail_msg ("%s", world->events->str);
  state_begin (world->sync->state);
  state_news_expire (world->sync->state, G_MAXINT64);
  assert_true (state_commit (world->sync->state, NULL));
  g_string_truncate (world->events, 0);
  restart (world);
  sync_report (world->sync);
  assert_string_equal (world->events->str, "");
}

/* What was renamed and removed before the index heard of either goes under every name, and only its own. */
static void
test_gone_names (void **state)
{
  struct world *world = *state;
  g_autofree char *first = arrive (world, "inbox", 1, "", "a@x"), *other = arrive (world, "inbox", 2, "", "b@x");
  const char *const paths[] = { first, NULL }, *const others[] = { other, NULL }, *const seen[] = { "seen", NULL },
                    *const flagged[] = { "flagged", NULL };
  g_autofree char *read = second_of (sync_flags (world->sync, paths, seen, nothing, NULL));
  g_autofree char *both = second_of (sync_flags (world->sync, paths, flagged, nothing, NULL));
  g_autofree char *other_now = second_of (sync_flags (world->sync, others, seen, nothing, NULL));
  g_string_truncate (world->events, 0);
  assert_true (sync_remove (world->sync, paths, NULL));
  g_autofree char *event = g_strdup_printf (
      "removed {'paths': <['%s', '%s', '%s']>, 'tags': <['inbox', 'inbox', 'inbox']>}\n", first, read, both);
  assert_string_equal (world->events->str, event);
  assert_false (g_file_test (both, G_FILE_TEST_EXISTS));
  assert_true (g_file_test (other_now, G_FILE_TEST_EXISTS));
  /* A later mail that gets the same number in the records has nothing to do with them. */
  g_autofree char *later = arrive (world, "inbox", 3, "", "c@x");
  g_string_truncate (world->events, 0);
  restart (world);
  sync_report (world->sync);
  assert_null (strstr (world->events->str, later));
  assert_non_null (strstr (world->events->str, first));
}

static void
test_find (void **state)
{
  struct world *world = *state;
  g_autofree char *path = arrive (world, "inbox", 1, "", "a@x");
  const char *const paths[] = { path, NULL }, *const flags[] = { "seen", "flagged", "answered", NULL };
  g_autofree char *now = second_of (sync_flags (world->sync, paths, flags, nothing, NULL)),
                  *found = maildir_find (path), *same = maildir_find (now);
  assert_string_equal (found, now);
  assert_string_equal (same, now);
  assert_true (sync_remove (world->sync, paths, NULL));
  assert_null (maildir_find (path));
  assert_null (maildir_find ("/etc/nothing"));
}

static guint
take_rows (GVariant *page, GPtrArray *paths)
{
  g_autoptr (GVariant) rows = g_variant_ref_sink (page);
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    char *path = NULL;
    assert_true (g_variant_lookup (row, "path", "s", &path));
    g_ptr_array_add (paths, path);
  }
  return (guint) g_variant_n_children (rows);
}

/* All mail page by page, as it is told of to an index that is made anew: each once, and one that moves meanwhile, too. */
static void
test_rows (void **state)
{
  struct world *world = *state;
  g_autofree char *a = arrive (world, "inbox", 1, "", "a@x"), *b = arrive (world, "inbox", 2, "S", "b@x"),
                  *c = arrive (world, "inbox", 3, "", "c@x");
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  gint64 next = -1;
  guint left = 0;
  assert_int_equal (take_rows (sync_rows (world->sync, 0, 0, &next, &left, NULL), paths), 0);
  assert_int_equal (left, 3);
  assert_int_equal (take_rows (sync_rows (world->sync, 0, 2, &next, &left, NULL), paths), 2);
  assert_string_equal (paths->pdata[0], c);
  assert_string_equal (paths->pdata[1], b);
  const char *moved[] = { a, NULL };
  g_autofree char *now = second_of (sync_move (world->sync, moved, "archive", NULL));
  assert_int_equal (take_rows (sync_rows (world->sync, next, 2, &next, &left, NULL), paths), 1);
  assert_string_equal (paths->pdata[2], now);
  assert_int_equal (next, 0);
  g_ptr_array_set_size (paths, 0);
  assert_int_equal (take_rows (sync_rows_newest (world->sync, 1, NULL), paths), 1);
  assert_string_equal (paths->pdata[0], c);
}

/* What kill -9 leaves: half-written files, a whole one without a record, a second name, a record without its file, an old name. */
static void
test_sweep (void **state)
{
  struct world *world = *state;
  g_autofree char *kept = arrive (world, "inbox", 1, "", "a@x"), *lost = arrive (world, "inbox", 2, "", "b@x");
  AUTOFREE (state_folder) inbox = folder (world, "inbox");
  assert_true (sync_mark_dirty (world->sync, inbox, NULL));
  g_autofree char *dir = sync_dir (world->sync, inbox), *half = g_build_filename (dir, "tmp", "L1.half", NULL);
  g_autofree char *whole = maildir_path (dir, "U7.9", "S"), *other_life = maildir_path (dir, "U6.4", ""),
                  *second = maildir_path (dir, "L1.2_3.4", "");
  const char *const files[] = { half, whole, other_life, second };
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    assert_true (g_file_set_contents (files[i], MAIL ("w@x"), -1, NULL));
  g_unlink (lost);
  g_autofree char *renamed = maildir_path (dir, "U7.1", "F");
  assert_int_equal (g_rename (kept, renamed), 0);
  restart (world);
  assert_false (g_file_test (half, G_FILE_TEST_EXISTS));
  assert_false (g_file_test (other_life, G_FILE_TEST_EXISTS));
  assert_false (g_file_test (second, G_FILE_TEST_EXISTS));
  assert_true (g_file_test (whole, G_FILE_TEST_EXISTS));
  AUTOFREE (state_mail) adopted = state_mail_by_uid (world->sync->state, inbox->id, 9);
  assert_non_null (adopted);
  assert_string_equal (adopted->msgid, "w@x");
  assert_null (state_mail_by_uid (world->sync->state, inbox->id, 2));
  /* A name that its record knows nothing of is taken back. */
  assert_true (g_file_test (kept, G_FILE_TEST_EXISTS));
  assert_false (g_file_test (renamed, G_FILE_TEST_EXISTS));
}

/* A mail with two names, its move recorded, the first name not yet removed. */
static void
test_half_moved (void **state)
{
  struct world *world = *state;
  g_autofree char *path = arrive (world, "inbox", 1, "", "a@x");
  const char *const paths[] = { path, NULL };
  g_autofree char *moved = second_of (sync_move (world->sync, paths, "archive", NULL));
  assert_int_equal (link (moved, path), 0);
  restart (world);
  assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  assert_true (g_file_test (moved, G_FILE_TEST_EXISTS));
  assert_true (sync_has_changes (world->sync));
}

/* Whether the next start would look at the folder's files. */
static gboolean
is_marked (struct world *world, const char *role)
{
  AUTOFREE (state_folder) one = folder (world, role);
  return one->dirty;
}

/* Once nothing is under way the next start has nothing to look for; unless something went wrong. */
static void
test_rest (void **state)
{
  struct world *world = *state;
  g_autofree char *path = arrive (world, "inbox", 1, "", "a@x");
  const char *const paths[] = { path, NULL };
  sync_rest (world->sync);
  g_autofree char *moved = second_of (sync_move (world->sync, paths, "archive", NULL));
  assert_true (is_marked (world, "inbox") && is_marked (world, "archive"));
  sync_rest (world->sync);
  assert_false (is_marked (world, "inbox") || is_marked (world, "archive"));
  /* Then files are not looked at, and what lies there stays. */
  g_autofree char *stray = g_strconcat (path, "", NULL);
  assert_true (g_file_set_contents (stray, "x", 1, NULL));
  restart (world);
  assert_true (g_file_test (stray, G_FILE_TEST_EXISTS));
  /* What cannot be removed (it is a folder) is looked at again. */
  const char *const gone[] = { moved, NULL };
  assert_true (g_unlink (moved) == 0 && g_mkdir (moved, 0700) == 0);
  assert_true (sync_remove (world->sync, gone, NULL));
  sync_rest (world->sync);
  assert_true (is_marked (world, "archive"));
}

static void
test_batch (void **state)
{
  struct world *world = *state;
  g_autofree char *dir = g_build_filename (world->dir, "box", NULL);
  assert_true (maildir_make (dir, NULL));
  AUTOFREE (maildir_batch) batch = maildir_batch_new (dir);
  g_autoptr (GBytes) look = NULL;
  for (int i = 0; i < 30000; i++)
    assert_true (maildir_batch_write (batch, "0123456789", 10, NULL));
  assert_true (maildir_batch_end (batch, "one", "S", 1000, &look, NULL));
  assert_int_equal (g_bytes_get_size (look), 300000);
  assert_true (maildir_batch_write (batch, "dropped", 7, NULL));
  maildir_batch_drop (batch);
  assert_true (maildir_batch_write (batch, "two", 3, NULL));
  assert_true (maildir_batch_end (batch, "two", "", 0, NULL, NULL));
  g_autoptr (GPtrArray) before = maildir_list (dir);
  assert_int_equal (before->len, 0);
  assert_true (maildir_batch_commit (batch, NULL));
  g_autoptr (GPtrArray) after = maildir_list (dir);
  assert_int_equal (after->len, 2);
  g_autofree char *one = maildir_path (dir, "one", "S"), *bytes = NULL;
  gsize size = 0;
  assert_true (g_file_get_contents (one, &bytes, &size, NULL));
  assert_int_equal (size, 300000);
}

/* More than a mail's start that is looked at. */
static void
test_batch_long (void **state)
{
  struct world *world = *state;
  g_autofree char *dir = g_build_filename (world->dir, "long", NULL), *piece = g_strnfill (100000, 'x'),
                  *path = maildir_path (dir, "long", "");
  assert_true (maildir_make (dir, NULL));
  AUTOFREE (maildir_batch) batch = maildir_batch_new (dir);
  g_autoptr (GBytes) look = NULL, next = NULL;
  for (int i = 0; i < 20; i++)
    assert_true (maildir_batch_write (batch, piece, 100000, NULL));
  assert_true (maildir_batch_end (batch, "long", "", 0, &look, NULL));
  assert_int_equal (g_bytes_get_size (look), 512 * 1024);
  assert_true (maildir_batch_write (batch, "short", 5, NULL));
  assert_true (maildir_batch_end (batch, "short", "", 0, &next, NULL));
  assert_int_equal (g_bytes_get_size (next), 5);
  assert_true (maildir_batch_commit (batch, NULL));
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);
  assert_int_equal (g_mapped_file_get_length (file), 2000000);
}

/* Files of one flight after the other, few and many of them; what is not committed leaves nothing, and a disk that fails is told of once. */
static void
test_flight (void **state)
{
  struct world *world = *state;
  g_autofree char *dir = g_build_filename (world->dir, "flight", NULL), *cur = g_build_filename (dir, "cur", NULL),
                  *tmp = g_build_filename (dir, "tmp", NULL);
  const guint counts[] = { 1, 3, 100, 0, 40 };
  g_autoptr (GError) error = NULL;
  guint made = 0;
  assert_true (maildir_make (dir, NULL));
  AUTOFREE (maildir_batch) batch = maildir_batch_new (dir);
  AUTOFREE (maildir_flight) flight = maildir_flight_new ();
  assert_true (maildir_flight_wait (flight, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++) {
    for (guint k = 0; k < counts[i]; k++) {
      g_autofree char *name = g_strdup_printf ("mail%u", made++);
      assert_true (maildir_batch_write (batch, name, strlen (name), NULL));
      assert_true (maildir_batch_end (batch, name, "S", 0, NULL, NULL));
    }
    maildir_flight_start (flight, maildir_batch_take (batch));
    assert_int_equal (maildir_batch_count (batch), 0);
    assert_true (maildir_flight_wait (flight, NULL));
    assert_false (maildir_flight_is_busy (flight));
    g_autoptr (GPtrArray) there = maildir_list (dir);
    assert_int_equal (there->len, made);
  }
  assert_true (maildir_batch_write (batch, "x", 1, NULL) && maildir_batch_end (batch, "lost", "", 0, NULL, NULL));
  g_autofree char *aside = g_strconcat (cur, ".aside", NULL);
  assert_int_equal (g_rename (cur, aside), 0);
  maildir_flight_start (flight, maildir_batch_take (batch));
  assert_false (maildir_flight_wait (flight, &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_FAILED));
  assert_true (maildir_flight_wait (flight, NULL));
  g_clear_pointer (&batch, maildir_batch_free);
  g_autoptr (GDir) left = g_dir_open (tmp, 0, NULL);
  assert_null (g_dir_read_name (left));
}

static void
test_rollback (void **state)
{
  struct world *world = *state;
  AUTOFREE (state_folder) inbox = folder (world, "inbox");
  struct state_mail first = { .folder = inbox->id, .uid = 5, .base = (char *) "one", .msgid = (char *) "" };
  struct state_mail same_uid = { .folder = inbox->id, .uid = 5, .base = (char *) "two", .msgid = (char *) "" };
  g_autoptr (GError) error = NULL;
  state_begin (world->sync->state);
  state_mail_save (world->sync->state, &first);
  state_mail_save (world->sync->state, &same_uid);
  assert_false (state_commit (world->sync->state, &error));
  assert_non_null (error);
  assert_int_equal (state_count (world->sync->state, inbox->id), 0);
  first.id = 0;
  state_begin (world->sync->state);
  state_mail_save (world->sync->state, &first);
  assert_true (state_commit (world->sync->state, NULL));
  assert_int_equal (state_count (world->sync->state, inbox->id), 1);
}

static void
test_tags (void **state)
{
  const struct {
    const char *old_role, *old_flags, *role, *flags, *add, *remove;
  } cases[] = {
    { NULL, NULL, "inbox", "", "inbox,unread", "" },
    { NULL, NULL, "", "FRS", "flagged,replied", "" },
    { "inbox", "", "inbox", "S", "", "unread" },
    { "inbox", "S", "trash", "S", "deleted", "inbox" },
    { "sent", "FS", "sent", "P", "unread,passed", "flagged" },
    { "junk", "", "junk", "", "", "" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GPtrArray) add = g_ptr_array_new ();
    g_autoptr (GPtrArray) remove = g_ptr_array_new ();
    tags_between (cases[i].old_role, cases[i].old_flags, cases[i].role, cases[i].flags, add, remove);
    g_ptr_array_add (add, NULL);
    g_ptr_array_add (remove, NULL);
    g_autofree char *adds = g_strjoinv (",", (char **) add->pdata),
                    *removes = g_strjoinv (",", (char **) remove->pdata);
    assert_string_equal (adds, cases[i].add);
    assert_string_equal (removes, cases[i].remove);
  }
  char merged[8];
  tags_flags_merge ("S", "FS", "RS", merged); /* flagged here, answered there */
  assert_string_equal (merged, "FRS");
  tags_flags_merge ("FS", "S", "FS", merged); /* unflagged here */
  assert_string_equal (merged, "S");
  tags_flags_merge ("", "S", "", merged); /* read here, not yet pushed */
  assert_string_equal (merged, "S");
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
int
main (void)
{
  const struct CMUnitTest tests[]
      = { TEST (test_flags),        TEST (test_move_and_back), TEST (test_append_and_remove),
          TEST (test_append_twice), TEST (test_report),        TEST (test_news),
          TEST (test_append_key),   TEST (test_report),        TEST (test_news),
          TEST (test_gone_names),   TEST (test_find),          TEST (test_rows),
          TEST (test_sweep),        TEST (test_half_moved),    TEST (test_rest),
          TEST (test_batch),        TEST (test_batch_long),    TEST (test_flight),
          TEST (test_rollback),     TEST (test_tags) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
