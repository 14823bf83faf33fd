/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Verification of SignedData: every SignerInfo must hold over exactly these bytes, and each signer's chain be trusted; the worst
 * of them is the answer. RFC 5652 section 5.
 *
 * What a signature says about time is a claim of the signer: the chain is judged at the time that the caller gives, or now. */
#include <openssl/err.h>
#include "crypto/guard/x509_text.h"
#include "crypto/smime/smime_p.h"

static void
signer_free (gpointer data)
{
  struct smime_signer *signer = data;
  g_ptr_array_unref (signer->addresses);
  g_free (signer->fingerprint);
  g_free (signer);
}

void
smime_signature_clear (struct smime_signature *signature)
{
  g_clear_pointer (&signature->signers, g_ptr_array_unref);
  g_clear_pointer (&signature->addresses, g_ptr_array_unref);
  g_clear_pointer (&signature->fingerprint, g_free);
  g_clear_pointer (&signature->detail, g_free);
  g_clear_pointer (&signature->unchecked, g_free);
  g_clear_pointer (&signature->wants, g_ptr_array_unref);
  g_clear_pointer (&signature->capabilities, g_strfreev);
  *signature = (struct smime_signature){ .state = SIGNATURE_NONE };
}

/* How bad: the states of several signers are ordered by this. */
static int
badness (enum signature_state state)
{
  static const enum signature_state order[]
      = { SIGNATURE_GOOD,        SIGNATURE_EXPIRED, SIGNATURE_UNTRUSTED, SIGNATURE_REVOKED,
          SIGNATURE_UNKNOWN_KEY, SIGNATURE_ERROR,   SIGNATURE_BAD };
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    if (order[i] == state)
      return (int) i;
  return G_MAXINT;
}

static void
worsen (struct smime_signature *signature, enum signature_state state, char *detail_take)
{
  if (signature->state == SIGNATURE_NONE || badness (state) > badness (signature->state)) {
    signature->state = state;
    g_free (signature->detail);
    signature->detail = detail_take;
  } else {
    g_free (detail_take);
  }
}

static gint64
signing_time (CMS_SignerInfo *signer)
{
  int at = CMS_signed_get_attr_by_NID (signer, NID_pkcs9_signingTime, -1);
  X509_ATTRIBUTE *attribute = at >= 0 ? CMS_signed_get_attr (signer, at) : NULL;
  ASN1_TYPE *value = attribute != NULL ? X509_ATTRIBUTE_get0_type (attribute, 0) : NULL;
  gint64 epoch = 0;
  if (value != NULL && (value->type == V_ASN1_UTCTIME || value->type == V_ASN1_GENERALIZEDTIME))
    x509_text_epoch (value->value.asn1_string, &epoch);
  return epoch;
}

/* Two texts with one SHA-1 (or MD5) can be made today: such a signature says little about what was signed. */
static gboolean
digest_is_weak (CMS_SignerInfo *signer)
{
  X509_ALGOR *digest = NULL;
  const ASN1_OBJECT *type = NULL;
  CMS_SignerInfo_get0_algs (signer, NULL, NULL, &digest, NULL);
  if (digest == NULL)
    return TRUE;
  X509_ALGOR_get0 (&type, NULL, NULL, digest);
  const EVP_MD *md = EVP_get_digestbyobj (type);
  return md == NULL || EVP_MD_get_size (md) < 28;
}

/* Was a certificate of the signer's chain revoked? Only a chain to an anchor is looked at, and only for such a one anything is wanted:
 * also of a certificate that the user compared, if it has one. FALSE: the state was set. anchored_out: there is such a chain. */
