/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One account's mailboxes, here and on the server, made the same. imap worker only.
 *
 * Local changes happen at once (files, state) and are pushed when there is a line. What was done here wins over what was done there
 * for the same flag; a mail that is gone there goes here. The order everywhere: data on disk, then state, then telling the engine.
 * After kill -9 at any instant the next sync_new finds what was left and puts it right.
 *
 * Events (names and fields as in protocol.c): mails, removed, moved, folders, progress, state, notice. */
#pragma once
#include "mail/net/imap.h"
#include "mail/store/state.h"

struct sync;
typedef gboolean (*sync_emit_fn) (const char *event, GVariant *fields, gpointer data);

/* root: the account's folder of mail. state: taken. settings: a{sv} with folder overrides, only_subscribed b. */
struct sync *sync_new (struct state *state_take, const char *root, GVariant *settings, sync_emit_fn emit,
                       gpointer data);
void sync_free (struct sync *sync);
DEFINE_AUTOFREE (sync, sync_free)
/* From now on the guest is let in between the steps of sync_push and sync_pull, while mail comes in and while mail is put there. It may make local changes and read; it must not use the session or call anything below "with a session" but sync_pause. It may
 * be called for nothing. STREAM_GIVE_UP: the engine has gone, and what is under way fails. */
void sync_set_guest (struct sync *sync, const struct stream_guest *guest);
void sync_pause (struct sync *sync); /* from the guest: somebody waits for more than that */
/* At the start: report again what the index never confirmed, and what it may have missed. */
void sync_report (struct sync *sync);
/* Nothing is under way: what lies in the folders is what is on record, and the next start need not look. */
void sync_rest (struct sync *sync);
/* For an index that is made anew (sync_rows.c): rows as of the event "mails"; before, next, left, limit: as of the method. NULL: the record
 * cannot be read. */
GVariant *sync_rows (struct sync *sync, gint64 before, guint limit, gint64 *next_out, guint *left_out, GError **error);
GVariant *sync_rows_newest (struct sync *sync, guint limit, GError **error);
void sync_settle (struct sync *sync); /* when the index has all that was told some time ago: forget news that are old */
GVariant *sync_folder_rows (struct sync *sync); /* floating aa{sv}: path, name, role, dir, space, subscribed, kept */

/* ---- local changes (sync_local.c); paths: files of this account ---- */
/* moves: a(ss), floating. */
GVariant *sync_flags (struct sync *sync, const char *const *paths, const char *const *add, const char *const *remove,
                      GError **error);
GVariant *sync_move (struct sync *sync, const char *const *paths, const char *to, GError **error);
/* Into the folder that lies in dir, relative to the account's; role_out: its role, "": none; caller frees. */
GVariant *sync_move_back (struct sync *sync, const char *const *paths, const char *dir, char **role_out,
                          GError **error);
/* key: under which it is kept once only, however often it is handed in; NULL: it has none. Where what has that key is not here any more: "". */
char *sync_append (struct sync *sync, const char *role, int fd, const char *const *flags, const char *replaces,
                   const char *key_or_null, GError **error);
char **sync_drafts (struct sync *sync, const char *msgid); /* the files in Drafts with that Message-ID; caller frees */
gboolean sync_remove (struct sync *sync, const char *const *paths, GError **error);
/* What the tags mean to the server (sync_keywords.c). */
gboolean sync_tags (struct sync *sync, const char *const *paths, const char *const *add, const char *const *remove,
                    GError **error);
/* What a person does to a folder (sync_folder.c): "create", "rename" (to: its new name), "remove" (with its mail), "subscribe",
 * "unsubscribe". name: its path, or as a person reads it, with "/" between levels. mails_out: how many went with it. */
gboolean sync_folder (struct sync *sync, const char *action, const char *name, const char *to, guint *mails_out,
                      GError **error);
gboolean sync_indexed (struct sync *sync, const char *const *paths, GError **error);

/* ---- with a session ---- */
gboolean sync_list (struct sync *sync, struct imap *imap, GError **error); /* folders; starts over with a new session */
gboolean sync_has_changes (struct sync *sync);
gboolean sync_push (struct sync *sync, struct imap *imap, GError **error);
void sync_push_all (struct sync *sync); /* the next push offers again what the server has refused lately */
enum sync_result { SYNC_FAILED = 0, SYNC_DONE, SYNC_MORE /* paused: call again later */ };
/* all: put every folder on the list of what is to be looked at, INBOX first; else INBOX alone. */
void sync_schedule (struct sync *sync, gboolean all);
/* There is news of INBOX: it comes before what is on the list. */
void sync_schedule_news (struct sync *sync);
gboolean sync_is_scheduled (struct sync *sync);
enum sync_result sync_pull (struct sync *sync, struct imap *imap, gboolean may_pause, GError **error);
/* Waits on INBOX until the server has news, wake_fd is readable, or the time is over. */
gboolean sync_watch (struct sync *sync, struct imap *imap, int wake_fd, guint timeout_s, gboolean *changed_out,
                     GError **error);
/* The whole of a mail of which only the header is here (path: that file, or its newer name). session: any that nobody is using; it need
 * not be the one of sync_pull. path_out: of the whole mail, where it is here (also if it had been before); caller frees. */
enum sync_body {
  SYNC_BODY_FAILED = 0,
  SYNC_BODY_HERE,
  SYNC_BODY_LARGE, /* it is too large to be fetched */
  SYNC_BODY_GONE   /* the server has it no more */
};
enum sync_body sync_fetch_body (struct sync *sync, struct imap *imap, const char *path, char **path_out,
                                GError **error);
/* What can be said of it without asking the server: HERE (path_out), LARGE, or FAILED with *error unset: ask. size_out: bytes; 0: unknown. */
enum sync_body sync_look_body (struct sync *sync, const char *path, char **path_out, guint64 *size_out, GError **error);
struct sync_counts {
  guint fresh, changed, removed;
  guint bodies; /* that came for headers which were here before */
  guint64 bytes;
};
void sync_take_counts (struct sync *sync, struct sync_counts *out); /* since the last time */
