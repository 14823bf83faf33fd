/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From the layers of a message to its verdict: who the sender is said to be, whether a signature is his, and what was encrypted. */
#include "crypto/inspect_p.h"
#include "crypto/addrspec.h"
#include "crypto/inspect_from.h"
#include <string.h>

static gboolean
is_of (const struct inspect_signature *signature, const char *address)
{
  for (guint i = 0; signature->addresses != NULL && i < signature->addresses->len; i++)
    if (addrspec_equal (g_ptr_array_index (signature->addresses, i), address))
      return TRUE;
  return FALSE;
}

/* How far the signer's key is known to belong to the sender's address. */
static enum key_trust
trust_of (struct inspect *inspect, const struct inspect_layer *layer, const struct inspect_signature *signature,
          const char *address)
{
  /* A certificate that was only compared, or pinned, may name more addresses than it was compared for. */
  enum key_trust trust = signature->anchored ? KEY_TRUST_CHAIN : KEY_TRUST_NONE;
  if (inspect->keyring == NULL || signature->fingerprint == NULL)
    return KEY_TRUST_NONE;
  g_autoptr (GPtrArray) keys = keyring_find (inspect->keyring, address, inspect->at, NULL);
  gboolean under = FALSE;
  for (guint i = 0; keys != NULL && i < keys->len; i++) {
    const struct key_candidate *key = g_ptr_array_index (keys, i);
    if (g_ascii_strcasecmp (key->fingerprint, signature->fingerprint) != 0)
      continue;
    trust = MAX (trust, key->trust);
    under = TRUE;
  }
  /* A key in the keyring that is not found under the sender's address gives way to one that is spelt just so. */
  if (!under && layer->protocol == PROTECTION_PGP)
    return KEY_TRUST_NONE;
  return keyring_trusted_for (inspect->keyring, signature->fingerprint, address) ? KEY_TRUST_VERIFIED : trust;
}

static gboolean
is_trusted (const struct inspect_layer *layer, enum key_trust trust)
{
  return trust >= (layer->protocol == PROTECTION_PGP ? KEY_TRUST_VERIFIED : KEY_TRUST_CHAIN);
}

/* Only a signature that is good altogether binds an inner From, and only to an address of its signer. RFC 9788, 4.4. */
static gboolean
binds (struct inspect *inspect, const struct inspect_layer *layer, const char *address)
{
  if (!layer->whole || !inspect_layer_valid (layer))
    return FALSE;
  for (guint i = 0; i < layer->signatures->len; i++) {
    const struct inspect_signature *signature = g_ptr_array_index (layer->signatures, i);
    if (signature->valid && signature->state == SIGNATURE_GOOD && is_of (signature, address)
        && is_trusted (layer, trust_of (inspect, layer, signature, address)))
      return TRUE;
  }
  return FALSE;
}

static void
choose_from (struct inspect *inspect, struct inspect_from *from)
{
  struct inspection *result = inspect->result;
  inspect_from_init (from, result->root->entity);
  inspect_headers_find (result);
  if (result->header_node == NULL)
    return;
  struct inspect_from inner;
  inspect_from_init (&inner, result->header_node->entity);
  gboolean bound = FALSE;
  for (guint i = 0; inner.plain && i < inspect->layers->len; i++) {
    const struct inspect_layer *layer = g_ptr_array_index (inspect->layers, i);
    bound |= binds (inspect, layer, g_ptr_array_index (inner.addresses, 0));
  }
  const gboolean same
      = inner.addresses->len == 1 && from->addresses->len == 1
        && addrspec_equal (g_ptr_array_index (inner.addresses, 0), g_ptr_array_index (from->addresses, 0));
  if (inner.addresses->len > 0 && !same)
    verdict_warn (&result->verdict, "from_differs",
                  "The sender outside of the protected message is another one than inside; %s is shown.",
                  bound ? "the signed one inside" : "the one outside");
  result->from_protected = bound;
  if (bound) {
    inspect_from_clear (from);
    *from = inner;
  } else
    inspect_from_clear (&inner);
}

/* The signature that is told of: the sender's best one, else the first. *matched_out: it is the sender's. */
static const struct inspect_signature *
choose_signature (const struct inspect_layer *layer, const char *sender, gboolean *matched_out)
{
  const struct inspect_signature *chosen = NULL;
  for (guint i = 0; i < layer->signatures->len && sender != NULL; i++) {
    const struct inspect_signature *signature = g_ptr_array_index (layer->signatures, i);
    if (is_of (signature, sender)
        && (chosen == NULL || (signature->state == SIGNATURE_GOOD && chosen->state != SIGNATURE_GOOD)))
      chosen = signature;
  }
  *matched_out = chosen != NULL;
  return chosen != NULL || layer->signatures->len == 0 ? chosen : g_ptr_array_index (layer->signatures, 0);
}

