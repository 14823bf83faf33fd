/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys worker on the way out: routes, plans, protected copies, sealed drafts. */
#include "mail/workers/keys_p.h"

#include <string.h>

#include "crypto/plan.h"
#include "crypto/protect.h"
#include "mail/message/message.h"
#include "mail/net/gate.h"

#define MEGABYTE 1000000u
#define PROGRESS_US (100 * 1000)
#define CANDIDATES_MAX 50 /* of one route; the best come first */

static GVariant *
key_fields (const struct key_candidate *key)
{
  return g_variant_new_parsed ("{'fingerprint': <%s>, 'source': <%s>, 'trust': <%s>, 'expires': <%x>}",
                               key->fingerprint, key->source, keys_trust_name (key->trust), key->expires);
}

static GVariant *
candidate_rows (const GPtrArray *candidates)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; candidates != NULL && i < candidates->len && i < CANDIDATES_MAX; i++) {
    const struct route_candidate *candidate = g_ptr_array_index (candidates, i);
    const struct key_candidate *key = candidate->key;
    g_autoptr (GVariant) fields = g_variant_ref_sink (key_fields (key));
    g_autofree char *owner = keys_clean (key->owner);
    g_auto (GVariantDict) row = G_VARIANT_DICT_INIT (fields);
    g_variant_dict_insert (&row, "protocol", "s", route_method_name (key->method));
    g_variant_dict_insert (&row, "owner", "s", owner);
    g_variant_dict_insert (&row, "own", "b", key->own);
    g_variant_dict_insert (&row, "reason", "s", route_reason_name (candidate->reason));
    g_variant_dict_insert (&row, "sentence", "s", candidate->sentence);
    g_variant_builder_add (&rows, "@a{sv}", g_variant_dict_end (&row));
  }
  return g_variant_builder_end (&rows);
}

static void
add_route (GVariantBuilder *rows, const struct route *route, const char *kind)
{
  GVariantBuilder row;
  g_variant_builder_init (&row, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&row, "{sv}", "address", g_variant_new_string (route->address));
  g_variant_builder_add (&row, "{sv}", "kind", g_variant_new_string (kind));
  g_variant_builder_add (&row, "{sv}", "route", g_variant_new_string (route_method_name (route->method)));
  g_variant_builder_add (&row, "{sv}", "reason", g_variant_new_string (route_reason_name (route->reason)));
  g_variant_builder_add (&row, "{sv}", "sentence", g_variant_new_string (route->sentence));
  g_variant_builder_add (&row, "{sv}", "next", g_variant_new_string (route->next));
  g_variant_builder_add (&row, "{sv}", "tell", g_variant_new_boolean (route_wants_key (route)));
  if (route->key != NULL)
    g_variant_builder_add (&row, "{sv}", "key", key_fields (route->key));
  g_variant_builder_add (&row, "{sv}", "candidates", candidate_rows (route->candidates));
  g_variant_builder_add (rows, "@a{sv}", g_variant_builder_end (&row));
}

struct audience {
  struct plan *plan;
  char *sender; /* addr-spec; NULL: not given */
  gboolean can_smime, can_pgp;
  struct route_policy policy; /* for this message */
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
      plan_add (audience->plan, route_decide (texts[i], NULL, &audience->policy, FALSE, FALSE), kind);
      continue;
    }
    for (guint k = 0; k < addresses->len; k++) {
      const char *address = g_ptr_array_index (addresses, k);
      g_autoptr (GPtrArray) candidates = keyring_find (keys->keyring, address, 0, NULL); /* NULL: route holds */
      plan_add (audience->plan,
                route_decide (address, candidates, &audience->policy, audience->can_smime, audience->can_pgp), kind);
    }
  }
}

/* Does it answer or forward something protected? Of a draft that was kept in between only is known that it answers something. */
static gboolean
parent_protected (GVariant *fields)
{
  const char *parent = "";
  g_autofree const char **references = NULL;
  gboolean is_protected = FALSE;
  if (g_variant_lookup (fields, "parent_protected", "b", &is_protected))
    return is_protected;
  (void) g_variant_lookup (fields, "in_reply_to", "&s", &parent);
  (void) g_variant_lookup (fields, "references", "^a&s", &references);
  return *parent != '\0' || (references != NULL && references[0] != NULL);
}

