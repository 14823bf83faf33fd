/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files sync*.c share. */
#pragma once
#include "mail/store/sync.h"
#include "mail/store/sync_progress.h"

struct sync {
  struct state *state;
  char *root;
  GVariant *settings;
  sync_emit_fn emit;
  gpointer data;
  struct stream_guest guest; /* wake_fd -1: none */
  gboolean paused;
  GHashTable *marked;       /* gint64 *: the folders that sync_mark_dirty and its like have marked in this process */
  gboolean doubt;           /* something failed, and files may lie where no record has them */
  gboolean only_subscribed; /* of the person's own folders, those alone are kept here */
  GHashTable *
      refused; /* id in the journal -> struct refusal *: what the server did not take, and is not offered again at once */
  struct sync_counts counts;
  /* The pull under way. */
  GQueue scheduled;              /* gint64 *: folders still to be looked at */
  gint64 pulling;                /* the folder whose heads these are; 0: none */
  GArray *heads;                 /* struct imap_head: still to be fetched, oldest first */
  struct imap_selected target;   /* what the server said when they were listed */
  GHashTable *told;              /* folder id -> struct imap_selected *: how they stood when the server listed them */
  struct sync_listing {          /* of the folder that is pulled (sync_heads.c) */
    guint32 first;               /* UID; from there on new mail is looked for */
    guint32 place;               /* mails before those that have been looked at; 0: all have been, or none */
    guint mails, leaving, fresh; /* on record when it was begun, beside those that leave; and how many were new */
    gboolean more;               /* there may be more that is new, before place */
    gboolean compared;           /* flags and removals have been seen to */
  } listing;
  guint window;   /* how many mails are asked for at a time */
  gint64 disk_us; /* that the mails of this window waited for the disk and the record */
  struct {
    guint windows; /* in a row that a line which could be compressed brought slowly */
    gint64 us;     /* that it took for them */
  } slow;
  guint asked;                   /* as many, the last of heads, have been asked for already */
  GArray *outside;               /* struct imap_head: of those whose header alone is to be fetched */
  gboolean filling;              /* more headers are here whose bodies are wanted */
  struct sync_progress progress; /* of this pull */
  guint keep_days;               /* of which mail is kept whole; 0: of all */
  guint64 fetch_limit;           /* larger mail is fetched when it is opened */
};

char *sync_dir (const struct sync *sync, const struct state_folder *folder); /* absolute */
struct state_folder *sync_role_folder (struct sync *sync,
                                       const char *role); /* makes a row where the server has none yet */
/* Where a name at the top of the person's own folders lies: "INBOX.Name" at some servers. */
char *sync_top_path (struct sync *sync, const char *name, char *delimiter_out);
/* The row of a file. NOT_FOUND if it is none of ours. */
struct state_mail *sync_find (struct sync *sync, const char *path, struct state_folder **folder_out, GError **error);
/* What is there and what is on record, made the same (sync_sweep.c). */
void sync_sweep (struct sync *sync, struct state_folder *folder);
/* Before files appear or vanish in it: the next start looks at what lies there, unless sync_rest has come before. */
void sync_mark_noted (struct sync *sync, gint64 folder); /* likewise, in the transaction that is under way */
gboolean sync_mark_dirty (struct sync *sync, struct state_folder *folder, GError **error);
/* Lets others in, where nothing that was read from the state before is used afterwards. FALSE: the engine has gone. */
gboolean sync_serve_now (struct sync *sync, GError **error);
char *sync_message_id (GBytes *start); /* without brackets; "" */
/* Selects and notices another UIDVALIDITY: then everything there is fetched again. */
gboolean sync_select (struct sync *sync, struct imap *imap, struct state_folder *folder, gboolean fresh,
                      struct imap_selected *out, GError **error);

/* ---- the parts of a pull ---- */
/* What the server said of folders when it listed them (struct imap_folder *) is remembered until they are looked at. TRUE: by that, nothing is new in it. */
void sync_heads_told (struct sync *sync, GPtrArray *listed);
gboolean sync_heads_same (struct sync *sync, const struct state_folder *folder);
/* TRUE: by that, there is nothing in it, as there never was here; sync->target and its uidvalidity are as the server said. */
gboolean sync_heads_empty (struct sync *sync, struct state_folder *folder);
/* Selects the folder (anew: asks even where it is open); sync->target: what the server said then. Changed flags and removals are done here; what is new
 * stands in sync->heads, of very many the newest. While sync->listing.more, sync_heads_more looks for the next, when those have been fetched. */
gboolean sync_heads_list (struct sync *sync, struct imap *imap, struct state_folder *folder, gboolean anew,
                          GError **error);
gboolean sync_heads_more (struct sync *sync, struct imap *imap, struct state_folder *folder, GError **error);
/* Fetches the last count of sync->heads, and takes them off it; next: as many are asked for already that come after them. The folder is selected. A
 * header that was here gives way to the mail. */
gboolean sync_intake_fetch (struct sync *sync, struct imap *imap, const struct state_folder *folder, guint count,
                            guint next, GError **error);
/* The same of sync->outside, whose headers are fetched alone. */
gboolean sync_intake_outside (struct sync *sync, struct imap *imap, const struct state_folder *folder, guint count,
                              GError **error);
/* The headers of the last count of sync->heads, which stay on it: something to look at before the mails come. */
gboolean sync_intake_ahead (struct sync *sync, struct imap *imap, const struct state_folder *folder, guint count,
                            GError **error);
/* The same of a folder that was never listed. */
gboolean sync_intake_newest (struct sync *sync, struct imap *imap, const struct state_folder *folder, guint count,
                             GError **error);

guint64 sync_intake_bytes (const struct sync *sync); /* that sync->heads and sync->outside will be, about */

