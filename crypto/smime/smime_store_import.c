/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking files into the store: whole or not at all, and what belongs together found in whatever order it came. */
#include "crypto/smime/smime_p.h"

static void
add_once (struct smime_store *store, const char *fingerprint, GPtrArray *candidates_out)
{
  for (guint i = 0; i < candidates_out->len; i++) {
    struct key_candidate *key = candidates_out->pdata[i];
    if (key->method == ROUTE_SMIME && g_str_equal (key->fingerprint, fingerprint))
      return;
  }
  smime_store_find_certificate (store, fingerprint, candidates_out);
}

/* What the batch brought or completed: its certificates, and those that its keys belong to. */
static void
report (struct smime_store *store, const struct smime_batch *batch, GPtrArray *candidates_out)
{
  for (guint i = 0; i < batch->certificates->len; i++) {
    g_autofree char *fingerprint = smime_names_fingerprint (batch->certificates->pdata[i]);
    add_once (store, fingerprint, candidates_out);
  }
  for (guint i = 0; i < store->entries->len; i++) {
    struct smime_entry *entry = store->entries->pdata[i];
    for (guint k = 0; entry->place != NULL && k < batch->keys->len; k++)
      if (EVP_PKEY_eq (X509_get0_pubkey (entry->certificate), batch->keys->pdata[k]) == 1)
        add_once (store, entry->fingerprint, candidates_out);
  }
}

gboolean
smime_store_import (struct smime_store *store, GBytes *blob, const struct secret *passphrase, GPtrArray *candidates_out,
                    gboolean *recognised_out, GError **error)
{
  struct smime_batch batch;
  smime_import_init (&batch);
  /* Everything is read before anything is written: a file with one broken part changes nothing. */
  gboolean fine = smime_import_read (blob, passphrase, &batch, recognised_out, error);
  fine = fine && smime_store_keep (store, &batch, error);
  if (fine && candidates_out != NULL)
    report (store, &batch, candidates_out);
  smime_import_clear (&batch);
  return fine;
}

gboolean
smime_store_settle (struct smime_store *store, GPtrArray *candidates_out, GError **error)
{
  if (candidates_out == NULL)
    return TRUE;
  /* A certificate that was reported before its key came is reported as somebody else's: say it anew. */
  g_autoptr (GPtrArray) fingerprints = g_ptr_array_new_with_free_func (g_free);
  for (guint i = candidates_out->len; i > 0; i--) {
    struct key_candidate *key = candidates_out->pdata[i - 1];
    if (key->method != ROUTE_SMIME)
      continue;
    g_ptr_array_add (fingerprints, g_strdup (key->fingerprint));
    key_candidate_free (g_ptr_array_steal_index (candidates_out, i - 1));
  }
  for (guint i = fingerprints->len; i > 0; i--)
    add_once (store, fingerprints->pdata[i - 1], candidates_out);
  return TRUE;
}
