/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The sealed back-up: opened by gpg, tar and openssl, and taken in again. */
#include "crypto/keys/keyring_life.h"
#include "crypto/keys/keyring_tar.h"
#include "tests/unit/fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define WORDS "four w\303\266rds of mine"

static struct fixture fixture;

static int
set_up (void **state)
{
  fixture_init (&fixture);
  fixture_authority (&fixture, "ca");
  fixture_pgp (&fixture, "anna", FIXTURE_GOOD);
  fixture_pgp (&fixture, "bert", FIXTURE_GOOD);
  fixture_certificate (&fixture, "anna", FIXTURE_GOOD, "ca");
  fixture_certificate (&fixture, "carl", FIXTURE_GOOD, "ca");
  return 0;
}

static int
tear_down (void **state)
{
  fixture_clear (&fixture);
  return 0;
}

static struct secret *
words (const char *text)
{
  return secret_new (text, strlen (text));
}

static struct keyring *
full (const char *name)
{
  struct keyring *keyring = fixture_keyring (&fixture, name);
  const struct keyring_wish wish
      = { .kind = ROUTE_SMIME, .address = "anna@demo.test", .algorithm = "p256", .another = TRUE };
  struct key_candidate *key = NULL;
  AUTOFREE (smime_request) request = NULL;
  g_autofree char *bert = fixture_pgp_fingerprint (&fixture, "bert");
  fixture_anchor (&fixture, keyring, "ca.crt");
  fixture_import (&fixture, keyring, "anna.sec", "bert.pub", "anna.crt", "anna.key", "carl.crt", NULL);
  assert_true (keyring_trust (keyring, bert, NULL));
  assert_true (keyring_new (keyring, &wish, &key, &request, NULL));
  return keyring;
}

static GBytes *
back_up (struct keyring *keyring)
{
  AUTOFREE (secret) passphrase = words (WORDS);
  struct keyring_backup backup;
  g_autoptr (GError) error = NULL;
  if (!keyring_backup (keyring, passphrase, &backup, &error))
    fail_msg ("%s", error->message);
  assert_int_equal (backup.pgp, 1);
  assert_int_equal (backup.smime, 2); /* one waits for its certificate */
  assert_int_equal (backup.on_card->len, 0);
  GBytes *sealed = g_bytes_ref (backup.sealed);
  keyring_backup_clear (&backup);
  return sealed;
}

/* What each key is worth, a line each. */
static char *
summary (struct keyring *keyring)
{
  g_autoptr (GPtrArray) keys = keyring_list (keyring, 0, NULL);
  g_autoptr (GPtrArray) requests = smime_request_list (keyring_smime (keyring));
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < keys->len; i++) {
    const struct key_candidate *key = g_ptr_array_index (keys, i);
    g_string_append_printf (text, "%s %s own %d trust %d fault %d source %s\n", key->fingerprint, key->address,
                            key->own, key->trust, key->fault, key->source);
  }
  for (guint i = 0; i < requests->len; i++)
    g_string_append_printf (text, "waits: %s\n", ((struct smime_request *) g_ptr_array_index (requests, i))->id);
  return g_string_free (text, FALSE);
}

