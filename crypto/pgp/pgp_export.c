/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP keys out of the keyring, armored. */
#include "crypto/pgp/pgp_life.h"
#include "crypto/pgp/pgp_p.h"

#define EXPORT_SIZE_MAX (32u * 1024 * 1024)

static GBytes *export(struct pgp_engine *engine, const char **patterns, gpgme_export_mode_t mode, GError **error)
{
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  if (context == NULL)
    return NULL;
  struct pgp_sink sink;
  AUTOFREE (gpgme_data) output = pgp_sink_open (&sink, EXPORT_SIZE_MAX);
  gpgme_set_armor (context, 1);
  const gpgme_error_t failed = gpgme_op_export_ext (context, patterns, mode, output);
  if (failed == 0 && sink.bytes->len > 0)
    return pgp_sink_steal (&sink);
  pgp_sink_clear (&sink);
  if (!pgp_home_full (engine, error))
    pgp_set_error (error, CRYPTO_ERROR_FAILED, failed, "The OpenPGP key could not be read out of the keyring");
  return NULL;
}

GBytes *
pgp_export (struct pgp_engine *engine, const char *fingerprint, GError **error)
{
  const char *patterns[] = { fingerprint, NULL };
  return export(engine, patterns, GPGME_EXPORT_MODE_MINIMAL, error);
}
