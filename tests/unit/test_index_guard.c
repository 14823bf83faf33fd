/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail that libnotmuch does not survive, or takes for none, is listed all the same, and nobody else is blamed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "mail/archive/index_guard.h"
#include "mail/engine.h"
#include "tests/unit/index_world.h"

/* An empty message inside a message: some builds of libnotmuch follow a NULL pointer there. */
static const char *const odd
    = "From: a@example.org\nMessage-ID: <odd@x>\nSubject: odd\nDate: 1 Nov 2023 10:00:00 +0000\nMIME-Version: 1.0\n"
      "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nhi\n"
      "--b\nContent-Type: message/rfc822\n\n--b--\n";

static void
add_odd (struct index_world *world)
{
  g_autofree char *path = index_world_path (world, "odd");
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
  struct index_world *world = *state;
  g_autofree char *path = index_world_path (world, "odd"), *reason = NULL;
  index_world_put (path, odd);
  (void) index_world_in_child (world, add_odd);
  guint added = index_world_add_full (world, path, NULL, NULL, NULL, &reason);
  assert_int_equal (added, index_world_count (world, "odd"));
  assert_int_equal (added == 0, reason != NULL);
  g_free (index_world_add_mail (world, "good", "good@x", NULL, "good", INDEX_WORLD_T0, "fine"));
  assert_int_equal (index_world_count (world, "good"), 1);
}

static void
die_under_way (struct index_world *world, int signal_number)
{
  g_autofree char *good = index_world_path (world, "good");
  struct index_guard *guard;
  index_db_free (world->db);
  guard = index_guard_new (world->index_dir, world->index_dir, world->mail_dir, NULL);
  index_guard_set_cpu_s (guard, 1);
  index_guard_enter (guard, good);
  if (signal_number != 0)
    (void) raise (signal_number);
  for (volatile guint64 i = 0;; i++) /* spin until the processor time is used up */
    ;
}

static void
die_killed (struct index_world *world)
{
  die_under_way (world, SIGKILL);
}

static void
die_aborted (struct index_world *world)
{
  die_under_way (world, SIGABRT);
}

static void
die_slow (struct index_world *world)
{
  die_under_way (world, 0);
}

/* Listed whatever comes; by its words only where nobody blames it. */
static void
check_death (struct index_world *world, void (*die) (struct index_world *), gboolean blamed)
{
  g_autofree char *good = index_world_path (world, "good"),
                  *text = index_world_text ("good@x", "parent@x", "good subject", INDEX_WORLD_T0, "fine");
  gboolean more;
  index_world_put (good, text);
  (void) index_world_in_child (world, die);
  assert_int_equal (index_world_add_full (world, good, NULL, NULL, NULL, NULL), 1);
  assert_int_equal (index_db_take_damaged (world->db), blamed);
  assert_int_equal (index_world_count (world, "fine"), blamed ? 0 : 1);
  g_autoptr (GVariant) rows = index_world_threads (world, "subject:good from:ann", 0, 0, &more);
  index_world_assert_field (rows, 0, "subject", "good subject");
  index_world_assert_field (rows, 0, "newest", "good@x");
  index_world_assert_field (rows, 0, "date", "1700000000");
}

static void
test_killed (void **state)
{
  check_death (*state, die_killed, FALSE); /* kill -9 is nobody's fault */
}

static void
test_aborted (void **state)
{
  struct index_world *world = *state;
  check_death (world, die_aborted, TRUE);
  g_autofree char *path = index_world_path (world, "good"), *elsewhere = index_world_path (world, "good:2,S");
  assert_int_equal (g_rename (path, elsewhere), 0); /* known by its content, under any name and after any restart */
  index_world_reopen (world);
  g_autoptr (GVariant) move = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", path, elsewhere));
  assert_true (index_write_moved (world->db, move, NULL));
  g_autoptr (GVariant) found = g_variant_ref_sink (index_find_rows (world->db, NULL, "*", NULL));
  assert_int_equal (g_variant_n_children (found), 1);
  index_world_assert_field (found, 0, "paths", elsewhere);
  g_free (index_world_add_mail (world, "other", "other@x", NULL, "other", INDEX_WORLD_T0, "fine"));
  assert_int_equal (index_world_count (world, "*"), 2);
}

/* Even its header alone is too much: then nothing of it is shown to libnotmuch, and it is still there. */
static void
test_hopeless (void **state)
{
  struct index_world *world = *state;
  check_death (world, die_aborted, TRUE);
  (void) index_world_in_child (world, die_aborted);
  g_autofree char *path = index_world_path (world, "good");
  gboolean more;
  const char *paths[] = { path, NULL };
  assert_true (index_write_removed (world->db, paths, NULL, NULL));
  assert_int_equal (index_world_add_full (world, path, NULL, NULL, NULL, NULL), 1);
  g_autoptr (GVariant) rows = index_world_threads (world, "*", 0, 0, &more);
  assert_int_equal (g_variant_n_children (rows), 1);
  index_world_assert_field (rows, 0, "subject", "(damaged mail)");
}