static void
test_back_and_forth (void **state)
{
  AUTOFREE (keyring) keyring = full ("from");
  g_autoptr (GBytes) sealed = back_up (keyring);
  fixture_write (&fixture, "keys.gpg", sealed);
  /* Without us: gpg, tar, and openssl for what they find. */
  g_autofree char *names = fixture_run (
      &fixture,
      "printf '" WORDS
      "' > words && mkdir -m 700 out && gpg -q --batch --pinentry-mode loopback --passphrase-file words -d "
      "keys.gpg | tar xC out && cd out && GNUPGHOME=$PWD/g && mkdir -m 700 g && gpg -q --batch --import "
      "openpgp/secret-keys.asc openpgp/public-keys.asc && gpg --list-secret-keys --with-colons | grep -c ^sec && gpg "
      "--list-keys --with-colons | grep -c ^pub && gpgconf --kill all && cat smime/anna*.csr | openssl req -noout "
      "-verify "
      "2>&1 && for f in smime/*.p12; do openssl pkcs12 -in $f -nodes -passin file:../words | grep -E '^subject|BEGIN "
      "PR'; "
      "done && openssl verify -CAfile smime/anchors-1.pem smime/certificates-1.pem");
  assert_true (g_str_has_prefix (names, "1\n2\nCertificate request self-signature verify OK\n"));
  assert_non_null (strstr (names, "subject=CN = anna"));
  assert_true (g_str_has_suffix (names, "smime/certificates-1.pem: OK\n"));
  assert_false (fixture_holds (sealed, "BEGIN PGP"));
  /* With us, into a profile that is new. */
  AUTOFREE (keyring) fresh = fixture_keyring (&fixture, "to");
  AUTOFREE (secret) wrong = words ("four words of thine");
  AUTOFREE (secret) right = words (WORDS);
  g_autoptr (GError) error = NULL;
  assert_null (keyring_restore (fresh, sealed, wrong, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_PASSPHRASE));
  g_clear_error (&error);
  g_autoptr (GPtrArray) own = keyring_restore (fresh, sealed, right, &error);
  if (own == NULL)
    fail_msg ("%s", error->message);
  assert_int_equal (own->len, 2);
  g_autofree char *before = summary (keyring), *after = summary (fresh);
  assert_string_equal (before, after);
  assert_true (keyring_can_send (fresh, "anna@demo.test", ROUTE_PGP, 0));
  assert_true (keyring_can_send (fresh, "anna@demo.test", ROUTE_SMIME, 0));
  g_free (fixture_run (&fixture, "cmp from/trust.conf to/trust.conf"));
}

static void
test_damaged (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "damaged");
  AUTOFREE (secret) right = words (WORDS);
  g_autoptr (GBytes) sealed = fixture_read (&fixture, "keys.gpg"), key = fixture_read (&fixture, "anna.pub");
  g_autoptr (GError) error = NULL;
  gsize size = 0;
  const guint8 *bytes = g_bytes_get_data (sealed, &size);
  g_autofree guint8 *flipped = g_memdup2 (bytes, size);
  flipped[size / 2] ^= 1;
  g_autoptr (GBytes) cut = g_bytes_new (bytes, size - 100), changed = g_bytes_new (flipped, size);
  assert_null (keyring_restore (keyring, changed, right, &error));
  g_clear_error (&error);
  assert_null (keyring_restore (keyring, cut, right, &error));
  g_clear_error (&error);
  assert_null (keyring_restore (keyring, key, right, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT));
  g_clear_error (&error);
  g_autoptr (GPtrArray) blobs = g_ptr_array_new ();
  g_ptr_array_add (blobs, sealed);
  assert_null (keyring_import (keyring, blobs, NULL, &error));
  assert_non_null (strstr (error->message, "key restore"));
  g_autofree char *nothing = summary (keyring);
  assert_string_equal (nothing, "");
}

static void
test_refused (void **state)
{
  static const char *const bad[]
      = { "", "short", "aaaaaaaaaaaaaaaaaaaa", "abcabcabcabcabc", "four words\nof mine", "four words \377 of mine" };
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "refused");
  struct keyring_backup backup;
  g_autoptr (GError) error = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    AUTOFREE (secret) passphrase = words (bad[i]);
    assert_false (keyring_backup (keyring, passphrase, &backup, &error));
    assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT));
    g_clear_error (&error);
  }
  AUTOFREE (secret) good = words (WORDS);
  fixture_import (&fixture, keyring, "bert.pub", NULL);
  assert_false (keyring_backup (keyring, good, &backup, &error)); /* no key of one's own */
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY));
}

/* A key whose passphrase nobody gives: no back-up at all, rather than one without it. */
static void
test_protected (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "protected");
  AUTOFREE (secret) good = words (WORDS);
  struct keyring_backup backup;
  g_autoptr (GError) error = NULL;
  g_free (fixture_run (
      &fixture, "GPG='gpg -q --batch --no-tty --pinentry-mode loopback --passphrase sesame'; $GPG --quick-gen-key "
                "'dora <dora@demo.test>' ed25519 default never && $GPG --armor --export-secret-keys "
                "dora@demo.test > dora.sec"));
  fixture_import (&fixture, keyring, "anna.sec", "dora.sec", NULL);
  assert_false (keyring_backup (keyring, good, &backup, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_PASSPHRASE));
}

