/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of threads without reading the whole match set.
 *
 * libnotmuch fetches and sorts everything that matches before it gives the first row. So a list asks for windows of time, from the newest
 * mail backwards, that do not overlap and grow until there are enough threads. A thread's place is that of its newest matching
 * message, and in a walk from new to old that is where it is met first: what the windows give, one after the other, is what one
 * unbounded query would give. Row data (authors, tags, totals) is then fetched for the rows of the answer only. */
#include "mail/archive/index_p.h"

#include <notmuch.h>
#include <string.h>

#include "mail/engine.h"
#include "mail/message/message_field.h"

#define DAY ((gint64) 24 * 3600)
#define WINDOW_DAYS 7
#define QUERY_MAX 16384
#define LIMIT_DEFAULT 50
#define OFFSET_MAX 10000000
#define ROWS_A_QUERY 100

static const char *const excluded[] = { "deleted", "spam" };

gboolean
index_query_is_all (const char *query)
{
  return query[strspn (query, " ")] == 0 || strcmp (query, "*") == 0;
}

/* Our restriction is joined by "and (…)": a bracket or quote left open, or closed once too often, would swallow or escape it. */
gboolean
index_query_check (const char *query, GError **error)
{
  gint depth = 0;
  gboolean quoted = FALSE;
  if (strlen (query) > QUERY_MAX || !g_utf8_validate (query, -1, NULL)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "The search is too long, or not text. Search for fewer words.");
    return FALSE;
  }
  for (const char *at = query; *at != 0 && depth >= 0; at++) {
    if (*at == '"')
      quoted = !quoted;
    else if (!quoted)
      depth += (*at == '(') - (*at == ')');
  }
  if (quoted || depth != 0)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "The search has a %s without its partner. Add it, or take it away.",
                 quoted ? "quotation mark" : "bracket");
  return !quoted && depth == 0;
}

char *
index_query_both (const char *restriction, const char *query)
{
  if (query == NULL || index_query_is_all (query))
    return g_strdup (*restriction != 0 ? restriction : "*");
  return *restriction != 0 ? g_strdup_printf ("%s and (%s)", restriction, query) : g_strdup (query);
}

guint
index_query_open (notmuch_database_t *notmuch, const char *text, gboolean exclude, notmuch_query_t **query_out)
{
  notmuch_query_t *query = NULL;
  notmuch_status_t status = notmuch_query_create_with_syntax (notmuch, text, NOTMUCH_QUERY_SYNTAX_XAPIAN, &query);
  if (status != NOTMUCH_STATUS_SUCCESS)
    return status;
  notmuch_query_set_sort (query, NOTMUCH_SORT_NEWEST_FIRST);
  notmuch_query_set_omit_excluded (query, exclude ? NOTMUCH_EXCLUDE_ALL : NOTMUCH_EXCLUDE_FALSE);
  for (guint i = 0; exclude && i < G_N_ELEMENTS (excluded); i++) {
    status = notmuch_query_add_tag_exclude (query, excluded[i]);
    if (status != NOTMUCH_STATUS_SUCCESS && status != NOTMUCH_STATUS_IGNORED) { /* ignored: the query names the tag */
      notmuch_query_destroy (query);
      return status;
    }
  }
  *query_out = query;
  return NOTMUCH_STATUS_SUCCESS;
}

struct threads {
  const char *query;
  guint limit, offset, wanted; /* wanted: offset + limit, and one more to know if there is more */
  gboolean recipients;
  GHashTable *seen; /* thread ids; owns them */
  GPtrArray *order; /* the same, newest first; borrowed */
  GHashTable *rows; /* thread id -> GVariant a{sv} */
};

/* from, until: seconds; until is not part of the window. G_MININT64, G_MAXINT64: no such end. */
static char *
window_text (gint64 from, gint64 until)
{
  GString *text = g_string_new (NULL);
  if (from == G_MININT64 && until == G_MAXINT64)
    return g_string_free (text, FALSE);
  if (from == G_MININT64) {
    /* Not "date:..until": notmuch's open beginning lies just after 1970, where mail without a date stands. */
    g_string_append_printf (text, "(not date:@%" G_GINT64_FORMAT "..)", until);
    return g_string_free (text, FALSE);
  }
  g_string_append_printf (text, "date:@%" G_GINT64_FORMAT, from);
  g_string_append (text, "..");
  if (until != G_MAXINT64)
    g_string_append_printf (text, "@%" G_GINT64_FORMAT, until - 1);
  return g_string_free (text, FALSE);
}

