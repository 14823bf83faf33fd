/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* An IMAP session (RFC 3501) over libetpan: what sync asks of a server. imap worker only, blocking.
 *
 * Errors are ENGINE_ERROR_NETWORK, _SIGN_IN or TLS_ERROR_* when the session is dead (imap_is_lost), and ENGINE_ERROR_FAILED when the server
 * refused one command and the session can go on. Flags are Maildir letters: D draft, F flagged, P passed on, R replied, S seen,
 * T deleted, in alphabetical order. UIDs are never 0. */
#pragma once
#include "crypto/guard/secret.h"
#include "mail/net/stream.h"

#define IMAP_MESSAGE_MAX (150u * 1024 * 1024) /* larger mails stay on the server */
#define IMAP_HEADER_MAX (64u * 1024)          /* as much of a header as is fetched where it comes alone */
#define IMAP_FOLDERS_MAX 2000
#define IMAP_FLAGS_SIZE 8

struct imap;
struct imap_selected {
  guint32 uidvalidity, uidnext, exists;
  guint64 modseq; /* 0: the server does not count */
};
struct imap_folder {
  char *path;     /* as on the server; safe to send */
  char delimiter; /* '\0': none */
  char *role;     /* "inbox","drafts","sent","archive","trash","junk","" */
  char *space;    /* whose it is: "": the person's own, "other", "shared" */
  gboolean selectable, subscribed;
  gboolean leaf; /* nothing can be made below it */
  gboolean told; /* the server said how it stands, and counts changes in it */
  struct imap_selected status;
};
void imap_folder_free (struct imap_folder *folder);
struct imap_head { /* of one message */
  guint32 uid;
  guint32 size_bytes; /* there may be very many of these: no more than IMAP can tell (RFC 3501, 9) */
  gint64 date;        /* INTERNALDATE; 0 if unknown */
  char flags[IMAP_FLAGS_SIZE];
  const char *keywords; /* a set, see keywords.h; static. NULL: not known */
};

/* Connects, makes sure of TLS, signs in. remote: borrowed for the session's life. secret: NULL where the certificate signs in. guest: let in
 * meanwhile, see stream_open; NULL. */
struct imap *imap_open (const struct remote *remote, const struct secret *secret, const struct stream_guest *guest,
                        GError **error);
/* The same over a socket that is there already (tests). */
struct stream;
struct imap *imap_open_over (struct stream *stream_take, const struct remote *remote, const struct secret *secret,
                             GError **error);
void imap_close (struct imap *imap);
DEFINE_AUTOFREE (imap, imap_close)
gboolean imap_is_lost (const struct imap *imap);
char *imap_protection (const struct imap *imap); /* of stream_protection; the caller's */
gboolean imap_has (const struct imap *imap, const char *capability);

/* ---- imap_compress.c ---- */
gboolean imap_may_compress (const struct imap *imap); /* the server can, and was not asked */
/* From now on, both ways. TRUE also where the server does not want to. */
gboolean imap_compress (struct imap *imap, GError **error);

/* ---- imap_folders.c ---- */
/* Where mailboxes lie (RFC 2342): "p" (one's own), "o" (other people's) or "s" (shared), and the prefix of their names: "pINBOX.", "oUsers/";
 * few, and safe to send. Empty where the server does not say. */
GStrv imap_spaces (struct imap *imap, GError **error);
/* struct imap_folder *; unsafe names are left out. spaces: as above, or NULL. IMAP_FOLDERS_MAX of them: there
 * may be more. */
GPtrArray *imap_list (struct imap *imap, const char *const *spaces, GError **error);
/* ---- imap_folder.c ---- */
/* role: told to the server where it wants to know (RFC 6154); "": none. */
gboolean imap_create (struct imap *imap, const char *path, const char *role, GError **error);
gboolean imap_rename (struct imap *imap, const char *path, const char *to, GError **error);
gboolean imap_delete (struct imap *imap, const char *path, GError **error); /* with its mail */
gboolean imap_subscribe (struct imap *imap, const char *path, gboolean subscribe, GError **error);
/* Of a folder that need not be selected. modseq stays 0. */
gboolean imap_status (struct imap *imap, const char *path, struct imap_selected *out, GError **error);
/* What the server says it is (RFC 2971), to be shown; NULL: it does not. It learns our name and version. */
char *imap_server_name (struct imap *imap);

/* Selects for reading and writing, unless it is selected already and fresh is FALSE. */
gboolean imap_select (struct imap *imap, const char *path, gboolean fresh, struct imap_selected *out, GError **error);

/* ---- imap_fetch.c ---- */
typedef void (*imap_head_fn) (const struct imap_head *head, gpointer data);
/* Heads of messages from uid_first on, in any order; some may come twice. sizes: size and date too, else uid and flags only. changed_since: only those changed after
 * that modseq (0: all). Of very many a slice at a time, the last messages first. place: 0 at the beginning; afterwards how many messages are before
 * those that came, and 0 where no others are wanted; to be handed in again, whatever was asked meanwhile. */
