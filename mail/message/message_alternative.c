/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The versions of multipart/alternative, compared: plain text is shown, unless it only says that there is nothing in it; and where it says
 * something quite different from the HTML, that is told, since one of the two may be meant for filters alone. Pure, bounded. */
#include "mail/message/message_p.h"

#include <string.h>

#define EXCUSE_BYTES_MAX 400
#define COMPARED_BYTES_MAX (256u * 1024)
#define WORDS_MIN 25 /* below that a text is too short to compare */
#define WORD_MIN 4
#define COMMON_PERCENT_MIN 30

gboolean
message_alternative_is_excuse (const char *plain)
{
  static const char *const asks[] = { "to view",   "view this", "view it",  "view the",  "please", "cannot display",
                                      "unable to", "bitte",     "veuillez", "por favor", NULL };
  if (strlen (plain) > EXCUSE_BYTES_MAX)
    return FALSE;
  g_autofree char *lower = g_utf8_strdown (plain, -1);
  gboolean found = FALSE;
  for (const char *const *word = asks; *word != NULL; word++)
    found |= strstr (lower, *word) != NULL;
  return found && strstr (lower, "html") != NULL;
}

/* The words of a text, in lower case; those of HTML without its tags, scripts and styles not set apart: they only make it have more words. */
static GHashTable *
words_of (const char *text, gboolean html)
{
  GHashTable *words = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GString) word = g_string_new (NULL);
  gboolean tag = FALSE;
  const char *end = text + strnlen (text, COMPARED_BYTES_MAX);
  for (const char *p = text; p <= end; p++) {
    guchar c = p < end ? (guchar) *p : ' ';
    if (html && (c == '<' || c == '>'))
      tag = c == '<';
    else if (!tag && (g_ascii_isalnum (c) || c >= 0x80)) {
      g_string_append_c (word, g_ascii_tolower ((char) c));
      continue;
    }
    if (word->len >= WORD_MIN && word->len < 100)
      g_hash_table_add (words, g_strdup (word->str));
    g_string_truncate (word, 0);
  }
  return words;
}

gboolean
message_alternative_differs (const char *plain, const char *html)
{
  g_autoptr (GHashTable) said = words_of (plain, FALSE), also = words_of (html, TRUE);
  guint count = g_hash_table_size (said), common = 0;
  GHashTableIter iter;
  gpointer word;
  if (count < WORDS_MIN || g_hash_table_size (also) < WORDS_MIN)
    return FALSE;
  g_hash_table_iter_init (&iter, said);
  while (g_hash_table_iter_next (&iter, &word, NULL))
    common += g_hash_table_contains (also, word);
  return common * 100 < count * COMMON_PERCENT_MIN;
}
