/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys worker: private keys, and everything that needs them. It opens what was received and protects what is to be sent.
 * It has no network; it may start gpg, and reads and writes the profile's keys folder alone. */
#include "mail/workers/worker.h"

#include <string.h>

#include "crypto/guard/secret.h"
#include "crypto/inspect.h"
#include "crypto/keys/keyring.h"
#include "crypto/plan.h"
#include "crypto/protect.h"
#include "mail/message/draft_parse.h"
#include "mail/message/message.h"
#include "mail/workers/sandbox.h"

#define MESSAGE_SIZE_MAX (64u * 1024 * 1024)
#define KEY_FILE_SIZE_MAX (8u * 1024 * 1024)

struct keys {
  struct keyring *keyring;
  struct route_policy policy;
};

static void
keys_sandbox (GVariant *config, struct sandbox *sandbox)
{
  const char *dir = NULL;
  if (g_variant_lookup (config, "keys_dir", "&s", &dir))
    g_ptr_array_add (sandbox->write, g_strdup (dir));
  sandbox->unix_sockets = TRUE;
  sandbox->exec = TRUE;
}

static struct secret *
ask (const char *what, gpointer data)
{
  return worker_ask (data, "passphrase", what);
}

static GVariant *
nothing (void)
{
  return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
}

static void
read_policy (GVariant *config, struct route_policy *policy)
{
  g_autoptr (GVariant) fields = g_variant_lookup_value (config, "policy", G_VARIANT_TYPE_VARDICT);
  gint32 number;
  gboolean flag;
  route_policy_init (policy);
  if (g_variant_lookup (fields, "least_smime", "i", &number))
    policy->least_smime = (enum key_trust) number;
  if (g_variant_lookup (fields, "least_pgp", "i", &number))
    policy->least_pgp = (enum key_trust) number;
  if (g_variant_lookup (fields, "prefer", "i", &number))
    policy->prefer = number == ROUTE_PGP ? ROUTE_PGP : ROUTE_SMIME;
  if (g_variant_lookup (fields, "allow_smime", "b", &flag))
    policy->allow_smime = flag;
  if (g_variant_lookup (fields, "allow_pgp", "b", &flag))
    policy->allow_pgp = flag;
}

static GVariant *
keys_start (struct worker *worker, GVariant *config, GError **error)
{
  const char *dir = "";
  (void) g_variant_lookup (config, "keys_dir", "&s", &dir);
  struct keys *keys = g_new0 (struct keys, 1);
  read_policy (config, &keys->policy);
  keys->keyring = keyring_open (dir, error);
  if (keys->keyring == NULL) {
    g_free (keys);
    return NULL;
  }
  keyring_set_ask (keys->keyring, ask, worker);
  worker_set_state (worker, keys);
  return nothing ();
}

static void
keys_stop (struct worker *worker)
{
  struct keys *keys = worker_state (worker);
  keyring_free (keys->keyring);
  g_free (keys);
}

/* ---- reading ---- */

static struct inspection *
inspect_arg (struct worker *worker, GVariant *args, GBytes **message_out, GError **error)
{
  struct keys *keys = worker_state (worker);
  gint64 at = 0;
  (void) g_variant_lookup (args, "at", "x", &at);
  *message_out = worker_read_fd (worker_arg_fd (worker, args, "message"), MESSAGE_SIZE_MAX, error);
  return *message_out != NULL ? inspect_message (keys->keyring, *message_out, at) : NULL;
}

static GVariant *
keys_inspect (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GBytes) message = NULL;
  AUTOFREE (inspection) inspection = inspect_arg (worker, args, &message, error);
  if (inspection == NULL)
    return NULL;
  GVariant *view = NULL, *segments = NULL;
  message_view (inspection, message, &view, &segments);
  return g_variant_new_parsed ("{'view': <%@a{sv}>, 'segments': <%@aa{sv}>}", view, segments);
}

/* A "h" field with these bytes in it. NULL with error. */
static GVariant *
reply_bytes (struct worker *worker, GBytes *bytes, GError **error)
{
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);
  int fd = worker_memfd ("wardmail", data, size, error);
  return fd >= 0 ? g_variant_new_handle (worker_reply_fd_take (worker, fd)) : NULL;
}

static GVariant *
keys_part (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GBytes) message = NULL, part = NULL;
  g_autofree char *filename = NULL, *type = NULL;
  const char *id = "";
  AUTOFREE (inspection) inspection = inspect_arg (worker, args, &message, error);
  (void) g_variant_lookup (args, "part", "&s", &id);
  if (inspection == NULL || (part = message_part (inspection, id, &filename, &type, error)) == NULL)
    return NULL;
  GVariant *handle = reply_bytes (worker, part, error);
  return handle != NULL ? g_variant_new_parsed ("{'data': <%@h>, 'filename': <%s>, 'type': <%s>}", handle, filename, type) : NULL;
}

