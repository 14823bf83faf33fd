/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of one's own keys, each step judged by gpg and openssl. */
#include "crypto/keys/keyring_life.h"
#include "crypto/smime/smime.h"
#include "tests/unit/fixture.h"
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define TWO_YEARS_S (2 * 365 * 24 * 3600)

static struct fixture fixture;

static int
set_up (void **state)
{
  fixture_init (&fixture);
  fixture_authority (&fixture, "ca");
  return 0;
}

static int
tear_down (void **state)
{
  fixture_clear (&fixture);
  return 0;
}

static struct key_candidate *
new_pgp (struct keyring *keyring, const char *address, const char *name)
{
  const struct keyring_wish wish = { .kind = ROUTE_PGP, .address = address, .name = name, .another = TRUE };
  struct key_candidate *key = NULL;
  struct smime_request *request = NULL;
  g_autoptr (GError) error = NULL;
  if (!keyring_new (keyring, &wish, &key, &request, &error))
    fail_msg ("%s", error->message);
  assert_null (request);
  return key;
}

static struct smime_request *
new_smime (struct keyring *keyring, const char *address, const char *algorithm)
{
  const struct keyring_wish wish
      = { .kind = ROUTE_SMIME, .address = address, .name = "Dr. A, MD", .algorithm = algorithm, .another = TRUE };
  struct key_candidate *key = NULL;
  struct smime_request *request = NULL;
  g_autoptr (GError) error = NULL;
  if (!keyring_new (keyring, &wish, &key, &request, &error))
    fail_msg ("%s", error->message);
  assert_null (key);
  return request;
}

/* The authority makes a certificate of what the request asks for; the name of its file. */
static char *
certify (const struct smime_request *request, const char *name)
{
  g_autofree char *csr = g_strconcat (name, ".csr", NULL);
  fixture_write (&fixture, csr, request->pem);
  g_free (fixture_run (&fixture,
                       "openssl req -verify -noout -in %s.csr 2>&1 && openssl x509 -req -in %s.csr -CA ca.crt -CAkey "
                       "ca.key -set_serial 0x$(openssl rand -hex 8) -days 3000 -copy_extensions copy -out %s.crt 2>&1",
                       name, name, name));
  return g_strconcat (name, ".crt", NULL);
}

static void export(struct keyring *keyring, const char *which, enum route_method kind, const char *file)
{
  struct keyring_public key;
  g_autoptr (GError) error = NULL;
  if (!keyring_export (keyring, which, kind, TRUE, &key, &error))
    fail_msg ("%s", error->message);
  fixture_write (&fixture, file, key.bytes);
  keyring_public_clear (&key);
}

static void
test_new_pgp (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "new");
  AUTOFREE (key_candidate) key = new_pgp (keyring, "anna@demo.test", "Anna <x> (y)\nExpire-Date: 0");
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  assert_true (key->own && key->fault == KEY_FAULT_NONE && key->trust == KEY_TRUST_VERIFIED);
  assert_true (key->expires > now + TWO_YEARS_S - 90000 && key->expires < now + TWO_YEARS_S + 90000);
  assert_string_equal (key->owner, "Anna x yExpire-Date: 0 <anna@demo.test>");
  assert_true (keyring_can_send (keyring, "anna@demo.test", ROUTE_PGP, 0));
  export(keyring, "anna@demo.test", ROUTE_HOLD, "anna.asc");
  g_autofree char *shown = fixture_run (&fixture, "gpg --show-keys --with-colons anna.asc");
  assert_non_null (strstr (shown, key->fingerprint));
  assert_non_null (strstr (shown, ":ed25519:"));
  assert_non_null (strstr (shown, ":cv25519:"));
  assert_null (strstr (shown, "sec:"));
  g_autofree char *rev = g_strdup_printf ("%s/new/gnupg/openpgp-revocs.d/%s.rev", fixture.dir, key->fingerprint);
  assert_true (g_file_test (rev, G_FILE_TEST_IS_REGULAR));
}

