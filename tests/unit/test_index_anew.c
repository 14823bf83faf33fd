/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* An index is lost, damaged, or made anew beside one that works; what people said about their mail is not lost with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "mail/archive/index_lock.h"
#include "mail/archive/index_walk.h"
#include "mail/store/disk.h"
#include "tests/unit/index_world.h"

static const char *const none[] = { NULL };

/* The writer once more, which keeps beside the index what must outlast it. */
static void
reopen_kept (struct index_world *world)
{
  g_autofree char *keep = g_build_filename (world->dir, "keep", NULL);
  g_autoptr (GError) error = NULL;
  (void) g_mkdir (keep, 0700);
  (void) g_mkdir (world->index_dir, 0700);
  index_db_free (world->db);
  world->db = index_db_new_kept (world->index_dir, world->mail_dir, keep, &error);
  if (world->db == NULL)
    fail_msg ("%s", error->message);
}

static void
tag (struct index_world *world, const char *query, const char *add, const char *remove)
{
  const char *on[] = { add, NULL }, *off[] = { remove, NULL };
  g_autoptr (GVariant) rows = g_variant_ref_sink (index_tag_rows (world->db, NULL, query, on, off, FALSE, NULL));
  assert_int_not_equal (g_variant_n_children (rows), 0);
}

static void
add_whole (struct index_db *db, const char *path, const char *const *tags)
{
  struct index_mail mail = { .path = path, .add = tags, .whole = TRUE };
  GVariantBuilder skipped;
  guint added = 0;
  g_variant_builder_init (&skipped, G_VARIANT_TYPE ("a(ss)"));
  assert_true (index_write_add (db, &mail, 1, &added, &skipped, NULL));
  g_variant_builder_clear (&skipped);
}

/* The word of a mail and where it lies; tagged by a person as "mine" and "done", one of which is taken off again. */
static char *
make_local (struct index_world *world, const char *name)
{
  static const char *const tags[] = { "imported", "unread", NULL };
  g_autofree char *dir = g_build_filename (world->mail_dir, "local", "Old", "cur", NULL);
  g_autofree char *text = index_world_text ("local@x", NULL, "local", INDEX_WORLD_T0, "localword");
  char *path = g_build_filename (dir, name, NULL);
  assert_int_equal (g_mkdir_with_parents (dir, 0700), 0);
  index_world_put (path, text);
  assert_int_equal (index_world_add_full (world, path, tags, NULL, NULL, NULL), 1);
  return path;
}

/* All from the disk, as the engine does it. */
static void
fill (struct index_world *world, struct index_db *db, const char *account_path, const char *local_path)
{
  static const char *const inbox[] = { "inbox", "unread", NULL }, *const imported[] = { "imported", "unread", NULL };
  add_whole (db, account_path, inbox);
  add_whole (db, local_path, imported);
}

static void
check_tags (struct index_world *world)
{
  assert_int_equal (index_world_count (world, "*"), 2);
  assert_int_equal (index_world_count (world, "tag:mine"), 2);
  assert_int_equal (index_world_count (world, "tag:done"), 0);
  assert_int_equal (index_world_count (world, "tag:unread and tag:inbox"),
                    1); /* the server says so, whatever was said here */
  assert_int_equal (index_world_count (world, "tag:unread and tag:imported"), 0);
}

static void
make_tagged (struct index_world *world, char **account_path, char **local_path)
{
  *account_path = index_world_add_mail (world, "a:2,", "a@x", NULL, "one", INDEX_WORLD_T0, "word");
  *local_path = make_local (world, "l.import:2,");
  tag (world, "*", "mine", "unread");
  tag (world, "*", "done", "nothing");
  tag (world, "*", "mine2", "done");
}

static void
test_lost (void **state)
{
  struct index_world *world = *state;
  g_autofree char *account = NULL, *local = NULL;
  reopen_kept (world);
  make_tagged (world, &account, &local);
  disk_remove (world->index_dir);
  reopen_kept (world);
  assert_true (index_db_was_made (world->db));
  assert_int_equal (index_world_count (world, "*"), 0);
  fill (world, world->db, account, local);
  check_tags (world);
  fill (world, world->db, account, local); /* once more is no harm */
  check_tags (world);
}

