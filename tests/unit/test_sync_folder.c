/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person does to folders without a server, what is remembered of it, and a record of an earlier version that is taken over. */
#include "mail/engine.h"
#include "mail/store/maildir.h"
#include "mail/store/state_p.h"
#include "mail/store/sync_p.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

struct world {
  char *dir, *root, *file;
  struct state *state; /* the sync's */
  struct sync *sync;
};

static gboolean
on_event (const char *event, GVariant *fields, gpointer data)
{
  g_variant_unref (g_variant_ref_sink (fields));
  return TRUE;
}

static void
start (struct world *world, gboolean only_subscribed)
{
  g_autoptr (GError) error = NULL;
  g_clear_pointer (&world->sync, sync_free);
  world->state = state_open (world->file, &error);
  if (world->state == NULL)
    fail_msg ("%s", error->message);
  world->sync = sync_new (world->state, world->root,
                          g_variant_new_parsed ("{'only_subscribed': <%b>}", only_subscribed), on_event, world);
}

static int
setup (void **state)
{
  struct world *world = g_new0 (struct world, 1);
  world->dir = g_dir_make_tmp ("folders-XXXXXX", NULL);
  world->root = g_build_filename (world->dir, "mail", NULL);
  world->file = g_build_filename (world->dir, "state.db", NULL);
  start (world, FALSE);
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
  g_free (world->dir);
  g_free (world->root);
  g_free (world->file);
  g_free (world);
  return 0;
}

/* As the server listed it. */
static struct state_folder *
listed (struct world *world, const char *path, const char *role)
{
  struct state_folder *folder = state_folder_add (world->state, path, '/', path);
  assert_non_null (folder);
  g_free (folder->role);
  folder->role = g_strdup (role);
  folder->present = folder->subscribed = folder->server_subscribed = TRUE;
  folder->uidvalidity = 7;
  folder->uidnext = 10;
  state_folder_save (world->state, folder);
  state_folder_want (world->state, folder);
  return folder;
}

static gint64
mail_in (struct world *world, const struct state_folder *folder, guint32 uid)
{
  g_autofree char *dir = sync_dir (world->sync, folder), *base = maildir_unique ();
  g_autofree char *path = maildir_path (dir, base, "S");
  struct state_mail mail
      = { .folder = folder->id, .uid = uid, .base = base, .msgid = (char *) "a@b", .flags = "S", .server_flags = "S" };
  assert_true (maildir_make (dir, NULL));
  assert_true (g_file_set_contents (path, "Message-ID: <a@b>\r\n\r\n", -1, NULL));
  state_mail_save (world->state, &mail);
  return mail.id;
}

static gboolean
act (struct world *world, const char *action, const char *name, const char *to, guint *mails)
{
  guint ignored;
  g_autoptr (GError) error = NULL;
  gboolean done = sync_folder (world->sync, action, name, to, mails != NULL ? mails : &ignored, &error);
  assert_true (done == (error == NULL));
  if (!done)
    assert_true (g_str_has_suffix (error->message, "."));
  return done;
}

/* Nothing is wrong with the request itself: the exit code is not that of wrong usage. */
static void
fails (struct world *world, const char *action, const char *name)
{
  guint mails;
  g_autoptr (GError) error = NULL;
  assert_false (sync_folder (world->sync, action, name, "", &mails, &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_FAILED));
}

