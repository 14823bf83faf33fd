/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside crypto/smime/: the store's entries and the helpers that its files share. */
#pragma once
#include <openssl/cms.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include "crypto/smime/smime_life.h"
#include "crypto/smime/smime_revocation.h"
#include "crypto/smime/smime_token_p.h"

#define SMIME_BYTES_MAX (300u * 1024 * 1024) /* of one CMS structure */
#define SMIME_SIGNERS_MAX 20
#define SMIME_CERTIFICATES_MAX 50 /* in one mail */
#define SMIME_RECIPIENTS_MAX 2000
#define SMIME_IMPORT_BYTES_MAX (4u * 1024 * 1024)
#define SMIME_IMPORT_ITEMS_MAX 1000 /* certificates and keys in one imported file */
#define SMIME_STORE_FILES_MAX 100000

/* A certificate of the store, and where its private key is when we have it. */
struct smime_entry {
  X509 *certificate;
  const struct smime_key_place *place; /* NULL: somebody else's */
  char *fingerprint;                   /* SHA-256, upper-case hex */
  char *key_id;                        /* see smime_names_key_id */
  GPtrArray *addresses;                /* char *: see smime_names_addresses */
};

struct smime_store {
  char *certificates_dir, *anchors_dir, *capabilities_dir;
  GHashTable *announced; /* see smime_capabilities.c */
  struct smime_revocation *revocation;
  enum revocation_policy revocation_policy;
  GHashTable *stopped;         /* see smime_store_set_stopped; borrowed; NULL */
  struct smime_tokens *tokens; /* the cards */
  GPtrArray *entries;          /* struct smime_entry * */
  GHashTable *by_fingerprint;  /* borrowed entries */
  X509_STORE *anchors;
  GHashTable *chains;              /* see smime_chain_known.c; forgotten with the anchors */
  STACK_OF (X509) * intermediates; /* CA certificates among the entries; borrowed */
  STACK_OF (X509) * others;        /* all certificates of the store, where signers are looked for; borrowed */
  GPtrArray *found;                /* struct smime_entry *: see smime_found.c; NULL: none yet */
};

/* smime_store.c */
gboolean smime_store_reload (struct smime_store *store, GError **error);
struct smime_entry *smime_store_entry (struct smime_store *store, const char *fingerprint); /* borrowed; NULL */
/* An entry that is not in the store. */
struct smime_entry *smime_store_entry_new (X509 *certificate_take);
void smime_store_entry_free (struct smime_entry *entry);

/* smime_found.c: one that was found before; borrowed; NULL. */
struct smime_entry *smime_found_entry (struct smime_store *store, const char *fingerprint);

/* smime_key.c: where private keys lie, one row for each kind of place. path: the place's file of the entry's key. */
struct smime_key_place {
  const char *suffix;                                                   /* of the file */
  gboolean (*fits) (const struct smime_entry *entry, const char *path); /* is this the key of the certificate? */
  EVP_PKEY *(*open) (struct smime_store *store, const struct smime_entry *entry, const char *path, GError **error);
  gboolean asks;        /* the person may be asked for a PIN */
  gboolean any_padding; /* its RSA keys also do OAEP and PSS with SHA-256, which is then announced and used */
};
void smime_key_look (struct smime_store *store, struct smime_entry *entry); /* sets its place, if it has none */
/* For one operation, then close; nothing of it stays in memory, provided that what it was handed to (a CMS_ContentInfo) is freed too.
 * NULL with NO_KEY or FAILED; of a card with PASSPHRASE or CARD. */
EVP_PKEY *smime_key_open (struct smime_store *store, const struct smime_entry *entry, GError **error);
void smime_key_close (EVP_PKEY *key);
/* smime_key_file.c, a place: PKCS#8 without passphrase. */
gboolean smime_key_file_fits (const struct smime_entry *entry, const char *path);
EVP_PKEY *smime_key_file_read (const char *path); /* whoever it belongs to; NULL */
EVP_PKEY *smime_key_file_open (struct smime_store *store, const struct smime_entry *entry, const char *path,
                               GError **error);
char *smime_key_path (struct smime_store *store,
                      const struct smime_entry *entry); /* its place's file; NULL: no place */
