/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See disk.h. */
#include "mail/store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define CHUNK_BYTES 65536

gboolean
disk_write (int fd, const void *bytes, gsize size)
{
  const char *at = bytes;
  while (size > 0) {
    ssize_t wrote = write (fd, at, size);
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote <= 0)
      return FALSE;
    at += wrote;
    size -= (gsize) wrote;
  }
  return TRUE;
}

gboolean
disk_copy (int from, int to)
{
  g_autofree char *some = g_malloc (CHUNK_BYTES);
  ssize_t got;
  for (off_t at = 0; (got = pread (from, some, CHUNK_BYTES, at)) != 0; at += MAX (got, 0))
    if (got < 0 ? errno != EINTR : !disk_write (to, some, (gsize) got))
      return FALSE;
  return TRUE;
}

gboolean
disk_sync_folder (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return FALSE;
  gboolean done = fsync (fd) == 0;
  int why = errno;
  close (fd);
  errno = why;
  return done;
}
