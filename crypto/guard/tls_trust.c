/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom we believe about servers: the system's authorities, or those that somebody here named, and the lists of what they took back. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include "crypto/guard/tls_p.h"

#define CERTIFICATES_MAX 1000 /* of one file; the system's own list has some hundred and fifty */
#define LISTS_MAX 200
#define SECURITY_BITS_MIN 112

/* The end of the file is no error; a block that is damaged is one. */
static gboolean
ended_well (void)
{
  unsigned long code = ERR_peek_last_error ();
  gboolean well = code == 0 || (ERR_GET_LIB (code) == ERR_LIB_PEM && ERR_GET_REASON (code) == PEM_R_NO_START_LINE);
  ERR_clear_error ();
  return well;
}

STACK_OF (X509) * tls_trust_parse (GBytes *bytes)
{
  gsize size;
  const guchar *data = g_bytes_get_data (bytes, &size);
  STACK_OF (X509) *certificates = sk_X509_new_null ();
  X509 *certificate = NULL;
  ERR_clear_error ();
  if (size > 0 && size <= TLS_FILE_SIZE_MAX && data[0] == 0x30) { /* one in DER */
    certificate = d2i_X509 (NULL, &data, (long) size);
    if (certificate != NULL)
      sk_X509_push (certificates, certificate);
  } else if (size > 0 && size <= TLS_FILE_SIZE_MAX) {
    BIO *bio = BIO_new_mem_buf (data, (int) size);
    while (sk_X509_num (certificates) < CERTIFICATES_MAX
           && (certificate = PEM_read_bio_X509 (bio, NULL, tls_policy_no_passphrase, NULL)) != NULL)
      sk_X509_push (certificates, certificate);
    BIO_free (bio);
  }
  if (ended_well () && sk_X509_num (certificates) > 0)
    return certificates;
  sk_X509_pop_free (certificates, X509_free);
  return NULL;
}

/* A list that can be forged says nothing, so that it is as if it were not there. */
static gboolean
is_strong (const X509_CRL *list)
{
  int digest = NID_undef, nid = X509_CRL_get_signature_nid (list);
  if (nid == NID_ED25519 || nid == NID_ED448 || nid == NID_rsassaPss)
    return TRUE;
  const EVP_MD *md
      = OBJ_find_sigid_algs (nid, &digest, NULL) == 1 && digest != NID_undef ? EVP_get_digestbynid (digest) : NULL;
  return md != NULL && EVP_MD_get_size (md) * 4 >= SECURITY_BITS_MIN;
}

static void
add_list (STACK_OF (X509_CRL) * lists, X509_CRL *list_take, guint *found)
{
  *found += 1;
  if (!is_strong (list_take) || sk_X509_CRL_push (lists, list_take) <= 0)
    X509_CRL_free (list_take);
}

/* NULL: there is none, or one is damaged. */
static STACK_OF (X509_CRL) * parse_lists (GBytes *bytes)
{
  gsize size;
  const guchar *data = g_bytes_get_data (bytes, &size);
  STACK_OF (X509_CRL) *lists = sk_X509_CRL_new_null ();
  X509_CRL *list = NULL;
  guint found = 0;
  ERR_clear_error ();
  if (size > 0 && size <= TLS_FILE_SIZE_MAX && data[0] == 0x30) {
    list = d2i_X509_CRL (NULL, &data, (long) size);
    if (list != NULL)
      add_list (lists, list, &found);
  } else if (size > 0 && size <= TLS_FILE_SIZE_MAX) {
    BIO *bio = BIO_new_mem_buf (data, (int) size);
    while (found < LISTS_MAX && (list = PEM_read_bio_X509_CRL (bio, NULL, tls_policy_no_passphrase, NULL)) != NULL)
      add_list (lists, list, &found);
    BIO_free (bio);
  }
  if (ended_well () && found > 0)
    return lists;
  sk_X509_CRL_pop_free (lists, X509_CRL_free);
  return NULL;
}

static struct tls_trust *
trust_new (void)
{
  struct tls_trust *trust = g_new0 (struct tls_trust, 1);
  trust->store = X509_STORE_new ();
  return trust;
}

