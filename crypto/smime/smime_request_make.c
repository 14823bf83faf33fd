/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Making a key and the request for its certificate, or for the successor of a certificate. See smime_life.h. */
#include <string.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include "crypto/smime/smime_life.h"
#include "crypto/smime/smime_p.h"

#define NAME_CHARACTERS_MAX 64 /* ub-common-name */

/* Names and subject of what is asked for. */
struct identity {
  X509_NAME *subject;
  GENERAL_NAMES *names;
};

static void
identity_clear (struct identity *identity)
{
  X509_NAME_free (identity->subject);
  GENERAL_NAMES_free (identity->names);
}

static gboolean
identity_new (struct identity *identity, const char *address, const char *name)
{
  g_autofree char *plain = g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), NAME_CHARACTERS_MAX));
  GENERAL_NAME *mail = GENERAL_NAME_new ();
  ASN1_IA5STRING *text = ASN1_IA5STRING_new ();
  *identity = (struct identity){ X509_NAME_new (), GENERAL_NAMES_new () };
  if (mail == NULL || text == NULL || ASN1_STRING_set (text, address, -1) != 1) {
    GENERAL_NAME_free (mail);
    ASN1_IA5STRING_free (text);
    return FALSE;
  }
  GENERAL_NAME_set0_value (mail, GEN_EMAIL, text);
  if (identity->names == NULL || sk_GENERAL_NAME_push (identity->names, mail) <= 0) {
    GENERAL_NAME_free (mail);
    return FALSE;
  }
  return identity->subject != NULL
         && X509_NAME_add_entry_by_NID (identity->subject, NID_commonName, MBSTRING_UTF8, (const guchar *) plain, -1,
                                        -1, 0)
                == 1;
}

static gboolean
add_extension (STACK_OF (X509_EXTENSION) * extensions, int nid, const char *text)
{
  X509_EXTENSION *extension = X509V3_EXT_conf_nid (NULL, NULL, nid, text);
  if (extension != NULL && sk_X509_EXTENSION_push (extensions, extension) > 0)
    return TRUE;
  X509_EXTENSION_free (extension);
  return FALSE;
}

