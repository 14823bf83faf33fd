/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* S/MIME messages: what we make is read by "openssl cms" and gpgsm, what openssl makes is read by us, and nothing that was touched
 * is taken for whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <gio/gio.h>
#include "crypto/smime/smime_p.h"
#include "tests/unit/cms_compressed.h"
#include "tests/unit/smime_world.h"

#define TEXT "Content-Type: text/plain\r\n\r\nBlood type 0 negative.\r\n"
#define DAY (24 * 3600)

static struct openssl_tool tool;
static struct smime_store *ours;   /* alice, carol, dora with keys; everybody else's certificates */
static struct smime_store *theirs; /* bob's, erin's, weak's, ... keys */

static GBytes *
text_bytes (void)
{
  return g_bytes_new_static (TEXT, strlen (TEXT));
}

static void
assert_text (GBytes *bytes)
{
  assert_non_null (bytes);
  assert_int_equal (g_bytes_get_size (bytes), strlen (TEXT));
  assert_memory_equal (g_bytes_get_data (bytes, NULL), TEXT, strlen (TEXT));
}

static GPtrArray *
fingerprints_of (const char *names)
{
  GPtrArray *fingerprints = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) each = g_strsplit (names, " ", -1);
  for (guint i = 0; each[i] != NULL; i++)
    g_ptr_array_add (fingerprints, smime_world_fingerprint (&tool, each[i]));
  return fingerprints;
}

static gint64
now (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

/* Verify and check the state; returns what is left for the caller to look at. */
static struct smime_signature
verify_at (struct smime_store *store, GBytes *cms, GBytes *content, gint64 at, GHashTable *trusted,
           enum signature_state want)
{
  struct smime_signature signature;
  g_autoptr (GBytes) got = NULL;
  g_autoptr (GError) error = NULL;
  if (!smime_verify (store, cms, content, at, trusted, &signature, &got, &error))
    fail_msg ("%s", error->message);
  if (signature.state != want)
    fail_msg ("state %d and not %d: %s", signature.state, want, signature.detail != NULL ? signature.detail : "");
  if (signature.state == SIGNATURE_GOOD) {
    assert_true (signature.valid);
    assert_null (signature.detail);
    assert_text (got);
  } else if (signature.state != SIGNATURE_NONE) {
    assert_non_null (signature.detail);
  }
  return signature;
}

static void
check_state (struct smime_store *store, GBytes *cms, GBytes *content, enum signature_state want)
{
  struct smime_signature signature = verify_at (store, cms, content, 0, NULL, want);
  smime_signature_clear (&signature);
}

/* Sign TEXT by the openssl program with these arguments. */
static GBytes *
openssl_sign (const char *arguments)
{
  g_autoptr (GBytes) text = text_bytes ();
  openssl_tool_write (&tool, "text", text);
  openssl_tool_run (&tool, "cms -sign -binary -in text -outform DER -out signed %s", arguments);
  return openssl_tool_read (&tool, "signed");
}

static GBytes *
openssl_encrypt (const char *arguments)
{
  g_autoptr (GBytes) text = text_bytes ();
  openssl_tool_write (&tool, "text", text);
  openssl_tool_run (&tool, "cms -encrypt -binary -in text -outform DER -out encrypted %s", arguments);
  return openssl_tool_read (&tool, "encrypted");
}

/* A copy with one bit changed. */
static GBytes *
flip (GBytes *bytes, gsize at)
{
  gsize size;
  const guchar *data = g_bytes_get_data (bytes, &size);
  guchar *copy = g_memdup2 (data, size);
  copy[at] ^= 1;
  return g_bytes_new_take (copy, size);
}

static gsize
find (GBytes *bytes, const char *what)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size), *at = memmem (data, size, what, strlen (what));
  assert_non_null (at);
  return (gsize) (at - data);
}

