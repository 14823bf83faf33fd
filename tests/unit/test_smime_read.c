/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole S/MIME mails as openssl and gpgsm make them, in each form that is read, and in those that are refused: what is said of them, and
 * what is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "tests/unit/cms_compressed.h"
#include "tests/unit/read_mail.h"

#define WORDS "Potassium 4.1 mmol/l"
#define ENTITY "Content-Type: text/plain; charset=utf-8\r\n\r\n" WORDS "\r\n"
#define HEADER "From: carol@demo.test\r\nTo: calice@demo.test\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
#define CMS(type)                                                                                                      \
  "Content-Type: application/pkcs7-mime; smime-type=" type                                                             \
  "; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"

static struct fixture fixture;
static struct keyring *keyring;

static int
set_up (void **state)
{
  fixture_init (&fixture);
  fixture_authority (&fixture, "ca");
  fixture_authority (&fixture, "nobody");
  keyring = fixture_keyring (&fixture, "profile");
  fixture_anchor (&fixture, keyring, "ca.crt");
  fixture_certificate (&fixture, "calice", FIXTURE_RSA, "ca");
  fixture_certificate (&fixture, "ealice", FIXTURE_GOOD, "ca");
  fixture_certificate (&fixture, "carol", FIXTURE_GOOD, "ca");
  fixture_certificate (&fixture, "dave", FIXTURE_RSA, "ca");
  fixture_certificate (&fixture, "forger", FIXTURE_GOOD, "nobody");
  g_free (fixture_run (&fixture, "openssl ecparam -genkey -name secp384r1 -noout -out p384.key && "
                                 "openssl req -new -x509 -key p384.key -subj /CN=p384 -days 30 -out p384.crt "
                                 "-addext subjectAltName=email:calice@demo.test"));
  fixture_import (&fixture, keyring, "calice.crt", "calice.key", NULL);
  fixture_import (&fixture, keyring, "ealice.crt", "ealice.key", NULL);
  fixture_import (&fixture, keyring, "p384.crt", "p384.key", NULL);
  g_autoptr (GBytes) entity = g_bytes_new_static (ENTITY, strlen (ENTITY));
  fixture_write (&fixture, "entity", entity);
  return 0;
}

static int
tear_down (void **state)
{
  keyring_free (keyring);
  fixture_clear (&fixture);
  return 0;
}

/* What the line prints is the mail, from its Content-Type on. */
static void
read_made (struct read_mail *mail, const char *line)
{
  g_autofree char *entity = fixture_run (&fixture, "%s", line), *message = g_strconcat (HEADER, entity, NULL);
  read_mail_init (mail, keyring, message);
}

static void
assert_shown (const char *name, const struct read_mail *mail, gboolean shown)
{
  const char *text = read_mail_text (mail->view, "text_body");
  if ((strstr (text, WORDS) != NULL) != shown || (!shown && read_mail_holds (mail, "Potassium")))
    fail_msg ("%s: %s", name, text);
}

#define SIGN "openssl cms -sign -binary -in entity -signer carol.crt -inkey carol.key "

static void
test_signed (void **state)
{
  static const struct {
    const char *line;
    enum signature_state state;
  } rows[] = {
    { SIGN, SIGNATURE_GOOD },
    { SIGN "-nodetach", SIGNATURE_GOOD },
    { SIGN "-nodetach -stream", SIGNATURE_GOOD }, /* BER, of indefinite length */
    { SIGN "-nodetach -md sha512 -keyid", SIGNATURE_GOOD },
    { SIGN "-noattr", SIGNATURE_GOOD },
    { SIGN "-md sha1", SIGNATURE_UNTRUSTED },
    { SIGN "-nocerts", SIGNATURE_UNKNOWN_KEY },
    { SIGN "-nocerts -nodetach", SIGNATURE_UNKNOWN_KEY },
    { "openssl smime -sign -binary -in entity -signer carol.crt -inkey carol.key", SIGNATURE_GOOD },
    { SIGN "| sed 's/Potassium/Potassium /'", SIGNATURE_BAD },
    { "openssl cms -sign -binary -in entity -signer forger.crt -inkey forger.key", SIGNATURE_UNTRUSTED },
    { "openssl cms -sign -binary -in entity -signer dave.crt -inkey dave.key", SIGNATURE_MISMATCH },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    struct read_mail mail;
    read_made (&mail, rows[i].line);
    if (mail.inspection->verdict.signature.state != rows[i].state)
      fail_msg ("%s: %s", rows[i].line, signature_state_name (mail.inspection->verdict.signature.state));
    assert_int_equal (mail.inspection->verdict.signature.covers, COVERS_WHOLE);
    assert_non_null (strstr (read_mail_text (mail.view, "text_body"), "Potassium"));
    read_mail_clear (&mail);
  }
}

