/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The certificate folder: every format goes in, whole or not at all; keys and certificates find each other; names, chains and
 * faults are judged strictly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include "crypto/smime/smime_p.h"
#include "tests/unit/smime_world.h"

#define DAY (24 * 3600)

static struct openssl_tool tool;

static GPtrArray *
candidates_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
}

/* The one candidate for an address; NULL if there is none. */
static struct key_candidate *
find_at (struct smime_store *store, const char *address, gint64 at)
{
  g_autoptr (GPtrArray) candidates = candidates_new ();
  assert_true (smime_store_find (store, address, at, candidates, NULL));
  assert_true (candidates->len <= 1);
  return candidates->len == 1 ? g_ptr_array_steal_index (candidates, 0) : NULL;
}

static gboolean
import (struct smime_store *store, const char *file, const char *passphrase, GPtrArray *candidates,
        gboolean *recognised, GError **error)
{
  g_autoptr (GBytes) blob = openssl_tool_read (&tool, file);
  AUTOFREE (secret) secret = passphrase != NULL ? secret_new (passphrase, strlen (passphrase)) : NULL;
  return smime_store_import (store, blob, secret, candidates, recognised, error);
}

static struct smime_store *
fresh (const char *name)
{
  return smime_world_store (&tool, name, NULL);
}

/* Each file alone makes alice@ (or bob@) an own key. */
static void
test_import_formats (void **state)
{
  static const struct {
    const char *make, *file, *passphrase;
  } cases[] = {
    { "pkcs12 -export -in alice.crt -inkey alice.key -passout pass:s3 -out new.p12", "new.p12", "s3" },
    { "pkcs12 -export -legacy -in alice.crt -inkey alice.key -passout pass:s3 -out old.p12", "old.p12", "s3" },
    { "pkcs12 -export -in alice.crt -inkey alice.key -passout pass: -out empty.p12", "empty.p12", "" },
    { "pkcs12 -export -in alice.crt -inkey alice.key -passout pass: -out none.p12", "none.p12", NULL },
    { "pkcs12 -export -in alice.crt -inkey alice.key -certfile ca.crt -passout pass:gr\xc3\xbc\xc3\x9f -out utf8.p12",
      "utf8.p12", "gr\xc3\xbc\xc3\x9f" },
    { "pkcs12 -export -in bob.crt -inkey bob.key -passout pass:s3 -out ec.p12", "ec.p12", "s3" },
    { "pkcs12 -in new.p12 -passin pass:s3 -passout pass:s4 -out bag.pem", "bag.pem",
      "s4" }, /* with "Bag Attributes" between */
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GPtrArray) candidates = candidates_new ();
    g_autoptr (GError) error = NULL;
    g_autofree char *dir = g_strdup_printf ("formats-%u", i);
    gboolean recognised = FALSE;
    struct smime_store *store = fresh (dir);
    openssl_tool_run (&tool, "%s", cases[i].make);
    if (!import (store, cases[i].file, cases[i].passphrase, candidates, &recognised, &error))
      fail_msg ("%s: %s", cases[i].file, error->message);
    assert_true (recognised);
    gboolean own = FALSE;
    for (guint k = 0; k < candidates->len; k++)
      own = own || ((struct key_candidate *) candidates->pdata[k])->own;
    assert_true (own);
    smime_store_free (store);
  }
}

