/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What directories on the network said of addresses: a note in found/ for each directory and address, and when to ask again.
 *
 * A directory is a source with a function "learn", which takes what is good of an answer: an OpenPGP key into the note itself, where it is
 * kept apart from the keyring and goes again with the note. To type an address is thus no change of the keyring. */
#include "crypto/keys/keyring_p.h"
#include "crypto/addrspec.h"
#include <string.h>

#define MINUTE_S 60
#define HOUR_S (60 * MINUTE_S)
#define DAY_S (24 * HOUR_S)

static const struct keyring_apart_kind found
    = { .folder = "found", .key_size_max = KEYRING_FOUND_KEY_SIZE_MAX, .notes_max = 4000 };

/* How long an answer holds: for an address that a key is wanted for, and for a key that is in use. */
static const struct {
  const char *name;
  gint64 wanted_s, used_s;
} saids[] = {
  [KEYRING_SAID_NOTHING] = { "nothing", 5 * MINUTE_S, HOUR_S },
  [KEYRING_SAID_NONSENSE] = { "nonsense", HOUR_S, DAY_S },
  [KEYRING_SAID_NONE] = { "none", HOUR_S, DAY_S },
  [KEYRING_SAID_KEYS] = { "keys", HOUR_S, DAY_S },
};

static gint64
now_or (gint64 at)
{
  return at != 0 ? at : g_get_real_time () / G_USEC_PER_SEC;
}

static char *
who_of (const char *source, const char *address)
{
  g_autofree char *folded = addrspec_fold (address);
  return folded != NULL ? g_strconcat (source, " ", folded, NULL) : NULL;
}

enum keyring_said
keyring_found_said (const struct keyring_apart *note)
{
  g_autofree char *said = g_key_file_get_string (note->file, found.folder, "said", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (saids); i++)
    if (g_strcmp0 (said, saids[i].name) == 0)
      return (enum keyring_said) i;
  return KEYRING_SAID_NOTHING;
}

struct keyring_apart *
keyring_found_read (struct keyring *keyring, const char *source, const char *address)
{
  g_autofree char *who = who_of (source, address);
  return who != NULL ? keyring_apart_read (keyring, &found, who) : NULL;
}

GPtrArray *
keyring_found_all (struct keyring *keyring, const char *source, guint notes_max)
{
  GPtrArray *notes = keyring_apart_all (keyring, &found, NULL, notes_max);
  for (guint i = notes->len; i-- > 0;) {
    const struct keyring_apart *note = g_ptr_array_index (notes, i);
    g_autofree char *own = g_key_file_get_string (note->file, found.folder, "source", NULL);
    if (g_strcmp0 (own, source) != 0)
      g_ptr_array_remove_index (notes, i);
  }
  return notes;
}

static const struct keyring_source *
directory (const char *name)
{
  for (gsize i = 0; i < keyring_sources_count; i++)
    if (keyring_sources[i].learn != NULL && g_strcmp0 (keyring_sources[i].name, name) == 0)
      return &keyring_sources[i];
  return NULL;
}

gboolean
keyring_should_ask (struct keyring *keyring, const char *source, const char *address, const char *used_or_null,
                    gint64 at)
{
  const gboolean wanted = used_or_null == NULL;
  const char *domain = addrspec_valid (address) ? strchr (address, '@') + 1 : "";
  if (directory (source) == NULL || strchr (domain, '.') == NULL)
    return FALSE;
  AUTOFREE (keyring_apart) note = keyring_found_read (keyring, source, address);
  if (note == NULL || (!wanted && (note->key == NULL || g_strcmp0 (note->fingerprint, used_or_null) != 0)))
    return note == NULL && wanted;
  const enum keyring_said said = keyring_found_said (note);
  const gint64 age = now_or (at) - g_key_file_get_int64 (note->file, found.folder, "asked", NULL);
  return age < 0 || age >= (wanted ? saids[said].wanted_s : saids[said].used_s);
}

/* The directory does not have a key any more that it had. One that mail was sent to stays, but known from the past alone. */
static void
withdraw (struct keyring *keyring, struct keyring_apart *note)
{
  g_autofree char *who = addrspec_fold (note->address);
  if (note->key == NULL || keyring_memory_has (keyring, who, note->fingerprint))
    return;
  g_clear_pointer (&note->key, g_bytes_unref);
  g_free (note->fingerprint);
  note->fingerprint = g_strdup ("");
}

gboolean
keyring_learn (struct keyring *keyring, const char *source, const char *address, enum keyring_said said,
               GPtrArray *blobs, gint64 at, GError **error)
{
  const struct keyring_source *row = directory (source);
  g_autofree char *normal = addrspec_normalise (address), *who = who_of (source, address);
  if (row == NULL || normal == NULL || who == NULL || strchr (keyring->dir, '\n') != NULL) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "No directory was asked for keys of this address.");
    return FALSE;
  }
  AUTOFREE (keyring_apart) note = keyring_found_read (keyring, source, normal);
  if (note == NULL) {
    note = g_new0 (struct keyring_apart, 1);
    note->file = g_key_file_new ();
    note->fingerprint = g_strdup ("");
  }
  g_free (note->address);
  note->address = g_strdup (normal);
  if (said == KEYRING_SAID_KEYS && !row->learn (keyring, normal, blobs, now_or (at), note))
    said = KEYRING_SAID_NONSENSE;
  else if (said == KEYRING_SAID_NONE)
    withdraw (keyring, note);
  g_key_file_set_string (note->file, found.folder, "source", source);
  g_key_file_set_string (note->file, found.folder, "said", saids[said].name);
  g_key_file_set_int64 (note->file, found.folder, "asked", now_or (at));
  return keyring_apart_write (keyring, &found, who, note, error);
}
