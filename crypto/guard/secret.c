/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A secret lives in pages of its own: locked in memory, kept out of core dumps, wiped before they go back to the system.
 *
 * The pages are asked for directly and not from the heap, because locking and core-dump advice work on whole pages and
 * must not reach a neighbour. Where the system refuses to lock (RLIMIT_MEMLOCK) the secret is kept all the same: refusing
 * to work would only send people back to passwords in files. */
#include "crypto/guard/secret.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include "crypto/error.h"

struct secret {
  char *bytes; /* pages of our own; always one NUL more than size */
  gsize size;
  gsize size_pages;
};

void
secret_wipe (void *bytes, gsize size)
{
  if (bytes != NULL)
    OPENSSL_cleanse (bytes, size);
}

/* A secret of size zero bytes, to be filled by the caller. Running out of memory aborts, as everywhere with GLib. */
static struct secret *
allocate (gsize size)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  if (size > G_MAXSIZE - 2 * page)
    g_error ("a secret of %" G_GSIZE_FORMAT " bytes does not fit into memory", size);
  struct secret *secret = g_new0 (struct secret, 1);
  secret->size = size;
  secret->size_pages = (size + 1 + page - 1) / page * page;
  void *pages = mmap (NULL, secret->size_pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED)
    g_error ("no memory for a secret of %" G_GSIZE_FORMAT " bytes", size);
  secret->bytes = pages;
  (void) madvise (pages, secret->size_pages, MADV_DONTDUMP);
  if (mlock (pages, secret->size_pages) != 0)
    g_debug ("a secret could not be locked in memory: %s", g_strerror (errno));
  return secret;
}

struct secret *
secret_new (const void *bytes, gsize size)
{
  struct secret *secret = allocate (size);
  if (size > 0)
    memcpy (secret->bytes, bytes, size);
  return secret;
}

struct secret *
secret_new_take (void *bytes, gsize size)
{
  struct secret *secret = secret_new (bytes, size);
  secret_wipe (bytes, size);
  g_free (bytes);
  return secret;
}

struct secret *
secret_read_fd (int fd, gsize size_max, GError **error)
{
  /* One byte more than allowed, so that "too long" can be told from "just fits" (a newline at the end is free). */
  gsize room = MIN (size_max, G_MAXSIZE / 2) + 2;
  struct secret *secret = allocate (room);
  gsize size = 0;
  while (size < room) {
    ssize_t got = read (fd, secret->bytes + size, room - size);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                   "The secret could not be read (%s). Check that the file descriptor is open for reading.",
                   g_strerror (errno));
      secret_free (secret);
      return NULL;
    }
    if (got == 0)
      break;
    size += (gsize) got;
  }
  if (size > 0 && secret->bytes[size - 1] == '\n')
    secret->bytes[--size] = '\0';
  if (size > size_max) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
                 "The secret is longer than %" G_GSIZE_FORMAT " bytes. Check that the right file was given.", size_max);
    secret_free (secret);
    return NULL;
  }
  secret->size = size;
  return secret;
}

const char *
secret_peek (const struct secret *secret)
{
  return secret->bytes;
}

gsize
secret_size (const struct secret *secret)
{
  return secret->size;
}

void
secret_free (struct secret *secret)
{
  if (secret == NULL)
    return;
  secret_wipe (secret->bytes, secret->size_pages);
  munmap (secret->bytes, secret->size_pages);
  g_free (secret);
}
