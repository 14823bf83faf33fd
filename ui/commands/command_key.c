/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `key`: take in keys and certificates, list them, or mark one as compared; the other forms are files of their own. */
#include "ui/commands/command_key.h"
#include "ui/commands/command_out.h"
#include "ui/commands/command_ask.h"
#include "ui/commands/command_input.h"

#define FILES_MAX 60
const struct command_json_field command_key_fields[] = {
  { "protocol", COMMAND_JSON_TEXT, NULL },      { "fingerprint", COMMAND_JSON_TEXT, NULL },
  { "address", COMMAND_JSON_TEXT, NULL },       { "owner", COMMAND_JSON_TEXT, NULL },
  { "source", COMMAND_JSON_TEXT, NULL },        { "trust", COMMAND_JSON_TEXT, NULL },
  { "fault", COMMAND_JSON_TEXT_OR_NULL, NULL }, { "expires", COMMAND_JSON_TIME, NULL },
  { "own", COMMAND_JSON_FLAG, NULL },           { "card", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "expiring", COMMAND_JSON_FLAG, NULL },      { "stopped", COMMAND_JSON_FLAG, NULL },
  { "capabilities", COMMAND_JSON_TEXTS, NULL }, { NULL, COMMAND_JSON_TEXT, NULL },
};

void
command_key_print (GVariant *keys)
{
  for (gsize i = 0; i < g_variant_n_children (keys); i++) {
    g_autoptr (GVariant) key = g_variant_get_child_value (keys, i);
    const char *protocol = "", *fingerprint = "", *address = "", *owner = "", *trust = "", *fault = "", *card = "";
    gint64 expires = 0;
    gboolean own = FALSE, expiring = FALSE, stopped = FALSE;
    g_variant_lookup (key, "protocol", "&s", &protocol);
    g_variant_lookup (key, "fingerprint", "&s", &fingerprint);
    g_variant_lookup (key, "address", "&s", &address);
    g_variant_lookup (key, "owner", "&s", &owner);
    g_variant_lookup (key, "trust", "&s", &trust);
    g_variant_lookup (key, "fault", "&s", &fault);
    g_variant_lookup (key, "expires", "x", &expires);
    g_variant_lookup (key, "own", "b", &own);
    g_variant_lookup (key, "card", "&s", &card);
    g_autofree char *yours
        = *card != '\0' ? g_strdup_printf (" (yours, on the card “%s”)", card) : g_strdup (" (yours)");
    g_variant_lookup (key, "expiring", "b", &expiring);
    g_variant_lookup (key, "stopped", "b", &stopped);
    g_autofree char *until = expires != 0 ? command_json_local_time (expires) : NULL;
    command_out ("%-6s %s%s  trust: %s%s%s%s%s%s\n", protocol, address, own ? yours : "", trust,
                 stopped ? ", not to be used any more" : "", *fault != '\0' ? ", unusable: " : "", fault,
                 until == NULL ? ""
                 : expiring    ? ", expires soon, on "
                               : ", expires ",
                 until != NULL ? until : "");
    command_out ("       %s\n       %s\n", fingerprint, owner);
  }
}

static GVariant *
call_import (struct command_context *context, char **files, const struct secret *passphrase, GError **error)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  GVariantBuilder handles;
  g_variant_builder_init (&handles, G_VARIANT_TYPE ("ah"));
  for (gsize i = 0; files[i] != NULL; i++) {
    gint32 handle = 0;
    if (!command_input_append (fds, files[i], &handle, error)) {
      g_variant_builder_clear (&handles);
      return NULL;
    }
    g_variant_builder_add (&handles, "h", handle);
  }
  g_variant_dict_insert_value (&args, "files", g_variant_builder_end (&handles));
  if (passphrase != NULL)
    g_variant_dict_insert_value (&args, "passphrase", command_secret (passphrase));
  return command_call (context, "key_import", g_variant_dict_end (&args), fds, NULL, error);
}

/* Standard input can be read once only, so with "-" no second try is made. */
static gboolean
may_ask_again (char **files, const struct secret *passphrase, const GError *error)
{
  return passphrase == NULL && g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_PASSPHRASE)
         && !g_strv_contains ((const char *const *) files, "-") && command_ask_possible ();
}

