/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What benchmarks of the index share: generated mail, index workers as the engine starts them, and medians. */
#pragma once
#include <sys/types.h>

#include "mail/engine/channel.h"

struct bench_process {
  pid_t pid;
  struct channel *channel;
};

void bench_die (const char *what) G_GNUC_NORETURN;
/* An index worker over dir/index and dir/mail. */
struct bench_process bench_start (const char *dir, gboolean writer);
GVariant *bench_call (struct bench_process *process, const char *method, GVariant *args, GUnixFDList *fds);
void bench_end (struct bench_process *process);
double bench_peak_mb (const struct bench_process *process); /* the most memory that it ever had */
/* Generated mails from number first on into the folder dir/mail/local/FOLDER and the index; returns the seconds that it took. The mails: threads,
 * answers, dates over five years up to now, words with a natural distribution; the same ones in each run. */
double bench_fill (const char *dir, const char *folder, guint first, guint count, guint words);
double bench_percentile (double *values, guint count, double share); /* sorts them */
void bench_remove_tree (const char *path);
