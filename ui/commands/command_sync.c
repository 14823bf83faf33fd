/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `sync`: fetch new mail now and carry changes to the server. */
#include "ui/commands/command_out.h"
#include "ui/commands/command_json.h"

static const struct command_json_field fields[] = {
  { "account", COMMAND_JSON_TEXT, NULL },       { "new", COMMAND_JSON_NUMBER, NULL },
  { "changed", COMMAND_JSON_NUMBER, NULL },     { "removed", COMMAND_JSON_NUMBER, NULL },
  { "bodies", COMMAND_JSON_NUMBER, NULL },      { "bytes", COMMAND_JSON_NUMBER, NULL },
  { "error", COMMAND_JSON_TEXT_OR_NULL, NULL }, { NULL, COMMAND_JSON_TEXT, NULL },
};

static gboolean
report (GVariant *rows, gboolean json)
{
  gboolean good = TRUE;
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *account = "", *error = "";
    guint32 added = 0, changed = 0, removed = 0;
    g_variant_lookup (row, "account", "&s", &account);
    g_variant_lookup (row, "new", "u", &added);
    g_variant_lookup (row, "changed", "u", &changed);
    g_variant_lookup (row, "removed", "u", &removed);
    if (g_variant_lookup (row, "error", "&s", &error) && *error != '\0') {
      good = FALSE;
      command_out_refuse (COMMAND_FAILED, "%s: %s", account, error);
    } else if (!json) {
      command_out ("%s: %u new, %u changed, %u removed\n", account, added, changed, removed);
    }
  }
  return good;
}

enum command_exit
command_sync (struct command_context *context, int argc, char **argv)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL }, G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("sync", "%s.", error->message);
  if (argc > 2)
    return command_out_misuse ("sync", "sync takes one account, or none for all.");
  if (!command_texts ((const char *const *) argv, &error) || !command_need_settings (context, &error))
    return command_out_fail (error);
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  if (argc == 2)
    g_variant_dict_insert (&args, "account", "s", argv[1]);
  context->fetching = TRUE;
  g_autoptr (GVariant) reply = command_call (context, "sync", g_variant_dict_end (&args), NULL, NULL, &error);
  if (reply == NULL)
    return command_out_fail (error);
  g_autoptr (GVariant) rows = g_variant_lookup_value (reply, "accounts", G_VARIANT_TYPE ("aa{sv}"));
  if (json) {
    JsonBuilder *builder = json_builder_new ();
    command_json_objects (builder, fields, rows);
    command_out_json (builder);
  } else {
    command_out_banner (context);
  }
  const enum command_exit code = report (rows, json) ? COMMAND_DONE : COMMAND_FAILED;
  const char *problem = NULL;
  return g_variant_lookup (reply, "problem", "&s", &problem) ? command_out_refuse (COMMAND_FAILED, "%s", problem)
                                                             : code;
}
