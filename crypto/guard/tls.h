/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS for a socket that somebody else opened: OpenSSL, TLS 1.2 or later, certificate and host name verified, always.
 * No way to switch verification off exists. Used by mail/net/stream.c only; net workers only.
 * Every call is bounded by timeout_ms and ends at once when cancel_fd becomes readable (cancel_fd -1: none). */
#pragma once
#include <sys/types.h>
#include <gio/gio.h>
#include "crypto/error.h"

struct tls_session;
struct tls_settings {
  const char *host;         /* the name that the certificate must carry (DNS name or IP address) */
  const char *anchors_file; /* PEM or DER; NULL: the system's anchors */
  const char *lists_file;  /* revocation lists, PEM or DER: what no valid one clears is refused; NULL: none are asked */
  const char *const *pins; /* "sha256/BASE64" of a key in the chain, beside all else; NULL: none */
  const char *client_cert_file, *client_key_file; /* PEM, NULL if none */
  const char *scope;                              /* for whom a session may be taken up again; NULL: for nobody */
  int timeout_ms;                                 /* for the whole handshake */
};
/* fd: connected, non-blocking; stays the caller's, who closes it after tls_free. Nothing may have been read from it beyond
 * the plaintext before the handshake. Errors, here and below: TLS_ERROR_*, each message says what is wrong with which certificate;
 * CRYPTO_ERROR_FORMAT for a client certificate that cannot be used; G_IO_ERROR_TIMED_OUT, _CANCELLED, _CONNECTION_CLOSED.
 * A negative timeout_ms counts as 0: nothing here waits without end. */
struct tls_session *tls_connect (int fd, const struct tls_settings *settings, int cancel_fd, GError **error);
/* -1 with error on a broken line, time-out, or cancel; 0 only at a clean close. A write that timed out must be repeated with the
 * same bytes, or the session given up. A session that failed otherwise stays failed. */
ssize_t tls_read (struct tls_session *tls, void *buffer, size_t size, int timeout_ms, int cancel_fd, GError **error);
ssize_t tls_write (struct tls_session *tls, const void *buffer, size_t size, int timeout_ms, int cancel_fd,
                   GError **error);
gboolean tls_pending (struct tls_session *tls);     /* decrypted bytes wait inside */
const char *tls_describe (struct tls_session *tls); /* "TLSv1.3 TLS_AES_256_GCM_SHA384"; borrowed */
const char *tls_pin (struct tls_session *tls);      /* "sha256/BASE64" of the server's own key; borrowed */
gboolean tls_is_resumed (struct tls_session *tls);  /* an earlier session was taken up: no certificates came */
void tls_free (struct tls_session *tls);
DEFINE_AUTOFREE (tls_session, tls_free)

/* A chain file, judged as if a server had shown it: tls_check.c. For a process of its own, with no network. */
struct tls_check {
  GBytes *chain;              /* the server's own certificate first */
  GPtrArray *anchors, *lists; /* of GBytes, files; NULL: the system's; none */
  const char *host;           /* NULL: judged for nobody's name and no purpose */
  gint64 at;                  /* 0: now */
  const char *const *pins;    /* NULL: none */
};
struct tls_verdict {
  gboolean holds;
  const char *reason; /* a word for programs; static */
  char *sentence;
  char *pin;          /* of the server's own key; NULL: there is no certificate */
  char *subject;      /* of the first certificate; NULL as well */
  gint64 from, until; /* when it is valid */
};
/* FALSE with error where the question itself makes no sense (a file that is none, a name that cannot be one). */
gboolean tls_check_chain (const struct tls_check *check, struct tls_verdict *verdict, GError **error);
void tls_verdict_clear (struct tls_verdict *verdict);
