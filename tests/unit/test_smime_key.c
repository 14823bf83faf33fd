/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Private keys: every kind that is read from a file works, a broken one is none, and after its use nothing of it is left in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include "crypto/guard/secret.h"
#include "crypto/smime/smime_p.h"
#include "mail/engine/pace.h"
#include "tests/unit/memory_search.h"
#include "tests/unit/smime_world.h"

#define TEXT "Content-Type: text/plain\r\n\r\nBlood type 0 negative.\r\n"

static struct openssl_tool tool;

static void
add_number (struct memory_search *search, EVP_PKEY *key, const char *name)
{
  guint8 forward[1024], backward[1024];
  BIGNUM *number = NULL;
  assert_int_equal (EVP_PKEY_get_bn_param (key, name, &number), 1);
  int size = BN_bn2bin (number, forward);
  for (int i = 0; i < size; i++)
    backward[i] = forward[size - 1 - i];
  /* As it stands in files, and as OpenSSL calculates with it. */
  memory_search_add (search, forward + (size - MEMORY_SEARCH_BYTES) / 2);
  memory_search_add (search, backward + (size - MEMORY_SEARCH_BYTES) / 2);
}

/* The private numbers of NAME.key, and a line of its PEM. */
static void
add_key (struct memory_search *search, const char *name)
{
  g_autofree char *file = g_strconcat (name, ".key", NULL);
  g_autoptr (GBytes) pem = openssl_tool_read (&tool, file);
  gsize size;
  const char *text = g_bytes_get_data (pem, &size);
  BIO *bio = BIO_new_mem_buf (text, (int) size);
  EVP_PKEY *key = PEM_read_bio_PrivateKey (bio, NULL, NULL, NULL);
  assert_non_null (key);
  BIO_free (bio);
  if (EVP_PKEY_is_a (key, "RSA")) {
    static const char *const names[]
        = { OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
            OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_COEFFICIENT1 };
    for (guint i = 0; i < G_N_ELEMENTS (names); i++)
      add_number (search, key, names[i]);
    memory_search_add (search, (const guint8 *) text + size / 2);
  } else {
    add_number (search, key, OSSL_PKEY_PARAM_PRIV_KEY);
    memory_search_add (search, (const guint8 *) text + strlen ("-----BEGIN PRIVATE KEY-----\n") + 56);
  }
}

/* What to look for in memory, made by another process: what it leaves behind goes with it. */
static struct memory_search
search_for (const char *name)
{
  struct memory_search search = { .count = 0 };
  int ends[2], status = -1;
  assert_int_equal (pipe (ends), 0);
  pid_t child = fork ();
  if (child == 0) {
    add_key (&search, name);
    _exit (write (ends[1], &search, sizeof search) == sizeof search ? 0 : 1);
  }
  assert_int_equal (read (ends[0], &search, sizeof search), sizeof search);
  assert_int_equal (waitpid (child, &status, 0), child);
  assert_int_equal (status, 0);
  close (ends[0]);
  close (ends[1]);
  assert_true (search.count >= 3);
  return search;
}

static struct smime_entry *
only_own (struct smime_store *store)
{
  struct smime_entry *own = NULL;
  for (guint i = 0; i < store->entries->len; i++)
    if (((struct smime_entry *) store->entries->pdata[i])->place != NULL)
      own = store->entries->pdata[i];
  assert_non_null (own);
  return own;
}

/* Import from bytes that are wiped, as the keys worker does. */
static void
import (struct smime_store *store, const char *file)
{
  g_autoptr (GBytes) blob = openssl_tool_read (&tool, file);
  gboolean recognised = FALSE;
  assert_true (smime_store_import (store, blob, NULL, NULL, &recognised, NULL));
  gsize size;
  const void *bytes = g_bytes_get_data (blob, &size);
  secret_wipe ((void *) bytes, size);
}

static void
use (struct smime_store *store, const char *name)
{
  g_autofree char *address = g_strdup_printf ("%s@example.test", name);
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, strlen (TEXT));
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) signed_ = smime_sign (store, address, text, FALSE, 0, &error);
  if (signed_ == NULL)
    fail_msg ("%s", error->message);
  g_autoptr (GPtrArray) to = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (to, smime_own (store, address, 0));
  g_autoptr (GBytes) encrypted = smime_encrypt (store, to, signed_, NULL, &error);
  struct smime_decryption how;
  g_autoptr (GBytes) opened = smime_decrypt (store, encrypted, 0, &how, &error);
  if (opened == NULL)
    fail_msg ("%s", error->message);
  assert_true (g_bytes_equal (opened, signed_));
  g_free (how.cipher);
}

