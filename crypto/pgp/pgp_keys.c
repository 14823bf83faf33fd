/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP keys: what is there, under which addresses, and whether it can be used at a time. */
#include "crypto/pgp/pgp_p.h"
#include "crypto/addrspec.h"
#include <string.h>

#define KEYS_MAX 20000
#define BITS_MIN 2048 /* RSA, DSA, ElGamal */

static void
key_unref (gpointer key)
{
  gpgme_key_unref (key);
}

/* Is this key of ours also part of another key? */
static gboolean
is_shared (const GPtrArray *keys, gpgme_key_t key, const char *grip)
{
  for (guint i = 0; i < keys->len; i++) {
    gpgme_key_t other = g_ptr_array_index (keys, i);
    for (gpgme_subkey_t subkey = other != key ? other->subkeys : NULL; subkey != NULL; subkey = subkey->next)
      if (g_strcmp0 (subkey->keygrip, grip) == 0)
        return TRUE;
  }
  return FALSE;
}

/* gpg calls a key secret of which the agent has any part, and so one into which somebody put a public key of ours (see below). A key is our
 * own if its primary key is, or a subkey that is nobody else's. */
static void
disown (const GPtrArray *keys, gpgme_key_t key)
{
  if (!key->secret || key->subkeys == NULL || key->subkeys->secret)
    return;
  key->secret = FALSE;
  for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next) {
    subkey->secret = subkey->secret && subkey->keygrip != NULL && !is_shared (keys, key, subkey->keygrip);
    subkey->is_cardkey = subkey->is_cardkey && subkey->secret;
    key->secret |= subkey->secret;
  }
}

GPtrArray *
pgp_keys_all (struct pgp_engine *engine, GError **error)
{
  if (engine->keys != NULL)
    return engine->keys;
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  if (context == NULL)
    return NULL;
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (key_unref);
  gpgme_set_keylist_mode (context,
                          GPGME_KEYLIST_MODE_LOCAL | GPGME_KEYLIST_MODE_WITH_SECRET | GPGME_KEYLIST_MODE_WITH_KEYGRIP);
  gpgme_error_t failed = gpgme_op_keylist_start (context, NULL, 0);
  while (failed == 0 && keys->len < KEYS_MAX) {
    gpgme_key_t key = NULL;
    failed = gpgme_op_keylist_next (context, &key);
    if (failed == 0)
      g_ptr_array_add (keys, key);
  }
  if (failed != 0 && gpgme_err_code (failed) != GPG_ERR_EOF) {
    pgp_set_error (error, CRYPTO_ERROR_FAILED, failed, "Your OpenPGP keys could not be read");
    return NULL;
  }
  if (keys->len < MIN (pgp_box_count (engine->home), KEYS_MAX)) {
    g_set_error (
        error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
        "Your OpenPGP keys could not be read: gpg stopped before it had listed all of them. Please try again.");
    return NULL;
  }
  gboolean own = FALSE;
  for (guint i = 0; i < keys->len; i++)
    own |= ((gpgme_key_t) g_ptr_array_index (keys, i))->secret;
  if (!own && keys->len > 0 && pgp_home_full (engine, error)) /* without an agent no key is one's own */
    return NULL;
  for (guint i = 0; i < keys->len; i++)
    disown (keys, g_ptr_array_index (keys, i));
  engine->keys = g_steal_pointer (&keys);
  return engine->keys;
}

/* Anybody can put anybody's public key into a key of his own, as a subkey of the same fingerprint: only one that signs says itself where
 * it belongs. So a key is what its primary key is, and never found by something that it may have taken from another one. */
gpgme_key_t
pgp_keys_by_fingerprint (struct pgp_engine *engine, const char *fingerprint)
{
  GPtrArray *keys = pgp_keys_all (engine, NULL);
  for (guint i = 0; fingerprint != NULL && keys != NULL && i < keys->len; i++) {
    gpgme_key_t key = g_ptr_array_index (keys, i);
    const gpgme_subkey_t primary = key->subkeys;
    if (primary != NULL && primary->fpr != NULL && g_ascii_strcasecmp (primary->fpr, fingerprint) == 0)
      return key;
  }
  return NULL;
}

