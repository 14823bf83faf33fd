/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One message as the engine shows it. */
#include "ui/commands/command_view.h"
#include "ui/commands/command.h"
#include "ui/commands/command_input.h"

#include <string.h>

static const struct command_json_field part_fields[] = {
  { "id", COMMAND_JSON_TEXT, NULL },
  { "type", COMMAND_JSON_TEXT, NULL },
  { "charset", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "size", COMMAND_JSON_NUMBER, NULL },
  { "filename", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "disposition", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "md5", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "warning", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "encrypted", COMMAND_JSON_FLAG, NULL },
  { "signed", COMMAND_JSON_FLAG, NULL },
  { NULL, COMMAND_JSON_TEXT, NULL },
};
const struct command_json_field command_view_signature[] = {
  { "state", COMMAND_JSON_TEXT, NULL },          { "protocol", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "signer", COMMAND_JSON_TEXT_OR_NULL, NULL }, { "fingerprint", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "covers", COMMAND_JSON_TEXT, NULL },         { "parts", COMMAND_JSON_TEXTS, NULL },
  { "time", COMMAND_JSON_TIME, NULL },           { NULL, COMMAND_JSON_TEXT, NULL },
};
const struct command_json_field command_view_encryption[] = {
  { "protocol", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "decrypted", COMMAND_JSON_FLAG, NULL },
  { "cipher", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "integrity", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { "covers", COMMAND_JSON_TEXT, NULL },
  { "reason", COMMAND_JSON_TEXT_OR_NULL, NULL },
  { NULL, COMMAND_JSON_TEXT, NULL },
};
static const struct command_json_field warning_fields[] = {
  { "code", COMMAND_JSON_TEXT, NULL },
  { "text", COMMAND_JSON_TEXT, NULL },
  { NULL, COMMAND_JSON_TEXT, NULL },
};
static const struct command_json_field verdict_fields[] = {
  { "line", COMMAND_JSON_TEXT, NULL },
  { "tone", COMMAND_JSON_TEXT, NULL },
  { NULL, COMMAND_JSON_TEXT, NULL },
};
const struct command_json_field command_view_fields[] = {
  { "subject", COMMAND_JSON_TEXT, NULL },
  { "outer_subject", COMMAND_JSON_TEXT, NULL },
  { "from", COMMAND_JSON_TEXTS, NULL },
  { "to", COMMAND_JSON_TEXTS, NULL },
  { "cc", COMMAND_JSON_TEXTS, NULL },
  { "date", COMMAND_JSON_TIME, NULL },
  { "message_id", COMMAND_JSON_TEXT, NULL },
  { "protected_headers", COMMAND_JSON_TEXTS, NULL },
  { "text_body", COMMAND_JSON_TEXT, NULL },
  { "parts", COMMAND_JSON_OBJECTS, part_fields },
  { "verdict", COMMAND_JSON_OBJECT, verdict_fields },
  { "signature", COMMAND_JSON_OBJECT, command_view_signature },
  { "encryption", COMMAND_JSON_OBJECT, command_view_encryption },
  { "remote_loads", COMMAND_JSON_TEXTS, NULL },
  { "warnings", COMMAND_JSON_OBJECTS, warning_fields },
  { NULL, COMMAND_JSON_TEXT, NULL },
};

gboolean
command_view_name (GVariantDict *args, GUnixFDList *fds, const char *target, GError **error)
{
  if (g_str_has_prefix (target, "id:")) {
    if (!command_text (target, error))
      return FALSE;
    g_variant_dict_insert (args, "id", "s", target + strlen ("id:"));
    return TRUE;
  }
  if (engine_is_header_file (target)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "Only the header of this message is in the file; the message is on the server. Name it by its "
                 "Message-ID, as id:MESSAGE-ID: then it is fetched.");
    return FALSE;
  }
  gint32 handle = 0;
  if (!command_input_append (fds, target, &handle, error))
    return FALSE;
  g_variant_dict_insert (args, "file", "h", handle);
  return TRUE;
}

gboolean
command_view_need_profile (struct command_context *context, const char *target, GError **error)
{
  return g_str_has_prefix (target, "id:") ? command_need_settings (context, error)
                                          : command_need_any_profile (context, error);
}

GVariant *
command_view_call (struct command_context *context, const char *method, const char *target, const char *at,
                   const char *part_or_null, GUnixFDList **fds_out, GError **error)
{
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  gint64 time = 0;
  if (part_or_null != NULL && !command_text (part_or_null, error))
    return NULL;
  if (part_or_null != NULL)
    g_variant_dict_insert (&args, "part", "s", part_or_null);
  if (strcmp (method, "show") == 0)
    g_variant_dict_insert (&args, "wait", "b", TRUE);
  if (at != NULL && !command_json_parse_time (at, &time)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--at needs a time such as 2026-11-21T12:00:00Z.");
    return NULL;
  }
  if (at != NULL)
    g_variant_dict_insert (&args, "at", "x", time);
  if (!command_view_name (&args, fds, target, error) || !command_view_need_profile (context, target, error))
    return NULL;
  return command_call (context, method, g_variant_dict_end (&args), fds, fds_out, error);
}

GVariant *
command_view_fetch (struct command_context *context, const char *target, const char *at, GError **error)
{
  g_autoptr (GVariant) reply = command_view_call (context, "show", target, at, NULL, NULL, error);
  return reply != NULL ? g_variant_lookup_value (reply, "view", G_VARIANT_TYPE_VARDICT) : NULL;
}

char *
command_view_verdict (GVariant *view)
{
  g_autoptr (GVariant) verdict = g_variant_lookup_value (view, "verdict", G_VARIANT_TYPE_VARDICT);
  char *line = NULL;
  if (verdict == NULL || !g_variant_lookup (verdict, "line", "s", &line))
    return g_strdup ("");
  return line;
}

char *
command_view_missing (GVariant *view)
{
  g_autoptr (GVariant) warnings = g_variant_lookup_value (view, "warnings", G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; warnings != NULL && i < g_variant_n_children (warnings); i++) {
    g_autoptr (GVariant) warning = g_variant_get_child_value (warnings, i);
    const char *code = "", *text = "";
    g_variant_lookup (warning, "code", "&s", &code);
    g_variant_lookup (warning, "text", "&s", &text);
    if (g_str_equal (code, "header_only"))
      return g_strdup (text);
  }
  return NULL;
}
