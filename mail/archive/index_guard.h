/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mails that libnotmuch cannot survive: which one it was, remembered over the crash, and passed over from then on.
 *
 * index_dir/indexing holds the path of the mail under way. A fatal signal marks it (a kill -9 or a power cut does not: then the mail is not to
 * blame); so does a mail that takes more than its share of processor time. At the next start such a mail goes into
 * index_dir/skipped, by the hash of its content, because files move. One guard a process. */
#pragma once
#include <glib.h>

struct index_guard;

#define INDEX_GUARD_CPU_S 60 /* a mail may take that much processor time */

struct index_guard *index_guard_new (const char *index_dir, const char *mail_dir, GError **error);
void index_guard_free (struct index_guard *guard);
/* Why this mail is not indexed: a sentence, or NULL. */
const char *index_guard_reason (struct index_guard *guard, const char *path);
void index_guard_enter (struct index_guard *guard, const char *path);
void index_guard_leave (struct index_guard *guard);
void index_guard_set_cpu_s (struct index_guard *guard, guint seconds);