static char *
paths (struct world *world)
{
  g_autoptr (GPtrArray) folders = state_folders (world->state);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < folders->len; i++) {
    const struct state_folder *folder = g_ptr_array_index (folders, i);
    g_string_append_printf (text, "%s%s%s%s%s ", folder->path, folder->present ? "" : "?", folder->wanted ? "+" : "",
                            folder->removing ? "-" : "", strcmp (folder->path, folder->server_path) != 0 ? "*" : "");
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
are (struct world *world, const char *expected)
{
  g_autofree char *text = paths (world);
  assert_string_equal (text, expected);
}

static void
test_create (void **state)
{
  struct world *world = *state;
  AUTOFREE (state_folder) inbox = listed (world, "INBOX", "inbox");
  assert_false (state_has_changes (world->state));
  assert_true (act (world, "create", "Entw\xc3\xbcrfe/7", NULL, NULL));
  are (world, "Entw&APw-rfe/7?+ INBOX ");
  assert_true (state_has_changes (world->state));
  assert_false (act (world, "create", "Entw\xc3\xbcrfe/7", NULL, NULL));
  fails (world, "create", "Entw\xc3\xbcrfe/7");
  assert_false (act (world, "create", "inbox", NULL, NULL));
  fails (world, "remove", "INBOX");
  assert_false (act (world, "create", "a\r\nb", NULL, NULL));
  assert_false (act (world, "create", "../a", NULL, NULL));
  assert_false (act (world, "explode", "INBOX", NULL, NULL));
  /* Renamed and removed before the server has heard of it, it leaves nothing to be done. */
  assert_true (act (world, "rename", "Entw\xc3\xbcrfe/7", "Plans", NULL));
  are (world, "INBOX Plans?+ ");
  start (world, FALSE);
  assert_true (act (world, "remove", "Plans", NULL, NULL));
  are (world, "INBOX ");
  assert_false (state_has_changes (world->state));
}

static void
test_rename (void **state)
{
  struct world *world = *state;
  AUTOFREE (state_folder) inbox = listed (world, "INBOX", "inbox");
  AUTOFREE (state_folder) sent = listed (world, "Sent", "sent");
  AUTOFREE (state_folder) ward = listed (world, "Ward", "");
  AUTOFREE (state_folder) below = listed (world, "Ward/7", "");
  AUTOFREE (state_folder) beside = listed (world, "Wardens", "");
  mail_in (world, ward, 3);
  assert_true (act (world, "rename", "Ward", "Station", NULL));
  are (world, "INBOX Sent Station* Station/7* Wardens ");
  AUTOFREE (state_folder) now = state_folder_get (world->state, ward->id);
  assert_string_equal (now->dir, "Ward");
  assert_string_equal (now->server_path, "Ward");
  /* The old name is free again when the server has heard of it. */
  assert_false (act (world, "create", "Ward", NULL, NULL));
  assert_false (act (world, "rename", "Wardens", "Ward/7", NULL));
  assert_false (act (world, "rename", "Wardens", "Station", NULL));
  assert_false (act (world, "rename", "Station", "Station/7/8", NULL));
  assert_false (act (world, "rename", "Sent", "Dispatched", NULL));
  assert_false (act (world, "rename", "Nobody", "Somebody", NULL));
  assert_true (act (world, "rename", "Station", "Ward", NULL));
  are (world, "INBOX Sent Ward Ward/7 Wardens ");
  assert_false (state_has_changes (world->state));
}

/* What was moved out of a folder stays; what was to be moved into it goes, where it still is. */
static void
test_remove (void **state)
{
  struct world *world = *state;
  guint mails = 0;
  AUTOFREE (state_folder) inbox = listed (world, "INBOX", "inbox");
  AUTOFREE (state_folder) ward = listed (world, "Ward", "");
  AUTOFREE (state_folder) below = listed (world, "Ward/7", "");
  mail_in (world, ward, 3);
  gint64 in = mail_in (world, ward, 0), out = mail_in (world, inbox, 0);
  struct state_change into = { .kind = STATE_MOVE, .mail = in, .folder = inbox->id, .uid = 5, .msgid = (char *) "" };
  struct state_change from = { .kind = STATE_MOVE, .mail = out, .folder = ward->id, .uid = 6, .msgid = (char *) "" };
  state_change_save (world->state, &into);
  state_change_save (world->state, &from);
  assert_false (act (world, "remove", "Ward", NULL, &mails)); /* there is one below it */
  assert_true (act (world, "remove", "Ward/7", NULL, &mails));
  assert_int_equal (mails, 0);
  assert_true (act (world, "remove", "Ward", NULL, &mails));
  assert_int_equal (mails, 2);
  are (world, "INBOX Ward- Ward/7- ");
  g_autoptr (GPtrArray) changes = state_changes (world->state);
  assert_int_equal (changes->len, 2);
  const struct state_change *left = g_ptr_array_index (changes, 0), *gone = g_ptr_array_index (changes, 1);
  assert_int_equal (left->kind, STATE_MOVE);
  assert_int_equal (left->mail, out);
  assert_int_equal (gone->kind, STATE_REMOVE);
  assert_int_equal (gone->folder, inbox->id);
  assert_int_equal (gone->uid, 5);
  g_autofree char *dir = sync_dir (world->sync, ward);
  g_autoptr (GPtrArray) files = maildir_list (dir);
  assert_int_equal (files->len, 0);
  g_autoptr (GVariant) rows = g_variant_ref_sink (sync_folder_rows (world->sync));
  assert_int_equal (g_variant_n_children (rows), 1);
  assert_false (act (world, "create", "Ward", NULL, NULL)); /* the server still has one */
  assert_false (act (world, "remove", "Ward", NULL, NULL));
  assert_false (act (world, "remove", "INBOX", NULL, NULL));
}

/* A mail that was moved out of a folder that the server has no more stands only here. */
static void
test_orphan (void **state)
{
  struct world *world = *state;
  AUTOFREE (state_folder) inbox = listed (world, "INBOX", "inbox");
  AUTOFREE (state_folder) ward = listed (world, "Ward", "");
  gint64 out = mail_in (world, inbox, 0);
  struct state_change from = { .kind = STATE_MOVE, .mail = out, .folder = ward->id, .uid = 6, .msgid = (char *) "" };
  struct state_change removal = { .kind = STATE_REMOVE, .folder = ward->id, .uid = 7, .msgid = (char *) "" };
  state_change_save (world->state, &from);
  state_change_save (world->state, &removal);
  sync_folder_orphan (world->sync, ward->id);
  g_autoptr (GPtrArray) changes = state_changes (world->state);
  assert_int_equal (changes->len, 1);
  assert_int_equal (((struct state_change *) g_ptr_array_index (changes, 0))->kind, STATE_APPEND);
}

static void
test_wants (void **state)
{
  struct world *world = *state;
  AUTOFREE (state_folder) sent = listed (world, "Sent", "sent");
  AUTOFREE (state_folder) ward = listed (world, "Ward", "");
  AUTOFREE (state_folder) shared = listed (world, "Shared/Ward", "");
  assert_true (act (world, "unsubscribe", "Ward", NULL, NULL));
  assert_true (act (world, "unsubscribe", "Sent", NULL, NULL));
  assert_true (state_has_changes (world->state));
  for (int only = 0; only < 2; only++) {
    start (world, only);
    AUTOFREE (state_folder) a = state_folder_find (world->state, "path", "Ward");
    AUTOFREE (state_folder) b = state_folder_find (world->state, "path", "Sent");
    AUTOFREE (state_folder) c = state_folder_find (world->state, "path", "Shared/Ward");
    g_free (c->space);
    c->space = g_strdup ("shared");
    assert_int_equal (sync_wants (world->sync, a), !only);
    assert_true (sync_wants (world->sync, b));
    assert_true (sync_wants (world->sync, c));
    c->subscribed = FALSE;
    assert_false (sync_wants (world->sync, c));
  }
}

static void
test_below_inbox (void **state)
{
  struct world *world = *state;
  char delimiter;
  g_autofree char *plain = sync_top_path (world->sync, "Ward", &delimiter);
  assert_string_equal (plain, "Ward");
  AUTOFREE (state_folder) inbox = listed (world, "INBOX", "inbox");
  AUTOFREE (state_folder) drafts = listed (world, "INBOX/Drafts", "drafts");
  g_autofree char *below = sync_top_path (world->sync, "Ward", &delimiter);
  assert_string_equal (below, "INBOX/Ward");
  state_fact_save (world->state, "spaces", "1\np\noUsers/");
  g_autofree char *told = sync_top_path (world->sync, "Ward", &delimiter);
  assert_string_equal (told, "Ward");
  state_fact_save (world->state, "spaces", "1\npINBOX/");
  g_autofree char *prefixed = sync_top_path (world->sync, "Ward", &delimiter);
  assert_string_equal (prefixed, "INBOX/Ward");
}

/* The record as it was before folders could be changed. */
static void
test_earlier (void **state)
{
  struct world *world = *state;
  g_autofree char *file = g_build_filename (world->dir, "old.db", NULL);
  sqlite3 *db = NULL;
  assert_int_equal (sqlite3_open (file, &db), SQLITE_OK);
  assert_int_equal (
      sqlite3_exec (
          db,
          "CREATE TABLE folders (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, role TEXT NOT NULL "
          "DEFAULT '', dir TEXT NOT NULL UNIQUE, delimiter INTEGER NOT NULL, uidvalidity INTEGER NOT NULL "
          "DEFAULT 0, uidnext INTEGER NOT NULL DEFAULT 0, modseq INTEGER NOT NULL DEFAULT 0, present INTEGER "
          "NOT NULL DEFAULT 0, dirty INTEGER NOT NULL DEFAULT 0);"
          "INSERT INTO folders (path, dir, delimiter, uidvalidity, present) VALUES ('Ward', 'Ward', 47, 7, 1)",
          NULL, NULL, NULL),
      SQLITE_OK);
  sqlite3_close (db);
  for (int time = 0; time < 2; time++) {
    g_autoptr (GError) error = NULL;
    AUTOFREE (state) opened = state_open (file, &error);
    assert_null (error);
    AUTOFREE (state_folder) folder = state_folder_find (opened, "server_path", "Ward");
    assert_non_null (folder);
    assert_int_equal (folder->uidvalidity, 7);
    assert_false (state_has_changes (opened));
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (test_create, setup, teardown),
    cmocka_unit_test_setup_teardown (test_rename, setup, teardown),
    cmocka_unit_test_setup_teardown (test_remove, setup, teardown),
    cmocka_unit_test_setup_teardown (test_orphan, setup, teardown),
    cmocka_unit_test_setup_teardown (test_wants, setup, teardown),
    cmocka_unit_test_setup_teardown (test_below_inbox, setup, teardown),
    cmocka_unit_test_setup_teardown (test_earlier, setup, teardown),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
