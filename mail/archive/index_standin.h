/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Stand-ins: what libnotmuch reads in place of a file that it takes for no mail, since From, To and Subject are all missing, or that it does not
 * survive. Index files only. */
#pragma once
#include "mail/archive/index_guard.h"
#include "mail/archive/index_p.h"

/* Index path, which lies below mail_dir, by a stand-in with a plain header. The message has path as its file, and the ID that
 * libnotmuch gives to mail without one. verdict: of FINE it has the words, of DAMAGED the fields
 * that lists are made of, of HOPELESS nothing. options: of notmuch_database_index_file. Returns a notmuch_status_t. */
struct _notmuch_indexopts;
guint index_standin_index (struct index_db *db, struct _notmuch_database *notmuch, const char *path,
                           struct _notmuch_indexopts *options, enum index_guard_verdict verdict,
                           struct _notmuch_message **message_out);