gboolean imap_fetch_heads (struct imap *imap, guint32 uid_first, gboolean sizes, guint64 changed_since, guint32 *place,
                           imap_head_fn head, gpointer data, GError **error);
/* body: a piece of the message under way; FALSE breaks off (and loses the session). done: the message whose pieces these were. */
struct imap_body_sink {
  gboolean (*body) (const void *bytes, gsize size, gpointer data);
  void (*done) (const struct imap_head *head, gpointer data); /* NULL: of no use */
  /* The server had nothing to hand out of a mail that has a size: to be asked for again. Then done, with NULL. NULL: no matter. */
  void (*empty) (const struct imap_head *head, gpointer data);
  gpointer data;
};
/* How many of the heads, from the last one back, fit into one command. */
gsize imap_fetch_reach (const struct imap_head *heads, gsize count);
/* Asks for them already: imap_fetch_bodies with the same heads then only reads. At most one such question may stand beside the one that
 * is read next; whatever else is asked first drops what was asked ahead. */
gboolean imap_fetch_ahead (struct imap *imap, const struct imap_head *heads, gsize count, GError **error);
/* The whole messages, streamed, in one command. heads: struct imap_head, as fetched, by UID; bounds what may come. */
gboolean imap_fetch_bodies (struct imap *imap, const struct imap_head *heads, gsize count,
                            const struct imap_body_sink *sink, GError **error);

/* The same for their headers alone, of each IMAP_HEADER_MAX bytes at most. */
gboolean imap_fetch_headers (struct imap *imap, const struct imap_head *heads, gsize count,
                             const struct imap_body_sink *sink, GError **error);
/* The headers of the last count messages of the folder, with their heads: the first thing to ask of a folder that nothing is known of. */
gboolean imap_fetch_newest (struct imap *imap, guint count, const struct imap_body_sink *sink, GError **error);

/* ---- imap_change.c; in the selected folder ---- */
gboolean imap_store (struct imap *imap, const guint32 *uids, gsize count, gboolean add, const char *flags,
                     GError **error);
/* ---- imap_keywords.c; in the selected folder ---- */
gboolean imap_keeps (const struct imap *imap, const char *keyword); /* PERMANENTFLAGS */
gboolean imap_store_keyword (struct imap *imap, const guint32 *uids, gsize count, gboolean add, const char *keyword,
                             GError **error);
/* new_uids: count numbers, filled with the UID in the target or 0 where the server did not say.*/
gboolean imap_move (struct imap *imap, const guint32 *uids, gsize count, const char *to, guint32 *uidvalidity_out,
                    guint32 *new_uids, GError **error);
/* For good. Without UIDPLUS they are only marked as deleted. */
gboolean imap_remove (struct imap *imap, const guint32 *uids, gsize count, GError **error);
/* Any folder. uid_out 0: the server did not say. */
gboolean imap_append (struct imap *imap, const char *path, const char *flags, const void *bytes, gsize size,
                      guint32 *uidvalidity_out, guint32 *uid_out, GError **error);
/* The newest message from uid_first on with this Message-ID (without angle brackets); 0: none. */
gboolean imap_find (struct imap *imap, const char *message_id, guint32 uid_first, guint32 *uid_out, GError **error);

/* ---- imap_idle.c ---- */
/* Who is let in while a command waits for the server, see stream_set_guest: the session must not be used by it. Where nobody may be, who waits
 * for the end of a command: stream_set_waiting. */
void imap_set_guest (struct imap *imap, const struct stream_guest *guest_or_null);
void imap_set_waiting (struct imap *imap, int fd, guint patience_ms);
/* IDLE in two steps, for a session that does nothing else: between them only imap_idle_has_more, and imap_fd to wait for. seconds: the
 * server's time to answer. */
gboolean imap_idle_begin (struct imap *imap, guint seconds, gboolean *changed_out, GError **error);
gboolean imap_idle_end (struct imap *imap, guint seconds, gboolean *changed_out, GError **error);
gboolean imap_idle_has_more (struct imap *imap); /* the server has said something, or is gone; waits for nothing */
int imap_fd (const struct imap *imap);
/* Waits without a word until wake_fd is readable, the server says something, or the time is over. */
gboolean imap_rest (struct imap *imap, int wake_fd, guint timeout_s, GError **error);
/* IDLE (RFC 2177) or, without it, a wait and NOOP. TRUE: *changed_out says whether the folder changed; it ends early when wake_fd is readable, or where the
 * guest has found, before the wait, somebody for whom it must end (*called_or_null). */
gboolean imap_idle (struct imap *imap, int wake_fd, guint timeout_s, const gboolean *called_or_null,
                    gboolean *changed_out, GError **error);
