/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The index: what is known of every mail, and how it is found again. libnotmuch stays in the index_*.c beside this file.
 *
 * Index workers only. libnotmuch may abort its process (a reader beside a busy writer, a mail it cannot parse), so nothing else lives in
 * that process. Rows are as protocol.c names them; every text in them is sanitised and bounded. Paths are absolute and below mail_dir.
 * Queries leave out what is tagged "deleted" or "spam" unless they name that tag; find and tag take exactly what the query says. */
#pragma once
#include <glib.h>

struct index_db;

#define INDEX_BATCH_MAX 200    /* mails a commit */
#define INDEX_ROWS_MAX 100000  /* rows of one answer */
#define INDEX_THREADS_MAX 1000 /* threads of one answer */

/* index_dir, mail_dir: existing folders. writer: creates the index if there is none or a damaged one, and clears up after a crash. A reader that
 * starts before there is an index finds nothing until there is one. NULL: ENGINE_ERROR_FAILED. */
struct index_db *index_db_new (const char *index_dir, const char *mail_dir, gboolean writer, GError **error);
/* keep_dir: where the writer keeps what must outlast the index; NULL: a reader. */
struct index_db *index_db_new_kept (const char *index_dir, const char *mail_dir, const char *keep_dir_or_null,
                                    GError **error);
void index_db_free (struct index_db *db);
DEFINE_AUTOFREE (index_db, index_db_free)

/* What the last call found. GONE: the folder itself was taken away, and this process can do no more about it. */
enum index_health { INDEX_FINE = 0, INDEX_DAMAGED, INDEX_GONE };
enum index_health index_db_health (struct index_db *db);
gboolean
index_db_was_made (struct index_db *db); /* the writer found none that it could use: mail is missing in this one */
/* The writer: an empty one in place of the one there is. */
gboolean index_db_make_anew (struct index_db *db, GError **error);
guint
index_db_take_damaged (struct index_db *db); /* mails since the last time that could only be listed by their header */
gboolean index_verify (struct index_db *db, GError **error); /* reads every message; may not come back */

/* The writer: another one beside, which takes its place when it is finished. Until then what is written below goes into both. go_on: with what a
 * process before this one had done of it. It is gone when something cannot be written to it; this one stays as it is. */
gboolean index_next_begin (struct index_db *db, gboolean go_on, GError **error);
struct index_db *index_next (struct index_db *db); /* borrowed; NULL: none */
void index_next_drop (struct index_db *db);
gboolean index_next_forget (struct index_db *db); /* what a process before this one left of one; TRUE: something */
gboolean index_next_finish (struct index_db *db, GError **error);

/* Reading. A query that cannot be understood: ENGINE_ERROR_USAGE. Results are floating. */
gboolean index_query_check (const char *query, GError **error); /* brackets and quotes close, length; pure */
/* Threads, newest matching message first: looks at windows of time, newest first, each longer than the one before, until offset + limit
 * threads are found; never at the whole match set for a first screen. limit 0: 50. recipients: rows say whom the newest match goes to (reads
 * the head of that one file). more_out: there are older ones. */
GVariant *index_query_threads (struct index_db *db, const char *query, guint limit, guint offset, gboolean recipients,
                               gboolean *more_out, GError **error);
gboolean index_query_count (struct index_db *db, const char *query, guint *count_out, GError **error);
/* One thread in reading order. query (may be NULL) says which messages are marked as matched. ENGINE_ERROR_NOT_FOUND. */
GVariant *index_thread_rows (struct index_db *db, const char *thread, const char *query, GError **error);
/* ids or query, the other NULL. Rows: id, paths, tags. */
GVariant *index_find_rows (struct index_db *db, const char *const *ids, const char *query, GError **error);

/* What is known of a sender, and of the hosts that a message names. */
struct index_known {
  const char *address, *name; /* of From */
  const char *id;             /* of the message itself, which does not count */
  const char *const *hosts;   /* of From, Reply-To and links; at most 60 are looked at; NULL: none */
  const char *const *own;     /* domains of the user's organisation; NULL: none */
  const char *const *domains; /* that are known beside those of contacts; NULL: none */
};
/* first b: no other mail from them, and none to them. contact b: the user wrote to them. name_of s: whose name they use, "" nobody's.
 * likes a(sus): host, enum lookalike, what it looks like or "". Floating; NULL: ENGINE_ERROR_FAILED. */
GVariant *index_known_facts (struct index_db *db, const struct index_known *ask, GError **error);

/* Writing: the writer only. Each call is durable when it returns TRUE; on FALSE it may be done in part, and may be asked again. */
struct index_mail {
  const char *path;       /* borrowed, as all of these */
  const char *const *add; /* tags; NULL: none */
  const char *const *remove;
  const char *was;   /* the file that this one takes the place of; NULL */
  GBytes *shadow;    /* the mail in clear, for its terms and its subject; NULL: index the file itself */
  const char *moved; /* the file it was: of a mail that is indexed under no name nothing is done; NULL: no change */
  gboolean whole; /* add names all its tags, as they were when somebody looked; its flags are those of the file now */
};
/* skipped: a builder of a(ss): path, sentence. */
gboolean index_write_add (struct index_db *db, const struct index_mail *mails, gsize n_mails, guint *added_out,
                          struct _GVariantBuilder *skipped, GError **error);
gboolean index_write_knows (struct index_db *db, const char *path);                /* this very file is indexed */
gboolean index_write_moved (struct index_db *db, GVariant *moves, GError **error); /* a(ss): old, new */
/* tags_or_null: of the folder that each was in, "": none, as many as paths; the message loses it with its last file in a folder of that name. */
gboolean index_write_removed (struct index_db *db, const char *const *paths, const char *const *tags_or_null,
                              GError **error);
/* Rows of what changed: id, paths, tags (as they are now). named: the files were named by the flags already, so that tags which stand for flags end as
 * the names say, whoever changed them since. */
GVariant *index_tag_rows (struct index_db *db, const char *const *ids, const char *query, const char *const *add,
                          const char *const *remove, gboolean named, GError **error);
