/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The folder of certificates, private keys and trust anchors.
 *
 * smime/FINGERPRINT.crt and anchors/FINGERPRINT.crt are DER; smime/KEYID.key is PKCS#8 without a passphrase of its own (the vault
 * protects it), named by its public key, so that key and certificate find each other in whatever order they come. Files are
 * written whole or not at all, 0600. A file that cannot be read is left out: that can only make us hold or distrust. */
#include <errno.h>
#include <string.h>
#include <glib/gstdio.h>
#include <openssl/err.h>
#include "crypto/guard/secret_heap.h"
#include "crypto/smime/smime_p.h"

#define FILE_BYTES_MAX (256 * 1024)

void
smime_store_entry_free (struct smime_entry *entry)
{
  X509_free (entry->certificate);
  g_ptr_array_unref (entry->addresses);
  g_free (entry->fingerprint);
  g_free (entry->key_id);
  g_free (entry);
}

static void
entry_free (gpointer entry)
{
  smime_store_entry_free (entry);
}

struct smime_entry *
smime_store_entry_new (X509 *certificate_take)
{
  struct smime_entry *entry = g_new0 (struct smime_entry, 1);
  entry->certificate = certificate_take;
  entry->fingerprint = smime_names_fingerprint (certificate_take);
  entry->addresses = smime_names_addresses (certificate_take);
  entry->key_id = smime_names_key_id (X509_get_X509_PUBKEY (certificate_take));
  return entry;
}

static gboolean
fail (GError **error, const char *what, const char *path)
{
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
               "%s %s failed (%s). Check the profile's folder and the free space.", what, path, g_strerror (errno));
  return FALSE;
}

/* A small file of ours. size_out bytes; free. NULL if it is not there or too large. */
static char *
read_small (const char *dir, const char *name, gsize *size_out)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  GStatBuf status;
  char *bytes = NULL;
  if (g_lstat (path, &status) != 0 || !S_ISREG (status.st_mode) || status.st_size <= 0
      || status.st_size > FILE_BYTES_MAX || !g_file_get_contents (path, &bytes, size_out, NULL)) {
    g_info ("left out of the keyring: %s", path);
    return NULL;
  }
  return bytes;
}

static X509 *
read_certificate (const char *dir, const char *name)
{
  gsize size = 0;
  g_autofree char *bytes = read_small (dir, name, &size);
  const guchar *at = (const guchar *) bytes;
  return bytes != NULL ? d2i_X509 (NULL, &at, (long) size) : NULL;
}

/* Call back for every file of a folder with this suffix. FALSE: the folder cannot be read. */
static gboolean
walk (struct smime_store *store, const char *path, const char *suffix,
      void (*file) (struct smime_store *, const char *), GError **error)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  if (dir == NULL)
    return fail (error, "Reading the folder", path);
  const char *name;
  for (guint files = 0; files < SMIME_STORE_FILES_MAX && (name = g_dir_read_name (dir)) != NULL; files++)
    if (g_str_has_suffix (name, suffix))
      file (store, name);
  g_dir_close (dir);
  ERR_clear_error ();
  return TRUE;
}

static void
load_entry (struct smime_store *store, const char *name)
{
  X509 *certificate = read_certificate (store->certificates_dir, name);
  if (certificate == NULL)
    return;
  struct smime_entry *entry = smime_store_entry_new (certificate);
  if (entry->key_id == NULL || g_hash_table_contains (store->by_fingerprint, entry->fingerprint)) {
    entry_free (entry);
    return;
  }
  smime_key_look (store, entry);
  g_ptr_array_add (store->entries, entry);
  g_hash_table_insert (store->by_fingerprint, entry->fingerprint, entry);
  sk_X509_push (store->others, certificate);
  if (X509_check_ca (certificate) > 0)
    sk_X509_push (store->intermediates, certificate);
}