static void
test_new_refused (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "refused");
  struct key_candidate *key = NULL;
  struct smime_request *request = NULL;
  AUTOFREE (key_candidate) first = new_pgp (keyring, "anna@demo.test", "Anna");
  AUTOFREE (smime_request) waits = new_smime (keyring, "anna@demo.test", "p256");
  const struct {
    struct keyring_wish wish;
    const char *words;
  } cases[] = {
    { { .kind = ROUTE_PGP, .address = "anna@DEMO.test" }, "usable OpenPGP key" },
    { { .kind = ROUTE_SMIME, .address = "anna@demo.test" }, "waits for its certificate" },
    { { .kind = ROUTE_PGP, .address = "nobody" }, "not an e-mail address" },
    { { .kind = ROUTE_PGP, .address = "a@demo.test\nName-Real: x" }, "not an e-mail address" },
    { { .kind = ROUTE_PGP, .address = "bert@demo.test", .algorithm = "p256" }, "one of: ed25519" },
    { { .kind = ROUTE_SMIME, .address = "bert@demo.test", .algorithm = "rsa1024" }, "one of: rsa3072" },
    { { .kind = ROUTE_SMIME, .address = "b\303\244rt@demo.test" }, "letters beyond" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    assert_false (keyring_new (keyring, &cases[i].wish, &key, &request, &error));
    if (strstr (error->message, cases[i].words) == NULL)
      fail_msg ("%s", error->message);
    assert_true (key == NULL && request == NULL);
  }
}

static void
test_request (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "request");
  fixture_anchor (&fixture, keyring, "ca.crt");
  AUTOFREE (smime_request) request = new_smime (keyring, "anna@demo.test", "p256");
  assert_string_equal (request->address, "anna@demo.test");
  assert_string_equal (request->algorithm, "P-256");
  g_autofree char *file = certify (request, "anna");
  g_autofree char *text = fixture_run (&fixture, "openssl req -noout -text -in anna.csr");
  const char *const wanted[] = { "CN = \"Dr. A, MD\"", "email:anna@demo.test", "Digital Signature, Key Agreement",
                                 "E-mail Protection", "ecdsa-with-SHA256" };
  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
    if (strstr (text, wanted[i]) == NULL)
      fail_msg ("no “%s” in %s", wanted[i], text);
  g_autofree char *mode = fixture_run (&fixture, "stat -c %%a request/smime/*");
  assert_string_equal (mode, "600\n600\n");
  assert_false (keyring_can_send (keyring, "anna@demo.test", ROUTE_SMIME, 0));
  /* It waits, through a new start as well, until the certificate is taken in. */
  AUTOFREE (keyring) again = fixture_keyring (&fixture, "request");
  g_autoptr (GPtrArray) waiting = smime_request_list (keyring_smime (again));
  assert_int_equal (waiting->len, 1);
  const struct smime_request *same = g_ptr_array_index (waiting, 0);
  assert_true (g_bytes_equal (same->pem, request->pem));
  fixture_import (&fixture, again, file, NULL);
  assert_true (keyring_can_send (again, "anna@demo.test", ROUTE_SMIME, 0));
  g_autoptr (GPtrArray) none = smime_request_list (keyring_smime (again));
  assert_int_equal (none->len, 0);
  export(again, "anna@demo.test", ROUTE_SMIME, "anna.pem");
  g_free (fixture_run (&fixture, "openssl verify -CAfile ca.crt anna.pem && ! grep -q PRIVATE anna.pem"));
}

static void
test_request_dropped (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "dropped");
  AUTOFREE (smime_request) request = new_smime (keyring, "anna@demo.test", "p384");
  struct smime_store *store = keyring_smime (keyring);
  g_autoptr (GError) error = NULL;
  assert_false (smime_request_drop (store, "../../../etc/passwd", &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY));
  assert_true (smime_request_drop (store, request->id, NULL));
  g_autofree char *left = fixture_run (&fixture, "ls dropped/smime");
  assert_string_equal (left, "");
}

static void
test_export_chosen (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "export");
  struct keyring_public key;
  g_autoptr (GError) error = NULL;
  fixture_anchor (&fixture, keyring, "ca.crt");
  AUTOFREE (key_candidate) pgp = new_pgp (keyring, "anna@demo.test", "Anna");
  AUTOFREE (smime_request) request = new_smime (keyring, "anna@demo.test", "p256");
  g_autofree char *file = certify (request, "both");
  fixture_import (&fixture, keyring, file, NULL);
  assert_false (keyring_export (keyring, "anna@demo.test", ROUTE_HOLD, FALSE, &key, &error));
  assert_non_null (strstr (error->message, "--kind"));
  g_clear_error (&error);
  assert_false (keyring_export (keyring, "nobody@demo.test", ROUTE_HOLD, FALSE, &key, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY));
  assert_true (keyring_export (keyring, pgp->fingerprint, ROUTE_HOLD, FALSE, &key, NULL));
  assert_string_equal (key.filename, "anna@demo.test.asc");
  assert_string_equal (key.type, "application/pgp-keys");
  assert_true (fixture_holds (key.bytes, "BEGIN PGP PUBLIC KEY BLOCK"));
  keyring_public_clear (&key);
  assert_true (keyring_export (keyring, "anna@demo.test", ROUTE_SMIME, TRUE, &key, NULL));
  assert_string_equal (key.filename, "anna@demo.test.pem");
  keyring_public_clear (&key);
}

