/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The built-in editor's buffer: lines of UTF-8, a cursor, soft wrapping to a width. Knows no screen, so the text never
 * leaves the process for being edited. */
#pragma once
#include <glib.h>

#define EDITOR_SIZE_MAX (8u * 1024 * 1024)

struct editor;
struct editor *editor_new (void);
void editor_free (struct editor *editor);
/* Newlines end lines, tabs stay, control characters are left out, invalid UTF-8 is made valid. Cursor at the start. */
void editor_set_text (struct editor *editor, const char *text);
char *editor_text (const struct editor *editor);
void editor_insert (struct editor *editor, const char *text);
/* width: the columns of the screen, for moving by screen rows; page: its rows. FALSE: the key means nothing here. */
gboolean editor_key (struct editor *editor, int key, int width, int page);
gboolean editor_at_top (const struct editor *editor, int width); /* on the first screen row */
guint editor_changes (const struct editor *editor);              /* grows with each change */
/* The rows to draw: fills rows with new strings (at most height) and says where the cursor stands among them. */
void editor_rows (struct editor *editor, int width, int height, GPtrArray *rows, int *cursor_y_out, int *cursor_x_out);