/* A profile from before there was a book, or whose book is damaged: it is begun from the tags that the index knows. */
static void
test_book_begun (void **state)
{
  static const char *const texts[] = { NULL, "this is no database, whatever its name says, and nobody can read it" };
  struct index_world *world = *state;
  g_autofree char *book = g_build_filename (world->dir, "keep", "tags.db", NULL), *account = NULL, *local = NULL;
  reopen_kept (world);
  make_tagged (world, &account, &local);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_clear_pointer (&world->db, index_db_free);
    assert_int_equal (g_unlink (book), 0);
    if (texts[i] != NULL)
      index_world_put (book, texts[i]);
    reopen_kept (world);
    assert_true (index_db_make_anew (world->db, NULL));
    fill (world, world->db, account, local);
    check_tags (world);
  }
}

/* The server takes a tag off that a person had put on: it does not come back. */
static void
test_overruled (void **state)
{
  static const char *const mine[] = { "mine", NULL }, *const inbox[] = { "inbox", NULL };
  struct index_world *world = *state;
  g_autofree char *path = index_world_add_mail (world, "a:2,", "a@x", NULL, "one", INDEX_WORLD_T0, "word");
  tag (world, "*", "mine", "nothing");
  assert_int_equal (index_world_add_full (world, path, NULL, mine, NULL, NULL), 1);
  assert_true (index_db_make_anew (world->db, NULL));
  add_whole (world->db, path, inbox);
  assert_int_equal (index_world_count (world, "tag:inbox"), 1);
  assert_int_equal (index_world_count (world, "tag:mine"), 0);
}

/* Between the look at a mail and its turn it was read and flagged. */
static void
test_flags_of_now (void **state)
{
  static const char *const seen_then[] = { "inbox", "unread", NULL };
  struct index_world *world = *state;
  g_autofree char *then = index_world_path (world, "a:2,"), *now = index_world_path (world, "a:2,FS"),
                  *text = index_world_text ("a@x", NULL, "one", INDEX_WORLD_T0, "word");
  index_world_put (now, text);
  add_whole (world->db, then, seen_then);
  assert_int_equal (index_world_count (world, "tag:inbox and tag:flagged and not tag:unread"), 1);
}

/* ---- damage ---- */

static void
empty_version (const char *xapian)
{
  g_autofree char *path = g_build_filename (xapian, "iamglass", NULL);
  index_world_put (path, "");
}

static void
write_over (const char *xapian, const char *name, guint8 byte)
{
  g_autofree char *path = g_build_filename (xapian, name, NULL), *bytes = g_malloc (8192);
  memset (bytes, byte, 8192);
  assert_true (g_file_set_contents (path, bytes, 8192, NULL));
}

