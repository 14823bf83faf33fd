/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages out of Maildir folders, mbox files and message files, one after another, each as it is. The files belong to the person who
 * imports them; what is in them is hostile. */
#pragma once
#include <glib.h>

#define COMMAND_STREAM_MESSAGE_MAX (64u * 1024 * 1024)
enum command_stream_flags {
  COMMAND_STREAM_SEEN = 1,
  COMMAND_STREAM_FLAGGED = 2,
  COMMAND_STREAM_ANSWERED = 4,
  COMMAND_STREAM_FORWARDED = 8,
};
/* Called for each message; bytes are borrowed. flags: what is known of it from its file name in a Maildir or its Status fields in an mbox, else
 * that it was seen. FALSE ends the walk. */
typedef gboolean (*command_stream_fn) (const char *bytes, gsize size, guint flags, gpointer data);
struct command_stream {
  command_stream_fn take;
  gpointer data;
  guint skipped; /* empty, unreadable or too large */
};
/* A folder with cur/ and new/ is a Maildir (its subfolders too); any other folder is walked; a file that begins with "From " is an mbox, any
 * other one message. FALSE: take said so. */
gboolean command_stream_walk (struct command_stream *stream, const char *path);
/* One mbox in memory (mboxrd: one ">" is taken off ">From "). */
gboolean command_stream_mbox (struct command_stream *stream, const char *bytes, gsize size);