static gboolean
audience_init (struct keys *keys, struct audience *audience, GVariant *fields, GError **error)
{
  const char *from = "";
  memset (audience, 0, sizeof *audience);
  audience->plan = plan_new ();
  audience->policy = route_policy_for (&keys->policy, parent_protected (fields));
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

GVariant *
keys_routes (struct worker *worker, GVariant *args, GError **error)
{
  struct audience audience;
  if (!audience_init (worker_state (worker), &audience, args, error))
    return NULL;
  guint wanted = 0;
  GVariant *looks = keys_looks (worker_state (worker), audience.plan, &wanted);
  GVariant *reply = g_variant_new_parsed ("{'routes': <%@aa{sv}>, 'held': <%u>, 'looks': <%@aa{sv}>}",
                                          route_rows (audience.plan, FALSE), audience.plan->held, looks);
  audience_clear (&audience);
  return reply;
}

static GPtrArray *
read_attachments (struct worker *worker, GVariant *draft, GError **error)
{
  g_autoptr (GPtrArray) attachments = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GVariant) list = g_variant_lookup_value (draft, "attachments", G_VARIANT_TYPE ("a(ssh)"));
  for (gsize i = 0; list != NULL && i < g_variant_n_children (list); i++) {
    gint32 handle;
    g_variant_get_child (list, i, "(ssh)", NULL, NULL, &handle);
    GBytes *bytes = worker_map_fd (worker_fd_at (worker, handle), KEYS_MESSAGE_SIZE_MAX, error);
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
  gboolean dry; /* nothing is remembered of it */
  struct worker *worker;
  gint64 told;      /* monotonic: when of the progress */
  gboolean sealing; /* the record is being made, */
  gsize copies;     /* after so much work */
};

/* Of all the copies, and of the record that comes after them: as a rule, it is read twice. */
static void
tell_progress (gsize done, gsize total, gpointer data)
{
  struct composed *composed = data;
  const gint64 now = g_get_monotonic_time ();
  if (!composed->sealing)
    composed->copies = total;
  if (now - composed->told < PROGRESS_US)
    return;
  composed->told = now;
  const guint64 before = composed->sealing ? composed->copies : 0,
                after = composed->sealing ? 0 : 2 * g_bytes_get_size (composed->payload);
  worker_emit (composed->worker, "working",
               g_variant_new_parsed ("{'done': <%t>, 'total': <%t>}", before + done, before + total + after));
}

static void
composed_clear (struct composed *composed)
{
  g_clear_pointer (&composed->payload, g_bytes_unref);
  g_clear_pointer (&composed->outer_headers, g_ptr_array_unref);
  g_clear_pointer (&composed->message_id, g_free);
}

/* What was sent must be readable again. In base64 within base64, in lines of 76. */
static gboolean
fits (const GPtrArray *attachments, GError **error)
{
  guint64 plain = 0;
  for (guint i = 0; i < attachments->len; i++)
    plain += g_bytes_get_size (g_ptr_array_index (attachments, i));
  const guint64 encrypted = plain * 16 / 9 * 79 / 75;
  if (encrypted <= KEYS_MESSAGE_SIZE_MAX)
    return TRUE;
  g_set_error (
      error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
      "The attached files have %u MB, so that the message would have about %u MB encrypted, and wardmail sends and "
      "reads messages of up to %u MB. Nothing was sent; send fewer or smaller files, or several messages.",
      (guint) (plain / MEGABYTE), (guint) (encrypted / MEGABYTE), KEYS_MESSAGE_SIZE_MAX / MEGABYTE);
  return FALSE;
}

static gboolean
compose (struct worker *worker, GVariant *draft, const char *sender, struct composed *composed, GError **error)
{
  struct keys *keys = worker_state (worker);
  memset (composed, 0, sizeof *composed);
  if (sender == NULL) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "The message says nothing about who sends it. Set up the profile, or name a sender.");
    return FALSE;
  }
  g_autoptr (GPtrArray) attachments = read_attachments (worker, draft, error);
  if (attachments == NULL || !fits (attachments, error)
      || !message_compose (draft, attachments, g_get_real_time () / G_USEC_PER_SEC, &composed->outer_headers,
                           &composed->payload, &composed->message_id, error)) {
    composed_clear (composed);
    return FALSE;
  }
  composed->worker = worker;
  composed->told = g_get_monotonic_time ();
  composed->request = (struct protect_request){ .sender = sender,
                                                .outer_headers = composed->outer_headers,
                                                .payload = composed->payload,
                                                .spool_dir = keys->dir,
                                                .progress = tell_progress,
                                                .progress_data = composed };
  return TRUE;
}