/* Fill in a signature verdict from one layer. */
static void
judge_signature (struct inspect *inspect, const struct inspect_layer *layer, const struct inspect_from *from,
                 struct signature_verdict *out)
{
  const char *sender = from->plain ? g_ptr_array_index (from->addresses, 0) : NULL;
  gboolean matched;
  const struct inspect_signature *shown = choose_signature (layer, sender, &matched);
  out->state = inspect_layer_state (layer);
  out->protocol = layer->protocol;
  out->covers = layer->whole ? COVERS_WHOLE : COVERS_PART;
  if (shown == NULL)
    return;
  if (matched && shown->state == SIGNATURE_GOOD && out->state != SIGNATURE_BAD)
    out->state = SIGNATURE_GOOD;
  out->fingerprint = shown->fingerprint != NULL ? g_ascii_strup (shown->fingerprint, -1) : NULL;
  out->time = shown->time;
  if (matched)
    out->signer = g_strdup (sender);
  else if (shown->addresses != NULL && shown->addresses->len > 0)
    out->signer = g_strdup (g_ptr_array_index (shown->addresses, 0));
  if (out->state != SIGNATURE_GOOD)
    return;
  if (!matched) {
    out->state = SIGNATURE_MISMATCH;
    return;
  }
  out->trust = trust_of (inspect, layer, shown, sender);
  /* The key was compared, but when it did not carry this address yet. */
  if (!is_trusted (layer, out->trust))
    out->state = SIGNATURE_UNTRUSTED;
}

static void
signature_verdict_clear (struct signature_verdict *verdict)
{
  g_free (verdict->signer);
  g_free (verdict->fingerprint);
  *verdict = (struct signature_verdict){ 0 };
}

/* A broken signature is told before a good one, and a good one before the rest. */
static int
weight (enum signature_state state)
{
  return state == SIGNATURE_BAD ? 3 : state == SIGNATURE_GOOD ? 2 : state == SIGNATURE_NONE ? 0 : 1;
}

static void
add_leaves (GPtrArray *parts, const struct inspect_node *node)
{
  if (node->children->len == 0 && node->protection == PROTECTION_NONE)
    g_ptr_array_add (parts, g_strdup (node->id));
  for (guint i = 0; i < node->children->len; i++)
    add_leaves (parts, g_ptr_array_index (node->children, i));
}

/* The innermost layer that encrypts the whole and in which a signature stands, or that is one: what is signed around it was not
 * necessarily known to who signed. NULL: no such. */
static const struct inspect_layer *
signed_inside (struct inspect *inspect)
{
  const struct inspect_layer *encrypted = NULL, *found = NULL;
  for (guint i = 0; i < inspect->layers->len; i++) {
    const struct inspect_layer *layer = g_ptr_array_index (inspect->layers, i);
    if (!layer->whole)
      continue;
    if (layer->encrypted)
      encrypted = layer;
    if (layer->signed_ && encrypted != NULL)
      found = encrypted;
  }
  return found;
}

