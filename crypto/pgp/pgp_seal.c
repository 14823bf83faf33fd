/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes under a passphrase alone, in a form that every OpenPGP program opens. How far the passphrase is stretched stands in gpg.conf
 * (pgp_home.c). */
#include "crypto/pgp/pgp_life.h"
#include "crypto/pgp/pgp_p.h"
#include "crypto/inspect.h"
#include "crypto/guard/secret.h"
#include <string.h>

GBytes *
pgp_seal (struct pgp_engine *engine, GBytes *content, const struct secret *passphrase, GError **error)
{
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  if (context == NULL)
    return NULL;
  struct pgp_sink sink;
  AUTOFREE (gpgme_data) source = pgp_source_open (content);
  AUTOFREE (gpgme_data) output = pgp_sink_open (&sink, INSPECT_BYTES_MAX);
  pgp_context_give (context, passphrase);
  const gpgme_error_t failed = gpgme_op_encrypt_ext (context, NULL, NULL, GPGME_ENCRYPT_NO_COMPRESS, source, output);
  g_autoptr (GBytes) sealed = pgp_sink_steal (&sink);
  if (failed == 0 && pgp_seal_is (sealed))
    return g_steal_pointer (&sealed);
  if (!pgp_home_full (engine, error))
    pgp_set_error (error, CRYPTO_ERROR_FAILED, failed, "The file could not be sealed");
  return NULL;
}

gboolean
pgp_seal_is (GBytes *bytes)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  const enum pgp_kind kind = pgp_packet_kind (bytes, ids);
  return kind == PGP_ENCRYPTED_MDC && ids->len == 1 && strcmp (g_ptr_array_index (ids, 0), "pgp:passphrase") == 0;
}

GBytes *
pgp_seal_open (struct pgp_engine *engine, GBytes *sealed, const struct secret *passphrase, gsize size_max,
               GError **error)
{
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  if (context == NULL)
    return NULL;
  struct pgp_sink sink;
  AUTOFREE (gpgme_data) source = pgp_source_open (sealed);
  AUTOFREE (gpgme_data) output = pgp_sink_open (&sink, size_max);
  pgp_sink_reserve (&sink, g_bytes_get_size (sealed));
  pgp_context_give (context, passphrase);
  const gpgme_error_t failed = gpgme_op_decrypt (context, source, output);
  if (failed == 0)
    return pgp_sink_steal (&sink);
  pgp_sink_clear (&sink);
  if (pgp_home_full (engine, error))
    return NULL;
  const gpgme_err_code_t why = gpgme_err_code (failed);
  if (why == GPG_ERR_BAD_PASSPHRASE || why == GPG_ERR_CANCELED || why == GPG_ERR_DECRYPT_FAILED
      || why == GPG_ERR_BAD_KEY || why == GPG_ERR_CHECKSUM)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_PASSPHRASE,
                 "The passphrase does not open this sealed file, or the file is damaged. Check the passphrase and try "
                 "again.");
  else
    pgp_set_error (error, CRYPTO_ERROR_FORMAT, failed, "The sealed file could not be opened");
  return NULL;
}
