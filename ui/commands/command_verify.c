/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `verify`: the signature and the encryption of a message, as an exit code. */
#include "ui/commands/command_out.h"
#include "ui/commands/command_view.h"

static const struct command_json_field fields[] = {
  { "signature", COMMAND_JSON_OBJECT, command_view_signature },
  { "encryption", COMMAND_JSON_OBJECT, command_view_encryption },
  { NULL, COMMAND_JSON_TEXT, NULL },
};

/* Good: the whole message is signed by the one whom From names. A part alone is not enough for whoever acts on an exit code. */
static gboolean
is_good (GVariant *signature)
{
  g_autofree char *state = command_json_get (signature, "state", COMMAND_JSON_TEXT);
  g_autofree char *covers = command_json_get (signature, "covers", COMMAND_JSON_TEXT);
  return g_str_equal (state, "good") && g_str_equal (covers, "whole");
}

static void
print_text (struct command_context *context, GVariant *view, GVariant *signature, GVariant *encryption)
{
  g_autofree char *verdict = command_view_verdict (view);
  g_autofree char *state = command_json_get (signature, "state", COMMAND_JSON_TEXT),
                  *signer = command_json_get (signature, "signer", COMMAND_JSON_TEXT);
  g_autofree char *signed_part = command_json_get (signature, "covers", COMMAND_JSON_TEXT);
  g_autofree char *protocol = command_json_get (encryption, "protocol", COMMAND_JSON_TEXT);
  g_autofree char *encrypted_part = command_json_get (encryption, "covers", COMMAND_JSON_TEXT);
  gboolean decrypted = FALSE;
  if (encryption != NULL)
    g_variant_lookup (encryption, "decrypted", "b", &decrypted);
  command_out_banner (context);
  command_out ("Verdict:    %s\n", verdict);
  command_out ("Signature:  %s, covers %s%s%s\n", state, signed_part, *signer != '\0' ? ", by " : "", signer);
  if (*protocol == '\0')
    command_out ("Encryption: none\n");
  else
    command_out ("Encryption: %s, %s, covers %s\n", protocol, decrypted ? "decrypted" : "not decrypted",
                 encrypted_part);
}

enum command_exit
command_verify (struct command_context *context, int argc, char **argv)
{
  int fd = -1;
  gboolean json = FALSE;
  g_autofree char *at = NULL;
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL },
                                   { "at", 0, 0, G_OPTION_ARG_FILENAME, &at, NULL, NULL },
                                   { "passphrase-fd", 0, 0, G_OPTION_ARG_INT, &fd, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("verify", "%s.", error->message);
  if (argc != 2)
    return command_out_misuse ("verify", "verify needs one message: a file, “-”, or id:MESSAGE-ID.");
  if (!command_take_passphrase (context, fd, &error))
    return command_out_fail (error);
  g_autoptr (GVariant) view = command_view_fetch (context, argv[1], at, &error);
  if (view == NULL)
    return command_out_fail (error);
  g_autofree char *missing = command_view_missing (view);
  if (missing != NULL)
    return command_out_refuse (COMMAND_FAILED, "%s", missing);
  g_autoptr (GVariant) signature = g_variant_lookup_value (view, "signature", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) encryption = g_variant_lookup_value (view, "encryption", G_VARIANT_TYPE_VARDICT);
  if (json) {
    JsonBuilder *builder = json_builder_new ();
    json_builder_begin_object (builder);
    command_json_members (builder, fields, view);
    if (at != NULL)
      command_json_text (builder, "at", at);
    if (settings_banner (context->settings) != NULL)
      command_json_text (builder, "profile", settings_banner (context->settings));
    json_builder_end_object (builder);
    command_out_json (builder);
  } else {
    print_text (context, view, signature, encryption);
  }
  return is_good (signature) ? COMMAND_DONE : COMMAND_UNVERIFIED;
}
