/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Who can open a copy: for one, five and fifty recipients in To, Cc and Bcc, by both methods, what "openssl cms -cmsout -print" and "gpg
 * --list-packets" list is exactly the copy's audience and the sender. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/pem.h>
#include "crypto/protect.h"
#include "tests/unit/cert_maker.h"
#include "tests/unit/fixture.h"

#define PAYLOAD "Content-Type: text/plain\r\nSubject: Biopsy\r\n\r\nPHI-MARKER\r\n"
#define SERIAL 70000    /* of the sender; person N has 70000 + N */
#define CERTIFICATES 30 /* s1 … s30@demo.test */
#define PGP_KEYS 20     /* p1 … p20@demo.test */

static struct fixture fixture;
static struct keyring *keyring;
static GPtrArray *headers;
static char *pgp_ids[PGP_KEYS + 1]; /* of the encryption subkeys; 0: the sender */

/* "s1-3 p2" as s1 s2 s3 p2. */
static GPtrArray *
names_of (const char *text)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  for (guint i = 0; words[i] != NULL && *words[i] != '\0'; i++) {
    const char *dash = strchr (words[i], '-');
    const int from = atoi (words[i] + 1), to = dash != NULL ? atoi (dash + 1) : from;
    for (int k = from; k <= to; k++)
      g_ptr_array_add (names, g_strdup_printf ("%c%d", words[i][0], k));
  }
  return names;
}

static int
compare (const void *left, const void *right)
{
  return strcmp (*(const char *const *) left, *(const char *const *) right);
}

/* Sorted, one a line. */
static char *
sorted (GPtrArray *lines)
{
  g_ptr_array_sort (lines, compare);
  g_ptr_array_add (lines, NULL);
  return g_strjoinv ("\n", (char **) lines->pdata);
}

/* The serial number of a certificate, the id of a subkey. */
static char *
id_of (const char *name)
{
  const int number = atoi (name + 1);
  return name[0] == 's' ? g_strdup_printf ("%d", SERIAL + number) : g_strdup (pgp_ids[number]);
}

/* What the other program lists. */
static char *
listed (const struct protected_copy *copy)
{
  fixture_write (&fixture, "copy", copy->message);
  g_autofree char *text
      = copy->method == ROUTE_SMIME
            ? fixture_run (&fixture, "openssl cms -cmsout -print -in copy -noout | sed -n 's/^ *serialNumber: //p'")
            : fixture_run (&fixture, "gpg --batch --list-packets copy 2>/dev/null | sed -n 's/^:pubkey enc packet:.*"
                                     "keyid \\([0-9A-F]*\\)/\\1/p'");
  g_auto (GStrv) lines = g_strsplit (g_strchomp (text), "\n", -1);
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  for (guint i = 0; lines[i] != NULL; i++)
    g_ptr_array_add (list, lines[i]);
  return sorted (list);
}

/* Exactly those of the names that this method is for, and the sender. Returns how many names there are. */
static guint
check_copy (const struct protected_copy *copy, GPtrArray *names)
{
  const char kind = copy->method == ROUTE_SMIME ? 's' : 'p';
  const char own[] = { kind, '0', '\0' };
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (ids, id_of (own));
  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index (names, i);
    if (name[0] != kind)
      continue;
    g_ptr_array_add (ids, id_of (name));
    g_ptr_array_add (addresses, g_strconcat (name, "@demo.test", NULL));
  }
  const guint count = addresses->len;
  assert_int_equal (copy->recipients->len, count);
  assert_int_equal (copy->recipient_ids->len, count + 1);
  g_autofree char *want = sorted (ids), *got = listed (copy), *whom = sorted (addresses);
  g_autofree char *recipients = sorted (copy->recipients);
  assert_string_equal (recipients, whom);
  assert_string_equal (got, want);
  return count;
}

static void
plan_names (struct plan *plan, GPtrArray *names, enum recipient_kind kind)
{
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *address = g_strconcat (g_ptr_array_index (names, i), "@demo.test", NULL);
    g_autoptr (GPtrArray) keys = keyring_find (keyring, address, 0, NULL);
    plan_add (plan, route_decide (address, keys, NULL, TRUE, TRUE), kind);
  }
}