/* The sender's own signature counts wherever it stands; that there are others is told, and a broken one spoils all. */
static void
test_several_signers (void **state)
{
  static const struct {
    const char *others, *edit;
    enum signature_state state;
  } rows[] = {
    { "-signer dave.crt -inkey dave.key -signer carol.crt -inkey carol.key", "cat", SIGNATURE_GOOD },
    { "-signer carol.crt -inkey carol.key -signer dave.crt -inkey dave.key", "cat", SIGNATURE_GOOD },
    { "-signer forger.crt -inkey forger.key -signer carol.crt -inkey carol.key", "cat", SIGNATURE_GOOD },
    { "-signer dave.crt -inkey dave.key -signer forger.crt -inkey forger.key", "cat", SIGNATURE_UNTRUSTED },
    { "-signer dave.crt -inkey dave.key -signer carol.crt -inkey carol.key", "sed s/Potassium/Botassium/",
      SIGNATURE_BAD },
    { "-nocerts -signer dave.crt -inkey dave.key -signer carol.crt -inkey carol.key", "cat", SIGNATURE_UNKNOWN_KEY },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    struct read_mail mail;
    g_autofree char *line
        = g_strdup_printf ("openssl cms -sign -binary -in entity %s | %s", rows[i].others, rows[i].edit);
    read_made (&mail, line);
    const struct signature_verdict *signature = &mail.inspection->verdict.signature;
    if (signature->state != rows[i].state)
      fail_msg ("%s: %s", rows[i].others, signature_state_name (signature->state));
    assert_true (read_mail_warned (&mail, "several_signatures"));
    if (signature->state == SIGNATURE_GOOD)
      assert_string_equal (signature->signer, "carol@demo.test");
    read_mail_clear (&mail);
  }
}

#define ENCRYPT "openssl cms -encrypt -binary -in entity "

