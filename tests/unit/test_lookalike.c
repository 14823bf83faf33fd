/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Names made to be taken for others are found, and ordinary names beside each other raise no alarm. */
#include "mail/message/lookalike.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static const char *const known_domains[]
    = { "demo.test",  "hospital.example", "mail.westmere-clinic.co.uk", "paypal.com", "microsoft.com", "gmx.de",
        "mail.com",   "klinikum-nord.de", "müller-praxis.de",           "online.de",  "gmail.com",     "ward7.example",
        "allianz.com" };

static struct lookalike_known *
known_new (void)
{
  struct lookalike_known *known = lookalike_known_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (known_domains); i++)
    lookalike_known_add (known, known_domains[i]);
  return known;
}

static const struct {
  const char *host;
  enum lookalike kind;
  const char *like;
} imitations[] = {
  /* read the same */
  { "paypa1.com", LOOKALIKE_SAME, "paypal.com" },
  { "PAYPAI.com", LOOKALIKE_TYPO, "paypal.com" }, /* an I is an i in a host name */
  { "rnicrosoft.com", LOOKALIKE_SAME, "microsoft.com" },
  { "login.rnicrosoft.com", LOOKALIKE_SAME, "microsoft.com" },
  { "micr0soft.com", LOOKALIKE_SAME, "microsoft.com" },
  { "dem0.test", LOOKALIKE_SAME, "demo.test" },
  { "mailbox-confirm.dem0.test", LOOKALIKE_SAME, "demo.test" },
  { "derno.test", LOOKALIKE_SAME, "demo.test" },
  { "h0spital.example", LOOKALIKE_SAME, "hospital.example" },
  { "vvestmere-clinic.co.uk", LOOKALIKE_SAME, "westmere-clinic.co.uk" },
  { "westmere-dinic.co.uk", LOOKALIKE_SAME, "westmere-clinic.co.uk" },
  { "p\xd0\xb0ypal.com", LOOKALIKE_SAME, "paypal.com" }, /* a Cyrillic a */
  { "xn--pypal-4ve.com", LOOKALIKE_SAME, "paypal.com" },
  { "xn--80ak6aa92e.com", LOOKALIKE_FOREIGN, NULL }, /* a fruit, in Cyrillic */
  /* misspelt */
  { "paypall.com", LOOKALIKE_TYPO, "paypal.com" },
  { "payapl.com", LOOKALIKE_TYPO, "paypal.com" },
  { "microsft.com", LOOKALIKE_TYPO, "microsoft.com" },
  { "hospitol.example", LOOKALIKE_TYPO, "hospital.example" },
  { "muller-praxis.de", LOOKALIKE_TYPO, "müller-praxis.de" },
  { "paypal.co", LOOKALIKE_TYPO, "paypal.com" },
  { "microsoft.cm", LOOKALIKE_TYPO, "microsoft.com" },
  /* one in the other */
  { "demo.test.evil.example", LOOKALIKE_INSIDE, "demo.test" },
  { "demo-test.example", LOOKALIKE_INSIDE, "demo.test" },
  { "demo-test-login.example", LOOKALIKE_INSIDE, "demo.test" },
  { "portal.demo.test-login.example", LOOKALIKE_INSIDE, "demo.test" },
  { "paypa1.com.verify.example", LOOKALIKE_INSIDE, "paypal.com" },
  { "westmere-clinic.co.uk.mail-portal.example", LOOKALIKE_INSIDE, "westmere-clinic.co.uk" },
  /* by themselves */
  { "pαypal.example", LOOKALIKE_MIXED, NULL },
  { "xn--n1aag.com.xn--80ak6aa92e.com", LOOKALIKE_FOREIGN, NULL },
  { "xn--zz99zz99zz99.com", LOOKALIKE_BROKEN, NULL },
  { "xn--.example", LOOKALIKE_BROKEN, NULL },
  { "hospital‹U+202E›.example", LOOKALIKE_BROKEN, NULL },
  { "two words.example", LOOKALIKE_BROKEN, NULL },
  { "%68ospital.example", LOOKALIKE_BROKEN, NULL },
  { "a..example", LOOKALIKE_BROKEN, NULL },
  { "", LOOKALIKE_BROKEN, NULL },
  { "\xff\xfe.example", LOOKALIKE_BROKEN, NULL },
};