/* ---- what is kept here (sync_window.c) ---- */
void sync_window_init (struct sync *sync); /* from the settings */
/* Should the whole of such a mail be here? */
gboolean sync_window_wants (const struct sync *sync, const struct state_folder *folder, gint64 date,
                            guint64 size_bytes);
/* May the body of this mail go from here? FALSE wherever it may be nowhere else. */
gboolean sync_window_may_go (struct sync *sync, const struct state_folder *folder, const struct state_mail *mail);
/* Bodies that are not wanted any more go; their headers stay. */
gboolean sync_window_close (struct sync *sync, struct state_folder *folder, GError **error);
/* Are headers here whose bodies are wanted? */
gboolean sync_window_is_open (struct sync *sync, const struct state_folder *folder);
/* Headers that are here and whose bodies are wanted come to sync->heads. TRUE: there are more than it takes at once. */
gboolean sync_window_fill (struct sync *sync, const struct state_folder *folder);
/* Of sync->heads those outside go to sync->outside; then the same. */
gboolean sync_window_plan (struct sync *sync, const struct state_folder *folder);

/* ---- a body for a header (sync_body.c) ---- */
/* In a transaction: the whole mail lies beside its header under file_flags. The row for the index; old_out: the header's file, which goes
 * after the commit; caller frees. NULL: it does not lie there. */
GVariant *sync_body_take (struct sync *sync, const struct state_folder *folder, struct state_mail *mail,
                          const char *file_flags, gboolean is_protected, char **old_out);

/* ---- folders (sync_folders.c, sync_renamed.c, sync_folder_push.c) ---- */
/* Before a list is taken: listed, struct imap_folder *, and the set of names in it that can be opened. */
gboolean sync_renamed (struct sync *sync, struct imap *imap, GPtrArray *listed, GHashTable *names, GError **error);
/* Makes it on the server, where it may be already. */
gboolean sync_folder_make (struct sync *sync, struct imap *imap, struct state_folder *folder, GError **error);
gboolean sync_wants (const struct sync *sync, const struct state_folder *folder); /* is its mail kept here? */
/* Forgets folders that are neither here nor there, with their empty directories. After sync_gone_settle. */
void sync_folders_tidy (struct sync *sync);
/* What waits for the folder, which the server has no more: mail that was moved out of it stands only here now. In a transaction. */
void sync_folder_orphan (struct sync *sync, gint64 folder);
/* What a person did to folders, before and after what he did to mail. */
gboolean sync_folder_push (struct sync *sync, struct imap *imap, GError **error);
gboolean sync_folder_push_removals (struct sync *sync, struct imap *imap, GError **error);

/* ---- keywords (sync_keywords.c) ---- */
/* The server's set of a known mail, to be saved; server: NULL: not known. TRUE: it is another one here now. The folder is selected. */
gboolean sync_keywords_take (struct imap *imap, const struct state_folder *folder, struct state_mail *mail,
                             const char *server);
/* Those that differ; afterwards they count as stored. The folder is selected, and is to be saved. */
gboolean sync_keywords_push (struct sync *sync, struct imap *imap, struct state_folder *folder, GPtrArray *mails,
                             GError **error);

/* ---- mail that goes (sync_gone.c) ---- */
/* In the transaction that deletes its record: notes the mail's file, and every name that the index may still know it by. TRUE: there was a file. */
gboolean sync_gone_note (struct sync *sync, const struct state_folder *folder, const struct state_mail *mail,
                         GPtrArray *gone);
void sync_gone_settle (struct sync *sync, GPtrArray *gone); /* after it: the files go, and the engine is told */
/* In the transaction that deletes the mail here: what is still to be done about it on the server. folder_goes: the one that it lies in is
 * removed, with all that is in it. */
void sync_gone_journal (struct sync *sync, const struct state_mail *mail, gboolean folder_goes);

/* ---- other flags, other names (sync_rename.c) ---- */
struct sync_rename {
  char *from, *to;
};
GArray *sync_renames_new (void);
/* In the transaction that records mail's new flags. FALSE: its file is not there. */
gboolean sync_rename_note (struct sync *sync, const struct state_folder *folder, const struct state_mail *mail,
                           const char *flags_before, GArray *renames);
void sync_renames_settle (struct sync *sync, const GArray *renames); /* after it */

/* ---- events (sync_events.c) ---- */
void sync_emit_state (struct sync *sync, const char *state, const char *text);
void sync_emit_notice (struct sync *sync, const char *format, ...)
    G_GNUC_PRINTF (2, 3);                   /* one sentence that the person must not miss */
void sync_emit_folders (struct sync *sync); /* the list of folders is another one */
/* Floating. keywords: a set, see keywords.h. */
GVariant *sync_mail_row (const char *path, const char *role, const char *flags, const char *keywords,
                         gboolean is_protected);
/* The same of a mail that lay elsewhere until now, with another file: was. role NULL: the index knows its tags. */
GVariant *sync_change_row (const char *path, const char *role, const struct state_mail *mail, gboolean is_protected,
                           const char *was);
void sync_drop_rows (GPtrArray *rows_take);                     /* nothing came of them */
void sync_emit_mails (struct sync *sync, GPtrArray *rows_take); /* GVariant *, in batches */
void sync_emit_removed (struct sync *sync, GPtrArray *paths);   /* char * */
/* The role of the folder that a path lies in; "" where it is none of ours. */
char *sync_role_of_path (struct sync *sync, const char *path);
/* a(ssasas) rows are gathered in a builder-like array and sent together. */
GVariant *sync_move_row (const char *old_path, const char *new_path, const char *old_role, const char *old_flags,
                         const char *old_keywords, const char *new_role, const char *new_flags,
                         const char *new_keywords);
void sync_emit_moved (struct sync *sync, GPtrArray *rows_take);
