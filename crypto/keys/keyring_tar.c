/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Plain files in one: the ustar form of tar (POSIX.1-2017, pax), which every system opens. Only regular files with short names are written;
 * what else stands in an archive is passed over, and nothing of it is ever taken for a path. */
#include "crypto/keys/keyring_tar.h"
#include "crypto/error.h"
#include "crypto/guard/secret.h"
#include <string.h>

#define BLOCK 512
#define FILES_MAX 5000

struct header {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
  char magic[6], version[2], owner[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
G_STATIC_ASSERT (sizeof (struct header) == BLOCK);

static guint
checksum_of (const struct header *header)
{
  const guchar *bytes = (const guchar *) header;
  guint sum = 0;
  for (gsize i = 0; i < BLOCK; i++)
    sum += i >= G_STRUCT_OFFSET (struct header, checksum) && i < G_STRUCT_OFFSET (struct header, type) ? ' ' : bytes[i];
  return sum;
}

void
keyring_tar_add (GByteArray *tar, const char *name, gconstpointer bytes, gsize size, gint64 time)
{
  static const guchar zero[BLOCK] = { 0 };
  struct header header = { .mode = "0000600", .uid = "0000000", .gid = "0000000", .type = '0', .magic = "ustar" };
  g_return_if_fail (strlen (name) < sizeof header.name && size < G_MAXINT32);
  memcpy (header.name, name, strlen (name));
  memcpy (header.version, "00", 2);
  g_snprintf (header.size, sizeof header.size, "%011" G_GINT64_MODIFIER "o", (guint64) size);
  g_snprintf (header.mtime, sizeof header.mtime, "%011" G_GINT64_MODIFIER "o", (guint64) MAX (time, 0));
  g_snprintf (header.checksum, sizeof header.checksum, "%06o", checksum_of (&header));
  header.checksum[7] = ' ';
  g_byte_array_append (tar, (const guchar *) &header, BLOCK);
  if (size > 0)
    g_byte_array_append (tar, bytes, (guint) size);
  if (size % BLOCK != 0)
    g_byte_array_append (tar, zero, (guint) (BLOCK - size % BLOCK));
}

void
keyring_tar_end (GByteArray *tar)
{
  static const guchar zero[2 * BLOCK] = { 0 };
  g_byte_array_append (tar, zero, sizeof zero);
}

/* Octal digits, ended by a blank or NUL. */
static gboolean
number (const char *digits, gsize size, guint64 *value_out)
{
  gsize i = 0;
  *value_out = 0;
  for (; i < size && digits[i] >= '0' && digits[i] <= '7'; i++)
    *value_out = *value_out << 3 | (guint64) (digits[i] - '0');
  return i > 0 && i <= 12 && (i == size || digits[i] == ' ' || digits[i] == '\0');
}

static gboolean
fail (GError **error)
{
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FORMAT,
               "The back-up could be opened, but what is in it is damaged or no back-up of wardmail. Nothing was taken "
               "in.");
  return FALSE;
}

gboolean
keyring_tar_read (GBytes *tar, keyring_tar_fn file, gpointer data, GError **error)
{
  gsize size = 0, at = 0;
  const guchar *bytes = g_bytes_get_data (tar, &size);
  for (guint files = 0; files < FILES_MAX && size - at >= BLOCK; files++) {
    struct header header;
    guint64 length = 0, sum = 0;
    memcpy (&header, bytes + at, BLOCK);
    at += BLOCK;
    if (header.name[0] == '\0')
      return files > 0 || fail (error);
    if (memcmp (header.magic, "ustar", 5) != 0 || !number (header.checksum, sizeof header.checksum, &sum)
        || sum != checksum_of (&header) || !number (header.size, sizeof header.size, &length) || length > size - at)
      return fail (error);
    g_autofree char *name = g_strndup (header.name, sizeof header.name);
    if ((header.type == '0' || header.type == '\0') && header.prefix[0] == '\0') {
      g_autoptr (GBytes) content = g_bytes_new_from_bytes (tar, at, (gsize) length);
      if (!file (name, content, data, error))
        return FALSE;
    }
    at += (gsize) MIN ((length + BLOCK - 1) / BLOCK * BLOCK, size - at);
  }
  return fail (error); /* no end, or too many */
}