/* A key alone, in every coat, for a certificate that is there already. */
static void
test_import_keys (void **state)
{
  static const struct {
    const char *name, *make, *passphrase;
  } cases[] = {
    { "alice", "pkey -in alice.key -out k", NULL },
    { "alice", "pkey -in alice.key -outform DER -out k", NULL },
    { "alice", "rsa -in alice.key -traditional -out k", NULL },
    { "alice", "rsa -in alice.key -traditional -outform DER -out k", NULL },
    { "alice", "rsa -in alice.key -traditional -aes128 -passout pass:s3 -out k", "s3" },
    { "alice", "rsa -in alice.key -traditional -des3 -passout pass:s3 -out k", "s3" },
    { "alice", "pkcs8 -topk8 -in alice.key -v2 aes256 -passout pass:s3 -out k", "s3" },
    { "alice", "pkcs8 -topk8 -in alice.key -outform DER -passout pass:s3 -out k", "s3" },
    { "alice",
      "pkcs8 -topk8 -in alice.key -v1 PBE-SHA1-RC2-40 -provider legacy -provider default -passout pass:s3 -out k",
      "s3" },
    { "bob", "pkey -in bob.key -out k", NULL },
    { "bob", "ec -in bob.key -out k", NULL },
    { "bob", "ec -in bob.key -outform DER -out k", NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GPtrArray) candidates = candidates_new ();
    g_autoptr (GError) error = NULL;
    g_autofree char *dir = g_strdup_printf ("keys-%u", i), *certificate = g_strconcat (cases[i].name, ".crt", NULL);
    g_autofree char *fingerprint = smime_world_fingerprint (&tool, cases[i].name);
    gboolean recognised = FALSE;
    struct smime_store *store = fresh (dir);
    smime_world_import (store, &tool, certificate, NULL);
    openssl_tool_run (&tool, "%s", cases[i].make);
    if (!import (store, "k", cases[i].passphrase, candidates, &recognised, &error))
      fail_msg ("%s: %s", cases[i].make, error->message);
    assert_true (recognised);
    assert_int_equal (candidates->len, 1);
    struct key_candidate *key = candidates->pdata[0];
    assert_true (key->own);
    assert_string_equal (key->fingerprint, fingerprint);
    if (cases[i].passphrase != NULL) {
      static const char *const wrong[] = { NULL, "", "other" };
      g_autofree char *empty_dir = g_strdup_printf ("keys-wrong-%u", i);
      struct smime_store *empty = fresh (empty_dir);
      for (guint k = 0; k < G_N_ELEMENTS (wrong); k++) {
        g_clear_error (&error);
        assert_false (import (empty, "k", wrong[k], NULL, &recognised, &error));
        assert_true (recognised);
        assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_PASSPHRASE));
      }
      smime_store_free (empty);
    }
    smime_store_free (store);
  }
}

static void
test_import_certificates (void **state)
{
  static const char *const makes[] = {
    "x509 -in carol.crt -out c",
    "x509 -in carol.crt -outform DER -out c",
    "x509 -in carol.crt -text -out c",
    "x509 -in carol.crt -trustout -out c",
    "crl2pkcs7 -nocrl -certfile carol.crt -certfile middle.crt -out c",
    "crl2pkcs7 -nocrl -certfile carol.crt -outform DER -out c",
  };
  for (guint i = 0; i < G_N_ELEMENTS (makes); i++) {
    g_autofree char *dir = g_strdup_printf ("certificates-%u", i);
    struct smime_store *store = fresh (dir);
    openssl_tool_run (&tool, "%s", makes[i]);
    smime_world_import (store, &tool, "c", NULL);
    AUTOFREE (key_candidate) key = find_at (store, "carol@EXAMPLE.test", 0);
    assert_non_null (key);
    assert_false (key->own);
    assert_int_equal (key->trust, KEY_TRUST_CHAIN);
    assert_int_equal (key->fault, KEY_FAULT_NONE);
    smime_store_free (store);
  }
}

/* Key and certificate in either order, one by one; the folder read anew; settled once at the end. */
static void
test_import_order (void **state)
{
  static const char *const files[2][2] = { { "alice.key", "alice.crt" }, { "alice.crt", "alice.key" } };
  for (guint order = 0; order < 2; order++) {
    g_autofree char *name = g_strdup_printf ("order-%u", order), *dir = openssl_tool_path (&tool, name);
    g_autoptr (GPtrArray) candidates = candidates_new ();
    gboolean recognised;
    struct smime_store *store = fresh (name);
    assert_true (import (store, files[order][0], NULL, candidates, &recognised, NULL));
    assert_int_equal (candidates->len, order); /* a key alone is nobody yet */
    assert_true (import (store, files[order][1], NULL, candidates, &recognised, NULL));
    assert_true (smime_store_settle (store, candidates, NULL));
    assert_int_equal (candidates->len, 1);
    assert_true (((struct key_candidate *) candidates->pdata[0])->own);
    smime_store_free (store);
    store = smime_store_open (dir, NULL);
    AUTOFREE (key_candidate) key = find_at (store, "alice@example.test", 0);
    assert_true (key->own);
    smime_store_free (store);
  }
}

