/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a domain's directory says of its people, by gpg's keys: what is taken of it, for how long, and when it is asked again. */
#include "crypto/keys/keyring_p.h"
#include "crypto/pgp/pgp.h"
#include "crypto/plan.h"
#include "tests/unit/fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define NOW 1900000000
#define HOUR 3600
#define DAY (24 * HOUR)
#define BOB "bob@demo.test"

static struct fixture fixture;
static GBytes *bob, *carol, *both, *old, *secret;
static char *bob_fpr, *both_fpr;

static GBytes *export(const char *name)
{
  g_free (fixture_run (&fixture, "gpg -q --export '<%s@demo.test>' > key.bin", name));
  return fixture_read (&fixture, "key.bin");
}

static GBytes *
join (GBytes *one, GBytes *other)
{
  GByteArray *all = g_byte_array_new ();
  GBytes *parts[] = { one, other };
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++) {
    gsize size = 0;
    const guint8 *data = g_bytes_get_data (parts[i], &size);
    g_byte_array_append (all, data, (guint) size);
  }
  return g_byte_array_free_to_bytes (all);
}

/* bob has a key, and "both" one that names carol too; "old" names bob and is revoked. */
static int
set_up (void **state)
{
  fixture_init (&fixture);
  fixture_pgp (&fixture, "bob", FIXTURE_GOOD);
  bob = export("bob");
  bob_fpr = fixture_pgp_fingerprint (&fixture, "bob");
  fixture_pgp (&fixture, "carol", FIXTURE_GOOD);
  carol = export("carol");
  g_free (fixture_run (&fixture, "gpg -q --batch --export-secret-keys '<bob@demo.test>' > key.bin"));
  secret = fixture_read (&fixture, "key.bin");
  fixture_pgp (&fixture, "old", FIXTURE_REVOKED);
  old = export("old");
  fixture_pgp (&fixture, "both", FIXTURE_GOOD);
  both_fpr = fixture_pgp_fingerprint (&fixture, "both");
  g_free (fixture_run (&fixture, "gpg -q --batch --quick-add-uid %s 'Bob <Bob@Demo.test>'", both_fpr));
  both = export("both");
  return 0;
}

static int
tear_down (void **state)
{
  GBytes *all[] = { bob, carol, both, old, secret };
  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    g_bytes_unref (all[i]);
  g_free (bob_fpr);
  g_free (both_fpr);
  fixture_clear (&fixture);
  return 0;
}

static void
say (struct keyring *keyring, enum keyring_said said, GBytes *key_or_null, gint64 at)
{
  g_autoptr (GPtrArray) blobs = g_ptr_array_new ();
  if (key_or_null != NULL)
    g_ptr_array_add (blobs, key_or_null);
  g_autoptr (GError) error = NULL;
  assert_true (keyring_learn (keyring, "wkd", BOB, said, blobs, at, &error));
  assert_null (error);
}

/* What is known of bob: "FINGERPRINT SOURCE TRUST", with a "!" where the key has changed; "" if there is none. */
static char *
known (struct keyring *keyring, gint64 at)
{
  g_autoptr (GPtrArray) found = keyring_find (keyring, BOB, at, NULL);
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < found->len; i++) {
    const struct key_candidate *key = found->pdata[i];
    g_string_append_printf (text, "%s%s %s %d%s", i > 0 ? ", " : "", key->fingerprint, key->source, (int) key->trust,
                            key->changed ? "!" : "");
  }
  return g_string_free (text, FALSE);
}

#define assert_known(keyring, at, ...)                                                                                 \
  do {                                                                                                                 \
    g_autofree char *got = known (keyring, at), *wanted = g_strdup_printf (__VA_ARGS__);                               \
    assert_string_equal (got, wanted);                                                                                 \
  } while (0)

static void
use (struct keyring *keyring, const char *fingerprint)
{
  g_autoptr (GPtrArray) found = keyring_find (keyring, BOB, NOW, NULL);
  struct plan *plan = plan_new ();
  plan_add (plan, route_decide (BOB, found, NULL, TRUE, TRUE), RECIPIENT_TO);
  plan_finish (plan);
  const struct route *route = plan->routes->pdata[0];
  assert_int_equal (route->method, ROUTE_PGP);
  assert_string_equal (route->key->fingerprint, fingerprint);
  assert_true (keyring_remember (keyring, plan, NOW, NULL));
  plan_free (plan);
}