static gboolean
check_revocation (struct smime_store *store, X509 *certificate, STACK_OF (X509) * mail_certificates, gint64 at,
                  struct smime_signature *signature, gboolean *anchored_out)
{
  STACK_OF (X509) *chain = NULL;
  enum smime_revocation_state state = SMIME_REVOCATION_FINE;
  char *detail = NULL;
  gboolean silent = FALSE;
  *anchored_out
      = smime_chain_check (store, certificate, mail_certificates, at, FALSE, &chain, NULL) == SMIME_CHAIN_TRUSTED;
  if (*anchored_out && store->revocation_policy != REVOCATION_OFF)
    state = smime_revocation_check (store->revocation, chain, at, signature->wants, &silent, &detail);
  sk_X509_pop_free (chain, X509_free);
  if (state == SMIME_REVOCATION_REVOKED)
    worsen (signature, SIGNATURE_REVOKED, detail);
  else if (state == SMIME_REVOCATION_UNKNOWN && store->revocation_policy == REVOCATION_HARD)
    worsen (signature, SIGNATURE_UNTRUSTED, detail);
  else {
    if (state == SMIME_REVOCATION_UNKNOWN && !silent && signature->unchecked == NULL)
      signature->unchecked = g_steal_pointer (&detail);
    g_free (detail);
    return TRUE;
  }
  return FALSE;
}

/* The trust in one signer whose signature holds. */
static void
judge_signer (struct smime_store *store, CMS_SignerInfo *info, STACK_OF (X509) * mail_certificates, gint64 at,
              GHashTable *trusted, struct smime_signature *signature, gboolean *anchored_out)
{
  X509 *certificate = NULL;
  char *detail = NULL;
  CMS_SignerInfo_get0_algs (info, NULL, &certificate, NULL, NULL);
  g_autofree char *fingerprint = smime_names_fingerprint (certificate);
  g_autofree char *subject = x509_text_subject (certificate);
  gboolean pinned = trusted != NULL && g_hash_table_contains (trusted, fingerprint);
  switch (smime_chain_check (store, certificate, mail_certificates, at, pinned, NULL, &detail)) {
  case SMIME_CHAIN_UNTRUSTED:
    worsen (signature, SIGNATURE_UNTRUSTED, detail);
    return;
  case SMIME_CHAIN_EXPIRED:
    worsen (signature, SIGNATURE_EXPIRED, detail);
    return;
  case SMIME_CHAIN_TRUSTED:
    break;
  }
  if (store->stopped != NULL && GPOINTER_TO_INT (g_hash_table_lookup (store->stopped, fingerprint)) == 2)
    worsen (signature, SIGNATURE_UNTRUSTED,
            g_strdup_printf ("You said that the certificate “%s” is not to be used any more.", subject));
  else if (!smime_chain_may_sign (certificate))
    worsen (signature, SIGNATURE_UNTRUSTED,
            g_strdup_printf ("The certificate “%s” is not meant for signing mail.", subject));
  else if (digest_is_weak (info))
    worsen (
        signature, SIGNATURE_UNTRUSTED,
        g_strdup_printf ("The signature of “%s” uses an old method (SHA-1 or MD5) that can be forged today.", subject));
  else if (check_revocation (store, certificate, mail_certificates, at, signature, anchored_out))
    worsen (signature, SIGNATURE_GOOD, NULL);
}

/* Who the first signer is, as far as the certificate is known. */
static void
describe_signer (CMS_SignerInfo *info, struct smime_signature *signature)
{
  X509 *certificate = NULL;
  CMS_SignerInfo_get0_algs (info, NULL, &certificate, NULL, NULL);
  signature->time = signing_time (info);
  signature->capabilities = smime_capabilities_read (info);
  if (certificate == NULL)
    return;
  g_ptr_array_unref (signature->addresses);
  signature->addresses = smime_names_addresses (certificate);
  signature->fingerprint = smime_names_fingerprint (certificate);
}

/* As CMS_verify, which cannot do Ed25519: each signer by itself over the content. */
static gboolean
verify_each (CMS_ContentInfo *cms, GBytes *content)
{
  gsize size;
  const void *bytes = g_bytes_get_data (content, &size);
  BIO *input = BIO_new_mem_buf (size > 0 ? bytes : "", (int) size);
  BIO *chain = input != NULL ? CMS_dataInit (cms, input) : NULL;
  STACK_OF (CMS_SignerInfo) *infos = CMS_get0_SignerInfos (cms);
  guchar chunk[4096];
  gboolean fine = chain != NULL;
  while (fine && BIO_read (chain, chunk, sizeof chunk) > 0)
    continue;
  for (int i = 0; fine && i < sk_CMS_SignerInfo_num (infos); i++) {
    CMS_SignerInfo *info = sk_CMS_SignerInfo_value (infos, i);
    EVP_PKEY *key = NULL;
    CMS_SignerInfo_get0_algs (info, &key, NULL, NULL, NULL);
    fine = smime_eddsa_is (key) ? smime_eddsa_verify (info, content)
                                : (CMS_signed_get_attr_count (info) < 0 || CMS_SignerInfo_verify (info) == 1)
                                      && CMS_SignerInfo_verify_content (info, chain) == 1;
  }
  if (chain != NULL)
    BIO_free_all (chain);
  else
    BIO_free (input);
  return fine;
}