/* One PKCS#12 with a pair to sign and a pair to encrypt: both are taken, each used for its purpose. */
static void
test_two_pairs (void **state)
{
  openssl_tool_issue (&tool, "pair-sign", "ca", "rsa", 20, "/CN=Pair",
                      "keyUsage=critical,digitalSignature\nsubjectAltName=email:pair@example.test\n", NULL);
  openssl_tool_issue (&tool, "pair-encrypt", "ca", "rsa", 20, "/CN=Pair",
                      "keyUsage=critical,keyEncipherment\nsubjectAltName=email:pair@example.test\n", NULL);
  struct smime_store *store = smime_world_store (&tool, "two-pairs", "pair-sign", NULL);
  assert_null (smime_own (store, "pair@example.test", 0)); /* nothing to keep a copy for himself with */
  smime_world_import (store, &tool, "pair-encrypt.crt", NULL);
  smime_world_import (store, &tool, "pair-encrypt.key", NULL);
  g_autofree char *own = smime_own (store, "pair@example.test", 0),
                  *want = smime_world_fingerprint (&tool, "pair-encrypt");
  assert_string_equal (own, want);
  g_autoptr (GBytes) text = g_bytes_new_static ("x", 1);
  g_autoptr (GBytes) cms = smime_sign (store, "pair@example.test", text, FALSE, 0, NULL);
  openssl_tool_write (&tool, "pair.p7", cms);
  openssl_tool_run (&tool, "cms -verify -inform DER -in pair.p7 -CAfile ca.crt -signer who -out back");
  openssl_tool_run (&tool, "x509 -in who -out who.crt");
  g_autofree char *signer = smime_world_fingerprint (&tool, "who"),
                  *want_signer = smime_world_fingerprint (&tool, "pair-sign");
  assert_string_equal (signer, want_signer);
  smime_store_free (store);
}

/* A key that allows no digest but SHA-1 cannot sign anything that counts. */
static void
test_only_sha1 (void **state)
{
  openssl_tool_issue (&tool, "old", "ca", "pss-sha1", 20, "/CN=Old",
                      "keyUsage=critical,digitalSignature\nsubjectAltName=email:old@example.test\n", NULL);
  struct smime_store *store = smime_world_store (&tool, "only-sha1", "old", NULL);
  assert_non_null (smime_own_entry (store, "old@example.test", 0, FALSE));
  g_autoptr (GBytes) text = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) cms = smime_sign (store, "old@example.test", text, TRUE, 0, &error);
  assert_null (cms);
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED));
  smime_store_free (store);
}

/* A file with one broken part changes nothing; a file that is not ours is not touched. */
static void
test_import_refused (void **state)
{
  static const char *const foreign[]
      = { "",
          "Hello",
          "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n",
          "\x99\x01\x0d\x04",
          "0\x03\x02\x01\x05",
          "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n" };
  struct smime_store *store = fresh ("refused");
  gboolean recognised;
  for (guint i = 0; i < G_N_ELEMENTS (foreign); i++) {
    g_autoptr (GBytes) blob = g_bytes_new_static (foreign[i], strlen (foreign[i]));
    assert_true (smime_store_import (store, blob, NULL, NULL, &recognised, NULL));
    assert_false (recognised);
  }
  g_autoptr (GBytes) good = openssl_tool_read (&tool, "alice.crt");
  gsize size;
  const char *text = g_bytes_get_data (good, &size);
  g_autofree char *broken
      = g_strdup_printf ("%.*s-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", (int) size, text);
  g_autofree char *cut = g_strdup_printf ("%.*s%.*s", (int) size, text, (int) size - 40, text);
  const char *bad[] = { broken, cut };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) blob = g_bytes_new (bad[i], strlen (bad[i]));
    assert_false (smime_store_import (store, blob, NULL, NULL, &recognised, &error));
    assert_true (recognised);
    assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT));
    assert_null (find_at (store, "alice@example.test", 0));
  }
  openssl_tool_run (&tool, "pkcs12 -export -in alice.crt -inkey alice.key -passout pass:s3 -out wrong.p12");
  g_autoptr (GError) error = NULL;
  assert_false (import (store, "wrong.p12", "s4", NULL, &recognised, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_PASSPHRASE));
  assert_null (find_at (store, "alice@example.test", 0));
  smime_store_free (store);
}

