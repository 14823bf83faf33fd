/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of three columns. See tagbook.h. */
#include "mail/store/tagbook.h"

#include "mail/engine.h"
#include "mail/store/state_p.h"

#include <stdio.h>
#include <string.h>

static const char schema[] = "CREATE TABLE IF NOT EXISTS tags (id TEXT NOT NULL, tag TEXT NOT NULL, here INTEGER NOT "
                             "NULL, PRIMARY KEY (id, tag)) WITHOUT ROWID;"
                             "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);";

struct tagbook {
  struct state *state;
};

static gboolean
is_seeded (struct state *state)
{
  sqlite3_stmt *row = state_query (state, "SELECT 1 FROM facts WHERE name = 'seeded'", "");
  gboolean seeded = state_row (state, &row);
  state_end (state, row);
  return seeded;
}

static void
move_aside (const char *file)
{
  static const char *const ends[] = { "", "-wal", "-shm" };
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++) {
    g_autofree char *from = g_strconcat (file, ends[i], NULL), *to = g_strconcat (file, ".damaged", ends[i], NULL);
    (void) rename (from, to);
  }
}

/* A full disk, say, is no damage. */
static gboolean
is_damage (const GError *error)
{
  return strstr (error->message, "malformed") != NULL || strstr (error->message, "not a database") != NULL;
}

static struct state *
open_state (const char *file, gboolean *seeded_out, GError **error)
{
  struct state *state = state_open_with (file, schema, error);
  if (state != NULL)
    *seeded_out = is_seeded (state);
  if (state != NULL && !state_fine (state, error))
    g_clear_pointer (&state, state_free);
  return state;
}

struct tagbook *
tagbook_open (const char *file, gboolean *fresh_out, GError **error)
{
  g_autoptr (GError) problem = NULL;
  gboolean seeded = FALSE;
  struct state *state = open_state (file, &seeded, &problem);
  if (state == NULL && is_damage (problem)) {
    move_aside (file);
    g_clear_error (&problem);
    seeded = FALSE;
    state = open_state (file, &seeded, &problem);
  }
  if (state == NULL) {
    g_propagate_error (error, g_steal_pointer (&problem));
    return NULL;
  }
  *fresh_out = !seeded;
  struct tagbook *book = g_new0 (struct tagbook, 1);
  book->state = state;
  return book;
}

void
tagbook_free (struct tagbook *book)
{
  state_free (book->state);
  g_free (book);
}

void
tagbook_begin (struct tagbook *book)
{
  state_begin (book->state);
}

void
tagbook_note (struct tagbook *book, const char *id, const char *tag, gboolean on)
{
  state_run (book->state, "INSERT OR REPLACE INTO tags (id, tag, here) VALUES (?, ?, ?)", "ssi", id, tag, (gint64) on);
}

void
tagbook_forget (struct tagbook *book, const char *id, const char *tag)
{
  state_run (book->state, "DELETE FROM tags WHERE id = ? AND tag = ?", "ss", id, tag);
}

gboolean
tagbook_commit (struct tagbook *book, GError **error)
{
  state_run (book->state, "INSERT OR REPLACE INTO facts (name, value) VALUES ('seeded', '1')", "");
  return state_commit (book->state, error);
}

void
tagbook_drop (struct tagbook *book)
{
  state_rollback (book->state);
}

void
tagbook_read (struct tagbook *book, const char *id, GPtrArray *on, GPtrArray *off)
{
  sqlite3_stmt *row = state_query (book->state, "SELECT tag, here FROM tags WHERE id = ?", "s", id);
  while (state_row (book->state, &row))
    g_ptr_array_add (sqlite3_column_int (row, 1) != 0 ? on : off, g_strdup (state_text (row, 0)));
}
