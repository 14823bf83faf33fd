/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* S/MIME on its way out: every kind of key signs, what readers announced decides how they are written to, and the openssl program and
 * GnuTLS's certtool read what was made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/pem.h>
#include "mail/net/gate_p.h"
#include "tests/unit/cert_maker.h"
#include "tests/unit/openssl_tool.h"

#define TEXT "Content-Type: text/plain\r\n\r\nBlood type 0 negative.\r\n"

static const struct {
  const char *name;
  int rsa_bits;
  const char *kind;
} people[] = {
  { "rita", 2048, NULL }, { "ron", 2048, NULL },  { "pia", 0, "RSA-PSS" }, { "bob", 0, NULL },
  { "dora", 0, "P-384" }, { "pete", 0, "P-521" }, { "eda", 0, "ED25519" }, { "xena", 0, "X25519" },
};

static struct openssl_tool tool;
static struct maker_cert *certs[G_N_ELEMENTS (people)];
static struct smime_store *ours, *theirs; /* all keys; all certificates */

static const struct maker_cert *
cert_of (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (people); i++)
    if (g_str_equal (people[i].name, name))
      return certs[i];
  fail_msg ("%s", name);
  return NULL;
}

/* Fingerprints of "rita bob". */
static GPtrArray *
readers (const char *names)
{
  GPtrArray *fingerprints = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) each = g_strsplit (names, " ", -1);
  for (guint i = 0; each[i] != NULL; i++)
    g_ptr_array_add (fingerprints, smime_names_fingerprint (cert_of (each[i])->x));
  return fingerprints;
}

/* The newest signature of each of them announced this. */
static void
announced (struct smime_store *store, const char *names, const char *capabilities)
{
  static gint64 time;
  g_autoptr (GPtrArray) fingerprints = readers (names);
  g_auto (GStrv) list = g_strsplit (capabilities, " ", -1);
  time = MAX (time, g_get_real_time () / G_USEC_PER_SEC) + 1;
  for (guint i = 0; i < fingerprints->len; i++)
    smime_capabilities_remember (store, fingerprints->pdata[i], list, time);
}

/* What "openssl cms -cmsout -print" says of this structure. */
static char *
printed (GBytes *cms)
{
  openssl_tool_write (&tool, "made", cms);
  openssl_tool_run (&tool, "cms -cmsout -print -noout -inform DER -in made -out printed");
  g_autoptr (GBytes) text = openssl_tool_read (&tool, "printed");
  gsize size;
  const char *bytes = g_bytes_get_data (text, &size);
  return g_strndup (bytes, size);
}

static void
assert_says (GBytes *cms, const char *want)
{
  g_autofree char *text = printed (cms);
  if (strstr (text, want) == NULL)
    fail_msg ("no %s in %s", want, text);
}

static void
assert_state (GBytes *cms, GBytes *content, enum signature_state want)
{
  struct smime_signature signature;
  g_autoptr (GBytes) got = NULL;
  assert_true (smime_verify (theirs, cms, content, 0, NULL, &signature, &got, NULL));
  if (signature.state != want)
    fail_msg ("%d and not %d: %s", signature.state, want, signature.detail != NULL ? signature.detail : "");
  smime_signature_clear (&signature);
}

static gboolean
certtool (const char *arguments)
{
  g_autofree char *line = g_strconcat ("certtool ", arguments, NULL), *output = NULL, *errors = NULL;
  g_auto (GStrv) argv = NULL;
  int status = -1;
  assert_true (g_shell_parse_argv (line, NULL, &argv, NULL));
  assert_true (g_spawn_sync (tool.dir, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &errors, &status, NULL));
  return g_spawn_check_wait_status (status, NULL);
}

/* Detached, as a copy for these readers. */
static GBytes *
sign_for (const char *address, const char *names, GBytes *text, const char **micalg_out)
{
  g_autoptr (GPtrArray) whom = readers (names);
  g_autoptr (GError) error = NULL;
  struct pieces *pieces = pieces_new ();
  pieces_add (pieces, text);
  GBytes *cms = smime_sign_pieces (ours, address, whom, pieces, 0, micalg_out, &error);
  pieces_free (pieces);
  if (cms == NULL)
    fail_msg ("%s: %s", address, error->message);
  return cms;
}