/* The public half of a key by that of one of ours and the private half of another one: anybody can make such a file. */
static void
make_patchwork (const char *ours, const char *other, const char *file)
{
  static const struct {
    const char *name;
    gboolean ours;
  } numbers[] = {
    { OSSL_PKEY_PARAM_RSA_N, TRUE },          { OSSL_PKEY_PARAM_RSA_E, TRUE },
    { OSSL_PKEY_PARAM_RSA_D, FALSE },         { OSSL_PKEY_PARAM_RSA_FACTOR1, FALSE },
    { OSSL_PKEY_PARAM_RSA_FACTOR2, FALSE },   { OSSL_PKEY_PARAM_RSA_EXPONENT1, FALSE },
    { OSSL_PKEY_PARAM_RSA_EXPONENT2, FALSE }, { OSSL_PKEY_PARAM_RSA_COEFFICIENT1, FALSE },
    { OSSL_PKEY_PARAM_PRIV_KEY, FALSE },
  };
  g_autofree char *our_path = openssl_tool_path (&tool, ours), *other_path = openssl_tool_path (&tool, other);
  BIO *our_file = BIO_new_file (our_path, "r"), *other_file = BIO_new_file (other_path, "r");
  EVP_PKEY *our_key = PEM_read_bio_PrivateKey (our_file, NULL, NULL, NULL),
           *other_key = PEM_read_bio_PrivateKey (other_file, NULL, NULL, NULL), *made = NULL;
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new ();
  BIGNUM *taken[G_N_ELEMENTS (numbers)] = { NULL };
  char curve[64];
  guchar point[256];
  size_t size = 0;
  const gboolean ec = EVP_PKEY_get_group_name (our_key, curve, sizeof curve, &size) == 1;
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (EVP_PKEY_get_bn_param (numbers[i].ours ? our_key : other_key, numbers[i].name, &taken[i]) == 1)
      assert_int_equal (OSSL_PARAM_BLD_push_BN (builder, numbers[i].name, taken[i]), 1);
  if (ec) {
    assert_int_equal (EVP_PKEY_get_octet_string_param (our_key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &size),
                      1);
    assert_int_equal (OSSL_PARAM_BLD_push_utf8_string (builder, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0), 1);
    assert_int_equal (OSSL_PARAM_BLD_push_octet_string (builder, OSSL_PKEY_PARAM_PUB_KEY, point, size), 1);
  }
  OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param (builder);
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name (NULL, ec ? "EC" : "RSA", NULL);
  assert_int_equal (EVP_PKEY_fromdata_init (context), 1);
  assert_int_equal (EVP_PKEY_fromdata (context, &made, EVP_PKEY_KEYPAIR, parameters), 1);
  assert_int_equal (EVP_PKEY_eq (made, our_key), 1);
  guchar *der = NULL;
  const int der_size = i2d_PrivateKey (made, &der);
  assert_true (der_size > 0);
  g_autoptr (GBytes) bytes = g_bytes_new (der, (gsize) der_size);
  openssl_tool_write (&tool, file, bytes);
  OPENSSL_free (der);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    BN_free (taken[i]);
  EVP_PKEY_CTX_free (context);
  OSSL_PARAM_free (parameters);
  OSSL_PARAM_BLD_free (builder);
  EVP_PKEY_free (made);
  EVP_PKEY_free (our_key);
  EVP_PKEY_free (other_key);
  BIO_free (our_file);
  BIO_free (other_file);
}