/* ---- renewed and taken back ---- */

static struct key_candidate *
renew (struct keyring *keyring, const char *fingerprint)
{
  struct key_candidate *key = NULL;
  struct smime_request *request = NULL;
  g_autoptr (GError) error = NULL;
  if (!keyring_renew (keyring, fingerprint, FALSE, &key, &request, &error))
    fail_msg ("%s", error->message);
  assert_null (request);
  return key;
}

static void
test_renewed (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "renewed");
  fixture_pgp (&fixture, "olaf", FIXTURE_EXPIRED);
  fixture_pgp (&fixture, "pia", FIXTURE_GOOD);
  fixture_import (&fixture, keyring, "olaf.sec", "pia.pub", NULL);
  g_autofree char *olaf = fixture_pgp_fingerprint (&fixture, "olaf"), *pia = fixture_pgp_fingerprint (&fixture, "pia");
  assert_false (keyring_can_send (keyring, "olaf@demo.test", ROUTE_PGP, 0));
  /* One that has expired can be used again; all of it. */
  AUTOFREE (key_candidate) key = renew (keyring, olaf);
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  assert_int_equal (key->fault, KEY_FAULT_NONE);
  assert_true (key->expires > now + TWO_YEARS_S - 90000 && key->expires < now + TWO_YEARS_S + 90000);
  assert_true (keyring_can_send (keyring, "olaf@demo.test", ROUTE_PGP, 0));
  export(keyring, olaf, ROUTE_HOLD, "olaf2.pub");
  g_autofree char *shown
      = fixture_run (&fixture,
                     "gpg --show-keys --with-colons olaf2.pub | awk -F: '/^(pub|sub):/ && $7 > %" G_GINT64_FORMAT
                     " { n++ } END { print n }'",
                     now + TWO_YEARS_S - 90000);
  assert_string_equal (shown, "2\n");
  /* One without an end would be shortened. */
  fixture_pgp (&fixture, "quin", FIXTURE_GOOD);
  fixture_import (&fixture, keyring, "quin.sec", NULL);
  g_autofree char *quin = fixture_pgp_fingerprint (&fixture, "quin");
  struct key_candidate *endless = NULL;
  struct smime_request *nothing = NULL;
  g_autoptr (GError) refused = NULL;
  assert_false (keyring_renew (keyring, quin, FALSE, &endless, &nothing, &refused));
  assert_true (g_error_matches (refused, CRYPTO_ERROR, CRYPTO_ERROR_FAILED));
  /* Somebody else's is not ours to renew. */
  struct key_candidate *none = NULL;
  struct smime_request *request = NULL;
  g_autoptr (GError) error = NULL;
  assert_false (keyring_renew (keyring, pia, FALSE, &none, &request, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY));
}

static void
take_back (struct keyring *keyring, const char *fingerprint, enum keyring_reason reason, struct keyring_revoked *out)
{
  g_autoptr (GError) error = NULL;
  if (!keyring_revoke (keyring, fingerprint, reason, out, &error))
    fail_msg ("%s", error->message);
}

static void
test_revoked (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "revoked");
  AUTOFREE (key_candidate) key = new_pgp (keyring, "anna@demo.test", "Anna");
  struct keyring_revoked revoked;
  take_back (keyring, key->fingerprint, KEYRING_REASON_SUPERSEDED, &revoked);
  assert_true (revoked.for_good);
  fixture_write (&fixture, "anna.rev.asc", revoked.public);
  keyring_revoked_clear (&revoked);
  g_autofree char *shown
      = fixture_run (&fixture, "gpg --show-keys --with-colons anna.rev.asc | grep ^pub: | cut -d: -f2; gpg "
                               "--list-packets anna.rev.asc | grep -c 'revocation reason 0x01'");
  assert_string_equal (shown, "r\n1\n");
  assert_false (keyring_can_send (keyring, "anna@demo.test", ROUTE_PGP, 0));
  take_back (keyring, key->fingerprint, KEYRING_REASON_NONE, &revoked); /* again: the same comes out */
  assert_true (revoked.for_good && revoked.public != NULL);
  keyring_revoked_clear (&revoked);
  struct key_candidate *none = NULL;
  struct smime_request *request = NULL;
  g_autoptr (GError) error = NULL;
  assert_false (keyring_renew (keyring, key->fingerprint, FALSE, &none, &request, &error));
  assert_non_null (strstr (error->message, "for good"));
}

