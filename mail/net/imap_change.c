/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What changes a mailbox: STORE, MOVE (RFC 6851), APPEND and UID EXPUNGE (RFC 4315). */
#include "mail/net/imap_p.h"

#include "mail/net/imap_name.h"

#include <stdlib.h>
#include <string.h>

/* Runs of UIDs that follow each other become one range, in the order given. */
struct mailimap_set *
imap_set (const guint32 *uids, gsize count)
{
  struct mailimap_set *set = mailimap_set_new_empty ();
  for (gsize i = 0; i < count;) {
    gsize end = i + 1;
    while (end < count && uids[end] == uids[end - 1] + 1)
      end++;
    mailimap_set_add_interval (set, uids[i], uids[end - 1]);
    i = end;
  }
  return set;
}

struct mailimap_flag_list *
imap_flag_list (const char *flags)
{
  struct mailimap_flag_list *list = mailimap_flag_list_new_empty ();
  for (; *flags != '\0'; flags++) {
    struct mailimap_flag *flag = *flags == 'D'   ? mailimap_flag_new_draft ()
                                 : *flags == 'F' ? mailimap_flag_new_flagged ()
                                 : *flags == 'P' ? mailimap_flag_new_flag_keyword (strdup ("$Forwarded"))
                                 : *flags == 'R' ? mailimap_flag_new_answered ()
                                 : *flags == 'S' ? mailimap_flag_new_seen ()
                                 : *flags == 'T' ? mailimap_flag_new_deleted ()
                                                 : NULL;
    if (flag != NULL)
      mailimap_flag_list_add (list, flag);
  }
  return list;
}

gboolean
imap_store (struct imap *imap, const guint32 *uids, gsize count, gboolean add, const char *flags, GError **error)
{
  if (!imap_begin (imap, IMAP_SMALL + (guint64) count * 400, IMAP_COMMAND_S, error))
    return FALSE;
  struct mailimap_set *set = imap_set (uids, count);
  struct mailimap_flag_list *list = imap_flag_list (flags);
  struct mailimap_store_att_flags *change = add ? mailimap_store_att_flags_new_add_flags_silent (list)
                                                : mailimap_store_att_flags_new_remove_flags_silent (list);
  int code = mailimap_uid_store (imap->session, set, change);
  mailimap_store_att_flags_free (change);
  mailimap_set_free (set);
  return code == MAILIMAP_NO_ERROR || imap_failed (imap, code, "change the flags of a mail", error);
}

/* The numbers of a set, in order; at most max of them. */
static GArray *
numbers (const struct mailimap_set *set, gsize max)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (clistiter *at = set == NULL ? NULL : clist_begin (set->set_list); at != NULL; at = clist_next (at)) {
    const struct mailimap_set_item *item = clist_content (at);
    guint32 first = MIN (item->set_first, item->set_last), last = MAX (item->set_first, item->set_last);
    for (guint64 uid = first; uid <= last && list->len <= max; uid++) {
      guint32 one = (guint32) uid;
      g_array_append_val (list, one);
    }
  }
  return list;
}

/* COPYUID: the sources and, in the same order, where they are now. */
static void
match_copies (const guint32 *uids, gsize count, const struct mailimap_set *from, const struct mailimap_set *to,
              guint32 *new_uids)
{
  g_autoptr (GArray) source = numbers (from, count);
  g_autoptr (GArray) target = numbers (to, count);
  if (source->len != target->len)
    return;
  g_autoptr (GHashTable) map = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < source->len; i++)
    g_hash_table_insert (map, GUINT_TO_POINTER (g_array_index (source, guint32, i)),
                         GUINT_TO_POINTER (g_array_index (target, guint32, i)));
  for (gsize i = 0; i < count; i++)
    new_uids[i] = GPOINTER_TO_UINT (g_hash_table_lookup (map, GUINT_TO_POINTER (uids[i])));
}

