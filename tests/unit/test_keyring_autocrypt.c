/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Autocrypt headers by gpg's keys: which are read, which are kept, and what they are good for. */
#include "crypto/autocrypt.h"
#include "crypto/pgp/pgp.h"
#include "crypto/plan.h"
#include "crypto/protect.h"
#include "tests/unit/fixture.h"
#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define NOW 1900000000

static struct fixture fixture;
static char *bob_data; /* base64 */
static GBytes *bob_key, *carol_key;

static GBytes *export(const char *name)
{
  g_free (fixture_run (&fixture, "gpg -q --export-options export-minimal --export '<%s@demo.test>' > key.bin", name));
  return fixture_read (&fixture, "key.bin");
}

static int
set_up (void **state)
{
  fixture_init (&fixture);
  static const char *const names[] = { "alice", "bob", "carol" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    fixture_pgp (&fixture, names[i], FIXTURE_GOOD);
  bob_key = export("bob");
  carol_key = export("carol");
  gsize size = 0;
  const guchar *data = g_bytes_get_data (bob_key, &size);
  bob_data = g_base64_encode (data, size);
  return 0;
}

static int
tear_down (void **state)
{
  g_free (bob_data);
  g_bytes_unref (bob_key);
  g_bytes_unref (carol_key);
  fixture_clear (&fixture);
  return 0;
}

static void
test_header (void **state)
{
#define BOB "From: Bob <bob@demo.test>\r\n"
  static const struct {
    const char *header; /* %s: the key */
    gboolean taken;
  } rows[] = {
    { BOB "Autocrypt: addr=bob@demo.test; prefer-encrypt=mutual; keydata=%s\r\n", TRUE },
    { BOB "Autocrypt: addr=BOB@Demo.test; _new=1; keydata=\r\n %s\r\n", TRUE },
    { BOB "autocrypt:addr=bob@demo.test;keydata=%s\r\n", TRUE },
    { BOB "Autocrypt: addr=eve@demo.test; keydata=AAAA\r\nAutocrypt: addr=bob@demo.test; keydata=%s\r\n", TRUE },
    { BOB "Autocrypt: addr=eve@demo.test; keydata=%s\r\n", FALSE },
    { BOB "Autocrypt: keydata=%s\r\n", FALSE },
    { BOB "Autocrypt: addr=bob@demo.test; new=1; keydata=%s\r\n", FALSE },
    { BOB "Autocrypt: addr=bob@demo.test; keydata=%s; prefer-encrypt=mutual\r\n", FALSE },
    { BOB "Autocrypt: addr=bob@demo.test; keydata=%s!\r\n", FALSE },
    { BOB "Autocrypt: addr=bob@demo.test; addr=bob@demo.test; keydata=%s\r\n", FALSE },
    { BOB "Autocrypt: addr=bob@demo.test; keydata=%s\r\nAutocrypt: addr=bob@demo.test; keydata=AAAA\r\n", FALSE },
    { BOB "From: eve@demo.test\r\nAutocrypt: addr=bob@demo.test; keydata=%s\r\n", FALSE },
    { "From: bob@demo.test, eve@demo.test\r\nAutocrypt: addr=bob@demo.test; keydata=%s\r\n", FALSE },
    { "Autocrypt: addr=bob@demo.test; keydata=%s\r\n", FALSE },
    { BOB "Content-Type: multipart/report; boundary=x\r\nAutocrypt: addr=bob@demo.test; keydata=%s\r\n", FALSE },
    { BOB "Autocrypt: addr=bob@demo.test; keydata=\r\n", FALSE },
    { BOB "Autocrypt: addr=bob@demo.test\r\nX: %s\r\n", FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_auto (GStrv) pieces = g_strsplit (rows[i].header, "%s", 2);
    g_autofree char *text = g_strconcat (pieces[0], pieces[1] != NULL ? bob_data : "",
                                         pieces[1] != NULL ? pieces[1] : "", "\r\ntext\r\n", NULL);
    g_autoptr (GBytes) entity = g_bytes_new (text, strlen (text));
    struct autocrypt autocrypt;
    if (autocrypt_read (entity, &autocrypt) != rows[i].taken)
      fail_msg ("row %u: %s", (guint) i, rows[i].header);
    if (rows[i].taken) {
      assert_true (g_bytes_equal (autocrypt.key, bob_key));
      assert_string_equal (autocrypt.address, "bob@demo.test");
    }
    autocrypt_clear (&autocrypt);
  }
  g_autofree char *zeros = g_strnfill (AUTOCRYPT_KEY_SIZE_MAX / 3 * 4 + 8, 'A');
  g_autofree char *large = g_strconcat (BOB "Autocrypt: addr=bob@demo.test; keydata=", zeros, "\r\n\r\n", NULL);
  g_autoptr (GBytes) entity = g_bytes_new (large, strlen (large));
  struct autocrypt autocrypt;
  assert_false (autocrypt_read (entity, &autocrypt));
}

/* The one key of bob; "" if there is none. */
static char *
key_of_bob (struct keyring *keyring, const char *source)
{
  g_autoptr (GPtrArray) found = keyring_find (keyring, "bob@demo.test", NOW, NULL);
  if (found->len == 0)
    return g_strdup ("");
  assert_int_equal (found->len, 1);
  const struct key_candidate *key = found->pdata[0];
  assert_string_equal (key->source, source);
  assert_int_equal (key->hearsay, strcmp (source, "autocrypt") == 0);
  return g_strdup (key->fingerprint);
}

static void
test_newest_wins (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "newest");
  g_autofree char *bob = fixture_pgp_fingerprint (&fixture, "bob"),
                  *carol = fixture_pgp_fingerprint (&fixture, "carol");
  const struct {
    GBytes *key;
    gint64 date;
    const char *then;
  } steps[] = {
    { bob_key, 0, "" }, /* a mail without a date says nothing */
    { bob_key, 1800000000, bob },
    { carol_key, 1700000000, bob },
    { carol_key, 1800000001, carol },
    { bob_key, 1800000001, carol },
    { bob_key, NOW + 1000, bob },   /* a date to come counts as today */
    { carol_key, NOW + 9000, bob }, /* so that it does not win for ever */
  };
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++) {
    assert_true (keyring_autocrypt (keyring, "bob@demo.test", steps[i].key, steps[i].date, NOW, NULL));
    g_autofree char *found = key_of_bob (keyring, "autocrypt");
    assert_string_equal (found, steps[i].then);
  }
  /* Nothing of it is in the keyring proper. */
  assert_false (fixture_try (&fixture, "GNUPGHOME=newest/gnupg gpg -q --list-keys | grep demo"));
  /* Junk and two keys at once are refused, and change nothing. */
  g_autoptr (GBytes) junk = g_bytes_new_static ("\x99\x01\x0d junk", 8);
  g_autoptr (GByteArray) both = g_byte_array_new ();
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (bob_key, &size);
  g_byte_array_append (both, data, (guint) size);
  data = g_bytes_get_data (carol_key, &size);
  g_byte_array_append (both, data, (guint) size);
  g_autoptr (GBytes) two = g_byte_array_free_to_bytes (g_steal_pointer (&both));
  assert_false (keyring_autocrypt (keyring, "bob@demo.test", junk, NOW + 1, NOW + 2, NULL));
  assert_false (keyring_autocrypt (keyring, "bob@demo.test", two, NOW + 1, NOW + 2, NULL));
  g_autofree char *still = key_of_bob (keyring, "autocrypt");
  assert_string_equal (still, bob);
  /* A key without its own note is no key. */
  g_free (fixture_run (&fixture, "for f in newest/autocrypt/*.key; do printf x >> $f; done"));
  g_autofree char *none = key_of_bob (keyring, "");
  assert_string_equal (none, "");
}

