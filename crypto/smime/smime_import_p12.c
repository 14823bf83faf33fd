/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* PKCS#12 containers (RFC 7292): every key and certificate in them, not only the first, as one file may hold a pair for signing
 * and one for encryption. Old ones, sealed with RC2 or 3DES, are read by a library context of their own: the algorithms of
 * the rest of the program stay as they are. */
#include <openssl/err.h>
#include <openssl/provider.h>
#include "crypto/smime/smime_p.h"

#define BAG_DEPTH_MAX 5
#define ITERATIONS_MAX 10000000 /* a file that asks for more would keep us busy for minutes */

void
smime_import_p12_begin (struct smime_import_library *library)
{
  *library = (struct smime_import_library){ .context = OSSL_LIB_CTX_new () };
  if (library->context == NULL)
    return;
  library->standard = OSSL_PROVIDER_load (library->context, "default");
  library->legacy = OSSL_PROVIDER_load (library->context, "legacy");
  /* Without the legacy module only new files can be read: then the sentence about the passphrase is the best there is. */
  if (library->legacy == NULL)
    g_info ("OpenSSL's legacy provider is not installed: old PKCS#12 files cannot be read");
  ERR_clear_error ();
}

/* A context that is freed with its providers still loaded leaks all of them. */
void
smime_import_p12_end (struct smime_import_library *library)
{
  if (library->legacy != NULL)
    OSSL_PROVIDER_unload (library->legacy);
  if (library->standard != NULL)
    OSSL_PROVIDER_unload (library->standard);
  OSSL_LIB_CTX_free (library->context);
}

struct opener {
  const char *passphrase; /* NULL and "" differ in PKCS#12 */
  int size;
  OSSL_LIB_CTX *context;
  struct smime_batch *batch;
};

/* Through PKCS#8 bytes into the ordinary context, so that the key does not need the private one. */
static EVP_PKEY *
key_from (const PKCS8_PRIV_KEY_INFO *info)
{
  unsigned char *der = NULL;
  int size = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO (info, &der) : -1;
  const unsigned char *at = der;
  EVP_PKEY *key = size > 0 ? d2i_AutoPrivateKey (NULL, &at, size) : NULL;
  if (der != NULL)
    OPENSSL_clear_free (der, (size_t) size);
  return key;
}

static X509 *
certificate_from (PKCS12_SAFEBAG *bag)
{
  X509 *theirs = PKCS12_SAFEBAG_get_bag_nid (bag) == NID_x509Certificate ? PKCS12_SAFEBAG_get1_cert (bag) : NULL;
  unsigned char *der = NULL;
  int size = theirs != NULL ? i2d_X509 (theirs, &der) : -1;
  const unsigned char *at = der;
  X509 *ours = size > 0 ? d2i_X509 (NULL, &at, size) : NULL;
  OPENSSL_free (der);
  X509_free (theirs);
  return ours;
}

static gboolean open_bags (struct opener *opener, const STACK_OF (PKCS12_SAFEBAG) * bags, int depth);

static gboolean
open_key (struct opener *opener, EVP_PKEY *key)
{
  if (key == NULL || opener->batch->keys->len >= SMIME_IMPORT_ITEMS_MAX) {
    EVP_PKEY_free (key);
    return FALSE;
  }
  g_ptr_array_add (opener->batch->keys, key);
  return TRUE;
}

