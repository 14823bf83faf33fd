/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Random audiences through route, plan, protect and gate: what would leave is an encrypted envelope for exactly its audience, or
 * nothing leaves. Who may be reached, and under which recipient id, is known from gpg and openssl, not from the code under test. */
#include "crypto/plan.h"
#include "crypto/protect.h"
#include "mail/engine/pace.h"
#include "mail/net/gate.h"
#include "tests/unit/fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define AUDIENCES 2000
#define AUDIENCES_CHECKED 300 /* under the checkers of memory, where each start of gpg costs many times as much */
#define OPENED_EVERY 47       /* of the copies: opened by the other programs, as each of their readers */
#define MARKER "PHI-MARKER-7391"
#define SECRET_SUBJECT "Biopsy of Mrs Example"

enum { NO_KEY = -1 };
static struct person {
  const char *name;
  int pgp, smime; /* enum fixture_key, or NO_KEY */
  gboolean other; /* certified by an authority that is not trusted */
  char *pgp_id, *smime_id;
} people[] = {
  { .name = "pgp1", .pgp = FIXTURE_GOOD, .smime = NO_KEY },
  { .name = "pgp2", .pgp = FIXTURE_GOOD, .smime = NO_KEY },
  { .name = "pgp3", .pgp = FIXTURE_RSA, .smime = NO_KEY },
  { .name = "cert1", .pgp = NO_KEY, .smime = FIXTURE_GOOD },
  { .name = "cert2", .pgp = NO_KEY, .smime = FIXTURE_GOOD },
  { .name = "cert3", .pgp = NO_KEY, .smime = FIXTURE_RSA },
  { .name = "both1", .pgp = FIXTURE_GOOD, .smime = FIXTURE_GOOD },
  { .name = "both2", .pgp = FIXTURE_GOOD, .smime = FIXTURE_RSA },
  { .name = "mixed1", .pgp = FIXTURE_REVOKED, .smime = FIXTURE_GOOD },
  { .name = "mixed2", .pgp = FIXTURE_GOOD, .smime = FIXTURE_EXPIRED },
  { .name = "mixed3", .pgp = FIXTURE_EXPIRED, .smime = FIXTURE_SIGN_ONLY },
  { .name = "old1", .pgp = FIXTURE_EXPIRED, .smime = NO_KEY },
  { .name = "gone", .pgp = FIXTURE_REVOKED, .smime = NO_KEY },
  { .name = "signs1", .pgp = FIXTURE_SIGN_ONLY, .smime = NO_KEY },
  { .name = "weak1", .pgp = FIXTURE_WEAK, .smime = NO_KEY },
  { .name = "old2", .pgp = NO_KEY, .smime = FIXTURE_EXPIRED },
  { .name = "signs2", .pgp = NO_KEY, .smime = FIXTURE_SIGN_ONLY },
  { .name = "weak2", .pgp = NO_KEY, .smime = FIXTURE_WEAK },
  { .name = "early", .pgp = NO_KEY, .smime = FIXTURE_FUTURE },
  { .name = "stranger", .pgp = NO_KEY, .smime = FIXTURE_GOOD, .other = TRUE },
  { .name = "nobody", .pgp = NO_KEY, .smime = NO_KEY },
  /* Those who send. */
  { .name = "alice", .pgp = FIXTURE_GOOD, .smime = FIXTURE_GOOD },
  { .name = "anna", .pgp = FIXTURE_GOOD, .smime = NO_KEY },
  { .name = "arno", .pgp = NO_KEY, .smime = FIXTURE_RSA },
};
#define SENDERS 3
#define REACHABLE 10 /* the first ones are chosen more often, so that much is sent too */

static struct fixture fixture;
static struct keyring *keyring;
static guint opened;

static char *
pgp_id (const char *name)
{
  char *id = fixture_run (
      &fixture, "gpg -q --with-colons --list-keys '<%s@demo.test>' | awk -F: '$1==\"sub\" {printf \"pgp:%%s\", $5}'",
      name);
  assert_int_equal (strlen (id), 20);
  return id;
}