static void
test_taken (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "taken");
  say (keyring, KEYRING_SAID_KEYS, bob, NOW);
  assert_known (keyring, NOW, "%s wkd 2", bob_fpr);
  assert_false (fixture_try (&fixture, "GNUPGHOME=taken/gnupg gpg -q --list-keys | grep demo"));
  /* Nobody else's name comes along. */
  say (keyring, KEYRING_SAID_KEYS, both, NOW);
  assert_known (keyring, NOW, "%s wkd 2", both_fpr);
  g_autofree char *names = fixture_run (
      &fixture, "cat taken/found/*.key | gpg --with-colons --show-keys | grep ^uid | cut -d: -f10 | tr '\n' ' '");
  assert_string_equal (names, "Bob <Bob@Demo.test> ");
  /* A revoked key may lie beside. */
  g_autoptr (GBytes) pair = join (old, both);
  say (keyring, KEYRING_SAID_KEYS, pair, NOW);
  assert_known (keyring, NOW, "%s wkd 2", both_fpr);
  /* The file is the same for all spellings of the address. */
  g_autoptr (GPtrArray) found = keyring_find (keyring, "BOB@demo.test", NOW, NULL);
  assert_int_equal (found->len, 1);
  g_ptr_array_unref (found);
  found = keyring_find (keyring, "carol@demo.test", NOW, NULL);
  assert_int_equal (found->len, 0);
}

/* None of these is taken, and what was known stays. */
static void
test_refused (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "refused");
  g_autoptr (GBytes) two = join (bob, both), mixed = join (bob, secret), nothing = g_bytes_new (NULL, 0);
  g_autoptr (GBytes) junk = g_bytes_new_static ("\x99\x01\x0d junk", 8);
  g_autoptr (GBytes) tail = join (bob, junk);
  /* carol's key with a user id of bob that nobody signed, behind the first packet */
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (carol, &size);
  const gsize first = (data[0] & 3) == 0 ? 2u + data[1] : 3u + ((gsize) data[1] << 8 | data[2]);
  g_autoptr (GBytes) head = g_bytes_new (data, first), rest = g_bytes_new (data + first, size - first);
  g_autoptr (GBytes) name = g_bytes_new_static ("\xb4\x13"
                                                "Bob <" BOB ">",
                                                2 + 19);
  g_autoptr (GBytes) named = join (head, name), forged = join (named, rest);
  /* bob's key with a long revocation that nobody signed */
  data = g_bytes_get_data (bob, &size);
  const gsize begin = (data[0] & 3) == 0 ? 2u + data[1] : 3u + ((gsize) data[1] << 8 | data[2]);
  g_autofree guint8 *filler = g_malloc0 (KEYRING_FOUND_KEY_SIZE_MAX);
  memcpy (filler, (const guint8[]){ 0x89, 0xff, 0xfd, 4, 0x20 }, 5);
  g_autoptr (GBytes) long_one = g_bytes_new (filler, KEYRING_FOUND_KEY_SIZE_MAX);
  g_autoptr (GBytes) bob_head = g_bytes_new (data, begin), bob_rest = g_bytes_new (data + begin, size - begin);
  g_autoptr (GBytes) longer = join (bob_head, long_one), too_long = join (longer, bob_rest);
  GBytes *rows[] = { carol, secret, two, mixed, nothing, junk, tail, forged, old, too_long };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    say (keyring, KEYRING_SAID_KEYS, rows[i], NOW);
    assert_known (keyring, NOW, "%s", "");
    assert_false (keyring_should_ask (keyring, "wkd", BOB, NULL, NOW + 1));
  }
  say (keyring, KEYRING_SAID_KEYS, bob, NOW);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    say (keyring, KEYRING_SAID_KEYS, rows[i], NOW);
    assert_known (keyring, NOW, "%s wkd 2", bob_fpr);
  }
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) blobs = g_ptr_array_new ();
  assert_false (keyring_learn (keyring, "imported", BOB, KEYRING_SAID_KEYS, blobs, NOW, &error));
}

/* Cut at every length it is refused, or a key without what was cut off; and never read beyond its end. */
static void
test_cut (void **state)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (both, &size);
  for (gsize cut = 0; cut <= size; cut++) {
    g_autoptr (GBytes) bytes = g_bytes_new (data, cut);
    g_autoptr (GPtrArray) keys = pgp_trim (bytes, BOB, NULL);
    g_autofree guint8 *spoilt = g_memdup2 (data, size);
    if (cut < size)
      spoilt[cut] ^= 0x55;
    g_autoptr (GBytes) other = g_bytes_new (spoilt, size);
    g_autoptr (GPtrArray) others = pgp_trim (other, BOB, NULL);
    if (cut == size)
      assert_true (keys != NULL && keys->len == 1 && g_bytes_get_size (keys->pdata[0]) < size);
  }
}

