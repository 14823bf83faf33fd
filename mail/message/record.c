/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The sender's own record of a message (Sent, Drafts): the payload, with the blind recipients named as well. */
#include "mail/message/message.h"

#include <string.h>

GBytes *
message_payload_with_bcc (GBytes *payload, GVariant *draft, GError **error)
{
  g_autofree const char **texts = NULL;
  if (!g_variant_lookup (draft, "bcc", "^a&s", &texts) || texts[0] == NULL)
    return g_bytes_ref (payload);
  g_autoptr (GPtrArray) addresses = message_addresses (texts, error);
  if (addresses == NULL)
    return NULL;
  GString *record = g_string_new (NULL);
  for (guint i = 0; i < addresses->len; i++)
    g_string_append_printf (record, "%s%s", i == 0 ? "Bcc: " : ",\r\n ",
                            (const char *) g_ptr_array_index (addresses, i));
  g_string_append (record, addresses->len > 0 ? "\r\n" : "");
  gsize size;
  const char *bytes = g_bytes_get_data (payload, &size);
  g_string_append_len (record, bytes, (gssize) size);
  return g_string_free_to_bytes (record);
}