static void
collect (struct threads *threads, notmuch_messages_t *messages)
{
  for (; notmuch_messages_valid (messages) && threads->order->len < threads->wanted;
       notmuch_messages_move_to_next (messages)) {
    notmuch_message_t *message = notmuch_messages_get (messages);
    if (message == NULL)
      break;
    const char *id = notmuch_message_get_thread_id (message);
    if (id != NULL && !g_hash_table_contains (threads->seen, id)) {
      char *copy = g_strdup (id);
      g_hash_table_add (threads->seen, copy);
      g_ptr_array_add (threads->order, copy);
    }
    notmuch_message_destroy (message);
  }
}

static guint
walk_window (notmuch_database_t *notmuch, struct threads *threads, gint64 from, gint64 until)
{
  g_autofree char *window = window_text (from, until);
  g_autofree char *text = index_query_both (window, threads->query);
  notmuch_query_t *query = NULL;
  guint status = index_query_open (notmuch, text, TRUE, &query);
  if (status != NOTMUCH_STATUS_SUCCESS)
    return status;
  notmuch_messages_t *messages = NULL;
  status = notmuch_query_search_messages (query, &messages);
  if (status == NOTMUCH_STATUS_SUCCESS)
    collect (threads, messages);
  notmuch_query_destroy (query);
  return status;
}

static guint
walk (notmuch_database_t *notmuch, struct threads *threads)
{
  gint64 newest = index_db_newest (notmuch), until = G_MAXINT64, width = WINDOW_DAYS * DAY;
  if (newest <= 0)
    newest = g_get_real_time () / G_USEC_PER_SEC;
  gint64 from = newest - width;
  for (;;) {
    guint before = threads->order->len;
    gboolean last = from <= 0;
    guint status = walk_window (notmuch, threads, last ? G_MININT64 : from, until);
    if (status != NOTMUCH_STATUS_SUCCESS || last || threads->order->len >= threads->wanted)
      return status;
    guint found = threads->order->len - before, missing = threads->wanted - threads->order->len;
    width *= found < missing / 4 + 1 ? 4 : 2;
    until = from;
    from -= width;
  }
}

/* "A, B| C": those who match, then the others. */
static char *
authors (notmuch_thread_t *thread)
{
  g_autofree char *text = index_row_text (notmuch_thread_get_authors (thread));
  for (char *bar = strchr (text, '|'); bar != NULL; bar = strchr (bar, '|'))
    *bar = ',';
  return g_steal_pointer (&text);
}

static notmuch_message_t *
newest_match (notmuch_thread_t *thread)
{
  notmuch_message_t *newest = NULL;
  notmuch_messages_t *messages = notmuch_thread_get_messages (thread);
  for (; notmuch_messages_valid (messages); notmuch_messages_move_to_next (messages)) {
    notmuch_message_t *message = notmuch_messages_get (messages);
    notmuch_bool_t match = FALSE;
    if (message == NULL
        || notmuch_message_get_flag_st (message, NOTMUCH_MESSAGE_FLAG_MATCH, &match) != NOTMUCH_STATUS_SUCCESS
        || !match)
      continue;
    if (newest == NULL || notmuch_message_get_date (message) > notmuch_message_get_date (newest))
      newest = message;
  }
  return newest;
}

static GVariant *
thread_tags (notmuch_thread_t *thread)
{
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (notmuch_tags_t *tags = notmuch_thread_get_tags (thread); notmuch_tags_valid (tags);
       notmuch_tags_move_to_next (tags)) {
    const char *tag = notmuch_tags_get (tags);
    if (tag != NULL && g_utf8_validate (tag, -1, NULL))
      g_variant_builder_add (&builder, "s", tag);
  }
  return g_variant_builder_end (&builder);
}

static void
add_newest (GVariantBuilder *row, notmuch_message_t *newest, gboolean recipients)
{
  g_autofree char *id = newest != NULL ? index_row_id (newest) : g_strdup ("");
  g_variant_builder_add (row, "{sv}", "newest", g_variant_new_string (id));
  if (!recipients)
    return;
  g_autofree char *path = newest != NULL ? index_row_path (newest) : g_strdup ("");
  g_autofree char *names = message_field_recipients (path);
  g_variant_builder_add (row, "{sv}", "recipients", g_variant_new_string (names));
}

static GVariant *
thread_row (notmuch_thread_t *thread, gboolean recipients)
{
  GVariantBuilder row;
  g_variant_builder_init (&row, G_VARIANT_TYPE_VARDICT);
  g_autofree char *subject = index_row_text (notmuch_thread_get_subject (thread));
  g_autofree char *names = authors (thread);
  g_variant_builder_add (&row, "{sv}", "thread", g_variant_new_string (notmuch_thread_get_thread_id (thread)));
  g_variant_builder_add (&row, "{sv}", "subject", g_variant_new_string (subject));
  g_variant_builder_add (&row, "{sv}", "authors", g_variant_new_string (names));
  g_variant_builder_add (&row, "{sv}", "date", g_variant_new_int64 (notmuch_thread_get_newest_date (thread)));
  g_variant_builder_add (&row, "{sv}", "matched",
                         g_variant_new_uint32 ((guint32) notmuch_thread_get_matched_messages (thread)));
  g_variant_builder_add (&row, "{sv}", "total",
                         g_variant_new_uint32 ((guint32) notmuch_thread_get_total_messages (thread)));
  g_variant_builder_add (&row, "{sv}", "tags", thread_tags (thread));
  add_newest (&row, newest_match (thread), recipients);
  return g_variant_ref_sink (g_variant_builder_end (&row));
}

