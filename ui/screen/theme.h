/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The looks: one table of styles, each with 256 colours, 8 colours and none. Background stays the terminal's own, so dark
 * and light terminals both work. */
#pragma once

enum style {
  STYLE_TEXT = 0,
  STYLE_DIM,
  STYLE_STRONG,
  STYLE_BAR,
  STYLE_BAR_WARN,
  STYLE_SELECTED,
  STYLE_SELECTED_AWAY,
  STYLE_QUOTE,
  STYLE_NOTE,
  STYLE_FRAME,
  STYLE_LABEL,
  STYLE_HEADING,
  STYLE_KEY,
  STYLE_HELP,
  STYLE_STATUS,
  STYLE_STATUS_WARN,
  STYLE_MARK,
  STYLE_GOOD,
  STYLE_HELD,
  STYLE_VERDICT_NONE,
  STYLE_VERDICT_GOOD,
  STYLE_VERDICT_WARN,
  STYLE_VERDICT_BAD,
  STYLE_COUNT,
};
#define STYLE_BOLD 0x100u /* may be added to a style */

/* After initscr. */
void theme_init (void);
/* ncurses attributes (attr_t and pair in one, as COLOR_PAIR gives it). */
unsigned long theme_attributes (unsigned style);
