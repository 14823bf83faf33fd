/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The route decision: every combination of one key, then the choice between several, then the words. */
#include "crypto/route.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct key_candidate
key (enum route_method method, const char *fingerprint, enum key_trust trust, enum key_fault fault)
{
  return (struct key_candidate){ .method = method,
                                 .fingerprint = (char *) fingerprint,
                                 .address = (char *) "bob@demo.test",
                                 .owner = (char *) "Bob",
                                 .source = (char *) "imported",
                                 .trust = trust,
                                 .fault = fault };
}

static struct route *
decide (const struct route_policy *policy, gboolean can_smime, gboolean can_pgp, guint count,
        struct key_candidate *keys)
{
  g_autoptr (GPtrArray) array = g_ptr_array_new ();
  for (guint i = 0; i < count; i++)
    g_ptr_array_add (array, &keys[i]);
  return route_decide ("bob@demo.test", array, policy, can_smime, can_pgp);
}

/* What must come out, written down once more and otherwise than in the code: a key is used only if nothing speaks against it. */
static gboolean
may_be_used (const struct key_candidate *k, const struct route_policy *p, gboolean can_smime, gboolean can_pgp)
{
  gboolean smime = k->method == ROUTE_SMIME, pgp = k->method == ROUTE_PGP;
  return (smime || pgp) && k->fault == KEY_FAULT_NONE && k->trust != KEY_TRUST_NONE
         && ((smime && p->allow_smime && can_smime && k->trust >= p->least_smime)
             || (pgp && p->allow_pgp && can_pgp && k->trust >= p->least_pgp));
}

static void
check_sane (const struct route *route)
{
  assert_non_null (route->sentence);
  assert_non_null (route->next);
  assert_true ((route->method == ROUTE_HOLD) == (route->reason != ROUTE_REASON_KEY_FOUND));
  assert_true ((route->method == ROUTE_HOLD) == (*route->next != '\0'));
  assert_true (g_str_has_prefix (route->sentence, "HELD: ") == (route->method == ROUTE_HOLD));
  assert_non_null (strstr (route->sentence, route->address));
}

static void
test_one_key (void **state)
{
  guint used = 0, all = 0;
  for (guint n = 0; n < 3u * 5 * 9 * 4 * 4 * 25; n++) {
    const guint method = n % 3, trust = n / 3 % 5, fault = n / 15 % 9, can = n / 135 % 4, allow = n / 540 % 4,
                least = n / 2160;
    struct route_policy policy = { .least_smime = least % 5,
                                   .least_pgp = least / 5,
                                   .prefer = ROUTE_SMIME,
                                   .allow_smime = (allow & 1) != 0,
                                   .allow_pgp = (allow & 2) != 0 };
    struct key_candidate k = key (method, "AA", trust, fault); /* fault 8: no such fault */
    AUTOFREE (route) route = decide (&policy, (can & 1) != 0, (can & 2) != 0, 1, &k);
    check_sane (route);
    const gboolean may = may_be_used (&k, &policy, (can & 1) != 0, (can & 2) != 0);
    assert_int_equal (route->method, may ? k.method : ROUTE_HOLD);
    used += may;
    all++;
  }
  assert_int_equal (all, 54000);
  /* 14 pairs of trust and least level, the other level (5), the other sender key and permission (4), the methods (2). */
  assert_int_equal (used, 14 * 5 * 4 * 2);
}