/* Keys are filed by their public halves, which everybody knows: what only says that it is ours must not take the place of ours. */
static void
test_import_patchwork (void **state)
{
  static const struct {
    const char *name, *kind;
  } people[] = { { "alice", "RSA -pkeyopt rsa_keygen_bits:2048" }, { "bob", "EC -pkeyopt ec_paramgen_curve:P-256" } };
  for (guint i = 0; i < G_N_ELEMENTS (people); i++) {
    g_autofree char *dir = g_strdup_printf ("patchwork-%u", i), *own = g_strconcat (people[i].name, ".key", NULL);
    g_autofree char *fingerprint = smime_world_fingerprint (&tool, people[i].name);
    g_autoptr (GError) error = NULL;
    gboolean recognised;
    struct smime_store *store = smime_world_store (&tool, dir, people[i].name, NULL);
    g_autofree char *path = smime_key_path (store, smime_store_entry (store, fingerprint));
    g_autofree char *before = NULL, *after = NULL;
    gsize size_before = 0, size_after = 0;
    assert_true (g_file_get_contents (path, &before, &size_before, NULL));
    openssl_tool_run (&tool, "genpkey -algorithm %s -out stranger.key", people[i].kind);
    make_patchwork (own, "stranger.key", "patchwork");
    assert_false (import (store, "patchwork", NULL, NULL, &recognised, &error));
    assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT));
    assert_true (g_file_get_contents (path, &after, &size_after, NULL));
    assert_int_equal (size_after, size_before);
    assert_memory_equal (after, before, size_before);
    smime_store_free (store);
  }
}

/* Every prefix of every kind of file is refused or nothing; what is stored is only ours to read. */
static void
test_import_cut (void **state)
{
  static const char *const files[] = { "alice.der", "cut.p12", "k.der" };
  openssl_tool_run (&tool, "x509 -in alice.crt -outform DER -out alice.der");
  openssl_tool_run (&tool, "pkcs12 -export -in alice.crt -inkey alice.key -passout pass: -out cut.p12 -iter 1");
  openssl_tool_run (&tool, "pkey -in alice.key -outform DER -out k.der");
  struct smime_store *store = fresh ("cut");
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autoptr (GBytes) whole = openssl_tool_read (&tool, files[i]);
    for (gsize size = 1; size < g_bytes_get_size (whole); size += 37) {
      g_autoptr (GBytes) blob = g_bytes_new_from_bytes (whole, 0, size);
      gboolean recognised;
      assert_false (smime_store_import (store, blob, NULL, NULL, &recognised, NULL) && recognised);
    }
  }
  assert_null (find_at (store, "alice@example.test", 0));
  smime_store_free (store);
}

/* A disk that is full in the middle leaves nothing behind. The second file's place is taken by a folder, which no rename replaces. */
static void
test_import_rollback (void **state)
{
  struct smime_store *store = fresh ("rollback");
  g_autoptr (GBytes) key = openssl_tool_read (&tool, "alice.key"), certificate = openssl_tool_read (&tool, "alice.crt");
  g_autofree char *both
      = g_strdup_printf ("%.*s%.*s", (int) g_bytes_get_size (key), (const char *) g_bytes_get_data (key, NULL),
                         (int) g_bytes_get_size (certificate), (const char *) g_bytes_get_data (certificate, NULL));
  g_autofree char *fingerprint = smime_world_fingerprint (&tool, "alice");
  g_autofree char *blocked = g_strdup_printf ("%s/rollback/smime/%s.crt", tool.dir, fingerprint);
  g_autofree char *inside = g_build_filename (blocked, "x", NULL), *path = openssl_tool_path (&tool, "rollback/smime");
  g_autoptr (GBytes) blob = g_bytes_new (both, strlen (both));
  g_autoptr (GError) error = NULL;
  gboolean recognised;
  assert_int_equal (g_mkdir_with_parents (inside, 0700), 0);
  assert_false (smime_store_import (store, blob, NULL, NULL, &recognised, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED));
  GDir *dir = g_dir_open (path, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name (dir)) != NULL)
    assert_false (g_str_has_suffix (name, ".key"));
  g_dir_close (dir);
  smime_store_free (store);
}

