/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The index over a folder of generated mails: adding, finding, order, tags, moves, shadows, damaged mail, a reader beside a writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mail/archive/index.h"
#include "mail/archive/index_guard.h"
#include "mail/engine.h"

#define T0 1700000000 /* the newest mail of a test */

struct world {
  char *dir, *index_dir, *mail_dir;
  struct index_db *db;
};

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    if (g_file_test (child, G_FILE_TEST_IS_DIR) && !g_file_test (child, G_FILE_TEST_IS_SYMLINK))
      remove_tree (child);
    else
      (void) g_unlink (child);
  }
  (void) g_rmdir (path);
}

static void
reopen (struct world *world)
{
  g_autoptr (GError) error = NULL;
  index_db_free (world->db);
  world->db = index_db_new (world->index_dir, world->mail_dir, TRUE, &error);
  if (error != NULL)
    print_error ("%s\n", error->message);
  assert_non_null (world->db);
}

static int
set_up (void **state)
{
  struct world *world = g_new0 (struct world, 1);
  world->dir = g_dir_make_tmp ("wm-index-XXXXXX", NULL);
  world->index_dir = g_build_filename (world->dir, "index", NULL);
  world->mail_dir = g_build_filename (world->dir, "mail", NULL);
  g_autofree char *cur = g_build_filename (world->mail_dir, "acc", "INBOX", "cur", NULL);
  assert_int_equal (g_mkdir_with_parents (cur, 0700), 0);
  assert_int_equal (g_mkdir_with_parents (world->index_dir, 0700), 0);
  reopen (world);
  *state = world;
  return 0;
}

static int
tear_down (void **state)
{
  struct world *world = *state;
  index_db_free (world->db);
  remove_tree (world->dir);
  g_free (world->dir);
  g_free (world->index_dir);
  g_free (world->mail_dir);
  g_free (world);
  return 0;
}

static char *
mail_path (struct world *world, const char *name)
{
  return g_build_filename (world->mail_dir, "acc", "INBOX", "cur", name, NULL);
}

static char *
date_field (gint64 date)
{
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_utc (date);
  static const char *const months[]
      = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  return g_strdup_printf ("%d %s %d %02d:%02d:%02d +0000", g_date_time_get_day_of_month (when),
                          months[g_date_time_get_month (when) - 1], g_date_time_get_year (when),
                          g_date_time_get_hour (when), g_date_time_get_minute (when), g_date_time_get_second (when));
}

/* id NULL: no Message-ID field. parent may be NULL. */
static char *
mail_text (const char *id, const char *parent, const char *subject, gint64 date, const char *body)
{
  g_autofree char *when = date_field (date);
  GString *text = g_string_new (NULL);
  if (id != NULL)
    g_string_append_printf (text, "Message-ID: <%s>\n", id);
  if (parent != NULL)
    g_string_append_printf (text, "In-Reply-To: <%s>\nReferences: <%s>\n", parent, parent);
  g_string_append_printf (
      text,
      "From: Ann Example <ann@example.org>\nTo: =?utf-8?q?B=C3=A4r?= <b@example.org>\nSubject: %s\nDate: %s\n\n%s\n",
      subject, when, body);
  return g_string_free (text, FALSE);
}

static void
put (const char *path, const char *text)
{
  assert_true (g_file_set_contents (path, text, -1, NULL));
}

static guint
add_full (struct world *world, const char *path, const char *const *add, const char *const *remove, const char *shadow,
          char **skipped_out)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = shadow != NULL ? g_bytes_new (shadow, strlen (shadow)) : NULL;
  struct index_mail mail = { .path = path, .add = add, .remove = remove, .shadow = bytes };
  GVariantBuilder skipped;
  guint added = 0;
  g_variant_builder_init (&skipped, G_VARIANT_TYPE ("a(ss)"));
  gboolean done = index_write_add (world->db, &mail, 1, &added, &skipped, &error);
  if (!done)
    print_error ("%s\n", error->message);
  assert_true (done);
  g_autoptr (GVariant) list = g_variant_ref_sink (g_variant_builder_end (&skipped));
  assert_int_equal (g_variant_n_children (list) + added, 1);
  if (skipped_out != NULL)
    *skipped_out = NULL;
  if (skipped_out != NULL && added == 0)
    g_variant_get_child (list, 0, "(ss)", NULL, skipped_out);
  return added;
}

static char *
add_mail (struct world *world, const char *name, const char *id, const char *parent, const char *subject, gint64 date,
          const char *body)
{
  static const char *const tags[] = { "inbox", NULL };
  char *path = mail_path (world, name);
  g_autofree char *text = mail_text (id, parent, subject, date, body);
  put (path, text);
  assert_int_equal (add_full (world, path, tags, NULL, NULL, NULL), 1);
  return path;
}

static guint
count (struct world *world, const char *query)
{
  g_autoptr (GError) error = NULL;
  guint found = 0;
  assert_true (index_query_count (world->db, query, &found, &error));
  return found;
}

static GVariant *
threads (struct world *world, const char *query, guint limit, guint offset, gboolean *more_out)
{
  g_autoptr (GError) error = NULL;
  GVariant *rows = index_query_threads (world->db, query, limit, offset, FALSE, more_out, &error);
  if (error != NULL)
    print_error ("%s\n", error->message);
  assert_non_null (rows);
  return g_variant_ref_sink (rows);
}

static char *
field (GVariant *rows, gsize row, const char *name)
{
  g_autoptr (GVariant) dictionary = g_variant_get_child_value (rows, row);
  g_autoptr (GVariant) value = g_variant_lookup_value (dictionary, name, NULL);
  assert_non_null (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return g_variant_dup_string (value, NULL);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY)) {
    g_autofree const char **texts = g_variant_get_strv (value, NULL);
    return g_strjoinv (",", (char **) texts);
  }
  return g_variant_print (value, FALSE);
}

static void
assert_field (GVariant *rows, gsize row, const char *name, const char *expected)
{
  g_autofree char *value = field (rows, row, name);
  assert_string_equal (value, expected);
}