/* The third and the fifth thing in a certificate are its serial number and its issuer, by openssl's own parser. */
static void
append_element (GByteArray *der, GBytes *certificate, const char *dump, guint nth)
{
  g_autoptr (GRegex) regex = g_regex_new ("^ *(\\d+):d=2 +hl=(\\d+) l= *(\\d+)", G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  assert_true (g_regex_match (regex, dump, 0, &match));
  while (nth-- > 0)
    assert_true (g_match_info_next (match, NULL));
  g_autofree char *at = g_match_info_fetch (match, 1), *head = g_match_info_fetch (match, 2),
                  *size = g_match_info_fetch (match, 3);
  g_byte_array_append (der, (const guint8 *) g_bytes_get_data (certificate, NULL) + atoi (at),
                       (guint) (atoi (head) + atoi (size)));
}

static char *
smime_id (const char *name)
{
  g_autofree char *dump = fixture_run (
      &fixture, "openssl x509 -in %s.crt -outform DER -out der && openssl asn1parse -inform DER -in der", name);
  g_autoptr (GBytes) certificate = fixture_read (&fixture, "der");
  g_autoptr (GByteArray) der = g_byte_array_new ();
  g_byte_array_append (der, (const guint8 *) "\x30\0", 2);
  append_element (der, certificate, dump, 3);
  append_element (der, certificate, dump, 1);
  assert_true (der->len < 130);
  der->data[1] = (guint8) (der->len - 2);
  g_autofree char *hex = g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
  return g_strconcat ("issuer:", hex, NULL);
}

static int
set_up (void **state)
{
  fixture_init (&fixture);
  fixture_authority (&fixture, "ca");
  fixture_authority (&fixture, "other");
  keyring = fixture_keyring (&fixture, "profile");
  fixture_anchor (&fixture, keyring, "ca.crt");
  for (gsize i = 0; i < G_N_ELEMENTS (people); i++) {
    struct person *p = &people[i];
    const gboolean sends = i >= G_N_ELEMENTS (people) - SENDERS;
    g_autofree char *public = g_strconcat (p->name, sends ? ".sec" : ".pub", NULL);
    g_autofree char *certificate = g_strconcat (p->name, ".crt", NULL), *key = g_strconcat (p->name, ".key", NULL);
    if (p->pgp != NO_KEY) {
      fixture_pgp (&fixture, p->name, (enum fixture_key) p->pgp);
      fixture_import (&fixture, keyring, public, NULL);
      p->pgp_id = p->pgp == FIXTURE_SIGN_ONLY ? NULL : pgp_id (p->name);
    }
    if (p->smime != NO_KEY) {
      fixture_certificate (&fixture, p->name, (enum fixture_key) p->smime, p->other ? "other" : "ca");
      fixture_import (&fixture, keyring, certificate, sends ? key : NULL, NULL);
      p->smime_id = smime_id (p->name);
    }
  }
  return 0;
}

static int
tear_down (void **state)
{
  keyring_free (keyring);
  for (gsize i = 0; i < G_N_ELEMENTS (people); i++) {
    g_free (people[i].pgp_id);
    g_free (people[i].smime_id);
  }
  fixture_clear (&fixture);
  return 0;
}

static gboolean
key_is_fine (int kind)
{
  return kind == FIXTURE_GOOD || kind == FIXTURE_RSA;
}

/* What the decision must be, from how the keys were made. */
static enum route_method
expected_method (const struct person *p, const struct person *sender, const struct route_policy *policy)
{
  const gboolean smime = key_is_fine (p->smime) && !p->other && key_is_fine (sender->smime) && policy->allow_smime;
  const gboolean pgp = key_is_fine (p->pgp) && key_is_fine (sender->pgp) && policy->allow_pgp;
  if (smime && (policy->prefer == ROUTE_SMIME || !pgp))
    return ROUTE_SMIME;
  return pgp ? ROUTE_PGP : ROUTE_HOLD;
}

static struct person *
person_of (const char *address)
{
  for (gsize i = 0; i < G_N_ELEMENTS (people); i++)
    if (g_str_has_prefix (address, people[i].name) && address[strlen (people[i].name)] == '@')
      return &people[i];
  fail_msg ("nobody is %s", address);
  return NULL;
}

static void
add_id (GHashTable *ids, const struct person *p, enum route_method method)
{
  const char *id = method == ROUTE_SMIME ? p->smime_id : p->pgp_id;
  assert_non_null (id);
  g_hash_table_add (ids, (gpointer) id);
}

/* The gate lets it through with exactly this audience, and with no other. */
static void
check_gate (const struct protected_copy *copy, GHashTable *wanted)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (copy->message, &size);
  g_autofree const char **ids = (const char **) g_hash_table_get_keys_as_array (wanted, NULL);
  g_autoptr (GPtrArray) more = g_ptr_array_new (), recipients = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < copy->recipients->len; i++)
    g_ptr_array_add (recipients, copy->recipients->pdata[i]);
  g_ptr_array_add (recipients, NULL);
  struct gate_plan plan
      = { .method = copy->method, .recipients = (const char *const *) recipients->pdata, .recipient_ids = ids };
  if (!gate_check (data, size, &plan, &error))
    fail_msg ("%s", error->message);
  for (gsize i = 0; ids[i] != NULL; i++)
    g_ptr_array_add (more, (gpointer) ids[i]);
  g_ptr_array_add (more, (gpointer) (copy->method == ROUTE_PGP ? "pgp:0123456789ABCDEF" : "ski:0123"));
  g_ptr_array_add (more, NULL);
  plan.recipient_ids = (const char *const *) more->pdata;
  assert_false (gate_check (data, size, &plan, NULL));
  plan.recipient_ids = ids + 1;
  assert_false (gate_check (data, size, &plan, NULL));
  plan.recipient_ids = ids;
  plan.method = copy->method == ROUTE_PGP ? ROUTE_SMIME : ROUTE_PGP;
  assert_false (gate_check (data, size, &plan, NULL));
}

