/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One TLS session over a borrowed socket: handshake, read, write, each bounded in time and cancellable. */
#include "crypto/guard/tls.h"
#include <errno.h>
#include <poll.h>
#include <gio/gio.h>
#include <openssl/err.h>
#include "crypto/guard/tls_p.h"

struct tls_session {
  int fd;
  char *host;
  char *description, *pin;
  char *scope;             /* for sessions to be taken up again; NULL: none are kept */
  gint64 begun;            /* when the certificates came */
  const char *const *pins; /* borrowed until the handshake is over */
  struct tls_trust *trust;
  SSL_CTX *context;
  SSL *ssl;
  struct tls_fault fault;
  gboolean broken; /* after a fatal error nothing more may be sent, not even a close_notify */
};

/* In place of OpenSSL's own look at the certificates: they come to the one judge. */
static int
judge (X509_STORE_CTX *store_context, void *data)
{
  SSL *ssl = X509_STORE_CTX_get_ex_data (store_context, SSL_get_ex_data_X509_STORE_CTX_idx ());
  struct tls_session *tls = SSL_get_app_data (ssl);
  const struct tls_terms terms = { .trust = tls->trust, .host = tls->host, .pins = tls->pins };
  STACK_OF (X509) *chain = NULL;
  g_clear_pointer (&tls->fault.certificate, X509_free);
  gboolean holds = tls_chain_judge (&terms, X509_STORE_CTX_get0_cert (store_context),
                                    X509_STORE_CTX_get0_untrusted (store_context), &chain, &tls->fault);
  X509_STORE_CTX_set0_verified_chain (store_context, chain);
  X509_STORE_CTX_set_error (store_context, !holds && tls->fault.code >= TLS_FAULT_PIN
                                               ? X509_V_ERR_APPLICATION_VERIFICATION
                                               : tls->fault.code);
  return holds;
}

/* The server's proof that its certificate was not revoked, or that there is none; before we have shown anything of ourselves. */
static int
judge_staple (SSL *ssl, void *data)
{
  struct tls_session *tls = SSL_get_app_data (ssl);
  STACK_OF (X509) *chain = SSL_get0_verified_chain (ssl);
  const unsigned char *bytes = NULL;
  long size = SSL_get_tlsext_status_ocsp_resp (ssl, &bytes);
  if (SSL_session_reused (ssl)) /* it came with the first handshake */
    return 1;
  g_autoptr (GBytes) response = bytes != NULL && size > 0 ? g_bytes_new (bytes, (gsize) size) : NULL;
  tls->fault.code = tls_staple_judge (chain, response, tls_resume_now ());
  if (tls->fault.code == X509_V_OK)
    return 1;
  tls->fault.depth = 0;
  tls->fault.certificate = sk_X509_value (chain, 0);
  X509_up_ref (tls->fault.certificate);
  return 0;
}

/* A copy: a line that breaks spoils the session that it had, although there is nothing wrong with it. */
static void
keep_session (struct tls_session *tls, SSL_SESSION *session)
{
  SSL_SESSION *copy = tls->scope != NULL ? SSL_SESSION_dup (session) : NULL;
  if (copy != NULL)
    tls_resume_keep (tls->scope, copy, tls->begun);
}

/* A ticket of TLS 1.3. They come when the handshake is over. */
static int
on_ticket (SSL *ssl, SSL_SESSION *session)
{
  if (SSL_version (ssl) >= TLS1_3_VERSION)
    keep_session (SSL_get_app_data (ssl), session);
  return 0;
}

/* Offer an earlier session, if its certificates hold now. Else this handshake is a whole one, and says what is wrong. */
static void
offer_session (struct tls_session *tls)
{
  gint64 begun = 0;
  struct tls_fault fault = { .code = X509_V_OK };
  const struct tls_terms terms = { .trust = tls->trust, .host = tls->host, .pins = tls->pins };
  SSL_SESSION *session = tls->scope != NULL ? tls_resume_take (tls->scope, &begun) : NULL;
  X509 *certificate = session != NULL ? SSL_SESSION_get0_peer (session) : NULL;
  if (certificate != NULL && SSL_set_session (tls->ssl, session) == 1) {
    if (tls_chain_judge (&terms, certificate, SSL_get_peer_cert_chain (tls->ssl), NULL, &fault))
      tls->begun = begun;
    else
      (void) SSL_set_session (tls->ssl, NULL);
  }
  tls_fault_clear (&fault);
  SSL_SESSION_free (session);
}

