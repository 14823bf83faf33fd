/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Single values of an iCalendar text in words. params: what stood between the name and the value; may be NULL. Callers free. */
#pragma once
#include <glib.h>

char *message_calendar_value_text (const char *value, gboolean lines); /* lines: line breaks stay, indented */
char *message_calendar_value_date (const char *value, const char *params);
char *message_calendar_value_duration (const char *value);
char *message_calendar_value_person (const char *value, const char *params);
char *message_calendar_value_rule (const char *value);
