/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP keys out of the keyring, armored. */
#include "crypto/pgp/pgp_life.h"
#include "crypto/pgp/pgp_p.h"
#include "crypto/guard/secret.h"

#define EXPORT_SIZE_MAX (32u * 1024 * 1024)
#define ARMOR_OCTETS 48              /* of a line */
#define EXPORT_RESERVE (512u * 1024) /* more than secret keys take */

static GBytes *export(struct pgp_engine *engine, const char **patterns, gpgme_export_mode_t mode, gboolean armor,
                      GError **error)
{
  AUTOFREE (gpgme_context) context = pgp_context_new (engine, error);
  if (context == NULL)
    return NULL;
  struct pgp_sink sink;
  AUTOFREE (gpgme_data) output = pgp_sink_open (&sink, EXPORT_SIZE_MAX);
  pgp_sink_reserve (&sink, EXPORT_RESERVE);
  gpgme_set_armor (context, armor);
  const gpgme_error_t failed = gpgme_op_export_ext (context, patterns, mode, output);
  if (failed == 0 && sink.bytes->len > 0)
    return pgp_sink_steal (&sink);
  pgp_sink_clear (&sink);
  if (!pgp_home_full (engine, error))
    pgp_set_error (error, CRYPTO_ERROR_FAILED, failed, "The OpenPGP key could not be read out of the keyring");
  return NULL;
}

/* The one key of these with this fingerprint. gpg also hands out keys that have it among their subkeys, where whoever made them put it. */
static GBytes *
only (GBytes *keys, const char *fingerprint)
{
  gsize size = 0, at = 0, begin = 0;
  const guint8 *data = g_bytes_get_data (keys, &size);
  struct pgp_packet packet;
  gboolean found = FALSE;
  while (pgp_packet_read (data, size, at, &packet) && !packet.open_end && packet.size <= size - packet.body) {
    if (packet.tag == PGP_TAG_PUBLIC_KEY) {
      if (found)
        break;
      found = pgp_packet_is_key (data + packet.body, packet.size, fingerprint);
      begin = at;
    }
    at = packet.body + packet.size;
  }
  return found ? g_bytes_new_from_bytes (keys, begin, at - begin) : NULL;
}

/* RFC 4880, 6.1: gpg wants it. */
static guint32
checksum (const guint8 *data, gsize size)
{
  guint32 sum = 0xb704ce;
  for (gsize i = 0; i < size; i++) {
    sum ^= (guint32) data[i] << 16;
    for (guint bit = 0; bit < 8; bit++)
      sum = sum << 1 ^ ((sum & 0x800000) != 0 ? 0x1864cfb : 0);
  }
  return sum & 0xffffff;
}

static GBytes *
armored (GBytes *key)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (key, &size);
  const guint32 sum = checksum (data, size);
  const guint8 octets[] = { (guint8) (sum >> 16), (guint8) (sum >> 8), (guint8) sum };
  g_autofree char *last = g_base64_encode (octets, sizeof octets);
  GString *text = g_string_new ("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n");
  for (gsize at = 0; at < size; at += ARMOR_OCTETS) {
    g_autofree char *line = g_base64_encode (data + at, MIN (ARMOR_OCTETS, size - at));
    g_string_append_printf (text, "%s\n", line);
  }
  g_string_append_printf (text, "=%s\n-----END PGP PUBLIC KEY BLOCK-----\n", last);
  return g_string_free_to_bytes (text);
}

GBytes *
pgp_export_one (struct pgp_engine *engine, const char *fingerprint, GError **error)
{
  const char *patterns[] = { fingerprint, NULL };
  g_autoptr (GBytes) keys = export(engine, patterns, GPGME_EXPORT_MODE_MINIMAL, FALSE, error);
  g_autoptr (GBytes) key = keys != NULL ? only (keys, fingerprint) : NULL;
  if (keys != NULL && key == NULL)
    pgp_set_error (error, CRYPTO_ERROR_FAILED, 0, "The OpenPGP key could not be read out of the keyring");
  return g_steal_pointer (&key);
}

GBytes *
pgp_export (struct pgp_engine *engine, const char *fingerprint, GError **error)
{
  g_autoptr (GBytes) key = pgp_export_one (engine, fingerprint, error);
  return key != NULL ? armored (key) : NULL;
}

/* Is there a secret half that is not on a card? */
static gboolean
has_secret_here (gpgme_key_t key, gboolean *on_card_out)
{
  gboolean here = FALSE;
  *on_card_out = FALSE;
  for (gpgme_subkey_t subkey = key->subkeys; subkey != NULL; subkey = subkey->next) {
    here |= subkey->secret && !subkey->is_cardkey;
    *on_card_out |= subkey->is_cardkey;
  }
  return key->secret && here;
}

GBytes *
pgp_export_all (struct pgp_engine *engine, gboolean secret, GPtrArray *on_card_out, GError **error)
{
  GPtrArray *keys = pgp_keys_all (engine, error);
  if (keys == NULL)
    return NULL;
  g_autoptr (GPtrArray) patterns = g_ptr_array_new ();
  for (guint i = 0; i < keys->len; i++) {
    gpgme_key_t key = g_ptr_array_index (keys, i);
    gboolean on_card = FALSE;
    const gboolean here = has_secret_here (key, &on_card);
    if (key->subkeys == NULL || key->subkeys->fpr == NULL)
      continue;
    if (on_card && on_card_out != NULL)
      g_ptr_array_add (on_card_out, g_ascii_strup (key->subkeys->fpr, -1));
    if (here || !secret)
      g_ptr_array_add (patterns, key->subkeys->fpr);
  }
  if (patterns->len == 0)
    return NULL;
  g_ptr_array_add (patterns, NULL);
  return export(engine, (const char **) patterns->pdata, secret ? GPGME_EXPORT_MODE_SECRET : GPGME_EXPORT_MODE_MINIMAL,
                TRUE, error);
}
