/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The index over a folder of generated mails: adding, finding, order, tags, moves, late news, senders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "mail/engine.h"
#include "tests/unit/index_world.h"

static void
test_add_find (void **state)
{
  struct index_world *world = *state;
  gboolean more = TRUE;
  g_free (index_world_add_mail (world, "1:2,S", "one@x", NULL, "appendix", INDEX_WORLD_T0, "the scan is fine"));
  g_autofree char *two
      = index_world_add_mail (world, "2:2,S", "two@x", "one@x", "Re: appendix", INDEX_WORLD_T0 + 60, "thanks");
  g_free (index_world_add_mail (world, "3:2,S", "three@x", NULL, "lunch", INDEX_WORLD_T0 + 30, "soup"));
  assert_int_equal (index_world_count (world, "*"), 3);
  assert_int_equal (index_world_count (world, "scan"), 1);
  g_autoptr (GVariant) rows = index_world_threads (world, "tag:inbox", 0, 0, &more);
  assert_false (more);
  assert_int_equal (g_variant_n_children (rows), 2);
  index_world_assert_field (rows, 0, "subject", "appendix");
  index_world_assert_field (rows, 0, "newest", "two@x");
  index_world_assert_field (rows, 0, "total", "2");
  index_world_assert_field (rows, 0, "matched", "2");
  index_world_assert_field (rows, 0, "tags", "inbox");
  index_world_assert_field (rows, 0, "date", "1700000060");
  index_world_assert_field (rows, 1, "subject", "lunch");
  g_autoptr (GVariant) matched = index_world_threads (world, "scan", 0, 0, &more);
  assert_int_equal (g_variant_n_children (matched), 1);
  index_world_assert_field (matched, 0, "matched", "1");
  index_world_assert_field (matched, 0, "total", "2");
  index_world_assert_field (matched, 0, "newest", "one@x");
  index_world_assert_field (matched, 0, "authors", "Ann Example");
  const char *ids[] = { "two@x", "nobody@x", NULL };
  g_autoptr (GVariant) found = g_variant_ref_sink (index_find_rows (world->db, ids, NULL, NULL));
  assert_int_equal (g_variant_n_children (found), 1);
  index_world_assert_field (found, 0, "paths", two);
  index_world_assert_field (found, 0, "subject", "Re: appendix");
}

