/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The state's rows of mails: which file belongs to which UID. */
#include "mail/store/state_p.h"

#include <string.h>

#define COLUMNS                                                                                                        \
  "id, folder, uid, base, flags, server_flags, msgid, indexed, header_only, size, date, opened, keywords, "            \
  "server_keywords"
#define DIFFERS                                                                                                        \
  "(flags != server_flags OR keywords != server_keywords) AND uid IS NOT NULL" /* as in the index mails_differ */

/* Most have none, and are many. */
static char *
keywords_from (sqlite3_stmt *row, int column)
{
  const char *text = state_text (row, column);
  return *text != '\0' ? g_strdup (text) : NULL;
}

static struct state_mail *
mail_from (sqlite3_stmt *row)
{
  struct state_mail *mail = g_new0 (struct state_mail, 1);
  mail->id = sqlite3_column_int64 (row, 0);
  mail->folder = sqlite3_column_int64 (row, 1);
  mail->uid = (guint32) sqlite3_column_int64 (row, 2);
  mail->base = g_strdup (state_text (row, 3));
  g_strlcpy (mail->flags, state_text (row, 4), sizeof mail->flags);
  g_strlcpy (mail->server_flags, state_text (row, 5), sizeof mail->server_flags);
  mail->msgid = g_strdup (state_text (row, 6));
  mail->indexed = (enum state_indexed) CLAMP (sqlite3_column_int (row, 7), STATE_NEW, STATE_INDEXED);
  mail->header_only = sqlite3_column_int (row, 8) != 0;
  mail->size_bytes = (guint64) MAX (sqlite3_column_int64 (row, 9), 0);
  mail->date = sqlite3_column_int64 (row, 10);
  mail->opened = sqlite3_column_int64 (row, 11);
  mail->keywords = keywords_from (row, 12);
  mail->server_keywords = keywords_from (row, 13);
  return mail;
}

void
state_mail_free (struct state_mail *mail)
{
  g_free (mail->base);
  g_free (mail->msgid);
  g_free (mail->keywords);
  g_free (mail->server_keywords);
  g_free (mail);
}

static struct state_mail *
only_mail (struct state *state, sqlite3_stmt *row)
{
  struct state_mail *mail = state_row (state, &row) ? mail_from (row) : NULL;
  state_end (state, row);
  return mail;
}

struct state_mail *
state_mail_get (struct state *state, gint64 id)
{
  return only_mail (state, state_query (state, "SELECT " COLUMNS " FROM mails WHERE id = ?", "i", id));
}

struct state_mail *
state_mail_by_base (struct state *state, gint64 folder, const char *base)
{
  return only_mail (
      state, state_query (state, "SELECT " COLUMNS " FROM mails WHERE folder = ? AND base = ?", "is", folder, base));
}

struct state_mail *
state_mail_by_uid (struct state *state, gint64 folder, guint32 uid)
{
  return only_mail (state, state_query (state, "SELECT " COLUMNS " FROM mails WHERE folder = ? AND uid = ?", "ii",
                                        folder, (gint64) uid));
}

struct state_mail *
state_mail_by_msgid (struct state *state, gint64 folder, const char *msgid)
{
  return only_mail (state, state_query (state,
                                        "SELECT " COLUMNS
                                        " FROM mails WHERE folder = ? AND msgid = ? ORDER BY id DESC LIMIT 1",
                                        "is", folder, msgid));
}

static GPtrArray *
mails_of (struct state *state, sqlite3_stmt *row)
{
  GPtrArray *mails = g_ptr_array_new_with_free_func ((GDestroyNotify) state_mail_free);
  while (state_row (state, &row))
    g_ptr_array_add (mails, mail_from (row));
  return mails;
}

/* Few of very many are looked for, by an index of just these. Left to itself SQLite goes through all, by their UIDs. */
GPtrArray *
state_mails (struct state *state, gint64 folder, enum state_which which)
{
  const char *sql = NULL;
  switch (which) {
  case STATE_ALL:
    sql = "SELECT " COLUMNS " FROM mails WHERE folder = ? ORDER BY uid DESC";
    break;
  case STATE_ON_SERVER:
    sql = "SELECT " COLUMNS " FROM mails WHERE folder = ? AND uid IS NOT NULL ORDER BY uid DESC";
    break;
  case STATE_UNINDEXED:
    sql = "SELECT " COLUMNS " FROM mails INDEXED BY mails_new WHERE folder = ? AND indexed = 0 ORDER BY uid DESC";
    break;
  case STATE_FLAGS_CHANGED:
    sql = "SELECT " COLUMNS " FROM mails INDEXED BY mails_differ WHERE folder = ? AND " DIFFERS " ORDER BY uid DESC";
    break;
  }
  return mails_of (state, state_query (state, sql, "i", folder));
}

GPtrArray *
state_mails_old (struct state *state, gint64 folder, gint64 before, guint64 larger_than, guint32 above, guint limit)
{
  return mails_of (state, state_query (state,
                                       "SELECT " COLUMNS " FROM mails WHERE folder = ? AND uid > ? AND header_only = 0"
                                       " AND (date < ? OR size > ? OR size = 0) ORDER BY uid LIMIT ?",
                                       "iiiii", folder, (gint64) above, before, (gint64) larger_than, (gint64) limit));
}