static struct route *
route_to_bob (struct keyring *keyring, const struct route_policy *policy)
{
  g_autoptr (GPtrArray) keys = keyring_find (keyring, "bob@demo.test", 0, NULL);
  return route_decide ("bob@demo.test", keys, policy, TRUE, TRUE);
}

/* Used where there is nothing else and policy lets it; gpg then opens the mail with bob's key. Once compared, it stays. */
static void
test_use (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "use");
  g_autofree char *bob = fixture_pgp_fingerprint (&fixture, "bob");
  g_autoptr (GError) error = NULL;
  fixture_import (&fixture, keyring, "alice.sec", NULL);
  assert_true (keyring_autocrypt (keyring, "bob@demo.test", bob_key, 1700000000, 0, NULL));
  struct route_policy policy;
  route_policy_init (&policy);
  policy.least_pgp = KEY_TRUST_WKD;
  AUTOFREE (route) higher = route_to_bob (keyring, &policy);
  assert_int_equal (higher->reason, ROUTE_REASON_UNTRUSTED);
  route_policy_init (&policy);
  policy.allow_autocrypt = FALSE;
  AUTOFREE (route) forbidden = route_to_bob (keyring, &policy);
  assert_int_equal (forbidden->reason, ROUTE_REASON_UNTRUSTED);
  AUTOFREE (plan) plan = plan_new ();
  plan_add (plan, route_to_bob (keyring, NULL), RECIPIENT_TO);
  plan_finish (plan);
  assert_int_equal (plan->held, 0);
  g_autoptr (GPtrArray) headers = g_ptr_array_new ();
  g_ptr_array_add (headers, (char *) "From: alice@demo.test");
  static const char text[] = "Content-Type: text/plain\r\nSubject: x\r\n\r\nPHI-MARKER\r\n";
  g_autoptr (GBytes) payload = g_bytes_new_static (text, strlen (text));
  const struct protect_request request = { .sender = "alice@demo.test", .outer_headers = headers, .payload = payload };
  g_autoptr (GPtrArray) copies = protect_copies (keyring, plan, &request, 0, &error);
  if (copies == NULL)
    fail_msg ("%s", error->message);
  const struct protected_copy *copy = copies->pdata[0];
  assert_int_equal (copy->recipient_ids->len, 2);
  fixture_write (&fixture, "copy", copy->message);
  g_free (fixture_run (&fixture,
                       "gpg -q --batch --no-tty --yes --delete-secret-keys $(gpg -q --with-colons --list-secret-keys "
                       "'<alice@demo.test>' | awk -F: '$1==\"fpr\" {print $10; exit}')"));
  g_autofree char *opened
      = fixture_run (&fixture, "gpg -q --batch --no-tty --trust-model always -d < copy 2>/dev/null");
  assert_non_null (strstr (opened, "PHI-MARKER"));
  assert_false (fixture_try (&fixture, "GNUPGHOME=use/gnupg gpg -q --list-keys %s", bob));
  assert_true (keyring_trust (keyring, bob, &error));
  g_autofree char *compared = key_of_bob (keyring, "imported");
  assert_string_equal (compared, bob);
  assert_true (keyring_autocrypt (keyring, "bob@demo.test", carol_key, 1800000000, 0, NULL));
  AUTOFREE (route) after = route_to_bob (keyring, NULL);
  assert_string_equal (after->key->fingerprint, bob);
}