/* Rows of the threads order[first..last). */
static guint
fetch_rows (notmuch_database_t *notmuch, struct threads *threads, guint first, guint last)
{
  g_autoptr (GString) restriction = g_string_new ("(");
  for (guint i = first; i < last; i++)
    g_string_append_printf (restriction, "%sthread:%s", i > first ? " or " : "",
                            (char *) g_ptr_array_index (threads->order, i));
  g_string_append_c (restriction, ')');
  g_autofree char *text = index_query_both (restriction->str, threads->query);
  notmuch_query_t *query = NULL;
  notmuch_threads_t *found = NULL;
  guint status = index_query_open (notmuch, text, TRUE, &query);
  if (status != NOTMUCH_STATUS_SUCCESS)
    return status;
  status = notmuch_query_search_threads (query, &found);
  for (; status == NOTMUCH_STATUS_SUCCESS && notmuch_threads_valid (found); notmuch_threads_move_to_next (found)) {
    notmuch_thread_t *thread = notmuch_threads_get (found);
    if (thread == NULL)
      break;
    g_hash_table_replace (threads->rows, g_strdup (notmuch_thread_get_thread_id (thread)),
                          thread_row (thread, threads->recipients));
    notmuch_thread_destroy (thread);
  }
  notmuch_query_destroy (query);
  return status;
}

static guint
read_threads (notmuch_database_t *notmuch, gpointer data)
{
  struct threads *threads = data;
  g_hash_table_remove_all (threads->seen);
  g_hash_table_remove_all (threads->rows);
  g_ptr_array_set_size (threads->order, 0);
  guint status = walk (notmuch, threads);
  guint end = MIN (threads->order->len, threads->offset + threads->limit);
  for (guint at = threads->offset; status == NOTMUCH_STATUS_SUCCESS && at < end; at += ROWS_A_QUERY)
    status = fetch_rows (notmuch, threads, at, MIN (at + ROWS_A_QUERY, end));
  return status;
}

static GVariant *
thread_rows (struct threads *threads)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  guint end = MIN (threads->order->len, threads->offset + threads->limit);
  for (guint i = threads->offset; i < end; i++) {
    GVariant *row = g_hash_table_lookup (threads->rows, g_ptr_array_index (threads->order, i));
    if (row != NULL)
      g_variant_builder_add_value (&rows, row);
  }
  return g_variant_builder_end (&rows);
}

GVariant *
index_query_threads (struct index_db *db, const char *query, guint limit, guint offset, gboolean recipients,
                     gboolean *more_out, GError **error)
{
  if (!index_query_check (query, error))
    return NULL;
  limit = limit == 0 ? LIMIT_DEFAULT : MIN (limit, INDEX_THREADS_MAX);
  offset = MIN (offset, OFFSET_MAX);
  struct threads threads = {
    .query = query,
    .limit = limit,
    .offset = offset,
    .wanted = offset + limit + 1,
    .recipients = recipients,
    .seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
    .order = g_ptr_array_new (),
    .rows = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_variant_unref),
  };
  gboolean done = index_db_read (db, read_threads, &threads, error);
  GVariant *rows = done ? thread_rows (&threads) : NULL;
  *more_out = threads.order->len == threads.wanted;
  g_ptr_array_unref (threads.order);
  g_hash_table_unref (threads.rows);
  g_hash_table_unref (threads.seen);
  return rows;
}

struct count {
  const char *query;
  guint count;
};

static guint
read_count (notmuch_database_t *notmuch, gpointer data)
{
  struct count *count = data;
  notmuch_query_t *query = NULL;
  g_autofree char *text = index_query_both ("", count->query);
  guint status = index_query_open (notmuch, text, TRUE, &query);
  if (status == NOTMUCH_STATUS_SUCCESS) {
    status = notmuch_query_count_messages (query, &count->count);
    notmuch_query_destroy (query);
  }
  return status;
}

gboolean
index_query_count (struct index_db *db, const char *query, guint *count_out, GError **error)
{
  struct count count = { .query = query };
  if (!index_query_check (query, error) || !index_db_read (db, read_count, &count, error))
    return FALSE;
  *count_out = count.count;
  return TRUE;
}
