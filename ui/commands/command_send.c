/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `send`: a message from arguments and standard input, every copy of it encrypted, or held. */
#include "ui/commands/command_draft.h"
#include "ui/commands/command_input.h"
#include "ui/commands/command_out.h"
#include "ui/later.h"

struct send_options {
  char **to, **cc, **bcc, **attach;
  char *from, *subject, *out, *later;
  gboolean json, dry_run, attach_key, receipt;
  int passphrase_fd; /* -1: none */
};

static void
send_options_clear (struct send_options *options)
{
  g_strfreev (options->to);
  g_strfreev (options->cc);
  g_strfreev (options->bcc);
  g_strfreev (options->attach);
  g_free (options->from);
  g_free (options->subject);
  g_free (options->out);
  g_free (options->later);
}

static gboolean
add_recipients (struct command_draft *draft, const char *field, char **texts, GError **error)
{
  static const char *const none[] = { NULL };
  const char *const *list = texts != NULL ? (const char *const *) texts : none;
  if (!command_texts (list, error))
    return FALSE;
  g_variant_dict_insert_value (&draft->fields, field, g_variant_new_strv (list, -1));
  return TRUE;
}

static gboolean
fill (struct command_draft *draft, struct command_context *context, const struct send_options *options, GError **error)
{
  if (!command_draft_from (draft, context, options->from, error) || !command_text (options->subject, error)
      || !add_recipients (draft, "to", options->to, error) || !add_recipients (draft, "cc", options->cc, error)
      || !add_recipients (draft, "bcc", options->bcc, error))
    return FALSE;
  g_variant_dict_insert (&draft->fields, "subject", "s", options->subject != NULL ? options->subject : "");
  if (options->receipt)
    g_variant_dict_insert (&draft->fields, "ask_receipt", "b", TRUE);
  for (gsize i = 0; options->attach != NULL && options->attach[i] != NULL; i++)
    if (!command_draft_attach (draft, options->attach[i], error))
      return FALSE;
  if (options->attach_key && !command_draft_attach_keys (draft, context, options->from, error))
    return FALSE;
  g_autofree char *body = command_input_text (COMMAND_INPUT_MAX / 4, error);
  if (body == NULL)
    return FALSE;
  g_variant_dict_insert (&draft->fields, "body", "s", body);
  return TRUE;
}

static enum command_exit
run (struct command_context *context, const struct send_options *options)
{
  g_autoptr (GError) error = NULL;
  struct command_draft draft;
  if (options->to == NULL && options->cc == NULL && options->bcc == NULL)
    return command_out_misuse ("send", "send needs at least one recipient: --to, --cc or --bcc.");
  if (options->attach != NULL && g_strv_contains ((const char *const *) options->attach, "-"))
    return command_out_misuse ("send", "The body comes from standard input, so it cannot be an attachment too.");
  gint64 later = 0;
  if (options->later != NULL && !later_parse (options->later, g_get_real_time () / G_USEC_PER_SEC, &later))
    return command_out_misuse ("send", "--later takes a time to come, such as 2026-12-24T08:00:00+01:00, 14:30, "
                                       "\"tomorrow 08:00\" or \"mon 08:00\".");
  if (!command_take_passphrase (context, options->passphrase_fd, &error) || !command_need_settings (context, &error))
    return command_out_fail (error);
  command_draft_init (&draft);
  struct command_draft_how how
      = { .json = options->json, .dry_run = options->dry_run, .out_dir = options->out, .later = later };
  enum command_exit code
      = fill (&draft, context, options, &error) ? command_draft_send (&draft, context, &how) : command_out_fail (error);
  command_draft_clear (&draft);
  return code;
}

enum command_exit
command_send (struct command_context *context, int argc, char **argv)
{
  struct send_options options = { .passphrase_fd = -1 };
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, NULL, NULL },
                                   { "from", 0, 0, G_OPTION_ARG_FILENAME, &options.from, NULL, NULL },
                                   { "to", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.to, NULL, NULL },
                                   { "cc", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.cc, NULL, NULL },
                                   { "bcc", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.bcc, NULL, NULL },
                                   { "subject", 0, 0, G_OPTION_ARG_FILENAME, &options.subject, NULL, NULL },
                                   { "attach", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.attach, NULL, NULL },
                                   { "attach-key", 0, 0, G_OPTION_ARG_NONE, &options.attach_key, NULL, NULL },
                                   { "receipt", 0, 0, G_OPTION_ARG_NONE, &options.receipt, NULL, NULL },
                                   { "dry-run", 0, 0, G_OPTION_ARG_NONE, &options.dry_run, NULL, NULL },
                                   { "out", 0, 0, G_OPTION_ARG_FILENAME, &options.out, NULL, NULL },
                                   { "later", 0, 0, G_OPTION_ARG_FILENAME, &options.later, NULL, NULL },
                                   { "passphrase-fd", 0, 0, G_OPTION_ARG_INT, &options.passphrase_fd, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  enum command_exit code;
  if (!command_options (&argc, &argv, entries, &error))
    code = command_out_misuse ("send", "%s.", error->message);
  else if (argc > 1)
    code = command_out_misuse ("send", "send takes options only; recipients are given with --to, --cc or --bcc.");
  else
    code = run (context, &options);
  send_options_clear (&options);
  return code;
}
