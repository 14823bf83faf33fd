/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail files: one folder of cur, new and tmp a mailbox, one file a mail, "BASE:2,FLAGS". All mail lives in cur/, so that no other program has
 * a reason to move it and the index stays true. Errors are ENGINE_ERROR_FAILED: a sentence about the disk; nothing half-written can be seen. */
#pragma once
#include <glib.h>

gboolean maildir_make (const char *dir, GError **error); /* with its parents, 0700 */
void maildir_clean (const char *dir);                    /* what an interrupted write left in tmp/ */
char *maildir_unique (void);                             /* a base that no other mail has */
/* A mail of which only the header is here has a file of its own name: a letter before that of the whole one. Nobody outside can make one. */
gboolean maildir_is_header (const char *base);
char *maildir_header_base (const char *base);      /* of a whole mail's file: of the one for its header alone */
const char *maildir_whole_base (const char *base); /* and back; of a whole one: itself */
gboolean maildir_path_is_header (const char *path);
char *maildir_path (const char *dir, const char *base, const char *flags);
/* "…/DIR/cur/BASE:2,FLAGS": FALSE if it is no such path. flags_out may be NULL. */
gboolean maildir_split (const char *path, char **dir_out, char **base_out, char **flags_out);
/* The file of base whatever flags its name has; looks for the expected name first. NULL: there is none. */
char *maildir_locate (const char *dir, const char *base, const char *flags);
/* The file that once had this path, under whatever flags; NULL: it is gone, which is found out without a look at the whole folder. */
char *maildir_find (const char *path);
GPtrArray *maildir_list (const char *dir); /* char *: paths in cur/ */
/* Each of them, one after the other; it may be renamed or removed then, and come twice. */
void maildir_each (const char *dir, void (*each) (const char *path, gpointer data), gpointer data);
/* A second name in another folder for the same mail; the caller removes the first when the second is on record. NOT_FOUND if it is not there. */
gboolean maildir_link (const char *dir, const char *base, const char *flags, const char *new_dir, const char *new_base,
                       char **old_path_out, char **new_path_out, GError **error);
gboolean maildir_remove (const char *dir, const char *base, const char *flags); /* TRUE: it is not there any more */
/* All of the file, from its start. */
gboolean maildir_store (const char *dir, const char *base, const char *flags, int fd, GError **error);

/* ---- many at once: written to tmp/, then made durable and visible together ---- */
struct maildir_batch;
struct maildir_batch *maildir_batch_new (const char *dir);
void maildir_batch_free (struct maildir_batch *batch); /* what was not committed is gone */
DEFINE_AUTOFREE (maildir_batch, maildir_batch_free)
gboolean maildir_batch_write (struct maildir_batch *batch, const void *bytes, gsize size,
                              GError **error); /* begins a file if none is begun */
/* Ends the file begun. look: the first bytes of it, for the caller to look at (NULL: not wanted). */
gboolean maildir_batch_end (struct maildir_batch *batch, const char *base, const char *flags, gint64 date,
                            GBytes **look_out, GError **error);
void maildir_batch_drop (struct maildir_batch *batch);              /* the file begun */
guint maildir_batch_count (const struct maildir_batch *batch);      /* ended */
gboolean maildir_batch_is_full (const struct maildir_batch *batch); /* it should be committed before more is written */
gboolean maildir_batch_commit (struct maildir_batch *batch,
                               GError **error); /* all ended ones; the batch is empty again */
/* The same in two steps: the ended ones are taken off the batch, which must outlive them, and any thread makes them durable and visible; freeing
 * removes what was not. */
struct maildir_sheaf;
struct maildir_sheaf *maildir_batch_take (struct maildir_batch *batch);
gboolean maildir_sheaf_commit (struct maildir_sheaf *sheaf, GError **error);
void maildir_sheaf_free (struct maildir_sheaf *sheaf);
DEFINE_AUTOFREE (maildir_sheaf, maildir_sheaf_free)

/* ---- the same by a thread of its own (maildir_flight.c) ---- */
struct maildir_flight;
struct maildir_flight *maildir_flight_new (void);
void maildir_flight_free (struct maildir_flight *flight); /* what is under way ends first */
DEFINE_AUTOFREE (maildir_flight, maildir_flight_free)
gboolean maildir_flight_is_busy (struct maildir_flight *flight);
/* Commits the sheaf; none may be under way: the one before has been waited for. */
void maildir_flight_start (struct maildir_flight *flight, struct maildir_sheaf *sheaf_take);
gboolean maildir_flight_wait (struct maildir_flight *flight, GError **error); /* TRUE also where there is none */
