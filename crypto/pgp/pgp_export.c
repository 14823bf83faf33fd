/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP keys out of the keyring, armored. */
#include "crypto/pgp/pgp_life.h"
#include "crypto/pgp/pgp_p.h"
#include "crypto/guard/secret.h"

#define EXPORT_SIZE_MAX (32u * 1024 * 1024)
#define EXPORT_RESERVE (512u * 1024) /* more than secret keys take */

static GBytes *export(struct pgp_engine *engine, const char **patterns, gpgme_export_mode_t mode, GError **error)
{
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  if (context == NULL)
    return NULL;
  struct pgp_sink sink;
  AUTOFREE (gpgme_data) output = pgp_sink_open (&sink, EXPORT_SIZE_MAX);
  pgp_sink_reserve (&sink, EXPORT_RESERVE);
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

/* Is there a secret half that is not on a card? */
static gboolean
has_secret_here (gpgme_key_t key, gboolean *on_card_out)
{
  gboolean here = FALSE;
  *on_card_out = FALSE;
  for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next) {
    here |= subkey->secret && !subkey->is_cardkey;
    *on_card_out |= subkey->is_cardkey;
  }
  return key->secret && here;
}

GBytes *
pgp_export_all (struct pgp_engine *engine, gboolean secret, GPtrArray *on_card_out, GError **error)
{
  GPtrArray *keys = pgp_keys_all (engine, error);
  if (keys == NULL)
    return NULL;
  g_autoptr (GPtrArray) patterns = g_ptr_array_new ();
  for (guint i = 0; i < keys->len; i++) {
    gpgme_key_t key = g_ptr_array_index (keys, i);
    gboolean on_card = FALSE;
    const gboolean here = has_secret_here (key, &on_card);
    if (key->subkeys == NULL || key->subkeys->fpr == NULL)
      continue;
    if (on_card && on_card_out != NULL)
      g_ptr_array_add (on_card_out, g_ascii_strup (key->subkeys->fpr, -1));
    if (here || !secret)
      g_ptr_array_add (patterns, key->subkeys->fpr);
  }
  if (patterns->len == 0)
    return NULL;
  g_ptr_array_add (patterns, NULL);
  return export(engine, (const char **) patterns->pdata, secret ? GPGME_EXPORT_MODE_SECRET : GPGME_EXPORT_MODE_MINIMAL,
                error);
}