static void
zero_all (const char *xapian)
{
  static const char *const names[] = { "iamglass", "postlist.glass", "termlist.glass", "docdata.glass" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    write_over (xapian, names[i], 0);
}

static void
garble_version (const char *xapian)
{
  write_over (xapian, "iamglass", 'x');
}

static void
cut_short (const char *xapian)
{
  static const char *const names[] = { "postlist.glass", "termlist.glass", "docdata.glass" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (xapian, names[i], NULL);
    assert_int_equal (truncate (path, 100), 0);
  }
}

static void
be_a_file (const char *xapian)
{
  disk_remove (xapian);
  index_world_put (xapian, "what is this?");
}

static void
be_gone (const char *xapian)
{
  disk_remove (xapian);
}

/* Whatever was done to it: the writer has an index that works, or says that this one is damaged and makes another one. A reader that had the
 * old one open finds the mail in the new one. */
static void
test_damage (void **state)
{
  static void (*const damages[]) (const char *xapian)
      = { empty_version, garble_version, zero_all, cut_short, be_a_file, be_gone };
  struct index_world *world = *state;
  static const char *const inbox[] = { "inbox", NULL };
  g_autofree char *path = index_world_add_mail (world, "a:2,", "a@x", NULL, "one", INDEX_WORLD_T0, "word"),
                  *current = g_build_filename (world->index_dir, "current", NULL);
  AUTOFREE (index_db) reader = index_db_new (world->index_dir, world->mail_dir, FALSE, NULL);
  guint found = 0;
  assert_true (index_query_count (reader, "word", &found, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (damages); i++) {
    g_autofree char *number = NULL;
    g_clear_pointer (&world->db, index_db_free);
    (void) g_file_get_contents (current, &number, NULL, NULL);
    g_autofree char *made = g_strconcat ("made-", number != NULL ? g_strchomp (number) : "", NULL),
                    *xapian
                    = g_build_filename (world->index_dir, number != NULL ? made : ".", ".notmuch", "xapian", NULL);
    damages[i](xapian);
    index_world_reopen (world);
    GVariantBuilder skipped;
    guint added = 0;
    struct index_mail mail = { .path = path, .add = inbox };
    g_variant_builder_init (&skipped, G_VARIANT_TYPE ("a(ss)"));
    if (!index_write_add (world->db, &mail, 1, &added, &skipped, NULL)) {
      assert_int_equal (index_db_health (world->db), INDEX_DAMAGED);
      assert_true (index_db_make_anew (world->db, NULL));
      assert_true (index_write_add (world->db, &mail, 1, &added, &skipped, NULL));
    }
    g_variant_builder_clear (&skipped);
    assert_int_equal (index_world_count (world, "word"), 1);
    assert_true (index_query_count (reader, "word", &found, NULL));
    assert_int_equal (found, 1);
    assert_int_equal (index_db_health (reader), INDEX_FINE);
    assert_true (index_verify (world->db, NULL));
  }
}

/* The folder is taken away from under them. */
static void
test_taken_away (void **state)
{
  struct index_world *world = *state;
  g_free (index_world_add_mail (world, "a:2,", "a@x", NULL, "one", INDEX_WORLD_T0, "word"));
  AUTOFREE (index_db) reader = index_db_new (world->index_dir, world->mail_dir, FALSE, NULL);
  guint found = 0;
  assert_true (index_query_count (reader, "word", &found, NULL));
  assert_int_equal (index_db_health (reader), INDEX_FINE);
  disk_remove (world->index_dir);
  assert_int_equal (index_db_health (reader), INDEX_GONE);
  assert_int_equal (index_db_health (world->db), INDEX_GONE);
  assert_int_equal (g_mkdir (world->index_dir, 0700), 0);
  assert_int_equal (index_db_health (reader), INDEX_GONE); /* another one of that name is not the same */
}

static void
test_full_disk_is_no_damage (void **state)
{
  struct index_world *world = *state;
  g_autoptr (GError) error = NULL;
  g_autofree char *probe = g_build_filename (world->index_dir, "probe", NULL);
  g_autofree char *version = g_build_filename (world->index_dir, ".notmuch", "xapian", NULL);
  g_free (index_world_add_mail (world, "a:2,", "a@x", NULL, "one", INDEX_WORLD_T0, "word"));
  assert_int_equal (g_mkdir (probe, 0700), 0); /* nothing can be written there */
  empty_version (version);
  assert_false (index_write_removed (world->db, none, NULL, &error));
  assert_non_null (strstr (error->message, "Make room on the disk and try again."));
  assert_int_equal (index_db_health (world->db), INDEX_FINE);
}

/* ---- beside one that works ---- */

static void
test_beside (void **state)
{
  static const char *const inbox[] = { "inbox", "unread", NULL };
  struct index_world *world = *state;
  g_autofree char *early = index_world_add_mail (world, "e:2,", "e@x", NULL, "early", INDEX_WORLD_T0, "earlyword"),
                  *moved = index_world_add_mail (world, "m:2,", "m@x", NULL, "moved", INDEX_WORLD_T0, "movedword"),
                  *gone = index_world_add_mail (world, "g:2,", "g@x", NULL, "gone", INDEX_WORLD_T0, "goneword"),
                  *later = index_world_path (world, "m:2,S");
  AUTOFREE (index_db) reader = index_db_new (world->index_dir, world->mail_dir, FALSE, NULL);
  guint found = 0;
  assert_true (index_query_count (reader, "*", &found, NULL));
  assert_int_equal (found, 3);
  assert_true (index_next_begin (world->db, FALSE, NULL));
  add_whole (index_next (world->db), early, inbox);
  add_whole (index_next (world->db), gone, inbox);
  /* Life goes on in both of them. */
  g_free (index_world_add_mail (world, "n:2,", "n@x", NULL, "new", INDEX_WORLD_T0, "newword"));
  tag (world, "id:e@x or id:m@x", "mine", "inbox");
  assert_int_equal (g_rename (moved, later), 0);
  g_autoptr (GVariant) moves = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", moved, later));
  assert_true (index_write_moved (world->db, moves, NULL));
  const char *paths[] = { gone, NULL };
  assert_int_equal (g_unlink (gone), 0);
  assert_true (index_write_removed (world->db, paths, NULL, NULL));
  add_whole (index_next (world->db), later, inbox);
  assert_true (index_query_count (reader, "*", &found, NULL));
  assert_int_equal (found, 3);
  assert_true (index_next_finish (world->db, NULL));
  assert_null (index_next (world->db));
  assert_true (index_query_count (reader, "earlyword or movedword or newword", &found, NULL));
  assert_int_equal (found, 3);
  assert_int_equal (index_world_count (world, "*"), 3);
  assert_int_equal (index_world_count (world, "goneword"), 0);
  assert_int_equal (index_world_count (world, "tag:mine"), 2);
  assert_int_equal (index_world_count (world, "tag:mine and tag:unread"), 0 + 1);
}

/* A process ends in the middle: the next one goes on with it, or clears it away. */
static void
test_beside_left (void **state)
{
  static const char *const inbox[] = { "inbox", NULL };
  struct index_world *world = *state;
  g_autofree char *path = index_world_add_mail (world, "e:2,", "e@x", NULL, "early", INDEX_WORLD_T0, "earlyword");
  assert_true (index_next_begin (world->db, FALSE, NULL));
  add_whole (index_next (world->db), path, inbox);
  index_world_reopen (world);
  assert_true (index_next_begin (world->db, TRUE, NULL));
  assert_true (index_next_finish (world->db, NULL));
  assert_int_equal (index_world_count (world, "earlyword"), 1);
  assert_true (index_next_begin (world->db, FALSE, NULL));
  index_world_reopen (world);
  assert_true (index_next_forget (world->db));
  assert_false (index_next_forget (world->db));
  assert_int_equal (index_world_count (world, "earlyword"), 1);
}

/* It cannot be written to any more: it goes, and the one there is stays. */
static void
test_beside_fails (void **state)
{
  struct index_world *world = *state;
  g_autofree char *folder = g_build_filename (world->index_dir, "made-1", NULL);
  g_autoptr (GError) error = NULL;
  assert_true (index_next_begin (world->db, FALSE, NULL));
  disk_remove (folder);
  g_free (index_world_add_mail (world, "a:2,", "a@x", NULL, "one", INDEX_WORLD_T0, "word"));
  assert_null (index_next (world->db));
  assert_false (index_next_finish (world->db, &error));
  assert_non_null (error);
  assert_int_equal (index_world_count (world, "word"), 1);
}

/* ---- the walk over the disk ---- */

static void
test_walk (void **state)
{
  struct index_world *world = *state;
  static const char *const folders[] = { "local/B", "local/A b", "local/A", "old/INBOX", "acc/INBOX/Sub" };
  static const char *const accounts[] = { "acc", NULL };
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    for (guint n = 0; n < 5; n++) {
      g_autofree char *dir = g_build_filename (world->mail_dir, folders[i], "cur", NULL),
                      *name = g_strdup_printf ("%u:2,%s", n, n == 0 ? "S" : ""),
                      *path = g_build_filename (dir, name, NULL);
      assert_int_equal (g_mkdir_with_parents (dir, 0700), 0);
      index_world_put (path, n == 1 ? "Content-Type: multipart/encrypted; boundary=x\n\n--x--\n" : "Subject: s\n\nb\n");
    }
  for (guint limit = 1; limit < 24; limit++) {
    struct index_walk *walk = index_walk_new (world->mail_dir, accounts);
    g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *after = g_strdup ("");
    guint encrypted = 0, unread = 0, imported = 0;
    assert_int_equal (index_walk_total (walk), 20);
    do {
      char *next = NULL;
      g_autoptr (GVariant) rows = g_variant_ref_sink (index_walk_rows (walk, after, limit, &next));
      assert_true (g_variant_n_children (rows) <= limit);
      for (gsize i = 0; i < g_variant_n_children (rows); i++) {
        g_autofree char *path = index_world_field (rows, i, "path"), *tags = index_world_field (rows, i, "add"),
                        *is_protected = index_world_field (rows, i, "protected");
        encrypted += strcmp (is_protected, "true") == 0;
        unread += strstr (tags, "unread") != NULL;
        imported += strstr (tags, "imported") != NULL;
        assert_true (g_hash_table_add (seen, g_steal_pointer (&path))); /* each once */
      }
      g_free (after);
      after = next;
    } while (*after != '\0');
    assert_int_equal (g_hash_table_size (seen), 20);
    assert_int_equal (encrypted, 4);
    assert_int_equal (unread, 16);
    assert_int_equal (imported, 15);
    index_walk_free (walk);
  }
}

/* ---- readers and the writer ---- */

static gint64
write_once (struct index_lock *writer)
{
  gint64 begin = g_get_monotonic_time ();
  index_lock_write (writer);
  index_lock_written (writer);
  return (g_get_monotonic_time () - begin) / 1000;
}

static gpointer
end_later (gpointer data)
{
  g_usleep (150 * 1000);
  index_lock_read_end (data);
  return NULL;
}

/* A reader waits for nobody, and the writer only for one who has been reading since the commit before the last. */
static void
test_lock (void **state)
{
  struct index_world *world = *state;
  g_autofree char *dir = g_build_filename (world->dir, "lock", NULL);
  assert_int_equal (g_mkdir (dir, 0700), 0);
  struct index_lock *writer = index_lock_new (dir, TRUE), *old = index_lock_new (dir, FALSE),
                    *young = index_lock_new (dir, FALSE);
  (void) write_once (writer);
  index_lock_read (old);
  assert_true (write_once (writer) < 100);
  index_lock_read (young);
  GThread *thread = g_thread_new ("reader", end_later, old);
  assert_true (write_once (writer) >= 100);
  g_thread_join (thread);
  index_lock_read_end (young);
  index_lock_read (young); /* begins anew, with what was committed last */
  assert_true (write_once (writer) < 100);
  index_lock_read_end (young);
  index_lock_free (writer);
  index_lock_free (old);
  index_lock_free (young);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    INDEX_WORLD_TEST (test_lost),
    INDEX_WORLD_TEST (test_book_begun),
    INDEX_WORLD_TEST (test_overruled),
    INDEX_WORLD_TEST (test_flags_of_now),
    INDEX_WORLD_TEST (test_damage),
    INDEX_WORLD_TEST (test_taken_away),
    INDEX_WORLD_TEST (test_full_disk_is_no_damage),
    INDEX_WORLD_TEST (test_beside),
    INDEX_WORLD_TEST (test_beside_left),
    INDEX_WORLD_TEST (test_beside_fails),
    INDEX_WORLD_TEST (test_walk),
    INDEX_WORLD_TEST (test_lock),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
