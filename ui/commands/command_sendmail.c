/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `sendmail -t -i`: the same way out, for programs that expect sendmail. */
#include "ui/commands/command_sendmail.h"
#include "ui/commands/command_draft.h"
#include "ui/commands/command_input.h"
#include "ui/commands/command_out.h"

#include <string.h>
#include <unistd.h>

gboolean
command_sendmail_parse (int argc, char **argv, struct command_sendmail_options *options_out, const char **fault_out)
{
  static const char with_value[] = "fFrBNRVXhLOop"; /* the value may stand in the same argument or in the next */
  int i = 1;
  for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
    const char *option = argv[i] + 1;
    if (strcmp (option, "-") == 0) {
      i++;
      break;
    }
    if (strspn (option, "ti") == strlen (option)) {
      options_out->from_headers |= strchr (option, 't') != NULL;
      options_out->dots_are_text |= strchr (option, 'i') != NULL;
      continue;
    }
    if (strcmp (option, "oi") == 0)
      options_out->dots_are_text = TRUE;
    if (*option == 'v' || strcmp (option, "n") == 0 || strcmp (option, "m") == 0 || strcmp (option, "U") == 0
        || strcmp (option, "G") == 0 || strcmp (option, "bm") == 0)
      continue;
    if (strchr (with_value, *option) == NULL || (option[1] == '\0' && i + 1 >= argc)) {
      *fault_out = argv[i];
      return FALSE;
    }
    const char *value = option[1] != '\0' ? option + 1 : argv[++i];
    if (*option == 'f' || *option == 'r')
      options_out->sender = value;
    else if (*option == 'F')
      options_out->name = value;
  }
  for (; i < argc; i++)
    g_ptr_array_add (options_out->recipients, argv[i]);
  return TRUE;
}

/* Without -i a line that is one dot ends the message (as in SMTP). */
static gboolean
read_message (gboolean dots_are_text, GUnixFDList *fds, gint32 *handle_out, GError **error)
{
  return dots_are_text ? command_input_append (fds, "-", handle_out, error)
                       : command_input_append_dotted (fds, handle_out, error);
}

static char *
addr_spec (const char *text)
{
  const char *open = strrchr (text, '<');
  const char *close = open != NULL ? strchr (open, '>') : NULL;
  return open != NULL && close != NULL ? g_strndup (open + 1, (gsize) (close - open - 1)) : g_strdup (text);
}

