/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Web Key Directory. See wkd.h. */
#include "mail/net/wkd.h"

#include <gio/gio.h>
#include <string.h>

#include "crypto/addrspec.h"
#include "mail/net/discover.h"

#define KEYS_SIZE_MAX (256u * 1024)

char *
wkd_zbase32 (const guint8 *bytes, gsize size)
{
  static const char letters[] = "ybndrfg8ejkmcpqxot1uwisza345h769";
  GString *text = g_string_new (NULL);
  guint bits = 0, held = 0;
  for (gsize i = 0; i < size; i++) {
    held = (held << 8 | bytes[i]) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5)
      g_string_append_c (text, letters[held >> (bits - 5) & 31]);
  }
  if (bits > 0)
    g_string_append_c (text, letters[held << (5 - bits) & 31]);
  return g_string_free (text, FALSE);
}

/* In ASCII, for a certificate and DNS; NULL where that would be the name of another domain, too. */
static char *
host_of (const char *domain)
{
  g_autofree char *ascii = g_hostname_to_ascii (domain);
  g_autofree char *back = ascii != NULL && !g_str_is_ascii (domain) ? g_hostname_to_unicode (ascii) : g_strdup (domain);
  return ascii != NULL && g_strcmp0 (back, domain) == 0 && discover_is_host (ascii) ? g_steal_pointer (&ascii) : NULL;
}

/* The name of a local part: only ASCII letters are made small, as the draft says. */
static char *
name_of (const char *local)
{
  guint8 digest[20];
  gsize size = sizeof digest;
  g_autofree char *lower = g_ascii_strdown (local, -1);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  g_checksum_update (checksum, (const guchar *) lower, -1);
  g_checksum_get_digest (checksum, digest, &size);
  return wkd_zbase32 (digest, size);
}

gboolean
wkd_urls (const char *address, char **advanced_out, char **direct_out)
{
  g_autofree char *normal = addrspec_normalise (address);
  const char *at = normal != NULL ? strchr (normal, '@') : NULL;
  g_autofree char *domain = at != NULL ? host_of (at + 1) : NULL;
  if (domain == NULL)
    return FALSE;
  g_autofree char *local = g_strndup (normal, (gsize) (at - normal));
  g_autofree char *name = name_of (local), *escaped = g_uri_escape_string (local, NULL, FALSE);
  *advanced_out
      = g_strdup_printf ("https://openpgpkey.%s/.well-known/openpgpkey/%s/hu/%s?l=%s", domain, domain, name, escaped);
  *direct_out = g_strdup_printf ("https://%s/.well-known/openpgpkey/hu/%s?l=%s", domain, name, escaped);
  return TRUE;
}

enum https_outcome
wkd_find (const char *address, const char *ca_file, guint limit_ms, GBytes **keys_out)
{
  const gint64 end = g_get_monotonic_time () + (gint64) limit_ms * 1000;
  g_autofree char *advanced = NULL, *direct = NULL;
  if (!wkd_urls (address, &advanced, &direct))
    return HTTPS_NOT_THERE;
  const enum https_outcome outcome = https_find (advanced, ca_file, limit_ms, KEYS_SIZE_MAX, keys_out);
  const gint64 left_ms = (end - g_get_monotonic_time ()) / 1000;
  if (outcome != HTTPS_NO_HOST || left_ms <= 0)
    return outcome;
  return https_find (direct, ca_file, (guint) left_ms, KEYS_SIZE_MAX, keys_out);
}