static GVariant *
keys_shadow (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GBytes) message = NULL, shadow = NULL;
  AUTOFREE (inspection) inspection = inspect_arg (worker, args, &message, error);
  if (inspection == NULL)
    return NULL;
  shadow = message_shadow (inspection, message);
  if (shadow == NULL)
    return nothing ();
  GVariant *handle = reply_bytes (worker, shadow, error);
  return handle != NULL ? g_variant_new_parsed ("{'shadow': <%@h>}", handle) : NULL;
}

/* ---- routes ---- */

static void
add_route (GVariantBuilder *rows, const struct route *route, const char *kind)
{
  static const char *const trusts[] = { "none", "first-seen", "wkd", "chain", "verified" };
  GVariantBuilder row;
  g_variant_builder_init (&row, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&row, "{sv}", "address", g_variant_new_string (route->address));
  g_variant_builder_add (&row, "{sv}", "kind", g_variant_new_string (kind));
  g_variant_builder_add (&row, "{sv}", "route", g_variant_new_string (route_method_name (route->method)));
  g_variant_builder_add (&row, "{sv}", "reason", g_variant_new_string (route_reason_name (route->reason)));
  g_variant_builder_add (&row, "{sv}", "sentence", g_variant_new_string (route->sentence));
  g_variant_builder_add (&row, "{sv}", "next", g_variant_new_string (route->next));
  if (route->key != NULL)
    g_variant_builder_add (&row, "{sv}", "key",
                           g_variant_new_parsed ("{'fingerprint': <%s>, 'source': <%s>, 'trust': <%s>, 'expires': <%x>}",
                                                 route->key->fingerprint, route->key->source, trusts[route->key->trust],
                                                 route->key->expires));
  g_variant_builder_add (rows, "@a{sv}", g_variant_builder_end (&row));
}

struct audience {
  struct plan *plan;
  char *sender;             /* addr-spec; NULL: not given */
  gboolean can_smime, can_pgp;
};

static void
audience_clear (struct audience *audience)
{
  plan_free (audience->plan);
  g_free (audience->sender);
}

/* The route of each address of a field; what is no address at all is held under the words it was typed as. */
static void
plan_field (struct keys *keys, struct audience *audience, GVariant *fields, const char *name, enum recipient_kind kind)
{
  g_autofree const char **texts = NULL;
  if (!g_variant_lookup (fields, name, "^a&s", &texts))
    return;
  for (guint i = 0; texts[i] != NULL; i++) {
    const char *single[] = { texts[i], NULL };
    g_autoptr (GPtrArray) addresses = message_addresses (single, NULL);
    if (addresses == NULL || addresses->len == 0) {
      plan_add (audience->plan, route_decide (texts[i], NULL, &keys->policy, FALSE, FALSE), kind);
      continue;
    }
    for (guint k = 0; k < addresses->len; k++) {
      const char *address = g_ptr_array_index (addresses, k);
      g_autoptr (GPtrArray) candidates = keyring_find (keys->keyring, address, 0, NULL); /* NULL: route holds */
      plan_add (audience->plan, route_decide (address, candidates, &keys->policy, audience->can_smime, audience->can_pgp), kind);
    }
  }
}

static gboolean
audience_init (struct keys *keys, struct audience *audience, GVariant *fields, GError **error)
{
  const char *from = "";
  memset (audience, 0, sizeof *audience);
  audience->plan = plan_new ();
  audience->can_smime = audience->can_pgp = TRUE;
  if (g_variant_lookup (fields, "from", "&s", &from) && *from != '\0') {
    const char *single[] = { from, NULL };
    g_autoptr (GPtrArray) addresses = message_addresses (single, error);
    if (addresses == NULL || addresses->len != 1) {
      if (addresses != NULL)
        g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "“%s” is not one address to send from.", from);
      audience_clear (audience);
      return FALSE;
    }
    audience->sender = g_strdup (g_ptr_array_index (addresses, 0));
    audience->can_smime = keyring_can_send (keys->keyring, audience->sender, ROUTE_SMIME, 0);
    audience->can_pgp = keyring_can_send (keys->keyring, audience->sender, ROUTE_PGP, 0);
  }
  plan_field (keys, audience, fields, "to", RECIPIENT_TO);
  plan_field (keys, audience, fields, "cc", RECIPIENT_CC);
  plan_field (keys, audience, fields, "bcc", RECIPIENT_BCC);
  plan_finish (audience->plan);
  return TRUE;
}

