/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The line to a server. See stream.h. */
#include "mail/net/stream.h"

#include "crypto/guard/secret.h"
#include "crypto/guard/tls.h"
#include "mail/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX_SIZE 8192

struct stream {
  const struct remote *remote;
  int fd;
  struct tls_session *tls;
  GError *error;
  guint64 allowed; /* bytes that may still come in */
  gint64 deadline; /* monotonic microseconds */
  char line[LINE_MAX_SIZE], ahead[4096];
  gsize ahead_at, ahead_size;
  int wake_fd; /* see stream_set_meanwhile; -1 */
  stream_meanwhile_fn meanwhile;
  gpointer meanwhile_data;
  gboolean unserved; /* it is to be called without a look at wake_fd */
};

static void
fail (struct stream *stream, const char *what)
{
  if (stream->error == NULL)
    g_set_error (&stream->error, ENGINE_ERROR, ENGINE_ERROR_NETWORK, "No connection to %s: %s.", stream->remote->host,
                 what);
}

void
stream_fail (struct stream *stream, const char *sentence)
{
  if (stream->error == NULL)
    g_set_error_literal (&stream->error, ENGINE_ERROR, ENGINE_ERROR_NETWORK, sentence);
}

const GError *
stream_error (const struct stream *stream)
{
  return stream->error;
}

int
stream_fd (const struct stream *stream)
{
  return stream->fd;
}

gboolean
stream_is_tls (const struct stream *stream)
{
  return stream->tls != NULL;
}

char *
stream_protection (const struct stream *stream)
{
  g_autofree char *version = g_strndup (tls_describe (stream->tls), strcspn (tls_describe (stream->tls), " "));
  return g_strdup_printf ("%s, the server's key is %s", version, tls_pin (stream->tls));
}

void
stream_allow_until (struct stream *stream, guint64 bytes, gint64 until)
{
  stream->allowed = bytes;
  stream->deadline = until;
}

void
stream_allow (struct stream *stream, guint64 bytes, guint seconds)
{
  stream_allow_until (stream, bytes, g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC);
}

gboolean
stream_has_pending (const struct stream *stream)
{
  return stream->tls != NULL && tls_pending (stream->tls);
}

/* 1: ready; 0: timeout_ms passed; -1: poll failed. */
static int
wait_for (int fd, short events, int timeout_ms)
{
  struct pollfd one = { .fd = fd, .events = events };
  int ready;
  do
    ready = poll (&one, 1, timeout_ms);
  while (ready < 0 && errno == EINTR);
  return ready;
}

/* A connected, non-blocking socket, or -1 with errno. */
static int
connect_one (const struct addrinfo *address, int timeout_ms)
{
  int fd = socket (address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, problem = 0;
  if (fd < 0)
    return -1;
  (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  (void) setsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  if (connect (fd, address->ai_addr, address->ai_addrlen) == 0)
    return fd;
  if (errno == EINPROGRESS) {
    socklen_t size = sizeof problem;
    problem = ETIMEDOUT;
    if (wait_for (fd, POLLOUT, timeout_ms) > 0 && getsockopt (fd, SOL_SOCKET, SO_ERROR, &problem, &size) == 0
        && problem == 0)
      return fd;
  } else {
    problem = errno;
  }
  close (fd);
  errno = problem;
  return -1;
}

static int
connect_any (const struct remote *remote, GError **error)
{
  struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG }, *list = NULL;
  g_autofree char *port = g_strdup_printf ("%u", remote->port);
  int found = getaddrinfo (remote->host, port, &hints, &list);
  if (found != 0) { /* AI_ADDRCONFIG hides loopback on a machine that has nothing else */
    hints.ai_flags = 0;
    found = getaddrinfo (remote->host, port, &hints, &list);
  }
  if (found != 0) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NETWORK,
                 "No connection to %s: its address could not be found (%s). Check the server's name, and the network.",
                 remote->host, gai_strerror (found));
    return -1;
  }
  int fd = -1;
  for (const struct addrinfo *address = list; address != NULL && fd < 0; address = address->ai_next)
    fd = connect_one (address, (int) MIN (remote->timeout_ms, REMOTE_CONNECT_MS));
  int problem = errno;
  freeaddrinfo (list);
  if (fd < 0)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NETWORK,
                 "No connection to %s, port %u: %s. Check name and port, and the network.", remote->host, remote->port,
                 problem == ECONNREFUSED ? "nothing answers there"
                 : problem == ETIMEDOUT  ? "it does not answer"
                                         : g_strerror (problem));
  return fd;
}

