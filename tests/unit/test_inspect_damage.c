/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a change of CBC ciphertext leaves in the plaintext is found, and what common programs write is not taken for it. */
#include "crypto/inspect_p.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define BLOCK 16
#define OUTLOOK                                                                                                        \
  "Content-Type: multipart/mixed;\r\n\tboundary=\"_004_AM0PR\"\r\nMIME-Version: 1.0\r\n\r\n--_004_AM0PR\r\n"           \
  "Content-Type: multipart/alternative;\r\n\tboundary=\"_000_AM0PR\"\r\n\r\n--_000_AM0PR\r\n"                          \
  "Content-Type: text/plain; charset=\"iso-8859-1\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"            \
  "Sehr geehrte Frau Kollegin,=20\r\n\r\ndas Kalium betr=E4gt 4,1 mmol/l.\r\n\r\n--_000_AM0PR\r\n"                     \
  "Content-Type: text/html; charset=\"iso-8859-1\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"             \
  "<html><body lang=3D\"DE\">\r\n<p class=3D\"MsoNormal\">das Kalium betr=E4gt 4,1 mmol/l.<o:p></o:p></p></body>"      \
  "</html>\r\n\r\n--_000_AM0PR--\r\n\r\n--_004_AM0PR\r\nContent-Type: application/pdf; name=\"Befund.pdf\"\r\n"        \
  "Content-Description: Befund.pdf\r\nContent-Disposition: attachment; filename=\"Befund.pdf\"; size=90;\r\n"          \
  "\tcreation-date=\"Fri, 20 Nov 2026 10:00:00 GMT\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"                     \
  "JVBERi0xLjQKMSAwIG9iago8PCAvVHlwZSAvQ2F0YWxvZyA+PgplbmRvYmoKdHJhaWxlcgo8PCAvUm9vdCAxIDAgUiA+\r\n"                   \
  "PgolJUVPRgo=\r\n\r\n--_004_AM0PR--\r\n"
#define THUNDERBIRD                                                                                                    \
  "Content-Type: multipart/mixed; boundary=\"------------0x7\";\r\n protected-headers=\"v1\"\r\n"                      \
  "Subject: =?UTF-8?Q?Laborwerte_f=C3=BCr_morgen?=\r\nFrom: Dr. B <b@example.test>\r\nTo: a@example.test\r\n\r\n"      \
  "This is a multi-part message in MIME format.\r\n--------------0x7\r\n"                                              \
  "Content-Type: text/plain; charset=UTF-8; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"                  \
  "Guten Tag,\r\nf\xC3\xBCr morgen: Na 140, K 4,1 \xE2\x80\x93 alles im gr\xC3\xBCnen Bereich.\r\n-- \r\nDr. "         \
  "B\r\n\r\n"                                                                                                          \
  "--------------0x7\r\nContent-Type: message/rfc822; name=\"old.eml\"\r\nContent-Disposition: attachment\r\n\r\n"     \
  "From x@y Mon Nov  2 2026\r\nReceived: from x\r\n by y; Mon\r\nstray line\r\nSubject: old\r\n"                       \
  "Content-Type: multipart/report; boundary=cut\r\n\r\n--cut\r\n\r\nYour message was not delivered.\r\n--cut\r\n"      \
  "Content-Type: message/rfc822\r\n\r\nSubject: cut off here\r\n\r\n--------------0x7--\r\n"
#define PLAIN7                                                                                                         \
  "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"                              \
  "Dear colleague,\r\n\r\nMrs. Miller's potassium is 4.1 mmol/l and her creatinine has come down to 88.\r\n"           \
  "Please call me about the anticoagulation before the weekend.\r\n\r\nKind regards\r\nBob\r\n"
#define BASE64                                                                                                         \
  "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"          \
  "RGVhciBjb2xsZWFndWUsIE1ycy4gTWlsbGVyJ3MgcG90YXNzaXVtIGlzIDQuMSBtbW9sL2wgYW5kIGhl\r\n"                               \
  "ciBjcmVhdGluaW5lIGhhcyBjb21lIGRvd24gdG8gODguCg==\r\n"
#define LATIN1                                                                                                         \
  "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"                            \
  "Sehr geehrte Frau Kollegin, das Kalium betr\xE4gt 4,1 mmol/l, Temperatur 38,2 \xB0"                                 \
  "C, Gr\xFC\xDF"                                                                                                      \
  "e aus M\xFCnchen und f\xFCr das Wochenende alles Gute w\xFCnscht Ihnen Ihr Kollege aus der Medizin.\r\n"
#define LATIN1_AS "Content-Type: text/plain; charset=%s\r\nContent-Transfer-Encoding: %s\r\n\r\nbetr\xE4gt\r\n"

static gboolean
damaged (const char *text)
{
  g_autoptr (GBytes) content = g_bytes_new (text, strlen (text));
  return inspect_damage_found (content);
}