static void
test_add_find (void **state)
{
  struct world *world = *state;
  gboolean more = TRUE;
  g_free (add_mail (world, "1:2,S", "one@x", NULL, "appendix", T0, "the scan is fine"));
  g_autofree char *two = add_mail (world, "2:2,S", "two@x", "one@x", "Re: appendix", T0 + 60, "thanks");
  g_free (add_mail (world, "3:2,S", "three@x", NULL, "lunch", T0 + 30, "soup"));
  assert_int_equal (count (world, "*"), 3);
  assert_int_equal (count (world, "scan"), 1);
  g_autoptr (GVariant) rows = threads (world, "tag:inbox", 0, 0, &more);
  assert_false (more);
  assert_int_equal (g_variant_n_children (rows), 2);
  assert_field (rows, 0, "subject", "appendix");
  assert_field (rows, 0, "newest", "two@x");
  assert_field (rows, 0, "total", "2");
  assert_field (rows, 0, "matched", "2");
  assert_field (rows, 0, "tags", "inbox");
  assert_field (rows, 0, "date", "1700000060");
  assert_field (rows, 1, "subject", "lunch");
  g_autoptr (GVariant) matched = threads (world, "scan", 0, 0, &more);
  assert_int_equal (g_variant_n_children (matched), 1);
  assert_field (matched, 0, "matched", "1");
  assert_field (matched, 0, "total", "2");
  assert_field (matched, 0, "newest", "one@x");
  assert_field (matched, 0, "authors", "Ann Example");
  const char *ids[] = { "two@x", "nobody@x", NULL };
  g_autoptr (GVariant) found = g_variant_ref_sink (index_find_rows (world->db, ids, NULL, NULL));
  assert_int_equal (g_variant_n_children (found), 1);
  assert_field (found, 0, "paths", two);
}

static void
test_thread_order (void **state)
{
  struct world *world = *state;
  gboolean more;
  g_autofree char *a = add_mail (world, "a", "a@x", NULL, "root", T0, "x");
  g_free (add_mail (world, "c", "c@x", "a@x", "second answer", T0 + 200, "x"));
  g_free (add_mail (world, "b", "b@x", "a@x", "first answer", T0 + 100, "needle"));
  g_free (add_mail (world, "d", "d@x", "b@x", "answer to first", T0 + 300, "x"));
  g_autoptr (GVariant) rows = threads (world, "*", 0, 0, &more);
  g_autofree char *thread = field (rows, 0, "thread");
  g_autoptr (GVariant) reading = g_variant_ref_sink (index_thread_rows (world->db, thread, "needle", NULL));
  assert_int_equal (g_variant_n_children (reading), 4);
  static const struct {
    const char *id, *depth, *matched;
  } expected[] = { { "a@x", "0", "false" }, { "b@x", "1", "true" }, { "d@x", "2", "false" }, { "c@x", "1", "false" } };
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++) {
    assert_field (reading, i, "id", expected[i].id);
    assert_field (reading, i, "depth", expected[i].depth);
    assert_field (reading, i, "matched", expected[i].matched);
  }
  assert_field (reading, 0, "path", a);
  assert_field (reading, 0, "to", "Bär <b@example.org>");
  assert_field (reading, 0, "from", "Ann Example <ann@example.org>");
  g_autoptr (GError) error = NULL;
  assert_null (index_thread_rows (world->db, "0000000000009999", NULL, &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND));
  g_clear_error (&error);
  assert_null (index_thread_rows (world->db, "x or tag:inbox", NULL, &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND));
}

static void
test_tags (void **state)
{
  struct world *world = *state;
  gboolean more;
  g_autofree char *a = add_mail (world, "a", "a@x", NULL, "one", T0, "x");
  g_free (add_mail (world, "b", "b@x", NULL, "two", T0 + 1, "x"));
  const char *add[] = { "deleted", NULL }, *none[] = { NULL }, *ids[] = { "a@x", NULL };
  g_autoptr (GVariant) rows = g_variant_ref_sink (index_tag_rows (world->db, ids, NULL, add, none, NULL));
  assert_int_equal (g_variant_n_children (rows), 1);
  assert_field (rows, 0, "tags", "deleted,inbox");
  assert_field (rows, 0, "paths", a);
  g_autoptr (GVariant) again = g_variant_ref_sink (index_tag_rows (world->db, ids, NULL, add, none, NULL));
  assert_int_equal (g_variant_n_children (again), 0);
  assert_int_equal (count (world, "*"), 1); /* deleted mail is left out … */
  assert_int_equal (count (world, "tag:inbox"), 1);
  assert_int_equal (count (world, "tag:deleted"), 1); /* … unless it is asked for */
  g_autoptr (GVariant) list = threads (world, "tag:inbox", 0, 0, &more);
  assert_int_equal (g_variant_n_children (list), 1);
  assert_field (list, 0, "subject", "two");
  g_autoptr (GVariant) deleted = threads (world, "tag:inbox and tag:deleted", 0, 0, &more);
  assert_int_equal (g_variant_n_children (deleted), 1);
  assert_field (deleted, 0, "subject", "one");
  g_autoptr (GVariant) back = g_variant_ref_sink (index_tag_rows (world->db, NULL, "tag:inbox", none, add, NULL));
  assert_int_equal (g_variant_n_children (back), 1); /* a query for tagging takes all it names */
  assert_int_equal (count (world, "*"), 2);
  g_autoptr (GError) error = NULL;
  const char *bad[] = { "-minus", NULL };
  assert_null (index_tag_rows (world->db, ids, NULL, bad, none, &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_USAGE));
}

