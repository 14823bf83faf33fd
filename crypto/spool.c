/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See spool.h. */
#include "crypto/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUFFER_BYTES 65536
#define BASE64_OCTETS 57 /* 76 characters */

struct spool {
  int fd;      /* -1 once it is finished */
  int problem; /* errno of the first write that failed; 0 */
  gsize size, used;
  guint left; /* octets that wait for their line of base64 */
  guint8 octets[BASE64_OCTETS];
  char last; /* of spool_lines */
  char buffer[BUFFER_BYTES];
};

/* Not every file system makes files without a name: then it loses its name at once. */
static int
nameless (const char *dir)
{
  int fd = open (dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT))
    return fd;
  g_autofree char *path = g_build_filename (dir, ".copy-XXXXXX", NULL);
  fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0)
    (void) g_unlink (path);
  return fd;
}

struct spool *
spool_new (const char *dir_or_null, GError **error)
{
  int fd = dir_or_null != NULL ? nameless (dir_or_null) : memfd_create ("wardmail-copy", MFD_CLOEXEC);
  if (fd < 0) {
    g_set_error (
        error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
        "There is no room for the encrypted message: %s. Nothing was sent; make room on the disk and try again.",
        g_strerror (errno));
    return NULL;
  }
  struct spool *spool = g_new0 (struct spool, 1);
  spool->fd = fd;
  return spool;
}

void
spool_free (struct spool *spool)
{
  if (spool->fd >= 0)
    close (spool->fd);
  g_free (spool);
}

static void
flush (struct spool *spool)
{
  const char *at = spool->buffer;
  while (spool->used > 0 && spool->problem == 0) {
    ssize_t wrote = write (spool->fd, at, spool->used);
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote <= 0) {
      spool->problem = wrote < 0 ? errno : ENOSPC;
      break;
    }
    at += wrote;
    spool->used -= (gsize) wrote;
  }
  spool->used = 0;
}

void
spool_write (struct spool *spool, const void *bytes, gsize size)
{
  const char *at = bytes;
  spool->size += size;
  while (size > 0) {
    const gsize some = MIN (size, BUFFER_BYTES - spool->used);
    memcpy (spool->buffer + spool->used, at, some);
    spool->used += some;
    at += some;
    size -= some;
    if (spool->used == BUFFER_BYTES)
      flush (spool);
  }
}

void
spool_text (struct spool *spool, const char *text)
{
  spool_write (spool, text, strlen (text));
}

static void
base64_line (struct spool *spool)
{
  char line[BASE64_OCTETS / 3 * 4 + 8];
  int state = 0, save = 0;
  gsize size = g_base64_encode_step (spool->octets, spool->left, FALSE, line, &state, &save);
  size += g_base64_encode_close (FALSE, line + size, &state, &save);
  memcpy (line + size, "\r\n", 2);
  spool_write (spool, line, size + 2);
  spool->left = 0;
}

void
spool_base64 (struct spool *spool, const void *bytes, gsize size)
{
  const guint8 *at = bytes;
  while (size > 0) {
    const gsize some = MIN (size, BASE64_OCTETS - spool->left);
    memcpy (spool->octets + spool->left, at, some);
    spool->left += (guint) some;
    at += some;
    size -= some;
    if (spool->left == BASE64_OCTETS)
      base64_line (spool);
  }
}

void
spool_base64_end (struct spool *spool)
{
  if (spool->left > 0)
    base64_line (spool);
}

void
spool_lines (struct spool *spool, const void *bytes, gsize size)
{
  const char *at = bytes, *end = at + size;
  while (at < end) {
    const char *newline = memchr (at, '\n', (gsize) (end - at));
    const char *stop = newline != NULL ? newline : end;
    const char before = stop > at ? stop[-1] : spool->last;
    spool_write (spool, at, (gsize) (stop - at));
    if (newline != NULL)
      spool_text (spool, before == '\r' ? "\n" : "\r\n");
    spool->last = newline != NULL ? '\n' : end[-1];
    at = newline != NULL ? newline + 1 : end;
  }
}

gboolean
spool_fine (const struct spool *spool)
{
  return spool->problem == 0;
}

gsize
spool_size (const struct spool *spool)
{
  return spool->size;
}

int
spool_finish (struct spool *spool, GError **error)
{
  flush (spool);
  if (spool->problem == 0 && lseek (spool->fd, 0, SEEK_SET) != 0)
    spool->problem = errno;
  if (spool->problem == 0)
    return g_steal_fd (&spool->fd);
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
               "There is no room for the encrypted message: %s. Nothing was sent; make room on the disk and try again.",
               g_strerror (spool->problem));
  return -1;
}
