/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The revocation certificates that gpg makes with each key, and keeps beside them. */
#include "crypto/pgp/pgp_life.h"
#include "crypto/pgp/pgp_p.h"
#include <errno.h>
#include <glib/gstdio.h>

#define FOLDER "openpgp-revocs.d"
#define CERTIFICATE_SIZE_MAX (64u * 1024)

static char *
path_of (struct pgp_engine *engine, const char *fingerprint)
{
  g_autofree char *upper = g_ascii_strup (fingerprint, -1), *name = g_strconcat (upper, ".rev", NULL);
  return g_build_filename (engine->home, FOLDER, name, NULL);
}

GBytes *
pgp_revoke_kept (struct pgp_engine *engine, const char *fingerprint)
{
  g_autofree char *path = path_of (engine, fingerprint);
  GStatBuf status;
  char *text = NULL;
  gsize size = 0;
  if (g_lstat (path, &status) != 0 || !S_ISREG (status.st_mode) || status.st_size > (goffset) CERTIFICATE_SIZE_MAX
      || !g_file_get_contents (path, &text, &size, NULL))
    return NULL;
  return g_bytes_new_take (text, size);
}

gboolean
pgp_revoke_keep (struct pgp_engine *engine, const char *fingerprint, GBytes *certificate, GError **error)
{
  g_autofree char *path = path_of (engine, fingerprint), *folder = g_path_get_dirname (path);
  gsize size = 0;
  const char *text = g_bytes_get_data (certificate, &size);
  if (size > CERTIFICATE_SIZE_MAX || g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  g_autoptr (GError) local = NULL;
  if (g_mkdir_with_parents (folder, 0700) == 0
      && g_file_set_contents_full (path, text != NULL ? text : "", (gssize) size,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &local))
    return TRUE;
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
               "A revocation certificate could not be kept (%s). Look whether the disk is full.",
               local != NULL ? local->message : g_strerror (errno));
  return FALSE;
}
