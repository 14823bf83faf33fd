/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of data, drawn with their columns aligned; too wide ones as one block a row, "head: value". Pure. */
#include "mail/message/html_table_p.h"

#include <string.h>

#define COLUMN_MIN 8 /* of a column that had to shrink */

struct grid {
  guint width[HTML_TABLE_COLUMNS_MAX], columns, gap;
  gboolean shrunk;
};

static guint
total (const struct grid *grid)
{
  guint sum = grid->gap * (grid->columns - 1);
  for (guint k = 0; k < grid->columns; k++)
    sum += grid->width[k];
  return sum;
}

static gboolean
has_hidden (const struct html_cell *cell)
{
  for (guint i = 0; i < cell->lines->len; i++)
    if (strstr (cell->lines->pdata[i], HTML_HIDDEN_OPEN) != NULL)
      return TRUE;
  return FALSE;
}

/* Widths that fit the line. FALSE: there are none; nor may a mark of hidden text be wrapped into the text beside it. */
static gboolean
measure (const struct html_table *table, struct grid *grid)
{
  gboolean hidden = FALSE;
  for (guint y = 0; y < table->rows->len; y++) {
    const GPtrArray *row = table->rows->pdata[y];
    for (guint i = 0; i < row->len; i++) {
      const struct html_cell *cell = row->pdata[i];
      hidden |= has_hidden (cell);
      if (cell->span == 1)
        grid->width[cell->column] = MAX (grid->width[cell->column], MAX (html_table_cell_width (cell), 1));
    }
  }
  for (guint k = 0; k < grid->columns; k++)
    grid->width[k] = MAX (grid->width[k], 1);
  while (total (grid) > HTML_TABLE_WIDTH) {
    guint widest = 0;
    for (guint k = 1; k < grid->columns; k++)
      if (grid->width[k] > grid->width[widest])
        widest = k;
    if (grid->width[widest] <= COLUMN_MIN || hidden)
      return FALSE;
    grid->width[widest]
        = MAX (grid->width[widest] - MIN (total (grid) - HTML_TABLE_WIDTH, (grid->width[widest] + 7) / 8), COLUMN_MIN);
  }
  return TRUE;
}

static guint
span_width (const struct grid *grid, const struct html_cell *cell)
{
  guint width = grid->gap * (cell->span - 1);
  for (guint k = 0; k < cell->span; k++)
    width += grid->width[cell->column + k];
  return width;
}

/* How many bytes of the line fit, broken at a blank where there is one. */
static gsize
fit (const char *line, guint columns)
{
  guint width = 0;
  const char *blank = NULL, *p = line;
  for (; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    guint own = g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
    if (width + own > columns && p > line)
      return (gsize) ((blank != NULL ? blank : p) - line);
    if (c == ' ')
      blank = p;
    width += own;
  }
  return (gsize) (p - line);
}

static GPtrArray *
wrap (const struct html_cell *cell, guint columns)
{
  GPtrArray *out = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < cell->lines->len; i++) {
    const char *rest = cell->lines->pdata[i];
    if (strstr (rest, HTML_HIDDEN_OPEN) != NULL) {
      g_ptr_array_add (out, g_strdup (rest));
      continue;
    }
    do {
      gsize size = fit (rest, MAX (columns, 1));
      g_ptr_array_add (out, g_strndup (rest, size));
      rest += size;
      rest += strspn (rest, " ");
    } while (*rest != '\0');
  }
  return out;
}

static void
put_line (struct html_out *out, GString *line)
{
  while (line->len > 0 && line->str[line->len - 1] == ' ')
    g_string_truncate (line, line->len - 1);
  html_out_break (out, 1);
  html_out_line (out, line->str, line->len);
  g_string_truncate (line, 0);
}

static void
pad (GString *line, guint *at, guint to)
{
  for (; *at < to; (*at)++)
    g_string_append_c (line, ' ');
}

