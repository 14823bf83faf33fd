/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Recipients as they are typed, and what is said about the route of each. Pure. */
#pragma once
#include <glib.h>

/* "Bob <b@x>, c@y; " -> its pieces, trimmed, empty ones left out. Commas in quotes and brackets do not part. */
char **recipients_split (const char *text);
/* The address in one piece: what stands in its brackets, else the piece. Caller frees. */
char *recipients_address (const char *piece);
/* Whether a piece looks finished enough to ask about: something on both sides of an @. */
gboolean recipients_complete (const char *piece);

/* The address of the piece that is still being typed, with the cursor at this byte; NULL: none is, since it stands behind a comma or a closed
 * bracket. Caller frees. */
char *recipients_unfinished (const char *text, gsize cursor);

enum route_tone { ROUTE_TONE_HELD = 0, ROUTE_TONE_GOOD };
/* A route as of "routes" in words: "OpenPGP", "S/MIME", "HELD: no key found", "Looking for a key…". Caller frees. */
char *recipients_route (GVariant *route, enum route_tone *tone_out);
/* "1 S/MIME copy to carol@x, 1 OpenPGP copy to bob@x, erin@x" from the copies of "send". Caller frees. */
char *recipients_copies (GVariant *copies);
