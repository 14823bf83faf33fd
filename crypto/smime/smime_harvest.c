/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a good signature brought along: the signer's certificates that one can encrypt to, and the authorities between them and an
 * anchor. RFC 8551 section 2.5.3 and 3.5.
 *
 * The certificates in a SignedData are not signed themselves: anybody on the way can add one. So each is taken for what it is alone:
 * only with a chain of its own to an anchor, under the very address of the sender, and usable today. */
#include <openssl/err.h>
#include "crypto/smime/smime_p.h"

static void
add (struct smime_store *store, X509 *certificate, struct smime_batch *batch, GPtrArray *fingerprints_out)
{
  g_autofree char *fingerprint = smime_names_fingerprint (certificate);
  if (smime_store_entry (store, fingerprint) != NULL
      || g_ptr_array_find_with_equal_func (fingerprints_out, fingerprint, g_str_equal, NULL))
    return;
  X509_up_ref (certificate);
  g_ptr_array_add (batch->certificates, certificate);
  g_ptr_array_add (fingerprints_out, g_steal_pointer (&fingerprint));
}

/* The certificate, and what lies between it and the anchor, which is the last of the chain. */
static void
consider (struct smime_store *store, X509 *certificate, STACK_OF (X509) * all, gint64 at, struct smime_batch *batch,
          GPtrArray *fingerprints_out)
{
  STACK_OF (X509) *chain = NULL;
  if (smime_chain_fault (certificate, TRUE, at) == KEY_FAULT_NONE
      && smime_chain_check (store, certificate, all, at, FALSE, &chain, NULL) == SMIME_CHAIN_TRUSTED) {
    add (store, certificate, batch, fingerprints_out);
    for (int i = 1; i + 1 < sk_X509_num (chain); i++)
      add (store, sk_X509_value (chain, i), batch, fingerprints_out);
  }
  sk_X509_pop_free (chain, X509_free);
}

gboolean
smime_harvest (struct smime_store *store, GBytes *cms, const char *address, gint64 at, smime_harvest_fn before,
               gpointer data, GError **error)
{
  CMS_ContentInfo *parsed = smime_kind_parse (cms, NID_pkcs7_signed, error);
  if (parsed == NULL)
    return FALSE;
  STACK_OF (X509) *all = CMS_get1_certs (parsed);
  g_autoptr (GPtrArray) fingerprints = g_ptr_array_new_with_free_func (g_free);
  struct smime_batch batch;
  smime_import_init (&batch);
  for (int i = 0; i < sk_X509_num (all) && i < SMIME_CERTIFICATES_MAX; i++)
    if (smime_names_carries (sk_X509_value (all, i), address))
      consider (store, sk_X509_value (all, i), all, at, &batch, fingerprints);
  gboolean fine
      = fingerprints->len == 0 || (before (fingerprints, data, error) && smime_store_keep (store, &batch, error));
  smime_import_clear (&batch);
  sk_X509_pop_free (all, X509_free);
  CMS_ContentInfo_free (parsed);
  ERR_clear_error ();
  return fine;
}
