/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Of keys that somebody else handed out: what concerns one address, and nothing else. RFC 4880, 5.2, 11.1, 12.2.
 *
 * gpg has filters for this, but their words would stand in a list of processes, with the address in them. */
#include "crypto/pgp/pgp_p.h"
#include "crypto/addrspec.h"
#include <string.h>

#define KEYS_MAX 8
#define KEY_ID_SIZE 8

enum signature_type {
  TYPE_CERTIFICATION = 0x10, /* to 0x13 */
  TYPE_CERTIFICATION_LAST = 0x13,
  TYPE_BINDING = 0x18,
  TYPE_DIRECT = 0x1f,
  TYPE_KEY_REVOKED = 0x20,
  TYPE_SUBKEY_REVOKED = 0x28,
  TYPE_CERTIFICATION_REVOKED = 0x30,
};
enum subpacket { SUBPACKET_ISSUER = 16, SUBPACKET_ISSUER_FINGERPRINT = 33 };

struct trim {
  const char *address;
  GPtrArray *keys; /* out */
  GByteArray *key; /* the one that is being read; NULL: none */
  gboolean named;  /* it has a user id of the address */
  guint part;      /* the tag that signatures belong to; 0: one that is left out */
  guint8 fingerprint[PGP_FINGERPRINT_SIZE];
};

static void
finish_key (struct trim *trim)
{
  if (trim->key != NULL && trim->named && trim->keys->len < KEYS_MAX)
    g_ptr_array_add (trim->keys, g_byte_array_free_to_bytes (g_steal_pointer (&trim->key)));
  g_clear_pointer (&trim->key, g_byte_array_unref);
  trim->named = FALSE;
  trim->part = 0;
}

static void
begin_key (struct trim *trim, const guint8 *body, gsize size)
{
  finish_key (trim);
  if (!pgp_packet_fingerprint (body, size, trim->fingerprint))
    return;
  trim->key = g_byte_array_new ();
  trim->part = PGP_TAG_PUBLIC_KEY;
}

/* One run of subpackets: is the key named as the issuer? */
static gboolean
names_issuer (const struct trim *trim, const guint8 *data, gsize size)
{
  const guint8 *id = trim->fingerprint + PGP_FINGERPRINT_SIZE - KEY_ID_SIZE;
  for (gsize at = 0; at < size;) {
    gsize length = data[at++];
    if (length >= 192 && length < 255 && at < size)
      length = ((length - 192) << 8) + data[at++] + 192;
    else if (length == 255 && size - at >= 4) {
      length = (gsize) data[at] << 24 | (gsize) data[at + 1] << 16 | (gsize) data[at + 2] << 8 | data[at + 3];
      at += 4;
    }
    if (length == 0 || length > size - at)
      return FALSE;
    const guint type = data[at] & 0x7f;
    if (type == SUBPACKET_ISSUER && length == 1 + KEY_ID_SIZE && memcmp (data + at + 1, id, KEY_ID_SIZE) == 0)
      return TRUE;
    if (type == SUBPACKET_ISSUER_FINGERPRINT && length == 2 + PGP_FINGERPRINT_SIZE
        && memcmp (data + at + 2, trim->fingerprint, PGP_FINGERPRINT_SIZE) == 0)
      return TRUE;
    at += length;
  }
  return FALSE;
}

/* Does the signature say that the key itself made it? Whether that is true is gpg's to find out. */
static gboolean
is_own (const struct trim *trim, const guint8 *body, gsize size)
{
  gsize at = 4;
  for (guint run = 0; run < 2 && size - at >= 2; run++) {
    const gsize length = (gsize) body[at] << 8 | body[at + 1];
    at += 2;
    if (length > size - at)
      return FALSE;
    if (names_issuer (trim, body + at, length))
      return TRUE;
    at += length;
  }
  return FALSE;
}

