/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What became of a message that was sent, in words for the list and for the reader; rows as of the engine's "delivery". Pure. */
#pragma once
#include <gio/gio.h>

#define DELIVERY_COLUMNS 15
/* Of the message with this id, in one or two words; bad_out: somebody should look at it. NULL: nothing is known for sure, or all is as it was when it was
 * sent. Caller frees. */
char *delivery_word (GVariant *rows, const char *id, gboolean *bad_out);
/* A line for each recipient: "bob@x  delivered  21 Nov 14:05", and the sentence about it. char *, in pairs; caller frees. */
GPtrArray *delivery_pairs (GVariant *rows);
gboolean delivery_is_bad (const char *state);
