/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* An invitation in plain words: what, when, where and who calls. Reads the first events of an iCalendar text (RFC 5545). Pure. */
#include "mail/message/message_p.h"

#include <string.h>

#define EVENTS_MAX 20

/* Join what was folded. */
static char *
unfold (const char *ics)
{
  GString *out = g_string_new (NULL);
  for (const char *p = ics; *p != '\0'; p++) {
    if (*p == '\r')
      continue;
    if (*p == '\n' && (p[1] == ' ' || p[1] == '\t'))
      p++;
    else
      g_string_append_c (out, *p);
  }
  return g_string_free (out, FALSE);
}

/* TEXT: \n, \, \; and \\ undone, on one line. */
static char *
plain_value (const char *value)
{
  GString *out = g_string_new (NULL);
  for (const char *p = value; *p != '\0'; p++) {
    if (*p != '\\' || p[1] == '\0')
      g_string_append_c (out, *p);
    else if (*++p == 'n' || *p == 'N')
      g_string_append_c (out, ' ');
    else
      g_string_append_c (out, *p);
  }
  return g_string_free (out, FALSE);
}

/* 20261124T140000Z -> 2026-11-24 14:00 UTC; anything else stays as it is. */
static char *
date_value (const char *value, const char *params)
{
  gsize digits = strspn (value, "0123456789");
  if (digits != 8)
    return g_strdup (value);
  GString *out = g_string_new (NULL);
  g_string_printf (out, "%.4s-%.2s-%.2s", value, value + 4, value + 6);
  if (value[8] == 'T' && strspn (value + 9, "0123456789") >= 4) {
    g_string_append_printf (out, " %.2s:%.2s", value + 9, value + 11);
    const char *zone = params != NULL ? strstr (params, "TZID=") : NULL;
    if (g_str_has_suffix (value, "Z"))
      g_string_append (out, " UTC");
    else if (zone != NULL)
      g_string_append_printf (out, " (%.*s)", (int) strcspn (zone + 5, ";:"), zone + 5);
  }
  return g_string_free (out, FALSE);
}

static const struct {
  const char *name, *label;
  gboolean date, address;
} shown[] = {
  { "SUMMARY", "What", FALSE, FALSE },       { "DTSTART", "From", TRUE, FALSE },
  { "DTEND", "Until", TRUE, FALSE },         { "LOCATION", "Where", FALSE, FALSE },
  { "ORGANIZER", "Organiser", FALSE, TRUE }, { "STATUS", "Status", FALSE, FALSE },
  { "RRULE", "Repeats", FALSE, FALSE },
};

/* ORGANIZER;CN=Name:mailto:a@b. The address is what counts; the name stands before it. */
static char *
organiser_value (const char *value, const char *params)
{
  const char *address = g_ascii_strncasecmp (value, "mailto:", 7) == 0 ? value + 7 : value;
  const char *name = params != NULL ? strstr (params, "CN=") : NULL;
  if (name == NULL)
    return g_strdup (address);
  g_autofree char *clean = g_strndup (name + 3, strcspn (name + 3, ";"));
  return g_strdup_printf ("%s <%s>", g_strstrip (g_strdelimit (clean, "\"", ' ')), address);
}

static void
append_line (GString *out, char *line)
{
  char *colon = line;
  for (gboolean quoted = FALSE; *colon != '\0' && (quoted || *colon != ':'); colon++)
    if (*colon == '"')
      quoted = !quoted;
  if (*colon == '\0')
    return;
  *colon = '\0';
  char *params = strchr (line, ';');
  if (params != NULL)
    *params++ = '\0';
  for (gsize i = 0; i < G_N_ELEMENTS (shown); i++) {
    if (g_ascii_strcasecmp (line, shown[i].name) != 0)
      continue;
    g_autofree char *value = plain_value (colon + 1);
    g_autofree char *text = shown[i].date      ? date_value (value, params)
                            : shown[i].address ? organiser_value (value, params)
                                               : g_strdup (value);
    if (*text != '\0')
      g_string_append_printf (out, "%s: %s\n", shown[i].label, text);
  }
}

static const char *
heading (const char *method)
{
  if (g_ascii_strcasecmp (method, "REQUEST") == 0)
    return "Invitation";
  if (g_ascii_strcasecmp (method, "CANCEL") == 0)
    return "Cancelled event";
  if (g_ascii_strcasecmp (method, "REPLY") == 0)
    return "Answer to an invitation";
  return "Event";
}

char *
message_calendar_text (const char *ics)
{
  g_autofree char *whole = unfold (ics);
  g_auto (GStrv) lines = g_strsplit (whole, "\n", -1);
  const char *method = "";
  gboolean inside = FALSE;
  guint events = 0;
  GString *out = g_string_new (NULL);
  for (char **line = lines; *line != NULL && events <= EVENTS_MAX; line++) {
    if (g_ascii_strncasecmp (*line, "METHOD:", 7) == 0)
      method = *line + 7;
    else if (g_ascii_strcasecmp (*line, "BEGIN:VEVENT") == 0) {
      inside = ++events <= EVENTS_MAX;
      g_string_append_printf (out, "%s%s\n", out->len > 0 ? "\n" : "",
                              inside ? heading (method) : "(more events follow)");
    } else if (g_ascii_strncasecmp (*line, "END:VEVENT", 10) == 0
               || g_ascii_strncasecmp (*line, "BEGIN:VALARM", 12) == 0)
      inside = FALSE;
    else if (inside)
      append_line (out, *line);
  }
  return g_string_free (out, out->len == 0);
}
