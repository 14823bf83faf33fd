/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP packets, as far as their kind and their recipients can be told without a key. RFC 4880, 4.2, 5.1; RFC 9580, 5.13. */
#include "crypto/pgp/pgp_p.h"
#include <string.h>

#define PACKETS_MAX 4096

static gsize
next_line (const guint8 *data, gsize size, gsize at)
{
  const guint8 *end = memchr (data + at, '\n', size - at);
  return end != NULL ? (gsize) (end - data) + 1 : size;
}

static gboolean
blank_line (const guint8 *data, gsize from, gsize to)
{
  while (from < to && g_ascii_isspace (data[from]))
    from++;
  return from == to;
}

/* Binary packets stay as they are; armor is opened, up to PGP_LOOK_BYTES bytes. */
static GBytes *
open_armor (GBytes *bytes)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  static const char mark[] = "-----BEGIN PGP ";
  if (size == 0 || (data[0] & 0x80) != 0)
    return g_bytes_ref (bytes);
  gsize at = 0;
  while (at < size && (size - at < sizeof mark - 1 || memcmp (data + at, mark, sizeof mark - 1) != 0))
    at = next_line (data, size, at);
  if (at >= size)
    return g_bytes_new (NULL, 0);
  at = next_line (data, size, at);
  while (at < size && !blank_line (data, at, next_line (data, size, at)))
    at = next_line (data, size, at);
  gsize end = at;
  while (end < size && data[end] != '-' && end - at < PGP_LOOK_BYTES)
    end = next_line (data, size, end);
  g_autofree guint8 *packets = g_malloc ((end - at) / 4 * 3 + 6);
  int state = 0;
  guint save = 0;
  const gsize decoded = g_base64_decode_step ((const char *) data + at, end - at, packets, &state, &save);
  return g_bytes_new_take (g_steal_pointer (&packets), decoded);
}

static gboolean
read_old_header (const guint8 *data, gsize size, gsize at, struct pgp_packet *packet)
{
  const guint kind = data[at] & 3;
  packet->tag = (data[at] >> 2) & 15;
  if (kind == 3) {
    packet->body = at + 1;
    packet->size = size - packet->body;
    packet->open_end = TRUE;
    return TRUE;
  }
  const gsize octets = (gsize) 1 << kind;
  if (size - at < 1 + octets)
    return FALSE;
  for (gsize i = 0; i < octets; i++)
    packet->size = packet->size << 8 | data[at + 1 + i];
  packet->body = at + 1 + octets;
  return TRUE;
}

static gboolean
read_new_header (const guint8 *data, gsize size, gsize at, struct pgp_packet *packet)
{
  packet->tag = data[at] & 63;
  if (size - at < 2)
    return FALSE;
  const guint first = data[at + 1];
  if (first < 192) {
    packet->size = first;
    packet->body = at + 2;
  } else if (first < 224 && size - at >= 3) {
    packet->size = ((gsize) (first - 192) << 8) + data[at + 2] + 192;
    packet->body = at + 3;
  } else if (first == 255 && size - at >= 6) {
    packet->size = (gsize) data[at + 2] << 24 | (gsize) data[at + 3] << 16 | (gsize) data[at + 4] << 8 | data[at + 5];
    packet->body = at + 6;
  } else if (first >= 224 && first < 255) {
    packet->body = at + 2;
    packet->size = size - packet->body;
    packet->open_end = TRUE;
  } else
    return FALSE;
  return TRUE;
}

gboolean
pgp_packet_read (const guint8 *data, gsize size, gsize at, struct pgp_packet *packet)
{
  *packet = (struct pgp_packet){ 0 };
  if (at >= size || (data[at] & 0x80) == 0)
    return FALSE;
  return (data[at] & 0x40) != 0 ? read_new_header (data, size, at, packet) : read_old_header (data, size, at, packet);
}

gboolean
pgp_packet_fingerprint (const guint8 *body, gsize size, guint8 *fingerprint_out)
{
  if (size < 6 || size > G_MAXUINT16 || body[0] != 4) /* what gpg does not use either */
    return FALSE;
  const guint8 head[] = { 0x99, (guint8) (size >> 8), (guint8) size };
  gsize length = PGP_FINGERPRINT_SIZE;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  g_checksum_update (checksum, head, sizeof head);
  g_checksum_update (checksum, body, (gssize) size);
  g_checksum_get_digest (checksum, fingerprint_out, &length);
  return TRUE;
}

gboolean
pgp_packet_is_key (const guint8 *body, gsize size, const char *fingerprint)
{
  guint8 digest[PGP_FINGERPRINT_SIZE];
  char hex[2 * PGP_FINGERPRINT_SIZE + 1] = "";
  if (!pgp_packet_fingerprint (body, size, digest))
    return FALSE;
  for (guint i = 0; i < PGP_FINGERPRINT_SIZE; i++)
    g_snprintf (hex + 2 * i, 3, "%02X", digest[i]);
  return g_ascii_strcasecmp (hex, fingerprint) == 0;
}

static char *
recipient_id (const guint8 *body, gsize size)
{
  GString *id = g_string_new ("pgp:");
  if (size >= 9 && body[0] == 3)
    for (gsize i = 1; i < 9; i++)
      g_string_append_printf (id, "%02X", body[i]);
  else
    g_string_append (id, "unknown");
  return g_string_free (id, FALSE);
}

enum pgp_kind
pgp_packet_kind (GBytes *bytes, GPtrArray *ids_out)
{
  g_autoptr (GBytes) packets = open_armor (bytes);
  gsize size = 0, at = 0;
  const guint8 *data = g_bytes_get_data (packets, &size);
  struct pgp_packet packet;
  for (guint i = 0; i < PACKETS_MAX && pgp_packet_read (data, size, at, &packet); i++) {
    const gsize there = packet.body < size ? MIN (packet.size, size - packet.body) : 0;
    switch (packet.tag) {
    case PGP_TAG_PKESK:
      if (ids_out != NULL)
        g_ptr_array_add (ids_out, recipient_id (data + packet.body, there));
      break;
    case PGP_TAG_SKESK:
      if (ids_out != NULL)
        g_ptr_array_add (ids_out, g_strdup ("pgp:passphrase"));
      break;
    case PGP_TAG_MARKER:
    case PGP_TAG_PADDING:
      break;
    case PGP_TAG_SEIPD:
      return there > 0 && data[packet.body] == 1   ? PGP_ENCRYPTED_MDC
             : there > 0 && data[packet.body] == 2 ? PGP_ENCRYPTED_V2
                                                   : PGP_ENCRYPTED_AEAD;
    case PGP_TAG_AEAD:
      return PGP_ENCRYPTED_AEAD;
    case PGP_TAG_SED:
      return PGP_ENCRYPTED_PLAIN;
    case PGP_TAG_SIGNATURE:
    case PGP_TAG_ONE_PASS:
    case PGP_TAG_COMPRESSED:
    case PGP_TAG_LITERAL:
      return PGP_SIGNED;
    case PGP_TAG_SECRET_KEY:
    case PGP_TAG_PUBLIC_KEY:
      return PGP_KEYS;
    default:
      return PGP_UNKNOWN;
    }
    if (packet.open_end || packet.size > size - packet.body)
      break;
    at = packet.body + packet.size;
  }
  return PGP_UNKNOWN;
}