static gboolean
verify_all (CMS_ContentInfo *cms, GBytes *content)
{
  gsize size = 0;
  const void *bytes = content != NULL ? g_bytes_get_data (content, &size) : NULL;
  BIO *input = content != NULL ? BIO_new_mem_buf (size > 0 ? bytes : "", (int) size) : NULL;
  BIO *nothing = BIO_new (BIO_s_null ());
  gboolean fine = nothing != NULL && (content == NULL || input != NULL)
                  && CMS_verify (cms, NULL, NULL, input, nothing, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) == 1;
  BIO_free (input);
  BIO_free (nothing);
  return fine;
}

static gboolean
has_eddsa (CMS_ContentInfo *cms)
{
  STACK_OF (CMS_SignerInfo) *infos = CMS_get0_SignerInfos (cms);
  for (int i = 0; i < sk_CMS_SignerInfo_num (infos); i++) {
    EVP_PKEY *key = NULL;
    CMS_SignerInfo_get0_algs (sk_CMS_SignerInfo_value (infos, i), &key, NULL, NULL, NULL);
    if (smime_eddsa_is (key))
      return TRUE;
  }
  return FALSE;
}

/* Do the mathematics hold, for all signers at once? Sets valid, or the state and why not. detached: NULL where the structure holds it. */
static void
check_mathematics (CMS_ContentInfo *cms, GBytes *detached, GBytes *inner, struct smime_signature *signature)
{
  ERR_clear_error ();
  signature->valid
      = has_eddsa (cms) ? verify_each (cms, detached != NULL ? detached : inner) : verify_all (cms, detached);
  if (signature->valid)
    return;
  unsigned long first = ERR_peek_error ();
  int reason = ERR_GET_REASON (first);
  gboolean unknown = reason == CMS_R_UNKNOWN_DIGEST_ALGORITHM || reason == CMS_R_UNSUPPORTED_TYPE
                     || ERR_GET_REASON (first) == ERR_R_UNSUPPORTED;
  if (unknown)
    worsen (signature, SIGNATURE_ERROR, g_strdup ("The signature was made by a method that cannot be checked here."));
  else
    worsen (signature, SIGNATURE_BAD,
            g_strdup ("The signature does not fit the message: it was changed after signing, or forged."));
}

/* Look for every signer's certificate, in the mail and in the store. FALSE: one is missing. */
static gboolean
find_signers (struct smime_store *store, CMS_ContentInfo *cms, STACK_OF (CMS_SignerInfo) * infos)
{
  CMS_set1_signers_certs (cms, store->others, 0);
  for (int i = 0; i < sk_CMS_SignerInfo_num (infos); i++) {
    X509 *certificate = NULL;
    CMS_SignerInfo_get0_algs (sk_CMS_SignerInfo_value (infos, i), NULL, &certificate, NULL, NULL);
    if (certificate == NULL)
      return FALSE;
  }
  return TRUE;
}

/* Each signer by himself, and in the whole. */
static void
add_signer (struct smime_store *store, CMS_SignerInfo *info, STACK_OF (X509) * mail_certificates, gint64 at,
            GHashTable *trusted, struct smime_signature *signature)
{
  X509 *certificate = NULL;
  struct smime_signer *signer = g_new0 (struct smime_signer, 1);
  CMS_SignerInfo_get0_algs (info, NULL, &certificate, NULL, NULL);
  signer->addresses
      = certificate != NULL ? smime_names_addresses (certificate) : g_ptr_array_new_with_free_func (g_free);
  signer->fingerprint = certificate != NULL ? smime_names_fingerprint (certificate) : NULL;
  signer->time = signing_time (info);
  signer->state = signature->state;
  if (signature->valid) {
    const enum signature_state others = signature->state;
    char *detail = g_steal_pointer (&signature->detail);
    signature->state = SIGNATURE_NONE;
    judge_signer (store, info, mail_certificates, at, trusted, signature, &signer->anchored);
    signer->state = signature->state;
    if (others != SIGNATURE_NONE)
      worsen (signature, others, detail);
    else
      g_free (detail);
  }
  g_ptr_array_add (signature->signers, signer);
}

