/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the keyring share. */
#pragma once
#include "crypto/keys/keyring.h"

struct keyring {
  char *dir; /* the folder it lives in */
  struct pgp_engine *pgp;
  struct smime_store *smime;
  GHashTable *trust;   /* upper-case fingerprint -> NULL-terminated char ** of the addresses compared */
  GHashTable *pins;    /* addrspec_fold -> NULL-terminated char ** of upper-case fingerprints */
  GKeyFile *memory;    /* see keyring_memory.c */
  GKeyFile *harvested; /* see keyring_harvest.c; NULL: not read yet */
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

/* keyring_file.c. A file that is not there is an empty one; one that cannot be read is an error, as it might say that a key is wrong. */
struct keyring_file {
  const char *name;
  const char *what;    /* it is, in words: begins the sentence when it cannot be read */
  const char *instead; /* what to do without it: ends that sentence */
};
GKeyFile *keyring_file_read (struct keyring *keyring, const struct keyring_file *kind, GError **error);
gboolean keyring_file_write (struct keyring *keyring, const struct keyring_file *kind, GKeyFile *file, GError **error);

/* keyring_memory.c */
gboolean keyring_memory_load (struct keyring *keyring, GError **error);
/* Mark candidates that are others than the keys used for their addresses before. */
void keyring_memory_apply (struct keyring *keyring, GPtrArray *candidates);

/* Was it used for its address? */
gboolean keyring_memory_knows (struct keyring *keyring, const struct key_candidate *key);

/* keyring_pins.c */
void keyring_pins_merge (struct keyring *keyring); /* into what is trusted */
void keyring_pins_apply (struct keyring *keyring, GPtrArray *candidates);

/* keyring_harvest.c: say where they come from. */
void keyring_harvest_apply (struct keyring *keyring, GPtrArray *candidates);

/* keyring_autocrypt.c: a source. */
gboolean keyring_autocrypt_find (struct keyring *keyring, const char *address, gint64 at, GPtrArray *candidates_out,
                                 GError **error);

/* Take the key into the keyring, so that no newer header can replace it; the addresses that it came with (char *) are appended, if its
 * own user ids name them. other_out: it came with one that they do not name. */
gboolean keyring_autocrypt_adopt (struct keyring *keyring, const char *fingerprint, GPtrArray *addresses,
                                  gboolean *other_out, GError **error);

/* keyring_expiry.c */
void keyring_expiry_apply (GPtrArray *candidates, gint64 at);

gboolean keyring_trust_load (struct keyring *keyring, GError **error);
gboolean keyring_trust_store (struct keyring *keyring, const char *fingerprint, const char *const *addresses,
                              GError **error);
/* Raise candidates that the user compared to KEY_TRUST_VERIFIED. */
void keyring_trust_apply (struct keyring *keyring, GPtrArray *candidates);
/* "ab cd:..." -> "ABCD..."; NULL unless it is 40 or 64 hex digits. */
char *keyring_trust_fingerprint (const char *text);
