/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a value in a settings file may look like. */
#include "config/text.h"

#include <gio/gio.h>
#include <string.h>

gboolean
text_is_line (const char *text, gsize size_max)
{
  if (text == NULL || *text == '\0' || strlen (text) > size_max || !g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    if (g_unichar_iscntrl (g_utf8_get_char (at)))
      return FALSE;
  return TRUE;
}

static gboolean
is_atom_char (gunichar c)
{
  if (c < 0x80)
    return g_ascii_isalnum ((char) c) || strchr ("!#$%&'*+-/=?^_`{|}~", (int) c) != NULL;
  return g_unichar_isgraph (c) && g_unichar_type (c) != G_UNICODE_FORMAT;
}

/* Atoms between single dots. */
static gboolean
is_dot_atom (const char *text, gsize size)
{
  gboolean after_dot = TRUE;
  for (const char *at = text; at < text + size; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);
    if (c == '.' ? after_dot : !is_atom_char (c))
      return FALSE;
    after_dot = c == '.';
  }
  return !after_dot;
}

static gboolean
is_label_char (gunichar c)
{
  if (c < 0x80)
    return g_ascii_isalnum ((char) c) || c == '-' || c == '_';
  return g_unichar_isalnum (c) || g_unichar_ismark (c);
}

static gboolean
is_host_name (const char *text)
{
  gsize size = strlen (text);
  if (size == 0 || size > 253)
    return FALSE;
  gboolean after_dot = TRUE;
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar c = g_utf8_get_char (at);
    if (c == '.' ? after_dot : !is_label_char (c))
      return FALSE;
    if (c == '-' && after_dot)
      return FALSE;
    after_dot = c == '.';
  }
  return !after_dot;
}

gboolean
text_is_address (const char *text)
{
  if (!text_is_line (text, 254))
    return FALSE;
  const char *at = strrchr (text, '@');
  if (at == NULL || at == text || at - text > 64)
    return FALSE;
  return is_dot_atom (text, (gsize) (at - text)) && is_host_name (at + 1);
}

gboolean
text_is_host (const char *text)
{
  if (!text_is_line (text, 253))
    return FALSE;
  return g_hostname_is_ip_address (text) || is_host_name (text);
}

gboolean
text_is_name (const char *text)
{
  if (text == NULL || !g_ascii_isalnum (*text) || strlen (text) > 64)
    return FALSE;
  for (const char *at = text; *at != '\0'; at++)
    if (!g_ascii_isalnum (*at) && strchr ("._-", *at) == NULL)
      return FALSE;
  return TRUE;
}
