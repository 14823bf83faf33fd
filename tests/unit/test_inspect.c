/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Inspect on messages that gpg and openssl signed and encrypted: the verdict, the tree, and what an attacker may try. */
#include "crypto/inspect.h"
#include "crypto/inspect_from.h"
#include "tests/unit/fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define ENTITY "Content-Type: text/plain; charset=utf-8\r\n\r\nPotassium 4.1\r\n"
#define PEER "gpg -q --batch --no-tty --yes --trust-model always --pinentry-mode loopback --passphrase '' "

static struct fixture fixture;
static struct keyring *keyring;

static int
set_up (void **state)
{
  fixture_init (&fixture);
  fixture_authority (&fixture, "ca");
  keyring = fixture_keyring (&fixture, "profile");
  fixture_anchor (&fixture, keyring, "ca.crt");
  static const char *const pgp[] = { "alice", "bob", "erin", "unknown" };
  for (gsize i = 0; i < G_N_ELEMENTS (pgp); i++) {
    g_autofree char *file = g_strconcat (pgp[i], i == 0 ? ".sec" : ".pub", NULL);
    fixture_pgp (&fixture, pgp[i], FIXTURE_GOOD);
    if (i < 3)
      fixture_import (&fixture, keyring, file, NULL);
  }
  g_autofree char *bob = fixture_pgp_fingerprint (&fixture, "bob");
  assert_true (keyring_trust (keyring, bob, NULL));
  fixture_certificate (&fixture, "calice", FIXTURE_RSA, "ca");
  fixture_certificate (&fixture, "carol", FIXTURE_GOOD, "ca");
  fixture_import (&fixture, keyring, "calice.crt", "calice.key", NULL);
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

static char *
crlf (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    g_strchomp (*line);
  return g_strjoinv ("\r\n", lines);
}

/* multipart/signed around the entity, by gpg as "bob" or by openssl as "carol". */
static char *
pgp_signed (const char *signer, const char *entity)
{
  g_autoptr (GBytes) bytes = g_bytes_new (entity, strlen (entity));
  fixture_write (&fixture, "part", bytes);
  g_autofree char *raw = fixture_run (&fixture, PEER "-u '<%s@demo.test>' --armor --detach-sign -o - part", signer),
                  *signature = crlf (raw);
  return g_strdup_printf ("Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; "
                          "boundary=SIG\r\n\r\n--SIG\r\n%s\r\n--SIG\r\n"
                          "Content-Type: application/pgp-signature\r\n\r\n%s\r\n--SIG--\r\n",
                          entity, signature);
}

static char *
smime_signed (const char *signer, gboolean opaque)
{
  g_autofree char *raw
      = fixture_run (&fixture, "openssl cms -sign %s -binary -in entity -signer %s.crt -inkey %s.key -md sha256",
                     opaque ? "-nodetach" : "", signer, signer);
  return crlf (raw);
}

static char *
pgp_encrypted (const char *options)
{
  g_autofree char *raw = fixture_run (&fixture, PEER "%s --armor -o - < part 2>/dev/null", options),
                  *armor = crlf (raw);
  return g_strdup_printf (
      "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=ENC\r\n\r\n--ENC\r\n"
      "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--ENC\r\nContent-Type: "
      "application/octet-stream\r\n\r\n%s\r\n--ENC--\r\n",
      armor);
}

static void
set_part (const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  fixture_write (&fixture, "part", bytes);
}

static struct inspection *
inspect (const char *from_lines, const char *entity)
{
  g_autofree char *text = g_strconcat (from_lines, "MIME-Version: 1.0\r\n", entity, NULL);
  g_autoptr (GBytes) message = g_bytes_new (text, strlen (text));
  return inspect_message (keyring, message, 0);
}

static gboolean
tree_holds (const struct inspect_node *node, const char *text)
{
  if (node->children->len == 0 && fixture_holds (node->entity, text))
    return TRUE;
  for (guint i = 0; i < node->children->len; i++)
    if (tree_holds (node->children->pdata[i], text))
      return TRUE;
  return FALSE;
}

static gboolean
warned (const struct inspection *found, const char *code)
{
  for (guint i = 0; i < found->verdict.warnings->len; i++)
    if (strcmp (((struct verdict_warning *) found->verdict.warnings->pdata[i])->code, code) == 0)
      return TRUE;
  return FALSE;
}

#define BOB "From: Bob <bob@demo.test>\r\n"
#define CAROL "From: carol@demo.test\r\n"

static void
test_signed (void **state)
{
  static const struct {
    const char *signer, *from;
    enum signature_state state;
  } rows[] = {
    { "bob", BOB, SIGNATURE_GOOD },
    { "erin", "From: erin@demo.test\r\n", SIGNATURE_UNTRUSTED },
    { "unknown", "From: unknown@demo.test\r\n", SIGNATURE_UNKNOWN_KEY },
    { "alice", "From: alice@demo.test\r\n", SIGNATURE_GOOD },
    { "bob", "From: chief@demo.test\r\n", SIGNATURE_MISMATCH },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *entity = pgp_signed (rows[i].signer, ENTITY);
    AUTOFREE (inspection) found = inspect (rows[i].from, entity);
    assert_int_equal (found->verdict.signature.state, rows[i].state);
    assert_int_equal (found->verdict.signature.covers, COVERS_WHOLE);
    assert_int_equal (found->verdict.signature.parts->len, 1);
    assert_string_equal (found->verdict.signature.parts->pdata[0], "1.1");
    assert_string_equal (found->payload->id, "1.1");
    assert_int_equal (found->verdict.encryption.protocol, PROTECTION_NONE);
  }
}

/* Stored with LF it is still the message that was signed; with another letter it is not. */
static void
test_line_ends_and_changes (void **state)
{
  g_autofree char *entity = pgp_signed ("bob", ENTITY), *smime = smime_signed ("carol", FALSE);
  const char *const entities[] = { entity, smime }, *const from[]
                                                    = { "From: bob@demo.test\n", "From: carol@demo.test\n" };
  for (guint i = 0; i < 2; i++) {
    g_auto (GStrv) lines = g_strsplit (entities[i], "\r\n", -1);
    g_autofree char *unix_text = g_strjoinv ("\n", lines);
    AUTOFREE (inspection) same = inspect (from[i], unix_text);
    assert_int_equal (same->verdict.signature.state, SIGNATURE_GOOD);
    char *letter = strstr (unix_text, "Potassium");
    *letter = 'Q';
    AUTOFREE (inspection) changed = inspect (from[i], unix_text);
    assert_int_equal (changed->verdict.signature.state, SIGNATURE_BAD);
    assert_true (tree_holds (changed->root, "Qotassium"));
    assert_false (changed->payload->signed_);
  }
}

/* Whatever is written into From: a signature by bob is good for bob's own plain address only. */
static void
test_from_tricks (void **state)
{
  static const struct {
    const char *from;
    gboolean good;
  } rows[] = {
    { "From: bob@demo.test\r\n", TRUE },
    { "From: \"Bob, MD\" <bob@DEMO.test>\r\n", TRUE },
    { "From: Bob <BOB@demo.test>\r\n", TRUE },
    { "from : Bob (cardiology) <bob@demo.test>\r\n", TRUE },
    { "From: =?utf-8?q?B=C3=B6b?=\r\n <bob@demo.test>\r\n", TRUE },
    { "", FALSE },
    { "From:\r\n", FALSE },
    { "From: Bob\r\n", FALSE },
    { "From: bob@demo.test\r\nFrom: chief@demo.test\r\n", FALSE },
    { "From: chief@demo.test\r\nFrom: bob@demo.test\r\n", FALSE },
    { "From: bob@demo.test, chief@demo.test\r\n", FALSE },
    { "From: chief@demo.test, bob@demo.test\r\n", FALSE },
    { "From: chief@demo.test <bob@demo.test>\r\n", FALSE },
    { "From: \"chief@demo.test\" <bob@demo.test>\r\n", FALSE },
    { "From: bob@demo.test <chief@demo.test>\r\n", FALSE },
    { "From: chief@demo.test (<bob@demo.test>)\r\n", FALSE },
    { "From: bob@demo.test (chief@demo.test)\r\n", FALSE },
    { "From: <bob@demo.test> <chief@demo.test>\r\n", FALSE },
    { "From: <chief@demo.test> bob@demo.test\r\n", FALSE },
    { "From: Friends: bob@demo.test;\r\n", FALSE },
    { "From: bob@demo.test@chief.test\r\n", FALSE },
    { "From: \"<bob@demo.test>\" <chief@demo.test>\r\n", FALSE },
    { "From: bob@demo.test\r\n\t, chief@demo.test\r\n", FALSE },
    { "From: \"bob@demo.test\r\n", FALSE },
    { "From: <bob@demo.test\r\n", FALSE },
    { "From: xbob@demo.test\r\n", FALSE },
    { "From: bob@demo.test.evil.test\r\n", FALSE },
    { "Sender: bob@demo.test\r\nFrom: chief@demo.test\r\n", FALSE },
    { "X: y\r\n\r\nFrom: bob@demo.test\r\n", FALSE },
  };
  g_autofree char *entity = pgp_signed ("bob", ENTITY);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    AUTOFREE (inspection) found = inspect (rows[i].from, entity);
    if ((found->verdict.signature.state == SIGNATURE_GOOD) != rows[i].good)
      fail_msg ("%s -> %s", rows[i].from, signature_state_name (found->verdict.signature.state));
    if (rows[i].good)
      assert_int_equal (g_ascii_strcasecmp (found->from->pdata[0], "bob@demo.test"), 0);
  }
  g_autofree char *message = g_strconcat ("From: bob@demo.test\r\nMIME-Version: 1.0\r\nX: y\r\n", entity, NULL);
  *strstr (message, "y\r\n") = '\0';
  g_autoptr (GBytes) with_nul
      = g_bytes_new (message, strlen ("From: bob@demo.test\r\nMIME-Version: 1.0\r\nX: y\r\n") + strlen (entity));
  AUTOFREE (inspection) found = inspect_message (keyring, with_nul, 0);
  assert_int_equal (found->verdict.signature.state, SIGNATURE_MISMATCH);
}

