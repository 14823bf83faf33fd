/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Protect: one finished message for each copy of a plan, signed inside and encrypted to exactly its audience and the sender. */
#include "crypto/protect.h"
#include "crypto/addrspec.h"
#include "crypto/pgp/pgp.h"
#include "crypto/protect_frame.h"
#include "crypto/smime/smime.h"
#include <string.h>
#include <unistd.h>

void
protected_copy_free (struct protected_copy *copy)
{
  if (copy == NULL)
    return;
  g_clear_pointer (&copy->recipients, g_ptr_array_unref);
  g_clear_pointer (&copy->recipient_ids, g_ptr_array_unref);
  g_clear_pointer (&copy->message, g_bytes_unref);
  if (copy->fd >= 0)
    close (copy->fd);
  g_free (copy);
}

/* What is made of one request, copy by copy. */
struct making {
  struct keyring *keyring;
  const struct protect_request *request;
  char *header;
  struct pieces *payload;
  gint64 at;
  gsize done, total; /* bytes of payload to be read for all */
};

static void
on_read (gsize size, gpointer data)
{
  struct making *making = data;
  making->done = MIN (making->done + size, making->total);
  if (making->request->progress != NULL)
    making->request->progress (making->done, making->total, making->request->progress_data);
}

static gboolean
making_init (struct making *making, struct keyring *keyring, const struct protect_request *request, gint64 at,
             GError **error)
{
  *making = (struct making){ .keyring = keyring, .request = request, .at = at };
  making->header = protect_frame_header (request->outer_headers, error);
  if (making->header == NULL)
    return FALSE;
  g_autoptr (GBytes) payload = protect_frame_crlf (request->payload);
  making->payload = pieces_new ();
  if (request->prefix != NULL)
    pieces_add_text (making->payload, request->prefix);
  pieces_add (making->payload, payload);
  making->payload->read = on_read;
  making->payload->data = making;
  return TRUE;
}

static void
making_clear (struct making *making)
{
  g_clear_pointer (&making->payload, pieces_free);
  g_clear_pointer (&making->header, g_free);
}

static gboolean
make_smime (const struct making *making, GPtrArray *fingerprints, struct spool *spool, struct protected_copy *copy,
            GError **error)
{
  struct smime_store *store = keyring_smime (making->keyring);
  const char *micalg = NULL;
  g_autoptr (GBytes) signature
      = smime_sign_pieces (store, making->request->sender, fingerprints, making->payload, making->at, &micalg, error);
  if (signature == NULL)
    return FALSE;
  const gboolean authenticated = smime_encrypt_authenticates (store, fingerprints);
  copy->cipher = authenticated ? "AES-256-GCM" : "AES-256-CBC";
  AUTOFREE (pieces) inner = protect_frame_signed (making->payload, signature, micalg);
  inner->read = making->payload->read;
  inner->data = making->payload->data;
  protect_frame_smime_begin (spool, making->header, authenticated);
  if (!smime_encrypt_pieces (store, fingerprints, inner, authenticated, spool, copy->recipient_ids, error))
    return FALSE;
  protect_frame_smime_end (spool);
  return TRUE;
}

static gboolean
make_pgp (const struct making *making, GPtrArray *fingerprints, struct spool *spool, GPtrArray *ids_out, GError **error)
{
  g_autofree char *boundary = protect_frame_pgp_begin (spool, making->header);
  if (!pgp_sign_encrypt (keyring_pgp (making->keyring), making->request->sender, fingerprints, making->payload, spool,
                         ids_out, error))
    return FALSE;
  protect_frame_pgp_end (spool, boundary);
  return TRUE;
}

static char *
own_key (struct keyring *keyring, const char *sender, enum route_method method, gint64 at)
{
  switch (method) {
  case ROUTE_HOLD:
    return NULL;
  case ROUTE_SMIME:
    return smime_own (keyring_smime (keyring), sender, at);
  case ROUTE_PGP:
    return pgp_own (keyring_pgp (keyring), sender, at);
  }
  return NULL;
}

/* The file as it is now; nobody else has it yet. */
static gboolean
take_file (struct protected_copy *copy, struct spool *spool, GError **error)
{
  copy->fd = spool_finish (spool, error);
  g_autoptr (GMappedFile) file = copy->fd >= 0 ? g_mapped_file_new_from_fd (copy->fd, FALSE, error) : NULL;
  copy->message = file != NULL ? g_mapped_file_get_bytes (file) : NULL;
  return copy->message != NULL;
}

