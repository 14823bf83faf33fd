/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of an OpenPGP key of one's own: made and given out. Keys worker only; all by gpg in the
 * profile's GNUPGHOME, so that what dies in between leaves the keyring as it was or as it is to be. */
#pragma once
#include "crypto/pgp/pgp.h"

enum pgp_algorithm { PGP_ED25519 = 0 /* and Curve25519 to encrypt */, PGP_RSA3072, PGP_RSA4096 };
struct pgp_make {
  const char *address, *name; /* name: NULL or "": none */
  enum pgp_algorithm algorithm;
  const struct secret *passphrase; /* NULL: none of its own */
};
/* A key that signs, with a subkey that encrypts, valid for two years; its fingerprint. gpg keeps a revocation certificate beside it. */
char *pgp_make (struct pgp_engine *engine, const struct pgp_make *make, GError **error);

/* The public half, armored, with the signatures of its owner alone. */
GBytes *pgp_export (struct pgp_engine *engine, const char *fingerprint, GError **error);
