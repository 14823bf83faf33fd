/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A message may have several files, in several folders, each with flags of its own: its tags that stand for flags are those of all of them together.
 * One of them seen: it is read. And tags of folders that it leaves. Index files only. */
#pragma once
#include "mail/archive/index_p.h"

guint index_flags_files (struct _notmuch_message *message); /* how many it has, stale names counted */
/* After a file was renamed, joined others or left them. Imported mail, whose flags stand in no name, is left as it is. By its id and not by a
 * notmuch_message_t: one from before would, with its tags, write back the names that it had. A notmuch_status_t. */
guint index_flags_settle (struct index_db *db, struct _notmuch_database *notmuch, const char *id);
/* A file of it has left the folder that has this tag: so does the tag, unless it has another one in a folder of that name. */
guint index_flags_leave (struct index_db *db, struct _notmuch_database *notmuch, const char *id, const char *path,
                         const char *tag);
