/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The Autocrypt field at the gate: in the one form that wardmail writes, of the address in From, and with a public key in it. A secret one, or
 * anything else that could stand there, does not pass. */
#include "mail/net/gate_p.h"
#include "mail/net/address.h"

#include <string.h>

#define KEY_MAX 12288

/* The address alone, of "Name <a@b>" or "a@b". */
static char *
sender (const GPtrArray *fields)
{
  const char *from = gate_mime_find (fields, "from");
  const char *open = from != NULL ? strrchr (from, '<') : NULL;
  char *address = open != NULL ? g_strndup (open + 1, strcspn (open + 1, ">")) : g_strdup (from);
  if (!address_is_addr_spec (address))
    g_clear_pointer (&address, g_free);
  return address;
}

gboolean
gate_autocrypt_check (const GPtrArray *fields, GError **error)
{
  const char *value = gate_mime_find (fields, "autocrypt");
  if (value == NULL)
    return TRUE;
  g_autofree char *address = sender (fields);
  g_autofree char *head = g_strdup_printf ("addr=%s; prefer-encrypt=mutual; keydata=", address != NULL ? address : "");
  if (address == NULL || !g_str_has_prefix (value, head) || strlen (value) > 2 * KEY_MAX)
    return gate_fail (error, GATE_ERROR_HEADERS,
                      "its Autocrypt field is not of its sender, or not as wardmail writes it");
  g_autoptr (GString) text = g_string_new (NULL);
  for (const char *c = value + strlen (head); *c != '\0'; c++)
    if (*c != ' ') /* where it was folded */
      g_string_append_c (text, *c);
  g_autoptr (GByteArray) key
      = gate_mime_base64 ((struct gate_span){ .at = (const guint8 *) text->str, .size = text->len }, NULL);
  if (key != NULL && key->len <= KEY_MAX && gate_pgp_is_public_key (key))
    return TRUE;
  return gate_fail (error, GATE_ERROR_HEADERS, "its Autocrypt field holds something else than a public key");
}
