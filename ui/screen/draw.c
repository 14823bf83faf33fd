/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Drawing into ncurses' virtual screen; see draw.h. */
#include "ui/screen/draw.h"
#include "ui/screen/text.h"

#include <ncurses.h>
#include <string.h>
#include <wchar.h>

static int cursor_y, cursor_x;

static gboolean
on_screen (int y, int x)
{
  return y >= 0 && x >= 0 && y < LINES && x < COLS;
}

static void
put_cluster (int y, int x, const char *text, unsigned style)
{
  wchar_t characters[CCHARW_MAX + 1] = { 0 };
  gunichar drawn[TEXT_DRAWN_MAX];
  gsize count = MIN (text_cluster_drawn (text, drawn), CCHARW_MAX);
  for (gsize i = 0; i < count; i++)
    characters[i] = (wchar_t) drawn[i];
  unsigned long attributes = theme_attributes (style);
  cchar_t cell;
  setcchar (&cell, characters, (attr_t) (attributes & ~A_COLOR), (short) PAIR_NUMBER (attributes), NULL);
  mvadd_wch (y, x, &cell);
}

int
draw_text (const struct area *area, int y, int x, int width, unsigned style, const char *text)
{
  if (text == NULL || y < 0 || x < 0 || y >= area->height || width <= 0 || x >= area->width)
    return 0;
  width = MIN (width, area->width - x);
  gsize whole = strlen (text);
  int used = 0;
  gsize size = text_fit (text, width, &used);
  gboolean cut = size < whole;
  if (cut)
    size = text_fit (text, width - 1, &used);
  int column = x;
  for (const char *p = text; p < text + size;) {
    int cell_width = text_cluster_width (p);
    if (on_screen (area->y + y, area->x + column) && on_screen (area->y + y, area->x + column + cell_width - 1))
      put_cluster (area->y + y, area->x + column, p, style);
    column += cell_width;
    p = text_cluster_end (p);
  }
  if (cut && on_screen (area->y + y, area->x + column)) {
    put_cluster (area->y + y, area->x + column, "…", style);
    used++;
  }
  return used;
}

void
draw_right (const struct area *area, int y, int x, int width, unsigned style, const char *text)
{
  int columns = MIN (text_width (text), width);
  draw_text (area, y, x + width - columns, columns, style, text);
}

void
draw_row (const struct area *area, int y, unsigned style)
{
  if (y < 0 || y >= area->height || !on_screen (area->y + y, area->x))
    return;
  mvhline (area->y + y, area->x, (chtype) (' ' | theme_attributes (style)), MIN (area->width, COLS - area->x));
}

void
draw_clear (const struct area *area, unsigned style)
{
  for (int y = 0; y < area->height; y++)
    draw_row (area, y, style);
}

void
draw_vertical (const struct area *area, int x, unsigned style)
{
  for (int y = 0; y < area->height; y++)
    draw_text (area, y, x, 1, style, "│");
}

void
draw_horizontal (const struct area *area, int y, unsigned style)
{
  for (int x = 0; x < area->width; x++)
    draw_text (area, y, x, 1, style, "─");
}

void
draw_box (const struct area *area, const char *title, struct area *inner_out)
{
  draw_clear (area, STYLE_TEXT);
  draw_horizontal (area, 0, STYLE_FRAME);
  draw_horizontal (area, area->height - 1, STYLE_FRAME);
  draw_vertical (area, 0, STYLE_FRAME);
  draw_vertical (area, area->width - 1, STYLE_FRAME);
  draw_text (area, 0, 0, 1, STYLE_FRAME, "┌");
  draw_text (area, 0, area->width - 1, 1, STYLE_FRAME, "┐");
  draw_text (area, area->height - 1, 0, 1, STYLE_FRAME, "└");
  draw_text (area, area->height - 1, area->width - 1, 1, STYLE_FRAME, "┘");
  if (title != NULL && *title != '\0') {
    g_autofree char *padded = g_strdup_printf (" %s ", title);
    draw_text (area, 0, 2, area->width - 4, STYLE_STRONG, padded);
  }
  *inner_out = (struct area){ area->y + 1, area->x + 2, MAX (area->height - 2, 0), MAX (area->width - 4, 0) };
}

void
draw_cursor (const struct area *area, int y, int x)
{
  if (y < 0 || x < 0 || y >= area->height)
    return;
  cursor_y = area->y + y;
  cursor_x = area->x + MIN (x, area->width - 1);
}

void
draw_begin (void)
{
  erase ();
  cursor_y = cursor_x = -1;
}

void
draw_end (gboolean force)
{
  if (force)
    clearok (curscr, TRUE);
  if (on_screen (cursor_y, cursor_x)) {
    move (cursor_y, cursor_x);
    curs_set (1);
  } else {
    move (LINES - 1, COLS - 1);
    curs_set (0);
  }
  refresh ();
}