/* What is kept goes to the server too, in Sent or Drafts: it passes the gate as every copy does. */
static gboolean
gate_record (const struct protected_copy *record, const char *sender, GError **error)
{
  const char *const recipients[] = { sender, NULL };
  g_autoptr (GPtrArray) ids = g_ptr_array_copy (record->recipient_ids, (GCopyFunc) (gpointer) g_strdup, NULL);
  g_ptr_array_set_free_func (ids, g_free);
  g_ptr_array_add (ids, NULL);
  const struct gate_plan plan = { .mapped = TRUE,
                                  .method = record->method,
                                  .recipients = recipients,
                                  .recipient_ids = (const char *const *) ids->pdata };
  gsize size = 0;
  const guint8 *bytes = g_bytes_get_data (record->message, &size);
  return gate_check (bytes, size, &plan, error);
}

/* The record keeps the blind recipients too: inside, where only the sender can read them. */
static struct protected_copy *
seal_record (struct keys *keys, GVariant *draft, struct composed *composed, GError **error)
{
  struct protect_request request = composed->request;
  g_autofree char *prefix = message_record_prefix (draft, error);
  request.prefix = prefix;
  composed->sealing = TRUE;
  AUTOFREE (protected_copy)
  record = prefix != NULL ? protect_to_self (keys->keyring, &request, 0, error) : NULL;
  if (record == NULL || !gate_record (record, request.sender, error))
    return NULL;
  if (!composed->dry)
    keys_record_keep (keys, record, composed->payload);
  return g_steal_pointer (&record);
}

/* A "h" field with the copy's file. */
static GVariant *
reply_copy (struct worker *worker, struct protected_copy *copy)
{
  return g_variant_new_handle (worker_reply_fd_take (worker, g_steal_fd (&copy->fd)));
}

/* Which key each of them is written to by. */
static GVariant *
key_names (const struct plan *plan, const GPtrArray *recipients)
{
  GVariantBuilder names;
  g_variant_builder_init (&names, G_VARIANT_TYPE ("as"));
  for (guint i = 0; i < recipients->len; i++) {
    const char *name = "";
    for (guint r = 0; r < plan->routes->len; r++) {
      const struct route *route = g_ptr_array_index (plan->routes, r);
      if (route->key != NULL && strcmp (route->address, recipients->pdata[i]) == 0)
        name = route->key->fingerprint;
    }
    g_variant_builder_add (&names, "s", name);
  }
  return g_variant_builder_end (&names);
}

static GVariant *
copy_rows (struct worker *worker, const struct plan *plan, GPtrArray *copies)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < copies->len; i++) {
    struct protected_copy *copy = g_ptr_array_index (copies, i);
    g_autoptr (GVariant) row = g_variant_ref_sink (g_variant_new_parsed (
        "{'method': <%s>, 'recipients': <%@as>, 'keys': <%@as>, 'ids': <%@as>, 'data': <%@h>}",
        route_method_name (copy->method),
        g_variant_new_strv ((const char *const *) copy->recipients->pdata, copy->recipients->len),
        key_names (plan, copy->recipients),
        g_variant_new_strv ((const char *const *) copy->recipient_ids->pdata, copy->recipient_ids->len),
        reply_copy (worker, copy)));
    g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (row);
    if (copy->cipher != NULL)
      g_variant_dict_insert (&dict, "cipher", "s", copy->cipher);
    g_variant_builder_add (&rows, "@a{sv}", g_variant_dict_end (&dict));
  }
  return g_variant_builder_end (&rows);
}

/* Somebody is held: nothing but the sealed draft. */
static GVariant *
protect_held (struct worker *worker, GVariant *draft, const struct audience *audience, struct composed *composed)
{
  g_autoptr (GError) error = NULL;
  AUTOFREE (protected_copy) record = seal_record (worker_state (worker), draft, composed, &error);
  const gboolean own = error != NULL && error->domain == CRYPTO_ERROR
                       && (error->code == CRYPTO_ERROR_NO_KEY || error->code == CRYPTO_ERROR_PASSPHRASE
                           || error->code == CRYPTO_ERROR_CARD); /* there is none of ours to seal it by */
  GVariantBuilder reply;
  g_variant_builder_init (&reply, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&reply, "{sv}", "message_id", g_variant_new_string (composed->message_id));
  g_variant_builder_add (&reply, "{sv}", "copies", g_variant_new_array (G_VARIANT_TYPE_VARDICT, NULL, 0));
  g_variant_builder_add (&reply, "{sv}", "held", route_rows (audience->plan, TRUE));
  if (record != NULL)
    g_variant_builder_add (&reply, "{sv}", "draft", reply_copy (worker, record));
  else if (error != NULL && !own)
    g_variant_builder_add (&reply, "{sv}", "unsealed", g_variant_new_string (error->message));
  return g_variant_builder_end (&reply);
}