static void
test_thread_order (void **state)
{
  struct index_world *world = *state;
  gboolean more;
  g_autofree char *a = index_world_add_mail (world, "a", "a@x", NULL, "root", INDEX_WORLD_T0, "x");
  g_free (index_world_add_mail (world, "c", "c@x", "a@x", "second answer", INDEX_WORLD_T0 + 200, "x"));
  g_free (index_world_add_mail (world, "b", "b@x", "a@x", "first answer", INDEX_WORLD_T0 + 100, "needle"));
  g_free (index_world_add_mail (world, "d", "d@x", "b@x", "answer to first", INDEX_WORLD_T0 + 300, "x"));
  g_autoptr (GVariant) rows = index_world_threads (world, "*", 0, 0, &more);
  g_autofree char *thread = index_world_field (rows, 0, "thread");
  g_autoptr (GVariant) reading = g_variant_ref_sink (index_thread_rows (world->db, thread, "needle", NULL));
  assert_int_equal (g_variant_n_children (reading), 4);
  static const struct {
    const char *id, *depth, *matched;
  } expected[] = { { "a@x", "0", "false" }, { "b@x", "1", "true" }, { "d@x", "2", "false" }, { "c@x", "1", "false" } };
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++) {
    index_world_assert_field (reading, i, "id", expected[i].id);
    index_world_assert_field (reading, i, "depth", expected[i].depth);
    index_world_assert_field (reading, i, "matched", expected[i].matched);
  }
  index_world_assert_field (reading, 0, "path", a);
  index_world_assert_field (reading, 0, "to", "Bär <b@example.org>");
  index_world_assert_field (reading, 0, "from", "Ann Example <ann@example.org>");
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
  struct index_world *world = *state;
  gboolean more;
  g_autofree char *a = index_world_add_mail (world, "a", "a@x", NULL, "one", INDEX_WORLD_T0, "x");
  g_free (index_world_add_mail (world, "b", "b@x", NULL, "two", INDEX_WORLD_T0 + 1, "x"));
  const char *add[] = { "deleted", NULL }, *none[] = { NULL }, *ids[] = { "a@x", NULL };
  g_autoptr (GVariant) rows = g_variant_ref_sink (index_tag_rows (world->db, ids, NULL, add, none, FALSE, NULL));
  assert_int_equal (g_variant_n_children (rows), 1);
  index_world_assert_field (rows, 0, "tags", "deleted,inbox");
  index_world_assert_field (rows, 0, "paths", a);
  g_autoptr (GVariant) again = g_variant_ref_sink (index_tag_rows (world->db, ids, NULL, add, none, FALSE, NULL));
  assert_int_equal (g_variant_n_children (again), 0);
  assert_int_equal (index_world_count (world, "*"), 1); /* deleted mail is left out … */
  assert_int_equal (index_world_count (world, "tag:inbox"), 1);
  assert_int_equal (index_world_count (world, "tag:deleted"), 1); /* … unless it is asked for */
  g_autoptr (GVariant) list = index_world_threads (world, "tag:inbox", 0, 0, &more);
  assert_int_equal (g_variant_n_children (list), 1);
  index_world_assert_field (list, 0, "subject", "two");
  g_autoptr (GVariant) deleted = index_world_threads (world, "tag:inbox and tag:deleted", 0, 0, &more);
  assert_int_equal (g_variant_n_children (deleted), 1);
  index_world_assert_field (deleted, 0, "subject", "one");
  g_autoptr (GVariant) back
      = g_variant_ref_sink (index_tag_rows (world->db, NULL, "tag:inbox", none, add, FALSE, NULL));
  assert_int_equal (g_variant_n_children (back), 1); /* a query for tagging takes all it names */
  assert_int_equal (index_world_count (world, "*"), 2);
  g_autoptr (GError) error = NULL;
  const char *bad[] = { "-minus", NULL };
  assert_null (index_tag_rows (world->db, ids, NULL, bad, none, FALSE, &error));
  assert_true (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_USAGE));
}

/* What became of a mail that an index made anew does not have yet: a row of its tags alone would stand there for the mail. */
static void
test_change_of_unknown (void **state)
{
  struct index_world *world = *state;
  g_autofree char *path = index_world_path (world, "1:2,S"),
                  *text = index_world_text ("a", NULL, "Potassium", INDEX_WORLD_T0, "4.1");
  index_world_put (path, text);
  const char *const seen[] = { "seen-late", NULL }, *const inbox[] = { "inbox", NULL };
  struct index_mail change = { .path = path, .add = seen, .moved = path },
                    mail = { .path = path, .add = inbox, .whole = TRUE };
  GVariantBuilder skipped;
  guint added = 0;
  g_variant_builder_init (&skipped, G_VARIANT_TYPE ("a(ss)"));
  assert_true (index_write_add (world->db, &change, 1, &added, &skipped, NULL));
  assert_int_equal (index_world_count (world, "*"), 0);
  assert_true (index_write_add (world->db, &mail, 1, &added, &skipped, NULL));
  assert_int_equal (index_world_count (world, "tag:inbox and potassium"), 1);
  assert_true (index_write_add (world->db, &change, 1, &added, &skipped, NULL));
  assert_int_equal (index_world_count (world, "tag:inbox and tag:seen-late"), 1);
  /* It has moved on before this is heard: within its folder, and out of it. */
  static const char *const one[] = { "one", "unread", NULL }, *const two[] = { "two", NULL };
  g_autofree char *next = index_world_path (world, "1:2,FS"), *last = index_world_path (world, "1:2,FRS");
  assert_int_equal (g_rename (path, last), 0);
  struct index_mail on = { .path = next, .add = one, .remove = seen, .moved = path };
  assert_true (index_write_add (world->db, &on, 1, &added, &skipped, NULL));
  assert_int_equal (index_world_count (world, "tag:inbox and tag:one and not tag:seen-late and potassium"), 1);
  assert_int_equal (index_world_count (world, "tag:replied and tag:flagged and not tag:unread"),
                    1); /* as its name says now */
  assert_int_equal (g_unlink (last), 0);
  struct index_mail away = { .path = path, .add = two, .remove = one, .moved = last };
  assert_true (index_write_add (world->db, &away, 1, &added, &skipped, NULL));
  assert_int_equal (index_world_count (world, "tag:inbox and not tag:two and not tag:one"), 1);
  g_variant_builder_clear (&skipped);
}

