/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* S/MIME by OpenSSL's CMS: certificates, chains, sign, verify, encrypt, decrypt. Keys worker only (certificates: anyone).
 * No OpenSSL type leaves crypto/smime/. RFC 5652, 8551, 8550, 5083/5084 (AuthEnvelopedData). */
#pragma once
#include "crypto/keys/keyring.h"
#include "crypto/pieces.h"
#include "crypto/revocation.h"
#include "crypto/spool.h"
#include "crypto/verdict.h"

/* The folder of certificates, keys and anchors: DIR/keys/smime and DIR/keys/anchors, read at open, again after import. */
struct smime_store;
struct smime_store *smime_store_open (const char *keys_dir, GError **error);
void smime_store_free (struct smime_store *store);
gboolean smime_store_import (struct smime_store *store, GBytes *blob, const struct secret *passphrase,
                             GPtrArray *candidates_out, gboolean *recognised_out, GError **error);
/* After imports: match keys and certificates that came apart; NULL candidates are fine. */
gboolean smime_store_settle (struct smime_store *store, GPtrArray *candidates_out, GError **error);
gboolean smime_store_add_anchor (struct smime_store *store, GBytes *certificates, guint *added_out, GError **error);
/* Take in the certificates of the cards that are in now, as far as their keys are on the card too, which is where those stay. module: of
 * the PKCS#11 module, a path or a name; NULL: the usual one. PASSPHRASE, CARD, FAILED. */
gboolean smime_store_add_card (struct smime_store *store, const char *module_or_null, GPtrArray *candidates_out,
                               GError **error);
void smime_store_set_ask (struct smime_store *store, keyring_ask_fn ask, gpointer data);         /* for a card's PIN */
void smime_store_set_card_modules (struct smime_store *store, const char *const *paths_or_null); /* NULL: any */
/* Candidates for an address (NULL: all), appended. trust is CHAIN where the chain holds at that time for e-mail protection, else
 * FIRST_SEEN; the keyring raises it to VERIFIED. */
gboolean smime_store_find (struct smime_store *store, const char *address, gint64 at, GPtrArray *candidates_out,
                           GError **error);

/* What policy says of certificates whose revocation cannot be learnt; REVOCATION_SOFT unless set. */
void smime_store_set_revocation (struct smime_store *store, enum revocation_policy policy);
/* Fingerprints that the user stopped using: their own keys do not sign, and where the value is 2 their signatures do not count. Borrowed. */
void smime_store_set_stopped (struct smime_store *store, GHashTable *stopped);
/* The answer to a want of a signature (NULL: nothing came). TRUE if more is known now, so that it is worth to look again. */
gboolean smime_store_take_answer (struct smime_store *store, const char *id, GBytes *answer_or_null);
/* Revocation lists (DER or PEM) of authorities that are in the store. found_out: there are any in this file. */
gboolean smime_store_add_lists (struct smime_store *store, GBytes *file, guint *added_out, gboolean *found_out,
                                GError **error);
/* What the holder of this certificate last announced, signed, that he can read: "AES-256-GCM", "RSAES-OAEP" and the like, best first.
 * NULL: nothing is known; an empty list: nothing that is known here. The caller frees. */
char **smime_capabilities_of (struct smime_store *store, const char *fingerprint);

struct smime_signature {
  enum signature_state
      state; /* GOOD here: valid, and chain trusted for e-mail protection at that time. The From check is not made here. */
  GPtrArray *addresses; /* char *: rfc822Name (and emailAddress attribute where there is no SAN) of the signer */
  char *fingerprint;
  gint64 time;         /* signingTime; 0 */
  gboolean valid;      /* the mathematics hold over the content, whatever the trust */
  char *detail;        /* plain sentence on what is wrong; NULL */
  char *unchecked;     /* plain sentence where it is GOOD, and could not be checked for revocation; NULL */
  GPtrArray *wants;    /* struct revocation_want *: what would tell more of the chains; may be empty */
  char **capabilities; /* of the first signer; NULL: it announces nothing */
  GPtrArray *signers;  /* struct smime_signer *: all of them, as they came; empty where none was looked at */
};
struct smime_signer {
  enum signature_state state;
  GPtrArray *addresses; /* char * */
  char *fingerprint;
  gint64 time;
  gboolean anchored; /* where state is GOOD: by a chain to an anchor, and not only because it is in trusted */
};
void smime_signature_clear (struct smime_signature *signature);

