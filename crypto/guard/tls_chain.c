/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The one judge of a server's certificates: a chain to an anchor, by all the rules (RFC 5280), for the name that was asked for (RFC 9525),
 * at a time. A handshake and `cert-check` both come here, and there is no other.
 *
 * OpenSSL builds and checks the chain, by its strict rules. What it leaves out is checked here. */
#include <string.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "crypto/guard/tls_p.h"

#define CHAIN_DEPTH_MAX 10
/* 2: at least 112 bits of security (RSA 2048, no SHA-1, no MD5) in every certificate below the anchor. */
#define AUTH_LEVEL 2
#define SERIAL_SIZE_MAX 20 /* RFC 5280 section 4.1.2.2 */

/* What somebody here named as an anchor is one although it is no authority, if it is the very certificate that the server shows. */
static gboolean
is_named (const struct tls_trust *trust, X509 *end)
{
  for (int i = 0; i < sk_X509_num (trust->own); i++)
    if (X509_cmp (sk_X509_value (trust->own, i), end) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
set_host (X509_VERIFY_PARAM *param, const char *host)
{
  if (host == NULL)
    return TRUE;
  X509_VERIFY_PARAM_set_hostflags (param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  gboolean is_address = FALSE;
  g_autofree char *name = tls_chain_name (host, &is_address);
  if (name == NULL || X509_VERIFY_PARAM_set_purpose (param, X509_PURPOSE_SSL_SERVER) != 1
      || X509_VERIFY_PARAM_set_trust (param, X509_TRUST_SSL_SERVER) != 1)
    return FALSE;
  return (is_address ? X509_VERIFY_PARAM_set1_ip_asc (param, name) : X509_VERIFY_PARAM_set1_host (param, name, 0)) == 1;
}

char *
tls_chain_name (const char *host, gboolean *is_address_out)
{
  *is_address_out = host != NULL && g_hostname_is_ip_address (host);
  if (*is_address_out || host == NULL)
    return g_strdup (host);
  g_autofree char *name = g_hostname_to_ascii (host);
  gsize length = name != NULL ? strlen (name) : 0;
  if (length > 1 && name[length - 1] == '.')
    name[--length] = '\0';
  return length > 0 && name[0] != '.' ? g_steal_pointer (&name) : NULL;
}

/* One rule of the strict ones less: what `openssl req -x509` makes by itself says nothing of what its key may be used for, and many an
 * organisation's root was made so. A root that somebody trusts may leave it out. */
static int
forgive (int fine, X509_STORE_CTX *context)
{
  X509 *certificate = X509_STORE_CTX_get_current_cert (context);
  return fine
         || (X509_STORE_CTX_get_error (context) == X509_V_ERR_CA_CERT_MISSING_KEY_USAGE && certificate != NULL
             && (X509_get_extension_flags (certificate) & EXFLAG_SS) != 0);
}

static gboolean
prepare (X509_STORE_CTX *context, const struct tls_terms *terms, X509 *end)
{
  X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param (context);
  unsigned long flags = X509_V_FLAG_X509_STRICT | X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_POLICY_CHECK;
  if (is_named (terms->trust, end))
    flags |= X509_V_FLAG_PARTIAL_CHAIN;
  if (terms->trust->lists != NULL) {
    flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    X509_STORE_CTX_set0_crls (context, terms->trust->lists);
  }
  X509_STORE_CTX_set_verify_cb (context, forgive);
  X509_VERIFY_PARAM_set_depth (param, CHAIN_DEPTH_MAX);
  X509_VERIFY_PARAM_set_auth_level (param, AUTH_LEVEL);
  if (terms->at != 0)
    X509_VERIFY_PARAM_set_time (param, (time_t) terms->at);
  return X509_VERIFY_PARAM_set_flags (param, flags) == 1 && set_host (param, terms->host);
}

static void
blame (struct tls_fault *fault, int code, X509 *certificate)
{
  fault->code = code;
  X509_free (fault->certificate);
  fault->certificate = NULL;
  if (certificate != NULL && X509_up_ref (certificate) == 1)
    fault->certificate = certificate;
}

/* DSA among others is no more. */
static gboolean
is_known (const EVP_PKEY *key)
{
  static const char *const kinds[] = { "RSA", "RSA-PSS", "EC", "ED25519", "ED448" };
  for (gsize i = 0; key != NULL && i < G_N_ELEMENTS (kinds); i++)
    if (EVP_PKEY_is_a (key, kinds[i]))
      return TRUE;
  return FALSE;
}

/* What holds by OpenSSL's rules, and still is not taken. */
static gboolean
look_closer (const struct tls_terms *terms, STACK_OF (X509) * chain, struct tls_fault *fault)
{
  X509 *end = sk_X509_value (chain, 0);
  for (int i = 0; i < sk_X509_num (chain); i++) {
    X509 *certificate = sk_X509_value (chain, i);
    const gboolean number_fits = ASN1_STRING_length (X509_get0_serialNumber (certificate)) <= SERIAL_SIZE_MAX;
    if (!number_fits || !is_known (X509_get0_pubkey (certificate))) {
      fault->depth = i;
      blame (fault, number_fits ? X509_V_ERR_EE_KEY_TOO_SMALL : TLS_FAULT_SERIAL, certificate);
      return FALSE;
    }
  }
  /* All that we negotiate has the server sign; a certificate that is for something else was not meant for this. */
  if (terms->host != NULL && (X509_get_key_usage (end) & KU_DIGITAL_SIGNATURE) == 0) {
    blame (fault, X509_V_ERR_INVALID_PURPOSE, end);
    return FALSE;
  }
  if (terms->pins != NULL && !tls_pin_matches (terms->pins, chain)) {
    blame (fault, TLS_FAULT_PIN, end);
    return FALSE;
  }
  return TRUE;
}

static gboolean
build (X509_STORE_CTX *context, const struct tls_terms *terms, X509 *end, struct tls_fault *fault)
{
  if (X509_verify_cert (context) == 1)
    return look_closer (terms, X509_STORE_CTX_get0_chain (context), fault);
  int code = X509_STORE_CTX_get_error (context);
  X509 *guilty = X509_STORE_CTX_get_current_cert (context);
  fault->depth = X509_STORE_CTX_get_error_depth (context);
  blame (fault, code != X509_V_OK ? code : X509_V_ERR_UNSPECIFIED, guilty != NULL ? guilty : end);
  return FALSE;
}

gboolean
tls_chain_judge (const struct tls_terms *terms, X509 *end, STACK_OF (X509) * others, STACK_OF (X509) * *chain_out,
                 struct tls_fault *fault)
{
  gboolean holds = FALSE;
  X509_STORE_CTX *context = X509_STORE_CTX_new ();
  ERR_clear_error ();
  blame (fault, X509_V_ERR_UNSPECIFIED, end); /* until something else is known */
  if (context != NULL && X509_STORE_CTX_init (context, terms->trust->store, end, others) == 1
      && prepare (context, terms, end))
    holds = build (context, terms, end, fault);
  if (holds)
    blame (fault, X509_V_OK, NULL);
  if (chain_out != NULL)
    *chain_out = holds ? X509_STORE_CTX_get1_chain (context) : NULL;
  X509_STORE_CTX_free (context);
  ERR_clear_error ();
  return holds;
}
