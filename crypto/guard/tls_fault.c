/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What went wrong with TLS, as a code and a sentence that says which certificate and what to do. */
#include "crypto/guard/tls_p.h"
#include <gio/gio.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include "crypto/guard/x509_text.h"

void
tls_fault_clear (struct tls_fault *fault)
{
  X509_free (fault->certificate);
  *fault = (struct tls_fault){ .code = X509_V_OK };
}

static void
fault_dates (const struct tls_fault *fault, const char *subject, const char *host, GError **error)
{
  gboolean early = fault->code == X509_V_ERR_CERT_NOT_YET_VALID;
  g_autofree char *date
      = x509_text_date (early ? X509_get0_notBefore (fault->certificate) : X509_get0_notAfter (fault->certificate));
  g_set_error (
      error, CRYPTO_ERROR, TLS_ERROR_EXPIRED,
      "The certificate “%s” that %s shows %s %s, so nothing was sent. Check this computer's date; if it is right, "
      "the people who run the server must renew the certificate.",
      subject, host, early ? "is not valid before" : "expired on", date);
}

static void
fault_host (const struct tls_fault *fault, const char *host, GError **error)
{
  g_autofree char *hosts = x509_text_hosts (fault->certificate);
  g_set_error (
      error, CRYPTO_ERROR, TLS_ERROR_HOSTNAME,
      "The server that answered as %s shows a certificate for %s. It may be the wrong server, or somebody in between; "
      "nothing was sent. Check the server's name in the account's settings.",
      host, hosts);
}

static void
fault_untrusted (const struct tls_fault *fault, const char *subject, const char *host, GError **error)
{
  g_autofree char *issuer = x509_text_issuer (fault->certificate);
  if (fault->code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
    g_set_error (
        error, CRYPTO_ERROR, TLS_ERROR_UNTRUSTED,
        "%s shows the certificate “%s”, which it signed itself, so nobody vouches for it; nothing was sent. If your "
        "organisation gave you this certificate, add it to the account as its trusted certificate.",
        host, subject);
  else
    g_set_error (
        error, CRYPTO_ERROR, TLS_ERROR_UNTRUSTED,
        "%s shows the certificate “%s”, issued by “%s”, which leads to no trusted authority; nothing was sent. If that "
        "is your organisation's authority, add its certificate to the account.",
        host, subject, issuer);
}

void
tls_fault_certificate (const struct tls_fault *fault, const char *host, GError **error)
{
  g_autofree char *subject = x509_text_subject (fault->certificate);
  switch (fault->code) {
  case X509_V_ERR_CERT_HAS_EXPIRED:
  case X509_V_ERR_CERT_NOT_YET_VALID:
    fault_dates (fault, subject, host, error);
    return;
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH:
    fault_host (fault, host, error);
    return;
  case X509_V_ERR_CERT_REVOKED:
    g_set_error (
        error, CRYPTO_ERROR, TLS_ERROR_REVOKED,
        "The certificate “%s” that %s shows was revoked, so nothing was sent. Tell the people who run the server.",
        subject, host);
    return;
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
  case X509_V_ERR_CERT_UNTRUSTED:
    fault_untrusted (fault, subject, host, error);
    return;
  default:
    g_set_error (
        error, CRYPTO_ERROR, TLS_ERROR_UNTRUSTED,
        "The certificate “%s” that %s shows cannot be accepted (%s), so nothing was sent. Tell the people who run "
        "the server.",
        subject, host, X509_verify_cert_error_string (fault->code));
    return;
  }
}

/* What one of OpenSSL's reasons means for the person who waits; NULL for those that need no words of their own. */
static const char *
reason_sentence (int reason)
{
  switch (reason) {
  case SSL_R_UNSUPPORTED_PROTOCOL:
  case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
  case SSL_R_VERSION_TOO_LOW:
    return "It offers only versions of TLS older than 1.2, which do not protect well enough. Its operator must update "
           "it.";
  case SSL_R_WRONG_VERSION_NUMBER:
  case SSL_R_HTTP_REQUEST:
    return "It does not speak TLS on this port. Check the port, and whether the account should use STARTTLS or TLS.";
  case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    return "It asks for a client certificate. Add yours to the account.";
  case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    return "It refused: it knows no cipher that we accept, or asks for a client certificate. Ask its operator.";
  case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
  case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
  case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
  case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
  case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
  case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
  case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    return "It does not accept our client certificate. Check the one that the account names.";
  case SSL_R_EE_KEY_TOO_SMALL:
  case SSL_R_CA_KEY_TOO_SMALL:
  case SSL_R_CA_MD_TOO_WEAK:
  case SSL_R_DH_KEY_TOO_SMALL:
    return "Its keys or certificates are too weak. Its operator must replace them.";
  default:
    return NULL;
  }
}

void
tls_fault_protocol (const char *host, int ssl_error, int saved_errno, GError **error)
{
  unsigned long code = ERR_peek_error ();
  int reason = code != 0 ? ERR_GET_REASON (code) : 0;
  const char *sentence = code != 0 && ERR_GET_LIB (code) == ERR_LIB_SSL ? reason_sentence (reason) : NULL;
  const char *detail = code != 0 ? ERR_reason_error_string (code) : NULL;
  gboolean cut = ssl_error == SSL_ERROR_SYSCALL
                 || (code != 0 && ERR_GET_LIB (code) == ERR_LIB_SSL && reason == SSL_R_UNEXPECTED_EOF_WHILE_READING);
  if (sentence != NULL)
    g_set_error (error, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE, "No protected connection to %s: %s", host, sentence);
  else if (cut)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                 "The connection to %s broke off (%s). What was under way may be incomplete; try again.", host,
                 saved_errno != 0 ? g_strerror (saved_errno) : "the other side closed it without saying so");
  else
    g_set_error (error, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE,
                 "The protected connection to %s failed (%s). If it happens again, ask the people who run the server.",
                 host, detail != NULL ? detail : "no detail known");
  ERR_clear_error ();
}
