/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `setup`: a profile without questions. */
#include "ui/commands/command_out.h"
#include "config/text.h"

static const char later[] = "nothing was made. Today only --at-rest none and --factor none exist, for tests and demos, "
                            "together with --profile.";

/* What this version can do, and what only a test may ask for. DONE where all is well. */
static enum command_exit
check (struct command_context *context, const char *at_rest, const char *factor)
{
  static const char *const rests[] = { "vault", "volume", "none", NULL }, *const factors[]
                                                                          = { "none", "totp", "fido2", "pkcs11", NULL };
  if (!g_strv_contains (rests, at_rest))
    return command_out_misuse ("setup", "--at-rest is one of: vault, volume, none.");
  if (!g_strv_contains (factors, factor))
    return command_out_misuse ("setup", "--factor is one of: none, totp, fido2, pkcs11.");
  if (!g_str_equal (at_rest, "none"))
    return command_out_refuse (COMMAND_FAILED, "Protection of the profile on the disk (--at-rest %s) comes later; %s",
                               at_rest, later);
  if (!g_str_equal (factor, "none"))
    return command_out_refuse (COMMAND_FAILED, "A second factor (--factor %s) comes later; %s", factor, later);
  if (context->profile == NULL)
    return command_out_refuse (
        COMMAND_HELD,
        "Without --profile a profile must be protected on the disk, and --at-rest none does not protect it; "
        "nothing was made. Name a folder for tests with --profile.");
  return COMMAND_DONE;
}

static enum command_exit
make (struct command_context *context, const char *name, const char *address)
{
  g_autoptr (GError) error = NULL;
  AUTOFREE (settings) there = settings_load (context->paths, &error);
  if (there != NULL)
    return command_out_refuse (COMMAND_FAILED,
                               "There is a profile in %s already, for %s; it was left as it is. Name another folder.",
                               context->profile, there->address);
  if (!g_error_matches (error, CONFIG_ERROR, CONFIG_ERROR_MISSING))
    return command_out_fail (error);
  g_clear_error (&error);
  AUTOFREE (settings) settings = settings_new ();
  settings->name = g_strdup (name);
  settings->address = g_strdup (address);
  settings->at_rest = AT_REST_NONE;
  if (!paths_make (context->paths, &error) || !settings_save (settings, context->paths, &error))
    return command_out_fail (error);
  command_out ("[%s]\nThe profile of %s <%s> is made in %s.\n", settings_banner (settings), name, address,
               context->profile);
  return COMMAND_DONE;
}

enum command_exit
command_setup (struct command_context *context, int argc, char **argv)
{
  g_autofree char *name = NULL, *address = NULL, *at_rest = NULL, *factor = NULL;
  int fd = -1;
  const GOptionEntry entries[] = { { "name", 0, 0, G_OPTION_ARG_FILENAME, &name, NULL, NULL },
                                   { "address", 0, 0, G_OPTION_ARG_FILENAME, &address, NULL, NULL },
                                   { "at-rest", 0, 0, G_OPTION_ARG_FILENAME, &at_rest, NULL, NULL },
                                   { "factor", 0, 0, G_OPTION_ARG_FILENAME, &factor, NULL, NULL },
                                   { "passphrase-fd", 0, 0, G_OPTION_ARG_INT, &fd, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("setup", "%s.", error->message);
  if (argc > 1)
    return command_out_misuse ("setup", "setup takes options only.");
  if (!text_is_line (name, 200))
    return command_out_misuse ("setup", "setup needs --name: one line of text, as it is to stand in From.");
  if (!text_is_address (address))
    return command_out_misuse ("setup", "setup needs --address: your mail address, such as you@example.org.");
  enum command_exit code = check (context, at_rest != NULL ? at_rest : "vault", factor != NULL ? factor : "none");
  if (code != COMMAND_DONE)
    return code;
  if (!command_take_passphrase (context, fd,
                                &error)) /* read, so that its writer can go on; there is no vault to open with it */
    return command_out_fail (error);
  return make (context, name, address);
}