/* One message in two files: its flags are those of both, and of the other one when one goes. */
static void
test_two_files (void **state)
{
  struct index_world *world = *state;
  g_autofree char *a = index_world_add_mail (world, "1:2,", "a@x", NULL, "one", INDEX_WORLD_T0, "sodium"),
                  *b = index_world_add_mail (world, "2:2,FS", "a@x", NULL, "one", INDEX_WORLD_T0, "sodium");
  assert_int_equal (index_world_count (world, "tag:flagged and not tag:unread"), 1);
  const char *const gone[] = { b, NULL };
  assert_int_equal (g_unlink (b), 0);
  assert_true (index_write_removed (world->db, gone, NULL, NULL));
  assert_int_equal (index_world_count (world, "sodium and tag:unread and not tag:flagged"), 1);
}

/* Somebody flags it here and the file is renamed for it; before the index hears of that, it is unflagged elsewhere. */
static void
test_tagged_late (void **state)
{
  struct index_world *world = *state;
  static const char *const flagged[] = { "flagged", NULL }, *const none[] = { NULL }, *const ids[] = { "a@x", NULL };
  g_autofree char *now = index_world_add_mail (world, "1:2,S", "a@x", NULL, "one", INDEX_WORLD_T0, "sodium");
  g_variant_unref (g_variant_ref_sink (index_tag_rows (world->db, ids, NULL, flagged, none, TRUE, NULL)));
  assert_int_equal (index_world_count (world, "tag:flagged"), 0);
  g_autofree char *later = index_world_path (world, "1:2,FS");
  assert_int_equal (g_rename (now, later), 0);
  g_autoptr (GVariant) move = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", now, later));
  assert_true (index_write_moved (world->db, move, NULL));
  g_variant_unref (g_variant_ref_sink (index_tag_rows (world->db, ids, NULL, flagged, none, TRUE, NULL)));
  assert_int_equal (index_world_count (world, "tag:flagged and not tag:unread"), 1);
  /* It has yet another name by then, which the index has not heard of: it must not lose the message, nor believe the old name. */
  g_autofree char *untold = index_world_path (world, "1:2,");
  static const char *const unread[] = { "unread", NULL };
  assert_int_equal (g_rename (later, untold), 0);
  g_variant_unref (g_variant_ref_sink (index_tag_rows (world->db, ids, NULL, unread, none, TRUE, NULL)));
  assert_int_equal (index_world_count (world, "sodium and tag:flagged and tag:unread"), 1);
  g_autoptr (GVariant) next = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", later, untold));
  assert_true (index_write_moved (world->db, next, NULL));
  assert_int_equal (index_world_count (world, "sodium and not tag:flagged and tag:unread"), 1);
}

/* One message in two folders, as what somebody sends to himself: when its last file leaves one it loses the tag of that folder. */
static void
test_leaves_folder (void **state)
{
  struct index_world *world = *state;
  g_autofree char *text = index_world_text ("a@x", NULL, "one", INDEX_WORLD_T0, "sodium");
  static const char *const folders[] = { "acc/Sent/cur", "other/INBOX/cur", "acc/INBOX/cur", "acc/INBOX/cur" };
  static const char *const inbox[] = { "inbox", NULL }, *const sent[] = { "sent", NULL };
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++) {
    g_autofree char *dir = g_build_filename (world->mail_dir, folders[i], NULL),
                    *path = g_strdup_printf ("%s/%" G_GSIZE_FORMAT ":2,S", dir, i);
    assert_int_equal (g_mkdir_with_parents (dir, 0700), 0);
    index_world_put (path, text);
    assert_int_equal (index_world_add_full (world, path, i == 0 ? sent : inbox, NULL, NULL, NULL), 1);
  }
  for (gsize i = G_N_ELEMENTS (folders) - 1; i > 0; i--) {
    g_autofree char *path = g_strdup_printf ("%s/%s/%" G_GSIZE_FORMAT ":2,S", world->mail_dir, folders[i], i);
    const char *const gone[] = { path, NULL };
    assert_int_equal (g_unlink (path), 0);
    assert_true (index_write_removed (world->db, gone, inbox, NULL));
    /* Two are left in inboxes, then one in another account's inbox. */
    assert_int_equal (index_world_count (world, "tag:inbox"), i > 1);
  }
  assert_int_equal (index_world_count (world, "tag:sent and sodium"), 1);
}