GPtrArray *
state_mails_wanted (struct state *state, gint64 folder, gint64 since, guint64 size_max, guint limit)
{
  return mails_of (state, state_query (state,
                                       "SELECT " COLUMNS
                                       " FROM mails INDEXED BY mails_header WHERE folder = ? AND header_only = 1"
                                       " AND uid IS NOT NULL AND (date = 0 OR date >= ?) AND size <= ?"
                                       " ORDER BY uid DESC LIMIT ?",
                                       "iiii", folder, since, (gint64) size_max, (gint64) limit));
}

static GPtrArray *
page (struct state *state, sqlite3_stmt *row)
{
  GPtrArray *mails = g_ptr_array_new_with_free_func ((GDestroyNotify) state_mail_free);
  while (state_row (state, &row))
    g_ptr_array_add (mails, mail_from (row));
  return mails;
}

/* A mail keeps its number wherever it goes. */
GPtrArray *
state_mails_before (struct state *state, gint64 before, guint limit)
{
  return page (state, state_query (state, "SELECT " COLUMNS " FROM mails WHERE id < ? ORDER BY id DESC LIMIT ?", "ii",
                                   before, (gint64) limit));
}

GPtrArray *
state_mails_newest (struct state *state, gint64 folder, guint limit)
{
  return page (state, state_query (state,
                                   "SELECT " COLUMNS " FROM mails WHERE folder = ? AND uid IS NOT NULL "
                                   "ORDER BY uid DESC LIMIT ?",
                                   "ii", folder, (gint64) limit));
}

guint
state_count_before (struct state *state, gint64 before)
{
  sqlite3_stmt *row = state_query (state, "SELECT count (*) FROM mails WHERE id < ?", "i", before);
  guint count = state_row (state, &row) ? (guint) sqlite3_column_int64 (row, 0) : 0;
  state_end (state, row);
  return count;
}

GArray *
state_known (struct state *state, gint64 folder, guint32 above, guint limit)
{
  GArray *known = g_array_new (FALSE, FALSE, sizeof (struct state_known));
  sqlite3_stmt *row = state_query (state,
                                   "SELECT uid, server_flags, server_keywords, id FROM mails WHERE folder = ? AND uid "
                                   "> ? ORDER BY uid LIMIT ?",
                                   "iii", folder, (gint64) above, (gint64) limit);
  while (state_row (state, &row)) {
    const char *keywords = state_text (row, 2);
    struct state_known one = { .uid = (guint32) sqlite3_column_int64 (row, 0),
                               .server_keywords = *keywords != '\0' ? g_quark_from_string (keywords) : 0,
                               .id = sqlite3_column_int64 (row, 3) };
    g_strlcpy (one.server_flags, state_text (row, 1), sizeof one.server_flags);
    g_array_append_val (known, one);
  }
  return known;
}

guint
state_count (struct state *state, gint64 folder)
{
  sqlite3_stmt *row
      = state_query (state, "SELECT count (*) FROM mails WHERE folder = ? AND uid IS NOT NULL", "i", folder);
  guint count = state_row (state, &row) ? (guint) sqlite3_column_int64 (row, 0) : 0;
  state_end (state, row);
  return count;
}

void
state_mail_save (struct state *state, struct state_mail *mail)
{
  const char *keywords = mail->keywords != NULL ? mail->keywords : "";
  const char *server_keywords = mail->server_keywords != NULL ? mail->server_keywords : "";
  if (mail->id == 0) {
    state_run (state,
               "INSERT INTO mails (folder, uid, base, flags, server_flags, msgid, indexed, header_only, size, date, "
               "opened, keywords, server_keywords) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               "inssssiiiiiss", mail->folder, (gint64) mail->uid, mail->base, mail->flags, mail->server_flags,
               mail->msgid != NULL ? mail->msgid : "", (gint64) mail->indexed, (gint64) mail->header_only,
               (gint64) mail->size_bytes, mail->date, mail->opened, keywords, server_keywords);
    mail->id = sqlite3_last_insert_rowid (state->db);
    return;
  }
  state_run (
      state,
      "UPDATE mails SET folder = ?, uid = ?, base = ?, flags = ?, server_flags = ?, indexed = ?, header_only = ?, "
      "size = ?, date = ?, opened = ?, keywords = ?, server_keywords = ? WHERE id = ?",
      "insssiiiiissi", mail->folder, (gint64) mail->uid, mail->base, mail->flags, mail->server_flags,
      (gint64) mail->indexed, (gint64) mail->header_only, (gint64) mail->size_bytes, mail->date, mail->opened, keywords,
      server_keywords, mail->id);
}

void
state_mail_delete (struct state *state, gint64 id)
{
  state_run (state, "DELETE FROM mails WHERE id = ?", "i", id);
}

void
state_seen_begin (struct state *state)
{
  state_run (state, "CREATE TEMP TABLE IF NOT EXISTS seen (id INTEGER PRIMARY KEY)", "");
  state_run (state, "DELETE FROM temp.seen", "");
}

void
state_seen_add (struct state *state, gint64 id)
{
  state_run (state, "INSERT OR IGNORE INTO temp.seen (id) VALUES (?)", "i", id);
}

void
state_seen_forget_others (struct state *state, gint64 folder)
{
  state_run (state, "DELETE FROM mails WHERE folder = ? AND id NOT IN (SELECT id FROM temp.seen)", "i", folder);
  state_run (state, "DELETE FROM temp.seen", "");
}
