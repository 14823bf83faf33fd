/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Protect: what gpg and openssl say of the copies, and what must never get out. */
#include "crypto/inspect.h"
#include "crypto/protect.h"
#include "tests/unit/fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define PAYLOAD                                                                                                        \
  "Content-Type: text/plain; charset=utf-8; hp=\"cipher\"\r\nSubject: Biopsy\r\nFrom: "                                \
  "alice@demo.test\r\n\r\nPHI-MARKER\r\n"

static struct fixture fixture;
static struct keyring *keyring;
static GPtrArray *headers;

static int
set_up (void **state)
{
  fixture_init (&fixture);
  fixture_authority (&fixture, "ca");
  keyring = fixture_keyring (&fixture, "profile");
  fixture_anchor (&fixture, keyring, "ca.crt");
  static const char *const pgp[] = { "alice", "bob", "erin" }, *const certificates[] = { "alice", "carol", "cara" };
  for (gsize i = 0; i < 3; i++) {
    g_autofree char *file = g_strconcat (pgp[i], i == 0 ? ".sec" : ".pub", NULL);
    g_autofree char *certificate = g_strconcat (certificates[i], ".crt", NULL);
    fixture_pgp (&fixture, pgp[i], i == 1 ? FIXTURE_RSA : FIXTURE_GOOD);
    fixture_certificate (&fixture, certificates[i], i == 1 ? FIXTURE_RSA : FIXTURE_GOOD, "ca");
    fixture_import (&fixture, keyring, file, certificate, i == 0 ? "alice.key" : NULL, NULL);
  }
  headers = g_ptr_array_new ();
  g_ptr_array_add (headers, (char *) "From: Alice <alice@demo.test>");
  g_ptr_array_add (headers, (char *) "To: bob@demo.test, carol@demo.test");
  g_ptr_array_add (headers, (char *) "Message-ID: <one@demo.test>");
  return 0;
}

static int
tear_down (void **state)
{
  g_ptr_array_unref (headers);
  keyring_free (keyring);
  fixture_clear (&fixture);
  return 0;
}

static struct plan *
plan_for (const char *to, const char *cc, const char *bcc)
{
  const char *const kinds[] = { to, cc, bcc };
  struct plan *plan = plan_new ();
  for (guint kind = 0; kind < 3; kind++) {
    g_auto (GStrv) names = g_strsplit (kinds[kind], " ", -1);
    for (char **name = names; *name != NULL; name++) {
      g_autofree char *address = g_strconcat (*name, "@demo.test", NULL);
      g_autoptr (GPtrArray) keys = keyring_find (keyring, address, 0, NULL);
      if (**name != '\0')
        plan_add (plan, route_decide (address, keys, NULL, TRUE, TRUE), (enum recipient_kind) kind);
    }
  }
  plan_finish (plan);
  return plan;
}

static GPtrArray *
protect (const struct plan *plan, GPtrArray *outer, const char *payload, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (payload, strlen (payload));
  const struct protect_request request = { .sender = "alice@demo.test", .outer_headers = outer, .payload = bytes };
  return protect_copies (keyring, plan, &request, 0, error);
}

