/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* FETCH: heads (flags, sizes) by the thousand without a list in memory, and whole messages streamed.
 *
 * libetpan calls its message handler only where a progress callback is set too, so an empty one is. */
#include "mail/net/imap_p.h"

#include <string.h>

#define HEAD_BYTES 400 /* bytes that a head's answer may take, generously */

struct fetching {
  struct imap *imap;
  guint32 uid_first;
  imap_head_fn head;
  gpointer head_data;
  const struct imap_body_sink *sink;
  GHashTable *wanted; /* uid -> struct imap_head *, borrowed */
  guint64 body_size;  /* of the message under way */
  gboolean refused;   /* the sink or a limit broke it off */
};

static void
no_progress (size_t now, size_t end, void *data)
{
}

static char
flag_letter (const struct mailimap_flag *flag)
{
  switch (flag->fl_type) {
  case MAILIMAP_FLAG_ANSWERED:
    return 'R';
  case MAILIMAP_FLAG_FLAGGED:
    return 'F';
  case MAILIMAP_FLAG_DELETED:
    return 'T';
  case MAILIMAP_FLAG_SEEN:
    return 'S';
  case MAILIMAP_FLAG_DRAFT:
    return 'D';
  case MAILIMAP_FLAG_KEYWORD:
    return flag->fl_data.fl_keyword != NULL && g_ascii_strcasecmp (flag->fl_data.fl_keyword, "$Forwarded") == 0 ? 'P'
                                                                                                                : '\0';
  default:
    return '\0';
  }
}

void
imap_flags_of (const struct mailimap_msg_att_dynamic *item, char *flags_out)
{
  static const char order[] = "DFPRST";
  gboolean has[sizeof order] = { FALSE };
  for (clistiter *at = item == NULL || item->att_list == NULL ? NULL : clist_begin (item->att_list); at != NULL;
       at = clist_next (at)) {
    const struct mailimap_flag_fetch *flag = clist_content (at);
    char letter
        = flag->fl_type == MAILIMAP_FLAG_FETCH_OTHER && flag->fl_flag != NULL ? flag_letter (flag->fl_flag) : '\0';
    if (letter != '\0')
      has[strchr (order, letter) - order] = TRUE;
  }
  for (gsize i = 0; i < sizeof order - 1; i++)
    if (has[i])
      *flags_out++ = order[i];
  *flags_out = '\0';
}

static gint64
date_of (const struct mailimap_date_time *date)
{
  if (date == NULL)
    return 0;
  int zone = date->dt_zone; /* +hhmm */
  g_autoptr (GDateTime) time = g_date_time_new_utc (date->dt_year, date->dt_month, date->dt_day, date->dt_hour,
                                                    date->dt_min, CLAMP (date->dt_sec, 0, 59));
  return time == NULL || zone < -1400 || zone > 1400
             ? 0
             : g_date_time_to_unix (time) - (zone / 100 * 3600 + zone % 100 * 60);
}

/* FALSE: no UID, so it answers nothing that was asked. */
static gboolean
head_of (const struct mailimap_msg_att *message, struct imap_head *head, gboolean *has_flags)
{
  memset (head, 0, sizeof *head);
  *has_flags = FALSE;
  for (clistiter *at = clist_begin (message->att_list); at != NULL; at = clist_next (at)) {
    const struct mailimap_msg_att_item *item = clist_content (at);
    if (item->att_type == MAILIMAP_MSG_ATT_ITEM_DYNAMIC) {
      imap_flags_of (item->att_data.att_dyn, head->flags);
      *has_flags = TRUE;
    } else if (item->att_type == MAILIMAP_MSG_ATT_ITEM_STATIC) {
      const struct mailimap_msg_att_static *fixed = item->att_data.att_static;
      if (fixed->att_type == MAILIMAP_MSG_ATT_UID)
        head->uid = fixed->att_data.att_uid;
      else if (fixed->att_type == MAILIMAP_MSG_ATT_RFC822_SIZE)
        head->size_bytes = fixed->att_data.att_rfc822_size;
      else if (fixed->att_type == MAILIMAP_MSG_ATT_INTERNALDATE)
        head->date = date_of (fixed->att_data.att_internal_date);
    }
  }
  return head->uid != 0;
}

static void
on_head (struct mailimap_msg_att *message, void *data)
{
  struct fetching *fetching = data;
  struct imap_head head;
  gboolean has_flags;
  if (head_of (message, &head, &has_flags) && has_flags && head.uid >= fetching->uid_first)
    fetching->head (&head, fetching->head_data);
}

static bool
on_body (int type, struct mailimap_msg_att_body_section *section, const char *bytes, size_t size, void *data)
{
  struct fetching *fetching = data;
  fetching->body_size += size;
  if (fetching->body_size > IMAP_MESSAGE_MAX || !fetching->sink->body (bytes, size, fetching->sink->data))
    fetching->refused = TRUE;
  return !fetching->refused;
}

