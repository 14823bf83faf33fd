/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `folder`: list, make, rename, remove and subscribe folders of an account. */
#include "ui/commands/command_ask.h"
#include "ui/commands/command_json.h"
#include "ui/commands/command_out.h"

#include <string.h>

static const struct command_json_field fields[] = {
  { "account", COMMAND_JSON_TEXT, NULL },
  { "path", COMMAND_JSON_TEXT, NULL },
  { "name", COMMAND_JSON_TEXT, NULL },
  { "role", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "space", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "subscribed", COMMAND_JSON_FLAG, NULL },
  { "kept", COMMAND_JSON_FLAG, NULL },
  { "total", COMMAND_JSON_NUMBER, NULL },
  { "unread", COMMAND_JSON_NUMBER, NULL },
  { "query", COMMAND_JSON_TEXT, NULL },
  { NULL, COMMAND_JSON_TEXT, NULL },
};

static GVariant *
ask_folders (struct command_context *context, GError **error)
{
  g_autoptr (GVariant) reply = command_call (context, "folders", NULL, NULL, NULL, error);
  return reply == NULL ? NULL : g_variant_lookup_value (reply, "folders", G_VARIANT_TYPE ("aa{sv}"));
}

static gboolean
flag_of (GVariant *row, const char *name)
{
  gboolean value = FALSE;
  (void) g_variant_lookup (row, name, "b", &value);
  return value;
}

static guint32
number_of (GVariant *row, const char *name)
{
  guint32 value = 0;
  (void) g_variant_lookup (row, name, "u", &value);
  return value;
}

static enum command_exit
list (struct command_context *context, gboolean json)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) rows = ask_folders (context, &error);
  if (rows == NULL)
    return command_out_fail (error);
  if (json) {
    JsonBuilder *builder = json_builder_new ();
    command_json_objects (builder, fields, rows);
    command_out_json (builder);
    return COMMAND_DONE;
  }
  command_out_banner (context);
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    g_autofree char *account = command_json_get (row, "account", COMMAND_JSON_TEXT);
    g_autofree char *name = command_json_get (row, "name", COMMAND_JSON_TEXT);
    g_autofree char *role = command_json_get (row, "role", COMMAND_JSON_TEXT);
    gboolean local = strcmp (account, "local") == 0;
    command_out ("%s/%s  %u mail%s, %u unread%s%s%s%s\n", account, name, number_of (row, "total"),
                 number_of (row, "total") == 1 ? "" : "s", number_of (row, "unread"), *role != '\0' ? ", " : "", role,
                 local || flag_of (row, "subscribed") ? "" : ", not subscribed",
                 local || flag_of (row, "kept") ? "" : ", not kept here");
  }
  return COMMAND_DONE;
}

/* How many mails are in the folder that a person names; -1: there is no such folder, which the engine tells in a sentence. */
static gint64
mails_in (struct command_context *context, const char *named, GError **error)
{
  g_autoptr (GVariant) rows = ask_folders (context, error);
  gint64 mails = -1;
  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows) && mails < 0; i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    g_autofree char *account = command_json_get (row, "account", COMMAND_JSON_TEXT);
    g_autofree char *path = command_json_get (row, "path", COMMAND_JSON_TEXT);
    g_autofree char *name = command_json_get (row, "name", COMMAND_JSON_TEXT);
    g_autofree char *by_path = g_strconcat (account, "/", path, NULL),
                    *by_name = g_strconcat (account, "/", name, NULL);
    g_autofree char *role = command_json_get (row, "role", COMMAND_JSON_TEXT);
    if (strcmp (by_path, named) == 0 || strcmp (by_name, named) == 0)
      mails = *role == '\0' ? number_of (row, "total") : 0; /* one with a role stays: the engine says why */
  }
  return mails;
}

/* FALSE: it is not to be. code_out then says why. */
static gboolean
is_sure (struct command_context *context, const char *folder, enum command_exit *code_out)
{
  g_autoptr (GError) error = NULL;
  gint64 mails = mails_in (context, folder, &error);
  gboolean yes = FALSE;
  *code_out = COMMAND_FAILED;
  if (mails == 0 || (mails < 0 && error == NULL))
    return TRUE;
  g_autofree char *question
      = g_strdup_printf ("Remove %s with the %" G_GINT64_FORMAT " mail%s in it, here and on the server? [y/N] ", folder,
                         mails, mails == 1 ? "" : "s");
  if (error != NULL || !command_ask_yes (question, &yes, &error)) {
    if (!command_ask_possible ())
      *code_out = command_out_refuse (
          COMMAND_FAILED,
          "%s was not removed: there is mail in it, and nobody to ask. Say --yes to remove it with that.", folder);
    else
      command_out_fail (error);
    return FALSE;
  }
  if (!yes)
    *code_out = command_out_refuse (COMMAND_FAILED, "%s was not removed.", folder);
  return yes;
}

static enum command_exit
change (struct command_context *context, const char *action, const char *folder, const char *to, gboolean yes)
{
  static const struct {
    const char *action, *done;
  } words[] = { { "create", "made" },
                { "rename", "renamed" },
                { "remove", "removed" },
                { "subscribe", "subscribed" },
                { "unsubscribe", "no longer subscribed" } };
  g_autoptr (GError) error = NULL;
  enum command_exit code;
  if (strcmp (action, "remove") == 0 && !yes && !is_sure (context, folder, &code))
    return code;
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "action", "s", action);
  g_variant_dict_insert (&args, "folder", "s", folder);
  if (to != NULL)
    g_variant_dict_insert (&args, "to", "s", to);
  g_autoptr (GVariant) reply = command_call (context, "folder", g_variant_dict_end (&args), NULL, NULL, &error);
  if (reply == NULL)
    return command_out_fail (error);
  guint32 mails = number_of (reply, "mails");
  g_autofree char *with
      = mails == 0 ? g_strdup ("") : g_strdup_printf (" with %u mail%s", mails, mails == 1 ? "" : "s");
  const char *done = "";
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (words[i].action, action) == 0)
      done = words[i].done;
  command_out ("%s: %s%s.%s\n", folder, done, with,
               flag_of (reply, "online") ? "" : " The server is told as soon as there is a connection.");
  return COMMAND_DONE;
}

enum command_exit
command_folder (struct command_context *context, int argc, char **argv)
{
  static const char *const actions[] = { "create", "rename", "remove", "subscribe", "unsubscribe", NULL };
  gboolean json = FALSE, yes = FALSE;
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL },
                                   { "yes", 0, 0, G_OPTION_ARG_NONE, &yes, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("folder", "%s.", error->message);
  if (!command_texts ((const char *const *) argv, &error))
    return command_out_fail (error);
  const char *action = argc > 1 ? argv[1] : "";
  gboolean renames = strcmp (action, "rename") == 0, lists = strcmp (action, "list") == 0;
  if (!lists && !g_strv_contains (actions, action))
    return command_out_misuse ("folder",
                               "folder is followed by list, create, rename, remove, subscribe or unsubscribe.");
  if (argc != (lists ? 2 : renames ? 4 : 3) || (!lists && strchr (argv[2], '/') == NULL))
    return command_out_misuse ("folder", lists     ? "folder list takes no further words."
                                         : renames ? "folder rename takes ACCOUNT/FOLDER and the new name."
                                                   : "A folder is written as ACCOUNT/FOLDER.");
  if (!command_need_settings (context, &error))
    return command_out_fail (error);
  return lists ? list (context, json) : change (context, action, argv[2], renames ? argv[3] : NULL, yes);
}