static void
test_sign (void **state)
{
  static const char *const signers[] = { "alice", "bob", "dora", "erin" };
  g_autoptr (GBytes) text = text_bytes ();
  openssl_tool_write (&tool, "text", text);
  for (guint i = 0; i < G_N_ELEMENTS (signers); i++) {
    g_autofree char *sender = g_strdup_printf ("%s@Example.TEST", signers[i]);
    struct smime_store *store = i == 1 || i == 3 ? theirs : ours;
    for (int detached = 0; detached < 2; detached++) {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) cms = smime_sign (store, sender, text, detached, 0, &error);
      if (cms == NULL)
        fail_msg ("%s", error->message);
      assert_int_equal (smime_kind (cms), SMIME_SIGNED);
      openssl_tool_write (&tool, "ours.p7", cms);
      openssl_tool_run (&tool,
                        "cms -verify -inform DER -in ours.p7 %s -CAfile ca.crt -purpose smimesign -binary -out back",
                        detached ? "-content text" : "");
      g_autoptr (GBytes) back = openssl_tool_read (&tool, "back");
      assert_text (back);
      check_state (ours, cms, detached ? text : NULL, SIGNATURE_GOOD);
    }
  }
}

static void
test_sign_refused (void **state)
{
  g_autoptr (GBytes) text = text_bytes ();
  /* Nobody; somebody else; a key that is weak, for servers; a valid one long after its end. */
  static const char *const senders[] = { "nobody@example.test", "alicia@example.test", "bob@example.test" };
  for (guint i = 0; i < G_N_ELEMENTS (senders); i++) {
    g_autoptr (GError) error = NULL;
    assert_null (smime_sign (ours, senders[i], text, FALSE, 0, &error));
    assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY));
  }
  assert_null (smime_sign (theirs, "weak@example.test", text, FALSE, 0, NULL));
  assert_null (smime_sign (theirs, "web@example.test", text, FALSE, 0, NULL));
  assert_null (smime_sign (ours, "alice@example.test", text, FALSE, now () + 30 * DAY, NULL));
  assert_null (smime_sign (ours, "alice@example.test", text, FALSE, now () - 30 * DAY, NULL));
}

/* What openssl signs: opaque, detached, PSS, ECDSA, with and without attributes, with streamed BER. */
static void
test_verify (void **state)
{
  static const struct {
    const char *arguments;
    gboolean detached;
    const char *address;
  } cases[] = {
    { "-signer alice.crt -inkey alice.key -nodetach", FALSE, "alice@example.test" },
    { "-signer alice.crt -inkey alice.key", TRUE, "alice@example.test" },
    { "-signer alice.crt -inkey alice.key -nodetach -stream", FALSE, "alice@example.test" },
    { "-signer alice.crt -inkey alice.key -nodetach -noattr", FALSE, "alice@example.test" },
    { "-signer alice.crt -inkey alice.key -nodetach -keyid", FALSE, "alice@example.test" },
    { "-signer alice.crt -inkey alice.key -nodetach -md sha512", FALSE, "alice@example.test" },
    { "-signer alice.crt -inkey alice.key -keyopt rsa_padding_mode:pss -nodetach", FALSE, "alice@example.test" },
    { "-signer bob.crt -inkey bob.key", TRUE, "bob@example.test" },
    { "-signer dora.crt -inkey dora.key -nodetach -md sha384", FALSE, "dora@example.test" },
    { "-signer erin.crt -inkey erin.key -certfile middle.crt -nodetach", FALSE, "erin@example.test" },
    { "-signer alice.crt -inkey alice.key -nocerts -nodetach", FALSE,
      "alice@example.test" }, /* certificate in the store */
    { "-signer signonly.crt -inkey signonly.key -nodetach", FALSE, "signonly@example.test" },
  };
  g_autoptr (GBytes) text = text_bytes ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GBytes) cms = openssl_sign (cases[i].arguments);
    struct smime_signature signature = verify_at (ours, cms, cases[i].detached ? text : NULL, 0, NULL, SIGNATURE_GOOD);
    assert_int_equal (signature.addresses->len, 1);
    assert_string_equal (signature.addresses->pdata[0], cases[i].address);
    assert_int_equal (strlen (signature.fingerprint), 64);
    if (strstr (cases[i].arguments, "-noattr") == NULL)
      assert_true (ABS (signature.time - now ()) < 3600);
    else
      assert_int_equal (signature.time, 0);
    smime_signature_clear (&signature);
  }
}

