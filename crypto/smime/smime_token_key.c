/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A key on a card as a key for OpenSSL: the public half is the certificate's, what needs the private one is done by the card.
 *
 * RSA goes by OpenSSL's own padding for PSS and OAEP (the card does the bare power) and by the card's for PKCS#1 v1.5; ECDSA and
 * ECDH by the card. What the card signs is checked before it is used. OpenSSL 3.0 marks these methods as old, but Debian's has no
 * provider for PKCS#11. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <string.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include "crypto/smime/smime_token_card_p.h"

#define RSA_BYTES_MAX 2048 /* of 16384 bits */
#define POINT_BYTES_MAX 256

static int rsa_place = -1, ec_place = -1; /* where our half lies in OpenSSL's structures */
static RSA_METHOD *rsa_method;
static EC_KEY_METHOD *ec_method;

/* ---- asking the card ---- */

/* Errors that say nothing of the data: only these are told of a decryption, as others would tell whoever made the message how its
 * padding was. */
static gboolean
is_cards_fault (CK_RV result)
{
  switch (result) {
  case CKR_DEVICE_REMOVED:
  case CKR_TOKEN_NOT_PRESENT:
  case CKR_SESSION_CLOSED:
  case CKR_SESSION_HANDLE_INVALID:
  case CKR_KEY_HANDLE_INVALID:
  case CKR_USER_NOT_LOGGED_IN:
  case CKR_MECHANISM_INVALID:
  case CKR_KEY_FUNCTION_NOT_PERMITTED:
  case CKR_FUNCTION_NOT_SUPPORTED:
  case CKR_HOST_MEMORY:
  case CKR_DEVICE_MEMORY:
    return TRUE;
  default:
    return FALSE;
  }
}

/* After C_SignInit or C_DecryptInit. */
static gboolean
may_go_on (const struct smime_card_key *key, CK_RV result)
{
  GError *failure = NULL;
  if (result != CKR_OK) {
    smime_card_failed (key->card, result);
    return FALSE;
  }
  if (!key->asks_always
      || smime_card_give_pin (key->card, CKU_CONTEXT_SPECIFIC, ", which asks for it each time", &failure))
    return TRUE;
  smime_card_failed_take (key->card, failure);
  return FALSE;
}

static int
card_sign (const struct smime_card_key *key, CK_MECHANISM_TYPE type, const guchar *data, gsize size, guchar *out,
           gsize out_size)
{
  CK_MECHANISM mechanism = { type, NULL, 0 };
  CK_ULONG made = out_size;
  if (!may_go_on (key, key->card->functions->C_SignInit (key->card->session, &mechanism, key->object)))
    return -1;
  CK_RV result = key->card->functions->C_Sign (key->card->session, (guchar *) data, size, out, &made);
  if (result == CKR_OK && made <= out_size)
    return (int) made;
  smime_card_failed (key->card, result);
  return -1;
}

static int
card_decrypt (const struct smime_card_key *key, CK_MECHANISM_TYPE type, const guchar *data, gsize size, guchar *out,
              gsize out_size)
{
  CK_MECHANISM mechanism = { type, NULL, 0 };
  CK_ULONG made = out_size;
  if (!may_go_on (key, key->card->functions->C_DecryptInit (key->card->session, &mechanism, key->object)))
    return -1;
  CK_RV result = key->card->functions->C_Decrypt (key->card->session, (guchar *) data, size, out, &made);
  if (result == CKR_OK && made <= out_size)
    return (int) made;
  if (is_cards_fault (result))
    smime_card_failed (key->card, result);
  return -1;
}

/* The shared secret of ECDH leaves the card as an object of the session; its key does not. */
static int
card_derive (const struct smime_card_key *key, const guchar *point, gsize point_size, guchar *out, gsize out_size)
{
  CK_OBJECT_CLASS class = CKO_SECRET_KEY;
  CK_KEY_TYPE kind = CKK_GENERIC_SECRET;
  CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
  CK_ULONG length = out_size;
  CK_ATTRIBUTE wanted[] = {
    { CKA_CLASS, &class, sizeof class },      { CKA_KEY_TYPE, &kind, sizeof kind },  { CKA_TOKEN, &no, sizeof no },
    { CKA_SENSITIVE, &no, sizeof no },        { CKA_EXTRACTABLE, &yes, sizeof yes }, { CKA_ENCRYPT, &yes, sizeof yes },
    { CKA_VALUE_LEN, &length, sizeof length }
  };
  CK_ECDH1_DERIVE_PARAMS peer = { .kdf = CKD_NULL, .ulPublicDataLen = point_size, .pPublicData = (guchar *) point };
  CK_MECHANISM mechanism = { CKM_ECDH1_DERIVE, &peer, sizeof peer };
  CK_OBJECT_HANDLE secret = CK_INVALID_HANDLE;
  CK_FUNCTION_LIST *functions = key->card->functions;
  CK_RV result
      = functions->C_DeriveKey (key->card->session, &mechanism, key->object, wanted, G_N_ELEMENTS (wanted), &secret);
  CK_ATTRIBUTE value = { CKA_VALUE, out, out_size };
  if (result == CKR_OK) {
    result = functions->C_GetAttributeValue (key->card->session, secret, &value, 1);
    (void) functions->C_DestroyObject (key->card->session, secret);
  }
  if (result == CKR_OK && value.ulValueLen == out_size)
    return (int) out_size;
  if (is_cards_fault (result))
    smime_card_failed (key->card, result);
  return -1;
}

