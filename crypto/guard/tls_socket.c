/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The socket under TLS: a BIO that sends without SIGPIPE, and the one wait of this folder.
 *
 * OpenSSL's own socket BIO writes with write(2), so a peer that has gone would kill the process by SIGPIPE. */
#include "crypto/guard/tls_p.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <gio/gio.h>
#include <openssl/bio.h>

struct socket_end {
  int fd;
  gboolean eof;
};

static gboolean
is_transient (int number)
{
  return number == EAGAIN || number == EWOULDBLOCK || number == EINTR;
}

static int
socket_write (BIO *bio, const char *bytes, int size)
{
  struct socket_end *end = BIO_get_data (bio);
  BIO_clear_retry_flags (bio);
  ssize_t sent = send (end->fd, bytes, (size_t) MAX (size, 0), MSG_NOSIGNAL);
  if (sent < 0 && is_transient (errno))
    BIO_set_retry_write (bio);
  return (int) sent;
}

static int
socket_read (BIO *bio, char *bytes, int size)
{
  struct socket_end *end = BIO_get_data (bio);
  BIO_clear_retry_flags (bio);
  ssize_t got = recv (end->fd, bytes, (size_t) MAX (size, 0), 0);
  if (got < 0 && is_transient (errno))
    BIO_set_retry_read (bio);
  else if (got == 0)
    end->eof = TRUE;
  return (int) got;
}

static long
socket_control (BIO *bio, int command, long number, void *pointer)
{
  struct socket_end *end = BIO_get_data (bio);
  switch (command) {
  case BIO_CTRL_FLUSH:
    return 1;
  case BIO_CTRL_EOF:
    return end->eof;
  default:
    return 0;
  }
}

static int
socket_create (BIO *bio)
{
  BIO_set_data (bio, g_new0 (struct socket_end, 1));
  BIO_set_init (bio, 1);
  return 1;
}

static int
socket_destroy (BIO *bio)
{
  g_free (BIO_get_data (bio));
  BIO_set_data (bio, NULL);
  return 1;
}

static gpointer
make_method (gpointer unused)
{
  BIO_METHOD *method = BIO_meth_new (BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "wardmail socket");
  if (method != NULL) {
    BIO_meth_set_write (method, socket_write);
    BIO_meth_set_read (method, socket_read);
    BIO_meth_set_ctrl (method, socket_control);
    BIO_meth_set_create (method, socket_create);
    BIO_meth_set_destroy (method, socket_destroy);
  }
  return method;
}

BIO *
tls_socket_bio (int fd)
{
  static GOnce once = G_ONCE_INIT;
  const BIO_METHOD *method = g_once (&once, make_method, NULL);
  BIO *bio = method != NULL ? BIO_new (method) : NULL;
  if (bio != NULL)
    ((struct socket_end *) BIO_get_data (bio))->fd = fd;
  return bio;
}

gboolean
tls_socket_wait (int fd, short events, int cancel_fd, gint64 deadline_us, const char *host, GError **error)
{
  for (;;) {
    gint64 left_us = deadline_us - g_get_monotonic_time ();
    int left_ms = (int) CLAMP ((left_us + 999) / 1000, 0, G_MAXINT);
    struct pollfd ends[2] = { { .fd = cancel_fd, .events = POLLIN }, { .fd = fd, .events = events } };
    int ready = poll (ends, 2, left_ms);
    if (ready < 0 && errno != EINTR && errno != EAGAIN) {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "Waiting for %s failed (%s).", host,
                   g_strerror (errno));
      return FALSE;
    }
    /* Cancel before data: a server that never stops talking must not be able to hold us. */
    if (ready > 0 && ends[0].revents != 0) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The connection to %s was cancelled.", host);
      return FALSE;
    }
    if (ready > 0 && ends[1].revents != 0)
      return TRUE;
    if (left_ms == 0 && ready == 0) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                   "%s did not answer in time. Check the network connection; if others can reach it, try again.", host);
      return FALSE;
    }
  }
}