struct stream *
stream_new_take (int fd, const struct remote *remote)
{
  struct stream *stream = g_new0 (struct stream, 1);
  stream->remote = remote;
  stream->fd = fd;
  stream->wake_fd = -1;
  int flags = fcntl (fd, F_GETFL);
  (void) fcntl (fd, F_SETFL, flags | O_NONBLOCK);
  stream_allow (stream, 64 * 1024, 120);
  return stream;
}

struct stream *
stream_open (const struct remote *remote, GError **error)
{
  int fd = connect_any (remote, error);
  if (fd < 0)
    return NULL;
  AUTOFREE (stream) stream = stream_new_take (fd, remote);
  if (!remote->starttls && !stream_start_tls (stream, FALSE, error))
    return NULL;
  return g_steal_pointer (&stream);
}

void
stream_free (struct stream *stream)
{
  g_clear_pointer (&stream->tls, tls_free);
  close (stream->fd);
  g_clear_error (&stream->error);
  secret_wipe (stream->line, sizeof stream->line);
  secret_wipe (stream->ahead, sizeof stream->ahead);
  g_free (stream);
}

gboolean
stream_start_tls (struct stream *stream, gboolean unread, GError **error)
{
  const struct remote *remote = stream->remote;
  g_autofree char *scope = g_strdup_printf ("%s\n%s\n%u\n%d", remote->auth, remote->user != NULL ? remote->user : "",
                                            remote->port, remote->starttls);
  struct tls_settings settings = { .host = remote->host,
                                   .anchors_file = remote->ca_file,
                                   .client_cert_file = remote->client_cert_file,
                                   .client_key_file = remote->client_key_file,
                                   .lists_file = remote->lists_file,
                                   .pins = (const char *const *) remote->pins,
                                   .scope = scope,
                                   .timeout_ms = (int) MIN (remote->timeout_ms, REMOTE_CONNECT_MS) };
  if (unread || stream->ahead_size > stream->ahead_at)
    g_set_error (&stream->error, CRYPTO_ERROR, TLS_ERROR_HANDSHAKE,
                 "Somebody put text into the connection to %s before it was protected. wardmail has stopped and sent "
                 "no password.",
                 remote->host);
  else if (stream->error == NULL)
    stream->tls = tls_connect (stream->fd, &settings, -1, &stream->error);
  stream->ahead_at = stream->ahead_size = 0;
  if (stream->tls != NULL)
    return TRUE;
  if (stream->error->domain != CRYPTO_ERROR) { /* a time-out or a broken line says nothing about who the server is */
    stream->error->domain = ENGINE_ERROR;
    stream->error->code = ENGINE_ERROR_NETWORK;
  }
  if (error != NULL)
    *error = g_error_copy (stream->error);
  return FALSE;
}

/* How long the next wait may last; 0: the time for this command is over. */
static int
time_left (const struct stream *stream)
{
  gint64 left = (stream->deadline - g_get_monotonic_time ()) / 1000;
  return (int) CLAMP (left, 0, (gint64) stream->remote->timeout_ms);
}

static ssize_t
read_plain (struct stream *stream, void *buffer, gsize size, int timeout_ms)
{
  int ready = wait_for (stream->fd, POLLIN, timeout_ms);
  if (ready == 0)
    fail (stream, "it stopped answering");
  ssize_t got = ready > 0 ? read (stream->fd, buffer, size) : -1;
  return got;
}

void
stream_set_meanwhile (struct stream *stream, int wake_fd, stream_meanwhile_fn meanwhile, gpointer data)
{
  stream->wake_fd = wake_fd;
  stream->meanwhile = meanwhile;
  stream->meanwhile_data = data;
  stream->unserved = wake_fd >= 0; /* something may have been left over */
}

/* What somebody else wants now. Its time is not the server's. TRUE: there was something. */
static gboolean
look_up (struct stream *stream)
{
  gint64 begin = g_get_monotonic_time ();
  if (stream->wake_fd < 0 || (!stream->unserved && wait_for (stream->wake_fd, POLLIN, 0) <= 0))
    return FALSE;
  enum stream_served served = stream->meanwhile (stream->meanwhile_data);
  if (served == STREAM_GIVE_UP)
    fail (stream, "wardmail is being closed");
  stream->unserved = served == STREAM_UNSERVED;
  stream->deadline += g_get_monotonic_time () - begin;
  return TRUE;
}

/* FALSE: the stream has failed, or failed now. */
static gboolean
may_read (struct stream *stream)
{
  if (stream->allowed == 0)
    fail (stream, "it sent far more than it was asked for");
  else if (time_left (stream) == 0)
    fail (stream, "it took too long to answer");
  return stream->error == NULL;
}

/* After somebody else had a turn the server has one: what it has sent is read, and waited for only if there is nothing. again_out: the
 * others are to be looked at again. */