/* smime_key_card.c, a place: a smart card. */
#define SMIME_KEY_CARD_SUFFIX ".card"
gboolean smime_key_card_fits (const struct smime_entry *entry, const char *path);
EVP_PKEY *smime_key_card_open (struct smime_store *store, const struct smime_entry *entry, const char *path,
                               GError **error);
char *smime_key_card_label (struct smime_store *store, const struct smime_entry *entry); /* NULL: not on a card */

/* smime_request.c: the certificate of a key has come, so that nobody waits for it any more. */
void smime_request_settled (struct smime_store *store, const X509 *certificate);
/* What a request (PEM) asks for; NULL: it is none. time: as it is to be told. */
struct smime_request *smime_request_describe (GBytes *pem, gint64 time);
gboolean smime_request_fail (GError **error); /* FALSE, with the sentence that nothing came of it */

/* smime_store_find.c: the address of the entry that is asked for, as it stands there; where none is, its first one ("" if it has none); NULL: not
 * this one. */
const char *smime_store_find_address (const struct smime_entry *entry, const char *address_or_null);
/* extra: certificates that came along; NULL. */
struct key_candidate *smime_store_find_candidate (struct smime_store *store, const struct smime_entry *entry,
                                                  STACK_OF (X509) * extra, const char *address, gint64 at);
/* One certificate as a candidate, appended; judged now. */
void smime_store_find_certificate (struct smime_store *store, const char *fingerprint, GPtrArray *candidates_out);

/* smime_store_revocation.c: is it known already that a certificate of this chain (to an anchor) was revoked? Nothing is asked for. */
gboolean smime_store_revocation_known (struct smime_store *store, STACK_OF (X509) * chain, gint64 at);

/* smime_import.c: certificates and keys of a file, both owned by the caller. */
struct smime_batch {
  GPtrArray *certificates; /* X509 * */
  GPtrArray *keys;         /* EVP_PKEY * */
};
void smime_import_init (struct smime_batch *batch);
void smime_import_clear (struct smime_batch *batch);
/* FALSE with error; recognised_out says whether the file is of our kind at all. Nothing recognised and no error: TRUE. */
gboolean smime_import_read (GBytes *blob, const struct secret *passphrase, struct smime_batch *batch,
                            gboolean *recognised_out, GError **error);
/* smime_store.c: write the batch, all or nothing, and make it part of the open store. */
gboolean smime_store_keep (struct smime_store *store, const struct smime_batch *batch, GError **error);
/* smime_import_p12.c, one of the formats of smime_import_read; context: the one that the container was made with. */
gboolean smime_import_p12_read (PKCS12 *container, OSSL_LIB_CTX *context, const struct secret *passphrase,
                                struct smime_batch *batch, GError **error);
/* A library context that also knows the old algorithms (RC2, PBE with SHA-1); only for reading key files. */
struct smime_import_library {
  OSSL_LIB_CTX *context;
  OSSL_PROVIDER *standard, *legacy;
};
void smime_import_p12_begin (struct smime_import_library *library);
void smime_import_p12_end (struct smime_import_library *library);

/* smime_names.c */
GPtrArray *smime_names_addresses (const X509 *certificate);
gboolean smime_names_carries (const X509 *certificate, const char *address);
char *smime_names_fingerprint (const X509 *certificate);
char *smime_names_key_id (X509_PUBKEY *key); /* SHA-256 of the subjectPublicKey bits, hex */

/* smime_chain.c */
enum smime_chain { SMIME_CHAIN_UNTRUSTED = 0, SMIME_CHAIN_TRUSTED, SMIME_CHAIN_EXPIRED };
/* extra: certificates that came along, may be NULL. pinned: the user compared this certificate, so it needs no anchor.
 * chain_out (may be NULL): the chain as far as it was built, caller frees. detail_out (may be NULL): a sentence when not trusted. */
enum smime_chain smime_chain_check (struct smime_store *store, X509 *certificate, STACK_OF (X509) * extra, gint64 at,
                                    gboolean pinned, STACK_OF (X509) * *chain_out, char **detail_out);
/* smime_chain_known.c: trusted chains, by the SHA-256 of their first certificates. find: NULL if it is not known for that time; else
 * the caller frees. */
