/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What went wrong with TLS, as a code and a sentence that says which certificate and what to do. */
#include "crypto/guard/tls_p.h"
#include <string.h>
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

/* What is wrong with a certificate, for each way in which one can be: said of the certificate, as in "The certificate X …". */
static const struct row {
  int code;
  int error;
  const char *reason;
  const char *words; /* NULL: it has a sentence of its own */
} rows[] = {
#define ASKS_TOO_MUCH "asks for something that wardmail does not know"
#define BAD_NAME "is for a name that its authority may not vouch for"
#define NO_AUTHORITY "was used to issue another one, but does not belong to an authority"
#define NO_LIST "may have been revoked: no revocation list that is valid at this time says that it was not"
#define NO_POLICY "does not keep to the policy that its authority demands"
#define NOT_SIGNED "is not what its authority signed"
#define TOO_WEAK "is too weak: today its key or its signature can be forged"
  { X509_V_ERR_CERT_HAS_EXPIRED, TLS_ERROR_EXPIRED, "expired", NULL },
  { X509_V_ERR_CERT_NOT_YET_VALID, TLS_ERROR_EXPIRED, "not_yet_valid", NULL },
  { X509_V_ERR_HOSTNAME_MISMATCH, TLS_ERROR_HOSTNAME, "host", NULL },
  { X509_V_ERR_IP_ADDRESS_MISMATCH, TLS_ERROR_HOSTNAME, "host", NULL },
  { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, TLS_ERROR_UNTRUSTED, "self_signed", NULL },
  { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, TLS_ERROR_UNTRUSTED, "untrusted", NULL },
  { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, TLS_ERROR_UNTRUSTED, "untrusted", NULL },
  { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, TLS_ERROR_UNTRUSTED, "untrusted", NULL },
  { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, TLS_ERROR_UNTRUSTED, "untrusted", NULL },
  { X509_V_ERR_CERT_UNTRUSTED, TLS_ERROR_UNTRUSTED, "untrusted", NULL },
  { TLS_FAULT_PIN, TLS_ERROR_PIN, "pin", NULL },
  { X509_V_ERR_CERT_REVOKED, TLS_ERROR_REVOKED, "revoked", "was revoked by its authority" },
  { X509_V_ERR_UNABLE_TO_GET_CRL, TLS_ERROR_REVOKED, "revocation_unknown", NO_LIST },
  { X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, TLS_ERROR_REVOKED, "revocation_unknown", NO_LIST },
  { X509_V_ERR_CRL_HAS_EXPIRED, TLS_ERROR_REVOKED, "revocation_unknown", NO_LIST },
  { X509_V_ERR_CRL_NOT_YET_VALID, TLS_ERROR_REVOKED, "revocation_unknown", NO_LIST },
  { X509_V_ERR_CRL_SIGNATURE_FAILURE, TLS_ERROR_REVOKED, "revocation_unknown", NO_LIST },
  { X509_V_ERR_CRL_PATH_VALIDATION_ERROR, TLS_ERROR_REVOKED, "revocation_unknown", NO_LIST },
  { X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, TLS_ERROR_REVOKED, "revocation_unknown", NO_LIST },
  { X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, TLS_ERROR_REVOKED, "revocation_unknown", NO_LIST },
  { X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, TLS_ERROR_REVOKED, "revocation_unknown", NO_LIST },
  { X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, TLS_ERROR_REVOKED, "revocation_unknown", NO_LIST },
  { X509_V_ERR_DIFFERENT_CRL_SCOPE, TLS_ERROR_REVOKED, "revocation_unknown", NO_LIST },
  { X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, TLS_ERROR_REVOKED, "revocation_unknown", NO_LIST },
  { X509_V_ERR_EE_KEY_TOO_SMALL, TLS_ERROR_UNTRUSTED, "weak", TOO_WEAK },
  { X509_V_ERR_CA_KEY_TOO_SMALL, TLS_ERROR_UNTRUSTED, "weak", TOO_WEAK },
  { X509_V_ERR_CA_MD_TOO_WEAK, TLS_ERROR_UNTRUSTED, "weak", TOO_WEAK },
  { X509_V_ERR_INVALID_PURPOSE, TLS_ERROR_UNTRUSTED, "purpose", "is not meant for a server" },
  { X509_V_ERR_INVALID_CA, TLS_ERROR_UNTRUSTED, "no_authority", NO_AUTHORITY },
  { X509_V_ERR_INVALID_NON_CA, TLS_ERROR_UNTRUSTED, "no_authority", NO_AUTHORITY },
  { X509_V_ERR_KEYUSAGE_NO_CERTSIGN, TLS_ERROR_UNTRUSTED, "no_authority", NO_AUTHORITY },
  { X509_V_ERR_PATH_LENGTH_EXCEEDED, TLS_ERROR_UNTRUSTED, "path_length",
    "belongs to an authority that may not have so many others below it" },
  { X509_V_ERR_CERT_CHAIN_TOO_LONG, TLS_ERROR_UNTRUSTED, "chain_too_long", "has too many authorities above it" },
  { X509_V_ERR_PERMITTED_VIOLATION, TLS_ERROR_UNTRUSTED, "name_constraints", BAD_NAME },
  { X509_V_ERR_EXCLUDED_VIOLATION, TLS_ERROR_UNTRUSTED, "name_constraints", BAD_NAME },
  { X509_V_ERR_SUBTREE_MINMAX, TLS_ERROR_UNTRUSTED, "name_constraints", BAD_NAME },
  { X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, TLS_ERROR_UNTRUSTED, "name_constraints", BAD_NAME },
  { X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, TLS_ERROR_UNTRUSTED, "name_constraints", BAD_NAME },
  { X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, TLS_ERROR_UNTRUSTED, "name_constraints", BAD_NAME },
  { X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, TLS_ERROR_UNTRUSTED, "critical_extension", ASKS_TOO_MUCH },
  { X509_V_ERR_INVALID_POLICY_EXTENSION, TLS_ERROR_UNTRUSTED, "policy", NO_POLICY },
  { X509_V_ERR_NO_EXPLICIT_POLICY, TLS_ERROR_UNTRUSTED, "policy", NO_POLICY },
  { X509_V_ERR_CERT_SIGNATURE_FAILURE, TLS_ERROR_UNTRUSTED, "signature", NOT_SIGNED },
  { X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, TLS_ERROR_UNTRUSTED, "signature", NOT_SIGNED },
  { TLS_FAULT_STAPLE, TLS_ERROR_REVOKED, "no_staple",
    "promises a fresh proof that it was not revoked with every connection, but the server gave none that counts" },
  { TLS_FAULT_SERIAL, TLS_ERROR_UNTRUSTED, "malformed", "has a number that is longer than the rules allow" },
};
static const struct row other = { X509_V_ERR_UNSPECIFIED, TLS_ERROR_UNTRUSTED, "malformed", NULL };