static ssize_t
read_turn (struct stream *stream, void *buffer, gsize size, gboolean others_had, gboolean *again_out)
{
  g_autoptr (GError) error = NULL;
  *again_out = FALSE;
  if (stream->tls == NULL)
    return read_plain (stream, buffer, size, time_left (stream));
  ssize_t got = others_had ? tls_read (stream->tls, buffer, size, 0, -1, &error)
                           : tls_read (stream->tls, buffer, size, time_left (stream), stream->wake_fd, &error);
  *again_out = got < 0
               && (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
                   || (others_had && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)));
  /* With TLS 1.3 the server says only after the handshake that it does not like our certificate. */
  if (got < 0 && stream->error == NULL && error != NULL && error->domain == CRYPTO_ERROR)
    stream->error = g_steal_pointer (&error);
  return got;
}

ssize_t
stream_read (struct stream *stream, void *buffer, gsize size)
{
  ssize_t got = -1;
  for (gboolean again = TRUE; again;) {
    gboolean others_had = stream->error == NULL && look_up (stream);
    if (!may_read (stream))
      return -1;
    got = read_turn (stream, buffer, (gsize) MIN ((guint64) size, stream->allowed), others_had, &again);
  }
  if (got > 0) {
    stream->allowed -= (guint64) got;
    return got;
  }
  fail (stream, got == 0                  ? "it hung up"
                : time_left (stream) == 0 ? "it took too long to answer"
                                          : "the line broke or it stopped answering");
  return -1;
}

gboolean
stream_is_ahead (struct stream *stream)
{
  if (stream->error != NULL || stream->ahead_at < stream->ahead_size)
    return TRUE;
  g_autoptr (GError) error = NULL;
  ssize_t got = stream->tls != NULL ? tls_read (stream->tls, stream->ahead, sizeof stream->ahead, 0, -1, &error)
                                    : read (stream->fd, stream->ahead, sizeof stream->ahead);
  gboolean silent = stream->tls != NULL ? g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
                                        : errno == EAGAIN || errno == EINTR;
  if (got < 0 && silent)
    return FALSE;
  stream->ahead_at = 0;
  stream->ahead_size = got > 0 ? (gsize) got : 0;
  if (got <= 0)
    fail (stream, "it hung up");
  return TRUE;
}

gboolean
stream_write (struct stream *stream, const void *bytes, gsize size)
{
  const guint8 *at = bytes;
  while (size > 0 && stream->error == NULL) {
    ssize_t sent;
    if (stream->tls != NULL) {
      sent = tls_write (stream->tls, at, size, (int) stream->remote->timeout_ms, -1, NULL);
    } else {
      sent = wait_for (stream->fd, POLLOUT, (int) stream->remote->timeout_ms) > 0
                 ? send (stream->fd, at, size, MSG_NOSIGNAL)
                 : -1;
      if (sent < 0 && (errno == EINTR || errno == EAGAIN))
        continue;
    }
    if (sent <= 0) {
      fail (stream, "the line broke while something was being sent");
      break;
    }
    at += sent;
    size -= (gsize) sent;
  }
  return stream->error == NULL;
}

const char *
stream_line (struct stream *stream)
{
  gsize size = 0;
  while (stream->error == NULL) {
    while (stream->ahead_at < stream->ahead_size) {
      char c = stream->ahead[stream->ahead_at++];
      if (c == '\n') {
        stream->line[size > 0 && stream->line[size - 1] == '\r' ? size - 1 : size] = '\0';
        return stream->line;
      }
      if (c == '\0' || size + 1 >= sizeof stream->line) {
        fail (stream, "it answered with something that is not a line of text");
        return NULL;
      }
      stream->line[size++] = c;
    }
    ssize_t got = stream_read (stream, stream->ahead, sizeof stream->ahead);
    stream->ahead_at = 0;
    stream->ahead_size = got > 0 ? (gsize) got : 0;
  }
  return NULL;
}

enum stream_event
stream_wait (struct stream *stream, int wake_fd, gint64 timeout_ms)
{
  gint64 end = g_get_monotonic_time () / 1000 + timeout_ms;
  if (stream->error != NULL)
    return STREAM_LOST;
  if (stream->ahead_at < stream->ahead_size || stream_has_pending (stream))
    return STREAM_DATA;
  for (;;) {
    struct pollfd both[2] = { { .fd = stream->fd, .events = POLLIN }, { .fd = wake_fd, .events = POLLIN } };
    gint64 left = MAX (end - g_get_monotonic_time () / 1000, 0);
    int ready = poll (both, wake_fd >= 0 ? 2 : 1, (int) MIN (left, G_MAXINT));
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready < 0)
      return STREAM_LOST;
    if (wake_fd >= 0 && both[1].revents != 0)
      return STREAM_WOKEN;
    return both[0].revents != 0 ? STREAM_DATA : STREAM_TIMEOUT;
  }
}