static void
test_moved_removed (void **state)
{
  struct world *world = *state;
  g_autofree char *a = add_mail (world, "a:2,", "a@x", NULL, "one", T0, "findme");
  g_autofree char *seen = mail_path (world, "a:2,S");
  g_autofree char *flagged = mail_path (world, "a:2,FS");
  assert_int_equal (g_rename (a, seen), 0);
  g_autoptr (GVariant) move = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", a, seen));
  assert_true (index_write_moved (world->db, move, NULL));
  g_autoptr (GVariant) rows = g_variant_ref_sink (index_find_rows (world->db, NULL, "findme", NULL));
  assert_field (rows, 0, "paths", seen);
  assert_field (rows, 0, "tags", "inbox");
  assert_int_equal (g_rename (seen, flagged), 0);
  assert_true (index_write_moved (world->db, move, NULL)); /* told too late: nothing is lost */
  assert_int_equal (count (world, "tag:inbox findme"), 1);
  g_autoptr (GVariant) next = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", a, flagged));
  assert_true (index_write_moved (world->db, next, NULL)); /* a step was missed: the stale name goes too */
  g_autoptr (GVariant) after = g_variant_ref_sink (index_find_rows (world->db, NULL, "findme", NULL));
  assert_field (after, 0, "paths", flagged);
  assert_field (after, 0, "tags", "inbox");
  g_autofree char *copy = add_mail (world, "copy", "a@x", NULL, "one", T0, "findme");
  g_autoptr (GVariant) both = g_variant_ref_sink (index_find_rows (world->db, NULL, "findme", NULL));
  assert_int_equal (g_variant_n_children (both), 1);
  const char *first[] = { flagged, NULL }, *second[] = { copy, NULL };
  assert_true (index_write_removed (world->db, first, NULL));
  assert_int_equal (count (world, "findme"), 1);
  assert_true (index_write_removed (world->db, second, NULL));
  assert_int_equal (count (world, "findme"), 0);
  const char *outside[] = { "/etc/passwd", NULL };
  assert_true (index_write_removed (world->db, outside, NULL));
}

/* The news come later than what they tell of. */
static void
test_late_news (void **state)
{
  struct world *world = *state;
  g_autofree char *fresh = mail_path (world, "n:2,"), *read = mail_path (world, "n:2,RS");
  g_autofree char *added = add_mail (world, "n:2,", "n@x", NULL, "one", T0, "findme");
  const char *first[] = { fresh, NULL }, *names[] = { fresh, read, NULL }, *tags[] = { "inbox", "unread", NULL };
  assert_true (index_write_removed (world->db, first, NULL));
  assert_int_equal (g_rename (fresh, read), 0);
  /* Renamed before it was indexed: found under its new name, with all its tags, and what changed comes on top. */
  const struct index_mail mail = { .path = fresh, .add = tags };
  guint n_added = 0;
  GVariantBuilder skipped;
  g_variant_builder_init (&skipped, G_VARIANT_TYPE ("a(ss)"));
  assert_true (index_write_add (world->db, &mail, 1, &n_added, &skipped, NULL));
  g_variant_builder_clear (&skipped);
  assert_int_equal (n_added, 1);
  g_autoptr (GVariant) rows = g_variant_ref_sink (index_find_rows (world->db, NULL, "findme tag:unread", NULL));
  assert_field (rows, 0, "paths", read);
  g_autoptr (GVariant) move = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", fresh, read));
  assert_true (index_write_moved (world->db, move, NULL));
  assert_int_equal (count (world, "findme tag:inbox"), 1);
  /* Renamed again and removed before either was heard of: it goes under all its names. */
  g_autofree char *last = mail_path (world, "n:2,FRS");
  g_autoptr (GVariant) missed = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", read, last));
  assert_int_equal (g_unlink (read), 0);
  assert_true (index_write_moved (world->db, missed, NULL));
  assert_int_equal (count (world, "findme"), 1);
  assert_true (index_write_removed (world->db, names, NULL));
  assert_int_equal (count (world, "findme"), 0);
}

static guint
files_in (const char *dir_path)
{
  guint found = 0;
  g_autoptr (GDir) dir = g_dir_open (dir_path, 0, NULL);
  while (dir != NULL && g_dir_read_name (dir) != NULL)
    found++;
  return found;
}

static void
check_shadow (struct world *world, const char *id)
{
  static const char *const tags[] = { "inbox", NULL };
  gboolean more;
  g_autofree char *path = mail_path (world, "enc:2,S");
  g_autofree char *outer
      = mail_text (id, NULL, "...", T0, "-----BEGIN PGP MESSAGE-----\nwcBMA\n-----END PGP MESSAGE-----");
  g_autofree char *inner = mail_text (id, NULL, "biopsy result", T0, "leukocyte count normal");
  g_autofree char *shadow_dir = g_build_filename (world->mail_dir, ".shadow", NULL);
  put (path, outer);
  assert_int_equal (add_full (world, path, tags, NULL, inner, NULL), 1);
  assert_int_equal (files_in (shadow_dir), 0);
  assert_int_equal (count (world, "*"), 1);
  assert_int_equal (count (world, "leukocyte"), 1);
  assert_int_equal (count (world, "subject:biopsy"), 1);
  g_autoptr (GVariant) rows = threads (world, "leukocyte", 0, 0, &more);
  assert_field (rows, 0, "subject", "biopsy result");
  assert_field (rows, 0, "tags", "inbox");
  g_autoptr (GVariant) found = g_variant_ref_sink (index_find_rows (world->db, NULL, "leukocyte", NULL));
  assert_field (found, 0, "paths", path);
  g_autofree char *moved = mail_path (world, "enc:2,FS"); /* terms and subject survive a rename */
  assert_int_equal (g_rename (path, moved), 0);
  g_autoptr (GVariant) move = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", path, moved));
  assert_true (index_write_moved (world->db, move, NULL));
  g_autoptr (GVariant) after = threads (world, "leukocyte", 0, 0, &more);
  assert_field (after, 0, "subject", "biopsy result");
}

static void
test_shadow (void **state)
{
  check_shadow (*state, "enc@x");
}

static void
test_shadow_without_id (void **state)
{
  check_shadow (*state, NULL);
}