static void
test_sign (void **state)
{
  static const struct {
    const char *name, *micalg, *algorithm;
  } cases[] = {
    { "rita", "sha-256", "algorithm: rsaEncryption" }, { "pia", "sha-256", "algorithm: rsassaPss" },
    { "bob", "sha-256", "ecdsa-with-SHA256" },         { "dora", "sha-384", "ecdsa-with-SHA384" },
    { "pete", "sha-512", "ecdsa-with-SHA512" },        { "eda", "sha-512", "algorithm: ED25519" },
  };
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, strlen (TEXT));
  openssl_tool_write (&tool, "text", text);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *address = g_strconcat (cases[i].name, "@example.test", NULL);
    g_autoptr (GError) error = NULL;
    const char *micalg = NULL;
    g_autoptr (GBytes) detached = sign_for (address, "ron", text, &micalg);
    g_autoptr (GBytes) opaque = smime_sign (ours, address, text, FALSE, 0, &error);
    if (opaque == NULL)
      fail_msg ("%s: %s", cases[i].name, error->message);
    assert_string_equal (micalg, cases[i].micalg);
    assert_state (detached, text, SIGNATURE_GOOD);
    assert_state (opaque, NULL, SIGNATURE_GOOD);
    assert_says (opaque, cases[i].algorithm);
    assert_says (detached, cases[i].algorithm);
    if (g_str_equal (cases[i].name, "eda")) {
      openssl_tool_run (&tool, "pkcs7 -inform DER -in made -out made.pem");
      assert_true (certtool ("--p7-verify --load-ca-certificate root.crt --load-data text --infile made.pem"));
      assert_false (certtool ("--p7-verify --load-ca-certificate root.crt --load-data root.crt --infile made.pem"));
      openssl_tool_write (&tool, "opaque", opaque);
      assert_true (certtool ("--p7-verify --load-ca-certificate root.crt --inder --infile opaque"));
    } else {
      openssl_tool_run (&tool, "cms -verify -inform DER -in made -content text -CAfile root.crt -binary -out back");
    }
  }
}

/* By PSS where every reader announced it, and where nobody is left out of it. */
static void
test_pss (void **state)
{
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, strlen (TEXT));
  static const struct {
    const char *readers;
    gboolean pss;
  } cases[] = { { "bob dora", TRUE }, { "bob rita", TRUE }, { "bob pete", FALSE }, { "ron", FALSE } };
  announced (ours, "bob dora", "AES-256-GCM RSASSA-PSS");
  announced (ours, "pete", "AES-256-GCM");
  announced (ours, "ron", "RSAES-OAEP");
  openssl_tool_write (&tool, "text", text);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const char *micalg = NULL;
    g_autoptr (GBytes) cms = sign_for ("rita@example.test", cases[i].readers, text, &micalg);
    assert_says (cms, cases[i].pss ? "algorithm: rsassaPss" : "algorithm: rsaEncryption");
    openssl_tool_run (&tool, "cms -verify -inform DER -in made -content text -CAfile root.crt -binary -out back");
    assert_state (cms, text, SIGNATURE_GOOD);
  }
}

/* What certtool signs, with and without attributes, and what becomes of it when it is touched; beside another signer too. */
static void
test_eddsa (void **state)
{
  static const char *const ways[]
      = { "--p7-sign", "--p7-time --p7-sign", "--p7-detached-sign", "--p7-time --p7-detached-sign" };
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, strlen (TEXT)),
                     other = g_bytes_new_static (TEXT, strlen (TEXT) - 1);
  openssl_tool_write (&tool, "text", text);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
    g_autofree char *arguments = g_strdup_printf (
        "%s --load-certificate eda.crt --load-privkey eda.key --infile text --outder --outfile theirs", ways[i]);
    assert_true (certtool (arguments));
    g_autoptr (GBytes) cms = openssl_tool_read (&tool, "theirs");
    GBytes *content = strstr (ways[i], "detached") != NULL ? text : NULL;
    assert_state (cms, content, SIGNATURE_GOOD);
    if (content != NULL)
      assert_state (cms, other, SIGNATURE_BAD);
    gsize size;
    const guchar *bytes = g_bytes_get_data (cms, &size);
    guchar *copy = g_memdup2 (bytes, size);
    copy[size - 8] ^= 1;
    g_autoptr (GBytes) changed = g_bytes_new_take (copy, size);
    assert_state (changed, content, SIGNATURE_BAD);
  }
  g_autoptr (GBytes) opaque = smime_sign (ours, "eda@example.test", text, FALSE, 0, NULL);
  openssl_tool_write (&tool, "one", opaque);
  openssl_tool_run (
      &tool,
      "cms -resign -inform DER -in one -signer bob.crt -inkey bob.key -md sha512 -outform DER -out both -nodetach");
  g_autoptr (GBytes) both = openssl_tool_read (&tool, "both");
  assert_state (both, NULL, SIGNATURE_GOOD);
  gsize size;
  const guchar *bytes = g_bytes_get_data (both, &size);
  const guchar *at = memmem (bytes, size, "Blood", 5);
  assert_non_null (at);
  guchar *copy = g_memdup2 (bytes, size);
  copy[at - bytes] ^= 1;
  g_autoptr (GBytes) changed = g_bytes_new_take (copy, size);
  assert_state (changed, NULL, SIGNATURE_BAD);
}