static gboolean
is_stopped (struct keyring *keyring, const char *address)
{
  g_autoptr (GPtrArray) found = keyring_find (keyring, address, 0, NULL);
  assert_int_equal (found->len, 1);
  return ((struct key_candidate *) g_ptr_array_index (found, 0))->stopped;
}

static void
test_stopped (void **state)
{
  fixture_pgp (&fixture, "rita", FIXTURE_GOOD);
  fixture_certificate (&fixture, "sam", FIXTURE_GOOD, "ca");
  fixture_certificate (&fixture, "tom", FIXTURE_GOOD, "ca");
  g_autofree char *rita = fixture_pgp_fingerprint (&fixture, "rita");
  g_autofree char *sam = fixture_run (&fixture, "openssl x509 -in sam.crt -noout -fingerprint -sha256 | sed 's/.*=//'");
  g_autofree char *serial = fixture_run (&fixture, "openssl x509 -in sam.crt -noout -serial | sed 's/.*=//'");
  g_strchomp (serial);
  struct keyring_revoked revoked;
  {
    AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "stopped");
    fixture_anchor (&fixture, keyring, "ca.crt");
    fixture_import (&fixture, keyring, "rita.pub", "sam.crt", "sam.key", "tom.crt", NULL);
    assert_true (keyring_trust (keyring, rita, NULL));
    assert_true (keyring_trusted_for (keyring, rita, "rita@demo.test"));
    take_back (keyring, rita, KEYRING_REASON_COMPROMISED, &revoked);
    assert_true (!revoked.for_good && revoked.public == NULL && revoked.issuer == NULL);
    keyring_revoked_clear (&revoked);
    take_back (keyring, sam, KEYRING_REASON_RETIRED, &revoked);
    assert_true (revoked.key->own && !revoked.for_good);
    assert_string_equal (revoked.issuer, "ca");
    assert_string_equal (revoked.serial, serial);
    keyring_revoked_clear (&revoked);
  }
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "stopped"); /* it is remembered */
  assert_true (is_stopped (keyring, "rita@demo.test") && is_stopped (keyring, "sam@demo.test"));
  assert_false (is_stopped (keyring, "tom@demo.test"));
  assert_false (keyring_trusted_for (keyring, rita, "rita@demo.test"));
  assert_false (keyring_can_send (keyring, "sam@demo.test", ROUTE_SMIME, 0));
  /* Whoever compares it again takes it back. */
  assert_true (keyring_trust (keyring, rita, NULL));
  assert_false (is_stopped (keyring, "rita@demo.test"));
  assert_true (keyring_trusted_for (keyring, rita, "rita@demo.test"));
  assert_true (keyring_trust (keyring, sam, NULL));
  assert_true (keyring_can_send (keyring, "sam@demo.test", ROUTE_SMIME, 0));
}

static void
test_stopped_signature (void **state)
{
  g_free (fixture_run (&fixture,
                       "printf text > text && openssl cms -sign -in text -signer tom.crt -inkey tom.key -outform "
                       "DER -nodetach -binary -out tom.p7m"));
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "stopped");
  g_autofree char *tom = fixture_run (&fixture, "openssl x509 -in tom.crt -noout -fingerprint -sha256 | sed 's/.*=//'");
  g_autoptr (GBytes) cms = fixture_read (&fixture, "tom.p7m");
  static const struct {
    enum keyring_reason reason;
    enum signature_state state;
  } rows[] = { { KEYRING_REASON_RETIRED, SIGNATURE_GOOD }, { KEYRING_REASON_COMPROMISED, SIGNATURE_UNTRUSTED } };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    struct keyring_revoked revoked;
    struct smime_signature signature;
    g_autoptr (GBytes) content = NULL;
    take_back (keyring, tom, rows[i].reason, &revoked);
    keyring_revoked_clear (&revoked);
    assert_true (
        smime_verify (keyring_smime (keyring), cms, NULL, 0, keyring_trusted (keyring), &signature, &content, NULL));
    assert_int_equal (signature.state, rows[i].state);
    smime_signature_clear (&signature);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_new_pgp),           cmocka_unit_test (test_new_refused),
    cmocka_unit_test (test_request),           cmocka_unit_test (test_request_dropped),
    cmocka_unit_test (test_export_chosen),     cmocka_unit_test (test_renewed),
    cmocka_unit_test (test_revoked),           cmocka_unit_test (test_stopped),
    cmocka_unit_test (test_stopped_signature),
  };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
