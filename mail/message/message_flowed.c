/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* format=flowed: lines that a sender broke for the wire become whole paragraphs again. RFC 3676. Pure. */
#include "mail/message/message_p.h"

#include <string.h>

struct line {
  const char *text;
  gsize length;
  guint depth;
  gboolean flowed;
};

static const char *
read_line (const char *p, struct line *line)
{
  const char *newline = strchr (p, '\n');
  gsize length = newline != NULL ? (gsize) (newline - p) : strlen (p);
  const char *next = newline != NULL ? newline + 1 : p + length;
  if (length > 0 && p[length - 1] == '\r')
    length--;
  line->depth = 0;
  while (length > 0 && *p == '>') {
    line->depth++;
    p++;
    length--;
  }
  if (length > 0 && *p == ' ') { /* stuffed */
    p++;
    length--;
  }
  gboolean signature = length == 3 && strncmp (p, "-- ", 3) == 0;
  line->text = p;
  line->length = length;
  line->flowed = !signature && length > 0 && p[length - 1] == ' ';
  return next;
}

static gboolean
is_signature (const struct line *line)
{
  return line->length == 3 && strncmp (line->text, "-- ", 3) == 0;
}

char *
message_flowed_unwrap (const char *text, gboolean delsp)
{
  GString *out = g_string_new (NULL);
  gboolean open = FALSE; /* the paragraph in out goes on */
  guint depth = 0;
  for (const char *p = text; *p != '\0';) {
    struct line line;
    p = read_line (p, &line);
    if (open && (line.depth != depth || is_signature (&line))) {
      g_string_append_c (out, '\n');
      open = FALSE;
    }
    for (guint i = 0; !open && i < line.depth; i++)
      g_string_append_c (out, '>');
    if (!open && line.depth > 0 && line.length > 0)
      g_string_append_c (out, ' ');
    g_string_append_len (out, line.text, (gssize) (line.flowed && delsp ? line.length - 1 : line.length));
    open = line.flowed;
    depth = line.depth;
    if (!open)
      g_string_append_c (out, '\n');
  }
  return g_string_free (out, FALSE);
}
