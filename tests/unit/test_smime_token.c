/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys on a smart card: SoftHSM2 is the card, the openssl program the other side. What SoftHSM2 cannot do (lock itself, be pulled out)
 * is put into its table of functions. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/rsa.h>
#include <p11-kit/pkcs11.h>
#include "crypto/guard/installed.h"
#include "crypto/smime/smime_p.h"
#include "tests/unit/openssl_tool.h"

#define PIN "493817"
#define TEXT "Content-Type: text/plain\r\n\r\nCreatinine 88.\r\n"
#define USAGE "extendedKeyUsage=emailProtection\nkeyUsage=critical,digitalSignature,keyEncipherment,keyAgreement\n"

static struct openssl_tool tool;
static struct smime_store *store;
static char *module; /* NULL: SoftHSM2 is not installed where it usually is */
static CK_FUNCTION_LIST *table, before;
static struct {
  const char *pin; /* NULL: no */
  guint count;
  char *text; /* of the last question */
} person;

static struct secret *
ask (const char *what, gpointer data)
{
  person.count++;
  g_free (person.text);
  person.text = g_strdup (what);
  return person.pin != NULL ? secret_new (person.pin, strlen (person.pin)) : NULL;
}

static void
run (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *line = g_strdup_vprintf (format, args), *output = NULL, *errors = NULL;
  va_end (args);
  g_auto (GStrv) argv = NULL;
  int status = -1;
  assert_true (g_shell_parse_argv (line, NULL, &argv, NULL));
  if (!g_spawn_sync (tool.dir, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &errors, &status, NULL)
      || !g_spawn_check_wait_status (status, NULL))
    fail_msg ("%s\n%s%s", line, output, errors);
}

static char *
find_module (void)
{
  static const char *const places[]
      = { "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so" };
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (g_file_test (places[i], G_FILE_TEST_EXISTS))
      return g_strdup (places[i]);
  fail_msg ("SoftHSM2 is missing: tests/deps installs it");
  return NULL;
}

static void
put_on_card (const char *name, const char *id, const char *more)
{
  openssl_tool_run (&tool, "pkey -in %s.key -outform DER -out %s.p8", name, name);
  openssl_tool_run (&tool, "x509 -in %s.crt -outform DER -out %s.der", name, name);
  run ("pkcs11-tool --module %s --login --pin " PIN " --id %s --label %s --type privkey --write-object %s.p8 "
       "--usage-sign --usage-decrypt --usage-derive %s",
       module, id, name, name, more);
  run ("pkcs11-tool --module %s --login --pin " PIN " --id %s --label %s --type cert --write-object %s.der", module, id,
       name, name);
}

static void
make_card (void)
{
  g_autofree char *settings = openssl_tool_path (&tool, "softhsm2.conf"), *tokens = openssl_tool_path (&tool, "tokens");
  g_autofree char *text = g_strdup_printf ("directories.tokendir = %s\nlog.level = ERROR\n", tokens);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  assert_int_equal (g_mkdir_with_parents (tokens, 0700), 0);
  openssl_tool_write (&tool, "softhsm2.conf", bytes);
  g_setenv ("SOFTHSM2_CONF", settings, TRUE);
  run ("softhsm2-util --init-token --free --label 'Staff card' --pin " PIN " --so-pin 12345678");
  openssl_tool_issue (&tool, "alice", "ca", "rsa", 20, "/CN=Alice", USAGE "subjectAltName=email:alice@example.test\n",
                      NULL);
  openssl_tool_issue (&tool, "bob", "ca", "ec", 20, "/CN=Bob", USAGE "subjectAltName=email:bob@example.test\n", NULL);
  put_on_card ("alice", "01", "");
  put_on_card ("bob", "02", "");
  openssl_tool_issue (&tool, "carol", "ca", "ec", 20, "/CN=Carol", USAGE "subjectAltName=email:carol@example.test\n",
                      NULL);
  put_on_card ("carol", "03", "--always-auth");
}

