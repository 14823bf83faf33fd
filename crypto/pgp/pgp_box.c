/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How many keys lie in a keybox. GPGME does not tell a gpg that was killed in the middle of its list from one that came to the end: a list
 * that is too short must not pass for all there is. The format: blobs, each with its size in four bytes and its type in one. */
#include "crypto/pgp/pgp_p.h"

#define BLOB_OPENPGP 2

guint
pgp_box_count (const char *home)
{
  g_autofree char *path = g_build_filename (home, "pubring.kbx", NULL);
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);
  guint count = 0;
  if (file == NULL)
    return 0;
  const gsize size = g_mapped_file_get_length (file);
  const guint8 *bytes = (const guint8 *) g_mapped_file_get_contents (file);
  for (gsize at = 0; size - at >= 5;) {
    const gsize length
        = (gsize) bytes[at] << 24 | (gsize) bytes[at + 1] << 16 | (gsize) bytes[at + 2] << 8 | bytes[at + 3];
    if (length < 5 || length > size - at)
      break;
    count += bytes[at + 4] == BLOB_OPENPGP;
    at += length;
  }
  return count;
}
