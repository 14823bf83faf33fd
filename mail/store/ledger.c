/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The ledger's record in SQLite, and what the outbox tells it. See ledger.h. */
#include "mail/store/ledger_p.h"

#include "crypto/addrspec.h"
#include "mail/store/outbox.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define DAY_S (24 * 60 * 60)
#define WORDS_MAX 600
#define LOST_END ".lost"

static const char schema[]
    = "CREATE TABLE IF NOT EXISTS copies (id INTEGER PRIMARY KEY, item TEXT NOT NULL, number INTEGER NOT NULL, "
      "message_id TEXT NOT NULL, envid TEXT NOT NULL UNIQUE, method TEXT NOT NULL, date INTEGER NOT NULL, "
      "asked INTEGER NOT NULL DEFAULT 0, UNIQUE (item, number));"
      "CREATE INDEX IF NOT EXISTS copies_message ON copies (message_id);"
      "CREATE INDEX IF NOT EXISTS copies_date ON copies (date);"
      "CREATE TABLE IF NOT EXISTS recipients (copy INTEGER NOT NULL, address TEXT NOT NULL, folded TEXT NOT NULL, "
      "state INTEGER NOT NULL, trust INTEGER NOT NULL DEFAULT 0, time INTEGER NOT NULL, accepted INTEGER NOT NULL "
      "DEFAULT 0, text TEXT NOT NULL, also TEXT NOT NULL DEFAULT '', told INTEGER NOT NULL DEFAULT 0, "
      "PRIMARY KEY (copy, folded));"
      "CREATE INDEX IF NOT EXISTS recipients_waiting ON recipients (copy) WHERE state <= 3;"
      "CREATE TABLE IF NOT EXISTS answered (message_id TEXT PRIMARY KEY, answer TEXT NOT NULL, time INTEGER NOT NULL);";

static gint64
clock_s (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

/* Old rows go; what others wrote to us about is remembered as long as what we wrote. */
static void
expire (struct ledger *ledger)
{
  const gint64 before = clock_s () - (gint64) LEDGER_DAYS * DAY_S;
  state_begin (ledger->state);
  state_run (ledger->state, "DELETE FROM recipients WHERE copy IN (SELECT id FROM copies WHERE date < ?)", "i", before);
  state_run (ledger->state, "DELETE FROM copies WHERE date < ?", "i", before);
  state_run (ledger->state, "DELETE FROM answered WHERE time < ?", "i", before);
  if (!state_commit (ledger->state, NULL))
    g_debug ("old rows of the ledger stay for now");
}

/* With what SQLite keeps beside it. */
static void
rename_all (const char *file, const char *from_end, const char *to_end)
{
  static const char *const ends[] = { "", "-wal", "-shm" };
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++) {
    g_autofree char *from = g_strconcat (file, from_end, ends[i], NULL),
                    *to = g_strconcat (file, to_end, ends[i], NULL);
    if (g_rename (from, to) != 0 && errno != ENOENT)
      g_debug ("%s stays: %s", from, g_strerror (errno));
  }
}

struct ledger *
ledger_open (const char *dir, GError **error)
{
  g_autofree char *file = g_build_filename (dir, "ledger.db", NULL);
  AUTOFREE (ledger) ledger = g_new0 (struct ledger, 1);
  g_autoptr (GError) problem = NULL;
  ledger->state = state_open_with (file, schema, &problem);
  if (ledger->state == NULL) {
    rename_all (file, "", LOST_END);
    ledger->state = state_open_with (file, schema, error);
  }
  if (ledger->state == NULL) { /* it is not the file that is at fault */
    rename_all (file, LOST_END, "");
    return NULL;
  }
  expire (ledger);
  return g_steal_pointer (&ledger);
}

void
ledger_free (struct ledger *ledger)
{
  g_clear_pointer (&ledger->state, state_free);
  g_free (ledger);
}

void
ledger_row_free (struct ledger_row *row)
{
  g_free (row->message_id);
  g_free (row->address);
  g_free (row->text);
  g_free (row->method);
  g_free (row);
}

char *
ledger_fold (const char *address)
{
  char *folded = addrspec_fold (address);
  return folded != NULL ? folded : g_ascii_strdown (address, -1);
}

/* ---- what the outbox knows ---- */

