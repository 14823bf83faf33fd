/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Single values of an iCalendar text in words: dates, durations, people, rules of repetition. What cannot be read stays as it is, on one line.
 * RFC 5545, 3.3. Pure. */
#include "mail/message/message_calendar_value.h"

#include <string.h>

/* TEXT: \n, \, \; and \\ undone. */
char *
message_calendar_value_text (const char *value, gboolean lines)
{
  GString *out = g_string_new (NULL);
  for (const char *p = value; *p != '\0'; p++) {
    if (*p != '\\' || p[1] == '\0')
      g_string_append_c (out, *p);
    else if (*++p == 'n' || *p == 'N')
      g_string_append (out, lines ? "\n  " : " ");
    else
      g_string_append_c (out, *p);
  }
  return g_string_free (out, FALSE);
}

/* The value of one parameter, without its quotes; NULL: it is not there. */
static char *
parameter (const char *params, const char *name)
{
  gsize length = strlen (name);
  for (const char *p = params; p != NULL && *p != '\0';) {
    const char *end = p;
    for (gboolean quoted = FALSE; *end != '\0' && (quoted || *end != ';'); end++)
      if (*end == '"')
        quoted = !quoted;
    if (g_ascii_strncasecmp (p, name, length) == 0 && p[length] == '=') {
      g_autofree char *value = g_strndup (p + length + 1, (gsize) (end - p) - length - 1);
      return g_strdup (g_strstrip (g_strdelimit (value, "\"", ' ')));
    }
    p = *end == ';' ? end + 1 : end;
  }
  return NULL;
}

static guint
number (const char *digits, gsize count)
{
  guint n = 0;
  for (gsize i = 0; i < count; i++)
    n = n * 10 + (guint) (digits[i] - '0');
  return n;
}

/* 20261124T140000Z -> Tue 2026-11-24 14:00 UTC */
static char *
one_date (const char *value, const char *zone)
{
  static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
  if (strspn (value, "0123456789") != 8)
    return g_strdup (value);
  GString *out = g_string_new (NULL);
  g_autoptr (GDate) date = g_date_new ();
  const guint year = number (value, 4), month = number (value + 4, 2), day = number (value + 6, 2);
  if (!g_date_valid_dmy ((GDateDay) day, (GDateMonth) month, (GDateYear) year)) {
    g_string_free (out, TRUE);
    return g_strdup (value);
  }
  g_date_set_dmy (date, (GDateDay) day, (GDateMonth) month, (GDateYear) year);
  g_string_printf (out, "%s %04u-%02u-%02u", days[g_date_get_weekday (date) - G_DATE_MONDAY], year, month, day);
  if (value[8] == 'T' && strspn (value + 9, "0123456789") >= 4) {
    g_string_append_printf (out, " %.2s:%.2s", value + 9, value + 11);
    if (g_str_has_suffix (value, "Z"))
      g_string_append (out, " UTC");
    else if (zone != NULL && *zone != '\0')
      g_string_append_printf (out, " (%s)", zone);
  }
  return g_string_free (out, FALSE);
}

/* One or several, as EXDATE has them. */
char *
message_calendar_value_date (const char *value, const char *params)
{
  g_autofree char *zone = parameter (params, "TZID");
  g_auto (GStrv) all = g_strsplit (value, ",", 20);
  for (char **one = all; *one != NULL; one++) {
    char *text = one_date (*one, zone);
    g_free (*one);
    *one = text;
  }
  return g_strjoinv (", ", all);
}

/* PT1H30M -> 1 hour 30 minutes */
char *
message_calendar_value_duration (const char *value)
{
  static const struct {
    char letter;
    const char *word;
  } units[] = { { 'W', "week" }, { 'D', "day" }, { 'H', "hour" }, { 'M', "minute" }, { 'S', "second" } };
  g_autoptr (GString) out = g_string_new (NULL);
  const char *p = value + (*value == '+');
  if (*p++ != 'P')
    return g_strdup (value);
  while (*p != '\0') {
    p += *p == 'T';
    gsize digits = strspn (p, "0123456789"), unit = 0;
    while (unit < G_N_ELEMENTS (units) && units[unit].letter != p[digits])
      unit++;
    if (digits == 0 || digits > 6 || unit == G_N_ELEMENTS (units))
      return g_strdup (value);
    const guint count = number (p, digits);
    g_string_append_printf (out, "%s%u %s%s", out->len > 0 ? " " : "", count, units[unit].word, count == 1 ? "" : "s");
    p += digits + 1;
  }
  return g_strdup (out->str);
}

