/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mails that libnotmuch cannot survive: which one it was, remembered over the crash, and kept from it from then on.
 *
 * keep_dir/indexing holds the path of the mail under way. A fatal signal marks it (a kill -9 or a power cut does not: then the mail is not to
 * blame); so does a mail that takes more than its share of time. At the next start such a mail goes into keep_dir/skipped, by the hash
 * of its content, because files move; twice, if its header alone did it again. The list outlives the index. One guard a process. */
#pragma once
#include <glib.h>

struct index_guard;

#define INDEX_GUARD_CPU_S 60 /* a mail may take that much processor time, and some times as much by the clock */

enum index_guard_verdict {
  INDEX_GUARD_FINE = 0,
  INDEX_GUARD_DAMAGED, /* only its header may be shown to libnotmuch */
  INDEX_GUARD_HOPELESS /* nothing of it */
};

/* index_dir: where earlier versions kept the list. */
struct index_guard *index_guard_new (const char *keep_dir, const char *index_dir, const char *mail_dir, GError **error);
void index_guard_free (struct index_guard *guard);
enum index_guard_verdict index_guard_judge (struct index_guard *guard, const char *path);
void index_guard_enter (struct index_guard *guard, const char *path);
void index_guard_leave (struct index_guard *guard);
void index_guard_set_cpu_s (struct index_guard *guard, guint seconds);
