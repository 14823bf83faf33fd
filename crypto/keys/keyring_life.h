/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a keyring can do with keys of the user's own, from their making to their end. Keys worker only. */
#pragma once
#include "crypto/keys/keyring.h"
#include "crypto/smime/smime_life.h"

/* ---- keyring_new.c ---- */
struct keyring_wish {
  enum route_method kind; /* ROUTE_PGP or ROUTE_SMIME */
  const char *address, *name;
  const char *algorithm;           /* a name of keyring_algorithms, or NULL */
  const struct secret *passphrase; /* of its own, for OpenPGP; NULL */
  gboolean another;                /* even where there is a usable one */
};
/* A new key: OpenPGP's is usable at once (key_out), that of S/MIME waits for its certificate (request_out). FALSE with FAILED (there is
 * one already, too), FORMAT: the address is none, the algorithm unknown. */
gboolean keyring_new (struct keyring *keyring, const struct keyring_wish *wish, struct key_candidate **key_out,
                      struct smime_request **request_out, GError **error);
const char *
keyring_algorithms (enum route_method kind); /* their names, for a sentence; the first is taken without one */

/* ---- keyring_export.c: a public key as a file ---- */
struct keyring_public {
  GBytes *bytes;
  char *filename;
  const char *type; /* MIME */
  char *fingerprint;
  enum route_method method;
};
void keyring_public_clear (struct keyring_public *key);
/* which: a fingerprint or an address, of which the best key is taken. kind: ROUTE_HOLD = either, but not where there are both.
 * own: only the user's. NO_KEY. */
gboolean keyring_export (struct keyring *keyring, const char *which, enum route_method kind, gboolean own,
                         struct keyring_public *public_out, GError **error);

/* ---- keyring_backup.c, keyring_restore.c: own keys, and what is known of others', in a sealed file that gpg -d opens ---- */
#define KEYRING_BACKUP_SIZE_MAX (48u * 1024 * 1024) /* of what is in it, about */
struct keyring_backup {
  GBytes *sealed;
  guint pgp, smime;   /* keys in it */
  GPtrArray *on_card; /* char *: fingerprints of own keys that are not, as they lie on a card */
};
void keyring_backup_clear (struct keyring_backup *backup);
gboolean keyring_backup_fit (const struct secret *passphrase, GError **error); /* is it good enough for one? FORMAT */
/* Sealed, and opened again for a test. Passphrases of keys that have one are asked for. NO_KEY: there is nothing. */
gboolean keyring_backup (struct keyring *keyring, const struct secret *passphrase, struct keyring_backup *out,
                         GError **error);
gboolean keyring_restore_is (GBytes *file); /* does it look like one? */
/* Adds what is not here yet, and replaces nothing. The own keys (struct key_candidate *) that are here afterwards. PASSPHRASE, FORMAT. */
GPtrArray *keyring_restore (struct keyring *keyring, GBytes *sealed, const struct secret *passphrase, GError **error);

/* ---- keyring_renew.c ---- */
/* OpenPGP: valid for two more years (key_out). S/MIME: the request for a successor, with a new key or the same (request_out). For own keys. */
gboolean keyring_renew (struct keyring *keyring, const char *fingerprint, gboolean same_key,
                        struct key_candidate **key_out, struct smime_request **request_out, GError **error);

enum keyring_reason {
  KEYRING_REASON_NONE = 0,
  KEYRING_REASON_COMPROMISED,
  KEYRING_REASON_SUPERSEDED,
  KEYRING_REASON_RETIRED
};
gboolean keyring_reason_read (const char *name, enum keyring_reason *reason_out); /* "none", "compromised", ... */
struct keyring_revoked {
  struct key_candidate *key; /* as it was */
  gboolean for_good;         /* own OpenPGP keys alone; others are no longer used here */
  GBytes *public;            /* then: what is to be given to the people who have it */
  char *issuer, *serial;     /* of an own certificate: who can revoke it, and by which number */
};
void keyring_revoked_clear (struct keyring_revoked *revoked);
gboolean keyring_revoke (struct keyring *keyring, const char *fingerprint, enum keyring_reason reason,
                         struct keyring_revoked *out, GError **error);

/* ---- keyring_remind.c: a key was made that is in no back-up yet; or all are in one now ---- */
gboolean keyring_remind (struct keyring *keyring, gboolean wanted, GError **error);
