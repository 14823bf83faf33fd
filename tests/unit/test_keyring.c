/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The keyring with keys that gpg and openssl made: what is found, with which fault, and what is remembered. */
#include "crypto/plan.h"
#include "tests/unit/fixture.h"
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

static struct fixture fixture;

static const struct {
  const char *name;
  enum fixture_key kind;
  enum key_fault fault;
} kinds[] = {
  { "good", FIXTURE_GOOD, KEY_FAULT_NONE },          { "rsa", FIXTURE_RSA, KEY_FAULT_NONE },
  { "expired", FIXTURE_EXPIRED, KEY_FAULT_EXPIRED }, { "signonly", FIXTURE_SIGN_ONLY, KEY_FAULT_USAGE },
  { "weak", FIXTURE_WEAK, KEY_FAULT_WEAK },          { "future", FIXTURE_FUTURE, KEY_FAULT_NOT_YET },
  { "revoked", FIXTURE_REVOKED, KEY_FAULT_REVOKED },
};

static int
set_up (void **state)
{
  fixture_init (&fixture);
  fixture_authority (&fixture, "ca");
  fixture_authority (&fixture, "other");
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autofree char *certificate = g_strconcat ("c", kinds[i].name, NULL);
    if (kinds[i].kind != FIXTURE_FUTURE)
      fixture_pgp (&fixture, kinds[i].name, kinds[i].kind);
    if (kinds[i].kind != FIXTURE_REVOKED)
      fixture_certificate (&fixture, certificate, kinds[i].kind, "ca");
  }
  fixture_certificate (&fixture, "stranger", FIXTURE_GOOD, "other");
  return 0;
}

static int
tear_down (void **state)
{
  fixture_clear (&fixture);
  return 0;
}

/* The one candidate under name@demo.test. */
static struct key_candidate *
find_one (struct keyring *keyring, const char *name, gint64 at)
{
  g_autofree char *address = g_strconcat (name, "@demo.test", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = keyring_find (keyring, address, at, &error);
  assert_non_null (found);
  if (found->len != 1)
    fail_msg ("%u keys for %s", found->len, address);
  return key_candidate_copy (found->pdata[0]);
}

static void
test_pgp_faults (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "faults");
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autofree char *file = g_strconcat (kinds[i].name, ".pub", NULL);
    if (kinds[i].kind == FIXTURE_FUTURE) /* gpg takes in no key whose signatures are not valid yet */
      continue;
    fixture_import (&fixture, keyring, file, NULL);
    AUTOFREE (key_candidate) key = find_one (keyring, kinds[i].name, 0);
    g_autofree char *fingerprint = fixture_pgp_fingerprint (&fixture, kinds[i].name);
    if (key->fault != kinds[i].fault)
      fail_msg ("%s: fault %d, not %d", kinds[i].name, key->fault, kinds[i].fault);
    if (key->fault == KEY_FAULT_WEAK)
      assert_non_null (strstr (key->detail, "has only 1024 bits"));
    assert_string_equal (key->fingerprint, fingerprint);
    assert_int_equal (key->method, ROUTE_PGP);
    assert_int_equal (key->trust, KEY_TRUST_FIRST_SEEN);
    assert_false (key->own);
  }
  /* Another time, another judgement. */
  AUTOFREE (key_candidate) then = find_one (keyring, "expired", 1590000000);
  assert_int_equal (then->fault, KEY_FAULT_NONE);
  AUTOFREE (key_candidate) before = find_one (keyring, "good", 1590000000);
  assert_int_equal (before->fault, KEY_FAULT_NOT_YET);
}

static void
test_smime_faults (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "smime");
  fixture_anchor (&fixture, keyring, "ca.crt");
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autofree char *name = g_strconcat ("c", kinds[i].name, NULL), *file = g_strconcat (name, ".crt", NULL);
    if (kinds[i].kind == FIXTURE_REVOKED)
      continue;
    fixture_import (&fixture, keyring, file, NULL);
    AUTOFREE (key_candidate) key = find_one (keyring, name, 0);
    if (key->fault != kinds[i].fault)
      fail_msg ("%s: fault %d, not %d", name, key->fault, kinds[i].fault);
    if (key->fault == KEY_FAULT_WEAK)
      assert_non_null (strstr (key->detail, "of only 1024 bits"));
    if (key->fault == KEY_FAULT_NONE)
      assert_int_equal (key->trust, KEY_TRUST_CHAIN);
  }
  fixture_import (&fixture, keyring, "stranger.crt", NULL);
  AUTOFREE (key_candidate) stranger = find_one (keyring, "stranger", 0);
  assert_int_equal (stranger->trust, KEY_TRUST_FIRST_SEEN);
}

