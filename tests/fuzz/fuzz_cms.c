/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as CMS, read by the S/MIME engine with an empty store: nothing is trusted, nothing is decrypted, each refusal has its sentence. What
 * the gate takes for an encrypted envelope is one for OpenSSL too. The same bytes as a revocation list, an OCSP response and a certificate that says
 * where to ask: nobody vouches for them, so that they say nothing. */
#include "tests/fuzz/fuzz.h"
#include "crypto/inspect.h"
#include "crypto/smime/smime_revocation_p.h"
#include "crypto/smime/smime_p.h"
#include "mail/net/gate_p.h"
#include <stdlib.h>

#define AT 1790000000

static struct smime_store *store;
static X509 *somebody; /* issued by himself */

static void
close_store (void)
{
  smime_store_free (store);
  X509_free (somebody);
}

static void
make_somebody (void)
{
  EVP_PKEY *key = EVP_EC_gen ("P-256");
  somebody = X509_new ();
  FUZZ_TRUE (key != NULL && somebody != NULL);
  X509_set_version (somebody, X509_VERSION_3);
  X509_NAME_add_entry_by_txt (X509_get_subject_name (somebody), "CN", MBSTRING_UTF8, (const guchar *) "Fuzz", -1, -1,
                              0);
  X509_set_issuer_name (somebody, X509_get_subject_name (somebody));
  ASN1_INTEGER_set (X509_get_serialNumber (somebody), 1);
  ASN1_TIME_set (X509_getm_notBefore (somebody), AT - 1000);
  ASN1_TIME_set (X509_getm_notAfter (somebody), (time_t) AT + 1000000000);
  X509_set_pubkey (somebody, key);
  FUZZ_TRUE (X509_sign (somebody, key, EVP_sha256 ()) > 0);
  EVP_PKEY_free (key);
}

static void
open_store (void)
{
  if (store != NULL)
    return;
  g_autoptr (GError) error = NULL;
  store = smime_store_open (fuzz_folder (), &error);
  FUZZ_TRUE (store != NULL);
  make_somebody ();
  (void) atexit (close_store);
}

static void
check_urls (GPtrArray *urls)
{
  for (guint i = 0; i < urls->len; i++)
    FUZZ_TRUE (revocation_url_fits (urls->pdata[i]));
  g_ptr_array_unref (urls);
}

static void
check_revocation (GBytes *bytes)
{
  guint added = 0;
  gboolean found = FALSE, offered = FALSE;
  g_autoptr (GError) error = NULL;
  X509_CRL *crl = smime_revocation_list_parse (bytes);
  if (crl != NULL) {
    FUZZ_TRUE (!smime_revocation_list_holds (crl, somebody));
    smime_revocation_list_says (crl, somebody, AT); /* as if somebody did */
    g_free (smime_revocation_list_name (crl, somebody));
  }
  X509_CRL_free (crl);
  FUZZ_TRUE (smime_revocation_ocsp_says (bytes, somebody, somebody, AT, NULL).state == SMIME_REVOCATION_UNKNOWN);
  FUZZ_TRUE (smime_store_add_lists (store, bytes, &added, &found, &error) == !found && added == 0);
  gsize size;
  const guchar *at = g_bytes_get_data (bytes, &size);
  X509 *certificate = d2i_X509 (NULL, &at, (long) size);
  if (certificate != NULL) {
    check_urls (smime_revocation_list_urls (certificate, &offered));
    check_urls (smime_revocation_ocsp_urls (certificate, &offered));
  }
  X509_free (certificate);
}

static void
check_verify (GBytes *cms, GBytes *content)
{
  struct smime_signature signature = { 0 };
  g_autoptr (GHashTable) trusted = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GBytes) signed_content = NULL;
  g_autoptr (GError) error = NULL;
  gboolean done = smime_verify (store, cms, content, AT, trusted, &signature, &signed_content, &error);
  FUZZ_TRUE (done == (error == NULL));
  FUZZ_TRUE (signature.state != SIGNATURE_GOOD);
  for (guint i = 0; signature.addresses != NULL && i < signature.addresses->len; i++)
    FUZZ_TRUE (strlen (signature.addresses->pdata[i]) > 0);
  smime_signature_clear (&signature);
}

static void
check_gate (const uint8_t *data, size_t size, enum smime_kind kind)
{
  for (int authenticated = 0; authenticated < 2; authenticated++) {
    g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
    g_autoptr (GError) error = NULL;
    gboolean passed = gate_cms_recipients ((struct gate_span){ .at = data, .size = size }, authenticated, ids, &error);
    FUZZ_TRUE (passed == (error == NULL));
    if (!passed)
      continue;
    FUZZ_TRUE (ids->len > 0 && kind == (authenticated ? SMIME_AUTH_ENVELOPED : SMIME_ENVELOPED));
    for (guint i = 0; i < ids->len; i++)
      FUZZ_TRUE (g_str_has_prefix (ids->pdata[i], "issuer:") || g_str_has_prefix (ids->pdata[i], "ski:"));
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  open_store ();
  g_autoptr (GBytes) cms = g_bytes_new (data, size);
  g_autoptr (GBytes) content = g_bytes_new_static ("Content-Type: text/plain\r\n\r\nhello\r\n", 35);
  enum smime_kind kind = smime_kind (cms);
  check_revocation (cms);
  check_verify (cms, NULL);
  check_verify (cms, content);
  g_autoptr (GError) error = NULL;
  struct smime_decryption how = { 0 };
  g_autoptr (GBytes) plain = smime_decrypt (store, cms, AT, &how, &error);
  FUZZ_TRUE (plain == NULL && error != NULL);
  g_free (how.cipher);
  g_clear_error (&error);
  g_autoptr (GBytes) unpacked = smime_uncompress (cms, &error);
  FUZZ_TRUE ((unpacked == NULL) == (error != NULL));
  FUZZ_TRUE (unpacked == NULL || (kind == SMIME_COMPRESSED && g_bytes_get_size (unpacked) <= INSPECT_BYTES_MAX));
  g_autofree uint8_t *exact = g_memdup2 (data, size);
  check_gate (exact, size, kind);
  return 0;
}
