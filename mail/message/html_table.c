/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables as text. A table of data (it has a head, a border, or short cells in regular rows) is drawn with its columns aligned; one that is too
 * wide for that as one block a row, "head: value"; a table that only lays out a page as its cells one after the other.
 *
 * Every cell has a writer of its own, so a table inside a cell is only text to the outer one. Bounded: rows and cells. Pure. */
#include "mail/message/html_p.h"

#include <string.h>

#define CELLS_MAX 20000
#define COLUMNS_MAX 40
#define WIDTH 76     /* with a quote or a border it still fits 80 columns */
#define COLUMN_MIN 8 /* of a column that had to shrink */
#define SHORT 48     /* a cell of data, where nothing else tells */
#define LINES_MAX 8  /* of a cell of data */

struct cell {
  struct html_out out;
  GPtrArray *lines; /* char *, once it is written */
  guint column, span, row_span;
  gboolean head, nested;
};

struct html_table {
  GPtrArray *rows; /* GPtrArray of struct cell * */
  guint cells, columns;
  gboolean border, presentation, has_head;
};

static void
cell_free (gpointer data)
{
  struct cell *cell = data;
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

static struct cell *
last_cell (const struct html_table *table)
{
  GPtrArray *row = table->rows->len > 0 ? table->rows->pdata[table->rows->len - 1] : NULL;
  return row != NULL && row->len > 0 ? row->pdata[row->len - 1] : NULL;
}

struct html_out *
html_table_cell (struct html_table *table, gboolean head, const char *const *attributes)
{
  if (table->cells >= CELLS_MAX) {
    struct cell *last = last_cell (table);
    if (last != NULL)
      html_out_break (&last->out, 1);
    return last != NULL ? &last->out : NULL;
  }
  if (table->rows->len == 0)
    html_table_row (table);
  struct cell *cell = g_new0 (struct cell, 1);
  html_out_init (&cell->out, 0);
  cell->head = head;
  cell->span = cell->row_span = 1;
  (void) is_number (html_style_attribute (attributes, "colspan"), &cell->span);
  (void) is_number (html_style_attribute (attributes, "rowspan"), &cell->row_span);
  cell->span = CLAMP (cell->span, 1, COLUMNS_MAX);
  table->has_head |= head;
  table->cells++;
  g_ptr_array_add (table->rows->pdata[table->rows->len - 1], cell);
  return &cell->out;
}

void
html_table_nested (struct html_table *table)
{
  struct cell *cell = last_cell (table);
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
finish_cell (struct cell *cell)
{
  g_autofree char *text = html_out_finish (&cell->out);
  cell->lines = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) lines = g_strsplit (g_strchomp (text), "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    g_ptr_array_add (cell->lines, g_strdup (*line));
}

static guint
cell_width (const struct cell *cell)
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
  guint taken[COLUMNS_MAX] = { 0 };
  for (guint y = 0; y < table->rows->len; y++) {
    GPtrArray *row = table->rows->pdata[y];
    guint column = 0, down[COLUMNS_MAX] = { 0 };
    for (guint i = 0; i < row->len; i++) {
      struct cell *cell = row->pdata[i];
      while (column < COLUMNS_MAX && taken[column] > 0)
        column++;
      if (column + cell->span > COLUMNS_MAX)
        return FALSE;
      cell->column = column;
      for (guint k = 0; k < cell->span; k++)
        down[column++] = cell->row_span > 1 ? cell->row_span - 1 : 0;
      table->columns = MAX (table->columns, column);
    }
    for (guint k = 0; k < COLUMNS_MAX; k++)
      taken[k] = MAX (taken[k] > 0 ? taken[k] - 1 : 0, down[k]);
  }
  return TRUE;
}

static gboolean
row_is_empty (const GPtrArray *row)
{
  for (guint i = 0; i < row->len; i++)
    if (((struct cell *) row->pdata[i])->lines->len > 0)
      return FALSE;
  return TRUE;
}

/* Rows and columns that hold nothing only make room on a page. */
static void
drop_empty (struct html_table *table)
{
  gboolean used[COLUMNS_MAX] = { FALSE };
  guint now[COLUMNS_MAX + 1] = { 0 }, count = 0;
  for (guint y = table->rows->len; y > 0; y--)
    if (row_is_empty (table->rows->pdata[y - 1]))
      g_ptr_array_remove_index (table->rows, y - 1);
  for (guint y = 0; y < table->rows->len; y++) {
    GPtrArray *row = table->rows->pdata[y];
    for (guint i = 0; i < row->len; i++) {
      const struct cell *cell = row->pdata[i];
      used[cell->column] |= cell->lines->len > 0;
    }
  }
  for (guint k = 0; k < COLUMNS_MAX; k++) {
    now[k] = count;
    count += used[k];
  }
  now[COLUMNS_MAX] = count;
  for (guint y = 0; y < table->rows->len; y++) {
    GPtrArray *row = table->rows->pdata[y];
    for (guint i = row->len; i > 0; i--) {
      struct cell *cell = row->pdata[i - 1];
      guint end = now[MIN (cell->column + cell->span, COLUMNS_MAX)];
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
      const struct cell *cell = row->pdata[i];
      if (cell->nested || cell->lines->len > LINES_MAX
          || (!told && (cell->lines->len > 1 || (cell_width (cell) > SHORT && cell->span < table->columns))))
        return FALSE;
    }
  }
  return told ? full > 0 : full * 3 >= table->rows->len * 2;
}

/* ---- Tables of data ---- */

struct grid {
  guint width[COLUMNS_MAX], columns, gap;
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
has_hidden (const struct cell *cell)
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
      const struct cell *cell = row->pdata[i];
      hidden |= has_hidden (cell);
      if (cell->span == 1)
        grid->width[cell->column] = MAX (grid->width[cell->column], MAX (cell_width (cell), 1));
    }
  }
  for (guint k = 0; k < grid->columns; k++)
    grid->width[k] = MAX (grid->width[k], 1);
  while (total (grid) > WIDTH) {
    guint widest = 0;
    for (guint k = 1; k < grid->columns; k++)
      if (grid->width[k] > grid->width[widest])
        widest = k;
    if (grid->width[widest] <= COLUMN_MIN || hidden)
      return FALSE;
    grid->width[widest]
        = MAX (grid->width[widest] - MIN (total (grid) - WIDTH, (grid->width[widest] + 7) / 8), COLUMN_MIN);
  }
  return TRUE;
}

