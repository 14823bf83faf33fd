/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See disk.h. */
#include "mail/store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

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
