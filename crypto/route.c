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
                                   .allow_pgp = TRUE };
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

/* What stands between this key and its use. */
static enum route_reason
judge (const struct key_candidate *key, const struct route_policy *policy, gboolean can_smime, gboolean can_pgp)
{
  if (key->fault != KEY_FAULT_NONE)
    return reason_of_fault (key->fault);
  const gboolean smime = key->method == ROUTE_SMIME;
  /* Whatever policy says, a key of which nothing is known is not used. */
  const enum key_trust least = MAX (smime ? policy->least_smime : policy->least_pgp, KEY_TRUST_FIRST_SEEN);
  if (key->trust < least || key->trust > KEY_TRUST_VERIFIED)
    return ROUTE_REASON_UNTRUSTED;
  if (!(smime ? policy->allow_smime : policy->allow_pgp))
    return ROUTE_REASON_POLICY;
  if (!(smime ? can_smime : can_pgp))
    return ROUTE_REASON_SENDER;
  return ROUTE_REASON_KEY_FOUND;
}

/* How near a key is to being used: what is easiest to put right comes first. */
static int
distance (enum route_reason reason)
{
  static const enum route_reason order[]
      = { ROUTE_REASON_KEY_FOUND, ROUTE_REASON_SENDER,  ROUTE_REASON_POLICY, ROUTE_REASON_UNTRUSTED,
          ROUTE_REASON_EXPIRED,   ROUTE_REASON_NOT_YET, ROUTE_REASON_USAGE,  ROUTE_REASON_WEAK,
          ROUTE_REASON_REVOKED,   ROUTE_REASON_BROKEN };
  for (gsize i = 0; i < G_N_ELEMENTS (order); i++)
    if (order[i] == reason)
      return (int) i;
  return (int) G_N_ELEMENTS (order);
}

/* TRUE if a, with its reason, is to be chosen before b. A total order, so that the order of the keys does not matter. */
static gboolean
better (const struct key_candidate *a, enum route_reason reason_a, const struct key_candidate *b,
        enum route_reason reason_b, enum route_method prefer)
{
  if (distance (reason_a) != distance (reason_b))
    return distance (reason_a) < distance (reason_b);
  if (a->method != b->method)
    return prefer == ROUTE_HOLD ? a->method < b->method : a->method == prefer;
  if (a->trust != b->trust)
    return a->trust > b->trust;
  if (a->expires != b->expires)
    return a->expires == 0 || (b->expires != 0 && a->expires > b->expires);
  return g_strcmp0 (a->fingerprint, b->fingerprint) < 0;
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

  const struct key_candidate *best = NULL;
  enum route_reason reason = ROUTE_REASON_NO_KEY;
  if (normal == NULL)
    reason = ROUTE_REASON_BAD_ADDRESS;
  else if (keys == NULL)
    reason = ROUTE_REASON_KEYRING;
  else
    for (guint i = 0; i < keys->len; i++) {
      const struct key_candidate *key = g_ptr_array_index (keys, i);
      if ((key->method != ROUTE_SMIME && key->method != ROUTE_PGP) || key->fingerprint == NULL
          || !addrspec_equal (key->address, normal))
        continue;
      const enum route_reason found = judge (key, policy, can_smime, can_pgp);
      if (best == NULL || better (key, found, best, reason, policy->prefer)) {
        best = key;
        reason = found;
      }
    }
  route->reason = reason;
  route->method = reason == ROUTE_REASON_KEY_FOUND ? best->method : ROUTE_HOLD;
  route->key = best != NULL ? key_candidate_copy (best) : NULL;
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
  g_free (route);
}
