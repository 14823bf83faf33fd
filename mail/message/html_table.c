/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables as text. A table of data (it has a head, a border, or short cells in regular rows) is drawn with its columns aligned; one that is too
 * wide for that as one block a row, "head: value"; a table that only lays out a page as its cells one after the other.
 *
 * Every cell has a writer of its own, so a table inside a cell is only text to the outer one. Bounded: rows and cells. Pure. */
#include "mail/message/html_table_p.h"

#include <string.h>

#define CELLS_MAX 20000
#define SHORT 48    /* a cell of data, where nothing else tells */
#define LINES_MAX 8 /* of a cell of data */

static void
cell_free (gpointer data)
{
  struct html_cell *cell = data;
  if (cell->out.text != NULL)
    g_free (html_out_finish (&cell->out));
  g_clear_pointer (&cell->lines, g_ptr_array_unref);
  g_free (cell);
}

static gboolean
is_number (const char *value, guint *out)
{
  if (value == NULL || !g_ascii_isdigit (*value))
    return FALSE;
  *out = (guint) MIN (g_ascii_strtoull (value, NULL, 10), 1000);
  return TRUE;
}

struct html_table *
html_table_new (const char *const *attributes)
{
  struct html_table *table = g_new0 (struct html_table, 1);
  guint border = 0;
  const char *role = html_style_attribute (attributes, "role"), *value = html_style_attribute (attributes, "border");
  table->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  table->border = value != NULL && (*value == '\0' || (is_number (value, &border) && border > 0));
  table->presentation
      = role != NULL && (g_ascii_strcasecmp (role, "presentation") == 0 || g_ascii_strcasecmp (role, "none") == 0);
  return table;
}

void
html_table_row (struct html_table *table)
{
  if (table->cells < CELLS_MAX)
    g_ptr_array_add (table->rows, g_ptr_array_new_with_free_func (cell_free));
}

static struct html_cell *
last_cell (const struct html_table *table)
{
  GPtrArray *row = table->rows->len > 0 ? table->rows->pdata[table->rows->len - 1] : NULL;
  return row != NULL && row->len > 0 ? row->pdata[row->len - 1] : NULL;
}

struct html_out *
html_table_cell (struct html_table *table, gboolean head, const char *const *attributes)
{
  if (table->cells >= CELLS_MAX) {
    struct html_cell *last = last_cell (table);
    if (last != NULL)
      html_out_break (&last->out, 1);
    return last != NULL ? &last->out : NULL;
  }
  if (table->rows->len == 0)
    html_table_row (table);
  struct html_cell *cell = g_new0 (struct html_cell, 1);
  html_out_init (&cell->out, 0);
  cell->head = head;
  cell->span = cell->row_span = 1;
  (void) is_number (html_style_attribute (attributes, "colspan"), &cell->span);
  (void) is_number (html_style_attribute (attributes, "rowspan"), &cell->row_span);
  cell->span = CLAMP (cell->span, 1, HTML_TABLE_COLUMNS_MAX);
  table->has_head |= head;
  table->cells++;
  g_ptr_array_add (table->rows->pdata[table->rows->len - 1], cell);
  return &cell->out;
}

void
html_table_nested (struct html_table *table)
{
  struct html_cell *cell = last_cell (table);
  if (cell != NULL)
    cell->nested = TRUE;
}

guint
html_table_width (const char *text, gsize size)
{
  guint width = 0;
  for (const char *p = text; p < text + size; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    width += g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
  }
  return width;
}

/* ---- What kind of table is it? ---- */

static void
finish_cell (struct html_cell *cell)
{
  g_autofree char *text = html_out_finish (&cell->out);
  cell->lines = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) lines = g_strsplit (g_strchomp (text), "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    g_ptr_array_add (cell->lines, g_strdup (*line));
}

guint
html_table_cell_width (const struct html_cell *cell)
{
  guint width = 0;
  for (guint i = 0; i < cell->lines->len; i++)
    width = MAX (width, html_table_width (cell->lines->pdata[i], strlen (cell->lines->pdata[i])));
  return width;
}

/* Give every cell its column, under those that reach down from above. Returns FALSE if there are too many columns. */
static gboolean
place (struct html_table *table)
{
  guint taken[HTML_TABLE_COLUMNS_MAX] = { 0 };
  for (guint y = 0; y < table->rows->len; y++) {
    GPtrArray *row = table->rows->pdata[y];
    guint column = 0, down[HTML_TABLE_COLUMNS_MAX] = { 0 };
    for (guint i = 0; i < row->len; i++) {
      struct html_cell *cell = row->pdata[i];
      while (column < HTML_TABLE_COLUMNS_MAX && taken[column] > 0)
        column++;
      if (column + cell->span > HTML_TABLE_COLUMNS_MAX)
        return FALSE;
      cell->column = column;
      for (guint k = 0; k < cell->span; k++)
        down[column++] = cell->row_span > 1 ? cell->row_span - 1 : 0;
      table->columns = MAX (table->columns, column);
    }
    for (guint k = 0; k < HTML_TABLE_COLUMNS_MAX; k++)
      taken[k] = MAX (taken[k] > 0 ? taken[k] - 1 : 0, down[k]);
  }
  return TRUE;
}