static void
draw_row (const struct html_table *table, const struct grid *grid, const GPtrArray *row, struct html_out *out)
{
  g_autoptr (GPtrArray) wrapped = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GString) line = g_string_new (NULL);
  guint height = 0;
  for (guint i = 0; i < row->len; i++) {
    g_ptr_array_add (wrapped, wrap (row->pdata[i], span_width (grid, row->pdata[i])));
    height = MAX (height, ((GPtrArray *) wrapped->pdata[i])->len);
  }
  for (guint y = 0; y < height; y++) {
    guint at = 0, start = 0, i = 0;
    for (guint k = 0; k < grid->columns; k++) {
      const struct html_cell *cell = i < row->len ? row->pdata[i] : NULL;
      gboolean inside
          = i > 0
            && k < ((struct html_cell *) row->pdata[i - 1])->column + ((struct html_cell *) row->pdata[i - 1])->span;
      if (k > 0 && !inside && grid->gap == 3) {
        pad (line, &at, start - 2);
        g_string_append (line, "| ");
        at = MAX (at, start - 2) + 2;
      }
      pad (line, &at, start);
      if (cell != NULL && cell->column == k) {
        const GPtrArray *lines = wrapped->pdata[i++];
        const char *text = y < lines->len ? lines->pdata[y] : "";
        g_string_append (line, text);
        at += html_table_width (text, strlen (text));
      }
      start += grid->width[k] + grid->gap;
    }
    put_line (out, line);
  }
}

static gboolean
is_head (const GPtrArray *row)
{
  for (guint i = 0; i < row->len; i++)
    if (!((struct html_cell *) row->pdata[i])->head)
      return FALSE;
  return row->len > 0;
}

static void
draw_rule (const struct grid *grid, struct html_out *out)
{
  g_autoptr (GString) line = g_string_new (NULL);
  for (guint k = 0; k < grid->columns; k++) {
    for (guint i = 0; i < grid->width[k]; i++)
      g_string_append_c (line, '-');
    if (k + 1 < grid->columns)
      g_string_append (line, grid->gap == 3 ? "-+-" : "  ");
  }
  put_line (out, line);
}

static void
draw_grid (const struct html_table *table, const struct grid *grid, struct html_out *out)
{
  for (guint y = 0; y < table->rows->len; y++) {
    const GPtrArray *row = table->rows->pdata[y];
    draw_row (table, grid, row, out);
    gboolean next = y + 1 < table->rows->len;
    if (is_head (row) && next && !is_head (table->rows->pdata[y + 1]))
      draw_rule (grid, out);
  }
}

static char *
flat (const struct html_cell *cell)
{
  g_ptr_array_add (cell->lines, NULL);
  char *text = g_strjoinv (" ", (char **) cell->lines->pdata);
  g_ptr_array_set_size (cell->lines, (gint) cell->lines->len - 1);
  return text;
}

/* Too wide: one block a row, every value after the head of its column. */
static void
draw_records (const struct html_table *table, struct html_out *out)
{
  const GPtrArray *head = table->rows->len > 1 && is_head (table->rows->pdata[0]) ? table->rows->pdata[0] : NULL;
  g_autoptr (GString) line = g_string_new (NULL);
  for (guint y = head != NULL ? 1 : 0; y < table->rows->len; y++) {
    const GPtrArray *row = table->rows->pdata[y];
    for (guint i = 0; i < row->len; i++) {
      const struct html_cell *cell = row->pdata[i];
      g_autofree char *value = flat (cell);
      for (guint k = 0; head != NULL && k < head->len; k++) {
        const struct html_cell *above = head->pdata[k];
        g_autofree char *name = above->column == cell->column ? flat (above) : NULL;
        if (name != NULL && *name != '\0')
          g_string_append_printf (line, "%s: ", name);
      }
      if (head == NULL && i > 0)
        g_string_append (line, "  ");
      g_string_append (line, value);
      if (cell->lines->len > 0)
        put_line (out, line);
      g_string_truncate (line, 0);
    }
    html_out_break (out, 2);
  }
}

void
html_grid_draw (const struct html_table *table, struct html_out *out)
{
  struct grid grid = { .columns = table->columns, .gap = table->has_head || table->border ? 3 : 2 };
  if (measure (table, &grid))
    draw_grid (table, &grid, out);
  else
    draw_records (table, out);
}