static void
test_trust (void **state)
{
  g_autofree char *fingerprint = fixture_pgp_fingerprint (&fixture, "good");
  g_autofree char *path = g_build_filename (fixture.dir, "trust/trust.conf", NULL);
  g_autoptr (GError) error = NULL;
  {
    AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "trust");
    g_autofree char *blanks = g_strdup_printf ("%.4s %.36s", fingerprint, fingerprint + 4);
    g_autofree char *lower = g_ascii_strdown (blanks, -1);
    assert_false (keyring_trust (keyring, fingerprint, &error));
    assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY));
    g_clear_error (&error);
    assert_false (keyring_trust (keyring, "../../etc", NULL));
    fixture_import (&fixture, keyring, "good.pub", NULL);
    assert_true (keyring_trust (keyring, lower, &error));
  }
  struct stat status;
  assert_int_equal (g_stat (path, &status), 0);
  assert_int_equal (status.st_mode & 0777, 0600);
  AUTOFREE (keyring) again = fixture_keyring (&fixture, "trust");
  AUTOFREE (key_candidate) key = find_one (again, "good", 0);
  assert_int_equal (key->trust, KEY_TRUST_VERIFIED);
  assert_true (keyring_trusted_for (again, fingerprint, "good@DEMO.test"));
  assert_false (keyring_trusted_for (again, fingerprint, "chief@demo.test"));
  /* A user id that the key gains later was not compared. */
  g_free (fixture_run (
      &fixture,
      "gpg -q --batch --passphrase '' --pinentry-mode loopback --quick-add-uid %s 'chief <chief@demo.test>' && "
      "gpg -q --armor --export %s > good2.pub",
      fingerprint, fingerprint));
  fixture_import (&fixture, again, "good2.pub", NULL);
  AUTOFREE (key_candidate) chief = find_one (again, "chief", 0);
  assert_string_equal (chief->fingerprint, fingerprint);
  assert_int_equal (chief->trust, KEY_TRUST_FIRST_SEEN);
  g_autoptr (GPtrArray) all = keyring_list (again, 0, NULL);
  assert_int_equal (all->len, 2);
}

/* Upper and lower case find the same key, until there is one under the very spelling. */
static void
test_spelling (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "spelling");
  g_autofree char *lower = fixture_pgp_fingerprint (&fixture, "good");
  fixture_import (&fixture, keyring, "good.pub", "cgood.crt", NULL);
  g_autoptr (GPtrArray) found = keyring_find (keyring, "GOOD@Demo.test", 0, NULL);
  g_autoptr (GPtrArray) certificates = keyring_find (keyring, "CGood@demo.test", 0, NULL);
  assert_int_equal (found->len, 1);
  assert_int_equal (certificates->len, 1);
  assert_string_equal (((struct key_candidate *) found->pdata[0])->fingerprint, lower);
  g_free (fixture_run (&fixture,
                       "mkdir -m 700 other && export GNUPGHOME=other && gpg -q --batch --passphrase '' --pinentry-mode "
                       "loopback --quick-gen-key 'Good <GOOD@demo.test>' future-default default never && "
                       "gpg -q --export > upper.pub; gpgconf --kill all"));
  fixture_import (&fixture, keyring, "upper.pub", NULL);
  static const char *const asked[] = { "good@demo.test", "GOOD@demo.test" };
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GPtrArray) one = keyring_find (keyring, asked[i], 0, NULL);
    assert_int_equal (one->len, 1);
    assert_string_equal (((struct key_candidate *) one->pdata[0])->address, asked[i]);
  }
  g_autoptr (GPtrArray) both = keyring_find (keyring, "Good@demo.test", 0, NULL);
  assert_int_equal (both->len, 2);
}

