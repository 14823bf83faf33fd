/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Legacy Display: the copy of protected fields that a sender puts before the text for readers that know no header protection. It is left
 * out for one who has seen the fields themselves. RFC 9788, 4.5.3 and 5.2.2; its forerunner has a part of its own for it.
 *
 * What looks otherwise than such a copy stays: a mark must not make text vanish that other readers show. */
#include "mail/message/message_p.h"

#include <string.h>

/* The length of the lines at the beginning that read as fields and continuations of fields, up to the first empty one. */
static gsize
field_lines (const char *text)
{
  const char *at = text;
  while (*at != '\0' && *at != '\n' && *at != '\r') {
    const gsize name = strspn (at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    const gboolean field = name > 0 && at[name] == ':', folded = at != text && (*at == ' ' || *at == '\t');
    if (!field && !folded)
      return 0;
    at += strcspn (at, "\n");
    at += *at == '\n';
  }
  return (gsize) (at - text);
}

gboolean
message_legacy_is_copy (const char *text)
{
  const gsize length = field_lines (text);
  return length > 0 && text[length + strspn (text + length, " \t\r\n")] == '\0';
}

const char *
message_legacy_skip (const char *text)
{
  const char *rest = text + field_lines (text);
  if (rest == text || *rest == '\0')
    return text;
  rest += *rest == '\r';
  return rest + (*rest == '\n');
}

static const char *
skip_blanks (const char *at)
{
  return at + strspn (at, " \t\r\n");
}

/* Where the content of the body begins; a text without that tag begins at once. */
static const char *
body_start (const char *html)
{
  for (const char *at = html; (at = strchr (at, '<')) != NULL; at++)
    if (g_ascii_strncasecmp (at, "<body", 5) == 0 && (at[5] == '>' || g_ascii_isspace (at[5]))) {
      const char *end = strchr (at, '>');
      return end != NULL ? end + 1 : html;
    }
  return html;
}

char *
message_legacy_strip (const char *html)
{
  const char *open = skip_blanks (body_start (html)), *end = strchr (open, '>');
  if (g_ascii_strncasecmp (open, "<div", 4) != 0 || end == NULL)
    return g_strdup (html);
  g_autofree char *tag = g_strndup (open, (gsize) (end - open));
  const char *close = strstr (end, "</div>");
  if (strstr (tag, "header-protection-legacy-display") == NULL || strstr (tag, "class") == NULL || close == NULL)
    return g_strdup (html);
  g_autofree char *before = g_strndup (html, (gsize) (open - html));
  return g_strconcat (before, close + strlen ("</div>"), NULL);
}
