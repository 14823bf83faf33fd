/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The keyring: one view over all sources of keys of a profile. */
#include "crypto/keys/keyring_p.h"
#include "crypto/keys/keyring_life.h"
#include "crypto/addrspec.h"
#include "crypto/pgp/pgp.h"
#include "crypto/smime/smime.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define IMPORT_SIZE_MAX (16u * 1024 * 1024)

struct keyring *
keyring_open (const char *dir, GError **error)
{
  AUTOFREE (keyring) keyring = g_new0 (struct keyring, 1);
  keyring->dir = g_strdup (dir);
  keyring->trust = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_strfreev);
  if (g_mkdir_with_parents (keyring->dir, 0700) != 0) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "The folder for keys (%s) cannot be made: %s", keyring->dir,
                 g_strerror (errno));
    return NULL;
  }
  keyring->stopped = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  keyring->pins = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_strfreev);
  if (!keyring_trust_load (keyring, error) || !keyring_memory_load (keyring, error))
    return NULL;
  keyring->pgp = pgp_engine_open (keyring->dir, error);
  if (keyring->pgp == NULL)
    return NULL;
  keyring->smime = smime_store_open (keyring->dir, error);
  if (keyring->smime == NULL)
    return NULL;
  smime_store_set_stopped (keyring->smime, keyring->stopped);
  return g_steal_pointer (&keyring);
}

void
keyring_free (struct keyring *keyring)
{
  if (keyring == NULL)
    return;
  g_clear_pointer (&keyring->pgp, pgp_engine_free);
  g_clear_pointer (&keyring->smime, smime_store_free);
  g_hash_table_unref (keyring->trust);
  g_clear_pointer (&keyring->stopped, g_hash_table_unref);
  g_clear_pointer (&keyring->pins, g_hash_table_unref);
  g_clear_pointer (&keyring->memory, g_key_file_unref);
  g_clear_pointer (&keyring->harvested, g_key_file_unref);
  g_free (keyring->dir);
  g_free (keyring);
}

struct pgp_engine *
keyring_pgp (struct keyring *keyring)
{
  return keyring->pgp;
}

struct smime_store *
keyring_smime (struct keyring *keyring)
{
  return keyring->smime;
}

GHashTable *
keyring_trusted (struct keyring *keyring)
{
  return keyring->trust;
}

void
keyring_set_ask (struct keyring *keyring, keyring_ask_fn ask, gpointer data)
{
  pgp_engine_set_ask (keyring->pgp, ask, data);
  smime_store_set_ask (keyring->smime, ask, data);
}

int
keyring_compare (gconstpointer a, gconstpointer b)
{
  const struct key_candidate *left = *(struct key_candidate *const *) a, *right = *(struct key_candidate *const *) b;
  if (left->fault != right->fault)
    return left->fault < right->fault ? -1 : 1;
  if (left->stopped != right->stopped)
    return left->stopped ? 1 : -1;
  if (left->trust != right->trust)
    return left->trust > right->trust ? -1 : 1;
  if (left->expires != right->expires)
    return left->expires == 0 || (right->expires != 0 && left->expires > right->expires) ? -1 : 1;
  return g_strcmp0 (left->fingerprint, right->fingerprint);
}

static GPtrArray *
ask_sources (struct keyring *keyring, const char *address, gint64 at, GError **error)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  for (gsize i = 0; i < keyring_sources_count; i++)
    if (!keyring_sources[i].find (keyring, address, at, found, error))
      return NULL;
  keyring_trust_apply (keyring, found);
  keyring_harvest_apply (keyring, found);
  keyring_pins_apply (keyring, found);
  keyring_stop_apply (keyring, found);
  keyring_memory_apply (keyring, found);
  keyring_expiry_apply (found, at);
  g_ptr_array_sort (found, keyring_compare);
  return g_steal_pointer (&found);
}

/* Where there are keys under the very spelling, those of another spelling may be another person's. Hearsay does not count: whoever
 * writes a mail chooses how the address is spelt in its header, and must not hide the key that is known. Nor does what was looked up, which is
 * always found under the spelling that was typed. */
static void
keep_identical (GPtrArray *found, const char *address)
{
  gboolean any = FALSE;
  for (guint i = 0; i < found->len; i++) {
    const struct key_candidate *key = g_ptr_array_index (found, i);
    any |= !key->hearsay && !key->looked_up && addrspec_identical (key->address, address);
  }
  for (guint i = found->len; any && i-- > 0;)
    if (!addrspec_identical (((struct key_candidate *) g_ptr_array_index (found, i))->address, address))
      g_ptr_array_remove_index (found, i);
}

GPtrArray *
keyring_find (struct keyring *keyring, const char *address, gint64 at, GError **error)
{
  g_autofree char *normal = addrspec_normalise (address);
  if (normal == NULL) /* no key can carry it */
    return g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  GPtrArray *found = ask_sources (keyring, normal, at, error);
  if (found != NULL)
    keep_identical (found, normal);
  return found;
}

GPtrArray *
keyring_list (struct keyring *keyring, gint64 at, GError **error)
{
  return ask_sources (keyring, NULL, at, error);
}

