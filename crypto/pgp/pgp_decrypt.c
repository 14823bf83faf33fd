/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP decryption: content comes out only when its integrity is known. */
#include "crypto/pgp/pgp_p.h"
#include "crypto/inspect.h"
#include <string.h>

static gboolean
any_key_here (gpgme_decrypt_result_t result)
{
  for (gpgme_recipient_t recipient = result != NULL ? result->recipients : NULL; recipient != NULL;
       recipient = recipient->next)
    if (gpgme_err_code (recipient->status) != GPG_ERR_NO_SECKEY)
      return TRUE;
  return FALSE;
}

/* No key opens it, only a passphrase; whoever sends such mail must not make us ask for one. */
static gboolean
by_passphrase_alone (const GPtrArray *ids)
{
  for (guint i = 0; i < ids->len; i++)
    if (strcmp (g_ptr_array_index (ids, i), "pgp:passphrase") != 0)
      return FALSE;
  return ids->len > 0;
}

gboolean
pgp_cipher_weak (const char *name)
{
  static const char *const names[] = { "3DES", "IDEA", "CAST5", "BLOWFISH" };
  for (gsize i = 0; name != NULL && i < G_N_ELEMENTS (names); i++)
    if (g_str_has_prefix (name, names[i]))
      return TRUE;
  return FALSE;
}

static void
explain (gpgme_decrypt_result_t result, enum pgp_kind kind, const GPtrArray *ids, gpgme_error_t failed, gboolean full,
         GError **error)
{
  const gpgme_err_code_t why = gpgme_err_code (failed);
  if (result != NULL && (result->legacy_cipher_nomdc || (kind == PGP_ENCRYPTED_PLAIN && any_key_here (result))))
    pgp_set_error (
        error, CRYPTO_ERROR_INTEGRITY, 0,
        "This message was encrypted in an old way that does not show changes, so it is not shown. Ask the sender to "
        "send it again with a current program");
  else if (full)
    pgp_set_error (error, CRYPTO_ERROR_FORMAT, 0, "This message is too big once it is opened, so it is not shown");
  else if (by_passphrase_alone (ids))
    pgp_set_error (
        error, CRYPTO_ERROR_FORMAT, 0,
        "This message is locked with a passphrase instead of your key, and such messages are not opened. Ask "
        "the sender to encrypt it to your key");
  else if (why == GPG_ERR_BAD_PASSPHRASE || why == GPG_ERR_CANCELED || why == GPG_ERR_NO_PASSPHRASE)
    pgp_set_error (error, CRYPTO_ERROR_PASSPHRASE, failed, "This message cannot be opened");
  else if (result == NULL || result->recipients == NULL)
    pgp_set_error (error, CRYPTO_ERROR_FORMAT, 0,
                   "The encrypted text of this message is damaged and cannot be read. Ask the sender to send it again");
  else if (!any_key_here (result))
    pgp_set_error (
        error, CRYPTO_ERROR_NO_KEY, 0,
        "This message is not encrypted to any key that is here. Ask the sender to encrypt it to your present key");
  else if (result->unsupported_algorithm != NULL || why == GPG_ERR_UNSUPPORTED_ALGORITHM)
    pgp_set_error (error, CRYPTO_ERROR_FORMAT, 0, "This message was encrypted in a way that gpg does not know");
  else
    pgp_set_error (error, CRYPTO_ERROR_INTEGRITY, 0,
                   "This message was damaged or changed on its way, so it is not shown");
}

/* GPGME takes a gpg that does not tell the mode for one without any integrity. */
static char *
cipher_name (const char *told, enum pgp_kind kind)
{
  if (told == NULL || kind != PGP_ENCRYPTED_AEAD || !g_str_has_suffix (told, ".PGPCFB"))
    return g_strdup (told);
  g_autofree char *cipher = g_strndup (told, strlen (told) - strlen (".PGPCFB"));
  return g_strconcat (cipher, ".OCB", NULL);
}

GBytes *
pgp_decrypt (struct pgp_engine *engine, GBytes *encrypted, gint64 at, GHashTable *trusted, char **cipher_out,
             GPtrArray *signatures_out, GError **error)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  const enum pgp_kind kind = pgp_packet_kind (encrypted, ids);
  if (kind == PGP_ENCRYPTED_V2) {
    pgp_set_error (
        error, CRYPTO_ERROR_FORMAT, 0,
        "This message is encrypted in a new way that gpg here does not know. Ask the sender to write in a way "
        "that GnuPG reads");
    return NULL;
  }
  if (kind != PGP_ENCRYPTED_MDC && kind != PGP_ENCRYPTED_AEAD && kind != PGP_ENCRYPTED_PLAIN) {
    pgp_set_error (error, CRYPTO_ERROR_FORMAT, 0,
                   "This is not an encrypted OpenPGP message, or a damaged one; ask the sender to send it again");
    return NULL;
  }
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  if (context == NULL || !pgp_card_ready_for (engine, ids, error))
    return NULL;
  struct pgp_sink sink;
  AUTOFREE (gpgme_data) source = pgp_source_open (encrypted);
  AUTOFREE (gpgme_data) plain = pgp_sink_open (&sink, INSPECT_BYTES_MAX);
  const gpgme_error_t failed = gpgme_op_decrypt_verify (context, source, plain);
  gpgme_decrypt_result_t result = gpgme_op_decrypt_result (context);
  /* gpg hands out bytes before it has seen the end: without a clean end they are thrown away. */
  if (failed != 0 || sink.full || result == NULL || result->legacy_cipher_nomdc || kind == PGP_ENCRYPTED_PLAIN) {
    if (!pgp_card_failed (engine, failed, error))
      explain (result, kind, ids, failed, sink.full, error);
    pgp_sink_clear (&sink);
    return NULL;
  }
  if (cipher_out != NULL)
    *cipher_out = cipher_name (result->symkey_algo, kind);
  pgp_verify_collect (engine, context, at, trusted, signatures_out);
  return pgp_sink_steal (&sink);
}
