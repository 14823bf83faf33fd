/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates of the store as candidates for a route: by address, or all of them. */
#include <string.h>
#include "crypto/addrspec.h"
#include "crypto/guard/x509_text.h"
#include "crypto/smime/smime_p.h"

struct key_candidate *
smime_store_find_candidate (struct smime_store *store, const struct smime_entry *entry, STACK_OF (X509) * extra,
                            const char *address, gint64 at)
{
  struct key_candidate *key = g_new0 (struct key_candidate, 1);
  key->method = ROUTE_SMIME;
  key->fingerprint = g_strdup (entry->fingerprint);
  key->address = g_strdup (address);
  key->owner = x509_text_subject (entry->certificate);
  key->own = entry->place != NULL;
  key->card = smime_key_card_label (store, entry);
  key->source = g_strdup (key->card != NULL ? "card" : key->own ? "own" : "imported");
  key->fault = smime_chain_fault (entry->certificate, TRUE, at);
  key->detail = smime_chain_fault_words (entry->certificate, key->fault);
  x509_text_epoch (X509_get0_notAfter (entry->certificate), &key->expires);
  STACK_OF (X509) *chain = NULL;
  key->trust = smime_chain_check (store, entry->certificate, extra, at, FALSE, &chain, NULL) == SMIME_CHAIN_TRUSTED
                   ? KEY_TRUST_CHAIN
                   : KEY_TRUST_FIRST_SEEN;
  if (key->trust == KEY_TRUST_CHAIN && key->fault < KEY_FAULT_REVOKED
      && smime_store_revocation_known (store, chain, at)) {
    key->fault = KEY_FAULT_REVOKED;
    g_clear_pointer (&key->detail, g_free);
  }
  sk_X509_pop_free (chain, X509_free);
  key->capabilities = smime_capabilities_of (store, entry->fingerprint);
  return key;
}

const char *
smime_store_find_address (const struct smime_entry *entry, const char *address)
{
  if (address == NULL)
    return entry->addresses->len > 0 ? entry->addresses->pdata[0] : "";
  for (guint i = 0; i < entry->addresses->len; i++)
    if (addrspec_equal (entry->addresses->pdata[i], address))
      return entry->addresses->pdata[i];
  return NULL;
}

gboolean
smime_store_find (struct smime_store *store, const char *address, gint64 at, GPtrArray *candidates_out, GError **error)
{
  for (guint i = 0; i < store->entries->len; i++) {
    struct smime_entry *entry = store->entries->pdata[i];
    const char *found = smime_store_find_address (entry, address);
    if (found != NULL)
      g_ptr_array_add (candidates_out, smime_store_find_candidate (store, entry, NULL, found, at));
    /* In a list each address stands: who compares the certificate has to see all that it claims. */
    for (guint k = 1; address == NULL && k < entry->addresses->len; k++)
      g_ptr_array_add (candidates_out, smime_store_find_candidate (store, entry, NULL, entry->addresses->pdata[k], at));
  }
  return TRUE;
}

void
smime_store_find_certificate (struct smime_store *store, const char *fingerprint, GPtrArray *candidates_out)
{
  struct smime_entry *entry = smime_store_entry (store, fingerprint);
  if (entry != NULL)
    g_ptr_array_add (candidates_out,
                     smime_store_find_candidate (store, entry, NULL, smime_store_find_address (entry, NULL), 0));
}
