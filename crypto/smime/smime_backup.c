/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What of the store goes into a back-up: each private key with its certificate as PKCS#12, all certificates and anchors as PEM, and the
 * requests that wait. */
#include <string.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include "crypto/guard/secret.h"
#include "crypto/smime/smime_life.h"
#include "crypto/smime/smime_p.h"

#define ITERATIONS 20000     /* it lies inside of what is sealed better; this is for afterwards */
#define BUNDLE_SIZE_MAX 400u /* certificates: less than one import takes */

struct backup {
  struct smime_store *store;
  const struct secret *passphrase;
  smime_backup_fn file;
  gpointer data;
  GHashTable *seen; /* key ids */
};

static gboolean
fail (GError **error)
{
  ERR_clear_error ();
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
               "An S/MIME key could not be put into the back-up, so that "
               "none was made. Please try again.");
  return FALSE;
}

/* "alice@x.test-0123456789ABCDEF": to be recognised by a person, and one of a kind. */
static char *
name_of (const char *address, const char *key_id, const char *suffix)
{
  g_autofree char *plain = g_strndup (address, 40);
  for (char *c = plain; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && strchr ("@.-_", *c) == NULL)
      *c = '_';
  return g_strdup_printf ("%s-%.16s%s", plain, key_id, suffix);
}

static gboolean
add_p12 (struct backup *backup, EVP_PKEY *key, X509 *certificate_or_null, STACK_OF (X509) * chain_or_null,
         const char *name, GError **error)
{
  PKCS12 *container = PKCS12_create (secret_peek (backup->passphrase), name, key, certificate_or_null, chain_or_null, 0,
                                     0, ITERATIONS, ITERATIONS, 0);
  unsigned char *der = NULL;
  const int size = container != NULL ? i2d_PKCS12 (container, &der) : -1;
  gboolean fine = size > 0;
  if (fine) {
    g_autoptr (GBytes) bytes = g_bytes_new (der, (gsize) size);
    fine = backup->file (name, bytes, backup->data, error);
  } else
    fail (error);
  OPENSSL_free (der);
  PKCS12_free (container);
  return fine;
}

static gboolean
add_entry (struct backup *backup, struct smime_entry *entry, GError **error)
{
  if (g_hash_table_contains (backup->seen, entry->key_id))
    return TRUE; /* its other certificates are among all of them */
  EVP_PKEY *key = smime_key_open (backup->store, entry, error);
  if (key == NULL)
    return FALSE;
  STACK_OF (X509) *chain = NULL, *others = sk_X509_new_null ();
  (void) smime_chain_check (backup->store, entry->certificate, NULL, 0, FALSE, &chain, NULL);
  for (int i = 1; others != NULL && i < sk_X509_num (chain); i++)
    if (X509_self_signed (sk_X509_value (chain, i), 0) != 1) /* an anchor: not by this way */
      sk_X509_push (others, sk_X509_value (chain, i));
  g_autofree char *name
      = name_of (entry->addresses->len > 0 ? entry->addresses->pdata[0] : "key", entry->key_id, ".p12");
  const gboolean fine = add_p12 (backup, key, entry->certificate, others, name, error);
  g_hash_table_add (backup->seen, g_strdup (entry->key_id));
  sk_X509_free (others);
  sk_X509_pop_free (chain, X509_free);
  smime_key_close (key);
  return fine;
}

static gboolean
add_keys (struct backup *backup, GPtrArray *on_card_out, GError **error)
{
  for (guint i = 0; i < backup->store->entries->len; i++) {
    struct smime_entry *entry = backup->store->entries->pdata[i];
    if (entry->place == NULL)
      continue;
    if (entry->place->open != smime_key_file_open)
      g_ptr_array_add (on_card_out, g_strdup (entry->fingerprint));
    else if (!add_entry (backup, entry, error))
      return FALSE;
  }
  return TRUE;
}

/* A key that waits for its certificate; one that has a certificate already (the request is for another) is there by now. */
static gboolean
add_request (struct backup *backup, const struct smime_request *request, GError **error)
{
  g_autofree char *csr = name_of (request->address, request->id, ".csr");
  if (!backup->file (csr, request->pem, backup->data, error))
    return FALSE;
  if (g_hash_table_contains (backup->seen, request->id))
    return TRUE;
  g_autofree char *file = g_strconcat (request->id, ".key", NULL);
  g_autofree char *path = g_build_filename (backup->store->certificates_dir, file, NULL);
  g_autofree char *name = name_of (request->address, request->id, ".p12");
  EVP_PKEY *key = smime_key_file_read (path);
  const gboolean fine = key != NULL ? add_p12 (backup, key, NULL, NULL, name, error) : fail (error);
  smime_key_close (key);
  return fine;
}

static gboolean
add_requests (struct backup *backup, GError **error)
{
  g_autoptr (GPtrArray) requests = smime_request_list (backup->store);
  for (guint i = 0; i < requests->len; i++)
    if (!add_request (backup, g_ptr_array_index (requests, i), error))
      return FALSE;
  return TRUE;
}

static gboolean
add_bundle (struct backup *backup, const char *stem, guint number, X509 *const *certificates, guint count,
            GError **error)
{
  BIO *bio = BIO_new (BIO_s_mem ());
  char *text = NULL;
  gboolean fine = bio != NULL;
  for (guint i = 0; fine && i < count; i++)
    fine = PEM_write_bio_X509 (bio, certificates[i]) == 1;
  const long size = fine ? BIO_get_mem_data (bio, &text) : 0;
  if (size > 0) {
    g_autoptr (GBytes) bytes = g_bytes_new (text, (gsize) size);
    g_autofree char *name = g_strdup_printf ("%s-%u.pem", stem, number);
    fine = backup->file (name, bytes, backup->data, error);
  } else
    fine = fail (error);
  BIO_free (bio);
  return fine;
}

static gboolean
add_certificates (struct backup *backup, const char *stem, const GPtrArray *certificates, GError **error)
{
  for (guint from = 0, number = 1; from < certificates->len; from += BUNDLE_SIZE_MAX, number++)
    if (!add_bundle (backup, stem, number, (X509 *const *) certificates->pdata + from,
                     MIN (BUNDLE_SIZE_MAX, certificates->len - from), error))
      return FALSE;
  return TRUE;
}

static gboolean
add_public (struct backup *backup, GError **error)
{
  g_autoptr (GPtrArray) certificates = g_ptr_array_new (), anchors = g_ptr_array_new ();
  for (guint i = 0; i < backup->store->entries->len; i++)
    g_ptr_array_add (certificates, ((struct smime_entry *) backup->store->entries->pdata[i])->certificate);
  STACK_OF (X509_OBJECT) *objects = X509_STORE_get0_objects (backup->store->anchors);
  for (int i = 0; i < sk_X509_OBJECT_num (objects); i++) {
    X509 *anchor = X509_OBJECT_get0_X509 (sk_X509_OBJECT_value (objects, i));
    if (anchor != NULL)
      g_ptr_array_add (anchors, anchor);
  }
  return add_certificates (backup, "certificates", certificates, error)
         && add_certificates (backup, "anchors", anchors, error);
}

gboolean
smime_backup (struct smime_store *store, const struct secret *passphrase, smime_backup_fn file, gpointer data,
              GPtrArray *on_card_out, GError **error)
{
  struct backup backup
      = { store, passphrase, file, data, g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) };
  const gboolean fine
      = add_keys (&backup, on_card_out, error) && add_requests (&backup, error) && add_public (&backup, error);
  g_hash_table_unref (backup.seen);
  ERR_clear_error ();
  return fine;
}