static struct smime_store *
open_store (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *dir = openssl_tool_path (&tool, "keys");
  g_autoptr (GBytes) ca = openssl_tool_read (&tool, "ca.crt");
  guint added = 0;
  struct smime_store *opened = smime_store_open (dir, &error);
  assert_non_null (opened);
  assert_true (smime_store_add_anchor (opened, ca, &added, &error));
  smime_store_set_ask (opened, ask, NULL);
  return opened;
}

static int
set_up (void **state)
{
  CK_C_GetFunctionList get = NULL;
  openssl_tool_init (&tool);
  module = find_module ();
  openssl_tool_root (&tool, "ca", "ec", NULL);
  make_card ();
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, strlen (TEXT));
  openssl_tool_write (&tool, "text", text);
  void *handle = dlopen (module, RTLD_NOW | RTLD_LOCAL);
  assert_non_null (handle);
  *(void **) &get = dlsym (handle, "C_GetFunctionList");
  assert_int_equal (get (&table), CKR_OK);
  before = *table;
  store = open_store ();
  return 0;
}

static int
tear_down (void **state)
{
  smime_store_free (store);
  openssl_tool_clear (&tool);
  g_free (module);
  g_free (person.text);
  return 0;
}

static GPtrArray *
add_card (GError **error)
{
  g_autoptr (GPtrArray) candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) key_candidate_free);
  return smime_store_add_card (store, module, candidates, error) ? g_steal_pointer (&candidates) : NULL;
}

/* As if the worker had been started again: the PIN is forgotten. */
static void
reopen (const char *pin)
{
  *table = before;
  smime_store_free (store);
  store = open_store ();
  person.pin = pin;
  person.count = 0;
}

static void
assert_fails (GError *error, enum crypto_error code, const char *words)
{
  assert_non_null (error);
  if (!g_error_matches (error, CRYPTO_ERROR, (int) code) || strstr (error->message, words) == NULL)
    fail_msg ("%d: %s", error->code, error->message);
}

static void
test_module (void **state)
{
  static const char *const refused[] = { "libs/evil.so", "/usr/lib/no-such-module.so", "/etc/passwd", "/tmp", "no.so" };
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autoptr (GError) error = NULL;
    assert_null (smime_token_module_path (refused[i], NULL, &error));
    assert_fails (error, CRYPTO_ERROR_FAILED, "is not loaded");
  }
  /* The right file in a place where anybody could have put it, and a link from there. */
  run ("cp %s copy.so", module);
  g_autofree char *copy = openssl_tool_path (&tool, "copy.so"), *link = openssl_tool_path (&tool, "link.so");
  g_autoptr (GError) error = NULL;
  assert_null (smime_token_module_path (copy, NULL, &error));
  assert_fails (error, CRYPTO_ERROR_FAILED, "only the system's administrator");
  assert_false (installed_safely (copy));
  run ("ln -s %s link.so", module);
  g_autofree char *through = smime_token_module_path (link, NULL, NULL),
                  *real = smime_token_module_path (module, NULL, NULL);
  assert_string_equal (through, real);
  assert_true (installed_safely (real));
}

static void
test_policy (void **state)
{
  const char *const others[] = { "/usr/lib/other.so", NULL }, *const ours[] = { "/usr/lib/other.so", module, NULL };
  const char *const none[] = { NULL };
  g_autoptr (GError) error = NULL, second = NULL;
  assert_null (smime_token_module_path (module, others, &error));
  assert_fails (error, CRYPTO_ERROR_FAILED, "your organisation allows other modules only");
  assert_null (smime_token_module_path (module, none, &second));
  g_autofree char *path = smime_token_module_path (module, ours, NULL);
  assert_non_null (path);
  person.pin = PIN;
  smime_store_set_card_modules (store, others);
  assert_null (add_card (NULL));
  assert_int_equal (person.count, 0);
  smime_store_set_card_modules (store, NULL);
}

static guint logins;

static CK_RV
counting_login (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG size)
{
  logins++;
  return before.C_Login (session, user, pin, size);
}

