/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON with one value a line, indented. Nothing is interpreted: what is no JSON comes out as it went in, but for blanks. Pure. */
#include "mail/message/attachment.h"

#include <string.h>

#define INDENT_MAX 30

static void
new_line (GString *out, guint depth)
{
  g_string_append_c (out, '\n');
  for (guint i = 0; i < MIN (depth, INDENT_MAX); i++)
    g_string_append (out, "  ");
}

/* The string that begins at p, with its quotes. */
static gsize
string_length (const char *p)
{
  gsize n = 1;
  while (p[n] != '\0' && p[n] != '"')
    n += p[n] == '\\' && p[n + 1] != '\0' ? 2 : 1;
  return p[n] == '"' ? n + 1 : n;
}

char *
attachment_json_text (const char *text)
{
  GString *out = g_string_new (NULL);
  guint depth = 0;
  const char *p = text;
  for (; *p != '\0' && out->len < ATTACHMENT_SHOWN_MAX; p++) {
    if (*p == '"') {
      gsize n = string_length (p);
      g_string_append_len (out, p, (gssize) n);
      p += n - 1;
    } else if (*p == '{' || *p == '[') {
      const char *next = p + 1 + strspn (p + 1, " \t\r\n");
      g_string_append_c (out, *p);
      if (*next == '}' || *next == ']') {
        g_string_append_c (out, *next);
        p = next;
      } else
        new_line (out, ++depth);
    } else if (*p == '}' || *p == ']') {
      depth -= depth > 0;
      new_line (out, depth);
      g_string_append_c (out, *p);
    } else if (*p == ',') {
      g_string_append_c (out, ',');
      new_line (out, depth);
    } else if (*p == ':')
      g_string_append (out, ": ");
    else if (!g_ascii_isspace (*p))
      g_string_append_c (out, *p);
  }
  g_string_append_c (out, '\n');
  if (*p != '\0')
    g_string_append (out, "[There is more than can be shown; the rest is left out.]\n");
  return g_string_free (out, FALSE);
}
