/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Private keys in files of the profile: KEYID.key, PKCS#8 in DER, without a passphrase of its own, as the vault protects it.
 *
 * The bytes of the file and the numbers in it stand in OpenSSL's secure heap (locked, not in core dumps) and are wiped when the key is
 * closed. The usual kinds are read here and handed over by EVP_PKEY_fromdata, which takes 6 to 20 microseconds; OpenSSL's decoders take 90
 * where they are told what to expect and 350 to 600 where not, and leave a copy of the file behind (see secret_heap.c). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include "crypto/smime/smime_p.h"

#define FILE_BYTES_MAX (256 * 1024)
#define POINT_BYTES_MAX 300 /* of a public point, uncompressed: two numbers of 571 bits and one byte */

/* A file's bytes in the secure heap; OPENSSL_secure_clear_free. NULL: not there, not a file, empty or too large. */
static guchar *
read_file (const char *path, gsize *size_out)
{
  struct stat status;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  guchar *bytes = NULL;
  gsize size = 0, done = 0;
  if (fd >= 0 && fstat (fd, &status) == 0 && S_ISREG (status.st_mode) && status.st_size > 0
      && status.st_size <= FILE_BYTES_MAX) {
    size = (gsize) status.st_size;
    bytes = OPENSSL_secure_malloc (size);
  }
  while (bytes != NULL && done < size) {
    ssize_t got = read (fd, bytes + done, size - done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0) {
      OPENSSL_secure_clear_free (bytes, size);
      bytes = NULL;
    } else {
      done += (gsize) got;
    }
  }
  if (fd >= 0)
    close (fd);
  *size_out = size;
  return bytes;
}

/* DER inside DER, as far as private keys need it. */
struct span {
  const guchar *at;
  gsize size;
};

static gboolean
next (struct span *rest, int tag, int class, struct span *content_out)
{
  const guchar *at = rest->at;
  long length = 0;
  int found = 0, found_class = 0;
  if (rest->size == 0
      || (ASN1_get_object (&at, &length, &found, &found_class, (long) rest->size) & 0x81) != 0 /* wrong, or endless */
      || found != tag || found_class != class)
    return FALSE;
  *content_out = (struct span){ at, (gsize) length };
  rest->size -= (gsize) (at - rest->at) + (gsize) length;
  rest->at = at + length;
  return TRUE;
}

static EVP_PKEY *
from_parameters (const char *type, OSSL_PARAM_BLD *builder)
{
  OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param (builder);
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name (NULL, type, NULL);
  EVP_PKEY *key = NULL;
  if (parameters == NULL || context == NULL || EVP_PKEY_fromdata_init (context) != 1
      || EVP_PKEY_fromdata (context, &key, EVP_PKEY_KEYPAIR, parameters) != 1)
    key = NULL;
  EVP_PKEY_CTX_free (context);
  OSSL_PARAM_free (parameters);
  return key;
}

/* A positive number in the secure heap. */
static BIGNUM *
number (struct span bytes)
{
  BIGNUM *bn = bytes.size > 0 && bytes.size <= INT_MAX ? BN_secure_new () : NULL;
  if (bn != NULL && ((bytes.at[0] & 0x80) != 0 || BN_bin2bn (bytes.at, (int) bytes.size, bn) == NULL)) {
    BN_clear_free (bn);
    bn = NULL;
  }
  return bn;
}

/* RSAPrivateKey, RFC 8017 appendix A.1.2: version 0 and eight numbers. */
static EVP_PKEY *
read_rsa (struct span der)
{
  static const char *const names[]
      = { OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,           OSSL_PKEY_PARAM_RSA_D,
          OSSL_PKEY_PARAM_RSA_FACTOR1,   OSSL_PKEY_PARAM_RSA_FACTOR2,     OSSL_PKEY_PARAM_RSA_EXPONENT1,
          OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1 };
  BIGNUM *numbers[G_N_ELEMENTS (names)] = { NULL };
  struct span rest, piece;
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new ();
  gboolean fine = builder != NULL && next (&der, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &rest)
                  && next (&rest, V_ASN1_INTEGER, V_ASN1_UNIVERSAL, &piece) && piece.size == 1 && piece.at[0] == 0;
  for (guint i = 0; fine && i < G_N_ELEMENTS (names); i++)
    fine = next (&rest, V_ASN1_INTEGER, V_ASN1_UNIVERSAL, &piece) && (numbers[i] = number (piece)) != NULL
           && OSSL_PARAM_BLD_push_BN (builder, names[i], numbers[i]) == 1;
  EVP_PKEY *key = fine && rest.size == 0 ? from_parameters ("RSA", builder) : NULL;
  OSSL_PARAM_BLD_free (builder);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    BN_clear_free (numbers[i]);
  return key;
}

/* The curve by its name in the algorithm's parameters; NULL: written out, or none that is known. */
static const char *
curve_name (const X509_ALGOR *algorithm)
{
  const void *value = NULL;
  int type = V_ASN1_UNDEF;
  X509_ALGOR_get0 (NULL, &type, &value, algorithm);
  int nid = type == V_ASN1_OBJECT ? OBJ_obj2nid (value) : NID_undef;
  return nid != NID_undef ? OBJ_nid2sn (nid) : NULL;
}