static void
test_verify_trust (void **state)
{
  g_autoptr (GBytes) good = openssl_sign ("-signer alice.crt -inkey alice.key -nodetach");
  struct smime_signature signature = verify_at (ours, good, NULL, now () + 25 * DAY, NULL, SIGNATURE_EXPIRED);
  assert_true (signature.valid);
  smime_signature_clear (&signature);
  signature = verify_at (ours, good, NULL, now () - 5 * DAY, NULL, SIGNATURE_EXPIRED);
  smime_signature_clear (&signature);

  static const char *const untrusted[] = { "mallory", "weak", "web", "lone" };
  for (guint i = 0; i < G_N_ELEMENTS (untrusted); i++) {
    g_autofree char *arguments = g_strdup_printf ("-signer %s.crt -inkey %s.key -nodetach", untrusted[i], untrusted[i]);
    g_autoptr (GBytes) cms = openssl_sign (arguments);
    signature = verify_at (ours, cms, NULL, 0, NULL, SIGNATURE_UNTRUSTED);
    assert_true (signature.valid);
    smime_signature_clear (&signature);
  }
  g_autoptr (GBytes) old = openssl_sign ("-signer alice.crt -inkey alice.key -nodetach -md sha1");
  check_state (ours, old, NULL, SIGNATURE_UNTRUSTED);
  g_autoptr (GBytes) missing = openssl_sign ("-signer mallory.crt -inkey mallory.key -nocerts -nodetach");
  signature = verify_at (theirs, missing, NULL, 0, NULL, SIGNATURE_UNKNOWN_KEY);
  assert_false (signature.valid);
  smime_signature_clear (&signature);
}

/* What the user compared needs no authority, and a self-signed certificate can be an anchor; both still expire. */
static void
test_verify_pinned (void **state)
{
  g_autoptr (GHashTable) trusted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (trusted, smime_world_fingerprint (&tool, "mallory"));
  g_autoptr (GBytes) mallory = openssl_sign ("-signer mallory.crt -inkey mallory.key -nodetach");
  g_autoptr (GBytes) lone = openssl_sign ("-signer lone.crt -inkey lone.key -nodetach");
  struct smime_signature signature = verify_at (ours, mallory, NULL, 0, trusted, SIGNATURE_GOOD);
  smime_signature_clear (&signature);
  signature = verify_at (ours, mallory, NULL, now () + 25 * DAY, trusted, SIGNATURE_EXPIRED);
  smime_signature_clear (&signature);
  signature = verify_at (ours, lone, NULL, 0, trusted, SIGNATURE_UNTRUSTED);
  smime_signature_clear (&signature);
  struct smime_store *store = smime_world_store (&tool, "pinned", "^lone", NULL);
  check_state (store, lone, NULL, SIGNATURE_GOOD);
  smime_store_free (store);
}

static void
test_verify_tampered (void **state)
{
  g_autoptr (GBytes) text = text_bytes ();
  g_autoptr (GBytes) changed = flip (text, 40);
  g_autoptr (GBytes) opaque = openssl_sign ("-signer alice.crt -inkey alice.key -nodetach");
  g_autoptr (GBytes) opaque_changed = flip (opaque, find (opaque, "Blood"));
  g_autoptr (GBytes) signature_changed = flip (opaque, g_bytes_get_size (opaque) - 5);
  g_autoptr (GBytes) detached = openssl_sign ("-signer bob.crt -inkey bob.key");
  check_state (ours, opaque_changed, NULL, SIGNATURE_BAD);
  check_state (ours, signature_changed, NULL, SIGNATURE_BAD);
  check_state (ours, detached, changed, SIGNATURE_BAD);
  check_state (ours, detached, text, SIGNATURE_GOOD);
  check_state (ours, detached, NULL, SIGNATURE_ERROR); /* nothing to check it over */
  check_state (ours, opaque, changed, SIGNATURE_BAD);  /* two texts: which one was signed? */
  check_state (ours, opaque, text, SIGNATURE_BAD);
}

/* The readable text of a broken opaque signature is handed out, marked as not valid. */
static void
test_verify_bad_still_reads (void **state)
{
  g_autoptr (GBytes) opaque = openssl_sign ("-signer alice.crt -inkey alice.key -nodetach");
  g_autoptr (GBytes) changed = flip (opaque, g_bytes_get_size (opaque) - 5);
  struct smime_signature signature;
  g_autoptr (GBytes) content = NULL;
  assert_true (smime_verify (ours, changed, NULL, 0, NULL, &signature, &content, NULL));
  assert_false (signature.valid);
  assert_text (content);
  smime_signature_clear (&signature);
}

