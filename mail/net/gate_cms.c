/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A walk over the DER of CMS EnvelopedData (RFC 5652) and AuthEnvelopedData (RFC 5083): who can open it, is it as strong as planned, and
 * is there anything beside it. AES-256 alone passes, and only the ways to wrap its key that are used here: all else is none of ours. */
#include "mail/net/gate_p.h"

#include <string.h>

enum {
  DER_INTEGER = 0x02,
  DER_BITS = 0x03,
  DER_OCTETS = 0x04,
  DER_OID = 0x06,
  DER_SEQUENCE = 0x30,
  DER_SET = 0x31,
  DER_CONTEXT_0 = 0x80,
  DER_CONSTRUCTED_0 = 0xa0,
  DER_CONSTRUCTED_1 = 0xa1
};

static const guint8 oid_enveloped[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03 };
static const guint8 oid_auth_enveloped[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17 };
static const guint8 oid_data[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01 };
static const guint8 oid_aes256_cbc[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a };
static const guint8 oid_aes256_gcm[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e };
/* AlgorithmIdentifiers as a whole: RSA by PKCS#1 v1.5, by OAEP with SHA-1 (the default), by OAEP with SHA-256 and its mask too. */
static const guint8 transport_v15[]
    = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
static const guint8 transport_oaep[]
    = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07, 0x30, 0x00 };
static const guint8 transport_oaep_sha256[]
    = { 0x30, 0x38, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07, 0x30, 0x2b,
        0xa0, 0x0d, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
        0xa1, 0x1a, 0x30, 0x18, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08,
        0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01 };
/* ECDH with SHA-256 for the key (RFC 5753), which wraps by AES-256. */
static const guint8 agreement_sha256[] = { 0x30, 0x15, 0x06, 0x06, 0x2b, 0x81, 0x04, 0x01, 0x0b, 0x01, 0x30, 0x0b,
                                           0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2d };
#define WRAPPED_SIZE 40 /* RFC 3394 adds 8 bytes to the 32 of a content key */

struct der {
  guint8 tag;
  struct gate_span whole, content;
};

/* The next element of *rest, definite and minimal in length. FALSE: there is none, or it reaches beyond the end. */
static gboolean
der_next (struct gate_span *rest, struct der *out)
{
  if (rest->size < 2 || (rest->at[0] & 0x1f) == 0x1f)
    return FALSE;
  gsize head = 2, length = rest->at[1];
  if (length >= 0x80) {
    gsize bytes = length & 0x7f;
    if (bytes == 0 || bytes > 4 || rest->size < 2 + bytes || rest->at[2] == 0)
      return FALSE;
    length = 0;
    for (gsize i = 0; i < bytes; i++)
      length = length << 8 | rest->at[2 + i];
    if (length < 0x80)
      return FALSE;
    head += bytes;
  }
  if (length > rest->size - head)
    return FALSE;
  out->tag = rest->at[0];
  out->whole = (struct gate_span){ .at = rest->at, .size = head + length };
  out->content = (struct gate_span){ .at = rest->at + head, .size = length };
  rest->at += head + length;
  rest->size -= head + length;
  return TRUE;
}

static gboolean
der_take (struct gate_span *rest, guint8 tag, struct der *out)
{
  return rest->size > 0 && rest->at[0] == tag && der_next (rest, out);
}

static gboolean
span_is (struct gate_span span, const guint8 *bytes, gsize size)
{
  return span.size == size && memcmp (span.at, bytes, size) == 0;
}

static void
add_issuer (struct der serial, GPtrArray *ids)
{
  g_autofree char *hex = g_compute_checksum_for_data (G_CHECKSUM_SHA256, serial.whole.at, serial.whole.size);
  g_ptr_array_add (ids, g_strconcat ("issuer:", hex, NULL));
}

static void
add_key_id (struct gate_span key_id, GPtrArray *ids)
{
  GString *text = g_string_new ("ski:");
  for (gsize i = 0; i < key_id.size; i++)
    g_string_append_printf (text, "%02x", key_id.at[i]);
  g_ptr_array_add (ids, g_string_free (text, FALSE));
}

