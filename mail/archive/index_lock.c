/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The count of commits and the two locks of its parity. See index_lock.h. */
#include "mail/archive/index_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMIT_WAIT_MS 3000
#define READ_TRIES 16
#define LOCKS_AT 16 /* the two bytes; the count stands at 0 */

struct index_lock {
  char *path;
  gboolean writer;
  int fd; /* -1: not yet there */
  guint64 held;
};

static void
open_file (struct index_lock *lock)
{
  struct stat info;
  if (lock->fd >= 0 && (fstat (lock->fd, &info) != 0 || info.st_nlink == 0)) { /* taken away with all the rest */
    close (lock->fd);
    lock->fd = -1;
  }
  if (lock->fd < 0)
    lock->fd = open (lock->path, O_CLOEXEC | O_NOFOLLOW | (lock->writer ? O_RDWR | O_CREAT : O_RDONLY), 0600);
}

static guint64
count (struct index_lock *lock)
{
  guint64 commits = 0;
  return pread (lock->fd, &commits, sizeof commits, 0) == (ssize_t) sizeof commits ? commits : 0;
}

static gboolean
set (struct index_lock *lock, short type, guint64 commits, gboolean wait)
{
  struct flock range
      = { .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t) (LOCKS_AT + commits % 2), .l_len = 1 };
  int result;
  do
    result = fcntl (lock->fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &range);
  while (result != 0 && errno == EINTR);
  return result == 0;
}

/* Until nobody reads who began with this parity. The lock is taken for the look alone. */
static void
drain (struct index_lock *lock, guint64 commits)
{
  for (guint waited = 0; waited < COMMIT_WAIT_MS; waited++) {
    if (set (lock, F_WRLCK, commits, FALSE))
      break;
    if (errno != EAGAIN && errno != EACCES)
      return;
    g_usleep (1000);
  }
  (void) set (lock, F_UNLCK, commits, FALSE);
}

struct index_lock *
index_lock_new (const char *index_dir, gboolean writer)
{
  struct index_lock *lock = g_new0 (struct index_lock, 1);
  lock->path = g_build_filename (index_dir, "commits", NULL);
  lock->writer = writer;
  lock->fd = -1;
  return lock;
}

void
index_lock_free (struct index_lock *lock)
{
  if (lock->fd >= 0)
    close (lock->fd);
  g_free (lock->path);
  g_free (lock);
}

gboolean
index_lock_exists (struct index_lock *lock)
{
  return access (lock->path, F_OK) == 0;
}

void
index_lock_read (struct index_lock *lock)
{
  open_file (lock);
  for (guint i = 0; lock->fd >= 0 && i < READ_TRIES; i++) {
    lock->held = count (lock);
    if (!set (lock, F_RDLCK, lock->held, TRUE) || count (lock) == lock->held)
      return;
    (void) set (lock, F_UNLCK, lock->held, FALSE);
  }
}

void
index_lock_read_end (struct index_lock *lock)
{
  if (lock->fd >= 0)
    (void) set (lock, F_UNLCK, lock->held, FALSE);
}

void
index_lock_write (struct index_lock *lock)
{
  gboolean first = lock->fd < 0;
  open_file (lock);
  if (lock->fd < 0)
    return;
  guint64 commits = count (lock);
  drain (lock, commits + 1);
  if (first) /* the writer before may have died between its commit and the count */
    drain (lock, commits);
}

void
index_lock_written (struct index_lock *lock)
{
  if (lock->fd < 0)
    return;
  guint64 commits = count (lock) + 1;
  (void) !pwrite (lock->fd, &commits, sizeof commits, 0);
}
