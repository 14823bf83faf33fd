/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Which parts of a message go along when it is forwarded: what a reader sees as its attachments. Pure; engine.
 *
 * As with quotes, a part that was encrypted inside a mail that as a whole was not stays behind, for a stranger may have wrapped it in there. */
#include "mail/message/message.h"

#include <string.h>

static const char *
text_of (GVariant *row, const char *name)
{
  const char *text = "";
  if (!g_variant_lookup (row, name, "&s", &text))
    (void) g_variant_lookup (row, name, "m&s", &text);
  return text != NULL ? text : "";
}

static gboolean
is_attachment (GVariant *part)
{
  static const char *const wrapping[] = { "application/pgp-signature",
                                          "application/pkcs7-signature",
                                          "application/x-pkcs7-signature",
                                          "application/pkcs7-mime",
                                          "application/x-pkcs7-mime",
                                          "application/pgp-encrypted",
                                          NULL };
  const char *type = text_of (part, "type");
  if (g_strv_contains (wrapping, type))
    return FALSE;
  return strcmp (text_of (part, "disposition"), "attachment") == 0 || *text_of (part, "filename") != '\0'
         || !g_str_has_prefix (type, "text/");
}

GPtrArray *
message_forward_parts (GVariant *view, guint *left_out)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GVariant) encryption = g_variant_lookup_value (view, "encryption", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) parts = g_variant_lookup_value (view, "parts", G_VARIANT_TYPE ("aa{sv}"));
  gboolean decrypted = FALSE, whole = encryption != NULL && strcmp (text_of (encryption, "covers"), "whole") == 0;
  gint64 total = 0;
  *left_out = 0;
  if (whole && (!g_variant_lookup (encryption, "decrypted", "b", &decrypted) || !decrypted))
    return ids; /* nothing of it was read */
  for (gsize i = 0; parts != NULL && i < g_variant_n_children (parts); i++) {
    g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);
    gboolean encrypted = TRUE, unproven = FALSE;
    gint64 size = 0;
    (void) g_variant_lookup (part, "unproven", "b", &unproven);
    (void) g_variant_lookup (part, "encrypted", "b", &encrypted);
    (void) g_variant_lookup (part, "size", "x", &size);
    if (!is_attachment (part) || strstr (text_of (part, "id"), ".tnef") != NULL) /* its container goes along */
      continue;
    if ((encrypted && !whole) || unproven || ids->len >= MESSAGE_FORWARD_MAX || size < 0
        || size > MESSAGE_FORWARD_BYTES_MAX - total) {
      (*left_out)++;
      continue;
    }
    total += size;
    g_ptr_array_add (ids, g_strdup (text_of (part, "id")));
  }
  return ids;
}