/* IssuerAndSerialNumber, all of it: a name and a number. */
static gboolean
take_issuer (struct gate_span *rest, GPtrArray *ids)
{
  struct der serial, piece;
  if (!der_take (rest, DER_SEQUENCE, &serial))
    return FALSE;
  struct gate_span inside = serial.content;
  if (!der_take (&inside, DER_SEQUENCE, &piece) || !der_take (&inside, DER_INTEGER, &piece) || inside.size != 0)
    return FALSE;
  add_issuer (serial, ids);
  return TRUE;
}

static gboolean
is_transport (struct gate_span algorithm)
{
  return span_is (algorithm, transport_v15, sizeof transport_v15)
         || span_is (algorithm, transport_oaep, sizeof transport_oaep)
         || span_is (algorithm, transport_oaep_sha256, sizeof transport_oaep_sha256);
}

/* KeyTransRecipientInfo: version, rid, algorithm, the wrapped key (an RSA block of 2048 bits or more). */
static gboolean
key_transport (struct gate_span rest, GPtrArray *ids)
{
  struct der piece;
  if (!der_take (&rest, DER_INTEGER, &piece))
    return FALSE;
  if (der_take (&rest, DER_CONTEXT_0, &piece)) {
    if (piece.content.size == 0 || piece.content.size > 64)
      return FALSE;
    add_key_id (piece.content, ids);
  } else if (!take_issuer (&rest, ids)) {
    return FALSE;
  }
  return der_take (&rest, DER_SEQUENCE, &piece) && is_transport (piece.whole) && der_take (&rest, DER_OCTETS, &piece)
         && rest.size == 0 && piece.content.size >= 256 && !gate_mime_readable (piece.content);
}

/* One RecipientEncryptedKey of a KeyAgreeRecipientInfo. */
static gboolean
agreed_key (struct gate_span rest, GPtrArray *ids)
{
  struct der piece, key_id;
  if (der_take (&rest, DER_CONSTRUCTED_0, &piece)) {
    struct gate_span inside = piece.content;
    if (!der_take (&inside, DER_OCTETS, &key_id) || inside.size != 0 || key_id.content.size == 0
        || key_id.content.size > 64)
      return FALSE;
    add_key_id (key_id.content, ids);
  } else if (!take_issuer (&rest, ids)) {
    return FALSE;
  }
  return der_take (&rest, DER_OCTETS, &piece) && rest.size == 0 && piece.content.size == WRAPPED_SIZE;
}

/* OriginatorPublicKey: what kind of key, and the key, which is a point of 32 to 66 bytes twice. */
static gboolean
is_once (struct gate_span rest)
{
  struct der key, piece;
  if (!der_take (&rest, DER_CONSTRUCTED_1, &key) || rest.size != 0)
    return FALSE;
  return der_take (&key.content, DER_SEQUENCE, &piece) && piece.content.size <= 32
         && der_take (&key.content, DER_BITS, &piece) && key.content.size == 0 && piece.content.size <= 140
         && !gate_mime_readable (piece.content);
}

/* KeyAgreeRecipientInfo: version, originator (a public key for this once), algorithm, and a key for each recipient. */
static gboolean
key_agreement (struct gate_span rest, GPtrArray *ids)
{
  struct der piece;
  if (!der_take (&rest, DER_INTEGER, &piece) || !der_take (&rest, DER_CONSTRUCTED_0, &piece)
      || piece.content.size > 1024 || !is_once (piece.content))
    return FALSE;
  if (!der_take (&rest, DER_SEQUENCE, &piece) || !span_is (piece.whole, agreement_sha256, sizeof agreement_sha256)
      || !der_take (&rest, DER_SEQUENCE, &piece) || rest.size != 0 || piece.content.size == 0)
    return FALSE;
  struct gate_span keys = piece.content;
  while (keys.size > 0)
    if (ids->len >= GATE_IDS_MAX || !der_take (&keys, DER_SEQUENCE, &piece) || !agreed_key (piece.content, ids))
      return FALSE;
  return TRUE;
}