static gboolean
import_one (struct keyring *keyring, GBytes *blob, const struct secret *passphrase, GPtrArray *taken, GError **error)
{
  if (g_bytes_get_size (blob) == 0 || g_bytes_get_size (blob) > IMPORT_SIZE_MAX) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
                 "This file is %s, so it cannot be a key. Choose another file.",
                 g_bytes_get_size (blob) == 0 ? "empty" : "too big");
    return FALSE;
  }
  for (gsize i = 0; i < keyring_sources_count; i++) {
    gboolean recognised = FALSE;
    if (keyring_sources[i].import == NULL)
      continue;
    if (!keyring_sources[i].import (keyring, blob, passphrase, taken, &recognised, error))
      return FALSE;
    if (recognised)
      return TRUE;
  }
  if (keyring_restore_is (blob)) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
                 "This file is sealed under a passphrase, as a back-up is. Take it in with: wardmail key restore FILE");
    return FALSE;
  }
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
               "This file holds no OpenPGP key and no certificate that wardmail can read. Ask for it again as a .asc, "
               ".pem, .crt "
               "or .p12 file.");
  return FALSE;
}

GPtrArray *
keyring_import (struct keyring *keyring, GPtrArray *blobs, const struct secret *passphrase, GError **error)
{
  g_autoptr (GPtrArray) taken = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  for (guint i = 0; i < blobs->len; i++)
    if (!import_one (keyring, g_ptr_array_index (blobs, i), passphrase, taken, error))
      return NULL;
  if (!smime_store_settle (keyring->smime, taken, error))
    return NULL;
  keyring_trust_apply (keyring, taken);
  return g_steal_pointer (&taken);
}

GPtrArray *
keyring_add_card (struct keyring *keyring, enum route_method kind, const char *module_or_null, GError **error)
{
  g_autoptr (GPtrArray) taken = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  if (kind == ROUTE_PGP ? !pgp_card_add (keyring->pgp, taken, error)
                        : !smime_store_add_card (keyring->smime, module_or_null, taken, error))
    return NULL;
  keyring_trust_apply (keyring, taken);
  return g_steal_pointer (&taken);
}

void
keyring_set_card_modules (struct keyring *keyring, const char *const *paths_or_null)
{
  smime_store_set_card_modules (keyring->smime, paths_or_null);
}

static gboolean
adopt (struct keyring *keyring, const char *fingerprint, GError **error)
{
  for (gsize i = 0; i < keyring_sources_count; i++)
    if (keyring_sources[i].adopt != NULL && !keyring_sources[i].adopt (keyring, fingerprint, error))
      return FALSE;
  return TRUE;
}

/* The addresses (char *) of a key, but for those that are hearsay. FALSE with error. */
static gboolean
add_addresses (struct keyring *keyring, const char *fingerprint, GPtrArray *addresses, GError **error)
{
  g_autoptr (GPtrArray) all = keyring_list (keyring, 0, error);
  for (guint i = 0; all != NULL && i < all->len; i++) {
    struct key_candidate *key = g_ptr_array_index (all, i);
    if (g_strcmp0 (key->fingerprint, fingerprint) != 0 || key->hearsay)
      continue;
    if (key->looked_up && !adopt (keyring, fingerprint, error))
      return FALSE;
    if (key->address != NULL && !g_ptr_array_find_with_equal_func (addresses, key->address, g_str_equal, NULL))
      g_ptr_array_add (addresses, g_strdup (key->address));
  }
  return all != NULL;
}

/* Whoever writes a mail can put anybody's key beside any address in its header. So a key that is here otherwise keeps its addresses,
 * and of hearsay only what the key's own user ids say counts: they are what the user compares. */
gboolean
keyring_trust (struct keyring *keyring, const char *fingerprint, GError **error)
{
  g_autofree char *normal = keyring_trust_fingerprint (fingerprint);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_free);
  gboolean other = FALSE;
  if (!add_addresses (keyring, normal, addresses, error))
    return FALSE;
  /* Of those that were looked up only some are listed. */
  if (normal != NULL && addresses->len == 0
      && (!adopt (keyring, normal, error) || !add_addresses (keyring, normal, addresses, error)))
    return FALSE;
  if (normal != NULL && addresses->len == 0 && !keyring_autocrypt_adopt (keyring, normal, addresses, &other, error))
    return FALSE;
  if (addresses->len == 0) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY, "%s",
                 other ? "This key came with mail from an address that the key itself does not name, so it is not "
                         "taken. Ask the sender for a key that names this address."
                       : "There is no key with this fingerprint. See what is there with: wardmail key list");
    return FALSE;
  }
  g_ptr_array_add (addresses, NULL);
  return keyring_trust_store (keyring, normal, (const char *const *) addresses->pdata, error);
}

gboolean
keyring_add_anchor (struct keyring *keyring, GBytes *certificates, guint *added_out, GError **error)
{
  return smime_store_add_anchor (keyring->smime, certificates, added_out, error);
}

gboolean
keyring_add_lists (struct keyring *keyring, GBytes *file, guint *added_out, gboolean *found_out, GError **error)
{
  return smime_store_add_lists (keyring->smime, file, added_out, found_out, error);
}

void
keyring_set_revocation (struct keyring *keyring, enum revocation_policy policy)
{
  smime_store_set_revocation (keyring->smime, policy);
}

gboolean
keyring_take_answer (struct keyring *keyring, const char *id, GBytes *answer)
{
  return smime_store_take_answer (keyring->smime, id, answer);
}

gboolean
keyring_can_send (struct keyring *keyring, const char *address, enum route_method method, gint64 at)
{
  g_autofree char *normal = addrspec_normalise (address);
  g_autofree char *own = NULL;
  if (normal == NULL)
    return FALSE;
  if (method == ROUTE_PGP)
    own = pgp_own (keyring->pgp, normal, at);
  else if (method == ROUTE_SMIME)
    own = smime_own (keyring->smime, normal, at);
  return own != NULL;
}
