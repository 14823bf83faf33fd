/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP signatures: detached, inside a message, and what gpg says of them turned into our states. */
#include "crypto/pgp/pgp_p.h"
#include "crypto/inspect.h"
#include <string.h>

#define SIGNATURES_MAX 32
#define CLOCKS_DIFFER_S (24 * 60 * 60)
/* From 2019-01-19 on nobody had a reason to sign with SHA-1 or RIPEMD-160, and texts that share one can be made. (MD5 is
 * refused by gpg whatever its date.) The time is part of what was hashed: who finds a twin cannot set it back. */
#define WEAK_DIGEST_SINCE 1547856000

void
pgp_signature_free (struct pgp_signature *signature)
{
  if (signature == NULL)
    return;
  g_ptr_array_unref (signature->addresses);
  g_free (signature->fingerprint);
  g_free (signature);
}

static gboolean
expired_at (gpgme_key_t key, const char *signing, gint64 at)
{
  const gint64 now = pgp_keys_now (at);
  for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next)
    if ((subkey == key->subkeys || g_strcmp0 (subkey->fpr, signing) == 0) && subkey->expires > 0
        && (gint64) subkey->expires <= now)
      return TRUE;
  return FALSE;
}

static gboolean
weak_digest (gpgme_signature_t found)
{
  switch ((int) found->hash_algo) {
  case GPGME_MD_MD5:
  case GPGME_MD_MD2:
  case GPGME_MD_MD4:
    return TRUE;
  case GPGME_MD_SHA1:
  case GPGME_MD_RMD160:
    return (gint64) found->timestamp >= WEAK_DIGEST_SINCE;
  default:
    return FALSE;
  }
}

static gboolean
subkey_revoked (gpgme_key_t key, const char *signing)
{
  for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next)
    if (g_strcmp0 (subkey->fpr, signing) == 0 && subkey->revoked)
      return TRUE;
  return FALSE;
}

/* gpg judges as of today; what has an end is judged here as of the asked time. */
static enum signature_state
state_of (gpgme_signature_t found, gpgme_key_t key, gint64 at, GHashTable *trusted, const char *fingerprint)
{
  switch ((int) gpgme_err_code (found->status)) {
  case GPG_ERR_NO_ERROR:
  case GPG_ERR_KEY_EXPIRED:
  case GPG_ERR_SIG_EXPIRED:
    break;
  case GPG_ERR_CERT_REVOKED:
    return SIGNATURE_REVOKED;
  case GPG_ERR_BAD_SIGNATURE:
    return SIGNATURE_BAD;
  case GPG_ERR_NO_PUBKEY:
    return SIGNATURE_UNKNOWN_KEY;
  default:
    return SIGNATURE_ERROR;
  }
  const gint64 now = pgp_keys_now (at);
  if (key == NULL || found->wrong_key_usage)
    return SIGNATURE_ERROR;
  if (key->revoked || subkey_revoked (key, found->fpr))
    return SIGNATURE_REVOKED;
  if (weak_digest (found) || (gint64) found->timestamp > now + CLOCKS_DIFFER_S)
    return SIGNATURE_ERROR;
  if (expired_at (key, found->fpr, at) || (found->exp_timestamp != 0 && (gint64) found->exp_timestamp <= now))
    return SIGNATURE_EXPIRED;
  return key->secret || (trusted != NULL && g_hash_table_contains (trusted, fingerprint)) ? SIGNATURE_GOOD
                                                                                          : SIGNATURE_UNTRUSTED;
}

