/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON after a contract. */
#include "ui/commands/command_json.h"

#include <string.h>

char *
command_json_time (gint64 time)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (time);
  return date != NULL ? g_date_time_format (date, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

char *
command_json_local_time (gint64 time)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_local (time);
  return date != NULL ? g_date_time_format (date, "%Y-%m-%d %H:%M") : g_strdup ("");
}

gboolean
command_json_parse_time (const char *text, gint64 *time_out)
{
  g_autoptr (GRegex) shape = g_regex_new (
      "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$",
      G_REGEX_DEFAULT, G_REGEX_MATCH_DEFAULT, NULL);
  if (text == NULL || !g_utf8_validate (text, -1, NULL) || !g_regex_match (shape, text, G_REGEX_MATCH_DEFAULT, NULL))
    return FALSE;
  g_autofree char *upper = g_ascii_strup (text, -1);
  g_autoptr (GDateTime) date = g_date_time_new_from_iso8601 (upper, NULL);
  if (date == NULL)
    return FALSE;
  *time_out = g_date_time_to_unix (date);
  return TRUE;
}

/* The field's value, out of a "maybe" if it is in one; NULL where there is none. */
static GVariant *
look_up (GVariant *dictionary, const char *name)
{
  if (dictionary == NULL)
    return NULL;
  GVariant *value = g_variant_lookup_value (dictionary, name, NULL);
  if (value == NULL || !g_variant_is_of_type (value, G_VARIANT_TYPE_MAYBE))
    return value;
  GVariant *inner = g_variant_get_maybe (value);
  g_variant_unref (value);
  return inner;
}

static const char *
as_text (GVariant *value)
{
  return value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ? g_variant_get_string (value, NULL)
                                                                              : NULL;
}

static gint64
as_number (GVariant *value)
{
  if (value == NULL)
    return 0;
  switch (g_variant_classify (value)) {
  case G_VARIANT_CLASS_BYTE:
    return g_variant_get_byte (value);
  case G_VARIANT_CLASS_INT16:
    return g_variant_get_int16 (value);
  case G_VARIANT_CLASS_UINT16:
    return g_variant_get_uint16 (value);
  case G_VARIANT_CLASS_INT32:
    return g_variant_get_int32 (value);
  case G_VARIANT_CLASS_UINT32:
    return g_variant_get_uint32 (value);
  case G_VARIANT_CLASS_INT64:
    return g_variant_get_int64 (value);
  case G_VARIANT_CLASS_UINT64:
    return (gint64) g_variant_get_uint64 (value);
  case G_VARIANT_CLASS_BOOLEAN:
    return g_variant_get_boolean (value);
  case G_VARIANT_CLASS_HANDLE:
  case G_VARIANT_CLASS_DOUBLE:
  case G_VARIANT_CLASS_STRING:
  case G_VARIANT_CLASS_OBJECT_PATH:
  case G_VARIANT_CLASS_SIGNATURE:
  case G_VARIANT_CLASS_VARIANT:
  case G_VARIANT_CLASS_MAYBE:
  case G_VARIANT_CLASS_ARRAY:
  case G_VARIANT_CLASS_TUPLE:
  case G_VARIANT_CLASS_DICT_ENTRY:
    break;
  }
  return 0;
}

static void
add_text (JsonBuilder *builder, const char *text)
{
  if (text != NULL)
    json_builder_add_string_value (builder, text);
  else
    json_builder_add_null_value (builder);
}

void
command_json_text (JsonBuilder *builder, const char *name, const char *text_or_null)
{
  json_builder_set_member_name (builder, name);
  add_text (builder, text_or_null);
}

char *
command_json_get (GVariant *dictionary, const char *name, enum command_json_kind kind)
{
  g_autoptr (GVariant) value = look_up (dictionary, name);
  const char *text = as_text (value);
  gint64 time = as_number (value);
  if (kind == COMMAND_JSON_TIME && (text != NULL ? command_json_parse_time (text, &time) : time != 0))
    return command_json_local_time (time);
  if (text != NULL)
    return g_strdup (text);
  return kind == COMMAND_JSON_NUMBER ? g_strdup_printf ("%" G_GINT64_FORMAT, as_number (value)) : g_strdup ("");
}

static void
add_texts (JsonBuilder *builder, GVariant *value)
{
  json_builder_begin_array (builder);
  if (value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY)) {
    g_autofree const char **texts = g_variant_get_strv (value, NULL);
    for (gsize i = 0; texts[i] != NULL; i++)
      json_builder_add_string_value (builder, texts[i]);
  }
  json_builder_end_array (builder);
}

static void
add_time (JsonBuilder *builder, GVariant *value)
{
  const char *text = as_text (value);
  gint64 time = as_number (value);
  g_autofree char *made = text == NULL && time != 0 ? command_json_time (time) : NULL;
  add_text (builder, text != NULL && *text != '\0' ? text : made);
}

static void
add_value (JsonBuilder *builder, const struct command_json_field *field, GVariant *value)
{
  const char *text = as_text (value);
  GVariant *object = value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT) ? value : NULL;
  switch (field->kind) {
  case COMMAND_JSON_TEXT:
    json_builder_add_string_value (builder, text != NULL ? text : "");
    return;
  case COMMAND_JSON_TEXT_OR_NULL:
    add_text (builder, text != NULL && *text != '\0' ? text : NULL);
    return;
  case COMMAND_JSON_TEXTS:
    add_texts (builder, value);
    return;
  case COMMAND_JSON_TIME:
    add_time (builder, value);
    return;
  case COMMAND_JSON_FLAG:
    json_builder_add_boolean_value (builder, as_number (value) != 0);
    return;
  case COMMAND_JSON_NUMBER:
    json_builder_add_int_value (builder, as_number (value));
    return;
  case COMMAND_JSON_OBJECT:
    command_json_object (builder, field->fields, object);
    return;
  case COMMAND_JSON_OBJECT_OR_NULL:
    if (object != NULL && g_variant_n_children (object) > 0)
      command_json_object (builder, field->fields, object);
    else
      json_builder_add_null_value (builder);
    return;
  case COMMAND_JSON_OBJECTS:
    command_json_objects (builder, field->fields, value);
    return;
  }
}

void
command_json_members (JsonBuilder *builder, const struct command_json_field *fields, GVariant *dictionary)
{
  for (const struct command_json_field *field = fields; field->name != NULL; field++) {
    g_autoptr (GVariant) value = look_up (dictionary, field->name);
    json_builder_set_member_name (builder, field->name);
    add_value (builder, field, value);
  }
}

void
command_json_object (JsonBuilder *builder, const struct command_json_field *fields, GVariant *dictionary)
{
  json_builder_begin_object (builder);
  command_json_members (builder, fields, dictionary);
  json_builder_end_object (builder);
}

void
command_json_objects (JsonBuilder *builder, const struct command_json_field *fields, GVariant *rows)
{
  json_builder_begin_array (builder);
  gsize count
      = rows != NULL && g_variant_is_of_type (rows, G_VARIANT_TYPE ("aa{sv}")) ? g_variant_n_children (rows) : 0;
  for (gsize i = 0; i < count; i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    command_json_object (builder, fields, row);
  }
  json_builder_end_array (builder);
}
