/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is taken of a directory's certificates: only what names the address, for what its own chain is worth, and apart from the keyring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glib/gstdio.h>

#include "crypto/keys/keyring_p.h"
#include "tests/unit/cert_maker.h"
#include "tests/unit/openssl_tool.h"

#define ANN "ann@example.test"
#define ANN_MAIL "subjectAltName=email:" ANN "\nextendedKeyUsage=emailProtection\nkeyUsage=critical,keyAgreement\n"

static struct openssl_tool folder;
static struct keyring *keyring;
static struct maker_cert *root, *middle, *ann, *bob, *self, *old, *deep;
static guint next_address;

static struct maker_cert *
issue (const char *name, const struct maker_cert *issuer, const char *text, gint64 from, gint64 until)
{
  return maker_issue (
      &(struct maker_spec){ .name = name, .issuer = issuer, .text = text, .from = from, .until = until });
}

static int
set_up (void **state)
{
  openssl_tool_init (&folder);
  keyring = keyring_open (folder.dir, NULL);
  assert_non_null (keyring);
  root = issue ("Root", NULL, maker_authority, 0, 0);
  middle = issue ("Middle", root, maker_authority, 0, 0);
  ann = issue ("Ann", root, ANN_MAIL, 0, 0);
  self = issue ("Ann", NULL, ANN_MAIL, 0, 0);
  old = issue ("Ann", root, ANN_MAIL, -20 * MAKER_DAY, -10 * MAKER_DAY);
  deep = issue ("Ann", middle, ANN_MAIL, 0, 0);
  bob = issue ("Bob", root, "subjectAltName=email:bob@example.test\nkeyUsage=keyAgreement\n", 0, 0);
  guint added = 0;
  g_autoptr (GBytes) anchor = maker_der (root);
  assert_true (keyring_add_anchor (keyring, anchor, &added, NULL));
  return 0;
}

static int
tear_down (void **state)
{
  struct maker_cert *all[] = { root, middle, ann, bob, self, old, deep };
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    maker_cert_free (all[i]);
  keyring_free (keyring);
  openssl_tool_clear (&folder);
  return 0;
}

/* The directory gives this (ends with NULL; taken) for ann's address; the best candidate then, or NULL. */
static struct key_candidate *
learn (GBytes *first, ...)
{
  g_autoptr (GPtrArray) blobs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  va_list more;
  va_start (more, first);
  for (GBytes *blob = first; blob != NULL; blob = va_arg (more, GBytes *))
    g_ptr_array_add (blobs, blob);
  va_end (more);
  g_autofree char *found = g_build_filename (folder.dir, "found", NULL);
  g_autofree char *gone = g_strdup_printf ("%s.%u", found, next_address++);
  (void) g_rename (found, gone); /* each time anew */
  assert_true (keyring_learn (keyring, "ldap", ANN, KEYRING_SAID_KEYS, blobs, 0, NULL));
  g_autoptr (GPtrArray) candidates = keyring_find (keyring, ANN, 0, NULL);
  return candidates->len > 0 ? g_ptr_array_steal_index (candidates, 0) : NULL;
}

static void
assert_found (struct key_candidate *key, const struct maker_cert *cert, enum key_trust trust, enum key_fault fault)
{
  g_autofree char *fingerprint = smime_names_fingerprint (cert->x);
  assert_non_null (key);
  assert_string_equal (key->fingerprint, fingerprint);
  assert_string_equal (key->source, "ldap");
  assert_string_equal (key->address, ANN);
  assert_int_equal (key->trust, trust);
  assert_int_equal (key->fault, fault);
  assert_true (key->looked_up && !key->own && !key->hearsay);
  key_candidate_free (key);
}

static void
test_chain (void **state)
{
  const struct maker_cert *const along[] = { middle, NULL };
  assert_found (learn (maker_der (ann), NULL), ann, KEY_TRUST_CHAIN, KEY_FAULT_NONE);
  assert_found (learn (maker_der (self), NULL), self, KEY_TRUST_NONE, KEY_FAULT_NONE);
  assert_found (learn (maker_der (deep), NULL), deep, KEY_TRUST_NONE, KEY_FAULT_NONE);
  assert_found (learn (maker_sign (deep, along), NULL), deep, KEY_TRUST_CHAIN, KEY_FAULT_NONE);
  assert_found (learn (maker_der (deep), maker_der (middle), NULL), deep, KEY_TRUST_CHAIN, KEY_FAULT_NONE);
  assert_found (learn (maker_der (old), NULL), old, KEY_TRUST_NONE, KEY_FAULT_EXPIRED);
}