static void
test_imitations (void **state)
{
  AUTOFREE (lookalike_known) known = known_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (imitations); i++) {
    const char *like = "?";
    enum lookalike kind = lookalike_host (imitations[i].host, known, &like);
    if (kind != imitations[i].kind || g_strcmp0 (like, imitations[i].like) != 0)
      fail_msg ("%s: %d like %s", imitations[i].host, (int) kind, like != NULL ? like : "none");
    enum lookalike alone = lookalike_host (imitations[i].host, NULL, NULL);
    assert_true (alone <= LOOKALIKE_FOREIGN);
    if (kind <= LOOKALIKE_FOREIGN)
      assert_int_equal (alone, kind);
  }
}

/* Each of them is known in its turn, and none of the others may be taken for it. */
static const char *const ordinary[] = {
  "demo.test",
  "mail.demo.test",
  "hospital.example",
  "www.hospital.example.",
  "clinic.example",
  "westmere-clinic.co.uk",
  "webmail.westmere-clinic.co.uk",
  "eastmere-hospital.co.uk",
  "paypal.com",
  "paypal.de",
  "mail.paypal.com",
  "microsoft.com",
  "office.com",
  "outlook.com",
  "hotmail.com",
  "gmail.com",
  "googlemail.com",
  "google.com",
  "google.de",
  "google.be",
  "google.co.uk",
  "ymail.com",
  "mail.com",
  "email.com",
  "my-mail.com",
  "gmx.de",
  "gmx.net",
  "gmx.at",
  "web.de",
  "online.de",
  "t-online.de",
  "freenet.de",
  "posteo.de",
  "mailbox.org",
  "proton.me",
  "protonmail.com",
  "icloud.com",
  "apple.com",
  "aol.com",
  "yahoo.com",
  "yahoo.co.uk",
  "yahoo.co.jp",
  "amazon.com",
  "amazon.de",
  "amazon.co.uk",
  "amazonaws.com",
  "cloudfront.net",
  "github.com",
  "alice.github.io",
  "bob.github.io",
  "gitlab.com",
  "debian.org",
  "kernel.org",
  "gnu.org",
  "gnupg.org",
  "nhs.net",
  "nhs.uk",
  "hospital1.nhs.uk",
  "hospital2.nhs.uk",
  "nih.gov",
  "cdc.gov",
  "who.int",
  "ema.europa.eu",
  "ecdc.europa.eu",
  "charite.de",
  "uni-heidelberg.de",
  "med.uni-heidelberg.de",
  "uni-hannover.de",
  "uni-bremen.de",
  "tu-berlin.de",
  "fu-berlin.de",
  "klinikum-nord.de",
  "klinikum-sued.de",
  "klinikum-west.de",
  "klinik-am-ring.de",
  "aok.de",
  "barmer.de",
  "kvno.de",
  "kvwl.de",
  "insel.ch",
  "usz.ch",
  "chuv.ch",
  "hug.ch",
  "akhwien.at",
  "meduniwien.ac.at",
  "meduni-graz.at",
  "aphp.fr",
  "chu-lyon.fr",
  "chu-lille.fr",
  "hospices-civils.fr",
  "sergas.es",
  "salud.madrid.org",
  "sacyl.es",
  "policlinico.mi.it",
  "aslroma1.it",
  "aslroma2.it",
  "karolinska.se",
  "regionh.dk",
  "oslo-universitetssykehus.no",
  "hus.fi",
  "amc.nl",
  "amsterdamumc.nl",
  "erasmusmc.nl",
  "uzleuven.be",
  "uzgent.be",
  "mayo.edu",
  "mayoclinic.org",
  "clevelandclinic.org",
  "harvard.edu",
  "mit.edu",
  "nejm.org",
  "bmj.com",
  "thelancet.com",
  "elsevier.com",
  "springer.com",
  "springernature.com",
  "wiley.com",
  "doi.org",
  "doctolib.de",
  "doctolib.fr",
  "zoom.us",
  "webex.com",
  "slack.com",
  "dropbox.com",
  "linkedin.com",
  "xing.com",
  "deepl.com",
  "müller-praxis.de",
  "xn--mller-kva.de",
  "gemüse.example",
  "österreich.gv.at",
  "københavn.dk",
  "président.fr",
  "españa.es",
  "日本語.jp",
  "东京大学.cn",
  "서울.kr",
  "xn--e1afmkfd.xn--p1ai",
  "пример.рф",
  "больница.рф",
  "νοσοκομείο.gr",
  "مستشفى.مصر",
  "ישראל.co.il",
  "kızılay.com.tr",
  "łódź.pl",
  "ward7.example",
  "ward8.example",
  "lab-a.example",
  "lab-b.example",
  "r3---sn-4g5e6.googlevideo.com",
  "_dmarc.example.org",
  "localhost",
  "192.0.2.7",
  "2001:db8::7",
  "[2001:db8::7]",
  "allianz.com",
  "alliance.com",
  "a.example",
  "b.example",
};