/* What the list of an index knew is known after its loss. */
static void
test_remembered (void **state)
{
  struct index_world *world = *state;
  check_death (world, die_aborted, TRUE);
  g_autofree char *path = index_world_path (world, "good");
  assert_true (index_db_make_anew (world->db, NULL));
  assert_int_equal (index_world_count (world, "*"), 0);
  assert_int_equal (index_world_add_full (world, path, NULL, NULL, NULL, NULL), 1);
  assert_int_equal (index_db_take_damaged (world->db), 1);
}

static void
test_slow (void **state)
{
  check_death (*state, die_slow, TRUE);
}

static void
test_not_mail (void **state)
{
  struct index_world *world = *state;
  g_autofree char *empty = index_world_path (world, "empty"), *gone = index_world_path (world, "gone"), *reason = NULL,
                  *outside = NULL;
  g_autofree char *up = g_build_filename (world->mail_dir, "..", "index", "indexing", NULL);
  index_world_put (empty, "");
  assert_int_equal (index_world_add_full (world, gone, NULL, NULL, NULL, &reason), 0);
  assert_true (g_str_has_suffix (reason, "."));
  assert_int_equal (index_world_add_full (world, "/etc/passwd", NULL, NULL, NULL, &outside), 0);
  assert_string_equal (outside, "This file is not in the mail's folder.");
  assert_int_equal (index_world_add_full (world, up, NULL, NULL, NULL, NULL), 0);
  (void) index_world_add_full (world, empty, NULL, NULL, NULL, NULL);
}

/* No From, To or Subject, which libnotmuch takes for no mail: found by its words and its file, moved, tagged and removed like any other. */
static void
test_without_header (void **state)
{
  static const char *const tags[] = { "inbox", NULL };
  static const char *const texts[]
      = { "Date: 22 Nov 2025 01:02:03 +0000\nX-Odd: 1\n\nthrombocytes low\n", "thrombocytes, and no header at all\n" };
  struct index_world *world = *state;
  g_autofree char *shadow_dir = g_build_filename (world->mail_dir, ".shadow", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *name = g_strdup_printf ("bare%u", (guint) i);
    g_autofree char *path = index_world_path (world, name), *moved_name = g_strconcat (name, ":2,S", NULL),
                    *moved = index_world_path (world, moved_name),
                    *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA1, texts[i], -1),
                    *id = g_strconcat ("notmuch-sha1-", sum, NULL);
    index_world_put (path, texts[i]);
    assert_int_equal (index_world_add_full (world, path, tags, NULL, NULL, NULL), 1);
    assert_int_equal (index_world_files_in (shadow_dir), 0);
    gboolean more;
    g_autoptr (GVariant) rows = index_world_threads (world, "thrombocytes", 0, 0, &more);
    assert_int_equal (g_variant_n_children (rows), 1);
    index_world_assert_field (rows, 0, "subject", "(no subject)");
    index_world_assert_field (rows, 0, "tags", "inbox");
    const char *ids[] = { id, NULL };
    g_autoptr (GVariant) found = g_variant_ref_sink (index_find_rows (world->db, ids, NULL, NULL));
    index_world_assert_field (found, 0, "paths", path);
    assert_int_equal (g_rename (path, moved), 0);
    g_autoptr (GVariant) move = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", path, moved));
    assert_true (index_write_moved (world->db, move, NULL));
    g_autoptr (GVariant) after = g_variant_ref_sink (index_find_rows (world->db, ids, NULL, NULL));
    index_world_assert_field (after, 0, "paths", moved);
    index_world_reopen (world);
    assert_int_equal (index_world_count (world, "tag:inbox"), 1);
    g_free (index_world_add_mail (world, "other", "other@x", NULL, "other", INDEX_WORLD_T0,
                                  "fine")); /* the folder of all mail is what it was */
    assert_int_equal (index_world_count (world, "*"), 2);
    g_autofree char *other = index_world_path (world, "other");
    const char *gone[] = { moved, other, NULL };
    assert_true (index_write_removed (world->db, gone, NULL, NULL));
    assert_int_equal (index_world_count (world, "*"), 0);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    INDEX_WORLD_TEST (test_odd_mail), INDEX_WORLD_TEST (test_killed),         INDEX_WORLD_TEST (test_aborted),
    INDEX_WORLD_TEST (test_slow),     INDEX_WORLD_TEST (test_hopeless),       INDEX_WORLD_TEST (test_remembered),
    INDEX_WORLD_TEST (test_not_mail), INDEX_WORLD_TEST (test_without_header),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
