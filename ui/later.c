/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See later.h. */
#include "ui/later.h"

#include <stdio.h>
#include <string.h>

#define FAR_S (366 * 24 * 3600) /* nobody means more */

static GDateTime *
at_clock (GDateTime *day, int hour, int minute)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  int year, month, of_month;
  g_date_time_get_ymd (day, &year, &month, &of_month);
  return hour > 23 || minute > 59 ? NULL : g_date_time_new (zone, year, month, of_month, hour, minute, 0);
}

/* Days from that day on; -1: it names none. */
static int
days_to (const char *word, GDateTime *today)
{
  static const char *const names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
  if (g_ascii_strcasecmp (word, "today") == 0)
    return 0;
  if (g_ascii_strcasecmp (word, "tomorrow") == 0)
    return 1;
  for (int i = 0; i < (int) G_N_ELEMENTS (names); i++)
    if (g_ascii_strncasecmp (word, names[i], 3) == 0)
      return (i + 1 - g_date_time_get_day_of_week (today) + 6) % 7 + 1;
  return -1;
}

static GDateTime *
in_words (const char *text, GDateTime *today)
{
  char word[16] = "", rest = 0;
  int hour = 0, minute = 0, year = 0, month = 0, day = 0;
  if (sscanf (text, "%2d:%2d%c", &hour, &minute, &rest) == 2 && hour >= 0 && minute >= 0) {
    g_autoptr (GDateTime) at = at_clock (today, hour, minute);
    if (at == NULL || g_date_time_compare (at, today) > 0)
      return g_steal_pointer (&at);
    g_autoptr (GDateTime) next = g_date_time_add_days (today, 1);
    return at_clock (next, hour, minute);
  }
  if (sscanf (text, "%15[a-zA-Z] %2d:%2d%c", word, &hour, &minute, &rest) == 3 && hour >= 0 && minute >= 0) {
    const int days = days_to (word, today);
    g_autoptr (GDateTime) on = days >= 0 ? g_date_time_add_days (today, days) : NULL;
    return on != NULL ? at_clock (on, hour, minute) : NULL;
  }
  if (sscanf (text, "%4d-%2d-%2d %2d:%2d%c", &year, &month, &day, &hour, &minute, &rest) == 5) {
    g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
    return g_date_time_new (zone, year, month, day, hour, minute, 0);
  }
  return NULL;
}

gboolean
later_parse (const char *text, gint64 now, gint64 *time_out)
{
  g_autofree char *plain = g_strstrip (g_strdup (text));
  g_autoptr (GDateTime) today = g_date_time_new_from_unix_local (now);
  g_autoptr (GDateTime) at = today != NULL ? in_words (plain, today) : NULL;
  if (at == NULL && strchr (plain, 'T') != NULL)
    at = g_date_time_new_from_iso8601 (plain, NULL); /* with its zone */
  if (at == NULL)
    return FALSE;
  *time_out = g_date_time_to_unix (at);
  return *time_out > now && *time_out - now <= FAR_S;
}
