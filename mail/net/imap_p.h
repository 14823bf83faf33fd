/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files imap_*.c share. */
#pragma once
#include "mail/net/imap.h"
#include "mail/net/stream.h"

#include <libetpan/libetpan.h>

#define IMAP_AHEAD 2 /* one that is being read, and the next */

struct imap {
  const struct remote *remote;
  struct stream *stream;
  mailimap *session;
  char *selected; /* path; NULL: it has to be opened anew */
  char *open;     /* what the server has open all the same, by its name of now; NULL */
  struct imap_selected info;
  gboolean lost, compress_asked;
  struct imap_ahead {
    int tag;             /* 0: the answer has come */
    int code;            /* libetpan's, of the answer */
    guint32 first, last; /* UIDs */
    gsize count;
    guint64 bytes;      /* that may come */
    GHashTable *wanted; /* uid -> struct imap_head *: what has not come */
  } ahead[IMAP_AHEAD];  /* FETCHes that were sent and not read, oldest first */
  guint aheads;
};
#define IMAP_SMALL (1024u * 1024) /* bytes that the answer to an ordinary command may have */
#define IMAP_COMMAND_S 120

/* Sets the error for libetpan's result code; what: "open the folder “x”". Marks the session as lost unless the server just said no. */
gboolean imap_failed (struct imap *imap, int code, const char *what, GError **error);
/* Refuses when the session is dead; sets the limits for the next answer. */
gboolean imap_begin (struct imap *imap, guint64 bytes, guint seconds, GError **error);
/* The same for the next of the answers that are still to come (imap_pipe.c); any other command waits for these, and drops them. */
gboolean imap_begin_next (struct imap *imap, guint64 bytes, guint seconds, GError **error);
void imap_fetch_drop_ahead (struct imap *imap);
/* imap_pipe.c. Begins a series of commands, when no answer is to come. */
void imap_pipe_begin (struct imap *imap);
/* Buffered; the tag, or 0 if the line is broken. command: without CR and LF. */
int imap_pipe_send (struct imap *imap, const char *command);
gboolean imap_pipe_flush (struct imap *imap);
/* Reads up to the next tagged answer, which need not be that to the oldest command. tag_out: whose; 0 where the line is broken. Returns
 * libetpan's code, for imap_failed. */
int imap_pipe_answer (struct imap *imap, int *tag_out);
/* A command of our own: sends "tag command\r\n"... and reads until the tagged answer. */
gboolean imap_command (struct imap *imap, const char *command, const char *what, GError **error);
struct mailimap_set *imap_set (const guint32 *uids, gsize count);
struct mailimap_flag_list *imap_flag_list (const char *flags);
/* NULL: they are too many. */
const char *imap_keywords_of (const struct mailimap_msg_att_dynamic *item);
void imap_flags_of (const struct mailimap_msg_att_dynamic *item, char *flags_out);
/* imap_sign_in.c */
gboolean imap_sign_in (struct imap *imap, const struct secret *secret, GError **error);

/* imap_driver.c: the stream as libetpan sees it, through imap_filter.h. Closed with stream_etpan_close; the stream stays the caller's. NULL: no memory. */
mailstream *imap_driver_new (struct stream *stream);
gboolean imap_driver_has_more (const mailstream *etpan); /* there is something to read without waiting for the server */
gboolean imap_driver_is_amid (const mailstream *etpan);  /* or the beginning of something */
gboolean imap_driver_said_bad (const mailstream *etpan, int tag); /* the server, to the command with this tag */
char *imap_driver_next_tagged (const mailstream *etpan);          /* see imap_filter.h */
/* hear: what libetpan reads from now on, piece by piece, as the filter lets it pass; NULL: no more. */
void imap_driver_listen (mailstream *etpan, void (*hear) (const void *bytes, gsize size, gpointer data), gpointer data);

/* imap_status.c. What to ask of each folder, in LIST's RETURN (STATUS (...)) too; that, where the server takes it. */
#define IMAP_STATUS_ITEMS "MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ"
gboolean imap_status_is_told (struct imap *imap);
/* Between these two what is told of folders is heard; imap_status_take notes it in them: struct imap_folder *. */
struct imap_ear;
struct imap_ear *imap_status_listen (struct imap *imap);
void imap_status_end (struct imap_ear *ear);
DEFINE_AUTOFREE (imap_ear, imap_status_end)
void imap_status_take (const struct imap_ear *ear, GPtrArray *folders);
/* Asks for all of them, where the server counts changes. */
gboolean imap_status_ask (struct imap *imap, GPtrArray *folders, GError **error);
