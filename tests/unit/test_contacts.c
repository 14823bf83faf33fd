/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is known: learnt from sent mail, named by received mail, kept over restarts and cut lines; names that are one name. */
#include "mail/archive/contacts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>

#include "mail/message/lookalike.h"

static const char *const own[] = { "demo.test", NULL };
static char *dir;

static int
set_up (void **state)
{
  dir = g_dir_make_tmp ("wm-contacts-XXXXXX", NULL);
  return dir == NULL;
}

static int
tear_down (void **state)
{
  g_autofree char *path = g_build_filename (dir, "contacts", NULL);
  (void) g_unlink (path);
  (void) g_rmdir (dir);
  g_clear_pointer (&dir, g_free);
  return 0;
}

static void
learn (struct contacts *contacts, const char *head, gboolean sent)
{
  g_autofree char *text = g_strconcat (head, "\r\nbody", NULL);
  contacts_learn (contacts, text, strlen (text), sent);
}

static void
save (struct contacts *contacts)
{
  g_autoptr (GError) error = NULL;
  assert_true (contacts_save (contacts, &error));
}

static void
assert_name (struct contacts *contacts, const char *name, const char *address, const char *expected)
{
  const char *got = contacts_name_of (contacts, name, address, own);
  if (g_strcmp0 (got, expected) != 0)
    fail_msg ("%s <%s>: %s", name, address, got != NULL ? got : "nobody");
}

static void
test_people (void **state)
{
  struct contacts *writer = contacts_new (dir, TRUE), *reader = contacts_new (dir, FALSE);
  contacts_refresh (reader); /* there is no table yet */
  learn (writer,
         "From: Alice <alice@demo.test>\r\nTo: \"Moreno, Jos\xc3\xa9\" <JOSE@Clinic.example>, x@y.example\r\n"
         "Cc: staff: Ann Lee <ann@lee.example>;\r\nBcc: b@hidden.example\r\n",
         TRUE);
  learn (writer, "From: Bob Okafor <bob@demo.test>\r\nTo: stranger@far.example\r\n", FALSE);
  learn (writer, "From: Xavier Young <x@y.example>, Second Sender <second@far.example>\r\n", FALSE);
  learn (writer, "From: Far Away <away@far.example>\r\n", FALSE);
  contacts_refresh (reader);
  assert_false (contacts_wrote_to (reader, "x@y.example")); /* not saved yet */
  save (writer);
  contacts_refresh (reader);
  const char *const known[]
      = { "alice@demo.test", "Jose@clinic.example", "x@y.example", "ann@lee.example", "b@hidden.example" };
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    assert_true (contacts_wrote_to (reader, known[i]));
  const char *const strangers[] = { "bob@demo.test", "stranger@far.example", "away@far.example", "second@far.example" };
  for (gsize i = 0; i < G_N_ELEMENTS (strangers); i++)
    assert_false (contacts_wrote_to (reader, strangers[i]));
  assert_name (reader, "Dr. Jose Moreno", "jose@evil.example", "jose@clinic.example");
  assert_name (reader, "Jose Moreno", "jose@clinic.example", NULL);
  assert_name (reader, "Young, Xavier", "x@evil.example", "x@y.example");  /* named by what was received */
  assert_name (reader, "Bob Okafor", "bob@evil.example", "bob@demo.test"); /* one of us, though never written to */
  assert_name (reader, "Bob Okafor", "b.okafor@demo.test", NULL);          /* one of us too */
  assert_name (reader, "Bob Okafor", "ann@lee.example", NULL);             /* somebody who was written to */
  assert_name (reader, "Far Away", "far@evil.example", NULL);              /* a stranger's name is nobody's */
  assert_name (reader, "Second Sender", "s@evil.example", NULL);
  assert_name (reader, "Nobody Known", "n@evil.example", NULL);
  assert_int_equal (lookalike_host ("c1inic.example", contacts_domains (reader), NULL), LOOKALIKE_SAME);
  contacts_free (writer);
  contacts_free (reader);
}