static void
test_gone (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "gone");
  say (keyring, KEYRING_SAID_KEYS, bob, NOW);
  say (keyring, KEYRING_SAID_NOTHING, NULL, NOW + DAY);
  assert_known (keyring, NOW + DAY, "%s wkd 2", bob_fpr);
  /* Without another word the domain's old one is worth less. */
  assert_known (keyring, NOW + 31 * DAY, "%s wkd 1", bob_fpr);
  /* Taken back before it was used. */
  say (keyring, KEYRING_SAID_NONE, NULL, NOW + 2 * DAY);
  assert_known (keyring, NOW + 2 * DAY, "%s", "");
  /* And after. */
  say (keyring, KEYRING_SAID_KEYS, bob, NOW);
  use (keyring, bob_fpr);
  say (keyring, KEYRING_SAID_NONE, NULL, NOW + 2 * DAY);
  assert_known (keyring, NOW + 2 * DAY, "%s wkd 1", bob_fpr);
}

static void
test_replaced (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "replaced");
  say (keyring, KEYRING_SAID_KEYS, bob, NOW);
  use (keyring, bob_fpr);
  say (keyring, KEYRING_SAID_KEYS, both, NOW);
  assert_known (keyring, NOW, "%s wkd 2!", both_fpr);
  g_autoptr (GPtrArray) found = keyring_find (keyring, BOB, NOW, NULL);
  AUTOFREE (route) route = route_decide (BOB, found, NULL, TRUE, TRUE);
  assert_int_equal (route->reason, ROUTE_REASON_CHANGED);
  /* What the user compared stays in the keyring, whatever the domain says later. */
  assert_true (keyring_trust (keyring, both_fpr, NULL));
  say (keyring, KEYRING_SAID_KEYS, bob, NOW);
  assert_known (keyring, NOW, "%s imported 4!, %s wkd 2", both_fpr, bob_fpr);
}

/* Whom the user knows by a key that he compared is known, also if no mail was sent yet. */
static void
test_known (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "known");
  fixture_import (&fixture, keyring, "bob.pub", NULL);
  say (keyring, KEYRING_SAID_KEYS, both, NOW);
  assert_known (keyring, NOW, "%s wkd 2, %s imported 1", both_fpr, bob_fpr);
  assert_true (keyring_trust (keyring, bob_fpr, NULL));
  assert_known (keyring, NOW, "%s imported 4, %s wkd 2!", bob_fpr, both_fpr);
}

/* Any of them can be compared, however many were looked up. */
static void
test_many (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "many");
  say (keyring, KEYRING_SAID_KEYS, bob, NOW);
  g_free (fixture_run (&fixture, "cd many/found && mkdir ../other && mv * ../other"));
  say (keyring, KEYRING_SAID_KEYS, both, NOW);
  g_free (fixture_run (&fixture, "cd many/found && cp ../other/*.conf other.conf && cp ../other/*.key other.key && "
                                 "for i in $(seq 3000); do ln other.conf $i.conf && ln other.key $i.key; done"));
  assert_true (keyring_trust (keyring, both_fpr, NULL));
  assert_known (keyring, NOW, "%s imported 4", both_fpr);
}

/* The domain's word for a key that is here already. */
static void
test_raised (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "raised");
  fixture_import (&fixture, keyring, "bob.pub", NULL);
  assert_known (keyring, NOW, "%s imported 1", bob_fpr);
  say (keyring, KEYRING_SAID_KEYS, bob, NOW);
  assert_known (keyring, NOW, "%s imported 2", bob_fpr);
}

/* And what it knows of the life of such a key. */
static void
test_updated (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "updated");
  fixture_pgp (&fixture, "sue", FIXTURE_EXPIRED);
  fixture_import (&fixture, keyring, "sue.pub", NULL);
  g_autoptr (GPtrArray) found = keyring_find (keyring, "sue@demo.test", NOW, NULL);
  assert_int_equal (((struct key_candidate *) found->pdata[0])->fault, KEY_FAULT_EXPIRED);
  g_autofree char *fpr = fixture_pgp_fingerprint (&fixture, "sue");
  g_free (
      fixture_run (&fixture,
                   "gpg -q --batch --quick-set-expire %s 0 && gpg -q --batch --quick-set-expire %s 0 "
                   "$(gpg --with-colons --list-keys %s | awk -F: '$1 == \"fpr\" { last = $10 } END { print last }')",
                   fpr, fpr, fpr));
  g_autoptr (GBytes) longer = export("sue");
  g_autoptr (GPtrArray) blobs = g_ptr_array_new ();
  g_ptr_array_add (blobs, longer);
  assert_true (keyring_learn (keyring, "wkd", "sue@demo.test", KEYRING_SAID_KEYS, blobs, NOW, NULL));
  g_autoptr (GPtrArray) later = keyring_find (keyring, "sue@demo.test", NOW, NULL);
  assert_int_equal (later->len, 1);
  assert_int_equal (((struct key_candidate *) later->pdata[0])->fault, KEY_FAULT_NONE);
  assert_string_equal (((struct key_candidate *) later->pdata[0])->source, "imported");
}

