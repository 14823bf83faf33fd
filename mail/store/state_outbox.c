/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The outbox's journal in SQLite: one row a send, one row a copy, one row a recipient of a copy.
 *
 * The first form of it (version 0) had one state a copy; it is taken over when it is opened. Its column "state" says "unknown" of what came
 * later, so that an older program would send nothing of it by itself. */
#include "mail/store/outbox.h"
#include "mail/store/state_p.h"

#include "mail/engine.h"

#include <string.h>

#define NEWEST 1
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

static void
add_person (struct state *state, const char *item, guint copy, guint place, const char *address,
            enum outbox_state state_of, const char *text, const char *key)
{
  state_run (state, "INSERT INTO people (item, copy, place, address, state, text, key) VALUES (?, ?, ?, ?, ?, ?, ?)",
             "siisiss", item, (gint64) copy, (gint64) place, address, (gint64) state_of, text, key);
}

/* What a copy was is what each of its recipients is. */
static void
take_over_copies (struct state *state)
{
  sqlite3_stmt *row = state_query (state, "SELECT item, number, recipients, state, text FROM copies", "");
  while (state_row (state, &row)) {
    g_auto (GStrv) recipients = g_strsplit (state_text (row, 2), "\n", -1);
    for (guint i = 0; recipients[i] != NULL; i++)
      add_person (state, state_text (row, 0), (guint) sqlite3_column_int (row, 1), i, recipients[i],
                  (enum outbox_state) CLAMP (sqlite3_column_int (row, 3), OUTBOX_READY, OUTBOX_UNKNOWN),
                  state_text (row, 4), "");
  }
}

static gint64
version_of (struct state *state)
{
  gint64 version = 0;
  sqlite3_stmt *row = state_query (state, "PRAGMA user_version", "");
  while (state_row (state, &row))
    version = sqlite3_column_int64 (row, 0);
  return version;
}

static gboolean
take_over (struct state *state, GError **error)
{
  static const char *const steps[] = {
    "ALTER TABLE items ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE items ADD COLUMN next_try INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE items ADD COLUMN tries INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE items ADD COLUMN waits_for INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE items ADD COLUMN late INTEGER NOT NULL DEFAULT 0",
    "CREATE TABLE people (item TEXT NOT NULL, copy INTEGER NOT NULL, place INTEGER NOT NULL, address TEXT NOT NULL, "
    "state INTEGER NOT NULL, text TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (item, copy, place))",
  };
  state_begin (state);
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    state_run (state, steps[i], "");
  take_over_copies (state);
  state_run (state, "PRAGMA user_version = 1", "");
  return state_commit (state, error);
}

struct state *
state_outbox_open (const char *file, GError **error)
{
  AUTOFREE (state) state = state_open_with (file, schema, error);
  if (state == NULL)
    return NULL;
  const gint64 version = version_of (state);
  if (!state_fine (state, error) || (version == 0 && !take_over (state, error)))
    return NULL;
  if (version > NEWEST) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "The outbox was last used by a newer wardmail, whose record of it, %s, this one cannot read. Nothing "
                 "was sent; use the newer one.",
                 file);
    return NULL;
  }
  return g_steal_pointer (&state);
}

/* ---- reading ---- */

static void
read_people (struct state *state, const char *id, struct outbox_copy *copy)
{
  copy->count = g_strv_length (copy->recipients);
  copy->people = g_new0 (struct outbox_person, copy->count);
  for (guint i = 0; i < copy->count; i++) /* of whom nothing is written down nothing is known */
    copy->people[i] = (struct outbox_person){ .address = copy->recipients[i], .state = OUTBOX_UNKNOWN };
  sqlite3_stmt *row = state_query (state, "SELECT place, state, text, key FROM people WHERE item = ? AND copy = ?",
                                   "si", id, (gint64) copy->number);
  while (state_row (state, &row)) {
    const gint64 place = sqlite3_column_int64 (row, 0);
    if (place < 0 || place >= (gint64) copy->count || copy->people[place].text != NULL)
      continue;
    copy->people[place].state = (enum outbox_state) CLAMP (sqlite3_column_int (row, 1), OUTBOX_READY, OUTBOX_DROPPED);
    copy->people[place].text = g_strdup (state_text (row, 2));
    copy->people[place].key = g_strdup (state_text (row, 3));
  }
  for (guint i = 0; i < copy->count; i++) {
    copy->people[i].text = copy->people[i].text != NULL ? copy->people[i].text : g_strdup ("");
    copy->people[i].key = copy->people[i].key != NULL ? copy->people[i].key : g_strdup ("");
  }
}

