/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's events "working" and "progress" as one line, for the screen and for the terminal of a command. */
#pragma once
#include <glib.h>

/* "Sending [#####---------------]  12 of 34 MB", at most columns wide (one column a character); caller frees. */
char *working_line (GVariant *fields, int columns);
/* The event "progress" (done, total, rate, left) as "Fetching mail: 1,200 of 10,000, 2.1 MB/s, about 2 minutes left", likewise. */
char *working_fetching (guint done, guint total, guint64 rate, guint left_s, int columns);
char *working_fetching_fields (GVariant *fields, int columns);
/* Is this still short enough to need no bar? A letter is gone before one could read it. The making of an index is said whatever its size. */
gboolean working_is_short (GVariant *fields);
gboolean working_is_indexing (GVariant *fields);
/* The making of an index that has come to its end; nobody else says so. */
gboolean working_is_over (GVariant *fields);
