/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The verdict in words: what claims least comes first, and no state may sound better than it is. */
#include "crypto/verdict.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
check (enum signature_state state, enum coverage covers, enum key_trust trust, gboolean encrypted,
       enum integrity integrity, const char *sentence, enum verdict_tone tone)
{
  struct verdict verdict;
  enum verdict_tone found;
  verdict_init (&verdict);
  verdict.signature.state = state;
  verdict.signature.protocol = PROTECTION_PGP;
  verdict.signature.covers = covers;
  verdict.signature.trust = trust;
  verdict.signature.signer = g_strdup ("bob@demo.test");
  if (encrypted) {
    verdict.encryption = (struct encryption_verdict){ .protocol = PROTECTION_PGP,
                                                      .decrypted = TRUE,
                                                      .integrity = integrity,
                                                      .cipher = g_strdup ("AES256.CFB"),
                                                      .covers = COVERS_WHOLE };
  }
  g_autofree char *text = verdict_sentence (&verdict, &found);
  assert_string_equal (text, sentence);
  assert_int_equal (found, tone);
  verdict_clear (&verdict);
}

static void
test_sentences (void **state)
{
  check (SIGNATURE_GOOD, COVERS_WHOLE, KEY_TRUST_VERIFIED, TRUE, INTEGRITY_OK,
         "Signed by bob@demo.test (OpenPGP, compared by you). Encrypted, AES-256.", VERDICT_TONE_GOOD);
  check (SIGNATURE_NONE, COVERS_NOTHING, KEY_TRUST_NONE, TRUE, INTEGRITY_OK, "NOT SIGNED. Encrypted, AES-256.",
         VERDICT_TONE_WARN);
  check (SIGNATURE_NONE, COVERS_NOTHING, KEY_TRUST_NONE, FALSE, INTEGRITY_OK, "Not signed. Not encrypted.",
         VERDICT_TONE_NONE);
  check (SIGNATURE_BAD, COVERS_WHOLE, KEY_TRUST_NONE, FALSE, INTEGRITY_OK,
         "The signature is BROKEN: the text was changed after signing, do not trust it. NOT ENCRYPTED.",
         VERDICT_TONE_BAD);
  check (SIGNATURE_GOOD, COVERS_WHOLE, KEY_TRUST_VERIFIED, TRUE, INTEGRITY_UNKNOWN,
         "Signed by bob@demo.test (OpenPGP, compared by you). Encrypted, AES-256. Nothing shows whether it was changed "
         "on its way.",
         VERDICT_TONE_WARN);
}

/* Green means: good, whole, nothing else said. Everything else must not be green. */
static void
test_tones (void **state)
{
  for (enum signature_state s = SIGNATURE_NONE; s <= SIGNATURE_ERROR; s++)
    for (enum coverage c = COVERS_NOTHING; c <= COVERS_WHOLE; c++)
      for (guint e = 0; e < 12; e++) {
        struct verdict verdict;
        enum verdict_tone tone;
        verdict_init (&verdict);
        verdict.signature.state = s;
        verdict.signature.covers = c;
        verdict.signature.protocol = PROTECTION_SMIME;
        verdict.encryption.protocol = PROTECTION_SMIME;
        verdict.encryption.decrypted = e & 1;
        verdict.encryption.integrity = e & 2 ? INTEGRITY_OK : INTEGRITY_UNKNOWN;
        verdict.encryption.covers = (enum coverage) (e / 4);
        g_autofree char *text = verdict_sentence (&verdict, &tone);
        const gboolean green = s == SIGNATURE_GOOD && c == COVERS_WHOLE && (e & 3) == 3 && e / 4 == COVERS_WHOLE;
        assert_true ((tone == VERDICT_TONE_GOOD) == green);
        assert_true (strlen (text) > 10 && strlen (text) < 300);
        assert_non_null (signature_state_name (s));
        verdict_clear (&verdict);
      }
}

/* The cipher's name comes from outside: nothing but a name may reach the line. */
static void
test_cipher_names (void **state)
{
  static const struct {
    const char *cipher, *words;
  } rows[] = {
    { "AES256.MDC", "Encrypted, AES-256." },
    { "AES.OCB", "Encrypted, AES-128." },
    { "AES-128-GCM", "Encrypted, AES-128." },
    { "3DES-CBC", "Encrypted, 3DES-CBC." },
    { "AES-256-CBC", "Encrypted, AES-256." },
    { "x\nSigned by the Pope", "Encrypted." },
    { NULL, "Encrypted." },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    struct verdict verdict;
    verdict_init (&verdict);
    verdict.encryption = (struct encryption_verdict){ .protocol = PROTECTION_PGP,
                                                      .decrypted = TRUE,
                                                      .integrity = INTEGRITY_OK,
                                                      .cipher = g_strdup (rows[i].cipher),
                                                      .covers = COVERS_WHOLE };
    g_autofree char *text = verdict_sentence (&verdict, NULL),
                    *wanted = g_strconcat ("NOT SIGNED. ", rows[i].words, NULL);
    assert_string_equal (text, wanted);
    verdict_clear (&verdict);
  }
}

static void
test_warnings_once (void **state)
{
  struct verdict verdict;
  verdict_init (&verdict);
  verdict_warn (&verdict, "a", "first %d", 1);
  verdict_warn (&verdict, "a", "second");
  verdict_warn (&verdict, "b", "third");
  assert_int_equal (verdict.warnings->len, 2);
  assert_string_equal (((struct verdict_warning *) verdict.warnings->pdata[0])->text, "first 1");
  verdict_clear (&verdict);
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_sentences), cmocka_unit_test (test_tones),
                                      cmocka_unit_test (test_cipher_names), cmocka_unit_test (test_warnings_once) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