/* content NULL: opaque (SignedData holds it). content_out: what was signed, only with a valid signature or when signature->valid is
 * FALSE but the bytes are readable (a bad signature's text may still be shown, as unsigned). FALSE with error: not CMS at all.
 * signature_out is to be cleared in either case. Several signers: the first one is described, the state is that of the worst; what
 * each of them is worth by himself is in signers. */
gboolean smime_verify (struct smime_store *store, GBytes *cms, GBytes *content, gint64 at, GHashTable *trusted,
                       struct smime_signature *signature_out, GBytes **content_out, GError **error);

struct smime_decryption {
  char *cipher;           /* "AES-256-GCM", "AES-256-CBC", "3DES-CBC", ... */
  gboolean authenticated; /* AuthEnvelopedData whose tag was right */
};
/* EnvelopedData and AuthEnvelopedData. NULL with NO_KEY, INTEGRITY (tag or padding wrong), FORMAT. Never returns unauthenticated
 * bytes of an AuthEnvelopedData. */
GBytes *smime_decrypt (struct smime_store *store, GBytes *cms, gint64 at, struct smime_decryption *how_out,
                       GError **error);

/* Take what a good signature brought along and lies not here yet: certificates of the address that can be encrypted to, each with a
 * chain of its own to an anchor, and the authorities between. before: called with their fingerprints (char *) before they are kept; FALSE
 * with error: they are not. cms: DER of the SignedData. */
typedef gboolean (*smime_harvest_fn) (GPtrArray *fingerprints, gpointer data, GError **error);
gboolean smime_harvest (struct smime_store *store, GBytes *cms, const char *address, gint64 at, smime_harvest_fn before,
                        gpointer data, GError **error);

/* Certificates that a directory gave for an address, kept apart from the store. take: of its values (blobs: GBytes *, each a certificate or a
 * SignedData with certificates; hostile) those that name the address, and what came along, as one file; NULL: none names it. */
GBytes *smime_found_take (GPtrArray *blobs, const char *address);
/* Those of such a file that name the address as candidates, appended: trust is CHAIN where the chain holds, with what came along, else NONE. They can
 * be encrypted to from now on. */
void smime_found_find (struct smime_store *store, GBytes *file, const char *address, gint64 at,
                       GPtrArray *candidates_out);
/* Take one of the file into the store. */
gboolean smime_found_adopt (struct smime_store *store, GBytes *file, const char *fingerprint, GError **error);

/* CompressedData (RFC 3274), bounded by INSPECT_BYTES_MAX. */
GBytes *smime_uncompress (GBytes *cms, GError **error);
enum smime_kind { SMIME_UNKNOWN = 0, SMIME_SIGNED, SMIME_ENVELOPED, SMIME_AUTH_ENVELOPED, SMIME_COMPRESSED };
enum smime_kind smime_kind (GBytes *cms); /* what the ContentInfo says it is */

/* DER of SignedData (opaque: with content; detached: without). The signer's chain as far as it is known is added. SHA-256 or better. */
GBytes *smime_sign (struct smime_store *store, const char *sender, GBytes *content, gboolean detached, gint64 at,
                    GError **error);
/* DER of AuthEnvelopedData with AES-256-GCM where all of them announced that, else of EnvelopedData with AES-256-CBC, to the
 * certificates with these fingerprints; RSA keys by OAEP where that was announced. ids_out: recipient ids as in protect.h. */
GBytes *smime_encrypt (struct smime_store *store, GPtrArray *fingerprints, GBytes *content, GPtrArray *ids_out,
                       GError **error);
/* The same for a long text: nothing of it is copied. Detached, for these readers (fingerprints, the sender's own among them): by
 * RSASSA-PSS where all of them announced it. micalg_out: for multipart/signed; static. */
GBytes *smime_sign_pieces (struct smime_store *store, const char *sender, const GPtrArray *readers,
                           const struct pieces *content, gint64 at, const char **micalg_out, GError **error);
/* Did all of them announce AES-256-GCM? Then it is to be AuthEnvelopedData. */
gboolean smime_encrypt_authenticates (struct smime_store *store, const GPtrArray *fingerprints);
/* Writes the DER in base64 into the spool; after an error what is there is good for nothing. */
gboolean smime_encrypt_pieces (struct smime_store *store, GPtrArray *fingerprints, const struct pieces *content,
                               gboolean authenticated, struct spool *spool, GPtrArray *ids_out, GError **error);
/* The fingerprint of the sender's own certificate that copies to himself are encrypted to; NULL if he has none or cannot sign. */
char *smime_own (struct smime_store *store, const char *address, gint64 at);
