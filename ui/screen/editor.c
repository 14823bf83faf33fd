/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The editor's buffer; see editor.h. A line is soft-wrapped by text_break each time it is needed, so no layout is kept;
 * only lines near the window are looked at. */
#include "ui/screen/editor.h"
#include "ui/screen/key.h"
#include "ui/screen/text.h"

#include <string.h>

struct editor {
  GPtrArray *lines; /* GString *, at least one */
  guint line;       /* the cursor's */
  gsize at;         /* its byte offset, at a cluster's start */
  int column;       /* where up and down want to be; -1: where the cursor is */
  guint top_line;   /* first line of the window */
  guint top_row;    /* and the screen row of it */
  GString *cut;     /* what ^K took, line by line */
  gboolean cutting; /* the last key was ^K: the next one adds */
  gsize size;       /* bytes in all lines */
  guint changes;
};

static void
free_line (gpointer line)
{
  g_string_free (line, TRUE);
}

struct editor *
editor_new (void)
{
  struct editor *editor = g_new0 (struct editor, 1);
  editor->lines = g_ptr_array_new_with_free_func (free_line);
  g_ptr_array_add (editor->lines, g_string_new (NULL));
  editor->cut = g_string_new (NULL);
  editor->column = -1;
  return editor;
}

void
editor_free (struct editor *editor)
{
  if (editor == NULL)
    return;
  g_ptr_array_unref (editor->lines);
  g_string_free (editor->cut, TRUE);
  g_free (editor);
}

static GString *
line_at (const struct editor *editor, guint index)
{
  return g_ptr_array_index (editor->lines, index);
}

static void
changed (struct editor *editor)
{
  editor->changes++;
  editor->column = -1;
}

static void
split_line (struct editor *editor)
{
  GString *line = line_at (editor, editor->line);
  GString *rest = g_string_new (line->str + editor->at);
  g_string_truncate (line, editor->at);
  g_ptr_array_insert (editor->lines, (int) editor->line + 1, rest);
  editor->line++;
  editor->at = 0;
  editor->size++;
}

void
editor_insert (struct editor *editor, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  for (const char *p = valid; *p != '\0' && editor->size < EDITOR_SIZE_MAX; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (c == '\r' && p[1] == '\n')
      continue;
    if (c == '\n' || c == '\r') {
      split_line (editor);
      continue;
    }
    if (g_unichar_iscntrl (c) && c != '\t')
      continue;
    gssize size = g_utf8_next_char (p) - p;
    g_string_insert_len (line_at (editor, editor->line), (gssize) editor->at, p, size);
    editor->at += (gsize) size;
    editor->size += (gsize) size;
  }
  changed (editor);
}

void
editor_set_text (struct editor *editor, const char *text)
{
  g_ptr_array_set_size (editor->lines, 0);
  g_ptr_array_add (editor->lines, g_string_new (NULL));
  editor->line = editor->top_line = editor->top_row = 0;
  editor->at = editor->size = 0;
  editor_insert (editor, text);
  editor->line = 0;
  editor->at = 0;
}

char *
editor_text (const struct editor *editor)
{
  GString *text = g_string_sized_new (editor->size + 1);
  for (guint i = 0; i < editor->lines->len; i++) {
    if (i > 0)
      g_string_append_c (text, '\n');
    g_string_append_len (text, line_at (editor, i)->str, (gssize) line_at (editor, i)->len);
  }
  return g_string_free (text, FALSE);
}

guint
editor_changes (const struct editor *editor)
{
  return editor->changes;
}

/* The row of a line that holds a byte offset, and where that row begins. */
static guint
row_of (const GString *line, gsize at, int width, gsize *start_out)
{
  guint row = 0;
  gsize start = 0;
  for (;;) {
    gsize size = text_break (line->str + start, width);
    if (at < start + size || start + size >= line->len)
      break;
    start += size;
    row++;
  }
  *start_out = start;
  return row;
}

static gsize
row_start (const GString *line, guint row, int width)
{
  gsize start = 0;
  while (row-- > 0 && start < line->len)
    start += text_break (line->str + start, width);
  return start;
}

static guint
row_count (const GString *line, int width)
{
  gsize start;
  return row_of (line, line->len, width, &start) + 1;
}

static int
columns_between (const GString *line, gsize from, gsize to)
{
  g_autofree char *part = g_strndup (line->str + from, to - from);
  return text_width (part);
}

