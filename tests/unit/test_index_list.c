/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A list by windows is the list of one unbounded query. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mail/engine.h"
#include "tests/unit/index_world.h"

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
make_archive (struct index_world *world, GRand *rand)
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
                        : INDEX_WORLD_T0 - g_rand_int_range (rand, 0, (gint32) (spread * 86400)) - (gint64) thread * 3;
      gboolean matches = thread % 2 == 0 || i + 1 < messages || messages == 1;
      g_autofree char *name = g_strdup_printf ("%u-%u", thread, i);
      g_autofree char *id = g_strdup_printf ("%u-%u@x", thread, i);
      g_autofree char *parent = i > 0 ? g_strdup_printf ("%u-0@x", thread) : NULL;
      g_autofree char *subject = g_strdup_printf ("t%u", thread);
      g_autofree char *text = index_world_text (id, parent, subject, date, "x");
      struct index_mail mail = { .path = index_world_path (world, name), .add = matches ? hit : NULL };
      index_world_put (mail.path, text);
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
check_page (struct index_world *world, GArray *model, guint limit, guint offset)
{
  gboolean more;
  g_autoptr (GVariant) rows = index_world_threads (world, "tag:hit", limit, offset, &more);
  guint end = MIN (model->len, offset + limit), expected = offset < end ? end - offset : 0;
  assert_int_equal (g_variant_n_children (rows), expected);
  assert_int_equal (more, offset + limit < model->len);
  for (guint i = 0; i < expected; i++) {
    struct model *entry = &g_array_index (model, struct model, offset + i);
    g_autofree char *date = g_strdup_printf ("%" G_GINT64_FORMAT, entry->newest);
    g_autofree char *got = index_world_field (rows, i, "date");
    g_autofree char *subject = index_world_field (rows, i, "subject"), *wanted = g_strdup_printf ("t%u", entry->id);
    assert_string_equal (got, date);
    assert_string_equal (subject, wanted);
  }
}

static void
test_windows (void **state)
{
  struct index_world *world = *state;
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
  struct index_world *world = *state;
  gboolean more = TRUE;
  g_autofree char *dated
      = index_world_add_mail (world, "1:2,S", "dated@x", NULL, "dated", INDEX_WORLD_T0, "with a date");
  g_autofree char *old = index_world_add_mail (world, "2:2,S", "old@x", NULL, "old", -86400, "before all time");
  g_autofree char *undated = index_world_path (world, "3:2,S");
  index_world_put (
      undated, "Message-ID: <undated@x>\nFrom: Ann Example <ann@example.org>\nSubject: undated\n\nwithout a date\n");
  assert_int_equal (index_world_add_full (world, undated, NULL, NULL, NULL, NULL), 1);
  g_autoptr (GVariant) rows = index_world_threads (world, "*", 10, 0, &more);
  assert_int_equal (g_variant_n_children (rows), 3);
  index_world_assert_field (rows, 0, "subject", "dated");
  g_autoptr (GVariant) found = index_world_threads (world, "subject:undated", 10, 0, &more);
  assert_int_equal (g_variant_n_children (found), 1);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    INDEX_WORLD_TEST (test_windows),
    INDEX_WORLD_TEST (test_undated),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
