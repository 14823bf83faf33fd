/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See pins.h. */
#include "config/pins.h"

#include <string.h>

#define DIGEST_SIZE 32
#define BASE64_SIZE 44

/* NULL: no digest. */
static char *
parse_digest (const char *text)
{
  g_autofree char *base64 = g_strdup (text);
  gsize size = strlen (base64);
  if (size > 2 && base64[0] == '"' && base64[size - 1] == '"') {
    memmove (base64, base64 + 1, size - 2);
    base64[size -= 2] = '\0';
  }
  if (size != BASE64_SIZE)
    return NULL;
  gsize decoded = 0;
  g_autofree guchar *digest = g_base64_decode (base64, &decoded);
  g_autofree char *again = decoded == DIGEST_SIZE ? g_base64_encode (digest, decoded) : NULL;
  return g_strcmp0 (base64, again) == 0 ? g_strconcat ("sha256/", again, NULL) : NULL;
}

char *
pins_parse_one (const char *text)
{
  /* Base64 may begin with "/": which of these it is its length tells. */
  static const char *const prefixes[] = { "sha256//", "sha256/", "pin-sha256=", "" };
  char *pin = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (prefixes) && pin == NULL; i++)
    if (g_str_has_prefix (text, prefixes[i]))
      pin = parse_digest (text + strlen (prefixes[i]));
  return pin;
}

char **
pins_parse (const char *text)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t,;", -1);
  g_autoptr (GStrvBuilder) pins = g_strv_builder_new ();
  gsize count = 0;
  for (gsize i = 0; words[i] != NULL; i++) {
    if (*words[i] == '\0')
      continue;
    g_autofree char *pin = pins_parse_one (words[i]);
    if (pin == NULL || ++count > PINS_MAX)
      return NULL;
    g_strv_builder_add (pins, pin);
  }
  return count > 0 ? g_strv_builder_end (pins) : NULL;
}
