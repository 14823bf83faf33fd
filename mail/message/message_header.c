/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Header fields as we write them: RFC 2047 encoded words where the text is not plain ASCII, and folding.
 *
 * Our own writer, because what goes out must be predictable to the byte: printable ASCII only, each encoded word holding whole characters
 * and at most 75 bytes, no line longer than 76 where a blank allows it. Pure. */
#include "mail/message/message_p.h"

#include <string.h>

#define WORD_BYTES 39 /* of text in one encoded word: 52 of base64, so that a first word fits behind "Subject:" */
#define ATOM_MAX 76
#define LINE_MAX_WISH 76

/* Plain ASCII that reads back as itself: no word that is too long to fold, nothing that looks like an encoded word. */
static gboolean
is_plain (const char *text)
{
  gsize word = 0;
  for (const char *p = text; *p != '\0'; p++) {
    if ((guchar) *p < 0x20 || (guchar) *p > 0x7E || (p[0] == '=' && p[1] == '?'))
      return FALSE;
    word = *p == ' ' ? 0 : word + 1;
    if (word > ATOM_MAX)
      return FALSE;
  }
  return text[0] != ' ' && (text[0] == '\0' || text[strlen (text) - 1] != ' ');
}

/* Where an encoded word ends that begins at p: behind a whole character, and, unless it is the last one, where base64 needs no padding, since some
 * readers (GMime among them) lose what follows padding. */
static const char *
word_end (const char *p)
{
  const char *end = p, *even = NULL;
  while (*end != '\0' && g_utf8_next_char (end) - p <= WORD_BYTES) {
    end = g_utf8_next_char (end);
    even = (end - p) % 3 == 0 ? end : even;
  }
  return *end == '\0' ? end : even != NULL ? even : g_utf8_next_char (p);
}

static void
append_word (GString *out, const char *p, const char *end)
{
  if (*end != '\0' && (end - p) % 3 != 0) { /* one character, which no neighbours make even */
    g_string_append (out, "=?utf-8?Q?");
    for (; p < end; p++)
      g_string_append_printf (out, "=%02X", (guchar) *p);
    g_string_append (out, "?=");
    return;
  }
  g_autofree char *word = g_base64_encode ((const guchar *) p, (gsize) (end - p));
  g_string_append_printf (out, "=?utf-8?B?%s?=", word);
}

char *
message_header_encode (const char *text)
{
  if (is_plain (text))
    return g_strdup (text);
  GString *out = g_string_new (NULL);
  for (const char *p = text; *p != '\0';) {
    const char *end = word_end (p);
    g_string_append (out, out->len > 0 ? " " : "");
    append_word (out, p, end);
    p = end;
  }
  return g_string_free (out, FALSE);
}

/* A display name: atoms as they are, other ASCII in quotes, the rest encoded. */
char *
message_header_encode_name (const char *name)
{
  if (!is_plain (name))
    return message_header_encode (name);
  if (strpbrk (name, "()<>[]:;@\\,.\"") == NULL)
    return g_strdup (name);
  GString *out = g_string_new ("\"");
  for (const char *p = name; *p != '\0'; p++) {
    if (*p == '"' || *p == '\\')
      g_string_append_c (out, '\\');
    g_string_append_c (out, *p);
  }
  g_string_append_c (out, '"');
  return g_string_free (out, FALSE);
}

/* Append "Name: value" CRLF, folded at blanks, but never right behind the name. */
void
message_header_append (GString *out, const char *line)
{
  gsize column = 0;
  while (*line != '\0') {
    gsize word = strcspn (line + 1, " ") + 1; /* with the blank that leads it */
    if (column > 0 && out->str[out->len - 1] != ':' && column + word > LINE_MAX_WISH && *line == ' ' && word > 1) {
      g_string_append (out, "\r\n");
      column = 0;
    }
    g_string_append_len (out, line, (gssize) word);
    column += word;
    line += word;
  }
  g_string_append (out, "\r\n");
}