/* "alice bob": exactly these, by what the other programs list. */
static void
check_readers (const struct protected_copy *copy, const char *readers)
{
  g_auto (GStrv) names = g_strsplit (readers, " ", -1);
  fixture_write (&fixture, "copy", copy->message);
  assert_int_equal (copy->recipient_ids->len, g_strv_length (names));
  if (copy->method == ROUTE_PGP) {
    g_autofree char *listed = fixture_run (&fixture, "gpg --batch --list-packets copy 2>/dev/null | sed -n 's/^:pubkey "
                                                     "enc packet:.*keyid \\([0-9A-F]*\\)/pgp:\\1/p' | sort");
    for (guint i = 0; i < copy->recipient_ids->len; i++)
      assert_non_null (strstr (listed, copy->recipient_ids->pdata[i]));
    assert_int_equal (strlen (listed), 21 * copy->recipient_ids->len);
    for (char **name = names; *name != NULL; name++) {
      g_autofree char *id = fixture_run (
          &fixture,
          "gpg -q --with-colons --list-keys '<%s@demo.test>' | awk -F: '$1==\"sub\" {printf \"pgp:%%s\", $5}'", *name);
      assert_non_null (strstr (listed, id));
    }
    return;
  }
  g_autofree char *listed
      = fixture_run (&fixture, "openssl cms -cmsout -print -in copy -noout | grep -c 'issuerAndSerialNumber: *$'");
  assert_int_equal (g_ascii_strtoull (listed, NULL, 10), g_strv_length (names));
  g_autofree char *serials
      = fixture_run (&fixture, "openssl cms -cmsout -print -in copy -noout | sed -n 's/^ *serialNumber: //p'");
  for (char **name = names; *name != NULL; name++) {
    g_autofree char *raw
        = fixture_run (&fixture, "printf '%%d' 0x$(openssl x509 -in %s.crt -noout -serial | cut -d= -f2)", *name);
    g_autofree char *line = g_strconcat (raw, "\n", NULL);
    assert_non_null (strstr (serials, line));
    g_free (fixture_run (&fixture,
                         "openssl cms -decrypt -in copy -recip %s.crt -inkey %s.key -out inner && "
                         "openssl cms -verify -in inner -CAfile ca.crt 2>/dev/null | grep -q PHI-MARKER",
                         *name, *name));
  }
}

static void
test_mixed_audience (void **state)
{
  AUTOFREE (plan) plan = plan_for ("bob carol", "erin", "cara");
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) copies = protect (plan, headers, PAYLOAD, &error);
  assert_non_null (copies);
  assert_int_equal (copies->len, 3);
  static const struct {
    enum route_method method;
    const char *recipients, *readers;
  } wanted[] = {
    { ROUTE_PGP, "bob@demo.test erin@demo.test", "alice bob erin" },
    { ROUTE_SMIME, "carol@demo.test", "alice carol" },
    { ROUTE_SMIME, "cara@demo.test", "alice cara" },
  };
  for (guint i = 0; i < 3; i++) {
    const struct protected_copy *copy = copies->pdata[i];
    g_autofree char *recipients = NULL;
    g_ptr_array_add (copy->recipients, NULL);
    recipients = g_strjoinv (" ", (char **) copy->recipients->pdata);
    assert_int_equal (copy->method, wanted[i].method);
    assert_string_equal (recipients, wanted[i].recipients);
    assert_false (fixture_holds (copy->message, "PHI-MARKER"));
    assert_false (fixture_holds (copy->message, "Biopsy"));
    assert_false (fixture_holds (copy->message, "cara"));
    assert_true (fixture_holds (copy->message, "\r\nSubject: [...]\r\n"));
    assert_true (fixture_holds (copy->message, "Message-ID: <one@demo.test>\r\n"));
    check_readers (copy, wanted[i].readers);
    /* And by ourselves: signed inside by the sender, encrypted outside. */
    AUTOFREE (inspection) found = inspect_message (keyring, copy->message, 0);
    assert_int_equal (found->verdict.signature.state, SIGNATURE_GOOD);
    assert_int_equal (found->verdict.signature.covers, COVERS_WHOLE);
    assert_int_equal (found->verdict.encryption.integrity, INTEGRITY_OK);
    assert_string_equal (found->from->pdata[0], "alice@demo.test");
  }
}

static void
test_lines (void **state)
{
  GString *payload = g_string_new (PAYLOAD);
  for (guint i = 0; i < 3000; i++)
    g_string_append_printf (payload, "line %u with LF only\n", i);
  g_autoptr (GPtrArray) outer = g_ptr_array_copy (headers, NULL, NULL);
  GString *many = g_string_new ("Cc: ");
  for (guint i = 0; i < 200; i++)
    g_string_append_printf (many, "%sperson number %u <p%u@demo.test>", i > 0 ? ", " : "", i, i);
  g_ptr_array_add (outer, many->str);
  AUTOFREE (plan) plan = plan_for ("bob carol", "", "");
  g_autoptr (GPtrArray) copies = protect (plan, outer, payload->str, NULL);
  assert_int_equal (copies->len, 2);
  for (guint i = 0; i < 2; i++) {
    gsize size = 0, column = 0;
    const char *data = g_bytes_get_data (((struct protected_copy *) copies->pdata[i])->message, &size);
    for (gsize k = 0; k < size; k++) {
      assert_true ((guchar) data[k] < 0x7f);
      if (data[k] == '\n')
        assert_true (k > 0 && data[k - 1] == '\r');
      column = data[k] == '\n' ? 0 : column + 1;
      assert_true (column <= 100);
    }
  }
  g_string_free (many, TRUE);
  g_string_free (payload, TRUE);
}

