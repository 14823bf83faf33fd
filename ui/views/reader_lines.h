/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A message as rows of the screen: header fields, attachments, text with its notes. Pure. The verdict is not among them: it
 * stands outside, where no message can draw. */
#pragma once
#include "ui/screen/theme.h"

#include <glib.h>

struct reader_line {
  unsigned style;
  int label_columns; /* that many columns at the start are drawn as a label */
  char *text;
};
/* view: as of "show"; delivery: rows of the engine's "delivery", or NULL; date: where the view has none. struct reader_line *, caller frees. */
GPtrArray *reader_lines (GVariant *view, GVariant *delivery, gint64 date, int width);
/* Is only the header of it here? */
gboolean reader_is_missing (GVariant *view);
/* The parts a person would call attachments; aa{sv}, caller unrefs. */
GVariant *reader_attachments (GVariant *view);
char *reader_size (guint64 bytes);
/* A tone of the verdict as a word and a style; a tone that is not known is the one that claims nothing. */
const char *reader_tone (const char *tone, enum style *style_out);
/* What "x" tells: one line an entry, char *. */
GPtrArray *reader_details (GVariant *view);
