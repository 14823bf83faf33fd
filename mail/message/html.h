/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* HTML to readable text, by libxml2's parser. Filter worker only. Links become numbered footnotes with their true target; scripts, styles and
 * forms vanish; nothing is fetched; hidden text is marked as hidden. Bounded in depth and size. */
#pragma once
#include <glib.h>
char *html_to_text (const char *html, gsize size, guint columns); /* UTF-8, not yet sanitised; never NULL */