static void
test_wrong_pin (void **state)
{
  reopen (NULL);
  logins = 0;
  table->C_Login = counting_login;
  static const struct {
    const char *pin, *words;
    guint logins; /* how often the card has been asked by then */
  } steps[] = { { NULL, "needs its PIN", 0 },
                { "", "needs its PIN", 0 },
                { "000000", "was wrong. Few tries are left", 1 },
                { "000000", "was not tried again", 1 },
                { "12", "was wrong", 2 } };
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autoptr (GError) error = NULL;
    person.pin = steps[i].pin;
    assert_null (add_card (&error));
    assert_fails (error, CRYPTO_ERROR_PASSPHRASE, steps[i].words);
    assert_non_null (strstr (error->message, "Staff card"));
    assert_int_equal (logins, steps[i].logins);
    assert_int_equal (person.count, i + 1);
  }
  assert_non_null (strstr (person.text, "PIN of the card “Staff card” (few tries are left)"));
  person.pin = PIN;
  g_autoptr (GPtrArray) taken = add_card (NULL);
  assert_non_null (taken);
  assert_int_equal (logins, 3);
  g_autoptr (GPtrArray) again = add_card (NULL);
  assert_int_equal (logins, 3); /* the card stays open */
  assert_int_equal (person.count, 6);
}

static void
test_add (void **state)
{
  reopen (PIN);
  g_autoptr (GPtrArray) taken = add_card (NULL);
  assert_non_null (taken);
  assert_int_equal (taken->len, 3);
  for (guint i = 0; i < taken->len; i++) {
    const struct key_candidate *key = taken->pdata[i];
    assert_true (key->own);
    assert_string_equal (key->source, "card");
    assert_string_equal (key->card, "Staff card");
    assert_int_equal (key->trust, KEY_TRUST_CHAIN);
  }
  /* What lies in the profile is no key and no PIN. */
  g_autofree char *dir = openssl_tool_path (&tool, "keys/smime");
  g_autoptr (GDir) files = g_dir_open (dir, 0, NULL);
  guint references = 0;
  for (const char *name; (name = g_dir_read_name (files)) != NULL;) {
    g_autofree char *path = g_build_filename (dir, name, NULL), *text = NULL;
    assert_false (g_str_has_suffix (name, ".key"));
    assert_true (g_file_get_contents (path, &text, NULL, NULL));
    assert_null (strstr (text, PIN));
    references += g_str_has_suffix (name, ".card");
    assert_int_equal (g_str_has_suffix (name, ".card"), strstr (text, "uri=pkcs11:") != NULL);
  }
  assert_int_equal (references, 3);
  /* Known without the card and without its PIN. */
  reopen (NULL);
  g_autofree char *own = smime_own (store, "alice@example.test", 0);
  assert_non_null (own);
  assert_int_equal (person.count, 0);
}

/* The card itself says that the key is never handed out. */
static void
test_stays (void **state)
{
  g_autofree char *output = NULL;
  g_autofree char *line = g_strdup_printf ("pkcs11-tool --module %s --login --pin " PIN " -O --type privkey", module);
  g_auto (GStrv) argv = NULL;
  assert_true (g_shell_parse_argv (line, NULL, &argv, NULL));
  assert_true (g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &output,
                             NULL, NULL, NULL));
  assert_non_null (strstr (output, "sensitive\n"));
  assert_null (strstr (output, "extractable"));
  reopen (PIN);
  g_autofree char *own = smime_own (store, "alice@example.test", 0);
  EVP_PKEY *key = smime_key_open (store, smime_store_entry (store, own), NULL);
  unsigned char *der = NULL;
  assert_non_null (key);
  assert_true (i2d_PrivateKey (key, &der) <= 0);
  smime_key_close (key);
}

static void
check_signed (const char *who)
{
  g_autoptr (GBytes) text = openssl_tool_read (&tool, "text");
  g_autoptr (GError) error = NULL;
  g_autofree char *address = g_strdup_printf ("%s@example.test", who);
  g_autoptr (GBytes) cms = smime_sign (store, address, text, TRUE, 0, &error);
  if (cms == NULL)
    fail_msg ("%s", error->message);
  openssl_tool_write (&tool, "signature", cms);
  openssl_tool_run (&tool, "cms -verify -binary -inform DER -in signature -content text -CAfile ca.crt -signer by.crt");
  openssl_tool_run (&tool, "x509 -in by.crt -checkemail %s", address);
}