static void
test_outer_fields (void **state)
{
  static const char *const bad[] = { "Bcc: eve@demo.test",
                                     "Subject: Biopsy",
                                     "X-Mailer: x",
                                     "From: a@b\r\nBcc: eve@demo.test",
                                     "From: a@b\nBcc: x",
                                     "Content-Type: text/plain",
                                     "no colon",
                                     "",
                                     ": x",
                                     "To: caf\xc3\xa9@demo.test",
                                     "From: second@demo.test",
                                     "To : x",
                                     "Date: x\rBcc: y" };
  AUTOFREE (plan) plan = plan_for ("bob", "", "");
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GPtrArray) outer = g_ptr_array_copy (headers, NULL, NULL);
    g_autoptr (GError) error = NULL;
    g_ptr_array_remove_index (outer, 1);
    g_ptr_array_add (outer, (char *) bad[i]);
    assert_null (protect (plan, outer, PAYLOAD, &error));
    assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT));
  }
  g_autoptr (GPtrArray) folded = g_ptr_array_copy (headers, NULL, NULL);
  g_ptr_array_add (folded, (char *) "References: <a@demo.test>\r\n <b@demo.test>");
  g_autoptr (GPtrArray) copies = protect (plan, folded, PAYLOAD, NULL);
  assert_non_null (copies);
}

static void
test_held_and_empty (void **state)
{
  static const char *const audiences[][3]
      = { { "dave", "", "" }, { "bob", "", "dave" }, { "bob", "dave", "carol" }, { "", "", "" } };
  for (gsize i = 0; i < G_N_ELEMENTS (audiences); i++) {
    AUTOFREE (plan) plan = plan_for (audiences[i][0], audiences[i][1], audiences[i][2]);
    g_autoptr (GError) error = NULL;
    assert_null (protect (plan, headers, PAYLOAD, &error));
    assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_HELD));
  }
  /* A plan whose copies do not follow from its routes is not believed. */
  AUTOFREE (plan) plan = plan_for ("bob", "", "");
  ((struct route *) plan->routes->pdata[0])->method = ROUTE_HOLD;
  g_autoptr (GError) error = NULL;
  assert_null (protect (plan, headers, PAYLOAD, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_HELD));
}

static void
test_to_self (void **state)
{
  g_autoptr (GBytes) payload = g_bytes_new_static (PAYLOAD, strlen (PAYLOAD));
  static const char *const senders[] = { "alice@demo.test", "nobody@demo.test" };
  for (guint i = 0; i < 2; i++) {
    const struct protect_request request = { .sender = senders[i], .outer_headers = headers, .payload = payload };
    g_autoptr (GError) error = NULL;
    AUTOFREE (protected_copy) record = protect_to_self (keyring, &request, 0, &error);
    if (i == 1) {
      assert_null (record);
      assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY));
      continue;
    }
    assert_false (fixture_holds (record->message, "PHI-MARKER"));
    fixture_write (&fixture, "copy", record->message);
    g_free (
        fixture_run (&fixture, "openssl cms -decrypt -in copy -recip alice.crt -inkey alice.key | grep -q PHI-MARKER"));
    assert_false (
        fixture_try (&fixture, "openssl cms -decrypt -in copy -recip carol.crt -inkey carol.key -out /dev/null"));
  }
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (test_mixed_audience), cmocka_unit_test (test_lines), cmocka_unit_test (test_outer_fields),
          cmocka_unit_test (test_held_and_empty), cmocka_unit_test (test_to_self) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
