/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Addr-specs as keys are found under them: what is one, and when two are the same. */
#include "crypto/addrspec.h"
#include <string.h>

#define LOCAL_SIZE_MAX 64

static gboolean
is_local (guchar c)
{
  return g_ascii_isalnum (c) || c >= 0x80 || (c != '\0' && strchr ("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

static gboolean
is_domain (guchar c)
{
  return g_ascii_isalnum (c) || c >= 0x80 || c == '-' || c == '.';
}

static gboolean
dots_well_placed (const char *text, gsize size)
{
  return size > 0 && text[0] != '.' && text[size - 1] != '.' && g_strstr_len (text, (gssize) size, "..") == NULL;
}

gboolean
addrspec_valid (const char *address)
{
  if (address == NULL)
    return FALSE;
  const gsize size = strnlen (address, ADDRSPEC_SIZE_MAX + 1);
  if (size > ADDRSPEC_SIZE_MAX || !g_utf8_validate (address, (gssize) size, NULL))
    return FALSE;
  const char *at = strchr (address, '@');
  if (at == NULL || strchr (at + 1, '@') != NULL)
    return FALSE;
  const gsize local = (gsize) (at - address);
  if (local > LOCAL_SIZE_MAX || !dots_well_placed (address, local) || !dots_well_placed (at + 1, size - local - 1)
      || address[0] == '-' || at[1] == '-')
    return FALSE;
  for (gsize i = 0; i < size; i++)
    if (i != local && !(i < local ? is_local ((guchar) address[i]) : is_domain ((guchar) address[i])))
      return FALSE;
  for (const char *p = address; *p != '\0'; p = g_utf8_next_char (p))
    if (!g_unichar_isprint (g_utf8_get_char (p)) || g_unichar_isspace (g_utf8_get_char (p)))
      return FALSE;
  return TRUE;
}

gboolean
addrspec_equal (const char *a, const char *b)
{
  if (!addrspec_valid (a) || !addrspec_valid (b))
    return FALSE;
  const gsize local = (gsize) (strchr (a, '@') - a) + 1;
  return strncmp (a, b, local) == 0 && g_ascii_strcasecmp (a + local, b + local) == 0;
}

char *
addrspec_normalise (const char *text)
{
  if (text == NULL || strnlen (text, 2 * ADDRSPEC_SIZE_MAX) == 2 * ADDRSPEC_SIZE_MAX)
    return NULL;
  g_autofree char *address = g_strstrip (g_strdup (text));
  if (!addrspec_valid (address))
    return NULL;
  for (char *c = strchr (address, '@'); *c != '\0'; c++)
    *c = g_ascii_tolower (*c);
  return g_steal_pointer (&address);
}