/* Indexed by its outside before its shadow came: the subject is the protected one afterwards, tags and files stay. */
static void
test_shadow_late (void **state)
{
  struct world *world = *state;
  gboolean more;
  g_autofree char *path = add_mail (world, "enc", "enc@x", NULL, "...", T0, "ciphertext");
  g_autofree char *copy = add_mail (world, "copy", "enc@x", NULL, "...", T0, "ciphertext");
  const char *ids[] = { "enc@x", NULL }, *add[] = { "keep", NULL }, *none[] = { NULL };
  g_variant_unref (g_variant_ref_sink (index_tag_rows (world->db, ids, NULL, add, none, NULL)));
  g_autofree char *inner = mail_text ("other@y", NULL, "biopsy result", T0, "leukocyte count normal");
  assert_int_equal (add_full (world, path, NULL, NULL, inner, NULL), 1);
  g_autoptr (GVariant) rows = threads (world, "leukocyte", 0, 0, &more);
  assert_field (rows, 0, "subject", "biopsy result");
  assert_field (rows, 0, "tags", "inbox,keep");
  assert_field (rows, 0, "newest", "enc@x"); /* whatever ID the shadow claims, it belongs to this mail */
  g_autoptr (GVariant) found = g_variant_ref_sink (index_find_rows (world->db, NULL, "leukocyte", NULL));
  g_autofree char *paths = field (found, 0, "paths");
  assert_non_null (strstr (paths, copy));
  assert_non_null (strstr (paths, path));
  assert_int_equal (count (world, "*"), 1);
}

static void
test_shadow_left_behind (void **state)
{
  struct world *world = *state;
  g_autofree char *dir = g_build_filename (world->mail_dir, ".shadow", NULL);
  g_autofree char *left = g_build_filename (dir, "abcdef", NULL);
  (void) g_mkdir (dir, 0700);
  put (left, "secret");
  reopen (world);
  assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
}

static void
assert_usage (struct world *world, const char *query)
{
  g_autoptr (GError) error = NULL;
  guint found;
  gboolean more;
  GVariant *rows = index_query_threads (world->db, query, 0, 0, FALSE, &more, &error);
  if (rows != NULL)
    print_error ("accepted: %s\n", query);
  assert_null (rows);
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_USAGE));
  assert_true (g_str_has_suffix (error->message, "."));
  assert_false (index_query_count (world->db, query, &found, NULL));
}

static void
test_bad_query (void **state)
{
  struct world *world = *state;
  g_free (add_mail (world, "a", "a@x", NULL, "one", T0, "x"));
  g_autofree char *huge = g_strnfill (20000, 'x');
  static const char *const bad[]
      = { "(", ")", "foo) or (bar", "\"open", "date:gibberish..", "tag:x and (date:nonsense..)" };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_usage (world, bad[i]);
  assert_usage (world, huge);
  assert_int_equal (count (world, "subject:\"one\" and (tag:inbox or \"a ( b\")"), 1);
  assert_int_equal (count (world, " "), 1);
}

/* ---- a list by windows is the list of one unbounded query ---- */

struct model {
  guint id;
  gint64 newest;
};

static gint
newer_first (gconstpointer a, gconstpointer b)
{
  const struct model *one = a, *two = b;
  return one->newest < two->newest ? 1 : one->newest > two->newest ? -1 : 0;
}

/* 120 threads over eleven years, dense and thin, messages of one thread years apart. Odd threads: the newest message does not match. */
static GArray *
make_archive (struct world *world, GRand *rand)
{
  GArray *model = g_array_new (FALSE, FALSE, sizeof (struct model));
  GArray *mails = g_array_new (FALSE, TRUE, sizeof (struct index_mail));
  static const char *const hit[] = { "hit", NULL };
  for (guint thread = 0; thread < 120; thread++) {
    struct model entry = { .id = thread, .newest = G_MININT64 };
    guint messages = 1 + (guint) g_rand_int_range (rand, 0, 4);
    for (guint i = 0; i < messages; i++) {
      gint64 spread = g_rand_boolean (rand) ? 20 : 4000;
      gint64 date = thread == 7 && i == 0
                        ? 5
                        : T0 - g_rand_int_range (rand, 0, (gint32) (spread * 86400)) - (gint64) thread * 3;
      gboolean matches = thread % 2 == 0 || i + 1 < messages || messages == 1;
      g_autofree char *name = g_strdup_printf ("%u-%u", thread, i);
      g_autofree char *id = g_strdup_printf ("%u-%u@x", thread, i);
      g_autofree char *parent = i > 0 ? g_strdup_printf ("%u-0@x", thread) : NULL;
      g_autofree char *subject = g_strdup_printf ("t%u", thread);
      g_autofree char *text = mail_text (id, parent, subject, date, "x");
      struct index_mail mail = { .path = mail_path (world, name), .add = matches ? hit : NULL };
      put (mail.path, text);
      g_array_append_val (mails, mail);
      entry.newest = matches ? MAX (entry.newest, date) : entry.newest;
    }
    g_array_append_val (model, entry);
  }
  guint added;
  GVariantBuilder skipped;
  g_variant_builder_init (&skipped, G_VARIANT_TYPE ("a(ss)"));
  assert_true (
      index_write_add (world->db, (struct index_mail *) (void *) mails->data, mails->len, &added, &skipped, NULL));
  g_variant_builder_clear (&skipped);
  assert_int_equal (added, mails->len);
  for (guint i = 0; i < mails->len; i++)
    g_free ((gpointer) g_array_index (mails, struct index_mail, i).path);
  g_array_unref (mails);
  g_array_sort (model, newer_first);
  return model;
}

static void
check_page (struct world *world, GArray *model, guint limit, guint offset)
{
  gboolean more;
  g_autoptr (GVariant) rows = threads (world, "tag:hit", limit, offset, &more);
  guint end = MIN (model->len, offset + limit), expected = offset < end ? end - offset : 0;
  assert_int_equal (g_variant_n_children (rows), expected);
  assert_int_equal (more, offset + limit < model->len);
  for (guint i = 0; i < expected; i++) {
    struct model *entry = &g_array_index (model, struct model, offset + i);
    g_autofree char *date = g_strdup_printf ("%" G_GINT64_FORMAT, entry->newest);
    g_autofree char *got = field (rows, i, "date");
    g_autofree char *subject = field (rows, i, "subject"), *wanted = g_strdup_printf ("t%u", entry->id);
    assert_string_equal (got, date);
    assert_string_equal (subject, wanted);
  }
}

