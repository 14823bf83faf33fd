/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading files of certificates and keys: PEM with several parts, DER, PKCS#12, PKCS#7, PKCS#8, traditional and encrypted keys.
 *
 * What the file is, is found by looking, not by its name. Something that is ours but cannot be opened (PASSPHRASE) or is broken
 * (FORMAT) is an error of the whole file; something that is not ours is left to the other engine. */
#include <string.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include "crypto/smime/smime_p.h"

#define SIGNATURE_BYTES_MAX 2048 /* RSA with 16384 bits, as many as OpenSSL does */

void
smime_import_init (struct smime_batch *batch)
{
  batch->certificates = g_ptr_array_new_with_free_func ((GDestroyNotify) X509_free);
  batch->keys = g_ptr_array_new_with_free_func ((GDestroyNotify) EVP_PKEY_free);
}

void
smime_import_clear (struct smime_batch *batch)
{
  g_ptr_array_unref (batch->certificates);
  g_ptr_array_unref (batch->keys);
}

static gboolean
fail_format (GError **error)
{
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
               "A certificate or key in this file is damaged, so that nothing was taken in. Get the file again from "
               "where it came.");
  return FALSE;
}

static gboolean
fail_passphrase (const struct secret *passphrase, GError **error)
{
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_PASSPHRASE, "%s",
               passphrase != NULL
                   ? "The passphrase does not open this key file. Check it and try again."
                   : "This key file is protected by a passphrase. Give the passphrase that came with it.");
  return FALSE;
}

static gboolean
take_certificate (struct smime_batch *batch, X509 *certificate_take, GError **error)
{
  if (certificate_take == NULL || batch->certificates->len >= SMIME_IMPORT_ITEMS_MAX) {
    X509_free (certificate_take);
    return fail_format (error);
  }
  g_ptr_array_add (batch->certificates, certificate_take);
  return TRUE;
}

static gboolean
take_key (struct smime_batch *batch, EVP_PKEY *key_take, GError **error)
{
  if (key_take == NULL || batch->keys->len >= SMIME_IMPORT_ITEMS_MAX) {
    EVP_PKEY_free (key_take);
    return fail_format (error);
  }
  g_ptr_array_add (batch->keys, key_take);
  return TRUE;
}

static gboolean
take_certificates (struct smime_batch *batch, STACK_OF (X509) * certificates, GError **error)
{
  gboolean fine = sk_X509_num (certificates) > 0 || fail_format (error);
  for (int i = 0; fine && i < sk_X509_num (certificates); i++) {
    X509 *certificate = sk_X509_value (certificates, i);
    X509_up_ref (certificate);
    fine = take_certificate (batch, certificate, error);
  }
  return fine;
}

static gboolean
read_pkcs7 (const guchar *bytes, long size, struct smime_batch *batch, GError **error)
{
  CMS_ContentInfo *cms = d2i_CMS_ContentInfo (NULL, &bytes, size);
  STACK_OF (X509) *certificates = cms != NULL ? CMS_get1_certs (cms) : NULL;
  gboolean fine = take_certificates (batch, certificates, error);
  sk_X509_pop_free (certificates, X509_free);
  CMS_ContentInfo_free (cms);
  return fine;
}

static gboolean
read_encrypted_pkcs8 (const guchar *bytes, long size, const struct secret *passphrase, struct smime_batch *batch,
                      GError **error)
{
  X509_SIG *sealed = d2i_X509_SIG (NULL, &bytes, size);
  if (sealed == NULL)
    return fail_format (error);
  struct smime_import_library library;
  smime_import_p12_begin (&library);
  PKCS8_PRIV_KEY_INFO *open = NULL;
  if (passphrase != NULL && secret_size (passphrase) <= 1024)
    open = PKCS8_decrypt_ex (sealed, secret_peek (passphrase), (int) secret_size (passphrase), library.context, NULL);
  gboolean fine = open != NULL ? take_key (batch, EVP_PKCS82PKEY (open), error) : fail_passphrase (passphrase, error);
  PKCS8_PRIV_KEY_INFO_free (open);
  X509_SIG_free (sealed);
  smime_import_p12_end (&library);
  return fine;
}