/* What the organisation pinned is as good as compared, and bars every other key of the address. */
static void
test_pins (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "pins");
  g_autofree char *fingerprint = fixture_pgp_fingerprint (&fixture, "good");
  g_autofree char *lower = g_ascii_strdown (fingerprint, -1);
  fixture_import (&fixture, keyring, "good.pub", "rsa.pub", NULL);
  keyring_pin (keyring, "GOOD@demo.test", (const char *const[]){ "no fingerprint", lower, NULL });
  keyring_pin (keyring, "rsa@demo.test", (const char *const[]){ fingerprint, NULL });
  keyring_pin (keyring, "nonsense", (const char *const[]){ fingerprint, NULL });
  AUTOFREE (key_candidate) good = find_one (keyring, "good", 0);
  assert_true (good->pinned && !good->barred);
  assert_int_equal (good->trust, KEY_TRUST_VERIFIED);
  assert_true (keyring_trusted_for (keyring, fingerprint, "good@demo.test"));
  AUTOFREE (key_candidate) rsa = find_one (keyring, "rsa", 0);
  assert_true (rsa->barred && !rsa->pinned);
  /* The user's own comparing neither takes a pin away nor lifts the bar. */
  g_autofree char *other = fixture_pgp_fingerprint (&fixture, "rsa");
  assert_true (keyring_trust (keyring, other, NULL));
  AUTOFREE (key_candidate) still = find_one (keyring, "good", 0);
  assert_int_equal (still->trust, KEY_TRUST_VERIFIED);
  AUTOFREE (key_candidate) compared = find_one (keyring, "rsa", 0);
  assert_true (compared->barred);
}

#define END_OF_2020 1609459200 /* the "expired" certificate was valid until then */
#define DAY 86400

static void
test_expiry (void **state)
{
  g_autofree char *told = g_build_filename (fixture.dir, "expiry/told.conf", NULL);
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "expiry");
  fixture_anchor (&fixture, keyring, "ca.crt");
  fixture_import (&fixture, keyring, "cexpired.crt", "expired.pub", NULL);
  struct route_policy policy;
  route_policy_init (&policy);
  policy.least_smime = KEY_TRUST_FIRST_SEEN; /* its authority is younger */
  static const struct {
    gint64 at;
    gboolean expiring;
  } rows[] = { { END_OF_2020 - 31 * DAY, FALSE },
               { END_OF_2020 - 30 * DAY, TRUE },
               { END_OF_2020 - 60, TRUE },
               { END_OF_2020 + DAY, FALSE } };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    AUTOFREE (key_candidate) key = find_one (keyring, "cexpired", rows[i].at);
    assert_int_equal (key->expiring, rows[i].expiring);
    g_autoptr (GPtrArray) keys = g_ptr_array_new ();
    g_ptr_array_add (keys, key);
    AUTOFREE (route) route = route_decide ("cexpired@demo.test", keys, &policy, TRUE, TRUE);
    assert_true ((strstr (route->sentence, "it expires on 2021-01-01") != NULL) == rows[i].expiring);
  }
  /* Strangers' keys are nobody's business; then the people whom one writes to, after one's own. */
  const gint64 at = END_OF_2020 - 10 * DAY;
  g_autoptr (GPtrArray) nothing = keyring_expiry (keyring, at, NULL);
  assert_int_equal (nothing->len, 0);
  AUTOFREE (plan) plan = plan_new ();
  g_autoptr (GPtrArray) keys = keyring_find (keyring, "expired@demo.test", at, NULL);
  plan_add (plan, route_decide ("expired@demo.test", keys, NULL, TRUE, TRUE), RECIPIENT_TO);
  plan_finish (plan);
  assert_true (keyring_remember (keyring, plan, at, NULL));
  fixture_import (&fixture, keyring, "cexpired.key", NULL);
  g_autoptr (GPtrArray) texts = keyring_expiry (keyring, at, NULL);
  assert_int_equal (texts->len, 2);
  assert_true (g_str_has_prefix (texts->pdata[0], "Your own S/MIME certificate for cexpired@demo.test expires on "));
  assert_true (g_str_has_prefix (texts->pdata[1], "The OpenPGP key of expired@demo.test expires on "));
  /* Once a day. */
  static const struct {
    gint64 later;
    guint count;
  } days[] = { { 0, 2 }, { 60, 0 }, { DAY, 2 }, { DAY + 60, 0 } };
  for (gsize i = 0; i < G_N_ELEMENTS (days); i++) {
    g_autoptr (GPtrArray) daily = keyring_expiry_daily (keyring, at + days[i].later, NULL);
    assert_int_equal (daily->len, days[i].count);
  }
  assert_true (g_file_test (told, G_FILE_TEST_EXISTS));
  /* A note that cannot be read only means that it is told again. */
  g_free (fixture_run (&fixture, "printf '[unfinished' > expiry/told.conf"));
  g_autoptr (GPtrArray) again = keyring_expiry_daily (keyring, at + DAY + 120, NULL);
  assert_int_equal (again->len, 2);
}

static void
test_unreadable_trust_is_an_error (void **state)
{
  g_autofree char *dir = g_build_filename (fixture.dir, "broken", NULL);
  g_autoptr (GError) error = NULL;
  g_free (fixture_run (&fixture, "mkdir -p broken && printf '[unfinished' > broken/trust.conf"));
  assert_null (keyring_open (dir, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED));
}