static void
test_windows (void **state)
{
  struct world *world = *state;
  guint32 seed = g_random_int ();
  print_message ("seed %u\n", seed);
  GRand *rand = g_rand_new_with_seed (seed);
  g_autoptr (GArray) model = make_archive (world, rand);
  check_page (world, model, 1000, 0);
  check_page (world, model, 50, 500);
  for (guint i = 0; i < 60; i++)
    check_page (world, model, 1 + (guint) g_rand_int_range (rand, 0, 130), (guint) g_rand_int_range (rand, 0, 140));
  g_rand_free (rand);
}

/* Mail without a date, or with one before 1970, stands behind all other mail, and is not lost there. */
static void
test_undated (void **state)
{
  struct world *world = *state;
  gboolean more = TRUE;
  g_autofree char *dated = add_mail (world, "1:2,S", "dated@x", NULL, "dated", T0, "with a date");
  g_autofree char *old = add_mail (world, "2:2,S", "old@x", NULL, "old", -86400, "before all time");
  g_autofree char *undated = mail_path (world, "3:2,S");
  put (undated, "Message-ID: <undated@x>\nFrom: Ann Example <ann@example.org>\nSubject: undated\n\nwithout a date\n");
  assert_int_equal (add_full (world, undated, NULL, NULL, NULL, NULL), 1);
  g_autoptr (GVariant) rows = threads (world, "*", 10, 0, &more);
  assert_int_equal (g_variant_n_children (rows), 3);
  assert_field (rows, 0, "subject", "dated");
  g_autoptr (GVariant) found = threads (world, "subject:undated", 10, 0, &more);
  assert_int_equal (g_variant_n_children (found), 1);
}

/* ---- damaged mail ---- */

/* An empty message inside a message: some builds of libnotmuch follow a NULL pointer there. */
static const char *const odd
    = "From: a@example.org\nMessage-ID: <odd@x>\nSubject: odd\nDate: 1 Nov 2023 10:00:00 +0000\nMIME-Version: 1.0\n"
      "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nhi\n"
      "--b\nContent-Type: message/rfc822\n\n--b--\n";

/* Run the writer in a child, as the engine does; returns its wait status. */
static int
in_child (struct world *world, void (*run) (struct world *))
{
  index_db_free (world->db);
  world->db = NULL;
  fflush (NULL);
  pid_t child = fork ();
  assert_true (child >= 0);
  if (child == 0) {
    int null = open ("/dev/null", O_WRONLY);
    (void) dup2 (null, 2);
    world->db = index_db_new (world->index_dir, world->mail_dir, TRUE, NULL);
    run (world);
    _exit (0);
  }
  int status = 0;
  assert_int_equal (waitpid (child, &status, 0), child);
  reopen (world);
  return status;
}

static void
add_odd (struct world *world)
{
  g_autofree char *path = mail_path (world, "odd");
  struct index_mail mail = { .path = path };
  GVariantBuilder skipped;
  guint added;
  g_variant_builder_init (&skipped, G_VARIANT_TYPE ("a(ss)"));
  (void) index_write_add (world->db, &mail, 1, &added, &skipped, NULL);
  g_variant_builder_clear (&skipped);
}

/* Whether this libnotmuch survives it or not, afterwards the mail is either found or skipped, and other mail goes in. */
static void
test_odd_mail (void **state)
{
  struct world *world = *state;
  g_autofree char *path = mail_path (world, "odd"), *reason = NULL;
  put (path, odd);
  (void) in_child (world, add_odd);
  guint added = add_full (world, path, NULL, NULL, NULL, &reason);
  assert_int_equal (added, count (world, "odd"));
  assert_int_equal (added == 0, reason != NULL);
  g_free (add_mail (world, "good", "good@x", NULL, "good", T0, "fine"));
  assert_int_equal (count (world, "good"), 1);
}

static void
die_under_way (struct world *world, int signal_number)
{
  g_autofree char *good = mail_path (world, "good");
  struct index_guard *guard;
  index_db_free (world->db);
  guard = index_guard_new (world->index_dir, world->mail_dir, NULL);
  index_guard_set_cpu_s (guard, 1);
  index_guard_enter (guard, good);
  if (signal_number != 0)
    (void) raise (signal_number);
  for (volatile guint64 i = 0;; i++) /* spin until the processor time is used up */
    ;
}

static void
die_killed (struct world *world)
{
  die_under_way (world, SIGKILL);
}

static void
die_aborted (struct world *world)
{
  die_under_way (world, SIGABRT);
}

static void
die_slow (struct world *world)
{
  die_under_way (world, 0);
}

static void
check_death (struct world *world, void (*die) (struct world *), gboolean blamed)
{
  g_autofree char *good = mail_path (world, "good"), *text = mail_text ("good@x", NULL, "good", T0, "fine");
  put (good, text);
  (void) in_child (world, die);
  assert_int_equal (add_full (world, good, NULL, NULL, NULL, NULL), blamed ? 0 : 1);
}

static void
test_killed (void **state)
{
  check_death (*state, die_killed, FALSE); /* kill -9 is nobody's fault */
}

static void
test_aborted (void **state)
{
  struct world *world = *state;
  check_death (world, die_aborted, TRUE);
  g_autofree char *path = mail_path (world, "good"), *elsewhere = mail_path (world, "good:2,S"), *reason = NULL;
  assert_int_equal (g_rename (path, elsewhere), 0); /* known by its content, under any name and after any restart */
  reopen (world);
  assert_int_equal (add_full (world, elsewhere, NULL, NULL, NULL, &reason), 0);
  assert_true (g_str_has_suffix (reason, "."));
  g_autoptr (GVariant) move = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", path, elsewhere));
  assert_true (index_write_moved (world->db, move, NULL));
  assert_int_equal (count (world, "*"), 0);
  g_free (add_mail (world, "other", "other@x", NULL, "other", T0, "fine"));
  assert_int_equal (count (world, "*"), 1);
}

