/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys from Autocrypt headers, kept apart from all others: the newest for each address, in autocrypt/; and from Autocrypt-Gossip, in gossip/.
 * It is all hearsay, what others say of somebody more so than what he says himself. */
#include "crypto/keys/keyring_p.h"
#include "crypto/addrspec.h"
#include "crypto/autocrypt.h"
#include "crypto/pgp/pgp.h"
#include <string.h>

#define LIST_MAX 200                     /* shown in a list of all keys */
#define MISSED "missed"                  /* when a mail came without the header */
#define OUT_OF_USE_S (35 * 24 * 60 * 60) /* Autocrypt Level 1, 2.4 */

static const struct keyring_apart_kind headers
    = { .folder = "autocrypt", .key_size_max = AUTOCRYPT_KEY_SIZE_MAX, .notes_max = 2000 };

static const struct keyring_apart_kind gossip
    = { .folder = "gossip", .key_size_max = AUTOCRYPT_KEY_SIZE_MAX, .notes_max = 2000 };

static struct keyring_apart *
note_of (struct keyring *keyring, const struct keyring_apart_kind *kind, const char *address)
{
  g_autofree char *who = addrspec_fold (address);
  AUTOFREE (keyring_apart) note = who != NULL ? keyring_apart_read (keyring, kind, who) : NULL;
  return note != NULL && note->key != NULL ? g_steal_pointer (&note) : NULL;
}

/* The address's newest mails came without the key for so long that its owner may not have it any more. */
static gboolean
is_out_of_use (const struct keyring_apart *note)
{
  const gint64 missed = note->file != NULL ? g_key_file_get_int64 (note->file, headers.folder, MISSED, NULL) : 0;
  return missed > note->date + OUT_OF_USE_S;
}

static const struct keyring_apart *
note_for (const GPtrArray *notes, const struct key_candidate *key)
{
  for (guint i = 0; i < notes->len; i++) {
    const struct keyring_apart *note = g_ptr_array_index (notes, i);
    if (addrspec_equal (note->address, key->address))
      return note;
  }
  return NULL;
}

static void
add_candidates (struct keyring *keyring, GPtrArray *notes, const char *source, gint64 at, GPtrArray *candidates_out)
{
  for (guint i = notes->len; i-- > 0;) { /* known from a better source */
    const struct keyring_apart *known = g_ptr_array_index (notes, i);
    if (keyring_apart_known (candidates_out, known->fingerprint, known->address) != NULL)
      g_ptr_array_remove_index (notes, i);
  }
  g_autoptr (GPtrArray) found = keyring_apart_candidates (keyring, notes, at);
  for (guint i = 0; i < found->len; i++) {
    struct key_candidate *key = g_ptr_array_index (found, i);
    const struct keyring_apart *note = note_for (notes, key);
    g_free (key->source);
    key->source = g_strdup (source);
    key->hearsay = TRUE;
    if (key->fault == KEY_FAULT_NONE && note != NULL && is_out_of_use (note)) {
      key->fault = KEY_FAULT_EXPIRED;
      g_free (key->detail);
      key->detail = g_strdup ("has not come with their mail for more than 35 days, so that they may not have it any "
                              "more");
    }
  }
  g_ptr_array_extend_and_steal (candidates_out, g_steal_pointer (&found));
}

/* Gossip counts only where the person says nothing of himself. */
gboolean
keyring_autocrypt_find (struct keyring *keyring, const char *address, gint64 at, GPtrArray *candidates_out,
                        GError **error)
{
  static const struct {
    const struct keyring_apart_kind *kind;
    const char *source;
  } rows[] = { { &headers, "autocrypt" }, { &gossip, "gossip" } };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GPtrArray) notes = address == NULL
                                      ? keyring_apart_all (keyring, rows[i].kind, NULL, LIST_MAX)
                                      : g_ptr_array_new_with_free_func ((GDestroyNotify) keyring_apart_free);
    struct keyring_apart *note = address != NULL ? note_of (keyring, rows[i].kind, address) : NULL;
    const gboolean says = note != NULL;
    if (says)
      g_ptr_array_add (notes, note);
    add_candidates (keyring, notes, rows[i].source, at, candidates_out);
    if (says)
      break;
  }
  return TRUE;
}

