/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of TLS that tls.c is put together from. */
#pragma once
#include <glib.h>
#include <openssl/ssl.h>
#include "crypto/guard/tls.h"

/* tls_policy.c: what we accept of a server. The context holds versions, ciphers, anchors and our client certificate. */
SSL_CTX *tls_policy_context (const struct tls_settings *settings, GError **error);
/* Bind one connection to the name its certificate must carry. A name that cannot be checked is an error, never a pass. */
gboolean tls_policy_bind (SSL *ssl, const char *host, GError **error);

/* tls_socket.c: a BIO over a borrowed non-blocking socket that never raises SIGPIPE. */
BIO *tls_socket_bio (int fd);
/* Wait until fd is ready for the poll events. FALSE with G_IO_ERROR_CANCELLED or _TIMED_OUT. deadline_us: monotonic time.
 * An fd that has failed counts as ready: the next read says how. */
gboolean tls_socket_wait (int fd, short events, int cancel_fd, gint64 deadline_us, const char *host, GError **error);

/* tls_fault.c: from what OpenSSL reports to a code and a sentence. */
struct tls_fault {
  int code; /* the first X509_V_ERR_*; X509_V_OK if the chain was fine */
  int depth;
  X509 *certificate; /* the one it is about; owned */
};
void tls_fault_clear (struct tls_fault *fault);
void tls_fault_certificate (const struct tls_fault *fault, const char *host, GError **error);
/* Takes the OpenSSL error queue. during: "while the connection was being protected" or the like. */
void tls_fault_protocol (const char *host, int ssl_error, int saved_errno, GError **error);
