/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking an OpenPGP key of one's own back: by a signature of the key itself, or by the certificate that was kept when it was made. */
#include "crypto/pgp/pgp_life.h"
#include "crypto/pgp/pgp_p.h"
#include <errno.h>
#include <string.h>

#define OUTPUT_SIZE_MAX (64u * 1024)
#define PROMPTS_MAX 20

struct dialogue {
  enum pgp_revoke_reason reason;
  guint prompts; /* asked for a command */
  guint answers;
};

/* What gpg asks while it edits a key, by the names that it gives its questions. NULL: no such question is expected. */
static const char *
answer_to (struct dialogue *dialogue, const char *question)
{
  static const char *const codes[] = { "0", "1", "2", "3" };
  if (strcmp (question, "keyedit.prompt") == 0)
    return dialogue->prompts++ == 0 ? "revkey" : "save";
  if (strcmp (question, "ask_revocation_reason.code") == 0)
    return codes[dialogue->reason];
  if (strcmp (question, "ask_revocation_reason.text") == 0)
    return "";
  if (strcmp (question, "keyedit.revoke.subkey.okay") == 0 || strcmp (question, "ask_revocation_reason.okay") == 0
      || strcmp (question, "keyedit.save.okay") == 0)
    return "y";
  return NULL;
}

static gpgme_error_t
converse (void *data, const char *status, const char *args, int fd)
{
  struct dialogue *dialogue = data;
  if (fd < 0 || status == NULL || args == NULL || !g_str_has_prefix (status, "GET_"))
    return GPG_ERR_NO_ERROR;
  const char *answer = dialogue->answers++ < PROMPTS_MAX ? answer_to (dialogue, args) : NULL;
  if (answer == NULL)
    return gpgme_error (GPG_ERR_UNEXPECTED);
  if (gpgme_io_writen (fd, answer, strlen (answer)) != 0 || gpgme_io_writen (fd, "\n", 1) != 0)
    return gpgme_error_from_errno (errno);
  return GPG_ERR_NO_ERROR;
}

static gpgme_error_t
sign_revocation (struct pgp_engine *engine, gpgme_key_t key, enum pgp_revoke_reason reason, GError **error)
{
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  if (context == NULL)
    return gpgme_error (GPG_ERR_GENERAL);
  struct dialogue dialogue = { .reason = reason };
  struct pgp_sink sink;
  AUTOFREE (gpgme_data) output = pgp_sink_open (&sink, OUTPUT_SIZE_MAX);
  const gpgme_error_t failed = gpgme_op_interact (context, key, 0, converse, &dialogue, output);
  pgp_sink_clear (&sink);
  return failed;
}

/* gpg puts a colon before the armor, so that nobody revokes a key by mistake. */
static gboolean
use_kept (struct pgp_engine *engine, const char *fingerprint)
{
  g_autoptr (GBytes) kept = pgp_revoke_kept (engine, fingerprint);
  gsize size = 0;
  const char *text = kept != NULL ? g_bytes_get_data (kept, &size) : NULL;
  const char *armor = text != NULL ? g_strstr_len (text, (gssize) size, ":-----BEGIN PGP ") : NULL;
  AUTOFREE (gpgme_context) context = armor != NULL ? pgp_context_new (engine, NULL) : NULL;
  if (context == NULL)
    return FALSE;
  g_autoptr (GBytes) bytes
      = g_bytes_new_from_bytes (kept, (gsize) (armor + 1 - text), size - (gsize) (armor + 1 - text));
  AUTOFREE (gpgme_data) source = pgp_source_open (bytes);
  return gpgme_op_import (context, source) == 0;
}

static gboolean
is_revoked (struct pgp_engine *engine, const char *fingerprint)
{
  g_clear_pointer (&engine->keys, g_ptr_array_unref);
  gpgme_key_t key = pgp_keys_by_fingerprint (engine, fingerprint);
  return key != NULL && key->revoked;
}

gboolean
pgp_revoke (struct pgp_engine *engine, const char *fingerprint, enum pgp_revoke_reason reason, GError **error)
{
  gpgme_key_t key = pgp_keys_by_fingerprint (engine, fingerprint);
  g_autoptr (GError) local = NULL;
  if (key == NULL || !key->secret) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY,
                 "This is no OpenPGP key of your own, so that only its owner can revoke it.");
    return FALSE;
  }
  gpgme_key_ref (key);
  const gpgme_error_t failed = sign_revocation (engine, key, reason, &local);
  gpgme_key_unref (key);
  if (is_revoked (engine, fingerprint) || (use_kept (engine, fingerprint) && is_revoked (engine, fingerprint)))
    return TRUE;
  if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  else if (!pgp_home_full (engine, error))
    pgp_set_error (error, CRYPTO_ERROR_FAILED, failed, "The OpenPGP key could not be revoked");
  return FALSE;
}
