/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenPGP by GPGME and a gpg of the profile's own GNUPGHOME. Keys worker only. Offline, no files of gpg's making, results from structs only.
 * RFC 4880; PGP/MIME (RFC 3156) framing is protect's and inspect's. */
#pragma once
#include "crypto/keys/keyring.h"
#include "crypto/pieces.h"
#include "crypto/spool.h"
#include "crypto/verdict.h"

struct pgp_engine;
/* keys_dir/gnupg becomes the GNUPGHOME: gpg.conf and gpg-agent.conf are written by us (loopback pinentry, no dirmngr). Where the path is
 * too long for the agent's sockets a short private link to it is used. Agents started for it are killed by pgp_engine_free. */
struct pgp_engine *pgp_engine_open (const char *keys_dir, GError **error);
void pgp_engine_free (struct pgp_engine *engine);
void pgp_engine_set_ask (struct pgp_engine *engine, keyring_ask_fn ask, gpointer data);
gboolean pgp_import (struct pgp_engine *engine, GBytes *blob, GPtrArray *candidates_out, gboolean *recognised_out,
                     GError **error);
/* address: NULL = all keys, a candidate for each address of each. */
gboolean pgp_find (struct pgp_engine *engine, const char *address, gint64 at, GPtrArray *candidates_out,
                   GError **error);

/* Take in the keys of the OpenPGP card that is in, whose public halves are here. NO_KEY, CARD. */
gboolean pgp_card_add (struct pgp_engine *engine, GPtrArray *candidates_out, GError **error);

DEFINE_AUTOFREE (pgp_engine, pgp_engine_free)

/* A key that is kept apart, in a file of its own (path) and never in the keyring: a candidate for this address. */
struct pgp_foreign {
  const char *path, *fingerprint, *address;
  GBytes *key; /* what the file holds */
};
/* The fingerprint of the one key in these bytes, which are hostile. FORMAT: they are not exactly one public key. */
char *pgp_foreign_fingerprint (struct pgp_engine *engine, GBytes *key, GError **error);
/* Does a user id of the key name the address? */
gboolean pgp_foreign_names (struct pgp_engine *engine, GBytes *key, const char *address);
/* Candidates of those whose key has that fingerprint, appended; from then on they can be recipients. FALSE with error: not to be read. */
gboolean pgp_foreign_find (struct pgp_engine *engine, const struct pgp_foreign *files, guint count, gint64 at,
                           GPtrArray *candidates_out, GError **error);
/* Of keys in these bytes (binary, one after the other, hostile): those that name the address, each cut down to what concerns it: the key, its
 * subkeys, the user ids of this address and what the key itself says of these. Returns GBytes *, 8 at most. FORMAT: these are no public keys,
 * or there is more beside them, such as a secret key. No cryptography: gpg judges what is left. */
GPtrArray *pgp_trim (GBytes *keys, const char *address, GError **error);
/* The one of these keys (GBytes *, as of pgp_trim) to encrypt to: by what gpg says, the only one without a fault, or where all have one, that with
 * the least. Borrowed. NULL: none of them names the address, or it is not clear which. */
GBytes *pgp_foreign_choose (struct pgp_engine *engine, GPtrArray *keys, const char *address, gint64 at,
                            char **fingerprint_out);

/* A key of the keyring in the form of Autocrypt: primary key, one user id of the address, the subkey that is encrypted to. Binary. NULL: it has
 * no such form, or it cannot be used to encrypt. */
GBytes *pgp_minimal (struct pgp_engine *engine, const char *fingerprint, const char *address, gint64 at);

struct pgp_signature {
  enum signature_state
      state;            /* GOOD: valid and key trusted (its fingerprint is in trusted); UNTRUSTED: valid, not trusted */
  GPtrArray *addresses; /* char *: addr-specs of the key's valid user ids */
  char *fingerprint;    /* of the primary key */
  gint64 time;
  gboolean valid;
  gboolean weak;  /* made with a digest that can be forged: does not count, state ERROR */
  gboolean early; /* made later than the time it is judged at: does not count, state ERROR */
};
void pgp_signature_free (struct pgp_signature *signature);
/* All outputs are thrown away on any error. signatures_out: struct pgp_signature *. trusted: GHashTable set of upper-case fingerprints. */
gboolean pgp_verify_detached (struct pgp_engine *engine, GBytes *content, GBytes *signature, gint64 at,
                              GHashTable *trusted, GPtrArray *signatures_out, GError **error);
/* A block that holds neither signature nor encryption gives its text and no signature. */
GBytes *pgp_verify_inline (struct pgp_engine *engine, GBytes *armor, gint64 at, GHashTable *trusted,
                           GPtrArray *signatures_out, GError **error);
/* NULL with NO_KEY, INTEGRITY (no MDC, bad MDC, legacy SED), FORMAT. */
GBytes *pgp_decrypt (struct pgp_engine *engine, GBytes *encrypted, gint64 at, GHashTable *trusted, char **cipher_out,
                     GPtrArray *signatures_out, GError **error);
/* A cipher of that name with blocks of 64 bits. RFC 9580, 9.3: not to be used any more. */
gboolean pgp_cipher_weak (const char *name);
/* Sign and encrypt in one operation, SEIPD with MDC, armored (CRLF), to exactly these primary fingerprints. ids_out as in protect.h. After an
 * error what is in the spool is good for nothing. */
gboolean pgp_sign_encrypt (struct pgp_engine *engine, const char *sender, GPtrArray *fingerprints,
                           const struct pieces *content, struct spool *spool, GPtrArray *ids_out, GError **error);
char *pgp_own (struct pgp_engine *engine, const char *address, gint64 at); /* own usable key's fingerprint; NULL */

/* What a run of OpenPGP packets is, by its first packets alone; armored or binary. No cryptography. */
enum pgp_kind {
  PGP_UNKNOWN = 0,
  PGP_ENCRYPTED_MDC,
  PGP_ENCRYPTED_AEAD, /* GnuPG's packet 20 (OCB) */
  PGP_ENCRYPTED_V2,   /* RFC 9580, 5.13.2; GnuPG does not read it */
  PGP_ENCRYPTED_PLAIN /* no MDC */,
  PGP_SIGNED,
  PGP_KEYS
};
/* ids_out: NULL, or where "pgp:..." of each recipient is appended. */
enum pgp_kind pgp_packet_kind (GBytes *bytes, GPtrArray *ids_out);
