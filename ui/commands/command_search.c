/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `search`: the threads that a query finds, newest first. */
#include "ui/commands/command_out.h"
#include "ui/commands/command_json.h"

#define LIMIT 50
static const struct command_json_field fields[] = {
  { "thread", COMMAND_JSON_TEXT, NULL },    { "subject", COMMAND_JSON_TEXT, NULL },
  { "authors", COMMAND_JSON_TEXT, NULL },   { "date", COMMAND_JSON_TIME, NULL },
  { "matched", COMMAND_JSON_NUMBER, NULL }, { "total", COMMAND_JSON_NUMBER, NULL },
  { "tags", COMMAND_JSON_TEXTS, NULL },     { NULL, COMMAND_JSON_TEXT, NULL },
};

static void
print_row (GVariant *row)
{
  const char *subject = "", *authors = "";
  g_auto (GStrv) tags = NULL;
  gint64 time = 0;
  guint32 matched = 0, total = 0;
  g_variant_lookup (row, "subject", "&s", &subject);
  g_variant_lookup (row, "authors", "&s", &authors);
  g_variant_lookup (row, "date", "x", &time);
  g_variant_lookup (row, "matched", "u", &matched);
  g_variant_lookup (row, "total", "u", &total);
  g_autofree char *day = command_json_local_time (time);
  g_autofree char *list = g_variant_lookup (row, "tags", "^as", &tags) ? g_strjoinv (" ", tags) : g_strdup ("");
  command_out ("%-16s [%u/%u] %s; %s (%s)\n", day, matched, total, authors, subject, list);
}

/* One argument or several words: the shell has taken the quotes off, the query is what it was. */
static char *
query_text (char **argv, GError **error)
{
  return command_texts ((const char *const *) argv, error) ? g_strjoinv (" ", argv + 1) : NULL;
}

enum command_exit
command_search (struct command_context *context, int argc, char **argv)
{
  gboolean json = FALSE;
  int limit = LIMIT, offset = 0;
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL },
                                   { "limit", 0, 0, G_OPTION_ARG_INT, &limit, NULL, NULL },
                                   { "offset", 0, 0, G_OPTION_ARG_INT, &offset, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("search", "%s.", error->message);
  if (argc < 2 || limit < 0 || offset < 0)
    return command_out_misuse ("search", "search needs a query, and limits that are not negative.");
  g_autofree char *query = query_text (argv, &error);
  if (query == NULL || !command_need_settings (context, &error))
    return command_out_fail (error);
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "query", "s", query);
  g_variant_dict_insert (&args, "limit", "u", (guint32) limit);
  g_variant_dict_insert (&args, "offset", "u", (guint32) offset);
  g_autoptr (GVariant) reply = command_call (context, "threads", g_variant_dict_end (&args), NULL, NULL, &error);
  if (reply == NULL)
    return command_out_fail (error);
  g_autoptr (GVariant) rows = g_variant_lookup_value (reply, "rows", G_VARIANT_TYPE ("aa{sv}"));
  command_tell_incomplete (context);
  if (json) {
    JsonBuilder *builder = json_builder_new ();
    command_json_objects (builder, fields, rows);
    command_out_json (builder);
    return COMMAND_DONE;
  }
  gboolean more = FALSE;
  g_variant_lookup (reply, "more", "b", &more);
  command_out_banner (context);
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    print_row (row);
  }
  if (more)
    command_out_aside ("There is more; see --limit and --offset.");
  return COMMAND_DONE;
}