static gboolean
recipient_infos (struct gate_span set, GPtrArray *ids)
{
  struct der info;
  while (set.size > 0) {
    if (ids->len >= GATE_IDS_MAX || !der_next (&set, &info))
      return FALSE;
    /* Key-encryption keys, passwords and "other" are ways in that no plan names. */
    if (!(info.tag == DER_SEQUENCE ? key_transport (info.content, ids)
                                   : info.tag == DER_CONSTRUCTED_1 && key_agreement (info.content, ids)))
      return FALSE;
  }
  return ids->len > 0;
}

/* EncryptedContentInfo: data, AES-256 of the right mode with its nonce, and the ciphertext. */
static gboolean
encrypted_content (struct gate_span rest, gboolean authenticated)
{
  struct der piece, algorithm, cipher;
  if (!der_take (&rest, DER_OID, &piece) || !span_is (piece.content, oid_data, sizeof oid_data)
      || !der_take (&rest, DER_SEQUENCE, &algorithm) || !der_take (&rest, DER_CONTEXT_0, &cipher) || rest.size != 0)
    return FALSE;
  struct gate_span inside = algorithm.content;
  if (!der_take (&inside, DER_OID, &piece)
      || !(authenticated ? span_is (piece.content, oid_aes256_gcm, sizeof oid_aes256_gcm)
                         : span_is (piece.content, oid_aes256_cbc, sizeof oid_aes256_cbc)))
    return FALSE;
  if (authenticated) {
    if (!der_take (&inside, DER_SEQUENCE, &piece) || inside.size != 0 || piece.content.size < 14
        || piece.content.size > 24)
      return FALSE;
    return cipher.content.size > 0 && !gate_mime_readable (cipher.content);
  }
  if (!der_take (&inside, DER_OCTETS, &piece) || inside.size != 0 || piece.content.size != 16)
    return FALSE;
  return cipher.content.size >= 16 && cipher.content.size % 16 == 0 && !gate_mime_readable (cipher.content);
}

gboolean
gate_cms_recipients (struct gate_span der, gboolean authenticated, GPtrArray *ids_out, GError **error)
{
  struct der info, type, wrapper, envelope, piece;
  if (!der_take (&der, DER_SEQUENCE, &info) || der.size != 0)
    return gate_fail (error, GATE_ERROR_FORMAT, "its S/MIME envelope is broken or cut");
  struct gate_span rest = info.content;
  if (!der_take (&rest, DER_OID, &type)
      || !(authenticated ? span_is (type.content, oid_auth_enveloped, sizeof oid_auth_enveloped)
                         : span_is (type.content, oid_enveloped, sizeof oid_enveloped)))
    return gate_fail (error, GATE_ERROR_PLAINTEXT, "its S/MIME content is not an encrypted envelope");
  if (!der_take (&rest, DER_CONSTRUCTED_0, &wrapper) || rest.size != 0
      || !der_take (&wrapper.content, DER_SEQUENCE, &envelope) || wrapper.content.size != 0)
    return gate_fail (error, GATE_ERROR_FORMAT, "its S/MIME envelope is broken or cut");
  rest = envelope.content;
  if (!der_take (&rest, DER_INTEGER, &piece) || piece.content.size != 1 || !der_take (&rest, DER_SET, &piece)
      || !recipient_infos (piece.content, ids_out))
    return gate_fail (error, GATE_ERROR_AUDIENCE, "its list of recipients is not one that wardmail makes");
  if (!der_take (&rest, DER_SEQUENCE, &piece) || !encrypted_content (piece.content, authenticated))
    return gate_fail (error, GATE_ERROR_PLAINTEXT, "what it holds does not look encrypted");
  if (authenticated && (!der_take (&rest, DER_OCTETS, &piece) || piece.content.size != 16))
    return gate_fail (error, GATE_ERROR_FORMAT, "its S/MIME envelope is broken or cut");
  if (rest.size != 0)
    return gate_fail (error, GATE_ERROR_PLAINTEXT, "there is something beside the encrypted content");
  return TRUE;
}
