/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* ui/commands/command_stream: messages out of mbox files and folders, none lost, none doubled, none changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/unit/config_fixture.h"
#include "ui/commands/command_stream.h"

struct seen {
  GString *all; /* each message in angle brackets */
  guint stop_after;
  guint count;
  guint flags[8];
};

static gboolean
take (const char *bytes, gsize size, guint flags, gpointer data)
{
  struct seen *seen = data;
  g_string_append_c (seen->all, '<');
  g_string_append_len (seen->all, bytes, (gssize) size);
  g_string_append_c (seen->all, '>');
  seen->flags[MIN (seen->count, 7)] = flags;
  return ++seen->count != seen->stop_after;
}

static void
assert_mbox (const char *text, const char *want, guint skipped)
{
  g_autoptr (GString) all = g_string_new (NULL);
  struct seen seen = { .all = all };
  struct command_stream stream = { .take = take, .data = &seen };
  assert_true (command_stream_mbox (&stream, text, strlen (text)));
  assert_string_equal (all->str, want);
  assert_int_equal (stream.skipped, skipped);
}

static void
mbox (void **state)
{
  assert_mbox ("From a\nX: 1\n\none\n\nFrom b\nX: 2\n\ntwo\n", "<X: 1\n\none\n><X: 2\n\ntwo\n>", 0);
  assert_mbox ("From a\nX: 1\n\none\nFrom here on\n>From there\n>>From afar\n",
               "<X: 1\n\none\nFrom here on\nFrom there\n>From afar\n>", 0);
  assert_mbox ("From a\r\nX: 1\r\n\r\none\r\n\r\nFrom b\r\nX: 2\r\n", "<X: 1\r\n\r\none\r\n><X: 2\r\n>", 0);
  assert_mbox ("From a\nX: 1\n\nno end", "<X: 1\n\nno end>", 0);
  assert_mbox ("From a\n\nFrom b\nX: 2\n", "<X: 2\n>", 1);
  assert_mbox ("no mbox\n", "", 0);
  assert_mbox ("", "", 0);
}

/* Cut at every length: never more than was there, and the first message comes out whole as soon as the second begins. */
static void
mbox_cut (void **state)
{
  static const char text[] = "From a\nX: 1\n\none\n\nFrom b\nX: 2\n\ntwo\n";
  gsize second = (gsize) (strstr (text, "From b") - text);
  for (gsize size = 0; size < sizeof text; size++) {
    g_autoptr (GString) all = g_string_new (NULL);
    struct seen seen = { .all = all };
    struct command_stream stream = { .take = take, .data = &seen };
    assert_true (command_stream_mbox (&stream, text, size));
    assert_true (all->len <= size + 4);
    if (size >= second + 5)
      assert_true (g_str_has_prefix (all->str, "<X: 1\n\none\n>"));
  }
}

static void
put (const char *dir, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  assert_int_equal (g_mkdir_with_parents (parent, 0700), 0);
  assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* What was read, flagged and answered, as programs write it into an mbox. */
static void
mbox_status (void **state)
{
  static const struct {
    const char *fields;
    guint flags;
  } cases[] = {
    { "", 1 },
    { "Status: RO\n", 1 },
    { "Status: O\n", 0 },
    { "status: RO\nX-Status: AF\n", 7 },
    { "X-Mozilla-Status: 0001\n", 1 },
    { "X-Mozilla-Status: 1007\r\n", 15 },
    { "X-Mozilla-Status: 0000\n", 0 },
    { "\nStatus: O\n", 1 },
    { "X-Status:\n", 0 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GString) all = g_string_new (NULL);
    g_autofree char *text = g_strdup_printf ("From a\nX: 1\n%s\nbody\n", cases[i].fields);
    struct seen seen = { .all = all };
    struct command_stream stream = { .take = take, .data = &seen };
    assert_true (command_stream_mbox (&stream, text, strlen (text)));
    assert_int_equal (seen.count, 1);
    assert_int_equal (seen.flags[0], cases[i].flags);
  }
}

static void
folders (void **state)
{
  struct fixture *fixture = *state;
  put (fixture->dir, "m/cur/2:2,S", "two");
  put (fixture->dir, "m/new/1", "one");
  put (fixture->dir, "m/tmp/9", "unfinished");
  put (fixture->dir, "m/dovecot-uidlist", "control");
  put (fixture->dir, "m/.Sub/cur/3", "three");
  put (fixture->dir, "m/.Sub/new/4", "");
  put (fixture->dir, "m/.notmuch/xapian", "index");
  put (fixture->dir, "plain/a.eml", "a");
  put (fixture->dir, "plain/.hidden", "h");
  put (fixture->dir, "plain/deeper/box", "From x\nb\n\nFrom y\nc\n");
  g_autoptr (GString) all = g_string_new (NULL);
  struct seen seen = { .all = all };
  struct command_stream stream = { .take = take, .data = &seen };
  g_autofree char *maildir = g_build_filename (fixture->dir, "m", NULL),
                  *plain = g_build_filename (fixture->dir, "plain", NULL);
  assert_true (command_stream_walk (&stream, maildir));
  assert_string_equal (all->str, "<three><two><one>");
  assert_int_equal (seen.flags[0], 0);
  assert_int_equal (seen.flags[1], 1);
  assert_int_equal (seen.flags[2], 0);
  assert_int_equal (stream.skipped, 1);
  g_string_truncate (all, 0);
  assert_true (command_stream_walk (&stream, plain));
  assert_string_equal (all->str, "<a><b\n><c\n>");
  seen.stop_after = seen.count + 2;
  g_string_truncate (all, 0);
  assert_false (command_stream_walk (&stream, plain));
  assert_string_equal (all->str, "<a><b\n>");
}

static void
links_in_circles (void **state)
{
  struct fixture *fixture = *state;
  g_autofree char *link = g_build_filename (fixture->dir, "circle/again", NULL),
                  *dir = g_build_filename (fixture->dir, "circle", NULL);
  put (fixture->dir, "circle/x", "x");
  assert_int_equal (symlink (dir, link), 0);
  g_autoptr (GString) all = g_string_new (NULL);
  struct seen seen = { .all = all };
  struct command_stream stream = { .take = take, .data = &seen };
  assert_true (command_stream_walk (&stream, dir));
  assert_string_equal (all->str, "<x>");
  assert_int_equal (unlink (link), 0);
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (mbox), cmocka_unit_test (mbox_cut), cmocka_unit_test (mbox_status),
          cmocka_unit_test_setup_teardown (folders, fixture_setup, fixture_teardown),
          cmocka_unit_test_setup_teardown (links_in_circles, fixture_setup, fixture_teardown) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