gboolean
imap_move (struct imap *imap, const guint32 *uids, gsize count, const char *to, guint32 *uidvalidity_out,
           guint32 *new_uids, GError **error)
{
  g_autofree char *what = g_strdup_printf ("move mail to “%s”", to);
  gboolean moves = imap_has (imap, "MOVE");
  struct mailimap_set *from = NULL, *into = NULL;
  memset (new_uids, 0, count * sizeof *new_uids);
  *uidvalidity_out = 0;
  if (!imap_name_is_safe (to) || !imap_begin (imap, IMAP_SMALL + (guint64) count * 400, IMAP_COMMAND_S, error))
    return FALSE;
  struct mailimap_set *set = imap_set (uids, count);
  int code = moves ? mailimap_uidplus_uid_move (imap->session, set, to, uidvalidity_out, &from, &into)
                   : mailimap_uidplus_uid_copy (imap->session, set, to, uidvalidity_out, &from, &into);
  mailimap_set_free (set);
  if (code == MAILIMAP_NO_ERROR)
    match_copies (uids, count, from, into, new_uids);
  if (from != NULL)
    mailimap_set_free (from);
  if (into != NULL)
    mailimap_set_free (into);
  if (code != MAILIMAP_NO_ERROR)
    return imap_failed (imap, code, what, error);
  return moves || imap_remove (imap, uids, count, error);
}

gboolean
imap_remove (struct imap *imap, const guint32 *uids, gsize count, GError **error)
{
  if (!imap_store (imap, uids, count, TRUE, "T", error))
    return FALSE;
  /* A plain EXPUNGE would also remove what somebody else has only marked. */
  if (!imap_has (imap, "UIDPLUS"))
    return TRUE;
  if (!imap_begin (imap, IMAP_SMALL + (guint64) count * 100, IMAP_COMMAND_S, error))
    return FALSE;
  struct mailimap_set *set = imap_set (uids, count);
  int code = mailimap_uid_expunge (imap->session, set);
  mailimap_set_free (set);
  return code == MAILIMAP_NO_ERROR || imap_failed (imap, code, "delete a mail", error);
}

gboolean
imap_append (struct imap *imap, const char *path, const char *flags, const void *bytes, gsize size,
             guint32 *uidvalidity_out, guint32 *uid_out, GError **error)
{
  g_autofree char *what = g_strdup_printf ("keep a mail in “%s”", path);
  *uidvalidity_out = *uid_out = 0;
  if (!imap_name_is_safe (path) || !imap_begin (imap, IMAP_SMALL, 120 + (guint) MIN (size / 20000, 7200), error))
    return FALSE;
  struct mailimap_flag_list *list = imap_flag_list (flags);
  int code = imap_has (imap, "UIDPLUS")
                 ? mailimap_uidplus_append (imap->session, path, list, NULL, bytes, size, uidvalidity_out, uid_out)
                 : mailimap_append (imap->session, path, list, NULL, bytes, size);
  mailimap_flag_list_free (list);
  return code == MAILIMAP_NO_ERROR || imap_failed (imap, code, what, error);
}

/* What may stand in a quoted string, without escapes. */
static gboolean
is_quotable (const char *text)
{
  for (const char *at = text; *at != '\0'; at++)
    if ((guchar) *at <= 0x20 || (guchar) *at >= 0x7f || *at == '"' || *at == '\\' || at - text > 500)
      return FALSE;
  return *text != '\0';
}

gboolean
imap_find (struct imap *imap, const char *message_id, guint32 uid_first, guint32 *uid_out, GError **error)
{
  *uid_out = 0;
  if (!is_quotable (message_id))
    return TRUE;
  if (!imap_begin (imap, 4 * IMAP_SMALL, IMAP_COMMAND_S, error))
    return FALSE;
  clist *found = NULL;
  struct mailimap_search_key *key = mailimap_search_key_new_header (strdup ("Message-ID"), strdup (message_id));
  int code = mailimap_uid_search (imap->session, NULL, key, &found);
  mailimap_search_key_free (key);
  if (code != MAILIMAP_NO_ERROR)
    return imap_failed (imap, code, "search for a mail", error);
  for (clistiter *at = clist_begin (found); at != NULL; at = clist_next (at)) {
    guint32 uid = *(uint32_t *) clist_content (at);
    if (uid >= uid_first)
      *uid_out = MAX (*uid_out, uid);
  }
  mailimap_search_result_free (found);
  return TRUE;
}