static gboolean
read_key (const guchar *bytes, long size, struct smime_batch *batch, GError **error)
{
  return take_key (batch, d2i_AutoPrivateKey (NULL, &bytes, size), error);
}

static int
passphrase_callback (char *buffer, int size, int writing, void *data)
{
  const struct secret *passphrase = data;
  if (passphrase == NULL || secret_size (passphrase) > (gsize) size)
    return -1;
  memcpy (buffer, secret_peek (passphrase), secret_size (passphrase));
  return (int) secret_size (passphrase);
}

/* A traditional key ("BEGIN RSA PRIVATE KEY"), whose PEM header may say how it is encrypted. */
static gboolean
read_traditional (char *header, guchar *bytes, long size, const struct secret *passphrase, struct smime_batch *batch,
                  GError **error)
{
  EVP_CIPHER_INFO cipher;
  if (header[0] != '\0'
      && (PEM_get_EVP_CIPHER_INFO (header, &cipher) != 1
          || PEM_do_header (&cipher, bytes, &size, passphrase_callback, (void *) passphrase) != 1))
    return fail_passphrase (passphrase, error);
  /* A wrong passphrase can look right to the padding: then the key is nonsense, which is as likely as a damaged file is rare. */
  if (!read_key (bytes, size, batch, NULL))
    return header[0] != '\0' ? fail_passphrase (passphrase, error) : fail_format (error);
  return TRUE;
}

static gboolean
read_pem_part (const char *name, char *header, guchar *bytes, long size, const struct secret *passphrase,
               struct smime_batch *batch, gboolean *ours_out, GError **error)
{
  const guchar *at = bytes;
  *ours_out = TRUE;
  if (g_str_equal (name, PEM_STRING_X509) || g_str_equal (name, PEM_STRING_X509_OLD))
    return take_certificate (batch, d2i_X509 (NULL, &at, size), error);
  if (g_str_equal (name, PEM_STRING_X509_TRUSTED))
    return take_certificate (batch, d2i_X509_AUX (NULL, &at, size), error);
  if (g_str_equal (name, PEM_STRING_PKCS7) || g_str_equal (name, PEM_STRING_PKCS7_SIGNED)
      || g_str_equal (name, PEM_STRING_CMS))
    return read_pkcs7 (bytes, size, batch, error);
  if (g_str_equal (name, PEM_STRING_PKCS8))
    return read_encrypted_pkcs8 (bytes, size, passphrase, batch, error);
  if (g_str_equal (name, PEM_STRING_PKCS8INF))
    return read_key (bytes, size, batch, error);
  if (g_str_equal (name, PEM_STRING_RSA) || g_str_equal (name, PEM_STRING_ECPRIVATEKEY))
    return read_traditional (header, bytes, size, passphrase, batch, error);
  *ours_out = FALSE; /* "EC PARAMETERS", requests, OpenPGP armor and whatever else */
  return TRUE;
}

static gboolean
read_pem (GBytes *blob, const struct secret *passphrase, struct smime_batch *batch, gboolean *recognised_out,
          GError **error)
{
  gsize all;
  const char *text = g_bytes_get_data (blob, &all);
  BIO *bio = BIO_new_mem_buf (text, (int) all);
  char *name = NULL, *header = NULL;
  guchar *bytes = NULL;
  long size = 0;
  gboolean fine = bio != NULL;
  while (fine && PEM_read_bio (bio, &name, &header, &bytes, &size) == 1) {
    gboolean ours = FALSE;
    long read_size = size;
    fine = read_pem_part (name, header, bytes, size, passphrase, batch, &ours, error);
    *recognised_out = *recognised_out || ours;
    OPENSSL_free (name);
    OPENSSL_free (header);
    OPENSSL_clear_free (bytes, (size_t) read_size);
  }
  BIO_free (bio);
  /* A part that begins and does not end as PEM should must not be passed over in silence. */
  unsigned long reason = ERR_peek_last_error ();
  if (fine && *recognised_out && ERR_GET_LIB (reason) == ERR_LIB_PEM && ERR_GET_REASON (reason) != PEM_R_NO_START_LINE)
    fine = fail_format (error);
  return fine;
}

