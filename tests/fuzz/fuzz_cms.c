/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as CMS, read by the S/MIME engine with an empty store: nothing is trusted, nothing is decrypted, each refusal has its sentence. What
 * the gate takes for an encrypted envelope is one for OpenSSL too. */
#include "tests/fuzz/fuzz.h"
#include "crypto/inspect.h"
#include "crypto/smime/smime.h"
#include "mail/net/gate_p.h"
#include <stdlib.h>

#define AT 1790000000

static struct smime_store *store;

static void
close_store (void)
{
  smime_store_free (store);
}

static void
open_store (void)
{
  if (store != NULL)
    return;
  g_autoptr (GError) error = NULL;
  store = smime_store_open (fuzz_folder (), &error);
  FUZZ_TRUE (store != NULL);
  (void) atexit (close_store);
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
    gboolean passed = gate_cms_recipients ((struct gate_span){ data, size }, authenticated, ids, &error);
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
