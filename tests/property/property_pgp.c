/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A gpg that takes no time, and one that does wrong. It stands between the OpenPGP engine and GPGME: most runs get an envelope from here that
 * has the right packets around noise (nobody can open it, and nobody needs to), the others a real one; and where a failure is due, something
 * that a broken or hostile gpg might give. */
#include "crypto/pgp/pgp.h"
#include "tests/property/property.h"
#include "tests/property/property_fault.h"
#include <gpgme.h>
#include <stdlib.h>
#include <string.h>

gpgme_error_t __real_gpgme_op_encrypt_sign_ext (gpgme_ctx_t context, gpgme_key_t *keys, const char *recipients,
                                                gpgme_encrypt_flags_t flags, gpgme_data_t plain, gpgme_data_t cipher);
gpgme_error_t __wrap_gpgme_op_encrypt_sign_ext (gpgme_ctx_t context, gpgme_key_t *keys, const char *recipients,
                                                gpgme_encrypt_flags_t flags, gpgme_data_t plain, gpgme_data_t cipher);
gpgme_sign_result_t __real_gpgme_op_sign_result (gpgme_ctx_t context);
gpgme_sign_result_t __wrap_gpgme_op_sign_result (gpgme_ctx_t context);
gpgme_error_t __real_gpgme_ctx_set_engine_info (gpgme_ctx_t context, gpgme_protocol_t protocol, const char *file,
                                                const char *home);
gpgme_error_t __wrap_gpgme_ctx_set_engine_info (gpgme_ctx_t context, gpgme_protocol_t protocol, const char *file,
                                                const char *home);
gboolean __real_pgp_sign_encrypt (struct pgp_engine *engine, const char *sender, GPtrArray *fingerprints,
                                  const struct pieces *content, struct spool *spool, GPtrArray *ids_out,
                                  GError **error);
gboolean __wrap_pgp_sign_encrypt (struct pgp_engine *engine, const char *sender, GPtrArray *fingerprints,
                                  const struct pieces *content, struct spool *spool, GPtrArray *ids_out,
                                  GError **error);

static gboolean was_faked, was_signed;

static void
add_packet (GByteArray *out, guint8 tag, const guint8 *body, gsize size)
{
  const guint8 head[] = { (guint8) (0xC0 | tag), 0xFF,         (guint8) (size >> 24), (guint8) (size >> 16),
                          (guint8) (size >> 8),  (guint8) size };
  g_byte_array_append (out, head, sizeof head);
  g_byte_array_append (out, body, (guint) size);
}

static void
fill_noise (guint8 *bytes, gsize size)
{
  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8) (g_random_int () >> 8);
}

/* A session key for this key id (16 hex digits), wrapped by ECDH as far as anybody can see. */
static void
add_reader (GByteArray *out, const char *id)
{
  guint8 body[10 + 2 + 33 + 1 + 48];
  fill_noise (body, sizeof body);
  body[0] = 3;
  for (guint i = 0; i < 8; i++)
    body[1 + i] = (guint8) (g_ascii_xdigit_value (id[2 * i]) << 4 | g_ascii_xdigit_value (id[2 * i + 1]));
  body[9] = 18;
  body[10] = 1; /* 263 bits */
  body[11] = 7;
  body[12] = 0x40;
  body[12 + 33] = 48;
  add_packet (out, 1, body, sizeof body);
}

static void
append_armor (GString *text, const GByteArray *packets)
{
  guint32 crc = 0xb704ce;
  for (guint i = 0; i < packets->len; i++) {
    crc ^= (guint32) packets->data[i] << 16;
    for (int bit = 0; bit < 8; bit++)
      crc = (crc & 0x800000) != 0 ? crc << 1 ^ 0x1864cfb : crc << 1;
  }
  const guint8 sum[] = { (guint8) (crc >> 16), (guint8) (crc >> 8), (guint8) crc };
  g_autofree char *base = g_base64_encode (packets->data, packets->len), *end = g_base64_encode (sum, 3);
  g_string_append (text, "-----BEGIN PGP MESSAGE-----\n\n");
  for (gsize i = 0; base[i] != '\0'; i += MIN (64, strlen (base + i)))
    g_string_append_printf (text, "%.64s\n", base + i);
  g_string_append_printf (text, "=%s\n-----END PGP MESSAGE-----\n", end);
}

/* The ids among GPGME's recipients: lines of a fingerprint and "!". NULL: there are others too. */
static GPtrArray *
ids_of (const char *recipients)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) lines = g_strsplit (recipients, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    const gsize size = strlen (*line);
    if (size == 0)
      continue;
    if (size < 17 || (*line)[size - 1] != '!')
      return NULL;
    g_ptr_array_add (ids, g_strndup (*line + size - 17, 16));
  }
  return g_steal_pointer (&ids);
}

static GBytes *
read_all (gpgme_data_t plain)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  guint8 bytes[4096];
  ssize_t got;
  while ((got = gpgme_data_read (plain, bytes, sizeof bytes)) > 0)
    g_byte_array_append (all, bytes, (guint) got);
  return g_byte_array_free_to_bytes (g_steal_pointer (&all));
}

static void
append_content (GByteArray *packets, guint kind, GBytes *plain)
{
  gsize size = 0;
  const guint8 *text = g_bytes_get_data (plain, &size);
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_byte_array_set_size (body, (guint) size + 64);
  fill_noise (body->data, body->len);
  body->data[0] = 1;
  switch (kind) {
  case OUTPUT_PLAIN: /* a literal packet, in proper armor */
    g_byte_array_set_size (body, 6);
    memcpy (body->data, "b\0\0\0\0\0", 6);
    g_byte_array_append (body, text, (guint) size);
    add_packet (packets, 11, body->data, body->len);
    break;
  case OUTPUT_BARE: /* as before 2000: no integrity */
    add_packet (packets, 9, body->data, body->len);
    break;
  default:
    add_packet (packets, 18, body->data, body->len);
  }
}

