/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What became of a message in the outbox, what that means, and what to do about it, in lines for people. Pure. */
#pragma once
#include <glib.h>

/* item: a row of the engine's "outbox". char *, caller frees. */
GPtrArray *outbox_lines (GVariant *item, gint64 now);
const char *outbox_lines_word (GVariant *item, gint64 now); /* one or two words for its state */
gboolean outbox_lines_trouble (GVariant *item);             /* somebody must decide, or should know */
/* All who are in that state, with commas between. Caller frees. */
char *outbox_lines_people (GVariant *item, const char *state);