/* ---- RSA ---- */

static gboolean
rsa_mechanism (int padding, CK_MECHANISM_TYPE *type_out)
{
  *type_out = padding == RSA_NO_PADDING ? CKM_RSA_X_509 : CKM_RSA_PKCS;
  return padding == RSA_NO_PADDING || padding == RSA_PKCS1_PADDING;
}

static int
rsa_sign (int size, const guchar *from, guchar *to, RSA *rsa, int padding)
{
  const struct smime_card_key *key = RSA_get_ex_data (rsa, rsa_place);
  CK_MECHANISM_TYPE type;
  guchar back[RSA_BYTES_MAX];
  if (key == NULL || size <= 0 || RSA_size (rsa) > RSA_BYTES_MAX || !rsa_mechanism (padding, &type))
    return -1;
  int made = card_sign (key, type, from, (gsize) size, to, (gsize) RSA_size (rsa));
  if (made < 0)
    return -1;
  if (RSA_public_decrypt (made, to, back, rsa, padding) == size && memcmp (back, from, (gsize) size) == 0)
    return made;
  smime_card_failed (key->card, CKR_DEVICE_ERROR);
  return -1;
}

static int
rsa_decrypt (int size, const guchar *from, guchar *to, RSA *rsa, int padding)
{
  const struct smime_card_key *key = RSA_get_ex_data (rsa, rsa_place);
  CK_MECHANISM_TYPE type;
  if (key == NULL || size <= 0 || !rsa_mechanism (padding, &type))
    return -1;
  return card_decrypt (key, type, from, (gsize) size, to, (gsize) RSA_size (rsa));
}

/* ---- elliptic curves ---- */

static ECDSA_SIG *
ec_sign (const guchar *digest, int size, const BIGNUM *kinv, const BIGNUM *r, EC_KEY *ec)
{
  const struct smime_card_key *key = EC_KEY_get_ex_data (ec, ec_place);
  const int half = (EC_GROUP_order_bits (EC_KEY_get0_group (ec)) + 7) / 8;
  guchar raw[POINT_BYTES_MAX];
  if (key == NULL || size <= 0 || 2 * half > POINT_BYTES_MAX
      || card_sign (key, CKM_ECDSA, digest, (gsize) MIN (size, half), raw, 2 * (gsize) half) != 2 * half)
    return NULL;
  ECDSA_SIG *signature = ECDSA_SIG_new ();
  BIGNUM *first = BN_bin2bn (raw, half, NULL), *second = BN_bin2bn (raw + half, half, NULL);
  if (signature == NULL || first == NULL || second == NULL || ECDSA_SIG_set0 (signature, first, second) != 1) {
    BN_free (first);
    BN_free (second);
  } else if (ECDSA_do_verify (digest, size, signature, ec) == 1)
    return signature;
  else
    smime_card_failed (key->card, CKR_DEVICE_ERROR);
  ECDSA_SIG_free (signature);
  return NULL;
}

static int
ec_agree (guchar **secret_out, size_t *size_out, const EC_POINT *peer, const EC_KEY *ec)
{
  const struct smime_card_key *key = EC_KEY_get_ex_data (ec, ec_place);
  const EC_GROUP *group = EC_KEY_get0_group (ec);
  const gsize size = ((gsize) EC_GROUP_get_degree (group) + 7) / 8;
  guchar point[POINT_BYTES_MAX];
  const size_t point_size = EC_POINT_point2oct (group, peer, POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, NULL);
  guchar *secret = key != NULL && point_size > 0 ? OPENSSL_malloc (size) : NULL;
  if (secret == NULL)
    return 0;
  if (card_derive (key, point, point_size, secret, size) < 0) {
    OPENSSL_clear_free (secret, size);
    return 0;
  }
  *secret_out = secret;
  *size_out = size;
  return 1;
}