static void
on_message (struct mailimap_msg_att *message, void *data)
{
  struct fetching *fetching = data;
  struct imap_head head;
  gboolean has_flags;
  /* A mere change of flags that comes in between has no body; a body without a wanted UID is nobody's. */
  if (head_of (message, &head, &has_flags)) {
    const struct imap_head *wanted = g_hash_table_lookup (fetching->wanted, GUINT_TO_POINTER (head.uid));
    if (fetching->body_size > 0 && wanted != NULL && !fetching->refused) {
      struct imap_head whole = *wanted;
      if (has_flags)
        memcpy (whole.flags, head.flags, sizeof whole.flags);
      g_hash_table_remove (fetching->wanted, GUINT_TO_POINTER (head.uid));
      fetching->sink->done (&whole, fetching->sink->data);
    } else if (fetching->body_size > 0) {
      fetching->sink->done (NULL, fetching->sink->data);
    }
  }
  fetching->body_size = 0;
}

static gboolean
fetch (struct fetching *fetching, struct mailimap_set *set_take, struct mailimap_fetch_type *what_take,
       guint64 changed_since, GError **error)
{
  mailimap *session = fetching->imap->session;
  clist *list = NULL;
  mailimap_set_progress_callback (session, no_progress, no_progress, NULL);
  mailimap_set_msg_att_handler (session, fetching->sink != NULL ? on_message : on_head, fetching);
  mailimap_set_msg_body_handler (session, fetching->sink != NULL ? on_body : NULL, fetching);
  int code = changed_since > 0 ? mailimap_uid_fetch_changedsince (session, set_take, what_take, changed_since, &list)
                               : mailimap_uid_fetch (session, set_take, what_take, &list);
  mailimap_set_msg_att_handler (session, NULL, NULL);
  mailimap_set_msg_body_handler (session, NULL, NULL);
  mailimap_set_progress_callback (session, NULL, NULL, NULL);
  mailimap_set_free (set_take);
  mailimap_fetch_type_free (what_take);
  if (code == MAILIMAP_NO_ERROR && list != NULL)
    mailimap_fetch_list_free (list);
  if (fetching->refused && stream_error (fetching->imap->stream) == NULL)
    stream_fail (fetching->imap->stream,
                 "A mail could not be stored, or is larger than wardmail takes; the connection was closed.");
  if (code == MAILIMAP_NO_ERROR && !fetching->refused)
    return TRUE;
  return imap_failed (fetching->imap, fetching->refused ? MAILIMAP_ERROR_STREAM : code, "hand out mail", error);
}

gboolean
imap_fetch_heads (struct imap *imap, guint32 uid_first, gboolean sizes, guint64 changed_since, imap_head_fn head,
                  gpointer data, GError **error)
{
  struct fetching fetching = { .imap = imap, .uid_first = uid_first, .head = head, .head_data = data };
  if (!imap_begin (imap, IMAP_SMALL + (guint64) imap->info.exists * HEAD_BYTES + 64 * 1024 * 1024, 600, error))
    return FALSE;
  struct mailimap_fetch_type *what = mailimap_fetch_type_new_fetch_att_list_empty ();
  mailimap_fetch_type_new_fetch_att_list_add (what, mailimap_fetch_att_new_uid ());
  mailimap_fetch_type_new_fetch_att_list_add (what, mailimap_fetch_att_new_flags ());
  if (sizes) {
    mailimap_fetch_type_new_fetch_att_list_add (what, mailimap_fetch_att_new_rfc822_size ());
    mailimap_fetch_type_new_fetch_att_list_add (what, mailimap_fetch_att_new_internaldate ());
  }
  return fetch (&fetching, mailimap_set_new_interval (uid_first, 0), what, changed_since, error);
}

gboolean
imap_fetch_bodies (struct imap *imap, const struct imap_head *heads, gsize count, const struct imap_body_sink *sink,
                   GError **error)
{
  g_autoptr (GHashTable) wanted = g_hash_table_new (NULL, NULL);
  g_autofree guint32 *uids = g_new (guint32, count);
  struct fetching fetching = { .imap = imap, .sink = sink, .wanted = wanted };
  guint64 bytes = IMAP_SMALL;
  for (gsize i = 0; i < count; i++) {
    uids[i] = heads[i].uid;
    /* Some servers tell the size with LF line ends: half as much again, and a head. */
    bytes += heads[i].size_bytes + heads[i].size_bytes / 2 + 4096;
    g_hash_table_insert (wanted, GUINT_TO_POINTER (heads[i].uid), (gpointer) &heads[i]);
  }
  if (!imap_begin (imap, bytes, 120 + (guint) MIN (bytes / 20000, 7200), error))
    return FALSE;
  struct mailimap_fetch_type *what = mailimap_fetch_type_new_fetch_att_list_empty ();
  mailimap_fetch_type_new_fetch_att_list_add (what, mailimap_fetch_att_new_uid ());
  mailimap_fetch_type_new_fetch_att_list_add (what, mailimap_fetch_att_new_flags ());
  mailimap_fetch_type_new_fetch_att_list_add (what,
                                              mailimap_fetch_att_new_body_peek_section (mailimap_section_new (NULL)));
  return fetch (&fetching, imap_set (uids, count), what, 0, error);
}
