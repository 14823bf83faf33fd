/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Wants of revocation as plain data. */
#include "crypto/revocation.h"
#include <string.h>

void
revocation_want_free (struct revocation_want *want)
{
  if (want == NULL)
    return;
  g_free (want->id);
  g_free (want->url);
  g_clear_pointer (&want->request, g_bytes_unref);
  g_free (want);
}

GPtrArray *
revocation_wants_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) revocation_want_free);
}

gboolean
revocation_url_fits (const char *url)
{
  if (strlen (url) > REVOCATION_URL_SIZE_MAX
      || (g_ascii_strncasecmp (url, "http://", 7) != 0 && g_ascii_strncasecmp (url, "https://", 8) != 0))
    return FALSE;
  for (const char *c = url; *c != '\0'; c++)
    if (!g_ascii_isgraph (*c))
      return FALSE;
  return TRUE;
}