/* TRUE if it is PKCS#12 at all; then fine_out and error say how it went. */
static gboolean
read_p12 (const guchar *bytes, long size, const struct secret *passphrase, struct smime_batch *batch,
          gboolean *fine_out, GError **error)
{
  struct smime_import_library library;
  smime_import_p12_begin (&library);
  PKCS12 *container = PKCS12_init_ex (NID_pkcs7_data, library.context, NULL);
  gboolean is_p12 = container != NULL && d2i_PKCS12 (&container, &bytes, size) != NULL;
  if (is_p12)
    *fine_out = smime_import_p12_read (container, library.context, passphrase, batch, error);
  PKCS12_free (container); /* NULL after a failed d2i, which frees it */
  smime_import_p12_end (&library);
  return is_p12;
}

/* DER says little about what it is: try each form until one fits over the whole length. */
static gboolean
read_der (GBytes *blob, const struct secret *passphrase, struct smime_batch *batch, gboolean *recognised_out,
          GError **error)
{
  gsize size;
  const guchar *bytes = g_bytes_get_data (blob, &size), *at = bytes;
  X509 *certificate = d2i_X509 (NULL, &at, (long) size);
  gboolean fine = FALSE;
  *recognised_out = TRUE;
  if (certificate != NULL)
    return take_certificate (batch, certificate, error);
  if (smime_kind (blob) == SMIME_SIGNED)
    return read_pkcs7 (bytes, (long) size, batch, error);
  if (read_p12 (bytes, (long) size, passphrase, batch, &fine, error))
    return fine;
  if (read_key (bytes, (long) size, batch, NULL))
    return TRUE;
  at = bytes;
  X509_SIG *sealed = d2i_X509_SIG (NULL, &at, (long) size);
  gboolean is_sealed = sealed != NULL;
  X509_SIG_free (sealed);
  if (is_sealed)
    return read_encrypted_pkcs8 (bytes, (long) size, passphrase, batch, error);
  *recognised_out = FALSE;
  return TRUE;
}

/* Does the private half belong to the public one? A key is filed by its public half, so that a file that only says that it is a key of
 * ours would take the place of that key. Of kinds that cannot sign the public half is computed, and not read. */
static gboolean
is_whole (EVP_PKEY *key)
{
  static const guchar text[] = "is it the same key?";
  guchar signature[SIGNATURE_BYTES_MAX];
  size_t size = sizeof signature;
  if (EVP_PKEY_can_sign (key) != 1)
    return TRUE;
  EVP_MD_CTX *sign = EVP_MD_CTX_new (), *verify = EVP_MD_CTX_new ();
  gboolean whole = sign != NULL && verify != NULL && EVP_PKEY_get_size (key) <= (int) sizeof signature
                   && EVP_DigestSignInit (sign, NULL, NULL, NULL, key) == 1
                   && EVP_DigestSign (sign, signature, &size, text, sizeof text) == 1
                   && EVP_DigestVerifyInit (verify, NULL, NULL, NULL, key) == 1
                   && EVP_DigestVerify (verify, signature, size, text, sizeof text) == 1;
  EVP_MD_CTX_free (sign);
  EVP_MD_CTX_free (verify);
  return whole;
}

gboolean
smime_import_read (GBytes *blob, const struct secret *passphrase, struct smime_batch *batch, gboolean *recognised_out,
                   GError **error)
{
  gsize size;
  const char *bytes = g_bytes_get_data (blob, &size);
  gboolean fine = TRUE;
  *recognised_out = FALSE;
  if (size == 0 || size > SMIME_IMPORT_BYTES_MAX)
    return TRUE;
  ERR_clear_error ();
  if (bytes[0] == 0x30)
    fine = read_der (blob, passphrase, batch, recognised_out, error);
  else if (g_strstr_len (bytes, (gssize) size, "-----BEGIN ") != NULL)
    fine = read_pem (blob, passphrase, batch, recognised_out, error);
  for (guint i = 0; fine && i < batch->keys->len; i++)
    fine = is_whole (batch->keys->pdata[i]) || fail_format (error);
  ERR_clear_error ();
  return fine;
}