static void
test_files (void **state)
{
  struct smime_store *store = smime_world_store (&tool, "files", "alice", NULL);
  g_autofree char *path = openssl_tool_path (&tool, "files/smime"),
                  *fingerprint = smime_world_fingerprint (&tool, "alice");
  g_autofree char *certificate = g_strdup_printf ("%s/%s.crt", path, fingerprint);
  assert_true (g_file_test (certificate, G_FILE_TEST_EXISTS));
  GDir *dir = g_dir_open (path, 0, NULL);
  const char *name;
  guint files = 0;
  while ((name = g_dir_read_name (dir)) != NULL) {
    GStatBuf status;
    g_autofree char *file = g_build_filename (path, name, NULL);
    assert_int_equal (g_stat (file, &status), 0);
    assert_int_equal (status.st_mode & 0777, 0600);
    files++;
  }
  g_dir_close (dir);
  assert_int_equal (files, 2);
  smime_store_free (store);
  /* A damaged file costs that key, not the keyring. */
  assert_true (g_file_set_contents (certificate, "junk", 4, NULL));
  g_autofree char *keys = openssl_tool_path (&tool, "files");
  store = smime_store_open (keys, NULL);
  assert_non_null (store);
  assert_null (find_at (store, "alice@example.test", 0));
  smime_store_free (store);
}

static void
test_faults (void **state)
{
  static const struct {
    const char *name;
    gint64 days;
    enum key_fault fault;
    enum key_trust trust;
  } cases[] = {
    { "alice", 0, KEY_FAULT_NONE, KEY_TRUST_CHAIN },          { "bob", 0, KEY_FAULT_NONE, KEY_TRUST_CHAIN },
    { "erin", 0, KEY_FAULT_NONE, KEY_TRUST_CHAIN },           { "alice", 25, KEY_FAULT_EXPIRED, KEY_TRUST_FIRST_SEEN },
    { "alice", -5, KEY_FAULT_NOT_YET, KEY_TRUST_FIRST_SEEN }, { "mallory", 0, KEY_FAULT_NONE, KEY_TRUST_FIRST_SEEN },
    { "lone", 0, KEY_FAULT_NONE, KEY_TRUST_FIRST_SEEN },      { "weak", 0, KEY_FAULT_WEAK, KEY_TRUST_FIRST_SEEN },
    { "web", 0, KEY_FAULT_USAGE, KEY_TRUST_FIRST_SEEN },      { "signonly", 0, KEY_FAULT_USAGE, KEY_TRUST_CHAIN },
    { "sha1", 0, KEY_FAULT_WEAK, KEY_TRUST_FIRST_SEEN },      { "ed", 0, KEY_FAULT_USAGE, KEY_TRUST_CHAIN },
  };
  openssl_tool_issue (&tool, "sha1", "ca", "ec", 20, "/CN=Old", MAIL_USAGE "subjectAltName=email:sha1@example.test\n",
                      "-sha1");
  openssl_tool_issue (&tool, "ed", "ca", "ed25519", 20, "/CN=Ed", "subjectAltName=email:ed@example.test\n", NULL);
  struct smime_store *store = smime_world_store (&tool, "faults", "alice", "+bob", "+erin", "+middle", "+mallory",
                                                 "+lone", "+weak", "+web", "+signonly", "+sha1", "+ed", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *address = g_strdup_printf ("%s@example.test", cases[i].name);
    gint64 at = cases[i].days != 0 ? g_get_real_time () / G_USEC_PER_SEC + cases[i].days * DAY : 0;
    AUTOFREE (key_candidate) key = find_at (store, address, at);
    assert_non_null (key);
    if (key->fault != cases[i].fault || key->trust != cases[i].trust)
      fail_msg ("%s: fault %d, trust %d", cases[i].name, key->fault, key->trust);
    assert_int_equal (key->own, g_str_equal (cases[i].name, "alice"));
    assert_string_equal (key->source, key->own ? "own" : "imported");
    assert_string_equal (key->address, address);
    assert_true (key->expires > 0);
  }
  g_autoptr (GPtrArray) all = candidates_new ();
  assert_true (smime_store_find (store, NULL, 0, all, NULL));
  assert_int_equal (all->len, 11); /* the intermediate authority among them */
  smime_store_free (store);
}

