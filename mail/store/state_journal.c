/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal: what was done here and must still be done on the server. */
#include "mail/store/state_p.h"

#define KEPT_S (400 * 24 * 60 * 60) /* nobody asks again so late */
#define COLUMNS "id, kind, mail, folder, uid, step, uid_before, msgid, add_flags, remove_flags"

static struct state_change *
change_from (sqlite3_stmt *row)
{
  struct state_change *change = g_new0 (struct state_change, 1);
  change->id = sqlite3_column_int64 (row, 0);
  change->kind = (enum state_kind) CLAMP (sqlite3_column_int (row, 1), STATE_MOVE, STATE_FLAGS);
  change->mail = sqlite3_column_int64 (row, 2);
  change->folder = sqlite3_column_int64 (row, 3);
  change->uid = (guint32) sqlite3_column_int64 (row, 4);
  change->step = sqlite3_column_int (row, 5);
  change->uid_before = (guint32) sqlite3_column_int64 (row, 6);
  change->msgid = g_strdup (state_text (row, 7));
  change->add = g_strdup (state_text (row, 8));
  change->remove = g_strdup (state_text (row, 9));
  return change;
}

void
state_change_free (struct state_change *change)
{
  g_free (change->msgid);
  g_free (change->add);
  g_free (change->remove);
  g_free (change);
}

GPtrArray *
state_changes (struct state *state)
{
  GPtrArray *changes = g_ptr_array_new_with_free_func ((GDestroyNotify) state_change_free);
  sqlite3_stmt *row = state_query (state, "SELECT " COLUMNS " FROM journal ORDER BY id", "");
  while (state_row (state, &row))
    g_ptr_array_add (changes, change_from (row));
  return changes;
}

struct state_change *
state_change_of_mail (struct state *state, gint64 mail)
{
  sqlite3_stmt *row = state_query (state, "SELECT " COLUMNS " FROM journal WHERE mail = ? ORDER BY id", "i", mail);
  struct state_change *change = state_row (state, &row) ? change_from (row) : NULL;
  state_end (state, row);
  return change;
}

void
state_change_save (struct state *state, struct state_change *change)
{
  const char *msgid = change->msgid != NULL ? change->msgid : "";
  if (change->id == 0) {
    state_run (state,
               "INSERT INTO journal (kind, mail, folder, uid, step, uid_before, msgid, add_flags, remove_flags) VALUES "
               "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
               "iniiiisss", (gint64) change->kind, change->mail, change->folder, (gint64) change->uid,
               (gint64) change->step, (gint64) change->uid_before, msgid, change->add, change->remove);
    change->id = sqlite3_last_insert_rowid (state->db);
    return;
  }
  state_run (state, "UPDATE journal SET kind = ?, mail = ?, folder = ?, uid = ?, step = ?, uid_before = ? WHERE id = ?",
             "iniiiii", (gint64) change->kind, change->mail, change->folder, (gint64) change->uid,
             (gint64) change->step, (gint64) change->uid_before, change->id);
}

void
state_change_delete (struct state *state, gint64 id)
{
  state_run (state, "DELETE FROM journal WHERE id = ?", "i", id);
}

gboolean
state_has_changes (struct state *state)
{
  sqlite3_stmt *row
      = state_query (state,
                     "SELECT EXISTS (SELECT 1 FROM journal) OR"
                     " EXISTS (SELECT 1 FROM mails WHERE (flags != server_flags OR keywords != server_keywords)"
                     " AND uid IS NOT NULL)"
                     " OR EXISTS (SELECT 1 FROM folders WHERE wanted OR removing"
                     " OR (present AND (path != server_path OR subscribed != server_subscribed)))",
                     "");
  gboolean some = state_row (state, &row) && sqlite3_column_int (row, 0) != 0;
  state_end (state, row);
  return some;
}

/* ---- what was handed in to be kept once ---- */

gint64
state_kept (struct state *state, const char *key)
{
  gint64 mail = 0;
  sqlite3_stmt *row = state_query (state, "SELECT mail FROM kept WHERE key = ?", "s", key);
  while (state_row (state, &row))
    mail = sqlite3_column_int64 (row, 0);
  return mail;
}

void
state_kept_add (struct state *state, const char *key, gint64 mail)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  state_run (state, "DELETE FROM kept WHERE time < ?", "i", now - KEPT_S);
  state_run (state, "INSERT OR REPLACE INTO kept (key, mail, time) VALUES (?, ?, ?)", "sii", key, mail, now);
}