static void
test_own_keys (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "own");
  assert_false (keyring_can_send (keyring, "good@demo.test", ROUTE_PGP, 0));
  fixture_import (&fixture, keyring, "good.pub", NULL);
  assert_false (keyring_can_send (keyring, "good@demo.test", ROUTE_PGP, 0));
  fixture_import (&fixture, keyring, "good.sec", "expired.sec", "signonly.sec", NULL);
  assert_true (keyring_can_send (keyring, "good@demo.test", ROUTE_PGP, 0));
  assert_false (keyring_can_send (keyring, "good@demo.test", ROUTE_SMIME, 0));
  assert_false (keyring_can_send (keyring, "good@demo.test", ROUTE_HOLD, 0));
  assert_false (keyring_can_send (keyring, "expired@demo.test", ROUTE_PGP, 0));
  assert_false (keyring_can_send (keyring, "signonly@demo.test", ROUTE_PGP, 0));
  AUTOFREE (key_candidate) key = find_one (keyring, "good", 0);
  assert_true (key->own);
  assert_int_equal (key->trust, KEY_TRUST_VERIFIED);
  /* Certificate and key in either order, together or one by one. */
  fixture_import (&fixture, keyring, "cgood.key", NULL);
  assert_false (keyring_can_send (keyring, "cgood@demo.test", ROUTE_SMIME, 0));
  fixture_import (&fixture, keyring, "cgood.crt", NULL);
  assert_true (keyring_can_send (keyring, "cgood@demo.test", ROUTE_SMIME, 0));
}

static void
test_refuses_what_is_no_key (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "junk");
  static const char *const junk[]
      = { "",
          "hello",
          "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n",
          "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
          "\x99\x01\x0d",
          "\x30\x82\xff\xff" };
  for (gsize i = 0; i < G_N_ELEMENTS (junk); i++) {
    g_autoptr (GPtrArray) blobs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
    g_autoptr (GError) error = NULL;
    g_ptr_array_add (blobs, g_bytes_new_static (junk[i], strlen (junk[i])));
    assert_null (keyring_import (keyring, blobs, NULL, &error));
    assert_int_equal (error->domain, CRYPTO_ERROR);
    assert_int_equal (error->code, CRYPTO_ERROR_FORMAT);
  }
  g_autoptr (GPtrArray) all = keyring_list (keyring, 0, NULL);
  assert_int_equal (all->len, 0);
}

/* A profile far down in the folders: the agent's sockets must still fit, and nothing stays behind. */
static void
test_long_path (void **state)
{
  g_autofree char *deep = g_strnfill (90, 'd'), *name = g_strconcat (deep, "/", deep, NULL);
  g_free (fixture_run (&fixture, "mkdir -p %s", name));
  {
    AUTOFREE (keyring) keyring = fixture_keyring (&fixture, name);
    fixture_import (&fixture, keyring, "good.sec", NULL);
    assert_true (keyring_can_send (keyring, "good@demo.test", ROUTE_PGP, 0));
  }
  assert_true (fixture_try (&fixture, "test -d %s/gnupg/private-keys-v1.d", name));
  assert_false (fixture_try (&fixture, "ps -eo args | grep -v grep | grep -F 'gpg-agent' | grep -F '%s'", name));
}

/* No agent outlives its keyring: a vault could not be closed. */
static void
test_agent_leaves (void **state)
{
  {
    AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "agent");
    fixture_import (&fixture, keyring, "good.sec", NULL);
    assert_true (
        fixture_try (&fixture, "ps -eo args | grep -v grep | grep -F 'gpg-agent' | grep -F '%s/agent/'", fixture.dir));
  }
  assert_true (fixture_try (&fixture,
                            "for i in $(seq 100); do ps -eo args | grep -v grep | grep -F 'gpg-agent' | "
                            "grep -qF '%s/agent/' || exit 0; sleep 0.05; done; exit 1",
                            fixture.dir));
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_pgp_faults),
                                      cmocka_unit_test (test_smime_faults),
                                      cmocka_unit_test (test_trust),
                                      cmocka_unit_test (test_spelling),
                                      cmocka_unit_test (test_pins),
                                      cmocka_unit_test (test_expiry),
                                      cmocka_unit_test (test_unreadable_trust_is_an_error),
                                      cmocka_unit_test (test_own_keys),
                                      cmocka_unit_test (test_refuses_what_is_no_key),
                                      cmocka_unit_test (test_long_path),
                                      cmocka_unit_test (test_agent_leaves) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