static const struct row *
row_of (int code)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].code == code)
      return &rows[i];
  return &other;
}

const char *
tls_fault_reason (int code)
{
  return code == X509_V_OK ? "ok" : row_of (code)->reason;
}

/* "The certificate “X” that HOST shows", or of whom it is above that. */
static char *
which (const struct tls_fault *fault, const char *host)
{
  g_autofree char *subject = x509_text_subject (fault->certificate);
  if (fault->depth > 0)
    return g_strdup_printf ("The certificate of the authority “%s”, above that of %s,", subject,
                            host != NULL ? host : "the server");
  return g_strdup_printf ("The certificate “%s”%s%s", subject, host != NULL ? " that " : "", host != NULL ? host : "");
}

/* What is wrong: a whole sentence. */
static char *
what (const struct tls_fault *fault, const char *host)
{
  const struct row *row = row_of (fault->code);
  g_autofree char *begin = which (fault, host), *issuer = x509_text_issuer (fault->certificate);
  const char *shows = host != NULL && fault->depth == 0 ? " shows" : "";
  if (row->words != NULL)
    return g_strdup_printf ("%s%s %s.", begin, shows, row->words);
  if (row->error == TLS_ERROR_EXPIRED) {
    const gboolean early = fault->code == X509_V_ERR_CERT_NOT_YET_VALID;
    g_autofree char *date
        = x509_text_date (early ? X509_get0_notBefore (fault->certificate) : X509_get0_notAfter (fault->certificate));
    return g_strdup_printf ("%s%s %s %s.", begin, shows, early ? "is not valid before" : "expired on", date);
  }
  if (row->error == TLS_ERROR_HOSTNAME) {
    g_autofree char *hosts = x509_text_hosts (fault->certificate);
    return g_strdup_printf ("The server that answered as %s shows a certificate for %s. It may be the wrong server, or "
                            "somebody in between.",
                            host, hosts);
  }
  if (row->error == TLS_ERROR_PIN)
    return g_strdup_printf ("%s%s holds, but has another key than the one that this account expects. It may have been "
                            "renewed, or somebody is in between.",
                            begin, shows);
  if (fault->code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
    return g_strdup_printf ("%s%s was signed by itself, so nobody vouches for it.", begin, shows);
  if (fault->code == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN)
    return g_strdup_printf ("The certificate%s%s%s leads to the authority “%s”, which is not trusted here.",
                            host != NULL ? " that " : "", host != NULL ? host : "", host != NULL ? " shows" : "",
                            issuer);
  if (row != &other)
    return g_strdup_printf ("%s%s was issued by “%s”, which leads to no trusted authority.", begin, shows, issuer);
  return g_strdup_printf ("%s%s cannot be accepted: it was not made by the rules (%s).", begin, shows,
                          X509_verify_cert_error_string (fault->code));
}

static const char *
advice (const struct tls_fault *fault)
{
  switch (row_of (fault->code)->error) {
  case TLS_ERROR_EXPIRED:
    return "Check this computer's date; if it is right, the people who run the server must renew the certificate.";
  case TLS_ERROR_HOSTNAME:
    return "Check the server's name in the account's settings.";
  case TLS_ERROR_PIN:
    return "Ask the people who run the server whether they changed its key; if they did, they can tell you the new pin "
           "for the account.";
  default:
    break;
  }
  if (fault->code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
    return "If your organisation gave you this certificate, add it to the account as its trusted certificate.";
  if (strcmp (row_of (fault->code)->reason, "untrusted") == 0)
    return "If that is your organisation's authority, add its certificate, and those of the authorities above it, to "
           "the "
           "account.";
  return "Tell the people who run the server.";
}

char *
tls_fault_sentence (const struct tls_fault *fault, const char *host)
{
  g_autofree char *wrong = what (fault, host);
  return g_strdup_printf ("%s %s", wrong, advice (fault));
}

void
tls_fault_certificate (const struct tls_fault *fault, const char *host, GError **error)
{
  g_autofree char *wrong = what (fault, host);
  g_set_error (error, CRYPTO_ERROR, row_of (fault->code)->error, "%s Nothing was sent. %s", wrong, advice (fault));
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