/* Each reader opens the copy with his own program and key, and finds the text. */
static void
open_elsewhere (const struct protected_copy *copy, const struct person *sender)
{
  fixture_write (&fixture, "copy", copy->message);
  for (guint i = 0; i <= copy->recipients->len; i++) {
    const char *name = i < copy->recipients->len ? person_of (copy->recipients->pdata[i])->name : sender->name;
    g_autofree char *text
        = copy->method == ROUTE_PGP
              ? fixture_run (&fixture,
                             "gpg -q --batch --no-tty --trust-model always -u '<%s@demo.test>' -d < copy 2>/dev/null",
                             name)
              : fixture_run (&fixture, "openssl cms -decrypt -in copy -recip %s.crt -inkey %s.key", name, name);
    assert_non_null (strstr (text, MARKER));
    assert_non_null (strstr (text, SECRET_SUBJECT));
  }
  opened++;
}

static void
check_copy (const struct protected_copy *copy, const struct plan_copy *planned, const struct person *sender)
{
  static guint count;
  g_autoptr (GHashTable) wanted = g_hash_table_new (g_str_hash, g_str_equal);
  add_id (wanted, sender, copy->method);
  assert_int_equal (copy->method, planned->method);
  assert_int_equal (copy->recipients->len, planned->routes->len);
  for (guint i = 0; i < planned->routes->len; i++) {
    const struct route *route = planned->routes->pdata[i];
    assert_string_equal (copy->recipients->pdata[i], route->address);
    add_id (wanted, person_of (route->address), copy->method);
  }
  assert_int_equal (copy->recipient_ids->len, g_hash_table_size (wanted));
  for (guint i = 0; i < copy->recipient_ids->len; i++)
    assert_true (g_hash_table_contains (wanted, copy->recipient_ids->pdata[i]));
  assert_false (fixture_holds (copy->message, MARKER));
  assert_false (fixture_holds (copy->message, SECRET_SUBJECT));
  g_autofree char *base64 = g_base64_encode ((const guchar *) MARKER, strlen (MARKER) / 3 * 3);
  assert_false (fixture_holds (copy->message, base64));
  check_gate (copy, wanted);
  if (count++ % OPENED_EVERY == 0)
    open_elsewhere (copy, sender);
}

/* Every recipient is in one copy, and who is blind has it for himself. */
static void
check_shares (const struct plan *plan, GPtrArray *copies)
{
  for (guint i = 0; i < plan->routes->len; i++) {
    const char *address = ((struct route *) plan->routes->pdata[i])->address;
    const gboolean blind = g_array_index (plan->kinds, enum recipient_kind, i) == RECIPIENT_BCC;
    guint found = 0;
    for (guint k = 0; k < copies->len; k++) {
      const struct protected_copy *copy = copies->pdata[k];
      if (!g_ptr_array_find_with_equal_func (copy->recipients, address, g_str_equal, NULL))
        continue;
      found++;
      assert_true (!blind || copy->recipients->len == 1);
    }
    assert_int_equal (found, 1);
  }
}

