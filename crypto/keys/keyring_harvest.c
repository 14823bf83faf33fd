/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* harvested.conf: which certificates came with good signed mail that was read, and not by the user's own hand. A group for each
 * fingerprint. The certificates themselves lie in smime/ with all others, and each stands for itself: by its own chain. */
#include "crypto/keys/keyring_p.h"
#include "crypto/addrspec.h"
#include "crypto/smime/smime.h"

#define CERTIFICATES_MAX 5000

static const struct keyring_file harvested
    = { "harvested.conf", "The list of certificates that came with mail", "they count as imported by you" };

struct harvest {
  struct keyring *keyring;
  const char *address;
  gint64 at;
};

/* Noted before they are kept: what dies in between has noted a certificate that never came, which is harmless. */
static gboolean
note (GPtrArray *fingerprints, gpointer data, GError **error)
{
  const struct harvest *harvest = data;
  g_autoptr (GKeyFile) file = keyring_file_read (harvest->keyring, &harvested, error);
  gsize count = 0;
  if (file == NULL)
    return FALSE;
  g_strfreev (g_key_file_get_groups (file, &count));
  if (count + fingerprints->len > CERTIFICATES_MAX) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "No more certificates are taken from mail.");
    return FALSE;
  }
  for (guint i = 0; i < fingerprints->len; i++) {
    g_key_file_set_string (file, g_ptr_array_index (fingerprints, i), "address", harvest->address);
    g_key_file_set_int64 (file, g_ptr_array_index (fingerprints, i), "time", harvest->at);
  }
  if (!keyring_file_write (harvest->keyring, &harvested, file, error))
    return FALSE;
  g_clear_pointer (&harvest->keyring->harvested, g_key_file_unref);
  harvest->keyring->harvested = g_steal_pointer (&file);
  return TRUE;
}

gboolean
keyring_harvest (struct keyring *keyring, GBytes *cms, const char *address, gint64 at, GError **error)
{
  g_autofree char *normal = addrspec_normalise (address);
  struct harvest harvest = { keyring, normal, at != 0 ? at : g_get_real_time () / G_USEC_PER_SEC };
  return normal == NULL || smime_harvest (keyring->smime, cms, normal, at, note, &harvest, error);
}

void
keyring_harvest_apply (struct keyring *keyring, GPtrArray *candidates)
{
  if (keyring->harvested == NULL)
    keyring->harvested = keyring_file_read (keyring, &harvested, NULL);
  for (guint i = 0; keyring->harvested != NULL && i < candidates->len; i++) {
    struct key_candidate *key = g_ptr_array_index (candidates, i);
    if (key->own || key->method != ROUTE_SMIME || !g_key_file_has_group (keyring->harvested, key->fingerprint))
      continue;
    g_free (key->source);
    key->source = g_strdup ("mail");
  }
}