static void
test_partial_signatures (void **state)
{
  g_autofree char *entity = pgp_signed ("bob", ENTITY);
  g_autofree char *mixed = g_strdup_printf ("Content-Type: multipart/mixed; boundary=MIX\r\n\r\n--MIX\r\nContent-Type: "
                                            "text/plain\r\n\r\nYou are dismissed.\r\n"
                                            "--MIX\r\n%s\r\n--MIX--\r\n",
                                            entity);
  AUTOFREE (inspection) wrapped = inspect (BOB, mixed);
  assert_int_equal (wrapped->verdict.signature.covers, COVERS_PART);
  assert_int_equal (wrapped->verdict.signature.parts->len, 1);
  assert_string_equal (wrapped->verdict.signature.parts->pdata[0], "1.2.1");
  assert_true (wrapped->payload == wrapped->root);
  assert_true (warned (wrapped, "partly_signed"));
  /* One part in a multipart is still not the message. */
  g_autofree char *alone
      = g_strdup_printf ("Content-Type: multipart/mixed; boundary=MIX\r\n\r\n--MIX\r\n%s\r\n--MIX--\r\n", entity);
  AUTOFREE (inspection) single = inspect (BOB, alone);
  assert_int_equal (single->verdict.signature.covers, COVERS_PART);
  /* A forwarded message with a good signature says nothing of who forwards it. */
  g_autofree char *forwarded = g_strconcat ("Content-Type: message/rfc822\r\n\r\n" BOB, entity, NULL);
  AUTOFREE (inspection) forward = inspect ("From: chief@demo.test\r\n", forwarded);
  assert_int_equal (forward->verdict.signature.covers, COVERS_PART);
  assert_int_equal (forward->verdict.signature.state, SIGNATURE_MISMATCH);
  /* A third part beside the two: nothing is called signed. */
  g_autofree char *head = g_strndup (entity, strlen (entity) - strlen ("--SIG--\r\n"));
  g_autofree char *third
      = g_strconcat (head, "--SIG\r\nContent-Type: text/plain\r\n\r\nYou are dismissed.\r\n--SIG--\r\n", NULL);
  AUTOFREE (inspection) three = inspect (BOB, third);
  assert_int_equal (three->verdict.signature.state, SIGNATURE_ERROR);
  assert_int_equal (three->root->children->len, 3);
  assert_false (((struct inspect_node *) three->root->children->pdata[0])->signed_);
}

