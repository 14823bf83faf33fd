/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Is it the index that readers die of? Everything that lists and threads need of each message is read once. */
#include "mail/archive/index_p.h"

#include <notmuch.h>

static guint
look_at_all (notmuch_database_t *notmuch, gpointer data)
{
  notmuch_query_t *query = NULL;
  notmuch_messages_t *messages = NULL;
  guint status = index_query_open (notmuch, "*", FALSE, &query);
  if (status != NOTMUCH_STATUS_SUCCESS)
    return status;
  notmuch_query_set_sort (query, NOTMUCH_SORT_UNSORTED);
  status = notmuch_query_search_messages (query, &messages);
  for (; status == NOTMUCH_STATUS_SUCCESS && notmuch_messages_valid (messages);
       notmuch_messages_move_to_next (messages)) {
    notmuch_message_t *message = notmuch_messages_get (messages);
    if (message == NULL) {
      status = NOTMUCH_STATUS_XAPIAN_EXCEPTION;
      break;
    }
    g_autoptr (GVariant) row = g_variant_ref_sink (index_row_message (message));
    (void) notmuch_message_get_thread_id (message);
    (void) notmuch_message_get_date (message);
    notmuch_message_destroy (message);
  }
  notmuch_query_destroy (query);
  return status;
}

gboolean
index_verify (struct index_db *db, GError **error)
{
  return index_db_read (db, look_at_all, NULL, error);
}