static void
put_at_column (struct editor *editor, guint row, int width)
{
  const GString *line = line_at (editor, editor->line);
  gsize start = row_start (line, row, width);
  gsize size = text_break (line->str + start, width);
  g_autofree char *part = g_strndup (line->str + start, size);
  gsize fit = text_fit (part, editor->column, NULL);
  if (fit == size && start + size < line->len) /* the end of a row is the start of the next one: stay on this one */
    fit = (gsize) (text_cluster_before (part, part + size) - part);
  editor->at = start + fit;
}

static void
move_row (struct editor *editor, gboolean down, int width)
{
  gsize start;
  const GString *line = line_at (editor, editor->line);
  guint row = row_of (line, editor->at, width, &start);
  if (editor->column < 0)
    editor->column = columns_between (line, start, editor->at);
  if (down && row + 1 < row_count (line, width))
    row++;
  else if (!down && row > 0)
    row--;
  else if (down && editor->line + 1 < editor->lines->len) {
    editor->line++;
    row = 0;
  } else if (!down && editor->line > 0) {
    editor->line--;
    row = row_count (line_at (editor, editor->line), width) - 1;
  } else {
    return;
  }
  put_at_column (editor, row, width);
}

gboolean
editor_at_top (const struct editor *editor, int width)
{
  gsize start;
  return editor->line == 0 && row_of (line_at (editor, 0), editor->at, width, &start) == 0;
}

static void
join_next (struct editor *editor)
{
  GString *line = line_at (editor, editor->line);
  if (editor->line + 1 >= editor->lines->len)
    return;
  g_string_append (line, line_at (editor, editor->line + 1)->str);
  g_ptr_array_remove_index (editor->lines, editor->line + 1);
  editor->size--;
}

static void
delete_forward (struct editor *editor)
{
  GString *line = line_at (editor, editor->line);
  if (editor->at >= line->len) {
    join_next (editor);
    return;
  }
  gsize size = (gsize) (text_cluster_end (line->str + editor->at) - (line->str + editor->at));
  g_string_erase (line, (gssize) editor->at, (gssize) size);
  editor->size -= size;
}

static void
move_left (struct editor *editor)
{
  const GString *line = line_at (editor, editor->line);
  if (editor->at > 0)
    editor->at = (gsize) (text_cluster_before (line->str, line->str + editor->at) - line->str);
  else if (editor->line > 0)
    editor->at = line_at (editor, --editor->line)->len;
}

static void
move_right (struct editor *editor)
{
  const GString *line = line_at (editor, editor->line);
  if (editor->at < line->len)
    editor->at = (gsize) (text_cluster_end (line->str + editor->at) - line->str);
  else if (editor->line + 1 < editor->lines->len) {
    editor->line++;
    editor->at = 0;
  }
}

static void
cut_line (struct editor *editor)
{
  if (!editor->cutting)
    g_string_truncate (editor->cut, 0);
  GString *line = line_at (editor, editor->line);
  g_string_append (editor->cut, line->str);
  editor->size -= line->len;
  g_string_truncate (line, 0);
  editor->at = 0;
  if (editor->line + 1 < editor->lines->len) {
    g_string_append_c (editor->cut, '\n');
    join_next (editor);
  }
  editor->cutting = TRUE;
}

static void
delete_word (struct editor *editor)
{
  GString *line = line_at (editor, editor->line);
  gsize at = editor->at;
  while (at > 0 && line->str[at - 1] == ' ')
    at--;
  while (at > 0 && line->str[at - 1] != ' ')
    at--;
  g_string_erase (line, (gssize) at, (gssize) (editor->at - at));
  editor->size -= editor->at - at;
  editor->at = at;
}