static gboolean
keep (struct keyring *keyring, const struct keyring_apart_kind *kind, const char *address, GBytes *key, gint64 date,
      const struct keyring_apart *known, GError **error)
{
  const gboolean same = known != NULL && g_bytes_equal (known->key, key);
  g_autofree char *who = addrspec_fold (address);
  g_autofree char *fingerprint
      = same ? g_strdup (known->fingerprint) : pgp_foreign_fingerprint (keyring->pgp, key, error);
  g_autofree char *own = g_strdup (address);
  const struct keyring_apart note = {
    .file = known != NULL ? known->file : NULL, .address = own, .fingerprint = fingerprint, .date = date, .key = key
  };
  return fingerprint != NULL && keyring_apart_write (keyring, kind, who, &note, error);
}

gboolean
keyring_autocrypt_adopt (struct keyring *keyring, const char *fingerprint, GPtrArray *addresses, gboolean *other_out,
                         GError **error)
{
  g_autoptr (GPtrArray) notes = keyring_apart_all (keyring, &headers, fingerprint, LIST_MAX);
  g_autoptr (GPtrArray) taken = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  *other_out = FALSE;
  for (guint i = 0; i < notes->len; i++) {
    const struct keyring_apart *note = g_ptr_array_index (notes, i);
    gboolean recognised = FALSE;
    if (!pgp_foreign_names (keyring->pgp, note->key, note->address)) {
      *other_out = TRUE;
      continue;
    }
    if (!pgp_import (keyring->pgp, note->key, taken, &recognised, error))
      return FALSE;
    if (!g_ptr_array_find_with_equal_func (addresses, note->address, g_str_equal, NULL))
      g_ptr_array_add (addresses, g_strdup (note->address));
  }
  return TRUE;
}

static gboolean
take (struct keyring *keyring, const struct keyring_apart_kind *kind, const char *address, GBytes *key, gint64 date,
      gint64 at, GError **error)
{
  const gint64 now = at != 0 ? at : g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *normal = addrspec_normalise (address);
  const gint64 effective = MIN (date, now);
  if (normal == NULL || strchr (keyring->dir, '\n') != NULL || effective <= 0
      || g_bytes_get_size (key) > AUTOCRYPT_KEY_SIZE_MAX)
    return TRUE;
  AUTOFREE (keyring_apart) known = note_of (keyring, kind, address);
  const gboolean older = known != NULL && known->date >= effective;
  return older || keep (keyring, kind, normal, key, effective, known, error);
}

gboolean
keyring_autocrypt (struct keyring *keyring, const char *address, GBytes *key, gint64 date, gint64 at, GError **error)
{
  return take (keyring, &headers, address, key, date, at, error);
}

gboolean
keyring_autocrypt_gossip (struct keyring *keyring, const char *address, GBytes *key, gint64 date, gint64 at,
                          GError **error)
{
  return take (keyring, &gossip, address, key, date, at, error);
}

/* Only what is newer than what is noted, so that reading old mail changes nothing. */
gboolean
keyring_autocrypt_missed (struct keyring *keyring, const char *address, gint64 date, gint64 at, GError **error)
{
  const gint64 now = at != 0 ? at : g_get_real_time () / G_USEC_PER_SEC, effective = MIN (date, now);
  g_autofree char *who = addrspec_fold (address);
  AUTOFREE (keyring_apart) note = note_of (keyring, &headers, address);
  if (note == NULL || effective <= note->date
      || effective <= g_key_file_get_int64 (note->file, headers.folder, MISSED, NULL))
    return TRUE;
  g_key_file_set_int64 (note->file, headers.folder, MISSED, effective);
  return keyring_apart_write (keyring, &headers, who, note, error);
}