static gboolean
open_bag (struct opener *opener, PKCS12_SAFEBAG *bag, int depth)
{
  switch (PKCS12_SAFEBAG_get_nid (bag)) {
  case NID_keyBag:
    return open_key (opener, key_from (PKCS12_SAFEBAG_get0_p8inf (bag)));
  case NID_pkcs8ShroudedKeyBag: {
    PKCS8_PRIV_KEY_INFO *info = PKCS12_decrypt_skey_ex (bag, opener->passphrase, opener->size, opener->context, NULL);
    gboolean fine = open_key (opener, key_from (info));
    PKCS8_PRIV_KEY_INFO_free (info);
    return fine;
  }
  case NID_certBag: {
    X509 *certificate = certificate_from (bag);
    if (certificate == NULL || opener->batch->certificates->len >= SMIME_IMPORT_ITEMS_MAX) {
      X509_free (certificate);
      return FALSE;
    }
    g_ptr_array_add (opener->batch->certificates, certificate);
    return TRUE;
  }
  case NID_safeContentsBag:
    return open_bags (opener, PKCS12_SAFEBAG_get0_safes (bag), depth + 1);
  default:
    return TRUE; /* CRLs and secrets of other kinds */
  }
}

static gboolean
open_bags (struct opener *opener, const STACK_OF (PKCS12_SAFEBAG) * bags, int depth)
{
  gboolean fine = bags != NULL && depth < BAG_DEPTH_MAX;
  for (int i = 0; fine && i < sk_PKCS12_SAFEBAG_num (bags); i++)
    fine = open_bag (opener, sk_PKCS12_SAFEBAG_value (bags, i), depth);
  return fine;
}

static gboolean
open_safes (struct opener *opener, PKCS12 *container)
{
  STACK_OF (PKCS7) *safes = PKCS12_unpack_authsafes (container);
  gboolean fine = safes != NULL;
  for (int i = 0; fine && i < sk_PKCS7_num (safes); i++) {
    PKCS7 *safe = sk_PKCS7_value (safes, i);
    STACK_OF (PKCS12_SAFEBAG) *bags = NULL;
    if (PKCS7_type_is_data (safe))
      bags = PKCS12_unpack_p7data (safe);
    else if (PKCS7_type_is_encrypted (safe))
      bags = PKCS12_unpack_p7encdata (safe, opener->passphrase, opener->size);
    fine = open_bags (opener, bags, 0);
    sk_PKCS12_SAFEBAG_pop_free (bags, PKCS12_SAFEBAG_free);
  }
  sk_PKCS7_pop_free (safes, PKCS7_free);
  return fine;
}

/* Does the passphrase fit? "None" has two spellings in PKCS#12; both are tried. */
static gboolean
fits (PKCS12 *container, struct opener *opener, const struct secret *passphrase)
{
  const ASN1_INTEGER *iterations = NULL;
  opener->passphrase = passphrase != NULL ? secret_peek (passphrase) : NULL;
  opener->size = passphrase != NULL ? (int) MIN (secret_size (passphrase), 1024) : 0;
  if (PKCS12_mac_present (container) != 1)
    return TRUE;
  PKCS12_get0_mac (NULL, NULL, NULL, &iterations, container);
  if (iterations != NULL && (ASN1_INTEGER_get (iterations) < 0 || ASN1_INTEGER_get (iterations) > ITERATIONS_MAX))
    return FALSE;
  if (PKCS12_verify_mac (container, opener->passphrase, opener->size) == 1)
    return TRUE;
  if (opener->size != 0)
    return FALSE;
  opener->passphrase = opener->passphrase == NULL ? "" : NULL;
  return PKCS12_verify_mac (container, opener->passphrase, opener->size) == 1;
}

gboolean
smime_import_p12_read (PKCS12 *container, OSSL_LIB_CTX *context, const struct secret *passphrase,
                       struct smime_batch *batch, GError **error)
{
  struct opener opener = { .batch = batch, .context = context };
  if (!fits (container, &opener, passphrase)) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_PASSPHRASE, "%s",
                 passphrase != NULL
                     ? "The passphrase does not open this key file. Check it and try again."
                     : "This key file is protected by a passphrase. Give the passphrase that came with it.");
    return FALSE;
  }
  if (open_safes (&opener, container))
    return TRUE;
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
               "This key file is damaged or sealed in a way that is not known here, so that nothing was taken in. "
               "Export it again from "
               "where it came.");
  return FALSE;
}
