/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `outbox`: what waits to be sent, what became of it for each recipient, and what a person decides about it. */
#include "ui/commands/command_ask.h"
#include "ui/commands/command_json.h"
#include "ui/commands/command_out.h"
#include "ui/commands/command_outbox.h"

#include <string.h>

const struct command_json_field command_outbox_people[] = {
  { "address", COMMAND_JSON_TEXT, NULL },
  { "state", COMMAND_JSON_TEXT, NULL },
  { "text", COMMAND_JSON_TEXT, NULL },
  { NULL, COMMAND_JSON_TEXT, NULL },
};

static const struct command_json_field fields[] = {
  { "id", COMMAND_JSON_TEXT, NULL },
  { "message_id", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "subject", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "account", COMMAND_JSON_TEXT, NULL },
  { "state", COMMAND_JSON_TEXT, NULL },
  { "text", COMMAND_JSON_TEXT, NULL },
  { "date", COMMAND_JSON_TIME, NULL },
  { "not_before", COMMAND_JSON_TIME, NULL },
  { "next", COMMAND_JSON_TIME, NULL },
  { "wait", COMMAND_JSON_TEXT, NULL },
  { "tries", COMMAND_JSON_NUMBER, NULL },
  { "late", COMMAND_JSON_FLAG, NULL },
  { "note", COMMAND_JSON_FLAG, NULL },
  { "people", COMMAND_JSON_OBJECTS, command_outbox_people },
  { NULL, COMMAND_JSON_TEXT, NULL },
};

struct options {
  gboolean json, yes;
  int passphrase_fd; /* -1: none */
};

/* ---- the list ---- */

static void
print_row (GVariant *row)
{
  static const struct {
    const char *name, *word;
  } times[] = { { "date", "given" }, { "not_before", "not before" }, { "next", "next try" } };
  const char *id = "", *state = "", *text = "", *subject = "";
  g_variant_lookup (row, "id", "&s", &id);
  g_variant_lookup (row, "subject", "&s", &subject);
  g_variant_lookup (row, "state", "&s", &state);
  g_variant_lookup (row, "text", "&s", &text);
  command_out ("%s\n", id);
  if (*subject != '\0')
    command_out ("  subject: %s\n", subject);
  command_out ("  state: %s\n", state);
  for (gsize i = 0; i < G_N_ELEMENTS (times); i++) {
    g_autofree char *time = command_json_get (row, times[i].name, COMMAND_JSON_TIME);
    if (*time != '\0')
      command_out ("  %s: %s\n", times[i].word, time);
  }
  g_autoptr (GVariant) people = g_variant_lookup_value (row, "people", G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; people != NULL && i < g_variant_n_children (people); i++) {
    g_autoptr (GVariant) person = g_variant_get_child_value (people, i);
    const char *address = "", *of = "", *why = "";
    g_variant_lookup (person, "address", "&s", &address);
    g_variant_lookup (person, "state", "&s", &of);
    g_variant_lookup (person, "text", "&s", &why);
    command_out ("  %s: %s%s%s\n", address, of, *why != '\0' ? ": " : "", why);
  }
  command_out ("  %s\n", text);
}

static enum command_exit
list (struct command_context *context, const struct options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = command_call (context, "outbox", NULL, NULL, NULL, &error);
  if (reply == NULL)
    return command_out_fail (error);
  g_autoptr (GVariant) rows = g_variant_lookup_value (reply, "rows", G_VARIANT_TYPE ("aa{sv}"));
  if (options->json) {
    JsonBuilder *builder = json_builder_new ();
    command_json_objects (builder, fields, rows);
    command_out_json (builder);
    return COMMAND_DONE;
  }
  command_out_banner (context);
  if (g_variant_n_children (rows) == 0)
    command_out ("The outbox is empty: nothing waits to be sent.\n");
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    print_row (row);
  }
  return COMMAND_DONE;
}

/* ---- deciding ---- */

static const struct verb {
  const char *name, *what;
  const char *question; /* asked first, unless --yes; NULL: nothing is */
} verbs[] = {
  { "retry", "retry", NULL },
  { "stop", "stop", NULL },
  { "sent", "arrived", NULL },
  { "remove", "remove", "Remove this message? Who has not got it will not get it. [y/N] " },
  { "edit", NULL, NULL },
};

static GVariant *
call_verb (struct command_context *context, const struct verb *verb, const char *id, GError **error)
{
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GUnixFDList) fds = NULL;
  g_variant_dict_insert (&args, "id", "s", id);
  if (verb->what != NULL)
    g_variant_dict_insert (&args, "what", "s", verb->what);
  return command_call (context, verb->what != NULL ? "outbox_decide" : "outbox_edit", g_variant_dict_end (&args), NULL,
                       &fds, error);
}

static enum command_exit
decide (struct command_context *context, const struct options *options, const struct verb *verb, const char *id)
{
  static const struct command_json_field said[] = {
    { "text", COMMAND_JSON_TEXT, NULL },
    { "gone", COMMAND_JSON_FLAG, NULL },
    { "draft_id", COMMAND_JSON_TEXT_OR_NULL, NULL },
    { NULL, COMMAND_JSON_TEXT, NULL },
  };
  g_autoptr (GError) error = NULL;
  gboolean yes = options->yes || verb->question == NULL;
  if (!yes && !command_ask_yes (verb->question, &yes, &error))
    return command_out_fail (error);
  if (!yes)
    return command_out_refuse (COMMAND_FAILED, "Nothing was changed.");
  g_autoptr (GVariant) reply = call_verb (context, verb, id, &error);
  if (reply == NULL)
    return command_out_fail (error);
  const char *text = "";
  g_variant_lookup (reply, "text", "&s", &text);
  if (options->json) {
    JsonBuilder *builder = json_builder_new ();
    command_json_object (builder, said, reply);
    command_out_json (builder);
  } else {
    command_out ("%s\n", text);
  }
  return COMMAND_DONE;
}

static enum command_exit
run (struct command_context *context, const struct options *options, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  const struct verb *verb = NULL;
  const gboolean listing = argc < 2 || strcmp (argv[1], "list") == 0;
  for (gsize i = 0; !listing && i < G_N_ELEMENTS (verbs); i++)
    if (strcmp (argv[1], verbs[i].name) == 0)
      verb = &verbs[i];
  if (listing ? argc > 2 : verb == NULL || argc != 3)
    return command_out_misuse ("outbox", "outbox lists, or takes retry, edit, remove, stop or sent and the id of one "
                                         "message, as the list has it.");
  if (verb != NULL && verb->question != NULL && options->json && !options->yes)
    return command_out_misuse ("outbox", "With --json nobody is asked: add --yes.");
  if (!command_texts ((const char *const *) argv, &error)
      || !command_take_passphrase (context, options->passphrase_fd, &error) || !command_need_settings (context, &error))
    return command_out_fail (error);
  return listing ? list (context, options) : decide (context, options, verb, argv[2]);
}

enum command_exit
command_outbox (struct command_context *context, int argc, char **argv)
{
  struct options options = { .passphrase_fd = -1 };
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, NULL, NULL },
                                   { "yes", 0, 0, G_OPTION_ARG_NONE, &options.yes, NULL, NULL },
                                   { "passphrase-fd", 0, 0, G_OPTION_ARG_INT, &options.passphrase_fd, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("outbox", "%s.", error->message);
  return run (context, &options, argc, argv);
}