void
pgp_verify_collect (struct pgp_engine *engine, gpgme_ctx_t context, gint64 at, GHashTable *trusted,
                    GPtrArray *signatures_out)
{
  gpgme_verify_result_t result = gpgme_op_verify_result (context);
  guint count = 0;
  for (gpgme_signature_t found = result != NULL ? result->signatures : NULL; found != NULL; found = found->next) {
    struct pgp_signature *signature = g_new0 (struct pgp_signature, 1);
    gpgme_key_t key = pgp_keys_by_signer (engine, found->fpr);
    const char *primary = key != NULL && key->subkeys != NULL ? key->subkeys->fpr : found->fpr;
    signature->fingerprint = primary != NULL ? g_ascii_strup (primary, -1) : NULL;
    signature->addresses = key != NULL ? pgp_keys_addresses (key) : g_ptr_array_new_with_free_func (g_free);
    signature->time = (gint64) found->timestamp;
    signature->weak = weak_digest (found);
    signature->early = signature->time > pgp_keys_now (at) + CLOCKS_DIFFER_S;
    signature->state = state_of (found, key, at, trusted, signature->fingerprint != NULL ? signature->fingerprint : "");
    /* More than anybody needs: the rest is not looked at, so nothing here may be called good. */
    if (++count > SIGNATURES_MAX)
      signature->state = SIGNATURE_ERROR;
    signature->valid = signature->state == SIGNATURE_GOOD || signature->state == SIGNATURE_UNTRUSTED
                       || signature->state == SIGNATURE_EXPIRED || signature->state == SIGNATURE_REVOKED;
    g_ptr_array_add (signatures_out, signature);
    if (count > SIGNATURES_MAX)
      return;
  }
}

gboolean
pgp_verify_detached (struct pgp_engine *engine, GBytes *content, GBytes *signature, gint64 at, GHashTable *trusted,
                     GPtrArray *signatures_out, GError **error)
{
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  if (context == NULL)
    return FALSE;
  AUTOFREE (gpgme_data) text = pgp_source_open (content);
  AUTOFREE (gpgme_data) detached = pgp_source_open (signature);
  const gpgme_error_t failed = gpgme_op_verify (context, detached, text, NULL);
  const guint before = signatures_out->len;
  pgp_verify_collect (engine, context, at, trusted, signatures_out);
  if (failed == 0 && signatures_out->len > before)
    return TRUE;
  g_ptr_array_set_size (signatures_out, (int) before);
  pgp_set_error (error, CRYPTO_ERROR_FORMAT, failed, "The OpenPGP signature cannot be read");
  return FALSE;
}

/* A compressed packet may hide an encrypted one, which gpg would open: then this is not what it claims to be. */
static gpgme_error_t
note_decryption (void *data, const char *keyword, const char *arguments)
{
  gboolean *decrypted = data;
  if (g_str_has_prefix (keyword, "BEGIN_DECRYPTION") || g_str_has_prefix (keyword, "DECRYPTION_")
      || g_str_has_prefix (keyword, "ENC_TO"))
    *decrypted = TRUE;
  return 0;
}

GBytes *
pgp_verify_inline (struct pgp_engine *engine, GBytes *armor, gint64 at, GHashTable *trusted, GPtrArray *signatures_out,
                   GError **error)
{
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  if (context == NULL)
    return NULL;
  struct pgp_sink sink;
  gboolean decrypted = FALSE;
  gpgme_set_ctx_flag (context, "full-status", "1");
  gpgme_set_status_cb (context, note_decryption, &decrypted);
  AUTOFREE (gpgme_data) source = pgp_source_open (armor);
  AUTOFREE (gpgme_data) plain = pgp_sink_open (&sink, INSPECT_BYTES_MAX);
  const gpgme_error_t failed = gpgme_op_verify (context, source, NULL, plain);
  const guint before = signatures_out->len;
  if ((failed == 0 || gpgme_err_code (failed) == GPG_ERR_NO_DATA) && !decrypted && !sink.full) {
    pgp_verify_collect (engine, context, at, trusted, signatures_out);
    if (signatures_out->len > before || sink.bytes->len > 0)
      return pgp_sink_steal (&sink);
  }
  pgp_sink_clear (&sink);
  pgp_set_error (error, CRYPTO_ERROR_FORMAT, failed, "The signed OpenPGP text cannot be read");
  return NULL;
}