static void
assert_opens (GBytes *cms, const char *name)
{
  openssl_tool_write (&tool, "made", cms);
  openssl_tool_run (&tool, "cms -decrypt -inform DER -in made -recip %s.crt -inkey %s.key -out back -binary", name,
                    name);
  g_autoptr (GBytes) back = openssl_tool_read (&tool, "back");
  assert_memory_equal (g_bytes_get_data (back, NULL), TEXT, strlen (TEXT));
  struct smime_decryption how;
  g_autoptr (GBytes) content = smime_decrypt (ours, cms, 0, &how, NULL);
  assert_non_null (content);
  g_free (how.cipher);
}

/* One who did not announce GCM makes it CBC for all; each one's key is wrapped as he announced it. */
static void
test_encrypt (void **state)
{
  static const struct {
    const char *readers, *says;
    gboolean gcm;
  } cases[] = {
    { "bob", "aes-256-cbc", FALSE }, /* nothing known */
    { "rita", "rsaEncryption", FALSE },
    { "pete", "dhSinglePass-stdDH-sha256kdf-scheme", TRUE }, /* announced GCM */
    { "pete dora", "id-aes256-wrap", TRUE },
    { "pete bob", "aes-256-cbc", FALSE },
    { "ron", "rsaesOaep", TRUE }, /* GCM and OAEP with SHA-1 */
    { "ron pete dora", "aes-256-gcm", TRUE },
    { "ron rita", "rsaesOaep", FALSE },
    { "ron rita", "rsaEncryption", FALSE },
  };
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, strlen (TEXT));
  announced (theirs, "pete dora", "AES-256-GCM AES-256-CBC");
  announced (theirs, "ron", "RSAES-OAEP AES-256-GCM");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GPtrArray) whom = readers (cases[i].readers), ids = g_ptr_array_new_with_free_func (g_free),
                          found = g_ptr_array_new_with_free_func (g_free);
    g_autoptr (GBytes) cms = smime_encrypt (theirs, whom, text, ids, NULL);
    assert_int_equal (smime_kind (cms), cases[i].gcm ? SMIME_AUTH_ENVELOPED : SMIME_ENVELOPED);
    assert_says (cms, cases[i].says);
    g_auto (GStrv) each = g_strsplit (cases[i].readers, " ", -1);
    for (guint k = 0; each[k] != NULL; k++)
      assert_opens (cms, each[k]);
    gsize size;
    const guint8 *der = g_bytes_get_data (cms, &size);
    assert_true (gate_cms_recipients ((struct gate_span){ .at = der, .size = size }, cases[i].gcm, found, NULL));
    assert_int_equal (found->len, ids->len);
  }
  /* OAEP with SHA-256, which the gate takes for what it is. */
  announced (theirs, "ron", "RSAES-OAEP-SHA256 RSAES-OAEP");
  g_autoptr (GPtrArray) whom = readers ("ron"), found = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GBytes) cms = smime_encrypt (theirs, whom, text, NULL, NULL);
  assert_says (cms, ":sha256");
  assert_opens (cms, "ron");
  gsize size;
  const guint8 *der = g_bytes_get_data (cms, &size);
  assert_true (gate_cms_recipients ((struct gate_span){ .at = der, .size = size }, FALSE, found, NULL));
}

/* Our own certificates count as what is done here, unless the user signed elsewhere with one. */
static void
test_own (void **state)
{
  g_autoptr (GPtrArray) rita = readers ("rita"), both = readers ("rita pete"), bob = readers ("bob");
  announced (ours, "pete", "AES-256-GCM");
  assert_true (smime_choice_all (ours, rita).gcm);
  assert_int_equal (smime_choice_for (ours, rita->pdata[0]).padding, SMIME_PADDING_OAEP_SHA256);
  assert_true (smime_choice_all (ours, both).gcm);
  assert_false (smime_choice_all (ours, NULL).gcm);
  announced (ours, "rita", "AES-256-CBC RSAES-OAEP");
  assert_false (smime_choice_all (ours, both).gcm);
  assert_int_equal (smime_choice_for (ours, rita->pdata[0]).padding, SMIME_PADDING_OAEP);
  announced (ours, "rita", "AES-256-GCM RSASSA-PSS");
}

