/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `receipt`: answer the sender of a message who asks for a receipt, or say that he gets none. */
#include "ui/commands/command_json.h"
#include "ui/commands/command_out.h"

#include <string.h>

static const struct command_json_field fields[] = {
  { "state", COMMAND_JSON_TEXT, NULL },
  { "text", COMMAND_JSON_TEXT, NULL },
  { NULL, COMMAND_JSON_TEXT, NULL },
};

enum command_exit
command_receipt (struct command_context *context, int argc, char **argv)
{
  gboolean json = FALSE, no = FALSE;
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL },
                                   { "no", 0, 0, G_OPTION_ARG_NONE, &no, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("receipt", "%s.", error->message);
  if (argc != 2 || !g_str_has_prefix (argv[1], "id:") || argv[1][3] == '\0')
    return command_out_misuse ("receipt", "receipt needs one message, as id:MESSAGE-ID.");
  if (!command_texts ((const char *const *) argv, &error) || !command_need_settings (context, &error))
    return command_out_fail (error);
  g_autoptr (GVariant) reply = command_call (
      context, "receipt", g_variant_new_parsed ("{'id': <%s>, 'answer': <%s>}", argv[1] + 3, no ? "no" : "send"), NULL,
      NULL, &error);
  if (reply == NULL)
    return command_out_fail (error);
  g_autofree char *state = command_json_get (reply, "state", COMMAND_JSON_TEXT),
                  *text = command_json_get (reply, "text", COMMAND_JSON_TEXT);
  const gboolean held = strcmp (state, "never") == 0;
  if (json) {
    JsonBuilder *builder = json_builder_new ();
    command_json_object (builder, fields, reply);
    command_out_json (builder);
    return held ? COMMAND_HELD : COMMAND_DONE;
  }
  if (held)
    return command_out_refuse (COMMAND_HELD, "%s", text);
  command_out ("%s\n", text);
  return COMMAND_DONE;
}