static void
test_sign (void **state)
{
  reopen (PIN);
  check_signed ("alice");
  check_signed ("bob");
  assert_int_equal (person.count, 1);
}

static GBytes *
encrypt_and_open (const char *options, GError **error)
{
  struct smime_decryption how = { 0 };
  openssl_tool_run (&tool, "cms -encrypt -binary -aes256 -in text -outform DER -out sealed %s", options);
  g_autoptr (GBytes) sealed = openssl_tool_read (&tool, "sealed");
  GBytes *opened = smime_decrypt (store, sealed, 0, &how, error);
  g_free (how.cipher);
  return opened;
}

static void
test_decrypt (void **state)
{
  static const char *const kinds[]
      = { "alice.crt", "-recip alice.crt -keyopt rsa_padding_mode:oaep",
          "-recip alice.crt -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256", "bob.crt" };
  reopen (PIN);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) opened = encrypt_and_open (kinds[i], &error);
    if (opened == NULL)
      fail_msg ("%s: %s", kinds[i], error->message);
    assert_int_equal (g_bytes_get_size (opened), strlen (TEXT));
    assert_memory_equal (g_bytes_get_data (opened, NULL), TEXT, strlen (TEXT));
  }
  assert_int_equal (person.count, 1);
}

static void
test_pss (void **state)
{
  reopen (PIN);
  g_autofree char *own = smime_own (store, "alice@example.test", 0);
  EVP_PKEY *key = smime_key_open (store, smime_store_entry (store, own), NULL);
  EVP_MD_CTX *context = EVP_MD_CTX_new ();
  EVP_PKEY_CTX *inner = NULL;
  guchar made[512];
  size_t size = sizeof made;
  assert_int_equal (EVP_DigestSignInit (context, &inner, EVP_sha256 (), NULL, key), 1);
  assert_int_equal (EVP_PKEY_CTX_set_rsa_padding (inner, RSA_PKCS1_PSS_PADDING), 1);
  assert_int_equal (EVP_DigestSign (context, made, &size, (const guchar *) TEXT, strlen (TEXT)), 1);
  EVP_MD_CTX_free (context);
  smime_key_close (key);
  g_autoptr (GBytes) signature = g_bytes_new (made, size);
  openssl_tool_write (&tool, "pss", signature);
  openssl_tool_run (&tool, "x509 -in alice.crt -pubkey -noout -out alice.pub");
  openssl_tool_run (&tool, "dgst -sha256 -sigopt rsa_padding_mode:pss -verify alice.pub -signature pss text");
}

/* ---- what happens to cards ---- */

static CK_FLAGS extra_flags;

static CK_RV
flagged_info (CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
  CK_RV result = before.C_GetTokenInfo (slot, info);
  info->flags |= extra_flags;
  return result;
}

static CK_RV
no_slots (CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
  *count = 0;
  return CKR_OK;
}

static CK_RV
removed (CK_SESSION_HANDLE session, guchar *data, CK_ULONG size, guchar *out, CK_ULONG *out_size)
{
  return CKR_DEVICE_REMOVED;
}

static CK_RV
broken (CK_SESSION_HANDLE session, guchar *data, CK_ULONG size, guchar *out, CK_ULONG *out_size)
{
  CK_RV result = before.C_Sign (session, data, size, out, out_size);
  if (out != NULL)
    out[3] ^= 1;
  return result;
}

static CK_RV
locked (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG size)
{
  return CKR_PIN_LOCKED;
}

static void
assert_no_signature (enum crypto_error code, const char *words)
{
  g_autoptr (GBytes) text = openssl_tool_read (&tool, "text");
  g_autoptr (GError) error = NULL;
  assert_null (smime_sign (store, "alice@example.test", text, TRUE, 0, &error));
  assert_fails (error, code, words);
}

static void
test_locked (void **state)
{
  reopen (PIN);
  table->C_GetTokenInfo = flagged_info;
  extra_flags = CKF_USER_PIN_LOCKED;
  assert_no_signature (CRYPTO_ERROR_CARD, "is locked");
  assert_int_equal (person.count, 0);
  extra_flags = CKF_USER_PIN_FINAL_TRY;
  person.pin = "000000";
  assert_no_signature (CRYPTO_ERROR_PASSPHRASE, "One try is left");
  assert_non_null (strstr (person.text, "(one try is left)"));
  person.pin = PIN;
  table->C_Login = locked;
  assert_no_signature (CRYPTO_ERROR_CARD, "unlocked with its PUK");
}

