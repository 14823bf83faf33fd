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
check_candidates (const struct route *route)
{
  guint taken = 0;
  for (guint i = 0; i < route->candidates->len; i++) {
    const struct route_candidate *candidate = route->candidates->pdata[i];
    taken += candidate->reason == ROUTE_REASON_KEY_FOUND;
    assert_true (candidate->reason != ROUTE_REASON_KEY_FOUND || i == 0);
    assert_true (candidate->reason != ROUTE_REASON_SECOND || (i > 0 && taken == 1));
    assert_non_null (strstr (candidate->sentence, route->address));
    assert_true (g_str_has_suffix (candidate->sentence, "."));
  }
  assert_int_equal (taken, route->method != ROUTE_HOLD);
  assert_true ((route->key != NULL) == (route->candidates->len > 0));
}

static void
check_sane (const struct route *route)
{
  if (route->candidates != NULL)
    check_candidates (route);
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

/* Every two keys of either kind, trust and mark, with a fault or not, under both preferences and every floor. What must come out is
 * found by looking for the best of what may be used, one demand after the other. */
enum { MARK_NONE, MARK_HEARSAY, MARK_CHANGED, MARK_BARRED, MARK_STOPPED, MARKS };

static void
mark (struct key_candidate *k, guint mark)
{
  k->hearsay = mark == MARK_HEARSAY;
  k->changed = mark == MARK_CHANGED;
  k->barred = mark == MARK_BARRED;
  k->stopped = mark == MARK_STOPPED;
}

static gboolean
would_do (const struct key_candidate *k, const struct key_candidate *other, const struct route_policy *p,
          gboolean reply)
{
  const gboolean stranger = k->hearsay && other->method == k->method && !other->hearsay;
  return may_be_used (k, p, TRUE, TRUE) && !k->barred && !k->stopped && (!reply || k->trust >= p->least_reply)
         && (!k->hearsay || p->allow_autocrypt) && ((!k->changed && !stranger) || k->trust == KEY_TRUST_VERIFIED);
}

static guint
digit (guint *rest, guint base)
{
  const guint lowest = *rest % base;
  *rest /= base;
  return lowest;
}

static void
test_two_keys (void **state)
{
  guint used[3] = { 0 };
  for (guint n = 0; n < 2u * 5 * 2 * MARKS * 2 * 5 * 2 * MARKS * 8; n++) {
    guint rest = n;
    struct key_candidate keys[2];
    for (guint i = 0; i < 2; i++) {
      const guint method = digit (&rest, 2), trust = digit (&rest, 5), faulty = digit (&rest, 2),
                  kind = digit (&rest, MARKS);
      keys[i] = key (method == 0 ? ROUTE_SMIME : ROUTE_PGP, i == 0 ? "AA" : "BB", trust,
                     faulty ? KEY_FAULT_EXPIRED : KEY_FAULT_NONE);
      mark (&keys[i], kind);
    }
    const gboolean reply = digit (&rest, 2) != 0;
    struct route_policy policy;
    route_policy_init (&policy);
    policy.prefer = digit (&rest, 2) != 0 ? ROUTE_PGP : ROUTE_SMIME;
    policy.least_reply = digit (&rest, 2) != 0 ? KEY_TRUST_VERIFIED : KEY_TRUST_FIRST_SEEN;
    policy.allow_autocrypt = n % 3 != 0;
    const struct route_policy message = route_policy_for (&policy, reply);
    AUTOFREE (route) route = decide (&message, TRUE, TRUE, 2, keys);
    check_sane (route);
    const gboolean do_0 = would_do (&keys[0], &keys[1], &policy, reply),
                   do_1 = would_do (&keys[1], &keys[0], &policy, reply);
    if (!do_0 && !do_1) {
      assert_int_equal (route->method, ROUTE_HOLD);
      used[0]++;
      continue;
    }
    const struct key_candidate *wanted = do_0 ? &keys[0] : &keys[1];
    if (do_0 && do_1 && keys[0].hearsay != keys[1].hearsay)
      wanted = keys[0].hearsay ? &keys[1] : &keys[0];
    else if (do_0 && do_1 && keys[0].method != keys[1].method)
      wanted = keys[0].method == policy.prefer ? &keys[0] : &keys[1];
    else if (do_0 && do_1 && keys[0].trust != keys[1].trust)
      wanted = keys[0].trust > keys[1].trust ? &keys[0] : &keys[1];
    assert_int_equal (route->method, wanted->method);
    assert_string_equal (route->key->fingerprint, wanted->fingerprint);
    used[route->method]++;
  }
  assert_true (used[ROUTE_HOLD] > 10000 && used[ROUTE_SMIME] > 1000 && used[ROUTE_PGP] > 1000);
}

/* A protected parent never loosens what is asked, whatever the floor. */
static void
test_parent_floor (void **state)
{
  for (guint n = 0; n < 5 * 5 * 5; n++) {
    const struct route_policy policy = { .least_smime = n % 5, .least_pgp = n / 5 % 5, .least_reply = n / 25 };
    const struct route_policy plain = route_policy_for (&policy, FALSE), reply = route_policy_for (&policy, TRUE);
    assert_int_equal (plain.least_smime, policy.least_smime);
    assert_int_equal (plain.least_pgp, policy.least_pgp);
    assert_int_equal (reply.least_smime, MAX (policy.least_smime, policy.least_reply));
    assert_int_equal (reply.least_pgp, MAX (policy.least_pgp, policy.least_reply));
  }
}

/* A new key of a known person is held, until it was compared; the one that was used before goes on being used. */
static void
test_changed (void **state)
{
  struct key_candidate keys[] = { key (ROUTE_SMIME, "NEW", KEY_TRUST_CHAIN, KEY_FAULT_NONE),
                                  key (ROUTE_PGP, "OLD", KEY_TRUST_FIRST_SEEN, KEY_FAULT_NONE) };
  keys[0].changed = TRUE;
  AUTOFREE (route) old = decide (NULL, TRUE, TRUE, 2, keys);
  assert_string_equal (old->key->fingerprint, "OLD");
  keys[1].fault = KEY_FAULT_REVOKED;
  AUTOFREE (route) held = decide (NULL, TRUE, TRUE, 2, keys);
  assert_int_equal (held->method, ROUTE_HOLD);
  assert_int_equal (held->reason, ROUTE_REASON_CHANGED);
  assert_non_null (strstr (held->next, "wardmail key trust NEW"));
  assert_non_null (strstr (held->sentence, "issued by an authority that you trust"));
  keys[0].trust = KEY_TRUST_VERIFIED;
  AUTOFREE (route) decided = decide (NULL, TRUE, TRUE, 2, keys);
  assert_string_equal (decided->key->fingerprint, "NEW");
  /* Also where the old one is only known, and the new one only hearsay. */
  struct key_candidate heard[] = { key (ROUTE_PGP, "HEARD", KEY_TRUST_FIRST_SEEN, KEY_FAULT_NONE),
                                   key (ROUTE_PGP, "OLD", KEY_TRUST_FIRST_SEEN, KEY_FAULT_EXPIRED) };
  heard[0].hearsay = TRUE;
  AUTOFREE (route) stranger = decide (NULL, TRUE, TRUE, 2, heard);
  assert_int_equal (stranger->reason, ROUTE_REASON_CHANGED);
  assert_non_null (strstr (stranger->sentence, "known from the header of a mail alone"));
  AUTOFREE (route) alone = decide (NULL, TRUE, TRUE, 1, heard);
  assert_int_equal (alone->method, ROUTE_PGP);
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
  struct key_candidate short_key = key (ROUTE_PGP, "AA", KEY_TRUST_VERIFIED, KEY_FAULT_WEAK);
  short_key.detail = (char *) "has only 1024 bits";
  AUTOFREE (route) precise = decide (NULL, TRUE, TRUE, 1, &short_key);
  assert_string_equal (precise->sentence, "HELD: the OpenPGP key of bob@demo.test has only 1024 bits.");
  struct key_candidate other = key (ROUTE_PGP, "AA", KEY_TRUST_VERIFIED, KEY_FAULT_NONE);
  other.barred = TRUE;
  AUTOFREE (route) barred = decide (NULL, TRUE, TRUE, 1, &other);
  assert_int_equal (barred->reason, ROUTE_REASON_PINNED);
  other.barred = FALSE;
  other.stopped = TRUE;
  AUTOFREE (route) stopped = decide (NULL, TRUE, TRUE, 1, &other);
  assert_int_equal (stopped->reason, ROUTE_REASON_STOPPED);
  assert_string_equal (route_reason_name (stopped->reason), "stopped");
  assert_non_null (strstr (stopped->sentence, "not to use any more"));
  assert_non_null (strstr (stopped->next, "wardmail key trust AA"));
  assert_true (route_wants_key (stopped));
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

/* Asking somebody for a key is offered where it would help, and nowhere else. */
static void
test_wants_key (void **state)
{
  static const struct {
    enum key_fault fault;
    gboolean wants;
  } faults[] = {
    { KEY_FAULT_NONE, FALSE }, { KEY_FAULT_EXPIRED, TRUE }, { KEY_FAULT_NOT_YET, FALSE }, { KEY_FAULT_USAGE, TRUE },
    { KEY_FAULT_WEAK, TRUE },  { KEY_FAULT_REVOKED, TRUE }, { KEY_FAULT_BROKEN, TRUE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++) {
    struct key_candidate k = key (ROUTE_PGP, "AA", KEY_TRUST_VERIFIED, faults[i].fault);
    AUTOFREE (route) route = decide (NULL, TRUE, TRUE, 1, &k);
    assert_int_equal (route_wants_key (route), faults[i].wants);
  }
  AUTOFREE (route) nobody = decide (NULL, TRUE, TRUE, 0, NULL);
  assert_true (route_wants_key (nobody));
  struct key_candidate good = key (ROUTE_PGP, "AA", KEY_TRUST_VERIFIED, KEY_FAULT_NONE);
  AUTOFREE (route) sender = decide (NULL, FALSE, FALSE, 1, &good);
  assert_int_equal (sender->method, ROUTE_HOLD);
  assert_false (route_wants_key (sender));
  struct route_policy policy;
  route_policy_init (&policy);
  policy.least_pgp = KEY_TRUST_VERIFIED;
  struct key_candidate seen = key (ROUTE_PGP, "AA", KEY_TRUST_FIRST_SEEN, KEY_FAULT_NONE);
  AUTOFREE (route) untrusted = decide (&policy, TRUE, TRUE, 1, &seen);
  assert_int_equal (untrusted->reason, ROUTE_REASON_UNTRUSTED);
  assert_false (route_wants_key (untrusted));
  policy.allow_pgp = FALSE;
  AUTOFREE (route) forbidden = decide (&policy, TRUE, TRUE, 1, &good);
  assert_int_equal (forbidden->reason, ROUTE_REASON_POLICY);
  assert_true (route_wants_key (forbidden));
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
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_one_key),       cmocka_unit_test (test_two_keys),
                                      cmocka_unit_test (test_parent_floor),  cmocka_unit_test (test_changed),
                                      cmocka_unit_test (test_reasons),       cmocka_unit_test (test_bad_addresses),
                                      cmocka_unit_test (test_address_match), cmocka_unit_test (test_choice),
                                      cmocka_unit_test (test_wants_key),     cmocka_unit_test (test_words) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