static void
test_slow (void **state)
{
  check_death (*state, die_slow, TRUE);
}

static void
test_not_mail (void **state)
{
  struct world *world = *state;
  g_autofree char *empty = mail_path (world, "empty"), *gone = mail_path (world, "gone"), *reason = NULL,
                  *outside = NULL;
  g_autofree char *up = g_build_filename (world->mail_dir, "..", "index", "indexing", NULL);
  put (empty, "");
  assert_int_equal (add_full (world, gone, NULL, NULL, NULL, &reason), 0);
  assert_true (g_str_has_suffix (reason, "."));
  assert_int_equal (add_full (world, "/etc/passwd", NULL, NULL, NULL, &outside), 0);
  assert_string_equal (outside, "This file is not in the mail's folder.");
  assert_int_equal (add_full (world, up, NULL, NULL, NULL, NULL), 0);
  (void) add_full (world, empty, NULL, NULL, NULL, NULL);
}

/* No From, To or Subject, which libnotmuch takes for no mail: found by its words and its file, moved, tagged and removed like any other. */
static void
test_without_header (void **state)
{
  static const char *const tags[] = { "inbox", NULL };
  static const char *const texts[]
      = { "Date: 22 Nov 2025 01:02:03 +0000\nX-Odd: 1\n\nthrombocytes low\n", "thrombocytes, and no header at all\n" };
  struct world *world = *state;
  g_autofree char *shadow_dir = g_build_filename (world->mail_dir, ".shadow", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *name = g_strdup_printf ("bare%u", (guint) i);
    g_autofree char *path = mail_path (world, name), *moved_name = g_strconcat (name, ":2,S", NULL),
                    *moved = mail_path (world, moved_name),
                    *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA1, texts[i], -1),
                    *id = g_strconcat ("notmuch-sha1-", sum, NULL);
    put (path, texts[i]);
    assert_int_equal (add_full (world, path, tags, NULL, NULL, NULL), 1);
    assert_int_equal (files_in (shadow_dir), 0);
    gboolean more;
    g_autoptr (GVariant) rows = threads (world, "thrombocytes", 0, 0, &more);
    assert_int_equal (g_variant_n_children (rows), 1);
    assert_field (rows, 0, "subject", "(no subject)");
    assert_field (rows, 0, "tags", "inbox");
    const char *ids[] = { id, NULL };
    g_autoptr (GVariant) found = g_variant_ref_sink (index_find_rows (world->db, ids, NULL, NULL));
    assert_field (found, 0, "paths", path);
    assert_int_equal (g_rename (path, moved), 0);
    g_autoptr (GVariant) move = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", path, moved));
    assert_true (index_write_moved (world->db, move, NULL));
    g_autoptr (GVariant) after = g_variant_ref_sink (index_find_rows (world->db, ids, NULL, NULL));
    assert_field (after, 0, "paths", moved);
    reopen (world);
    assert_int_equal (count (world, "tag:inbox"), 1);
    g_free (
        add_mail (world, "other", "other@x", NULL, "other", T0, "fine")); /* the folder of all mail is what it was */
    assert_int_equal (count (world, "*"), 2);
    g_autofree char *other = mail_path (world, "other");
    const char *gone[] = { moved, other, NULL };
    assert_true (index_write_removed (world->db, gone, NULL));
    assert_int_equal (count (world, "*"), 0);
  }
}

/* ---- two processes ---- */

static void
hold_lock (struct world *world, int ready, int go)
{
  char byte = 'r';
  char *path = g_build_filename (world->index_dir, ".notmuch", "xapian", "flintlock", NULL);
  int fd = open (path, O_RDWR);
  g_free (path);
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
  if (fcntl (fd, F_OFD_SETLK, &lock) != 0)
    _exit (1);
  (void) !write (ready, &byte, 1);
  (void) !read (go, &byte, 1);
  _exit (0);
}

static void
test_locked (void **state)
{
  struct world *world = *state;
  int ready[2], go[2];
  char byte;
  g_free (add_mail (world, "a", "a@x", NULL, "one", T0, "x"));
  assert_int_equal (pipe (ready) | pipe (go), 0);
  pid_t child = fork ();
  if (child == 0)
    hold_lock (world, ready[1], go[0]);
  assert_int_equal (read (ready[0], &byte, 1), 1);
  g_autoptr (GError) error = NULL;
  const char *none[] = { NULL };
  assert_false (index_write_removed (world->db, none, &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_FAILED));
  assert_int_equal (count (world, "*"), 1); /* reading goes on */
  assert_int_equal (write (go[1], "g", 1), 1);
  assert_int_equal (waitpid (child, NULL, 0), child);
  assert_true (index_write_removed (world->db, none, NULL));
  close (ready[0]), close (ready[1]), close (go[0]), close (go[1]);
}

/* The writer commits all the time while the reader lists: each answer is right for some moment, and the last one for the end. Without the lock
 * between reads and commits, libnotmuch aborts this reader nearly every time. */
static void
read_until_all (struct world *world, guint wanted)
{
  struct index_db *reader = index_db_new (world->index_dir, world->mail_dir, FALSE, NULL);
  guint found = 0, last = 0;
  gboolean more;
  while (found < wanted) {
    g_autoptr (GError) error = NULL;
    if (!index_query_count (reader, "*", &found, &error) || found < last)
      _exit (1);
    last = found;
    GVariant *rows = index_query_threads (reader, "tag:inbox", 20, 0, FALSE, &more, &error);
    if (rows == NULL)
      _exit (2);
    g_variant_unref (g_variant_ref_sink (rows));
  }
  _exit (0);
}