gpgme_key_t
pgp_keys_by_signer (struct pgp_engine *engine, const char *fingerprint)
{
  gpgme_key_t found = pgp_keys_by_fingerprint (engine, fingerprint);
  GPtrArray *keys = pgp_keys_all (engine, NULL);
  for (guint i = 0; found == NULL && fingerprint != NULL && keys != NULL && i < keys->len; i++) {
    gpgme_key_t key = g_ptr_array_index (keys, i);
    for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next)
      if (subkey->can_sign && subkey->fpr != NULL && g_ascii_strcasecmp (subkey->fpr, fingerprint) == 0)
        found = key;
  }
  return found;
}

gint64
pgp_keys_now (gint64 at)
{
  return at > 0 ? at : g_get_real_time () / G_USEC_PER_SEC;
}

static char *
uid_address (gpgme_user_id_t uid)
{
  if (uid->invalid)
    return NULL;
  char *address = uid->email != NULL && *uid->email != '\0' ? addrspec_normalise (uid->email) : NULL;
  return address != NULL ? address : addrspec_normalise (uid->uid);
}

GPtrArray *
pgp_keys_addresses (gpgme_key_t key)
{
  GPtrArray *addresses = g_ptr_array_new_with_free_func (g_free);
  for (gpgme_user_id_t uid = key->uids; uid != NULL; uid = uid->next) {
    /* gpg marks each user id of a revoked key; then it is the key that is revoked, and its addresses say whose it is. */
    char *address = uid->revoked && !key->revoked ? NULL : uid_address (uid);
    if (address != NULL && !g_ptr_array_find_with_equal_func (addresses, address, g_str_equal, NULL))
      g_ptr_array_add (addresses, address);
    else
      g_free (address);
  }
  return addresses;
}

static gboolean
weak (gpgme_subkey_t subkey)
{
  switch ((int) subkey->pubkey_algo) {
  case GPGME_PK_RSA:
  case GPGME_PK_RSA_E:
  case GPGME_PK_RSA_S:
  case GPGME_PK_ELG:
  case GPGME_PK_ELG_E:
  case GPGME_PK_DSA:
    return subkey->length < BITS_MIN;
  case GPGME_PK_ECC:
  case GPGME_PK_ECDH:
  case GPGME_PK_ECDSA:
  case GPGME_PK_EDDSA:
    return subkey->length != 0 && subkey->length < 255;
  default:
    return TRUE;
  }
}

/* expired is judged here and not by gpg's flag, which knows only today. */
enum key_fault
pgp_keys_fault (gpgme_subkey_t subkey, gint64 at)
{
  const gint64 now = pgp_keys_now (at);
  if (subkey->invalid || subkey->fpr == NULL || subkey->timestamp < 0)
    return KEY_FAULT_BROKEN;
  if (subkey->revoked)
    return KEY_FAULT_REVOKED;
  if (weak (subkey))
    return KEY_FAULT_WEAK;
  if (subkey->disabled)
    return KEY_FAULT_USAGE;
  if (subkey->timestamp > now)
    return KEY_FAULT_NOT_YET;
  if (subkey->expires != 0 && (gint64) subkey->expires <= now)
    return KEY_FAULT_EXPIRED;
  return KEY_FAULT_NONE;
}

gpgme_subkey_t
pgp_keys_encryption (gpgme_key_t key, gint64 at, enum key_fault *fault_out)
{
  enum key_fault primary = key->subkeys != NULL ? pgp_keys_fault (key->subkeys, at) : KEY_FAULT_BROKEN;
  if (key->revoked)
    primary = KEY_FAULT_REVOKED;
  else if (key->invalid)
    primary = KEY_FAULT_BROKEN;
  *fault_out = primary;
  if (primary != KEY_FAULT_NONE)
    return NULL;
  /* The newest of those that can be used, as gpg chooses; without one, the least fault tells why. */
  gpgme_subkey_t chosen = NULL;
  enum key_fault least = KEY_FAULT_USAGE;
  gboolean any = FALSE;
  for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next) {
    if (!subkey->can_encrypt)
      continue;
    const enum key_fault fault = pgp_keys_fault (subkey, at);
    if (fault == KEY_FAULT_NONE && (chosen == NULL || subkey->timestamp > chosen->timestamp))
      chosen = subkey;
    least = any ? MIN (least, fault) : fault;
    any = TRUE;
  }
  *fault_out = chosen != NULL ? KEY_FAULT_NONE : least;
  return chosen;
}