/* ECPrivateKey, RFC 5915, with its public point, which OpenSSL always writes. */
static EVP_PKEY *
read_ec (struct span der, const X509_ALGOR *algorithm)
{
  struct span rest, piece, private, wrapped, point;
  const char *curve = curve_name (algorithm);
  if (curve == NULL || !next (&der, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, &rest)
      || !next (&rest, V_ASN1_INTEGER, V_ASN1_UNIVERSAL, &piece)
      || !next (&rest, V_ASN1_OCTET_STRING, V_ASN1_UNIVERSAL, &private) || private.size > POINT_BYTES_MAX)
    return NULL;
  (void) next (&rest, 0, V_ASN1_CONTEXT_SPECIFIC, &piece);
  if (!next (&rest, 1, V_ASN1_CONTEXT_SPECIFIC, &wrapped)
      || !next (&wrapped, V_ASN1_BIT_STRING, V_ASN1_UNIVERSAL, &point) || point.size < 2 || point.size > POINT_BYTES_MAX
      || point.at[0] != 0)
    return NULL;
  BIGNUM *scalar = BN_secure_new ();
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new ();
  EVP_PKEY *key = NULL;
  if (scalar != NULL && builder != NULL && BN_bin2bn (private.at, (int) private.size, scalar) != NULL
      && OSSL_PARAM_BLD_push_utf8_string (builder, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) == 1
      && OSSL_PARAM_BLD_push_octet_string (builder, OSSL_PKEY_PARAM_PUB_KEY, point.at + 1, point.size - 1) == 1
      && OSSL_PARAM_BLD_push_BN (builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1)
    key = from_parameters ("EC", builder);
  OSSL_PARAM_BLD_free (builder);
  BN_clear_free (scalar);
  return key;
}

/* CurvePrivateKey, RFC 8410. OpenSSL makes the public key of it, and does not take our word for it. */
static EVP_PKEY *
read_raw (struct span der, int nid)
{
  struct span bytes;
  if (!next (&der, V_ASN1_OCTET_STRING, V_ASN1_UNIVERSAL, &bytes) || der.size != 0)
    return NULL;
  return EVP_PKEY_new_raw_private_key (nid, NULL, bytes.at, bytes.size);
}

static EVP_PKEY *
read_usual (const guchar *bytes, gsize size)
{
  const guchar *at = bytes;
  PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO (NULL, &at, (long) size);
  const ASN1_OBJECT *type = NULL;
  const X509_ALGOR *algorithm = NULL;
  const unsigned char *inner = NULL;
  int inner_size = 0;
  EVP_PKEY *key = NULL;
  if (info != NULL && PKCS8_pkey_get0 (&type, &inner, &inner_size, &algorithm, info) == 1 && inner_size > 0) {
    struct span der = { inner, (gsize) inner_size };
    int nid = OBJ_obj2nid (type);
    if (nid == NID_rsaEncryption)
      key = read_rsa (der);
    else if (nid == NID_X9_62_id_ecPublicKey)
      key = read_ec (der, algorithm);
    else if (nid == NID_ED25519 || nid == NID_ED448 || nid == NID_X25519 || nid == NID_X448)
      key = read_raw (der, nid);
  }
  PKCS8_PRIV_KEY_INFO_free (info); /* wipes what it holds */
  return key;
}

EVP_PKEY *
smime_key_file_read (const char *path)
{
  gsize size = 0;
  guchar *bytes = read_file (path, &size);
  if (bytes == NULL)
    return NULL;
  const guchar *at = bytes;
  EVP_PKEY *key = read_usual (bytes, size);
  if (key == NULL) /* RSA-PSS, curves that are written out */
    key = d2i_AutoPrivateKey (NULL, &at, (long) size);
  OPENSSL_secure_clear_free (bytes, size);
  return key;
}

static EVP_PKEY *
read_fitting (const struct smime_entry *entry, const char *path)
{
  EVP_PKEY *key = smime_key_file_read (path);
  if (key != NULL && X509_check_private_key (entry->certificate, key) != 1) {
    EVP_PKEY_free (key);
    key = NULL;
  }
  return key;
}

gboolean
smime_key_file_fits (const struct smime_entry *entry, const char *path)
{
  EVP_PKEY *key = read_fitting (entry, path);
  gboolean fits = key != NULL;
  EVP_PKEY_free (key);
  if (!fits)
    g_info ("left out of the keyring: %s", path);
  return fits;
}

EVP_PKEY *
smime_key_file_open (struct smime_store *store, const struct smime_entry *entry, const char *path, GError **error)
{
  EVP_PKEY *key = read_fitting (entry, path);
  if (key == NULL)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "A private key in the profile is gone or damaged, so that it could not be used. Import it again: "
                 "wardmail key import FILE");
  return key;
}
