/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The keyring: one view over all sources of keys of a profile. Only the keys worker opens it.
 *
 * It lives in one folder, the keys_dir of the profile: gnupg/ (a GNUPGHOME of the profile's own), smime/ (certificates and private keys),
 * anchors/ (trust anchors), trust.conf (what the user compared, by fingerprint), used.conf (which keys were used for whom), told.conf, harvested.conf, autocrypt/, found/. The user's own ~/.gnupg is never touched.
 * Sources are rows of one table (keyring_sources.c): a new source is a file and a row. */
#pragma once
#include "crypto/error.h"
#include "crypto/guard/secret.h"
#include "crypto/revocation.h"
#include "crypto/route.h"

struct keyring;

/* dir: that folder, made (0700) if it is not there. Offline always: no key servers, no WKD, no CRL fetch by gpg.
 * Returns NULL with CRYPTO_ERROR_FAILED. */
struct keyring *keyring_open (const char *dir, GError **error);
void keyring_free (struct keyring *keyring);
DEFINE_AUTOFREE (keyring, keyring_free)

/* All keys under an address, from every source, best first; at: seconds since the epoch (0 = now).
 * Returns struct key_candidate * (owned by the array), or NULL with error when a source could not be read:
 * then the caller holds. Addresses (of RFC 8550's rfc822Name, of a user id) match as addrspec.h says; where keys are found under the
 * very spelling, only those are returned. */
GPtrArray *keyring_find (struct keyring *keyring, const char *address, gint64 at, GError **error);
/* Every key and certificate there is: a candidate for each address of each. */
GPtrArray *keyring_list (struct keyring *keyring, gint64 at, GError **error);

/* Take in keys: OpenPGP (armored or binary, public or secret), X.509 (PEM, DER), PKCS#12, PKCS#8/PEM private keys; several
 * files together, as a certificate and its key belong together (also when they come in either order or one by one).
 * blobs: GBytes *. passphrase: for PKCS#12, encrypted PEM keys; NULL if none. Private keys are stored 0600 in smime/, matched to
 * their certificate by public key. Returns the candidates taken in. Errors: FORMAT, PASSPHRASE, FAILED; all or nothing for each blob. */
GPtrArray *keyring_import (struct keyring *keyring, GPtrArray *blobs, const struct secret *passphrase, GError **error);
/* Take in the certificates of the smart cards that are in the readers now and hold their private keys, which stay there; ROUTE_PGP: the
 * keys of the OpenPGP card that is in, whose public halves are here. module, of the former: of the cards' PKCS#11 module, a path or a
 * name; NULL: the usual one. Asks for PINs. The candidates taken in; NULL with PASSPHRASE, CARD,
 * FAILED. */
GPtrArray *keyring_add_card (struct keyring *keyring, enum route_method kind, const char *module_or_null,
                             GError **error);
/* The organisation says that no other modules may be loaded; NULL: it says nothing. */
void keyring_set_card_modules (struct keyring *keyring, const char *const *paths_or_null);
/* Mark as compared by the user. NO_KEY when no such key is here. fingerprint: hex, either protocol, case-insensitive, blanks allowed. */
gboolean keyring_trust (struct keyring *keyring, const char *fingerprint, GError **error);
/* Take certificates of the address from the SignedData of a mail that carries a good signature of it. They are candidates from now on,
 * trusted as far as their own chains go. */
gboolean keyring_harvest (struct keyring *keyring, GBytes *cms, const char *address, gint64 at, GError **error);
/* Keep what an Autocrypt header says (see autocrypt.h), unless a newer mail said otherwise. date: of the mail, not before 1970 and never
 * later than at. It is a candidate from now on that is hearsay, and in no other way part of the keyring. */
gboolean keyring_autocrypt (struct keyring *keyring, const char *address, GBytes *key, gint64 date, gint64 at,
                            GError **error);
/* What an Autocrypt-Gossip field of a good mail says: hearsay of hearsay, a candidate only where no header of theirs is known. */
gboolean keyring_autocrypt_gossip (struct keyring *keyring, const char *address, GBytes *key, gint64 date, gint64 at,
                                   GError **error);
/* A mail of the address came without an Autocrypt header. A key of one that is older by more than 35 days is not used any more. */
gboolean keyring_autocrypt_missed (struct keyring *keyring, const char *address, gint64 date, gint64 at,
                                   GError **error);
/* keyring_announce.c: the Autocrypt field of the sender, without its last line end, and the Autocrypt-Gossip fields for one copy, with them. NULL: there is nothing to
 * say. */
struct plan_copy;
char *keyring_announce (struct keyring *keyring, const char *sender, gint64 at);
char *keyring_announce_gossip (struct keyring *keyring, const struct plan_copy *copy, gint64 at);
/* Directories on the network are asked by others, in another process; the keyring says when to, and what it takes of the answer.
 * source: a row of keyring_sources.c that can learn ("wkd", "ldap"). */
enum keyring_said {
  KEYRING_SAID_NOTHING = 0, /* it could not be asked */
  KEYRING_SAID_NONSENSE,    /* what it gave is no good; set by keyring_learn */
  KEYRING_SAID_NONE,        /* it has no key for the address */
  KEYRING_SAID_KEYS,
};
/* Is it time to ask it? used: the fingerprint of the key that is in use for the address, which it may have given; NULL: one is wanted. Only
 * whole addresses with a dot in their domain are ever asked for. */
gboolean keyring_should_ask (struct keyring *keyring, const char *source, const char *address, const char *used_or_null,
                             gint64 at);
/* What it said. blobs: GBytes *, hostile. Durable, with the time; candidates from now on, and in no other way part of the keyring. */
gboolean keyring_learn (struct keyring *keyring, const char *source, const char *address, enum keyring_said said,
                        GPtrArray *blobs, gint64 at, GError **error);
/* The organisation says that these keys, and no others, belong to the address. What is no address or no fingerprint is left out; an
 * empty list bars all keys. */
void keyring_pin (struct keyring *keyring, const char *address, const char *const *fingerprints);
/* A sentence (char *) for each key of the user's own, then of people whom he writes to, that expires within 30 days and that none
 * follows. The second one: empty when it was asked for on the same day before. */
GPtrArray *keyring_expiry (struct keyring *keyring, gint64 at, GError **error);
GPtrArray *keyring_expiry_daily (struct keyring *keyring, gint64 at, GError **error);
/* Note which keys the plan's recipients were written to with: from now on any other key of theirs is "changed" until the user compared
 * it. at: as above. Durable; FALSE with error: then nothing may be sent. */
struct plan;
gboolean keyring_remember (struct keyring *keyring, const struct plan *plan, gint64 at, GError **error);
/* Take in a trust anchor (PEM or DER, one or several certificates; not necessarily CA certificates: a self-signed end
 * certificate given as an anchor is trusted itself). */
gboolean keyring_add_anchor (struct keyring *keyring, GBytes *certificates, guint *added_out, GError **error);

/* Take in revocation lists of authorities that are here. found_out: whether this file holds any. */
gboolean keyring_add_lists (struct keyring *keyring, GBytes *file, guint *added_out, gboolean *found_out,
                            GError **error);
/* What it means that a certificate's revocation cannot be learnt. */
void keyring_set_revocation (struct keyring *keyring, enum revocation_policy policy);
/* The answer to a want of an inspection; NULL: nothing came. TRUE: inspecting again will tell more. */
gboolean keyring_take_answer (struct keyring *keyring, const char *id, GBytes *answer_or_null);

/* Can the owner of this address sign (and keep a copy for himself) with the method? Usable secret key present. */
gboolean keyring_can_send (struct keyring *keyring, const char *address, enum route_method method, gint64 at);

/* How a passphrase is asked for while a secret key is used (NULL: never, which makes such keys fail with PASSPHRASE). */
typedef struct secret *(*keyring_ask_fn) (const char *what, gpointer data); /* returns NULL for "no" */
void keyring_set_ask (struct keyring *keyring, keyring_ask_fn ask, gpointer data);

/* For inspect and protect: the engines and what is trusted. All borrowed. */
struct pgp_engine;
struct smime_store;
struct pgp_engine *keyring_pgp (struct keyring *keyring);
struct smime_store *keyring_smime (struct keyring *keyring);
GHashTable *keyring_trusted (struct keyring *keyring); /* set of upper-case fingerprints that the user compared */
/* Was this key compared when it carried this address? (A key that gains an address later has not been compared for it.) */
gboolean keyring_trusted_for (struct keyring *keyring, const char *fingerprint, const char *address);