static void
test_encrypted (void **state)
{
  static const struct {
    const char *line, *cipher;
    enum integrity integrity;
    const char *reason; /* NULL: it opens */
  } rows[] = {
    { ENCRYPT "-aes-256-cbc calice.crt", "AES-256-CBC", INTEGRITY_UNKNOWN, NULL },
    { ENCRYPT "-aes-128-cbc -stream calice.crt", "AES-128-CBC", INTEGRITY_UNKNOWN, NULL }, /* BER */
    { ENCRYPT "-aes-256-cbc -recip calice.crt -keyopt rsa_padding_mode:oaep", "AES-256-CBC", INTEGRITY_UNKNOWN, NULL },
    { ENCRYPT "-aes-256-cbc -recip calice.crt -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256", "AES-256-CBC",
      INTEGRITY_UNKNOWN, NULL },
    { ENCRYPT "-aes-256-cbc -recip ealice.crt", "AES-256-CBC", INTEGRITY_UNKNOWN, NULL },
    { ENCRYPT "-aes-256-cbc -recip p384.crt -keyopt ecdh_kdf_md:sha384", "AES-256-CBC", INTEGRITY_UNKNOWN, NULL },
    { ENCRYPT "-aes-128-gcm calice.crt", "AES-128-GCM", INTEGRITY_OK, NULL },
    { ENCRYPT "-aes-256-gcm ealice.crt", "AES-256-GCM", INTEGRITY_OK, NULL },
    { ENCRYPT "-aes-256-cbc dave.crt carol.crt ealice.crt calice.crt", "AES-256-CBC", INTEGRITY_UNKNOWN, NULL },
    { "openssl smime -encrypt -binary -aes256 -in entity calice.crt", "AES-256-CBC", INTEGRITY_UNKNOWN, NULL },
    { ENCRYPT "-des3 calice.crt", "3DES-CBC", INTEGRITY_UNKNOWN, NULL },
    { ENCRYPT "-provider legacy -provider default -rc2-40 calice.crt", NULL, INTEGRITY_UNKNOWN, "failed" },
    { ENCRYPT "-provider legacy -provider default -des calice.crt", NULL, INTEGRITY_UNKNOWN, "failed" },
    { ENCRYPT "-aes-256-cbc dave.crt", NULL, INTEGRITY_UNKNOWN, "no_key" },
    { ENCRYPT "-aes-256-gcm dave.crt", NULL, INTEGRITY_UNKNOWN, "no_key" },
    { ENCRYPT "-aes-256-cbc -pwri_password secret", NULL, INTEGRITY_UNKNOWN, "no_key" },
    { ENCRYPT "-aes-256-cbc -secretkey 000102030405060708090a0b0c0d0e0f -secretkeyid 01", NULL, INTEGRITY_UNKNOWN,
      "no_key" },
    { ENCRYPT "-aes-256-cbc -pwri_password secret calice.crt", "AES-256-CBC", INTEGRITY_UNKNOWN, NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    struct read_mail mail;
    read_made (&mail, rows[i].line);
    const struct encryption_verdict *found = &mail.inspection->verdict.encryption;
    if (found->decrypted != (rows[i].reason == NULL) || found->integrity != rows[i].integrity
        || g_strcmp0 (found->reason, rows[i].reason) != 0)
      fail_msg ("%s: opened %d, integrity %d, %s", rows[i].line, found->decrypted, found->integrity, found->reason);
    if (rows[i].cipher != NULL)
      assert_string_equal (found->cipher, rows[i].cipher);
    assert_shown (rows[i].line, &mail, rows[i].reason == NULL);
    assert_int_equal (read_mail_warned (&mail, "weak_cipher"), g_strcmp0 (rows[i].cipher, "3DES-CBC") == 0);
    assert_int_equal (read_mail_warned (&mail, "no_integrity"),
                      rows[i].reason == NULL && rows[i].integrity != INTEGRITY_OK);
    read_mail_clear (&mail);
  }
}

/* Each byte of the tag, the ciphertext and the nonce counts. */
static void
test_gcm_changed (void **state)
{
  g_free (fixture_run (&fixture, ENCRYPT "-aes-256-gcm -outform DER -out gcm calice.crt"));
  g_autoptr (GBytes) der = fixture_read (&fixture, "gcm");
  gsize size = 0;
  const guchar *data = g_bytes_get_data (der, &size);
  for (gsize back = 1; back < 90; back += 4) {
    g_autofree guchar *copy = g_memdup2 (data, size);
    copy[size - back] ^= 1;
    g_autofree char *base64 = g_base64_encode (copy, size),
                    *message = g_strconcat (HEADER CMS ("authEnveloped-data"), base64, "\r\n", NULL);
    struct read_mail mail;
    read_mail_init (&mail, keyring, message);
    assert_false (mail.inspection->verdict.encryption.decrypted);
    assert_shown ("changed", &mail, FALSE);
    read_mail_clear (&mail);
  }
}

/* Layers in layers. */
static void
test_layers (void **state)
{
#define SIGN_IN(file) "openssl cms -sign -in " file " -signer carol.crt -inkey carol.key "
#define ENCRYPT_IN(file) "openssl cms -encrypt -binary -aes-256-cbc -in " file " "
  static const struct {
    const char *line;
    enum integrity integrity;
  } rows[] = {
    { SIGN " -out a && " ENCRYPT_IN ("a") "calice.crt", INTEGRITY_OK },
    { SIGN "-nodetach -out a && " ENCRYPT_IN ("a") "calice.crt", INTEGRITY_OK },
    /* three times wrapped, RFC 2634 */
    { SIGN " -out a && " ENCRYPT_IN ("a") "-out b calice.crt && " SIGN_IN ("b"), INTEGRITY_OK },
    { SIGN "-nodetach -out a && " ENCRYPT_IN ("a") "-out b calice.crt && " SIGN_IN ("b") "-nodetach", INTEGRITY_OK },
    { SIGN " -out a && " ENCRYPT_IN ("a") "-out b calice.crt && " ENCRYPT_IN ("b") "ealice.crt", INTEGRITY_OK },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    struct read_mail mail;
    read_made (&mail, rows[i].line);
    const struct verdict *verdict = &mail.inspection->verdict;
    if (verdict->signature.state != SIGNATURE_GOOD || verdict->encryption.integrity != rows[i].integrity
        || verdict->encryption.covers != COVERS_WHOLE)
      fail_msg ("%s: %s, integrity %d", rows[i].line, signature_state_name (verdict->signature.state),
                verdict->encryption.integrity);
    assert_shown (rows[i].line, &mail, TRUE);
    assert_non_null (strstr (read_mail_text (mail.reply, "body"), WORDS));
    assert_false (read_mail_warned (&mail, "no_integrity") || read_mail_warned (&mail, "signed_around"));
    read_mail_clear (&mail);
  }
}

static char *
compressed_mail (const char *text, gsize zeros, gsize cut)
{
  g_autoptr (GBytes) packed = cms_compressed_deflate (text, zeros);
  gsize size = 0;
  const guchar *data = g_bytes_get_data (packed, &size);
  g_autoptr (GBytes) cms = cms_compressed (data, size - cut);
  data = g_bytes_get_data (cms, &size);
  g_autofree char *base64 = g_base64_encode (data, size);
  return g_strconcat (HEADER CMS ("compressed-data"), base64, "\r\n", NULL);
}

static void
test_compressed (void **state)
{
  struct read_mail mail;
  g_autofree char *whole = compressed_mail (ENTITY, 0, 0), *cut = compressed_mail (ENTITY, 0, 9);
  read_mail_init (&mail, keyring, whole);
  assert_shown ("compressed", &mail, TRUE);
  assert_int_equal (mail.inspection->verdict.encryption.protocol, PROTECTION_NONE);
  read_mail_clear (&mail);
  read_mail_init (&mail, keyring, cut);
  assert_shown ("cut", &mail, FALSE);
  assert_true (read_mail_warned (&mail, "not_unpacked"));
  read_mail_clear (&mail);
  /* signed inside, which is the usual order */
  g_autofree char *made = fixture_run (&fixture, "%s", SIGN), *inside = compressed_mail (made, 0, 0);
  read_mail_init (&mail, keyring, inside);
  assert_int_equal (mail.inspection->verdict.signature.state, SIGNATURE_GOOD);
  assert_int_equal (mail.inspection->verdict.signature.covers, COVERS_WHOLE);
  read_mail_clear (&mail);
}

/* Cut at any length, and damaged in any byte of what is outside of the ciphertext: an answer, and nothing shown that should not be. */
static void
test_broken (void **state)
{
  g_free (fixture_run (&fixture, ENCRYPT "-aes-256-cbc -outform DER -out cbc ealice.crt"));
  g_autoptr (GBytes) der = fixture_read (&fixture, "cbc");
  gsize size = 0;
  const guchar *data = g_bytes_get_data (der, &size);
  for (gsize cut = 0; cut < size; cut += 7) {
    g_autofree char *base64 = g_base64_encode (data, cut),
                    *message = g_strconcat (HEADER CMS ("enveloped-data"), base64, "\r\n", NULL);
    struct read_mail mail;
    read_mail_init (&mail, keyring, message);
    assert_int_equal (mail.inspection->verdict.encryption.protocol, PROTECTION_SMIME);
    assert_string_equal (mail.inspection->verdict.encryption.reason, "failed");
    assert_shown ("cut", &mail, FALSE);
    read_mail_clear (&mail);
  }
}

/* Bleichenbacher's and Vaudenay's questions get one answer: whether the RSA padding was wrong, the key of a wrong length, the padding of the
 * content wrong, or the content itself, the whole view is the same. */
static void
test_no_oracle (void **state)
{
  g_free (fixture_run (&fixture, ENCRYPT "-aes-256-cbc -outform DER -out cbc calice.crt"));
  g_autoptr (GBytes) der = fixture_read (&fixture, "cbc");
  gsize size = 0;
  const guchar *data = g_bytes_get_data (der, &size);
  static const guchar oid[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1, 5, 0, 4, 0x82, 1, 0 };
  const guchar *key = memmem (data, size, oid, sizeof oid);
  assert_non_null (key);
  const gsize places[] = { (gsize) (key - data) + sizeof oid + 200, size - 17 /* padding */, size - 1, size - 40 };
  g_autofree char *first = NULL;
  for (gsize i = 0; i < 4 * G_N_ELEMENTS (places); i++) {
    g_autofree guchar *copy = g_memdup2 (data, size);
    copy[places[i / 4]] ^= (guchar) (1U << i % 4);
    g_autofree char *base64 = g_base64_encode (copy, size),
                    *message = g_strconcat (HEADER CMS ("enveloped-data"), base64, "\r\n", NULL);
    struct read_mail mail;
    read_mail_init (&mail, keyring, message);
    g_autoptr (GVariant) encryption = g_variant_lookup_value (mail.view, "encryption", NULL),
                         warnings = g_variant_lookup_value (mail.view, "warnings", NULL),
                         verdict = g_variant_lookup_value (mail.view, "verdict", NULL);
    g_autofree char *one = g_variant_print (encryption, FALSE), *two = g_variant_print (warnings, FALSE),
                    *three = g_variant_print (verdict, FALSE),
                    *all = g_strjoin ("\n", one, two, three, read_mail_text (mail.view, "text_body"), NULL);
    if (first == NULL)
      first = g_strdup (all);
    assert_string_equal (all, first);
    assert_non_null (strstr (all, "'integrity': <@ms 'bad'>"));
    assert_shown ("oracle", &mail, FALSE);
    read_mail_clear (&mail);
  }
}

/* gpgsm's form of it: it reads no header, and its text may be bare. */
static void
test_gpgsm (void **state)
{
  g_autofree char *gpgsm = g_find_program_in_path ("gpgsm");
  if (gpgsm == NULL)
    skip ();
  static const struct {
    const char *file;
    gboolean bare;
  } rows[] = { { "entity", FALSE }, { "bare", TRUE } };
  g_free (fixture_run (&fixture,
                       "printf '" WORDS
                       "\\n' > bare; gpgsm -q --batch --disable-crl-checks --import ca.crt calice.crt 2>/dev/null; "
                       "openssl x509 -in ca.crt -outform DER | sha1sum | sed 's/ .*/ S relax/' > g/trustlist.txt"));
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    struct read_mail mail;
    g_autofree char *line = g_strdup_printf (
        "printf '" CMS ("enveloped-data") "'; gpgsm -q --batch --yes --disable-crl-checks "
                                          "--cipher-algo AES256 --base64 -e -r calice@demo.test < %s",
        rows[i].file);
    g_autofree char *made = fixture_run (&fixture, "%s", line), *message = g_strconcat (HEADER, made, NULL);
    read_mail_init (&mail, keyring, message);
    assert_true (mail.inspection->verdict.encryption.decrypted);
    assert_shown (rows[i].file, &mail, TRUE);
    assert_int_equal (strstr (read_mail_text (mail.view, "text_body"), "nothing shows that the sender") != NULL,
                      rows[i].bare);
    read_mail_clear (&mail);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_signed),    cmocka_unit_test (test_several_signers),
                                      cmocka_unit_test (test_encrypted), cmocka_unit_test (test_gcm_changed),
                                      cmocka_unit_test (test_layers),    cmocka_unit_test (test_compressed),
                                      cmocka_unit_test (test_broken),    cmocka_unit_test (test_no_oracle),
                                      cmocka_unit_test (test_gpgsm) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