static void
test_audiences (void **state)
{
  static const struct {
    const char *to, *cc, *bcc;
    guint recipients, copies;
  } cases[] = {
    { "s1", "", "", 1, 1 },
    { "p1", "", "", 1, 1 },
    { "", "", "s1", 1, 1 },
    { "", "", "p1", 1, 1 },
    { "s1-2 p1", "s3", "p2", 5, 3 },
    { "p1", "s1 p2", "s2 p3", 5, 4 },
    { "s1-20 p1-10", "s21-27 p11-18", "s28-30 p19-20", 50, 7 },
  };
  g_autoptr (GBytes) payload = g_bytes_new_static (PAYLOAD, strlen (PAYLOAD));
  const struct protect_request request = { .sender = "s0@demo.test", .outer_headers = headers, .payload = payload };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GPtrArray) to = names_of (cases[i].to), cc = names_of (cases[i].cc), bcc = names_of (cases[i].bcc);
    g_autoptr (GError) error = NULL;
    AUTOFREE (plan) plan = plan_new ();
    plan_names (plan, to, RECIPIENT_TO);
    plan_names (plan, cc, RECIPIENT_CC);
    plan_names (plan, bcc, RECIPIENT_BCC);
    plan_finish (plan);
    assert_int_equal (plan->held, 0);
    g_autoptr (GPtrArray) copies = protect_copies (keyring, plan, &request, 0, &error);
    if (copies == NULL)
      fail_msg ("%s", error->message);
    assert_int_equal (copies->len, cases[i].copies);
    g_autoptr (GPtrArray) open = names_of (cases[i].to), more = names_of (cases[i].cc);
    while (more->len > 0)
      g_ptr_array_add (open, g_ptr_array_steal_index (more, 0));
    guint reached = 0, blind = 0;
    for (guint k = 0; k < copies->len; k++) {
      const gboolean is_blind = ((struct plan_copy *) plan->copies->pdata[k])->bcc;
      g_autoptr (GPtrArray) one = g_ptr_array_new ();
      if (is_blind)
        g_ptr_array_add (one, g_ptr_array_index (bcc, blind++));
      reached += check_copy (copies->pdata[k], is_blind ? one : open);
    }
    assert_int_equal (reached, cases[i].recipients);
    assert_int_equal (blind, bcc->len);
  }
}

/* One file with all certificates, and the sender's key; every tenth one is RSA. */
static void
make_certificates (void)
{
  struct maker_cert *root = maker_issue (&(struct maker_spec){ .name = "Root", .text = maker_authority });
  g_autoptr (GBytes) anchor = maker_der (root);
  g_autofree char *path = g_build_filename (fixture.dir, "people.pem", NULL);
  BIO *file = BIO_new_file (path, "w");
  guint added = 0;
  assert_true (keyring_add_anchor (keyring, anchor, &added, NULL));
  for (int i = 0; i <= CERTIFICATES; i++) {
    g_autofree char *text = g_strdup_printf ("%ssubjectAltName=email:s%d@demo.test\n", maker_mail, i);
    struct maker_cert *cert = maker_issue (&(struct maker_spec){
        .name = "Person", .issuer = root, .text = text, .serial = SERIAL + i, .rsa_bits = i % 10 == 1 ? 2048 : 0 });
    assert_int_equal (PEM_write_bio_X509 (file, cert->x), 1);
    if (i == 0)
      assert_int_equal (PEM_write_bio_PrivateKey (file, cert->key, NULL, NULL, 0, NULL, NULL), 1);
    maker_cert_free (cert);
  }
  BIO_free (file);
  maker_cert_free (root);
  fixture_import (&fixture, keyring, "people.pem", NULL);
}

static void
make_pgp_keys (void)
{
  g_autoptr (GString) batch = g_string_new (NULL);
  for (int i = 0; i <= PGP_KEYS; i++)
    g_string_append_printf (batch,
                            "%%no-protection\n%%transient-key\nKey-Type: EDDSA\nKey-Curve: Ed25519\nKey-Usage: sign\n"
                            "Subkey-Type: ECDH\nSubkey-Curve: Curve25519\nSubkey-Usage: encrypt\n"
                            "Name-Email: %c%d@demo.test\nExpire-Date: 0\n%%commit\n",
                            i == 0 ? 's' : 'p', i);
  g_autoptr (GBytes) bytes = g_bytes_new (batch->str, batch->len);
  fixture_write (&fixture, "batch", bytes);
  g_free (fixture_run (&fixture,
                       "gpg -q --batch --generate-key batch && gpg -q --batch --export > people.pgp && gpg -q "
                       "--batch --export-secret-keys '<s0@demo.test>' > own.pgp"));
  fixture_import (&fixture, keyring, "people.pgp", "own.pgp", NULL);
  g_autofree char *text = fixture_run (
      &fixture, "gpg -q --with-colons --list-keys | awk -F: '$1==\"uid\" {mail=$10} $1==\"sub\" {print mail, $5}'");
  for (int i = 0; i <= PGP_KEYS; i++) {
    g_autofree char *mail = g_strdup_printf ("%c%d@demo.test ", i == 0 ? 's' : 'p', i);
    const char *at = strstr (text, mail);
    assert_non_null (at);
    pgp_ids[i] = g_strndup (at + strlen (mail), 16);
  }
}

static int
set_up (void **state)
{
  fixture_init (&fixture);
  keyring = fixture_keyring (&fixture, "profile");
  make_certificates ();
  make_pgp_keys ();
  headers = g_ptr_array_new ();
  g_ptr_array_add (headers, (char *) "From: Alice <s0@demo.test>");
  g_ptr_array_add (headers, (char *) "Message-ID: <one@demo.test>");
  return 0;
}

static int
tear_down (void **state)
{
  for (int i = 0; i <= PGP_KEYS; i++)
    g_free (pgp_ids[i]);
  g_ptr_array_unref (headers);
  keyring_free (keyring);
  fixture_clear (&fixture);
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_audiences) };
  return cmocka_run_group_tests_name ("protect_audience", tests, set_up, tear_down);
}