static gboolean
is_signed_by (const struct inspect_layer *layer, const char *fingerprint)
{
  for (guint i = 0; inspect_layer_valid (layer) && i < layer->signatures->len; i++) {
    const struct inspect_signature *signature = g_ptr_array_index (layer->signatures, i);
    if (signature->valid && signature->fingerprint != NULL && fingerprint != NULL
        && g_ascii_strcasecmp (signature->fingerprint, fingerprint) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Only a part is signed, and the verdict names one signer: what others signed, who may be anybody, is not told as signed beside it. */
static void
keep_signed_by (struct inspect *inspect, struct inspect_node *node, const char *fingerprint, gboolean inside)
{
  const struct inspect_layer *layer = inspect_layer_of (inspect, node);
  node->signed_ = node->signed_ && inside;
  inside = inside || (layer != NULL && is_signed_by (layer, fingerprint));
  for (guint i = 0; i < node->children->len; i++)
    keep_signed_by (inspect, g_ptr_array_index (node->children, i), fingerprint, inside);
}

static void
compose_signature (struct inspect *inspect, const struct inspect_from *from, gboolean whole)
{
  struct signature_verdict best = { 0 };
  const struct inspect_layer *chosen = NULL, *inside = whole ? signed_inside (inspect) : NULL;
  gboolean reached = inside == NULL;
  for (guint i = 0; i < inspect->layers->len; i++) {
    const struct inspect_layer *layer = g_ptr_array_index (inspect->layers, i);
    reached |= layer == inside;
    if (!layer->signed_ || layer->whole != whole)
      continue;
    struct signature_verdict verdict = { 0 };
    judge_signature (inspect, layer, from, &verdict);
    if (!reached && verdict.state != SIGNATURE_BAD) { /* around the encryption: a broken one is told, and no more */
      signature_verdict_clear (&verdict);
      continue;
    }
    if (chosen == NULL || weight (verdict.state) > weight (best.state)) {
      signature_verdict_clear (&best);
      best = verdict;
      chosen = layer;
    } else
      signature_verdict_clear (&verdict);
  }
  if (chosen == NULL)
    return;
  best.parts = inspect->result->verdict.signature.parts;
  inspect->result->verdict.signature = best;
  add_leaves (best.parts, chosen->node);
  if (chosen->signatures->len > 1)
    verdict_warn (
        &inspect->result->verdict, "several_signatures",
        "This message has %u signatures. Only the one that the line above names was counted; the others may be "
        "anybody's.",
        chosen->signatures->len);
  if (whole)
    return;
  keep_signed_by (inspect, inspect->result->root, best.fingerprint, FALSE);
  verdict_warn (&inspect->result->verdict, "partly_signed",
                "Only a part of this message is signed. Do not take the rest for the signer's words.");
}

static void
compose_encryption (struct inspect *inspect)
{
  const struct inspect_layer *chosen = NULL;
  for (guint i = 0; i < inspect->layers->len; i++) {
    const struct inspect_layer *layer = g_ptr_array_index (inspect->layers, i);
    if (layer->encrypted && (chosen == NULL || (layer->whole && !chosen->whole)))
      chosen = layer;
  }
  if (chosen == NULL)
    return;
  struct encryption_verdict *out = &inspect->result->verdict.encryption;
  out->protocol = chosen->protocol;
  out->decrypted = chosen->decrypted;
  out->cipher = g_strdup (chosen->cipher);
  out->integrity = chosen->integrity;
  out->covers = chosen->whole ? COVERS_WHOLE : COVERS_PART;
  out->reason = g_strdup (chosen->reason);
  if (!chosen->whole)
    verdict_warn (&inspect->result->verdict, "partly_encrypted",
                  "Only a part of this message was encrypted. The rest may have been read or changed by anybody.");
}

/* A stranger can sign what he cannot read: somebody else's encrypted mail. If it then came back in an answer to him, he could read it. */
static void
judge_signed_around (struct inspect *inspect)
{
  const struct inspect_layer *innermost = NULL;
  gboolean is_signed = FALSE, around = FALSE;
  for (guint i = 0; i < inspect->layers->len; i++) {
    const struct inspect_layer *layer = g_ptr_array_index (inspect->layers, i);
    if (layer->whole && layer->encrypted)
      innermost = layer;
    around |= layer->whole && layer->encrypted && is_signed;
    is_signed |= layer->whole && layer->signed_ && !layer->encrypted;
  }
  const enum signature_state state = inspect->result->verdict.signature.state;
  const gboolean inside = innermost != NULL && signed_inside (inspect) == innermost;
  if (!around
      || (inside && state != SIGNATURE_MISMATCH && state != SIGNATURE_BAD && state != SIGNATURE_UNKNOWN_KEY
          && state != SIGNATURE_ERROR))
    return;
  inspect_set_unproven (inspect->result->payload);
  verdict_warn (
      &inspect->result->verdict, "signed_around",
      "The sender signed the encrypted message, not the text in it: it may be somebody else's. Do not answer with "
      "what it says.");
}

/* Anybody can encrypt a mail that has somebody else's encrypted mail as one of its parts. That the whole was encrypted says nothing of
 * what such a part holds. */
static void
judge_nested (struct inspect *inspect)
{
  const struct encryption_verdict *verdict = &inspect->result->verdict.encryption;
  if (!verdict->decrypted || verdict->covers != COVERS_WHOLE)
    return;
  for (guint i = 0; i < inspect->layers->len; i++) {
    const struct inspect_layer *layer = g_ptr_array_index (inspect->layers, i);
    if (layer->decrypted && !layer->whole)
      inspect_set_unproven (layer->node);
  }
}

/* The layer whose signature the verdict speaks of, if it is the sender's own and over the whole. */
static void
keep_signed_data (struct inspect *inspect)
{
  const struct signature_verdict *verdict = &inspect->result->verdict.signature;
  if (verdict->state != SIGNATURE_GOOD || verdict->covers != COVERS_WHOLE || verdict->fingerprint == NULL)
    return;
  for (guint i = 0; i < inspect->layers->len && inspect->result->signed_by == NULL; i++) {
    const struct inspect_layer *layer = g_ptr_array_index (inspect->layers, i);
    for (guint j = 0; layer->whole && layer->signed_data != NULL && j < layer->signatures->len; j++) {
      const struct inspect_signature *signature = g_ptr_array_index (layer->signatures, j);
      if (g_strcmp0 (signature->fingerprint, verdict->fingerprint) == 0) {
        inspect->result->signed_by = g_bytes_ref (layer->signed_data);
        break;
      }
    }
  }
}

void
inspect_verdict_compose (struct inspect *inspect)
{
  struct inspect_from from;
  choose_from (inspect, &from);
  if (from.name_differs)
    verdict_warn (&inspect->result->verdict, "from_name_is_address",
                  "The sender's name looks like another address. The address itself is what counts.");
  else if (!from.plain)
    verdict_warn (
        &inspect->result->verdict, "from_unclear",
        "Who sent this message is not clear: From does not name one address. Do not act on it before you know.");
  compose_signature (inspect, &from, TRUE);
  if (inspect->result->verdict.signature.state == SIGNATURE_NONE)
    compose_signature (inspect, &from, FALSE);
  compose_encryption (inspect);
  judge_signed_around (inspect);
  judge_nested (inspect);
  keep_signed_data (inspect);
  inspect->result->from = g_steal_pointer (&from.addresses);
}
