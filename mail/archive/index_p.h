/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the index_*.c share. libnotmuch's types are named by their struct tags, so that its header stays in those files. */
#pragma once
#include "mail/archive/index.h"

struct _notmuch_database;
struct _notmuch_message;
struct _notmuch_query;
struct index_guard;
struct contacts;
struct tagbook;

const char *index_db_mail_dir (struct index_db *db);
struct index_guard *index_db_guard (struct index_db *db); /* the writer's; a reader has none */
struct contacts *index_db_contacts (struct index_db *db);
struct tagbook *index_db_book (struct index_db *db);                 /* the writer's */
void index_db_note_damaged (struct index_db *db);                    /* a mail that is listed by its header alone */
gboolean index_db_owns_path (struct index_db *db, const char *path); /* below mail_dir, without ".." */

/* Reading: run gets a handle that sees the newest commit, and returns a notmuch_status_t. When a writer got in its way it is run
 * again, so it begins by emptying its results. There is no index yet: run is not called, and the answer is TRUE. */
typedef guint (*index_read_fn) (struct _notmuch_database *notmuch, gpointer data);
gboolean index_db_read (struct index_db *db, index_read_fn run, gpointer data, GError **error);

/* Writing: begin opens for writing (waits a bounded time for another writer), commit makes durable and closes; drop closes without. */
struct _notmuch_database *index_db_begin (struct index_db *db, GError **error);
gboolean index_db_commit (struct index_db *db, GError **error);
/* status: of what was done since begin; commits, or drops and says that it failed to do what. */
gboolean index_db_end (struct index_db *db, guint status, const char *what, GError **error);
void index_db_drop (struct index_db *db);
void index_db_note_date (struct index_db *db,
                         gint64 date); /* of a mail added in this batch: the newest is where lists begin to look */
gint64 index_db_newest (struct _notmuch_database *notmuch);
void index_db_status_error (struct _notmuch_database *notmuch, guint status, const char *what, GError **error);

/* Queries with the usual exclusions. */
guint index_query_open (struct _notmuch_database *notmuch, const char *text, gboolean exclude,
                        struct _notmuch_query **query_out);
gboolean index_query_is_all (const char *query);
char *index_query_both (const char *restriction, const char *query); /* restriction and (query) */

/* Fields of rows. */
#define INDEX_TEXT_MAX 4096
char *index_row_id (struct _notmuch_message *message);          /* Message-ID as it travels: valid UTF-8 */
char *index_row_id_back (const char *id);                       /* and back; caller frees */
char *index_row_path (struct _notmuch_message *message);        /* the first of its files that is there; "": none */
char *index_row_text (const char *text);                        /* sanitised, bounded, never NULL */
GVariant *index_row_paths (struct _notmuch_message *message);   /* as */
GVariant *index_row_tags (struct _notmuch_message *message);    /* as */
GVariant *index_row_message (struct _notmuch_message *message); /* a{sv}: id, paths, tags */