/* Certificates that can only sign, or not even that. */
static void
test_no_encryption (void **state)
{
  static const struct {
    const char *name, *detail;
    enum key_fault fault;
  } cases[] = { { "eda", NULL, KEY_FAULT_USAGE },
                { "pia", NULL, KEY_FAULT_USAGE },
                { "xena", "has a key of a kind (X25519) that cannot be used here", KEY_FAULT_BROKEN } };
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, strlen (TEXT));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GPtrArray) whom = readers (cases[i].name);
    g_autofree char *address = g_strconcat (cases[i].name, "@example.test", NULL);
    g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
    assert_null (smime_encrypt (theirs, whom, text, NULL, NULL));
    assert_true (smime_store_find (theirs, address, 0, found, NULL));
    const struct key_candidate *key = found->pdata[0];
    assert_int_equal (key->fault, cases[i].fault);
    if (cases[i].detail != NULL)
      assert_string_equal (key->detail, cases[i].detail);
  }
}

static void
take (struct smime_store *store, const char *file)
{
  g_autoptr (GBytes) blob = openssl_tool_read (&tool, file);
  g_autoptr (GError) error = NULL;
  gboolean recognised = FALSE;
  if (!smime_store_import (store, blob, NULL, NULL, &recognised, &error))
    fail_msg ("%s: %s", file, error->message);
}

static void
write_pem (const struct maker_cert *cert, const char *name)
{
  g_autofree char *certificate = g_strdup_printf ("%s/%s.crt", tool.dir, name);
  g_autofree char *key = g_strdup_printf ("%s/%s.key", tool.dir, name);
  BIO *file = BIO_new_file (certificate, "w");
  assert_int_equal (PEM_write_bio_X509 (file, cert->x), 1);
  BIO_free (file);
  file = BIO_new_file (key, "w");
  assert_int_equal (PEM_write_bio_PrivateKey (file, cert->key, NULL, NULL, 0, NULL, NULL), 1);
  BIO_free (file);
}

static int
make_world (void **state)
{
  guint added = 0;
  openssl_tool_init (&tool);
  g_autofree char *one = openssl_tool_path (&tool, "ours"), *other = openssl_tool_path (&tool, "theirs-keys");
  ours = smime_store_open (one, NULL);
  theirs = smime_store_open (other, NULL);
  struct maker_cert *root = maker_issue (&(struct maker_spec){ .name = "Root", .text = maker_authority });
  g_autoptr (GBytes) anchor = maker_der (root);
  assert_true (smime_store_add_anchor (ours, anchor, &added, NULL));
  assert_true (smime_store_add_anchor (theirs, anchor, &added, NULL));
  write_pem (root, "root");
  for (guint i = 0; i < G_N_ELEMENTS (people); i++) {
    g_autofree char *text = g_strdup_printf ("%ssubjectAltName=email:%s@example.test\n", maker_mail, people[i].name);
    g_autofree char *certificate = g_strconcat (people[i].name, ".crt", NULL);
    g_autofree char *key = g_strconcat (people[i].name, ".key", NULL);
    certs[i] = maker_issue (&(struct maker_spec){
        .name = people[i].name, .issuer = root, .text = text, .rsa_bits = people[i].rsa_bits, .kind = people[i].kind });
    write_pem (certs[i], people[i].name);
    take (ours, certificate);
    take (theirs, certificate);
    take (ours, key);
  }
  maker_cert_free (root);
  return 0;
}

static int
remove_world (void **state)
{
  for (guint i = 0; i < G_N_ELEMENTS (people); i++)
    maker_cert_free (certs[i]);
  smime_store_free (ours);
  smime_store_free (theirs);
  openssl_tool_clear (&tool);
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_encrypt), cmocka_unit_test (test_own), cmocka_unit_test (test_no_encryption),
    cmocka_unit_test (test_sign),    cmocka_unit_test (test_pss), cmocka_unit_test (test_eddsa),
  };
  return cmocka_run_group_tests_name ("smime_out", tests, make_world, remove_world);
}
