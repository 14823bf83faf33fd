/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How wide text is on a terminal, where it breaks, and what of it may be drawn at all. Pure; text is UTF-8 and may be
 * hostile: control and format characters never come out of text_visible. */
#pragma once
#include <glib.h>

/* ascii: the terminal's locale is not UTF-8, so everything beyond ASCII is drawn as a stand-in. */
void text_set_ascii (gboolean ascii);
/* The character that is drawn for c: itself, a stand-in, or U+FFFD ("?" in ASCII) where c could act on the terminal. */
gunichar text_visible (gunichar c);
/* 0 (a combining mark), 1 or 2 columns, for what text_visible gives. */
int text_char_width (gunichar c);
int text_width (const char *text);
/* The end of the cluster at text: one character, with the combining marks, joiners and skin tone on it. Never text itself unless at the NUL. */
const char *text_cluster_end (const char *text);
/* The start of the cluster before at; start where there is none. */
const char *text_cluster_before (const char *start, const char *at);
int text_cluster_width (const char *text);
/* What is drawn for the cluster at text, in one place on the screen: at least one character that takes room, then marks on it. Joiners, variation
 * selectors and skin tones are left out, as no two terminals agree on their width. Returns how many. */
#define TEXT_DRAWN_MAX 5
gsize text_cluster_drawn (const char *text, gunichar drawn[TEXT_DRAWN_MAX]);
/* How many bytes of text fit into columns; width_out (may be NULL): the columns they take. */
gsize text_fit (const char *text, int columns, int *width_out);
/* How many bytes of the line (no newline in it) stand on its first screen row. Spaces at the break hang over. At least one
 * cluster, so a loop over a line always ends. columns < 1 counts as 1. */
gsize text_break (const char *line, int columns);
/* Screen rows of a text: tabs become spaces, "> " quote prefixes are repeated on the rows that continue a quoted line.
 * char *, caller frees the array. At most lines_max rows. */
GPtrArray *text_wrap (const char *text, int columns, guint lines_max);
/* A copy that is valid UTF-8 and at most columns wide, with an ellipsis where it was cut. */
char *text_cut (const char *text, int columns);
