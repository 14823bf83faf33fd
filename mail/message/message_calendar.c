/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* An invitation in plain words: what, when, where, who calls and who comes. Reads the first events and tasks of an iCalendar text (RFC 5545,
 * 5546). What it does not understand it shows as it stands. Pure. */
#include "mail/message/message_p.h"

#include <string.h>

#include "mail/message/message_calendar_value.h"

#define EVENTS_MAX 20
#define ATTENDEES_MAX 20
#define VALUE_MAX 2000

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

enum form { FORM_TEXT, FORM_NOTES, FORM_DATE, FORM_DURATION, FORM_PERSON, FORM_RULE, FORM_STATUS };
static const struct {
  const char *name, *label;
  enum form form;
} shown[] = {
  { "SUMMARY", "What", FORM_TEXT },
  { "DTSTART", "From", FORM_DATE },
  { "DTEND", "Until", FORM_DATE },
  { "DURATION", "Lasts", FORM_DURATION },
  { "DUE", "Due", FORM_DATE },
  { "RECURRENCE-ID", "Instead of that on", FORM_DATE },
  { "RRULE", "Repeats", FORM_RULE },
  { "EXDATE", "But not on", FORM_DATE },
  { "LOCATION", "Where", FORM_TEXT },
  { "URL", "Link", FORM_TEXT },
  { "ORGANIZER", "Organiser", FORM_PERSON },
  { "ATTENDEE", "Invited", FORM_PERSON },
  { "STATUS", "Status", FORM_STATUS },
  { "COMMENT", "Comment", FORM_TEXT },
  { "DESCRIPTION", "Notes", FORM_NOTES },
};

struct event {
  GString *lines[G_N_ELEMENTS (shown)]; /* in the order of the table, whatever that of the file */
  guint attendees;
};

static void
event_init (struct event *event)
{
  event->attendees = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (shown); i++)
    event->lines[i] = g_string_new (NULL);
}

static void
event_end (struct event *event, GString *out)
{
  for (gsize i = 0; i < G_N_ELEMENTS (shown); i++) {
    g_string_append (out, event->lines[i]->str);
    if (shown[i].form == FORM_PERSON && g_str_equal (shown[i].name, "ATTENDEE") && event->attendees > ATTENDEES_MAX)
      g_string_append_printf (out, "and %u more\n", event->attendees - ATTENDEES_MAX);
    g_string_free (event->lines[i], TRUE);
  }
}

static char *
value_text (enum form form, const char *value, const char *params)
{
  switch (form) {
  case FORM_DATE:
    return message_calendar_value_date (value, params);
  case FORM_DURATION:
    return message_calendar_value_duration (value);
  case FORM_PERSON:
    return message_calendar_value_person (value, params);
  case FORM_RULE:
    return message_calendar_value_rule (value);
  case FORM_STATUS:
    return g_strdup (g_ascii_strcasecmp (value, "CANCELLED") == 0   ? "cancelled"
                     : g_ascii_strcasecmp (value, "TENTATIVE") == 0 ? "not yet certain"
                     : g_ascii_strcasecmp (value, "CONFIRMED") == 0 ? "confirmed"
                                                                    : value);
  case FORM_NOTES:
    return message_calendar_value_text (value, TRUE);
  case FORM_TEXT:
    break;
  }
  return message_calendar_value_text (value, FALSE);
}

/* NAME;PARAM=x:value. The first colon outside quotes ends the name. */
static void
event_line (struct event *event, char *line)
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
    gboolean attendee = g_str_equal (shown[i].name, "ATTENDEE");
    if ((attendee && ++event->attendees > ATTENDEES_MAX) || event->lines[i]->len > VALUE_MAX)
      return;
    g_autofree char *value = g_strndup (colon + 1, VALUE_MAX);
    g_autofree char *text = value_text (shown[i].form, value, params);
    if (*text != '\0')
      g_string_append_printf (event->lines[i], "%s: %s\n", shown[i].label, text);
  }
}

static const char *
heading (const char *method, const char *kind)
{
  static const struct {
    const char *method, *words;
  } methods[] = {
    { "REQUEST", "Invitation" },
    { "CANCEL", "Cancelled event" },
    { "REPLY", "Answer to an invitation" },
    { "COUNTER", "Another time is proposed" },
    { "DECLINECOUNTER", "The proposed other time is declined" },
    { "ADD", "Further dates of an event" },
    { "REFRESH", "Question for the newest version of an event" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    if (g_ascii_strcasecmp (method, methods[i].method) == 0)
      return methods[i].words;
  return g_ascii_strcasecmp (kind, "VTODO") == 0 ? "Task" : "Event";
}

static const char *
component (const char *line, const char *mark)
{
  static const char *const kinds[] = { "VEVENT", "VTODO", "VJOURNAL" };
  if (g_ascii_strncasecmp (line, mark, strlen (mark)) != 0)
    return NULL;
  g_autofree char *name = g_strstrip (g_strdup (line + strlen (mark)));
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_ascii_strcasecmp (name, kinds[i]) == 0)
      return kinds[i];
  return NULL;
}

char *
message_calendar_text (const char *ics)
{
  g_autofree char *whole = unfold (ics);
  g_auto (GStrv) lines = g_strsplit (whole, "\n", -1);
  g_autofree char *method = g_strdup ("");
  guint events = 0, inner = 0;
  gboolean open = FALSE;
  struct event event;
  GString *out = g_string_new (NULL);
  for (char **line = lines; *line != NULL && events <= EVENTS_MAX; line++) {
    const char *begins = component (*line, "BEGIN:");
    if (!open && g_ascii_strncasecmp (*line, "METHOD:", 7) == 0) {
      g_free (method);
      method = g_strstrip (g_strdup (*line + 7));
    } else if (!open && begins != NULL) {
      open = ++events <= EVENTS_MAX;
      inner = 0;
      g_string_append_printf (out, "%s%s\n", out->len > 0 ? "\n" : "",
                              open ? heading (method, begins) : "(more events follow)");
      if (open)
        event_init (&event);
    } else if (open && component (*line, "END:") != NULL) {
      event_end (&event, out);
      open = FALSE;
    } else if (open && g_ascii_strncasecmp (*line, "BEGIN:", 6) == 0) /* an alarm */
      inner++;
    else if (open && g_ascii_strncasecmp (*line, "END:", 4) == 0)
      inner -= inner > 0;
    else if (open && inner == 0)
      event_line (&event, *line);
  }
  if (open)
    event_end (&event, out);
  return g_string_free (out, out->len == 0);
}