/* Of several the best; of other people's none. */
static void
test_choice (void **state)
{
  assert_found (learn (maker_der (old), maker_der (self), maker_der (bob), maker_der (ann), maker_der (ann), NULL), ann,
                KEY_TRUST_CHAIN, KEY_FAULT_NONE);
  g_autoptr (GPtrArray) all = keyring_find (keyring, ANN, 0, NULL);
  assert_int_equal (all->len, 3);
  g_autoptr (GPtrArray) bobs = keyring_find (keyring, "bob@example.test", 0, NULL);
  assert_int_equal (bobs->len, 0);
  g_autoptr (GPtrArray) list = keyring_list (keyring, 0, NULL);
  assert_int_equal (list->len, 3);
  AUTOFREE (route) route = route_decide (ANN, all, NULL, TRUE, TRUE);
  assert_int_equal (route->method, ROUTE_SMIME);
}

static void
test_nonsense (void **state)
{
  g_autoptr (GBytes) der = maker_der (ann), cms = maker_sign (bob, NULL);
  assert_null (learn (g_bytes_ref (cms), maker_der (bob), g_bytes_new_static ("junk", 4), g_bytes_new_static ("", 0),
                      g_bytes_new_static ("\x30\x84\xff\xff\xff\xff", 6), NULL));
  for (gsize size = 0; size < g_bytes_get_size (der); size += 7)
    assert_null (learn (g_bytes_new_from_bytes (der, 0, size), NULL));
  g_autoptr (GBytes) with = maker_sign (ann, NULL);
  for (gsize size = 0; size < g_bytes_get_size (with); size += 29)
    assert_null (learn (g_bytes_new_from_bytes (with, 0, size), NULL));
}

/* More than there is room for: what names the address comes before the rest. */
static void
test_many (void **state)
{
  g_autoptr (GPtrArray) blobs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  GString *long_text = g_string_new (ANN_MAIL "nsComment=");
  for (guint i = 0; i < 4000; i++)
    g_string_append_c (long_text, 'x');
  struct maker_cert *big = issue ("Ann", root, long_text->str, 0, 0);
  for (guint i = 0; i < 40; i++)
    g_ptr_array_add (blobs, maker_sign (big, (const struct maker_cert *const[]){ middle, bob, NULL }));
  g_ptr_array_add (blobs, maker_der (ann));
  g_autoptr (GBytes) file = smime_found_take (blobs, ANN);
  assert_true (g_bytes_get_size (file) < 60 * 1024);
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  smime_found_find (keyring->smime, file, ANN, 0, keys);
  assert_int_equal (keys->len, 1); /* each once, and no more than fifty are looked at */
  maker_cert_free (big);
  g_string_free (long_text, TRUE);
}

/* It can be encrypted to, is not in the store, and comes there when its owner was asked. */
static void
test_use (void **state)
{
  assert_found (learn (maker_der (self), NULL), self, KEY_TRUST_NONE, KEY_FAULT_NONE);
  g_autofree char *fingerprint = smime_names_fingerprint (self->x);
  g_autoptr (GPtrArray) fingerprints = g_ptr_array_new ();
  g_ptr_array_add (fingerprints, fingerprint);
  g_autoptr (GBytes) text = g_bytes_new_static ("text", 4);
  g_autoptr (GBytes) sealed = smime_encrypt (keyring->smime, fingerprints, text, NULL, NULL);
  assert_non_null (sealed);
  assert_null (smime_store_entry (keyring->smime, fingerprint));
  assert_true (keyring_trust (keyring, fingerprint, NULL));
  assert_non_null (smime_store_entry (keyring->smime, fingerprint));
  g_autoptr (GPtrArray) found = keyring_find (keyring, ANN, 0, NULL);
  assert_int_equal (found->len, 1);
  const struct key_candidate *key = found->pdata[0];
  assert_string_equal (key->source, "imported");
  assert_int_equal (key->trust, KEY_TRUST_VERIFIED);
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (test_chain), cmocka_unit_test (test_choice), cmocka_unit_test (test_nonsense),
          cmocka_unit_test (test_many), cmocka_unit_test (test_use) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