static void
test_smime_signed (void **state)
{
  for (guint opaque = 0; opaque < 2; opaque++) {
    g_autofree char *entity = smime_signed ("carol", opaque);
    AUTOFREE (inspection) good = inspect (CAROL, entity);
    assert_int_equal (good->verdict.signature.state, SIGNATURE_GOOD);
    assert_int_equal (good->verdict.signature.trust, KEY_TRUST_CHAIN);
    assert_int_equal (good->verdict.signature.covers, COVERS_WHOLE);
    assert_true (tree_holds (good->root, "Potassium"));
    AUTOFREE (inspection) mismatch = inspect (BOB, entity);
    assert_int_equal (mismatch->verdict.signature.state, SIGNATURE_MISMATCH);
  }
}

static void
test_pgp_encrypted (void **state)
{
  static const struct {
    const char *options;
    enum signature_state state;
    gboolean opens;
    enum integrity integrity;
    const char *reason;
  } rows[] = {
    { "-se -u bob@demo.test -r alice@demo.test", SIGNATURE_GOOD, TRUE, INTEGRITY_OK, NULL },
    { "-e -r alice@demo.test", SIGNATURE_NONE, TRUE, INTEGRITY_OK, NULL },
    { "-se -u unknown@demo.test -r alice@demo.test", SIGNATURE_UNKNOWN_KEY, TRUE, INTEGRITY_OK, NULL },
    { "-se -u bob@demo.test -r bob@demo.test", SIGNATURE_NONE, FALSE, INTEGRITY_UNKNOWN, "no_key" },
    { "-se --rfc2440 -u bob@demo.test -r alice@demo.test", SIGNATURE_NONE, FALSE, INTEGRITY_NONE, "failed" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    set_part (ENTITY);
    g_autofree char *entity = pgp_encrypted (rows[i].options);
    AUTOFREE (inspection) found = inspect (BOB, entity);
    assert_int_equal (found->verdict.signature.state, rows[i].state);
    assert_int_equal (found->verdict.encryption.decrypted, rows[i].opens);
    assert_int_equal (found->verdict.encryption.integrity, rows[i].integrity);
    assert_int_equal (found->verdict.encryption.covers, COVERS_WHOLE);
    assert_true (g_strcmp0 (found->verdict.encryption.reason, rows[i].reason) == 0);
    assert_int_equal (tree_holds (found->root, "Potassium"), rows[i].opens);
    assert_int_equal (found->root->withheld, rows[i].integrity == INTEGRITY_NONE);
    assert_true (!rows[i].opens || found->payload->encrypted);
  }
}

static void
test_encrypted_part_is_framed (void **state)
{
  set_part (ENTITY);
  g_autofree char *entity = pgp_encrypted ("-se -u bob@demo.test -r alice@demo.test");
  g_autofree char *mixed = g_strdup_printf ("Content-Type: multipart/mixed; boundary=MIX\r\n\r\n--MIX\r\nContent-Type: "
                                            "text/html\r\n\r\n<img src=\"http://evil/\r\n"
                                            "--MIX\r\n%s\r\n--MIX\r\nContent-Type: text/html\r\n\r\n\">\r\n--MIX--\r\n",
                                            entity);
  AUTOFREE (inspection) found = inspect (BOB, mixed);
  assert_int_equal (found->verdict.encryption.covers, COVERS_PART);
  assert_int_equal (found->verdict.signature.covers, COVERS_PART);
  assert_true (found->payload == found->root);
  assert_int_equal (found->root->children->len, 3);
  assert_false (((struct inspect_node *) found->root->children->pdata[0])->encrypted);
  const struct inspect_node *layer = found->root->children->pdata[1];
  assert_true (((struct inspect_node *) layer->children->pdata[0])->encrypted);
}

static gboolean
signed_where (const struct inspect_node *node, const char *text)
{
  if (node->children->len == 0 && fixture_holds (node->entity, text))
    return node->signed_;
  for (guint i = 0; i < node->children->len; i++)
    if (signed_where (node->children->pdata[i], text))
      return TRUE;
  return FALSE;
}

/* Beside a part that the sender signed, one that anybody signed is not called signed: it would be taken for the sender's. */
static void
test_parts_by_others (void **state)
{
  g_autofree char *bobs = pgp_signed ("bob", ENTITY),
                  *more = pgp_signed ("bob", "Content-Type: text/plain\r\n\r\nMore\r\n"),
                  *erins = pgp_signed ("erin", "Content-Type: text/plain\r\n\r\nDose 99\r\n");
  g_autofree char *mixed = g_strdup_printf ("Content-Type: multipart/mixed; boundary=MIX\r\n\r\n--MIX\r\n%s\r\n"
                                            "--MIX\r\n%s\r\n--MIX\r\n%s\r\n--MIX--\r\n",
                                            erins, bobs, more);
  AUTOFREE (inspection) found = inspect (BOB, mixed);
  assert_int_equal (found->verdict.signature.state, SIGNATURE_GOOD);
  assert_int_equal (found->verdict.signature.covers, COVERS_PART);
  assert_true (signed_where (found->root, "Potassium"));
  assert_true (signed_where (found->root, "More"));
  assert_false (signed_where (found->root, "Dose 99"));
}

/* Anybody can put somebody else's encrypted mail into an encrypted mail of his own, and wait for an answer that quotes it. */
static void
test_encrypted_part_in_encrypted_mail (void **state)
{
  set_part (ENTITY);
  g_autofree char *stolen = pgp_encrypted ("-se -u bob@demo.test -r alice@demo.test");
  g_autofree char *mixed = g_strdup_printf ("Content-Type: multipart/mixed; boundary=MIX\r\n\r\n--MIX\r\n\r\nDid "
                                            "you get this?\r\n--MIX\r\n%s\r\n--MIX--\r\n",
                                            stolen);
  static const char *const options[] = { "-e -r alice@demo.test", "-se -u bob@demo.test -r alice@demo.test" };
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++) {
    set_part (mixed);
    g_autofree char *entity = pgp_encrypted (options[i]);
    AUTOFREE (inspection) found = inspect (BOB, entity);
    assert_int_equal (found->verdict.encryption.covers, COVERS_WHOLE);
    assert_true (tree_holds (found->payload, "Potassium"));
    assert_int_equal (found->payload->children->len, 2);
    const struct inspect_node *text = found->payload->children->pdata[0], *layer = found->payload->children->pdata[1];
    assert_false (text->unproven);
    assert_true (((struct inspect_node *) layer->children->pdata[0])->unproven);
  }
}

