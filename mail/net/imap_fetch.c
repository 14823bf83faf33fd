/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* FETCH: heads (flags, sizes) by the thousand without a list in memory, and whole messages streamed, the next command being sent before
 * the answer to the last one is read.
 *
 * libetpan calls its message handler only where a progress callback is set too, so an empty one is. */
#include "mail/net/imap_p.h"

#include <string.h>

/* Something stays of each message in libetpan until an answer is complete. */
#define WHOLE 10000         /* messages whose heads are asked for in one command; of more */
#define SLICE 6000          /* so many at a time, which takes less memory */
#define SLICE_CHANGED 20000 /* of these most have not changed, and nothing comes of them */
#define HEAD_BYTES 400      /* bytes that a head's answer may take, generously */
#define SET_MAX 7000        /* of a command: servers need not take lines of more than 8,000 bytes (RFC 7162, 4) */
#define RUN_MAX 22          /* what "1234567890:1234567890," takes of it */

struct fetching {
  struct imap *imap;
  guint32 uid_first, place_first; /* what comes before them was not asked for */
  gboolean past_first;            /* a UID before that has been seen */
  imap_head_fn head;
  gpointer head_data;
  const struct imap_body_sink *sink;
  gboolean headers;   /* of messages, and nothing else is to come */
  GHashTable *wanted; /* uid -> struct imap_head *, borrowed: whose headers; NULL: of whatever comes */
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
head_of (const struct mailimap_msg_att *message, struct imap_head *head, gboolean *has_flags, gboolean *has_body)
{
  memset (head, 0, sizeof *head);
  *has_flags = *has_body = FALSE;
  for (clistiter *at = clist_begin (message->att_list); at != NULL; at = clist_next (at)) {
    const struct mailimap_msg_att_item *item = clist_content (at);
    if (item->att_type == MAILIMAP_MSG_ATT_ITEM_DYNAMIC) {
      imap_flags_of (item->att_data.att_dyn, head->flags);
      head->keywords = imap_keywords_of (item->att_data.att_dyn);
      *has_flags = TRUE;
    } else if (item->att_type == MAILIMAP_MSG_ATT_ITEM_STATIC) {
      const struct mailimap_msg_att_static *fixed = item->att_data.att_static;
      if (fixed->att_type == MAILIMAP_MSG_ATT_UID)
        head->uid = fixed->att_data.att_uid;
      else if (fixed->att_type == MAILIMAP_MSG_ATT_RFC822_SIZE)
        head->size_bytes = fixed->att_data.att_rfc822_size;
      else if (fixed->att_type == MAILIMAP_MSG_ATT_INTERNALDATE)
        head->date = date_of (fixed->att_data.att_internal_date);
      else if (fixed->att_type == MAILIMAP_MSG_ATT_BODY_SECTION)
        *has_body = TRUE;
    }
  }
  return head->uid != 0;
}

static void
on_head (struct mailimap_msg_att *message, void *data)
{
  struct fetching *fetching = data;
  struct imap_head head;
  gboolean has_flags, has_body;
  /* A server may tell of any message that somebody has just changed; in a slice that would look as if all from there on were in it. */
  const gboolean unasked = message->att_number != 0 && message->att_number < fetching->place_first;
  if (unasked || !head_of (message, &head, &has_flags, &has_body) || !has_flags)
    return;
  if (head.uid >= fetching->uid_first)
    fetching->head (&head, fetching->head_data);
  else
    fetching->past_first = TRUE;
}

static bool
on_body (int type, struct mailimap_msg_att_body_section *section, const char *bytes, size_t size, void *data)
{
  struct fetching *fetching = data;
  const guint64 most = fetching->headers ? IMAP_HEADER_MAX : IMAP_MESSAGE_MAX;
  fetching->body_size += size;
  if (fetching->body_size > most || !fetching->sink->body (bytes, size, fetching->sink->data))
    fetching->refused = TRUE;
  return !fetching->refused;
}

/* Whatever was asked for may come at any time. The caller frees it; NULL: nobody asked. */
static struct imap_head *
take_wanted (struct fetching *fetching, const struct imap_head *came)
{
  struct imap *imap = fetching->imap;
  gpointer head = NULL, uid = GUINT_TO_POINTER (came->uid);
  if (fetching->headers && fetching->wanted == NULL)
    return g_memdup2 (came, sizeof *came);
  if (fetching->headers) {
    (void) g_hash_table_steal_extended (fetching->wanted, uid, NULL, &head);
    return head != NULL ? g_memdup2 (head, sizeof *came) : NULL;
  }
  for (guint i = 0; head == NULL && i < imap->aheads; i++)
    (void) g_hash_table_steal_extended (imap->ahead[i].wanted, uid, NULL, &head);
  return head;
}

/* A server that has lost hold of a mail for a moment may say that it is empty. A header may be. */
static gboolean
is_missing (const struct fetching *fetching, const struct imap_head *wanted)
{
  return !fetching->headers && fetching->body_size == 0 && wanted->size_bytes > 0;
}

static void
on_message (struct mailimap_msg_att *message, void *data)
{
  struct fetching *fetching = data;
  struct imap_head head;
  gboolean has_flags, has_body;
  /* A mere change of flags that comes in between has no body; a body without a wanted UID is nobody's. */
  if (head_of (message, &head, &has_flags, &has_body) && has_body) {
    g_autofree struct imap_head *wanted = take_wanted (fetching, &head);
    if (wanted != NULL && has_flags) {
      memcpy (wanted->flags, head.flags, sizeof wanted->flags);
      wanted->keywords = head.keywords;
    }
    const gboolean missing = wanted != NULL && is_missing (fetching, wanted);
    if (missing && fetching->sink->empty != NULL)
      fetching->sink->empty (wanted, fetching->sink->data);
    fetching->sink->done (fetching->refused || missing ? NULL : wanted, fetching->sink->data);
  } else if (fetching->body_size > 0) {
    fetching->sink->done (NULL, fetching->sink->data);
  }
  fetching->body_size = 0;
}

/* Between these two libetpan reads an answer. */
static void
listen_to (struct fetching *fetching)
{
  mailimap *session = fetching->imap->session;
  mailimap_set_progress_callback (session, no_progress, no_progress, NULL);
  mailimap_set_msg_att_handler (session, fetching->sink != NULL ? on_message : on_head, fetching);
  mailimap_set_msg_body_handler (session, fetching->sink != NULL ? on_body : NULL, fetching);
}

static gboolean
heard (struct fetching *fetching, int code, GError **error)
{
  struct imap *imap = fetching->imap;
  mailimap_set_msg_att_handler (imap->session, NULL, NULL);
  mailimap_set_msg_body_handler (imap->session, NULL, NULL);
  mailimap_set_progress_callback (imap->session, NULL, NULL, NULL);
  if (fetching->refused && stream_error (imap->stream) == NULL)
    stream_fail (imap->stream,
                 "A mail could not be stored, or is larger than wardmail takes; the connection was closed.");
  if (code == MAILIMAP_NO_ERROR && !fetching->refused)
    return TRUE;
  return imap_failed (imap, fetching->refused ? MAILIMAP_ERROR_STREAM : code, "hand out mail", error);
}

static struct mailimap_fetch_type *
items (gboolean sizes)
{
  struct mailimap_fetch_type *what = mailimap_fetch_type_new_fetch_att_list_empty ();
  mailimap_fetch_type_new_fetch_att_list_add (what, mailimap_fetch_att_new_uid ());
  mailimap_fetch_type_new_fetch_att_list_add (what, mailimap_fetch_att_new_flags ());
  if (sizes) {
    mailimap_fetch_type_new_fetch_att_list_add (what, mailimap_fetch_att_new_rfc822_size ());
    mailimap_fetch_type_new_fetch_att_list_add (what, mailimap_fetch_att_new_internaldate ());
  }
  return what;
}

static void
free_list (clist *list_or_null)
{
  if (list_or_null != NULL)
    mailimap_fetch_list_free (list_or_null);
}

/* How many messages the folder has by what the server has said since. */
static guint32
there_now (const struct imap *imap)
{
  const struct mailimap_selection_info *folder = imap->session->imap_selection_info;
  return folder != NULL ? folder->sel_exists : imap->info.exists;
}

/* The heads of a set; numbers: of places in the folder, else of UIDs. */
static gboolean
fetch_set (struct fetching *fetching, struct mailimap_set *set_take, gboolean numbers, gboolean sizes,
           guint64 changed_since, GError **error)
{
  mailimap *session = fetching->imap->session;
  struct mailimap_fetch_type *what = items (sizes);
  clist *list = NULL;
  listen_to (fetching);
  int code;
  if (changed_since > 0)
    code = numbers ? mailimap_fetch_changedsince (session, set_take, what, changed_since, &list)
                   : mailimap_uid_fetch_changedsince (session, set_take, what, changed_since, &list);
  else
    code = numbers ? mailimap_fetch (session, set_take, what, &list)
                   : mailimap_uid_fetch (session, set_take, what, &list);
  mailimap_set_free (set_take);
  mailimap_fetch_type_free (what);
  free_list (code == MAILIMAP_NO_ERROR ? list : NULL);
  return heard (fetching, code, error);
}

/* How many messages there can be from this UID on, of so many. */
static guint32
most_from (const struct imap *imap, guint32 uid_first, guint32 exists)
{
  const guint32 uidnext = imap->info.uidnext;
  return uidnext == 0 || uidnext <= uid_first ? exists : MIN (exists, uidnext - uid_first);
}

/* By their places in the folder; last 0: to its end. */
static gboolean
fetch_places (struct fetching *fetching, guint32 first, guint32 last, gboolean sizes, guint64 changed_since,
              GError **error)
{
  fetching->place_first = first;
  return imap_begin (fetching->imap, IMAP_SMALL + (guint64) SLICE_CHANGED * 2 * HEAD_BYTES, 600, error)
         && fetch_set (fetching, mailimap_set_new_interval (first, last), TRUE, sizes, changed_since, error);
}

/* What goes meanwhile moves the rest towards the beginning: some may come twice, and none is left out. */
gboolean
imap_fetch_heads (struct imap *imap, guint32 uid_first, gboolean sizes, guint64 changed_since, guint32 *place,
                  imap_head_fn head, gpointer data, GError **error)
{
  struct fetching fetching = { .imap = imap, .uid_first = uid_first, .head = head, .head_data = data };
  const guint32 slice = changed_since > 0 ? SLICE_CHANGED : SLICE;
  const gboolean begins = *place == 0;
  const guint32 last = MIN (begins ? imap->info.exists : *place, there_now (imap));
  const guint32 first = last > slice ? last - slice + 1 : 1;
  *place = 0;
  if (begins && most_from (imap, uid_first, last) <= MAX (slice, WHOLE))
    return imap_begin (imap, IMAP_SMALL + (guint64) last * HEAD_BYTES + 64 * 1024 * 1024, 600, error)
           && fetch_set (&fetching, mailimap_set_new_interval (uid_first, 0), FALSE, sizes, changed_since, error);
  if (last == 0)
    return TRUE;
  if (!fetch_places (&fetching, first, begins ? 0 : last, sizes, changed_since, error))
    return FALSE;
  *place = fetching.past_first ? 0 : first - 1;
  return TRUE;
}

/* ---- headers ---- */

/* With a bound that the server keeps: one endless header must not keep all the others away. */
static gboolean
fetch_headers (struct fetching *fetching, gboolean by_uid, gsize count, struct mailimap_set *set_take,
               struct mailimap_fetch_type *what_take, GError **error)
{
  mailimap *session = fetching->imap->session;
  clist *list = NULL;
  gboolean begun = imap_begin (fetching->imap, IMAP_SMALL + (guint64) count * (IMAP_HEADER_MAX + 4096), 600, error);
  int code = MAILIMAP_NO_ERROR;
  mailimap_fetch_type_new_fetch_att_list_add (
      what_take, mailimap_fetch_att_new_body_peek_section_partial (mailimap_section_new_header (), 0, IMAP_HEADER_MAX));
  fetching->headers = TRUE;
  if (begun) {
    listen_to (fetching);
    code = by_uid ? mailimap_uid_fetch (session, set_take, what_take, &list)
                  : mailimap_fetch (session, set_take, what_take, &list);
  }
  mailimap_set_free (set_take);
  mailimap_fetch_type_free (what_take);
  free_list (begun && code == MAILIMAP_NO_ERROR ? list : NULL);
  return begun && heard (fetching, code, error);
}

gboolean
imap_fetch_headers (struct imap *imap, const struct imap_head *heads, gsize count, const struct imap_body_sink *sink,
                    GError **error)
{
  g_autoptr (GHashTable) wanted = g_hash_table_new (NULL, NULL);
  g_autofree guint32 *uids = g_new (guint32, count);
  struct fetching fetching = { .imap = imap, .sink = sink, .wanted = wanted };
  for (gsize i = 0; i < count; i++) {
    uids[i] = heads[i].uid;
    g_hash_table_insert (wanted, GUINT_TO_POINTER (heads[i].uid), (gpointer) &heads[i]);
  }
  return fetch_headers (&fetching, TRUE, count, imap_set (uids, count), items (FALSE), error);
}

gboolean
imap_fetch_newest (struct imap *imap, guint count, const struct imap_body_sink *sink, GError **error)
{
  struct fetching fetching = { .imap = imap, .sink = sink };
  const guint32 last = imap->info.exists, first = last > count ? last - count + 1 : 1;
  return last == 0 || count == 0
         || fetch_headers (&fetching, FALSE, count, mailimap_set_new_interval (first, last), items (TRUE), error);
}

/* ---- whole messages: commands in a pipe ---- */

/* A run of UIDs that follow each other, which ends at this one: where it begins. */
static gsize
run_begin (const struct imap_head *heads, gsize last)
{
  while (last > 0 && heads[last - 1].uid + 1 == heads[last].uid)
    last--;
  return last;
}

gsize
imap_fetch_reach (const struct imap_head *heads, gsize count)
{
  gsize at = count;
  for (gsize size = 0; at > 0 && size < SET_MAX; size += RUN_MAX)
    at = run_begin (heads, at - 1);
  return count - at;
}

static void
append_set (GString *text, const struct imap_head *heads, gsize count)
{
  for (gsize i = 0; i < count; i++) {
    gsize end = i;
    while (end + 1 < count && heads[end + 1].uid == heads[end].uid + 1)
      end++;
    g_string_append_printf (text, i > 0 ? ",%u" : "%u", heads[i].uid);
    if (end > i)
      g_string_append_printf (text, ":%u", heads[end].uid);
    i = end;
  }
}

static gboolean
is_asked (const struct imap *imap, guint which, const struct imap_head *heads, gsize count)
{
  const struct imap_ahead *ahead = &imap->ahead[which];
  return which < imap->aheads && ahead->count == count && ahead->first == heads[0].uid
         && ahead->last == heads[count - 1].uid;
}

static void
forget_first (struct imap *imap)
{
  g_hash_table_unref (imap->ahead[0].wanted);
  imap->aheads--;
  memmove (imap->ahead, imap->ahead + 1, imap->aheads * sizeof *imap->ahead);
}

/* What may come to all that was asked, and until when. */
static gboolean
begin (struct imap *imap, GError **error)
{
  guint64 bytes = 0;
  for (guint i = 0; i < imap->aheads; i++)
    bytes += imap->ahead[i].bytes;
  return imap_begin_next (imap, bytes, 120 + (guint) MIN (bytes / 20000, 7200), error);
}

static void
remember (struct imap *imap, const struct imap_head *heads, gsize count)
{
  struct imap_ahead *ahead = &imap->ahead[imap->aheads++];
  *ahead = (struct imap_ahead){ .first = heads[0].uid,
                                .last = heads[count - 1].uid,
                                .count = count,
                                .bytes = IMAP_SMALL,
                                .wanted = g_hash_table_new_full (NULL, NULL, NULL, g_free) };
  for (gsize i = 0; i < count; i++) {
    /* Some servers tell the size with LF line ends: half as much again, and a head. */
    ahead->bytes += (guint64) heads[i].size_bytes + heads[i].size_bytes / 2 + 4096;
    g_hash_table_insert (ahead->wanted, GUINT_TO_POINTER (heads[i].uid), g_memdup2 (&heads[i], sizeof heads[i]));
  }
}

gboolean
imap_fetch_ahead (struct imap *imap, const struct imap_head *heads, gsize count, GError **error)
{
  if (count == 0 || imap->aheads == IMAP_AHEAD || is_asked (imap, 0, heads, count))
    return TRUE;
  if (imap->aheads == 0)
    imap_pipe_begin (imap);
  remember (imap, heads, count);
  g_autoptr (GString) command = g_string_new ("UID FETCH ");
  append_set (command, heads, count);
  g_string_append (command, " (UID FLAGS BODY.PEEK[])");
  if (!begin (imap, error))
    return FALSE;
  int tag = imap_pipe_send (imap, command->str);
  imap->ahead[imap->aheads - 1].tag = tag;
  return (tag != 0 && imap_pipe_flush (imap)) || imap_failed (imap, MAILIMAP_ERROR_STREAM, "hand out mail", error);
}

/* Reads answers until that to the first has come. */
static int
read_first (struct imap *imap)
{
  while (imap->ahead[0].tag != 0) {
    int tag, code = imap_pipe_answer (imap, &tag);
    guint which = 0;
    while (which < imap->aheads && (tag == 0 || imap->ahead[which].tag != tag))
      which++;
    if (which == imap->aheads)
      return code == MAILIMAP_NO_ERROR ? MAILIMAP_ERROR_PARSE : code;
    imap->ahead[which].tag = 0;
    imap->ahead[which].code = code;
  }
  return imap->ahead[0].code;
}

static gboolean
hear_first (struct imap *imap, const struct imap_body_sink *sink, GError **error)
{
  struct fetching fetching = { .imap = imap, .sink = sink };
  gboolean done = FALSE;
  if (begin (imap, error)) {
    listen_to (&fetching);
    done = heard (&fetching, read_first (imap), error);
  }
  forget_first (imap);
  return done;
}

gboolean
imap_fetch_bodies (struct imap *imap, const struct imap_head *heads, gsize count, const struct imap_body_sink *sink,
                   GError **error)
{
  if (count == 0)
    return TRUE;
  if (!is_asked (imap, 0, heads, count)) {
    imap_fetch_drop_ahead (imap);
    if (!imap_fetch_ahead (imap, heads, count, error))
      return FALSE;
  }
  return hear_first (imap, sink, error);
}

static gboolean
drop_body (const void *bytes, gsize size, gpointer data)
{
  return TRUE;
}

static void
drop_done (const struct imap_head *head, gpointer data)
{
}

void
imap_fetch_drop_ahead (struct imap *imap)
{
  const struct imap_body_sink nowhere = { .body = drop_body, .done = drop_done };
  while (imap->aheads > 0)
    if (imap->lost)
      forget_first (imap);
    else
      (void) hear_first (imap, &nowhere, NULL);
}
