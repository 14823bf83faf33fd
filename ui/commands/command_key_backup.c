/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* key backup and key restore: one's own keys in a sealed file, and back. */
#include "ui/commands/command_key.h"
#include "ui/commands/command_ask.h"
#include "ui/commands/command_input.h"
#include "ui/commands/command_out.h"

#include <string.h>
#include <unistd.h>

#define BACKUP_SIZE_MAX (64u * 1024 * 1024)

static void
print_left_out (GVariant *reply)
{
  g_auto (GStrv) on_card = NULL;
  if (!g_variant_lookup (reply, "on_card", "^as", &on_card))
    return;
  for (gsize i = 0; on_card[i] != NULL; i++)
    (void) command_out_refuse (COMMAND_DONE, "%s lies on a card and is not in the back-up; keep the card safe.",
                               on_card[i]);
}

/* The file is there and was compared: from now on nobody need be reminded. */
static const struct command_json_field backup_fields[] = {
  { "pgp", COMMAND_JSON_NUMBER, NULL },
  { "smime", COMMAND_JSON_NUMBER, NULL },
  { "on_card", COMMAND_JSON_TEXTS, NULL },
  { NULL, COMMAND_JSON_TEXT, NULL },
};

static enum command_exit
report_backup (struct command_context *context, GVariant *reply, const char *path, gboolean json)
{
  guint32 pgp = 0, smime = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) noted = command_call (context, "key_backup_done", NULL, NULL, NULL, &error);
  if (noted == NULL)
    g_info ("the back-up could not be noted: %s", error->message);
  if (json) {
    JsonBuilder *builder = json_builder_new ();
    command_json_object (builder, backup_fields, reply);
    command_out_json (builder);
    return COMMAND_DONE;
  }
  g_variant_lookup (reply, "pgp", "u", &pgp);
  g_variant_lookup (reply, "smime", "u", &smime);
  command_out_banner (context);
  command_out ("%s holds your own keys (OpenPGP: %u, S/MIME: %u); it was opened once more to see that it can be\n",
               path, pgp, smime);
  command_out (
      "Keep it apart from this computer, and its passphrase apart from it: whoever has both can read your mail\n");
  print_left_out (reply);
  return COMMAND_DONE;
}

enum command_exit
command_key_backup (struct command_context *context, int argc, char **argv)
{
  g_autofree char *out = NULL;
  gboolean json = FALSE;
  int fd = -1;
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL },
                                   { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, NULL, NULL },
                                   { "passphrase-fd", 0, 0, G_OPTION_ARG_INT, &fd, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("key", "%s.", error->message);
  if (argc > 1 || out == NULL || strcmp (out, "-") == 0)
    return command_out_misuse ("key", "key backup needs the file to write: --out FILE.");
  if (!command_need_settings (context, &error))
    return command_out_fail (error);
  if (g_file_test (out, G_FILE_TEST_EXISTS) || g_file_test (out, G_FILE_TEST_IS_SYMLINK))
    return command_out_refuse (COMMAND_FAILED, "%s is there already. No back-up was made; choose another name.", out);
  AUTOFREE (secret) passphrase = command_key_passphrase (fd, "Passphrase for the back-up: ", &error);
  if (passphrase == NULL)
    return command_out_fail (error);
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert_value (&args, "passphrase", command_secret (passphrase));
  g_autoptr (GVariant) reply = command_call (context, "key_backup", g_variant_dict_end (&args), NULL, &fds, &error);
  if (reply == NULL || !command_key_write (reply, fds, "data", out, &error))
    return command_out_fail (error);
  return report_backup (context, reply, out, json);
}

enum command_exit
command_key_restore (struct command_context *context, int argc, char **argv)
{
  int fd = -1;
  gint32 handle = 0;
  gboolean json = FALSE;
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL },
                                   { "passphrase-fd", 0, 0, G_OPTION_ARG_INT, &fd, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  int file = -1;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("key", "%s.", error->message);
  if (argc != 2 || strcmp (argv[1], "-") == 0)
    return command_out_misuse ("key", "key restore needs the file of one back-up.");
  if (!command_need_settings (context, &error) || (file = command_input_open (argv[1], BACKUP_SIZE_MAX, &error)) < 0)
    return command_out_fail (error);
  handle = g_unix_fd_list_append (fds, file, &error);
  close (file);
  AUTOFREE (secret) passphrase = handle >= 0 ? command_ask (fd, "Passphrase of the back-up: ", &error) : NULL;
  if (passphrase == NULL)
    return command_out_fail (error);
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "file", "h", handle);
  g_variant_dict_insert_value (&args, "passphrase", command_secret (passphrase));
  g_autoptr (GVariant) reply = command_call (context, "key_restore", g_variant_dict_end (&args), fds, NULL, &error);
  if (reply == NULL)
    return command_out_fail (error);
  g_autoptr (GVariant) keys = g_variant_lookup_value (reply, "keys", G_VARIANT_TYPE ("aa{sv}"));
  if (json) {
    JsonBuilder *builder = json_builder_new ();
    command_json_objects (builder, command_key_fields, keys);
    command_out_json (builder);
    return COMMAND_DONE;
  }
  command_out_banner (context);
  command_key_print (keys);
  return COMMAND_DONE;
}
