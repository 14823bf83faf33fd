/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A cursor over rows; see rows.h. */
#include "ui/views/rows.h"

gboolean
rows_act (struct rows *rows, enum action action, int count)
{
  int page = MAX (rows->height - 1, 1);
  switch ((int) action) {
  case ACTION_DOWN:
    rows->cursor++;
    break;
  case ACTION_UP:
    rows->cursor--;
    break;
  case ACTION_PAGE_DOWN:
    rows->cursor += page;
    rows->top += page;
    break;
  case ACTION_PAGE_UP:
    rows->cursor -= page;
    rows->top -= page;
    break;
  case ACTION_FIRST:
    rows->cursor = 0;
    break;
  case ACTION_LAST:
    rows->cursor = count - 1;
    break;
  default:
    return FALSE;
  }
  rows_settle (rows, rows->height, count);
  return TRUE;
}

void
rows_settle (struct rows *rows, int height, int count)
{
  rows->height = MAX (height, 1);
  rows->cursor = CLAMP (rows->cursor, 0, MAX (count - 1, 0));
  rows->top = CLAMP (rows->top, rows->cursor - rows->height + 1, rows->cursor);
  rows->top = CLAMP (rows->top, 0, MAX (count - rows->height, 0));
}
