/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `reply --print`: the reply that would be composed, as text. */
#include "ui/commands/command_out.h"
#include "ui/commands/command_view.h"

static void
print_list (const char *label, GVariant *draft, const char *field, const char *before, const char *after,
            const char *between)
{
  g_auto (GStrv) texts = NULL;
  if (!g_variant_lookup (draft, field, "^as", &texts) || texts[0] == NULL)
    return;
  command_out ("%s: ", label);
  for (gsize i = 0; texts[i] != NULL; i++)
    command_out ("%s%s%s%s", i > 0 ? between : "", before, texts[i], after);
  command_out ("\n");
}

static void
print_field (const char *label, GVariant *draft, const char *field, const char *before, const char *after)
{
  const char *text = NULL;
  if (g_variant_lookup (draft, field, "&s", &text) && *text != '\0')
    command_out ("%s: %s%s%s\n", label, before, text, after);
}

static void
print_draft (struct command_context *context, GVariant *draft)
{
  const char *body = "", *from = "";
  if ((!g_variant_lookup (draft, "from", "&s", &from) || *from == '\0') && context->settings != NULL)
    command_out ("From: %s <%s>\n", context->settings->name, context->settings->address);
  print_field ("From", draft, "from", "", "");
  print_list ("To", draft, "to", "", "", ", ");
  print_list ("Cc", draft, "cc", "", "", ", ");
  print_field ("Subject", draft, "subject", "", "");
  print_field ("In-Reply-To", draft, "in_reply_to", "<", ">");
  print_list ("References", draft, "references", "<", ">", " ");
  g_variant_lookup (draft, "body", "&s", &body);
  command_out ("\n");
  command_out_text (body);
}

enum command_exit
command_reply (struct command_context *context, int argc, char **argv)
{
  int fd = -1;
  gboolean print = FALSE, all = FALSE;
  const GOptionEntry entries[] = { { "print", 0, 0, G_OPTION_ARG_NONE, &print, NULL, NULL },
                                   { "all", 0, 0, G_OPTION_ARG_NONE, &all, NULL, NULL },
                                   { "passphrase-fd", 0, 0, G_OPTION_ARG_INT, &fd, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("reply", "%s.", error->message);
  if (!print)
    return command_out_misuse (
        "reply", "reply works with --print here; to write and send a reply, open the screen and press “r”.");
  if (argc != 2)
    return command_out_misuse ("reply", "reply needs one message: a file, “-”, or id:MESSAGE-ID.");
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  if (!command_take_passphrase (context, fd, &error) || !command_view_name (&args, fds, argv[1], &error)
      || !command_view_need_profile (context, argv[1], &error))
    return command_out_fail (error);
  g_variant_dict_insert (&args, "all", "b", all);
  g_autoptr (GVariant) reply = command_call (context, "reply", g_variant_dict_end (&args), fds, NULL, &error);
  if (reply == NULL)
    return command_out_fail (error);
  g_autoptr (GVariant) draft = g_variant_lookup_value (reply, "draft", G_VARIANT_TYPE_VARDICT);
  print_draft (context, draft);
  return COMMAND_DONE;
}
