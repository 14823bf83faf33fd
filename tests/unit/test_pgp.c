/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP against another gpg with a GNUPGHOME of its own: what we make it opens, what it makes we judge. */
#include "crypto/pgp/pgp.h"
#include "tests/unit/fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <openssl/evp.h>

#define TEXT "Content-Type: text/plain\r\n\r\nHaemoglobin 13.9\r\n"
#define PEER "gpg -q --batch --no-tty --yes --trust-model always --pinentry-mode loopback --passphrase '' "

static struct fixture fixture;
static struct keyring *keyring;
static struct pgp_engine *engine;

static int
set_up (void **state)
{
  fixture_init (&fixture);
  static const struct {
    const char *name;
    enum fixture_key kind;
  } people[] = { { "alice", FIXTURE_GOOD },      { "bob", FIXTURE_RSA },         { "erin", FIXTURE_GOOD },
                 { "expired", FIXTURE_EXPIRED }, { "revoked", FIXTURE_REVOKED }, { "signs", FIXTURE_SIGN_ONLY },
                 { "unknown", FIXTURE_GOOD },    { "late", FIXTURE_GOOD } };
  keyring = fixture_keyring (&fixture, "profile");
  for (gsize i = 0; i < G_N_ELEMENTS (people); i++) {
    g_autofree char *file = g_strconcat (people[i].name, i == 0 ? ".sec" : ".pub", NULL);
    fixture_pgp (&fixture, people[i].name, people[i].kind);
    if (strcmp (people[i].name, "unknown") != 0 && strcmp (people[i].name, "late") != 0)
      fixture_import (&fixture, keyring, file, NULL);
  }
  g_autofree char *bob = fixture_pgp_fingerprint (&fixture, "bob");
  assert_true (keyring_trust (keyring, bob, NULL));
  engine = keyring_pgp (keyring);
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, strlen (TEXT));
  fixture_write (&fixture, "text", text);
  return 0;
}

static int
tear_down (void **state)
{
  keyring_free (keyring);
  fixture_clear (&fixture);
  return 0;
}

static GPtrArray *
signatures_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) pgp_signature_free);
}

static GBytes *
encrypt_to (const char *first, const char *second, GPtrArray *ids, GError **error)
{
  g_autoptr (GPtrArray) fingerprints = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GBytes) text = fixture_read (&fixture, "text");
  g_ptr_array_add (fingerprints, fixture_pgp_fingerprint (&fixture, first));
  if (second != NULL)
    g_ptr_array_add (fingerprints, fixture_pgp_fingerprint (&fixture, second));
  AUTOFREE (pieces) pieces = pieces_new ();
  AUTOFREE (spool) spool = spool_new (NULL, error);
  pieces_add (pieces, text);
  if (!pgp_sign_encrypt (engine, "alice@demo.test", fingerprints, pieces, spool, ids, error))
    return NULL;
  int fd = spool_finish (spool, error);
  g_autoptr (GMappedFile) file = g_mapped_file_new_from_fd (fd, FALSE, error);
  close (fd);
  return g_mapped_file_get_bytes (file);
}

static void
test_gpg_opens_ours (void **state)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) message = encrypt_to ("bob", "erin", ids, &error);
  assert_non_null (message);
  assert_false (fixture_holds (message, "Haemoglobin"));
  assert_true (fixture_holds (message, "-----BEGIN PGP MESSAGE-----\r\n"));
  assert_false (fixture_holds (message, "Version:"));
  fixture_write (&fixture, "ours", message);
  g_autofree char *packets = fixture_run (&fixture, "gpg --batch --list-packets ours 2>&1");
  assert_int_equal (ids->len, 2);
  for (guint i = 0; i < 2; i++) {
    g_autofree char *keyid = g_strconcat ("keyid ", (const char *) ids->pdata[i] + 4, NULL);
    assert_non_null (strstr (packets, keyid));
  }
  assert_non_null (strstr (packets, "mdc_method: 2"));
  /* Nobody else: no third session key packet, and not even the sender, who was not named. */
  g_auto (GStrv) packets_enc = g_strsplit (packets, ":pubkey enc packet:", -1);
  assert_int_equal (g_strv_length (packets_enc), 3);
  for (guint i = 0; i < 2; i++) {
    g_autofree char *text = fixture_run (&fixture, PEER "--status-fd 2 -d ours 2>status");
    g_autofree char *status = fixture_run (&fixture, "cat status");
    assert_string_equal (text, TEXT);
    assert_non_null (strstr (status, "GOODSIG"));
    assert_non_null (strstr (status, "DECRYPTION_OKAY"));
  }
}

