/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A key as short as it can be told to others in the header of a mail: the primary key, one user id, the subkey that is encrypted to, and a
 * signature on each of the two. Autocrypt Level 1, 2.1.1. */
#include "crypto/pgp/pgp_p.h"
#include "crypto/addrspec.h"
#include <string.h>

#define TYPE_CERTIFICATION 0x10 /* to 0x13 */
#define TYPE_BINDING 0x18
#define TYPE_CERTIFICATION_REVOKED 0x30

struct part {
  gsize from, size; /* of the whole packet */
};
/* What is looked for, and what was found of it so far. */
struct minimal {
  const guint8 *data;
  const char *subkey; /* fingerprint; "": the primary key is encrypted to */
  struct part primary, user, certification, encryption, binding;
  guint open;       /* the tag whose signature comes next; 0: of something that is left out */
  gboolean refused; /* there is something that has no place in a public key */
};

static guint
signature_type (const guint8 *body, gsize size)
{
  return size >= 6 && body[0] == 4 ? body[1] : 0;
}

/* gpg gives the newest of each alone, where it is asked for no more than is needed; the first that fits is taken. */
static void
take (struct minimal *minimal, guint tag, struct part part, const guint8 *body, gsize size)
{
  const guint type = tag == PGP_TAG_SIGNATURE ? signature_type (body, size) : 0;
  switch (tag) {
  case PGP_TAG_PUBLIC_KEY:
    minimal->refused |= minimal->primary.size > 0;
    minimal->primary = part;
    minimal->open = 0;
    break;
  case PGP_TAG_USER_ID: /* of several with the address the first that is certified */
    minimal->open = minimal->certification.size == 0 ? tag : 0;
    if (minimal->open != 0)
      minimal->user = part;
    break;
  case PGP_TAG_PUBLIC_SUBKEY:
    minimal->open = pgp_packet_is_key (body, size, minimal->subkey) ? tag : 0;
    if (minimal->open != 0)
      minimal->encryption = part;
    break;
  case PGP_TAG_SIGNATURE:
    if (minimal->open == PGP_TAG_USER_ID && type >= TYPE_CERTIFICATION && type <= TYPE_CERTIFICATION + 3)
      minimal->certification = part;
    else if (minimal->open == PGP_TAG_USER_ID && type == TYPE_CERTIFICATION_REVOKED) {
      minimal->certification = (struct part){ 0, 0 };
      minimal->open = 0;
    } else if (minimal->open == PGP_TAG_PUBLIC_SUBKEY && type == TYPE_BINDING)
      minimal->binding = part;
    break;
  default:
    minimal->refused |= tag != PGP_TAG_TRUST;
  }
}

static void
append (GByteArray *out, const struct minimal *minimal, struct part part)
{
  g_byte_array_append (out, minimal->data + part.from, (guint) part.size);
}

/* key: of one address already. subkey: as above. NULL: it has no such form. */
static GBytes *
cut (GBytes *key, const char *subkey)
{
  gsize size = 0;
  struct minimal minimal = { .data = g_bytes_get_data (key, &size), .subkey = subkey };
  struct pgp_packet packet;
  for (gsize at = 0; at < size; at = packet.body + packet.size) {
    if (!pgp_packet_read (minimal.data, size, at, &packet) || packet.open_end || packet.size > size - packet.body)
      return NULL;
    take (&minimal, packet.tag, (struct part){ at, packet.body + packet.size - at }, minimal.data + packet.body,
          packet.size);
  }
  const gboolean whole = minimal.primary.size > 0 && minimal.certification.size > 0;
  if (minimal.refused || !whole || (*subkey != '\0' && minimal.binding.size == 0))
    return NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  append (out, &minimal, minimal.primary);
  append (out, &minimal, minimal.user);
  append (out, &minimal, minimal.certification);
  append (out, &minimal, minimal.encryption);
  append (out, &minimal, minimal.binding);
  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}

GBytes *
pgp_minimal (struct pgp_engine *engine, const char *fingerprint, const char *address, gint64 at)
{
  gpgme_key_t key = pgp_keys_by_fingerprint (engine, fingerprint);
  enum key_fault fault;
  gpgme_subkey_t subkey = key != NULL ? pgp_keys_encryption (key, at, &fault) : NULL;
  g_autoptr (GBytes) whole = subkey != NULL ? pgp_export_one (engine, fingerprint, NULL) : NULL;
  g_autoptr (GPtrArray) trimmed = whole != NULL ? pgp_trim (whole, address, NULL) : NULL;
  if (trimmed == NULL || trimmed->len != 1)
    return NULL;
  return cut (g_ptr_array_index (trimmed, 0), subkey == key->subkeys ? "" : subkey->fpr);
}
