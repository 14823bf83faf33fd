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