/* Two signers: both must hold. */
static void
test_verify_several (void **state)
{
  g_autoptr (GBytes) both
      = openssl_sign ("-signer alice.crt -inkey alice.key -signer bob.crt -inkey bob.key -nodetach");
  g_autoptr (GBytes) one
      = openssl_sign ("-signer alice.crt -inkey alice.key -signer mallory.crt -inkey mallory.key -nodetach");
  check_state (ours, both, NULL, SIGNATURE_GOOD);
  check_state (ours, one, NULL, SIGNATURE_UNTRUSTED);
  /* A second SignerInfo over another text, put beside a good one: what the "Johnny" attacks do. */
  g_autoptr (GBytes) other = g_bytes_new_static ("other", 5);
  openssl_tool_write (&tool, "other.txt", other);
  openssl_tool_run (
      &tool, "cms -sign -binary -in other.txt -nodetach -outform DER -out other.p7 -signer bob.crt -inkey bob.key");
  openssl_tool_run (&tool,
                    "cms -resign -inform DER -in signed -outform DER -out signed2 -signer bob.crt -inkey bob.key");
  g_autoptr (GBytes) resigned = openssl_tool_read (&tool, "signed2");
  check_state (ours, resigned, NULL, SIGNATURE_UNTRUSTED); /* mallory is still in it */
  gsize end = g_bytes_get_size (both);
  gboolean seen[7] = { FALSE };
  for (gsize at = end - 60; at < end; at += 7) { /* somewhere in the last signer's signature */
    g_autoptr (GBytes) broken = flip (both, at);
    struct smime_signature signature;
    g_autoptr (GBytes) content = NULL;
    if (!smime_verify (ours, broken, NULL, 0, NULL, &signature, &content, NULL))
      continue;
    assert_false (signature.valid);
    assert_int_not_equal (signature.state, SIGNATURE_GOOD);
    seen[MIN ((guint) signature.state, 6)] = TRUE;
    smime_signature_clear (&signature);
  }
  assert_true (seen[SIGNATURE_BAD]);
}

static void
test_verify_nobody (void **state)
{
  g_autoptr (GBytes) text = text_bytes ();
  openssl_tool_run (&tool, "crl2pkcs7 -nocrl -certfile alice.crt -outform DER -out certs.p7c");
  g_autoptr (GBytes) certificates = openssl_tool_read (&tool, "certs.p7c");
  check_state (ours, certificates, NULL, SIGNATURE_NONE);
  check_state (ours, certificates, text, SIGNATURE_BAD); /* as the signature of a multipart/signed */
}

static void
test_verify_too_many (void **state)
{
  GString *arguments = g_string_new ("-nodetach -nocerts"); /* the certificate is in the store */
  for (int i = 0; i < SMIME_SIGNERS_MAX + 1; i++)
    g_string_append (arguments, " -signer bob.crt -inkey bob.key");
  g_autoptr (GBytes) cms = openssl_sign (arguments->str);
  check_state (ours, cms, NULL, SIGNATURE_ERROR);
  g_string_free (arguments, TRUE);
}

static void
decrypt_fails (struct smime_store *store, GBytes *cms, int code)
{
  struct smime_decryption how;
  g_autoptr (GError) error = NULL;
  assert_null (smime_decrypt (store, cms, 0, &how, &error));
  if (!g_error_matches (error, CRYPTO_ERROR, code))
    fail_msg ("%d and not %d: %s", error->code, code, error->message);
  assert_false (how.authenticated);
  g_free (how.cipher);
}

static void
decrypt_works (struct smime_store *store, GBytes *cms, const char *cipher, gboolean authenticated)
{
  struct smime_decryption how;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) content = smime_decrypt (store, cms, 0, &how, &error);
  if (content == NULL)
    fail_msg ("%s", error->message);
  assert_text (content);
  assert_string_equal (how.cipher, cipher);
  assert_int_equal (how.authenticated, authenticated);
  g_free (how.cipher);
}

