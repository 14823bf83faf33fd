/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of TLS that tls.c is put together from. */
#pragma once
#include <glib.h>
#include <openssl/ssl.h>
#include "crypto/guard/tls.h"

#define TLS_FILE_SIZE_MAX (8 * 1024 * 1024) /* of anchors, lists, chains */

/* tls_trust.c: whom we believe. */
struct tls_trust {
  X509_STORE *store;
  STACK_OF (X509) * own; /* those that somebody here named; NULL: the system's */
  STACK_OF (X509_CRL)
  *lists; /* NULL: nobody asked for lists; else each certificate must stand on a valid one as not revoked */
};
struct tls_trust *tls_trust_for (const struct tls_settings *settings, GError **error);
struct tls_trust *tls_trust_system (GError **error);
struct tls_trust *tls_trust_empty (void); /* nobody, until somebody is named */
/* name: of the file, for the sentence; NULL: it has none. */
gboolean tls_trust_add_own (struct tls_trust *trust, GBytes *bytes, const char *name, GError **error);
gboolean tls_trust_add_lists (struct tls_trust *trust, GBytes *bytes, const char *name, GError **error);
void tls_trust_free (struct tls_trust *trust);
DEFINE_AUTOFREE (tls_trust, tls_trust_free)
/* All certificates of a file, PEM or one in DER; NULL if there is none, or one is damaged. */
STACK_OF (X509) * tls_trust_parse (GBytes *bytes);

/* tls_chain.c: the judge. */
struct tls_terms {
  const struct tls_trust *trust;
  const char *host;        /* NULL: a chain for nobody's name and no purpose (cert-check alone) */
  gint64 at;               /* 0: now */
  const char *const *pins; /* NULL: none */
};
struct tls_fault;
/* others: what came along, in any order. chain_out (may be NULL): from end to its anchor where it holds, else NULL; the caller's. */
gboolean tls_chain_judge (const struct tls_terms *terms, X509 *end, STACK_OF (X509) * others,
                          STACK_OF (X509) * *chain_out, struct tls_fault *fault);
/* The name as a certificate would have it, in ASCII; NULL if it can be none. The caller's. */
char *tls_chain_name (const char *host, gboolean *is_address_out);

/* tls_pin.c */
gboolean tls_pin_matches (const char *const *pins, STACK_OF (X509) * chain);
char *tls_pin_of (X509 *certificate); /* "sha256/BASE64"; NULL: no memory */

/* tls_staple.c: X509_V_OK, or what is wrong with the first of a chain that holds otherwise. response: what came with it; NULL: nothing. */
int tls_staple_judge (STACK_OF (X509) * chain, GBytes *response, gint64 at);

/* tls_resume.c: sessions to be taken up again. */
char *tls_resume_scope (SSL *ssl, const struct tls_settings *settings); /* NULL: none are kept */
void tls_resume_keep (const char *scope, SSL_SESSION *session_take, gint64 begun);
/* The newest of the scope, which goes out of the store; begun_out: when its first handshake was. */
SSL_SESSION *tls_resume_take (const char *scope, gint64 *begun_out);
void tls_resume_forget (const char *scope_or_null);
gint64 tls_resume_now (void); /* seconds */

/* tls_policy.c: what we accept of a server. The context holds versions, ciphers and our client certificate. */
/* For OpenSSL's readers of PEM: never ask on the terminal, which is what they do by themselves. asked: a gboolean that becomes TRUE; may be NULL. */
int tls_policy_no_passphrase (char *buffer, int size, int writing, void *asked);
SSL_CTX *tls_policy_context (const struct tls_settings *settings, GError **error);
/* Ask for this name (SNI). A name that cannot be checked is an error, never a pass. */
gboolean tls_policy_bind (SSL *ssl, const char *host, GError **error);

/* tls_socket.c: a BIO over a borrowed non-blocking socket that never raises SIGPIPE. */
BIO *tls_socket_bio (int fd);
/* Wait until fd is ready for the poll events. FALSE with G_IO_ERROR_CANCELLED or _TIMED_OUT. deadline_us: monotonic time.
 * An fd that has failed counts as ready: the next read says how. */
gboolean tls_socket_wait (int fd, short events, int cancel_fd, gint64 deadline_us, const char *host, GError **error);

/* tls_fault.c: from what OpenSSL reports to a code and a sentence. */
enum { /* beside X509_V_ERR_* */
       TLS_FAULT_PIN = 100000,
       TLS_FAULT_SERIAL,
       TLS_FAULT_STAPLE,
};
struct tls_fault {
  int code; /* X509_V_ERR_* or TLS_FAULT_*; X509_V_OK if the chain was fine */
  int depth;
  X509 *certificate; /* the one it is about; owned */
};
void tls_fault_clear (struct tls_fault *fault);
/* A short word for programs: "expired", "host", ... */
const char *tls_fault_reason (int code);
/* What is wrong, and what to do; host NULL: nobody showed it. */
char *tls_fault_sentence (const struct tls_fault *fault, const char *host);
void tls_fault_certificate (const struct tls_fault *fault, const char *host, GError **error);
/* Takes the OpenSSL error queue. during: "while the connection was being protected" or the like. */
void tls_fault_protocol (const char *host, int ssl_error, int saved_errno, GError **error);
