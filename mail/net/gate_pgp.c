/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* An OpenPGP message as the gate wants it (RFC 4880): armor, one packet for each recipient, then one protected packet, and nothing else. */
#include "mail/net/gate_p.h"

#include <string.h>

enum {
  TAG_SESSION_KEY = 1,
  TAG_SIGNATURE = 2,
  TAG_PUBLIC_KEY = 6,
  TAG_USER_ID = 13,
  TAG_PUBLIC_SUBKEY = 14,
  TAG_PROTECTED = 18
};

static gboolean
take_line (struct gate_span *rest, struct gate_span *line_out)
{
  const guint8 *end = rest->size < 2 ? NULL : memchr (rest->at, '\n', rest->size);
  if (end == NULL || end == rest->at || end[-1] != '\r')
    return FALSE;
  *line_out = (struct gate_span){ .at = rest->at, .size = (gsize) (end - rest->at) - 1 };
  rest->size -= (gsize) (end - rest->at) + 1;
  rest->at = end + 1;
  return TRUE;
}

static gboolean
line_is (struct gate_span line, const char *text)
{
  return line.size == strlen (text) && memcmp (line.at, text, line.size) == 0;
}

static guint32
crc24 (const guint8 *bytes, gsize size)
{
  static guint32 table[256];
  for (guint32 i = 0; i < 256 && table[255] == 0; i++) {
    table[i] = i << 16;
    for (int bit = 0; bit < 8; bit++)
      table[i] = table[i] & 0x800000 ? table[i] << 1 ^ 0x1864cfb : table[i] << 1;
  }
  guint32 crc = 0xb704ce;
  for (gsize i = 0; i < size; i++)
    crc = crc << 8 ^ table[(crc >> 16 ^ bytes[i]) & 0xff];
  return crc & 0xffffff;
}

/* Strips the armor; no armor headers, nothing before or after, and the checksum, where it stands, is right. */
static GByteArray *
take_armor (struct gate_span rest, GError **error)
{
  struct gate_span line, base = { .mapped = rest.mapped }, sum = { .at = NULL };
  gboolean ended = FALSE, begun = take_line (&rest, &line) && line_is (line, "-----BEGIN PGP MESSAGE-----")
                                  && take_line (&rest, &line) && line.size == 0;
  base.at = rest.at;
  const struct gate_span whole = rest;
  gsize gone = 0;
  while (begun && !ended && take_line (&rest, &line)) {
    gate_let_go (whole, (gsize) (line.at - whole.at), &gone);
    ended = line_is (line, "-----END PGP MESSAGE-----");
    if (!ended && sum.at != NULL)
      break; /* only the end may follow the checksum */
    if (ended || (line.size == 5 && line.at[0] == '=')) {
      base.size = base.size == 0 ? (gsize) (line.at - base.at) : base.size;
      sum = ended ? sum : (struct gate_span){ .at = line.at + 1, .size = 4 };
    }
  }
  while (ended && rest.size > 0)
    ended = take_line (&rest, &line) && line.size == 0;
  if (!ended) {
    gate_fail (error, GATE_ERROR_PLAINTEXT, "there is something around its OpenPGP envelope, or the envelope is cut");
    return NULL;
  }
  g_autoptr (GByteArray) bytes = gate_mime_base64 (base, error);
  if (bytes == NULL || sum.at == NULL)
    return g_steal_pointer (&bytes);
  g_autoptr (GByteArray) want = gate_mime_base64 (sum, error);
  if (want == NULL)
    return NULL;
  guint32 crc = crc24 (bytes->data, bytes->len);
  if (want->len == 3 && (guint32) (want->data[0] << 16 | want->data[1] << 8 | want->data[2]) == crc)
    return g_steal_pointer (&bytes);
  gate_fail (error, GATE_ERROR_FORMAT, "the checksum of its OpenPGP envelope is wrong");
  return NULL;
}

/* A new-format body length at rest. FALSE: cut. */
static gboolean
take_length (struct gate_span *rest, gsize *length_out, gboolean *partial_out)
{
  *partial_out = FALSE;
  if (rest->size == 0)
    return FALSE;
  gsize first = rest->at[0], used = 1;
  if (first < 192) {
    *length_out = first;
  } else if (first < 224) {
    if (rest->size < 2)
      return FALSE;
    *length_out = ((first - 192) << 8) + rest->at[1] + 192;
    used = 2;
  } else if (first < 255) {
    *length_out = (gsize) 1 << (first & 0x1f);
    *partial_out = TRUE;
  } else {
    if (rest->size < 5)
      return FALSE;
    *length_out = (gsize) rest->at[1] << 24 | (gsize) rest->at[2] << 16 | (gsize) rest->at[3] << 8 | rest->at[4];
    used = 5;
  }
  rest->at += used;
  rest->size -= used;
  return *length_out <= rest->size;
}