/* What failed or was withdrawn of the same message to the same person is told by the newer attempt. */
static void
forget_older (struct ledger *ledger, gint64 copy, const char *message_id, const char *folded)
{
  state_run (ledger->state,
             "DELETE FROM recipients WHERE folded = ? AND copy != ? AND accepted = 0 AND state IN (?, ?) AND copy IN "
             "(SELECT id FROM copies WHERE message_id = ?)",
             "siiis", folded, copy, (gint64) LEDGER_WITHDRAWN, (gint64) LEDGER_FAILED, message_id);
}

static gint64
copy_id (struct ledger *ledger, const char *item, guint number)
{
  gint64 id = 0;
  sqlite3_stmt *row
      = state_query (ledger->state, "SELECT id FROM copies WHERE item = ? AND number = ?", "si", item, (gint64) number);
  while (state_row (ledger->state, &row))
    id = sqlite3_column_int64 (row, 0);
  return id;
}

static gint64
add_copy (struct ledger *ledger, const struct outbox_item *item, const struct outbox_copy *copy)
{
  g_autofree char *envid = g_uuid_string_random ();
  state_run (ledger->state,
             "INSERT INTO copies (item, number, message_id, envid, method, date) VALUES (?, ?, ?, ?, ?, ?)", "sisssi",
             item->id, (gint64) copy->number, item->message_id, envid,
             copy->note ? "note" : route_method_name (copy->method), item->date);
  const gint64 id = copy_id (ledger, item->id, copy->number);
  for (char **one = copy->recipients; *one != NULL; one++) {
    g_autofree char *folded = ledger_fold (*one);
    state_run (ledger->state,
               "INSERT OR IGNORE INTO recipients (copy, address, folded, state, time, text) VALUES (?, ?, ?, ?, ?, '')",
               "issii", id, *one, folded, (gint64) LEDGER_QUEUED, item->date);
    forget_older (ledger, id, item->message_id, folded);
  }
  return id;
}

static const char accepted_text[] = "Your mail server took it.";

/* The state that the outbox's means for a recipient of whom so much is known; FALSE: nothing new. */
static gboolean
from_outbox (enum outbox_state there, enum ledger_state known, gint64 accepted, enum ledger_state *state_out)
{
  const gboolean open
      = accepted == 0 && known != LEDGER_RELAYED && known != LEDGER_DELIVERED && known != LEDGER_DISPLAYED;
  switch (there) {
  case OUTBOX_READY:
  case OUTBOX_SENDING:
    *state_out = LEDGER_QUEUED;
    break;
  case OUTBOX_ACCEPTED:
    *state_out = LEDGER_ACCEPTED;
    break;
  case OUTBOX_FAILED:
    *state_out = LEDGER_FAILED;
    break;
  case OUTBOX_UNKNOWN:
    *state_out = LEDGER_UNKNOWN;
    break;
  case OUTBOX_DROPPED:
    *state_out = LEDGER_WITHDRAWN;
    break;
  }
  return open;
}

struct known {
  char *folded, *text;
  enum ledger_state state;
  gint64 accepted;
};

static void
known_free (gpointer data)
{
  struct known *known = data;
  g_free (known->folded);
  g_free (known->text);
  g_free (known);
}

static GPtrArray *
known_of (struct ledger *ledger, gint64 copy)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (known_free);
  sqlite3_stmt *row
      = state_query (ledger->state, "SELECT folded, state, accepted, text FROM recipients WHERE copy = ?", "i", copy);
  while (state_row (ledger->state, &row)) {
    struct known *known = g_new0 (struct known, 1);
    known->folded = g_strdup (state_text (row, 0));
    known->state = ledger_state_of (sqlite3_column_int (row, 1));
    known->accepted = sqlite3_column_int64 (row, 2);
    known->text = g_strdup (state_text (row, 3));
    g_ptr_array_add (list, known);
  }
  return list;
}

/* By their folded addresses; a copy can be for many. */
static GHashTable *
people_of (const struct outbox_copy *copy)
{
  GHashTable *people = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < copy->count; i++)
    g_hash_table_insert (people, ledger_fold (copy->people[i].address), &copy->people[i]);
  return people;
}

