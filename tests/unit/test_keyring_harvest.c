/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates from signed mail: only the sender's own, only with a chain of their own, and never from mail that is not good. */
#include "crypto/inspect.h"
#include "tests/unit/fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct fixture fixture;

/* "bob" by the authority "middle", which "ca" certified; "eve" by "other", which nobody trusts. bob2 is another key under bob's name. */
static int
set_up (void **state)
{
  fixture_init (&fixture);
  fixture_authority (&fixture, "ca");
  fixture_authority (&fixture, "other");
  g_free (fixture_run (
      &fixture,
      "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout middle.key -out m.csr "
      "-subj /CN=middle 2>/dev/null && printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' "
      "> m.ext && openssl x509 -req -in m.csr -CA ca.crt -CAkey ca.key -set_serial 77 -days 3650 -extfile m.ext -out "
      "middle.crt 2>/dev/null"));
  fixture_certificate (&fixture, "bob", FIXTURE_GOOD, "middle");
  fixture_certificate (&fixture, "carol", FIXTURE_GOOD, "ca");
  /* A mallory in between adds a certificate under bob's name, by an authority of his own. */
  g_free (fixture_run (&fixture, "mv bob.crt real.crt && mv bob.key real.key"));
  fixture_certificate (&fixture, "bob", FIXTURE_GOOD, "other");
  g_free (fixture_run (&fixture, "mv bob.crt false.crt && mv real.crt bob.crt && mv real.key bob.key && "
                                 "cat middle.crt false.crt carol.crt > more.pem && printf 'Content-Type: "
                                 "text/plain\\r\\n\\r\\nPotassium 4.1\\r\\n' > entity"));
  return 0;
}

static int
tear_down (void **state)
{
  fixture_clear (&fixture);
  return 0;
}

static struct inspection *
read_mail (struct keyring *keyring, const char *from, const char *signer, gboolean damaged)
{
  g_autofree char *mail = fixture_run (&fixture,
                                       "printf 'From: %s@demo.test\\nSubject: x\\n' && openssl cms -sign -binary "
                                       "-in entity -signer %s.crt -inkey %s.key -certfile more.pem -md sha256",
                                       from, signer, signer);
  char *word = strstr (mail, "4.1");
  if (damaged)
    word[0] = '9';
  g_autoptr (GBytes) bytes = g_bytes_new (mail, strlen (mail));
  return inspect_message (keyring, bytes, 0);
}

static guint
count (struct keyring *keyring, const char *address)
{
  g_autoptr (GPtrArray) found = keyring_find (keyring, address, 0, NULL);
  return found->len;
}

static void
test_good_signature (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "good");
  g_autoptr (GError) error = NULL;
  fixture_anchor (&fixture, keyring, "ca.crt");
  for (guint round = 0; round < 2; round++) { /* the second time there is nothing new */
    AUTOFREE (inspection) inspection = read_mail (keyring, "bob", "bob", FALSE);
    assert_int_equal (inspection->verdict.signature.state, SIGNATURE_GOOD);
    assert_non_null (inspection->signed_by);
    assert_true (keyring_harvest (keyring, inspection->signed_by, "bob@demo.test", 0, &error));
  }
  AUTOFREE (keyring) again = fixture_keyring (&fixture, "good");
  g_autoptr (GPtrArray) found = keyring_find (again, "bob@demo.test", 0, NULL);
  assert_int_equal (found->len, 1); /* and not the false one */
  const struct key_candidate *key = found->pdata[0];
  g_autofree char *wanted = fixture_run (
      &fixture, "openssl x509 -in bob.crt -noout -fingerprint -sha256 | sed 's/.*=//;s/://g' | tr -d '\\n'");
  assert_string_equal (key->fingerprint, wanted);
  assert_string_equal (key->source, "mail");
  assert_int_equal (key->trust, KEY_TRUST_CHAIN);         /* the authority in between came along */
  assert_int_equal (count (again, "carol@demo.test"), 0); /* somebody else's certificate in the mail */
  AUTOFREE (route) route = route_decide ("bob@demo.test", found, NULL, TRUE, TRUE);
  assert_int_equal (route->method, ROUTE_SMIME);
}

static void
test_not_good (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "bad");
  AUTOFREE (inspection) stranger = read_mail (keyring, "bob", "bob", FALSE); /* no anchor */
  assert_null (stranger->signed_by);
  fixture_anchor (&fixture, keyring, "ca.crt");
  AUTOFREE (inspection) damaged = read_mail (keyring, "bob", "bob", TRUE);
  assert_int_equal (damaged->verdict.signature.state, SIGNATURE_BAD);
  assert_null (damaged->signed_by);
  AUTOFREE (inspection) mismatch = read_mail (keyring, "carol", "bob", FALSE);
  assert_int_equal (mismatch->verdict.signature.state, SIGNATURE_MISMATCH);
  assert_null (mismatch->signed_by);
  /* And were it asked to: nothing under an address that no trusted certificate carries. */
  AUTOFREE (inspection) good = read_mail (keyring, "bob", "bob", FALSE);
  assert_true (keyring_harvest (keyring, good->signed_by, "dora@demo.test", 0, NULL));
  g_autoptr (GPtrArray) all = keyring_list (keyring, 0, NULL);
  assert_int_equal (all->len, 0);
  g_autoptr (GBytes) junk = g_bytes_new_static ("junk", 4);
  assert_false (keyring_harvest (keyring, junk, "bob@demo.test", 0, NULL));
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_good_signature), cmocka_unit_test (test_not_good) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
