/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* HTML to readable text, by libxml2's parser. Filter worker only. Links become numbered footnotes with their true target; scripts, styles and
 * form fields vanish; nothing is fetched; hidden text is marked as hidden. Bounded in depth, size and time. */
#pragma once
#include <glib.h>

/* columns: where lines are wrapped, 0: nowhere (the screen does it). Returns UTF-8, not yet sanitised; never NULL. */
char *html_to_text (const char *html, gsize size, guint columns);

/* Text that the sender made invisible stands between these; neither bracket occurs in other text that html_to_text makes. */
#define HTML_HIDDEN_OPEN "\xE2\x9F\xA6hidden: "
#define HTML_HIDDEN_CLOSE "\xE2\x9F\xA7"
char *html_strip_hidden (const char *text); /* without the marks and what is between them. Any process. */
