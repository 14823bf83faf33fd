/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files state*.c share: one way to run SQL with bound values. */
#pragma once
#include "mail/store/state.h"

#include <sqlite3.h>

struct state {
  sqlite3 *db;
  char *problem;        /* the first failure since the last commit or rollback */
  gboolean failed;      /* ever */
  GHashTable *prepared; /* text -> sqlite3_stmt *: those that are not in use */
};

struct state *state_open_with (const char *file, const char *schema, GError **error);
/* types: a letter for each value, 'i' gint64, 's' const char * (NULL is NULL), 'n' gint64 whose 0 is NULL. Prepared and bound; NULL on failure. */
sqlite3_stmt *state_query (struct state *state, const char *sql, const char *types, ...);
/* Puts one that is not stepped to its end back, for the next that asks the same. NULL is nothing. */
void state_end (struct state *state, sqlite3_stmt *statement);
/* TRUE while there is a row; at the end, or on failure, puts it back. */
gboolean state_row (struct state *state, sqlite3_stmt **statement);
/* Runs one that returns no rows. */
void state_run (struct state *state, const char *sql, const char *types, ...);
const char *state_text (sqlite3_stmt *statement, int column); /* never NULL */
