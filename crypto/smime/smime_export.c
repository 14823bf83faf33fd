/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates out of the store, in a form that every program reads. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include "crypto/guard/x509_text.h"
#include "crypto/smime/smime_life.h"
#include "crypto/smime/smime_p.h"

/* The chain without its anchor, which whoever trusts it has, and nobody takes from a mail. */
static gboolean
write_chain (struct smime_store *store, X509 *certificate, BIO *bio)
{
  STACK_OF (X509) *chain = NULL;
  (void) smime_chain_check (store, certificate, NULL, 0, FALSE, &chain, NULL);
  gboolean fine = PEM_write_bio_X509 (bio, certificate) == 1;
  for (int i = 1; fine && i < sk_X509_num (chain); i++) {
    X509 *authority = sk_X509_value (chain, i);
    if (X509_self_signed (authority, 0) != 1)
      fine = PEM_write_bio_X509 (bio, authority) == 1;
  }
  sk_X509_pop_free (chain, X509_free);
  return fine;
}

GBytes *
smime_export (struct smime_store *store, const char *fingerprint, GError **error)
{
  struct smime_entry *entry = smime_store_entry (store, fingerprint);
  if (entry == NULL) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY,
                 "There is no certificate with this fingerprint. See what is there with: wardmail key list");
    return NULL;
  }
  BIO *bio = BIO_new (BIO_s_mem ());
  char *text = NULL;
  GBytes *pem = NULL;
  if (bio != NULL && write_chain (store, entry->certificate, bio)) {
    const long size = BIO_get_mem_data (bio, &text);
    pem = size > 0 ? g_bytes_new (text, (gsize) size) : NULL;
  }
  BIO_free (bio);
  ERR_clear_error ();
  if (pem == NULL)
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "The certificate could not be written out.");
  return pem;
}

void
smime_describe (struct smime_store *store, const char *fingerprint, char **issuer_out, char **serial_out)
{
  struct smime_entry *entry = smime_store_entry (store, fingerprint);
  BIGNUM *number = entry != NULL ? ASN1_INTEGER_to_BN (X509_get0_serialNumber (entry->certificate), NULL) : NULL;
  char *hex = number != NULL ? BN_bn2hex (number) : NULL;
  *issuer_out = entry != NULL ? x509_text_issuer (entry->certificate) : NULL;
  *serial_out = g_strdup (hex);
  OPENSSL_free (hex);
  BN_free (number);
}