/* With what they say of keys; the record, which nobody else reads, has none of it. */
static GPtrArray *
make_copies (struct keys *keys, const struct plan *plan, const struct composed *composed, GError **error)
{
  struct protect_request request = composed->request;
  g_autoptr (GPtrArray) outer = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < composed->outer_headers->len; i++)
    g_ptr_array_add (outer, g_strdup (g_ptr_array_index (composed->outer_headers, i)));
  char *own = keys->announce ? keyring_announce (keys->keyring, request.sender, 0) : NULL;
  if (own != NULL)
    g_ptr_array_add (outer, own);
  request.outer_headers = outer;
  request.gossip = keys->announce;
  return protect_copies (keys->keyring, plan, &request, 0, error);
}

static GVariant *
protect_all (struct worker *worker, GVariant *draft, gboolean dry, const struct audience *audience,
             struct composed *composed, GError **error)
{
  struct keys *keys = worker_state (worker);
  g_autoptr (GPtrArray) copies = make_copies (keys, audience->plan, composed, error);
  AUTOFREE (protected_copy) record = copies != NULL ? seal_record (keys, draft, composed, error) : NULL;
  if (record == NULL)
    return NULL;
  if (!dry && !keyring_remember (keys->keyring, audience->plan, 0, error))
    return NULL;
  GVariant *rows = copy_rows (worker, audience->plan, copies), *sent = reply_copy (worker, record);
  return g_variant_new_parsed ("{'message_id': <%s>, 'copies': <%@aa{sv}>, 'held': <@aa{sv} []>, 'sent': <%@h>}",
                               composed->message_id, rows, sent);
}

/* The draft, with what policy wants of a message that is sent; a draft that is kept has none of it. */
static GVariant *
to_be_sent (const struct keys *keys, GVariant *args)
{
  g_autoptr (GVariant) draft = g_variant_lookup_value (args, "draft", G_VARIANT_TYPE_VARDICT);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (draft);
  g_variant_dict_insert (&dict, "legacy_display", "b", keys->legacy_display);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* Nothing is made yet: there is more to learn of the recipients first. NULL: there is not. */
static GVariant *
protect_later (struct keys *keys, const struct audience *audience)
{
  guint wanted = 0;
  g_autoptr (GVariant) looks = g_variant_ref_sink (keys_looks (keys, audience->plan, &wanted));
  return wanted > 0 ? g_variant_new_parsed (
             "{'message_id': <''>, 'copies': <@aa{sv} []>, 'held': <@aa{sv} []>, 'looks': <%@aa{sv}>}", looks)
                    : NULL;
}

GVariant *
keys_protect (struct worker *worker, GVariant *args, GError **error)
{
  struct audience audience;
  struct composed composed;
  g_autoptr (GVariant) draft = to_be_sent (worker_state (worker), args);
  gboolean dry = FALSE, look = FALSE;
  (void) g_variant_lookup (args, "look", "b", &look);
  (void) g_variant_lookup (args, "dry", "b", &dry);
  if (!audience_init (worker_state (worker), &audience, draft, error))
    return NULL;
  GVariant *reply = look ? protect_later (worker_state (worker), &audience) : NULL;
  if (reply != NULL)
    ;
  else if (audience.plan->routes->len == 0)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "The message has no recipient. Nothing was sent; add one in To, Cc or Bcc.");
  else if (compose (worker, draft, audience.sender, &composed, error)) {
    composed.dry = dry;
    reply = audience.plan->held > 0 ? protect_held (worker, draft, &audience, &composed)
                                    : protect_all (worker, draft, dry, &audience, &composed, error);
    composed_clear (&composed);
  }
  audience_clear (&audience);
  return reply;
}

GVariant *
keys_seal (struct worker *worker, GVariant *args, GError **error)
{
  struct audience audience;
  struct composed composed;
  g_autoptr (GVariant) draft = g_variant_lookup_value (args, "draft", G_VARIANT_TYPE_VARDICT);
  if (!audience_init (worker_state (worker), &audience, draft, error))
    return NULL;
  GVariant *reply = NULL;
  if (compose (worker, draft, audience.sender, &composed, error)) {
    AUTOFREE (protected_copy) record = seal_record (worker_state (worker), draft, &composed, error);
    if (record != NULL)
      reply = g_variant_new_parsed ("{'message_id': <%s>, 'draft': <%@h>}", composed.message_id,
                                    reply_copy (worker, record));
    composed_clear (&composed);
  }
  audience_clear (&audience);
  return reply;
}
