/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Making an OpenPGP key: one request to gpg, so that there is the whole key or none. */
#include "crypto/pgp/pgp_life.h"
#include "crypto/pgp/pgp_p.h"
#include <string.h>

#define NAME_SIZE_MAX 200
#define LIFE "2y"

/* In the request each field is a line, in the user id "<" and ">" enclose the address and "(" a comment. */
static char *
plain_name (const char *name)
{
  GString *plain = g_string_new (NULL);
  for (const char *at = name; at != NULL && *at != '\0' && plain->len < NAME_SIZE_MAX; at = g_utf8_next_char (at)) {
    const gunichar c = g_utf8_get_char (at);
    if (g_unichar_isprint (c) && strchr ("<>()", (int) (c < 128 ? c : 'x')) == NULL)
      g_string_append_unichar (plain, c);
  }
  return g_strstrip (g_string_free (plain, FALSE));
}

static const char *
algorithm_lines (enum pgp_algorithm algorithm)
{
  switch (algorithm) {
  case PGP_ED25519:
    return "Key-Type: EDDSA\nKey-Curve: ed25519\nKey-Usage: sign,cert\n"
           "Subkey-Type: ECDH\nSubkey-Curve: cv25519\nSubkey-Usage: encrypt\n";
  case PGP_RSA3072:
    return "Key-Type: RSA\nKey-Length: 3072\nKey-Usage: sign,cert\n"
           "Subkey-Type: RSA\nSubkey-Length: 3072\nSubkey-Usage: encrypt\n";
  case PGP_RSA4096:
    return "Key-Type: RSA\nKey-Length: 4096\nKey-Usage: sign,cert\n"
           "Subkey-Type: RSA\nSubkey-Length: 4096\nSubkey-Usage: encrypt\n";
  }
  return "";
}

static char *
parameters (const struct pgp_make *make)
{
  g_autofree char *name
      = g_utf8_validate (make->name != NULL ? make->name : "", -1, NULL) ? plain_name (make->name) : g_strdup ("");
  g_autofree char *name_line = *name != '\0' ? g_strdup_printf ("Name-Real: %s\n", name) : g_strdup ("");
  return g_strdup_printf (
      "<GnupgKeyParms format=\"internal\">\n%s%s%sName-Email: %s\nExpire-Date: " LIFE "\n</GnupgKeyParms>\n",
      make->passphrase == NULL ? "%no-protection\n" : "", algorithm_lines (make->algorithm), name_line, make->address);
}

char *
pgp_make (struct pgp_engine *engine, const struct pgp_make *make, GError **error)
{
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  if (context == NULL)
    return NULL;
  g_autofree char *text = parameters (make);
  if (make->passphrase != NULL)
    pgp_context_give (context, make->passphrase);
  g_clear_pointer (&engine->keys, g_ptr_array_unref);
  const gpgme_error_t failed = gpgme_op_genkey (context, text, NULL, NULL);
  gpgme_genkey_result_t result = failed == 0 ? gpgme_op_genkey_result (context) : NULL;
  gpgme_key_t key = result != NULL ? pgp_keys_by_fingerprint (engine, result->fpr) : NULL;
  enum key_fault fault = KEY_FAULT_BROKEN;
  if (key != NULL && pgp_keys_encryption (key, 0, &fault) != NULL)
    return g_ascii_strup (result->fpr, -1);
  if (!pgp_home_full (engine, error))
    pgp_set_error (error, CRYPTO_ERROR_FAILED, failed, "The OpenPGP key could not be made");
  return NULL;
}
