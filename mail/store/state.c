/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The database under the state: opening, transactions, bound statements, and the folders. */
#include "mail/store/state_p.h"

#include "mail/engine.h"

#include <stdarg.h>
#include <string.h>

static const char schema[]
    = "CREATE TABLE IF NOT EXISTS folders (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, role TEXT NOT NULL "
      "DEFAULT '',"
      " dir TEXT NOT NULL UNIQUE, delimiter INTEGER NOT NULL, uidvalidity INTEGER NOT NULL DEFAULT 0, uidnext INTEGER "
      "NOT NULL DEFAULT 0,"
      " modseq INTEGER NOT NULL DEFAULT 0, present INTEGER NOT NULL DEFAULT 0, dirty INTEGER NOT NULL DEFAULT 0);"
      "CREATE TABLE IF NOT EXISTS mails (id INTEGER PRIMARY KEY, folder INTEGER NOT NULL, uid INTEGER, base TEXT NOT "
      "NULL,"
      " flags TEXT NOT NULL, server_flags TEXT NOT NULL, msgid TEXT NOT NULL, indexed INTEGER NOT NULL, UNIQUE "
      "(folder, base),"
      " UNIQUE (folder, uid));"
      "CREATE INDEX IF NOT EXISTS mails_new ON mails (folder) WHERE indexed = 0;"
      "CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, mail INTEGER, "
      "folder INTEGER NOT NULL,"
      " uid INTEGER NOT NULL, step INTEGER NOT NULL, uid_before INTEGER NOT NULL, msgid TEXT NOT NULL, add_flags TEXT, "
      "remove_flags TEXT);"
      "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
      "CREATE TABLE IF NOT EXISTS news (path TEXT PRIMARY KEY, mail INTEGER NOT NULL, time INTEGER NOT NULL);"
      "CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, mail INTEGER NOT NULL, time INTEGER NOT NULL);";

/* Columns that came later: a record of an earlier version gets them when it is opened. after: what they hold for the rows that are there. */
static const struct {
  const char *table, *column, *type, *after;
} later_columns[] = {
  { "folders", "server_path", "TEXT NOT NULL DEFAULT ''", "UPDATE folders SET server_path = path" },
  { "folders", "space", "TEXT NOT NULL DEFAULT ''", NULL },
  { "folders", "leaf", "INTEGER NOT NULL DEFAULT 0", NULL },
  { "folders", "wanted", "INTEGER NOT NULL DEFAULT 0", NULL },
  { "folders", "removing", "INTEGER NOT NULL DEFAULT 0", NULL },
  { "folders", "subscribed", "INTEGER NOT NULL DEFAULT 0", NULL },
  { "folders", "server_subscribed", "INTEGER NOT NULL DEFAULT 0", NULL },
  { "folders", "no_keywords", "INTEGER NOT NULL DEFAULT 0", NULL },
  { "mails", "keywords", "TEXT NOT NULL DEFAULT ''", NULL },
  /* Which keywords the mails have was not known: all are asked for once. */
  { "mails", "server_keywords", "TEXT NOT NULL DEFAULT ''",
    "UPDATE folders SET modseq = 0; DROP INDEX IF EXISTS mails_changed" },
  /* Mail that was too large had a row without a file (indexed = 2); without it, its header is fetched. */
  { "mails", "header_only", "INTEGER NOT NULL DEFAULT 0", "DELETE FROM mails WHERE indexed = 2" },
  { "mails", "size", "INTEGER NOT NULL DEFAULT 0", NULL },
  { "mails", "opened", "INTEGER NOT NULL DEFAULT 0", NULL },
  { "mails", "date", "INTEGER NOT NULL DEFAULT 0", NULL },
};
/* Of few mails among very many; queries name them, so that they must be there. */
static const char later_indexes[]
    = "CREATE INDEX IF NOT EXISTS mails_header ON mails (folder) WHERE header_only = 1;"
      "CREATE INDEX IF NOT EXISTS mails_differ ON mails (folder) WHERE (flags != server_flags OR keywords != "
      "server_keywords) AND uid IS NOT NULL;";

static void
note (struct state *state)
{
  if (state->problem == NULL)
    state->problem = g_strdup (sqlite3_errmsg (state->db));
}

static gboolean
execute (struct state *state, const char *sql)
{
  if (sqlite3_exec (state->db, sql, NULL, NULL, NULL) == SQLITE_OK)
    return TRUE;
  note (state);
  return FALSE;
}

