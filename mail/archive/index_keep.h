/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Tags that a person set, kept where the loss of the index does not reach them, and put on again when a message comes into an index.
 *
 * Not kept is what follows from elsewhere: of an account's mail the tags that stand for folders and flags (tags.h), which the server knows. Imported
 * mail has no server, so of it all tags are kept that do not follow from the file's name. */
#pragma once
#include "mail/archive/index_p.h"

/* The writer. Where there is no book yet, it is begun from the tags of this index. */
gboolean index_keep_open (struct index_db *db, const char *keep_dir, GError **error);
/* A person did that to this message. Between begin and commit of the book. */
void index_keep_note (struct index_db *db, struct _notmuch_message *message, const char *const *add,
                      const char *const *remove);
/* The server says so: what a person said before is over. */
void index_keep_overrule (struct index_db *db, struct _notmuch_message *message, const char *const *add,
                          const char *const *remove);
/* The message has just come into the index: its tags on, off. A notmuch_status_t. */
guint index_keep_apply (struct index_db *db, struct _notmuch_message *message);
