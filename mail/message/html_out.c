/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The writer of the HTML reader: words, spaces and breaks become lines with their quote marks, indents and bullets. Pure. */
#include "mail/message/html_p.h"

#include <string.h>

#define TEXT_MAX (4u * 1024 * 1024)
#define DEPTH_SHOWN_MAX 8

void
html_out_init (struct html_out *out, guint columns)
{
  *out = (struct html_out){ .text = g_string_new (NULL), .columns = columns };
}

static void
start_line (struct html_out *out)
{
  if (out->line_open)
    return;
  out->line_start = out->text->len;
  for (guint i = 0; i < MIN (out->quotes, DEPTH_SHOWN_MAX); i++)
    g_string_append (out->text, "> ");
  guint indent = MIN (out->indent, DEPTH_SHOWN_MAX) * 2;
  for (guint i = 0; i < indent; i++)
    g_string_append_c (out->text, ' ');
  if (out->bullet != NULL) {
    /* the bullet hangs in the indent */
    if (indent >= 2)
      g_string_truncate (out->text, out->text->len - 2);
    g_string_append (out->text, out->bullet);
    g_clear_pointer (&out->bullet, g_free);
  }
  out->line_open = TRUE;
  out->space = FALSE;
}

static void
end_line (struct html_out *out)
{
  while (out->text->len > out->line_start && out->text->str[out->text->len - 1] == ' ')
    g_string_truncate (out->text, out->text->len - 1);
  g_string_append_c (out->text, '\n');
  out->line_open = FALSE;
  out->line_start = out->text->len;
}

/* The breaks and the space that were asked for, and the mark where hidden text begins or ends. */
static void
prepare (struct html_out *out, gboolean hidden)
{
  if (out->hidden && !hidden) {
    g_string_append (out->text, HTML_HIDDEN_CLOSE);
    out->hidden = FALSE;
  }
  if (out->newlines > 0 && out->line_open)
    end_line (out);
  for (guint i = 1; i < out->newlines && out->text->len > 0; i++)
    if (!g_str_has_suffix (out->text->str, "\n\n"))
      g_string_append_c (out->text, '\n');
  if (out->newlines > 0)
    out->line_start = out->text->len;
  out->newlines = 0;
  gboolean space = out->space && out->line_open;
  start_line (out);
  if (space)
    g_string_append_c (out->text, ' ');
  out->space = FALSE;
  if (hidden && !out->hidden) {
    g_string_append (out->text, HTML_HIDDEN_OPEN);
    out->hidden = TRUE;
  }
}

static gboolean
is_full (struct html_out *out)
{
  out->full |= out->text->len >= TEXT_MAX;
  return out->full;
}

/* The brackets of hidden marks are ours alone. */
static void
append_escaped (struct html_out *out, const char *text, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (size - i >= 3 && (memcmp (text + i, "\xE2\x9F\xA6", 3) == 0 || memcmp (text + i, "\xE2\x9F\xA7", 3) == 0)) {
      g_string_append_c (out->text, text[i + 2] == '\xA6' ? '[' : ']');
      i += 2;
    } else
      g_string_append_c (out->text, text[i]);
}

static void
append_word (struct html_out *out, const char *word, gsize size, gboolean hidden)
{
  glong wide = out->columns > 0 ? g_utf8_strlen (word, (gssize) size) : 0;
  glong line = out->columns > 0 && out->line_open
                   ? g_utf8_strlen (out->text->str + out->line_start, (gssize) (out->text->len - out->line_start))
                   : 0;
  if (out->columns > 0 && out->space && out->line_open && line + 1 + wide > (glong) out->columns)
    out->newlines = MAX (out->newlines, 1);
  prepare (out, hidden);
  append_escaped (out, word, size);
}

static gboolean
is_space (const char *p)
{
  return *p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == '\f';
}

/* A soft hyphen is a place to break, not a character: it is left out. */
static gsize
word_length (const char *p, const char *end)
{
  const char *start = p;
  while (p < end && !is_space (p) && !(end - p >= 2 && memcmp (p, "\xC2\xAD", 2) == 0))
    p++;
  return (gsize) (p - start);
}

void
html_out_words (struct html_out *out, const char *text, gsize size, gboolean hidden)
{
  const char *end = text + size;
  while (text < end && !is_full (out)) {
    if (is_space (text)) {
      out->space = TRUE;
      text++;
      continue;
    }
    gsize n = word_length (text, end);
    if (n == 0) {
      text += 2;
      continue;
    }
    append_word (out, text, n, hidden);
    text += n;
  }
}

void
html_out_pre (struct html_out *out, const char *text, gsize size, gboolean hidden)
{
  const char *end = text + size;
  while (text < end && !is_full (out)) {
    const char *newline = memchr (text, '\n', (gsize) (end - text));
    gsize n = newline != NULL ? (gsize) (newline - text) : (gsize) (end - text);
    prepare (out, hidden);
    append_escaped (out, text, n);
    text += n;
    if (newline != NULL) {
      end_line (out);
      text++;
    }
  }
}

void
html_out_mark (struct html_out *out, const char *text, gboolean hidden)
{
  if (is_full (out))
    return;
  prepare (out, hidden);
  append_escaped (out, text, strlen (text));
}

void
html_out_break (struct html_out *out, guint newlines)
{
  out->newlines = MAX (out->newlines, newlines);
}

char *
html_out_finish (struct html_out *out)
{
  if (out->hidden)
    g_string_append (out->text, HTML_HIDDEN_CLOSE);
  if (out->line_open)
    end_line (out);
  if (out->full)
    g_string_append (out->text, "\n[The text is longer than can be shown; the rest is left out.]\n");
  g_clear_pointer (&out->bullet, g_free);
  return g_string_free (out->text, FALSE);
}
