/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* key renew and key revoke: a longer life for a key, or its end. */
#include "ui/commands/command_key.h"
#include "ui/commands/command_ask.h"
#include "ui/commands/command_out.h"

#include <string.h>

enum command_exit
command_key_renew (struct command_context *context, int argc, char **argv)
{
  g_autofree char *out = NULL;
  gboolean same_key = FALSE, json = FALSE;
  const GOptionEntry entries[] = { { "same-key", 0, 0, G_OPTION_ARG_NONE, &same_key, NULL, NULL },
                                   { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, NULL, NULL },
                                   { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("key", "%s.", error->message);
  if (argc < 2)
    return command_out_misuse ("key", "key renew needs the fingerprint of a key of your own.");
  if (!command_texts ((const char *const *) argv, &error) || !command_need_settings (context, &error))
    return command_out_fail (error);
  g_autofree char *fingerprint = g_strjoinv ("", argv + 1);
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "key", "s", fingerprint);
  g_variant_dict_insert (&args, "same_key", "b", same_key);
  g_autoptr (GVariant) reply = command_call (context, "key_renew", g_variant_dict_end (&args), NULL, &fds, &error);
  if (reply == NULL)
    return command_out_fail (error);
  g_autoptr (GVariant) keys = g_variant_lookup_value (reply, "keys", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) requests = g_variant_lookup_value (reply, "requests", G_VARIANT_TYPE ("aa{sv}"));
  if (json)
    command_key_print_made (reply);
  if (g_variant_n_children (requests) > 0)
    return command_key_requested (requests, fds, out, json);
  if (!json) {
    command_out_banner (context);
    command_key_print (keys);
    command_out ("Others see the new end when they get the key anew: wardmail key export %s\n", fingerprint);
  }
  return COMMAND_DONE;
}

static const struct command_json_field revoked_fields[] = {
  { "protocol", COMMAND_JSON_TEXT, NULL },       { "fingerprint", COMMAND_JSON_TEXT, NULL },
  { "address", COMMAND_JSON_TEXT, NULL },        { "own", COMMAND_JSON_FLAG, NULL },
  { "for_good", COMMAND_JSON_FLAG, NULL },       { "issuer", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "serial", COMMAND_JSON_TEXT_OR_NULL, NULL }, { NULL, COMMAND_JSON_TEXT, NULL },
};

struct revoke_options {
  char *reason, *out;
  gboolean yes, json;
};

/* What will be done depends on whose key it is: say so before. */
static gboolean
confirm (struct command_context *context, const char *fingerprint, gboolean *yes_out, GError **error)
{
  g_autoptr (GVariant) reply = command_call (context, "key_list", NULL, NULL, NULL, error);
  g_autoptr (GVariant) keys = reply != NULL ? g_variant_lookup_value (reply, "keys", G_VARIANT_TYPE ("aa{sv}")) : NULL;
  const char *question = NULL;
  for (gsize i = 0; keys != NULL && question == NULL && i < g_variant_n_children (keys); i++) {
    g_autoptr (GVariant) key = g_variant_get_child_value (keys, i);
    const char *found = "", *protocol = "", *address = "";
    gboolean own = FALSE;
    g_variant_lookup (key, "fingerprint", "&s", &found);
    g_variant_lookup (key, "protocol", "&s", &protocol);
    g_variant_lookup (key, "address", "&s", &address);
    g_variant_lookup (key, "own", "b", &own);
    if (g_ascii_strcasecmp (found, fingerprint) != 0)
      continue;
    command_out ("%s%s: ", address, own ? " (yours)" : "");
    question = own && g_str_equal (protocol, "pgp")
                   ? "revoke this key for good? Nobody can encrypt to it afterwards, and there is no way back [y/N] "
                   : "not use this key any more? [y/N] ";
  }
  if (reply != NULL && question == NULL)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND,
                 "There is no key with this fingerprint. See what is there with: wardmail key list");
  return question != NULL && command_ask_yes (question, yes_out, error);
}

