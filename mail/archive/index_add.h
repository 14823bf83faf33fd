/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mails into one index, and the steps of it that a move needs, too. Index files only; statuses are libnotmuch's. */
#pragma once
#include "mail/archive/index_guard.h"
#include "mail/archive/index_p.h"

/* In batches, each of them durable; as index_write_add. */
gboolean index_add_all (struct index_db *db, const struct index_mail *mails, gsize n_mails, guint *added_out,
                        struct _GVariantBuilder *skipped, GError **error);
/* guard_path: who is to blame if libnotmuch does not come back. SUCCESS: the message is new; message_out is the caller's. */
guint index_add_file (struct index_db *db, struct _notmuch_database *notmuch, const char *path, const char *guard_path,
                      enum index_guard_verdict verdict, struct _notmuch_message **message_out);
/* The message that has this file; NULL: none. Caller destroys. */
struct _notmuch_message *index_add_message_of (struct _notmuch_database *notmuch, const char *path);
gboolean index_add_has_file (struct _notmuch_database *notmuch, const char *path);
gboolean index_add_is_in (guint status); /* new, or one more file of a message */
guint index_add_remove_path (struct _notmuch_database *notmuch, const char *path);
/* The message id has another file now, instead of was: as long as only its header was here it had, without a Message-ID, one that was made of the
 * file, and was another message to libnotmuch. What a person tagged comes along. */
guint index_add_take_place (struct _notmuch_database *notmuch, const char *was, const char *id);
/* Names of files that have gone in the meantime: a rename that we were told of too late. */
guint index_add_drop_stale (struct _notmuch_database *notmuch, struct _notmuch_message *message);
