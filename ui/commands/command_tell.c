/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `tell`: ask somebody for a key with the one note that goes without protection. It is shown as it would be sent, and then asked about. */
#include "ui/commands/command_out.h"
#include "ui/commands/command_ask.h"
#include "ui/commands/command_json.h"

#include <string.h>

struct options {
  gboolean json, dry_run, yes, again;
  char *from;
};

static const struct command_json_field fields[] = {
  { "state", COMMAND_JSON_TEXT, NULL },
  { "text", COMMAND_JSON_TEXT, NULL },
  { "message", COMMAND_JSON_TEXT, NULL },
  { NULL, COMMAND_JSON_TEXT, NULL },
};

/* date 0: only to be shown. */
static GVariant *
call_tell (struct command_context *context, const struct options *options, const char *address, gint64 date,
           GError **error)
{
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "address", "s", address);
  if (options->from != NULL)
    g_variant_dict_insert (&args, "from", "s", options->from);
  if (date != 0) {
    g_variant_dict_insert (&args, "date", "x", date);
    g_variant_dict_insert (&args, "again", "b", options->again);
  }
  return command_call (context, "tell", g_variant_dict_end (&args), NULL, NULL, error);
}

static enum command_exit
report (const struct options *options, GVariant *reply)
{
  const char *state = "", *text = "";
  g_variant_lookup (reply, "state", "&s", &state);
  g_variant_lookup (reply, "text", "&s", &text);
  enum command_exit code = strcmp (state, "sent") == 0 || strcmp (state, "shown") == 0 ? COMMAND_DONE
                           : strcmp (state, "queued") == 0                             ? COMMAND_DONE
                           : strcmp (state, "told") == 0                               ? COMMAND_HELD
                                                                                       : COMMAND_FAILED;
  if (options->json) {
    JsonBuilder *builder = json_builder_new ();
    command_json_object (builder, fields, reply);
    command_out_json (builder);
  } else if (code == COMMAND_DONE) {
    command_out ("%s\n", text);
  }
  if (code == COMMAND_HELD)
    return command_out_refuse (code, "%s Add --again to send another one.", text);
  return code == COMMAND_DONE ? code : command_out_refuse (code, "%s", text);
}

static void
show (struct command_context *context, GVariant *reply)
{
  const char *message = "", *text = "";
  g_variant_lookup (reply, "message", "&s", &message);
  g_variant_lookup (reply, "text", "&s", &text);
  g_auto (GStrv) lines = g_strsplit (message, "\r\n", -1);
  g_autofree char *plain = g_strjoinv ("\n", lines);
  command_out_banner (context);
  command_out ("%s\n\n", text);
  command_out_text (plain);
}

static enum command_exit
run (struct command_context *context, const struct options *options, const char *address)
{
  g_autoptr (GError) error = NULL;
  gboolean yes = options->yes;
  gint64 date = 0;
  if (!command_text (address, &error) || !command_text (options->from, &error)
      || !command_need_settings (context, &error))
    return command_out_fail (error);
  g_autoptr (GVariant) note = call_tell (context, options, address, 0, &error);
  if (note == NULL)
    return command_out_fail (error);
  g_variant_lookup (note, "date", "x", &date);
  if (options->dry_run && options->json)
    return report (options, note);
  if (!options->json)
    show (context, note);
  if (options->dry_run)
    return COMMAND_DONE;
  if (!yes && !command_ask_yes ("\nSend this note, without protection? [y/N] ", &yes, &error))
    return command_out_fail (error);
  if (!yes)
    return command_out_refuse (COMMAND_FAILED, "Nothing was sent.");
  g_autoptr (GVariant) reply = call_tell (context, options, address, date, &error);
  return reply != NULL ? report (options, reply) : command_out_fail (error);
}

enum command_exit
command_tell (struct command_context *context, int argc, char **argv)
{
  struct options options = { .json = FALSE };
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, NULL, NULL },
                                   { "from", 0, 0, G_OPTION_ARG_FILENAME, &options.from, NULL, NULL },
                                   { "dry-run", 0, 0, G_OPTION_ARG_NONE, &options.dry_run, NULL, NULL },
                                   { "yes", 0, 0, G_OPTION_ARG_NONE, &options.yes, NULL, NULL },
                                   { "again", 0, 0, G_OPTION_ARG_NONE, &options.again, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  enum command_exit code;
  if (!command_options (&argc, &argv, entries, &error))
    code = command_out_misuse ("tell", "%s.", error->message);
  else if (argc != 2)
    code = command_out_misuse ("tell", "tell needs one address: the one that is to be asked for a key.");
  else if (options.json && !options.yes && !options.dry_run)
    code = command_out_misuse ("tell", "With --json nobody is asked: add --yes or --dry-run.");
  else
    code = run (context, &options, argv[1]);
  g_free (options.from);
  return code;
}