static void
test_encrypt (void **state)
{
  g_autoptr (GBytes) text = text_bytes ();
  static const char *const readers[] = { "alice", "bob", "carol", "dora" };
  for (int authenticated = 0; authenticated < 2; authenticated++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) to = fingerprints_of ("alice bob carol dora bob");
    g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
    g_autoptr (GBytes) cms = smime_encrypt_as (ours, to, text, authenticated, ids, &error);
    if (cms == NULL)
      fail_msg ("%s", error->message);
    assert_int_equal (smime_kind (cms), authenticated ? SMIME_AUTH_ENVELOPED : SMIME_ENVELOPED);
    assert_int_equal (ids->len, 4);
    assert_null (memmem (g_bytes_get_data (cms, NULL), g_bytes_get_size (cms), "Blood", 5));
    openssl_tool_write (&tool, "ours.p7", cms);
    for (guint i = 0; i < G_N_ELEMENTS (readers); i++) {
      openssl_tool_run (&tool, "cms -decrypt -inform DER -in ours.p7 -recip %s.crt -inkey %s.key -out back -binary",
                        readers[i], readers[i]);
      g_autoptr (GBytes) back = openssl_tool_read (&tool, "back");
      assert_text (back);
    }
    assert_false (openssl_tool_try (
        &tool, "cms -decrypt -inform DER -in ours.p7 -recip mallory.crt -inkey mallory.key -out back"));
    decrypt_works (ours, cms, authenticated ? "AES-256-GCM" : "AES-256-CBC", authenticated);
    decrypt_works (theirs, cms, authenticated ? "AES-256-GCM" : "AES-256-CBC", authenticated);
  }
}

/* The ids against what the openssl program prints of the certificate: issuer and serial number, encoded by hand. */
static void
test_encrypt_ids (void **state)
{
  g_autoptr (GBytes) text = text_bytes ();
  g_autoptr (GPtrArray) to = fingerprints_of ("bob");
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GBytes) cms = smime_encrypt (ours, to, text, ids, NULL);
  assert_non_null (cms);
  openssl_tool_run (&tool, "asn1parse -in bob.crt -strparse 4 -noout -out tbs");
  g_autoptr (GBytes) tbs = openssl_tool_read (&tool, "tbs");
  /* TBSCertificate: SEQUENCE, [0] version (5 bytes), serial INTEGER, algorithm SEQUENCE, issuer SEQUENCE; all short here. */
  const guchar *at = g_bytes_get_data (tbs, NULL);
  at += at[1] == 0x82 ? 4 : 3;
  at += 5;
  const guchar *serial = at;
  gsize serial_size = 2u + at[1];
  at += serial_size;
  at += 2u + at[1];
  gsize issuer_size = 2u + at[1];
  g_autoptr (GByteArray) id = g_byte_array_new ();
  guchar head[2] = { 0x30, (guchar) (issuer_size + serial_size) };
  g_byte_array_append (id, head, 2);
  g_byte_array_append (id, at, (guint) issuer_size);
  g_byte_array_append (id, serial, (guint) serial_size);
  g_autofree char *hex = g_compute_checksum_for_data (G_CHECKSUM_SHA256, id->data, id->len);
  g_autofree char *want = g_strconcat ("issuer:", hex, NULL);
  assert_int_equal (ids->len, 1);
  assert_string_equal (ids->pdata[0], want);
  assert_non_null (memmem (g_bytes_get_data (cms, NULL), g_bytes_get_size (cms), id->data, id->len));
}

static void
test_encrypt_refused (void **state)
{
  static const struct {
    const char *name;
    int code;
  } cases[] = { { "weak", CRYPTO_ERROR_HELD }, { "web", CRYPTO_ERROR_HELD }, { "signonly", CRYPTO_ERROR_HELD } };
  g_autoptr (GBytes) text = text_bytes ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *names = g_strdup_printf ("alice %s", cases[i].name);
    g_autoptr (GPtrArray) to = fingerprints_of (names);
    g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
    assert_null (smime_encrypt (ours, to, text, ids, &error));
    assert_true (g_error_matches (error, CRYPTO_ERROR, cases[i].code));
    assert_int_equal (ids->len, 0);
  }
  g_autoptr (GPtrArray) nobody = g_ptr_array_new ();
  assert_null (smime_encrypt (ours, nobody, text, NULL, NULL));
  g_autoptr (GError) error = NULL;
  g_ptr_array_add (nobody, (char *) "00");
  assert_null (smime_encrypt (ours, nobody, text, NULL, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY));
}