static gboolean
keeps_signature (const struct trim *trim, const guint8 *body, gsize size)
{
  if (size < 6 || body[0] != 4)
    return FALSE;
  const guint type = body[1];
  switch (trim->part) {
  case PGP_TAG_PUBLIC_KEY: /* a key may name another one that can revoke it */
    return type == TYPE_KEY_REVOKED || (type == TYPE_DIRECT && is_own (trim, body, size));
  case PGP_TAG_USER_ID:
    return ((type >= TYPE_CERTIFICATION && type <= TYPE_CERTIFICATION_LAST) || type == TYPE_CERTIFICATION_REVOKED)
           && is_own (trim, body, size);
  case PGP_TAG_PUBLIC_SUBKEY:
    return type == TYPE_SUBKEY_REVOKED || (type == TYPE_BINDING && is_own (trim, body, size));
  default:
    return FALSE;
  }
}

static gboolean
names_address (const struct trim *trim, const guint8 *body, gsize size)
{
  if (size == 0 || size > 4096 || memchr (body, '\0', size) != NULL)
    return FALSE;
  g_autofree char *text = g_strndup ((const char *) body, size);
  const char *open = strrchr (text, '<'), *close = open != NULL ? strchr (open, '>') : NULL;
  g_autofree char *address = close != NULL ? g_strndup (open + 1, (gsize) (close - open) - 1) : g_strdup (text);
  g_autofree char *normal = addrspec_normalise (address);
  return normal != NULL && addrspec_equal (normal, trim->address);
}

/* FALSE: it has no place among public keys. keep_out: whether it is part of what is wanted. */
static gboolean
take_packet (struct trim *trim, const struct pgp_packet *packet, const guint8 *body, gboolean *keep_out)
{
  *keep_out = FALSE;
  switch (packet->tag) {
  case PGP_TAG_PUBLIC_KEY:
    begin_key (trim, body, packet->size);
    *keep_out = TRUE;
    return TRUE;
  case PGP_TAG_USER_ID:
    *keep_out = names_address (trim, body, packet->size);
    trim->part = *keep_out ? PGP_TAG_USER_ID : 0;
    trim->named |= *keep_out;
    return TRUE;
  case PGP_TAG_PUBLIC_SUBKEY:
    trim->part = PGP_TAG_PUBLIC_SUBKEY;
    *keep_out = TRUE;
    return TRUE;
  case PGP_TAG_ATTRIBUTE: /* a picture */
    trim->part = 0;
    return TRUE;
  case PGP_TAG_SIGNATURE:
    *keep_out = keeps_signature (trim, body, packet->size);
    return TRUE;
  case PGP_TAG_MARKER:
  case PGP_TAG_TRUST:
  case PGP_TAG_PADDING:
    return TRUE;
  default:
    return FALSE;
  }
}

static gboolean
trim_all (struct trim *trim, const guint8 *data, gsize size)
{
  gsize at = 0;
  gboolean any = FALSE;
  struct pgp_packet packet;
  while (at < size) {
    gboolean keep = FALSE;
    if (!pgp_packet_read (data, size, at, &packet) || packet.open_end || packet.size > size - packet.body
        || (!any && packet.tag != PGP_TAG_PUBLIC_KEY) || !take_packet (trim, &packet, data + packet.body, &keep))
      return FALSE;
    any = TRUE;
    const gsize end = packet.body + packet.size;
    if (keep && trim->key != NULL)
      g_byte_array_append (trim->key, data + at, (guint) (end - at));
    at = end;
  }
  finish_key (trim);
  return any;
}

GPtrArray *
pgp_trim (GBytes *keys, const char *address, GError **error)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (keys, &size);
  struct trim trim = { .address = address };
  trim.keys = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  const gboolean fine = size > 0 && trim_all (&trim, data, size);
  g_clear_pointer (&trim.key, g_byte_array_unref);
  if (fine)
    return trim.keys;
  g_ptr_array_unref (trim.keys);
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT, "These are not public OpenPGP keys and nothing else.");
  return NULL;
}
