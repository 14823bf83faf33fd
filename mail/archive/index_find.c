/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages by their ids or by a query: where their files are and how they are tagged. Nothing is left out here, deleted or not. */
#include "mail/archive/index_p.h"

#include <notmuch.h>

#include "mail/engine.h"

#define ANSWER_MAX (48u * 1024 * 1024) /* bytes, below what one message between processes may hold */

struct finding {
  const char *const *ids;
  const char *query;
  GPtrArray *rows; /* GVariant */
  gsize size;
};

/* Of messages that are named one by one the subject, too: of encrypted ones that from inside, as the list shows it. */
static GVariant *
row_of (const struct finding *finding, notmuch_message_t *message)
{
  g_autoptr (GVariant) row = g_variant_ref_sink (index_row_message (message));
  if (finding->ids == NULL)
    return g_steal_pointer (&row);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (row);
  g_autofree char *subject = index_row_text (notmuch_message_get_header (message, "subject"));
  g_variant_dict_insert (&dict, "subject", "s", subject);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static gboolean
add (struct finding *finding, notmuch_message_t *message)
{
  GVariant *row = row_of (finding, message);
  finding->size += g_variant_get_size (row) + 8;
  if (finding->rows->len >= INDEX_ROWS_MAX || finding->size > ANSWER_MAX) {
    g_variant_unref (row);
    return FALSE;
  }
  g_ptr_array_add (finding->rows, row);
  return TRUE;
}

static guint
find_ids (notmuch_database_t *notmuch, struct finding *finding)
{
  guint status = NOTMUCH_STATUS_SUCCESS;
  gboolean room = TRUE;
  for (gsize i = 0; finding->ids[i] != NULL && room && status == NOTMUCH_STATUS_SUCCESS; i++) {
    notmuch_message_t *message = NULL;
    g_autofree char *id = index_row_id_back (finding->ids[i]);
    status = notmuch_database_find_message (notmuch, id, &message);
    if (status == NOTMUCH_STATUS_SUCCESS && message != NULL)
      room = add (finding, message);
    if (message != NULL)
      notmuch_message_destroy (message);
  }
  return status;
}

static guint
find_query (notmuch_database_t *notmuch, struct finding *finding)
{
  notmuch_query_t *query = NULL;
  notmuch_messages_t *messages = NULL;
  g_autofree char *text = index_query_both ("", finding->query);
  guint status = index_query_open (notmuch, text, FALSE, &query);
  if (status != NOTMUCH_STATUS_SUCCESS)
    return status;
  gboolean room = TRUE;
  status = notmuch_query_search_messages (query, &messages);
  for (; status == NOTMUCH_STATUS_SUCCESS && room && notmuch_messages_valid (messages);
       notmuch_messages_move_to_next (messages)) {
    notmuch_message_t *message = notmuch_messages_get (messages);
    room = message != NULL && add (finding, message);
    if (message != NULL)
      notmuch_message_destroy (message);
  }
  notmuch_query_destroy (query);
  return status;
}

static guint
find (notmuch_database_t *notmuch, gpointer data)
{
  struct finding *finding = data;
  g_ptr_array_set_size (finding->rows, 0);
  finding->size = 0;
  return finding->ids != NULL ? find_ids (notmuch, finding) : find_query (notmuch, finding);
}

GVariant *
index_find_rows (struct index_db *db, const char *const *ids, const char *query, GError **error)
{
  if ((ids == NULL) == (query == NULL)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "Messages are named either one by one or by a search.");
    return NULL;
  }
  if (query != NULL && !index_query_check (query, error))
    return NULL;
  struct finding finding
      = { .ids = ids, .query = query, .rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref) };
  GVariant *rows = NULL;
  if (index_db_read (db, find, &finding, error))
    rows = g_variant_new_array (G_VARIANT_TYPE_VARDICT, (GVariant *const *) finding.rows->pdata, finding.rows->len);
  g_ptr_array_unref (finding.rows);
  return rows;
}
