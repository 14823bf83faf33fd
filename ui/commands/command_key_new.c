/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* key new: a key of one's own; for S/MIME with the request that an authority makes a certificate of. key request: those that wait. */
#include "ui/commands/command_key.h"
#include "ui/commands/command_ask.h"
#include "ui/commands/command_out.h"

#include <string.h>

struct new_options {
  char *kind, *address, *name, *algorithm, *out;
  gboolean another, protect, json;
  int fd;
};

static const struct command_json_field request_fields[] = {
  { "id", COMMAND_JSON_TEXT, NULL },   { "address", COMMAND_JSON_TEXT, NULL }, { "algorithm", COMMAND_JSON_TEXT, NULL },
  { "time", COMMAND_JSON_TIME, NULL }, { NULL, COMMAND_JSON_TEXT, NULL },
};

struct secret *
command_key_passphrase (int fd, const char *question, GError **error)
{
  AUTOFREE (secret) first = command_ask (fd, question, error);
  if (first == NULL || fd >= 0)
    return g_steal_pointer (&first);
  AUTOFREE (secret) second = command_ask (-1, "The same again: ", error);
  if (second == NULL)
    return NULL;
  if (secret_size (first) == secret_size (second)
      && memcmp (secret_peek (first), secret_peek (second), secret_size (first)) == 0)
    return g_steal_pointer (&first);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "The two passphrases differ, so nothing was done. Please try again.");
  return NULL;
}

static gboolean
is_smime (const struct new_options *options)
{
  return options->kind != NULL && g_str_equal (options->kind, "smime");
}

static gboolean
call (struct command_context *context, const struct new_options *options, GVariant **reply_out, GUnixFDList **fds_out,
      GError **error)
{
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  AUTOFREE (secret) passphrase = NULL;
  if (options->protect
      && (passphrase = command_key_passphrase (options->fd, "Passphrase for the new key: ", error)) == NULL)
    return FALSE;
  if (passphrase != NULL && secret_size (passphrase) == 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "An empty passphrase protects nothing, so no key was made. Leave --protect out, or give one.");
    return FALSE;
  }
  g_variant_dict_insert (&args, "kind", "s", is_smime (options) ? "smime" : "pgp");
  g_variant_dict_insert (&args, "address", "s",
                         options->address != NULL ? options->address : context->settings->address);
  if (options->name != NULL || options->address == NULL)
    g_variant_dict_insert (&args, "name", "s", options->name != NULL ? options->name : context->settings->name);
  if (options->algorithm != NULL)
    g_variant_dict_insert (&args, "algorithm", "s", options->algorithm);
  g_variant_dict_insert (&args, "another", "b", options->another);
  if (passphrase != NULL)
    g_variant_dict_insert_value (&args, "passphrase", command_secret (passphrase));
  *reply_out = command_call (context, "key_new", g_variant_dict_end (&args), NULL, fds_out, error);
  return *reply_out != NULL;
}

void
command_key_print_made (GVariant *reply)
{
  g_autoptr (GVariant) keys = g_variant_lookup_value (reply, "keys", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) requests = g_variant_lookup_value (reply, "requests", G_VARIANT_TYPE ("aa{sv}"));
  JsonBuilder *builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "keys");
  command_json_objects (builder, command_key_fields, keys);
  json_builder_set_member_name (builder, "requests");
  command_json_objects (builder, request_fields, requests);
  json_builder_end_object (builder);
  command_out_json (builder);
}

/* The request goes to a file, or to standard output alone; what is said about it must not stand among it. */
enum command_exit
command_key_requested (GVariant *requests, GUnixFDList *fds, const char *out, gboolean json)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) row = g_variant_get_child_value (requests, 0);
  const gboolean is_file = out != NULL && !g_str_equal (out, "-");
  if ((is_file || !json) && !command_key_write (row, fds, "data", out, &error)) {
    (void) command_out_fail (error);
    return command_out_refuse (COMMAND_FAILED, "The key was made and is kept. Get its request again with: wardmail key "
                                               "request --out FILE");
  }
  return command_out_refuse (COMMAND_DONE,
                             "The private key is made and stays here. Give %s to the certification office of your "
                             "organisation, and take in what comes back: wardmail key import FILE",
                             is_file ? out : "this request");
}

static enum command_exit
run (struct command_context *context, const struct new_options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) reply = NULL;
  const char *const texts[] = { options->kind, options->address, options->name, options->algorithm, NULL };
  for (gsize i = 0; i < G_N_ELEMENTS (texts) - 1; i++)
    if (!command_text (texts[i], &error))
      return command_out_fail (error);
  if (!command_need_settings (context, &error) || !call (context, options, &reply, &fds, &error))
    return command_out_fail (error);
  g_autoptr (GVariant) keys = g_variant_lookup_value (reply, "keys", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) requests = g_variant_lookup_value (reply, "requests", G_VARIANT_TYPE ("aa{sv}"));
  if (options->json)
    command_key_print_made (reply);
  if (g_variant_n_children (requests) > 0)
    return command_key_requested (requests, fds, options->out, options->json);
  if (!options->json) {
    command_out_banner (context);
    command_key_print (keys);
    command_out ("Give its public half to others with: wardmail key export\n");
  }
  return COMMAND_DONE;
}

static const char *
misuse (int argc, const struct new_options *options)
{
  if (argc > 1)
    return "key new takes options only.";
  if (options->kind != NULL && !g_str_equal (options->kind, "pgp") && !g_str_equal (options->kind, "smime"))
    return "--kind is pgp or smime.";
  if (options->out != NULL && !is_smime (options))
    return "--out is for the request of an S/MIME key: --kind smime.";
  if (options->protect && is_smime (options))
    return "S/MIME keys have no passphrase of their own here, so --protect is for --kind pgp.";
  return options->fd >= 0 && !options->protect ? "--passphrase-fd goes with --protect." : NULL;
}

