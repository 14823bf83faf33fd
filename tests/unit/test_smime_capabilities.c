/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What signers announce is remembered by their certificate: the newest good signature counts, and nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "tests/unit/cert_maker.h"
#include "tests/unit/openssl_tool.h"

#define CA "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"

static struct openssl_tool tool;
static struct maker_cert *root, *alice, *mallory;
static struct smime_store *store;

/* A message by this signer, at that time, which announces these algorithms (0 ends them; NULL: nothing at all). */
static GBytes *
announce (const struct maker_cert *signer, gint64 when, const int *nids)
{
  const unsigned int flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
  CMS_ContentInfo *cms = CMS_sign (NULL, NULL, NULL, NULL, flags);
  CMS_SignerInfo *info = CMS_add1_signer (cms, signer->x, signer->key, EVP_sha256 (), flags);
  STACK_OF (X509_ALGOR) *list = NULL;
  assert_non_null (info);
  for (; nids != NULL && *nids != 0; nids++)
    CMS_add_simple_smimecap (&list, *nids, -1);
  if (nids != NULL)
    assert_int_equal (CMS_add_smimecap (info, list), 1);
  sk_X509_ALGOR_pop_free (list, X509_ALGOR_free);
  ASN1_TIME *time = ASN1_TIME_set (NULL, (time_t) (g_get_real_time () / G_USEC_PER_SEC + when));
  CMS_signed_add1_attr_by_NID (info, NID_pkcs9_signingTime, time->type, time, -1);
  ASN1_TIME_free (time);
  BIO *text = BIO_new_mem_buf ("text", 4);
  assert_int_equal (CMS_final (cms, text, NULL, flags), 1);
  BIO_free (text);
  unsigned char *der = NULL;
  int size = i2d_CMS_ContentInfo (cms, &der);
  GBytes *bytes = g_bytes_new (der, (gsize) size);
  OPENSSL_free (der);
  CMS_ContentInfo_free (cms);
  return bytes;
}

static enum signature_state
receive (const struct maker_cert *signer, gint64 when, const int *nids, gint64 at)
{
  g_autoptr (GBytes) cms = announce (signer, when, nids), content = NULL;
  struct smime_signature signature;
  assert_true (smime_verify (store, cms, NULL, at, NULL, &signature, &content, NULL));
  const enum signature_state state = signature.state;
  smime_signature_clear (&signature);
  return state;
}

static void
expect (const struct maker_cert *signer, const char *want)
{
  g_autofree char *fingerprint = smime_names_fingerprint (signer->x);
  g_auto (GStrv) list = smime_capabilities_of (store, fingerprint);
  g_autofree char *got = list != NULL ? g_strjoinv (" ", list) : NULL;
  if (g_strcmp0 (got, want) != 0)
    fail_msg ("%s and not %s", got != NULL ? got : "nothing", want != NULL ? want : "nothing");
}

static void
test_newest (void **state)
{
  static const int modern[] = { NID_aes_256_gcm, NID_aes_256_cbc, NID_rsaesOaep, NID_rc2_cbc, NID_aes_256_gcm, 0 };
  static const int old[] = { NID_des_ede3_cbc, 0 }, none[] = { NID_rc2_cbc, 0 };
  expect (alice, NULL);
  assert_int_equal (receive (alice, -7200, old, 0), SIGNATURE_GOOD);
  expect (alice, "3DES-CBC");
  assert_int_equal (receive (alice, -60, modern, 0), SIGNATURE_GOOD);
  expect (alice, "AES-256-GCM AES-256-CBC RSAES-OAEP");
  receive (alice, -3600, old, 0); /* older mail, read later */
  expect (alice, "AES-256-GCM AES-256-CBC RSAES-OAEP");
  receive (alice, 0, NULL, 0); /* says nothing */
  expect (alice, "AES-256-GCM AES-256-CBC RSAES-OAEP");
  receive (alice, 40 * MAKER_DAY, old, 0); /* would win for ever */
  expect (alice, "AES-256-GCM AES-256-CBC RSAES-OAEP");
  receive (alice, 0, old, g_get_real_time () / G_USEC_PER_SEC - 60); /* a question about another time */
  expect (alice, "AES-256-GCM AES-256-CBC RSAES-OAEP");
  receive (alice, 0, none, 0);
  expect (alice, "");
}

static void
test_only_good (void **state)
{
  static const int modern[] = { NID_aes_256_gcm, 0 };
  assert_int_equal (receive (mallory, 0, modern, 0), SIGNATURE_UNTRUSTED);
  expect (mallory, NULL);
}