/* ---- the methods ---- */

static void
forget (void *parent, void *key, CRYPTO_EX_DATA *data, int place, long argl, void *argp)
{
  g_clear_pointer (&key, g_rc_box_release);
}

static int
share (CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **key, int place, long argl, void *argp)
{
  if (*key != NULL)
    (void) g_rc_box_acquire (*key);
  return 1;
}

static gboolean
make_methods (void)
{
  if (ec_method != NULL)
    return TRUE;
  if (rsa_place < 0)
    rsa_place = RSA_get_ex_new_index (0, NULL, NULL, share, forget);
  if (ec_place < 0)
    ec_place = EC_KEY_get_ex_new_index (0, NULL, NULL, share, forget);
  RSA_METHOD *rsa = rsa_method != NULL ? rsa_method : RSA_meth_dup (RSA_PKCS1_OpenSSL ());
  EC_KEY_METHOD *ec = EC_KEY_METHOD_new (EC_KEY_OpenSSL ());
  if (rsa_place < 0 || ec_place < 0 || rsa == NULL || ec == NULL) {
    EC_KEY_METHOD_free (ec);
    return FALSE;
  }
  RSA_meth_set1_name (rsa, "wardmail card");
  RSA_meth_set_flags (rsa, RSA_METHOD_FLAG_NO_CHECK | RSA_FLAG_EXT_PKEY);
  RSA_meth_set_priv_enc (rsa, rsa_sign);
  RSA_meth_set_priv_dec (rsa, rsa_decrypt);
  int (*sign) (int, const guchar *, int, guchar *, unsigned int *, const BIGNUM *, const BIGNUM *, EC_KEY *);
  int (*set_up) (EC_KEY *, BN_CTX *, BIGNUM **, BIGNUM **);
  EC_KEY_METHOD_get_sign (ec, &sign, &set_up, NULL);
  EC_KEY_METHOD_set_sign (ec, sign, set_up, ec_sign);
  EC_KEY_METHOD_set_compute_key (ec, ec_agree);
  rsa_method = rsa;
  ec_method = ec;
  return TRUE;
}

static EVP_PKEY *
new_rsa (const struct smime_card_key *key, EVP_PKEY *public)
{
  RSA *theirs = EVP_PKEY_get1_RSA (public), *rsa = theirs != NULL ? RSAPublicKey_dup (theirs) : NULL;
  EVP_PKEY *made = EVP_PKEY_new ();
  RSA_free (theirs);
  if (rsa != NULL && made != NULL && RSA_set_method (rsa, rsa_method) == 1
      && RSA_set_ex_data (rsa, rsa_place, (void *) key) == 1) {
    (void) g_rc_box_acquire ((void *) key);
    if (EVP_PKEY_assign_RSA (made, rsa) == 1)
      return made;
  }
  RSA_free (rsa);
  EVP_PKEY_free (made);
  return NULL;
}

static EVP_PKEY *
new_ec (const struct smime_card_key *key, EVP_PKEY *public)
{
  EC_KEY *theirs = EVP_PKEY_get1_EC_KEY (public), *ec = theirs != NULL ? EC_KEY_dup (theirs) : NULL;
  EVP_PKEY *made = EVP_PKEY_new ();
  EC_KEY_free (theirs);
  if (ec != NULL && made != NULL && EC_KEY_set_method (ec, ec_method) == 1
      && EC_KEY_set_ex_data (ec, ec_place, (void *) key) == 1) {
    (void) g_rc_box_acquire ((void *) key);
    if (EVP_PKEY_assign_EC_KEY (made, ec) == 1)
      return made;
  }
  EC_KEY_free (ec);
  EVP_PKEY_free (made);
  return NULL;
}

EVP_PKEY *
smime_card_key_new (const struct smime_card_key *key, X509 *certificate)
{
  EVP_PKEY *public = X509_get_pubkey (certificate), *made = NULL;
  struct smime_card_key *own = g_rc_box_dup (sizeof *own, (gpointer) key);
  if (public != NULL && make_methods ()) {
    if (EVP_PKEY_is_a (public, "RSA"))
      made = new_rsa (own, public);
    else if (EVP_PKEY_is_a (public, "EC"))
      made = new_ec (own, public);
  }
  g_rc_box_release (own);
  EVP_PKEY_free (public);
  return made;
}
