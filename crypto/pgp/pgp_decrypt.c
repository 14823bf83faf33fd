/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP decryption: content comes out only when its integrity is known. */
#include "crypto/pgp/pgp_p.h"
#include "crypto/inspect.h"

static gboolean
any_key_here (gpgme_decrypt_result_t result)
{
  for (gpgme_recipient_t recipient = result != NULL ? result->recipients : NULL; recipient != NULL;
       recipient = recipient->next)
    if (gpgme_err_code (recipient->status) != GPG_ERR_NO_SECKEY)
      return TRUE;
  return FALSE;
}

static void
explain (gpgme_decrypt_result_t result, gpgme_error_t failed, gboolean full, GError **error)
{
  const gpgme_err_code_t why = gpgme_err_code (failed);
  if (result != NULL && result->legacy_cipher_nomdc)
    pgp_set_error (
        error, CRYPTO_ERROR_INTEGRITY, 0,
        "This message was encrypted in an old way that does not show changes, so it is not shown. Ask the sender to "
        "send it again with a current program");
  else if (full)
    pgp_set_error (error, CRYPTO_ERROR_FORMAT, 0, "This message is too big once it is opened, so it is not shown");
  else if (why == GPG_ERR_BAD_PASSPHRASE || why == GPG_ERR_CANCELED || why == GPG_ERR_NO_PASSPHRASE)
    pgp_set_error (error, CRYPTO_ERROR_PASSPHRASE, failed, "This message cannot be opened");
  else if (!any_key_here (result))
    pgp_set_error (
        error, CRYPTO_ERROR_NO_KEY, 0,
        "This message is not encrypted to any key that is here. Ask the sender to encrypt it to your present key");
  else if (result->unsupported_algorithm != NULL || why == GPG_ERR_UNSUPPORTED_ALGORITHM)
    pgp_set_error (error, CRYPTO_ERROR_FORMAT, 0, "This message was encrypted in a way that gpg does not know");
  else
    pgp_set_error (error, CRYPTO_ERROR_INTEGRITY, failed,
                   "This message was damaged or changed on its way, so it is not shown");
}

GBytes *
pgp_decrypt (struct pgp_engine *engine, GBytes *encrypted, gint64 at, GHashTable *trusted, char **cipher_out,
             GPtrArray *signatures_out, GError **error)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  const enum pgp_kind kind = pgp_packet_kind (encrypted, ids);
  if (kind != PGP_ENCRYPTED_MDC && kind != PGP_ENCRYPTED_AEAD && kind != PGP_ENCRYPTED_PLAIN) {
    pgp_set_error (error, CRYPTO_ERROR_FORMAT, 0, "This is not an encrypted OpenPGP message, or a damaged one");
    return NULL;
  }
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  if (context == NULL)
    return NULL;
  struct pgp_sink sink;
  AUTOFREE (gpgme_data) source = pgp_source_open (encrypted);
  AUTOFREE (gpgme_data) plain = pgp_sink_open (&sink, INSPECT_BYTES_MAX);
  const gpgme_error_t failed = gpgme_op_decrypt_verify (context, source, plain);
  gpgme_decrypt_result_t result = gpgme_op_decrypt_result (context);
  /* gpg hands out bytes before it has seen the end: without a clean end they are thrown away. */
  if (failed != 0 || sink.full || result == NULL || result->legacy_cipher_nomdc || kind == PGP_ENCRYPTED_PLAIN) {
    explain (result, failed, sink.full, error);
    pgp_sink_clear (&sink);
    return NULL;
  }
  if (cipher_out != NULL)
    *cipher_out = g_strdup (result->symkey_algo);
  pgp_verify_collect (engine, context, at, trusted, signatures_out);
  return pgp_sink_steal (&sink);
}
