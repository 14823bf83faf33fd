/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* trust.conf: which keys the user compared, and under which addresses. A group for each fingerprint. */
#include "crypto/keys/keyring_p.h"
#include "crypto/addrspec.h"

#define TRUST_RECORDS_MAX 100000

static const struct keyring_file compared
    = { "trust.conf", "The list of keys that you compared", "compare the keys again" };

char *
keyring_trust_fingerprint (const char *text)
{
  GString *hex = g_string_new (NULL);
  for (const char *c = text; c != NULL && *c != '\0' && hex->len <= 64; c++)
    if (g_ascii_isxdigit (*c))
      g_string_append_c (hex, g_ascii_toupper (*c));
    else if (!g_ascii_isspace (*c) && *c != ':') {
      g_string_truncate (hex, 0);
      break;
    }
  const gboolean fits = hex->len == 40 || hex->len == 64;
  return g_string_free (hex, !fits);
}

gboolean
keyring_trust_load (struct keyring *keyring, GError **error)
{
  g_autoptr (GKeyFile) file = keyring_file_read (keyring, &compared, error);
  if (file == NULL)
    return FALSE;
  g_hash_table_remove_all (keyring->trust);
  g_hash_table_remove_all (keyring->stopped);
  gsize count = 0;
  g_auto (GStrv) groups = g_key_file_get_groups (file, &count);
  for (gsize i = 0; i < MIN (count, TRUST_RECORDS_MAX); i++) {
    char *fingerprint = keyring_trust_fingerprint (groups[i]);
    char **addresses = g_key_file_get_string_list (file, groups[i], "addresses", NULL, NULL);
    if (fingerprint != NULL && keyring_stop_load (keyring, file, groups[i], fingerprint))
      g_clear_pointer (&fingerprint, g_free);
    if (fingerprint != NULL && addresses != NULL)
      g_hash_table_replace (keyring->trust, fingerprint, addresses);
    else {
      g_strfreev (addresses);
      g_free (fingerprint);
    }
  }
  keyring_pins_merge (keyring);
  return TRUE;
}

gboolean
keyring_trust_store (struct keyring *keyring, const char *fingerprint, const char *const *addresses, GError **error)
{
  g_autoptr (GKeyFile) file = keyring_file_read (keyring, &compared, error);
  if (file == NULL)
    return FALSE;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *when = g_date_time_format_iso8601 (now);
  keyring_stop_lift (file, fingerprint);
  g_key_file_set_string (file, fingerprint, "compared", when);
  g_key_file_set_string_list (file, fingerprint, "addresses", addresses, g_strv_length ((char **) addresses));
  if (!keyring_file_write (keyring, &compared, file, error))
    return FALSE;
  return keyring_trust_load (keyring, error);
}

gboolean
keyring_trust_stop (struct keyring *keyring, const char *fingerprint, enum keyring_reason reason, GError **error)
{
  g_autoptr (GKeyFile) file = keyring_file_read (keyring, &compared, error);
  if (file == NULL)
    return FALSE;
  keyring_stop_note (file, fingerprint, reason);
  return keyring_file_write (keyring, &compared, file, error) && keyring_trust_load (keyring, error);
}

gboolean
keyring_trusted_for (struct keyring *keyring, const char *fingerprint, const char *address)
{
  char **addresses = fingerprint != NULL ? g_hash_table_lookup (keyring->trust, fingerprint) : NULL;
  for (; addresses != NULL && *addresses != NULL; addresses++)
    if (addrspec_equal (*addresses, address))
      return TRUE;
  return FALSE;
}

void
keyring_trust_apply (struct keyring *keyring, GPtrArray *candidates)
{
  for (guint i = 0; i < candidates->len; i++) {
    struct key_candidate *key = g_ptr_array_index (candidates, i);
    if (!key->own && !keyring_trusted_for (keyring, key->fingerprint, key->address))
      continue;
    key->trust = KEY_TRUST_VERIFIED;
    key->hearsay = FALSE;
  }
}
