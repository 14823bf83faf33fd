/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that go out into the world or onto a disk: Message-IDs and file names of attachments. */
#include "mail/message/message_p.h"

#include <string.h>
#include <sys/random.h>

#define FILENAME_MAX_BYTES 200

char *
message_id_new (const char *address)
{
  guint8 bytes[16];
  if (getrandom (bytes, sizeof bytes, 0) != (ssize_t) sizeof bytes)
    return NULL;
  GString *out = g_string_new (NULL);
  for (gsize i = 0; i < sizeof bytes; i++)
    g_string_append_printf (out, "%02x", bytes[i]);
  const char *at = strrchr (address, '@');
  const char *domain = at != NULL && at[1] != '[' ? at + 1 : "localhost";
  g_string_append_printf (out, "@%s", domain);
  return g_string_free (out, FALSE);
}

gboolean
message_id_is_valid (const char *id)
{
  gsize length = strlen (id);
  if (length < 3 || length > 250 || strchr (id, '@') == NULL)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if ((guchar) id[i] <= 0x20 || (guchar) id[i] > 0x7E || strchr ("<>()\"\\,", id[i]) != NULL)
      return FALSE;
  return TRUE;
}

/* Cut at a character, keeping the extension. */
static char *
shorten (const char *name)
{
  if (strlen (name) <= FILENAME_MAX_BYTES)
    return g_strdup (name);
  const char *dot = strrchr (name, '.');
  const char *extension = dot != NULL && strlen (dot) <= 16 ? dot : "";
  const char *end = name + FILENAME_MAX_BYTES - strlen (extension);
  end = g_utf8_find_prev_char (name, end + 1);
  while (end > name + 1 && (end[-1] == '.' || end[-1] == ' '))
    end--;
  return g_strdup_printf ("%.*s%s", (int) (end - name), name, extension);
}

/* Names that mean a device to Windows, where a saved file may end up. */
static gboolean
is_device (const char *name)
{
  static const char *const devices[] = { "con", "prn", "aux", "nul", "conin$", "conout$", NULL };
  g_autofree char *stem = g_ascii_strdown (name, (gssize) strcspn (name, "."));
  g_strchomp (stem);
  gboolean port = strlen (stem) == 4 && (g_str_has_prefix (stem, "com") || g_str_has_prefix (stem, "lpt"))
                  && g_ascii_isdigit (stem[3]);
  return port || g_strv_contains (devices, stem);
}

char *
message_clean_filename (const char *name)
{
  g_autofree char *safe = sanitise (name != NULL ? name : "", -1, SANITISE_LINE);
  for (char *slash = safe; (slash = strpbrk (slash, "/\\")) != NULL;)
    safe = memmove (safe, slash + 1, strlen (slash + 1) + 1), slash = safe;
  g_autofree char *flat = g_strdelimit (g_strdup (safe), ":*?\"<>|", '_');
  char *start = g_strstrip (flat);
  while (*start == '.' || *start == ' ' || *start == '-')
    start++;
  for (gsize n = strlen (start); n > 0 && (start[n - 1] == '.' || start[n - 1] == ' '); n--)
    start[n - 1] = '\0';
  if (*start == '\0')
    return g_strdup ("attachment");
  g_autofree char *own = is_device (start) ? g_strconcat ("_", start, NULL) : g_strdup (start);
  return shorten (own);
}
