/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `cert-check`: a file of certificates, judged by the code that judges servers; it needs no account and no profile. */
#include "config/pins.h"
#include "ui/commands/command_input.h"
#include "ui/commands/command_json.h"
#include "ui/commands/command_out.h"

#define FILE_SIZE_MAX (8 * 1024 * 1024)

struct options {
  gboolean json;
  char *host, *at;
  char **trust, **crl, **pins;
};

static const struct command_json_field fields[] = {
  { "result", COMMAND_JSON_TEXT, NULL },      { "reason", COMMAND_JSON_TEXT, NULL },
  { "sentence", COMMAND_JSON_TEXT, NULL },    { "subject", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "pin", COMMAND_JSON_TEXT_OR_NULL, NULL }, { "from", COMMAND_JSON_TIME, NULL },
  { "until", COMMAND_JSON_TIME, NULL },       { NULL, COMMAND_JSON_TEXT, NULL },
};

static void
options_clear (struct options *options)
{
  g_free (options->host);
  g_free (options->at);
  g_strfreev (options->trust);
  g_strfreev (options->crl);
  g_strfreev (options->pins);
}

/* A time, or a day, which is its first moment in UTC. */
static gboolean
read_time (const char *text, gint64 *time_out)
{
  g_autofree char *moment = g_strconcat (text, "T00:00:00Z", NULL);
  return command_json_parse_time (text, time_out) || command_json_parse_time (moment, time_out);
}

static gboolean
append_files (GVariantDict *args, const char *name, char **paths, GUnixFDList *fds, GError **error)
{
  if (paths == NULL)
    return TRUE;
  GVariantBuilder handles;
  g_variant_builder_init (&handles, G_VARIANT_TYPE ("ah"));
  for (gsize i = 0; paths[i] != NULL; i++) {
    gint32 handle = 0;
    if (!command_input_append (fds, paths[i], &handle, error)) {
      g_variant_builder_clear (&handles);
      return FALSE;
    }
    g_variant_builder_add (&handles, "h", handle);
  }
  g_variant_dict_insert_value (args, name, g_variant_builder_end (&handles));
  return TRUE;
}

static GVariant *
ask (struct command_context *context, const struct options *options, const char *chain, GError **error)
{
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  gint32 handle = 0;
  gint64 at = 0;
  if (!command_text (options->host, error) || !command_texts ((const char *const *) options->pins, error)
      || !command_input_append (fds, chain, &handle, error)
      || !append_files (&args, "trust", options->trust, fds, error)
      || !append_files (&args, "crl", options->crl, fds, error))
    return NULL;
  g_variant_dict_insert (&args, "chain", "h", handle);
  if (options->host != NULL)
    g_variant_dict_insert (&args, "host", "s", options->host);
  if (options->pins != NULL)
    g_variant_dict_insert (&args, "pins", "^as", options->pins);
  if (options->at != NULL) {
    (void) read_time (options->at, &at);
    g_variant_dict_insert (&args, "at", "x", at);
  }
  if (!command_need_any_profile (context, error))
    return NULL;
  return command_call (context, "cert_check", g_variant_dict_end (&args), fds, NULL, error);
}

static void
print (const struct options *options, GVariant *reply)
{
  if (options->json) {
    JsonBuilder *builder = json_builder_new ();
    json_builder_begin_object (builder);
    command_json_members (builder, fields, reply);
    if (options->at != NULL)
      command_json_text (builder, "at", options->at);
    json_builder_end_object (builder);
    command_out_json (builder);
    return;
  }
  g_autofree char *sentence = command_json_get (reply, "sentence", COMMAND_JSON_TEXT),
                  *pin = command_json_get (reply, "pin", COMMAND_JSON_TEXT),
                  *from = command_json_get (reply, "from", COMMAND_JSON_TIME),
                  *until = command_json_get (reply, "until", COMMAND_JSON_TIME);
  command_out ("%s\n", sentence);
  if (options->at != NULL)
    command_out ("Judged:  as of %s\n", options->at);
  if (*pin != '\0')
    command_out ("Valid:   from %s until %s\nPin:     %s\n", from, until, pin);
}

static enum command_exit
check (struct command_context *context, const struct options *options, const char *chain)
{
  g_autoptr (GError) error = NULL;
  gint64 at = 0;
  for (char **pin = options->pins; pin != NULL && *pin != NULL; pin++) {
    g_autofree char *good = pins_parse_one (*pin);
    if (good == NULL)
      return command_out_misuse ("cert-check", "--pin needs a pin: sha256/ and 44 letters of base64.");
    g_free (*pin);
    *pin = g_steal_pointer (&good);
  }
  if (options->at != NULL && !read_time (options->at, &at))
    return command_out_misuse ("cert-check", "--at needs a time such as 2026-11-21T12:00:00Z.");
  g_autoptr (GVariant) reply = ask (context, options, chain, &error);
  const char *result = "";
  if (reply == NULL)
    return command_out_fail (error);
  (void) g_variant_lookup (reply, "result", "&s", &result);
  print (options, reply);
  return g_str_equal (result, "SUCCESS") ? COMMAND_DONE : COMMAND_UNVERIFIED;
}

enum command_exit
command_cert_check (struct command_context *context, int argc, char **argv)
{
  struct options options = { .json = FALSE };
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, NULL, NULL },
                                   { "host", 0, 0, G_OPTION_ARG_FILENAME, &options.host, NULL, NULL },
                                   { "at", 0, 0, G_OPTION_ARG_FILENAME, &options.at, NULL, NULL },
                                   { "trust", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.trust, NULL, NULL },
                                   { "crl", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.crl, NULL, NULL },
                                   { "pin", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.pins, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  enum command_exit code;
  if (!command_options (&argc, &argv, entries, &error))
    code = command_out_misuse ("cert-check", "%s.", error->message);
  else if (argc != 2)
    code = command_out_misuse ("cert-check", "cert-check needs one file of certificates, the server's own first.");
  else
    code = check (context, &options, argv[1]);
  options_clear (&options);
  return code;
}
