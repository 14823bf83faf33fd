/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A key in words: what stands against it is said before what speaks for it, words fit their column, fingerprints can be read aloud. */
#include "ui/views/keys_words.h"
#include "ui/screen/here.h"
#include "ui/screen/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static GVariant *
key (const char *text)
{
  GVariant *fields = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);
  assert_non_null (fields);
  return fields;
}

static void
says (const char *text, const char *standing, enum key_tone tone)
{
  enum key_tone got;
  g_autoptr (GVariant) fields = key (text);
  assert_string_equal (keys_words_standing (fields, &got), standing);
  assert_int_equal (got, tone);
  assert_true (text_width (standing) <= 15);
}

static void
standings (void **state)
{
  says ("{'trust': <'verified'>}", "compared", KEY_TONE_GOOD);
  says ("{'trust': <'chain'>, 'expiring': <true>}", "expires soon", KEY_TONE_CAREFUL);
  says ("{'trust': <'wkd'>}", "published", KEY_TONE_PLAIN);
  says ("{'trust': <'first-seen'>}", "not compared", KEY_TONE_PLAIN);
  says ("{'trust': <'none'>}", "not trusted", KEY_TONE_CAREFUL);
  says ("{}", "not trusted", KEY_TONE_CAREFUL);
  says ("{'trust': <'verified'>, 'pinned': <true>}", "set for you", KEY_TONE_GOOD);
}

static void
here (const char *text, const char *words)
{
  g_autofree char *got = here_words (text, "^Y");
  assert_string_equal (got, words);
}

/* What the Keys screen can do is named by its letter; any other command stays as it is. */
static void
commands_become_letters (void **state)
{
  here ("Import it: wardmail key import FILE", "Import it: ^Y, then i");
  here ("Make one: wardmail key new. Or import yours: wardmail key import FILE.",
        "Make one: ^Y, then n. Or import yours: ^Y, then i.");
  here ("Or: wardmail key trust 1A2B3C4D", "Or: ^Y, then c");
  here ("wardmail key new --kind smime", "wardmail key new --kind smime");
  here ("wardmail key restore FILE", "wardmail key restore FILE");
  here ("wardmail key ", "wardmail key ");
  here ("", "");
}

static void
what_is_wrong_comes_first (void **state)
{
  static const char *const faults[] = { "revoked", "expired", "not_yet_valid", "wrong_usage", "weak", "broken" };
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++) {
    enum key_tone tone;
    g_autofree char *text
        = g_strdup_printf ("{'fault': <'%s'>, 'own': <true>, 'expiring': <true>, 'trust': <'verified'>}", faults[i]);
    g_autoptr (GVariant) fields = key (text);
    const char *words = keys_words_standing (fields, &tone);
    assert_int_equal (tone, KEY_TONE_BAD);
    assert_true (text_width (words) <= 15);
  }
  says ("{'trust': <'chain'>, 'changed': <true>}", "NEW: compare it", KEY_TONE_CAREFUL);
  says ("{'trust': <'verified'>, 'barred': <true>}", "another is set", KEY_TONE_BAD);
}

static void
fingerprints (void **state)
{
  g_autoptr (GVariant) short_one = key ("{'fingerprint': <'AB'>}");
  g_autoptr (GPtrArray) lines = keys_words_fingerprint (short_one);
  assert_int_equal (lines->len, 1);
  assert_string_equal (lines->pdata[0], "AB");
  g_autoptr (GVariant) openpgp = key ("{'fingerprint': <'00112233445566778899AABBCCDDEEFF00112233'>}");
  g_autoptr (GPtrArray) two = keys_words_fingerprint (openpgp);
  assert_int_equal (two->len, 2);
  assert_string_equal (two->pdata[0], "0011 2233 4455 6677 8899 AABB CCDD EEFF");
  assert_string_equal (two->pdata[1], "0011 2233");
  g_autoptr (GVariant) none = key ("{}");
  g_autoptr (GPtrArray) empty = keys_words_fingerprint (none);
  assert_int_equal (empty->len, 0);
}

static void
ends (void **state)
{
  g_autoptr (GVariant) forever = key ("{'expires': <int64 0>}");
  g_autofree char *no_end = keys_words_until (forever);
  assert_string_equal (no_end, "no end");
  g_autoptr (GVariant) beyond = key ("{'expires': <int64 9223372036854775807>}");
  g_autofree char *far_away = keys_words_until (beyond);
  assert_string_equal (far_away, "far away");
  g_autoptr (GVariant) own = key ("{'own': <true>, 'expiring': <true>, 'expires': <int64 1800000000>}");
  g_autofree char *sentence = keys_words_sentence (own);
  assert_non_null (strstr (sentence, "renew it"));
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (standings), cmocka_unit_test (what_is_wrong_comes_first), cmocka_unit_test (fingerprints),
          cmocka_unit_test (ends), cmocka_unit_test (commands_become_letters) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
