/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known about an account's mailboxes: folders, the file of each UID, and what was changed here but not yet there. SQLite; the imap
 * worker alone has the file open.
 *
 * Flags are kept twice: as they are here, and as the server had them last. The difference is what must be pushed, so flags need no
 * journal. Moves, appends and removals are rows of the journal, written in the transaction that changes the local side.
 *
 * Reads return what they can; a failure (a full disk, a broken file) is remembered and makes state_commit fail and undo everything. */
#pragma once
#include <glib.h>

struct state;
struct state *state_open (const char *file, GError **error);
void state_free (struct state *state);
DEFINE_AUTOFREE (state, state_free)
/* Did every read since the last commit or rollback succeed? A list that could not be read looks like an empty one. */
gboolean state_fine (struct state *state, GError **error);
void state_begin (struct state *state);
/* FALSE: nothing since state_begin has happened. The state can be used again. */
gboolean state_commit (struct state *state, GError **error);
void state_rollback (struct state *state);
gboolean state_has_failed (const struct state *state); /* some state_commit since it was opened */

/* ---- folders ---- */
struct state_folder {
  gint64 id;
  char *path, *role, *dir; /* dir: relative to the account's folder; set by state_folder_add, never changed */
  char *space;             /* whose it is: "": the person's own, "other", "shared" (RFC 2342) */
  char delimiter;
  guint32 uidvalidity, uidnext;
  guint64 modseq;
  gboolean present;     /* the server lists it */
  gboolean dirty;       /* files may lie there that no row knows: a fetch was under way */
  gboolean leaf;        /* nothing can be made below it */
  gboolean no_keywords; /* the server refused one */
  /* What the person wants of it, and the server does not know yet where the two differ. */
  char *server_path; /* its name there, while it is present */
  gboolean wanted;   /* it was made here, and is to be made there */
  gboolean removing; /* it was removed here */
  gboolean subscribed, server_subscribed;
};
void state_folder_free (struct state_folder *folder);
DEFINE_AUTOFREE (state_folder, state_folder_free)
GPtrArray *state_folders (struct state *state); /* struct state_folder *, by path */
struct state_folder *state_folder_find (struct state *state, const char *column,
                                        const char *value); /* column: "path","role","dir" */
struct state_folder *state_folder_get (struct state *state, gint64 id);
/* dir: wanted; made unique. Returns the new row. */
struct state_folder *state_folder_add (struct state *state, const char *path, char delimiter, const char *dir);
/* What the server says: all but dir, dirty and what the person wants. */
void state_folder_save (struct state *state, const struct state_folder *folder);
/* What the person wants: path, server_path, wanted, removing, subscribed, server_subscribed. No two folders have one path. */
void state_folder_want (struct state *state, const struct state_folder *folder);
void state_folder_delete (struct state *state, gint64 id); /* the row */
/* A fact about the account by its name; NULL: unknown. */
char *state_fact (struct state *state, const char *name);
void state_fact_save (struct state *state, const char *name, const char *value);
void state_folder_set_dirty (struct state *state, gint64 id, gboolean dirty);

/* ---- mails (state_mail.c) ---- */
#define STATE_FLAGS_SIZE 8
enum state_indexed { STATE_NEW = 0, STATE_INDEXED = 1 };
struct state_mail {
  gint64 id, folder;
  guint32 uid; /* 0: not on the server yet */
  char *base;  /* the file's name without flags; unique in its folder */
  char flags[STATE_FLAGS_SIZE], server_flags[STATE_FLAGS_SIZE];
  char *keywords, *server_keywords; /* sets, see keywords.h; NULL: empty */
  char *msgid;                      /* without angle brackets; "" if it has none */
  enum state_indexed indexed;
  gboolean header_only; /* the file has its header alone (see maildir_is_header); the rest is on the server */
  guint64 size_bytes;   /* of the whole mail; 0: unknown, as in rows of earlier versions */
  gint64 date;          /* when it arrived at the server (INTERNALDATE); 0: unknown */
  gint64 opened;        /* when its body was last fetched because somebody opened it; 0: never */
};
void state_mail_free (struct state_mail *mail);
DEFINE_AUTOFREE (state_mail, state_mail_free)
struct state_mail *state_mail_get (struct state *state, gint64 id);
struct state_mail *state_mail_by_base (struct state *state, gint64 folder, const char *base);
struct state_mail *state_mail_by_uid (struct state *state, gint64 folder, guint32 uid);
struct state_mail *state_mail_by_msgid (struct state *state, gint64 folder, const char *msgid); /* the newest of them */
enum state_which { STATE_ALL, STATE_ON_SERVER, STATE_UNINDEXED, STATE_FLAGS_CHANGED };
GPtrArray *state_mails (struct state *state, gint64 folder,
                        enum state_which which); /* struct state_mail *, newest UID first */