/* What cannot be opened for writing SQLite opens for reading, without a word: each change would fail until the next start. */
static gboolean
is_writable (struct state *state)
{
  if (sqlite3_db_readonly (state->db, "main") == 0)
    return TRUE;
  state->problem = g_strdup ("it cannot be written");
  return FALSE;
}

#define PREPARED_MAX 100

/* Statements are long, begin alike and are looked for very often. */
#define STATEMENT_TAIL 24
static guint
statement_hash (gconstpointer sql)
{
  const gsize size = strlen (sql);
  return g_str_hash ((const char *) sql + (size > STATEMENT_TAIL ? size - STATEMENT_TAIL : 0)) ^ (guint) size;
}

static void
forget_statement (gpointer statement)
{
  (void) sqlite3_finalize (statement);
}

struct state *
state_open_with (const char *file, const char *tables, GError **error)
{
  AUTOFREE (state) state = g_new0 (struct state, 1);
  state->prepared = g_hash_table_new_full (statement_hash, g_str_equal, NULL, forget_statement);
  /* WAL with synchronous=FULL: a commit is on the disk when it returns. */
  if (sqlite3_open_v2 (file, &state->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW, NULL)
          == SQLITE_OK
      && is_writable (state) && sqlite3_busy_timeout (state->db, 5000) == SQLITE_OK
      && execute (state, "PRAGMA temp_store=MEMORY") && execute (state, "PRAGMA journal_mode=WAL")
      && execute (state, "PRAGMA synchronous=FULL") && execute (state, "BEGIN IMMEDIATE") && execute (state, tables)
      && execute (state, "COMMIT"))
    return g_steal_pointer (&state);
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
               "wardmail's record of the mail store, %s, cannot be opened: %s. Look whether the disk "
               "is full. If the file is damaged, restore it from a backup, or move it away: then it is made anew from "
               "the mail that is there.",
               file, state->problem != NULL ? state->problem : sqlite3_errmsg (state->db));
  return NULL;
}

static gboolean
has_column (struct state *state, const char *table, const char *column)
{
  sqlite3_stmt *row = state_query (state, "SELECT 1 FROM pragma_table_info (?) WHERE name = ?", "ss", table, column);
  gboolean has = state_row (state, &row);
  state_end (state, row);
  return has;
}

static gboolean
add_later_columns (struct state *state, GError **error)
{
  state_begin (state);
  for (gsize i = 0; i < G_N_ELEMENTS (later_columns); i++) {
    if (has_column (state, later_columns[i].table, later_columns[i].column))
      continue;
    g_autofree char *sql = g_strdup_printf ("ALTER TABLE %s ADD COLUMN %s %s", later_columns[i].table,
                                            later_columns[i].column, later_columns[i].type);
    (void) execute (state, sql); /* not state_run, which takes strings of the program alone */
    if (later_columns[i].after != NULL)
      (void) execute (state, later_columns[i].after);
  }
  (void) execute (state, later_indexes);
  return state_commit (state, error);
}

struct state *
state_open (const char *file, GError **error)
{
  AUTOFREE (state) state = state_open_with (file, schema, error);
  return state != NULL && add_later_columns (state, error) ? g_steal_pointer (&state) : NULL;
}

void
state_free (struct state *state)
{
  g_clear_pointer (&state->prepared, g_hash_table_unref);
  sqlite3_close_v2 (state->db);
  g_free (state->problem);
  g_free (state);
}

gboolean
state_fine (struct state *state, GError **error)
{
  if (state->problem != NULL)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "wardmail's record of the mail store cannot be read: %s. Nothing was changed. "
                 "Look whether the disk is in order; if the record is damaged, restore it from a backup.",
                 state->problem);
  return state->problem == NULL;
}

void
state_begin (struct state *state)
{
  g_clear_pointer (&state->problem, g_free);
  execute (state, "BEGIN IMMEDIATE");
}

void
state_rollback (struct state *state)
{
  if (!sqlite3_get_autocommit (state->db))
    (void) sqlite3_exec (state->db, "ROLLBACK", NULL, NULL, NULL);
  g_clear_pointer (&state->problem, g_free);
}

