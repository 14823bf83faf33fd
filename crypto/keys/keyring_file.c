/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The small files of the keyring's own: groups of keys and values, written whole or not at all. */
#include "crypto/keys/keyring_p.h"

GKeyFile *
keyring_file_read (struct keyring *keyring, const struct keyring_file *kind, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *path = g_build_filename (keyring->dir, kind->name, NULL);
  g_autoptr (GError) local = NULL;
  if (g_key_file_load_from_file (file, path, G_KEY_FILE_KEEP_COMMENTS, &local)
      || g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return g_steal_pointer (&file);
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
               "%s (%s) cannot be read: %s. Restore it from a backup, or move it away and %s.", kind->what, path,
               local->message, kind->instead);
  return NULL;
}

gboolean
keyring_file_write (struct keyring *keyring, const struct keyring_file *kind, GKeyFile *file, GError **error)
{
  gsize size = 0;
  g_autofree char *data = g_key_file_to_data (file, &size, NULL);
  g_autofree char *path = g_build_filename (keyring->dir, kind->name, NULL);
  g_autoptr (GError) local = NULL;
  if (g_file_set_contents_full (path, data, (gssize) size, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                0600, &local))
    return TRUE;
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "%s could not be written: %s. Look whether the disk is full.",
               kind->what, local->message);
  return FALSE;
}
