/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* key export: the public half of a key, to a file that was not there before or to standard output. */
#include "ui/commands/command_key.h"
#include "ui/commands/command_ask.h"
#include "ui/commands/command_out.h"
#include "ui/save.h"
#include "ui/views/fields.h"

#include <string.h>
#include <unistd.h>

#define TEXT_MAX (8u * 1024 * 1024)

/* Armored and PEM are text. */
static gboolean
print_file (int fd, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[16384];
  off_t at = 0;
  ssize_t got;
  while (text->len < TEXT_MAX && (got = pread (fd, buffer, sizeof buffer, at)) > 0) {
    g_string_append_len (text, buffer, got);
    at += got;
  }
  if (text->len == 0 || memchr (text->str, '\0', text->len) != NULL) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "The key did not arrive. Please try again.");
    return FALSE;
  }
  command_out_raw (text->str);
  return TRUE;
}

gboolean
command_key_write (GVariant *reply, GUnixFDList *fds, const char *field, const char *path, GError **error)
{
  int fd = fields_fd (reply, field, fds);
  if (fd < 0) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "The file did not arrive. Please try again.");
    return FALSE;
  }
  const gboolean done = path == NULL || strcmp (path, "-") == 0 ? print_file (fd, error) : save_whole (fd, path, error);
  close (fd);
  return done;
}

enum command_exit
command_key_export (struct command_context *context, int argc, char **argv)
{
  g_autofree char *out = NULL, *kind = NULL;
  const GOptionEntry entries[] = { { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, NULL, NULL },
                                   { "kind", 0, 0, G_OPTION_ARG_STRING, &kind, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  const char *fingerprint = "";
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("key", "%s.", error->message);
  if (argc < 2 || (kind != NULL && !g_str_equal (kind, "pgp") && !g_str_equal (kind, "smime")))
    return command_out_misuse ("key",
                               argc < 2 ? "key export needs a fingerprint or an address." : "--kind is pgp or smime.");
  if (!command_texts ((const char *const *) argv, &error) || !command_need_settings (context, &error))
    return command_out_fail (error);
  g_autofree char *which = g_strjoinv ("", argv + 1);
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "key", "s", which);
  if (kind != NULL)
    g_variant_dict_insert (&args, "kind", "s", kind);
  g_autoptr (GVariant) reply = command_call (context, "key_export", g_variant_dict_end (&args), NULL, &fds, &error);
  if (reply == NULL || !command_key_write (reply, fds, "data", out, &error))
    return command_out_fail (error);
  g_variant_lookup (reply, "fingerprint", "&s", &fingerprint);
  if (out != NULL && !g_str_equal (out, "-")) {
    command_out_banner (context);
    command_out ("%s is in %s: the public half, which anybody may have\n", fingerprint, out);
  }
  return COMMAND_DONE;
}
