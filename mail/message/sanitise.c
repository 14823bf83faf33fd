/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The one sanitiser: what a stranger wrote, made safe to show. Nothing that a terminal obeys, and nothing that a reader cannot see, passes.
 *
 * Three kinds of characters are stopped. Controls and broken UTF-8 become U+FFFD. Characters that are invisible or change the order
 * of others become a mark with their name, such as ‹U+202E›, and a run of the same one a single mark with its count. Line and paragraph
 * separators become a newline where newlines may stay. What joins an emoji sequence stays, since it only joins emoji. */
#include "mail/message/sanitise.h"

#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"

enum kind { KIND_PLAIN, KIND_CONTROL, KIND_SEPARATOR, KIND_INVISIBLE, KIND_JOINER, KIND_SELECTOR };

/* Emoji that may stand in a joined sequence (a generous cut of Extended_Pictographic; all of it is visible). */
static gboolean
is_emoji (gunichar c)
{
  return (c >= 0x1F000 && c <= 0x1FAFF) || (c >= 0x2600 && c <= 0x27BF) || (c >= 0x2190 && c <= 0x21FF)
         || (c >= 0x2300 && c <= 0x23FF) || (c >= 0x25AA && c <= 0x25FE) || (c >= 0x2B00 && c <= 0x2BFF) || c == 0xA9
         || c == 0xAE || c == 0x203C || c == 0x2049 || c == 0x2122 || c == 0x2139 || c == 0x3030 || c == 0x303D
         || c == 0x3297 || c == 0x3299;
}

/* Invisible, though Unicode calls them letters or marks. */
static gboolean
is_blank_letter (gunichar c)
{
  return c == 0x034F || c == 0x115F || c == 0x1160 || c == 0x17B4 || c == 0x17B5 || (c >= 0x180B && c <= 0x180F)
         || c == 0x3164 || c == 0xFFA0 || (c >= 0xFE00 && c <= 0xFE0D) || (c >= 0xE0000 && c <= 0xE0FFF)
         || (c >= 0x2060 && c <= 0x206F) || (c >= 0xFFF0 && c <= 0xFFFB) || (c & 0xFFFE) == 0xFFFE;
}

static enum kind
classify (gunichar c)
{
  if (c < 0x20 || (c >= 0x7F && c < 0xA0))
    return KIND_CONTROL;
  if (c == 0x200D)
    return KIND_JOINER;
  if (c == 0xFE0E || c == 0xFE0F)
    return KIND_SELECTOR;
  if (is_blank_letter (c))
    return KIND_INVISIBLE;
  GUnicodeType type = g_unichar_type (c);
  if (type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR)
    return KIND_SEPARATOR;
  return type == G_UNICODE_FORMAT || type == G_UNICODE_SURROGATE ? KIND_INVISIBLE : KIND_PLAIN;
}

/* The character at p, or (gunichar) -1 where none begins. */
static gunichar
character_at (const char *p, const char *end)
{
  if (p >= end)
    return (gunichar) -1;
  gunichar c = g_utf8_get_char_validated (p, end - p);
  return c == (gunichar) -2 ? (gunichar) -1 : c;
}

/* Set in the character before once a selector has followed it: a second one would only be hidden data. */
#define SELECTED (1u << 30)

/* A joiner stays between two emoji; a selector stays right after one, or in a keycap such as 1 U+FE0F U+20E3. */
static gboolean
is_emoji_glue (enum kind kind, gunichar before, gunichar next)
{
  if (kind == KIND_JOINER)
    return is_emoji (before & ~SELECTED) && next != (gunichar) -1 && is_emoji (next);
  if (kind == KIND_SELECTOR)
    return is_emoji (before) || (next == 0x20E3 && before < 0x80);
  return FALSE;
}

/* Mark the invisible character at p and those of its kind that follow; returns the place after them. */
static const char *
mark_run (GString *out, const char *p, const char *end, gunichar c)
{
  guint count = 0;
  while (character_at (p, end) == c) {
    p = g_utf8_next_char (p);
    count++;
  }
  if (count == 1)
    g_string_append_printf (out, "\xE2\x80\xB9U+%04X\xE2\x80\xBA", c);
  else
    g_string_append_printf (out, "\xE2\x80\xB9U+%04X \xC3\x97%u\xE2\x80\xBA", c, count);
  return p;
}

/* One control character that is not newline or tab in text: CRLF counts as one newline. */
static const char *
replace_control (GString *out, const char *p, const char *end, enum sanitise_flags flags)
{
  if (flags == SANITISE_TEXT && *p == '\r') {
    g_string_append_c (out, '\n');
    return p + 1 < end && p[1] == '\n' ? p + 2 : p + 1;
  }
  g_string_append (out, REPLACEMENT);
  return g_utf8_next_char (p);
}

static gboolean
passes (guchar byte, enum sanitise_flags flags)
{
  return (byte >= 0x20 && byte < 0x7F) || (flags == SANITISE_TEXT && (byte == '\n' || byte == '\t'));
}

/* Everything but plain ASCII, one character (or one run of marks) at a time. last: the visible character before. */
static const char *
take_special (GString *out, const char *p, const char *end, enum sanitise_flags flags, gunichar *last)
{
  gunichar c = character_at (p, end);
  if (c == (gunichar) -1) {
    g_string_append (out, REPLACEMENT);
    return p + 1;
  }
  const char *next = g_utf8_next_char (p);
  enum kind kind = classify (c);
  switch (kind) {
  case KIND_PLAIN: /* a skin tone is an emoji of its own here, and may be joined on */
    g_string_append_len (out, p, next - p);
    *last = c;
    return next;
  case KIND_CONTROL:
    return replace_control (out, p, end, flags);
  case KIND_SEPARATOR:
    g_string_append (out, flags == SANITISE_TEXT ? "\n" : REPLACEMENT);
    return next;
  case KIND_JOINER:
  case KIND_SELECTOR:
    if (!is_emoji_glue (kind, *last, character_at (next, end)))
      break;
    g_string_append_len (out, p, next - p);
    *last = kind == KIND_JOINER ? 0 : *last | SELECTED;
    return next;
  case KIND_INVISIBLE:
    break;
  }
  return mark_run (out, p, end, c);
}

char *
sanitise (const char *bytes, gssize size, enum sanitise_flags flags)
{
  if (bytes == NULL)
    return g_strdup ("");
  const char *p = bytes, *end = bytes + (size < 0 ? strlen (bytes) : (gsize) size);
  GString *out = g_string_sized_new ((gsize) (end - p) + 1);
  gunichar last = 0;
  while (p < end) {
    const char *start = p;
    while (p < end && passes ((guchar) *p, flags))
      p++;
    if (p > start) {
      g_string_append_len (out, start, p - start);
      last = (guchar) p[-1];
    }
    if (p < end)
      p = take_special (out, p, end, flags, &last);
  }
  return g_string_free (out, FALSE);
}
