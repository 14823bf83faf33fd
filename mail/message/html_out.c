/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The writer of the HTML reader: words, spaces and breaks become lines with their quote marks, indents and bullets.
 *
 * Hidden text is gathered until visible text follows, and becomes one mark on one line: its beginning, and how much more there is.
 * Characters that only fill space are left out of it. Pure. */
#include "mail/message/html_p.h"

#include <string.h>

#define TEXT_MAX (4u * 1024 * 1024)
#define DEPTH_SHOWN_MAX 8
#define SECRET_MAX 160 /* characters of hidden text in one mark */

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

/* The brackets of hidden marks are ours alone. */
static void
append_escaped (GString *to, const char *text, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (size - i >= 3 && (memcmp (text + i, "\xE2\x9F\xA6", 3) == 0 || memcmp (text + i, "\xE2\x9F\xA7", 3) == 0)) {
      g_string_append_c (to, text[i + 2] == '\xA6' ? '[' : ']');
      i += 2;
    } else
      g_string_append_c (to, text[i]);
}

/* The hidden text that was gathered, as its mark; breaks that were asked for since come after it. */
static void
reveal (struct html_out *out)
{
  if (out->secret == NULL)
    return;
  g_string_append (out->text, HTML_HIDDEN_OPEN);
  append_escaped (out->text, out->secret->str, out->secret->len);
  if (out->secret_left_out > 0)
    g_string_append_printf (out->text, "… and %" G_GSIZE_FORMAT " more characters", out->secret_left_out);
  g_string_append (out->text, HTML_HIDDEN_CLOSE);
  g_string_free (g_steal_pointer (&out->secret), TRUE);
  out->secret_left_out = 0;
}

/* The breaks and the space that were asked for. */
static void
prepare (struct html_out *out)
{
  reveal (out);
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
}

static gboolean
is_full (struct html_out *out)
{
  out->full |= out->text->len >= TEXT_MAX;
  return out->full;
}

/* Blank to the eye: white space, and what newsletters fill their preview with. */
static gboolean
is_filler (gunichar c)
{
  return g_unichar_isspace (c) || g_unichar_iszerowidth (c) || c == 0xAD || c == 0xA0 || c == 0x34F || c == 0x2007
         || (c >= 0x200B && c <= 0x200F);
}

static void
gather_secret (struct html_out *out, const char *text, gsize size)
{
  const char *end = text + size;
  for (const char *p = text; p < end && !is_full (out); p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char_validated (p, end - p);
    if (c == (gunichar) -1 || c == (gunichar) -2)
      return;
    if (is_filler (c)) {
      out->space |= g_unichar_isspace (c);
      continue;
    }
    if (out->secret == NULL) {
      prepare (out);
      out->secret = g_string_new (NULL);
    }
    gboolean space = (out->space || out->newlines > 0) && out->secret->len > 0;
    out->space = FALSE;
    out->newlines = 0;
    if (out->secret->len >= SECRET_MAX) {
      out->secret_left_out++;
      continue;
    }
    if (space)
      g_string_append_c (out->secret, ' ');
    g_string_append_unichar (out->secret, c);
  }
}

static void
append_word (struct html_out *out, const char *word, gsize size)
{
  glong wide = out->columns > 0 ? g_utf8_strlen (word, (gssize) size) : 0;
  glong line = out->columns > 0 && out->line_open
                   ? g_utf8_strlen (out->text->str + out->line_start, (gssize) (out->text->len - out->line_start))
                   : 0;
  if (out->columns > 0 && out->space && out->line_open && line + 1 + wide > (glong) out->columns)
    out->newlines = MAX (out->newlines, 1);
  prepare (out);
  append_escaped (out->text, word, size);
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
  if (hidden) {
    gather_secret (out, text, size);
    return;
  }
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
    append_word (out, text, n);
    text += n;
  }
}

void
html_out_pre (struct html_out *out, const char *text, gsize size, gboolean hidden)
{
  const char *end = text + size;
  if (hidden) {
    gather_secret (out, text, size);
    return;
  }
  while (text < end && !is_full (out)) {
    const char *newline = memchr (text, '\n', (gsize) (end - text));
    gsize n = newline != NULL ? (gsize) (newline - text) : (gsize) (end - text);
    prepare (out);
    append_escaped (out->text, text, n);
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
  if (hidden) {
    gather_secret (out, text, strlen (text));
    return;
  }
  prepare (out);
  append_escaped (out->text, text, strlen (text));
}

void
html_out_line (struct html_out *out, const char *line, gsize size)
{
  if (is_full (out))
    return;
  prepare (out);
  g_string_append_len (out->text, line, (gssize) size);
}

void
html_out_break (struct html_out *out, guint newlines)
{
  out->newlines = MAX (out->newlines, newlines);
}

char *
html_out_finish (struct html_out *out)
{
  reveal (out);
  if (out->line_open)
    end_line (out);
  if (out->full)
    g_string_append (out->text, "\n[The text is longer than can be shown; the rest is left out.]\n");
  g_clear_pointer (&out->bullet, g_free);
  return g_string_free (g_steal_pointer (&out->text), FALSE);
}