static GVariant *
route_rows (const struct plan *plan, gboolean held_only)
{
  static const char *const kinds[] = { "to", "cc", "bcc" };
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < plan->routes->len; i++) {
    const struct route *route = g_ptr_array_index (plan->routes, i);
    if (!held_only || route->method == ROUTE_HOLD)
      add_route (&rows, route, kinds[g_array_index (plan->kinds, enum recipient_kind, i)]);
  }
  return g_variant_builder_end (&rows);
}

static GVariant *
keys_routes (struct worker *worker, GVariant *args, GError **error)
{
  struct audience audience;
  if (!audience_init (worker_state (worker), &audience, args, error))
    return NULL;
  GVariant *reply = g_variant_new_parsed ("{'routes': <%@aa{sv}>, 'held': <%u>}", route_rows (audience.plan, FALSE), audience.plan->held);
  audience_clear (&audience);
  return reply;
}

/* ---- protecting ---- */

static GPtrArray *
read_attachments (struct worker *worker, GVariant *draft, GError **error)
{
  g_autoptr (GPtrArray) attachments = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GVariant) list = g_variant_lookup_value (draft, "attachments", G_VARIANT_TYPE ("a(ssh)"));
  for (gsize i = 0; list != NULL && i < g_variant_n_children (list); i++) {
    gint32 handle;
    g_variant_get_child (list, i, "(ssh)", NULL, NULL, &handle);
    GBytes *bytes = worker_read_fd (worker_fd_at (worker, handle), MESSAGE_SIZE_MAX, error);
    if (bytes == NULL)
      return NULL;
    g_ptr_array_add (attachments, bytes);
  }
  return g_steal_pointer (&attachments);
}

struct composed {
  struct protect_request request;
  GBytes *payload;
  GPtrArray *outer_headers;
  char *message_id;
};

static void
composed_clear (struct composed *composed)
{
  g_clear_pointer (&composed->payload, g_bytes_unref);
  g_clear_pointer (&composed->outer_headers, g_ptr_array_unref);
  g_clear_pointer (&composed->message_id, g_free);
}

static gboolean
compose (struct worker *worker, GVariant *draft, const char *sender, struct composed *composed, GError **error)
{
  memset (composed, 0, sizeof *composed);
  if (sender == NULL) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "The message says nothing about who sends it. Set up the profile, or name a sender.");
    return FALSE;
  }
  g_autoptr (GPtrArray) attachments = read_attachments (worker, draft, error);
  if (attachments == NULL
      || !message_compose (draft, attachments, g_get_real_time () / G_USEC_PER_SEC, &composed->outer_headers, &composed->payload,
                           &composed->message_id, error)) {
    composed_clear (composed);
    return FALSE;
  }
  composed->request = (struct protect_request) { sender, composed->outer_headers, composed->payload };
  return TRUE;
}

/* The record keeps the blind recipients too: inside, where only the sender can read them. */
static GBytes *
seal_record (struct keys *keys, GVariant *draft, const struct composed *composed, GError **error)
{
  struct protect_request request = composed->request;
  g_autoptr (GBytes) payload = message_payload_with_bcc (composed->payload, draft, error);
  if (payload == NULL)
    return NULL;
  request.payload = payload;
  return protect_to_self (keys->keyring, &request, 0, error);
}

static GVariant *
copy_rows (struct worker *worker, GPtrArray *copies, GError **error)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < copies->len; i++) {
    const struct protected_copy *copy = g_ptr_array_index (copies, i);
    GVariant *data = reply_bytes (worker, copy->message, error);
    if (data == NULL) {
      g_variant_builder_clear (&rows);
      return NULL;
    }
    g_variant_builder_add (&rows, "@a{sv}", g_variant_new_parsed ("{'method': <%s>, 'recipients': <%@as>, 'ids': <%@as>, 'data': <%@h>}",
                                                                  route_method_name (copy->method),
                                                                  g_variant_new_strv ((const char *const *) copy->recipients->pdata, copy->recipients->len),
                                                                  g_variant_new_strv ((const char *const *) copy->recipient_ids->pdata, copy->recipient_ids->len), data));
  }
  return g_variant_builder_end (&rows);
}