static gboolean
row_is_empty (const GPtrArray *row)
{
  for (guint i = 0; i < row->len; i++)
    if (((struct html_cell *) row->pdata[i])->lines->len > 0)
      return FALSE;
  return TRUE;
}

/* Rows and columns that hold nothing only make room on a page. */
static void
drop_empty (struct html_table *table)
{
  gboolean used[HTML_TABLE_COLUMNS_MAX] = { FALSE };
  guint now[HTML_TABLE_COLUMNS_MAX + 1] = { 0 }, count = 0;
  for (guint y = table->rows->len; y > 0; y--)
    if (row_is_empty (table->rows->pdata[y - 1]))
      g_ptr_array_remove_index (table->rows, y - 1);
  for (guint y = 0; y < table->rows->len; y++) {
    GPtrArray *row = table->rows->pdata[y];
    for (guint i = 0; i < row->len; i++) {
      const struct html_cell *cell = row->pdata[i];
      used[cell->column] |= cell->lines->len > 0;
    }
  }
  for (guint k = 0; k < HTML_TABLE_COLUMNS_MAX; k++) {
    now[k] = count;
    count += used[k];
  }
  now[HTML_TABLE_COLUMNS_MAX] = count;
  for (guint y = 0; y < table->rows->len; y++) {
    GPtrArray *row = table->rows->pdata[y];
    for (guint i = row->len; i > 0; i--) {
      struct html_cell *cell = row->pdata[i - 1];
      guint end = now[MIN (cell->column + cell->span, HTML_TABLE_COLUMNS_MAX)];
      cell->column = now[cell->column];
      if (end <= cell->column)
        g_ptr_array_remove_index (row, i - 1);
      else
        cell->span = end - cell->column;
    }
  }
  table->columns = count;
}

static gboolean
is_data (const struct html_table *table)
{
  gboolean told = table->has_head || table->border;
  guint full = 0;
  if (table->columns < 2 || (!told && (table->rows->len < 2 || table->presentation)))
    return FALSE;
  for (guint y = 0; y < table->rows->len; y++) {
    const GPtrArray *row = table->rows->pdata[y];
    full += row->len >= 2;
    for (guint i = 0; i < row->len; i++) {
      const struct html_cell *cell = row->pdata[i];
      if (cell->nested || cell->lines->len > LINES_MAX
          || (!told && (cell->lines->len > 1 || (html_table_cell_width (cell) > SHORT && cell->span < table->columns))))
        return FALSE;
    }
  }
  return told ? full > 0 : full * 3 >= table->rows->len * 2;
}

/* ---- Tables of layout ---- */

static void
put_cell (struct html_out *out, const struct html_cell *cell)
{
  for (guint i = 0; i < cell->lines->len; i++) {
    const char *line = cell->lines->pdata[i];
    html_out_break (out, *line == '\0' ? 2 : 1);
    if (*line != '\0')
      html_out_line (out, line, strlen (line));
  }
}

/* Cells that fit one line stand on one. */
static gboolean
fits_line (const GPtrArray *row)
{
  guint width = 0;
  for (guint i = 0; i < row->len; i++) {
    const struct html_cell *cell = row->pdata[i];
    if (cell->lines->len > 1 || (cell->nested && row->len > 1 && html_table_cell_width (cell) > SHORT))
      return FALSE;
    width += html_table_cell_width (cell) + 1;
  }
  return width <= HTML_TABLE_WIDTH;
}

static void
draw_layout (const struct html_table *table, struct html_out *out)
{
  for (guint y = 0; y < table->rows->len; y++) {
    const GPtrArray *row = table->rows->pdata[y];
    gboolean line = fits_line (row);
    html_out_break (out, 1);
    for (guint i = 0; i < row->len; i++) {
      const struct html_cell *cell = row->pdata[i];
      if (line && cell->lines->len > 0) {
        out->space = TRUE;
        html_out_line (out, cell->lines->pdata[0], strlen (cell->lines->pdata[0]));
      } else {
        put_cell (out, cell);
        html_out_break (out, cell->lines->len > 1 ? 2 : 1);
      }
    }
  }
}

void
html_table_write (struct html_table *table_take, struct html_out *out)
{
  for (guint y = 0; y < table_take->rows->len; y++) {
    GPtrArray *row = table_take->rows->pdata[y];
    for (guint i = 0; i < row->len; i++) {
      struct html_cell *cell = row->pdata[i];
      out->full |= cell->out.full;
      cell->out.full = FALSE; /* it is said once, at the end */
      finish_cell (cell);
    }
  }
  gboolean placed = place (table_take);
  if (placed)
    drop_empty (table_take);
  html_out_break (out, 1);
  if (!placed || !is_data (table_take))
    draw_layout (table_take, out);
  else {
    html_out_break (out, 2);
    html_grid_draw (table_take, out);
    html_out_break (out, 2);
  }
  g_ptr_array_unref (table_take->rows);
  g_free (table_take);
}
