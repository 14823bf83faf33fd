/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See secrets.h. */
#include "mail/engine/secrets.h"

#include <fcntl.h>
#include <unistd.h>

#include "mail/engine.h"

#define SECRET_SIZE_MAX (64 * 1024)

static char *
secret_path (const struct paths *paths, const char *account)
{
  return g_build_filename (paths->secrets_dir, account, NULL);
}

struct secret *
secrets_load (const struct paths *paths, const char *account)
{
  g_autofree char *path = secret_path (paths, account);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return NULL;
  struct secret *secret = secret_read_fd (fd, SECRET_SIZE_MAX, NULL);
  close (fd);
  return secret;
}

gboolean
secrets_store (const struct paths *paths, const char *account, const void *bytes, gsize size, GError **error)
{
  g_autofree char *path = secret_path (paths, account);
  g_autoptr (GError) failure = NULL;
  if (size <= SECRET_SIZE_MAX
      && g_file_set_contents_full (path, bytes, (gssize) size,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &failure))
    return TRUE;
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "The password of “%s” could not be stored: %s.", account,
               failure != NULL ? failure->message : "it is too long");
  return FALSE;
}

void
secrets_remove (const struct paths *paths, const char *account)
{
  g_autofree char *path = secret_path (paths, account);
  (void) unlink (path);
}
