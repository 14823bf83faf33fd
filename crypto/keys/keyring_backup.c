/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The back-up: one file, sealed under a passphrase, that holds the user's own keys and what is known of other people's. It can be opened
 * without wardmail, as it says itself. Nothing of it ever lies unsealed in a file. */
#include "crypto/keys/keyring_life.h"
#include "crypto/keys/keyring_p.h"
#include "crypto/keys/keyring_tar.h"
#include "crypto/pgp/pgp_life.h"
#include <string.h>

#define PASSPHRASE_CHARACTERS_MIN 12
#define PASSPHRASE_DISTINCT_MIN 6
#define PASSPHRASE_SIZE_MAX 1024
#define PGP_FINGERPRINT_SIZE 40
#define ROOM 4096 /* for a header, padding and the end */

static const char readme[]
    = "This is a back-up of the keys of a wardmail profile. Whoever has it and its passphrase can read all mail that\n"
      "was encrypted to its owner, and sign in the owner's name.\n\n"
      "With wardmail:      wardmail key restore FILE\n\n"
      "Without wardmail:   gpg -d FILE | tar x      (in a folder that nobody else can read; remove it afterwards)\n"
      "  openpgp/secret-keys.asc      gpg --import\n"
      "  openpgp/public-keys.asc      the same; keys of other people\n"
      "  openpgp/revocation/          to revoke a key: remove the colon before \"-----BEGIN\", then gpg --import\n"
      "  smime/*.p12                  private keys with their certificates, for any mail program; the passphrase is "
      "that\n"
      "                               of the back-up (openssl pkcs12 -in FILE)\n"
      "  smime/*.csr                  requests for certificates that had not come\n"
      "  smime/certificates-*.pem     all certificates; smime/anchors-*.pem: authorities that were trusted\n"
      "  wardmail/                    which keys were compared, and which were used for whom\n";

/* These keep what the user knows of keys; all else can be made anew. */
static const char *const notes[] = { "trust.conf", "used.conf", "harvested.conf" };

struct backup {
  GByteArray *tar;
  const char *folder;
  guint *keys; /* count of .p12 */
  gint64 time;
};

static gboolean
add (const char *name, GBytes *bytes, gpointer data, GError **error)
{
  struct backup *backup = data;
  g_autofree char *path = g_strconcat (backup->folder, "/", name, NULL);
  gsize size = 0;
  const void *content = g_bytes_get_data (bytes, &size);
  if (size > KEYRING_BACKUP_SIZE_MAX - MIN (backup->tar->len, KEYRING_BACKUP_SIZE_MAX)) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "There are too many keys for one back-up, so that none was made.");
    return FALSE;
  }
  if (g_str_has_suffix (name, ".p12"))
    (*backup->keys)++;
  keyring_tar_add (backup->tar, path, content, size, backup->time);
  return TRUE;
}

static void
wipe_bytes (GBytes *bytes)
{
  gsize size = 0;
  const void *data = g_bytes_get_data (bytes, &size);
  secret_wipe ((void *) data, size);
  g_bytes_unref (bytes);
}

/* Own keys with their revocation certificates, and how many they are. */
static gboolean
add_revocations (struct keyring *keyring, struct backup *backup, guint *count_out, GError **error)
{
  g_autoptr (GPtrArray) keys = keyring_list (keyring, 0, error);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  backup->folder = "openpgp/revocation";
  for (guint i = 0; keys != NULL && i < keys->len; i++) {
    const struct key_candidate *key = g_ptr_array_index (keys, i);
    if (!key->own || key->method != ROUTE_PGP || !g_hash_table_add (seen, key->fingerprint))
      continue;
    g_autoptr (GBytes) kept = pgp_revoke_kept (keyring->pgp, key->fingerprint);
    g_autofree char *name = g_strconcat (key->fingerprint, ".rev", NULL);
    if (kept != NULL && !add (name, kept, backup, error))
      return FALSE;
  }
  *count_out = g_hash_table_size (seen);
  return keys != NULL;
}

static gboolean
add_pgp_public (struct keyring *keyring, struct backup *backup, struct keyring_backup *out, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) public = pgp_export_all (keyring->pgp, FALSE, NULL, &local);
  if (local != NULL) {
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  backup->folder = "openpgp";
  return (public == NULL || add ("public-keys.asc", public, backup, error))
         && add_revocations (keyring, backup, &out->pgp, error);
}