/* The preferences of a key are no way to weaker protection, neither for its owner nor for those who get the same copy. */
static void
test_never_weaker (void **state)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_free (fixture_run (&fixture, "printf '%%%%no-protection\nKey-Type: EDDSA\nKey-Curve: ed25519\nSubkey-Type: ECDH\n"
                                 "Subkey-Curve: cv25519\nName-Email: old@demo.test\nPreferences: 3DES SHA1 ZIP\n' | "
                                 "gpg -q --batch --gen-key && gpg --export old@demo.test > old.pub"));
  fixture_import (&fixture, keyring, "old.pub", NULL);
  g_autoptr (GBytes) message = encrypt_to ("bob", "old", ids, &error);
  assert_non_null (message);
  fixture_write (&fixture, "ours", message);
  g_autofree char *shown = fixture_run (&fixture, PEER "--show-session-key -vv -d ours 2>&1");
  assert_non_null (strstr (shown, "session key: '9:")); /* AES-256 */
  assert_non_null (strstr (shown, "digest algo 10,"));  /* SHA-512 */
}

static void
test_never_to_unusable (void **state)
{
  static const char *const names[] = { "expired", "revoked", "signs", "unknown" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    for (guint alone = 0; alone < 2; alone++) {
      g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) message
          = alone ? encrypt_to (names[i], NULL, ids, &error) : encrypt_to ("bob", names[i], ids, &error);
      assert_null (message);
      assert_int_equal (ids->len, 0);
      assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY));
    }
}

/* Encrypt by the other gpg, and open it here. */
static GBytes *
open_peer (const char *options, const char *damage, char **cipher, GPtrArray *signatures, GError **error)
{
  g_free (fixture_run (&fixture, PEER "%s -o theirs text 2>/dev/null %s", options, damage != NULL ? damage : ""));
  g_autoptr (GBytes) message = fixture_read (&fixture, "theirs");
  return pgp_decrypt (engine, message, 0, keyring_trusted (keyring), cipher, signatures, error);
}

