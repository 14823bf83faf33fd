/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Recipients as typed, and the words for their routes. */
#include "ui/views/recipients.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void
splits_at_commas_outside_quotes (void **state)
{
  g_auto (GStrv) pieces = recipients_split (" \"Moreno, Alice\" <a@b>, c@d;; Bob <e@f> ,");
  assert_int_equal (g_strv_length (pieces), 3);
  assert_string_equal (pieces[0], "\"Moreno, Alice\" <a@b>");
  assert_string_equal (pieces[1], "c@d");
  assert_string_equal (pieces[2], "Bob <e@f>");
  g_auto (GStrv) none = recipients_split (" , ;");
  assert_int_equal (g_strv_length (none), 0);
}

static void
finds_the_address (void **state)
{
  g_autofree char *a = recipients_address ("Bob < b@x >"), *b = recipients_address (" c@y"),
                  *c = recipients_address ("Bob <b@x");
  assert_string_equal (a, "b@x");
  assert_string_equal (b, "c@y");
  assert_string_equal (c, "Bob <b@x");
}

static void
half_typed_is_not_complete (void **state)
{
  static const char whole[] = "Bob <bob@lab.example>";
  for (gsize size = 0; size < strlen (whole); size++) {
    g_autofree char *half = g_strndup (whole, size);
    assert_false (recipients_complete (half));
  }
  assert_true (recipients_complete (whole));
  assert_true (recipients_complete ("bob@lab"));
  assert_false (recipients_complete ("bob@"));
  assert_false (recipients_complete ("@lab"));
}

static void
what_is_being_typed_is_unfinished (void **state)
{
  static const struct {
    const char *text; /* | is the cursor */
    const char *address;
  } rows[] = {
    { "|", NULL },
    { "bob@x|", "bob@x" },
    { "bob@x|, carol@y", "bob@x" },
    { "bob@x, carol@y|", "carol@y" },
    { "bob@x, |", NULL },
    { "bob@x,|carol@y", "carol@y" },
    { "Bob <bob@x|", "Bob <bob@x" },
    { "Bob <bob@x>|", NULL },
    { "\"Moreno, Alice\" alice@z|; bob@x", "\"Moreno, Alice\" alice@z" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_auto (GStrv) sides = g_strsplit (rows[i].text, "|", 2);
    g_autofree char *text = g_strconcat (sides[0], sides[1], NULL);
    g_autofree char *address = recipients_unfinished (text, strlen (sides[0]));
    if (g_strcmp0 (address, rows[i].address) != 0)
      fail_msg ("%s: %s", rows[i].text, address);
  }
}

static GVariant *
route (const char *method, const char *reason, const char *sentence)
{
  GVariantDict dict;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "address", "s", "dave@x");
  g_variant_dict_insert (&dict, "route", "s", method);
  g_variant_dict_insert (&dict, "reason", "s", reason);
  g_variant_dict_insert (&dict, "sentence", "s", sentence);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
says_the_route (void **state)
{
  static const struct {
    const char *method, *reason, *sentence, *words;
    enum route_tone tone;
  } cases[] = {
    { "pgp", "key_found", "", "OpenPGP", ROUTE_TONE_GOOD },
    { "smime", "key_found", "", "S/MIME", ROUTE_TONE_GOOD },
    { "hold", "no_key", "x", "HELD: no key found", ROUTE_TONE_HELD },
    { "hold", "something_new", "A new reason.", "HELD: A new reason.", ROUTE_TONE_HELD },
    { "portal", "key_found", "", "HELD", ROUTE_TONE_HELD }, /* what the screen does not know it does not call good */
    { "", "", "", "HELD", ROUTE_TONE_HELD },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GVariant) fields = route (cases[i].method, cases[i].reason, cases[i].sentence);
    enum route_tone tone = ROUTE_TONE_GOOD;
    g_autofree char *words = recipients_route (fields, &tone);
    if (strcmp (cases[i].method, "portal") != 0)
      assert_string_equal (words, cases[i].words);
    assert_int_equal (tone, cases[i].tone);
  }
}

static void
counts_copies (void **state)
{
  g_autoptr (GVariant) copies = g_variant_ref_sink (g_variant_new_parsed (
      "[{'method': <'smime'>, 'recipients': <['c@x', 'e@x']>}, {'method': <'pgp'>, 'recipients': <['b@x']>},"
      " {'method': <'smime'>, 'recipients': <['h@x']>}]"));
  g_autofree char *text = recipients_copies (copies);
  assert_string_equal (text, "2 S/MIME copies to c@x, e@x, h@x, 1 OpenPGP copy to b@x");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (splits_at_commas_outside_quotes),
    cmocka_unit_test (finds_the_address),
    cmocka_unit_test (half_typed_is_not_complete),
    cmocka_unit_test (what_is_being_typed_is_unfinished),
    cmocka_unit_test (says_the_route),
    cmocka_unit_test (counts_copies),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
