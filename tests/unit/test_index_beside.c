/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes beside each other: a lock that is held, readers beside a writer, and before there is anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mail/engine.h"
#include "tests/unit/index_world.h"

static void
hold_lock (struct index_world *world, int ready, int go)
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
  struct index_world *world = *state;
  int ready[2], go[2];
  char byte;
  g_free (index_world_add_mail (world, "a", "a@x", NULL, "one", INDEX_WORLD_T0, "x"));
  assert_int_equal (pipe (ready) | pipe (go), 0);
  pid_t child = fork ();
  if (child == 0)
    hold_lock (world, ready[1], go[0]);
  assert_int_equal (read (ready[0], &byte, 1), 1);
  g_autoptr (GError) error = NULL;
  const char *none[] = { NULL };
  assert_false (index_write_removed (world->db, none, NULL, &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_FAILED));
  assert_int_equal (index_world_count (world, "*"), 1); /* reading goes on */
  assert_int_equal (write (go[1], "g", 1), 1);
  assert_int_equal (waitpid (child, NULL, 0), child);
  assert_true (index_write_removed (world->db, none, NULL, NULL));
  close (ready[0]), close (ready[1]), close (go[0]), close (go[1]);
}

/* The writer commits all the time while the reader lists: each answer is right for some moment, and the last one for the end. Without the lock
 * between reads and commits, libnotmuch aborts this reader nearly every time. */
static void
read_until_all (struct index_world *world, guint wanted)
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
  struct index_world *world = *state;
  guint mails = 60;
  fflush (NULL);
  pid_t child = fork ();
  if (child == 0)
    read_until_all (world, mails);
  for (guint i = 0; i < mails; i++) {
    g_autofree char *name = g_strdup_printf ("%u", i), *id = g_strdup_printf ("%u@x", i);
    g_free (index_world_add_mail (world, name, id, NULL, "one", INDEX_WORLD_T0 - (gint64) i * 1000, "x"));
  }
  int status = 0;
  assert_int_equal (waitpid (child, &status, 0), child);
  assert_true (WIFEXITED (status));
  assert_int_equal (WEXITSTATUS (status), 0);
  assert_int_equal (index_world_count (world, "*"), mails);
}

static void
test_reader_before_index (void **state)
{
  struct index_world *world = *state;
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
  assert_false (index_write_removed (reader, none, NULL, &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_USAGE));
}

/* libnotmuch makes an index file by file: a reader that comes in between has nothing to say yet. */
static void
test_reader_beside_creation (void **state)
{
  struct index_world *world = *state;
  g_autofree char *half = g_build_filename (world->dir, "half", NULL);
  g_autofree char *xapian = g_build_filename (half, ".notmuch", "xapian", NULL);
  g_autofree char *lock = g_build_filename (xapian, "flintlock", NULL);
  g_autoptr (GError) error = NULL;
  guint found = 1;
  assert_int_equal (g_mkdir_with_parents (xapian, 0700), 0);
  index_world_put (lock, "");
  AUTOFREE (index_db) reader = index_db_new (half, world->mail_dir, FALSE, NULL);
  assert_true (index_query_count (reader, "*", &found, &error));
  assert_int_equal (found, 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    INDEX_WORLD_TEST (test_locked),
    INDEX_WORLD_TEST (test_reader_beside_writer),
    INDEX_WORLD_TEST (test_reader_before_index),
    INDEX_WORLD_TEST (test_reader_beside_creation),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
