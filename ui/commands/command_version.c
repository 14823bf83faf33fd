/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `version`: which wardmail this is. */
#include "ui/commands/command_out.h"

enum command_exit
command_version (struct command_context *context, int argc, char **argv)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL }, G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("version", "%s.", error->message);
  if (argc > 1)
    return command_out_misuse ("version", "version takes no arguments.");
  if (!json) {
    command_out ("wardmail %s\n", PACKAGE_VERSION);
    return COMMAND_DONE;
  }
  JsonBuilder *builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, "wardmail");
  json_builder_set_member_name (builder, "version");
  json_builder_add_string_value (builder, PACKAGE_VERSION);
  json_builder_end_object (builder);
  command_out_json (builder);
  return COMMAND_DONE;
}
