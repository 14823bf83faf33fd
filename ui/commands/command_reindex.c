/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `reindex`: make the search index anew from the mail on the disk. */
#include "ui/commands/command_out.h"

enum command_exit
command_reindex (struct command_context *context, int argc, char **argv)
{
  const GOptionEntry entries[] = { G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("reindex", "%s.", error->message);
  if (argc > 1)
    return command_out_misuse ("reindex", "reindex takes nothing: it is about all mail of the profile.");
  if (!command_need_settings (context, &error))
    return command_out_fail (error);
  g_autoptr (GVariant) reply = command_call (context, "reindex", NULL, NULL, NULL, &error);
  if (reply == NULL)
    return command_out_fail (error);
  const char *text = "";
  g_variant_lookup (reply, "text", "&s", &text);
  command_out_banner (context);
  command_out ("%s\n", text);
  return COMMAND_DONE;
}