/* An authority bound to web servers, to other mailboxes, or that is none, vouches for nobody here. */
static void
test_chains (void **state)
{
  static const struct {
    const char *name;
    enum key_trust trust;
  } cases[] = { { "by-web", KEY_TRUST_FIRST_SEEN },
                { "by-inside", KEY_TRUST_CHAIN },
                { "by-outside", KEY_TRUST_FIRST_SEEN },
                { "by-person", KEY_TRUST_FIRST_SEEN },
                { "by-anchored", KEY_TRUST_CHAIN } };
  const char *ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";
  g_autofree char *web = g_strconcat (ca, "extendedKeyUsage=serverAuth\n", NULL);
  g_autofree char *inside = g_strconcat (ca, "nameConstraints=critical,permitted;email:example.test\n", NULL);
  g_autofree char *outside = g_strconcat (ca, "nameConstraints=critical,permitted;email:elsewhere.test\n", NULL);
  openssl_tool_issue (&tool, "i-web", "ca", "ec", 20, "/CN=Web CA", web, NULL);
  openssl_tool_issue (&tool, "i-inside", "ca", "ec", 20, "/CN=Inside CA", inside, NULL);
  openssl_tool_issue (&tool, "i-outside", "ca", "ec", 20, "/CN=Outside CA", outside, NULL);
  openssl_tool_issue (&tool, "i-anchored", "other", "ec", 20, "/CN=Anchored CA", ca, NULL);
  static const char *const issuers[] = { "i-web", "i-inside", "i-outside", "bob", "i-anchored" };
  struct smime_store *store
      = smime_world_store (&tool, "chains", "+i-web", "+i-inside", "+i-outside", "+bob", "^i-anchored", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *extensions = g_strdup_printf (MAIL_USAGE "subjectAltName=email:%s@example.test\n", cases[i].name);
    g_autofree char *file = g_strconcat (cases[i].name, ".crt", NULL),
                    *address = g_strconcat (cases[i].name, "@example.test", NULL);
    openssl_tool_issue (&tool, cases[i].name, issuers[i], "ec", 20, "/CN=X", extensions, NULL);
    smime_world_import (store, &tool, file, NULL);
    AUTOFREE (key_candidate) key = find_at (store, address, 0);
    if (key->trust != cases[i].trust)
      fail_msg ("%s: trust %d", cases[i].name, key->trust);
  }
  smime_store_free (store);
}

static void
test_anchors (void **state)
{
  struct smime_store *store = smime_world_store (&tool, "anchors", "+lone", "+mallory", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) lone = openssl_tool_read (&tool, "lone.crt");
  g_autoptr (GBytes) junk = g_bytes_new_static ("junk", 4);
  g_autoptr (GBytes) key = openssl_tool_read (&tool, "alice.key");
  guint added = 9;
  assert_false (smime_store_add_anchor (store, junk, &added, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT));
  assert_int_equal (added, 0);
  assert_false (smime_store_add_anchor (store, key, &added, NULL));
  assert_true (smime_store_add_anchor (store, lone, &added, NULL));
  assert_int_equal (added, 1);
  assert_true (smime_store_add_anchor (store, lone, &added, NULL));
  assert_int_equal (added, 0);
  AUTOFREE (key_candidate) trusted = find_at (store, "lone@example.test", 0);
  assert_int_equal (trusted->trust, KEY_TRUST_CHAIN);
  AUTOFREE (key_candidate)
  expired = find_at (store, "lone@example.test", g_get_real_time () / G_USEC_PER_SEC + 40 * DAY);
  assert_int_equal (expired->trust, KEY_TRUST_FIRST_SEEN);
  AUTOFREE (key_candidate) other = find_at (store, "mallory@example.test", 0);
  assert_int_equal (other->trust, KEY_TRUST_FIRST_SEEN);
  smime_store_free (store);
}

