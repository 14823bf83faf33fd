/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests for certificates: read, kept beside their keys, and forgotten when the certificate is there. See smime_life.h. */
#include <string.h>
#include <sys/stat.h>
#include <glib/gstdio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include "crypto/smime/smime_life.h"
#include "crypto/smime/smime_p.h"

#define REQUEST_SIZE_MAX (64u * 1024)
#define REQUESTS_MAX 100
#define SUFFIX ".csr"

void
smime_request_free (struct smime_request *request)
{
  if (request == NULL)
    return;
  g_free (request->id);
  g_free (request->address);
  g_free (request->algorithm);
  g_clear_pointer (&request->pem, g_bytes_unref);
  g_free (request);
}

gboolean
smime_request_fail (GError **error)
{
  ERR_clear_error ();
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
               "The request for a certificate could not be made. Nothing was changed; try again.");
  return FALSE;
}

static X509_REQ *
parse (GBytes *pem)
{
  gsize size = 0;
  const char *text = g_bytes_get_data (pem, &size);
  BIO *bio = size > 0 && size <= REQUEST_SIZE_MAX ? BIO_new_mem_buf (text, (int) size) : NULL;
  X509_REQ *request = bio != NULL ? PEM_read_bio_X509_REQ (bio, NULL, NULL, NULL) : NULL;
  BIO_free (bio);
  ERR_clear_error ();
  return request;
}

static char *
address_of (X509_REQ *request)
{
  STACK_OF (X509_EXTENSION) *extensions = X509_REQ_get_extensions (request);
  GENERAL_NAMES *names = X509V3_get_d2i (extensions, NID_subject_alt_name, NULL, NULL);
  char *address = NULL;
  for (int i = 0; address == NULL && i < sk_GENERAL_NAME_num (names); i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value (names, i);
    if (name->type == GEN_EMAIL)
      address = g_strndup ((const char *) ASN1_STRING_get0_data (name->d.rfc822Name),
                           (gsize) ASN1_STRING_length (name->d.rfc822Name));
  }
  GENERAL_NAMES_free (names);
  sk_X509_EXTENSION_pop_free (extensions, X509_EXTENSION_free);
  if (address != NULL && g_utf8_validate (address, -1, NULL))
    return address;
  g_free (address);
  return g_strdup ("");
}

static char *
algorithm_of (X509_REQ *request)
{
  EVP_PKEY *key = X509_REQ_get0_pubkey (request);
  char curve[64] = "";
  gsize size = 0;
  if (key != NULL && EVP_PKEY_get_base_id (key) == EVP_PKEY_EC
      && EVP_PKEY_get_group_name (key, curve, sizeof curve, &size) == 1)
    return g_strdup (g_str_equal (curve, "prime256v1") ? "P-256" : g_str_equal (curve, "secp384r1") ? "P-384" : curve);
  return key != NULL ? g_strdup_printf ("RSA, %d bits", EVP_PKEY_get_bits (key)) : g_strdup ("");
}

struct smime_request *
smime_request_describe (GBytes *pem, gint64 time)
{
  X509_REQ *parsed = parse (pem);
  g_autofree char *id = parsed != NULL ? smime_names_key_id (X509_REQ_get_X509_PUBKEY (parsed)) : NULL;
  struct smime_request *request = NULL;
  if (id != NULL) {
    request = g_new0 (struct smime_request, 1);
    request->id = g_steal_pointer (&id);
    request->address = address_of (parsed);
    request->algorithm = algorithm_of (parsed);
    request->time = time;
    request->pem = g_bytes_ref (pem);
  }
  X509_REQ_free (parsed);
  ERR_clear_error ();
  return request;
}

static char *
path_of (struct smime_store *store, const char *id, const char *suffix)
{
  g_autofree char *name = g_strconcat (id, suffix, NULL);
  return g_build_filename (store->certificates_dir, name, NULL);
}

static struct smime_request *
read_one (struct smime_store *store, const char *id)
{
  g_autofree char *path = path_of (store, id, SUFFIX);
  GStatBuf status;
  char *text = NULL;
  gsize size = 0;
  if (g_lstat (path, &status) != 0 || !S_ISREG (status.st_mode) || status.st_size > (goffset) REQUEST_SIZE_MAX
      || !g_file_get_contents (path, &text, &size, NULL))
    return NULL;
  g_autoptr (GBytes) pem = g_bytes_new_take (text, size);
  AUTOFREE (smime_request) request = smime_request_describe (pem, status.st_mtime);
  return request != NULL && g_str_equal (request->id, id) ? g_steal_pointer (&request) : NULL;
}

static int
newest_first (gconstpointer one, gconstpointer other)
{
  const struct smime_request *a = *(struct smime_request *const *) one, *b = *(struct smime_request *const *) other;
  return a->time != b->time ? (a->time > b->time ? -1 : 1) : strcmp (a->id, b->id);
}

GPtrArray *
smime_request_list (struct smime_store *store)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) smime_request_free);
  GDir *dir = g_dir_open (store->certificates_dir, 0, NULL);
  const char *name;
  while (dir != NULL && list->len < REQUESTS_MAX && (name = g_dir_read_name (dir)) != NULL) {
    if (!g_str_has_suffix (name, SUFFIX))
      continue;
    g_autofree char *id = g_strndup (name, strlen (name) - strlen (SUFFIX));
    struct smime_request *request = read_one (store, id);
    if (request != NULL)
      g_ptr_array_add (list, request);
  }
  if (dir != NULL)
    g_dir_close (dir);
  g_ptr_array_sort (list, newest_first);
  return list;
}

gboolean
smime_request_keep (struct smime_store *store, GBytes *pem, GError **error)
{
  AUTOFREE (smime_request) request = smime_request_describe (pem, 0);
  g_autoptr (GError) local = NULL;
  gsize size = 0;
  const char *text = g_bytes_get_data (pem, &size);
  if (request == NULL)
    return smime_request_fail (error);
  g_autofree char *path = path_of (store, request->id, SUFFIX);
  if (g_file_set_contents_full (path, text, (gssize) size, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                0600, &local))
    return TRUE;
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
               "The request for a certificate could not be kept (%s). Look whether the disk is full.", local->message);
  return FALSE;
}

void
smime_request_settled (struct smime_store *store, const X509 *certificate)
{
  g_autofree char *id = smime_names_key_id (X509_get_X509_PUBKEY (certificate));
  g_autofree char *path = id != NULL ? path_of (store, id, SUFFIX) : NULL;
  if (path != NULL)
    (void) g_unlink (path); /* that there is none is the rule */
}

gboolean
smime_request_drop (struct smime_store *store, const char *id, GError **error)
{
  g_autofree char *upper = g_ascii_strup (id, -1);
  const gboolean hex = strlen (upper) == 64 && strspn (upper, "0123456789ABCDEF") == 64;
  AUTOFREE (smime_request) request = hex ? read_one (store, upper) : NULL;
  if (request == NULL) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY,
                 "No request for a certificate has this number. See what waits with: wardmail key request");
    return FALSE;
  }
  gboolean used = FALSE;
  for (guint i = 0; i < store->entries->len; i++)
    used |= g_strcmp0 (((struct smime_entry *) store->entries->pdata[i])->key_id, upper) == 0;
  g_autofree char *path = path_of (store, upper, SUFFIX), *key = path_of (store, upper, ".key");
  if (g_unlink (path) != 0)
    return smime_request_fail (error);
  if (!used)
    (void) g_unlink (key);
  return TRUE;
}
