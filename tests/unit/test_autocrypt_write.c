/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said of keys in what is sent: gpg reads it, it is as short as it can be, the gate lets it pass and nothing like it. And what comes of it
 * when it is read: gossip is the least, and who comes without his key for long has none. */
#include "crypto/autocrypt.h"
#include "crypto/plan.h"
#include "crypto/protect.h"
#include "mail/net/gate.h"
#include "tests/unit/fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define NOW 1900000000
#define DAY (24 * 60 * 60)
#define PAYLOAD "Content-Type: text/plain; hp=\"cipher\"\r\nSubject: x\r\n\r\nPHI-MARKER\r\n"

static struct fixture fixture;
static struct keyring *keyring;

static int
set_up (void **state)
{
  static const char *const names[] = { "alice", "bob", "carol", "dave" };
  fixture_init (&fixture);
  keyring = fixture_keyring (&fixture, "profile");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    fixture_pgp (&fixture, names[i], FIXTURE_GOOD);
  g_autofree char *alice = fixture_pgp_fingerprint (&fixture, "alice");
  g_free (fixture_run (&fixture,
                       "gpg -q --batch --passphrase '' --quick-add-uid %s 'Private <home@demo.test>' && "
                       "gpg -q --batch --passphrase '' --quick-add-key %s cv25519 encr never && "
                       "gpg -q --batch --passphrase '' --quick-add-key %s ed25519 sign never && "
                       "gpg -q --batch --export-secret-keys %s > alice.sec",
                       alice, alice, alice, alice));
  fixture_import (&fixture, keyring, "alice.sec", "bob.pub", "carol.pub", "dave.pub", NULL);
  return 0;
}

static int
tear_down (void **state)
{
  keyring_free (keyring);
  fixture_clear (&fixture);
  return 0;
}

/* What gpg finds in a key: one of each, and nothing else. */
static void
assert_minimal (GBytes *key, const char *name)
{
  fixture_write (&fixture, "said", key);
  g_autofree char *packets = fixture_run (
      &fixture,
      "gpg --batch --list-packets said 2>/dev/null | sed -n 's/^:\\([A-Za-z ]*\\) packet:.*/\\1/p' | tr '\\n' ','");
  assert_string_equal (packets, "public key,user ID,signature,public sub key,signature,");
  g_autofree char *shown = fixture_run (&fixture, "gpg -q --batch --with-colons --show-keys said");
  g_autofree char *address = g_strdup_printf ("%s@demo.test", name),
                  *fingerprint = fixture_pgp_fingerprint (&fixture, name);
  assert_non_null (strstr (shown, address));
  assert_non_null (strstr (shown, fingerprint));
  assert_null (strstr (shown, "home@demo.test"));
  /* Somebody who has nothing else can write to it. */
  g_free (fixture_run (&fixture,
                       "mkdir -p -m 700 h && rm -f h/pubring* h/out && echo hello > hello && "
                       "gpg -q --no-autostart --homedir h --batch --import said && "
                       "gpg -q --no-autostart --homedir h --batch --trust-model always -r %s -o h/out -e hello",
                       fingerprint));
}

static char *
field_of_alice (void)
{
  char *field = keyring_announce (keyring, "alice@demo.test", 0);
  assert_non_null (field);
  return field;
}

static void
test_own (void **state)
{
  g_autofree char *field = field_of_alice ();
  assert_true (g_str_has_prefix (field, "Autocrypt: addr=alice@demo.test; prefer-encrypt=mutual; keydata=\r\n "));
  g_auto (GStrv) lines = g_strsplit (field, "\r\n", -1);
  for (char **line = lines; *line != NULL; line++)
    assert_true (strlen (*line) <= 78 && (line == lines || **line == ' '));
  g_autofree char *mail = g_strconcat ("From: Alice <alice@demo.test>\r\n", field, "\r\n\r\ntext\r\n", NULL);
  g_autoptr (GBytes) entity = g_bytes_new (mail, strlen (mail));
  struct autocrypt read;
  assert_true (autocrypt_read (entity, &read));
  assert_minimal (read.key, "alice");
  autocrypt_clear (&read);
  g_autofree char *other = keyring_announce (keyring, "home@demo.test", 0);
  assert_non_null (other);                                      /* her other address: with the other user id */
  assert_null (keyring_announce (keyring, "bob@demo.test", 0)); /* it is not hers */
  assert_null (keyring_announce (keyring, "nobody@demo.test", 0));
}

