/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The errors of crypto/: one domain, whose messages are sentences a person can read. */
#pragma once
#include <glib.h>

#define CRYPTO_ERROR (crypto_error_quark ())
GQuark crypto_error_quark (void);

enum crypto_error {
  CRYPTO_ERROR_FAILED,     /* a library or the system failed; nothing was produced */
  CRYPTO_ERROR_FORMAT,     /* what was read is not what it claims to be */
  CRYPTO_ERROR_PASSPHRASE, /* a passphrase is needed, or the one given is wrong */
  CRYPTO_ERROR_NO_KEY,     /* no key of ours opens it, or no key of ours can sign */
  CRYPTO_ERROR_INTEGRITY,  /* the content was changed or has no integrity protection: it is withheld */
  CRYPTO_ERROR_HELD,       /* the route says hold */
  CRYPTO_ERROR_CARD,       /* the smart card that has the key is not there, locked, or failed */
  TLS_ERROR_HANDSHAKE,     /* the peer and we could not agree, or it broke off */
  TLS_ERROR_UNTRUSTED,     /* the chain does not lead to a configured anchor */
  TLS_ERROR_EXPIRED,       /* a certificate is expired or not yet valid */
  TLS_ERROR_HOSTNAME,      /* the certificate is for another host */
  TLS_ERROR_REVOKED,       /* a certificate was revoked, or nobody can tell where that was asked for */
  TLS_ERROR_PIN,           /* the chain holds, but has none of the keys that the account expects */
};
