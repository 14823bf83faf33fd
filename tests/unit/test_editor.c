/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The built-in editor's buffer and the one-line field, driven by keys. */
#include "ui/screen/editor.h"
#include "ui/screen/key.h"
#include "ui/screen/line.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

DEFINE_AUTOFREE (editor, editor_free)

static void
press (struct editor *editor, const int *keys, gsize count)
{
  for (gsize i = 0; i < count; i++)
    editor_key (editor, keys[i], 20, 5);
}
#define PRESS(editor, ...)                                                                                             \
  press (editor, (const int[]){ __VA_ARGS__ }, sizeof ((const int[]){ __VA_ARGS__ }) / sizeof (int))

static void
assert_text (struct editor *editor, const char *expected)
{
  g_autofree char *text = editor_text (editor);
  assert_string_equal (text, expected);
}

static void
types_and_erases (void **state)
{
  AUTOFREE (editor) editor = editor_new ();
  PRESS (editor, 'a', 0xe9, 0x5c71, SPECIAL_ENTER, 'b');
  assert_text (editor, "aé山\nb");
  PRESS (editor, SPECIAL_BACKSPACE, SPECIAL_BACKSPACE, SPECIAL_BACKSPACE);
  assert_text (editor, "aé");
  PRESS (editor, SPECIAL_HOME, SPECIAL_DELETE, SPECIAL_BACKSPACE);
  assert_text (editor, "é");
}

static void
combining_marks_go_with_their_base (void **state)
{
  AUTOFREE (editor) editor = editor_new ();
  PRESS (editor, 'x', 'e', 0x308, SPECIAL_BACKSPACE);
  assert_text (editor, "x");
}

static void
cuts_and_pastes_lines (void **state)
{
  AUTOFREE (editor) editor = editor_new ();
  editor_set_text (editor, "one\ntwo\nthree");
  PRESS (editor, KEY_CONTROL ('K'), KEY_CONTROL ('K'));
  assert_text (editor, "three");
  PRESS (editor, KEY_CONTROL ('U'), KEY_CONTROL ('U'));
  assert_text (editor, "one\ntwo\none\ntwo\nthree");
}

static void
moves_by_screen_rows (void **state)
{
  AUTOFREE (editor) editor = editor_new ();
  editor_set_text (editor, "aaaa bbbb cccc dddd eeee ffff\nlast"); /* two rows of 20, then one */
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_free);
  int y, x;
  PRESS (editor, SPECIAL_RIGHT, SPECIAL_RIGHT, SPECIAL_DOWN);
  editor_rows (editor, 20, 5, rows, &y, &x);
  assert_int_equal (rows->len, 3);
  assert_string_equal (g_ptr_array_index (rows, 1), "eeee ffff");
  assert_int_equal (y, 1);
  assert_int_equal (x, 2);
  PRESS (editor, SPECIAL_DOWN, SPECIAL_DOWN, '!');
  assert_text (editor, "aaaa bbbb cccc dddd eeee ffff\nla!st");
}

static void
every_cut_of_the_window_holds_the_cursor (void **state)
{
  AUTOFREE (editor) editor = editor_new ();
  GString *text = g_string_new (NULL);
  for (int i = 0; i < 60; i++)
    g_string_append_printf (text, "line %d with some words to be wrapped 山田太郎\n", i);
  editor_set_text (editor, text->str);
  g_string_free (text, TRUE);
  static const int moves[]
      = { SPECIAL_DOWN, SPECIAL_PAGE_DOWN, SPECIAL_UP, SPECIAL_END, SPECIAL_PAGE_UP, SPECIAL_RIGHT, SPECIAL_HOME };
  for (guint i = 0; i < 700; i++) {
    int width = 5 + (int) (i % 40), height = 1 + (int) (i % 12), y, x;
    editor_key (editor, moves[(i * 7 + i / 13) % G_N_ELEMENTS (moves)], width, height);
    g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_free);
    editor_rows (editor, width, height, rows, &y, &x);
    assert_true ((int) rows->len <= height && rows->len > 0);
    assert_true (y >= 0 && y < (int) rows->len);
    assert_true (x >= 0 && x < width);
  }
}

static void
hostile_text_is_tamed (void **state)
{
  AUTOFREE (editor) editor = editor_new ();
  editor_set_text (editor, "a\r\nb\x1b[31m\xff\x07");
  assert_text (editor, "a\nb[31m\xef\xbf\xbd");
}

static void
field_edits (void **state)
{
  struct line line = { 0 };
  int cursor;
  line_init (&line, FALSE);
  line_insert (&line, "bob@lab.example\n, x");
  assert_string_equal (line.text->str, "bob@lab.example , x");
  line_key (&line, KEY_CONTROL ('W'));
  assert_string_equal (line.text->str, "bob@lab.example , ");
  line_key (&line, SPECIAL_HOME);
  line_key (&line, SPECIAL_DELETE);
  line_key (&line, 0xfc);
  assert_string_equal (line.text->str, "üob@lab.example , ");
  line_key (&line, SPECIAL_END);
  g_autofree char *shown = line_visible (&line, 6, &cursor);
  assert_int_equal (cursor, 5);
  assert_string_equal (shown, "le , ");
  line_clear (&line);
}

static void
secret_is_never_shown_and_bounded (void **state)
{
  struct line line = { 0 };
  int cursor;
  line_init (&line, TRUE);
  const char *first = line.text->str;
  for (int i = 0; i < 3000; i++)
    line_key (&line, 'p');
  g_autofree char *shown = line_visible (&line, 40, &cursor);
  assert_string_equal (shown, "");
  assert_int_equal (cursor, 0);
  assert_int_equal (line.text->len, LINE_SECRET_MAX);
  assert_ptr_equal (line.text->str, first); /* never copied to a larger place, leaving a trace */
  line_clear (&line);
}

int
main (void)
{
  if (setlocale (LC_ALL, "C.UTF-8") == NULL)
    return 77;
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (types_and_erases),
    cmocka_unit_test (combining_marks_go_with_their_base),
    cmocka_unit_test (cuts_and_pastes_lines),
    cmocka_unit_test (moves_by_screen_rows),
    cmocka_unit_test (every_cut_of_the_window_holds_the_cursor),
    cmocka_unit_test (hostile_text_is_tamed),
    cmocka_unit_test (field_edits),
    cmocka_unit_test (secret_is_never_shown_and_bounded),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
