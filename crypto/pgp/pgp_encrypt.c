/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP sign and encrypt in one operation, to exactly the keys that were named. */
#include "crypto/pgp/pgp_p.h"
#include <errno.h>
#include <string.h>

/* One line for each key: the subkey, with "!" so that gpg takes this one and no other; or the file of a key that is kept apart, from which
 * gpg takes the newest subkey, as we do. Adds the subkey's id to ids_out. */
static gboolean
add_recipient (struct pgp_engine *engine, const char *fingerprint, GString *recipients, GPtrArray *ids_out,
               GError **error)
{
  const char *path = NULL;
  gpgme_key_t key = pgp_keys_by_fingerprint (engine, fingerprint);
  if (key == NULL)
    key = pgp_foreign_key (engine, fingerprint, &path);
  enum key_fault fault = KEY_FAULT_BROKEN;
  gpgme_subkey_t subkey = key != NULL ? pgp_keys_encryption (key, 0, &fault) : NULL;
  if (subkey == NULL || strlen (subkey->fpr) < 16) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY, "The OpenPGP key %s cannot be used to encrypt any more.",
                 fingerprint);
    return FALSE;
  }
  g_autofree char *upper = g_ascii_strup (subkey->fpr + strlen (subkey->fpr) - 16, -1);
  g_autofree char *id = g_strconcat ("pgp:", upper, NULL);
  if (g_ptr_array_find_with_equal_func (ids_out, id, g_str_equal, NULL))
    return TRUE;
  if (path != NULL)
    g_string_append_printf (recipients, "--file\n%s\n--no-file\n", path);
  else
    g_string_append_printf (recipients, "%s!\n", subkey->fpr);
  g_ptr_array_add (ids_out, g_steal_pointer (&id));
  return TRUE;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* What came out is read again, as far as the recipients reach: encrypted with integrity, to these ids, each once, and to none else. */
static gboolean
check_output (GByteArray *head, GPtrArray *ids, GError **error)
{
  g_autoptr (GBytes) message = g_bytes_new_static (head->data, head->len);
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  const enum pgp_kind kind = pgp_packet_kind (message, found);
  g_autoptr (GPtrArray) wanted = g_ptr_array_copy (ids, NULL, NULL);
  g_ptr_array_set_free_func (wanted, NULL);
  g_ptr_array_sort (found, compare);
  g_ptr_array_sort (wanted, compare);
  gboolean same = (kind == PGP_ENCRYPTED_MDC || kind == PGP_ENCRYPTED_AEAD) && found->len == wanted->len;
  for (guint i = 0; same && i < found->len; i++)
    same = strcmp (g_ptr_array_index (found, i), g_ptr_array_index (wanted, i)) == 0;
  if (!same)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "OpenPGP did not encrypt to exactly the keys that were asked for, so nothing was produced.");
  return same;
}

static gboolean
check_signed (gpgme_ctx_t context, GError **error)
{
  gpgme_sign_result_t result = gpgme_op_sign_result (context);
  if (result != NULL && result->signatures != NULL && result->invalid_signers == NULL)
    return TRUE;
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "OpenPGP did not sign the message, so nothing was produced.");
  return FALSE;
}

/* What gpg is given and gives, in passing. */
struct passing {
  struct pieces_reader reader;
  struct spool *spool;
  GByteArray *head; /* the beginning of what came out */
};

static ssize_t
give (void *handle, void *buffer, size_t size)
{
  struct passing *passing = handle;
  gsize got = 0;
  const void *from = pieces_next (&passing->reader, size, &got);
  if (from != NULL)
    memcpy (buffer, from, got);
  return (ssize_t) got;
}

static ssize_t
take (void *handle, const void *buffer, size_t size)
{
  struct passing *passing = handle;
  if (passing->head->len < PGP_LOOK_BYTES)
    g_byte_array_append (passing->head, buffer, (guint) MIN (size, PGP_LOOK_BYTES));
  spool_lines (passing->spool, buffer, size);
  if (spool_fine (passing->spool))
    return (ssize_t) size;
  errno = ENOSPC; /* the spool says which it was */
  return -1;
}

static gpgme_data_t
passing_open (struct passing *passing, struct gpgme_data_cbs *callbacks)
{
  gpgme_data_t data = NULL;
  return gpgme_data_new_from_cbs (&data, callbacks, passing) == 0 ? pgp_in_big_pieces (data) : NULL;
}

static gboolean
run (struct pgp_engine *engine, gpgme_ctx_t context, const char *recipients, struct passing *passing, GError **error)
{
  static struct gpgme_data_cbs giving = { .read = give }, taking = { .write = take };
  AUTOFREE (gpgme_data) source = passing_open (passing, &giving);
  AUTOFREE (gpgme_data) output = passing_open (passing, &taking);
  gpgme_set_armor (context, 1);
  /* NULL, when memory is short, is refused. */
  gpgme_error_t failed = gpgme_op_encrypt_sign_ext (
      context, NULL, recipients, GPGME_ENCRYPT_ALWAYS_TRUST | GPGME_ENCRYPT_NO_ENCRYPT_TO | GPGME_ENCRYPT_NO_COMPRESS,
      source, output);
  if (failed != 0 && !pgp_card_failed (engine, failed, error))
    pgp_set_error (error, CRYPTO_ERROR_FAILED, failed, "The message could not be encrypted with OpenPGP");
  return failed == 0;
}

gboolean
pgp_sign_encrypt (struct pgp_engine *engine, const char *sender, GPtrArray *fingerprints, const struct pieces *content,
                  struct spool *spool, GPtrArray *ids_out, GError **error)
{
  g_autofree char *own = pgp_own (engine, sender, 0);
  g_autoptr (GString) recipients = g_string_new (NULL);
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  if (own == NULL || fingerprints->len == 0) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY,
                 "There is no usable OpenPGP key of your own for %s. Make one: wardmail key new. Or import yours with "
                 "its private "
                 "key: wardmail key import FILE",
                 sender);
    return FALSE;
  }
  for (guint i = 0; i < fingerprints->len; i++)
    if (!add_recipient (engine, g_ptr_array_index (fingerprints, i), recipients, ids, error))
      return FALSE;
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  if (context == NULL)
    return FALSE;
  gpgme_key_t signer = pgp_keys_by_fingerprint (engine, own);
  gpgme_subkey_t signs_with = signer != NULL ? pgp_card_signing (signer) : NULL;
  if (signs_with != NULL && !pgp_card_ready (engine, signer, signs_with, error))
    return FALSE;
  gpgme_error_t failed = gpgme_signers_add (context, pgp_keys_by_fingerprint (engine, own));
  if (failed != 0) {
    pgp_set_error (error, CRYPTO_ERROR_FAILED, failed, "The message could not be encrypted with OpenPGP");
    return FALSE;
  }
  g_autoptr (GByteArray) head = g_byte_array_new ();
  struct passing passing = { .reader = { .pieces = content }, .spool = spool, .head = head };
  if (!run (engine, context, recipients->str, &passing, error) || !check_signed (context, error)
      || !check_output (head, ids, error))
    return FALSE;
  g_ptr_array_extend_and_steal (ids_out, g_steal_pointer (&ids));
  return TRUE;
}