static void
test_missing (void **state)
{
  g_autoptr (GError) error = NULL, none = NULL;
  reopen (PIN);
  table->C_GetSlotList = no_slots;
  assert_no_signature (CRYPTO_ERROR_CARD, "“Staff card” is not in the reader");
  assert_null (encrypt_and_open ("alice.crt", &error));
  assert_fails (error, CRYPTO_ERROR_CARD, "Put the card in");
  assert_null (add_card (&none));
  assert_fails (none, CRYPTO_ERROR_CARD, "no card in any reader");
  assert_int_equal (person.count, 0);
  *table = before;
  check_signed ("alice");
}

static void
test_pulled_out (void **state)
{
  g_autoptr (GError) error = NULL;
  reopen (PIN);
  table->C_Sign = removed;
  assert_no_signature (CRYPTO_ERROR_CARD, "is not in the reader");
  table->C_Sign = broken; /* what a faulty card signs is not used */
  assert_no_signature (CRYPTO_ERROR_CARD, "could not do what it was asked");
  table->C_Decrypt = removed;
  assert_null (encrypt_and_open ("alice.crt", &error));
  assert_fails (error, CRYPTO_ERROR_CARD, "is not in the reader");
  *table = before;
  check_signed ("alice");
}

/* A key that wants the PIN for each use. */
static void
test_each_time (void **state)
{
  reopen (PIN);
  check_signed ("carol");
  assert_int_equal (person.count, 2);
  check_signed ("carol");
  assert_int_equal (person.count, 3);
  assert_non_null (strstr (person.text, "which asks for it each time"));
  g_autoptr (GBytes) text = openssl_tool_read (&tool, "text");
  g_autoptr (GError) error = NULL;
  person.pin = "000000";
  assert_null (smime_sign (store, "carol@example.test", text, TRUE, 0, &error));
  assert_fails (error, CRYPTO_ERROR_PASSPHRASE, "was wrong");
  person.pin = PIN;
  check_signed ("carol");
}

/* A message that was tampered with says no more about the padding than with any other key. */
static void
test_damaged (void **state)
{
  reopen (PIN);
  openssl_tool_run (&tool, "cms -encrypt -binary -aes256 -in text -outform DER -out sealed alice.crt");
  g_autoptr (GBytes) sealed = openssl_tool_read (&tool, "sealed");
  gsize size = 0;
  guchar *bytes = g_bytes_unref_to_data (g_steal_pointer (&sealed), &size);
  bytes[size - 150] ^= 1; /* within the wrapped key */
  g_autoptr (GBytes) damaged = g_bytes_new_take (bytes, size);
  g_autoptr (GError) error = NULL;
  struct smime_decryption how = { 0 };
  assert_null (smime_decrypt (store, damaged, 0, &how, &error));
  assert_fails (error, CRYPTO_ERROR_INTEGRITY, "damaged or was changed");
  g_free (how.cipher);
}

/* Two keys of one card, and a person who does not want to: one question. */
static void
test_asked_once (void **state)
{
  g_autoptr (GError) error = NULL;
  reopen (NULL);
  assert_null (encrypt_and_open ("alice.crt bob.crt", &error));
  assert_fails (error, CRYPTO_ERROR_PASSPHRASE, "needs its PIN");
  assert_int_equal (person.count, 1);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_module),     cmocka_unit_test (test_policy),    cmocka_unit_test (test_wrong_pin),
    cmocka_unit_test (test_add),        cmocka_unit_test (test_stays),     cmocka_unit_test (test_sign),
    cmocka_unit_test (test_decrypt),    cmocka_unit_test (test_pss),       cmocka_unit_test (test_locked),
    cmocka_unit_test (test_missing),    cmocka_unit_test (test_damaged),   cmocka_unit_test (test_asked_once),
    cmocka_unit_test (test_pulled_out), cmocka_unit_test (test_each_time),
  };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
