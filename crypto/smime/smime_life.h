/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of an S/MIME key of one's own: made, certified on request, given out. Keys worker only.
 *
 * A certificate is the work of an authority, so what is made here is the key and a request (PKCS#10, RFC 2986). Both lie in smime/,
 * KEYID.key and KEYID.csr, until a certificate for that key is taken in. */
#pragma once
#include "crypto/smime/smime.h"

enum smime_algorithm { SMIME_RSA3072 = 0 /* what most programs can read */, SMIME_RSA4096, SMIME_P256, SMIME_P384 };

/* One that waits for its certificate. */
struct smime_request {
  char *id;        /* of the key, hex */
  char *address;   /* the first that it names; "" */
  char *algorithm; /* "RSA, 3072 bits", "P-256" */
  gint64 time;     /* when it was made */
  GBytes *pem;
};
void smime_request_free (struct smime_request *request);
DEFINE_AUTOFREE (smime_request, smime_request_free)

/* A new key, and the request for a certificate that names this address and this person. Durable. */
struct smime_request *smime_request_new (struct smime_store *store, const char *address, const char *name,
                                         enum smime_algorithm algorithm, GError **error);
/* The request for a successor of a certificate of one's own, for the same names: with its key, or with a new one of the same kind. */
struct smime_request *smime_request_renew (struct smime_store *store, const char *fingerprint, gboolean same_key,
                                           GError **error);
GPtrArray *smime_request_list (struct smime_store *store); /* struct smime_request *, newest first */
/* Forget it, with its key unless a certificate has that one too. NO_KEY. */
gboolean smime_request_drop (struct smime_store *store, const char *id, GError **error);
/* Take in one (PEM), whose key is here; for restoring. */
gboolean smime_request_keep (struct smime_store *store, GBytes *pem, GError **error);

/* PEM: the certificate, and the authorities between it and an anchor, as far as they are known. */
GBytes *smime_export (struct smime_store *store, const char *fingerprint, GError **error);

/* Who made a certificate, and its number there (hex): what an authority wants to know to revoke it. NULL: unknown. */
void smime_describe (struct smime_store *store, const char *fingerprint, char **issuer_out, char **serial_out);

/* Called for each file of a back-up (private keys as PKCS#12 under the passphrase, certificates, anchors, requests); bytes are borrowed.
 * on_card_out: fingerprints (char *) of own certificates whose keys cannot leave where they are. */
typedef gboolean (*smime_backup_fn) (const char *name, GBytes *bytes, gpointer data, GError **error);
gboolean smime_backup (struct smime_store *store, const struct secret *passphrase, smime_backup_fn file, gpointer data,
                       GPtrArray *on_card_out, GError **error);