static void
test_opens_theirs (void **state)
{
  static const struct {
    const char *signer;
    enum signature_state state;
    gboolean valid;
  } rows[] = {
    { "bob", SIGNATURE_GOOD, TRUE },
    { "erin", SIGNATURE_UNTRUSTED, TRUE },
    { "alice", SIGNATURE_GOOD, TRUE },
    { "unknown", SIGNATURE_UNKNOWN_KEY, FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (guint armor = 0; armor < 2; armor++) {
      g_autofree char *options
          = g_strdup_printf ("-se %s -u '<%s@demo.test>' -r alice@demo.test", armor ? "--armor" : "", rows[i].signer);
      g_autofree char *cipher = NULL, *address = g_strconcat (rows[i].signer, "@demo.test", NULL);
      g_autoptr (GPtrArray) signatures = signatures_new ();
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) text = open_peer (options, NULL, &cipher, signatures, &error);
      if (text == NULL)
        fail_msg ("%s", error->message);
      assert_true (fixture_holds (text, "Haemoglobin"));
      assert_int_equal (g_bytes_get_size (text), strlen (TEXT));
      assert_true (g_str_has_prefix (cipher, "AES256"));
      assert_int_equal (signatures->len, 1);
      const struct pgp_signature *signature = signatures->pdata[0];
      assert_int_equal (signature->state, rows[i].state);
      assert_int_equal (signature->valid, rows[i].valid);
      if (rows[i].state != SIGNATURE_UNKNOWN_KEY)
        assert_string_equal (signature->addresses->pdata[0], address);
    }
}

static void
test_withholds (void **state)
{
  static const struct {
    const char *options, *damage;
    int code;
  } rows[] = {
    /* The last byte is the end of the MDC; one in the middle is text. */
    { "-e -r alice@demo.test",
      "; { head -c -1 theirs; tail -c 1 theirs | LC_ALL=C tr '\\000-\\377' '\\001-\\377\\000'; } >changed; mv changed "
      "theirs",
      CRYPTO_ERROR_INTEGRITY },
    { "-e -r alice@demo.test",
      "; printf '\\001\\002' | dd of=theirs bs=1 seek=$(($(stat -c %s theirs) - 40)) conv=notrunc",
      CRYPTO_ERROR_INTEGRITY },
    { "-e --rfc2440 -r alice@demo.test", NULL, CRYPTO_ERROR_INTEGRITY },
    { "-e -r bob@demo.test", NULL, CRYPTO_ERROR_NO_KEY },
    { "-e --rfc2440 -r bob@demo.test", NULL, -1 },
    { "-s -u bob@demo.test", NULL, CRYPTO_ERROR_FORMAT },
    { "-e -r alice@demo.test", "; printf x > theirs", CRYPTO_ERROR_FORMAT },
    { "-e -r alice@demo.test", "; truncate -s -30 theirs", -1 },
    { "-c --passphrase x", NULL, -1 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *cipher = NULL;
    g_autoptr (GPtrArray) signatures = signatures_new ();
    g_autoptr (GError) error = NULL;
    g_autofree char *quiet = rows[i].damage != NULL ? g_strconcat (rows[i].damage, " 2>/dev/null", NULL) : NULL;
    g_autoptr (GBytes) text = open_peer (rows[i].options, quiet, &cipher, signatures, &error);
    assert_null (text);
    assert_int_equal (signatures->len, 0);
    assert_int_equal (error->domain, CRYPTO_ERROR);
    if (rows[i].code != -1 && error->code != rows[i].code)
      fail_msg ("row %zu: %s", i, error->message);
  }
}

/* One packet 20 (OCB, a chunk) around a literal text, under the session key of a message that gpg made; OpenSSL does the sums.
 * GnuPG 2.3 and later write such mail to whoever announces that he reads it. */
static void
seal (EVP_CIPHER_CTX *ocb, const guint8 *nonce, const guint8 *header, gsize header_size, const GByteArray *text,
      GByteArray *out)
{
  guint8 sealed[256], tag[16];
  int size = 0, last = 0;
  assert_true (text->len < sizeof sealed);
  assert_int_equal (EVP_EncryptInit_ex (ocb, NULL, NULL, NULL, nonce), 1);
  assert_int_equal (EVP_EncryptUpdate (ocb, NULL, &size, header, (int) header_size), 1);
  size = 0;
  if (text->len > 0)
    assert_int_equal (EVP_EncryptUpdate (ocb, sealed, &size, text->data, (int) text->len), 1);
  assert_int_equal (EVP_EncryptFinal_ex (ocb, sealed + size, &last), 1);
  assert_int_equal (EVP_CIPHER_CTX_ctrl (ocb, EVP_CTRL_AEAD_GET_TAG, sizeof tag, tag), 1);
  g_byte_array_append (out, sealed, (guint) (size + last));
  g_byte_array_append (out, tag, sizeof tag);
}

static GByteArray *
ocb_packet (const guint8 *key)
{
  guint8 header[21] = { 0xd4, 1, 9, 2, 10 }, nonce[15] = "fifteen bytes!";
  static const guint8 literal[] = { 0xcb, sizeof TEXT - 1 + 6, 'b', 0, 0, 0, 0, 0 }, front[] = { 0xd4, 0, 1, 9, 2, 10 };
  g_autoptr (GByteArray) text = g_byte_array_new (), none = g_byte_array_new ();
  GByteArray *packet = g_byte_array_new ();
  g_byte_array_append (text, literal, sizeof literal);
  g_byte_array_append (text, (const guint8 *) TEXT, strlen (TEXT));
  g_byte_array_append (packet, front, sizeof front);
  g_byte_array_append (packet, nonce, sizeof nonce);
  EVP_CIPHER_CTX *ocb = EVP_CIPHER_CTX_new ();
  assert_int_equal (EVP_EncryptInit_ex (ocb, EVP_aes_256_ocb (), NULL, NULL, NULL), 1);
  assert_int_equal (EVP_CIPHER_CTX_ctrl (ocb, EVP_CTRL_AEAD_SET_IVLEN, sizeof nonce, NULL), 1);
  assert_int_equal (EVP_EncryptInit_ex (ocb, NULL, NULL, key, nonce), 1);
  seal (ocb, nonce, header, 13, text, packet);
  header[12] = 1; /* the number of the chunk that would be next, and how much there was */
  header[20] = (guint8) text->len;
  nonce[14] ^= 1;
  seal (ocb, nonce, header, 21, none, packet);
  EVP_CIPHER_CTX_free (ocb);
  assert_true (packet->len - 2 < 192);
  packet->data[1] = (guint8) (packet->len - 2);
  return packet;
}

static void
test_ocb (void **state)
{
  g_free (fixture_run (&fixture,
                       PEER "-e -r alice@demo.test -o ocb text && "
                            "gpg -q --batch --pinentry-mode loopback --passphrase '' --show-session-key -d ocb "
                            "2>&1 >/dev/null | sed -n \"s/.*session key: '9:\\([0-9A-F]*\\)'.*/\\1/p\" >key"));
  g_autoptr (GBytes) hex = fixture_read (&fixture, "key"), message = fixture_read (&fixture, "ocb");
  const char *digits = g_bytes_get_data (hex, NULL);
  guint8 key[32];
  assert_true (g_bytes_get_size (hex) >= 64);
  for (guint i = 0; i < 32; i++)
    key[i] = (guint8) (g_ascii_xdigit_value (digits[2 * i]) << 4 | g_ascii_xdigit_value (digits[2 * i + 1]));
  const guint8 *bytes = g_bytes_get_data (message, NULL);
  const guint session = bytes[0] == 0x84 ? 2u + bytes[1] : 0; /* the packet with the session key */
  g_autoptr (GByteArray) packet = ocb_packet (key);
  const guint size = packet->len;
  assert_true (session > 0);
  /* -1: as it is; else the byte that is changed: the text, its tag, the last tag, the nonce; then cut. */
  const int changes[] = { -1, 30, (int) size - 20, (int) size - 1, 8, (int) size - 16 };
  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autoptr (GByteArray) whole = g_byte_array_new ();
    g_autoptr (GPtrArray) signatures = signatures_new ();
    g_autoptr (GError) error = NULL;
    g_autofree char *cipher = NULL;
    const gboolean cut = i + 1 == G_N_ELEMENTS (changes);
    g_byte_array_append (whole, bytes, session);
    g_byte_array_append (whole, packet->data, cut ? size - 16 : size);
    if (cut)
      whole->data[session + 1] = (guint8) (whole->data[session + 1] - 16);
    else if (changes[i] >= 0)
      whole->data[session + (guint) changes[i]] ^= 1;
    g_autoptr (GBytes) sealed = g_bytes_new (whole->data, whole->len);
    assert_int_equal (pgp_packet_kind (sealed, NULL), PGP_ENCRYPTED_AEAD);
    g_autoptr (GBytes) text = pgp_decrypt (engine, sealed, 0, keyring_trusted (keyring), &cipher, signatures, &error);
    if ((text != NULL) != (i == 0))
      fail_msg ("change %zu: %s", i, error != NULL ? error->message : "opened");
    if (i == 0) {
      assert_true (fixture_holds (text, "Haemoglobin"));
      assert_string_equal (cipher, "AES256.OCB");
    } else
      assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_INTEGRITY));
  }
}

