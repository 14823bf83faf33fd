/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The cursor of anything that is a list of rows: where it stands and which rows the window shows. Pure. */
#pragma once
#include "ui/screen/keymap.h"

struct rows {
  int cursor, top, height;
};
/* TRUE: the action moved (or could have moved) the cursor. */
gboolean rows_act (struct rows *rows, enum action action, int count);
/* Before drawing: the window has that height, there are count rows. */
void rows_settle (struct rows *rows, int height, int count);
