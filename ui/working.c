/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See working.h. */
#include "ui/working.h"

#include <string.h>

#define BAR_COLUMNS 20
#define SHORT_BYTES (1024u * 1024)
#define MEGABYTE 1000000u

gboolean
working_is_indexing (GVariant *fields)
{
  const char *stage = "";
  (void) g_variant_lookup (fields, "stage", "&s", &stage);
  return strcmp (stage, "indexing") == 0;
}

gboolean
working_is_short (GVariant *fields)
{
  guint64 total = 0;
  (void) g_variant_lookup (fields, "total", "t", &total);
  return total < (working_is_indexing (fields) ? 1 : SHORT_BYTES);
}

gboolean
working_is_over (GVariant *fields)
{
  guint64 done = 0, total = 0;
  (void) g_variant_lookup (fields, "done", "t", &done);
  (void) g_variant_lookup (fields, "total", "t", &total);
  return working_is_indexing (fields) && done >= total;
}

/* "1200 of 80000 messages, 5 min left" */
static char *
indexing_line (GVariant *fields, guint64 done, guint64 total, const char *bar)
{
  guint32 left_s = 0;
  gboolean known = g_variant_lookup (fields, "left_s", "u", &left_s) && done > 0;
  g_autofree char *left = !known          ? g_strdup ("")
                          : left_s >= 100 ? g_strdup_printf (", %u min left", (left_s + 59) / 60)
                                          : g_strdup_printf (", %u s left", left_s);
  return g_strdup_printf ("Rebuilding index [%s] %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " messages%s", bar, done,
                          total, left);
}

static char *
share (guint64 done, guint64 total)
{
  char bar[BAR_COLUMNS + 1];
  const gsize full = (gsize) (done * BAR_COLUMNS / total);
  memset (bar, '#', full);
  memset (bar + full, '-', BAR_COLUMNS - full);
  bar[BAR_COLUMNS] = '\0';
  return g_strdup (bar);
}

char *
working_line (GVariant *fields, int columns)
{
  const char *stage = "";
  guint64 done = 0, total = 0;
  (void) g_variant_lookup (fields, "stage", "&s", &stage);
  (void) g_variant_lookup (fields, "done", "t", &done);
  (void) g_variant_lookup (fields, "total", "t", &total);
  total = CLAMP (total, 1, G_MAXUINT64 / 100 / BAR_COLUMNS);
  done = MIN (done, total);
  g_autofree char *bar = share (done, total), *line = NULL;
  if (working_is_indexing (fields))
    line = indexing_line (fields, done, total, bar);
  else if (strcmp (stage, "sending") != 0)
    line = g_strdup_printf ("Encrypting [%s] %3u %%", bar, (guint) (done * 100 / total));
  else if (done == total)
    line = g_strdup_printf ("Sending [%s] waiting for the server", bar);
  else
    line = g_strdup_printf ("Sending [%s] %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " MB", bar, done / MEGABYTE,
                            (total + MEGABYTE - 1) / MEGABYTE);
  return g_strndup (line, (gsize) MAX (columns, 0));
}

/* 12,345 */
static char *
grouped (guint number)
{
  if (number < 1000)
    return g_strdup_printf ("%u", number);
  if (number < 1000000)
    return g_strdup_printf ("%u,%03u", number / 1000, number % 1000);
  return g_strdup_printf ("%u,%03u,%03u", number / 1000000, number / 1000 % 1000, number % 1000);
}

static char *
speed (guint64 rate)
{
  if (rate < 100000)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " kB/s", MAX (rate / 1000, 1));
  return g_strdup_printf ("%" G_GUINT64_FORMAT ".%u MB/s", rate / MEGABYTE, (guint) (rate % MEGABYTE / 100000));
}

/* Coarse, so that it is quiet. */
static char *
time_left (guint seconds)
{
  const guint minutes = seconds / 60 + (seconds % 60 >= 30 ? 1 : 0), hours = (minutes + 30) / 60;
  if (seconds < 10)
    return g_strdup ("a few seconds left");
  if (seconds < 50)
    return g_strdup_printf ("about %u seconds left", (seconds + 5) / 10 * 10);
  if (minutes < 60)
    return g_strdup_printf ("about %u minute%s left", MAX (minutes, 1), minutes <= 1 ? "" : "s");
  if (hours >= 24)
    return g_strdup ("more than a day left");
  return g_strdup_printf ("about %u hour%s left", MAX (hours, 1), hours <= 1 ? "" : "s");
}

char *
working_fetching (guint done, guint total, guint64 rate, guint left_s, int columns)
{
  g_autofree char *so_far = grouped (done), *all = grouped (total), *fast = speed (rate), *left = time_left (left_s);
  g_autofree char *line = rate == 0 ? g_strdup_printf ("Fetching mail: %s of %s", so_far, all)
                          : left_s == G_MAXUINT
                              ? g_strdup_printf ("Fetching mail: %s of %s, %s", so_far, all, fast)
                              : g_strdup_printf ("Fetching mail: %s of %s, %s, %s", so_far, all, fast, left);
  return g_strndup (line, (gsize) MAX (columns, 0));
}

char *
working_fetching_fields (GVariant *fields, int columns)
{
  guint32 done = 0, total = 0, left = G_MAXUINT;
  guint64 rate = 0;
  (void) g_variant_lookup (fields, "done", "u", &done);
  (void) g_variant_lookup (fields, "total", "u", &total);
  (void) g_variant_lookup (fields, "rate", "t", &rate);
  (void) g_variant_lookup (fields, "left", "u", &left);
  return working_fetching (done, total, rate, left, columns);
}