/* The form of RFC 9580 is told from a damaged message. */
static void
test_newer_form (void **state)
{
  static const guint8 newer[] = { 0x84, 12, 3, 1, 2, 3, 4, 5, 6, 7, 8, 18, 0, 0, 0xd2, 40, 2, 9, 2, 6 };
  g_autoptr (GByteArray) packets = g_byte_array_new ();
  g_autoptr (GPtrArray) signatures = signatures_new ();
  g_autoptr (GError) error = NULL;
  g_byte_array_append (packets, newer, sizeof newer);
  g_byte_array_set_size (packets, sizeof newer + 36);
  g_autoptr (GBytes) message = g_bytes_new (packets->data, packets->len);
  assert_null (pgp_decrypt (engine, message, 0, NULL, NULL, signatures, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT));
  assert_non_null (strstr (error->message, "new way"));
}

static enum signature_state
verify_detached (const char *signer, const char *damage, const char *options)
{
  g_free (fixture_run (&fixture, PEER "%s -u '<%s@demo.test>' --detach-sign --armor -o sig text 2>/dev/null; %s",
                       options, signer, damage));
  g_autoptr (GBytes) text = fixture_read (&fixture, "text"), signature = fixture_read (&fixture, "sig");
  g_autoptr (GPtrArray) signatures = signatures_new ();
  g_autoptr (GError) error = NULL;
  if (!pgp_verify_detached (engine, text, signature, 0, keyring_trusted (keyring), signatures, &error)) {
    assert_int_equal (signatures->len, 0);
    return SIGNATURE_ERROR;
  }
  assert_int_equal (signatures->len, 1);
  return ((struct pgp_signature *) signatures->pdata[0])->state;
}

