/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Chains that were found to hold, by what lies in the store alone: what was computed once needs not be computed again for the next mail,
 * of which each would take a handful of signature checks. What a mail brings along never counts here: a key must not be trusted more
 * because some mail was read since the worker started. A chain holds as long as all of its certificates are valid and the anchors are the
 * same. Whether a certificate in it was revoked is looked for each time. */
#include <string.h>
#include "crypto/guard/x509_text.h"
#include "crypto/smime/smime_p.h"

#define KNOWN_MAX 500

struct known {
  guchar digest[32];
  STACK_OF (X509) * chain;
  gint64 from, until;
};

static guint
known_hash (gconstpointer data)
{
  guint hash;
  memcpy (&hash, ((const struct known *) data)->digest, sizeof hash);
  return hash;
}

static gboolean
known_equal (gconstpointer left, gconstpointer right)
{
  return memcmp (((const struct known *) left)->digest, ((const struct known *) right)->digest, 32) == 0;
}

static void
known_free (gpointer data)
{
  struct known *known = data;
  sk_X509_pop_free (known->chain, X509_free);
  g_free (known);
}

GHashTable *
smime_chain_known_new (void)
{
  return g_hash_table_new_full (known_hash, known_equal, NULL, known_free);
}

static gboolean
set_digest (struct known *known, const X509 *certificate)
{
  unsigned int size = 0;
  return X509_digest (certificate, EVP_sha256 (), known->digest, &size) == 1 && size == sizeof known->digest;
}

STACK_OF (X509) * smime_chain_known_find (GHashTable *all, const X509 *certificate, gint64 at)
{
  struct known wanted;
  const gint64 now = at != 0 ? at : g_get_real_time () / G_USEC_PER_SEC;
  const struct known *known = set_digest (&wanted, certificate) ? g_hash_table_lookup (all, &wanted) : NULL;
  return known != NULL && now >= known->from && now <= known->until ? X509_chain_up_ref (known->chain) : NULL;
}

void
smime_chain_known_add (GHashTable *all, const X509 *certificate, STACK_OF (X509) * chain)
{
  struct known *known = g_new0 (struct known, 1);
  known->until = G_MAXINT64;
  gboolean fine = set_digest (known, certificate) && sk_X509_num (chain) > 0;
  for (int i = 0; fine && i < sk_X509_num (chain); i++) {
    gint64 from, until;
    fine = x509_text_epoch (X509_get0_notBefore (sk_X509_value (chain, i)), &from)
           && x509_text_epoch (X509_get0_notAfter (sk_X509_value (chain, i)), &until);
    known->from = MAX (known->from, from);
    known->until = MIN (known->until, until);
  }
  if (g_hash_table_size (all) >= KNOWN_MAX)
    g_hash_table_remove_all (all);
  if (fine && (known->chain = X509_chain_up_ref (chain)) != NULL)
    g_hash_table_replace (all, known, known);
  else
    g_free (known);
}
