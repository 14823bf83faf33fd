/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What goes wrong in the keys worker beside gpg: sources of keys, the sender's own, CMS, OpenSSL's memory and random numbers, and
 * what protect hands out. Each function stands in the place of the one that it is named after. */
#define OPENSSL_SUPPRESS_DEPRECATED /* RAND_METHOD: what comes after it needs a provider of its own */
#include "crypto/guard/secret_heap.h"
#include "crypto/keys/keyring.h"
#include "crypto/pgp/pgp.h"
#include "crypto/protect.h"
#include "crypto/smime/smime.h"
#include "mail/workers/worker.h"
#include "tests/property/property.h"
#include "tests/property/property_fault.h"
#include <glib/gstdio.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct keyring *__real_keyring_open (const char *dir, GError **error);
struct keyring *__wrap_keyring_open (const char *dir, GError **error);
GPtrArray *__real_keyring_find (struct keyring *keyring, const char *address, gint64 at, GError **error);
GPtrArray *__wrap_keyring_find (struct keyring *keyring, const char *address, gint64 at, GError **error);
char *__real_smime_own (struct smime_store *store, const char *address, gint64 at);
char *__wrap_smime_own (struct smime_store *store, const char *address, gint64 at);
char *__real_pgp_own (struct pgp_engine *engine, const char *address, gint64 at);
char *__wrap_pgp_own (struct pgp_engine *engine, const char *address, gint64 at);
gboolean __real_smime_encrypt_pieces (struct smime_store *store, GPtrArray *fingerprints, const struct pieces *content,
                                      gboolean authenticated, struct spool *spool, GPtrArray *ids_out, GError **error);
gboolean __wrap_smime_encrypt_pieces (struct smime_store *store, GPtrArray *fingerprints, const struct pieces *content,
                                      gboolean authenticated, struct spool *spool, GPtrArray *ids_out, GError **error);
GPtrArray *__real_protect_copies (struct keyring *keyring, const struct plan *plan,
                                  const struct protect_request *request, gint64 at, GError **error);
GPtrArray *__wrap_protect_copies (struct keyring *keyring, const struct plan *plan,
                                  const struct protect_request *request, gint64 at, GError **error);
struct route_policy __real_route_policy_for (const struct route_policy *policy, gboolean parent_protected);
struct route_policy __wrap_route_policy_for (const struct route_policy *policy, gboolean parent_protected);
gboolean __real_keyring_remember (struct keyring *keyring, const struct plan *plan, gint64 at, GError **error);
gboolean __wrap_keyring_remember (struct keyring *keyring, const struct plan *plan, gint64 at, GError **error);
int __real_CRYPTO_set_mem_functions (CRYPTO_malloc_fn malloc_fn, CRYPTO_realloc_fn realloc_fn, CRYPTO_free_fn free_fn);
int __wrap_CRYPTO_set_mem_functions (CRYPTO_malloc_fn malloc_fn, CRYPTO_realloc_fn realloc_fn, CRYPTO_free_fn free_fn);

/* ---- finding ---- */

/* gpg takes longer to list the keys than a run: a worker that is started anew has them from the test, whose fork it is. */
struct keyring *
__wrap_keyring_open (const char *dir, GError **error)
{
  const gboolean anew = shared->armed && (shared->fault.place == PLACE_FILES || shared->fault.place == PLACE_PROGRAM);
  return fault_role == ROLE_KEYS && !anew ? people_keyring () : __real_keyring_open (dir, error);
}

GPtrArray *
__wrap_keyring_find (struct keyring *keyring, const char *address, gint64 at, GError **error)
{
  if (fault_next (PLACE_FIND, 0) != 0) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "The keys cannot be read.");
    return NULL;
  }
  return __real_keyring_find (keyring, address, at, error);
}

char *
__wrap_smime_own (struct smime_store *store, const char *address, gint64 at)
{
  return fault_next (PLACE_OWN, 0) != 0 ? NULL : __real_smime_own (store, address, at);
}

char *
__wrap_pgp_own (struct pgp_engine *engine, const char *address, gint64 at)
{
  return fault_next (PLACE_OWN, 0) != 0 ? NULL : __real_pgp_own (engine, address, at);
}

/* The policy of this run; the worker has only that of its start. */
struct route_policy
__wrap_route_policy_for (const struct route_policy *policy, gboolean parent_protected)
{
  return __real_route_policy_for (fault_role == ROLE_KEYS ? &property_policy ()->policy : policy, parent_protected);
}