/* A COMMIT whose sync failed has written all there is to write: undone in memory, it would be found by whoever opens the file after us. */
static void
forget_commit (struct state *state)
{
  (void) sqlite3_wal_checkpoint_v2 (state->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

gboolean
state_commit (struct state *state, GError **error)
{
  const gboolean ready = state->problem == NULL;
  if (ready && execute (state, "COMMIT"))
    return TRUE;
  g_set_error (
      error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
      "wardmail could not write its record of the mail store (%s). Nothing was changed; look whether the disk is full.",
      state->problem);
  state_rollback (state);
  if (ready)
    forget_commit (state);
  state->failed = TRUE;
  return FALSE;
}

gboolean
state_has_failed (const struct state *state)
{
  return state->failed;
}

/* One that was prepared before, and is not in use. */
static sqlite3_stmt *
prepare (struct state *state, const char *sql)
{
  sqlite3_stmt *statement = NULL;
  if (g_hash_table_steal_extended (state->prepared, sql, NULL, (gpointer *) &statement))
    return statement;
  if (sqlite3_prepare_v2 (state->db, sql, -1, &statement, NULL) == SQLITE_OK)
    return statement;
  note (state);
  return NULL;
}

static void
bind (sqlite3_stmt *statement, const char *types, va_list values)
{
  for (int i = 0; statement != NULL && types[i] != '\0'; i++) {
    if (types[i] == 's') {
      sqlite3_bind_text (statement, i + 1, va_arg (values, const char *), -1, SQLITE_TRANSIENT);
      continue;
    }
    gint64 number = va_arg (values, gint64);
    if (types[i] == 'n' && number == 0)
      sqlite3_bind_null (statement, i + 1);
    else
      sqlite3_bind_int64 (statement, i + 1, number);
  }
}

sqlite3_stmt *
state_query (struct state *state, const char *sql, const char *types, ...)
{
  va_list values;
  sqlite3_stmt *statement = prepare (state, sql);
  va_start (values, types);
  bind (statement, types, values);
  va_end (values);
  return statement;
}

void
state_end (struct state *state, sqlite3_stmt *statement)
{
  if (statement == NULL)
    return;
  (void) sqlite3_reset (statement);
  (void) sqlite3_clear_bindings (statement);
  const char *sql = sqlite3_sql (statement);
  if (sql == NULL || g_hash_table_size (state->prepared) >= PREPARED_MAX
      || g_hash_table_contains (state->prepared, sql))
    sqlite3_finalize (statement);
  else
    g_hash_table_insert (state->prepared, (gpointer) sql, statement);
}

gboolean
state_row (struct state *state, sqlite3_stmt **statement)
{
  int code = *statement == NULL ? SQLITE_DONE : sqlite3_step (*statement);
  if (code == SQLITE_ROW)
    return TRUE;
  if (code != SQLITE_DONE)
    note (state);
  state_end (state, *statement);
  *statement = NULL;
  return FALSE;
}

void
state_run (struct state *state, const char *sql, const char *types, ...)
{
  va_list values;
  sqlite3_stmt *statement = prepare (state, sql);
  va_start (values, types);
  bind (statement, types, values);
  va_end (values);
  if (statement != NULL && sqlite3_step (statement) != SQLITE_DONE)
    note (state);
  state_end (state, statement);
}

const char *
state_text (sqlite3_stmt *statement, int column)
{
  const char *text = (const char *) sqlite3_column_text (statement, column);
  return text != NULL ? text : "";
}

#define FOLDER_COLUMNS                                                                                                 \
  "id, path, role, dir, delimiter, uidvalidity, uidnext, modseq, present, dirty, server_path, space, leaf, wanted, "   \
  "removing, subscribed, server_subscribed, no_keywords"

static struct state_folder *
folder_from (sqlite3_stmt *row)
{
  struct state_folder *folder = g_new0 (struct state_folder, 1);
  folder->id = sqlite3_column_int64 (row, 0);
  folder->path = g_strdup (state_text (row, 1));
  folder->role = g_strdup (state_text (row, 2));
  folder->dir = g_strdup (state_text (row, 3));
  folder->delimiter = (char) sqlite3_column_int (row, 4);
  folder->uidvalidity = (guint32) sqlite3_column_int64 (row, 5);
  folder->uidnext = (guint32) sqlite3_column_int64 (row, 6);
  folder->modseq = (guint64) sqlite3_column_int64 (row, 7);
  folder->present = sqlite3_column_int (row, 8) != 0;
  folder->dirty = sqlite3_column_int (row, 9) != 0;
  folder->server_path = g_strdup (state_text (row, 10));
  folder->space = g_strdup (state_text (row, 11));
  folder->leaf = sqlite3_column_int (row, 12) != 0;
  folder->wanted = sqlite3_column_int (row, 13) != 0;
  folder->removing = sqlite3_column_int (row, 14) != 0;
  folder->subscribed = sqlite3_column_int (row, 15) != 0;
  folder->server_subscribed = sqlite3_column_int (row, 16) != 0;
  folder->no_keywords = sqlite3_column_int (row, 17) != 0;
  return folder;
}

void
state_folder_free (struct state_folder *folder)
{
  g_free (folder->path);
  g_free (folder->role);
  g_free (folder->dir);
  g_free (folder->server_path);
  g_free (folder->space);
  g_free (folder);
}

GPtrArray *
state_folders (struct state *state)
{
  GPtrArray *folders = g_ptr_array_new_with_free_func ((GDestroyNotify) state_folder_free);
  sqlite3_stmt *row = state_query (state, "SELECT " FOLDER_COLUMNS " FROM folders ORDER BY path", "");
  while (state_row (state, &row))
    g_ptr_array_add (folders, folder_from (row));
  return folders;
}

static struct state_folder *
only_folder (struct state *state, sqlite3_stmt *row)
{
  struct state_folder *folder = state_row (state, &row) ? folder_from (row) : NULL;
  state_end (state, row);
  return folder;
}

struct state_folder *
state_folder_find (struct state *state, const char *column, const char *value)
{
  const char *sql = strcmp (column, "role") == 0 ? "SELECT " FOLDER_COLUMNS
                                                   " FROM folders WHERE role = ? ORDER BY present DESC, id"
                    : strcmp (column, "dir") == 0         ? "SELECT " FOLDER_COLUMNS " FROM folders WHERE dir = ?"
                    : strcmp (column, "server_path") == 0 ? "SELECT " FOLDER_COLUMNS
                                                            " FROM folders WHERE server_path = ? AND present = 1"
                                                          : "SELECT " FOLDER_COLUMNS " FROM folders WHERE path = ?";
  return only_folder (state, state_query (state, sql, "s", value));
}

struct state_folder *
state_folder_get (struct state *state, gint64 id)
{
  return only_folder (state, state_query (state, "SELECT " FOLDER_COLUMNS " FROM folders WHERE id = ?", "i", id));
}

struct state_folder *
state_folder_add (struct state *state, const char *path, char delimiter, const char *dir)
{
  g_autofree char *unique = g_strdup (dir);
  AUTOFREE (state_folder) taken = state_folder_find (state, "dir", dir);
  if (taken != NULL) {
    g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, path, -1);
    g_free (unique);
    unique = g_strdup_printf ("%s%%%.12s", dir, hash);
  }
  state_run (state, "INSERT INTO folders (path, server_path, dir, delimiter) VALUES (?, ?, ?, ?)", "sssi", path, path,
             unique, (gint64) delimiter);
  return state_folder_find (state, "path", path);
}

void
state_folder_save (struct state *state, const struct state_folder *folder)
{
  state_run (state,
             "UPDATE folders SET role = ?, uidvalidity = ?, uidnext = ?, modseq = ?, present = ?, delimiter = ?, "
             "space = ?, leaf = ?, no_keywords = ? WHERE id = ?",
             "siiiiisiii", folder->role, (gint64) folder->uidvalidity, (gint64) folder->uidnext,
             (gint64) folder->modseq, (gint64) folder->present, (gint64) folder->delimiter, folder->space,
             (gint64) folder->leaf, (gint64) folder->no_keywords, folder->id);
}

void
state_folder_want (struct state *state, const struct state_folder *folder)
{
  state_run (state,
             "UPDATE folders SET path = ?, server_path = ?, wanted = ?, removing = ?, subscribed = ?, "
             "server_subscribed = ? WHERE id = ?",
             "ssiiiii", folder->path, folder->server_path, (gint64) folder->wanted, (gint64) folder->removing,
             (gint64) folder->subscribed, (gint64) folder->server_subscribed, folder->id);
}

void
state_folder_delete (struct state *state, gint64 id)
{
  state_run (state, "DELETE FROM folders WHERE id = ?", "i", id);
}

char *
state_fact (struct state *state, const char *name)
{
  sqlite3_stmt *row = state_query (state, "SELECT value FROM facts WHERE name = ?", "s", name);
  char *value = state_row (state, &row) ? g_strdup (state_text (row, 0)) : NULL;
  state_end (state, row);
  return value;
}

void
state_fact_save (struct state *state, const char *name, const char *value)
{
  state_run (state, "INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", "ss", name, value);
}

void
state_folder_set_dirty (struct state *state, gint64 id, gboolean dirty)
{
  state_run (state, "UPDATE folders SET dirty = ? WHERE id = ?", "ii", (gint64) dirty, id);
}
