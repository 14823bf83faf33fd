/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking a back-up in. What is here already stays as it is; doing it twice does no harm, so what was interrupted is simply done again. */
#include "crypto/keys/keyring_life.h"
#include "crypto/keys/keyring_p.h"
#include "crypto/keys/keyring_tar.h"
#include "crypto/pgp/pgp_life.h"
#include <string.h>

#define NOTE_SIZE_MAX (8u * 1024 * 1024)

struct contents {
  GPtrArray *keys; /* GBytes *: what an import takes */
  GPtrArray *anchors, *requests;
  GPtrArray *revocations, *fingerprints; /* one beside the other */
  GBytes *notes[3];
};

static const struct keyring_file note_kinds[] = {
  { "trust.conf", "The list of keys that you compared", "compare the keys again" },
  { "used.conf", "The list of the keys that you used so far", "compare the keys of the people whom you write to" },
  { "harvested.conf", "The list of certificates that came with mail", "they count as imported by you" },
};

static void
contents_init (struct contents *contents)
{
  *contents = (struct contents){ 0 };
  contents->keys = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  contents->anchors = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  contents->requests = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  contents->revocations = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  contents->fingerprints = g_ptr_array_new_with_free_func (g_free);
}

static void
contents_clear (struct contents *contents)
{
  g_ptr_array_unref (contents->keys);
  g_ptr_array_unref (contents->anchors);
  g_ptr_array_unref (contents->requests);
  g_ptr_array_unref (contents->revocations);
  g_ptr_array_unref (contents->fingerprints);
  for (gsize i = 0; i < G_N_ELEMENTS (contents->notes); i++)
    g_clear_pointer (&contents->notes[i], g_bytes_unref);
}

/* Names are compared with those that a back-up has; none becomes a path, but for a fingerprint that is one. */
static gboolean
take_file (const char *name, GBytes *content, gpointer data, GError **error)
{
  struct contents *contents = data;
  g_autofree char *base = g_path_get_basename (name);
  GPtrArray *place = NULL;
  if (g_str_has_prefix (name, "openpgp/revocation/") && g_str_has_suffix (base, ".rev")) {
    g_autofree char *stem = g_strndup (base, strlen (base) - strlen (".rev"));
    char *fingerprint = keyring_trust_fingerprint (stem);
    if (fingerprint == NULL)
      return TRUE;
    g_ptr_array_add (contents->fingerprints, fingerprint);
    place = contents->revocations;
  } else if (g_str_has_prefix (name, "openpgp/") && g_str_has_suffix (base, ".asc"))
    place = contents->keys;
  else if (g_str_has_prefix (name, "smime/anchors-"))
    place = contents->anchors;
  else if (g_str_has_prefix (name, "smime/") && g_str_has_suffix (base, ".csr"))
    place = contents->requests;
  else if (g_str_has_prefix (name, "smime/"))
    place = contents->keys;
  for (gsize i = 0; i < G_N_ELEMENTS (note_kinds); i++)
    if (g_str_has_prefix (name, "wardmail/") && strcmp (base, note_kinds[i].name) == 0 && contents->notes[i] == NULL)
      contents->notes[i] = g_bytes_ref (content);
  if (place != NULL && g_bytes_get_size (content) > 0)
    g_ptr_array_add (place, g_bytes_ref (content));
  else if (place == contents->revocations && place != NULL)
    g_ptr_array_remove_index (contents->fingerprints, contents->fingerprints->len - 1);
  return TRUE;
}

/* Groups that are not here yet. */
static gboolean
merge (struct keyring *keyring, const struct keyring_file *kind, GBytes *note, GError **error)
{
  g_autoptr (GKeyFile) theirs = g_key_file_new (), ours = keyring_file_read (keyring, kind, error);
  if (ours == NULL)
    return FALSE;
  if (g_bytes_get_size (note) > NOTE_SIZE_MAX || !g_key_file_load_from_bytes (theirs, note, G_KEY_FILE_NONE, NULL)) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
                 "%s in the back-up is damaged; the keys were taken in, and it was not.", kind->what);
    return FALSE;
  }
  g_auto (GStrv) groups = g_key_file_get_groups (theirs, NULL);
  for (gsize i = 0; groups[i] != NULL; i++) {
    g_auto (GStrv) names
        = g_key_file_has_group (ours, groups[i]) ? NULL : g_key_file_get_keys (theirs, groups[i], NULL, NULL);
    for (gsize k = 0; names != NULL && names[k] != NULL; k++) {
      g_autofree char *value = g_key_file_get_value (theirs, groups[i], names[k], NULL);
      if (value != NULL)
        g_key_file_set_value (ours, groups[i], names[k], value);
    }
  }
  return keyring_file_write (keyring, kind, ours, error);
}

static gboolean
merge_all (struct keyring *keyring, const struct contents *contents, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (note_kinds); i++)
    if (contents->notes[i] != NULL && !merge (keyring, &note_kinds[i], contents->notes[i], error))
      return FALSE;
  g_clear_pointer (&keyring->harvested, g_key_file_unref);
  return keyring_memory_load (keyring, error) && keyring_trust_load (keyring, error);
}

static GPtrArray *
take (struct keyring *keyring, const struct contents *contents, const struct secret *passphrase, GError **error)
{
  g_autoptr (GPtrArray) taken = keyring_import (keyring, contents->keys, passphrase, error);
  guint added = 0;
  if (taken == NULL)
    return NULL;
  for (guint i = 0; i < contents->anchors->len; i++)
    if (!keyring_add_anchor (keyring, g_ptr_array_index (contents->anchors, i), &added, error))
      return NULL;
  for (guint i = 0; i < contents->requests->len; i++)
    if (!smime_request_keep (keyring->smime, g_ptr_array_index (contents->requests, i), error))
      return NULL;
  for (guint i = 0; i < contents->revocations->len; i++)
    if (!pgp_revoke_keep (keyring->pgp, g_ptr_array_index (contents->fingerprints, i),
                          g_ptr_array_index (contents->revocations, i), error))
      return NULL;
  return merge_all (keyring, contents, error) ? keyring_list (keyring, 0, error) : NULL;
}

gboolean
keyring_restore_is (GBytes *file)
{
  return pgp_seal_is (file);
}

GPtrArray *
keyring_restore (struct keyring *keyring, GBytes *sealed, const struct secret *passphrase, GError **error)
{
  struct contents contents;
  if (!keyring_restore_is (sealed)) {
    g_set_error (
        error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
        "This file is no back-up of keys, or it is damaged. Nothing was taken in. Single keys are taken in with: "
        "wardmail key import FILE");
    return NULL;
  }
  GBytes *tar = pgp_seal_open (keyring->pgp, sealed, passphrase, KEYRING_BACKUP_SIZE_MAX * 2, error);
  if (tar == NULL)
    return NULL;
  contents_init (&contents);
  GPtrArray *keys
      = keyring_tar_read (tar, take_file, &contents, error) ? take (keyring, &contents, passphrase, error) : NULL;
  contents_clear (&contents);
  gsize size = 0;
  const void *bytes = g_bytes_get_data (tar, &size);
  secret_wipe ((void *) bytes, size);
  g_bytes_unref (tar);
  for (guint i = keys != NULL ? keys->len : 0; i-- > 0;)
    if (!((struct key_candidate *) g_ptr_array_index (keys, i))->own)
      g_ptr_array_remove_index (keys, i);
  return keys;
}
