/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Keywords of a mail as the server tells them, and STORE for one of them. */
#include "mail/net/imap_p.h"

#include "mail/store/keywords.h"

#include <string.h>

#define KNOWN_MAX (4u * 1024 * 1024) /* bytes of all sets that one process remembers */

static gboolean
is_keyword (const char *text)
{
  gsize size = strlen (text);
  for (gsize i = 0; i < size; i++)
    if ((guchar) text[i] <= 0x20 || (guchar) text[i] >= 0x7f || strchr ("(){%*\"\\]", text[i]) != NULL)
      return FALSE;
  return size > 0 && size <= KEYWORD_LENGTH;
}

/* Few sets are many mails': each is kept once, for good. NULL: there are so many that somebody means harm. */
static const char *
remembered (const char *set)
{
  static GHashTable *known;
  static gsize bytes;
  if (known == NULL)
    known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const char *same = g_hash_table_lookup (known, set);
  if (same != NULL || bytes > KNOWN_MAX)
    return same;
  char *copy = g_strdup (set);
  bytes += strlen (set) + 100;
  g_hash_table_insert (known, copy, copy);
  return copy;
}

static int
by_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

const char *
imap_keywords_of (const struct mailimap_msg_att_dynamic *item)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
  for (clistiter *at = item == NULL || item->att_list == NULL ? NULL : clist_begin (item->att_list); at != NULL;
       at = clist_next (at)) {
    const struct mailimap_flag_fetch *flag = clist_content (at);
    if (flag->fl_type != MAILIMAP_FLAG_FETCH_OTHER || flag->fl_flag == NULL
        || flag->fl_flag->fl_type != MAILIMAP_FLAG_KEYWORD || flag->fl_flag->fl_data.fl_keyword == NULL
        || g_ascii_strcasecmp (flag->fl_flag->fl_data.fl_keyword, "$Forwarded") == 0)
      continue;
    if (list->len >= KEYWORDS_MAX)
      return NULL;
    if (is_keyword (flag->fl_flag->fl_data.fl_keyword))
      g_ptr_array_add (list, g_ascii_strdown (flag->fl_flag->fl_data.fl_keyword, -1));
  }
  if (list->len == 0)
    return "";
  g_ptr_array_sort (list, by_text);
  g_autoptr (GString) set = g_string_new (NULL);
  for (guint i = 0; i < list->len; i++)
    if (i == 0 || strcmp (g_ptr_array_index (list, i - 1), g_ptr_array_index (list, i)) != 0)
      g_string_append_printf (set, "%s%s", i == 0 ? "" : " ", (const char *) g_ptr_array_index (list, i));
  return remembered (set->str);
}

gboolean
imap_keeps (const struct imap *imap, const char *keyword)
{
  const struct mailimap_selection_info *info = imap->session->imap_selection_info;
  if (info == NULL || info->sel_perm_flags == NULL)
    return TRUE; /* RFC 3501, 6.3.1: where nothing is said, all flags are kept */
  for (clistiter *at = clist_begin (info->sel_perm_flags); at != NULL; at = clist_next (at)) {
    const struct mailimap_flag_perm *one = clist_content (at);
    if (one->fl_type == MAILIMAP_FLAG_PERM_ALL)
      return TRUE;
    if (one->fl_type == MAILIMAP_FLAG_PERM_FLAG && one->fl_flag != NULL
        && one->fl_flag->fl_type == MAILIMAP_FLAG_KEYWORD && one->fl_flag->fl_data.fl_keyword != NULL
        && g_ascii_strcasecmp (one->fl_flag->fl_data.fl_keyword, keyword) == 0)
      return TRUE;
  }
  return FALSE;
}

gboolean
imap_store_keyword (struct imap *imap, const guint32 *uids, gsize count, gboolean add, const char *keyword,
                    GError **error)
{
  if (!is_keyword (keyword))
    return TRUE; /* it could not be said */
  if (!imap_begin (imap, IMAP_SMALL + (guint64) count * 400, IMAP_COMMAND_S, error))
    return FALSE;
  struct mailimap_set *set = imap_set (uids, count);
  struct mailimap_flag_list *list = mailimap_flag_list_new_empty ();
  mailimap_flag_list_add (list, mailimap_flag_new_flag_keyword (strdup (keywords_wire (keyword))));
  struct mailimap_store_att_flags *change = add ? mailimap_store_att_flags_new_add_flags_silent (list)
                                                : mailimap_store_att_flags_new_remove_flags_silent (list);
  int code = mailimap_uid_store (imap->session, set, change);
  mailimap_store_att_flags_free (change);
  mailimap_set_free (set);
  return code == MAILIMAP_NO_ERROR || imap_failed (imap, code, "keep a tag of a mail", error);
}