/* Who writes the header chooses the spelling of the address in it: that does not hide the key that is here. */
static void
test_spelling (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "spelling");
  g_autofree char *bob = fixture_pgp_fingerprint (&fixture, "bob");
  fixture_import (&fixture, keyring, "bob.pub", NULL);
  assert_true (keyring_autocrypt (keyring, "Bob@demo.test", carol_key, 1700000000, 0, NULL));
  static const char *const asked[] = { "bob@demo.test", "Bob@demo.test", "BOB@demo.test" };
  for (guint i = 0; i < G_N_ELEMENTS (asked); i++) {
    g_autoptr (GPtrArray) keys = keyring_find (keyring, asked[i], 0, NULL);
    AUTOFREE (route) route = route_decide (asked[i], keys, NULL, TRUE, TRUE);
    assert_int_equal (route->reason, ROUTE_REASON_KEY_FOUND);
    assert_string_equal (route->key->fingerprint, bob);
  }
}

/* A header can put anybody's key beside any address: comparing the key does not make it that address's. */
static void
test_compared (void **state)
{
  g_autofree char *carol = fixture_pgp_fingerprint (&fixture, "carol");
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "compared");
  fixture_import (&fixture, keyring, "carol.pub", NULL);
  assert_true (keyring_autocrypt (keyring, "bob@demo.test", carol_key, 1700000000, 0, NULL));
  assert_true (keyring_trust (keyring, carol, NULL));
  assert_true (keyring_trusted_for (keyring, carol, "carol@demo.test"));
  assert_false (keyring_trusted_for (keyring, carol, "bob@demo.test"));
  AUTOFREE (keyring) empty = fixture_keyring (&fixture, "empty");
  g_autoptr (GError) error = NULL;
  assert_true (keyring_autocrypt (empty, "bob@demo.test", carol_key, 1700000000, 0, NULL));
  assert_false (keyring_trust (empty, carol, &error));
  assert_non_null (strstr (error->message, "does not name"));
  assert_false (keyring_trusted_for (empty, carol, "bob@demo.test"));
  assert_true (keyring_autocrypt (empty, "carol@demo.test", carol_key, 1700000000, 0, NULL));
  assert_true (keyring_trust (empty, carol, NULL));
  assert_true (keyring_trusted_for (empty, carol, "carol@demo.test"));
  assert_false (keyring_trusted_for (empty, carol, "bob@demo.test"));
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (test_header), cmocka_unit_test (test_newest_wins), cmocka_unit_test (test_use),
          cmocka_unit_test (test_spelling), cmocka_unit_test (test_compared) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
