/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Width, breaking and last-line-of-defence filtering of text for a terminal; see text.h. */
#include "ui/screen/text.h"

#include <string.h>
#include <wchar.h>

#define TAB_COLUMNS 8
#define REPLACEMENT 0xFFFDu

static gboolean only_ascii;

void
text_set_ascii (gboolean ascii)
{
  only_ascii = ascii;
}

static gunichar
ascii_stand_in (gunichar c)
{
  switch (c) {
  case 0x00A0:
    return ' ';
  case 0x00B7:
  case 0x2010:
  case 0x2011:
  case 0x2012:
  case 0x2013:
  case 0x2014:
    return '-';
  case 0x2018:
  case 0x2019:
    return '\'';
  case 0x201C:
  case 0x201D:
    return '"';
  case 0x2026:
    return '~';
  case 0x2022:
  case 0x25CF:
    return '*';
  case 0x2500:
    return '-';
  case 0x2502:
    return '|';
  case 0x250C:
  case 0x2510:
  case 0x2514:
  case 0x2518:
    return '+';
  default:
    return '?';
  }
}

/* What joins characters, or chooses the look of one. Terminals differ in what they make of it, and so in how wide the result is: it is not
 * drawn, and what it joins stands side by side. */
static gboolean
is_glue (gunichar c)
{
  return c == 0x200C || c == 0x200D || c == 0xFE0E || c == 0xFE0F;
}

/* A skin tone, right after what can have one: for the same reason. */
static gboolean
is_skin_tone (gunichar c, gunichar before)
{
  return c >= 0x1F3FB && c <= 0x1F3FF
         && ((before >= 0x1F300 && before <= 0x1FAFF) || before == 0x261D || before == 0x26F9
             || (before >= 0x270A && before <= 0x270D));
}

static gboolean
acts_on_the_terminal (gunichar c)
{
  switch ((int) g_unichar_type (c)) {
  case G_UNICODE_CONTROL:
  case G_UNICODE_FORMAT:
  case G_UNICODE_SURROGATE:
  case G_UNICODE_PRIVATE_USE:
  case G_UNICODE_LINE_SEPARATOR:
  case G_UNICODE_PARAGRAPH_SEPARATOR:
    return TRUE;
  default:
    return FALSE;
  }
}

gunichar
text_visible (gunichar c)
{
  if (c >= 0x20 && c < 0x7F)
    return c;
  if (c == 0x00AD)
    return '-';
  if (c > 0x10FFFF || acts_on_the_terminal (c))
    return only_ascii ? '?' : REPLACEMENT;
  if (only_ascii)
    return g_unichar_iszerowidth (c) ? c : ascii_stand_in (c);
  if (wcwidth ((wchar_t) c) < 0 && !g_unichar_isdefined (c))
    return REPLACEMENT;
  return c;
}

int
text_char_width (gunichar c)
{
  if (is_glue (c))
    return 0;
  c = text_visible (c);
  if (c < 0x7F || c == REPLACEMENT)
    return 1;
  if (only_ascii)
    return g_unichar_iszerowidth (c) ? 0 : 1;
  int width = wcwidth ((wchar_t) c);
  if (width >= 0)
    return MIN (width, 2);
  return g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
}

/* The character at text and the byte after it; a byte that is no UTF-8 is one U+FFFD. */
static const char *
next_char (const char *text, gunichar *c_out)
{
  gunichar c = g_utf8_get_char_validated (text, -1);
  if (c == (gunichar) -1 || c == (gunichar) -2) {
    *c_out = REPLACEMENT;
    return text + 1;
  }
  *c_out = c;
  return c == 0 ? text : g_utf8_next_char (text);
}

const char *
text_cluster_end (const char *text)
{
  gunichar first, c;
  const char *end = next_char (text, &first);
  while (end > text && *end != '\0') {
    const char *after = next_char (end, &c);
    if (text_char_width (c) != 0 && !is_skin_tone (c, first))
      break;
    end = after;
  }
  return end;
}

/* Hangul letters become the syllable that they spell and an accent joins its letter, where there is one character for both. */
static void
compose (gunichar *characters, gsize *count)
{
  g_autofree char *text = g_ucs4_to_utf8 (characters, (glong) *count, NULL, NULL, NULL);
  g_autofree char *composed = text != NULL ? g_utf8_normalize (text, -1, G_NORMALIZE_NFC) : NULL;
  glong length = 0;
  g_autofree gunichar *better = composed != NULL ? g_utf8_to_ucs4_fast (composed, -1, &length) : NULL;
  if (better == NULL || length < 1 || (gsize) length > *count)
    return;
  memcpy (characters, better, (gsize) length * sizeof *better);
  *count = (gsize) length;
}

