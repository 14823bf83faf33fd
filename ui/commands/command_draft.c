/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A draft on its way from the command line to the engine, and what the engine says of it. */
#include "ui/commands/command_draft.h"
#include "ui/commands/command_input.h"
#include "ui/commands/command_json.h"
#include "ui/commands/command_out.h"
#include "ui/commands/command_outbox.h"
#include "ui/views/fields.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOST_TRIES 3

static const struct command_json_field held_fields[] = {
  { "address", COMMAND_JSON_TEXT, NULL },  { "reason", COMMAND_JSON_TEXT, NULL },
  { "sentence", COMMAND_JSON_TEXT, NULL }, { "next", COMMAND_JSON_TEXT, NULL },
  { NULL, COMMAND_JSON_TEXT, NULL },
};

static const struct command_json_field outbox_fields[] = {
  { "outbox", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "not_before", COMMAND_JSON_TIME, NULL },
  { NULL, COMMAND_JSON_TEXT, NULL },
};

void
command_draft_init (struct command_draft *draft)
{
  g_variant_dict_init (&draft->fields, NULL);
  g_variant_builder_init (&draft->attachments, G_VARIANT_TYPE ("a(ssh)"));
  draft->fds = g_unix_fd_list_new ();
}

void
command_draft_clear (struct command_draft *draft)
{
  g_variant_dict_clear (&draft->fields);
  g_variant_builder_clear (&draft->attachments);
  g_clear_object (&draft->fds);
}

/* A display name as it may stand before an angle address: quoted where it holds more than words (RFC 5322, 3.2.5). */
static char *
display_name (const char *name)
{
  if (strpbrk (name, "()<>[]:;@\\,.\"") == NULL)
    return g_strdup (name);
  GString *out = g_string_new ("\"");
  for (const char *p = name; *p != '\0'; p++) {
    if (*p == '"' || *p == '\\')
      g_string_append_c (out, '\\');
    g_string_append_c (out, *p);
  }
  return g_string_free (g_string_append_c (out, '"'), FALSE);
}

gboolean
command_draft_from (struct command_draft *draft, struct command_context *context, const char *text_or_null,
                    GError **error)
{
  if (!command_text (text_or_null, error))
    return FALSE;
  const struct settings *settings = context->settings;
  if (text_or_null != NULL && g_ascii_strcasecmp (text_or_null, settings->address) != 0) {
    g_variant_dict_insert (&draft->fields, "from", "s", text_or_null);
    return TRUE;
  }
  g_autofree char *name = display_name (settings->name);
  g_autofree char *from = g_strdup_printf ("%s <%s>", name, settings->address);
  g_variant_dict_insert (&draft->fields, "from", "s", from);
  return TRUE;
}

gboolean
command_draft_attach (struct command_draft *draft, const char *path, GError **error)
{
  gint32 handle = 0;
  if (!command_input_append (draft->fds, path, &handle, error))
    return FALSE;
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *name = g_utf8_make_valid (base, -1);
  g_variant_builder_add (&draft->attachments, "(ssh)", name, "", handle);
  return TRUE;
}

/* copy-1.smime.eml; a file of that name is left alone and makes the command fail. NULL with error. */
static char *
write_copy (const char *dir, guint number, const char *method, int fd, GError **error)
{
  g_autofree char *name = g_strdup_printf ("copy-%u.%s.eml", number, method);
  g_autofree char *path = g_build_filename (dir, name, NULL);
  g_autofree char *buffer = g_malloc (1 << 16);
  int file = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean good = file >= 0;
  off_t at = 0;
  ssize_t got = 1;
  while (good && (got = pread (fd, buffer, 1 << 16, at)) > 0) {
    good = write (file, buffer, (gsize) got) == got;
    at += got;
  }
  good = good && got == 0;
  if (file >= 0 && close (file) != 0)
    good = FALSE;
  if (!good)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s could not be written (%s); nothing was sent.", path,
                 g_strerror (errno));
  return good ? g_steal_pointer (&path) : NULL;
}

