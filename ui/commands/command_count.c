/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `count`: how many messages a query finds. */
#include "ui/commands/command_out.h"

enum command_exit
command_count (struct command_context *context, int argc, char **argv)
{
  const GOptionEntry entries[] = { G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("count", "%s.", error->message);
  if (argc < 2)
    return command_out_misuse ("count", "count needs a query.");
  if (!command_texts ((const char *const *) argv, &error) || !command_need_settings (context, &error))
    return command_out_fail (error);
  g_autofree char *query = g_strjoinv (" ", argv + 1);
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "query", "s", query);
  g_autoptr (GVariant) reply = command_call (context, "count", g_variant_dict_end (&args), NULL, NULL, &error);
  guint32 count = 0;
  if (reply == NULL)
    return command_out_fail (error);
  g_variant_lookup (reply, "count", "u", &count);
  command_out ("%u\n", count);
  command_tell_incomplete (context);
  return COMMAND_DONE;
}
