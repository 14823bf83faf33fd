/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys renewed and revoked at the door of the keys worker. */
#include "mail/workers/keys_p.h"

#include "crypto/keys/keyring_life.h"

GVariant *
keys_key_renew (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  const char *which = "";
  gboolean same_key = FALSE;
  AUTOFREE (key_candidate) key = NULL;
  AUTOFREE (smime_request) request = NULL;
  (void) g_variant_lookup (args, "key", "&s", &which);
  (void) g_variant_lookup (args, "same_key", "b", &same_key);
  if (!keyring_renew (keys->keyring, which, same_key, &key, &request, error))
    return NULL;
  return keys_key_made (worker, key, request, error);
}

/* A serial number where there is one: an authority is to be asked with it. */
static GVariant *
report (struct worker *worker, const struct keyring_revoked *revoked, GError **error)
{
  GVariant *data = revoked->public != NULL ? keys_reply_bytes (worker, revoked->public, error) : NULL;
  if (revoked->public != NULL && data == NULL)
    return NULL;
  g_auto (GVariantDict) reply = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&reply, "protocol", "s", route_method_name (revoked->key->method));
  g_variant_dict_insert (&reply, "fingerprint", "s", revoked->key->fingerprint);
  g_variant_dict_insert (&reply, "address", "s", revoked->key->address != NULL ? revoked->key->address : "");
  g_variant_dict_insert (&reply, "own", "b", revoked->key->own);
  g_variant_dict_insert (&reply, "for_good", "b", revoked->for_good);
  if (data != NULL)
    g_variant_dict_insert_value (&reply, "data", data);
  if (revoked->issuer != NULL)
    g_variant_dict_insert (&reply, "issuer", "s", revoked->issuer);
  if (revoked->serial != NULL)
    g_variant_dict_insert (&reply, "serial", "s", revoked->serial);
  return g_variant_dict_end (&reply);
}

GVariant *
keys_key_revoke (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  const char *which = "", *name = "none";
  enum keyring_reason reason = KEYRING_REASON_NONE;
  struct keyring_revoked revoked;
  (void) g_variant_lookup (args, "key", "&s", &which);
  (void) g_variant_lookup (args, "reason", "&s", &name);
  if (!keyring_reason_read (name, &reason)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "The reason is one of: none, compromised, superseded, retired.");
    return NULL;
  }
  if (!keyring_revoke (keys->keyring, which, reason, &revoked, error))
    return NULL;
  GVariant *reply = report (worker, &revoked, error);
  keyring_revoked_clear (&revoked);
  return reply;
}
