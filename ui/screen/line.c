/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One line being typed; see line.h. */
#include "ui/screen/line.h"
#include "ui/screen/key.h"
#include "ui/screen/text.h"

#include <string.h>

void
line_init (struct line *line, gboolean secret)
{
  line->text = secret ? g_string_sized_new (LINE_SECRET_MAX + 8) : g_string_new (NULL);
  line->cursor = 0;
  line->secret = secret;
}

void
line_clear (struct line *line)
{
  if (line->text == NULL)
    return;
  explicit_bzero (line->text->str, line->text->allocated_len);
  g_string_free (line->text, TRUE);
  line->text = NULL;
  line->cursor = 0;
}

void
line_set (struct line *line, const char *text)
{
  explicit_bzero (line->text->str, line->text->len);
  g_string_truncate (line->text, 0);
  line->cursor = 0;
  line_insert (line, text);
}

void
line_insert (struct line *line, const char *text)
{
  gsize size_max = line->secret ? LINE_SECRET_MAX : LINE_SIZE_MAX;
  if (!g_utf8_validate (text, -1, NULL))
    return;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (c == '\n' || c == '\r' || c == '\t')
      c = ' ';
    char bytes[6];
    int size = g_unichar_to_utf8 (c, bytes);
    if (g_unichar_iscntrl (c) || line->text->len + (gsize) size > size_max)
      continue;
    g_string_insert_len (line->text, (gssize) line->cursor, bytes, size);
    line->cursor += (gsize) size;
  }
}

static gsize
before (const struct line *line)
{
  return (gsize) (text_cluster_before (line->text->str, line->text->str + line->cursor) - line->text->str);
}

static gsize
after (const struct line *line)
{
  return (gsize) (text_cluster_end (line->text->str + line->cursor) - line->text->str);
}

static void
erase_range (struct line *line, gsize from, gsize to)
{
  g_string_erase (line->text, (gssize) from, (gssize) (to - from));
  explicit_bzero (line->text->str + line->text->len, line->text->allocated_len - line->text->len);
  line->cursor = from;
}

static gsize
word_start (const struct line *line)
{
  gsize at = line->cursor;
  while (at > 0 && line->text->str[at - 1] == ' ')
    at--;
  while (at > 0 && line->text->str[at - 1] != ' ')
    at--;
  return at;
}

gboolean
line_key (struct line *line, int key)
{
  switch (key) {
  case SPECIAL_LEFT:
  case KEY_CONTROL ('B'):
    line->cursor = before (line);
    return TRUE;
  case SPECIAL_RIGHT:
  case KEY_CONTROL ('F'):
    line->cursor = after (line);
    return TRUE;
  case SPECIAL_HOME:
  case KEY_CONTROL ('A'):
    line->cursor = 0;
    return TRUE;
  case SPECIAL_END:
  case KEY_CONTROL ('E'):
    line->cursor = line->text->len;
    return TRUE;
  case SPECIAL_BACKSPACE:
    erase_range (line, before (line), line->cursor);
    return TRUE;
  case SPECIAL_DELETE:
  case KEY_CONTROL ('D'):
    erase_range (line, line->cursor, after (line));
    return TRUE;
  case KEY_CONTROL ('K'):
    erase_range (line, line->cursor, line->text->len);
    return TRUE;
  case KEY_CONTROL ('U'):
    erase_range (line, 0, line->cursor);
    return TRUE;
  case KEY_CONTROL ('W'):
    erase_range (line, word_start (line), line->cursor);
    return TRUE;
  default:
    break;
  }
  if (key < 0x20 || key == 0x7f || key >= 0x110000 || !g_unichar_validate ((gunichar) key))
    return FALSE;
  char bytes[7] = { 0 };
  g_unichar_to_utf8 ((gunichar) key, bytes);
  line_insert (line, bytes);
  return TRUE;
}

char *
line_visible (const struct line *line, int columns, int *cursor_column_out)
{
  if (line->secret || columns < 2) {
    *cursor_column_out = 0;
    return g_strdup ("");
  }
  const char *start = line->text->str;
  g_autofree char *left = g_strndup (start, line->cursor);
  int column = text_width (left);
  while (column > columns - 1) {
    column -= text_cluster_width (start);
    start = text_cluster_end (start);
  }
  *cursor_column_out = column;
  return g_strndup (start, text_fit (start, columns, NULL));
}