static void
follow_copy (struct ledger *ledger, const struct outbox_item *item, const struct outbox_copy *copy)
{
  gint64 id = copy_id (ledger, item->id, copy->number);
  if (id == 0)
    id = add_copy (ledger, item, copy);
  g_autoptr (GPtrArray) list = known_of (ledger, id);
  g_autoptr (GHashTable) people = people_of (copy);
  for (guint i = 0; i < list->len; i++) {
    const struct known *known = g_ptr_array_index (list, i);
    enum ledger_state state = LEDGER_QUEUED;
    const struct outbox_person *person = g_hash_table_lookup (people, known->folded);
    if (person == NULL || !from_outbox (person->state, known->state, known->accepted, &state))
      continue;
    const char *text = state == LEDGER_ACCEPTED ? accepted_text : person->text;
    g_autofree char *cut = g_utf8_substring (text, 0, MIN (g_utf8_strlen (text, -1), WORDS_MAX));
    if (state == known->state && strcmp (cut, known->text) == 0)
      continue;
    const gint64 now = clock_s ();
    state_run (ledger->state,
               "UPDATE recipients SET state = ?, trust = 0, text = ?, accepted = ?, time = CASE WHEN state = ? THEN "
               "time ELSE ? END WHERE copy = ? AND folded = ?",
               "isiiiis", (gint64) state, cut, state == LEDGER_ACCEPTED ? now : (gint64) 0, (gint64) state, now, id,
               known->folded);
  }
}

/* What waits according to the ledger, and is not in the outbox any more. */
static void
withdraw (struct ledger *ledger, GHashTable *here)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_free);
  sqlite3_stmt *row = state_query (ledger->state,
                                   "SELECT DISTINCT copies.item FROM recipients JOIN copies ON copies.id = "
                                   "recipients.copy WHERE recipients.state = ? AND recipients.state <= 3",
                                   "i", (gint64) LEDGER_QUEUED);
  while (state_row (ledger->state, &row))
    if (!g_hash_table_contains (here, state_text (row, 0)))
      g_ptr_array_add (gone, g_strdup (state_text (row, 0)));
  for (guint i = 0; i < gone->len; i++)
    state_run (ledger->state,
               "UPDATE recipients SET state = ?, time = ?, text = 'It was taken out of the outbox, and was not sent.' "
               "WHERE state = ? AND copy IN (SELECT id FROM copies WHERE item = ?)",
               "iiis", (gint64) LEDGER_WITHDRAWN, clock_s (), (gint64) LEDGER_QUEUED, g_ptr_array_index (gone, i));
}

gboolean
ledger_follow (struct ledger *ledger, const GPtrArray *items, GError **error)
{
  g_autoptr (GHashTable) here = g_hash_table_new (g_str_hash, g_str_equal);
  state_begin (ledger->state);
  for (guint i = 0; i < items->len; i++) {
    const struct outbox_item *item = g_ptr_array_index (items, i);
    g_hash_table_add (here, item->id);
    for (guint c = 0; c < item->copies->len && *item->from != '\0'; c++) /* a receipt of ours is nothing to wait for */
      follow_copy (ledger, item, g_ptr_array_index (item->copies, c));
  }
  withdraw (ledger, here);
  return state_commit (ledger->state, error);
}

gboolean
ledger_follow_copy (struct ledger *ledger, const struct outbox_item *item, const struct outbox_copy *copy,
                    GError **error)
{
  state_begin (ledger->state);
  if (*item->from != '\0')
    follow_copy (ledger, item, copy);
  return state_commit (ledger->state, error);
}

char *
ledger_envid (struct ledger *ledger, const char *item, guint number)
{
  char *envid = NULL;
  sqlite3_stmt *row = state_query (ledger->state, "SELECT envid FROM copies WHERE item = ? AND number = ?", "si", item,
                                   (gint64) number);
  while (state_row (ledger->state, &row))
    envid = g_strdup (state_text (row, 0));
  return envid;
}

gboolean
ledger_asked (struct ledger *ledger, const char *item, guint number, GError **error)
{
  state_begin (ledger->state);
  state_run (ledger->state, "UPDATE copies SET asked = 1 WHERE item = ? AND number = ? AND asked = 0", "si", item,
             (gint64) number);
  return state_commit (ledger->state, error);
}

/* ---- receipts that were asked of us ---- */

char *
ledger_answered (struct ledger *ledger, const char *message_id)
{
  char *answer = NULL;
  sqlite3_stmt *row = state_query (ledger->state, "SELECT answer FROM answered WHERE message_id = ?", "s", message_id);
  while (state_row (ledger->state, &row))
    answer = g_strdup (state_text (row, 0));
  return answer;
}

gboolean
ledger_answer (struct ledger *ledger, const char *message_id, const char *answer, gint64 now, GError **error)
{
  state_begin (ledger->state);
  state_run (ledger->state, "INSERT OR REPLACE INTO answered (message_id, answer, time) VALUES (?, ?, ?)", "ssi",
             message_id, answer, now);
  return state_commit (ledger->state, error);
}