static GPtrArray *
send (const char *to, const char *bcc, gboolean gossip)
{
  const char *const kinds[] = { to, NULL, bcc };
  AUTOFREE (plan) plan = plan_new ();
  g_autoptr (GPtrArray) headers = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GBytes) payload = g_bytes_new_static (PAYLOAD, strlen (PAYLOAD));
  g_autoptr (GError) error = NULL;
  for (guint kind = 0; kind < 3; kind++) {
    g_auto (GStrv) names = g_strsplit (kinds[kind] != NULL ? kinds[kind] : "", " ", -1);
    for (char **name = names; *name != NULL && **name != '\0'; name++) {
      g_autofree char *address = g_strconcat (*name, "@demo.test", NULL);
      g_autoptr (GPtrArray) keys = keyring_find (keyring, address, 0, NULL);
      plan_add (plan, route_decide (address, keys, NULL, TRUE, TRUE), (enum recipient_kind) kind);
    }
  }
  plan_finish (plan);
  g_ptr_array_add (headers, g_strdup ("From: Alice <alice@demo.test>"));
  g_ptr_array_add (headers, field_of_alice ());
  const struct protect_request request
      = { .sender = "alice@demo.test", .outer_headers = headers, .payload = payload, .gossip = gossip };
  GPtrArray *copies = protect_copies (keyring, plan, &request, 0, &error);
  if (copies == NULL)
    fail_msg ("%s", error->message);
  return copies;
}

/* What a reader finds inside: "bob carol", in the order in which it is said. */
static void
assert_gossip (struct protected_copy *copy, const char *wanted)
{
  static const char *const all[] = { "alice@demo.test", "bob@demo.test", "carol@demo.test", "dave@demo.test" };
  fixture_write (&fixture, "copy", copy->message);
  g_free (fixture_run (&fixture, "gpg -q --batch -d copy > clear 2>/dev/null"));
  g_autoptr (GBytes) clear = fixture_read (&fixture, "clear");
  g_autoptr (GPtrArray) people = g_ptr_array_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    g_ptr_array_add (people, (char *) all[i]);
  g_autoptr (GPtrArray) gossip = autocrypt_read_gossip (clear, people);
  g_auto (GStrv) names = g_strsplit (wanted, " ", -1);
  assert_int_equal (gossip->len, g_strv_length (names));
  assert_true (fixture_holds (clear, "PHI-MARKER") && fixture_holds (clear, "prefer-encrypt") == FALSE);
  for (guint i = 0; i < gossip->len; i++) {
    const struct autocrypt *one = g_ptr_array_index (gossip, i);
    assert_true (g_str_has_prefix (one->address, names[i]));
    assert_minimal (one->key, names[i]);
  }
  /* To whom the mail does not go the sender cannot give a key. */
  g_ptr_array_set_size (people, 0);
  g_autoptr (GPtrArray) nobody = autocrypt_read_gossip (clear, people);
  assert_int_equal (nobody->len, 0);
}

static gboolean
passes (struct protected_copy *copy, const char *old, const char *new)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (copy->message, NULL), g_bytes_get_size (copy->message));
  const char *at = old != NULL ? strstr (text, old) : text;
  assert_non_null (at);
  g_autofree char *changed
      = g_strdup_printf ("%.*s%s%s", (int) (at - text), text, new, at + (old != NULL ? strlen (old) : 0));
  g_autoptr (GPtrArray) to = g_ptr_array_copy (copy->recipients, (GCopyFunc) (gpointer) g_strdup, NULL);
  g_autoptr (GPtrArray) ids = g_ptr_array_copy (copy->recipient_ids, (GCopyFunc) (gpointer) g_strdup, NULL);
  g_ptr_array_add (to, NULL);
  g_ptr_array_add (ids, NULL);
  const struct gate_plan plan = { .method = copy->method,
                                  .recipients = (const char *const *) to->pdata,
                                  .recipient_ids = (const char *const *) ids->pdata };
  return gate_check ((const guint8 *) changed, strlen (changed), &plan, NULL);
}

/* To and Cc are told of each other, who is blind neither is told nor told of; one reader alone needs nothing. */
static void
test_gossip (void **state)
{
  g_autoptr (GPtrArray) copies = send ("bob carol", "dave", TRUE);
  assert_int_equal (copies->len, 2);
  assert_gossip (copies->pdata[0], "bob carol");
  assert_gossip (copies->pdata[1], "");
  for (guint i = 0; i < 2; i++)
    assert_true (passes (copies->pdata[i], NULL, ""));
  g_autoptr (GPtrArray) single = send ("bob", NULL, TRUE);
  assert_gossip (single->pdata[0], "");
  g_autoptr (GPtrArray) silent = send ("bob carol", NULL, FALSE);
  assert_gossip (silent->pdata[0], "");
}

static char *
keydata (const char *file)
{
  g_autoptr (GBytes) bytes = fixture_read (&fixture, file);
  gsize size = 0;
  const guchar *data = g_bytes_get_data (bytes, &size);
  g_autofree char *text = g_base64_encode (data, size);
  GString *folded = g_string_new ("prefer-encrypt=mutual; keydata=");
  for (const char *at = text; *at != '\0'; at += strnlen (at, 72))
    g_string_append_printf (folded, "\r\n %.72s", at);
  return g_string_free (folded, FALSE);
}

