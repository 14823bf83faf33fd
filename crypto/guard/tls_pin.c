/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Pins: the SHA-256 of a public key (SubjectPublicKeyInfo), in base64, as RFC 7469 has it. A chain that holds must also have one of the pinned
 * keys in it, the server's own or that of an authority above; a pin never makes a chain hold. */
#include <string.h>
#include "crypto/guard/tls_p.h"

#define PIN_PREFIX "sha256/"

static gboolean
digest_of (X509 *certificate, guint8 digest[32])
{
  unsigned char *der = NULL;
  int size = i2d_X509_PUBKEY (X509_get_X509_PUBKEY (certificate), &der);
  unsigned int length = 0;
  gboolean done
      = size > 0 && EVP_Digest (der, (size_t) size, digest, &length, EVP_sha256 (), NULL) == 1 && length == 32;
  OPENSSL_free (der);
  return done;
}

char *
tls_pin_of (X509 *certificate)
{
  guint8 digest[32];
  if (!digest_of (certificate, digest))
    return NULL;
  g_autofree char *text = g_base64_encode (digest, sizeof digest);
  return g_strconcat (PIN_PREFIX, text, NULL);
}

gboolean
tls_pin_matches (const char *const *pins, STACK_OF (X509) * chain)
{
  for (int i = 0; i < sk_X509_num (chain); i++) {
    g_autofree char *pin = tls_pin_of (sk_X509_value (chain, i));
    if (pin != NULL && g_strv_contains (pins, pin))
      return TRUE;
  }
  return FALSE;
}