static void
test_wiped (void **state)
{
  static const char *const people[] = { "rita", "bob" };
  if (pace_watched ())
    skip (); /* the checker's own memory is ten times ours */
  for (guint i = 0; i < G_N_ELEMENTS (people); i++) {
    const struct memory_search search = search_for (people[i]);
    g_autofree char *certificate = g_strconcat (people[i], ".crt", NULL), *key = g_strconcat (people[i], ".key", NULL);
    struct smime_store *store = smime_world_store (&tool, people[i], NULL);
    import (store, certificate);
    import (store, key);
    assert_int_equal (memory_search_run (&search), 0);
    use (store, people[i]);
    assert_int_equal (memory_search_run (&search), 0);
    EVP_PKEY *open = smime_key_open (store, only_own (store), NULL);
    assert_non_null (open);
    assert_int_not_equal (memory_search_run (&search), 0); /* the search finds what is there */
    smime_key_close (open);
    smime_store_free (store);
    assert_int_equal (memory_search_run (&search), 0);
  }
}

static void
test_kinds (void **state)
{
  static const char *const people[] = { "rita", "bob", "dora", "pia", "eda" };
  for (guint i = 0; i < G_N_ELEMENTS (people); i++) {
    g_autofree char *folder = g_strconcat ("kinds-", people[i], NULL);
    struct smime_store *store = smime_world_store (&tool, folder, people[i], NULL);
    EVP_PKEY *key = smime_key_open (store, only_own (store), NULL);
    assert_non_null (key);
    assert_int_equal (EVP_PKEY_eq (X509_get0_pubkey (only_own (store)->certificate), key), 1);
    smime_key_close (key);
    smime_store_free (store);
  }
}

/* A file that is cut, changed, another key or no file is no key; and one that breaks later is told when it is needed. */
static void
test_broken (void **state)
{
  struct smime_store *store = smime_world_store (&tool, "broken", "bob", NULL);
  g_autofree char *name = g_strconcat (only_own (store)->key_id, ".key", NULL);
  g_autofree char *path = g_build_filename (store->certificates_dir, name, NULL);
  g_autofree char *bytes = NULL;
  gsize size = 0;
  assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  for (gsize cut = 0; cut < size; cut += 7) {
    assert_true (g_file_set_contents (path, bytes, (gssize) cut, NULL));
    assert_null (smime_key_open (store, only_own (store), NULL));
  }
  for (gsize at = 0; at < size; at += 5) {
    bytes[at] ^= 0x41;
    assert_true (g_file_set_contents (path, bytes, (gssize) size, NULL));
    smime_key_close (smime_key_open (store, only_own (store), NULL)); /* whatever it is: no crash */
    bytes[at] ^= 0x41;
  }
  assert_int_equal (g_unlink (path), 0);
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, strlen (TEXT));
  g_autoptr (GError) error = NULL;
  assert_null (smime_sign (store, "bob@example.test", text, TRUE, 0, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED));
  g_autoptr (GPtrArray) to = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (to, g_strdup (only_own (store)->fingerprint));
  g_autoptr (GBytes) encrypted = smime_encrypt (store, to, text, NULL, NULL);
  struct smime_decryption how;
  g_clear_error (&error);
  assert_null (smime_decrypt (store, encrypted, 0, &how, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED)); /* and not that the message is damaged */
  g_free (how.cipher);
  assert_int_equal (symlink ("/dev/zero", path), 0);
  assert_null (smime_key_open (store, only_own (store), NULL));
  assert_true (smime_store_reload (store, NULL));
  assert_null (smime_own (store, "bob@example.test", 0));
  smime_store_free (store);
}

static void
person (const char *name, const char *key)
{
  g_autofree char *subject = g_strdup_printf ("/CN=Test %s", name);
  g_autofree char *extensions = g_strdup_printf ("%ssubjectAltName=email:%s@example.test\n", MAIL_USAGE, name);
  openssl_tool_issue (&tool, name, "ca", key, 20, subject, extensions, NULL);
}

static int
make_world (void **state)
{
  openssl_tool_init (&tool);
  openssl_tool_root (&tool, "ca", "ec", NULL);
  person ("rita", "rsa");
  person ("bob", "ec");
  person ("dora", "p384");
  person ("pia", "pss");
  person ("eda", "ed25519");
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
    cmocka_unit_test (test_wiped),
    cmocka_unit_test (test_kinds),
    cmocka_unit_test (test_broken),
  };
  return cmocka_run_group_tests_name ("smime_key", tests, make_world, remove_world);
}
