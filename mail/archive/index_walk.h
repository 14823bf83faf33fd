/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The mail on the disk that no account's record knows: what was imported, and what accounts left behind that are no more. In pieces, so that
 * an index can be made from it while other work goes on; where a process ends, the next one goes on after the last path. */
#pragma once
#include <glib.h>

struct index_walk;

/* accounts: folders of mail_dir that are left out. */
struct index_walk *index_walk_new (const char *mail_dir, const char *const *accounts);
void index_walk_free (struct index_walk *walk);
guint index_walk_total (const struct index_walk *walk); /* files, when it began */
/* aa{sv}, floating: rows as of the imap event "mails", of files after that path ("": from the first). next_out: for the next call, "" at the
 * end; caller frees. */
GVariant *index_walk_rows (struct index_walk *walk, const char *after, guint limit, char **next_out);