static GPtrArray *
addresses_of (const char *subject, const char *extensions)
{
  openssl_tool_issue (&tool, "named", "ca", "ec", 20, subject, extensions, NULL);
  g_autoptr (GBytes) pem = openssl_tool_read (&tool, "named.crt");
  struct smime_batch batch;
  gboolean recognised;
  smime_import_init (&batch);
  assert_true (smime_import_read (pem, NULL, &batch, &recognised, NULL));
  GPtrArray *addresses = smime_names_addresses (batch.certificates->pdata[0]);
  smime_import_clear (&batch);
  return addresses;
}

static void
test_names (void **state)
{
  static const struct {
    const char *subject, *extensions, *want;
  } cases[] = {
    { "/CN=A", "subjectAltName=email:A.b@Example.TEST\n", "A.b@example.test" },
    { "/CN=A", "subjectAltName=email:a@x.test,email:b@x.test,DNS:x.test\n", "a@x.test b@x.test" },
    { "/CN=A/emailAddress=old@x.test", "keyUsage=digitalSignature\n", "old@x.test" },
    { "/CN=A/emailAddress=old@x.test", "subjectAltName=DNS:x.test\n", "old@x.test" },
    { "/CN=A/emailAddress=old@x.test", "subjectAltName=email:new@x.test\n", "new@x.test" },
    { "/CN=a@x.test", "keyUsage=digitalSignature\n", "" },
    /* IA5String "alice@x.test\0.evil" and friends, given as DER of the whole extension. */
    { "/CN=A", "subjectAltName=DER:30:14:81:12:61:6c:69:63:65:40:78:2e:74:65:73:74:00:2e:65:76:69:6c\n", "" },
    { "/CN=A/emailAddress=old@x.test",
      "subjectAltName=DER:30:14:81:12:61:6c:69:63:65:40:78:2e:74:65:73:74:00:2e:65:76:69:6c\n", "" },
    { "/CN=A", "subjectAltName=DER:30:07:81:05:61:40:0a:62:63\n", "" },
    { "/CN=A", "subjectAltName=DER:30:07:81:05:61:40:62:40:63\n", "" },
    { "/CN=A", "subjectAltName=DER:30:06:81:04:61:40:c3:bc\n", "" },
    { "/CN=A", "subjectAltName=DER:30:04:81:02:40:62\n", "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GPtrArray) addresses = addresses_of (cases[i].subject, cases[i].extensions);
    g_ptr_array_add (addresses, NULL);
    g_autofree char *got = g_strjoinv (" ", (char **) addresses->pdata);
    assert_string_equal (got, cases[i].want);
  }
}

static int
make_world (void **state)
{
  smime_world_init (&tool);
  return 0;
}

static int
remove_world (void **state)
{
  openssl_tool_clear (&tool);
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_import_formats),
    cmocka_unit_test (test_import_keys),
    cmocka_unit_test (test_import_certificates),
    cmocka_unit_test (test_import_order),
    cmocka_unit_test (test_two_pairs),
    cmocka_unit_test (test_only_sha1),
    cmocka_unit_test (test_import_refused),
    cmocka_unit_test (test_import_patchwork),
    cmocka_unit_test (test_import_cut),
    cmocka_unit_test (test_import_rollback),
    cmocka_unit_test (test_files),
    cmocka_unit_test (test_faults),
    cmocka_unit_test (test_chains),
    cmocka_unit_test (test_anchors),
    cmocka_unit_test (test_names),
  };
  return cmocka_run_group_tests_name ("smime_store", tests, make_world, remove_world);
}