static GPtrArray *
copies_of (struct state *state, const char *id)
{
  GPtrArray *copies = g_ptr_array_new ();
  sqlite3_stmt *row = state_query (
      state, "SELECT number, method, recipients, ids FROM copies WHERE item = ? ORDER BY number", "s", id);
  while (state_row (state, &row)) {
    struct outbox_copy *copy = g_new0 (struct outbox_copy, 1);
    copy->number = (guint) sqlite3_column_int (row, 0);
    int method = sqlite3_column_int (row, 1);
    copy->note = method == NOTE;
    copy->method = copy->note ? ROUTE_HOLD : (enum route_method) CLAMP (method, ROUTE_HOLD, ROUTE_PGP);
    copy->recipients = g_strsplit (state_text (row, 2), "\n", -1);
    copy->ids = g_strsplit (state_text (row, 3), "\n", -1);
    read_people (state, id, copy);
    g_ptr_array_add (copies, copy);
  }
  return copies;
}

GPtrArray *
state_outbox_items (struct state *state)
{
  GPtrArray *items = g_ptr_array_new_with_free_func ((GDestroyNotify) outbox_item_free);
  sqlite3_stmt *row = state_query (state,
                                   "SELECT id, message_id, sender, draft_path, date, not_before, next_try, tries, "
                                   "waits_for, late FROM items ORDER BY date, rowid",
                                   "");
  while (state_row (state, &row)) {
    struct outbox_item *item = g_new0 (struct outbox_item, 1);
    item->id = g_strdup (state_text (row, 0));
    item->message_id = g_strdup (state_text (row, 1));
    item->from = g_strdup (state_text (row, 2));
    item->draft_path = g_strdup (state_text (row, 3));
    item->date = sqlite3_column_int64 (row, 4);
    item->not_before = sqlite3_column_int64 (row, 5);
    item->next_try = sqlite3_column_int64 (row, 6);
    item->tries = (guint) sqlite3_column_int (row, 7);
    item->wait = (enum outbox_wait) CLAMP (sqlite3_column_int (row, 8), OUTBOX_WAIT_NONE, OUTBOX_WAIT_PERSON);
    item->late = sqlite3_column_int (row, 9) != 0;
    item->copies = copies_of (state, item->id);
    g_ptr_array_add (items, item);
  }
  return items;
}

/* ---- writing ---- */

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

static void
add_copy (struct state *state, const char *id, guint number, const struct outbox_copy *copy)
{
  g_autofree char *recipients = g_strjoinv ("\n", copy->recipients), *ids = g_strjoinv ("\n", copy->ids);
  const guint keys = copy->keys != NULL ? g_strv_length (copy->keys) : 0;
  state_run (state,
             "INSERT INTO copies (item, number, method, recipients, ids, state, text) VALUES (?, ?, ?, ?, ?, ?, ?)",
             "siissis", id, (gint64) number, (gint64) (copy->note ? NOTE : copy->method), recipients, ids,
             (gint64) OUTBOX_UNKNOWN, "");
  for (guint i = 0; copy->recipients[i] != NULL; i++)
    add_person (state, id, number, i, copy->recipients[i], OUTBOX_READY, "", i < keys ? copy->keys[i] : "");
}

void
state_outbox_add (struct state *state, const struct outbox_item *item)
{
  state_run (state,
             "INSERT INTO items (id, message_id, sender, draft_path, date, not_before) VALUES (?, ?, ?, ?, ?, ?)",
             "ssssii", item->id, item->message_id, item->from, item->draft_path != NULL ? item->draft_path : "",
             item->date, item->not_before);
  for (guint i = 0; i < item->copies->len; i++) {
    const struct outbox_copy *copy = g_ptr_array_index (item->copies, i);
    if (copy->note)
      add_told (state, copy->recipients[0], item->date);
    add_copy (state, item->id, i, copy);
  }
}

void
state_outbox_set (struct state *state, const struct outbox_item *item)
{
  state_run (state, "UPDATE items SET not_before = ?, next_try = ?, tries = ?, waits_for = ?, late = ? WHERE id = ?",
             "iiiiis", item->not_before, item->next_try, (gint64) item->tries, (gint64) item->wait, (gint64) item->late,
             item->id);
}

void
state_outbox_set_people (struct state *state, const struct outbox_item *item, const struct outbox_copy *copy)
{
  for (guint i = 0; i < copy->count; i++)
    state_run (state, "UPDATE people SET state = ?, text = ? WHERE item = ? AND copy = ? AND place = ?", "issii",
               (gint64) copy->people[i].state, copy->people[i].text, item->id, (gint64) copy->number, (gint64) i);
}

void
state_outbox_delete (struct state *state, const char *id)
{
  state_run (state, "DELETE FROM people WHERE item = ?", "s", id);
  state_run (state, "DELETE FROM copies WHERE item = ?", "s", id);
  state_run (state, "DELETE FROM items WHERE id = ?", "s", id);
}