static void
test_reasons (void **state)
{
  static const struct {
    enum key_fault fault;
    enum route_reason reason;
    const char *name, *word;
  } rows[] = {
    { KEY_FAULT_EXPIRED, ROUTE_REASON_EXPIRED, "expired", "expired" },
    { KEY_FAULT_NOT_YET, ROUTE_REASON_NOT_YET, "not_yet_valid", "not valid yet" },
    { KEY_FAULT_USAGE, ROUTE_REASON_USAGE, "wrong_usage", "only be used to sign" },
    { KEY_FAULT_WEAK, ROUTE_REASON_WEAK, "weak", "too weak" },
    { KEY_FAULT_REVOKED, ROUTE_REASON_REVOKED, "revoked", "revoked" },
    { KEY_FAULT_BROKEN, ROUTE_REASON_BROKEN, "broken", "damaged" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    struct key_candidate k = key (ROUTE_PGP, "AA", KEY_TRUST_VERIFIED, rows[i].fault);
    AUTOFREE (route) route = decide (NULL, TRUE, TRUE, 1, &k);
    assert_int_equal (route->reason, rows[i].reason);
    assert_string_equal (route_reason_name (route->reason), rows[i].name);
    assert_non_null (strstr (route->sentence, rows[i].word));
    assert_non_null (strstr (route->next, "wardmail key import FILE"));
    assert_string_equal (route->key->fingerprint, "AA");
  }
  struct key_candidate k = key (ROUTE_SMIME, "AA", KEY_TRUST_FIRST_SEEN, KEY_FAULT_NONE);
  AUTOFREE (route) untrusted = decide (NULL, TRUE, TRUE, 1, &k);
  assert_int_equal (untrusted->reason, ROUTE_REASON_UNTRUSTED);
  assert_non_null (strstr (untrusted->next, "wardmail ca import FILE"));
  assert_non_null (strstr (untrusted->next, "wardmail key trust AA"));
  AUTOFREE (route) nobody = decide (NULL, TRUE, TRUE, 0, NULL);
  assert_int_equal (nobody->reason, ROUTE_REASON_NO_KEY);
  assert_null (nobody->key);
  AUTOFREE (route) broken = route_decide ("bob@demo.test", NULL, NULL, TRUE, TRUE);
  assert_int_equal (broken->reason, ROUTE_REASON_KEYRING);
  check_sane (broken);
}

static void
test_bad_addresses (void **state)
{
  static const char *const bad[] = { NULL,
                                     "",
                                     "bob",
                                     "@demo.test",
                                     "bob@",
                                     "bob@@demo.test",
                                     "a@b@demo.test",
                                     "bob@demo..test",
                                     ".bob@demo.test",
                                     "bob@demo.test\r\nBcc: x@y",
                                     "bob @demo.test",
                                     "<bob@demo.test>",
                                     "-bob@demo.test",
                                     "bob@-demo.test",
                                     "bob@demo.test,eve@demo.test",
                                     "\"bob\"@demo.test",
                                     "bob@[127.0.0.1]",
                                     "b\xffob@demo.test",
                                     "bob\xe2\x80\xae@demo.test" };
  struct key_candidate k = key (ROUTE_PGP, "AA", KEY_TRUST_VERIFIED, KEY_FAULT_NONE);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GPtrArray) keys = g_ptr_array_new ();
    g_autofree char *long_name = g_strnfill (400, 'x');
    k.address = (char *) (bad[i] != NULL ? bad[i] : "");
    g_ptr_array_add (keys, &k);
    AUTOFREE (route) route = route_decide (bad[i], keys, NULL, TRUE, TRUE);
    assert_int_equal (route->method, ROUTE_HOLD);
    assert_int_equal (route->reason, ROUTE_REASON_BAD_ADDRESS);
    AUTOFREE (route) too_long = route_decide (long_name, keys, NULL, TRUE, TRUE);
    assert_int_equal (too_long->reason, ROUTE_REASON_BAD_ADDRESS);
  }
}