/* What we announce is what we remember of ourselves, and openssl reads it. */
static void
test_ours (void **state)
{
  const char *email = "subjectAltName=email:own@example.test\nkeyUsage=digitalSignature,keyEncipherment\n";
  struct maker_cert *own
      = maker_issue (&(struct maker_spec){ .name = "Own", .issuer = root, .text = email, .rsa_bits = 2048 });
  g_autoptr (GBytes) der = maker_der (own);
  unsigned char *key = NULL;
  int size = i2d_PrivateKey (own->key, &key);
  g_autoptr (GBytes) key_der = g_bytes_new (key, (gsize) size), text = g_bytes_new_static ("text", 4);
  OPENSSL_free (key);
  g_autoptr (GPtrArray) candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  gboolean recognised = FALSE;
  assert_true (smime_store_import (store, der, NULL, candidates, &recognised, NULL));
  assert_true (smime_store_import (store, key_der, NULL, candidates, &recognised, NULL));
  g_autoptr (GBytes) cms = smime_sign (store, "own@example.test", text, FALSE, 0, NULL), content = NULL;
  assert_non_null (cms);
  struct smime_signature signature;
  assert_true (smime_verify (store, cms, NULL, 0, NULL, &signature, &content, NULL));
  assert_int_equal (signature.state, SIGNATURE_GOOD);
  smime_signature_clear (&signature);
  expect (own, "AES-256-GCM AES-128-GCM AES-256-CBC AES-128-CBC RSAES-OAEP-SHA256 RSAES-OAEP RSASSA-PSS");
  openssl_tool_write (&tool, "ours", cms);
  openssl_tool_run (&tool, "cms -cmsout -print -noout -inform DER -in ours");
  g_ptr_array_set_size (candidates, 0);
  assert_true (smime_store_find (store, "own@example.test", 0, candidates, NULL));
  const struct key_candidate *found = candidates->pdata[0];
  assert_string_equal (found->capabilities[0], "AES-256-GCM");
  AUTOFREE (key_candidate) copy = key_candidate_copy (found);
  assert_string_equal (copy->capabilities[5], "RSAES-OAEP");
  maker_cert_free (own);
}

/* Who signs with one certificate and reads with another has announced for both. */
static void
test_two_certificates (void **state)
{
  static const int modern[] = { NID_aes_256_gcm, 0 };
  static const char *const usages[] = { "digitalSignature", "keyAgreement" };
  struct maker_cert *certs[2];
  g_autoptr (GPtrArray) candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  for (guint i = 0; i < 2; i++) {
    g_autofree char *text = g_strdup_printf ("subjectAltName=email:two@example.test\nkeyUsage=%s\n", usages[i]);
    gboolean recognised = FALSE;
    certs[i] = maker_issue (&(struct maker_spec){ .name = "Two", .issuer = root, .text = text });
    g_autoptr (GBytes) der = maker_der (certs[i]);
    assert_true (smime_store_import (store, der, NULL, candidates, &recognised, NULL));
  }
  assert_int_equal (receive (certs[0], 0, modern, 0), SIGNATURE_GOOD);
  expect (certs[1], "AES-256-GCM");
  maker_cert_free (certs[0]);
  maker_cert_free (certs[1]);
}

static int
make_world (void **state)
{
  openssl_tool_init (&tool);
  store = smime_store_open (tool.dir, NULL);
  assert_non_null (store);
  root = maker_issue (&(struct maker_spec){ .name = "Root", .text = CA });
  struct maker_cert *other = maker_issue (&(struct maker_spec){ .name = "Other", .text = CA });
  alice = maker_issue (
      &(struct maker_spec){ .name = "Alice", .issuer = root, .text = "subjectAltName=email:alice@example.test\n" });
  mallory = maker_issue (
      &(struct maker_spec){ .name = "Mallory", .issuer = other, .text = "subjectAltName=email:alice@example.test\n" });
  maker_cert_free (other);
  g_autoptr (GBytes) anchor = maker_der (root);
  guint added = 0;
  assert_true (smime_store_add_anchor (store, anchor, &added, NULL));
  return 0;
}

static int
remove_world (void **state)
{
  smime_store_free (store);
  maker_cert_free (root);
  maker_cert_free (alice);
  maker_cert_free (mallory);
  openssl_tool_clear (&tool);
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_newest),
    cmocka_unit_test (test_only_good),
    cmocka_unit_test (test_ours),
    cmocka_unit_test (test_two_certificates),
  };
  return cmocka_run_group_tests_name ("smime_capabilities", tests, make_world, remove_world);
}