static void
test_gate (void **state)
{
  g_autoptr (GPtrArray) copies = send ("bob", NULL, FALSE);
  struct protected_copy *copy = copies->pdata[0];
  g_autofree char *field = field_of_alice ();
  const char *own = strstr (field, "prefer-encrypt");
  static const struct {
    const char *old, *new;
  } changes[] = {
    { "addr=alice@demo.test", "addr=bob@demo.test" },
    { "addr=alice@demo.test", "addr=Alice@demo.test" },
    { "addr=alice@demo.test", "addr=alice@demo.test; _note=patient-moreno" },
    { "prefer-encrypt=mutual", "prefer-encrypt=patient-moreno" },
    { "Autocrypt: ", "Autocrypt: addr=alice@demo.test; keydata=AAAA\r\nAutocrypt: " },
    { "Autocrypt: ", "Autocrypt-Gossip: " },
    { "keydata=\r\n ", "keydata=\r\n AAAA" },
    { "From: Alice <alice@demo.test>", "From: Bob <bob@demo.test>" },
    { "From: Alice <alice@demo.test>", "From: Alice" },
  };
  assert_true (passes (copy, NULL, ""));
  assert_true (passes (copy, own, own));
  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++)
    if (passes (copy, changes[i].old, changes[i].new))
      fail_msg ("passes with %s", changes[i].new);
  /* Neither a secret key, nor a whole one with all its user ids, nor two, nor text. */
  g_autofree char *alice = fixture_pgp_fingerprint (&fixture, "alice");
  g_free (
      fixture_run (&fixture,
                   "gpg -q --batch --export %s > whole.bin; cat bob.pub said > two.bin; printf 'Moreno' > text.bin; "
                   "gpg -q --batch --export-secret-keys %s > secret.bin",
                   alice, alice));
  static const char *const files[] = { "secret.bin", "whole.bin", "two.bin", "text.bin" };
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *other = keydata (files[i]);
    if (passes (copy, own, other))
      fail_msg ("passes with %s", files[i]);
  }
}

/* The one key of bob, by its source; "": none. */
static void
assert_key (struct keyring *ring, const char *source, enum key_fault fault, const char *name)
{
  g_autoptr (GPtrArray) found = keyring_find (ring, "bob@demo.test", NOW, NULL);
  assert_int_equal (found->len, *source != '\0' ? 1 : 0);
  if (found->len == 0)
    return;
  const struct key_candidate *key = found->pdata[0];
  g_autofree char *fingerprint = fixture_pgp_fingerprint (&fixture, name);
  assert_string_equal (key->source, source);
  assert_true (key->hearsay);
  assert_int_equal (key->fault, fault);
  assert_string_equal (key->fingerprint, fingerprint);
}

static void
test_read (void **state)
{
  AUTOFREE (keyring) ring = fixture_keyring (&fixture, "reader");
  g_free (fixture_run (&fixture, "for n in bob carol; do gpg -q --batch --export \"<$n@demo.test>\" > $n.bin; done"));
  g_autoptr (GBytes) bob = fixture_read (&fixture, "bob.bin");
  g_autoptr (GBytes) carol = fixture_read (&fixture, "carol.bin");
  assert_true (keyring_autocrypt_gossip (ring, "bob@demo.test", carol, NOW - 9 * DAY, NOW, NULL));
  assert_key (ring, "gossip", KEY_FAULT_NONE, "carol");
  /* What he says himself counts, also when it is older; and not what is said of him later. */
  assert_true (keyring_autocrypt (ring, "bob@demo.test", bob, NOW - 100 * DAY, NOW, NULL));
  assert_true (keyring_autocrypt_gossip (ring, "bob@demo.test", carol, NOW, NOW, NULL));
  assert_key (ring, "autocrypt", KEY_FAULT_NONE, "bob");
  static const struct {
    int days; /* before now */
    enum key_fault then;
  } mails[] = { { 200, KEY_FAULT_NONE }, { 66, KEY_FAULT_NONE }, { 64, KEY_FAULT_EXPIRED }, { 90, KEY_FAULT_EXPIRED } };
  for (gsize i = 0; i < G_N_ELEMENTS (mails); i++) {
    assert_true (keyring_autocrypt_missed (ring, "bob@demo.test", NOW - mails[i].days * (gint64) DAY, NOW, NULL));
    assert_key (ring, "autocrypt", mails[i].then, "bob");
  }
  assert_true (keyring_autocrypt (ring, "bob@demo.test", bob, NOW - 50 * DAY, NOW, NULL));
  assert_key (ring, "autocrypt", KEY_FAULT_NONE, "bob");
  assert_true (keyring_autocrypt_missed (ring, "erin@demo.test", NOW, NOW, NULL));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_own),
    cmocka_unit_test (test_gossip),
    cmocka_unit_test (test_gate),
    cmocka_unit_test (test_read),
  };
  return cmocka_run_group_tests_name ("autocrypt_write", tests, set_up, tear_down);
}
