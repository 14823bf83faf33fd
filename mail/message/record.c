/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The sender's own record of a message (Sent, Drafts): what it tells beside the payload, the blind recipients. */
#include "mail/message/message.h"

char *
message_record_prefix (GVariant *draft, GError **error)
{
  g_autofree const char **texts = NULL;
  if (!g_variant_lookup (draft, "bcc", "^a&s", &texts) || texts[0] == NULL)
    return g_strdup ("");
  g_autoptr (GPtrArray) addresses = message_addresses (texts, error);
  if (addresses == NULL)
    return NULL;
  GString *prefix = g_string_new (NULL);
  for (guint i = 0; i < addresses->len; i++)
    g_string_append_printf (prefix, "%s%s", i == 0 ? "Bcc: " : ",\r\n ",
                            (const char *) g_ptr_array_index (addresses, i));
  g_string_append (prefix, addresses->len > 0 ? "\r\n" : "");
  return g_string_free (prefix, FALSE);
}