void
tls_trust_free (struct tls_trust *trust)
{
  if (trust == NULL)
    return;
  X509_STORE_free (trust->store);
  sk_X509_pop_free (trust->own, X509_free);
  sk_X509_CRL_pop_free (trust->lists, X509_CRL_free);
  g_free (trust);
}

struct tls_trust *
tls_trust_system (GError **error)
{
  AUTOFREE (tls_trust) trust = trust_new ();
  if (trust->store != NULL && X509_STORE_set_default_paths (trust->store) == 1)
    return g_steal_pointer (&trust);
  g_set_error (error, CRYPTO_ERROR, TLS_ERROR_UNTRUSTED,
               "This computer's list of trusted certificate authorities could not be read, so that no server can be "
               "checked. Install the package ca-certificates.");
  return NULL;
}

struct tls_trust *
tls_trust_empty (void)
{
  struct tls_trust *trust = trust_new ();
  trust->own = sk_X509_new_null ();
  return trust;
}

gboolean
tls_trust_add_own (struct tls_trust *trust, GBytes *bytes, const char *name, GError **error)
{
  STACK_OF (X509) *certificates = tls_trust_parse (bytes);
  gboolean fine = trust->store != NULL && trust->own != NULL && certificates != NULL;
  for (int i = 0; fine && i < sk_X509_num (certificates); i++) {
    X509 *certificate = sk_X509_value (certificates, i);
    fine = X509_STORE_add_cert (trust->store, certificate) == 1
           && X509_add_cert (trust->own, certificate, X509_ADD_FLAG_UP_REF) == 1;
  }
  sk_X509_pop_free (certificates, X509_free);
  ERR_clear_error ();
  if (!fine)
    g_set_error (error, CRYPTO_ERROR, TLS_ERROR_UNTRUSTED,
                 "The file of trusted certificates %s could not be read, so that the server cannot be checked. Check "
                 "that it exists and holds certificates in PEM form.",
                 name != NULL ? name : "that was given");
  return fine;
}

gboolean
tls_trust_add_lists (struct tls_trust *trust, GBytes *bytes, const char *name, GError **error)
{
  STACK_OF (X509_CRL) *lists = parse_lists (bytes);
  if (trust->lists == NULL)
    trust->lists = sk_X509_CRL_new_null ();
  if (lists == NULL || trust->lists == NULL) {
    sk_X509_CRL_pop_free (lists, X509_CRL_free);
    g_set_error (error, CRYPTO_ERROR, TLS_ERROR_REVOKED,
                 "The file of revocation lists %s could not be read, so that nobody can tell whether the server's "
                 "certificate was revoked. Check that it exists and holds revocation lists in PEM form.",
                 name != NULL ? name : "that was given");
    return FALSE;
  }
  while (sk_X509_CRL_num (lists) > 0) {
    X509_CRL *list = sk_X509_CRL_pop (lists);
    if (sk_X509_CRL_push (trust->lists, list) <= 0)
      X509_CRL_free (list);
  }
  sk_X509_CRL_free (lists);
  return TRUE;
}

static GBytes *
read_file (const char *file)
{
  char *contents = NULL;
  gsize size = 0;
  if (g_file_get_contents (file, &contents, &size, NULL))
    return g_bytes_new_take (contents, size);
  return g_bytes_new_static ("", 0); /* said by whoever reads it */
}

struct tls_trust *
tls_trust_for (const struct tls_settings *settings, GError **error)
{
  AUTOFREE (tls_trust) trust = settings->anchors_file != NULL ? tls_trust_empty () : tls_trust_system (error);
  if (trust == NULL)
    return NULL;
  if (settings->anchors_file != NULL) {
    g_autoptr (GBytes) anchors = read_file (settings->anchors_file);
    if (!tls_trust_add_own (trust, anchors, settings->anchors_file, error))
      return NULL;
  }
  if (settings->lists_file != NULL) {
    g_autoptr (GBytes) lists = read_file (settings->lists_file);
    if (!tls_trust_add_lists (trust, lists, settings->lists_file, error))
      return NULL;
  }
  return g_steal_pointer (&trust);
}
