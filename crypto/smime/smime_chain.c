/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a certificate can be trusted for mail at a time, and what it may be used for. RFC 5280, RFC 8550.
 *
 * OpenSSL's own S/MIME purposes are not used: "smimeencrypt" wants keyEncipherment and so refuses every ECDH certificate. What
 * they check is checked here: key usage of the end certificate, extended key usage of the whole chain. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "crypto/guard/x509_text.h"
#include "crypto/smime/smime_p.h"

#define CHAIN_DEPTH_MAX 10
/* 2: at least 112 bits of security (RSA 2048, no SHA-1) in every certificate below the anchor. */
#define CHAIN_AUTH_LEVEL 2
#define SECURITY_BITS_MIN 112

static gboolean
allows_mail (X509 *certificate)
{
  uint32_t usage = X509_get_extended_key_usage (certificate); /* all ones if the certificate does not say */
  return (usage & (XKU_SMIME | XKU_ANYEKU)) != 0;
}

gboolean
smime_chain_may_sign (X509 *certificate)
{
  uint32_t usage = X509_get_key_usage (certificate);
  return allows_mail (certificate) && (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
}

gboolean
smime_chain_may_encrypt (X509 *certificate)
{
  const EVP_PKEY *key = X509_get0_pubkey (certificate);
  uint32_t usage = X509_get_key_usage (certificate);
  if (key == NULL || !allows_mail (certificate))
    return FALSE;
  if (EVP_PKEY_is_a (key, "RSA"))
    return (usage & KU_KEY_ENCIPHERMENT) != 0;
  return EVP_PKEY_is_a (key, "EC") && (usage & KU_KEY_AGREEMENT) != 0;
}

/* A signature by SHA-1, MD5 or the like says nothing today. What signed itself proves nothing by it anyway. */
static gboolean
is_weak (X509 *certificate, const EVP_PKEY *key)
{
  int bits = 0;
  if (EVP_PKEY_get_security_bits (key) < SECURITY_BITS_MIN)
    return TRUE;
  if (X509_get_extension_flags (certificate) & EXFLAG_SS)
    return FALSE;
  return X509_get_signature_info (certificate, NULL, NULL, &bits, NULL) == 1 && bits < SECURITY_BITS_MIN;
}

static enum key_fault
time_fault (X509 *certificate, gint64 at)
{
  gint64 from, until, now = at != 0 ? at : g_get_real_time () / G_USEC_PER_SEC;
  if (!x509_text_epoch (X509_get0_notBefore (certificate), &from)
      || !x509_text_epoch (X509_get0_notAfter (certificate), &until))
    return KEY_FAULT_BROKEN;
  return now < from ? KEY_FAULT_NOT_YET : now > until ? KEY_FAULT_EXPIRED : KEY_FAULT_NONE;
}

/* OpenSSL's CMS has no X25519 (RFC 8418): it takes such a certificate for one of key transport, and fails. */
static gboolean
is_known (const EVP_PKEY *key)
{
  return EVP_PKEY_is_a (key, "RSA") || EVP_PKEY_is_a (key, "EC") || EVP_PKEY_is_a (key, "RSA-PSS")
         || smime_eddsa_is (key);
}

enum key_fault
smime_chain_fault (X509 *certificate, gboolean encrypt, gint64 at)
{
  const EVP_PKEY *key = X509_get0_pubkey (certificate);
  X509_check_purpose (certificate, -1, 0); /* fills in what the extensions say */
  enum key_fault fault = KEY_FAULT_BROKEN;
  if (key != NULL && is_known (key) && !(X509_get_extension_flags (certificate) & EXFLAG_INVALID)) {
    if (is_weak (certificate, key))
      fault = KEY_FAULT_WEAK;
    else if (!(encrypt ? smime_chain_may_encrypt (certificate) : smime_chain_may_sign (certificate)))
      fault = KEY_FAULT_USAGE;
    else
      fault = time_fault (certificate, at);
  }
  ERR_clear_error ();
  return fault;
}

char *
smime_chain_fault_words (X509 *certificate, enum key_fault fault)
{
  const EVP_PKEY *key = X509_get0_pubkey (certificate);
  int digest = NID_undef;
  if (fault == KEY_FAULT_USAGE && !allows_mail (certificate))
    return g_strdup ("is not meant for e-mail");
  if (fault == KEY_FAULT_BROKEN && key != NULL && !is_known (key))
    return g_strdup_printf ("has a key of a kind (%s) that cannot be used here", EVP_PKEY_get0_type_name (key));
  if (fault != KEY_FAULT_WEAK || key == NULL)
    return NULL;
  if (EVP_PKEY_get_security_bits (key) < SECURITY_BITS_MIN)
    return g_strdup_printf ("has a key of only %d bits, which is too weak to protect a message today",
                            EVP_PKEY_get_bits (key));
  if (X509_get_signature_info (certificate, &digest, NULL, NULL, NULL) != 1 || digest == NID_undef)
    return NULL;
  return g_strdup_printf ("was issued with %s, which is too weak today: such a certificate can be forged",
                          OBJ_nid2sn (digest));
}

static void
describe (X509 *certificate, int code, enum smime_chain state, char **detail_out)
{
  if (detail_out == NULL)
    return;
  g_autofree char *subject = x509_text_subject (certificate);
  g_autofree char *issuer = x509_text_issuer (certificate);
  g_autofree char *until = x509_text_date (X509_get0_notAfter (certificate));
  g_autofree char *from = x509_text_date (X509_get0_notBefore (certificate));
  if (state == SMIME_CHAIN_EXPIRED && code == X509_V_ERR_CERT_NOT_YET_VALID)
    *detail_out = g_strdup_printf ("The certificate “%s” is not valid before %s.", subject, from);
  else if (state == SMIME_CHAIN_EXPIRED)
    *detail_out = g_strdup_printf ("The certificate “%s” expired on %s.", subject, until);
  else if (code == X509_V_ERR_EE_KEY_TOO_SMALL || code == X509_V_ERR_CA_KEY_TOO_SMALL
           || code == X509_V_ERR_CA_MD_TOO_WEAK)
    *detail_out = g_strdup_printf ("The certificate “%s” is too weak by today's standards.", subject);
  else if (code == X509_V_ERR_INVALID_PURPOSE)
    *detail_out = g_strdup_printf ("The certificate “%s” is not meant for e-mail.", subject);
  else if (code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY || code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
           || code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT || code == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN)
    *detail_out = g_strdup_printf (
        "The certificate “%s” was issued by “%s”, which leads to no authority that you trust.", subject, issuer);
  else
    *detail_out = g_strdup_printf ("The certificate “%s” cannot be trusted (%s).", subject,
                                   X509_verify_cert_error_string (code));
}

/* Extended key usage binds the whole chain: an authority for web servers cannot vouch for a mailbox. */
static X509 *
not_for_mail (STACK_OF (X509) * chain)
{
  for (int i = 0; i < sk_X509_num (chain); i++)
    if (!allows_mail (sk_X509_value (chain, i)))
      return sk_X509_value (chain, i);
  return NULL;
}

static gboolean
prepare (X509_STORE_CTX *context, gint64 at)
{
  X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param (context);
  X509_VERIFY_PARAM_set_depth (param, CHAIN_DEPTH_MAX);
  X509_VERIFY_PARAM_set_auth_level (param, CHAIN_AUTH_LEVEL);
  if (at != 0)
    X509_VERIFY_PARAM_set_time (param, (time_t) at);
  /* Whatever stands among the anchors is one, also an end certificate or an intermediate authority. */
  return X509_VERIFY_PARAM_set_flags (param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST) == 1;
}

static STACK_OF (X509) * candidates (struct smime_store *store, STACK_OF (X509) * extra)
{
  STACK_OF (X509) *all = sk_X509_dup (store->intermediates);
  for (int i = 0; all != NULL && i < sk_X509_num (extra) && i < SMIME_CERTIFICATES_MAX; i++)
    sk_X509_push (all, sk_X509_value (extra, i));
  return all;
}

static enum smime_chain
judge (X509_STORE_CTX *context, X509 *certificate, STACK_OF (X509) * *chain_out, char **detail_out)
{
  enum smime_chain state = SMIME_CHAIN_UNTRUSTED;
  gboolean holds = X509_verify_cert (context) == 1;
  int code = X509_STORE_CTX_get_error (context);
  X509 *guilty = X509_STORE_CTX_get_current_cert (context);
  STACK_OF (X509) *chain = X509_STORE_CTX_get0_chain (context);
  if (holds && (guilty = not_for_mail (chain)) != NULL)
    code = X509_V_ERR_INVALID_PURPOSE;
  else if (holds)
    state = SMIME_CHAIN_TRUSTED;
  else if (code == X509_V_ERR_CERT_HAS_EXPIRED || code == X509_V_ERR_CERT_NOT_YET_VALID)
    state = SMIME_CHAIN_EXPIRED;
  *chain_out = chain != NULL ? X509_chain_up_ref (chain) : NULL;
  if (state != SMIME_CHAIN_TRUSTED)
    describe (guilty != NULL ? guilty : certificate, code, state, detail_out);
  return state;
}

static enum smime_chain
build (struct smime_store *store, X509 *certificate, STACK_OF (X509) * extra, gint64 at, gboolean pinned,
       STACK_OF (X509) * *chain_out, char **detail_out)
{
  enum smime_chain state = SMIME_CHAIN_UNTRUSTED;
  X509_STORE_CTX *context = X509_STORE_CTX_new ();
  STACK_OF (X509) *untrusted = candidates (store, extra);
  STACK_OF (X509) *pin = sk_X509_new_null ();
  if (context != NULL && untrusted != NULL && pin != NULL
      && X509_STORE_CTX_init (context, store->anchors, certificate, untrusted) == 1 && prepare (context, at)) {
    if (pinned && sk_X509_push (pin, certificate) > 0)
      X509_STORE_CTX_set0_trusted_stack (context, pin);
    state = judge (context, certificate, chain_out, detail_out);
  }
  X509_STORE_CTX_free (context);
  sk_X509_free (untrusted);
  sk_X509_free (pin);
  ERR_clear_error ();
  return state;
}

/* With what the store has: that holds until the store changes, whatever comes along with a mail. */
static enum smime_chain
build_known (struct smime_store *store, X509 *certificate, gint64 at, STACK_OF (X509) * *chain_out, char **detail_out)
{
  *chain_out = smime_chain_known_find (store->chains, certificate, at);
  if (*chain_out != NULL)
    return SMIME_CHAIN_TRUSTED;
  enum smime_chain state = build (store, certificate, NULL, at, FALSE, chain_out, detail_out);
  if (state == SMIME_CHAIN_TRUSTED)
    smime_chain_known_add (store->chains, certificate, *chain_out);
  return state;
}

enum smime_chain
smime_chain_check (struct smime_store *store, X509 *certificate, STACK_OF (X509) * extra, gint64 at, gboolean pinned,
                   STACK_OF (X509) * *chain_out, char **detail_out)
{
  const gboolean alone = sk_X509_num (extra) <= 0 && !pinned;
  STACK_OF (X509) *chain = NULL;
  enum smime_chain state = SMIME_CHAIN_UNTRUSTED;
  if (!pinned)
    state = build_known (store, certificate, at, &chain, alone ? detail_out : NULL);
  if (state != SMIME_CHAIN_TRUSTED && !alone) {
    sk_X509_pop_free (chain, X509_free);
    chain = NULL;
    state = build (store, certificate, extra, at, pinned, &chain, detail_out);
  }
  if (chain_out != NULL)
    *chain_out = chain;
  else
    sk_X509_pop_free (chain, X509_free);
  return state;
}