/* The files of the copies, in their order; NULL where no folder was asked for or on error. */
static GPtrArray *
write_copies (const char *dir, GVariant *copies, GUnixFDList *fds, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (g_free);
  if (mkdir (dir, 0700) != 0 && errno != EEXIST) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "The folder %s could not be made (%s); nothing was sent.",
                 dir, g_strerror (errno));
    return NULL;
  }
  for (gsize i = 0; i < g_variant_n_children (copies); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (copies, i);
    int fd = fields_fd (row, "data", fds);
    if (fd < 0) {
      g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "The engine gave no bytes of a copy; nothing was sent.");
      return NULL;
    }
    char *file = write_copy (dir, (guint) i + 1, fields_text (row, "method"), fd, error);
    close (fd);
    if (file == NULL)
      return NULL;
    g_ptr_array_add (files, file);
  }
  return g_steal_pointer (&files);
}

static void
add_copies (JsonBuilder *builder, GVariant *copies, GPtrArray *files)
{
  json_builder_set_member_name (builder, "copies");
  json_builder_begin_array (builder);
  for (gsize i = 0; i < g_variant_n_children (copies); i++) {
    static const struct command_json_field fields[] = {
      { "method", COMMAND_JSON_TEXT, NULL },
      { "recipients", COMMAND_JSON_TEXTS, NULL },
      { "cipher", COMMAND_JSON_TEXT_OR_NULL, NULL },
      { NULL, COMMAND_JSON_TEXT, NULL },
    };
    g_autoptr (GVariant) row = g_variant_get_child_value (copies, i);
    json_builder_begin_object (builder);
    command_json_members (builder, fields, row);
    g_autofree char *file = files != NULL ? g_utf8_make_valid (files->pdata[i], -1) : NULL;
    command_json_text (builder, "file", file);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
print_json (struct command_context *context, GVariant *reply, GVariant *copies, GVariant *held, GPtrArray *files)
{
  static const struct command_json_field fields[] = {
    { "message_id", COMMAND_JSON_TEXT_OR_NULL, NULL },
    { "state", COMMAND_JSON_TEXT, NULL },
    { "text", COMMAND_JSON_TEXT, NULL },
    { NULL, COMMAND_JSON_TEXT, NULL },
  };
  JsonBuilder *builder = json_builder_new ();
  json_builder_begin_object (builder);
  command_json_members (builder, fields, reply);
  add_copies (builder, copies, files);
  json_builder_set_member_name (builder, "held");
  command_json_objects (builder, held_fields, held);
  g_autoptr (GVariant) people = g_variant_lookup_value (reply, "people", G_VARIANT_TYPE ("aa{sv}"));
  json_builder_set_member_name (builder, "recipients");
  command_json_objects (builder, command_outbox_people, people);
  command_json_members (builder, outbox_fields, reply);
  if (settings_banner (context->settings) != NULL)
    command_json_text (builder, "profile", settings_banner (context->settings));
  json_builder_end_object (builder);
  command_out_json (builder);
}

static void
print_text (struct command_context *context, GVariant *copies, GPtrArray *files, const char *text)
{
  command_out_banner (context);
  for (gsize i = 0; i < g_variant_n_children (copies); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (copies, i);
    const char *method = "";
    g_auto (GStrv) recipients = NULL;
    g_variant_lookup (row, "method", "&s", &method);
    g_autofree char *list
        = g_variant_lookup (row, "recipients", "^as", &recipients) ? g_strjoinv (", ", recipients) : g_strdup ("");
    command_out ("%s to %s%s%s\n", g_str_equal (method, "smime") ? "S/MIME" : "OpenPGP", list,
                 files != NULL ? ": " : "", files != NULL ? (const char *) files->pdata[i] : "");
  }
  if (*text != '\0')
    command_out ("%s\n", text);
}

/* A refusal without a plan has the same form for a program: nobody got a copy, and the sentence is on standard error. */
static enum command_exit
refused (struct command_context *context, const struct command_draft_how *how, const GError *error)
{
  enum command_exit code = command_out_fail (error);
  if (!how->json || code != COMMAND_HELD)
    return code;
  g_auto (GVariantDict) reply = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&reply, "state", "s", "held");
  g_variant_dict_insert (&reply, "text", "s", error->message);
  g_autoptr (GVariant) none = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE_VARDICT, NULL, 0));
  g_autoptr (GVariant) made = g_variant_ref_sink (g_variant_dict_end (&reply));
  print_json (context, made, none, none, NULL);
  return code;
}

