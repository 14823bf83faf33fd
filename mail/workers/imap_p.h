/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Between imap.c and imap_methods.c. */
#pragma once
#include "crypto/guard/secret.h"
#include "mail/net/imap.h"
#include "mail/store/sync.h"
#include "mail/workers/imap_body.h"
#include "mail/workers/imap_watch.h"
#include "mail/workers/worker.h"

struct mailbox {
  struct worker *worker;
  struct remote *remote;
  struct secret *secret;
  struct sync *sync;
  struct imap *imap; /* NULL: offline */
  struct stream_guest guest;
  struct imap_body body;
  gboolean on_line; /* imap is in use: what is done meanwhile must not touch it */
  struct imap_watch *watch;
  guint poll_s;
  guint failures;
  gint64 next_try, next_look, next_push; /* monotonic seconds */
  gboolean reported, busy;
  gboolean waits_to_watch; /* the screen has its first mails: a second connection may be opened */
  gboolean refused;        /* the sign-in was: nothing by itself until somebody asks */
};

/* imap_methods.c: worker_method_fn each */
GVariant *imap_method_report (struct worker *worker, GVariant *args, GError **error);
GVariant *imap_method_settle (struct worker *worker, GVariant *args, GError **error);
GVariant *imap_method_folders (struct worker *worker, GVariant *args, GError **error);
GVariant *imap_method_flags (struct worker *worker, GVariant *args, GError **error);
GVariant *imap_method_move (struct worker *worker, GVariant *args, GError **error);
GVariant *imap_method_move_back (struct worker *worker, GVariant *args, GError **error);
GVariant *imap_method_append (struct worker *worker, GVariant *args, GError **error);
GVariant *imap_method_remove (struct worker *worker, GVariant *args, GError **error);
GVariant *imap_method_drafts (struct worker *worker, GVariant *args, GError **error);
GVariant *imap_method_folder (struct worker *worker, GVariant *args, GError **error);
GVariant *imap_method_mails (struct worker *worker, GVariant *args, GError **error);
GVariant *imap_method_indexed (struct worker *worker, GVariant *args, GError **error);
GVariant *imap_method_fetch (struct worker *worker, GVariant *args, GError **error);
