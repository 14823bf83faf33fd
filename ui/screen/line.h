/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A line of text that is being typed: its bytes, the cursor, and the keys that edit it. Pure but for its memory. */
#pragma once
#include <glib.h>

#define LINE_SIZE_MAX 65536u
#define LINE_SECRET_MAX 1024u

struct line {
  GString *text;
  gsize cursor;    /* byte offset, at a cluster's start */
  gboolean secret; /* never shown; held in one allocation of LINE_SECRET_MAX and wiped at the end */
};
void line_init (struct line *line, gboolean secret);
void line_clear (struct line *line);
void line_set (struct line *line, const char *text); /* cursor at the end */
/* What came from outside: newlines become spaces, control characters are left out, invalid UTF-8 is refused. */
void line_insert (struct line *line, const char *text);
/* FALSE: the key means nothing to a line. */
gboolean line_key (struct line *line, int key);
/* What is to be drawn in columns, with the cursor inside it: text_out (caller frees) and the cursor's column. */
char *line_visible (const struct line *line, int columns, int *cursor_column_out);