static void
check_signers (struct smime_store *store, CMS_ContentInfo *cms, GBytes *detached, GBytes *inner, gint64 at,
               GHashTable *trusted, struct smime_signature *signature)
{
  STACK_OF (CMS_SignerInfo) *infos = CMS_get0_SignerInfos (cms);
  STACK_OF (X509) *certificates = CMS_get1_certs (cms);
  if (sk_CMS_SignerInfo_num (infos) > SMIME_SIGNERS_MAX || sk_X509_num (certificates) > SMIME_CERTIFICATES_MAX) {
    worsen (signature, SIGNATURE_ERROR,
            g_strdup ("The signature holds more signers or certificates than any real mail."));
  } else {
    gboolean found = find_signers (store, cms, infos);
    describe_signer (sk_CMS_SignerInfo_value (infos, 0), signature);
    if (found)
      check_mathematics (cms, detached, inner, signature);
    else
      worsen (signature, SIGNATURE_UNKNOWN_KEY,
              g_strdup ("The signer's certificate is neither in the mail nor in your keyring."));
    for (int i = 0; i < sk_CMS_SignerInfo_num (infos); i++)
      add_signer (store, sk_CMS_SignerInfo_value (infos, i), certificates, at, trusted, signature);
  }
  sk_X509_pop_free (certificates, X509_free);
}

/* The content that stands in the structure itself; NULL if there is none. */
static GBytes *
inner_content (CMS_ContentInfo *cms)
{
  ASN1_OCTET_STRING **octets = CMS_get0_content (cms);
  if (octets == NULL || *octets == NULL)
    return NULL;
  return g_bytes_new (ASN1_STRING_get0_data (*octets), (gsize) ASN1_STRING_length (*octets));
}

gboolean
smime_verify (struct smime_store *store, GBytes *bytes, GBytes *content, gint64 at, GHashTable *trusted,
              struct smime_signature *signature_out, GBytes **content_out, GError **error)
{
  *signature_out = (struct smime_signature){ .state = SIGNATURE_NONE,
                                             .addresses = g_ptr_array_new_with_free_func (g_free),
                                             .wants = revocation_wants_new (),
                                             .signers = g_ptr_array_new_with_free_func (signer_free) };
  *content_out = NULL;
  CMS_ContentInfo *cms = smime_kind_parse (bytes, NID_pkcs7_signed, error);
  if (cms == NULL)
    return FALSE;
  g_autoptr (GBytes) inner = inner_content (cms);
  int signers = sk_CMS_SignerInfo_num (CMS_get0_SignerInfos (cms));
  if (content != NULL && inner != NULL && g_bytes_get_size (inner) > 0)
    worsen (signature_out, SIGNATURE_BAD,
            g_strdup ("The signature holds a text of its own beside the one that is shown."));
  else if (signers <= 0 && (content != NULL || inner != NULL))
    worsen (signature_out, SIGNATURE_BAD, g_strdup ("This part claims to be signed, but nobody signed it."));
  else if (signers > 0 && content == NULL && inner == NULL)
    worsen (signature_out, SIGNATURE_ERROR, g_strdup ("What was signed is missing from this message."));
  else if (signers > 0 && OBJ_obj2nid (CMS_get0_eContentType (cms)) != NID_pkcs7_data)
    worsen (signature_out, SIGNATURE_ERROR, g_strdup ("The signature is for something other than a mail."));
  else if (signers > 0)
    check_signers (store, cms, content, inner, at, trusted, signature_out);
  /* As of now alone: what another time would make of it is a question, not news. */
  if (signature_out->state == SIGNATURE_GOOD && at == 0)
    smime_capabilities_remember (store, signature_out->fingerprint, signature_out->capabilities, signature_out->time);
  if (content != NULL)
    *content_out = g_bytes_ref (content);
  else
    *content_out = g_steal_pointer (&inner);
  CMS_ContentInfo_free (cms);
  ERR_clear_error ();
  return TRUE;
}