static guint
span_width (const struct grid *grid, const struct cell *cell)
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
wrap (const struct cell *cell, guint columns)
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
      const struct cell *cell = i < row->len ? row->pdata[i] : NULL;
      gboolean inside
          = i > 0 && k < ((struct cell *) row->pdata[i - 1])->column + ((struct cell *) row->pdata[i - 1])->span;
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
    if (!((struct cell *) row->pdata[i])->head)
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
flat (const struct cell *cell)
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
      const struct cell *cell = row->pdata[i];
      g_autofree char *value = flat (cell);
      for (guint k = 0; head != NULL && k < head->len; k++) {
        const struct cell *above = head->pdata[k];
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

/* ---- Tables of layout ---- */

static void
put_cell (struct html_out *out, const struct cell *cell)
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
    const struct cell *cell = row->pdata[i];
    if (cell->lines->len > 1 || (cell->nested && row->len > 1 && cell_width (cell) > SHORT))
      return FALSE;
    width += cell_width (cell) + 1;
  }
  return width <= WIDTH;
}

static void
draw_layout (const struct html_table *table, struct html_out *out)
{
  for (guint y = 0; y < table->rows->len; y++) {
    const GPtrArray *row = table->rows->pdata[y];
    gboolean line = fits_line (row);
    html_out_break (out, 1);
    for (guint i = 0; i < row->len; i++) {
      const struct cell *cell = row->pdata[i];
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
      struct cell *cell = row->pdata[i];
      out->full |= cell->out.full;
      cell->out.full = FALSE; /* it is said once, at the end */
      finish_cell (cell);
    }
  }
  gboolean placed = place (table_take);
  if (placed)
    drop_empty (table_take);
  struct grid grid = { .columns = table_take->columns, .gap = table_take->has_head || table_take->border ? 3 : 2 };
  html_out_break (out, 1);
  if (!placed || !is_data (table_take))
    draw_layout (table_take, out);
  else {
    html_out_break (out, 2);
    if (measure (table_take, &grid))
      draw_grid (table_take, &grid, out);
    else
      draw_records (table_take, out);
    html_out_break (out, 2);
  }
  g_ptr_array_unref (table_take->rows);
  g_free (table_take);
}