/* Of a key that is too weak: how many bits it has. */
static char *
weak_words (gpgme_key_t key)
{
  for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next)
    if ((subkey == key->subkeys || subkey->can_encrypt) && weak (subkey) && subkey->length > 0)
      return g_strdup_printf ("has only %u bits, which is too weak to protect a message today", subkey->length);
  return NULL;
}

struct key_candidate *
pgp_keys_candidate (gpgme_key_t key, const char *address, gint64 at)
{
  struct key_candidate *candidate = g_new0 (struct key_candidate, 1);
  gpgme_subkey_t primary = key->subkeys;
  gpgme_subkey_t chosen = pgp_keys_encryption (key, at, &candidate->fault);
  candidate->detail = candidate->fault == KEY_FAULT_WEAK ? weak_words (key) : NULL;
  candidate->method = ROUTE_PGP;
  candidate->fingerprint = g_ascii_strup (primary != NULL && primary->fpr != NULL ? primary->fpr : "", -1);
  candidate->address = g_strdup (address);
  candidate->owner = g_strdup (key->uids != NULL && key->uids->uid != NULL ? key->uids->uid : "");
  candidate->own = key->secret;
  candidate->card = pgp_card_name (key);
  candidate->source = g_strdup (candidate->card != NULL ? "card" : key->secret ? "own" : "imported");
  candidate->trust = KEY_TRUST_FIRST_SEEN;
  candidate->expires = primary != NULL && primary->expires > 0 ? primary->expires : 0;
  if (chosen != NULL && chosen->expires > 0 && (candidate->expires == 0 || chosen->expires < candidate->expires))
    candidate->expires = chosen->expires;
  if (candidate->fault == KEY_FAULT_EXPIRED && candidate->expires == 0)
    for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next)
      if (subkey->can_encrypt)
        candidate->expires = MAX (candidate->expires, (gint64) subkey->expires);
  return candidate;
}

gboolean
pgp_find (struct pgp_engine *engine, const char *address, gint64 at, GPtrArray *candidates_out, GError **error)
{
  GPtrArray *keys = pgp_keys_all (engine, error);
  if (keys == NULL)
    return FALSE;
  for (guint i = 0; i < keys->len; i++) {
    gpgme_key_t key = g_ptr_array_index (keys, i);
    g_autoptr (GPtrArray) addresses = pgp_keys_addresses (key);
    if (address == NULL && addresses->len == 0)
      g_ptr_array_add (candidates_out, pgp_keys_candidate (key, "", at));
    for (guint j = 0; j < addresses->len; j++)
      if (address == NULL || addrspec_equal (g_ptr_array_index (addresses, j), address))
        g_ptr_array_add (candidates_out, pgp_keys_candidate (key, g_ptr_array_index (addresses, j), at));
  }
  return TRUE;
}

char *
pgp_own (struct pgp_engine *engine, const char *address, gint64 at)
{
  GPtrArray *keys = pgp_keys_all (engine, NULL);
  gpgme_key_t chosen = NULL;
  for (guint i = 0; keys != NULL && i < keys->len; i++) {
    gpgme_key_t key = g_ptr_array_index (keys, i);
    g_autoptr (GPtrArray) addresses = pgp_keys_addresses (key);
    enum key_fault fault;
    gboolean ours = FALSE, signs = FALSE;
    for (guint j = 0; j < addresses->len; j++)
      ours |= addrspec_equal (g_ptr_array_index (addresses, j), address);
    for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next)
      signs |= subkey->can_sign && subkey->secret && pgp_keys_fault (subkey, at) == KEY_FAULT_NONE;
    if (key->secret && ours && signs && pgp_keys_encryption (key, at, &fault) != NULL
        && (chosen == NULL || key->subkeys->timestamp > chosen->subkeys->timestamp))
      chosen = key;
  }
  return chosen != NULL ? g_ascii_strup (chosen->subkeys->fpr, -1) : NULL;
}