static void
test_moved_removed (void **state)
{
  struct index_world *world = *state;
  g_autofree char *a = index_world_add_mail (world, "a:2,", "a@x", NULL, "one", INDEX_WORLD_T0, "findme");
  g_autofree char *seen = index_world_path (world, "a:2,S");
  g_autofree char *flagged = index_world_path (world, "a:2,FS");
  assert_int_equal (g_rename (a, seen), 0);
  g_autoptr (GVariant) move = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", a, seen));
  assert_true (index_write_moved (world->db, move, NULL));
  g_autoptr (GVariant) rows = g_variant_ref_sink (index_find_rows (world->db, NULL, "findme", NULL));
  index_world_assert_field (rows, 0, "paths", seen);
  index_world_assert_field (rows, 0, "tags", "inbox");
  assert_int_equal (g_rename (seen, flagged), 0);
  assert_true (index_write_moved (world->db, move, NULL)); /* told too late: nothing is lost */
  assert_int_equal (index_world_count (world, "tag:inbox findme"), 1);
  g_autoptr (GVariant) next = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", a, flagged));
  assert_true (index_write_moved (world->db, next, NULL)); /* a step was missed: the stale name goes too */
  g_autoptr (GVariant) after = g_variant_ref_sink (index_find_rows (world->db, NULL, "findme", NULL));
  index_world_assert_field (after, 0, "paths", flagged);
  assert_int_equal (index_world_count (world, "tag:inbox and tag:flagged and not tag:unread"),
                    1); /* as its name says */
  g_autofree char *copy = index_world_add_mail (world, "copy", "a@x", NULL, "one", INDEX_WORLD_T0, "findme");
  g_autoptr (GVariant) both = g_variant_ref_sink (index_find_rows (world->db, NULL, "findme", NULL));
  assert_int_equal (g_variant_n_children (both), 1);
  const char *first[] = { flagged, NULL }, *second[] = { copy, NULL };
  assert_true (index_write_removed (world->db, first, NULL, NULL));
  assert_int_equal (index_world_count (world, "findme"), 1);
  assert_true (index_write_removed (world->db, second, NULL, NULL));
  assert_int_equal (index_world_count (world, "findme"), 0);
  const char *outside[] = { "/etc/passwd", NULL };
  assert_true (index_write_removed (world->db, outside, NULL, NULL));
}

/* The news come later than what they tell of. */
static void
test_late_news (void **state)
{
  struct index_world *world = *state;
  g_autofree char *fresh = index_world_path (world, "n:2,"), *read = index_world_path (world, "n:2,RS");
  g_autofree char *added = index_world_add_mail (world, "n:2,", "n@x", NULL, "one", INDEX_WORLD_T0, "findme");
  const char *first[] = { fresh, NULL }, *names[] = { fresh, read, NULL }, *tags[] = { "inbox", "unread", NULL };
  assert_true (index_write_removed (world->db, first, NULL, NULL));
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
  index_world_assert_field (rows, 0, "paths", read);
  g_autoptr (GVariant) move = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", fresh, read));
  assert_true (index_write_moved (world->db, move, NULL));
  assert_int_equal (index_world_count (world, "findme tag:inbox"), 1);
  /* Renamed again and removed before either was heard of: it goes under all its names. */
  g_autofree char *last = index_world_path (world, "n:2,FRS");
  g_autoptr (GVariant) missed = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", read, last));
  assert_int_equal (g_unlink (read), 0);
  assert_true (index_write_moved (world->db, missed, NULL));
  assert_int_equal (index_world_count (world, "findme"), 1);
  assert_true (index_write_removed (world->db, names, NULL, NULL));
  assert_int_equal (index_world_count (world, "findme"), 0);
}

