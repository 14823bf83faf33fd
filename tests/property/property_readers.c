/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Who can open a copy, as OpenSSL reads CMS and as the packets of OpenPGP say: another look than that of the gate. */
#include "crypto/pgp/pgp.h"
#include "tests/property/property.h"
#include <openssl/cms.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

static void *
read_pem (const char *dir, const char *name, const char *suffix, gboolean key)
{
  g_autofree char *path = g_strdup_printf ("%s/%s%s", dir, name, suffix);
  FILE *file = fopen (path, "r");
  if (file == NULL)
    return NULL;
  void *read
      = key ? (void *) PEM_read_PrivateKey (file, NULL, NULL, NULL) : (void *) PEM_read_X509 (file, NULL, NULL, NULL);
  (void) fclose (file);
  return read;
}

/* Issuer and serial number as protect.h names them, from OpenSSL's own encoder. */
static char *
id_of (const X509_NAME *issuer, const ASN1_INTEGER *serial)
{
  guint8 *first = NULL, *second = NULL;
  const int first_size = i2d_X509_NAME (issuer, &first), second_size = i2d_ASN1_INTEGER (serial, &second);
  g_autoptr (GByteArray) der = g_byte_array_new ();
  const guint8 head[] = { 0x30, (guint8) (first_size + second_size) };
  g_byte_array_append (der, head, 2);
  g_byte_array_append (der, first, (guint) first_size);
  g_byte_array_append (der, second, (guint) second_size);
  g_autofree char *hex = g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
  OPENSSL_free (first);
  OPENSSL_free (second);
  return der->len < 130 ? g_strconcat ("issuer:", hex, NULL) : NULL;
}

char *
people_certificate_id (const char *dir, const char *name)
{
  X509 *certificate = read_pem (dir, name, ".crt", FALSE);
  char *id = id_of (X509_get_issuer_name (certificate), X509_get0_serialNumber (certificate));
  X509_free (certificate);
  return id;
}

static void
add_reader (CMS_RecipientInfo *info, GPtrArray *ids)
{
  X509_NAME *issuer = NULL;
  ASN1_INTEGER *serial = NULL;
  ASN1_OCTET_STRING *key_id = NULL;
  if (CMS_RecipientInfo_type (info) == CMS_RECIPINFO_TRANS) {
    (void) CMS_RecipientInfo_ktri_get0_signer_id (info, &key_id, &issuer, &serial);
  } else if (CMS_RecipientInfo_type (info) == CMS_RECIPINFO_AGREE) {
    STACK_OF (CMS_RecipientEncryptedKey) *keys = CMS_RecipientInfo_kari_get0_reks (info);
    for (int i = 0; i < sk_CMS_RecipientEncryptedKey_num (keys); i++) {
      CMS_RecipientEncryptedKey *key = sk_CMS_RecipientEncryptedKey_value (keys, i);
      if (CMS_RecipientEncryptedKey_get0_id (key, &key_id, NULL, NULL, &issuer, &serial) == 1 && issuer != NULL)
        g_ptr_array_add (ids, id_of (issuer, serial));
    }
    return;
  }
  g_ptr_array_add (ids, issuer != NULL ? id_of (issuer, serial) : g_strdup ("unknown"));
}

static CMS_ContentInfo *
cms_of (GBytes *message)
{
  gsize size = 0;
  const char *bytes = g_bytes_get_data (message, &size);
  const char *body = g_strstr_len (bytes, (gssize) size, "\r\n\r\n");
  if (body == NULL)
    return NULL;
  g_autofree char *base = g_strndup (body, size - (gsize) (body - bytes));
  gsize der_size = 0;
  g_autofree guint8 *der = g_base64_decode (base, &der_size);
  const guint8 *at = der;
  return d2i_CMS_ContentInfo (NULL, &at, (long) der_size);
}

static gboolean
smime_readers (GBytes *message, GPtrArray *ids)
{
  CMS_ContentInfo *cms = cms_of (message);
  STACK_OF (CMS_RecipientInfo) *infos = cms != NULL ? CMS_get0_RecipientInfos (cms) : NULL;
  for (int i = 0; infos != NULL && i < sk_CMS_RecipientInfo_num (infos); i++)
    add_reader (sk_CMS_RecipientInfo_value (infos, i), ids);
  CMS_ContentInfo_free (cms);
  return infos != NULL;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

GPtrArray *
people_readers (GBytes *message, enum route_method *method_out)
{
  gsize size = 0;
  const char *bytes = g_bytes_get_data (message, &size);
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  const char *armor = g_strstr_len (bytes, (gssize) size, "-----BEGIN PGP MESSAGE-----");
  if (armor != NULL) {
    g_autoptr (GBytes) block = g_bytes_new (armor, size - (gsize) (armor - bytes));
    *method_out = ROUTE_PGP;
    if (pgp_packet_kind (block, ids) != PGP_ENCRYPTED_MDC)
      return NULL;
  } else {
    *method_out = ROUTE_SMIME;
    if (!smime_readers (message, ids))
      return NULL;
  }
  g_ptr_array_sort (ids, compare);
  return g_steal_pointer (&ids);
}

static char *
open_smime (GBytes *message, const struct person *reader)
{
  CMS_ContentInfo *cms = cms_of (message);
  X509 *certificate = read_pem (property_dir (), reader->name, ".crt", FALSE);
  EVP_PKEY *key = read_pem (property_dir (), reader->name, ".key", TRUE);
  BIO *out = BIO_new (BIO_s_mem ());
  char *text = NULL, *data = NULL;
  if (cms != NULL && CMS_decrypt (cms, key, certificate, NULL, out, 0) == 1) {
    const long size = BIO_get_mem_data (out, &data);
    text = g_strndup (data, (gsize) size);
  }
  BIO_free (out);
  EVP_PKEY_free (key);
  X509_free (certificate);
  CMS_ContentInfo_free (cms);
  return text;
}

char *
people_open (GBytes *message, enum route_method method, const struct person *reader)
{
  return method == ROUTE_SMIME ? open_smime (message, reader) : people_open_pgp (message, reader);
}