/* The address is what counts; the name stands before it, and behind it what this one answered. */
char *
message_calendar_value_person (const char *value, const char *params)
{
  static const struct {
    const char *state, *words;
  } states[] = { { "ACCEPTED", "accepted" },
                 { "DECLINED", "declined" },
                 { "TENTATIVE", "perhaps" },
                 { "DELEGATED", "sends somebody else" } };
  const char *address = g_ascii_strncasecmp (value, "mailto:", 7) == 0 ? value + 7 : value, *answer = NULL;
  g_autofree char *name = parameter (params, "CN"), *state = parameter (params, "PARTSTAT"),
                  *role = parameter (params, "ROLE");
  for (gsize i = 0; state != NULL && i < G_N_ELEMENTS (states); i++)
    if (g_ascii_strcasecmp (state, states[i].state) == 0)
      answer = states[i].words;
  GString *out = g_string_new (NULL);
  if (name != NULL && *name != '\0' && strcmp (name, address) != 0)
    g_string_append_printf (out, "%s <%s>", name, address);
  else
    g_string_append (out, address);
  if (role != NULL && g_ascii_strcasecmp (role, "OPT-PARTICIPANT") == 0)
    g_string_append (out, " (optional)");
  if (answer != NULL)
    g_string_append_printf (out, ": %s", answer);
  return g_string_free (out, FALSE);
}

static char *
day_words (const char *list)
{
  static const char codes[] = "MOTUWETHFRSASU";
  static const char *const days[] = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" };
  GString *out = g_string_new (NULL);
  g_auto (GStrv) all = g_strsplit (list, ",", 60);
  for (char **one = all; *one != NULL; one++) {
    const char *day = *one + strspn (*one, "+-0123456789");
    gsize which = 0;
    while (which < 7 && g_ascii_strncasecmp (day, codes + 2 * which, 2) != 0)
      which++;
    if (which == 7 || day[2] != '\0') {
      g_string_assign (out, list);
      break;
    }
    g_autofree char *place = g_strndup (*one, (gsize) (day - *one));
    g_string_append_printf (out, "%s%s%s%s", out->len > 0 ? ", " : "",
                            strcmp (place, "-1") == 0 ? "last" : (*place != '\0' ? place : ""),
                            *place != '\0' ? ". " : "", days[which]);
  }
  return g_string_free (out, FALSE);
}

/* FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=10 -> every 2 weeks on Monday, Wednesday, 10 times */
char *
message_calendar_value_rule (const char *value)
{
  static const struct {
    const char *freq, *one, *many;
  } steps[] = { { "DAILY", "every day", "days" },
                { "WEEKLY", "every week", "weeks" },
                { "MONTHLY", "every month", "months" },
                { "YEARLY", "every year", "years" },
                { "HOURLY", "every hour", "hours" } };
  g_autofree char *freq = parameter (value, "FREQ"), *interval = parameter (value, "INTERVAL"),
                  *days = parameter (value, "BYDAY"), *count = parameter (value, "COUNT"),
                  *until = parameter (value, "UNTIL"), *dates = parameter (value, "BYMONTHDAY");
  gsize step = 0;
  while (freq != NULL && step < G_N_ELEMENTS (steps) && g_ascii_strcasecmp (freq, steps[step].freq) != 0)
    step++;
  if (freq == NULL || step == G_N_ELEMENTS (steps))
    return g_strdup (value);
  GString *out = g_string_new (NULL);
  if (interval != NULL && strcmp (interval, "1") != 0)
    g_string_append_printf (out, "every %.10s %s", interval, steps[step].many);
  else
    g_string_append (out, steps[step].one);
  g_autofree char *named = days != NULL ? day_words (days) : NULL,
                  *last = until != NULL ? one_date (until, NULL) : NULL;
  if (named != NULL)
    g_string_append_printf (out, " on %s", named);
  if (dates != NULL)
    g_string_append_printf (out, " on day %.40s of the month", dates);
  if (count != NULL)
    g_string_append_printf (out, ", %.10s times", count);
  if (last != NULL)
    g_string_append_printf (out, ", until %s", last);
  return g_string_free (out, FALSE);
}