/* A key under another address is nobody's here. */
static void
test_address_match (void **state)
{
  static const struct {
    const char *key, *typed;
    gboolean same;
  } rows[] = {
    { "bob@demo.test", " bob@DEMO.Test ", TRUE }, { "bob@demo.test", "BOB@demo.test", TRUE },
    { "bob@demo.test", "b0b@demo.test", FALSE },  { "bob@demo.test", "bob@demo.tes", FALSE },
    { "eve@demo.test", "bob@demo.test", FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    struct key_candidate k = key (ROUTE_PGP, "AA", KEY_TRUST_VERIFIED, KEY_FAULT_NONE);
    g_autoptr (GPtrArray) keys = g_ptr_array_new ();
    k.address = (char *) rows[i].key;
    g_ptr_array_add (keys, &k);
    AUTOFREE (route) route = route_decide (rows[i].typed, keys, NULL, TRUE, TRUE);
    assert_int_equal (route->method, rows[i].same ? ROUTE_PGP : ROUTE_HOLD);
  }
}

static void
test_choice (void **state)
{
  struct key_candidate keys[] = {
    key (ROUTE_PGP, "P1", KEY_TRUST_FIRST_SEEN, KEY_FAULT_NONE),
    key (ROUTE_PGP, "P2", KEY_TRUST_VERIFIED, KEY_FAULT_NONE),
    key (ROUTE_PGP, "P3", KEY_TRUST_VERIFIED, KEY_FAULT_REVOKED),
    key (ROUTE_SMIME, "S1", KEY_TRUST_CHAIN, KEY_FAULT_NONE),
    key (ROUTE_SMIME, "S2", KEY_TRUST_FIRST_SEEN, KEY_FAULT_NONE),
  };
  struct route_policy policy;
  route_policy_init (&policy);
  static const struct {
    guint used;
    gboolean smime, pgp;
    enum route_method prefer;
    const char *chosen;
    enum route_method method;
  } rows[] = {
    { 5, TRUE, TRUE, ROUTE_SMIME, "S1", ROUTE_SMIME }, { 5, TRUE, TRUE, ROUTE_PGP, "P2", ROUTE_PGP },
    { 5, FALSE, TRUE, ROUTE_SMIME, "P2", ROUTE_PGP },  { 5, TRUE, FALSE, ROUTE_PGP, "S1", ROUTE_SMIME },
    { 3, TRUE, TRUE, ROUTE_SMIME, "P2", ROUTE_PGP },   { 1, TRUE, TRUE, ROUTE_SMIME, "P1", ROUTE_PGP },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    policy.prefer = rows[i].prefer;
    AUTOFREE (route) route = decide (&policy, rows[i].smime, rows[i].pgp, rows[i].used, keys);
    assert_string_equal (route->key->fingerprint, rows[i].chosen);
    assert_int_equal (route->method, rows[i].method);
  }
  AUTOFREE (route) neither = decide (NULL, FALSE, FALSE, 5, keys);
  assert_int_equal (neither->method, ROUTE_HOLD);
  assert_int_equal (neither->reason, ROUTE_REASON_SENDER);
  /* The order in which the sources answer changes nothing. */
  struct key_candidate turned[5];
  for (guint i = 0; i < 5; i++)
    turned[i] = keys[4 - i];
  AUTOFREE (route) route = decide (NULL, TRUE, TRUE, 5, turned);
  assert_string_equal (route->key->fingerprint, "S1");
}

static void
test_words (void **state)
{
  struct key_candidate k = key (ROUTE_PGP, "AA", KEY_TRUST_VERIFIED, KEY_FAULT_EXPIRED);
  k.expires = 1740787200;
  AUTOFREE (route) expired = decide (NULL, TRUE, TRUE, 1, &k);
  assert_string_equal (expired->sentence, "HELD: the OpenPGP key of bob@demo.test expired on 2025-03-01.");
  AUTOFREE (route) nobody = decide (NULL, TRUE, TRUE, 0, NULL);
  assert_string_equal (
      nobody->next, "Ask bob@demo.test for a certificate or an OpenPGP key, then import it: wardmail key import FILE");
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (test_one_key),       cmocka_unit_test (test_reasons), cmocka_unit_test (test_bad_addresses),
          cmocka_unit_test (test_address_match), cmocka_unit_test (test_choice),  cmocka_unit_test (test_words) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
