/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The route decision: a pure function from an address, its candidate keys, policy and the sender's own means to a method. */
#include "crypto/route.h"
#include "crypto/addrspec.h"
#include "crypto/route_text.h"
#include <string.h>

void
route_policy_init (struct route_policy *policy)
{
  *policy = (struct route_policy){ .least_smime = KEY_TRUST_CHAIN,
                                   .least_pgp = KEY_TRUST_FIRST_SEEN,
                                   .prefer = ROUTE_SMIME,
                                   .allow_smime = TRUE,
                                   .allow_pgp = TRUE,
                                   .least_reply = KEY_TRUST_FIRST_SEEN,
                                   .allow_autocrypt = TRUE };
}

struct route_policy
route_policy_for (const struct route_policy *policy, gboolean parent_protected)
{
  struct route_policy message = *policy;
  if (parent_protected) {
    message.least_smime = MAX (message.least_smime, message.least_reply);
    message.least_pgp = MAX (message.least_pgp, message.least_reply);
  }
  return message;
}

const char *
route_reason_name (enum route_reason reason)
{
  switch (reason) {
  case ROUTE_REASON_NO_KEY:
    return "no_key";
  case ROUTE_REASON_BAD_ADDRESS:
    return "bad_address";
  case ROUTE_REASON_UNTRUSTED:
    return "untrusted";
  case ROUTE_REASON_EXPIRED:
    return "expired";
  case ROUTE_REASON_NOT_YET:
    return "not_yet_valid";
  case ROUTE_REASON_USAGE:
    return "wrong_usage";
  case ROUTE_REASON_WEAK:
    return "weak";
  case ROUTE_REASON_REVOKED:
    return "revoked";
  case ROUTE_REASON_BROKEN:
    return "broken";
  case ROUTE_REASON_POLICY:
    return "policy";
  case ROUTE_REASON_SENDER:
    return "sender_no_key";
  case ROUTE_REASON_KEYRING:
    return "keyring_failed";
  case ROUTE_REASON_CHANGED:
    return "key_changed";
  case ROUTE_REASON_PINNED:
    return "not_pinned";
  case ROUTE_REASON_STOPPED:
    return "stopped";
  case ROUTE_REASON_SECOND:
    return "second_choice";
  case ROUTE_REASON_KEY_FOUND:
    return "key_found";
  }
  return "no_key";
}

const char *
route_method_name (enum route_method method)
{
  switch (method) {
  case ROUTE_HOLD:
    return "hold";
  case ROUTE_SMIME:
    return "smime";
  case ROUTE_PGP:
    return "pgp";
  }
  return "hold";
}

static enum route_reason
reason_of_fault (enum key_fault fault)
{
  switch (fault) {
  case KEY_FAULT_NONE:
    return ROUTE_REASON_KEY_FOUND;
  case KEY_FAULT_UNTRUSTED:
    return ROUTE_REASON_UNTRUSTED;
  case KEY_FAULT_EXPIRED:
    return ROUTE_REASON_EXPIRED;
  case KEY_FAULT_NOT_YET:
    return ROUTE_REASON_NOT_YET;
  case KEY_FAULT_USAGE:
    return ROUTE_REASON_USAGE;
  case KEY_FAULT_WEAK:
    return ROUTE_REASON_WEAK;
  case KEY_FAULT_REVOKED:
    return ROUTE_REASON_REVOKED;
  case KEY_FAULT_BROKEN:
    return ROUTE_REASON_BROKEN;
  }
  return ROUTE_REASON_BROKEN;
}

/* What stands between this key and its use. known: there are keys of its kind for the address that are more than hearsay. */
static enum route_reason
judge (const struct key_candidate *key, const struct route_policy *policy, gboolean can_smime, gboolean can_pgp,
       gboolean known)
{
  if (key->fault != KEY_FAULT_NONE)
    return reason_of_fault (key->fault);
  if (key->barred)
    return ROUTE_REASON_PINNED;
  if (key->stopped)
    return ROUTE_REASON_STOPPED;
  const gboolean smime = key->method == ROUTE_SMIME;
  /* Whatever policy says, a key of which nothing is known is not used. */
  const enum key_trust least = MAX (smime ? policy->least_smime : policy->least_pgp, KEY_TRUST_FIRST_SEEN);
  if (key->trust < least || key->trust > KEY_TRUST_VERIFIED || (key->hearsay && !policy->allow_autocrypt))
    return ROUTE_REASON_UNTRUSTED;
  if (!(smime ? policy->allow_smime : policy->allow_pgp))
    return ROUTE_REASON_POLICY;
  if (!(smime ? can_smime : can_pgp))
    return ROUTE_REASON_SENDER;
  if (key->trust < KEY_TRUST_VERIFIED && (key->changed || (key->hearsay && known)))
    return ROUTE_REASON_CHANGED;
  return ROUTE_REASON_KEY_FOUND;
}

/* How near a key is to being used: what is easiest to put right comes first. */
static int
distance (enum route_reason reason)
{
  static const enum route_reason order[]
      = { ROUTE_REASON_KEY_FOUND, ROUTE_REASON_CHANGED, ROUTE_REASON_SENDER,  ROUTE_REASON_POLICY,
          ROUTE_REASON_UNTRUSTED, ROUTE_REASON_PINNED,  ROUTE_REASON_STOPPED, ROUTE_REASON_EXPIRED,
          ROUTE_REASON_NOT_YET,   ROUTE_REASON_USAGE,   ROUTE_REASON_WEAK,    ROUTE_REASON_REVOKED,
          ROUTE_REASON_BROKEN };
  for (gsize i = 0; i < G_N_ELEMENTS (order); i++)
    if (order[i] == reason)
      return (int) i;
  return (int) G_N_ELEMENTS (order);
}

