/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts whose content is not in this mail: one piece of a larger one, and what is to be fetched from elsewhere. Neither is put together or
 * fetched: the first lets a sender slip content past those who check mails one by one, the second tells him who reads. RFC 2046, 5.2. */
#include "mail/message/message_p.h"

#include <string.h>

static const char *
parameter (GMimeContentType *type, const char *name)
{
  const char *value = g_mime_content_type_get_parameter (type, name);
  return value != NULL ? value : "";
}

static char *
partial_text (GMimeContentType *type, GPtrArray *notes)
{
  const char *number = parameter (type, "number"), *total = parameter (type, "total");
  g_autofree char *of = *total != '\0' ? g_strdup_printf (" of %.10s", total) : g_strdup ("");
  message_notes_add (
      notes, "partial",
      "This mail is one piece of a larger one that was cut up for sending. The pieces are not put together "
      "here; ask the sender to send it in one.");
  return g_strdup_printf ("[Piece %.10s%s of a larger mail. The pieces are not put together here.]\n",
                          *number != '\0' ? number : "?", of);
}

static char *
external_text (GMimeContentType *type, GPtrArray *notes)
{
  static const char *const names[] = { "access-type", "url", "server", "site", "directory", "name", "expiration" };
  g_autoptr (GString) out = g_string_new ("[This part is not in the mail but lies elsewhere. It is not fetched.]\n");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *value = message_fields_clean (parameter (type, names[i]));
    if (*value != '\0')
      g_string_append_printf (out, "%s: %.500s\n", names[i], value);
  }
  message_notes_add (
      notes, "external_body",
      "A part of this mail is only a pointer to a file elsewhere. It is never fetched, as that would tell the "
      "sender that you read this; ask for the file itself.");
  return g_utf8_make_valid (out->str, (gssize) out->len);
}

char *
message_absent_text (const struct inspect_node *node, GPtrArray *notes)
{
  gboolean partial = strcmp (node->type, "message/partial") == 0;
  if (!partial && strcmp (node->type, "message/external-body") != 0)
    return NULL;
  gsize size;
  const char *bytes = g_bytes_get_data (node->entity, &size);
  AUTOFREE (message_fields) fields = message_fields_new (bytes, MIN (node->body_offset, size));
  const char *raw = message_fields_raw (fields, "content-type");
  GMimeContentType *type = g_mime_content_type_parse (message_fields_options (), raw != NULL ? raw : "");
  char *text = partial ? partial_text (type, notes) : external_text (type, notes);
  g_clear_object (&type);
  return text;
}
