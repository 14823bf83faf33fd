/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The sender's own certificates: which one signs, which one his copies are encrypted to. They may be two. */
#include "crypto/addrspec.h"
#include "crypto/guard/x509_text.h"
#include "crypto/smime/smime_p.h"

static gboolean
names (const struct smime_entry *entry, const char *address)
{
  for (guint i = 0; i < entry->addresses->len; i++)
    if (addrspec_equal (entry->addresses->pdata[i], address))
      return TRUE;
  return FALSE;
}

/* A trusted chain before none, then the later end of validity: what the others can check, and for longest. */
static gboolean
is_better (struct smime_store *store, struct smime_entry *one, struct smime_entry *best, gint64 at)
{
  gint64 one_until, best_until;
  if (best == NULL)
    return TRUE;
  gboolean one_trusted
      = smime_chain_check (store, one->certificate, NULL, at, FALSE, NULL, NULL) == SMIME_CHAIN_TRUSTED;
  gboolean best_trusted
      = smime_chain_check (store, best->certificate, NULL, at, FALSE, NULL, NULL) == SMIME_CHAIN_TRUSTED;
  if (one_trusted != best_trusted)
    return one_trusted;
  x509_text_epoch (X509_get0_notAfter (one->certificate), &one_until);
  x509_text_epoch (X509_get0_notAfter (best->certificate), &best_until);
  return one_until > best_until;
}

/* With a certificate that was taken back nobody may sign: whoever reads it would be warned of us. */
static gboolean
is_revoked (struct smime_store *store, struct smime_entry *entry, gint64 at)
{
  STACK_OF (X509) *chain = NULL;
  gboolean revoked = smime_chain_check (store, entry->certificate, NULL, at, FALSE, &chain, NULL) == SMIME_CHAIN_TRUSTED
                     && smime_store_revocation_known (store, chain, at);
  sk_X509_pop_free (chain, X509_free);
  return revoked;
}

void
smime_store_set_stopped (struct smime_store *store, GHashTable *stopped)
{
  store->stopped = stopped;
}

struct smime_entry *
smime_own_entry (struct smime_store *store, const char *address, gint64 at, gboolean encrypt)
{
  struct smime_entry *best = NULL;
  for (guint i = 0; i < store->entries->len; i++) {
    struct smime_entry *entry = store->entries->pdata[i];
    if (entry->place != NULL && names (entry, address)
        && (store->stopped == NULL || !g_hash_table_contains (store->stopped, entry->fingerprint))
        && smime_chain_fault (entry->certificate, encrypt, at) == KEY_FAULT_NONE && !is_revoked (store, entry, at)
        && is_better (store, entry, best, at))
      best = entry;
  }
  return best;
}

char *
smime_own (struct smime_store *store, const char *address, gint64 at)
{
  struct smime_entry *entry = smime_own_entry (store, address, at, TRUE);
  return entry != NULL && smime_own_entry (store, address, at, FALSE) != NULL ? g_strdup (entry->fingerprint) : NULL;
}