static void
report (GVariant *reply, const char *out_or_null)
{
  const char *fingerprint = "", *address = "", *issuer = "", *serial = "";
  gboolean own = FALSE, for_good = FALSE;
  g_variant_lookup (reply, "fingerprint", "&s", &fingerprint);
  g_variant_lookup (reply, "address", "&s", &address);
  g_variant_lookup (reply, "issuer", "&s", &issuer);
  g_variant_lookup (reply, "serial", "&s", &serial);
  g_variant_lookup (reply, "own", "b", &own);
  g_variant_lookup (reply, "for_good", "b", &for_good);
  if (for_good && out_or_null != NULL)
    command_out ("%s is revoked. Send %s to the people whom you write with, so that they know\n", fingerprint,
                 out_or_null);
  else if (for_good)
    command_out ("%s is revoked. Tell the people whom you write with: wardmail key export %s --out FILE\n", fingerprint,
                 fingerprint);
  else if (own)
    command_out (
        "%s is not used here any more. Only the authority can revoke a certificate: tell %s its serial number, "
        "%s\n",
        fingerprint, issuer, serial);
  else
    command_out ("%s of %s is not used any more; mail to this address is held until there is another key\n",
                 fingerprint, address);
}

static enum command_exit
run_revoke (struct command_context *context, const struct revoke_options *options, const char *fingerprint)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  gboolean yes = options->yes, for_good = FALSE;
  if (!command_text (fingerprint, &error) || !command_need_settings (context, &error))
    return command_out_fail (error);
  if (options->out != NULL && g_file_test (options->out, G_FILE_TEST_EXISTS))
    return command_out_refuse (COMMAND_FAILED, "%s is there already. Nothing was done; choose another name.",
                               options->out);
  if (!yes && !confirm (context, fingerprint, &yes, &error))
    return command_out_fail (error);
  if (!yes)
    return command_out_refuse (COMMAND_FAILED, "Nothing was done.");
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "key", "s", fingerprint);
  if (options->reason != NULL)
    g_variant_dict_insert (&args, "reason", "s", options->reason);
  g_autoptr (GVariant) reply = command_call (context, "key_revoke", g_variant_dict_end (&args), NULL, &fds, &error);
  if (reply == NULL)
    return command_out_fail (error);
  g_variant_lookup (reply, "for_good", "b", &for_good);
  if (for_good && options->out != NULL && !command_key_write (reply, fds, "data", options->out, &error)) {
    (void) command_out_fail (error);
    return command_out_refuse (COMMAND_FAILED,
                               "The key is revoked all the same. Get the file with: wardmail key export %s --out FILE",
                               fingerprint);
  }
  if (options->json) {
    JsonBuilder *builder = json_builder_new ();
    command_json_object (builder, revoked_fields, reply);
    command_out_json (builder);
  } else {
    command_out_banner (context);
    report (reply, for_good ? options->out : NULL);
  }
  return COMMAND_DONE;
}

static gboolean
is_reason (const char *name)
{
  static const char *const names[] = { "none", "compromised", "superseded", "retired", NULL };
  return name == NULL || g_strv_contains (names, name);
}

enum command_exit
command_key_revoke (struct command_context *context, int argc, char **argv)
{
  struct revoke_options options = { .reason = NULL };
  const GOptionEntry entries[] = { { "reason", 0, 0, G_OPTION_ARG_STRING, &options.reason, NULL, NULL },
                                   { "out", 0, 0, G_OPTION_ARG_FILENAME, &options.out, NULL, NULL },
                                   { "yes", 0, 0, G_OPTION_ARG_NONE, &options.yes, NULL, NULL },
                                   { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  enum command_exit code;
  if (!command_options (&argc, &argv, entries, &error))
    code = command_out_misuse ("key", "%s.", error->message);
  else if (argc < 2)
    code = command_out_misuse ("key", "key revoke needs the fingerprint of a key.");
  else if (!is_reason (options.reason))
    code = command_out_misuse ("key", "--reason is none, compromised, superseded or retired.");
  else if (options.json && !options.yes)
    code = command_out_misuse ("key", "With --json nobody is asked: add --yes.");
  else {
    g_autofree char *text = g_strjoinv ("", argv + 1);
    g_auto (GStrv) pieces = g_strsplit_set (text, ": ", -1);
    g_autofree char *fingerprint = g_strjoinv ("", pieces);
    code = run_revoke (context, &options, fingerprint);
  }
  g_free (options.reason);
  g_free (options.out);
  return code;
}