/* Somebody is held: nothing but the sealed draft. */
static GVariant *
protect_held (struct worker *worker, GVariant *draft, const struct audience *audience, const struct composed *composed)
{
  g_autoptr (GBytes) record = seal_record (worker_state (worker), draft, composed, NULL);
  GVariantBuilder reply;
  g_variant_builder_init (&reply, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&reply, "{sv}", "message_id", g_variant_new_string (composed->message_id));
  g_variant_builder_add (&reply, "{sv}", "copies", g_variant_new_array (G_VARIANT_TYPE_VARDICT, NULL, 0));
  g_variant_builder_add (&reply, "{sv}", "held", route_rows (audience->plan, TRUE));
  GVariant *handle = record != NULL ? reply_bytes (worker, record, NULL) : NULL;
  if (handle != NULL)
    g_variant_builder_add (&reply, "{sv}", "draft", handle);
  return g_variant_builder_end (&reply);
}

static GVariant *
protect_all (struct worker *worker, GVariant *draft, const struct audience *audience, const struct composed *composed, GError **error)
{
  struct keys *keys = worker_state (worker);
  g_autoptr (GPtrArray) copies = protect_copies (keys->keyring, audience->plan, &composed->request, 0, error);
  g_autoptr (GBytes) record = copies != NULL ? seal_record (keys, draft, composed, error) : NULL;
  if (record == NULL)
    return NULL;
  GVariant *rows = copy_rows (worker, copies, error);
  GVariant *sent = rows != NULL ? reply_bytes (worker, record, error) : NULL;
  if (sent == NULL) {
    if (rows != NULL)
      g_variant_unref (g_variant_ref_sink (rows));
    return NULL;
  }
  return g_variant_new_parsed ("{'message_id': <%s>, 'copies': <%@aa{sv}>, 'held': <@aa{sv} []>, 'sent': <%@h>}", composed->message_id, rows,
                               sent);
}

static GVariant *
keys_protect (struct worker *worker, GVariant *args, GError **error)
{
  struct audience audience;
  struct composed composed;
  g_autoptr (GVariant) draft = g_variant_lookup_value (args, "draft", G_VARIANT_TYPE_VARDICT);
  if (!audience_init (worker_state (worker), &audience, draft, error))
    return NULL;
  GVariant *reply = NULL;
  if (audience.plan->routes->len == 0)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "The message has no recipient. Nothing was sent; add one in To, Cc or Bcc.");
  else if (compose (worker, draft, audience.sender, &composed, error)) {
    reply = audience.plan->held > 0 ? protect_held (worker, draft, &audience, &composed)
                                    : protect_all (worker, draft, &audience, &composed, error);
    composed_clear (&composed);
  }
  audience_clear (&audience);
  return reply;
}

static GVariant *
keys_seal (struct worker *worker, GVariant *args, GError **error)
{
  struct audience audience;
  struct composed composed;
  g_autoptr (GVariant) draft = g_variant_lookup_value (args, "draft", G_VARIANT_TYPE_VARDICT);
  if (!audience_init (worker_state (worker), &audience, draft, error))
    return NULL;
  GVariant *reply = NULL;
  if (compose (worker, draft, audience.sender, &composed, error)) {
    g_autoptr (GBytes) record = seal_record (worker_state (worker), draft, &composed, error);
    GVariant *handle = record != NULL ? reply_bytes (worker, record, error) : NULL;
    if (handle != NULL)
      reply = g_variant_new_parsed ("{'message_id': <%s>, 'draft': <%@h>}", composed.message_id, handle);
    composed_clear (&composed);
  }
  audience_clear (&audience);
  return reply;
}

/* A draft of ours (sealed), or a plain message that a program wants sent. The attachments' handles become those of the reply. */
static GVariant *
keys_draft_parse (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GBytes) message = NULL;
  g_autoptr (GPtrArray) attachments = NULL;
  AUTOFREE (inspection) inspection = inspect_arg (worker, args, &message, error);
  if (inspection == NULL)
    return NULL;
  gboolean ours = inspection->payload != inspection->root && inspection->verdict.encryption.decrypted;
  g_autoptr (GVariant) draft = draft_parse (ours ? inspection->payload->entity : message, &attachments, error);
  if (draft == NULL)
    return NULL;
  g_variant_ref_sink (draft);
  g_autoptr (GVariant) list = g_variant_lookup_value (draft, "attachments", G_VARIANT_TYPE ("a(ssh)"));
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("a(ssh)"));
  for (guint i = 0; list != NULL && i < g_variant_n_children (list) && i < attachments->len; i++) {
    const char *filename, *type;
    g_variant_get_child (list, i, "(&s&sh)", &filename, &type, NULL);
    GVariant *handle = reply_bytes (worker, g_ptr_array_index (attachments, i), error);
    if (handle == NULL) {
      g_variant_builder_clear (&rows);
      return NULL;
    }
    g_variant_builder_add (&rows, "(ss@h)", filename, type, handle);
  }
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (draft);
  g_variant_dict_insert_value (&dict, "attachments", g_variant_builder_end (&rows));
  return g_variant_new_parsed ("{'draft': <%@a{sv}>}", g_variant_dict_end (&dict));
}

