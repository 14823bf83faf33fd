/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Quoting as mail has always done it: "> " before each line, ">" alone before an empty one, deeper quotes without a blank between. */
#include "mail/message/quote.h"

#include <string.h>

#define COLUMNS 76
#define WRAP_FROM 90 /* shorter lines stay whole, or every forwarded table would break */

static void
append_quoted (GString *out, const char *line, gsize length)
{
  g_string_append (out, length == 0 ? ">" : *line == '>' ? ">" : "> ");
  g_string_append_len (out, line, (gssize) length);
  g_string_append_c (out, '\n');
}

/* Where to break a line: at the last blank that lets it fit, else at the first one after. */
static gsize
break_at (const char *line, gsize length)
{
  gsize fit = 0, columns = 0;
  for (const char *p = line; p < line + length; p = g_utf8_next_char (p), columns++) {
    if (*p != ' ')
      continue;
    if (columns > COLUMNS && fit > 0)
      return fit;
    fit = (gsize) (p - line);
    if (columns > COLUMNS)
      return fit;
  }
  return columns > COLUMNS && fit > 0 ? fit : length;
}

/* Looks no further than it must: a line may be as long as the whole text. */
static gboolean
is_longer (const char *line, gsize length, guint columns)
{
  const char *p = line;
  for (guint i = 0; p < line + length && i < columns; i++)
    p = g_utf8_next_char (p);
  return p < line + length;
}

static void
append_wrapped (GString *out, const char *line, gsize length)
{
  gboolean quoted = length > 0 && *line == '>';
  while (!quoted && is_longer (line, length, WRAP_FROM)) {
    gsize n = break_at (line, length);
    if (n == length || n == 0)
      break;
    append_quoted (out, line, n);
    line += n + 1;
    length -= n + 1;
  }
  append_quoted (out, line, length);
}

char *
quote_text (const char *text)
{
  GString *out = g_string_new (NULL);
  gsize end = strlen (text);
  while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == ' '))
    end--;
  for (const char *p = text, *stop = text + end; p < stop;) {
    const char *newline = memchr (p, '\n', (gsize) (stop - p));
    gsize length = newline != NULL ? (gsize) (newline - p) : (gsize) (stop - p);
    if (length == 3 && strncmp (p, "-- ", 3) == 0)
      break;
    append_wrapped (out, p, length);
    p += length + (newline != NULL ? 1 : 0);
  }
  return g_string_free (out, FALSE);
}