/* Each run is another month, so that what is remembered of a key is written anew. */
gboolean
__wrap_keyring_remember (struct keyring *keyring, const struct plan *plan, gint64 at, GError **error)
{
  return __real_keyring_remember (keyring, plan, (gint64) (1800000000 + shared->run * 40 * 24 * 3600), error);
}

/* ---- making ---- */

static GBytes *
join (const struct pieces *content)
{
  struct pieces_reader reader = { .pieces = content };
  g_autoptr (GByteArray) all = g_byte_array_new ();
  const void *from;
  gsize got = 0;
  while ((from = pieces_next (&reader, 65536, &got)) != NULL && got > 0)
    g_byte_array_append (all, from, (guint) got);
  return g_byte_array_free_to_bytes (g_steal_pointer (&all));
}

/* Those whom it is encrypted to instead. */
static GPtrArray *
others (GPtrArray *fingerprints, guint kind)
{
  GPtrArray *list = g_ptr_array_new ();
  const guint kept = kind == OUTPUT_OTHER ? 0 : kind == OUTPUT_FEWER ? fingerprints->len - 1 : fingerprints->len;
  for (guint i = 0; i < kept; i++)
    g_ptr_array_add (list, fingerprints->pdata[i]);
  if (kind == OUTPUT_OTHER || kind == OUTPUT_MORE)
    g_ptr_array_add (list, (gpointer) property_policy ()->other_fingerprint);
  return list;
}

/* Another envelope than the one that is spoken of. */
static GBytes *
make_wrong (struct smime_store *store, GPtrArray *fingerprints, guint kind, GBytes *text, GError **error)
{
  static const guint8 noise[700] = { 0x30, 0x82, 0x02, 0xb8, 0x17 };
  g_autoptr (GPtrArray) readers = others (fingerprints, kind), thrown = g_ptr_array_new_with_free_func (g_free);
  switch (kind) {
  case OUTPUT_PLAIN:
    return g_bytes_ref (text);
  case OUTPUT_NOISE:
    return g_bytes_new_static (noise, sizeof noise);
  case OUTPUT_EMPTY:
    return g_bytes_new_static ("", 0);
  }
  g_autoptr (GBytes) made = readers->len > 0 ? smime_encrypt (store, readers, text, thrown, error) : NULL;
  return made == NULL         ? NULL
         : kind == OUTPUT_CUT ? g_bytes_new_from_bytes (made, 0, g_bytes_get_size (made) / 2)
                              : g_steal_pointer (&made);
}

gboolean
__wrap_smime_encrypt_pieces (struct smime_store *store, GPtrArray *fingerprints, const struct pieces *content,
                             gboolean authenticated, struct spool *spool, GPtrArray *ids_out, GError **error)
{
  const guint kind = fault_next (PLACE_ENVELOPE, 0);
  if (kind == 0)
    return __real_smime_encrypt_pieces (store, fingerprints, content, authenticated, spool, ids_out, error);
  if (kind == OUTPUT_FAILS) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "The message could not be encrypted.");
    return FALSE;
  }
  g_autoptr (GBytes) text = join (content), right = smime_encrypt (store, fingerprints, text, ids_out, error);
  g_autoptr (GBytes) wrong = right != NULL ? make_wrong (store, fingerprints, kind, text, error) : NULL;
  gsize size = 0;
  const void *bytes = wrong != NULL ? g_bytes_get_data (wrong, &size) : NULL;
  if (wrong != NULL)
    spool_base64 (spool, bytes, size);
  return wrong != NULL;
}

/* ---- handing out ---- */

/* The message with something put in at a place, or instead of what follows it. */
static void
splice (struct protected_copy *copy, gsize at, const char *text, gsize size, gboolean instead)
{
  gsize old_size = 0;
  const guint8 *old = g_bytes_get_data (copy->message, &old_size);
  GByteArray *fresh = g_byte_array_new ();
  g_byte_array_append (fresh, old, (guint) at);
  g_byte_array_append (fresh, (const guint8 *) text, (guint) size);
  if (!instead)
    g_byte_array_append (fresh, old + at, (guint) (old_size - at));
  g_bytes_unref (copy->message);
  copy->message = g_byte_array_free_to_bytes (fresh);
  close (copy->fd);
  copy->fd = worker_memfd ("copy", g_bytes_get_data (copy->message, NULL), g_bytes_get_size (copy->message), NULL);
}

