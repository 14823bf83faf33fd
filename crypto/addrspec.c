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
      || address[0] == '-' || at[1] == '-' || g_strstr_len (address, (gssize) local, "=?") != NULL)
    return FALSE;
  for (gsize i = 0; i < size; i++)
    if (i != local && !(i < local ? is_local ((guchar) address[i]) : is_domain ((guchar) address[i])))
      return FALSE;
  for (const char *p = address; *p != '\0'; p = g_utf8_next_char (p))
    if (!g_unichar_isprint (g_utf8_get_char (p)) || g_unichar_isspace (g_utf8_get_char (p)))
      return FALSE;
  return TRUE;
}

/* The domain in letters, where it is written with xn-- and that is how these letters are written; NULL. */
static char *
domain_in_letters (const char *domain)
{
  g_autofree char *lower = g_ascii_strdown (domain, -1);
  if (!g_str_has_prefix (lower, "xn--") && strstr (lower, ".xn--") == NULL)
    return NULL;
  g_autofree char *letters = g_hostname_to_unicode (lower);
  g_autofree char *back = letters != NULL ? g_hostname_to_ascii (letters) : NULL;
  return g_strcmp0 (back, lower) == 0 ? g_steal_pointer (&letters) : NULL;
}

static gboolean
same_domain (const char *a, const char *b)
{
  if (g_ascii_strcasecmp (a, b) == 0)
    return TRUE;
  g_autofree char *a_letters = domain_in_letters (a), *b_letters = domain_in_letters (b);
  return (a_letters != NULL && g_ascii_strcasecmp (a_letters, b) == 0)
         || (b_letters != NULL && g_ascii_strcasecmp (a, b_letters) == 0);
}

gboolean
addrspec_equal (const char *a, const char *b)
{
  if (!addrspec_valid (a) || !addrspec_valid (b))
    return FALSE;
  const gsize local = (gsize) (strchr (a, '@') - a) + 1;
  return g_ascii_strncasecmp (a, b, local) == 0 && same_domain (a + local, b + local);
}

gboolean
addrspec_identical (const char *a, const char *b)
{
  return addrspec_equal (a, b) && strncmp (a, b, (gsize) (strchr (a, '@') - a)) == 0;
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

char *
addrspec_fold (const char *text)
{
  g_autofree char *normal = addrspec_normalise (text);
  if (normal == NULL)
    return NULL;
  char *domain = strchr (normal, '@') + 1;
  g_autofree char *letters = domain_in_letters (domain);
  *(domain - 1) = '\0';
  g_autofree char *local = g_ascii_strdown (normal, -1);
  return g_strconcat (local, "@", letters != NULL ? letters : domain, NULL);
}
