/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the OpenPGP engine share. */
#pragma once
#include "crypto/pgp/pgp.h"
#include <gpgme.h>

DEFINE_AUTOFREE (gpgme_context, gpgme_release)
DEFINE_AUTOFREE (gpgme_data, gpgme_data_release)

struct pgp_engine {
  char *home;         /* what gpg is told; may be a link */
  char *link_dir;     /* the private folder that holds the link; NULL */
  GPtrArray *keys;    /* gpgme_key_t of everything there is, loaded on demand, dropped on import; NULL */
  GPtrArray *foreign; /* see pgp_foreign.c; NULL */
  keyring_ask_fn ask;
  gpointer ask_data;
  char *card;            /* the card whose key the operation of now uses; NULL: none */
  gboolean asked, given; /* its PIN, in this operation */
};

#define PGP_LOOK_BYTES (1024u * 1024) /* of armor, where pgp_packet_kind looks */

/* pgp_home.c: the GNUPGHOME and its agent. */
gboolean pgp_home_open (struct pgp_engine *engine, const char *keys_dir, GError **error);
void pgp_home_close (struct pgp_engine *engine);
/* Has the disk no room for what gpg and its agent write? They then fail as if keys were missing. TRUE with error set. */
gboolean pgp_home_full (struct pgp_engine *engine, GError **error);

/* Begin or end to let the agent start scdaemon. */
gboolean pgp_home_use_cards (struct pgp_engine *engine, gboolean cards, GError **error);

/* pgp_agent.c */
char *pgp_agent_settings (const char *home, gboolean cards);
gboolean pgp_agent_has_stubs (const char *home); /* is any key on a card? */

/* pgp_card.c. Is the card in that this key is on? Then its PIN is asked for by name. FALSE with CARD. Call it once the context is there. */
gboolean pgp_card_ready (struct pgp_engine *engine, gpgme_key_t key, gpgme_subkey_t subkey, GError **error);
/* The same for decrypting what is encrypted to these ids ("pgp:..."). */
gboolean pgp_card_ready_for (struct pgp_engine *engine, const GPtrArray *ids, GError **error);
/* Did the operation fail for want of the PIN? TRUE with PASSPHRASE or CARD. */
gboolean pgp_card_failed (struct pgp_engine *engine, gpgme_error_t reason, GError **error);
gpgme_subkey_t pgp_card_signing (gpgme_key_t key); /* that gpg signs with; NULL */
char *pgp_card_name (gpgme_key_t key);             /* NULL: it is not on a card */

/* pgp_engine.c. A context for one operation (never reused: results of an older one must not be read). */
gpgme_ctx_t pgp_context_new (struct pgp_engine *engine, GError **error);
/* This is the passphrase, whatever it is asked for; nobody else is asked. Borrowed for as long as the context lives. */
void pgp_context_give (gpgme_ctx_t context, const struct secret *passphrase);
/* Output into memory, at most size_max bytes; more makes the operation fail. */
struct pgp_sink {
  GByteArray *bytes;
  gsize size_max;
  gboolean full;
};
gpgme_data_t pgp_sink_open (struct pgp_sink *sink, gsize size_max);
/* Before it is used, for secrets: up to this size nothing is moved, so that no copy stays behind. */
void pgp_sink_reserve (struct pgp_sink *sink, gsize size);
void pgp_sink_clear (struct pgp_sink *sink);
GBytes *pgp_sink_steal (struct pgp_sink *sink);
gpgme_data_t pgp_source_open (GBytes *bytes); /* borrows the bytes */
/* GPGME moves 512 bytes at a time unless it is told otherwise. Returns data. */
gpgme_data_t pgp_in_big_pieces (gpgme_data_t data);
void pgp_set_error (GError **error, int code, gpgme_error_t reason, const char *what);

/* pgp_box.c: the keys in the home's keybox; 0 where it has none. */
guint pgp_box_count (const char *home);

/* pgp_keys.c */
GPtrArray *pgp_keys_all (struct pgp_engine *engine, GError **error); /* borrowed */
/* Both borrowed. Of its primary key; of what it signs with, a primary key or a subkey. */
gpgme_key_t pgp_keys_by_fingerprint (struct pgp_engine *engine, const char *fingerprint);
gpgme_key_t pgp_keys_by_signer (struct pgp_engine *engine, const char *fingerprint);
GPtrArray *pgp_keys_addresses (gpgme_key_t key); /* char *: of valid user ids */
/* The subkey to encrypt to, or NULL with why not. */
gpgme_subkey_t pgp_keys_encryption (gpgme_key_t key, gint64 at, enum key_fault *fault_out);
enum key_fault pgp_keys_fault (gpgme_subkey_t subkey, gint64 at);
gint64 pgp_keys_now (gint64 at);
struct key_candidate *pgp_keys_candidate (gpgme_key_t key, const char *address, gint64 at);

/* pgp_foreign.c: one that was a candidate, and where it lies; both borrowed. NULL: none with this primary fingerprint. */
gpgme_key_t pgp_foreign_key (struct pgp_engine *engine, const char *fingerprint, const char **path_out);

/* pgp_packet.c */
enum pgp_tag {
  PGP_TAG_PKESK = 1,
  PGP_TAG_SIGNATURE = 2,
  PGP_TAG_SKESK = 3,
  PGP_TAG_ONE_PASS = 4,
  PGP_TAG_SECRET_KEY = 5,
  PGP_TAG_PUBLIC_KEY = 6,
  PGP_TAG_SECRET_SUBKEY = 7,
  PGP_TAG_COMPRESSED = 8,
  PGP_TAG_SED = 9,
  PGP_TAG_MARKER = 10,
  PGP_TAG_LITERAL = 11,
  PGP_TAG_TRUST = 12,
  PGP_TAG_USER_ID = 13,
  PGP_TAG_PUBLIC_SUBKEY = 14,
  PGP_TAG_ATTRIBUTE = 17,
  PGP_TAG_SEIPD = 18,
  PGP_TAG_AEAD = 20,
  PGP_TAG_PADDING = 21,
};
struct pgp_packet {
  guint tag;
  gsize body, size; /* size: of the body; of what is there, where the length is partial or unknown */
  gboolean open_end;
};
/* The header of the packet that begins at data[at]; its body may reach beyond the data. FALSE: there is none. */
gboolean pgp_packet_read (const guint8 *data, gsize size, gsize at, struct pgp_packet *packet);
#define PGP_FINGERPRINT_SIZE 20 /* of version 4 */
/* Of the key in this body; FALSE: it is not of version 4. */
gboolean pgp_packet_fingerprint (const guint8 *body, gsize size, guint8 *fingerprint_out);
gboolean pgp_packet_is_key (const guint8 *body, gsize size, const char *fingerprint); /* the one with this, in hex */

/* pgp_export.c: the public key of this fingerprint alone, of its signatures only its own; not armored. */
GBytes *pgp_export_one (struct pgp_engine *engine, const char *fingerprint, GError **error);

/* pgp_verify.c: what the last operation of a context said of signatures. */
void pgp_verify_collect (struct pgp_engine *engine, gpgme_ctx_t context, gint64 at, GHashTable *trusted,
                         GPtrArray *signatures_out);
