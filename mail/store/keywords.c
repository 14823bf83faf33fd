/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From keywords to tags and back. See keywords.h for the table. */
#include "mail/store/keywords.h"

#include <string.h>

/* The first keyword of a tag is the one that is written. */
static const struct {
  const char *keyword, *tag;
} named[] = {
  { "$MDNSent", "mdn-sent" },    { "$Junk", "junk" },      { "Junk", "junk" },
  { "$NotJunk", "notjunk" },     { "NonJunk", "notjunk" }, { "$Phishing", "phishing" },
  { "$Important", "important" }, { "$label1", "label1" },  { "$label2", "label2" },
  { "$label3", "label3" },       { "$label4", "label4" },  { "$label5", "label5" },
};

/* Tags that follow from folders, flags or the mail itself. */
static const char *const own[]
    = { "inbox",  "sent",      "draft",  "archive",    "deleted", "spam",   "unread",  "flagged", "replied",
        "passed", "encrypted", "signed", "attachment", "new",     "report", "settled", NULL };

static gboolean
is_plain (guchar c)
{
  return g_ascii_islower (c) || g_ascii_isdigit (c)
         || (c > 0x20 && c < 0x7f && strchr ("!#$&'+,-./:;<>?@^_`|~", c) != NULL);
}

char *
keywords_of_tag (const char *tag)
{
  if (*tag == '\0' || g_strv_contains (own, tag) || !g_utf8_validate (tag, -1, NULL))
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (named); i++)
    if (strcmp (named[i].tag, tag) == 0)
      return g_ascii_strdown (named[i].keyword, -1);
  g_autoptr (GString) keyword = g_string_new (NULL);
  for (const char *at = tag; *at != '\0'; at++)
    if (is_plain ((guchar) *at))
      g_string_append_c (keyword, *at);
    else
      g_string_append_printf (keyword, "=%02x", (guchar) *at);
  g_autofree char *back = keyword->len <= KEYWORD_LENGTH ? keywords_tag (keyword->str) : NULL;
  /* A tag whose plain keyword means another tag ("$junk") has none. */
  return g_strcmp0 (back, tag) == 0 ? g_string_free (g_steal_pointer (&keyword), FALSE) : NULL;
}

/* Could it be typed and shown as a tag? */
static gboolean
is_tag (const char *text)
{
  if (*text == '\0' || *text == '-' || !g_utf8_validate (text, -1, NULL) || g_strv_contains (own, text))
    return FALSE;
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);
    if (!g_unichar_isgraph (c) || c == '"' || g_unichar_type (c) == G_UNICODE_FORMAT)
      return FALSE;
  }
  return TRUE;
}