GHashTable *smime_chain_known_new (void);
STACK_OF (X509) * smime_chain_known_find (GHashTable *all, const X509 *certificate, gint64 at);
void smime_chain_known_add (GHashTable *all, const X509 *certificate, STACK_OF (X509) * chain);
gboolean smime_chain_may_sign (X509 *certificate);
gboolean smime_chain_may_encrypt (X509 *certificate);
/* Why this certificate cannot be used by itself, whatever its chain. encrypt: for encryption, else for signing. */
enum key_fault smime_chain_fault (X509 *certificate, gboolean encrypt, gint64 at);
char *smime_chain_fault_words (X509 *certificate, enum key_fault fault); /* as of key_candidate's detail; may be NULL */

/* smime_algorithm.c: names and identifiers of what is announced. */
#define SMIME_OAEP "RSAES-OAEP"               /* with SHA-1, as it is by default */
#define SMIME_OAEP_SHA256 "RSAES-OAEP-SHA256" /* with SHA-256, also in its mask */
#define SMIME_PSS "RSASSA-PSS"                /* with SHA-256 */
gboolean smime_algorithm_known (const char *name);
const char *smime_algorithm_name (const X509_ALGOR *algorithm); /* static; NULL: none that is known */
gboolean smime_algorithm_add (STACK_OF (X509_ALGOR) * *list, const char *name);

/* smime_choice.c: what a reader is known to read. All FALSE and V15: nothing is known. */
enum smime_padding { SMIME_PADDING_V15 = 0, SMIME_PADDING_OAEP, SMIME_PADDING_OAEP_SHA256 };
struct smime_choice {
  gboolean gcm, pss;
  enum smime_padding padding; /* of the content key, for RSA */
};
struct smime_choice smime_choice_for (struct smime_store *store, const char *fingerprint);
/* What all of them read; padding is each one's own. NULL or empty: nothing. */
struct smime_choice smime_choice_all (struct smime_store *store, const GPtrArray *fingerprints);

/* smime_eddsa.c: Ed25519. Signing sets the attributes, algorithm and signature of a SignerInfo that was made for SHA-512. */
gboolean smime_eddsa_is (const EVP_PKEY *key);
gboolean smime_eddsa_sign (CMS_SignerInfo *info, EVP_PKEY *key, const struct pieces *content);
gboolean smime_eddsa_verify (CMS_SignerInfo *info, GBytes *content);

GHashTable *smime_capabilities_new (void); /* what was read of the files of a store */
/* smime_capabilities.c: what a signer announces (names, best first; NULL: nothing), and what was remembered of one. */
char **smime_capabilities_read (CMS_SignerInfo *signer);
void smime_capabilities_remember (struct smime_store *store, const char *fingerprint, char **capabilities, gint64 time);

/* smime_kind.c */
CMS_ContentInfo *smime_kind_parse (GBytes *cms, int nid, GError **error);
GBytes *smime_kind_encode (CMS_ContentInfo *cms, GError **error);

/* smime_encrypt.c: as smime_encrypt; authenticated: AuthEnvelopedData with AES-256-GCM, whoever announced what. */
GBytes *smime_encrypt_as (struct smime_store *store, GPtrArray *fingerprints, GBytes *content, gboolean authenticated,
                          GPtrArray *ids_out, GError **error);

/* smime_stream.c: a BIO that reads what is left of the pieces; the reader must outlive it. */
BIO *smime_stream_source (struct pieces_reader *reader);
/* cms: with its recipients, and without content (CMS_PARTIAL | CMS_DETACHED). DER, told front to end. After FALSE it is good for nothing. */
typedef void (*smime_stream_fn) (const void *bytes, gsize size, gpointer data);
gboolean smime_stream_envelope (CMS_ContentInfo *cms, gboolean authenticated, const struct pieces *content,
                                smime_stream_fn write, gpointer data);

/* smime_decrypt_tag.c: the length of the authentication tag of AuthEnvelopedData; 0 if it cannot be found. */
gsize smime_decrypt_tag_size (GBytes *cms);

/* The sender's own certificate for signing (else for encryption) at that time; borrowed; NULL. smime_own.c */
struct smime_entry *smime_own_entry (struct smime_store *store, const char *address, gint64 at, gboolean encrypt);