static void
test_legal (void **state)
{
  static const char *const whole[] = {
    OUTLOOK,
    THUNDERBIRD,
    PLAIN7,
    BASE64,
    LATIN1,
    "",
    /* openssl cms -encrypt of a file, and with -text; gpgsm of a bare file. */
    "Just some words.\nAnd more.\n",
    "Gr\xC3\xBC\xC3\x9F"
    "e\n",
    "Content-Type: text/plain\r\n\r\nJust some words.\n",
    "\r\nNo header, as MIME allows.\r\n",
    "Content-Type: text/plain\nX-Empty:\nX-Folded:\n more\n\t\n last\n\nlone line ends\n",
    "Content-Type: text/plain; charset=ISO-2022-JP\r\n\r\n\033$B;38}\033(B\r\n",
    "Content-Type: text/plain\r\n\r\nan old page\fand a tab\t.\r\n",
    "Content-type : text/plain\r\n\r\nA blank before the colon is old, but legal.\r\n",
    "Content-Type: text/plain",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--b--",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b--\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\nPreamble\r\n--b\r\n\r\nx\r\n--b--  \r\nEpilogue, by a list.\r\n",
    "Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n\x89PNG\r\n\x1a\n\x01\x02\xff",
    "Content-Type: text/plain; charset=windows-1252\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\x93so\x94 \x96 "
    "\x80"
    "5\r\n",
    "Content-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xF0\xD2\xC9\xD7\xC5\xD4\r\n",
    "Content-Type: text/plain; charset=nobody-knows\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xF0\xD2\r\n",
    "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nGr\xC3\xBC\xC3\x9F"
    "e\r\n",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (whole); i++)
    if (damaged (whole[i]))
      fail_msg ("taken for damaged: %s", whole[i]);
}

static void
test_illegal (void **state)
{
  g_autofree char *latin_7bit = g_strdup_printf (LATIN1_AS, "iso-8859-1", "7bit"),
                  *latin_ascii = g_strdup_printf (LATIN1_AS, "us-ascii", "8bit"),
                  *latin_utf8 = g_strdup_printf (LATIN1_AS, "utf-8", "8bit");
  const char *const broken[] = {
    latin_7bit,
    latin_ascii,
    latin_utf8,
    "bare text \x01",
    "bare text in latin-1: \xE4",
    "Content-Type: text/plain\r\nno field\r\n\r\nx",
    " folded: first\r\nContent-Type: text/plain\r\n\r\nx",
    "Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nx",
    "Content-Type: text/plain\r\nX: \x05\r\n\r\nx",
    "Content-Type: text/plain\r\nX: \xE4\r\n\r\nx",
    "Content-Type: text/plain\r\n\r\nx\x7Fy",
    "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA.AAA\r\n",
    "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\xE4\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\nno part\r\n",
    "Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n\x02\r\n--b\r\n\r\nx\r\n--b--\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n\x02\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nX: \x02\r\n\r\nx\r\n--b--\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nX: "
    "y\r\n\r\n\x02\r\n--b--\r\n",
    "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\nno CMS\r\n",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (broken); i++)
    if (!damaged (broken[i]))
      fail_msg ("taken for whole: %s", broken[i]);
}

/* Each block of the text in turn becomes what it does when its ciphertext is changed: 16 random bytes, and a bit in the next. */
static gboolean
damage_is_missed (const char *text, gsize size, gsize block, GRand *random)
{
  g_autofree char *copy = g_memdup2 (text, size);
  for (gsize i = block * BLOCK; i < MIN ((block + 1) * BLOCK, size); i++)
    copy[i] = (char) g_rand_int_range (random, 0, 256);
  if ((block + 1) * BLOCK < size)
    copy[(block + 1) * BLOCK] ^= 1;
  g_autoptr (GBytes) content = g_bytes_new (copy, size);
  return !inspect_damage_found (content);
}

static guint
missed_in_ten_thousand (const char *text)
{
  const gsize size = strlen (text), blocks = size / BLOCK; /* whole ones: the last holds the padding too */
  g_autoptr (GRand) random = g_rand_new_with_seed (9788);
  guint missed = 0;
  for (guint n = 0; n < 10000; n++)
    missed += damage_is_missed (text, size, n % blocks, random);
  return missed;
}

static void
test_measured (void **state)
{
  static const struct {
    const char *name, *text;
    guint most; /* missed of 10,000 */
  } kinds[] = {
    { "7bit", PLAIN7, 1 },
    { "base64", BASE64, 1 },
    { "quoted-printable", OUTLOOK, 1 },
    { "8bit UTF-8, forwarded message", THUNDERBIRD, 1 },
    { "bare text", "Dear colleague, the potassium of Mrs. Miller is 4.1 mmol/l again. Kind regards, Bob\n", 1 },
    { "8bit ISO 8859-1", LATIN1, 200 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    const guint missed = missed_in_ten_thousand (kinds[i].text);
    print_message ("%s: %u of 10000 damaged texts were not recognised\n", kinds[i].name, missed);
    assert_true (missed <= kinds[i].most);
  }
}

/* Cut and changed anywhere: an answer each time. */
static void
test_hostile (void **state)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  const gsize size = strlen (THUNDERBIRD);
  for (gsize cut = 0; cut <= size; cut++) {
    g_autofree char *copy = g_memdup2 (THUNDERBIRD, MAX (cut, 1));
    copy[g_rand_int_range (random, 0, (gint32) MAX (cut, 1))] ^= (char) g_rand_int_range (random, 0, 128);
    g_autoptr (GBytes) content = g_bytes_new (copy, cut);
    (void) inspect_damage_found (content);
  }
  GString *deep = g_string_new (NULL);
  for (guint i = 0; i < 300; i++)
    g_string_append_printf (deep, "Content-Type: multipart/mixed; boundary=B%u\r\n\r\n--B%u\r\n", i, i);
  assert_true (damaged (deep->str));
  g_string_free (deep, TRUE);
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_legal), cmocka_unit_test (test_illegal),
                                      cmocka_unit_test (test_measured), cmocka_unit_test (test_hostile) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