static void
test_detached (void **state)
{
  assert_int_equal (verify_detached ("bob", ":", ""), SIGNATURE_GOOD);
  assert_int_equal (verify_detached ("erin", ":", ""), SIGNATURE_UNTRUSTED);
  assert_int_equal (verify_detached ("unknown", ":", ""), SIGNATURE_UNKNOWN_KEY);
  assert_int_equal (verify_detached ("expired", ":", "--faked-system-time 20200601T000000"), SIGNATURE_EXPIRED);
  assert_int_equal (verify_detached ("bob", "echo x > sig", ""), SIGNATURE_ERROR);
  assert_int_equal (verify_detached ("bob", ": > sig", ""), SIGNATURE_ERROR);
  assert_int_equal (verify_detached ("bob", "echo changed >> text", ""), SIGNATURE_BAD);
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, strlen (TEXT));
  fixture_write (&fixture, "text", text);
}

/* A key that is revoked after it signed. */
static void
test_revoked_later (void **state)
{
  g_autofree char *fingerprint = fixture_pgp_fingerprint (&fixture, "late");
  g_free (fixture_run (
      &fixture,
      PEER
      "-u '<late@demo.test>' --detach-sign -o late.sig text; sed 's/^:---/---/' g/openpgp-revocs.d/%s.rev > late.rev",
      fingerprint));
  fixture_import (&fixture, keyring, "late.pub", NULL);
  assert_true (keyring_trust (keyring, fingerprint, NULL));
  g_autoptr (GBytes) text = fixture_read (&fixture, "text"), signature = fixture_read (&fixture, "late.sig");
  static const enum signature_state states[] = { SIGNATURE_GOOD, SIGNATURE_REVOKED };
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GPtrArray) signatures = signatures_new ();
    assert_true (pgp_verify_detached (engine, text, signature, 0, keyring_trusted (keyring), signatures, NULL));
    assert_int_equal (((struct pgp_signature *) signatures->pdata[0])->state, states[i]);
    fixture_import (&fixture, keyring, "late.rev", NULL);
  }
}

static void
test_inline (void **state)
{
  g_free (fixture_run (
      &fixture, PEER
      "-u bob@demo.test --clearsign -o clear text; " PEER "-u bob@demo.test -s --armor -o opaque text; " PEER
      "-se --armor -u bob@demo.test -r alice@demo.test -o inner text; sed 's/Haemoglobin/Glucose/' clear > changed; "
      "gpg --dearmor < inner > inner.bin"));
  static const struct {
    const char *file;
    gboolean opens;
    enum signature_state state;
  } rows[] = {
    { "clear", TRUE, SIGNATURE_GOOD }, { "opaque", TRUE, SIGNATURE_GOOD }, { "changed", TRUE, SIGNATURE_BAD },
    { "text", FALSE, SIGNATURE_NONE }, { "inner", FALSE, SIGNATURE_NONE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GBytes) block = fixture_read (&fixture, rows[i].file);
    g_autoptr (GPtrArray) signatures = signatures_new ();
    g_autoptr (GBytes) text = pgp_verify_inline (engine, block, 0, keyring_trusted (keyring), signatures, NULL);
    assert_int_equal (text != NULL, rows[i].opens);
    assert_int_equal (signatures->len, rows[i].opens ? 1 : 0);
    if (rows[i].opens)
      assert_int_equal (((struct pgp_signature *) signatures->pdata[0])->state, rows[i].state);
  }
}