static void
test_ordinary (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ordinary); i++) {
    AUTOFREE (lookalike_known) known = lookalike_known_new ();
    lookalike_known_add (known, ordinary[i]);
    for (gsize k = 0; k < G_N_ELEMENTS (ordinary); k++) {
      const char *like = NULL;
      enum lookalike kind = lookalike_host (ordinary[k], known, &like);
      if (kind != LOOKALIKE_NONE)
        fail_msg ("%s beside %s: %d like %s", ordinary[k], ordinary[i], (int) kind, like != NULL ? like : "none");
    }
  }
}

static void
test_known (void **state)
{
  AUTOFREE (lookalike_known) known = known_new ();
  const char *like = NULL;
  lookalike_known_add (known, "dem0.test"); /* what is known is not taken for another */
  assert_int_equal (lookalike_host ("mail.dem0.test", known, &like), LOOKALIKE_NONE);
  lookalike_known_add (known, "co.uk"); /* no organisation, not even a name, an address: none of them counts */
  lookalike_known_add (known, "localhost");
  lookalike_known_add (known, "192.0.2.7");
  lookalike_known_add (known, "not a host");
  assert_int_equal (lookalike_host ("192.0.2.70.example", known, &like), LOOKALIKE_NONE);
  for (guint i = 0; i < LOOKALIKE_KNOWN_MAX; i++) {
    g_autofree char *name = g_strdup_printf ("organisation%u.example", i);
    lookalike_known_add (known, name);
  }
  lookalike_known_add (known, "beyond-the-limit.example");
  assert_int_equal (lookalike_host ("beyond-the-1imit.example", known, &like), LOOKALIKE_NONE);
}

static void
test_unicode (void **state)
{
  static const char *const names[][2] = { { "Www.Hospital.Example.", "www.hospital.example" },
                                          { "xn--mller-kva.de", "müller.de" },
                                          { "XN--MLLER-KVA.DE", "müller.de" },
                                          { "xn--e1afmkfd.xn--p1ai", "пример.рф" },
                                          { "faß.de", "faß.de" },
                                          { "xn--zz99zz99zz99.example", NULL },
                                          { "hospital.example..", NULL } };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *name = lookalike_unicode (names[i][0]);
    assert_int_equal (g_strcmp0 (name, names[i][1]), 0);
  }
  g_autofree char *long_name = g_strnfill (100000, 'a');
  assert_null (lookalike_unicode (long_name));
}

/* Every name cut at every byte, and with every byte changed: an answer, and no more is asked of it. */
static void
test_any_bytes (void **state)
{
  AUTOFREE (lookalike_known) known = known_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (imitations); i++) {
    g_autofree char *name = g_strdup (imitations[i].host);
    for (gsize n = strlen (name); n > 0; n--) {
      char last = name[n - 1];
      const char *like = NULL;
      name[n - 1] = (char) (last ^ 0x81);
      assert_true (lookalike_host (name, known, &like) <= LOOKALIKE_INSIDE);
      name[n - 1] = '\0';
      assert_true (lookalike_host (name, known, &like) <= LOOKALIKE_INSIDE);
    }
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_imitations), cmocka_unit_test (test_ordinary),  cmocka_unit_test (test_known),
    cmocka_unit_test (test_unicode),    cmocka_unit_test (test_any_bytes),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
