/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Autocrypt fields as they are written. Pure. */
#include "crypto/autocrypt.h"
#include <string.h>

#define LINE 72 /* of base64, behind the blank that folds */

char *
autocrypt_write (const char *name, const char *address, GBytes *key)
{
  gsize size = 0;
  const guchar *data = g_bytes_get_data (key, &size);
  if (size == 0 || size > AUTOCRYPT_KEY_SIZE_MAX || !g_str_is_ascii (address)
      || strpbrk (address, " \t\r\n;=\"") != NULL)
    return NULL;
  g_autofree char *text = g_base64_encode (data, size);
  GString *field = g_string_new (NULL);
  g_string_append_printf (field, "%s: addr=%s;%s keydata=", name, address,
                          strcmp (name, AUTOCRYPT) == 0 ? " prefer-encrypt=mutual;" : "");
  for (const char *at = text; *at != '\0'; at += strnlen (at, LINE))
    g_string_append_printf (field, "\r\n %.*s", LINE, at);
  return g_string_free (field, FALSE);
}
