/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What we accept of a server: TLS 1.2 or later with forward secrecy and authenticated ciphers, a chain to an anchor, and the
 * name that was asked for (RFC 8314, RFC 9525). There is no argument, file or variable that makes this weaker. */
#include "crypto/guard/tls_p.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>

/* Security level 2 asks for 112 bits: RSA of 2048 bits or more, no SHA-1 or MD5 signatures, in every certificate. */
#define SECURITY_LEVEL 2
#define CIPHERS_TLS12 "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20"
#define GROUPS "X25519:P-256:P-384:P-521"
#define SIGNATURES                                                                                                     \
  "ed25519:ed448:ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"  \
  "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512"
#define CIPHERS_TLS13 "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"

int
tls_policy_no_passphrase (char *buffer, int size, int writing, void *asked)
{
  if (asked != NULL)
    *(gboolean *) asked = TRUE;
  return -1;
}

static gboolean
load_client_certificate (SSL_CTX *context, const struct tls_settings *settings, GError **error)
{
  const char *file = settings->client_cert_file;
  const char *key_file = settings->client_key_file != NULL ? settings->client_key_file : file;
  gboolean locked = FALSE;
  if (file == NULL)
    return TRUE;
  SSL_CTX_set_default_passwd_cb (context, tls_policy_no_passphrase);
  SSL_CTX_set_default_passwd_cb_userdata (context, &locked);
  if (SSL_CTX_use_certificate_chain_file (context, file) != 1) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
                 "The client certificate %s could not be read. Check that it exists and is in PEM form.", file);
    return FALSE;
  }
  gboolean fits = SSL_CTX_use_PrivateKey_file (context, key_file, SSL_FILETYPE_PEM) == 1
                  && SSL_CTX_check_private_key (context) == 1;
  SSL_CTX_set_default_passwd_cb_userdata (context, NULL);
  if (locked)
    g_set_error (
        error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
        "The private key %s of the client certificate is locked with a passphrase, which wardmail does not ask "
        "for here, so nothing was sent. Give the account a key without one, for example by: openssl pkey -in "
        "LOCKED -out %s",
        key_file, key_file);
  else if (!fits)
    g_set_error (
        error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
        "The private key %s could not be used with the client certificate %s. Check that it exists, is in PEM form "
        "without a passphrase, and belongs to that certificate.",
        key_file, file);
  return fits;
}

SSL_CTX *
tls_policy_context (const struct tls_settings *settings, GError **error)
{
  /* No openssl.cnf: what stands there could lower what is decided here. */
  OPENSSL_init_ssl (OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
  SSL_CTX *context = SSL_CTX_new (TLS_client_method ());
  if (context == NULL || SSL_CTX_set_min_proto_version (context, TLS1_2_VERSION) != 1
      || SSL_CTX_set_max_proto_version (context, 0) != 1 || SSL_CTX_set_cipher_list (context, CIPHERS_TLS12) != 1
      || SSL_CTX_set_ciphersuites (context, CIPHERS_TLS13) != 1 || SSL_CTX_set1_groups_list (context, GROUPS) != 1
      || SSL_CTX_set1_sigalgs_list (context, SIGNATURES) != 1) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "TLS could not be set up on this computer. Check the installation of OpenSSL.");
    SSL_CTX_free (context);
    return NULL;
  }
  SSL_CTX_set_security_level (context, SECURITY_LEVEL);
  SSL_CTX_set_options (context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_clear_options (context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT
                                      | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
  SSL_CTX_set_mode (context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode (context,
                                  SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL); /* tls_resume.c has them */
  if (load_client_certificate (context, settings, error))
    return context;
  SSL_CTX_free (context);
  return NULL;
}

gboolean
tls_policy_bind (SSL *ssl, const char *host, GError **error)
{
  gboolean is_address = FALSE;
  g_autofree char *name = tls_chain_name (host, &is_address);
  if (name != NULL && (is_address || SSL_set_tlsext_host_name (ssl, name) == 1))
    return TRUE;
  g_set_error (
      error, CRYPTO_ERROR, TLS_ERROR_HOSTNAME,
      "“%s” is not a host name, so that no certificate can be checked against it. Correct the server's name in the "
      "account's settings.",
      host != NULL ? host : "");
  return FALSE;
}
