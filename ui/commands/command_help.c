/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `help`: what there is, from the table. */
#include "ui/commands/command_out.h"

static void
print_forms (const struct command *command)
{
  g_auto (GStrv) forms = g_strsplit (command->arguments, "\n", -1);
  for (gsize i = 0; forms[i] != NULL; i++)
    command_out ("%s wardmail [--profile DIR] %s %s\n", i == 0 ? "Usage:" : "      ", command->name, forms[i]);
}

enum command_exit
command_help (struct command_context *context, int argc, char **argv)
{
  if (argc > 2)
    return command_out_misuse ("help", "One subcommand at a time can be explained.");
  if (argc == 2) {
    const struct command *command = commands_find (argv[1]);
    if (command == NULL)
      return command_out_misuse (NULL, "wardmail has no subcommand “%s”.", argv[1]);
    print_forms (command);
    command_out ("\n%s\nMore is in the manual: man wardmail\n", command->help);
    return COMMAND_DONE;
  }
  command_out (
      "Usage: wardmail [--profile DIR] [SUBCOMMAND ...]\n\nWithout a subcommand wardmail opens its screen.\n\n");
  for (const struct command *command = commands; command->name != NULL; command++)
    command_out ("  %-10s %s\n", command->name, command->help);
  command_out ("\n“wardmail help SUBCOMMAND” says how one is used; the manual says everything: man wardmail\n");
  return COMMAND_DONE;
}
