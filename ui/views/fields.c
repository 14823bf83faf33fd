/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading dictionaries; see fields.h. */
#include "ui/views/fields.h"
#include "crypto/guard/secret.h"

#include <string.h>

const char *
fields_text (GVariant *fields, const char *name)
{
  const char *text = NULL;
  if (g_variant_lookup (fields, name, "&s", &text) || g_variant_lookup (fields, name, "m&s", &text))
    return text != NULL ? text : "";
  return "";
}

guint
fields_number (GVariant *fields, const char *name)
{
  guint32 number = 0;
  g_variant_lookup (fields, name, "u", &number);
  return number;
}

gint64
fields_time (GVariant *fields, const char *name)
{
  gint64 time = 0;
  g_variant_lookup (fields, name, "x", &time);
  return time;
}

gboolean
fields_flag (GVariant *fields, const char *name)
{
  gboolean flag = FALSE;
  g_variant_lookup (fields, name, "b", &flag);
  return flag;
}

char **
fields_texts (GVariant *fields, const char *name)
{
  char **texts = NULL;
  if (!g_variant_lookup (fields, name, "^as", &texts))
    texts = g_new0 (char *, 1);
  return texts;
}

char *
fields_joined (GVariant *fields, const char *name)
{
  g_auto (GStrv) texts = fields_texts (fields, name);
  return g_strjoinv (", ", texts);
}

static GVariant *
lookup_or_empty (GVariant *fields, const char *name, const char *type)
{
  GVariant *value = g_variant_lookup_value (fields, name, G_VARIANT_TYPE (type));
  if (value == NULL)
    value = g_variant_ref_sink (g_variant_new_array (g_variant_type_element (G_VARIANT_TYPE (type)), NULL, 0));
  return value;
}

GVariant *
fields_rows (GVariant *fields, const char *name)
{
  return lookup_or_empty (fields, name, "aa{sv}");
}

GVariant *
fields_inner (GVariant *fields, const char *name)
{
  return lookup_or_empty (fields, name, "a{sv}");
}

int
fields_fd (GVariant *fields, const char *name, GUnixFDList *fds)
{
  gint32 handle = -1;
  const gboolean there = fds != NULL && g_variant_lookup (fields, name, "h", &handle) && handle >= 0
                         && handle < g_unix_fd_list_get_length (fds);
  return there ? g_unix_fd_list_get (fds, handle, NULL) : -1;
}

gboolean
fields_has (char **texts, const char *text)
{
  return g_strv_contains ((const char *const *) texts, text);
}

static char *
english (GDateTime *time, const char *pattern)
{
  static const char *const days[] = { "", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
  static const char *const months[]
      = { "", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  GString *text = g_string_new (NULL);
  for (const char *p = pattern; *p != '\0'; p++)
    switch (*p) {
    case 'w':
      g_string_append (text, days[g_date_time_get_day_of_week (time)]);
      break;
    case 'd':
      g_string_append_printf (text, "%d", g_date_time_get_day_of_month (time));
      break;
    case 'm':
      g_string_append (text, months[g_date_time_get_month (time)]);
      break;
    case 'y':
      g_string_append_printf (text, "%02d", g_date_time_get_year (time) % 100);
      break;
    case 'Y':
      g_string_append_printf (text, "%d", g_date_time_get_year (time));
      break;
    case 't':
      g_string_append_printf (text, "%02d:%02d", g_date_time_get_hour (time), g_date_time_get_minute (time));
      break;
    default:
      g_string_append_c (text, *p);
    }
  return g_string_free (text, FALSE);
}

static void
wipe_copy (gpointer data)
{
  gsize size;
  const void *memory = g_bytes_get_data (data, &size);
  secret_wipe ((void *) memory, size);
  g_bytes_unref (data);
}

GVariant *
fields_secret (const char *secret, gsize size)
{
  GBytes *bytes = g_bytes_new (secret, size);
  const void *memory = g_bytes_get_data (bytes, NULL);
  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, memory, size, TRUE, wipe_copy, bytes);
}

char *
fields_short_date (gint64 seconds, gint64 now_seconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (seconds);
  g_autoptr (GDateTime) now = g_date_time_new_from_unix_local (now_seconds);
  if (time == NULL || now == NULL || seconds == 0)
    return g_strdup ("");
  if (g_date_time_get_year (time) == g_date_time_get_year (now)
      && g_date_time_get_day_of_year (time) == g_date_time_get_day_of_year (now))
    return english (time, "t");
  if (seconds < now_seconds && now_seconds - seconds < 6 * 24 * 3600)
    return english (time, "w t");
  return english (time, g_date_time_get_year (time) == g_date_time_get_year (now) ? "d m" : "d m y");
}

char *
fields_long_date (gint64 seconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (seconds);
  return time == NULL || seconds == 0 ? g_strdup ("") : english (time, "w d m Y, t");
}
