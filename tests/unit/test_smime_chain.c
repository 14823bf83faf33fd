/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Chains: which signer's certificate is trusted, through which authorities, for what and when. RFC 5280 section 6, RFC 8550. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "tests/unit/cert_maker.h"
#include "tests/unit/openssl_tool.h"

#define EMAIL "subjectAltName=email:alice@clinic.example.test\n"
#define CA "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
#define MAIL "extendedKeyUsage=emailProtection\nkeyUsage=critical,digitalSignature\n"

static struct openssl_tool tool;
static struct smime_store *store;
static struct maker_cert *root;

static enum signature_state
judge (const struct maker_cert *signer, const struct maker_cert *const *extra, gint64 at)
{
  g_autoptr (GBytes) cms = maker_sign (signer, extra), content = NULL;
  struct smime_signature signature;
  assert_true (smime_verify (store, cms, NULL, at, NULL, &signature, &content, NULL));
  assert_true (signature.valid);
  const enum signature_state state = signature.state;
  assert_true ((state == SIGNATURE_GOOD) == (signature.detail == NULL));
  assert_int_equal (signature.wants->len, 0); /* none of these names a place to ask */
  smime_signature_clear (&signature);
  return state;
}

/* One authority between root and signer. */
static void
test_middle (void **state)
{
  static const struct {
    const char *what, *middle, *signer;
    enum signature_state want;
    gint64 from, until;
    int rsa_bits;
    gboolean sha1;
  } cases[] = {
    { "plain", CA, MAIL EMAIL, SIGNATURE_GOOD, 0, 0, 0, FALSE },
    { "path length enough", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n", MAIL EMAIL,
      SIGNATURE_GOOD, 0, 0, 0, FALSE },
    { "not an authority", MAIL EMAIL, MAIL EMAIL, SIGNATURE_UNTRUSTED, 0, 0, 0, FALSE },
    { "may not sign certificates", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign\n", MAIL EMAIL,
      SIGNATURE_UNTRUSTED, 0, 0, 0, FALSE },
    { "authority for servers", CA "extendedKeyUsage=serverAuth\n", MAIL EMAIL, SIGNATURE_UNTRUSTED, 0, 0, 0, FALSE },
    { "authority for mail", CA "extendedKeyUsage=serverAuth,emailProtection\n", MAIL EMAIL, SIGNATURE_GOOD, 0, 0, 0,
      FALSE },
    { "expired authority", CA, MAIL EMAIL, SIGNATURE_EXPIRED, -9 * MAKER_DAY, -MAKER_DAY, 0, FALSE },
    { "authority of tomorrow", CA, MAIL EMAIL, SIGNATURE_EXPIRED, MAKER_DAY, 9 * MAKER_DAY, 0, FALSE },
    { "RSA 1024", CA, MAIL EMAIL, SIGNATURE_UNTRUSTED, 0, 0, 1024, FALSE },
    { "SHA-1", CA, MAIL EMAIL, SIGNATURE_UNTRUSTED, 0, 0, 0, TRUE },
    { "unknown critical extension", CA "1.2.3.4=critical,DER:05:00\n", MAIL EMAIL, SIGNATURE_UNTRUSTED, 0, 0, 0,
      FALSE },
    { "signer for servers", CA, "extendedKeyUsage=serverAuth\n" EMAIL, SIGNATURE_UNTRUSTED, 0, 0, 0, FALSE },
    { "signer for anything", CA, "extendedKeyUsage=anyExtendedKeyUsage\n" EMAIL, SIGNATURE_GOOD, 0, 0, 0, FALSE },
    { "signer says nothing", CA, EMAIL, SIGNATURE_GOOD, 0, 0, 0, FALSE },
    { "signer may only decrypt", CA, "keyUsage=critical,keyAgreement\n" EMAIL, SIGNATURE_UNTRUSTED, 0, 0, 0, FALSE },
    { "signer may not repudiate", CA, "keyUsage=critical,nonRepudiation\n" EMAIL, SIGNATURE_GOOD, 0, 0, 0, FALSE },
    { "permitted domain", CA "nameConstraints=critical,permitted;email:clinic.example.test\n", MAIL EMAIL,
      SIGNATURE_GOOD, 0, 0, 0, FALSE },
    { "permitted subdomains", CA "nameConstraints=critical,permitted;email:.example.test\n", MAIL EMAIL, SIGNATURE_GOOD,
      0, 0, 0, FALSE },
    { "permitted mailbox", CA "nameConstraints=critical,permitted;email:alice@clinic.example.test\n", MAIL EMAIL,
      SIGNATURE_GOOD, 0, 0, 0, FALSE },
    { "another mailbox", CA "nameConstraints=critical,permitted;email:bob@clinic.example.test\n", MAIL EMAIL,
      SIGNATURE_UNTRUSTED, 0, 0, 0, FALSE },
    { "another domain", CA "nameConstraints=critical,permitted;email:other.test\n", MAIL EMAIL, SIGNATURE_UNTRUSTED, 0,
      0, 0, FALSE },
    { "host is not its subdomains", CA "nameConstraints=critical,permitted;email:example.test\n", MAIL EMAIL,
      SIGNATURE_UNTRUSTED, 0, 0, 0, FALSE },
    { "excluded domain", CA "nameConstraints=critical,excluded;email:clinic.example.test\n", MAIL EMAIL,
      SIGNATURE_UNTRUSTED, 0, 0, 0, FALSE },
    { "excluded in a permitted one",
      CA "nameConstraints=critical,permitted;email:.example.test,excluded;email:clinic.example.test\n", MAIL EMAIL,
      SIGNATURE_UNTRUSTED, 0, 0, 0, FALSE },
    { "another one is excluded", CA "nameConstraints=critical,excluded;email:other.test\n", MAIL EMAIL, SIGNATURE_GOOD,
      0, 0, 0, FALSE },
    { "one of two addresses outside", CA "nameConstraints=critical,permitted;email:clinic.example.test\n",
      MAIL "subjectAltName=email:alice@clinic.example.test,email:boss@other.test\n", SIGNATURE_UNTRUSTED, 0, 0, 0,
      FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    struct maker_cert *middle = maker_issue (&(struct maker_spec){ .name = "Middle",
                                                                   .issuer = root,
                                                                   .text = cases[i].middle,
                                                                   .from = cases[i].from,
                                                                   .until = cases[i].until,
                                                                   .rsa_bits = cases[i].rsa_bits,
                                                                   .md = cases[i].sha1 ? EVP_sha1 () : NULL });
    struct maker_cert *signer
        = maker_issue (&(struct maker_spec){ .name = "Alice", .issuer = middle, .text = cases[i].signer });
    const struct maker_cert *const along[] = { middle, NULL }, *const none[] = { NULL };
    const enum signature_state got = judge (signer, along, 0);
    if (got != cases[i].want)
      fail_msg ("%s: %s and not %s", cases[i].what, signature_state_name (got), signature_state_name (cases[i].want));
    /* Without the one between, nothing leads to the root. */
    assert_int_equal (judge (signer, none, 0), SIGNATURE_UNTRUSTED);
    maker_cert_free (middle);
    maker_cert_free (signer);
  }
}

static void
test_path_length (void **state)
{
  struct maker_cert *upper = maker_issue (&(struct maker_spec){
      .name = "Upper", .issuer = root, .text = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=keyCertSign\n" });
  struct maker_cert *lower = maker_issue (&(struct maker_spec){ .name = "Lower", .issuer = upper, .text = CA });
  struct maker_cert *signer
      = maker_issue (&(struct maker_spec){ .name = "Alice", .issuer = lower, .text = MAIL EMAIL });
  const struct maker_cert *const along[] = { upper, lower, NULL };
  assert_int_equal (judge (signer, along, 0), SIGNATURE_UNTRUSTED);
  maker_cert_free (upper);
  maker_cert_free (lower);
  maker_cert_free (signer);
}

/* A chain of ten is more than anybody has; one of four is not, and they may come in any order with others among them. */
static void
test_depth (void **state)
{
  struct maker_cert *all[14] = { NULL };
  const struct maker_cert *issuer = root;
  for (guint i = 0; i < 13; i++) {
    g_autofree char *name = g_strdup_printf ("Level %u", i);
    all[i] = maker_issue (&(struct maker_spec){ .name = name, .issuer = issuer, .text = CA });
    issuer = all[i];
  }
  struct maker_cert *near = maker_issue (&(struct maker_spec){ .name = "Near", .issuer = all[2], .text = MAIL EMAIL });
  struct maker_cert *far = maker_issue (&(struct maker_spec){ .name = "Far", .issuer = all[12], .text = MAIL EMAIL });
  const struct maker_cert *const shuffled[] = { all[5], all[2], all[0], all[1], NULL };
  assert_int_equal (judge (near, shuffled, 0), SIGNATURE_GOOD);
  assert_int_equal (judge (far, (const struct maker_cert *const *) all, 0), SIGNATURE_UNTRUSTED);
  for (guint i = 0; i < 13; i++)
    maker_cert_free (all[i]);
  maker_cert_free (near);
  maker_cert_free (far);
}

/* An authority of the same name with another key; a signer who made himself one. */
static void
test_forged (void **state)
{
  struct maker_cert *same_name = maker_issue (&(struct maker_spec){ .name = "Root", .text = CA });
  struct maker_cert *by_it
      = maker_issue (&(struct maker_spec){ .name = "Alice", .issuer = same_name, .text = MAIL EMAIL });
  const struct maker_cert *const along[] = { same_name, NULL };
  assert_int_equal (judge (by_it, along, 0), SIGNATURE_UNTRUSTED);
  struct maker_cert *honest
      = maker_issue (&(struct maker_spec){ .name = "Mallory", .issuer = root, .text = MAIL EMAIL });
  struct maker_cert *victim
      = maker_issue (&(struct maker_spec){ .name = "Alice", .issuer = honest, .text = MAIL EMAIL });
  const struct maker_cert *const with_honest[] = { honest, NULL };
  assert_int_equal (judge (victim, with_honest, 0), SIGNATURE_UNTRUSTED);
  assert_int_equal (judge (honest, NULL, 0), SIGNATURE_GOOD);
  maker_cert_free (same_name);
  maker_cert_free (by_it);
  maker_cert_free (honest);
  maker_cert_free (victim);
}

/* --at: as of a time. What is over now was good then, and the other way round. */
static void
test_at (void **state)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  struct maker_cert *middle = maker_issue (&(struct maker_spec){
      .name = "Middle", .issuer = root, .text = CA, .from = -20 * MAKER_DAY, .until = -5 * MAKER_DAY });
  struct maker_cert *signer = maker_issue (&(struct maker_spec){
      .name = "Alice", .issuer = middle, .text = MAIL EMAIL, .from = -15 * MAKER_DAY, .until = -9 * MAKER_DAY });
  const struct maker_cert *const along[] = { middle, NULL };
  assert_int_equal (judge (signer, along, 0), SIGNATURE_EXPIRED);
  assert_int_equal (judge (signer, along, now - 10 * MAKER_DAY), SIGNATURE_GOOD);
  assert_int_equal (judge (signer, along, now - 7 * MAKER_DAY), SIGNATURE_EXPIRED);
  assert_int_equal (judge (signer, along, now - 17 * MAKER_DAY), SIGNATURE_EXPIRED);
  maker_cert_free (middle);
  maker_cert_free (signer);
}

/* A chain that holds is remembered, for as long as it holds; one that needs what a mail brought along is not. */
static void
test_known (void **state)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  struct maker_cert *middle = maker_issue (&(struct maker_spec){ .name = "Middle", .issuer = root, .text = CA });
  struct maker_cert *signer = maker_issue (&(struct maker_spec){
      .name = "Alice", .issuer = root, .text = MAIL EMAIL, .from = -MAKER_DAY, .until = 5 * MAKER_DAY });
  struct maker_cert *deeper = maker_issue (&(struct maker_spec){ .name = "Bob", .issuer = middle, .text = MAIL EMAIL });
  const struct maker_cert *const along[] = { middle, NULL };
  STACK_OF (X509) *extra = sk_X509_new_null (), *chain = NULL;
  sk_X509_push (extra, middle->x);
  assert_null (smime_chain_known_find (store->chains, signer->x, 0));
  assert_int_equal (judge (signer, along, 0), SIGNATURE_GOOD);
  assert_non_null (chain = smime_chain_known_find (store->chains, signer->x, 0));
  assert_int_equal (sk_X509_num (chain), 2);
  sk_X509_pop_free (chain, X509_free);
  assert_null (smime_chain_known_find (store->chains, signer->x, now + 6 * MAKER_DAY));
  assert_null (smime_chain_known_find (store->chains, signer->x, now - 2 * MAKER_DAY));
  assert_int_equal (smime_chain_check (store, signer->x, NULL, now + 6 * MAKER_DAY, FALSE, NULL, NULL),
                    SMIME_CHAIN_EXPIRED);
  assert_int_equal (smime_chain_check (store, deeper->x, extra, 0, FALSE, NULL, NULL), SMIME_CHAIN_TRUSTED);
  assert_null (smime_chain_known_find (store->chains, deeper->x, 0));
  assert_true (smime_store_reload (store, NULL));
  assert_null (smime_chain_known_find (store->chains, signer->x, 0));
  sk_X509_free (extra);
  maker_cert_free (middle);
  maker_cert_free (signer);
  maker_cert_free (deeper);
}

static int
make_world (void **state)
{
  openssl_tool_init (&tool);
  store = smime_store_open (tool.dir, NULL);
  assert_non_null (store);
  root = maker_issue (
      &(struct maker_spec){ .name = "Root", .text = CA, .from = -60 * MAKER_DAY, .until = 60 * MAKER_DAY });
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
  openssl_tool_clear (&tool);
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_middle), cmocka_unit_test (test_path_length), cmocka_unit_test (test_depth),
    cmocka_unit_test (test_forged), cmocka_unit_test (test_at),          cmocka_unit_test (test_known),
  };
  return cmocka_run_group_tests_name ("smime_chain", tests, make_world, remove_world);
}
