/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The memory that OpenSSL works in, in a process that holds private keys.
 *
 * Measured with OpenSSL 3.0: EVP_PKEY_free wipes the private numbers, but d2i_AutoPrivateKey, d2i_PrivateKey, EVP_PKCS82PKEY and
 * OSSL_DECODER all leave a copy of the whole encoded key on the heap, as their decoders free their input unwiped. So do the readers of
 * PEM. Therefore every block is wiped when OpenSSL frees it. And where it asks for memory for private numbers (BN_secure_new,
 * OPENSSL_secure_malloc) it gets pages that are locked, and left out of core dumps. */
#include "crypto/guard/secret_heap.h"
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#define LOCKED_BYTES (1024 * 1024) /* of the 8 MB that a process may lock; some hundred RSA keys at once */
#define LOCKED_BYTES_MIN 32        /* what the smallest block takes */

static void *
take (size_t size, const char *file, int line)
{
  return malloc (size);
}

static void
give (void *block, const char *file, int line)
{
  if (block == NULL)
    return;
  OPENSSL_cleanse (block, malloc_usable_size (block));
  free (block);
}

/* Never in place: realloc would free the old block unwiped where it has to move. */
static void *
take_more (void *block, size_t size, const char *file, int line)
{
  const size_t before = block != NULL ? malloc_usable_size (block) : 0;
  if (block != NULL && size == 0) {
    give (block, file, line);
    return NULL;
  }
  if (block != NULL && size <= before)
    return block;
  void *larger = malloc (size);
  if (larger != NULL && block != NULL) {
    memcpy (larger, block, before);
    give (block, file, line);
  }
  return larger;
}

void
secret_heap_init (void)
{
  static gsize done;
  if (!g_once_init_enter (&done))
    return;
  if (CRYPTO_set_mem_functions (take, take_more, give) != 1)
    g_info ("OpenSSL was in use already: what it frees is not wiped");
  /* 2: not all of it could be locked. As with all secrets, that is no reason not to work. */
  if (CRYPTO_secure_malloc_init (LOCKED_BYTES, LOCKED_BYTES_MIN) != 1)
    g_info ("private keys cannot be locked in memory");
  ERR_clear_error ();
  g_once_init_leave (&done, 1);
}