/* What a mail certificate is for: to sign, and to receive what is encrypted (RFC 8550, 4.4.2; by agreement where the key is on a curve). */
static gboolean
add_extensions (X509_REQ *request, const struct identity *identity, gboolean curve)
{
  STACK_OF (X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null ();
  X509_EXTENSION *names = X509V3_EXT_i2d (NID_subject_alt_name, 0, identity->names);
  gboolean fine = extensions != NULL && names != NULL && sk_X509_EXTENSION_push (extensions, names) > 0;
  if (!fine)
    X509_EXTENSION_free (names);
  fine = fine
         && add_extension (extensions, NID_key_usage,
                           curve ? "critical,digitalSignature,keyAgreement"
                                 : "critical,digitalSignature,keyEncipherment")
         && add_extension (extensions, NID_ext_key_usage, "emailProtection")
         && X509_REQ_add_extensions (request, extensions) == 1;
  sk_X509_EXTENSION_pop_free (extensions, X509_EXTENSION_free);
  return fine;
}

static GBytes *
to_pem (X509_REQ *request)
{
  BIO *bio = BIO_new (BIO_s_mem ());
  char *text = NULL;
  GBytes *pem = NULL;
  if (bio != NULL && PEM_write_bio_X509_REQ (bio, request) == 1) {
    const long size = BIO_get_mem_data (bio, &text);
    pem = size > 0 ? g_bytes_new (text, (gsize) size) : NULL;
  }
  BIO_free (bio);
  return pem;
}

static GBytes *
sign_request (const struct identity *identity, EVP_PKEY *key)
{
  X509_REQ *request = X509_REQ_new ();
  const int type = EVP_PKEY_get_base_id (key);
  const EVP_MD *digest = type == EVP_PKEY_ED25519 || type == EVP_PKEY_ED448 ? NULL : EVP_sha256 ();
  GBytes *pem = NULL;
  if (request != NULL && X509_REQ_set_version (request, X509_REQ_VERSION_1) == 1
      && X509_REQ_set_subject_name (request, identity->subject) == 1 && X509_REQ_set_pubkey (request, key) == 1
      && add_extensions (request, identity, type != EVP_PKEY_RSA && type != EVP_PKEY_RSA_PSS)
      && X509_REQ_sign (request, key, digest) > 0)
    pem = to_pem (request);
  X509_REQ_free (request);
  return pem;
}

/* The key first: a request without it could never be answered. */
static struct smime_request *
keep_both (struct smime_store *store, const struct identity *identity, EVP_PKEY *key, gboolean is_new, GError **error)
{
  g_autoptr (GBytes) pem = sign_request (identity, key);
  if (pem == NULL) {
    smime_request_fail (error);
    return NULL;
  }
  struct smime_batch batch;
  smime_import_init (&batch);
  if (is_new && EVP_PKEY_up_ref (key) == 1)
    g_ptr_array_add (batch.keys, key);
  const gboolean fine = (!is_new || smime_store_keep (store, &batch, error)) && smime_request_keep (store, pem, error);
  smime_import_clear (&batch);
  return fine ? smime_request_describe (pem, g_get_real_time () / G_USEC_PER_SEC) : NULL;
}

static EVP_PKEY *
make_key (enum smime_algorithm algorithm)
{
  switch (algorithm) {
  case SMIME_RSA3072:
    return EVP_RSA_gen (3072);
  case SMIME_RSA4096:
    return EVP_RSA_gen (4096);
  case SMIME_P256:
    return EVP_EC_gen ("P-256");
  case SMIME_P384:
    return EVP_EC_gen ("P-384");
  }
  return NULL;
}

static struct smime_request *
make (struct smime_store *store, const struct identity *identity, enum smime_algorithm algorithm, GError **error)
{
  EVP_PKEY *key = make_key (algorithm);
  struct smime_request *request = key != NULL ? keep_both (store, identity, key, TRUE, error) : NULL;
  if (key == NULL)
    smime_request_fail (error);
  EVP_PKEY_free (key);
  ERR_clear_error ();
  return request;
}

struct smime_request *
smime_request_new (struct smime_store *store, const char *address, const char *name, enum smime_algorithm algorithm,
                   GError **error)
{
  struct identity identity;
  struct smime_request *request = NULL;
  if (!g_str_is_ascii (address)) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
                 "Certificates for addresses with letters beyond a to z are not asked for here. Ask your organisation "
                 "for a finished one (.p12) and import it: wardmail key import FILE");
    return NULL;
  }
  if (identity_new (&identity, address, name != NULL && *name != '\0' ? name : address))
    request = make (store, &identity, algorithm, error);
  else
    smime_request_fail (error);
  identity_clear (&identity);
  return request;
}

/* Of the same kind as the key before; at least as long as is made today. */
static enum smime_algorithm
algorithm_like (X509 *certificate)
{
  EVP_PKEY *key = X509_get0_pubkey (certificate);
  const int bits = key != NULL ? EVP_PKEY_get_bits (key) : 0;
  if (key != NULL && EVP_PKEY_get_base_id (key) == EVP_PKEY_EC)
    return bits > 256 ? SMIME_P384 : SMIME_P256;
  return bits > 3072 ? SMIME_RSA4096 : SMIME_RSA3072;
}

struct smime_request *
smime_request_renew (struct smime_store *store, const char *fingerprint, gboolean same_key, GError **error)
{
  struct smime_entry *entry = smime_store_entry (store, fingerprint);
  if (entry == NULL || entry->place == NULL) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY,
                 "This is no certificate of your own, so that only its owner can ask for a new one.");
    return NULL;
  }
  struct identity identity = { X509_NAME_dup (X509_get_subject_name (entry->certificate)),
                               X509_get_ext_d2i (entry->certificate, NID_subject_alt_name, NULL, NULL) };
  struct smime_request *request = NULL;
  struct identity fresh = { NULL, NULL };
  if (identity.names == NULL && entry->addresses->len > 0
      && identity_new (&fresh, entry->addresses->pdata[0], entry->addresses->pdata[0]))
    identity.names = g_steal_pointer (&fresh.names); /* an old one, which names the address in its subject */
  if (identity.subject == NULL || identity.names == NULL)
    smime_request_fail (error);
  else if (same_key) {
    EVP_PKEY *key = smime_key_open (store, entry, error);
    request = key != NULL ? keep_both (store, &identity, key, FALSE, error) : NULL;
    smime_key_close (key);
  } else
    request = make (store, &identity, algorithm_like (entry->certificate), error);
  identity_clear (&fresh);
  identity_clear (&identity);
  return request;
}
