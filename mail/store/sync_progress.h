/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How far fetching is, how fast it goes, and how long it will take: numbers that a person can look at, so they do not jump. Pure: times are
 * given (monotonic, µs). */
#pragma once
#include <glib.h>

struct sync_progress {
  guint done, total;           /* mails */
  guint64 bytes, total_bytes;  /* of all of them */
  gint64 began_us, sampled_us; /* sampled_us 0: nothing is under way */
  guint64 sampled_bytes;
  double rate;   /* bytes a second; 0: unknown */
  double left_s; /* < 0: unknown */
};

void sync_progress_clear (struct sync_progress *progress); /* all is done, or nothing was begun */
/* So much is still to come, beside what is done; time that passed before does not count. */
void sync_progress_expect (struct sync_progress *progress, guint mails, guint64 bytes, gint64 now_us);
void sync_progress_took (struct sync_progress *progress, guint mails, guint64 bytes);
/* Should somebody be told now? Then rate and left_s are up to date. */
gboolean sync_progress_tick (struct sync_progress *progress, gint64 now_us);
GVariant *sync_progress_fields (const struct sync_progress *progress); /* of the event "progress"; floating */
