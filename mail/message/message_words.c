/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Encoded words (RFC 2047), as they are written: with padding in the middle, characters cut in two between words, blanks inside or none around
 * them, inside quotes, in charsets that are wrong or unknown.
 *
 * Neighbouring words of one charset are one run of bytes, which goes the way of all text (message_charset.c). For GMime's parsers of addresses and
 * parameters the words are written anew, one for each run, in a form that they read whole. Linear but for a bound; pure. */
#include "mail/message/message_p.h"

#include <string.h>

#define CHARSET_MAX_BYTES 60
#define TEXT_MAX_BYTES (64u * 1024)

/* =?charset*language?B?text?= */
struct word {
  const char *charset, *text, *end;
  gsize charset_size, text_size;
  gboolean base64;
};

static gboolean
read_word (const char *p, struct word *word)
{
  if (p[0] != '=' || p[1] != '?')
    return FALSE;
  *word = (struct word){ .charset = p + 2, .charset_size = strcspn (p + 2, "?* \t\r\n\"<>()") };
  const char *mark = p + 2 + word->charset_size;
  if (word->charset_size == 0 || word->charset_size > CHARSET_MAX_BYTES)
    return FALSE;
  if (*mark == '*')
    mark += strcspn (mark, "? \t\r\n");
  if (mark[0] != '?' || mark[1] == '\0' || strchr ("BbQq", mark[1]) == NULL || mark[2] != '?')
    return FALSE;
  word->base64 = mark[1] == 'B' || mark[1] == 'b';
  word->text = mark + 3;
  const char *end = g_strstr_len (word->text, TEXT_MAX_BYTES, "?=");
  if (end == NULL)
    return FALSE;
  word->text_size = (gsize) (end - word->text);
  word->end = end + 2;
  return TRUE;
}

static void
append_quoted (GByteArray *out, const struct word *word)
{
  for (gsize i = 0; i < word->text_size; i++) {
    const char *p = word->text + i;
    guint8 byte = *p == '_' ? ' ' : (guint8) *p;
    if (*p == '=' && word->text_size - i > 2 && g_ascii_isxdigit (p[1]) && g_ascii_isxdigit (p[2])) {
      byte = (guint8) (g_ascii_xdigit_value (p[1]) << 4 | g_ascii_xdigit_value (p[2]));
      i += 2;
    }
    g_byte_array_append (out, &byte, 1);
  }
}

static void
append_bytes (GByteArray *out, const struct word *word)
{
  if (!word->base64) {
    append_quoted (out, word);
    return;
  }
  g_autofree char *padded = g_strdup_printf ("%.*s===", (int) word->text_size, word->text);
  gsize size = 0, kept = 0;
  for (const char *p = padded; *p != '\0' && *p != '='; p++)
    if (g_ascii_isalnum (*p) || *p == '+' || *p == '/')
      padded[kept++] = *p;
  memset (padded + kept, '=', strlen (padded + kept));
  padded[(kept + 3) / 4 * 4] = '\0';
  if (kept % 4 == 1)
    padded[kept - 1] = '\0';
  g_autofree guchar *bytes = g_base64_decode (padded, &size);
  g_byte_array_append (out, bytes, (guint) size);
}

static gboolean
same_charset (const struct word *a, const struct word *b)
{
  return a->charset_size == b->charset_size && g_ascii_strncasecmp (a->charset, b->charset, a->charset_size) == 0;
}

/* The word at p and all its neighbours of the same charset, as UTF-8. after_out: behind them, and behind the blanks before a neighbour of another
 * one. */
static char *
read_run (const char *p, const char **after_out, struct message_charset *told)
{
  struct word first, word;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gboolean more = read_word (p, &first);
  for (word = first; more;) {
    append_bytes (bytes, &word);
    *after_out = word.end;
    const char *next = word.end + strspn (word.end, " \t\r\n");
    more = read_word (next, &word);
    if (more)
      *after_out = next;
    more = more && same_charset (&first, &word);
  }
  g_autofree char *charset = g_strndup (first.charset, first.charset_size);
  return message_charset_to_utf8 ((const char *) bytes->data, bytes->len, charset, told);
}

static void
add_told (struct message_charset *sum, const struct message_charset *told)
{
  if (sum->guess == NULL)
    sum->guess = told->guess;
  sum->broken |= told->broken;
  sum->hiding |= told->hiding;
}

static void
append_q (GString *out, const char *text)
{
  g_string_append (out, "=?utf-8?Q?");
  for (; *text != '\0'; text++)
    if (g_ascii_isalnum (*text))
      g_string_append_c (out, *text);
    else
      g_string_append_printf (out, "=%02X", (guint) (guchar) *text);
  g_string_append (out, "?=");
}

char *
message_words_mend (const char *raw)
{
  struct word word;
  GString *out = g_string_new (NULL);
  for (const char *p = raw; *p != '\0';)
    if (read_word (p, &word)) {
      g_autofree char *text = read_run (p, &p, NULL);
      if (*text != '\0')
        append_q (out, text);
    } else
      g_string_append_c (out, *p++);
  return g_string_free (out, FALSE);
}

/* What stands between the words should be ASCII. */
static void
append_raw (GString *out, const char *from, const char *to, struct message_charset *sum)
{
  struct message_charset told;
  g_autofree char *text = message_charset_to_utf8 (from, (gsize) (to - from), NULL, &told);
  g_string_append (out, text);
  add_told (sum, &told);
}

char *
message_words_decode (const char *raw, struct message_charset *told)
{
  struct message_charset own, sum = { 0 };
  struct word word;
  GString *out = g_string_new (NULL);
  const char *p = raw, *from = raw;
  while (*p != '\0') {
    if (!read_word (p, &word)) {
      p++;
      continue;
    }
    append_raw (out, from, p, &sum);
    g_autofree char *text = read_run (p, &p, &own);
    g_string_append (out, text);
    add_told (&sum, &own);
    from = p;
  }
  append_raw (out, from, p, &sum);
  if (told != NULL)
    *told = sum;
  return g_string_free (out, FALSE);
}