/* Secrets come last, into room that is there: an array that grows leaves a copy of itself behind. */
static gboolean
add_pgp_secret (struct keyring *keyring, struct backup *backup, struct keyring_backup *out, GError **error)
{
  g_autoptr (GError) local = NULL;
  GBytes *secret = pgp_export_all (keyring->pgp, TRUE, out->on_card, &local);
  for (guint i = 0; i < out->on_card->len && out->pgp > 0; i++)
    out->pgp
        -= strlen (g_ptr_array_index (out->on_card, i)) == PGP_FINGERPRINT_SIZE; /* the others are of certificates */
  if (secret == NULL) {
    out->pgp = 0;
    if (local == NULL) /* there is none */
      return TRUE;
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  GByteArray *roomy = g_byte_array_sized_new (
      (guint) (backup->tar->len + MIN (g_bytes_get_size (secret), KEYRING_BACKUP_SIZE_MAX) + ROOM));
  g_byte_array_append (roomy, backup->tar->data, backup->tar->len);
  g_byte_array_unref (backup->tar);
  backup->tar = roomy;
  backup->folder = "openpgp";
  const gboolean fine = add ("secret-keys.asc", secret, backup, error);
  wipe_bytes (secret);
  return fine;
}

static gboolean
add_notes (struct keyring *keyring, struct backup *backup, GError **error)
{
  backup->folder = "wardmail";
  for (gsize i = 0; i < G_N_ELEMENTS (notes); i++) {
    g_autofree char *path = g_build_filename (keyring->dir, notes[i], NULL);
    char *text = NULL;
    gsize size = 0;
    if (!g_file_get_contents (path, &text, &size, NULL))
      continue;
    g_autoptr (GBytes) bytes = g_bytes_new_take (text, size);
    if (!add (notes[i], bytes, backup, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
fill (struct keyring *keyring, const struct secret *passphrase, struct backup *backup, struct keyring_backup *out,
      GError **error)
{
  keyring_tar_add (backup->tar, "README.txt", readme, sizeof readme - 1, backup->time);
  if (!add_pgp_public (keyring, backup, out, error))
    return FALSE;
  backup->folder = "smime";
  if (!smime_backup (keyring->smime, passphrase, add, backup, out->on_card, error)
      || !add_notes (keyring, backup, error) || !add_pgp_secret (keyring, backup, out, error))
    return FALSE;
  keyring_tar_end (backup->tar);
  if (out->pgp + out->smime > 0)
    return TRUE;
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY, "%s",
               out->on_card->len > 0
                   ? "Your own keys lie on a card and cannot leave it, so that there is nothing to back "
                     "up."
                   : "There is no key of your own that could be backed up.");
  return FALSE;
}

gboolean
keyring_backup_fit (const struct secret *passphrase, GError **error)
{
  const char *text = secret_peek (passphrase);
  const gsize size = secret_size (passphrase);
  guint characters = 0, distinct = 0;
  gboolean plain = size <= PASSPHRASE_SIZE_MAX && g_utf8_validate (text, (gssize) size, NULL);
  for (const char *at = text; plain && at < text + size; at = g_utf8_next_char (at), characters++) {
    const gunichar c = g_utf8_get_char (at);
    plain = !g_unichar_iscntrl (c);
    distinct += g_utf8_strchr (text, at - text, c) == NULL;
  }
  if (!plain)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
                 "The passphrase holds characters that cannot be typed everywhere, or is too long. Nothing was made.");
  else if (characters < PASSPHRASE_CHARACTERS_MIN || distinct < PASSPHRASE_DISTINCT_MIN)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
                 "This passphrase could be guessed, so that no back-up was made. Take at least %d characters, such as "
                 "four words that do not belong together.",
                 PASSPHRASE_CHARACTERS_MIN);
  else
    return TRUE;
  return FALSE;
}

/* What was sealed can be opened, and is what it was. */
static gboolean
check (struct keyring *keyring, GBytes *tar, GBytes *sealed, const struct secret *passphrase, GError **error)
{
  GBytes *again = pgp_seal_open (keyring->pgp, sealed, passphrase, KEYRING_BACKUP_SIZE_MAX * 2, error);
  const gboolean same = again != NULL && g_bytes_equal (again, tar);
  if (again != NULL && !same)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "The back-up was opened again for a test, and was not the same. Nothing was made; try again.");
  if (again != NULL)
    wipe_bytes (again);
  return same;
}

gboolean
keyring_backup (struct keyring *keyring, const struct secret *passphrase, struct keyring_backup *out, GError **error)
{
  *out = (struct keyring_backup){ .on_card = g_ptr_array_new_with_free_func (g_free) };
  struct backup backup
      = { .tar = g_byte_array_new (), .keys = &out->smime, .time = g_get_real_time () / G_USEC_PER_SEC };
  gboolean fine = keyring_backup_fit (passphrase, error) && fill (keyring, passphrase, &backup, out, error);
  GBytes *tar = g_byte_array_free_to_bytes (backup.tar);
  g_autoptr (GBytes) sealed = fine ? pgp_seal (keyring->pgp, tar, passphrase, error) : NULL;
  fine = sealed != NULL && check (keyring, tar, sealed, passphrase, error);
  wipe_bytes (tar);
  if (fine)
    out->sealed = g_steal_pointer (&sealed);
  else
    keyring_backup_clear (out);
  return fine;
}

void
keyring_backup_clear (struct keyring_backup *backup)
{
  g_clear_pointer (&backup->sealed, g_bytes_unref);
  g_clear_pointer (&backup->on_card, g_ptr_array_unref);
}
