/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The only way to put text on the screen: clipped to an area, each cell at a place of its own, nothing but visible
 * characters (see text_visible), whatever the text holds. */
#pragma once
#include "ui/screen/theme.h"

#include <glib.h>

struct area {
  int y, x, height, width;
};

/* Fill the area, or one row of it, with a style. */
void draw_clear (const struct area *area, unsigned style);
void draw_row (const struct area *area, int y, unsigned style);
/* Draw text at (y, x) of the area, at most width columns (and never beyond the area), cut with an ellipsis. Returns the columns used. */
int draw_text (const struct area *area, int y, int x, int width, unsigned style, const char *text);
/* The same, flush right in width. */
void draw_right (const struct area *area, int y, int x, int width, unsigned style, const char *text);
void draw_vertical (const struct area *area, int x, unsigned style);
void draw_horizontal (const struct area *area, int y, unsigned style);
/* Clear the area and draw a frame around it, with a title; inner_out is what is left inside. */
void draw_box (const struct area *area, const char *title, struct area *inner_out);
/* Where the cursor stands when the turn's drawing ends; without a call it is hidden. */
void draw_cursor (const struct area *area, int y, int x);
/* By the frame alone: start and end one drawing. force: repaint what the terminal may have lost. */
void draw_begin (void);
void draw_end (gboolean force);
