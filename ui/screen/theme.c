/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of styles; see theme.h. Meaning is never carried by colour alone. */
#include "ui/screen/theme.h"

#include <ncurses.h>
#include <stdlib.h>

struct look {
  short fore256, back256;
  short fore8, back8;
  attr_t colour, mono; /* attributes beside the colours, and where there are none */
};

static const struct look looks[STYLE_COUNT] = {
  [STYLE_TEXT] = { -1, -1, -1, -1, A_NORMAL, A_NORMAL },
  [STYLE_DIM] = { 244, -1, -1, -1, A_NORMAL, A_NORMAL },
  [STYLE_STRONG] = { -1, -1, -1, -1, A_BOLD, A_BOLD },
  [STYLE_BAR] = { 255, 24, COLOR_WHITE, COLOR_BLUE, A_NORMAL, A_REVERSE },
  [STYLE_BAR_WARN] = { 16, 214, COLOR_BLACK, COLOR_YELLOW, A_NORMAL, A_REVERSE | A_BOLD },
  [STYLE_SELECTED] = { 255, 31, COLOR_BLACK, COLOR_CYAN, A_NORMAL, A_REVERSE },
  [STYLE_SELECTED_AWAY] = { 255, 242, -1, -1, A_NORMAL, A_UNDERLINE },
  [STYLE_QUOTE] = { 67, -1, COLOR_CYAN, -1, A_NORMAL, A_NORMAL },
  [STYLE_NOTE] = { 130, -1, COLOR_YELLOW, -1, A_BOLD, A_BOLD },
  [STYLE_FRAME] = { 244, -1, COLOR_BLUE, -1, A_NORMAL, A_NORMAL },
  [STYLE_LABEL] = { 31, -1, COLOR_CYAN, -1, A_NORMAL, A_NORMAL },
  [STYLE_HEADING] = { 244, -1, -1, -1, A_BOLD, A_UNDERLINE },
  [STYLE_KEY] = { 255, 242, COLOR_BLACK, COLOR_WHITE, A_NORMAL, A_REVERSE },
  [STYLE_HELP] = { -1, -1, -1, -1, A_NORMAL, A_NORMAL },
  [STYLE_STATUS] = { -1, -1, -1, -1, A_NORMAL, A_NORMAL },
  [STYLE_STATUS_WARN] = { 160, -1, COLOR_RED, -1, A_BOLD, A_BOLD },
  [STYLE_MARK] = { 130, -1, COLOR_YELLOW, -1, A_NORMAL, A_NORMAL },
  [STYLE_GOOD] = { 28, -1, COLOR_GREEN, -1, A_NORMAL, A_NORMAL },
  [STYLE_HELD] = { 160, -1, COLOR_RED, -1, A_BOLD, A_BOLD },
  [STYLE_VERDICT_NONE] = { 16, 252, COLOR_BLACK, COLOR_WHITE, A_NORMAL, A_REVERSE },
  [STYLE_VERDICT_GOOD] = { 255, 28, COLOR_BLACK, COLOR_GREEN, A_NORMAL, A_REVERSE },
  [STYLE_VERDICT_WARN] = { 16, 214, COLOR_BLACK, COLOR_YELLOW, A_NORMAL, A_REVERSE | A_BOLD },
  [STYLE_VERDICT_BAD] = { 255, 160, COLOR_WHITE, COLOR_RED, A_BOLD, A_REVERSE | A_BOLD },
};

static int coloured;

void
theme_init (void)
{
  const char *no_color = getenv ("NO_COLOR");
  coloured = 0;
  if (!has_colors () || (no_color != NULL && *no_color != '\0'))
    return;
  start_color ();
  if (use_default_colors () != OK || COLOR_PAIRS <= STYLE_COUNT)
    return;
  coloured = 1;
  for (short i = 0; i < STYLE_COUNT; i++) {
    if (COLORS >= 256)
      init_pair ((short) (i + 1), looks[i].fore256, looks[i].back256);
    else
      init_pair ((short) (i + 1), looks[i].fore8, looks[i].back8);
  }
}

unsigned long
theme_attributes (unsigned style)
{
  unsigned index = style & 0xFFu;
  attr_t bold = (style & STYLE_BOLD) != 0 ? A_BOLD : A_NORMAL;
  if (index >= STYLE_COUNT)
    index = STYLE_TEXT;
  if (!coloured)
    return looks[index].mono | bold;
  return looks[index].colour | bold | (attr_t) COLOR_PAIR ((int) index + 1);
}
