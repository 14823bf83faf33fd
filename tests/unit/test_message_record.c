/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of a record that was made just now are those that are found when it is opened, for every kind of key and content. */
#include "crypto/inspect.h"
#include "crypto/protect.h"
#include "mail/message/message.h"
#include "tests/unit/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct fixture fixture;
static struct keyring *keyring;

static int
set_up (void **state)
{
  fixture_init (&fixture);
  fixture_authority (&fixture, "ca");
  fixture_certificate (&fixture, "alice", FIXTURE_GOOD, "ca");
  fixture_pgp (&fixture, "bob", FIXTURE_GOOD);
  keyring = fixture_keyring (&fixture, "k");
  fixture_anchor (&fixture, keyring, "ca.crt");
  fixture_import (&fixture, keyring, "alice.crt", "alice.key", "bob.sec", NULL);
  return 0;
}

static int
tear_down (void **state)
{
  keyring_free (keyring);
  fixture_clear (&fixture);
  return 0;
}

/* attachment NULL: none. */
static GVariant *
draft_of (const char *from, const char *subject, const char *body, const char *attachment)
{
  const char *const to[] = { "Carol <carol@demo.test>", "dave@demo.test", NULL }, *const bcc[]
                                                                                  = { "erin@demo.test", NULL };
  g_auto (GVariantDict) draft = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&draft, "from", "s", from);
  g_variant_dict_insert (&draft, "to", "^as", to);
  g_variant_dict_insert (&draft, "bcc", "^as", bcc);
  g_variant_dict_insert (&draft, "subject", "s", subject);
  g_variant_dict_insert (&draft, "body", "s", body);
  g_variant_dict_insert (&draft, "in_reply_to", "s", "parent@demo.test");
  if (attachment != NULL)
    g_variant_dict_insert_value (&draft, "attachments", g_variant_new_parsed ("[(%s, '', handle 0)]", attachment));
  return g_variant_ref_sink (g_variant_dict_end (&draft));
}

static void
check (const char *sender, const char *subject, const char *body, const char *attachment)
{
  g_autofree char *from = g_strdup_printf ("Dr. X <%s>", sender), *id = NULL;
  g_autoptr (GVariant) draft = draft_of (from, subject, body, attachment);
  g_autoptr (GPtrArray) attachments = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref), headers = NULL;
  g_autoptr (GBytes) payload = NULL;
  g_autoptr (GError) error = NULL;
  if (attachment != NULL)
    g_ptr_array_add (attachments, g_bytes_new_static ("step,dose\n1,2\n", 14));
  assert_true (message_compose (draft, attachments, 1700000000, &headers, &payload, &id, &error));
  g_autofree char *prefix = message_record_prefix (draft, &error);
  assert_non_null (strstr (prefix, "erin@demo.test"));
  const struct protect_request request
      = { .sender = sender, .outer_headers = headers, .payload = payload, .prefix = prefix };
  AUTOFREE (protected_copy) record = protect_to_self (keyring, &request, 0, &error);
  if (record == NULL)
    fail_msg ("%s", error->message);
  AUTOFREE (inspection) inspection = inspect_message (keyring, record->message, 0);
  assert_true (inspection->verdict.encryption.decrypted);
  g_autoptr (GBytes) opened = message_shadow (inspection, record->message),
                     composed = message_shadow_composed (payload);
  if (strstr (body, "-----BEGIN") != NULL) {
    assert_null (composed);
    return;
  }
  assert_true (fixture_holds (composed, id));
  assert_false (fixture_holds (composed, "erin"));
  if (!g_bytes_equal (opened, composed))
    fail_msg ("%.*s\nand not\n%.*s", (int) g_bytes_get_size (composed),
              (const char *) g_bytes_get_data (composed, NULL), (int) g_bytes_get_size (opened),
              (const char *) g_bytes_get_data (opened, NULL));
}

static void
test_same_words (void **state)
{
  static const char *const senders[] = { "alice@demo.test", "bob@demo.test" };
  for (gsize i = 0; i < G_N_ELEMENTS (senders); i++) {
    check (senders[i], "Plan", "Dear all,\n\nthe plan.\n", NULL);
    check (senders[i], "Grüße, 田中さん", "日本語 and words\n", "plan.csv");
    check (senders[i], "", "", "Überweisung.pdf");
    check (senders[i], "A block", "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n", NULL);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_same_words) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
