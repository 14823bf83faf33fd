/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* trust.conf: which keys the user compared, and under which addresses. A group for each fingerprint. */
#include "crypto/keys/keyring_p.h"
#include "crypto/addrspec.h"
#include <errno.h>
#include <string.h>

#define TRUST_FILE "trust.conf"
#define TRUST_RECORDS_MAX 100000

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

static char *
trust_path (struct keyring *keyring)
{
  return g_build_filename (keyring->dir, TRUST_FILE, NULL);
}

/* A file that is not there is an empty one; a file that cannot be read is an error, as it might say that a key is wrong. */
static GKeyFile *
read_file (struct keyring *keyring, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *path = trust_path (keyring);
  g_autoptr (GError) local = NULL;
  if (g_key_file_load_from_file (file, path, G_KEY_FILE_KEEP_COMMENTS, &local)
      || g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return g_steal_pointer (&file);
  g_set_error (
      error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
      "The list of keys that you compared (%s) cannot be read: %s. Restore it from a backup, or move it away and "
      "compare the keys again.",
      path, local->message);
  return NULL;
}

gboolean
keyring_trust_load (struct keyring *keyring, GError **error)
{
  g_autoptr (GKeyFile) file = read_file (keyring, error);
  if (file == NULL)
    return FALSE;
  g_hash_table_remove_all (keyring->trust);
  gsize count = 0;
  g_auto (GStrv) groups = g_key_file_get_groups (file, &count);
  for (gsize i = 0; i < MIN (count, TRUST_RECORDS_MAX); i++) {
    char *fingerprint = keyring_trust_fingerprint (groups[i]);
    char **addresses = g_key_file_get_string_list (file, groups[i], "addresses", NULL, NULL);
    if (fingerprint != NULL)
      g_hash_table_replace (keyring->trust, fingerprint, addresses != NULL ? addresses : g_new0 (char *, 1));
    else
      g_strfreev (addresses);
  }
  return TRUE;
}

gboolean
keyring_trust_store (struct keyring *keyring, const char *fingerprint, const char *const *addresses, GError **error)
{
  g_autoptr (GKeyFile) file = read_file (keyring, error);
  if (file == NULL)
    return FALSE;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *when = g_date_time_format_iso8601 (now);
  g_key_file_set_string (file, fingerprint, "compared", when);
  g_key_file_set_string_list (file, fingerprint, "addresses", addresses, g_strv_length ((char **) addresses));
  gsize size = 0;
  g_autofree char *data = g_key_file_to_data (file, &size, NULL);
  g_autofree char *path = trust_path (keyring);
  g_autoptr (GError) local = NULL;
  if (!g_file_set_contents_full (path, data, (gssize) size,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &local)) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "It could not be noted that you compared this key: %s",
                 local->message);
    return FALSE;
  }
  return keyring_trust_load (keyring, error);
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
    if (key->own || keyring_trusted_for (keyring, key->fingerprint, key->address))
      key->trust = KEY_TRUST_VERIFIED;
  }
}