/* Which of the two comes first. A total order, so that the order of the keys does not matter. */
static int
compare (gconstpointer one, gconstpointer other, gpointer data)
{
  const struct route_candidate *left = *(struct route_candidate *const *) one,
                               *right = *(struct route_candidate *const *) other;
  const struct key_candidate *a = left->key, *b = right->key;
  const enum route_method *prefer = data;
  if (left->reason != right->reason)
    return distance (left->reason) < distance (right->reason) ? -1 : 1;
  if (a->hearsay != b->hearsay)
    return b->hearsay ? -1 : 1;
  if (a->method != b->method)
    return (*prefer == ROUTE_HOLD ? a->method < b->method : a->method == *prefer) ? -1 : 1;
  if (a->trust != b->trust)
    return a->trust > b->trust ? -1 : 1;
  if (a->expires != b->expires)
    return a->expires == 0 || (b->expires != 0 && a->expires > b->expires) ? -1 : 1;
  return g_strcmp0 (a->fingerprint, b->fingerprint);
}

static void
route_candidate_free (gpointer data)
{
  struct route_candidate *candidate = data;
  key_candidate_free (candidate->key);
  g_free (candidate->sentence);
  g_free (candidate);
}

static gboolean
is_for (const struct key_candidate *key, const char *address)
{
  return (key->method == ROUTE_SMIME || key->method == ROUTE_PGP) && key->fingerprint != NULL
         && addrspec_equal (key->address, address);
}

/* Is there a key for the address of the method that is more than hearsay, whatever is wrong with it? */
static gboolean
is_known (const GPtrArray *keys, const char *address, enum route_method method)
{
  for (guint i = 0; i < keys->len; i++) {
    const struct key_candidate *key = g_ptr_array_index (keys, i);
    if (is_for (key, address) && key->method == method && !key->hearsay)
      return TRUE;
  }
  return FALSE;
}

static GPtrArray *
consider (const char *address, const GPtrArray *keys, const struct route_policy *policy, gboolean can_smime,
          gboolean can_pgp)
{
  GPtrArray *candidates = g_ptr_array_new_with_free_func (route_candidate_free);
  enum route_method prefer = policy->prefer;
  for (guint i = 0; i < keys->len; i++) {
    const struct key_candidate *key = g_ptr_array_index (keys, i);
    if (!is_for (key, address))
      continue;
    struct route_candidate *candidate = g_new0 (struct route_candidate, 1);
    candidate->key = key_candidate_copy (key);
    candidate->reason = judge (key, policy, can_smime, can_pgp, is_known (keys, address, key->method));
    g_ptr_array_add (candidates, candidate);
  }
  g_ptr_array_sort_with_data (candidates, compare, &prefer);
  for (guint i = 1; i < candidates->len; i++) {
    struct route_candidate *candidate = g_ptr_array_index (candidates, i);
    if (candidate->reason == ROUTE_REASON_KEY_FOUND)
      candidate->reason = ROUTE_REASON_SECOND;
  }
  return candidates;
}

struct route *
route_decide (const char *address, const GPtrArray *keys, const struct route_policy *policy, gboolean can_smime,
              gboolean can_pgp)
{
  struct route_policy builtin;
  route_policy_init (&builtin);
  if (policy == NULL)
    policy = &builtin;
  struct route *route = g_new0 (struct route, 1);
  g_autofree char *normal = addrspec_normalise (address);
  route->address = g_strdup (normal != NULL ? normal : address != NULL ? address : "");
  route->reason = normal == NULL ? ROUTE_REASON_BAD_ADDRESS : keys == NULL ? ROUTE_REASON_KEYRING : ROUTE_REASON_NO_KEY;
  if (normal != NULL && keys != NULL)
    route->candidates = consider (normal, keys, policy, can_smime, can_pgp);
  if (route->candidates != NULL && route->candidates->len > 0) {
    const struct route_candidate *best = g_ptr_array_index (route->candidates, 0);
    route->reason = best->reason;
    route->method = best->reason == ROUTE_REASON_KEY_FOUND ? best->key->method : ROUTE_HOLD;
    route->key = key_candidate_copy (best->key);
  }
  route_text_fill (route, policy);
  return route;
}

void
route_free (struct route *route)
{
  if (route == NULL)
    return;
  g_free (route->address);
  g_free (route->sentence);
  g_free (route->next);
  key_candidate_free (route->key);
  g_clear_pointer (&route->candidates, g_ptr_array_unref);
  g_free (route);
}

gboolean
route_wants_key (const struct route *route)
{
  if (route->method != ROUTE_HOLD)
    return FALSE;
  switch (route->reason) {
  case ROUTE_REASON_NO_KEY:
  case ROUTE_REASON_EXPIRED:
  case ROUTE_REASON_USAGE:
  case ROUTE_REASON_WEAK:
  case ROUTE_REASON_REVOKED:
  case ROUTE_REASON_STOPPED:
  case ROUTE_REASON_BROKEN:
  case ROUTE_REASON_POLICY:
    return TRUE;
  case ROUTE_REASON_BAD_ADDRESS:
  case ROUTE_REASON_UNTRUSTED: /* these are helped by comparing */
  case ROUTE_REASON_CHANGED:
  case ROUTE_REASON_PINNED:
  case ROUTE_REASON_NOT_YET: /* by the clock */
  case ROUTE_REASON_SENDER:
  case ROUTE_REASON_KEYRING:
  case ROUTE_REASON_SECOND:
  case ROUTE_REASON_KEY_FOUND:
    return FALSE;
  }
  return FALSE;
}
