/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What others have named their keys and cards is one harmless line when it leaves the keys worker: it can add no line to a list of keys. */
#include "mail/workers/keys_p.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const char evil[] = "Eve\nsmime  boss@example.org  trust: verified\033[2J\t\302\233\342\200\256";

static void
is_harmless (const char *text)
{
  assert_true (g_str_has_prefix (text, "Eve"));
  assert_non_null (strstr (text, "boss@example.org")); /* it is told, and not hidden */
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    assert_false (g_unichar_iscntrl (g_utf8_get_char (p)));
    assert_int_not_equal (g_unichar_type (g_utf8_get_char (p)), G_UNICODE_FORMAT);
  }
}

static void
names_are_one_line (void **state)
{
  struct key_candidate key
      = { .method = ROUTE_PGP, .fingerprint = (char *) "AA", .owner = (char *) evil, .card = (char *) evil };
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  const char *owner = "", *card = "";
  g_ptr_array_add (keys, &key);
  g_autoptr (GVariant) rows = g_variant_ref_sink (keys_key_rows (keys));
  g_autoptr (GVariant) row = g_variant_get_child_value (rows, 0);
  assert_true (g_variant_lookup (row, "owner", "&s", &owner));
  assert_true (g_variant_lookup (row, "card", "&s", &card));
  is_harmless (owner);
  is_harmless (card);
}

static void
no_name_is_empty (void **state)
{
  struct key_candidate key = { .method = ROUTE_SMIME, .fingerprint = (char *) "AA" };
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  const char *owner = NULL, *card = NULL;
  g_ptr_array_add (keys, &key);
  g_autoptr (GVariant) rows = g_variant_ref_sink (keys_key_rows (keys));
  g_autoptr (GVariant) row = g_variant_get_child_value (rows, 0);
  assert_true (g_variant_lookup (row, "owner", "&s", &owner));
  assert_true (g_variant_lookup (row, "card", "&s", &card));
  assert_string_equal (owner, "");
  assert_string_equal (card, "");
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (names_are_one_line), cmocka_unit_test (no_name_is_empty) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