static void
test_reminded (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "reminded");
  assert_true (keyring_remind (keyring, TRUE, NULL));
  g_autoptr (GPtrArray) texts = keyring_expiry_daily (keyring, 0, NULL);
  assert_int_equal (texts->len, 1);
  assert_non_null (strstr (g_ptr_array_index (texts, 0), "wardmail key backup"));
  assert_true (keyring_remind (keyring, FALSE, NULL));
  g_autoptr (GPtrArray) later = keyring_expiry_daily (keyring, g_get_real_time () / G_USEC_PER_SEC + 2 * 86400, NULL);
  assert_int_equal (later->len, 0);
}

/* ---- the archive ---- */

static gboolean
note_file (const char *name, GBytes *content, gpointer data, GError **error)
{
  g_string_append_printf (data, "%s:%u;", name, (guint) g_bytes_get_size (content));
  return TRUE;
}

static void
test_tar (void **state)
{
  g_autoptr (GByteArray) array = g_byte_array_new ();
  g_autofree char *block = g_strnfill (512, 'x');
  keyring_tar_add (array, "a/one", "1", 1, 0);
  keyring_tar_add (array, "empty", NULL, 0, 1700000000);
  keyring_tar_add (array, "block", block, 512, 1700000000);
  keyring_tar_end (array);
  g_autoptr (GBytes) tar = g_byte_array_free_to_bytes (g_steal_pointer (&array));
  fixture_write (&fixture, "t.tar", tar);
  g_autofree char *listed = fixture_run (&fixture, "TZ=UTC tar tvf t.tar | awk '{ print $1, $3, $4, $6 }'");
  assert_string_equal (listed,
                       "-rw------- 1 1970-01-01 a/one\n-rw------- 0 2023-11-14 empty\n-rw------- 512 2023-11-14 "
                       "block\n");
  g_autoptr (GString) seen = g_string_new (NULL);
  assert_true (keyring_tar_read (tar, note_file, seen, NULL));
  assert_string_equal (seen->str, "a/one:1;empty:0;block:512;");
  /* Of the other program's making, with folders and links among them. */
  g_free (fixture_run (
      &fixture, "mkdir -p d && echo hello > d/f && ln -s /etc/passwd d/l && tar cf theirs.tar --format=ustar d/f "
                "d/l d"));
  g_autoptr (GBytes) theirs = fixture_read (&fixture, "theirs.tar");
  g_string_truncate (seen, 0);
  assert_true (keyring_tar_read (theirs, note_file, seen, NULL));
  assert_non_null (strstr (seen->str, "d/f:6;"));
  assert_null (strstr (seen->str, "d/l"));
  /* Cut at each length and changed at each byte of a header: told, or the same files. */
  gsize size = 0;
  const guint8 *bytes = g_bytes_get_data (tar, &size);
  for (gsize cut = 0; cut < size - 1024; cut += 37) {
    g_autoptr (GBytes) part = g_bytes_new_from_bytes (tar, 0, cut);
    assert_false (keyring_tar_read (part, note_file, seen, NULL));
  }
  for (gsize at = 1; at < 512; at++) {
    g_autofree guint8 *copy = g_memdup2 (bytes, size);
    copy[at] ^= 0x15;
    g_autoptr (GBytes) changed = g_bytes_new (copy, size);
    g_string_truncate (seen, 0);
    if (keyring_tar_read (changed, note_file, seen, NULL))
      assert_string_equal (seen->str, "a/one:1;empty:0;block:512;");
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_back_and_forth), cmocka_unit_test (test_damaged),  cmocka_unit_test (test_refused),
    cmocka_unit_test (test_protected),      cmocka_unit_test (test_reminded), cmocka_unit_test (test_tar),
  };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