/* Keys that change the text. */
static gboolean
change_key (struct editor *editor, int key)
{
  gboolean keep_cutting = FALSE;
  if (key == SPECIAL_ENTER)
    editor_insert (editor, "\n");
  else if (key == SPECIAL_BACKSPACE) {
    if (editor->line > 0 || editor->at > 0) {
      move_left (editor);
      delete_forward (editor);
    }
  } else if (key == SPECIAL_DELETE || key == KEY_CONTROL ('D'))
    delete_forward (editor);
  else if (key == KEY_CONTROL ('K')) {
    cut_line (editor);
    keep_cutting = TRUE;
  } else if (key == KEY_CONTROL ('U'))
    editor_insert (editor, editor->cut->str);
  else if (key == KEY_CONTROL ('W'))
    delete_word (editor);
  else if (key >= 0x20 && key != 0x7f && key < 0x110000 && g_unichar_validate ((gunichar) key)) {
    char bytes[7] = { 0 };
    g_unichar_to_utf8 ((gunichar) key, bytes);
    editor_insert (editor, bytes);
  } else {
    return FALSE;
  }
  editor->cutting = keep_cutting;
  changed (editor);
  return TRUE;
}

gboolean
editor_key (struct editor *editor, int key, int width, int page)
{
  gboolean vertical = TRUE;
  gsize start;
  switch (key) {
  case SPECIAL_UP:
  case SPECIAL_DOWN:
    move_row (editor, key == SPECIAL_DOWN, width);
    break;
  case SPECIAL_PAGE_UP:
  case SPECIAL_PAGE_DOWN:
    for (int i = 0; i < page - 1; i++)
      move_row (editor, key == SPECIAL_PAGE_DOWN, width);
    break;
  case SPECIAL_LEFT:
    move_left (editor);
    vertical = FALSE;
    break;
  case SPECIAL_RIGHT:
    move_right (editor);
    vertical = FALSE;
    break;
  case SPECIAL_HOME:
  case KEY_CONTROL ('A'):
    row_of (line_at (editor, editor->line), editor->at, width, &start);
    editor->at = start;
    vertical = FALSE;
    break;
  case SPECIAL_END:
  case KEY_CONTROL ('E'):
    editor->column = G_MAXINT - 1;
    put_at_column (editor, row_of (line_at (editor, editor->line), editor->at, width, &start), width);
    vertical = FALSE;
    break;
  default:
    return change_key (editor, key);
  }
  if (!vertical)
    editor->column = -1;
  editor->cutting = FALSE;
  return TRUE;
}

/* Bring the cursor into the window: walk down from its top; where the cursor is not met, walk up from the cursor. */
static void
scroll_to_cursor (struct editor *editor, int width, int height)
{
  gsize start;
  guint cursor_row = row_of (line_at (editor, editor->line), editor->at, width, &start);
  editor->top_line = MIN (editor->top_line, editor->lines->len - 1);
  if (editor->line < editor->top_line || (editor->line == editor->top_line && cursor_row < editor->top_row)) {
    editor->top_line = editor->line;
    editor->top_row = cursor_row;
    return;
  }
  gint64 rows = -(gint64) editor->top_row;
  for (guint i = editor->top_line; i < editor->line && rows < height; i++)
    rows += row_count (line_at (editor, i), width);
  if (rows + cursor_row < height)
    return;
  editor->top_line = editor->line;
  editor->top_row = cursor_row;
  for (int up = height - 1; up > 0; up--) {
    if (editor->top_row > 0)
      editor->top_row--;
    else if (editor->top_line > 0)
      editor->top_row = row_count (line_at (editor, --editor->top_line), width) - 1;
  }
}

static char *
row_text (const GString *line, gsize start, gsize size)
{
  char *text = g_strndup (line->str + start, size);
  for (char *p = text; *p != '\0'; p++)
    if (*p == '\t')
      *p = ' ';
  return g_strchomp (text); /* the space at a break hangs over the edge */
}

void
editor_rows (struct editor *editor, int width, int height, GPtrArray *rows, int *cursor_y_out, int *cursor_x_out)
{
  *cursor_y_out = *cursor_x_out = 0;
  if (height < 1)
    return;
  scroll_to_cursor (editor, width, height);
  guint row = editor->top_row;
  for (guint i = editor->top_line; i < editor->lines->len && (int) rows->len < height; i++, row = 0) {
    const GString *line = line_at (editor, i);
    gsize start = row_start (line, row, width);
    do {
      gsize size = text_break (line->str + start, width);
      gboolean last = start + size >= line->len;
      if (i == editor->line && editor->at >= start && (editor->at < start + size || last)) {
        *cursor_y_out = (int) rows->len;
        *cursor_x_out = MIN (columns_between (line, start, editor->at), width - 1);
      }
      g_ptr_array_add (rows, row_text (line, start, size));
      start += size;
    } while (start < line->len && (int) rows->len < height);
  }
}