static void
test_smime_encrypted (void **state)
{
  g_free (fixture_run (
      &fixture, "openssl cms -encrypt -binary -aes-256-cbc -in entity -outform DER -out cbc calice.crt && "
                "openssl cms -encrypt -binary -aes-256-gcm -in entity -outform DER -out gcm calice.crt && "
                "openssl cms -sign -binary -in entity -signer carol.crt -inkey carol.key -out inner && "
                "openssl cms -encrypt -binary -aes-256-cbc -in inner -outform DER -out both calice.crt && "
                "sed 's/Potassium/Qotassium/' inner > changed && "
                "openssl cms -encrypt -binary -aes-256-cbc -in changed -outform DER -out badsig calice.crt && "
                "openssl cms -encrypt -binary -aes-256-cbc -in entity -outform DER -out foreign carol.crt && "
                /* What a changed block decrypts to is random and may look like text: with many of them it does not. */
                "(cat entity; head -c 480 /dev/zero | tr '\\0' x) >long && "
                "openssl cms -encrypt -binary -aes-256-cbc -in long -outform DER -out damaged calice.crt && "
                "n=$(stat -c %%s damaged) && head -c 240 /dev/zero | dd of=damaged bs=1 seek=$((n - 320)) "
                "conv=notrunc 2>/dev/null && "
                "n=$(stat -c %%s gcm) && cp gcm flipped && printf '\\001\\002\\003' | dd of=flipped bs=1 "
                "seek=$((n - 40)) conv=notrunc 2>/dev/null"));
  static const struct {
    const char *file;
    gboolean opens;
    enum integrity integrity;
    enum signature_state state;
    const char *cipher;
  } rows[] = {
    { "cbc", TRUE, INTEGRITY_UNKNOWN, SIGNATURE_NONE, "AES-256-CBC" },
    { "gcm", TRUE, INTEGRITY_OK, SIGNATURE_NONE, "AES-256-GCM" },
    { "both", TRUE, INTEGRITY_OK, SIGNATURE_GOOD, "AES-256-CBC" },
    { "badsig", FALSE, INTEGRITY_BAD, SIGNATURE_NONE, "AES-256-CBC" },
    { "damaged", FALSE, INTEGRITY_BAD, SIGNATURE_NONE, NULL },
    { "flipped", FALSE, INTEGRITY_BAD, SIGNATURE_NONE, NULL },
    { "foreign", FALSE, INTEGRITY_UNKNOWN, SIGNATURE_NONE, NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *base64 = fixture_run (&fixture, "openssl base64 -in %s", rows[i].file);
    g_autofree char *entity
        = g_strconcat ("Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n"
                       "Content-Transfer-Encoding: base64\r\n\r\n",
                       base64, NULL);
    AUTOFREE (inspection) found = inspect (CAROL, entity);
    if (found->verdict.encryption.decrypted != rows[i].opens || found->verdict.encryption.integrity != rows[i].integrity
        || found->verdict.signature.state != rows[i].state)
      fail_msg ("%s: opened %d, integrity %d, signature %d", rows[i].file, found->verdict.encryption.decrypted,
                found->verdict.encryption.integrity, found->verdict.signature.state);
    assert_int_equal (found->verdict.encryption.protocol, PROTECTION_SMIME);
    assert_int_equal (tree_holds (found->root, "otassium"), rows[i].opens);
    if (rows[i].cipher != NULL)
      assert_string_equal (found->verdict.encryption.cipher, rows[i].cipher);
    assert_int_equal (warned (found, "no_integrity"), strcmp (rows[i].file, "cbc") == 0);
    assert_true (found->payload != NULL);
  }
}

static gboolean
all_unproven (const struct inspect_node *node)
{
  gboolean all = node->unproven;
  for (guint i = 0; i < node->children->len; i++)
    all = all && all_unproven (node->children->pdata[i]);
  return all;
}

/* Bare text in CBC may be the end of somebody else's mail: that goes for each piece of it, where a block of OpenPGP parts it. */
static void
test_bare_text_in_pieces (void **state)
{
  set_part ("Potassium 4.1\n-----BEGIN PGP MESSAGE-----\n\nxx\n-----END PGP MESSAGE-----\nMagnesium 0.8\n");
  g_autofree char *base64 = fixture_run (
      &fixture, "openssl cms -encrypt -binary -aes-256-cbc -in part -outform DER calice.crt | openssl base64");
  g_autofree char *entity = g_strconcat ("Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n"
                                         "Content-Transfer-Encoding: base64\r\n\r\n",
                                         base64, NULL);
  AUTOFREE (inspection) found = inspect (CAROL, entity);
  assert_true (tree_holds (found->root, "Magnesium 0.8"));
  assert_true (found->payload->children->len > 1);
  assert_true (all_unproven (found->payload));
}

static void
test_inline (void **state)
{
  set_part ("Potassium 4.1\n");
  g_autofree char *raw_clear = fixture_run (&fixture, PEER "-u bob@demo.test --clearsign -o - part"),
                  *clear = crlf (raw_clear);
  g_autofree char *raw_secret
      = fixture_run (&fixture, PEER "-se -u bob@demo.test -r alice@demo.test --armor -o - part"),
      *secret = crlf (raw_secret);
  static const char head[] = "Content-Type: text/plain\r\n\r\n";
  const struct {
    const char *before, *block, *after;
    enum coverage covers;
    gboolean encrypted;
    guint children;
  } rows[] = {
    { "", clear, "", COVERS_WHOLE, FALSE, 1 },          { "\r\n\r\n", clear, "\r\n", COVERS_WHOLE, FALSE, 1 },
    { "Fired!\r\n", clear, "", COVERS_PART, FALSE, 2 }, { "", clear, "Fired!\r\n", COVERS_PART, FALSE, 2 },
    { "", secret, "", COVERS_WHOLE, TRUE, 1 },          { "a\r\n", secret, "b\r\n", COVERS_PART, TRUE, 3 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *entity = g_strconcat (head, rows[i].before, rows[i].block, rows[i].after, NULL);
    AUTOFREE (inspection) found = inspect (BOB, entity);
    assert_int_equal (found->verdict.signature.state, SIGNATURE_GOOD);
    assert_int_equal (found->verdict.signature.covers, rows[i].covers);
    assert_int_equal (found->verdict.encryption.decrypted, rows[i].encrypted);
    assert_int_equal (found->root->children->len, rows[i].children);
    assert_true (tree_holds (found->root, "Potassium 4.1"));
    assert_false (tree_holds (found->root, "-----BEGIN PGP"));
  }
}

/* An inner From counts when the signer signed it with an address of his own; else the outer one is shown. */
static void
test_protected_from (void **state)
{
  static const struct {
    const char *signer, *outer, *inner, *shown;
    enum signature_state state;
  } rows[] = {
    { "bob", "list@demo.test", "bob@demo.test", "bob@demo.test", SIGNATURE_GOOD },
    { "bob", "bob@demo.test", "bob@demo.test", "bob@demo.test", SIGNATURE_GOOD },
    { "bob", "list@demo.test", "chief@demo.test", "list@demo.test", SIGNATURE_MISMATCH },
    { NULL, "bob@demo.test", "chief@demo.test", "bob@demo.test", SIGNATURE_NONE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *inner = g_strdup_printf (
        "Content-Type: text/plain; hp=\"cipher\"\r\nFrom: %s\r\nSubject: x\r\n\r\nPotassium\r\n", rows[i].inner);
    g_autofree char *outer = g_strdup_printf ("From: %s\r\n", rows[i].outer);
    g_autofree char *options = rows[i].signer != NULL
                                   ? g_strdup_printf ("-se -u %s@demo.test -r alice@demo.test", rows[i].signer)
                                   : g_strdup ("-e -r alice@demo.test");
    set_part (inner);
    g_autofree char *entity = pgp_encrypted (options);
    AUTOFREE (inspection) found = inspect (outer, entity);
    assert_int_equal (found->from->len, 1);
    assert_string_equal (found->from->pdata[0], rows[i].shown);
    assert_int_equal (found->verdict.signature.state, rows[i].state);
    assert_int_equal (warned (found, "from_differs"), strcmp (rows[i].outer, rows[i].inner) != 0);
  }
}

/* A certificate that no authority vouches for is worth something for the addresses that it was pinned or compared for, and for no
 * other that it names. */
static void
test_pinned_certificate (void **state)
{
  g_free (fixture_run (&fixture,
                       "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 20 -keyout "
                       "lone.key -out lone.crt -subj /CN=Lone -addext "
                       "subjectAltName=email:lone@demo.test,email:chief@demo.test -addext "
                       "keyUsage=critical,digitalSignature,keyAgreement 2>/dev/null"));
  g_autofree char *fingerprint = g_strstrip (
      fixture_run (&fixture, "openssl x509 -in lone.crt -noout -fingerprint -sha256 | sed 's/.*=//' | tr -d ':\n'"));
  g_autofree char *entity = smime_signed ("lone", TRUE);
  AUTOFREE (inspection) before = inspect ("From: lone@demo.test\r\n", entity);
  assert_int_equal (before->verdict.signature.state, SIGNATURE_UNTRUSTED);
  keyring_pin (keyring, "lone@demo.test", (const char *const[]){ fingerprint, NULL });
  AUTOFREE (inspection) lone = inspect ("From: lone@demo.test\r\n", entity);
  assert_int_equal (lone->verdict.signature.state, SIGNATURE_GOOD);
  AUTOFREE (inspection) chief = inspect ("From: chief@demo.test\r\n", entity);
  assert_int_equal (chief->verdict.signature.state, SIGNATURE_UNTRUSTED);
  /* Who compares it is shown both addresses, and compares it for both. */
  AUTOFREE (keyring) other = fixture_keyring (&fixture, "lone");
  fixture_import (&fixture, other, "lone.crt", NULL);
  g_autoptr (GPtrArray) all = keyring_list (other, 0, NULL);
  assert_int_equal (all->len, 2);
  assert_string_equal (((struct key_candidate *) all->pdata[0])->fingerprint, fingerprint);
  assert_true (keyring_trust (other, fingerprint, NULL));
  assert_true (keyring_trusted_for (other, fingerprint, "chief@demo.test"));
}

static void
test_html_bounds (void **state)
{
  GString *html = g_string_new ("Content-Type: text/html\r\n\r\n");
  for (guint i = 0; i < 100000; i++)
    g_string_append (html, "-----BEGIN PGP MESSAGE-----\r\n");
  const gint64 start = g_get_monotonic_time ();
  AUTOFREE (inspection) found = inspect (BOB, html->str);
  assert_int_equal (found->root->children->len, 0);
  assert_true (g_get_monotonic_time () - start < 4 * G_USEC_PER_SEC);
  g_string_free (html, TRUE);
}

static void
test_bounds (void **state)
{
  GString *deep = g_string_new (NULL), *wide = g_string_new ("Content-Type: multipart/mixed; boundary=W\r\n\r\n");
  GString *many = g_string_new ("Content-Type: multipart/mixed; boundary=W\r\n\r\n");
  g_autofree char *one = pgp_signed ("bob", ENTITY);
  for (guint i = 0; i < 300; i++)
    g_string_append_printf (deep, "Content-Type: multipart/mixed; boundary=B%u\r\n\r\n--B%u\r\n", i, i);
  for (guint i = 0; i < 5000; i++)
    g_string_append (wide, "--W\r\n\r\nx\r\n");
  for (guint i = 0; i < 200; i++)
    g_string_append_printf (many, "--W\r\n%s\r\n", one);
  GString *const all[] = { deep, wide, many };
  for (guint i = 0; i < 3; i++) {
    const gint64 start = g_get_monotonic_time ();
    AUTOFREE (inspection) found = inspect (BOB, all[i]->str);
    assert_true (warned (found, "truncated_structure"));
    assert_true (g_get_monotonic_time () - start < 10 * G_USEC_PER_SEC);
    assert_true (found->root->children->len <= INSPECT_PARTS_MAX);
    g_string_free (all[i], TRUE);
  }
}

/* Cut anywhere, and changed anywhere: an answer each time, and never "good" for what was not signed. */
static void
test_hostile_bytes (void **state)
{
  set_part (ENTITY);
  g_autofree char *one = pgp_signed ("bob", ENTITY), *two = pgp_encrypted ("-se -u bob@demo.test -r alice@demo.test"),
                  *three = smime_signed ("carol", TRUE);
  const char *const entities[] = { one, two, three };
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  for (guint i = 0; i < 3; i++) {
    g_autofree char *text = g_strconcat (BOB "MIME-Version: 1.0\r\n", entities[i], NULL);
    const gsize size = strlen (text);
    for (gsize cut = 0; cut <= size; cut++) {
      g_autofree char *copy = g_memdup2 (text, MAX (cut, 1)); /* of this very size, for the checkers of memory */
      g_autoptr (GBytes) bytes = g_bytes_new (copy, cut);
      AUTOFREE (inspection) found = inspect_message (NULL, bytes, 0);
      assert_non_null (found->root);
      assert_false (found->verdict.encryption.decrypted);
      assert_true (found->verdict.signature.state != SIGNATURE_GOOD);
    }
    for (guint n = 0; n < 2000; n++) {
      g_autofree char *copy = g_memdup2 (text, size);
      for (gint k = g_rand_int_range (random, 1, 6); k > 0; k--)
        copy[g_rand_int_range (random, 0, (gint32) size)] = (char) g_rand_int_range (random, 0, 256);
      g_autoptr (GBytes) bytes = g_bytes_new (copy, size);
      AUTOFREE (inspection) found = inspect_message (NULL, bytes, 0);
      assert_true (found->verdict.signature.state != SIGNATURE_GOOD);
    }
    /* With keys: fewer, as each costs a run of gpg. A letter of the signed text changed is never good. */
    for (guint n = 0; i == 0 && n < 14; n++) {
      g_autofree char *copy = g_strdup (text);
      strstr (copy, "Potassium 4.1")[n % 13] ^= 1;
      g_autoptr (GBytes) bytes = g_bytes_new (copy, size);
      AUTOFREE (inspection) found = inspect_message (keyring, bytes, 0);
      assert_int_equal (found->verdict.signature.state, SIGNATURE_BAD);
    }
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_signed),
                                      cmocka_unit_test (test_line_ends_and_changes),
                                      cmocka_unit_test (test_from_tricks),
                                      cmocka_unit_test (test_partial_signatures),
                                      cmocka_unit_test (test_smime_signed),
                                      cmocka_unit_test (test_pgp_encrypted),
                                      cmocka_unit_test (test_encrypted_part_is_framed),
                                      cmocka_unit_test (test_parts_by_others),
                                      cmocka_unit_test (test_encrypted_part_in_encrypted_mail),
                                      cmocka_unit_test (test_smime_encrypted),
                                      cmocka_unit_test (test_bare_text_in_pieces),
                                      cmocka_unit_test (test_inline),
                                      cmocka_unit_test (test_protected_from),
                                      cmocka_unit_test (test_bounds),
                                      cmocka_unit_test (test_pinned_certificate),
                                      cmocka_unit_test (test_html_bounds),
                                      cmocka_unit_test (test_hostile_bytes) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
