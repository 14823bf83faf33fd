/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `delivery`: what became of what was sent, as far as it is known: each message, and in it each recipient. */
#include "ui/commands/command_json.h"
#include "ui/commands/command_out.h"

#include <string.h>

#define LIMIT 50
static const struct command_json_field fields[] = {
  { "address", COMMAND_JSON_TEXT, NULL }, { "copy", COMMAND_JSON_NUMBER, NULL }, { "method", COMMAND_JSON_TEXT, NULL },
  { "state", COMMAND_JSON_TEXT, NULL },   { "time", COMMAND_JSON_TIME, NULL },   { "text", COMMAND_JSON_TEXT, NULL },
  { NULL, COMMAND_JSON_TEXT, NULL },
};

static const struct command_json_field message_fields[] = {
  { "message_id", COMMAND_JSON_TEXT, NULL },
  { "subject", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "date", COMMAND_JSON_TIME, NULL },
  { NULL, COMMAND_JSON_TEXT, NULL },
};

/* The rows of one message stand together: from this one on. */
static gsize
end_of (GVariant *rows, gsize start, char **id_out)
{
  gsize i = start;
  for (; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    g_autofree char *id = command_json_get (row, "message_id", COMMAND_JSON_TEXT);
    if (i == start)
      *id_out = g_steal_pointer (&id);
    else if (strcmp (id, *id_out) != 0)
      break;
  }
  return i;
}

static void
print_json (GVariant *rows)
{
  JsonBuilder *builder = json_builder_new ();
  json_builder_begin_array (builder);
  for (gsize i = 0; i < g_variant_n_children (rows);) {
    g_autofree char *id = NULL;
    gsize end = end_of (rows, i, &id);
    g_autoptr (GVariant) first = g_variant_get_child_value (rows, i);
    json_builder_begin_object (builder);
    command_json_members (builder, message_fields, first);
    json_builder_set_member_name (builder, "recipients");
    json_builder_begin_array (builder);
    for (; i < end; i++) {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      command_json_object (builder, fields, row);
    }
    json_builder_end_array (builder);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  command_out_json (builder);
}

static void
print_text (GVariant *rows)
{
  for (gsize i = 0; i < g_variant_n_children (rows);) {
    g_autofree char *id = NULL;
    gsize end = end_of (rows, i, &id);
    g_autoptr (GVariant) first = g_variant_get_child_value (rows, i);
    g_autofree char *date = command_json_get (first, "date", COMMAND_JSON_TIME),
                    *subject = command_json_get (first, "subject", COMMAND_JSON_TEXT);
    command_out ("%s  id:%s\n", date, id);
    if (*subject != '\0')
      command_out ("  subject    %s\n", subject);
    for (; i < end; i++) {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      g_autofree char *address = command_json_get (row, "address", COMMAND_JSON_TEXT),
                      *state = command_json_get (row, "state", COMMAND_JSON_TEXT),
                      *text = command_json_get (row, "text", COMMAND_JSON_TEXT);
      command_out ("  %-10s %s%s%s\n", state, address, *text != '\0' ? ": " : "", text);
    }
  }
}

/* "id:MESSAGE-ID" asks for that one, whether the index knows it or not. */
static GVariant *
arguments (char **argv, guint32 limit)
{
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  if (argv[1] != NULL && argv[2] == NULL && g_str_has_prefix (argv[1], "id:")) {
    const char *ids[] = { argv[1] + 3, NULL };
    g_variant_dict_insert (&args, "ids", "^as", ids);
  } else if (argv[1] != NULL) {
    g_autofree char *query = g_strjoinv (" ", argv + 1);
    g_variant_dict_insert (&args, "query", "s", query);
  } else {
    g_variant_dict_insert (&args, "limit", "u", limit);
  }
  return g_variant_dict_end (&args);
}

enum command_exit
command_delivery (struct command_context *context, int argc, char **argv)
{
  gboolean json = FALSE;
  int limit = LIMIT;
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL },
                                   { "limit", 0, 0, G_OPTION_ARG_INT, &limit, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("delivery", "%s.", error->message);
  if (limit < 1)
    return command_out_misuse ("delivery", "A limit is a number of messages, 1 or more.");
  if (!command_texts ((const char *const *) argv, &error) || !command_need_settings (context, &error))
    return command_out_fail (error);
  g_autoptr (GVariant) reply
      = command_call (context, "delivery", arguments (argv, (guint32) limit), NULL, NULL, &error);
  if (reply == NULL)
    return command_out_fail (error);
  g_autoptr (GVariant) rows = g_variant_lookup_value (reply, "rows", G_VARIANT_TYPE ("aa{sv}"));
  if (json) {
    print_json (rows);
    return COMMAND_DONE;
  }
  command_out_banner (context);
  if (g_variant_n_children (rows) == 0)
    command_out (argv[1] != NULL ? "Nothing is known of it.\n" : "Nothing was sent yet of which anything is known.\n");
  print_text (rows);
  return COMMAND_DONE;
}
