/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of an OpenPGP key of one's own: made, given out, sealed away, prolonged, taken back. Keys worker only; all by gpg in the
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
/* Every key that is here, armored: the public halves, or the secret ones of one's own keys, which the caller wipes (a passphrase is asked for
 * where a key has one). on_card_out (may be NULL): fingerprints (char *) of own keys that lie on a card and cannot be had. NULL without
 * error: there is none. */
GBytes *pgp_export_all (struct pgp_engine *engine, gboolean secret, GPtrArray *on_card_out, GError **error);

/* Valid for two years from now, the newest subkey of each use too. */
gboolean pgp_renew (struct pgp_engine *engine, const char *fingerprint, GError **error);

enum pgp_revoke_reason { PGP_REVOKE_NONE = 0, PGP_REVOKE_COMPROMISED, PGP_REVOKE_SUPERSEDED, PGP_REVOKE_RETIRED };
/* For good. Where the passphrase is not to be had, the certificate that was kept when the key was made serves, without a reason. */
gboolean pgp_revoke (struct pgp_engine *engine, const char *fingerprint, enum pgp_revoke_reason reason, GError **error);
/* The revocation certificate that gpg wrote when the key was made, and back to where gpg looks for it. NULL: there is none. */
GBytes *pgp_revoke_kept (struct pgp_engine *engine, const char *fingerprint);
gboolean pgp_revoke_keep (struct pgp_engine *engine, const char *fingerprint, GBytes *certificate, GError **error);

/* Under a passphrase alone: AES-256 with integrity, the passphrase stretched as far as OpenPGP goes. gpg -d opens it. */
GBytes *pgp_seal (struct pgp_engine *engine, GBytes *content, const struct secret *passphrase, GError **error);
gboolean pgp_seal_is (GBytes *bytes); /* is it sealed under a passphrase, and to no key? */
/* The content, which the caller wipes; at most size_max bytes. PASSPHRASE, FORMAT. */
GBytes *pgp_seal_open (struct pgp_engine *engine, GBytes *sealed, const struct secret *passphrase, gsize size_max,
                       GError **error);
