/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The store's side of revocation: its policy, its authorities, and what comes from outside. */
#include "crypto/smime/smime_p.h"

void
smime_store_set_revocation (struct smime_store *store, enum revocation_policy policy)
{
  store->revocation_policy = policy;
}

gboolean
smime_store_take_answer (struct smime_store *store, const char *id, GBytes *answer)
{
  return smime_revocation_take (store->revocation, id, answer);
}

gboolean
smime_store_revocation_known (struct smime_store *store, STACK_OF (X509) * chain, gint64 at)
{
  return store->revocation_policy != REVOCATION_OFF
         && smime_revocation_check (store->revocation, chain, at, NULL, NULL, NULL) == SMIME_REVOCATION_REVOKED;
}

gboolean
smime_store_add_lists (struct smime_store *store, GBytes *file, guint *added_out, gboolean *found_out, GError **error)
{
  g_autoptr (GPtrArray) issuers = g_ptr_array_new_with_free_func ((GDestroyNotify) X509_free);
  STACK_OF (X509_OBJECT) *anchors = X509_STORE_get0_objects (store->anchors);
  for (int i = 0; i < sk_X509_OBJECT_num (anchors); i++) {
    X509 *anchor = X509_OBJECT_get0_X509 (sk_X509_OBJECT_value (anchors, i));
    if (anchor != NULL && X509_up_ref (anchor) == 1)
      g_ptr_array_add (issuers, anchor);
  }
  for (int i = 0; i < sk_X509_num (store->intermediates); i++) {
    X509 *authority = sk_X509_value (store->intermediates, i);
    if (X509_up_ref (authority) == 1)
      g_ptr_array_add (issuers, authority);
  }
  return smime_revocation_import (store->revocation, file, issuers, added_out, found_out, error);
}