/* Why an SSL call did not go through: wait and TRUE (try again), or FALSE with error. */
static gboolean
again (struct tls_session *tls, int result, int cancel_fd, gint64 deadline_us, GError **error)
{
  int saved_errno = errno;
  int ssl_error = SSL_get_error (tls->ssl, result);
  if (ssl_error == SSL_ERROR_WANT_READ)
    return tls_socket_wait (tls->fd, POLLIN, cancel_fd, deadline_us, tls->host, error);
  if (ssl_error == SSL_ERROR_WANT_WRITE)
    return tls_socket_wait (tls->fd, POLLOUT, cancel_fd, deadline_us, tls->host, error);
  tls->broken = TRUE;
  if (tls->fault.code != X509_V_OK && tls->fault.certificate != NULL)
    tls_fault_certificate (&tls->fault, tls->host, error);
  else
    tls_fault_protocol (tls->host, ssl_error, ssl_error == SSL_ERROR_SYSCALL ? saved_errno : 0, error);
  ERR_clear_error ();
  return FALSE;
}

static gint64
deadline_after (int timeout_ms)
{
  return g_get_monotonic_time () + (gint64) MAX (timeout_ms, 0) * 1000;
}

/* Whether the caller has cancelled already; the socket is not looked at. */
static gboolean
is_cancelled (struct tls_session *tls, int cancel_fd, GError **error)
{
  struct pollfd end = { .fd = cancel_fd, .events = POLLIN };
  if (cancel_fd < 0 || poll (&end, 1, 0) <= 0)
    return FALSE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The connection to %s was cancelled.", tls->host);
  return TRUE;
}

static gboolean
prepare (struct tls_session *tls, const struct tls_settings *settings, GError **error)
{
  tls->trust = tls_trust_for (settings, error);
  tls->context = tls->trust != NULL ? tls_policy_context (settings, error) : NULL;
  if (tls->context == NULL)
    return FALSE;
  SSL_CTX_set_cert_verify_callback (tls->context, judge, NULL);
  SSL_CTX_set_tlsext_status_cb (tls->context, judge_staple);
  SSL_CTX_sess_set_new_cb (tls->context, on_ticket);
  tls->ssl = SSL_new (tls->context);
  BIO *bio = tls->ssl != NULL ? tls_socket_bio (tls->fd) : NULL;
  if (bio == NULL) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "There is not enough memory for a protected connection.");
    return FALSE;
  }
  SSL_set_bio (tls->ssl, bio, bio);
  /* As much as has come is taken from the socket at once, not head and body of each record by themselves. */
  SSL_set_read_ahead (tls->ssl, 1);
  SSL_set_app_data (tls->ssl, tls);
  SSL_set_verify (tls->ssl, SSL_VERIFY_PEER, NULL);
  SSL_set_tlsext_status_type (tls->ssl, TLSEXT_STATUSTYPE_ocsp);
  tls->begun = tls_resume_now ();
  tls->scope = tls_resume_scope (tls->ssl, settings);
  if (!tls_policy_bind (tls->ssl, settings->host, error))
    return FALSE;
  offer_session (tls);
  return TRUE;
}

static gboolean
handshake (struct tls_session *tls, int timeout_ms, int cancel_fd, GError **error)
{
  gint64 deadline_us = deadline_after (timeout_ms);
  if (is_cancelled (tls, cancel_fd, error))
    return FALSE;
  for (;;) {
    ERR_clear_error ();
    errno = 0;
    int result = SSL_connect (tls->ssl);
    if (result == 1)
      break;
    if (!again (tls, result, cancel_fd, deadline_us, error)) {
      tls->broken = TRUE;
      return FALSE;
    }
  }
  if (!SSL_session_reused (tls->ssl))
    tls->begun = tls_resume_now ();
  /* OpenSSL has refused all else already; this is the one place where a mistake above would be caught. */
  X509 *certificate = SSL_get0_peer_certificate (tls->ssl);
  if (certificate != NULL && SSL_get_verify_result (tls->ssl) == X509_V_OK) {
    /* Without the extended master secret (RFC 7627) a session of TLS 1.2 is not tied to its first handshake. */
    if (SSL_version (tls->ssl) < TLS1_3_VERSION && SSL_get_extms_support (tls->ssl) == 1)
      keep_session (tls, SSL_get0_session (tls->ssl));
    return TRUE;
  }
  tls->broken = TRUE;
  g_set_error (error, CRYPTO_ERROR, TLS_ERROR_UNTRUSTED,
               "%s showed no certificate that could be checked, so nothing was sent.", tls->host);
  return FALSE;
}