gsize
text_cluster_drawn (const char *text, gunichar drawn[TEXT_DRAWN_MAX])
{
  const char *end = text_cluster_end (text);
  gsize count = 0;
  for (const char *p = text; p < end && count < TEXT_DRAWN_MAX;) {
    gunichar c;
    p = next_char (p, &c);
    gboolean zero = text_char_width (c) == 0;
    if (count == 0 && zero)
      drawn[count++] = ' ';
    if (count == 0 || (zero && !is_glue (c) && c == text_visible (c)))
      drawn[count++] = text_visible (c);
  }
  if (count > 1)
    compose (drawn, &count);
  for (gsize i = count; i < TEXT_DRAWN_MAX; i++)
    drawn[i] = 0;
  return count;
}

const char *
text_cluster_before (const char *start, const char *at)
{
  const char *before = start;
  for (const char *p = start; p < at && *p != '\0';) {
    before = p;
    p = text_cluster_end (p);
  }
  return before;
}

int
text_cluster_width (const char *text)
{
  gunichar c;
  if (next_char (text, &c) == text)
    return 0;
  int width = text_char_width (c);
  return width == 0 ? 1 : width; /* a mark without a base is drawn on a space */
}

int
text_width (const char *text)
{
  int width = 0;
  for (const char *p = text; *p != '\0'; p = text_cluster_end (p))
    width += text_cluster_width (p);
  return width;
}

gsize
text_fit (const char *text, int columns, int *width_out)
{
  int width = 0;
  const char *p = text;
  while (*p != '\0') {
    int w = text_cluster_width (p);
    if (width + w > columns)
      break;
    width += w;
    p = text_cluster_end (p);
  }
  if (width_out != NULL)
    *width_out = width;
  return (gsize) (p - text);
}

gsize
text_break (const char *line, int columns)
{
  int width = 0;
  const char *opportunity = NULL;
  columns = MAX (columns, 1);
  for (const char *p = line; *p != '\0';) {
    const char *after = text_cluster_end (p);
    int w = text_cluster_width (p);
    if (width + w > columns) {
      if (*p == ' ') {
        while (*p == ' ')
          p++;
        return (gsize) (p - line);
      }
      if (opportunity != NULL)
        return (gsize) (opportunity - line);
      return p == line ? (gsize) (after - line) : (gsize) (p - line);
    }
    width += w;
    if (*p == ' ' || w == 2)
      opportunity = after;
    p = after;
  }
  return strlen (line);
}

static char *
expand_tabs (const char *line, gsize size)
{
  GString *out = g_string_sized_new (size);
  int column = 0;
  g_autofree char *copy = g_strndup (line, size);
  for (const char *p = copy; *p != '\0';) {
    const char *after = text_cluster_end (p);
    if (*p == '\t')
      do
        g_string_append_c (out, ' ');
      while (++column % TAB_COLUMNS != 0);
    else {
      g_string_append_len (out, p, after - p);
      column += text_cluster_width (p);
    }
    p = after;
  }
  return g_string_free (out, FALSE);
}

static gsize
quote_prefix (const char *line)
{
  if (*line != '>')
    return 0;
  gsize size = strspn (line, "> ");
  return size > 20 ? 0 : size;
}

static void
wrap_line (GPtrArray *rows, const char *line, int columns, guint lines_max)
{
  gsize prefix_size = quote_prefix (line);
  if ((int) prefix_size > columns / 2)
    prefix_size = 0;
  const char *rest = line + prefix_size;
  do {
    gsize size = text_break (rest, columns - (int) prefix_size);
    g_autofree char *part = g_strndup (rest, size);
    rest += size;
    g_ptr_array_add (rows, g_strdup_printf ("%.*s%s", (int) prefix_size, line, g_strchomp (part)));
  } while (*rest != '\0' && rows->len < lines_max);
}

GPtrArray *
text_wrap (const char *text, int columns, guint lines_max)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func (g_free);
  for (const char *line = text; *line != '\0' && rows->len < lines_max;) {
    gsize size = strcspn (line, "\n");
    g_autofree char *expanded = expand_tabs (line, size);
    wrap_line (rows, expanded, MAX (columns, 1), lines_max);
    line += size;
    if (*line == '\n')
      line++;
  }
  return rows;
}

char *
text_cut (const char *text, int columns)
{
  if (columns <= 0)
    return g_strdup ("");
  if (text_width (text) <= columns)
    return g_utf8_make_valid (text, -1);
  gsize size = text_fit (text, columns - 1, NULL);
  g_autofree char *valid = g_utf8_make_valid (text, (gssize) size);
  return g_strconcat (valid, "…", NULL);
}
