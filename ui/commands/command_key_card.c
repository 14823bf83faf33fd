/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `key card`: take in what is on a smart card. */
#include "ui/commands/command_key.h"
#include "ui/commands/command_out.h"

static enum command_exit
add (struct command_context *context, int argc, char **argv)
{
  int fd = -1;
  g_autofree char *module = NULL, *kind = NULL;
  const GOptionEntry entries[] = { { "kind", 0, 0, G_OPTION_ARG_FILENAME, &kind, NULL, NULL },
                                   { "passphrase-fd", 0, 0, G_OPTION_ARG_INT, &fd, NULL, NULL },
                                   { "module", 0, 0, G_OPTION_ARG_FILENAME, &module, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("key", "%s.", error->message);
  if (argc != 1)
    return command_out_misuse ("key", "key card add takes no argument beside its options.");
  if (kind != NULL && !g_str_equal (kind, "pgp") && !g_str_equal (kind, "smime"))
    return command_out_misuse ("key", "--kind is pgp or smime.");
  if (module != NULL && g_strcmp0 (kind, "pgp") == 0)
    return command_out_misuse ("key", "--module is for --kind smime; an OpenPGP card needs none.");
  if (!command_text (module, &error) || !command_take_passphrase (context, fd, &error)
      || !command_need_settings (context, &error))
    return command_out_fail (error);
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  if (kind != NULL)
    g_variant_dict_insert (&args, "kind", "s", kind);
  if (module != NULL)
    g_variant_dict_insert (&args, "module", "s", module);
  g_autoptr (GVariant) reply = command_call (context, "card_add", g_variant_dict_end (&args), NULL, NULL, &error);
  if (reply == NULL)
    return command_out_fail (error);
  g_autoptr (GVariant) keys = g_variant_lookup_value (reply, "keys", G_VARIANT_TYPE ("aa{sv}"));
  command_out_banner (context);
  command_key_print (keys);
  return COMMAND_DONE;
}

enum command_exit
command_key_card (struct command_context *context, int argc, char **argv)
{
  if (argc > 1 && g_str_equal (argv[1], "add"))
    return add (context, argc - 1, argv + 1);
  return command_out_misuse ("key", "key card needs: add.");
}
