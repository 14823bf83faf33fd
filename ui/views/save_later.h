/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing a file in a thread of its own, as a disk may be slow. How it ended is told in the status line. */
#pragma once
#include "ui/screen/app.h"

struct save_later {
  const char *path;               /* the new file */
  const char *said;               /* the sentence for when it is there */
  void (*done) (struct app *app); /* then; NULL */
};
/* All of from. to: the new file, made already (save_copy); -1: it is made here, whole or not at all (save_whole). */
void save_later (struct app *app, int from_take, int to_take, const struct save_later *what);
