/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Names as people take them for the same: see contacts_fold in contacts.h. */
#include "mail/archive/contacts.h"

#include <string.h>

#include "mail/message/lookalike.h"

#define NAME_BYTES_MAX 400
#define WORDS_MAX 12
#define ONE_WORD_LETTERS 3 /* of a script that is written without blanks */

static gboolean
is_title (const char *word)
{
  static const char *const titles[]
      = { "dr",  "med", "prof", "professor", "md",  "phd",  "rn",  "mr",  "mrs", "ms", "miss", "sir", "herr", "frau",
          "sra", "sr",  "mme",  "dra",       "doc", "dipl", "ing", "msc", "bsc", "jr", "dott", "pd",  "priv", NULL };
  return g_strv_contains (titles, word) || (g_ascii_isalpha (word[0]) && word[1] == '\0');
}

static void
add_word (GPtrArray *words, GString *word)
{
  if (word->len > 0 && words->len < WORDS_MAX && !is_title (word->str))
    g_ptr_array_add (words, lookalike_skeleton (word->str));
  g_string_truncate (word, 0);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static gboolean
is_wide_name (const char *name)
{
  guint wide = 0;
  for (const char *p = name; *p != '\0'; p = g_utf8_next_char (p))
    wide += g_unichar_iswide (g_utf8_get_char (p));
  return wide >= ONE_WORD_LETTERS;
}

char *
contacts_fold (const char *name)
{
  gsize length = strlen (name);
  g_autofree char *folded = NULL, *plain = NULL;
  if (length > NAME_BYTES_MAX || !g_utf8_validate (name, (gssize) length, NULL))
    return NULL;
  folded = g_str_is_ascii (name) ? g_ascii_strdown (name, -1) : g_utf8_casefold (name, -1);
  plain = g_str_is_ascii (folded) ? g_strdup (folded) : g_utf8_normalize (folded, -1, G_NORMALIZE_ALL);
  if (plain == NULL)
    return NULL;
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) word = g_string_new (NULL);
  for (const char *p = plain; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (g_unichar_isalnum (c))
      g_string_append_unichar (word, c);
    else if (!g_unichar_ismark (c) && c != '\'' && c != 0x2019)
      add_word (words, word);
  }
  add_word (words, word);
  if (words->len == 0 || (words->len == 1 && !is_wide_name (plain)))
    return NULL;
  g_ptr_array_sort (words, compare);
  g_ptr_array_add (words, NULL);
  return g_strjoinv (" ", (char **) words->pdata);
}
