/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A file that must be there whole or not at all: written beside its place, flushed, read back, and only then given its name, unless
 * another file has that by now. */
#include "ui/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static gboolean
fail (GError **error, const char *path, int why)
{
  if (why == EEXIST)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "%s is there already. Nothing was written; choose another name.",
                 path);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (why), "%s could not be written (%s). Nothing was saved%s",
                 path, g_strerror (why),
                 why == ENOSPC || why == EDQUOT ? "; make room, or choose another place." : "; choose another place.");
  return FALSE;
}

static gboolean
copy (int from, int to)
{
  char buffer[65536];
  off_t at = 0;
  ssize_t got;
  while ((got = pread (from, buffer, sizeof buffer, at)) > 0 || (got < 0 && errno == EINTR)) {
    if (got > 0 && !save_write (to, buffer, (gsize) got))
      return FALSE;
    at += MAX (got, 0);
  }
  return got == 0 && fsync (to) == 0;
}

/* What lies there is what was meant. */
static gboolean
same (int one, int other)
{
  char left[32768], right[32768];
  for (off_t at = 0;;) {
    const ssize_t a = pread (one, left, sizeof left, at), b = pread (other, right, sizeof right, at);
    if (a < 0 || a != b || memcmp (left, right, (gsize) a) != 0) {
      errno = a < 0 || b < 0 ? errno : EIO;
      return FALSE;
    }
    if (a == 0)
      return TRUE;
    at += a;
  }
}

/* Some file systems know no renaming that spares what is there, others no links. */
static gboolean
give_name (const char *temporary, const char *path)
{
  if (renameat2 (AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
    return TRUE;
  return (errno == EINVAL || errno == ENOSYS) && link (temporary, path) == 0 && unlink (temporary) == 0;
}

static void
flush_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0 && fsync (fd) != 0)
    g_debug ("the folder of %s could not be flushed", path);
  if (fd >= 0)
    close (fd);
}

gboolean
save_whole (int from, const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path), *temporary = g_build_filename (folder, ".wardmail-XXXXXX", NULL);
  if (faccessat (AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    return fail (error, path, EEXIST);
  int to = g_mkstemp_full (temporary, O_RDWR | O_CLOEXEC, 0600);
  if (to < 0)
    return fail (error, path, errno);
  gboolean done = copy (from, to) && same (from, to);
  int why = errno;
  if (close (to) != 0 && done) {
    done = FALSE;
    why = errno;
  }
  if (done && !give_name (temporary, path)) {
    done = FALSE;
    why = errno;
  }
  if (!done) {
    unlink (temporary);
    return fail (error, path, why);
  }
  flush_folder (path);
  return TRUE;
}