/* What openssl encrypts, in every way that mail uses. */
static void
test_decrypt (void **state)
{
  static const struct {
    const char *arguments, *cipher;
    gboolean authenticated;
  } cases[] = {
    { "-aes256 -recip alice.crt", "AES-256-CBC", FALSE },
    { "-aes128 -recip mallory.crt -recip alice.crt", "AES-128-CBC", FALSE },
    { "-des3 -recip alice.crt", "3DES-CBC", FALSE },
    { "-aes256 -stream -recip alice.crt", "AES-256-CBC", FALSE },
    { "-aes256 -keyid -recip alice.crt", "AES-256-CBC", FALSE },
    { "-aes256 -recip alice.crt -keyopt rsa_padding_mode:oaep", "AES-256-CBC", FALSE },
    { "-aes256 -recip alice.crt -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256", "AES-256-CBC", FALSE },
    { "-aes256 -recip dora.crt", "AES-256-CBC", FALSE },
    { "-aes256 -recip dora.crt -keyopt ecdh_kdf_md:sha384", "AES-256-CBC", FALSE },
    { "-aes256 -keyid -recip dora.crt", "AES-256-CBC", FALSE },
    { "-aes-256-gcm -recip alice.crt", "AES-256-GCM", TRUE },
    { "-aes-128-gcm -recip dora.crt", "AES-128-GCM", TRUE },
    { "-aes-256-gcm -stream -recip dora.crt", "AES-256-GCM", TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GBytes) cms = openssl_encrypt (cases[i].arguments);
    decrypt_works (ours, cms, cases[i].cipher, cases[i].authenticated);
    decrypt_fails (theirs, cms, CRYPTO_ERROR_NO_KEY);
  }
}

/* One sentence whatever is wrong once a key was found. */
static void
test_decrypt_tampered (void **state)
{
  static const char *const ways[] = { "-aes256 -recip alice.crt", "-aes-256-gcm -recip alice.crt",
                                      "-aes256 -recip alice.crt -keyopt rsa_padding_mode:oaep" };
  g_autofree char *sentence = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
    gboolean authenticated = strstr (ways[i], "gcm") != NULL;
    g_autoptr (GBytes) cms = openssl_encrypt (ways[i]);
    gsize end = g_bytes_get_size (cms);
    /* The padding of CBC (the last byte of the block before the last); the tag and the content of GCM; the wrapped key. */
    gsize places[] = { authenticated ? end - 1 : end - 17, authenticated ? end - 40 : end - 17, end - 200 };
    for (guint k = 0; k < G_N_ELEMENTS (places); k++) {
      g_autoptr (GBytes) changed = flip (cms, places[k]);
      struct smime_decryption how;
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) content = smime_decrypt (ours, changed, 0, &how, &error);
      g_free (how.cipher);
      if (content != NULL || !g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_INTEGRITY))
        fail_msg ("%s, place %u: %s", ways[i], k, error != NULL ? error->message : "opened");
      if (sentence == NULL)
        sentence = g_strdup (error->message);
      assert_string_equal (error->message, sentence);
    }
  }
}

/* A tag of one byte can be guessed; ours are whole. The tag is shortened in the encoding: the last OCTET STRING and the lengths
 * around it. */
static void
test_decrypt_short_tag (void **state)
{
  g_autoptr (GBytes) cms = openssl_encrypt ("-aes-256-gcm -recip dora.crt");
  assert_int_equal (smime_decrypt_tag_size (cms), 16);
  g_autoptr (GBytes) streamed = openssl_encrypt ("-aes-256-gcm -stream -recip dora.crt");
  assert_int_equal (smime_decrypt_tag_size (streamed), 16);
  gsize size;
  const guchar *whole = g_bytes_get_data (cms, &size);
  assert_int_equal (whole[size - 18], 0x04);
  assert_int_equal (whole[size - 17], 16);
  /* ContentInfo 30 82 xx xx, OID, [0] a0 82 xx xx, AuthEnvelopedData 30 82 xx xx. */
  for (guint cut = 4; cut < 16; cut++) {
    g_autofree guchar *copy = g_memdup2 (whole, size);
    gsize places[] = { 0, 4 + 2 + (gsize) whole[5], 4 + 2 + (gsize) whole[5] + 4 };
    for (guint i = 0; i < G_N_ELEMENTS (places); i++) {
      guint length = (guint) copy[places[i] + 2] << 8 | copy[places[i] + 3];
      assert_int_equal (copy[places[i] + 1], 0x82);
      copy[places[i] + 2] = (guchar) ((length - cut) >> 8);
      copy[places[i] + 3] = (guchar) (length - cut);
    }
    copy[size - 17] = (guchar) (16 - cut);
    g_autoptr (GBytes) shortened = g_bytes_new (copy, size - cut);
    assert_int_equal (smime_decrypt_tag_size (shortened), 16 - cut);
    if (16 - cut >= 12)
      decrypt_works (ours, shortened, "AES-256-GCM", TRUE);
    else
      decrypt_fails (ours, shortened, CRYPTO_ERROR_INTEGRITY);
  }
}

