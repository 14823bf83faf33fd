/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Put before a program by LD_PRELOAD, so that a bench can tell what waiting for the disk costs: nothing waits for it any more. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

int
fsync (int fd)
{
  (void) fd;
  return 0;
}

int
fdatasync (int fd)
{
  (void) fd;
  return 0;
}

int
syncfs (int fd)
{
  (void) fd;
  return 0;
}

int
sync_file_range (int fd, off64_t from, off64_t size, unsigned int flags)
{
  (void) fd, (void) from, (void) size, (void) flags;
  return 0;
}