enum command_exit
command_key_new (struct command_context *context, int argc, char **argv)
{
  struct new_options options = { .fd = -1 };
  const GOptionEntry entries[] = { { "kind", 0, 0, G_OPTION_ARG_FILENAME, &options.kind, NULL, NULL },
                                   { "address", 0, 0, G_OPTION_ARG_FILENAME, &options.address, NULL, NULL },
                                   { "name", 0, 0, G_OPTION_ARG_FILENAME, &options.name, NULL, NULL },
                                   { "algorithm", 0, 0, G_OPTION_ARG_FILENAME, &options.algorithm, NULL, NULL },
                                   { "another", 0, 0, G_OPTION_ARG_NONE, &options.another, NULL, NULL },
                                   { "protect", 0, 0, G_OPTION_ARG_NONE, &options.protect, NULL, NULL },
                                   { "passphrase-fd", 0, 0, G_OPTION_ARG_INT, &options.fd, NULL, NULL },
                                   { "out", 0, 0, G_OPTION_ARG_FILENAME, &options.out, NULL, NULL },
                                   { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  enum command_exit code;
  if (!command_options (&argc, &argv, entries, &error))
    code = command_out_misuse ("key", "%s.", error->message);
  else if (misuse (argc, &options) != NULL)
    code = command_out_misuse ("key", "%s", misuse (argc, &options));
  else
    code = run (context, &options);
  g_free (options.kind);
  g_free (options.address);
  g_free (options.name);
  g_free (options.algorithm);
  g_free (options.out);
  return code;
}

/* ---- those that wait ---- */

/* The one that was asked for; without a word the only one there is. */
static GVariant *
find_request (GVariant *requests, const char *which_or_null, GError **error)
{
  g_autoptr (GVariant) found = NULL;
  guint count = 0;
  for (gsize i = 0; i < g_variant_n_children (requests); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (requests, i);
    const char *id = "", *address = "";
    g_variant_lookup (row, "id", "&s", &id);
    g_variant_lookup (row, "address", "&s", &address);
    if (which_or_null != NULL && g_ascii_strcasecmp (which_or_null, id) != 0
        && g_ascii_strcasecmp (which_or_null, address) != 0)
      continue;
    count++;
    if (found == NULL)
      found = g_variant_ref (row);
  }
  if (count == 1)
    return g_steal_pointer (&found);
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND, "%s",
               count == 0 ? "No such request waits for its certificate."
                          : "Several requests wait; name one by its number. See them with: wardmail key request");
  return NULL;
}

static void
print_requests (struct command_context *context, GVariant *requests, gboolean json)
{
  if (json) {
    JsonBuilder *builder = json_builder_new ();
    command_json_objects (builder, request_fields, requests);
    command_out_json (builder);
    return;
  }
  command_out_banner (context);
  for (gsize i = 0; i < g_variant_n_children (requests); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (requests, i);
    const char *id = "", *address = "", *algorithm = "";
    gint64 time = 0;
    g_variant_lookup (row, "id", "&s", &id);
    g_variant_lookup (row, "address", "&s", &address);
    g_variant_lookup (row, "algorithm", "&s", &algorithm);
    g_variant_lookup (row, "time", "x", &time);
    g_autofree char *when = command_json_time (time);
    command_out ("%s  %s, asked for on %s\n       %s\n", address, algorithm, when != NULL ? when : "", id);
  }
  if (g_variant_n_children (requests) == 0)
    command_out ("No key waits for its certificate\n");
}

static enum command_exit
drop (struct command_context *context, const char *id)
{
  g_autoptr (GError) error = NULL;
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "id", "s", id);
  g_autoptr (GVariant) reply
      = command_call (context, "key_request_drop", g_variant_dict_end (&args), NULL, NULL, &error);
  if (reply == NULL)
    return command_out_fail (error);
  command_out_banner (context);
  command_out ("%s is forgotten; a certificate that still comes for it is of no use\n", id);
  return COMMAND_DONE;
}

enum command_exit
command_key_request (struct command_context *context, int argc, char **argv)
{
  g_autofree char *out = NULL, *dropped = NULL;
  gboolean json = FALSE;
  const GOptionEntry entries[] = { { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, NULL, NULL },
                                   { "drop", 0, 0, G_OPTION_ARG_STRING, &dropped, NULL, NULL },
                                   { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("key", "%s.", error->message);
  if (argc > 2 || (argc == 2 && out == NULL) || (dropped != NULL && (out != NULL || json || argc > 1)))
    return command_out_misuse ("key", "key request lists what waits; with --out FILE it writes one request again, with "
                                      "--drop NUMBER it forgets one.");
  if (!command_texts ((const char *const *) argv, &error) || !command_need_settings (context, &error))
    return command_out_fail (error);
  if (dropped != NULL)
    return drop (context, dropped);
  g_autoptr (GVariant) reply = command_call (context, "key_requests", NULL, NULL, &fds, &error);
  if (reply == NULL)
    return command_out_fail (error);
  g_autoptr (GVariant) requests = g_variant_lookup_value (reply, "requests", G_VARIANT_TYPE ("aa{sv}"));
  if (out == NULL) {
    print_requests (context, requests, json);
    return COMMAND_DONE;
  }
  g_autoptr (GVariant) row = find_request (requests, argc == 2 ? argv[1] : NULL, &error);
  if (row == NULL || !command_key_write (row, fds, "data", out, &error))
    return command_out_fail (error);
  return COMMAND_DONE;
}