struct tls_session *
tls_connect (int fd, const struct tls_settings *settings, int cancel_fd, GError **error)
{
  struct tls_session *tls = g_new0 (struct tls_session, 1);
  tls->fd = fd;
  tls->host = g_strdup (settings->host != NULL ? settings->host : "");
  tls->pins = settings->pins;
  tls->fault.code = X509_V_OK;
  tls->broken = TRUE;
  ERR_clear_error ();
  gboolean fine = prepare (tls, settings, error);
  ERR_clear_error ();
  if (!fine || !handshake (tls, settings->timeout_ms, cancel_fd, error)) {
    if (tls->scope != NULL)
      tls_resume_forget (tls->scope);
    tls_free (tls);
    return NULL;
  }
  tls->broken = FALSE;
  tls->pins = NULL;
  tls->pin = tls_pin_of (SSL_get0_peer_certificate (tls->ssl));
  tls->description = g_strdup_printf ("%s %s", SSL_get_version (tls->ssl), SSL_get_cipher_name (tls->ssl));
  return tls;
}

static gboolean
refuse_broken (struct tls_session *tls, GError **error)
{
  if (!tls->broken)
    return FALSE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "The connection to %s has already broken off.",
               tls->host);
  return TRUE;
}

/* What else is there already: a record may hold a few bytes only, and each call of ours has its price. What goes wrong here the next read tells. */
static size_t
read_more (struct tls_session *tls, char *buffer, size_t size)
{
  size_t done = 0, got = 0;
  while (done < size && SSL_has_pending (tls->ssl) && SSL_read_ex (tls->ssl, buffer + done, size - done, &got) == 1)
    done += got;
  return done;
}

ssize_t
tls_read (struct tls_session *tls, void *buffer, size_t size, int timeout_ms, int cancel_fd, GError **error)
{
  gint64 deadline_us = deadline_after (timeout_ms);
  if (refuse_broken (tls, error) || is_cancelled (tls, cancel_fd, error))
    return -1;
  for (;;) {
    size_t got = 0;
    ERR_clear_error ();
    errno = 0;
    int result = SSL_read_ex (tls->ssl, buffer, size, &got);
    if (result == 1)
      return (ssize_t) (got + read_more (tls, (char *) buffer + got, size - got));
    if (SSL_get_error (tls->ssl, result) == SSL_ERROR_ZERO_RETURN)
      return 0;
    if (!again (tls, result, cancel_fd, deadline_us, error))
      return -1;
  }
}

ssize_t
tls_write (struct tls_session *tls, const void *buffer, size_t size, int timeout_ms, int cancel_fd, GError **error)
{
  gint64 deadline_us = deadline_after (timeout_ms);
  if (refuse_broken (tls, error) || is_cancelled (tls, cancel_fd, error))
    return -1;
  if (size == 0)
    return 0;
  for (;;) {
    size_t sent = 0;
    ERR_clear_error ();
    errno = 0;
    int result = SSL_write_ex (tls->ssl, buffer, size, &sent);
    if (result == 1)
      return (ssize_t) sent;
    if (!again (tls, result, cancel_fd, deadline_us, error))
      return -1;
  }
}

gboolean
tls_pending (struct tls_session *tls)
{
  return SSL_has_pending (tls->ssl) != 0;
}

const char *
tls_describe (struct tls_session *tls)
{
  return tls->description;
}

const char *
tls_pin (struct tls_session *tls)
{
  return tls->pin;
}

gboolean
tls_is_resumed (struct tls_session *tls)
{
  return SSL_session_reused (tls->ssl) == 1;
}

void
tls_free (struct tls_session *tls)
{
  if (tls == NULL)
    return;
  if (!tls->broken)
    (void) SSL_shutdown (tls->ssl); /* one close_notify, if the socket takes it without waiting */
  SSL_free (tls->ssl);
  SSL_CTX_free (tls->context);
  tls_trust_free (tls->trust);
  tls_fault_clear (&tls->fault);
  ERR_clear_error ();
  g_free (tls->description);
  g_free (tls->pin);
  g_free (tls->scope);
  g_free (tls->host);
  g_free (tls);
}