static void
assert_usage (struct index_world *world, const char *query)
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
  struct index_world *world = *state;
  g_free (index_world_add_mail (world, "a", "a@x", NULL, "one", INDEX_WORLD_T0, "x"));
  g_autofree char *huge = g_strnfill (20000, 'x');
  static const char *const bad[]
      = { "(", ")", "foo) or (bar", "\"open", "date:gibberish..", "tag:x and (date:nonsense..)" };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_usage (world, bad[i]);
  assert_usage (world, huge);
  assert_int_equal (index_world_count (world, "subject:\"one\" and (tag:inbox or \"a ( b\")"), 1);
  assert_int_equal (index_world_count (world, " "), 1);
}

static void
assert_recipients (struct index_world *world, const char *query, const char *expected)
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
  struct index_world *world = *state;
  static const char *const sent[] = { "sent", NULL };
  static const char *const none[] = { NULL };
  g_autofree char *a = index_world_path (world, "a:2,"), *b = index_world_path (world, "b:2,"),
                  *c = index_world_path (world, "c:2,");
  index_world_put (
      a, "Message-ID: <a@x>\nFrom: me@x.org\nTo: \"Weiss, Carol\" <carol@x.org>,\n =?utf-8?q?J=C3=B6rg?= <j@x.org>, "
         "dave@x.org\n"
         "Subject: a\nDate: Mon, 3 Mar 2025 09:00:00 +0000\n\na\n");
  index_world_put (
      b, "Message-ID: <b@x>\nIn-Reply-To: <a@x>\nFrom: Carol <carol@x.org>\nTo: me@x.org\nSubject: Re: a\nDate: Mon, "
         "3 Mar 2025 10:00:00 +0000\n\nb\n");
  index_world_put (
      c, "Message-ID: <c@x>\nFrom: me@x.org\nTo: undisclosed-recipients:;\nCc: Erin <e@x.org>\nSubject: c\nDate: Mon, "
         "3 Mar 2025 09:00:00 +0000\n\nc\n");
  assert_int_equal (index_world_add_full (world, a, sent, NULL, NULL, NULL), 1);
  assert_int_equal (index_world_add_full (world, b, none, NULL, NULL, NULL), 1);
  assert_int_equal (index_world_add_full (world, c, sent, NULL, NULL, NULL), 1);
  assert_recipients (world, "tag:sent and subject:a", "Weiss, Carol, Jörg, dave@x.org");
  assert_recipients (world, "id:b@x", "me@x.org");
  assert_recipients (world, "id:c@x", "Erin");
}

/* From and To of a mail of its own, with the tags that its folder gives it. */
static void
add_letter (struct index_world *world, const char *name, const char *from, const char *to, const char *tag)
{
  const char *const tags[] = { tag, NULL };
  g_autofree char *path = index_world_path (world, name),
                  *text
                  = g_strdup_printf ("Message-ID: <%s@x>\nFrom: %s\nTo: %s\nSubject: s\n\nbody\n", name, from, to);
  index_world_put (path, text);
  assert_int_equal (index_world_add_full (world, path, tags, NULL, NULL, NULL), 1);
}

static void
assert_facts (struct index_world *world, const char *address, const char *name, const char *id, const char *expected)
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
  struct index_world *world = *state;
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

static void
replace (struct index_world *world, const char *path, const char *was, const char *shadow)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = shadow != NULL ? g_bytes_new (shadow, strlen (shadow)) : NULL;
  struct index_mail mail = { .path = path, .was = was, .shadow = bytes };
  GVariantBuilder skipped;
  guint added = 0;
  g_variant_builder_init (&skipped, G_VARIANT_TYPE ("a(ss)"));
  assert_true (index_write_add (world->db, &mail, 1, &added, &skipped, &error));
  g_variant_builder_clear (&skipped);
  assert_int_equal (added, 1);
}

/* A header, then the mail in its place, by its row or by the news that are told after a crash; and back. One file for each message at
 * the end, its words found, and its tags kept. */