static void
test_packet_kinds (void **state)
{
  static const struct {
    const char *options;
    enum pgp_kind kind;
    guint ids;
  } rows[] = {
    { "-e -r alice@demo.test -r bob@demo.test", PGP_ENCRYPTED_MDC, 2 },
    { "-e --rfc2440 -r alice@demo.test", PGP_ENCRYPTED_PLAIN, 1 },
    { "-s -u bob@demo.test", PGP_SIGNED, 0 },
    { "-c --passphrase x", PGP_ENCRYPTED_MDC, 1 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (guint armor = 0; armor < 2; armor++) {
      g_free (
          fixture_run (&fixture, PEER "%s %s -o packets text 2>/dev/null", armor ? "--armor" : "", rows[i].options));
      g_autoptr (GBytes) whole = fixture_read (&fixture, "packets");
      g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
      assert_int_equal (pgp_packet_kind (whole, ids), rows[i].kind);
      assert_int_equal (ids->len, rows[i].ids);
      /* Cut at every length: never more than it is, never beyond the end. */
      for (gsize size = 0; size < g_bytes_get_size (whole); size++) {
        g_autoptr (GBytes) cut = g_bytes_new (g_bytes_get_data (whole, NULL), size);
        const enum pgp_kind kind = pgp_packet_kind (cut, NULL);
        assert_true (kind == PGP_UNKNOWN || kind == rows[i].kind
                     || (kind == PGP_ENCRYPTED_AEAD && rows[i].kind == PGP_ENCRYPTED_MDC));
      }
    }
}

static struct secret *
answer (const char *what, gpointer data)
{
  const char *word = *(const char **) data;
  return word != NULL ? secret_new (word, strlen (word)) : NULL;
}

static void
test_passphrase (void **state)
{
  const char *word = NULL;
  g_free (fixture_run (
      &fixture,
      "gpg -q --batch --pinentry-mode loopback --passphrase secret --quick-gen-key 'locked <locked@demo.test>' "
      "future-default default never && gpg -q --batch --pinentry-mode loopback --passphrase secret --armor "
      "--export-secret-keys locked@demo.test > locked.sec && " PEER "-e -r locked@demo.test -o theirs text"));
  AUTOFREE (keyring) own = fixture_keyring (&fixture, "locked");
  fixture_import (&fixture, own, "locked.sec", NULL);
  g_autoptr (GBytes) message = fixture_read (&fixture, "theirs");
  static const struct {
    gboolean asks;
    const char *word;
    gboolean opens;
  } rows[] = { { FALSE, NULL, FALSE }, { TRUE, NULL, FALSE }, { TRUE, "wrong", FALSE }, { TRUE, "secret", TRUE } };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GPtrArray) signatures = signatures_new ();
    g_autoptr (GError) error = NULL;
    word = rows[i].word;
    keyring_set_ask (own, rows[i].asks ? answer : NULL, &word);
    g_autoptr (GBytes) text = pgp_decrypt (keyring_pgp (own), message, 0, NULL, NULL, signatures, &error);
    assert_int_equal (text != NULL, rows[i].opens);
    if (!rows[i].opens && !g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_PASSPHRASE))
      fail_msg ("row %zu: %s", i, error->message);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_gpg_opens_ours),    cmocka_unit_test (test_never_weaker),
                                      cmocka_unit_test (test_never_to_unusable), cmocka_unit_test (test_opens_theirs),
                                      cmocka_unit_test (test_withholds),         cmocka_unit_test (test_detached),
                                      cmocka_unit_test (test_revoked_later),     cmocka_unit_test (test_inline),
                                      cmocka_unit_test (test_packet_kinds),      cmocka_unit_test (test_ocb),
                                      cmocka_unit_test (test_newer_form),        cmocka_unit_test (test_passphrase) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
