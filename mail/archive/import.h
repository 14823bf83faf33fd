/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mail from outside into mail_dir/local/<folder>, a Maildir of its own, and into the index. The index writer only.
 *
 * The stream is what protocol.c says of the engine's "import": messages with their flags, which become the file's and so its tags. A file is named
 * by the hash of its content: an import that was broken off is simply repeated, and nothing comes twice, whatever its flags are by then. */
#pragma once
#include "mail/archive/index.h"

#define IMPORT_MESSAGE_MAX (64u * 1024 * 1024)
#define IMPORT_PROTECTED_MAX 100000
#define IMPORT_TAG "imported"

struct import {
  guint imported;       /* there now: indexed, among the protected ones, or there before */
  guint skipped;        /* too big, or not indexable */
  GPtrArray *protected; /* char *: paths of stored mails with encrypted parts, not yet indexed */
};
void import_init (struct import *import);
void import_clear (struct import *import);

/* Reads fd to the end of the stream (blocking). done: messages so far; called once a batch. FALSE: the stream broke off, the disk is full, the
 * folder's name is none; what was stored until then stays. */
typedef void (*import_progress_fn) (guint done, gpointer data);
gboolean import_stream (struct index_db *db, const char *mail_dir, int fd, const char *folder,
                        import_progress_fn progress, gpointer data, struct import *import, GError **error);
