/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Encoded words (RFC 2047) made fit for GMime, which reads neighbouring base64 words as one run and so drops everything behind the first padding.
 *
 * Such fields are common: every word is to be readable by itself, so every word may end in padding. They are written anew with the same bytes in the
 * Q encoding, whose neighbours can be joined, also where a character was cut in two. Pure. */
#include "mail/message/message_p.h"

#include <string.h>

/* =?charset?B?text?= */
struct word {
  const char *charset, *text, *end;
  gsize charset_size, text_size;
};

static gboolean
is_token (const char *p, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if ((guchar) p[i] <= 0x20 || (guchar) p[i] > 0x7E)
      return FALSE;
  return size > 0;
}

static gboolean
read_word (const char *p, struct word *word)
{
  const char *mark = p[0] == '=' && p[1] == '?' ? strchr (p + 2, '?') : NULL;
  if (mark == NULL || (mark[1] != 'B' && mark[1] != 'b') || mark[2] != '?')
    return FALSE;
  *word = (struct word){ .charset = p + 2, .charset_size = (gsize) (mark - p - 2), .text = mark + 3 };
  const char *end = strchr (word->text, '?');
  if (end == NULL || end[1] != '=')
    return FALSE;
  word->text_size = (gsize) (end - word->text);
  word->end = end + 2;
  return is_token (word->charset, word->charset_size) && is_token (word->text, word->text_size);
}

/* It ends within a group of four, and another word follows. */
static gboolean
breaks_off (const struct word *word)
{
  const char *next = word->end + strspn (word->end, " \t\r\n");
  return next > word->end && next[0] == '=' && next[1] == '?'
         && (word->text_size % 4 != 0 || word->text[word->text_size - 1] == '=');
}

static void
append_q (GString *out, const struct word *word)
{
  g_autofree char *padded = g_strdup_printf ("%.*s===", (int) word->text_size, word->text);
  padded[(word->text_size + 3) / 4 * 4] = '\0';
  gsize size = 0;
  g_autofree guchar *bytes = g_base64_decode (padded, &size);
  g_string_append_printf (out, "=?%.*s?Q?", (int) word->charset_size, word->charset);
  for (gsize i = 0; i < size; i++)
    if (g_ascii_isalnum (bytes[i]))
      g_string_append_c (out, (char) bytes[i]);
    else
      g_string_append_printf (out, "=%02X", bytes[i]);
  g_string_append (out, "?=");
}

char *
message_words_mend (const char *raw)
{
  struct word word;
  gboolean broken = FALSE;
  for (const char *p = strstr (raw, "=?"); p != NULL && !broken; p = strstr (p + 2, "=?"))
    broken = read_word (p, &word) && breaks_off (&word);
  if (!broken)
    return g_strdup (raw);
  GString *out = g_string_new (NULL);
  for (const char *p = raw; *p != '\0';)
    if (read_word (p, &word)) {
      append_q (out, &word);
      p = word.end;
    } else
      g_string_append_c (out, *p++);
  return g_string_free (out, FALSE);
}

char *
message_words_decode (const char *raw)
{
  g_autofree char *mended = message_words_mend (raw);
  char *decoded = g_mime_utils_header_decode_text (message_fields_options (), mended);
  return decoded != NULL ? decoded : g_strdup (raw);
}
