/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON after a contract: a list of fields says which of them an object has, in which order and of which kind, and what the engine
 * answered is fitted to it. A field that the engine did not give is null, empty or 0, never absent. */
#pragma once
#include <gio/gio.h>
#include <json-glib/json-glib.h>

enum command_json_kind {
  COMMAND_JSON_TEXT = 0,     /* "" where there is none */
  COMMAND_JSON_TEXT_OR_NULL, /* null where there is none, or it is empty */
  COMMAND_JSON_TEXTS,
  COMMAND_JSON_TIME, /* seconds since the epoch (or RFC 3339 text) -> RFC 3339; null where there is none, or 0 */
  COMMAND_JSON_FLAG,
  COMMAND_JSON_NUMBER,
  COMMAND_JSON_OBJECT,
  COMMAND_JSON_OBJECT_OR_NULL, /* null where there is none, or it has no fields */
  COMMAND_JSON_OBJECTS,
};
struct command_json_field {
  const char *name; /* NULL ends a list */
  enum command_json_kind kind;
  const struct command_json_field *fields; /* of an object */
};
/* dictionary: a{sv}, or NULL for an object of which nothing is known. */
void command_json_object (JsonBuilder *builder, const struct command_json_field *fields, GVariant *dictionary);
/* rows: aa{sv}, or NULL. */
void command_json_objects (JsonBuilder *builder, const struct command_json_field *fields, GVariant *rows);
/* The members alone, inside an object that the caller has begun. */
void command_json_members (JsonBuilder *builder, const struct command_json_field *fields, GVariant *dictionary);
/* For human output: the field's text, "" where there is none. The caller frees. A time is as command_json_local_time has it. */
char *command_json_get (GVariant *dictionary, const char *name, enum command_json_kind kind);
void command_json_text (JsonBuilder *builder, const char *name, const char *text_or_null);

/* "2026-11-21T22:00:00Z"; NULL where the time cannot be said in RFC 3339 (years 0 to 9999). */
char *command_json_time (gint64 time);
/* The same for people: "2026-11-21 23:00", by the clock on the wall; "" where it cannot be said. */
char *command_json_local_time (gint64 time);
/* RFC 3339, with its zone; FALSE if it is none. */
gboolean command_json_parse_time (const char *text, gint64 *time_out);
