/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What may be used for a reader: what he announced in signed mail, and nothing that he did not.
 *
 * Of our own certificates it is known what wardmail can do with them; but where the user signed with one elsewhere, later, and we have
 * read that, what he announced there counts for it as for anybody's. */
#include "crypto/smime/smime_p.h"

static gboolean
has (char **capabilities, const char *name)
{
  return g_strv_contains ((const char *const *) capabilities, name);
}

struct smime_choice
smime_choice_for (struct smime_store *store, const char *fingerprint)
{
  g_auto (GStrv) announced = smime_capabilities_of (store, fingerprint);
  const struct smime_entry *entry = smime_store_entry (store, fingerprint);
  struct smime_choice choice = { FALSE, FALSE, SMIME_PADDING_V15 };
  if (announced != NULL) {
    choice.gcm = has (announced, "AES-256-GCM");
    choice.pss = has (announced, SMIME_PSS);
    choice.padding = has (announced, SMIME_OAEP_SHA256) ? SMIME_PADDING_OAEP_SHA256
                     : has (announced, SMIME_OAEP)      ? SMIME_PADDING_OAEP
                                                        : SMIME_PADDING_V15;
  } else if (entry != NULL && entry->place != NULL) {
    choice.gcm = choice.pss = TRUE;
    choice.padding = SMIME_PADDING_OAEP_SHA256;
  }
  /* Also where it was announced before the key went to a card. */
  if (entry != NULL && entry->place != NULL && !entry->place->any_padding)
    choice.padding = SMIME_PADDING_V15;
  return choice;
}

struct smime_choice
smime_choice_all (struct smime_store *store, const GPtrArray *fingerprints)
{
  struct smime_choice all = { FALSE, FALSE, SMIME_PADDING_V15 };
  for (guint i = 0; fingerprints != NULL && i < fingerprints->len; i++) {
    struct smime_choice one = smime_choice_for (store, fingerprints->pdata[i]);
    all.gcm = (all.gcm || i == 0) && one.gcm;
    all.pss = (all.pss || i == 0) && one.pss;
  }
  return all;
}
