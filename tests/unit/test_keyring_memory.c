/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Which keys were used for whom: a change is noticed, also after a restart and however the address is spelt, and compared keys are free. */
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

#define AT 1800000000
#define PEOPLE_MAX 20000

static struct fixture fixture;

static int
set_up (void **state)
{
  fixture_init (&fixture);
  fixture_authority (&fixture, "ca");
  fixture_certificate (&fixture, "bob", FIXTURE_GOOD, "ca");
  fixture_pgp (&fixture, "bob", FIXTURE_GOOD);
  g_free (fixture_run (&fixture, "mv bob.sec rob.sec"));
  return 0;
}

static int
tear_down (void **state)
{
  fixture_clear (&fixture);
  return 0;
}

/* As if mail to the address had just been encrypted to a key (NULL: had been held). */
static gboolean
send_to (struct keyring *keyring, const char *address, const char *fingerprint, gint64 at, GError **error)
{
  AUTOFREE (plan) plan = plan_new ();
  struct key_candidate key = { .method = ROUTE_PGP,
                               .fingerprint = (char *) (fingerprint != NULL ? fingerprint : "NONE"),
                               .address = (char *) address,
                               .trust = KEY_TRUST_VERIFIED,
                               .fault = fingerprint != NULL ? KEY_FAULT_NONE : KEY_FAULT_REVOKED };
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  g_ptr_array_add (keys, &key);
  plan_add (plan, route_decide (address, keys, NULL, TRUE, TRUE), RECIPIENT_TO);
  plan_finish (plan);
  return keyring_remember (keyring, plan, at, error);
}

static struct key_candidate *
bob (struct keyring *keyring)
{
  g_autoptr (GPtrArray) found = keyring_find (keyring, "bob@demo.test", 0, NULL);
  assert_int_equal (found->len, 1);
  return key_candidate_copy (found->pdata[0]);
}

static enum route_reason
reason_for_bob (struct keyring *keyring)
{
  g_autoptr (GPtrArray) found = keyring_find (keyring, "bob@demo.test", 0, NULL);
  AUTOFREE (route) route = route_decide ("bob@demo.test", found, NULL, TRUE, TRUE);
  return route->reason;
}

static void
test_change (void **state)
{
  g_autofree char *fingerprint = NULL, *path = g_build_filename (fixture.dir, "change/used.conf", NULL);
  {
    AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "change");
    fixture_anchor (&fixture, keyring, "ca.crt");
    fixture_import (&fixture, keyring, "bob.crt", NULL);
    AUTOFREE (key_candidate) first = bob (keyring);
    assert_false (first->changed);
    fingerprint = g_strdup (first->fingerprint);
    assert_true (send_to (keyring, "bob@demo.test", NULL, AT, NULL));
    assert_false (g_file_test (path, G_FILE_TEST_EXISTS)); /* what was held was not used */
    assert_int_equal (reason_for_bob (keyring), ROUTE_REASON_KEY_FOUND);
    assert_true (send_to (keyring, "BOB@DEMO.test", "ABCD", AT, NULL));
    assert_int_equal (reason_for_bob (keyring), ROUTE_REASON_CHANGED);
  }
  struct stat status;
  assert_int_equal (g_stat (path, &status), 0);
  assert_int_equal (status.st_mode & 0777, 0600);
  AUTOFREE (keyring) again = fixture_keyring (&fixture, "change");
  AUTOFREE (key_candidate) changed = bob (again);
  assert_true (changed->changed);
  assert_true (keyring_trust (again, fingerprint, NULL));
  assert_int_equal (reason_for_bob (again), ROUTE_REASON_KEY_FOUND);
  assert_true (send_to (again, "bob@demo.test", fingerprint, AT, NULL));
  AUTOFREE (key_candidate) known = bob (again);
  assert_false (known->changed);
  /* Nothing new: nothing is written. */
  assert_int_equal (g_unlink (path), 0);
  assert_true (send_to (again, "bob@demo.test", fingerprint, AT + 100, NULL));
}

/* A private key in a file for somebody else's address makes nobody of him; where the user's own keys were used, it is a key of his. */
static void
test_own (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "own");
  fixture_anchor (&fixture, keyring, "ca.crt");
  fixture_import (&fixture, keyring, "bob.crt", "bob.key", NULL);
  assert_int_equal (reason_for_bob (keyring), ROUTE_REASON_KEY_FOUND);
  assert_true (send_to (keyring, "bob@demo.test", "ABCD", AT, NULL));
  assert_int_not_equal (reason_for_bob (keyring), ROUTE_REASON_KEY_FOUND);
  AUTOFREE (key_candidate) key = bob (keyring);
  assert_true (key->own);
  assert_true (send_to (keyring, "bob@demo.test", key->fingerprint, AT, NULL));
  fixture_import (&fixture, keyring, "rob.sec", NULL);
  g_autoptr (GPtrArray) found = keyring_find (keyring, "bob@demo.test", 0, NULL);
  assert_int_equal (found->len, 2);
  for (guint i = 0; i < found->len; i++)
    assert_int_equal (((struct key_candidate *) found->pdata[i])->trust, KEY_TRUST_VERIFIED);
}

static void
test_faults (void **state)
{
  g_autoptr (GError) error = NULL;
  {
    AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "faults");
    g_free (fixture_run (&fixture, "mkdir faults/used.conf"));
    assert_false (send_to (keyring, "bob@demo.test", "ABCD", AT, &error));
    assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED));
    g_clear_error (&error);
  }
  g_free (fixture_run (&fixture, "rmdir faults/used.conf && printf '[unfinished' > faults/used.conf"));
  g_autofree char *dir = g_build_filename (fixture.dir, "faults", NULL);
  assert_null (keyring_open (dir, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED));
  assert_non_null (strstr (error->message, "used.conf"));
}

/* The one who was not written to for longest is forgotten. */
static void
test_bounded (void **state)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < PEOPLE_MAX; i++)
    g_string_append_printf (text, "[p%u@demo.test]\nlast=%u\nfingerprints=AA;\n", i, i == 77 ? 1 : AT - i);
  g_autoptr (GBytes) bytes = g_bytes_new_static (text->str, text->len);
  g_free (fixture_run (&fixture, "mkdir -m 700 full"));
  fixture_write (&fixture, "full/used.conf", bytes);
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "full");
  assert_true (send_to (keyring, "new@demo.test", "BB", AT, NULL));
  g_autoptr (GBytes) after = fixture_read (&fixture, "full/used.conf");
  assert_true (fixture_holds (after, "[new@demo.test]"));
  assert_true (fixture_holds (after, "[p78@demo.test]"));
  assert_false (fixture_holds (after, "[p77@demo.test]"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_change), cmocka_unit_test (test_own),
                                      cmocka_unit_test (test_faults), cmocka_unit_test (test_bounded) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
