/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See sync_progress.h. The rate is a mean in which older seconds count less; the time left runs down by itself and is only drawn towards
 * each new estimate. */
#include "mail/store/sync_progress.h"

#define TICK_US (G_USEC_PER_SEC / 2)
#define RATE_S 8.0  /* how long a second counts */
#define LEFT_S 6.0  /* how long the time left takes to follow a new estimate */
#define QUIET_S 2.0 /* before that nothing is said of the time left */

void
sync_progress_clear (struct sync_progress *progress)
{
  *progress = (struct sync_progress){ .left_s = -1 };
}

void
sync_progress_expect (struct sync_progress *progress, guint mails, guint64 bytes, gint64 now_us)
{
  if (progress->sampled_us == 0) {
    sync_progress_clear (progress);
    progress->began_us = now_us;
  }
  progress->total = progress->done + mails;
  progress->total_bytes = progress->bytes + bytes;
  progress->sampled_us = now_us;
  progress->sampled_bytes = progress->bytes;
}

void
sync_progress_took (struct sync_progress *progress, guint mails, guint64 bytes)
{
  progress->done += mails;
  progress->bytes += bytes;
  progress->total = MAX (progress->total, progress->done);
  progress->total_bytes = MAX (progress->total_bytes, progress->bytes);
}

/* As much of the way to where as a step of this length makes. */
static double
drawn (double from, double where, double step_s, double time_s)
{
  return from + (where - from) * step_s / (step_s + time_s);
}

gboolean
sync_progress_tick (struct sync_progress *progress, gint64 now_us)
{
  const gint64 passed_us = now_us - progress->sampled_us;
  if (progress->sampled_us == 0 || passed_us < TICK_US)
    return FALSE;
  const double passed_s = (double) passed_us / G_USEC_PER_SEC;
  const double now = (double) (progress->bytes - progress->sampled_bytes) / passed_s;
  progress->rate = progress->rate > 0 ? drawn (progress->rate, now, passed_s, RATE_S) : now;
  progress->sampled_us = now_us;
  progress->sampled_bytes = progress->bytes;
  if (progress->rate < 1 || (double) (now_us - progress->began_us) < QUIET_S * G_USEC_PER_SEC)
    return TRUE;
  const double estimate = (double) (progress->total_bytes - progress->bytes) / progress->rate;
  progress->left_s
      = progress->left_s < 0 ? estimate : MAX (drawn (progress->left_s - passed_s, estimate, passed_s, LEFT_S), 0);
  return TRUE;
}

GVariant *
sync_progress_fields (const struct sync_progress *progress)
{
  GVariantBuilder fields;
  g_variant_builder_init (&fields, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&fields, "{sv}", "done", g_variant_new_uint32 (progress->done));
  g_variant_builder_add (&fields, "{sv}", "total", g_variant_new_uint32 (progress->total));
  g_variant_builder_add (&fields, "{sv}", "bytes", g_variant_new_uint64 (progress->bytes));
  if (progress->rate >= 1)
    g_variant_builder_add (&fields, "{sv}", "rate", g_variant_new_uint64 ((guint64) progress->rate));
  if (progress->rate >= 1 && progress->left_s >= 0)
    g_variant_builder_add (&fields, "{sv}", "left", g_variant_new_uint32 ((guint32) MIN (progress->left_s + 0.5, 1e9)));
  return g_variant_builder_end (&fields);
}