static void
test_header_first (void **state)
{
  static const char *const ids[] = { "h@x", NULL }; /* the second has none: libnotmuch makes one of each file */
  struct index_world *world = *state;
  for (guint i = 0; i < 4; i++) {
    const char *id = ids[i / 2];
    g_autofree char *header = index_world_add_mail (world, "HU7.1:2,", id, NULL, "zwei", INDEX_WORLD_T0, ""),
                    *whole = index_world_path (world, "U7.1:2,"),
                    *text = index_world_text (id, NULL, "zwei", INDEX_WORLD_T0, "quagga");
    const char *const none[] = { NULL }, *const own[] = { "own", NULL }, *const gone[] = { whole, NULL };
    g_autoptr (GVariant) tagged
        = g_variant_ref_sink (index_tag_rows (world->db, NULL, "subject:zwei", own, none, FALSE, NULL));
    assert_int_equal (index_world_count (world, "subject:zwei tag:own"), 1);
    assert_int_equal (index_world_count (world, "quagga"), 0);
    index_world_put (whole, text);
    if (i % 2 == 0) {
      assert_int_equal (g_unlink (header), 0); /* as it is by then */
      replace (world, whole, header, NULL);
    } else {
      g_autoptr (GVariant) move = g_variant_ref_sink (g_variant_new_parsed ("[(%s, %s)]", header, whole));
      assert_true (index_write_moved (world->db, move, NULL));
      assert_int_equal (g_unlink (header), 0);
    }
    assert_int_equal (index_world_count (world, "*"), 1);
    g_autoptr (GVariant) rows
        = g_variant_ref_sink (index_find_rows (world->db, NULL, "quagga tag:own tag:inbox", NULL));
    index_world_assert_field (rows, 0, "paths", whole);
    g_autofree char *head = index_world_text (id, NULL, "zwei", INDEX_WORLD_T0, "");
    index_world_put (header, head);
    assert_int_equal (g_unlink (whole), 0);
    replace (world, header, whole, NULL);
    g_autoptr (GVariant) back = g_variant_ref_sink (index_find_rows (world->db, NULL, "subject:zwei tag:own", NULL));
    index_world_assert_field (back, 0, "paths", header);
    assert_int_equal (index_world_count (world, "quagga"),
                      id != NULL ? 1 : 0); /* a file of its own has its own words alone */
    assert_true (index_write_removed (world->db, gone, NULL, NULL));
    const char *const last[] = { header, NULL };
    assert_true (index_write_removed (world->db, last, NULL, NULL));
    assert_int_equal (index_world_count (world, "*"), 0);
  }
}

/* The same where the mail is encrypted: subject and words come from its shadow. */
static void
test_header_first_shadow (void **state)
{
  struct index_world *world = *state;
  g_autofree char *header = index_world_add_mail (world, "HU7.1:2,", "e@x", NULL, "...", INDEX_WORLD_T0, ""),
                  *whole = index_world_path (world, "U7.1:2,"),
                  *outer = index_world_text ("e@x", NULL, "...", INDEX_WORLD_T0,
                                             "-----BEGIN PGP MESSAGE-----\nx\n-----END PGP MESSAGE-----"),
                  *inner = index_world_text ("e@x", NULL, "biopsy", INDEX_WORLD_T0, "leukocyte");
  gboolean more;
  index_world_put (whole, outer);
  assert_int_equal (g_unlink (header), 0);
  replace (world, whole, header, inner);
  assert_int_equal (index_world_count (world, "*"), 1);
  g_autoptr (GVariant) rows = index_world_threads (world, "leukocyte tag:inbox", 0, 0, &more);
  index_world_assert_field (rows, 0, "subject", "biopsy");
  g_autoptr (GVariant) found = g_variant_ref_sink (index_find_rows (world->db, NULL, "leukocyte", NULL));
  index_world_assert_field (found, 0, "paths", whole);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    INDEX_WORLD_TEST (test_add_find),      INDEX_WORLD_TEST (test_thread_order),
    INDEX_WORLD_TEST (test_tags),          INDEX_WORLD_TEST (test_two_files),
    INDEX_WORLD_TEST (test_tagged_late),   INDEX_WORLD_TEST (test_change_of_unknown),
    INDEX_WORLD_TEST (test_leaves_folder), INDEX_WORLD_TEST (test_change_of_unknown),
    INDEX_WORLD_TEST (test_moved_removed), INDEX_WORLD_TEST (test_late_news),
    INDEX_WORLD_TEST (test_header_first),  INDEX_WORLD_TEST (test_header_first_shadow),
    INDEX_WORLD_TEST (test_bad_query),     INDEX_WORLD_TEST (test_recipients),
    INDEX_WORLD_TEST (test_known),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
