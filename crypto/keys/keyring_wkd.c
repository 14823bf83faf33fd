/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP keys that the domain of an address publishes (Web Key Directory): what is believed of its answer, and for how long.
 *
 * The domain may say which key belongs to an address of its own, and nothing else: what it sends is cut down to that address. A key that it
 * no longer has, or that could not be looked up again for a month, is only one that was seen there once. */
#include "crypto/keys/keyring_p.h"
#include "crypto/pgp/pgp.h"

#define LIST_MAX 200             /* shown in a list of all keys */
#define FRESH_S (30 * 24 * 3600) /* how long the domain's word holds while it cannot be asked again */
#define NAME "wkd"

/* Once revoked, a key stays so, whatever else somebody finds to publish. */
static gboolean
is_revoked (struct keyring *keyring, struct keyring_apart *note, gint64 at)
{
  g_autoptr (GPtrArray) notes = g_ptr_array_new ();
  g_ptr_array_add (notes, note);
  g_autoptr (GPtrArray) keys = keyring_apart_candidates (keyring, notes, at);
  return keys->len > 0 && ((struct key_candidate *) g_ptr_array_index (keys, 0))->fault == KEY_FAULT_REVOKED;
}

/* A key that the keyring has already is brought up to date: it says itself that it is revoked, or lasts for longer. */
static void
update (struct keyring *keyring, const char *address, GBytes *bytes)
{
  g_autoptr (GPtrArray) here = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  g_autofree char *fingerprint = pgp_foreign_fingerprint (keyring->pgp, bytes, NULL);
  gboolean recognised = FALSE;
  if (fingerprint == NULL || !pgp_find (keyring->pgp, address, 0, here, NULL)
      || keyring_apart_known (here, fingerprint, address) == NULL)
    return;
  g_autoptr (GError) error = NULL;
  if (!pgp_import (keyring->pgp, bytes, here, &recognised, &error))
    g_info ("a key could not be brought up to date: %s", error->message); /* it is judged as it was */
}

gboolean
keyring_wkd_learn (struct keyring *keyring, const char *address, GPtrArray *blobs, gint64 at,
                   struct keyring_apart *note)
{
  g_autoptr (GPtrArray) keys = blobs->len == 1 ? pgp_trim (g_ptr_array_index (blobs, 0), address, NULL) : NULL;
  g_autofree char *fingerprint = NULL;
  GBytes *key = keys != NULL ? pgp_foreign_choose (keyring->pgp, keys, address, at, &fingerprint) : NULL;
  for (guint i = 0; keys != NULL && i < keys->len; i++)
    update (keyring, address, g_ptr_array_index (keys, i));
  if (key == NULL || g_bytes_get_size (key) > KEYRING_FOUND_KEY_SIZE_MAX)
    return FALSE;
  if (g_strcmp0 (note->fingerprint, fingerprint) == 0 && note->key != NULL && is_revoked (keyring, note, at))
    return TRUE;
  g_clear_pointer (&note->key, g_bytes_unref);
  g_free (note->fingerprint);
  note->key = g_bytes_ref (key);
  note->fingerprint = g_steal_pointer (&fingerprint);
  note->date = at;
  return TRUE;
}

/* What the domain's word is worth by now. */
static enum key_trust
trust_of (GPtrArray *notes, const struct key_candidate *key, gint64 at)
{
  const gint64 now = at != 0 ? at : g_get_real_time () / G_USEC_PER_SEC;
  for (guint i = 0; i < notes->len; i++) {
    const struct keyring_apart *note = g_ptr_array_index (notes, i);
    if (g_strcmp0 (note->address, key->address) == 0 && g_strcmp0 (note->fingerprint, key->fingerprint) == 0)
      return keyring_found_said (note) != KEYRING_SAID_NONE && note->date <= now && now - note->date < FRESH_S
                 ? KEY_TRUST_WKD
                 : KEY_TRUST_FIRST_SEEN;
  }
  return KEY_TRUST_NONE;
}

gboolean
keyring_wkd_find (struct keyring *keyring, const char *address, gint64 at, GPtrArray *candidates_out, GError **error)
{
  g_autoptr (GPtrArray) notes = address == NULL ? keyring_found_all (keyring, NAME, LIST_MAX)
                                                : g_ptr_array_new_with_free_func ((GDestroyNotify) keyring_apart_free);
  struct keyring_apart *note = address != NULL ? keyring_found_read (keyring, NAME, address) : NULL;
  if (note != NULL)
    g_ptr_array_add (notes, note);
  g_autoptr (GPtrArray) keys = keyring_apart_candidates (keyring, notes, at);
  while (keys->len > 0) {
    struct key_candidate *key = g_ptr_array_steal_index (keys, 0);
    struct key_candidate *known = keyring_apart_known (candidates_out, key->fingerprint, key->address);
    g_free (key->source);
    key->source = g_strdup (NAME);
    key->looked_up = TRUE;
    key->trust = trust_of (notes, key, at);
    if (known != NULL) { /* the domain says of it what nobody has said yet */
      known->trust = MAX (known->trust, key->trust);
      key_candidate_free (key);
    } else
      g_ptr_array_add (candidates_out, key);
  }
  return TRUE;
}

gboolean
keyring_wkd_adopt (struct keyring *keyring, const char *fingerprint, GError **error)
{
  g_autoptr (GPtrArray) notes = keyring_found_all (keyring, NAME, G_MAXUINT);
  g_autoptr (GPtrArray) taken = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  for (guint i = 0; i < notes->len; i++) {
    const struct keyring_apart *note = g_ptr_array_index (notes, i);
    gboolean recognised = FALSE;
    if (g_strcmp0 (note->fingerprint, fingerprint) == 0
        && !pgp_import (keyring->pgp, note->key, taken, &recognised, error))
      return FALSE;
  }
  return TRUE;
}