/* Old mail stays readable with an expired certificate, and with the old one of two certificates. */
static void
test_decrypt_expired (void **state)
{
  openssl_tool_issue (&tool, "past", "ca", "rsa", -1, "/CN=Past", MAIL_USAGE "subjectAltName=email:past@example.test\n",
                      NULL);
  struct smime_store *store = smime_world_store (&tool, "past-store", "past", NULL);
  g_autoptr (GBytes) cms = openssl_encrypt ("-aes256 -recip past.crt");
  decrypt_works (store, cms, "AES-256-CBC", FALSE);
  assert_null (smime_own (store, "past@example.test", 0));
  smime_store_free (store);
}

static void
test_cut (void **state)
{
  g_autoptr (GBytes) encrypted = openssl_encrypt ("-aes-256-gcm -recip dora.crt -recip alice.crt");
  g_autoptr (GBytes) signed_ = openssl_sign ("-signer alice.crt -inkey alice.key -nodetach");
  for (gsize size = 0; size < g_bytes_get_size (encrypted); size += 3) {
    g_autoptr (GBytes) cut = g_bytes_new_from_bytes (encrypted, 0, size);
    struct smime_decryption how;
    assert_null (smime_decrypt (ours, cut, 0, &how, NULL));
    g_free (how.cipher);
  }
  for (gsize size = 0; size < g_bytes_get_size (signed_); size += 3) {
    g_autoptr (GBytes) cut = g_bytes_new_from_bytes (signed_, 0, size);
    struct smime_signature signature = { .state = SIGNATURE_NONE };
    g_autoptr (GBytes) content = NULL;
    g_autoptr (GError) error = NULL;
    assert_false (smime_verify (ours, cut, NULL, 0, NULL, &signature, &content, &error));
    assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT));
    smime_signature_clear (&signature);
  }
}

static void
test_kind (void **state)
{
  static const char *const junk[]
      = { "", "0", "0\x80", "Hello, I am no CMS", "0\x82\xff\xff\x06\x09", "\x30\x84\x7f\xff\xff\xff\x06" };
  for (guint i = 0; i < G_N_ELEMENTS (junk); i++) {
    g_autoptr (GBytes) bytes = g_bytes_new_static (junk[i], strlen (junk[i]));
    assert_int_equal (smime_kind (bytes), SMIME_UNKNOWN);
    assert_int_equal (smime_decrypt_tag_size (bytes), 0);
    decrypt_fails (ours, bytes, CRYPTO_ERROR_FORMAT);
    assert_null (smime_uncompress (bytes, NULL));
  }
}

static void
test_uncompress (void **state)
{
  g_autoptr (GBytes) packed = cms_compressed_deflate (TEXT, 0);
  gsize size;
  const guchar *bytes = g_bytes_get_data (packed, &size);
  g_autoptr (GBytes) cms = cms_compressed (bytes, size);
  assert_int_equal (smime_kind (cms), SMIME_COMPRESSED);
  g_autoptr (GBytes) content = smime_uncompress (cms, NULL);
  assert_text (content);
  for (gsize cut = 0; cut < size; cut++) {
    g_autoptr (GBytes) broken = cms_compressed (bytes, cut);
    assert_null (smime_uncompress (broken, NULL));
  }
  g_autoptr (GBytes) bomb_packed = cms_compressed_deflate ("", 201u * 1024 * 1024);
  bytes = g_bytes_get_data (bomb_packed, &size);
  g_autoptr (GBytes) bomb = cms_compressed (bytes, size);
  g_autoptr (GError) error = NULL;
  assert_null (smime_uncompress (bomb, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT));
}