static struct plan *
make_plan (GRand *random, const struct person *sender, const struct route_policy *policy, gboolean *hold_out)
{
  struct plan *plan = plan_new ();
  const gboolean likely = g_rand_int_range (random, 0, 3) != 0;
  *hold_out = FALSE;
  for (gint left = g_rand_int_range (random, 1, 5); left > 0; left--) {
    const struct person *p = &people[g_rand_int_range (random, 0, likely ? REACHABLE : (gint) G_N_ELEMENTS (people))];
    g_autofree char *address = g_strconcat (p->name, g_rand_boolean (random) ? "@demo.test" : "@Demo.TEST", NULL);
    g_autoptr (GPtrArray) keys = keyring_find (keyring, address, 0, NULL);
    g_autofree char *from = g_strconcat (sender->name, "@demo.test", NULL);
    struct route *route = route_decide (address, keys, policy, keyring_can_send (keyring, from, ROUTE_SMIME, 0),
                                        keyring_can_send (keyring, from, ROUTE_PGP, 0));
    if (route->method != expected_method (p, sender, policy))
      fail_msg ("%s writes to %s: %s", from, address, route->sentence);
    *hold_out |= route->method == ROUTE_HOLD;
    plan_add (plan, route, (enum recipient_kind) g_rand_int_range (random, 0, 3));
  }
  plan_finish (plan);
  return plan;
}

static guint
how_many (void)
{
  const char *given = g_getenv ("WARDMAIL_TEST_AUDIENCES");
  const guint usual = pace_watched () ? AUDIENCES_CHECKED : AUDIENCES;
  return given != NULL ? (guint) CLAMP (g_ascii_strtoull (given, NULL, 10), 50, 1000000) : usual;
}

static void
test_random_audiences (void **state)
{
  const char *given = g_getenv ("WARDMAIL_TEST_SEED");
  const guint32 seed = given != NULL ? (guint32) g_ascii_strtoull (given, NULL, 10) : 20260101;
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  guint sent = 0, held = 0, copies_made = 0;
  const guint audiences = how_many ();
  print_message ("%u audiences (WARDMAIL_TEST_AUDIENCES), seed %u (WARDMAIL_TEST_SEED)\n", audiences, seed);
  for (guint n = 0; n < audiences; n++) {
    const gint who = g_rand_int_range (random, 0, SENDERS + 4);
    const struct person *sender = &people[G_N_ELEMENTS (people) - SENDERS + (gsize) MAX (0, who - 4)];
    struct route_policy policy;
    gboolean hold = FALSE;
    route_policy_init (&policy);
    policy.prefer = g_rand_boolean (random) ? ROUTE_SMIME : ROUTE_PGP;
    policy.allow_smime = g_rand_int_range (random, 0, 10) != 0;
    policy.allow_pgp = g_rand_int_range (random, 0, 10) != 0;
    AUTOFREE (plan) plan = make_plan (random, sender, &policy, &hold);
    g_autofree char *address = g_strconcat (sender->name, "@demo.test", NULL),
                    *from = g_strconcat ("From: ", address, NULL);
    g_autofree char *text
        = g_strdup_printf ("Content-Type: text/plain; charset=utf-8; protected-headers=\"v1\"; hp=\"cipher\"\r\n"
                           "Subject: " SECRET_SUBJECT "\r\n\r\n" MARKER " audience %u\r\n",
                           n);
    g_autoptr (GBytes) payload = g_bytes_new_static (text, strlen (text));
    g_autoptr (GPtrArray) headers = g_ptr_array_new ();
    g_ptr_array_add (headers, from);
    g_ptr_array_add (headers, (char *) "To: somebody@demo.test");
    g_ptr_array_add (headers, (char *) "Message-ID: <1@demo.test>");
    const struct protect_request request = { .sender = address, .outer_headers = headers, .payload = payload };
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) copies = protect_copies (keyring, plan, &request, 0, &error);
    if (hold) {
      assert_null (copies);
      assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_HELD));
      held++;
      continue;
    }
    if (copies == NULL)
      fail_msg ("%s", error->message);
    assert_int_equal (copies->len, plan->copies->len);
    for (guint i = 0; i < copies->len; i++)
      check_copy (copies->pdata[i], plan->copies->pdata[i], sender);
    check_shares (plan, copies);
    sent++;
    copies_made += copies->len;
  }
  print_message ("%u sent as %u copies, %u held, %u opened elsewhere\n", sent, copies_made, held, opened);
  assert_true (sent > audiences / 5 && held > audiences / 5 && opened > sent / 50);
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_random_audiences) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
