/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Pins: which keys belong to an address because the organisation says so. They are as good as compared, and any other key of such an
 * address is barred, whoever compared it. */
#include "crypto/keys/keyring_p.h"
#include "crypto/addrspec.h"

void
keyring_pin (struct keyring *keyring, const char *address, const char *const *fingerprints)
{
  g_autofree char *who = addrspec_fold (address);
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
  for (; who != NULL && *fingerprints != NULL; fingerprints++) {
    char *fingerprint = keyring_trust_fingerprint (*fingerprints);
    if (fingerprint != NULL)
      g_ptr_array_add (list, fingerprint);
  }
  if (who == NULL)
    return;
  g_ptr_array_add (list, NULL);
  g_hash_table_replace (keyring->pins, g_steal_pointer (&who), g_strdupv ((char **) list->pdata));
  keyring_pins_merge (keyring);
}

/* The signatures of a pinned key are judged as those of a compared one. */
void
keyring_pins_merge (struct keyring *keyring)
{
  GHashTableIter iter;
  gpointer address, list;
  g_hash_table_iter_init (&iter, keyring->pins);
  while (g_hash_table_iter_next (&iter, &address, &list))
    for (char **fingerprint = list; *fingerprint != NULL; fingerprint++) {
      if (keyring_stop_distrusted (keyring, *fingerprint))
        continue;
      char **known = g_hash_table_lookup (keyring->trust, *fingerprint);
      g_autoptr (GStrvBuilder) addresses = g_strv_builder_new ();
      if (known != NULL)
        g_strv_builder_addv (addresses, (const char **) known);
      if (known == NULL || !g_strv_contains ((const char *const *) known, address))
        g_strv_builder_add (addresses, address);
      g_hash_table_replace (keyring->trust, g_strdup (*fingerprint), g_strv_builder_end (addresses));
    }
}

void
keyring_pins_apply (struct keyring *keyring, GPtrArray *candidates)
{
  for (guint i = 0; i < candidates->len && g_hash_table_size (keyring->pins) > 0; i++) {
    struct key_candidate *key = g_ptr_array_index (candidates, i);
    g_autofree char *who = addrspec_fold (key->address);
    char **list = who != NULL ? g_hash_table_lookup (keyring->pins, who) : NULL;
    key->pinned = list != NULL && g_strv_contains ((const char *const *) list, key->fingerprint);
    key->barred = list != NULL && !key->pinned;
  }
}