/* gpgsm verifies what we sign and opens what we encrypt to RSA. */
static void
test_gpgsm (void **state)
{
  g_autofree char *gpgsm = g_find_program_in_path ("gpgsm");
  if (gpgsm == NULL)
    skip ();
  g_autofree char *home = openssl_tool_path (&tool, "gnupg");
  assert_int_equal (g_mkdir_with_parents (home, 0700), 0);
  g_autoptr (GBytes) text = text_bytes ();
  g_autoptr (GPtrArray) to = fingerprints_of ("alice carol");
  g_autoptr (GBytes) signed_ = smime_sign (ours, "alice@example.test", text, FALSE, 0, NULL);
  struct smime_store *store = smime_world_store (&tool, "to-gpgsm", "+alice", "+carol", NULL);
  g_autoptr (GBytes) encrypted = smime_encrypt (store, to, text, NULL, NULL); /* to people who announced nothing */
  smime_store_free (store);
  openssl_tool_write (&tool, "signed.p7", signed_);
  openssl_tool_write (&tool, "encrypted.p7", encrypted);
  g_autofree char *root = NULL;
  openssl_tool_run (&tool, "x509 -in ca.crt -outform DER -out ca.der");
  g_autoptr (GBytes) root_der = openssl_tool_read (&tool, "ca.der");
  root = g_compute_checksum_for_bytes (G_CHECKSUM_SHA1, root_der);
  g_autofree char *trust = g_strdup_printf ("%s S relax\n", root);
  g_autoptr (GBytes) trust_bytes = g_bytes_new (trust, strlen (trust));
  openssl_tool_write (&tool, "gnupg/trustlist.txt", trust_bytes);
  g_autofree char *script = g_strdup (
      "export GNUPGHOME=$PWD/gnupg; set -e; g='gpgsm --batch --yes --disable-dirmngr --disable-crl-checks "
      "--pinentry-mode loopback';"
      "echo allow-loopback-pinentry > gnupg/gpg-agent.conf;"
      "$g --import ca.crt; echo x > pass;"
      /* about one PKCS#12 file in sixty gpgsm 2.2.40 cannot decrypt, because of its salts */
      "n=0; until openssl pkcs12 -export -in alice.crt -inkey alice.key -passout file:pass -out alice-gpgsm.p12 "
      "-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1; $g --passphrase-fd 0 --import alice-gpgsm.p12 < pass;"
      "do n=$((n+1)); [ $n -lt 5 ]; done;"
      "$g --output back-signed --verify signed.p7; $g --passphrase-fd 0 --output back-decrypted --decrypt encrypted.p7 "
      "< pass || true;"
      /* it exits with 2, though it has decrypted, when another recipient stands before it; the output says what it did */
      "gpgconf --kill all");
  char *argv[] = { (char *) "/bin/sh", (char *) "-c", script, NULL };
  g_autofree char *output = NULL;
  int status = -1;
  assert_true (
      g_spawn_sync (tool.dir, argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &output, &status, NULL));
  if (status != 0)
    fail_msg ("%s", output);
  g_autoptr (GBytes) back_signed = openssl_tool_read (&tool, "back-signed");
  g_autoptr (GBytes) back_decrypted = openssl_tool_read (&tool, "back-decrypted");
  assert_text (back_signed);
  assert_text (back_decrypted);
}

static int
make_world (void **state)
{
  smime_world_init (&tool);
  ours = smime_world_store (&tool, "ours", "alice", "carol", "dora", "+bob", "+erin", "+middle", "+mallory", "+weak",
                            "+web", "+signonly", NULL);
  theirs = smime_world_store (&tool, "theirs", "bob", "erin", "+middle", "weak", "web", NULL);
  return 0;
}

static int
remove_world (void **state)
{
  smime_store_free (ours);
  smime_store_free (theirs);
  openssl_tool_clear (&tool);
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_sign),
    cmocka_unit_test (test_sign_refused),
    cmocka_unit_test (test_verify),
    cmocka_unit_test (test_verify_trust),
    cmocka_unit_test (test_verify_pinned),
    cmocka_unit_test (test_verify_tampered),
    cmocka_unit_test (test_verify_bad_still_reads),
    cmocka_unit_test (test_verify_several),
    cmocka_unit_test (test_verify_nobody),
    cmocka_unit_test (test_verify_too_many),
    cmocka_unit_test (test_encrypt),
    cmocka_unit_test (test_encrypt_ids),
    cmocka_unit_test (test_encrypt_refused),
    cmocka_unit_test (test_decrypt),
    cmocka_unit_test (test_decrypt_tampered),
    cmocka_unit_test (test_decrypt_short_tag),
    cmocka_unit_test (test_decrypt_expired),
    cmocka_unit_test (test_cut),
    cmocka_unit_test (test_kind),
    cmocka_unit_test (test_uncompress),
    cmocka_unit_test (test_gpgsm),
  };
  return cmocka_run_group_tests_name ("smime", tests, make_world, remove_world);
}
