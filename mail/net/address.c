/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses for the wire, checked before libetpan copies them into its fixed command buffers unseen. */
#include "mail/net/address.h"

#include <string.h>

static gboolean
is_dot_atom (const char *text, gsize size)
{
  if (size == 0 || size > 64 || text[0] == '.' || text[size - 1] == '.')
    return FALSE;
  for (gsize i = 0; i < size; i++) {
    if (text[i] == '.' ? text[i - 1] == '.'
                       : !(g_ascii_isalnum (text[i]) || strchr ("!#$%&'*+-/=?^_`{|}~", text[i]) != NULL))
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_domain (const char *text, gsize size)
{
  gsize label = 0;
  if (size == 0 || size > 253)
    return FALSE;
  for (gsize i = 0; i <= size; i++) {
    if (i == size || text[i] == '.') {
      if (label == 0 || label > 63 || text[i - 1] == '-' || text[i - label] == '-')
        return FALSE;
      label = 0;
    } else if (g_ascii_isalnum (text[i]) || text[i] == '-') {
      label++;
    } else {
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
address_is_addr_spec (const char *address)
{
  const char *at = address == NULL ? NULL : strrchr (address, '@');
  if (at == NULL || strlen (address) > 254)
    return FALSE;
  return is_dot_atom (address, (gsize) (at - address)) && is_domain (at + 1, strlen (at + 1));
}