/* =XX as bytes; NULL where it is not written as keywords_of_tag would. */
static char *
unescape (const char *keyword)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (const char *at = keyword; *at != '\0'; at++) {
    if (*at != '=') {
      g_string_append_c (text, *at);
      continue;
    }
    int high = g_ascii_xdigit_value (at[1]), low = high < 0 ? -1 : g_ascii_xdigit_value (at[2]);
    guchar byte = (guchar) (low < 0 ? 0 : high * 16 + low);
    if (byte == 0 || is_plain (byte))
      return NULL;
    g_string_append_c (text, (char) byte);
    at += 2;
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

char *
keywords_tag (const char *keyword)
{
  for (gsize i = 0; i < G_N_ELEMENTS (named); i++)
    if (g_ascii_strcasecmp (named[i].keyword, keyword) == 0)
      return g_strdup (named[i].tag);
  for (gsize i = 0; i < G_N_ELEMENTS (named); i++)
    if (g_ascii_strcasecmp (named[i].tag, keyword) == 0)
      return NULL; /* the tag has another keyword */
  g_autofree char *lower = g_ascii_strdown (keyword, -1), *text = unescape (lower);
  return text != NULL && is_tag (text) ? g_steal_pointer (&text) : NULL;
}

const char *
keywords_wire (const char *keyword)
{
  for (gsize i = 0; i < G_N_ELEMENTS (named); i++)
    if (g_ascii_strcasecmp (named[i].keyword, keyword) == 0)
      return named[i].keyword;
  return keyword;
}

/* ---- sets ---- */

static GStrv
list_of (const char *set)
{
  return set == NULL || *set == '\0' ? g_new0 (char *, 1) : g_strsplit (set, " ", KEYWORDS_MAX * 2);
}

gboolean
keywords_has (const char *set, const char *keyword)
{
  g_auto (GStrv) list = list_of (set);
  return g_strv_contains ((const char *const *) list, keyword);
}

gboolean
keywords_equal (const char *a, const char *b)
{
  return strcmp (a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static int
by_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static char *
set_of (GPtrArray *list)
{
  g_ptr_array_sort (list, by_text);
  g_autoptr (GString) set = g_string_new (NULL);
  for (guint i = 0; i < list->len; i++)
    g_string_append_printf (set, "%s%s", i == 0 ? "" : " ", (const char *) g_ptr_array_index (list, i));
  return g_string_free (g_steal_pointer (&set), FALSE);
}

char *
keywords_without (const char *set, const char *other)
{
  g_auto (GStrv) list = list_of (set);
  g_autoptr (GPtrArray) left = g_ptr_array_new ();
  for (gsize i = 0; list[i] != NULL; i++)
    if (!keywords_has (other, list[i]))
      g_ptr_array_add (left, list[i]);
  return set_of (left);
}

char *
keywords_with (const char *set, const char *other)
{
  g_autofree char *more = keywords_without (other, set);
  g_auto (GStrv) first = list_of (set), second = list_of (more);
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  for (gsize i = 0; first[i] != NULL; i++)
    g_ptr_array_add (all, first[i]);
  for (gsize i = 0; second[i] != NULL && all->len < KEYWORDS_MAX; i++)
    g_ptr_array_add (all, second[i]);
  return set_of (all);
}

char *
keywords_merge (const char *base, const char *here, const char *server)
{
  g_autofree char *added = keywords_without (here, base), *removed = keywords_without (base, here);
  g_autofree char *left = keywords_without (server, removed);
  return keywords_with (left, added);
}

static gboolean
has_tag (const char *const *tags, const char *tag)
{
  return tags != NULL && tag != NULL && g_strv_contains (tags, tag);
}

char *
keywords_change (const char *set, const char *const *add_tags, const char *const *remove_tags)
{
  g_auto (GStrv) list = list_of (set);
  g_autoptr (GPtrArray) left = g_ptr_array_new ();
  g_autoptr (GHashTable) tags = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (gsize i = 0; list[i] != NULL; i++) {
    g_autofree char *tag = keywords_tag (list[i]);
    if (has_tag (remove_tags, tag))
      continue;
    g_ptr_array_add (left, list[i]);
    if (tag != NULL)
      g_hash_table_add (tags, g_steal_pointer (&tag));
  }
  g_autofree char *result = set_of (left);
  for (gsize i = 0; add_tags != NULL && add_tags[i] != NULL; i++) {
    g_autofree char *keyword = keywords_of_tag (add_tags[i]);
    if (keyword == NULL || g_hash_table_contains (tags, add_tags[i]))
      continue;
    char *more = keywords_with (result, keyword);
    g_free (result);
    result = more;
  }
  return g_steal_pointer (&result);
}

/* The tags of a set, each once: two keywords may mean one. */
static GHashTable *
tags_of (const char *set)
{
  GHashTable *tags = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto (GStrv) list = list_of (set);
  for (gsize i = 0; list[i] != NULL; i++) {
    char *tag = keywords_tag (list[i]);
    if (tag != NULL)
      g_hash_table_add (tags, tag);
  }
  return tags;
}

static void
difference (GHashTable *tags, GHashTable *others, GStringChunk *texts, GPtrArray *out)
{
  GHashTableIter iter;
  gpointer tag;
  g_hash_table_iter_init (&iter, tags);
  while (g_hash_table_iter_next (&iter, &tag, NULL))
    if (!g_hash_table_contains (others, tag))
      g_ptr_array_add (out, g_string_chunk_insert_const (texts, tag));
}

void
keywords_tags_between (const char *old_set, const char *new_set, GStringChunk *texts, GPtrArray *add, GPtrArray *remove)
{
  if (keywords_equal (old_set, new_set))
    return;
  g_autoptr (GHashTable) before = tags_of (old_set), after = tags_of (new_set);
  difference (after, before, texts, add);
  difference (before, after, texts, remove);
}