static gpgme_error_t
give (gpgme_data_t cipher, const char *text, gsize size)
{
  for (gsize done = 0; done < size;) {
    const ssize_t wrote = gpgme_data_write (cipher, text + done, size - done);
    if (wrote <= 0)
      return gpgme_error (GPG_ERR_EIO);
    done += (gsize) wrote;
  }
  return GPG_ERR_NO_ERROR;
}

static gpgme_error_t
fake (GPtrArray *ids, guint kind, gpgme_data_t plain, gpgme_data_t cipher)
{
  g_autoptr (GByteArray) packets = g_byte_array_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GBytes) content = read_all (plain);
  gsize size = 0;
  const char *clear = g_bytes_get_data (content, &size);
  if (kind == OUTPUT_OTHER)
    g_ptr_array_set_size (ids, 0);
  if (kind == OUTPUT_FEWER)
    g_ptr_array_set_size (ids, (gint) ids->len - 1);
  if (kind == OUTPUT_MORE || kind == OUTPUT_OTHER)
    g_ptr_array_add (ids, g_strdup ("0123456789ABCDEF"));
  for (guint i = 0; kind != OUTPUT_PLAIN && i < ids->len; i++)
    add_reader (packets, ids->pdata[i]);
  append_content (packets, kind, content);
  append_armor (text, packets);
  if (kind == OUTPUT_SUBJECT || kind == OUTPUT_TRAILER)
    g_string_append_len (text, clear, (gssize) size);
  if (kind == OUTPUT_CUT)
    g_string_truncate (text, text->len / 2);
  was_faked = TRUE;
  was_signed = kind != OUTPUT_UNSIGNED;
  return give (cipher, text->str, text->len);
}

/* ---- gpg itself ---- */

static gboolean encrypting;
static char *asked_file, *asked_home; /* for the context that was not told */

/* Another program in the place of gpg, for one context. GPGME starts what it is told of to see its version, which takes longer than all
 * else: where nothing of gpg will be needed, it is not told. */
gpgme_error_t
__wrap_gpgme_ctx_set_engine_info (gpgme_ctx_t context, gpgme_protocol_t protocol, const char *file, const char *home)
{
  static const char *const names[] = { NULL, "gpg-hangs", "gpg-killed", "gpg-noise", "gpg-silent", "gpg-refuses" };
  const guint kind = fault_next (PLACE_PROGRAM, 0);
  g_autofree char *other = kind != 0 ? g_build_filename (property_dir (), names[kind], NULL) : NULL;
  if (!encrypting || shared->real_gpg || shared->fault.place == PLACE_PROGRAM)
    return __real_gpgme_ctx_set_engine_info (context, protocol, other != NULL ? other : file, home);
  g_free (asked_file);
  g_free (asked_home);
  asked_file = g_strdup (file);
  asked_home = g_strdup (home);
  return GPG_ERR_NO_ERROR;
}

static void
tell_now (gpgme_ctx_t context)
{
  if (asked_file != NULL)
    (void) __real_gpgme_ctx_set_engine_info (context, GPGME_PROTOCOL_OpenPGP, asked_file, asked_home);
  g_clear_pointer (&asked_file, g_free);
  g_clear_pointer (&asked_home, g_free);
}

gboolean
__wrap_pgp_sign_encrypt (struct pgp_engine *engine, const char *sender, GPtrArray *fingerprints,
                         const struct pieces *content, struct spool *spool, GPtrArray *ids_out, GError **error)
{
  encrypting = TRUE;
  const gboolean done = __real_pgp_sign_encrypt (engine, sender, fingerprints, content, spool, ids_out, error);
  encrypting = FALSE;
  return done;
}

/* ---- what it makes ---- */

gpgme_error_t
__wrap_gpgme_op_encrypt_sign_ext (gpgme_ctx_t context, gpgme_key_t *keys, const char *recipients,
                                  gpgme_encrypt_flags_t flags, gpgme_data_t plain, gpgme_data_t cipher)
{
  const guint kind = fault_next (PLACE_GPG, 0);
  g_autoptr (GPtrArray) ids = ids_of (recipients);
  was_faked = FALSE;
  if (kind == OUTPUT_FAILS)
    return gpgme_error (GPG_ERR_GENERAL);
  if (kind == OUTPUT_EMPTY || kind == OUTPUT_NOISE) {
    char noise[500];
    fill_noise ((guint8 *) noise, sizeof noise);
    was_faked = was_signed = TRUE;
    return give (cipher, noise, kind == OUTPUT_EMPTY ? 0 : sizeof noise);
  }
  if (ids != NULL && (kind != 0 || !shared->real_gpg) && shared->fault.place != PLACE_PROGRAM)
    return fake (ids, kind, plain, cipher);
  tell_now (context);
  return __real_gpgme_op_encrypt_sign_ext (context, keys, recipients, flags, plain, cipher);
}

gpgme_sign_result_t
__wrap_gpgme_op_sign_result (gpgme_ctx_t context)
{
  static struct _gpgme_new_signature signature;
  static struct _gpgme_op_sign_result result;
  if (!was_faked)
    return __real_gpgme_op_sign_result (context);
  result.signatures = was_signed ? &signature : NULL;
  return &result;
}