/* A packet's tag and body. A body in pieces, of a protected packet only, is moved together where it lies, in ours. */
static gboolean
take_packet (GByteArray *ours, struct gate_span *rest, int *tag_out, struct gate_span *body_out)
{
  if (rest->size < 2 || (rest->at[0] & 0x80) == 0)
    return FALSE;
  guint8 head = rest->at[0];
  gsize length = 0;
  gboolean partial = FALSE;
  rest->at++;
  rest->size--;
  if ((head & 0x40) == 0) {
    gsize bytes = (gsize) 1 << (head & 3);
    if (bytes == 8 || rest->size < bytes)
      return FALSE;
    for (gsize i = 0; i < bytes; i++)
      length = length << 8 | rest->at[i];
    rest->at += bytes;
    rest->size -= bytes;
    *tag_out = head >> 2 & 0xf;
  } else {
    *tag_out = head & 0x3f;
    if (!take_length (rest, &length, &partial) || (partial && (*tag_out != TAG_PROTECTED || length < 512)))
      return FALSE;
  }
  if (length > rest->size)
    return FALSE;
  *body_out = (struct gate_span){ .at = rest->at, .size = length };
  rest->at += length;
  rest->size -= length;
  if (!partial)
    return TRUE;
  while (partial) {
    if (!take_length (rest, &length, &partial))
      return FALSE;
    memmove (ours->data + (body_out->at - ours->data) + body_out->size, rest->at, length);
    body_out->size += length;
    rest->at += length;
    rest->size -= length;
  }
  return TRUE;
}

/* A multiprecision integer of at least bits_min bits at *rest. */
static gboolean
take_mpi (struct gate_span *rest, guint bits_min)
{
  if (rest->size < 2)
    return FALSE;
  guint bits = (guint) rest->at[0] << 8 | rest->at[1];
  gsize bytes = (bits + 7) / 8;
  if (bits < bits_min || bits > 16384 || rest->size - 2 < bytes)
    return FALSE;
  rest->at += 2 + bytes;
  rest->size -= 2 + bytes;
  return TRUE;
}

/* Version 3, a key id (an anonymous one is a reader that no plan names), and exactly the numbers of its algorithm. */
static gboolean
session_key (struct gate_span body, GPtrArray *ids)
{
  static const guint8 hidden[8] = { 0 };
  if (body.size < 10 || body.at[0] != 3 || memcmp (body.at + 1, hidden, 8) == 0)
    return FALSE;
  GString *id = g_string_new ("pgp:");
  for (gsize i = 1; i < 9; i++)
    g_string_append_printf (id, "%02X", body.at[i]);
  g_ptr_array_add (ids, g_string_free (id, FALSE));
  guint8 algorithm = body.at[9];
  struct gate_span rest = { .at = body.at + 10, .size = body.size - 10 };
  switch (algorithm) {
  case 1: /* RSA of 2048 bits or more; the top bits of a block may be zero */
  case 2:
    return take_mpi (&rest, 2000) && rest.size == 0;
  case 16: /* Elgamal */
    return take_mpi (&rest, 2000) && take_mpi (&rest, 2000) && rest.size == 0;
  case 18: /* ECDH: a point, then a wrapped key with its size before it */
    return take_mpi (&rest, 200) && rest.size >= 25 && rest.at[0] == rest.size - 1;
  default:
    return FALSE;
  }
}

gboolean
gate_pgp_recipients (struct gate_span armor, GPtrArray *ids_out, GError **error)
{
  g_autoptr (GByteArray) binary = take_armor (armor, error);
  if (binary == NULL)
    return FALSE;
  struct gate_span rest = { .at = binary->data, .size = binary->len }, body;
  int tag = 0;
  while (rest.size > 0) {
    if (!take_packet (binary, &rest, &tag, &body))
      return gate_fail (error, GATE_ERROR_FORMAT, "its OpenPGP envelope is broken or cut");
    if (tag != TAG_SESSION_KEY)
      break;
    if (ids_out->len >= GATE_IDS_MAX || !session_key (body, ids_out))
      return gate_fail (error, GATE_ERROR_AUDIENCE, "its list of recipients is not one that wardmail makes");
  }
  if (ids_out->len == 0 || tag != TAG_PROTECTED)
    return gate_fail (error, GATE_ERROR_PLAINTEXT,
                      "its OpenPGP content is not encrypted to keys with integrity protection");
  /* Version 1: a block and two bytes of prefix, then at least a packet's head and the 22 bytes of the integrity check. */
  if (body.size < 42 || body.at[0] != 1 || gate_mime_readable (body))
    return gate_fail (error, GATE_ERROR_PLAINTEXT, "what it holds does not look encrypted");
  if (rest.size != 0)
    return gate_fail (error, GATE_ERROR_PLAINTEXT, "there is something beside the encrypted content");
  return TRUE;
}

gboolean
gate_pgp_is_public_key (GByteArray *key)
{
  static const int order[] = { TAG_PUBLIC_KEY, TAG_USER_ID, TAG_SIGNATURE, TAG_PUBLIC_SUBKEY, TAG_SIGNATURE };
  struct gate_span rest = { .at = key->data, .size = key->len }, body;
  gsize count = 0;
  int tag = 0;
  for (; rest.size > 0; count++)
    if (count >= G_N_ELEMENTS (order) || !take_packet (key, &rest, &tag, &body) || tag != order[count] || body.size < 4
        || (tag != TAG_USER_ID && body.at[0] != 4))
      return FALSE;
  return count == 3 || count == 5;
}