static enum command_exit
report (struct command_context *context, const struct command_draft_how *how, GVariant *reply, GUnixFDList *fds)
{
  g_autoptr (GVariant) copies = g_variant_lookup_value (reply, "copies", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) held = g_variant_lookup_value (reply, "held", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (GError) error = NULL;
  const char *state = "", *text = "";
  g_variant_lookup (reply, "state", "&s", &state);
  g_variant_lookup (reply, "text", "&s", &text);
  gboolean is_held = g_variant_n_children (held) > 0 || g_str_equal (state, "held");
  if (how->out_dir != NULL && !is_held && (files = write_copies (how->out_dir, copies, fds, &error)) == NULL)
    return command_out_fail (error);
  if (how->json)
    print_json (context, reply, copies, held, files);
  if (is_held)
    return command_out_refuse (COMMAND_HELD, "%s", *text != '\0' ? text : "Held: nothing was sent to anybody.");
  if (g_str_equal (state, "failed") || g_str_equal (state, "unknown") || g_str_equal (state, "partly"))
    return command_out_refuse (COMMAND_FAILED, "%s", text);
  if (!how->json)
    print_text (context, copies, files, text);
  return COMMAND_DONE;
}

/* A name for the message before it goes to the engine: by it the engine knows the message again if it dies under the call. */
static void
name_message (struct command_draft *draft, const char *address)
{
  const char *at = strrchr (address, '@');
  if (at == NULL || !g_str_is_ascii (at) || g_variant_dict_contains (&draft->fields, "message_id"))
    return;
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *id = g_strconcat (uuid, at, NULL);
  g_variant_dict_insert (&draft->fields, "message_id", "s", id);
}

static GVariant *
call_send (struct command_draft *draft, struct command_context *context, const struct command_draft_how *how,
           GVariant *fields, gboolean again, GUnixFDList **fds, GError **error)
{
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert_value (&args, "draft", fields);
  g_variant_dict_insert (&args, "mode", "s", how->dry_run || how->out_dir != NULL ? "dry-run" : "send");
  g_variant_dict_insert (&args, "wait", "b", TRUE);
  if (how->later != 0)
    g_variant_dict_insert (&args, "not_before", "x", how->later);
  g_variant_dict_insert (&args, "again", "b", again);
  return command_call (context, "send", g_variant_dict_end (&args), draft->fds, fds, error);
}

enum command_exit
command_draft_send (struct command_draft *draft, struct command_context *context, const struct command_draft_how *how)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  name_message (draft, context->settings->address);
  g_variant_dict_insert_value (&draft->fields, "attachments", g_variant_builder_end (&draft->attachments));
  g_variant_builder_init (&draft->attachments, G_VARIANT_TYPE ("a(ssh)"));
  g_autoptr (GVariant) fields = g_variant_ref_sink (g_variant_dict_end (&draft->fields));
  g_autoptr (GVariant) reply = call_send (draft, context, how, fields, FALSE, &fds, &error);
  for (guint tries = 0; tries < LOST_TRIES && g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_LOST); tries++) {
    g_clear_error (&error);
    reply = call_send (draft, context, how, fields, TRUE, &fds, &error);
  }
  return reply != NULL ? report (context, how, reply, fds) : refused (context, how, error);
}