static void
test_reader_beside_writer (void **state)
{
  struct world *world = *state;
  guint mails = 60;
  fflush (NULL);
  pid_t child = fork ();
  if (child == 0)
    read_until_all (world, mails);
  for (guint i = 0; i < mails; i++) {
    g_autofree char *name = g_strdup_printf ("%u", i), *id = g_strdup_printf ("%u@x", i);
    g_free (add_mail (world, name, id, NULL, "one", T0 - (gint64) i * 1000, "x"));
  }
  int status = 0;
  assert_int_equal (waitpid (child, &status, 0), child);
  assert_true (WIFEXITED (status));
  assert_int_equal (WEXITSTATUS (status), 0);
  assert_int_equal (count (world, "*"), mails);
}

static void
test_reader_before_index (void **state)
{
  struct world *world = *state;
  g_autofree char *nothing = g_build_filename (world->dir, "nothing", NULL);
  guint found = 1;
  gboolean more = TRUE;
  g_autoptr (GError) error = NULL;
  assert_int_equal (g_mkdir (nothing, 0700), 0);
  AUTOFREE (index_db) reader = index_db_new (nothing, world->mail_dir, FALSE, NULL);
  assert_true (index_query_count (reader, "*", &found, NULL));
  assert_int_equal (found, 0);
  g_autoptr (GVariant) rows = g_variant_ref_sink (index_query_threads (reader, "*", 0, 0, FALSE, &more, NULL));
  assert_int_equal (g_variant_n_children (rows), 0);
  assert_false (more);
  const char *none[] = { NULL };
  assert_false (index_write_removed (reader, none, &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_USAGE));
}

/* libnotmuch makes an index file by file: a reader that comes in between has nothing to say yet. */
static void
test_reader_beside_creation (void **state)
{
  struct world *world = *state;
  g_autofree char *half = g_build_filename (world->dir, "half", NULL);
  g_autofree char *xapian = g_build_filename (half, ".notmuch", "xapian", NULL);
  g_autofree char *lock = g_build_filename (xapian, "flintlock", NULL);
  g_autoptr (GError) error = NULL;
  guint found = 1;
  assert_int_equal (g_mkdir_with_parents (xapian, 0700), 0);
  put (lock, "");
  AUTOFREE (index_db) reader = index_db_new (half, world->mail_dir, FALSE, NULL);
  assert_true (index_query_count (reader, "*", &found, &error));
  assert_int_equal (found, 0);
}

static void
assert_recipients (struct world *world, const char *query, const char *expected)
{
  gboolean more;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) rows = g_variant_ref_sink (index_query_threads (world->db, query, 0, 0, TRUE, &more, &error));
  assert_int_equal (g_variant_n_children (rows), 1);
  g_autoptr (GVariant) row = g_variant_get_child_value (rows, 0);
  const char *names = NULL;
  assert_true (g_variant_lookup (row, "recipients", "&s", &names));
  assert_string_equal (names, expected);
}

/* Whom the newest match goes to, not the newest message of the thread. */
static void
test_recipients (void **state)
{
  struct world *world = *state;
  static const char *const sent[] = { "sent", NULL };
  static const char *const none[] = { NULL };
  g_autofree char *a = mail_path (world, "a:2,"), *b = mail_path (world, "b:2,"), *c = mail_path (world, "c:2,");
  put (a, "Message-ID: <a@x>\nFrom: me@x.org\nTo: \"Weiss, Carol\" <carol@x.org>,\n =?utf-8?q?J=C3=B6rg?= <j@x.org>, "
          "dave@x.org\n"
          "Subject: a\nDate: Mon, 3 Mar 2025 09:00:00 +0000\n\na\n");
  put (b, "Message-ID: <b@x>\nIn-Reply-To: <a@x>\nFrom: Carol <carol@x.org>\nTo: me@x.org\nSubject: Re: a\nDate: Mon, "
          "3 Mar 2025 10:00:00 +0000\n\nb\n");
  put (c, "Message-ID: <c@x>\nFrom: me@x.org\nTo: undisclosed-recipients:;\nCc: Erin <e@x.org>\nSubject: c\nDate: Mon, "
          "3 Mar 2025 09:00:00 +0000\n\nc\n");
  assert_int_equal (add_full (world, a, sent, NULL, NULL, NULL), 1);
  assert_int_equal (add_full (world, b, none, NULL, NULL, NULL), 1);
  assert_int_equal (add_full (world, c, sent, NULL, NULL, NULL), 1);
  assert_recipients (world, "tag:sent and subject:a", "Weiss, Carol, Jörg, dave@x.org");
  assert_recipients (world, "id:b@x", "me@x.org");
  assert_recipients (world, "id:c@x", "Erin");
}

#define SIGNED_HEAD                                                                                                    \
  "From: a@x.org\nSubject: s\nDate: Mon, 3 Mar 2025 09:00:00 +0000\nMIME-Version: 1.0\n"                               \
  "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=s\n\n--s\n"
#define SIGNATURE                                                                                                      \
  "\n--s\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Disposition: attachment; "                \
  "filename=smime.p7s\n\nMIIB\n--s--\n"
#define WITH_FILE                                                                                                      \
  "Content-Type: multipart/mixed; boundary=m\n\n--m\n\ntext\n--m\nContent-Type: text/csv\n"                            \
  "Content-Disposition: attachment; filename=a.csv\n\n1,2\n--m--\n"
#define ENVELOPE                                                                                                       \
  "From: a@x.org\nSubject: s\nDate: Mon, 3 Mar 2025 09:00:00 +0000\nMIME-Version: 1.0\nContent-Type: "                 \
  "application/pkcs7-mime; "                                                                                           \
  "smime-type=enveloped-data; name=smime.p7m\nContent-Disposition: attachment; filename=smime.p7m\n\nMIIB\n"

