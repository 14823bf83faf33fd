/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* mallory puts other people's public keys into a key of hers, as subkeys, which nobody has to allow: she gains nothing by it. */
#include "crypto/keys/keyring_life.h"
#include "crypto/pgp/pgp.h"
#include "tests/unit/fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define TEXT "Content-Type: text/plain\r\n\r\nHaemoglobin 13.9\r\n"

#define GPG "gpg -q --batch --no-tty --pinentry-mode loopback --passphrase '' --faked-system-time 20200101T000000! "

static struct fixture fixture;

/* row: of which of its (sub)keys, from 1 */
static char *
field (const char *name, const char *kinds, guint column, guint row)
{
  char *text = fixture_run (&fixture,
                            "gpg -q --with-colons --with-keygrip --list-keys '<%s@demo.test>' | grep -E '^(%s):' | "
                            "cut -d: -f%u | sed -n %up",
                            name, kinds, column, row);
  return g_strchomp (text);
}

/* Made long ago: gpg's clock, told to stand at the very second that it is, goes on, and a key that is adopted then may get the next second, and
 * so another fingerprint. */
static void
make (const char *name, const char *algorithm, const char *second)
{
  g_free (fixture_run (&fixture, GPG "--quick-gen-key '%s <%s@demo.test>' %s sign never", name, name, algorithm));
  g_autofree char *fingerprint = fixture_pgp_fingerprint (&fixture, name);
  g_free (fixture_run (&fixture, GPG "--quick-add-key %s %s encr never", fingerprint, second));
  g_free (fixture_run (&fixture, GPG "--armor --export-secret-keys %s > %s.sec", fingerprint, name));
}

/* A subkey of mallory that is the victim's key itself, made at the same second, so that both have one fingerprint. flags: how its use is
 * changed. */
static void
adopt (const char *victim, guint row, const char *flags)
{
  g_autofree char *grip = field (victim, "grp", 10, row), *time = field (victim, "pub|sub", 6, row),
                  *fingerprint = field (victim, "fpr", 10, row), *own = fixture_pgp_fingerprint (&fixture, "mallory");
  g_free (
      fixture_run (&fixture,
                   "printf 'addkey\\n13\\n%s\\n%sQ\\n0\\ny\\nsave\\n' | gpg -q --no-tty --expert "
                   "--pinentry-mode loopback --passphrase '' --command-fd 0 --faked-system-time '%s!' --edit-key %s",
                   grip, flags, time, own));
  g_autofree char *all
      = fixture_run (&fixture, "gpg -q --with-colons --list-keys %s && gpg --export %s > mallory.pub", own, own);
  assert_non_null (strstr (all, fingerprint));
}

static int
set_up (void **state)
{
  fixture_init (&fixture);
  make ("alice", "ed25519", "cv25519");
  make ("bob", "rsa2048", "rsa2048");
  make ("mallory", "ed25519", "cv25519");
  g_free (fixture_run (&fixture, "gpg --export '<bob@demo.test>' > bob.bin"));
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, strlen (TEXT));
  fixture_write (&fixture, "text", text);
  return 0;
}

static int
tear_down (void **state)
{
  fixture_clear (&fixture);
  return 0;
}

static struct key_candidate *
find (struct keyring *keyring, const char *address)
{
  g_autoptr (GPtrArray) found = keyring_find (keyring, address, 0, NULL);
  assert_int_equal (found->len, 1);
  return key_candidate_copy (found->pdata[0]);
}

/* What the agent has of it is the user's, and the key is not. */
static void
test_not_own (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "own");
  adopt ("alice", 2, "");
  fixture_import (&fixture, keyring, "mallory.pub", NULL);
  fixture_import (&fixture, keyring, "alice.sec", NULL);
  AUTOFREE (key_candidate) alice = find (keyring, "alice@demo.test");
  AUTOFREE (key_candidate) mallory = find (keyring, "mallory@demo.test");
  assert_true (alice->own);
  assert_false (mallory->own);
  assert_int_equal (mallory->trust, KEY_TRUST_FIRST_SEEN);
  g_free (fixture_run (&fixture, GPG "-u mallory@demo.test --armor --detach-sign -o sig text"));
  g_autoptr (GPtrArray) signatures = g_ptr_array_new_with_free_func ((GDestroyNotify) pgp_signature_free);
  g_autoptr (GBytes) text = fixture_read (&fixture, "text"), sig = fixture_read (&fixture, "sig");
  assert_true (pgp_verify_detached (keyring_pgp (keyring), text, sig, 0, keyring_trusted (keyring), signatures, NULL));
  assert_int_equal (signatures->len, 1);
  assert_int_equal (((struct pgp_signature *) signatures->pdata[0])->state, SIGNATURE_UNTRUSTED);
}

/* bob's key is kept apart, and mallory's is in the keyring with bob's in it. */
static void
test_not_to (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "to");
  g_autofree char *bob = fixture_pgp_fingerprint (&fixture, "bob"), *bob_second = field ("bob", "fpr", 10, 2);
  g_autoptr (GBytes) key = fixture_read (&fixture, "bob.bin"), text = fixture_read (&fixture, "text");
  g_autoptr (GPtrArray) blobs = g_ptr_array_new (), ids = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) fingerprints = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  adopt ("bob", 1, "S\\nE\\nA\\n"); /* to authenticate */
  fixture_import (&fixture, keyring, "alice.sec", NULL);
  fixture_import (&fixture, keyring, "mallory.pub", NULL);
  g_ptr_array_add (blobs, key);
  assert_true (keyring_learn (keyring, "wkd", "bob@demo.test", KEYRING_SAID_KEYS, blobs, 0, NULL));
  AUTOFREE (key_candidate) found = find (keyring, "bob@demo.test");
  assert_string_equal (found->fingerprint, bob);
  g_ptr_array_add (fingerprints, bob);
  AUTOFREE (pieces) pieces = pieces_new ();
  AUTOFREE (spool) spool = spool_new (NULL, NULL);
  pieces_add (pieces, text);
  assert_true (pgp_sign_encrypt (keyring_pgp (keyring), "alice@demo.test", fingerprints, pieces, spool, ids, &error));
  assert_int_equal (ids->len, 1);
  assert_string_equal ((char *) ids->pdata[0] + strlen ("pgp:"), bob_second + strlen (bob_second) - 16);
}

/* What the user gives out as his key is his alone. */
static void
test_not_given (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "given");
  struct keyring_public public;
  g_autoptr (GError) error = NULL;
  adopt ("alice", 1, "");
  fixture_import (&fixture, keyring, "alice.sec", NULL);
  fixture_import (&fixture, keyring, "mallory.pub", NULL);
  if (!keyring_export (keyring, "alice@demo.test", ROUTE_PGP, TRUE, &public, &error))
    fail_msg ("%s", error->message);
  fixture_write (&fixture, "given.asc", public.bytes);
  g_autofree char *names
      = fixture_run (&fixture, "gpg -q --with-colons --show-keys given.asc | grep ^uid | cut -d: -f10 | tr '\\n' ' '");
  assert_string_equal (names, "alice <alice@demo.test> ");
  keyring_public_clear (&public);
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (test_not_own), cmocka_unit_test (test_not_to), cmocka_unit_test (test_not_given) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