static void
load_anchor (struct smime_store *store, const char *name)
{
  X509 *certificate = read_certificate (store->anchors_dir, name);
  if (certificate != NULL)
    X509_STORE_add_cert (store->anchors, certificate);
  X509_free (certificate);
}

static void
forget (struct smime_store *store)
{
  g_clear_pointer (&store->by_fingerprint, g_hash_table_unref);
  sk_X509_free (store->intermediates);
  sk_X509_free (store->others);
  store->intermediates = store->others = NULL;
  g_clear_pointer (&store->anchors, X509_STORE_free);
  g_clear_pointer (&store->chains, g_hash_table_unref);
  g_clear_pointer (&store->entries, g_ptr_array_unref);
}

gboolean
smime_store_reload (struct smime_store *store, GError **error)
{
  forget (store);
  store->entries = g_ptr_array_new_with_free_func (entry_free);
  store->by_fingerprint = g_hash_table_new (g_str_hash, g_str_equal);
  store->anchors = X509_STORE_new ();
  store->chains = smime_chain_known_new ();
  store->intermediates = sk_X509_new_null ();
  store->others = sk_X509_new_null ();
  if (store->anchors == NULL || store->intermediates == NULL || store->others == NULL) {
    errno = ENOMEM;
    return fail (error, "Reading the folder", store->certificates_dir);
  }
  return walk (store, store->anchors_dir, ".crt", load_anchor, error)
         && walk (store, store->certificates_dir, ".crt", load_entry, error);
}

struct smime_store *
smime_store_open (const char *keys_dir, GError **error)
{
  secret_heap_init (); /* before anything else of OpenSSL */
  /* No openssl.cnf: what stands there could change the algorithms that we rely on. */
  OPENSSL_init_crypto (OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
  struct smime_store *store = g_new0 (struct smime_store, 1);
  store->certificates_dir = g_build_filename (keys_dir, "smime", NULL);
  store->anchors_dir = g_build_filename (keys_dir, "anchors", NULL);
  store->capabilities_dir = g_build_filename (keys_dir, "capabilities", NULL);
  store->announced = smime_capabilities_new ();
  store->revocation_policy = REVOCATION_SOFT;
  store->tokens = smime_tokens_new ();
  if ((g_mkdir_with_parents (store->certificates_dir, 0700) != 0
       && !fail (error, "Making the folder", store->certificates_dir))
      || (g_mkdir_with_parents (store->anchors_dir, 0700) != 0
          && !fail (error, "Making the folder", store->anchors_dir))
      || (g_mkdir_with_parents (store->capabilities_dir, 0700) != 0
          && !fail (error, "Making the folder", store->capabilities_dir))
      || (store->revocation = smime_revocation_open (keys_dir, error)) == NULL || !smime_store_reload (store, error)) {
    smime_store_free (store);
    return NULL;
  }
  return store;
}

void
smime_store_free (struct smime_store *store)
{
  if (store == NULL)
    return;
  forget (store);
  g_clear_pointer (&store->found, g_ptr_array_unref);
  g_free (store->certificates_dir);
  g_free (store->anchors_dir);
  g_free (store->capabilities_dir);
  g_hash_table_unref (store->announced);
  smime_revocation_free (store->revocation);
  smime_tokens_free (store->tokens);
  g_free (store);
}

struct smime_entry *
smime_store_entry (struct smime_store *store, const char *fingerprint)
{
  return g_hash_table_lookup (store->by_fingerprint, fingerprint);
}

/* written: the path is added when the file is new, so that it can be taken back. */
static gboolean
write_file (const char *dir, const char *name, const guchar *bytes, int size, GPtrArray *written, GError **error)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  g_autoptr (GError) inner = NULL;
  gboolean is_new = !g_file_test (path, G_FILE_TEST_EXISTS);
  if (bytes != NULL && size > 0 && size <= FILE_BYTES_MAX
      && g_file_set_contents_full (path, (const char *) bytes, size,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &inner)) {
    if (is_new)
      g_ptr_array_add (written, g_steal_pointer (&path));
    return TRUE;
  }
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
               "A key or certificate could not be stored (%s). Nothing was changed; check the profile's "
               "folder and the "
               "free space.",
               inner != NULL ? inner->message : "it is too large");
  return FALSE;
}

