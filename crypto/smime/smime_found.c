/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates that were found for an address, by asking a directory, and that the store does not have: to look at and to encrypt to. RFC 4523;
 * RFC 2798, 2.8: a userSMIMECertificate is a SignedData of which the certificates alone count.
 *
 * A directory is not believed: only what names the address counts, and for no more than its own chain makes of it. The file is DER, one
 * certificate after the other, those that name the address first. */
#include <openssl/err.h>
#include "crypto/smime/smime_p.h"

#define FILE_BYTES_MAX (60u * 1024)
#define CERTIFICATE_BYTES_MAX (16 * 1024)
#define REMEMBERED_MAX 1000 /* more than one message has recipients */

static void
stack_free (STACK_OF (X509) * all)
{
  sk_X509_pop_free (all, X509_free);
}

/* One after the other, as far as they can be read. */
static void
read_der (GBytes *file, STACK_OF (X509) * all)
{
  gsize size;
  const guchar *at = g_bytes_get_data (file, &size), *const end = at + size;
  while (at < end && sk_X509_num (all) < SMIME_CERTIFICATES_MAX) {
    X509 *certificate = d2i_X509 (NULL, &at, (long) (end - at));
    if (certificate == NULL)
      break;
    if (sk_X509_push (all, certificate) <= 0)
      X509_free (certificate);
  }
  ERR_clear_error ();
}

static void
read_signed (GBytes *blob, STACK_OF (X509) * all)
{
  CMS_ContentInfo *cms = smime_kind_parse (blob, NID_pkcs7_signed, NULL);
  STACK_OF (X509) *inside = cms != NULL ? CMS_get1_certs (cms) : NULL;
  while (sk_X509_num (inside) > 0 && sk_X509_num (all) < SMIME_CERTIFICATES_MAX) {
    X509 *certificate = sk_X509_shift (inside);
    if (sk_X509_push (all, certificate) <= 0)
      X509_free (certificate);
  }
  stack_free (inside);
  CMS_ContentInfo_free (cms);
  ERR_clear_error ();
}

/* Each once, as far as there is room. */
static void
append (GByteArray *file, GPtrArray *fingerprints, X509 *certificate)
{
  g_autofree char *fingerprint = smime_names_fingerprint (certificate);
  unsigned char *der = NULL;
  const int size = i2d_X509 (certificate, &der);
  if (size > 0 && size <= CERTIFICATE_BYTES_MAX && file->len + (guint) size <= FILE_BYTES_MAX
      && !g_ptr_array_find_with_equal_func (fingerprints, fingerprint, g_str_equal, NULL)) {
    g_byte_array_append (file, der, (guint) size);
    g_ptr_array_add (fingerprints, g_steal_pointer (&fingerprint));
  }
  OPENSSL_free (der);
}

GBytes *
smime_found_take (GPtrArray *blobs, const char *address)
{
  STACK_OF (X509) *all = sk_X509_new_null ();
  g_autoptr (GPtrArray) fingerprints = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GByteArray) file = g_byte_array_new ();
  for (guint i = 0; i < blobs->len; i++)
    (smime_kind (blobs->pdata[i]) == SMIME_SIGNED ? read_signed : read_der) (blobs->pdata[i], all);
  for (int i = 0; i < sk_X509_num (all); i++)
    if (smime_names_carries (sk_X509_value (all, i), address))
      append (file, fingerprints, sk_X509_value (all, i));
  for (int i = 0; i < sk_X509_num (all) && fingerprints->len > 0; i++)
    if (X509_check_ca (sk_X509_value (all, i)) > 0)
      append (file, fingerprints, sk_X509_value (all, i));
  stack_free (all);
  ERR_clear_error ();
  return fingerprints->len > 0 ? g_byte_array_free_to_bytes (g_steal_pointer (&file)) : NULL;
}

/* ---- using them ---- */

static void
entry_free (gpointer entry)
{
  smime_store_entry_free (entry);
}

struct smime_entry *
smime_found_entry (struct smime_store *store, const char *fingerprint)
{
  for (guint i = 0; store->found != NULL && i < store->found->len; i++) {
    struct smime_entry *entry = store->found->pdata[i];
    if (g_strcmp0 (entry->fingerprint, fingerprint) == 0)
      return entry;
  }
  return NULL;
}

static const struct smime_entry *
remember (struct smime_store *store, X509 *certificate)
{
  g_autofree char *fingerprint = smime_names_fingerprint (certificate);
  struct smime_entry *known = smime_found_entry (store, fingerprint);
  if (known != NULL)
    return known;
  if (store->found == NULL)
    store->found = g_ptr_array_new_with_free_func (entry_free);
  if (store->found->len >= REMEMBERED_MAX)
    g_ptr_array_remove_index (store->found, 0);
  X509_up_ref (certificate);
  struct smime_entry *entry = smime_store_entry_new (certificate);
  g_ptr_array_add (store->found, entry);
  return entry;
}

void
smime_found_find (struct smime_store *store, GBytes *file, const char *address, gint64 at, GPtrArray *candidates_out)
{
  STACK_OF (X509) *all = sk_X509_new_null ();
  read_der (file, all);
  for (int i = 0; i < sk_X509_num (all); i++) {
    if (!smime_names_carries (sk_X509_value (all, i), address))
      continue;
    const struct smime_entry *entry = remember (store, sk_X509_value (all, i));
    struct key_candidate *key
        = smime_store_find_candidate (store, entry, all, smime_store_find_address (entry, address), at);
    if (key->trust != KEY_TRUST_CHAIN)
      key->trust = KEY_TRUST_NONE;
    g_ptr_array_add (candidates_out, key);
  }
  stack_free (all);
}

gboolean
smime_found_adopt (struct smime_store *store, GBytes *file, const char *fingerprint, GError **error)
{
  STACK_OF (X509) *all = sk_X509_new_null ();
  struct smime_batch batch;
  smime_import_init (&batch);
  read_der (file, all);
  while (sk_X509_num (all) > 0) {
    X509 *certificate = sk_X509_shift (all);
    g_autofree char *own = smime_names_fingerprint (certificate);
    if (g_strcmp0 (own, fingerprint) == 0)
      g_ptr_array_add (batch.certificates, certificate);
    else
      X509_free (certificate);
  }
  const gboolean kept = smime_store_keep (store, &batch, error);
  smime_import_clear (&batch);
  stack_free (all);
  return kept;
}