/* Of all folders, with a number below before, highest first; of one folder, those that came last. */
GPtrArray *state_mails_before (struct state *state, gint64 before, guint limit);
GPtrArray *state_mails_newest (struct state *state, gint64 folder, guint limit);
guint state_count_before (struct state *state, gint64 before);
/* Of mails with a UID above that, the first of them by UID, what it takes to compare them with the server's. */
struct state_known {
  guint32 uid;
  char server_flags[STATE_FLAGS_SIZE];
  GQuark server_keywords; /* 0: none */
  gint64 id;
};
GArray *state_known (struct state *state, gint64 folder, guint32 above, guint limit);
guint state_count (struct state *state, gint64 folder); /* those with a UID */
/* Whole ones that the server has, older or larger than that or of unknown size: above this UID, by UID. */
GPtrArray *state_mails_old (struct state *state, gint64 folder, gint64 before, guint64 larger_than, guint32 above,
                            guint limit);
/* Those of which only the header is here, neither older nor larger: the newest. */
GPtrArray *state_mails_wanted (struct state *state, gint64 folder, gint64 since, guint64 size_max, guint limit);
void state_mail_save (struct state *state, struct state_mail *mail); /* id 0: inserts, and sets id */
void state_mail_delete (struct state *state, gint64 id);

/* In one transaction: forgets those mails of a folder that were not seen and have, by their record, a file. */
void state_seen_begin (struct state *state);
void state_seen_add (struct state *state, gint64 id);
void state_seen_forget_others (struct state *state, gint64 folder);

/* ---- the journal (state_journal.c) ---- */
enum state_kind { STATE_MOVE = 1, STATE_APPEND, STATE_REMOVE, STATE_FLAGS };
struct state_change {
  gint64 id;
  enum state_kind kind;
  gint64 mail;        /* the local row: MOVE and APPEND; it lies in the target folder already */
  gint64 folder;      /* where the server has it: MOVE, REMOVE, FLAGS; APPEND: where it is being put */
  guint32 uid;        /* there; 0: lost with a UIDVALIDITY, to be found again by msgid */
  int step;           /* APPEND: 1 = it may have been sent */
  guint32 uid_before; /* APPEND: UIDNEXT before it was sent */
  char *msgid;
  char *add, *remove; /* FLAGS: letters, and after a space a set of keywords */
};
void state_change_free (struct state_change *change);
GPtrArray *state_changes (struct state *state); /* struct state_change *, oldest first */
struct state_change *state_change_of_mail (struct state *state, gint64 mail);
DEFINE_AUTOFREE (state_change, state_change_free)
void state_change_save (struct state *state, struct state_change *change); /* id 0: inserts */
void state_change_delete (struct state *state, gint64 id);
gboolean state_has_changes (struct state *state); /* also changed flags */

/* Under this key that mail was kept; 0: none was, or long ago. Its number may be another mail's by now. */
gint64 state_kept (struct state *state, const char *key);
void state_kept_add (struct state *state, const char *key, gint64 mail); /* in the transaction that makes the mail */

/* ---- the news (state_news.c): paths that the index may still know, until it has surely been told ---- */
struct state_news {
  char *path;  /* where a mail was */
  gint64 mail; /* which now lies elsewhere; 0: it is gone */
};
void state_news_free (struct state_news *news);
void state_news_add (struct state *state, const char *path, gint64 mail);
/* The mail goes, and with it the names that it had lately: they are added to paths (char *), and told of as gone from now on. */
void state_news_end (struct state *state, gint64 mail, GPtrArray *paths);
GPtrArray *state_news_list (struct state *state);              /* struct state_news *, oldest first */
void state_news_expire (struct state *state, gint64 before_s); /* forget those written before that time */