static gboolean
keep_certificate (const char *dir, X509 *certificate, GPtrArray *written, GError **error)
{
  unsigned char *der = NULL;
  int size = i2d_X509 (certificate, &der);
  g_autofree char *fingerprint = smime_names_fingerprint (certificate), *name = g_strconcat (fingerprint, ".crt", NULL);
  gboolean kept = write_file (dir, name, der, size, written, error);
  OPENSSL_free (der);
  return kept;
}

static gboolean
keep_key (struct smime_store *store, EVP_PKEY *key, GPtrArray *written, GError **error)
{
  X509_PUBKEY *public = NULL;
  PKCS8_PRIV_KEY_INFO *private = EVP_PKEY2PKCS8 (key);
  unsigned char *der = NULL;
  int size = private != NULL ? i2d_PKCS8_PRIV_KEY_INFO (private, &der) : -1;
  g_autofree char *key_id = X509_PUBKEY_set (&public, key) == 1 ? smime_names_key_id (public) : NULL;
  g_autofree char *name = g_strconcat (key_id != NULL ? key_id : "", ".key", NULL);
  gboolean kept = write_file (store->certificates_dir, name, key_id != NULL ? der : NULL, size, written, error);
  if (der != NULL)
    OPENSSL_clear_free (der, (size_t) size);
  PKCS8_PRIV_KEY_INFO_free (private);
  X509_PUBKEY_free (public);
  return kept;
}

gboolean
smime_store_keep (struct smime_store *store, const struct smime_batch *batch, GError **error)
{
  g_autoptr (GPtrArray) written = g_ptr_array_new_with_free_func (g_free);
  gboolean fine = TRUE;
  for (guint i = 0; fine && i < batch->keys->len; i++)
    fine = keep_key (store, batch->keys->pdata[i], written, error);
  for (guint i = 0; fine && i < batch->certificates->len; i++)
    fine = keep_certificate (store->certificates_dir, batch->certificates->pdata[i], written, error);
  for (guint i = 0; !fine && i < written->len; i++)
    g_unlink (written->pdata[i]);
  for (guint i = 0; fine && batch->keys->len > 0 && i < store->entries->len; i++)
    smime_key_look (store, store->entries->pdata[i]);
  for (guint i = 0; fine && i < batch->certificates->len; i++) {
    g_autofree char *fingerprint = smime_names_fingerprint (batch->certificates->pdata[i]);
    g_autofree char *name = g_strconcat (fingerprint, ".crt", NULL);
    if (smime_store_entry (store, fingerprint) == NULL)
      load_entry (store, name);
    smime_request_settled (store, batch->certificates->pdata[i]);
  }
  ERR_clear_error ();
  return fine;
}

gboolean
smime_store_add_anchor (struct smime_store *store, GBytes *certificates, guint *added_out, GError **error)
{
  struct smime_batch batch;
  gboolean recognised = FALSE;
  *added_out = 0;
  g_autoptr (GPtrArray) written = g_ptr_array_new_with_free_func (g_free);
  smime_import_init (&batch);
  gboolean fine = smime_import_read (certificates, NULL, &batch, &recognised, error);
  if (fine && batch.certificates->len == 0) {
    g_set_error (
        error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
        "There is no certificate in this file, so that no authority was added. Give a certificate in PEM or DER form.");
    fine = FALSE;
  }
  for (guint i = 0; fine && i < batch.certificates->len; i++)
    fine = keep_certificate (store->anchors_dir, batch.certificates->pdata[i], written, error);
  for (guint i = 0; !fine && i < written->len; i++)
    g_unlink (written->pdata[i]);
  *added_out = fine ? written->len : 0;
  smime_import_clear (&batch);
  return smime_store_reload (store, fine ? error : NULL) && fine;
}