static void
test_revoked (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "revoked");
  g_autoptr (GPtrArray) blobs = g_ptr_array_new (), fresh = g_ptr_array_new ();
  g_ptr_array_add (blobs, old);
  assert_true (keyring_learn (keyring, "wkd", "old@demo.test", KEYRING_SAID_KEYS, blobs, NOW, NULL));
  g_autoptr (GPtrArray) found = keyring_find (keyring, "old@demo.test", NOW, NULL);
  assert_int_equal (found->len, 1);
  assert_int_equal (((struct key_candidate *) found->pdata[0])->fault, KEY_FAULT_REVOKED);
  /* The same key without its revocation, which is its second packet. */
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (old, &size);
  gsize at = (data[0] & 3) == 0 ? 2u + data[1] : 3u + ((gsize) data[1] << 8 | data[2]);
  const gsize next = at + ((data[at] & 3) == 0 ? 2u + data[at + 1] : 3u + ((gsize) data[at + 1] << 8 | data[at + 2]));
  g_autoptr (GBytes) head = g_bytes_new (data, at), tail = g_bytes_new (data + next, size - next);
  g_autoptr (GBytes) unrevoked = join (head, tail);
  g_ptr_array_add (fresh, unrevoked);
  assert_true (keyring_learn (keyring, "wkd", "old@demo.test", KEYRING_SAID_KEYS, fresh, NOW, NULL));
  g_ptr_array_unref (found);
  found = keyring_find (keyring, "old@demo.test", NOW, NULL);
  assert_int_equal (((struct key_candidate *) found->pdata[0])->fault, KEY_FAULT_REVOKED);
}

static void
test_when (void **state)
{
  AUTOFREE (keyring) keyring = fixture_keyring (&fixture, "when");
  static const char *const never[] = { "", "bob", "bob@", "bob@demo", "bob@[127.0.0.1]", "bob smith@demo.test" };
  for (gsize i = 0; i < G_N_ELEMENTS (never); i++)
    assert_false (keyring_should_ask (keyring, "wkd", never[i], NULL, NOW));
  assert_false (keyring_should_ask (keyring, "openpgp", BOB, NULL, NOW));
  assert_true (keyring_should_ask (keyring, "wkd", BOB, NULL, NOW));
  assert_false (keyring_should_ask (keyring, "wkd", BOB, bob_fpr, NOW)); /* a key that it did not give */
  static const struct {
    enum keyring_said said;
    gint64 wanted_s;
  } rows[] = { { KEYRING_SAID_NOTHING, 5 * 60 }, { KEYRING_SAID_NONE, HOUR }, { KEYRING_SAID_KEYS, HOUR } };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    say (keyring, rows[i].said, bob, NOW);
    assert_false (keyring_should_ask (keyring, "wkd", "Bob@Demo.test", NULL, NOW + rows[i].wanted_s - 1));
    assert_true (keyring_should_ask (keyring, "wkd", BOB, NULL, NOW + rows[i].wanted_s));
    assert_true (keyring_should_ask (keyring, "wkd", BOB, NULL, NOW - 1)); /* the clock was wrong */
  }
  assert_false (keyring_should_ask (keyring, "wkd", BOB, bob_fpr, NOW + DAY - 1));
  assert_true (keyring_should_ask (keyring, "wkd", BOB, bob_fpr, NOW + DAY));
  assert_false (keyring_should_ask (keyring, "wkd", BOB, both_fpr, NOW + DAY));
  /* It outlives the process. */
  g_autofree char *dir = g_build_filename (fixture.dir, "when", NULL);
  AUTOFREE (keyring) again = keyring_open (dir, NULL);
  assert_false (keyring_should_ask (again, "wkd", BOB, bob_fpr, NOW + DAY - 1));
  assert_known (again, NOW, "%s wkd 2", bob_fpr);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_taken),   cmocka_unit_test (test_refused),  cmocka_unit_test (test_cut),
    cmocka_unit_test (test_gone),    cmocka_unit_test (test_replaced), cmocka_unit_test (test_known),
    cmocka_unit_test (test_many),    cmocka_unit_test (test_raised),   cmocka_unit_test (test_updated),
    cmocka_unit_test (test_revoked), cmocka_unit_test (test_when),
  };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