/* A signature is no attachment, nor is the wrapping of an encrypted mail; not after a move either. */
static void
test_attachment_mark (void **state)
{
  struct world *world = *state;
  static const struct {
    const char *id, *text, *shadow;
    guint marked;
  } cases[] = {
    { "signed@x", SIGNED_HEAD "\ntext\n" SIGNATURE, NULL, 0 },
    { "file@x", SIGNED_HEAD WITH_FILE SIGNATURE, NULL, 1 },
    { "closed@x", ENVELOPE, NULL, 0 },
    { "opened@x", ENVELOPE, "Message-ID: <opened@x>\nFrom: a@x.org\nSubject: s\nMIME-Version: 1.0\n" WITH_FILE, 1 },
    { "plain@x", ENVELOPE, "Message-ID: <plain@x>\nFrom: a@x.org\nSubject: s\n\ntext\n", 0 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *name = g_strdup_printf ("%s:2,", cases[i].id), *seen = g_strdup_printf ("%s:2,S", cases[i].id);
    g_autofree char *path = mail_path (world, name), *moved = mail_path (world, seen);
    g_autofree char *text = g_strdup_printf ("Message-ID: <%s>\n%s", cases[i].id, cases[i].text);
    g_autofree char *query = g_strdup_printf ("id:%s and tag:attachment", cases[i].id);
    put (path, text);
    assert_int_equal (add_full (world, path, NULL, NULL, cases[i].shadow, NULL), 1);
    assert_int_equal (count (world, query), cases[i].marked);
    assert_int_equal (rename (path, moved), 0);
    g_autoptr (GVariant) moves = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", path, moved));
    assert_true (index_write_moved (world->db, moves, NULL));
    assert_int_equal (count (world, query), cases[i].marked);
  }
}

/* From and To of a mail of its own, with the tags that its folder gives it. */
static void
add_letter (struct world *world, const char *name, const char *from, const char *to, const char *tag)
{
  const char *const tags[] = { tag, NULL };
  g_autofree char *path = mail_path (world, name),
                  *text
                  = g_strdup_printf ("Message-ID: <%s@x>\nFrom: %s\nTo: %s\nSubject: s\n\nbody\n", name, from, to);
  put (path, text);
  assert_int_equal (add_full (world, path, tags, NULL, NULL, NULL), 1);
}

static void
assert_facts (struct world *world, const char *address, const char *name, const char *id, const char *expected)
{
  static const char *const own[] = { "demo.test", NULL }, *const hosts[] = { "clinic.example", "c1inic.example", NULL };
  g_autoptr (GError) error = NULL;
  struct index_known ask = { .address = address, .name = name, .id = id, .hosts = hosts, .own = own, .domains = own };
  struct index_db *reader = index_db_new (world->index_dir, world->mail_dir, FALSE, &error);
  g_autoptr (GVariant) facts = g_variant_ref_sink (index_known_facts (reader, &ask, &error));
  g_autofree char *got = g_variant_print (facts, FALSE);
  index_db_free (reader);
  assert_string_equal (got, expected);
}

#define FACTS(first, contact, name_of)                                                                                 \
  "{'first': <" first ">, 'contact': <" contact ">, 'name_of': <'" name_of                                             \
  "'>, 'likes': <[('c1inic.example', uint32 4, 'clinic.example')]>}"

static void
test_known (void **state)
{
  struct world *world = *state;
  add_letter (world, "sent", "Alice <alice@demo.test>", "Bob Okafor <bob@clinic.example>", "sent");
  add_letter (world, "one", "New Person <new@far.example>", "alice@demo.test", "inbox");
  add_letter (world, "other", "Another <x.new@far.example>", "alice@demo.test", "inbox");
  add_letter (world, "spam", "Junk <junk@far.example>", "alice@demo.test", "spam");
  add_letter (world, "false", "Bob Okafor <okafor@evil.example>", "alice@demo.test, victim@evil.example", "inbox");
  /* The message itself does not count, nor do words that are found in another address. */
  assert_facts (world, "new@far.example", "New Person", "one@x", FACTS ("true", "false", ""));
  assert_facts (world, "NEW@Far.Example", "", "second@x", FACTS ("false", "false", ""));
  assert_facts (world, "far.new@far.example", "", "second@x", FACTS ("true", "false", ""));
  assert_facts (world, "junk@far.example", "", "second@x", FACTS ("true", "false", ""));
  assert_facts (world, "bob@clinic.example", "Bob Okafor", "none@x", FACTS ("false", "true", ""));
  assert_facts (world, "victim@evil.example", "", "none@x", FACTS ("true", "false", ""));
  assert_facts (world, "okafor@evil.example", "Okafor, Bob", "false@x", FACTS ("true", "false", "bob@clinic.example"));
  assert_facts (world, "no address", "Bob Okafor", "x", FACTS ("false", "false", ""));
  assert_facts (world, "a\"b@far.example", "", "x", FACTS ("false", "false", ""));
  /* A table that is lost does not make those strangers who were written to. */
  g_autofree char *table = g_build_filename (world->index_dir, "contacts", NULL);
  assert_int_equal (g_unlink (table), 0);
  assert_facts (world, "bob@clinic.example", "", "none@x",
                "{'first': <false>, 'contact': <true>, 'name_of': <''>, 'likes': <@a(sus) []>}");
}

#define WORLD_TEST(function) cmocka_unit_test_setup_teardown (function, set_up, tear_down)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    WORLD_TEST (test_known),
    WORLD_TEST (test_add_find),
    WORLD_TEST (test_thread_order),
    WORLD_TEST (test_tags),
    WORLD_TEST (test_moved_removed),
    WORLD_TEST (test_late_news),
    WORLD_TEST (test_shadow),
    WORLD_TEST (test_shadow_without_id),
    WORLD_TEST (test_shadow_late),
    WORLD_TEST (test_shadow_left_behind),
    WORLD_TEST (test_bad_query),
    WORLD_TEST (test_windows),
    WORLD_TEST (test_undated),
    WORLD_TEST (test_odd_mail),
    WORLD_TEST (test_killed),
    WORLD_TEST (test_aborted),
    WORLD_TEST (test_slow),
    WORLD_TEST (test_not_mail),
    WORLD_TEST (test_without_header),
    WORLD_TEST (test_locked),
    WORLD_TEST (test_reader_beside_writer),
    WORLD_TEST (test_reader_before_index),
    WORLD_TEST (test_reader_beside_creation),
    WORLD_TEST (test_recipients),
    WORLD_TEST (test_attachment_mark),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
