/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Protect: one finished message for each copy of a plan, signed inside and encrypted to exactly its audience and the sender. */
#include "crypto/protect.h"
#include "crypto/addrspec.h"
#include "crypto/guard/secret.h"
#include "crypto/pgp/pgp.h"
#include "crypto/protect_frame.h"
#include "crypto/smime/smime.h"
#include <string.h>

void
protected_copy_free (struct protected_copy *copy)
{
  if (copy == NULL)
    return;
  g_clear_pointer (&copy->recipients, g_ptr_array_unref);
  g_clear_pointer (&copy->recipient_ids, g_ptr_array_unref);
  g_clear_pointer (&copy->message, g_bytes_unref);
  g_free (copy);
}

static GBytes *
make_smime (struct keyring *keyring, const struct protect_request *request, const char *header, GBytes *payload,
            GPtrArray *fingerprints, gint64 at, GPtrArray *ids_out, GError **error)
{
  struct smime_store *store = keyring_smime (keyring);
  g_autoptr (GBytes) signature = smime_sign (store, request->sender, payload, TRUE, at, error);
  if (signature == NULL)
    return NULL;
  g_autoptr (GBytes) inner = protect_frame_signed (payload, signature);
  g_autoptr (GBytes) enveloped = smime_encrypt (store, fingerprints, inner, ids_out, error);
  return enveloped != NULL ? protect_frame_smime (header, enveloped) : NULL;
}

static GBytes *
make_pgp (struct keyring *keyring, const struct protect_request *request, const char *header, GBytes *payload,
          GPtrArray *fingerprints, GPtrArray *ids_out, GError **error)
{
  g_autoptr (GBytes) armor
      = pgp_sign_encrypt (keyring_pgp (keyring), request->sender, fingerprints, payload, ids_out, error);
  return armor != NULL ? protect_frame_pgp (header, armor) : NULL;
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

/* audience: fingerprints, borrowed strings; the sender's own is added. */
static struct protected_copy *
make_copy (struct keyring *keyring, const struct protect_request *request, enum route_method method,
           GPtrArray *audience, gint64 at, GError **error)
{
  g_autofree char *own = own_key (keyring, request->sender, method, at);
  g_autofree char *header = protect_frame_header (request->outer_headers, error);
  if (header == NULL)
    return NULL;
  if (own == NULL) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_NO_KEY,
                 "There is no usable %s of your own for %s. Import it with its private key: wardmail key import FILE",
                 method == ROUTE_SMIME ? "S/MIME certificate" : "OpenPGP key", request->sender);
    return NULL;
  }
  g_autoptr (GPtrArray) fingerprints = g_ptr_array_new ();
  for (guint i = 0; i < audience->len; i++)
    if (!g_ptr_array_find_with_equal_func (fingerprints, g_ptr_array_index (audience, i), g_str_equal, NULL))
      g_ptr_array_add (fingerprints, g_ptr_array_index (audience, i));
  if (!g_ptr_array_find_with_equal_func (fingerprints, own, g_str_equal, NULL))
    g_ptr_array_add (fingerprints, own);
  g_autoptr (GBytes) payload = protect_frame_crlf (request->payload);
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  GBytes *message = method == ROUTE_SMIME ? make_smime (keyring, request, header, payload, fingerprints, at, ids, error)
                                          : make_pgp (keyring, request, header, payload, fingerprints, ids, error);
  if (message == NULL)
    return NULL;
  struct protected_copy *copy = g_new0 (struct protected_copy, 1);
  copy->method = method;
  copy->message = message;
  copy->recipient_ids = g_steal_pointer (&ids);
  copy->recipients = g_ptr_array_new_with_free_func (g_free);
  return copy;
}

static struct protected_copy *
make_planned (struct keyring *keyring, const struct plan_copy *planned, const struct protect_request *request,
              gint64 at, GError **error)
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
  struct protected_copy *copy = make_copy (keyring, request, planned->method, audience, at, error);
  for (guint i = 0; copy != NULL && i < planned->routes->len; i++)
    g_ptr_array_add (copy->recipients, g_strdup (((struct route *) g_ptr_array_index (planned->routes, i))->address));
  return copy;
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
  g_autoptr (GPtrArray) copies = g_ptr_array_new_with_free_func ((GDestroyNotify) protected_copy_free);
  for (guint i = 0; i < plan->copies->len; i++) {
    struct protected_copy *copy = make_planned (keyring, g_ptr_array_index (plan->copies, i), request, at, error);
    if (copy == NULL)
      return NULL;
    g_ptr_array_add (copies, copy);
  }
  return g_steal_pointer (&copies);
}

GBytes *
protect_to_self (struct keyring *keyring, const struct protect_request *request, gint64 at, GError **error)
{
  g_autofree char *smime = own_key (keyring, request->sender, ROUTE_SMIME, at);
  g_autoptr (GPtrArray) nobody = g_ptr_array_new ();
  struct protected_copy *copy
      = make_copy (keyring, request, smime != NULL ? ROUTE_SMIME : ROUTE_PGP, nobody, at, error);
  if (copy == NULL)
    return NULL;
  GBytes *message = g_bytes_ref (copy->message);
  protected_copy_free (copy);
  return message;
}