static void
test_kept (void **state)
{
  g_autofree char *path = g_build_filename (dir, "contacts", NULL), *once = NULL, *twice = NULL;
  struct contacts *writer = contacts_new (dir, TRUE);
  learn (writer, "From: a@demo.test\r\nTo: Bea Two <bea@two.example>\r\n", TRUE);
  save (writer);
  contacts_free (writer);
  assert_true (g_file_get_contents (path, &once, NULL, NULL));
  writer = contacts_new (dir, TRUE);
  learn (writer, "From: a@demo.test\r\nTo: Bea Two <bea@two.example>\r\n", TRUE); /* reported again: nothing new */
  save (writer);
  assert_true (g_file_get_contents (path, &twice, NULL, NULL));
  assert_string_equal (once, twice);
  /* A line that was cut, lines of somebody else, and what is no text: passed over, and the next line is whole. */
  g_autofree char *damaged = g_strconcat (once, "X\tq@q.example\tQ Q\nS\t\t\nS\tone\n\xff\xfe\nS\tcut@cut.exa", NULL);
  assert_true (g_file_set_contents (path, damaged, -1, NULL));
  learn (writer, "From: a@demo.test\r\nTo: new@three.example\r\n", TRUE);
  save (writer);
  struct contacts *reader = contacts_new (dir, FALSE);
  contacts_refresh (reader);
  assert_true (contacts_wrote_to (reader, "bea@two.example"));
  assert_true (contacts_wrote_to (reader, "new@three.example"));
  assert_false (contacts_wrote_to (reader, "q@q.example"));
  assert_false (contacts_wrote_to (reader, "cut@cut.exa"));
  /* Another table (the index was made anew) is read from its beginning. */
  assert_true (g_file_set_contents (path, "S\tother@four.example\t\n", -1, NULL));
  contacts_refresh (reader);
  assert_true (contacts_wrote_to (reader, "other@four.example"));
  assert_false (contacts_wrote_to (reader, "bea@two.example"));
  contacts_free (writer);
  contacts_free (reader);
}

static void
test_bounded (void **state)
{
  g_autofree char *path = g_build_filename (dir, "contacts", NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < CONTACTS_LINES_MAX + 10; i++)
    g_string_append_printf (text, "R\tr%u@flood.example\t\n", i);
  g_string_append (text,
                   "S\tbea@two.example\t\n"); /* a flood of mail from outside takes no room from those who are known */
  assert_true (g_file_set_contents (path, text->str, -1, NULL));
  struct contacts *reader = contacts_new (dir, FALSE), *writer = contacts_new (dir, TRUE);
  contacts_refresh (reader);
  assert_true (contacts_wrote_to (reader, "bea@two.example"));
  learn (writer, "From: One More <more@flood.example>\r\n", FALSE);
  save (writer);
  g_autofree char *after = NULL;
  assert_true (g_file_get_contents (path, &after, NULL, NULL));
  assert_string_equal (after, text->str);
  contacts_free (reader);
  contacts_free (writer);
}

static void
test_fold (void **state)
{
  static const char *const same[][2] = {
    { "Alice Moreno", "Moreno, Alice" },
    { "Alice Moreno", "DR. ALICE  MORENO, MD" },
    { "José Núñez Ibáñez", "Jose Nunez Ibanez" },
    { "Jürgen Weiß", "Prof. Jurgen WEISS" },
    { "Alice Moreno", "\xd0\x90lice M\xd0\xberen\xd0\xbe" }, /* Cyrillic letters among them */
    { "Alice Moreno", "A1ice Moren0" },
    { "Bob O'Neil", "bob oneil" },
    { "Bob T. Okafor", "Okafor Bob" },
    { "田中 由紀", "由紀 田中" },
    { "ليلى حداد", "حداد، ليلى" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (same); i++) {
    g_autofree char *a = contacts_fold (same[i][0]), *b = contacts_fold (same[i][1]);
    if (a == NULL || g_strcmp0 (a, b) != 0)
      fail_msg ("%s, %s: %s, %s", same[i][0], same[i][1], a, b);
  }
  g_autofree char *alice = contacts_fold ("Alice Moreno"), *alina = contacts_fold ("Alina Moreno");
  assert_string_not_equal (alice, alina);
  static const char *const too_little[] = { "", "Info", "Dr. Smith", "J. Smith", "alice", "\xff\xff x" };
  for (gsize i = 0; i < G_N_ELEMENTS (too_little); i++)
    assert_null (contacts_fold (too_little[i]));
  g_autofree char *endless = g_strnfill (100000, 'x');
  assert_null (contacts_fold (endless));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (test_people, set_up, tear_down),
    cmocka_unit_test_setup_teardown (test_kept, set_up, tear_down),
    cmocka_unit_test_setup_teardown (test_bounded, set_up, tear_down),
    cmocka_unit_test (test_fold),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
