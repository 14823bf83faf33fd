/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One thread, in reading order: each message before its answers, answers by date, with their depth. */
#include "mail/archive/index_p.h"

#include <notmuch.h>
#include <string.h>

#include "mail/engine.h"
#include "mail/message/message_field.h"

#define DEPTH_MAX 255
#define MESSAGES_MAX 5000

struct reading {
  const char *thread, *query;
  GHashTable *matched; /* ids that match the query; NULL: all do */
  GPtrArray *rows;     /* GVariant */
};

static gboolean
is_thread_id (const char *id)
{
  gsize length = strlen (id);
  return length > 0 && length <= 32 && strspn (id, "0123456789abcdef") == length;
}

static void
add_row (struct reading *reading, notmuch_message_t *message, guint depth)
{
  GVariantBuilder row;
  g_variant_builder_init (&row, G_VARIANT_TYPE_VARDICT);
  g_autofree char *id = index_row_id (message);
  g_autofree char *path = index_row_path (message);
  g_autofree char *from = index_row_text (notmuch_message_get_header (message, "from"));
  g_autofree char *subject = index_row_text (notmuch_message_get_header (message, "subject"));
  g_autofree char *to
      = message_field_read (path, "To"); /* not in the index; libnotmuch would parse the whole file for it */
  gboolean matched = reading->matched == NULL || g_hash_table_contains (reading->matched, id);
  g_variant_builder_add (&row, "{sv}", "id", g_variant_new_string (id));
  g_variant_builder_add (&row, "{sv}", "from", g_variant_new_string (from));
  g_variant_builder_add (&row, "{sv}", "to", g_variant_new_string (to));
  g_variant_builder_add (&row, "{sv}", "subject", g_variant_new_string (subject));
  g_variant_builder_add (&row, "{sv}", "date", g_variant_new_int64 (notmuch_message_get_date (message)));
  g_variant_builder_add (&row, "{sv}", "tags", index_row_tags (message));
  g_variant_builder_add (&row, "{sv}", "depth", g_variant_new_uint32 (depth));
  g_variant_builder_add (&row, "{sv}", "matched", g_variant_new_boolean (matched));
  g_variant_builder_add (&row, "{sv}", "path", g_variant_new_string (path));
  g_ptr_array_add (reading->rows, g_variant_ref_sink (g_variant_builder_end (&row)));
}

/* A stack of our own: a chain of answers may be as long as a stranger likes. */
static void
add_tree (struct reading *reading, notmuch_messages_t *top)
{
  g_autoptr (GPtrArray) stack = g_ptr_array_new ();
  g_ptr_array_add (stack, top);
  while (stack->len > 0 && reading->rows->len < MESSAGES_MAX) {
    notmuch_messages_t *level = g_ptr_array_index (stack, stack->len - 1);
    if (!notmuch_messages_valid (level)) {
      g_ptr_array_set_size (stack, (gint) stack->len - 1);
      continue;
    }
    notmuch_message_t *message = notmuch_messages_get (level);
    notmuch_messages_move_to_next (level);
    if (message == NULL)
      continue;
    add_row (reading, message, MIN (stack->len - 1, DEPTH_MAX));
    g_ptr_array_add (stack, notmuch_message_get_replies (message));
  }
}

/* Does the query itself ask for what is usually left out? */
static gboolean
names_tag (notmuch_database_t *notmuch, const char *text, const char *tag)
{
  notmuch_query_t *query = NULL;
  if (notmuch_query_create_with_syntax (notmuch, text, NOTMUCH_QUERY_SYNTAX_XAPIAN, &query) != NOTMUCH_STATUS_SUCCESS)
    return FALSE;
  gboolean named = notmuch_query_add_tag_exclude (query, tag) == NOTMUCH_STATUS_IGNORED;
  notmuch_query_destroy (query);
  return named;
}

static guint
read_matched (notmuch_database_t *notmuch, struct reading *reading)
{
  g_autofree char *restriction = g_strconcat ("thread:", reading->thread, NULL);
  g_autofree char *text = index_query_both (restriction, reading->query);
  notmuch_query_t *query = NULL;
  notmuch_messages_t *messages = NULL;
  guint status = index_query_open (notmuch, text, TRUE, &query);
  if (status != NOTMUCH_STATUS_SUCCESS)
    return status;
  status = notmuch_query_search_messages (query, &messages);
  for (; status == NOTMUCH_STATUS_SUCCESS && notmuch_messages_valid (messages);
       notmuch_messages_move_to_next (messages)) {
    notmuch_message_t *message = notmuch_messages_get (messages);
    if (message != NULL)
      g_hash_table_add (reading->matched, index_row_id (message));
  }
  notmuch_query_destroy (query);
  return status;
}

static guint
read_tree (notmuch_database_t *notmuch, struct reading *reading, gboolean exclude)
{
  g_autofree char *text = g_strconcat ("thread:", reading->thread, NULL);
  notmuch_query_t *query = NULL;
  notmuch_threads_t *threads = NULL;
  guint status = index_query_open (notmuch, text, exclude, &query);
  if (status != NOTMUCH_STATUS_SUCCESS)
    return status;
  notmuch_query_set_sort (query, NOTMUCH_SORT_OLDEST_FIRST);
  status = notmuch_query_search_threads (query, &threads);
  notmuch_thread_t *thread
      = status == NOTMUCH_STATUS_SUCCESS && notmuch_threads_valid (threads) ? notmuch_threads_get (threads) : NULL;
  if (thread != NULL)
    add_tree (reading, notmuch_thread_get_toplevel_messages (thread));
  notmuch_query_destroy (query);
  return status;
}

static guint
read_thread (notmuch_database_t *notmuch, gpointer data)
{
  struct reading *reading = data;
  guint status = NOTMUCH_STATUS_SUCCESS;
  gboolean exclude = TRUE;
  g_ptr_array_set_size (reading->rows, 0);
  if (reading->matched != NULL) {
    g_hash_table_remove_all (reading->matched);
    status = read_matched (notmuch, reading);
    exclude = !names_tag (notmuch, reading->query, "deleted") && !names_tag (notmuch, reading->query, "spam");
  }
  if (status == NOTMUCH_STATUS_SUCCESS)
    status = read_tree (notmuch, reading, exclude);
  if (status == NOTMUCH_STATUS_SUCCESS && reading->rows->len == 0
      && exclude) /* nothing but deleted messages: show those */
    status = read_tree (notmuch, reading, FALSE);
  return status;
}

GVariant *
index_thread_rows (struct index_db *db, const char *thread, const char *query, GError **error)
{
  if (query != NULL && !index_query_check (query, error))
    return NULL;
  if (query != NULL && index_query_is_all (query))
    query = NULL;
  struct reading reading
      = { .thread = thread, .query = query, .rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref) };
  reading.matched = query != NULL ? g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) : NULL;
  GVariant *rows = NULL;
  if (is_thread_id (thread) && index_db_read (db, read_thread, &reading, error) && reading.rows->len > 0)
    rows = g_variant_new_array (G_VARIANT_TYPE_VARDICT, (GVariant *const *) reading.rows->pdata, reading.rows->len);
  else if (error == NULL || *error == NULL)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND,
                 "This thread is not there any more. Search again to see what is there now.");
  g_ptr_array_unref (reading.rows);
  g_clear_pointer (&reading.matched, g_hash_table_unref);
  return rows;
}
