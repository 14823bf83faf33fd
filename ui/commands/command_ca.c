/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `ca import`: take in certificates of authorities to trust, and revocation lists. */
#include "ui/commands/command_out.h"
#include "ui/commands/command_input.h"

enum command_exit
command_ca (struct command_context *context, int argc, char **argv)
{
  const GOptionEntry entries[] = { G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("ca", "%s.", error->message);
  if (argc < 3 || !g_str_equal (argv[1], "import"))
    return command_out_misuse ("ca", "ca needs “import” and at least one file of certificates.");
  if (!command_need_settings (context, &error))
    return command_out_fail (error);
  guint32 total = 0, all_lists = 0;
  for (int i = 2; i < argc; i++) {
    g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
    g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
    gint32 handle = 0;
    guint32 added = 0, lists = 0;
    if (!command_input_append (fds, argv[i], &handle, &error))
      return command_out_fail (error);
    g_variant_dict_insert (&args, "file", "h", handle);
    g_autoptr (GVariant) reply = command_call (context, "ca_import", g_variant_dict_end (&args), fds, NULL, &error);
    if (reply == NULL)
      return command_out_fail (error);
    g_variant_lookup (reply, "added", "u", &added);
    g_variant_lookup (reply, "lists", "u", &lists);
    total += added;
    all_lists += lists;
  }
  command_out_banner (context);
  if (all_lists > 0)
    command_out (all_lists == 1 ? "%u revocation list taken in\n" : "%u revocation lists taken in\n", all_lists);
  if (total > 0 || all_lists == 0)
    command_out (total == 1 ? "%u certificate taken in as a trust anchor\n"
                            : "%u certificates taken in as trust anchors\n",
                 total);
  return COMMAND_DONE;
}
