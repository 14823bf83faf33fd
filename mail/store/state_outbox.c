/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The outbox's journal in SQLite: one row a send, one row a copy. */
#include "mail/store/outbox.h"
#include "mail/store/state_p.h"

#define NOTE (ROUTE_PGP + 1)  /* in the column "method" */
#define TOLD_S (24 * 60 * 60) /* how long it is remembered that somebody was sent a note */

static const char schema[]
    = "CREATE TABLE IF NOT EXISTS items (id TEXT PRIMARY KEY, message_id TEXT NOT NULL, sender TEXT NOT NULL, "
      "draft_path TEXT NOT NULL,"
      " date INTEGER NOT NULL);"
      "CREATE TABLE IF NOT EXISTS copies (item TEXT NOT NULL, number INTEGER NOT NULL, method INTEGER NOT NULL, "
      "recipients TEXT NOT NULL,"
      " ids TEXT NOT NULL, state INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (item, number));"
      "CREATE TABLE IF NOT EXISTS told (address TEXT PRIMARY KEY, date INTEGER NOT NULL);";

struct state *
state_outbox_open (const char *file, GError **error)
{
  return state_open_with (file, schema, error);
}

static GPtrArray *
copies_of (struct state *state, const char *id)
{
  GPtrArray *copies = g_ptr_array_new ();
  sqlite3_stmt *row = state_query (
      state, "SELECT number, method, recipients, ids, state, text FROM copies WHERE item = ? ORDER BY number", "s", id);
  while (state_row (state, &row)) {
    struct outbox_copy *copy = g_new0 (struct outbox_copy, 1);
    copy->number = (guint) sqlite3_column_int (row, 0);
    int method = sqlite3_column_int (row, 1);
    copy->note = method == NOTE;
    copy->method = copy->note ? ROUTE_HOLD : (enum route_method) CLAMP (method, ROUTE_HOLD, ROUTE_PGP);
    copy->recipients = g_strsplit (state_text (row, 2), "\n", -1);
    copy->ids = g_strsplit (state_text (row, 3), "\n", -1);
    copy->state = (enum outbox_state) CLAMP (sqlite3_column_int (row, 4), OUTBOX_READY, OUTBOX_UNKNOWN);
    copy->text = g_strdup (state_text (row, 5));
    g_ptr_array_add (copies, copy);
  }
  return copies;
}

GPtrArray *
state_outbox_items (struct state *state)
{
  GPtrArray *items = g_ptr_array_new_with_free_func ((GDestroyNotify) outbox_item_free);
  sqlite3_stmt *row
      = state_query (state, "SELECT id, message_id, sender, draft_path, date FROM items ORDER BY date, id", "");
  while (state_row (state, &row)) {
    struct outbox_item *item = g_new0 (struct outbox_item, 1);
    item->id = g_strdup (state_text (row, 0));
    item->message_id = g_strdup (state_text (row, 1));
    item->from = g_strdup (state_text (row, 2));
    item->draft_path = g_strdup (state_text (row, 3));
    item->date = sqlite3_column_int64 (row, 4);
    item->copies = copies_of (state, item->id);
    g_ptr_array_add (items, item);
  }
  return items;
}

static void
add_told (struct state *state, const char *address, gint64 date)
{
  g_autofree char *who = g_ascii_strdown (address, -1);
  state_run (state, "DELETE FROM told WHERE date < ?", "i", g_get_real_time () / G_USEC_PER_SEC - TOLD_S);
  state_run (state, "INSERT OR REPLACE INTO told (address, date) VALUES (?, ?)", "si", who, date);
}

gint64
state_outbox_told (struct state *state, const char *address)
{
  g_autofree char *who = g_ascii_strdown (address, -1);
  gint64 date = 0;
  sqlite3_stmt *row = state_query (state, "SELECT date FROM told WHERE address = ? AND date >= ?", "si", who,
                                   g_get_real_time () / G_USEC_PER_SEC - TOLD_S);
  while (state_row (state, &row))
    date = sqlite3_column_int64 (row, 0);
  return date;
}

void
state_outbox_add (struct state *state, const struct outbox_item *item)
{
  state_run (state, "INSERT INTO items (id, message_id, sender, draft_path, date) VALUES (?, ?, ?, ?, ?)", "ssssi",
             item->id, item->message_id, item->from, item->draft_path != NULL ? item->draft_path : "", item->date);
  for (guint i = 0; i < item->copies->len; i++) {
    const struct outbox_copy *copy = g_ptr_array_index (item->copies, i);
    g_autofree char *recipients = g_strjoinv ("\n", copy->recipients), *ids = g_strjoinv ("\n", copy->ids);
    if (copy->note)
      add_told (state, copy->recipients[0], item->date);
    state_run (state,
               "INSERT INTO copies (item, number, method, recipients, ids, state, text) VALUES (?, ?, ?, ?, ?, ?, ?)",
               "siissis", item->id, (gint64) i, (gint64) (copy->note ? NOTE : copy->method), recipients, ids,
               (gint64) OUTBOX_READY, "");
  }
}

void
state_outbox_set (struct state *state, const char *id, guint number, enum outbox_state state_of_copy, const char *text)
{
  state_run (state, "UPDATE copies SET state = ?, text = ? WHERE item = ? AND number = ?", "issi",
             (gint64) state_of_copy, text, id, (gint64) number);
}

void
state_outbox_delete (struct state *state, const char *id)
{
  state_run (state, "DELETE FROM copies WHERE item = ?", "s", id);
  state_run (state, "DELETE FROM items WHERE id = ?", "s", id);
}