static enum command_exit
import (struct command_context *context, int argc, char **argv)
{
  int fd = -1;
  const GOptionEntry entries[] = { { "passphrase-fd", 0, 0, G_OPTION_ARG_INT, &fd, NULL, NULL }, G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("key", "%s.", error->message);
  if (argc < 2 || argc > FILES_MAX)
    return command_out_misuse ("key", "key import needs 1 to %d files.", FILES_MAX - 1);
  if (!command_take_passphrase (context, fd, &error) || !command_need_settings (context, &error))
    return command_out_fail (error);
  AUTOFREE (secret) passphrase = g_steal_pointer (&context->passphrase);
  g_autoptr (GVariant) reply = call_import (context, argv + 1, passphrase, &error);
  if (reply == NULL && may_ask_again (argv + 1, passphrase, error)) {
    g_clear_error (&error);
    passphrase = command_ask (-1, "Passphrase of the key file: ", &error);
    reply = passphrase != NULL ? call_import (context, argv + 1, passphrase, &error) : NULL;
  }
  if (reply == NULL)
    return command_out_fail (error);
  g_autoptr (GVariant) keys = g_variant_lookup_value (reply, "keys", G_VARIANT_TYPE ("aa{sv}"));
  command_out_banner (context);
  command_key_print (keys);
  return COMMAND_DONE;
}

static enum command_exit
list (struct command_context *context, int argc, char **argv)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL }, G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("key", "%s.", error->message);
  if (argc > 2)
    return command_out_misuse ("key", "key list takes one address, or none for all keys.");
  if (!command_texts ((const char *const *) argv, &error) || !command_need_settings (context, &error))
    return command_out_fail (error);
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  if (argc == 2)
    g_variant_dict_insert (&args, "address", "s", argv[1]);
  g_autoptr (GVariant) reply = command_call (context, "key_list", g_variant_dict_end (&args), NULL, NULL, &error);
  if (reply == NULL)
    return command_out_fail (error);
  g_autoptr (GVariant) keys = g_variant_lookup_value (reply, "keys", G_VARIANT_TYPE ("aa{sv}"));
  if (json) {
    JsonBuilder *builder = json_builder_new ();
    command_json_objects (builder, command_key_fields, keys);
    command_out_json (builder);
  } else {
    command_out_banner (context);
    command_key_print (keys);
  }
  return COMMAND_DONE;
}

static enum command_exit
trust (struct command_context *context, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  if (argc < 2)
    return command_out_misuse ("key", "key trust needs the fingerprint that you compared with its owner.");
  if (!command_texts ((const char *const *) argv, &error) || !command_need_settings (context, &error))
    return command_out_fail (error);
  g_autofree char *fingerprint = g_strjoinv ("", argv + 1);
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "fingerprint", "s", fingerprint);
  g_autoptr (GVariant) reply = command_call (context, "key_trust", g_variant_dict_end (&args), NULL, NULL, &error);
  if (reply == NULL)
    return command_out_fail (error);
  command_out_banner (context);
  command_out ("%s is marked as compared\n", fingerprint);
  return COMMAND_DONE;
}

enum command_exit
command_key (struct command_context *context, int argc, char **argv)
{
  static const struct {
    const char *verb;
    enum command_exit (*run) (struct command_context *context, int argc, char **argv);
  } forms[] = {
    { "import", import },
    { "list", list },
    { "trust", trust },
    { "new", command_key_new },
    { "request", command_key_request },
    { "export", command_key_export },
    { "backup", command_key_backup },
    { "restore", command_key_restore },
    { "card", command_key_card },
    { "renew", command_key_renew },
    { "revoke", command_key_revoke },
  };
  for (gsize i = 0; argc > 1 && i < G_N_ELEMENTS (forms); i++)
    if (g_str_equal (argv[1], forms[i].verb))
      return forms[i].run (context, argc - 1, argv + 1);
  GString *verbs = g_string_new (forms[0].verb);
  for (gsize i = 1; i < G_N_ELEMENTS (forms); i++)
    g_string_append_printf (verbs, ", %s", forms[i].verb);
  const enum command_exit code = command_out_misuse ("key", "key needs one of: %s.", verbs->str);
  g_string_free (verbs, TRUE);
  return code;
}
