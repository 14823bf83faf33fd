/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the keyring share. */
#pragma once
#include "crypto/keys/keyring.h"

struct keyring {
  char *dir; /* the folder it lives in */
  struct pgp_engine *pgp;
  struct smime_store *smime;
  GHashTable *trust; /* upper-case fingerprint -> NULL-terminated char ** of the addresses compared */
};

/* One place where keys come from. */
struct keyring_source {
  const char *name;
  gboolean (*find) (struct keyring *keyring, const char *address, gint64 at, GPtrArray *candidates_out, GError **error);
  /* NULL: nothing can be imported into it. recognised_out FALSE: not what this source keeps. */
  gboolean (*import) (struct keyring *keyring, GBytes *blob, const struct secret *passphrase, GPtrArray *candidates_out,
                      gboolean *recognised_out, GError **error);
};
extern const struct keyring_source keyring_sources[];
extern const gsize keyring_sources_count;

gboolean keyring_trust_load (struct keyring *keyring, GError **error);
gboolean keyring_trust_store (struct keyring *keyring, const char *fingerprint, const char *const *addresses,
                              GError **error);
/* Raise candidates that the user compared to KEY_TRUST_VERIFIED. */
void keyring_trust_apply (struct keyring *keyring, GPtrArray *candidates);
/* "ab cd:..." -> "ABCD..."; NULL unless it is 40 or 64 hex digits. */
char *keyring_trust_fingerprint (const char *text);
