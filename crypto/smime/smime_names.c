/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom a certificate names: its mail addresses (RFC 8550 section 3, RFC 8398), its fingerprint and its key's id.
 *
 * An address is taken only if it is one beyond doubt: no NUL, no blank, no control character, one plain "@". A name that another
 * reader could cut short ("alice@good.example\0.evil.example") must not match anything. */
#include <string.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include "crypto/addrspec.h"
#include "crypto/smime/smime_p.h"

#define ADDRESSES_MAX 100
#define ADDRESS_BYTES_MAX 320

static gboolean
is_address (const char *bytes, gsize size, gboolean ascii)
{
  if (size < 3 || size > ADDRESS_BYTES_MAX || !g_utf8_validate_len (bytes, size, NULL))
    return FALSE;
  const char *at = memchr (bytes, '@', size);
  if (at == NULL || at == bytes || at == bytes + size - 1 || memchr (at + 1, '@', size - (gsize) (at + 1 - bytes)))
    return FALSE;
  for (gsize i = 0; i < size; i++) {
    guchar c = (guchar) bytes[i];
    if (c <= ' ' || c == 0x7f || (c >= 0x80 && ascii) || strchr ("<>()[],;:\\\"", c) != NULL)
      return FALSE;
  }
  return TRUE;
}

/* The domain in lower case; the local part as it is. */
static void
add_address (GPtrArray *addresses, const ASN1_STRING *string, gboolean ascii)
{
  const char *bytes = (const char *) ASN1_STRING_get0_data (string);
  int size = ASN1_STRING_length (string);
  if (addresses->len >= ADDRESSES_MAX || size <= 0 || !is_address (bytes, (gsize) size, ascii))
    return;
  char *address = g_strndup (bytes, (gsize) size);
  for (char *at = strchr (address, '@'); *at != '\0'; at++)
    *at = g_ascii_tolower (*at);
  g_ptr_array_add (addresses, address);
}

/* TRUE if the certificate has any mail address among its alternative names, usable or not. */
static gboolean
add_alternative_names (GPtrArray *addresses, const X509 *certificate)
{
  GENERAL_NAMES *names = X509_get_ext_d2i (certificate, NID_subject_alt_name, NULL, NULL);
  gboolean any = FALSE;
  for (int i = 0; i < sk_GENERAL_NAME_num (names); i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value (names, i);
    if (name->type == GEN_EMAIL) {
      any = TRUE;
      add_address (addresses, name->d.rfc822Name, TRUE);
    } else if (name->type == GEN_OTHERNAME && OBJ_obj2nid (name->d.otherName->type_id) == NID_id_on_SmtpUTF8Mailbox
               && name->d.otherName->value->type == V_ASN1_UTF8STRING) {
      any = TRUE;
      add_address (addresses, name->d.otherName->value->value.utf8string, FALSE);
    }
  }
  GENERAL_NAMES_free (names);
  return any;
}

GPtrArray *
smime_names_addresses (const X509 *certificate)
{
  GPtrArray *addresses = g_ptr_array_new_with_free_func (g_free);
  if (add_alternative_names (addresses, certificate))
    return addresses;
  const X509_NAME *subject = X509_get_subject_name (certificate);
  for (int at = -1; (at = X509_NAME_get_index_by_NID (subject, NID_pkcs9_emailAddress, at)) >= 0;) {
    const ASN1_STRING *string = X509_NAME_ENTRY_get_data (X509_NAME_get_entry (subject, at));
    if (ASN1_STRING_type (string) == V_ASN1_IA5STRING || ASN1_STRING_type (string) == V_ASN1_UTF8STRING
        || ASN1_STRING_type (string) == V_ASN1_PRINTABLESTRING)
      add_address (addresses, string, TRUE);
  }
  return addresses;
}

static char *
hex_upper (const guchar *bytes, gsize size)
{
  static const char digits[] = "0123456789ABCDEF";
  char *hex = g_malloc (2 * size + 1);
  for (gsize i = 0; i < size; i++) {
    hex[2 * i] = digits[bytes[i] >> 4];
    hex[2 * i + 1] = digits[bytes[i] & 15];
  }
  hex[2 * size] = '\0';
  return hex;
}

char *
smime_names_fingerprint (const X509 *certificate)
{
  guchar digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest (certificate, EVP_sha256 (), digest, &size) != 1)
    return g_strdup ("");
  return hex_upper (digest, size);
}

char *
smime_names_key_id (X509_PUBKEY *key)
{
  const unsigned char *bits = NULL;
  int size = 0;
  if (key == NULL || X509_PUBKEY_get0_param (NULL, &bits, &size, NULL, key) != 1 || size <= 0)
    return NULL;
  g_autofree char *lower = g_compute_checksum_for_data (G_CHECKSUM_SHA256, bits, (gsize) size);
  return g_ascii_strup (lower, -1);
}

gboolean
smime_names_carries (const X509 *certificate, const char *address)
{
  g_autoptr (GPtrArray) addresses = smime_names_addresses (certificate);
  for (guint i = 0; i < addresses->len; i++)
    if (addrspec_equal (g_ptr_array_index (addresses, i), address))
      return TRUE;
  return FALSE;
}
