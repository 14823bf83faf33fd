/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files imap_*.c share. */
#pragma once
#include "mail/net/imap.h"
#include "mail/net/stream.h"

#include <libetpan/libetpan.h>

struct imap {
  const struct remote *remote;
  struct stream *stream;
  mailimap *session;
  char *selected; /* path; NULL */
  struct imap_selected info;
  gboolean lost;
};
#define IMAP_SMALL (1024u * 1024) /* bytes that the answer to an ordinary command may have */
#define IMAP_COMMAND_S 120

/* Sets the error for libetpan's result code; what: "open the folder “x”". Marks the session as lost unless the server just said no. */
gboolean imap_failed (struct imap *imap, int code, const char *what, GError **error);
/* Refuses when the session is dead; sets the limits for the next answer. */
gboolean imap_begin (struct imap *imap, guint64 bytes, guint seconds, GError **error);
/* A command of our own: sends "tag command\r\n"... and reads until the tagged answer. */
gboolean imap_command (struct imap *imap, const char *command, const char *what, GError **error);
struct mailimap_set *imap_set (const guint32 *uids, gsize count);
struct mailimap_flag_list *imap_flag_list (const char *flags);
void imap_flags_of (const struct mailimap_msg_att_dynamic *item, char *flags_out);
/* imap_sign_in.c */
gboolean imap_sign_in (struct imap *imap, const struct secret *secret, GError **error);

/* imap_driver.c: the stream as libetpan sees it, through imap_filter.h. Closed with stream_etpan_close; the stream stays the caller's. NULL: no memory. */
mailstream *imap_driver_new (struct stream *stream);
gboolean imap_driver_has_more (const mailstream *etpan); /* there is something to read without waiting for the server */
gboolean imap_driver_is_amid (const mailstream *etpan);  /* or the beginning of something */
gboolean imap_driver_said_bad (const mailstream *etpan, int tag); /* the server, to the command with this tag */
