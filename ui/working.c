/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See working.h. */
#include "ui/working.h"

#include <string.h>

#define BAR_COLUMNS 20
#define SHORT_BYTES (1024u * 1024)
#define MEGABYTE 1000000u

gboolean
working_is_short (GVariant *fields)
{
  guint64 total = 0;
  (void) g_variant_lookup (fields, "total", "t", &total);
  return total < SHORT_BYTES;
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
  if (strcmp (stage, "sending") != 0)
    line = g_strdup_printf ("Encrypting [%s] %3u %%", bar, (guint) (done * 100 / total));
  else if (done == total)
    line = g_strdup_printf ("Sending [%s] waiting for the server", bar);
  else
    line = g_strdup_printf ("Sending [%s] %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " MB", bar, done / MEGABYTE,
                            (total + MEGABYTE - 1) / MEGABYTE);
  return g_strndup (line, (gsize) MAX (columns, 0));
}
