/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See disk.h. */
#include "mail/store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef XFS_SUPER_MAGIC /* kept among XFS's own */
#define XFS_SUPER_MAGIC 0x58465342
#endif

#define CHUNK_BYTES 65536
#define DEPTH_MAX 40 /* of folders in the mail, whose names stand-ins repeat */

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

gboolean
disk_syncs_at_once (int fd)
{
  static const guint32 known[]
      = { EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, TMPFS_MAGIC };
  struct statfs info;
  if (fd < 0 || fstatfs (fd, &info) != 0)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if ((guint32) info.f_type == known[i])
      return TRUE;
  return FALSE;
}

static void
sweep (const char *folder, guint depth)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    if (unlink (path) == 0 || depth == 0 || (errno != EISDIR && errno != EPERM))
      continue;
    sweep (path, depth - 1);
    (void) rmdir (path);
  }
}

void
disk_sweep (const char *folder)
{
  sweep (folder, DEPTH_MAX);
}

void
disk_remove (const char *path)
{
  if (unlink (path) == 0 || (errno != EISDIR && errno != EPERM))
    return;
  sweep (path, DEPTH_MAX);
  (void) rmdir (path);
}
