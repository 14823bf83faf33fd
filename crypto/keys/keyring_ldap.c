/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates that LDAP directories have for an address: kept apart from the keyring, each worth what its own chain is worth.
 *
 * A directory vouches for nothing, whoever runs it: a certificate without a chain to an anchor of ours stays one of which nothing is known, and
 * is there to be seen, and to be compared with its owner. */
#include "crypto/keys/keyring_p.h"
#include "crypto/smime/smime.h"

#define LIST_MAX 200 /* shown in a list of all keys */
#define NAME "ldap"

gboolean
keyring_ldap_learn (struct keyring *keyring, const char *address, GPtrArray *blobs, gint64 at,
                    struct keyring_apart *note)
{
  g_autoptr (GBytes) file = smime_found_take (blobs, address);
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  if (file == NULL)
    return FALSE;
  smime_found_find (keyring->smime, file, address, at, keys);
  if (keys->len == 0)
    return FALSE;
  g_ptr_array_sort (keys, keyring_compare);
  const struct key_candidate *best = g_ptr_array_index (keys, 0);
  g_clear_pointer (&note->key, g_bytes_unref);
  g_free (note->fingerprint);
  note->key = g_steal_pointer (&file);
  note->fingerprint = g_strdup (best->fingerprint);
  note->date = at;
  return TRUE;
}

static void
add_note (struct keyring *keyring, const struct keyring_apart *note, gint64 at, GPtrArray *candidates_out)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  if (note->key != NULL)
    smime_found_find (keyring->smime, note->key, note->address, at, keys);
  while (keys->len > 0) {
    struct key_candidate *key = g_ptr_array_steal_index (keys, 0);
    struct key_candidate *known = keyring_apart_known (candidates_out, key->fingerprint, key->address);
    g_free (key->source);
    key->source = g_strdup (NAME);
    key->looked_up = TRUE;
    if (known == NULL) {
      g_ptr_array_add (candidates_out, key);
      continue;
    }
    known->trust = MAX (known->trust, key->trust); /* what came along may have been what its chain lacked */
    key_candidate_free (key);
  }
}

gboolean
keyring_ldap_find (struct keyring *keyring, const char *address, gint64 at, GPtrArray *candidates_out, GError **error)
{
  if (address != NULL) {
    AUTOFREE (keyring_apart) note = keyring_found_read (keyring, NAME, address);
    if (note != NULL)
      add_note (keyring, note, at, candidates_out);
    return TRUE;
  }
  g_autoptr (GPtrArray) notes = keyring_found_all (keyring, NAME, LIST_MAX);
  for (guint i = 0; i < notes->len; i++)
    add_note (keyring, g_ptr_array_index (notes, i), at, candidates_out);
  return TRUE;
}

gboolean
keyring_ldap_adopt (struct keyring *keyring, const char *fingerprint, GError **error)
{
  g_autoptr (GPtrArray) notes = keyring_found_all (keyring, NAME, G_MAXUINT);
  for (guint i = 0; i < notes->len; i++)
    if (!smime_found_adopt (keyring->smime, ((struct keyring_apart *) g_ptr_array_index (notes, i))->key, fingerprint,
                            error))
      return FALSE;
  return TRUE;
}