/* ---- keys ---- */

static GVariant *
key_rows (GPtrArray *candidates)
{
  static const char *const trusts[] = { "none", "first-seen", "wkd", "chain", "verified" };
  static const char *const faults[] = { "", "untrusted", "expired", "not_yet_valid", "wrong_usage", "weak", "revoked", "broken" };
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < candidates->len; i++) {
    const struct key_candidate *key = g_ptr_array_index (candidates, i);
    g_variant_builder_add (&rows, "@a{sv}",
                           g_variant_new_parsed ("{'protocol': <%s>, 'fingerprint': <%s>, 'address': <%s>, 'owner': <%s>, 'source': <%s>, "
                                                 "'trust': <%s>, 'fault': <%s>, 'expires': <%x>, 'own': <%b>}",
                                                 route_method_name (key->method), key->fingerprint, key->address != NULL ? key->address : "",
                                                 key->owner != NULL ? key->owner : "", key->source != NULL ? key->source : "",
                                                 trusts[key->trust], faults[key->fault], key->expires, key->own));
  }
  return g_variant_builder_end (&rows);
}

static GVariant *
keys_key_import (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  g_autoptr (GPtrArray) blobs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GVariant) files = g_variant_lookup_value (args, "files", G_VARIANT_TYPE ("ah"));
  for (gsize i = 0; i < g_variant_n_children (files); i++) {
    gint32 handle;
    g_variant_get_child (files, i, "h", &handle);
    GBytes *blob = worker_read_fd (worker_fd_at (worker, handle), KEY_FILE_SIZE_MAX, error);
    if (blob == NULL)
      return NULL;
    g_ptr_array_add (blobs, blob);
  }
  AUTOFREE (secret) passphrase = NULL;
  g_autoptr (GVariant) bytes = g_variant_lookup_value (args, "passphrase", G_VARIANT_TYPE_BYTESTRING);
  if (bytes != NULL) {
    gsize size;
    const void *data = g_variant_get_fixed_array (bytes, &size, 1);
    passphrase = secret_new (data, size);
    secret_wipe ((void *) data, size);
  }
  g_autoptr (GPtrArray) candidates = keyring_import (keys->keyring, blobs, passphrase, error);
  return candidates != NULL ? g_variant_new_parsed ("{'keys': <%@aa{sv}>}", key_rows (candidates)) : NULL;
}

static GVariant *
keys_key_list (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  const char *address = NULL;
  (void) g_variant_lookup (args, "address", "&s", &address);
  g_autoptr (GPtrArray) candidates = address != NULL ? keyring_find (keys->keyring, address, 0, error) : keyring_list (keys->keyring, 0, error);
  return candidates != NULL ? g_variant_new_parsed ("{'keys': <%@aa{sv}>}", key_rows (candidates)) : NULL;
}

static GVariant *
keys_key_trust (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  const char *fingerprint = "";
  (void) g_variant_lookup (args, "fingerprint", "&s", &fingerprint);
  return keyring_trust (keys->keyring, fingerprint, error) ? nothing () : NULL;
}

static GVariant *
keys_ca_import (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  guint added = 0;
  g_autoptr (GBytes) file = worker_read_fd (worker_arg_fd (worker, args, "file"), KEY_FILE_SIZE_MAX, error);
  if (file == NULL || !keyring_add_anchor (keys->keyring, file, &added, error))
    return NULL;
  return g_variant_new_parsed ("{'added': <%u>}", added);
}

static const struct worker_method methods[] = {
  { "inspect", keys_inspect },       { "part", keys_part },           { "shadow", keys_shadow },
  { "routes", keys_routes },         { "protect", keys_protect },     { "seal", keys_seal },
  { "draft_parse", keys_draft_parse }, { "key_import", keys_key_import }, { "key_list", keys_key_list },
  { "key_trust", keys_key_trust },   { "ca_import", keys_ca_import }, { NULL, NULL },
};

const struct worker_role worker_role_keys = {
  .peer = PEER_KEYS, .methods = methods, .sandbox = keys_sandbox, .start = keys_start, .stop = keys_stop,
};
