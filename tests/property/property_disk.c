/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The disk of a worker, which fails when it is told to: these functions stand before those of the C library for the whole process, so for
 * GLib and SQLite too. Only files count; sockets and pipes are other places' business. What succeeds is not synced: here processes die,
 * and not the machine. */
#include "tests/property/property_fault.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* They are called before AddressSanitizer is ready. */
#define EARLY __attribute__ ((no_sanitize ("address", "undefined")))

ssize_t disk_do_write (int fd, const void *bytes, size_t size) __asm__("write");
ssize_t disk_do_pwrite (int fd, const void *bytes, size_t size, off_t at) __asm__("pwrite");
ssize_t disk_do_pwrite64 (int fd, const void *bytes, size_t size, off_t at) __asm__("pwrite64");
ssize_t disk_do_pread (int fd, void *bytes, size_t size, off_t at) __asm__("pread");
ssize_t disk_do_pread64 (int fd, void *bytes, size_t size, off_t at) __asm__("pread64");
ssize_t disk_do_read (int fd, void *bytes, size_t size) __asm__("read");
int disk_do_fsync (int fd) __asm__("fsync");
int disk_do_fdatasync (int fd) __asm__("fdatasync");
int disk_do_ftruncate (int fd, off_t size) __asm__("ftruncate");
int disk_do_ftruncate64 (int fd, off_t size) __asm__("ftruncate64");
int disk_do_rename (const char *from, const char *to) __asm__("rename");
int disk_do_unlink (const char *path) __asm__("unlink");
int disk_do_mkdir (const char *path, mode_t mode) __asm__("mkdir");
int disk_do_open (const char *path, int flags, ...) __asm__("open");
int disk_do_open64 (const char *path, int flags, ...) __asm__("open64");

EARLY static void
die (void)
{
  (void) kill (getpid (), SIGKILL);
}

/* -1: it has failed, errno is set. 1: it is done in part. 0: go on, and come to disk_after. */
EARLY static int
disk_before (void)
{
  switch (fault_next (PLACE_DISK, (guint) fault_role)) {
  case DISK_EIO:
    errno = EIO;
    return -1;
  case DISK_FULL:
    errno = ENOSPC;
    return -1;
  case DISK_SHORT:
    return 1;
  case DISK_DIES:
    die ();
    break;
  case DISK_DIES_AFTER:
    return 2;
  }
  return 0;
}

EARLY static long
disk_after (int before, long result)
{
  if (before == 2)
    die ();
  return result;
}

EARLY static gboolean
is_file (int fd)
{
  struct stat info;
  if (fault_role < 0 || !shared->armed)
    return FALSE;
  const int error = errno;
  const gboolean is = fstat (fd, &info) == 0 && (S_ISREG (info.st_mode) || S_ISDIR (info.st_mode));
  errno = error;
  return is;
}

EARLY static long
write_as (long number, int fd, const void *bytes, size_t size, off_t at)
{
  const int before = is_file (fd) && size > 0 ? disk_before () : 0;
  if (before < 0)
    return -1;
  if (before == 1)
    size = (size + 1) / 2;
  return disk_after (before, syscall (number, fd, bytes, size, at));
}

EARLY ssize_t
disk_do_write (int fd, const void *bytes, size_t size)
{
  return write_as (SYS_write, fd, bytes, size, 0);
}

EARLY ssize_t
disk_do_pwrite (int fd, const void *bytes, size_t size, off_t at)
{
  return write_as (SYS_pwrite64, fd, bytes, size, at);
}

EARLY ssize_t
disk_do_pwrite64 (int fd, const void *bytes, size_t size, off_t at)
{
  return write_as (SYS_pwrite64, fd, bytes, size, at);
}

EARLY static long
read_as (long number, int fd, void *bytes, size_t size, off_t at)
{
  if (is_file (fd) && fault_next (PLACE_READ, (guint) fault_role) != 0) {
    errno = EIO;
    return -1;
  }
  return syscall (number, fd, bytes, size, at);
}

EARLY ssize_t
disk_do_pread (int fd, void *bytes, size_t size, off_t at)
{
  return read_as (SYS_pread64, fd, bytes, size, at);
}

EARLY ssize_t
disk_do_pread64 (int fd, void *bytes, size_t size, off_t at)
{
  return read_as (SYS_pread64, fd, bytes, size, at);
}

EARLY ssize_t
disk_do_read (int fd, void *bytes, size_t size)
{
  return read_as (SYS_read, fd, bytes, size, 0);
}

EARLY static int
sync_as (int fd)
{
  const int before = is_file (fd) ? disk_before () : 0;
  if (before == 1)
    errno = EIO;
  return before < 0 || before == 1 ? -1 : (int) disk_after (before, 0);
}

EARLY int
disk_do_fsync (int fd)
{
  return sync_as (fd);
}

EARLY int
disk_do_fdatasync (int fd)
{
  return sync_as (fd);
}

/* Operations that are done or not. */
#define WHOLE(call)                                                                                                    \
  const int before = fault_role >= 0 && shared->armed ? disk_before () : 0;                                            \
  if (before == 1)                                                                                                     \
    errno = EIO;                                                                                                       \
  return before < 0 || before == 1 ? -1 : (int) disk_after (before, call)

EARLY int
disk_do_ftruncate (int fd, off_t size)
{
  WHOLE (syscall (SYS_ftruncate, fd, size));
}

EARLY int
disk_do_ftruncate64 (int fd, off_t size)
{
  WHOLE (syscall (SYS_ftruncate, fd, size));
}

EARLY int
disk_do_rename (const char *from, const char *to)
{
  WHOLE (syscall (SYS_rename, from, to));
}

EARLY int
disk_do_unlink (const char *path)
{
  WHOLE (syscall (SYS_unlink, path));
}

EARLY int
disk_do_mkdir (const char *path, mode_t mode)
{
  WHOLE (syscall (SYS_mkdir, path, mode));
}

EARLY static gboolean
makes_file (int flags)
{
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

EARLY static int
open_as (const char *path, int flags, mode_t mode)
{
  const int before = fault_role >= 0 && shared->armed && makes_file (flags) ? disk_before () : 0;
  if (before == 1)
    errno = EMFILE;
  return before < 0 || before == 1 ? -1 : (int) disk_after (before, syscall (SYS_open, path, flags, mode));
}

EARLY int
disk_do_open (const char *path, int flags, ...)
{
  va_list more;
  va_start (more, flags);
  const mode_t mode = makes_file (flags) ? va_arg (more, mode_t) : 0;
  va_end (more);
  return open_as (path, flags, mode);
}

EARLY int
disk_do_open64 (const char *path, int flags, ...)
{
  va_list more;
  va_start (more, flags);
  const mode_t mode = makes_file (flags) ? va_arg (more, mode_t) : 0;
  va_end (more);
  return open_as (path, flags, mode);
}