static void
spoil (struct protected_copy *copy, const struct protect_request *request, guint kind)
{
  gsize size = 0, clear_size = 0;
  const char *bytes = g_bytes_get_data (copy->message, &size);
  const char *clear = g_bytes_get_data (request->payload, &clear_size);
  const char *end = g_strstr_len (bytes, (gssize) size, "\r\n\r\n");
  const gsize header = end != NULL ? (gsize) (end - bytes) + 2 : 0;
  static const char subject[] = "Subject: " PROPERTY_CANARY " of Mrs Example\r\n";
  switch (kind) {
  case OUTPUT_PLAIN:
  case OUTPUT_UNSIGNED:
    splice (copy, 0, clear, clear_size, TRUE);
    break;
  case OUTPUT_BARE: /* the header of an envelope, and the text under it */
    splice (copy, header + 2, clear, clear_size, TRUE);
    break;
  case OUTPUT_NOISE:
    splice (copy, header + 2, "bm90aGluZw==\r\n", 14, TRUE);
    break;
  case OUTPUT_EMPTY:
    splice (copy, 0, "", 0, TRUE);
    break;
  case OUTPUT_CUT:
    splice (copy, size / 2, "\r\n", 2, TRUE);
    break;
  case OUTPUT_SUBJECT:
    splice (copy, header, subject, sizeof subject - 1, FALSE);
    break;
  case OUTPUT_TRAILER:
    splice (copy, size, clear, clear_size, FALSE);
    break;
  case OUTPUT_OTHER:
    g_ptr_array_set_size (copy->recipient_ids, 0);
    break;
  case OUTPUT_FEWER:
    g_ptr_array_set_size (copy->recipient_ids, (gint) copy->recipient_ids->len - 1);
    break;
  case OUTPUT_MORE:
    g_ptr_array_add (copy->recipient_ids, g_strdup ("pgp:0123456789ABCDEF"));
    break;
  }
}

GPtrArray *
__wrap_protect_copies (struct keyring *keyring, const struct plan *plan, const struct protect_request *request,
                       gint64 at, GError **error)
{
  const struct fault *fault = &shared->fault;
  if (shared->armed && fault->place == PLACE_FILES && fault->kind == FILES_GONE) {
    property_files_gone (); /* routes were found, and now the keys are gone */
    shared->fired++;
  }
  const guint kind = fault_next (PLACE_PROTECT, 0);
  if (kind == OUTPUT_FAILS) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "The message could not be protected.");
    return NULL;
  }
  GPtrArray *copies = __real_protect_copies (keyring, plan, request, at, error);
  if (copies != NULL && kind != 0)
    spoil (copies->pdata[shared->run % copies->len], request, kind);
  return copies;
}

/* ---- OpenSSL ---- */

/* Below these are those of the program, which wipe what is given back. */
static CRYPTO_malloc_fn take;
static CRYPTO_realloc_fn take_more;

static void *
get_memory (size_t size, const char *file, int line)
{
  return fault_role == ROLE_KEYS && fault_next (PLACE_ALLOC, 0) != 0 ? NULL : take (size, file, line);
}

static void *
get_more_memory (void *old, size_t size, const char *file, int line)
{
  return fault_role == ROLE_KEYS && fault_next (PLACE_ALLOC, 0) != 0 ? NULL : take_more (old, size, file, line);
}

int
__wrap_CRYPTO_set_mem_functions (CRYPTO_malloc_fn malloc_fn, CRYPTO_realloc_fn realloc_fn, CRYPTO_free_fn free_fn)
{
  take = malloc_fn;
  take_more = realloc_fn;
  return __real_CRYPTO_set_mem_functions (get_memory, get_more_memory, free_fn);
}

static int
get_random (unsigned char *bytes, int size)
{
  if (fault_role == ROLE_KEYS && fault_next (PLACE_RANDOM, 0) != 0)
    return 0;
  return RAND_OpenSSL ()->bytes (bytes, size);
}

static int
random_is_there (void)
{
  return 1;
}

gboolean
property_crypto_memory (void)
{
  secret_heap_init ();
  return take != NULL;
}

void
property_crypto_random (void)
{
  static const RAND_METHOD method = { .bytes = get_random, .pseudorand = get_random, .status = random_is_there };
  (void) RAND_set_rand_method (&method);
}
