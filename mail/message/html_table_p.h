/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a table of HTML is made of; between html_table.c, which gathers it, and html_grid.c, which draws tables of data. */
#pragma once
#include "mail/message/html_p.h"

#define HTML_TABLE_COLUMNS_MAX 40
#define HTML_TABLE_WIDTH 76 /* with a quote or a border it still fits 80 columns */

struct html_cell {
  struct html_out out;
  GPtrArray *lines; /* char *, once it is written */
  guint column, span, row_span;
  gboolean head, nested;
};

struct html_table {
  GPtrArray *rows; /* GPtrArray of struct html_cell * */
  guint cells, columns;
  gboolean border, presentation, has_head;
};

guint html_table_cell_width (const struct html_cell *cell);
/* Columns side by side; where they do not fit the line, one block a row. */
void html_grid_draw (const struct html_table *table, struct html_out *out);