static gboolean
is_among (GPtrArray *recipients, const char *text)
{
  g_autofree char *want = addr_spec (text);
  for (guint i = 0; i < recipients->len; i++) {
    g_autofree char *have = addr_spec (recipients->pdata[i]);
    if (g_ascii_strcasecmp (have, want) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Who gets the message: with -t the header and the arguments, without it the arguments alone. Of the header's addresses those stay that are
 * sent to; who stands in the arguments alone is told to nobody else. */
static void
settle_recipients (struct command_draft *draft, const struct command_sendmail_options *options)
{
  static const char *const fields[] = { "to", "cc", "bcc" };
  g_autoptr (GPtrArray) named = g_ptr_array_new_with_free_func (g_free);
  GVariantBuilder bcc;
  g_variant_builder_init (&bcc, G_VARIANT_TYPE ("as"));
  for (gsize f = 0; f < G_N_ELEMENTS (fields); f++) {
    g_auto (GStrv) list = NULL;
    GVariantBuilder kept;
    g_variant_builder_init (&kept, G_VARIANT_TYPE ("as"));
    if (!g_variant_dict_lookup (&draft->fields, fields[f], "^as", &list))
      list = g_new0 (char *, 1);
    for (gsize i = 0; list[i] != NULL; i++) {
      if (!options->from_headers && !is_among (options->recipients, list[i]))
        continue;
      g_variant_builder_add (f == 2 ? &bcc : &kept, "s", list[i]);
      g_ptr_array_add (named, g_strdup (list[i]));
    }
    if (f < 2)
      g_variant_dict_insert_value (&draft->fields, fields[f], g_variant_builder_end (&kept));
    else
      g_variant_builder_clear (&kept);
  }
  for (guint i = 0; i < options->recipients->len; i++)
    if (!is_among (named, options->recipients->pdata[i]))
      g_variant_builder_add (&bcc, "s", (const char *) options->recipients->pdata[i]);
  g_variant_dict_insert_value (&draft->fields, "bcc", g_variant_builder_end (&bcc));
}

/* The engine's reading of the message becomes the draft, its attachments' fds included. */
static gboolean
take_parsed (struct command_draft *draft, GVariant *reply, GUnixFDList *fds, GError **error)
{
  g_autoptr (GVariant) parsed = g_variant_lookup_value (reply, "draft", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) rows
      = parsed != NULL ? g_variant_lookup_value (parsed, "attachments", G_VARIANT_TYPE ("a(ssh)")) : NULL;
  g_variant_dict_clear (&draft->fields);
  g_variant_dict_init (&draft->fields, parsed);
  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++) {
    const char *name, *type;
    gint32 handle = -1;
    g_variant_get_child (rows, i, "(&s&sh)", &name, &type, &handle);
    int fd = fds != NULL && handle >= 0 && handle < g_unix_fd_list_get_length (fds)
                 ? g_unix_fd_list_get (fds, handle, error)
                 : -1;
    gint32 own = fd >= 0 ? g_unix_fd_list_append (draft->fds, fd, error) : -1;
    if (fd >= 0)
      close (fd);
    if (own < 0) {
      if (error != NULL && *error == NULL)
        g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                     "An attachment was lost on the way; nothing was sent. Try again.");
      return FALSE;
    }
    g_variant_builder_add (&draft->attachments, "(ssh)", name, type, own);
  }
  return TRUE;
}

static gboolean
settle_sender (struct command_draft *draft, struct command_context *context,
               const struct command_sendmail_options *options, GError **error)
{
  const char *from = NULL;
  g_variant_dict_lookup (&draft->fields, "from", "&s", &from);
  if (from != NULL && *from != '\0')
    return TRUE;
  return command_draft_from (draft, context, options->sender, error);
}

static enum command_exit
run (struct command_context *context, const struct command_sendmail_options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new (), reply_fds = NULL;
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  gint32 handle = 0;
  if (!command_need_settings (context, &error) || !read_message (options->dots_are_text, fds, &handle, &error))
    return command_out_fail (error);
  g_variant_dict_insert (&args, "message", "h", handle);
  g_autoptr (GVariant) reply
      = command_call (context, "draft_parse", g_variant_dict_end (&args), fds, &reply_fds, &error);
  if (reply == NULL)
    return command_out_fail (error);
  struct command_draft draft;
  struct command_draft_how how = { .json = FALSE };
  command_draft_init (&draft);
  enum command_exit code;
  if (take_parsed (&draft, reply, reply_fds, &error) && settle_sender (&draft, context, options, &error)) {
    settle_recipients (&draft, options);
    code = command_draft_send (&draft, context, &how);
  } else {
    code = command_out_fail (error);
  }
  command_draft_clear (&draft);
  return code;
}

enum command_exit
command_sendmail (struct command_context *context, int argc, char **argv)
{
  g_autoptr (GPtrArray) recipients = g_ptr_array_new ();
  struct command_sendmail_options options = { .recipients = recipients };
  g_autoptr (GError) error = NULL;
  const char *fault = NULL;
  if (!command_sendmail_parse (argc, argv, &options, &fault))
    return command_out_misuse ("sendmail", "“%s” is not an option of sendmail that wardmail knows.", fault);
  if (!options.from_headers && recipients->len == 0)
    return command_out_misuse ("sendmail", "sendmail needs recipients, or -t to take them from the message.");
  if (!command_texts ((const char *const *) argv, &error))
    return command_out_fail (error);
  return run (context, &options);
}