/* audience: fingerprints, borrowed strings; the sender's own is added. */
static struct protected_copy *
make_copy (const struct making *making, enum route_method method, GPtrArray *audience, GError **error)
{
  const char *sender = making->request->sender;
  g_autofree char *own = own_key (making->keyring, sender, method, making->at);
  if (own == NULL) {
    g_set_error (
        error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY,
        "There is no usable %s of your own for %s. Make one: wardmail key new%s. Or import yours with its private "
        "key: wardmail key import FILE",
        method == ROUTE_SMIME ? "S/MIME certificate" : "OpenPGP key", sender,
        method == ROUTE_SMIME ? " --kind smime" : "");
    return NULL;
  }
  g_autoptr (GPtrArray) fingerprints = g_ptr_array_new ();
  for (guint i = 0; i < audience->len; i++)
    if (!g_ptr_array_find_with_equal_func (fingerprints, g_ptr_array_index (audience, i), g_str_equal, NULL))
      g_ptr_array_add (fingerprints, g_ptr_array_index (audience, i));
  if (!g_ptr_array_find_with_equal_func (fingerprints, own, g_str_equal, NULL))
    g_ptr_array_add (fingerprints, own);
  AUTOFREE (spool) spool = spool_new (making->request->spool_dir, error);
  if (spool == NULL)
    return NULL;
  AUTOFREE (protected_copy) copy = g_new0 (struct protected_copy, 1);
  copy->fd = -1;
  copy->method = method;
  copy->recipient_ids = g_ptr_array_new_with_free_func (g_free);
  copy->recipients = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) problem = NULL;
  gboolean made = method == ROUTE_SMIME ? make_smime (making, fingerprints, spool, copy, &problem)
                                        : make_pgp (making, fingerprints, spool, copy->recipient_ids, &problem);
  /* A full disk is the reason for whatever else failed. */
  if ((!made && spool_fine (spool)) || !take_file (copy, spool, error)) {
    if (error != NULL && *error == NULL)
      g_propagate_error (error, g_steal_pointer (&problem));
    return NULL;
  }
  return g_steal_pointer (&copy);
}

/* The payload for one copy: with what it tells its readers of each other's keys. NULL: the one for all. */
static struct pieces *
with_gossip (const struct making *making, const struct plan_copy *planned)
{
  g_autofree char *fields
      = making->request->gossip ? keyring_announce_gossip (making->keyring, planned, making->at) : NULL;
  if (fields == NULL)
    return NULL;
  struct pieces *pieces = pieces_new ();
  pieces_add_text (pieces, fields);
  for (guint i = 0; i < making->payload->list->len; i++)
    pieces_add (pieces, g_ptr_array_index (making->payload->list, i));
  pieces->read = making->payload->read;
  pieces->data = making->payload->data;
  return pieces;
}

static struct protected_copy *
make_planned (const struct making *making, const struct plan_copy *planned, GError **error)
{
  g_autoptr (GPtrArray) audience = g_ptr_array_new ();
  for (guint i = 0; i < planned->routes->len; i++) {
    const struct route *route = g_ptr_array_index (planned->routes, i);
    if (route->method == ROUTE_HOLD || route->method != planned->method || route->key == NULL
        || route->key->method != planned->method || !addrspec_valid (route->address)) {
      g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_HELD, "%s is held, so nothing was sent to anybody.",
                   route->address);
      return NULL;
    }
    g_ptr_array_add (audience, route->key->fingerprint);
  }
  AUTOFREE (pieces) payload = with_gossip (making, planned);
  struct making own = *making;
  own.payload = payload != NULL ? payload : making->payload;
  struct protected_copy *copy = make_copy (&own, planned->method, audience, error);
  for (guint i = 0; copy != NULL && i < planned->routes->len; i++)
    g_ptr_array_add (copy->recipients, g_strdup (((struct route *) g_ptr_array_index (planned->routes, i))->address));
  return copy;
}

/* S/MIME reads everything twice: to sign, then to encrypt. */
static gsize
work (const struct making *making, enum route_method method)
{
  return making->payload->size * (method == ROUTE_SMIME ? 2 : 1);
}

GPtrArray *
protect_copies (struct keyring *keyring, const struct plan *plan, const struct protect_request *request, gint64 at,
                GError **error)
{
  if (plan->held > 0 || plan->copies->len == 0) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_HELD, "%s",
                 plan->held > 0
                     ? "A recipient is held, so nothing was sent to anybody. Remove the recipient, or do what the "
                       "line beside the address says."
                     : "The message has no recipients, so nothing was sent. Add one and send it again.");
    return NULL;
  }
  struct making making;
  g_autoptr (GPtrArray) copies = g_ptr_array_new_with_free_func ((GDestroyNotify) protected_copy_free);
  gboolean fine = making_init (&making, keyring, request, at, error);
  for (guint i = 0; fine && i < plan->copies->len; i++)
    making.total += work (&making, ((struct plan_copy *) g_ptr_array_index (plan->copies, i))->method);
  for (guint i = 0; fine && i < plan->copies->len; i++) {
    struct protected_copy *copy = make_planned (&making, g_ptr_array_index (plan->copies, i), error);
    if (copy != NULL)
      g_ptr_array_add (copies, copy);
    fine = copy != NULL;
  }
  making_clear (&making);
  return fine ? g_steal_pointer (&copies) : NULL;
}

struct protected_copy *
protect_to_self (struct keyring *keyring, const struct protect_request *request, gint64 at, GError **error)
{
  struct making making;
  struct protected_copy *copy = NULL;
  g_autofree char *smime = own_key (keyring, request->sender, ROUTE_SMIME, at);
  g_autoptr (GPtrArray) nobody = g_ptr_array_new ();
  const enum route_method method = smime != NULL ? ROUTE_SMIME : ROUTE_PGP;
  if (making_init (&making, keyring, request, at, error)) {
    making.total = work (&making, method);
    copy = make_copy (&making, method, nobody, error);
  }
  making_clear (&making);
  return copy;
}
