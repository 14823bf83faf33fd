/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The line to a server. See stream.h. */
#include "mail/net/stream_p.h"

#include "crypto/guard/secret.h"
#include "crypto/guard/tls.h"
#include "mail/engine.h"
#include "mail/net/deflate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX_SIZE 8192

struct stream {
  const struct remote *remote;
  int fd;
  struct tls_session *tls;
  struct deflate *deflate; /* NULL: not compressed */
  GError *error;
  guint64 allowed; /* bytes that may still come in */
  gint64 deadline; /* monotonic microseconds */
  char line[LINE_MAX_SIZE], ahead[4096];
  gsize ahead_at, ahead_size;
  struct stream_guest guest; /* wake_fd -1: nobody is let in */
  gboolean unserved;         /* it is to be called without a look at wake_fd */
  int waiting_fd;            /* of one who waits for the end of a command; -1 */
  guint patience_ms;
  gint64 waits_until; /* monotonic microseconds; 0: nobody has come yet */
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
  stream->waits_until = 0;
}

void
stream_allow (struct stream *stream, guint64 bytes, guint seconds)
{
  stream_allow_until (stream, bytes, g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC);
}

gboolean
stream_start_deflate (struct stream *stream)
{
  if (stream->tls != NULL && stream->deflate == NULL && stream->error == NULL)
    stream->deflate = deflate_new ();
  return stream->deflate != NULL;
}

gboolean
stream_is_deflated (const struct stream *stream)
{
  return stream->deflate != NULL;
}

gboolean
stream_has_pending (const struct stream *stream)
{
  if (stream->deflate != NULL && deflate_has_more (stream->deflate))
    return TRUE;
  return stream->tls != NULL && tls_pending (stream->tls);
}

int
stream_poll (int fd, short events, int timeout_ms)
{
  struct pollfd one = { .fd = fd, .events = events };
  int ready;
  do
    ready = poll (&one, 1, timeout_ms);
  while (ready < 0 && errno == EINTR);
  return ready;
}

struct stream *
stream_new_take (int fd, const struct remote *remote)
{
  struct stream *stream = g_new0 (struct stream, 1);
  stream->remote = remote;
  stream->fd = fd;
  stream->guest.wake_fd = stream->waiting_fd = -1;
  int flags = fcntl (fd, F_GETFL);
  (void) fcntl (fd, F_SETFL, flags | O_NONBLOCK);
  stream_allow (stream, 64 * 1024, 120);
  return stream;
}

struct stream *
stream_open (const struct remote *remote, const struct stream_guest *guest, GError **error)
{
  int fd = stream_connect (remote, guest, error);
  if (fd < 0)
    return NULL;
  AUTOFREE (stream) stream = stream_new_take (fd, remote);
  stream_set_guest (stream, guest);
  if (!remote->starttls && !stream_start_tls (stream, FALSE, error))
    return NULL;
  return g_steal_pointer (&stream);
}

void
stream_free (struct stream *stream)
{
  g_clear_pointer (&stream->tls, tls_free);
  g_clear_pointer (&stream->deflate, deflate_free);
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
    stream->tls = tls_connect (stream->fd, &settings, stream->guest.wake_fd, &stream->error);
  stream->ahead_at = stream->ahead_size = 0;
  if (stream->tls != NULL)
    return TRUE;
  if (stream->error->domain != CRYPTO_ERROR) { /* a time-out or a broken line says nothing about who the server is */
    const gboolean cancelled = g_error_matches (stream->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    stream->error->domain = ENGINE_ERROR;
    stream->error->code = cancelled ? ENGINE_ERROR_CANCELLED : ENGINE_ERROR_NETWORK;
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

void
stream_set_guest (struct stream *stream, const struct stream_guest *guest)
{
  static const struct stream_guest nobody = { .wake_fd = -1 };
  stream->guest = guest != NULL ? *guest : nobody;
  stream->unserved = stream->guest.wake_fd >= 0; /* something may have been left over */
}

void
stream_set_waiting (struct stream *stream, int fd, guint patience_ms)
{
  stream->waiting_fd = fd;
  stream->patience_ms = patience_ms;
  stream->waits_until = 0;
}

/* What somebody else wants now. Its time is not the server's. TRUE: there was something. */
static gboolean
let_in (struct stream *stream)
{
  gint64 begin = g_get_monotonic_time ();
  if (stream->guest.wake_fd < 0 || (!stream->unserved && stream_poll (stream->guest.wake_fd, POLLIN, 0) <= 0))
    return FALSE;
  enum stream_served served = stream->guest.serve (stream->guest.data);
  if (served == STREAM_GIVE_UP)
    fail (stream, "wardmail is being closed");
  stream->unserved = served == STREAM_UNSERVED;
  stream->deadline += g_get_monotonic_time () - begin;
  return TRUE;
}

/* The descriptor of whoever ends the next wait: the guest, or one who has just come to wait. */
static int
interrupter (const struct stream *stream)
{
  return stream->guest.wake_fd >= 0 ? stream->guest.wake_fd : stream->waits_until == 0 ? stream->waiting_fd : -1;
}

/* Somebody ended a wait. */
static void
interrupted (struct stream *stream)
{
  if (stream->guest.wake_fd < 0)
    stream->waits_until = g_get_monotonic_time () + (gint64) stream->patience_ms * 1000;
}

static gboolean
is_patient (const struct stream *stream)
{
  return stream->waits_until == 0 || g_get_monotonic_time () < stream->waits_until;
}

/* How long the next wait may last, where the command's own time leaves so much. */
static int
patience (const struct stream *stream, int timeout_ms)
{
  gint64 left = (stream->waits_until - g_get_monotonic_time () + 999) / 1000;
  return stream->waits_until == 0 ? timeout_ms : (int) CLAMP (left, 0, (gint64) timeout_ms);
}

/* FALSE: the stream has failed, or failed now. */
static gboolean
may_read (struct stream *stream)
{
  if (stream->allowed == 0)
    fail (stream, "it sent far more than it was asked for");
  else if (time_left (stream) == 0)
    fail (stream, "it took too long to answer");
  else if (!is_patient (stream))
    fail (stream, "it took too long to answer while something else waited for the line");
  return stream->error == NULL;
}

/* Before TLS. A wait that ended with nothing leaves it to the caller to say why. */
static ssize_t
read_plain (struct stream *stream, void *buffer, gsize size, int timeout_ms, gboolean others_had, gboolean *again_out)
{
  const int other = others_had ? -1 : interrupter (stream);
  struct pollfd both[2] = { { .fd = stream->fd, .events = POLLIN }, { .fd = other, .events = POLLIN } };
  const int ready = poll (both, 2, timeout_ms);
  const gboolean cancelled = ready > 0 && both[0].revents == 0;
  if (cancelled)
    interrupted (stream);
  *again_out = (ready < 0 && errno == EINTR) || cancelled || (ready == 0 && (others_had || stream->waits_until != 0));
  if (ready == 0 && !*again_out)
    fail (stream, "it stopped answering");
  return ready > 0 && !cancelled ? read (stream->fd, buffer, size) : -1;
}

/* After somebody else had a turn the server has one: what it has sent is read, and waited for only if there is nothing. again_out: the
 * others are to be looked at again. */
static ssize_t
read_turn (struct stream *stream, void *buffer, gsize size, gboolean others_had, gboolean *again_out)
{
  g_autoptr (GError) error = NULL;
  const int wait_ms = others_had ? 0 : patience (stream, time_left (stream));
  *again_out = FALSE;
  if (stream->tls == NULL)
    return read_plain (stream, buffer, size, wait_ms, others_had, again_out);
  ssize_t got = tls_read (stream->tls, buffer, size, wait_ms, others_had ? -1 : interrupter (stream), &error);
  const gboolean cancelled = got < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  if (cancelled)
    interrupted (stream);
  *again_out = cancelled
               || (got < 0 && (others_had || stream->waits_until != 0)
                   && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
  /* With TLS 1.3 the server says only after the handshake that it does not like our certificate. */
  if (got < 0 && stream->error == NULL && error != NULL && error->domain == CRYPTO_ERROR)
    stream->error = g_steal_pointer (&error);
  return got;
}

/* At least one byte as it came, or -1. */
static ssize_t
read_line (struct stream *stream, void *buffer, gsize size)
{
  ssize_t got = -1;
  for (gboolean again = TRUE; again;) {
    gboolean others_had = stream->error == NULL && let_in (stream);
    if (!may_read (stream))
      return -1;
    got = read_turn (stream, buffer, size, others_had, &again);
  }
  if (got > 0)
    return got;
  fail (stream, got == 0                  ? "it hung up"
                : time_left (stream) == 0 ? "it took too long to answer"
                                          : "the line broke or it stopped answering");
  return -1;
}

static ssize_t
read_deflated (struct stream *stream, void *buffer, gsize size)
{
  for (;;) {
    gsize room_size;
    gssize got = stream->error == NULL ? deflate_take (stream->deflate, buffer, size) : -1;
    if (got > 0)
      return got;
    if (got < 0) {
      fail (stream, "what it compressed is damaged");
      return -1;
    }
    guint8 *room = deflate_room (stream->deflate, &room_size);
    ssize_t came = read_line (stream, room, room_size);
    if (came <= 0)
      return -1;
    deflate_came (stream->deflate, (gsize) came);
  }
}

ssize_t
stream_read (struct stream *stream, void *buffer, gsize size)
{
  if (stream->error == NULL && !may_read (stream))
    return -1;
  const gsize most = (gsize) MIN ((guint64) size, stream->allowed);
  const ssize_t got = stream->deflate != NULL ? read_deflated (stream, buffer, most) : read_line (stream, buffer, most);
  if (got > 0)
    stream->allowed -= (guint64) got;
  return got;
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

/* One piece under TLS. Who is let in, or waits, is so while the server takes nothing; the same bytes are offered again then. */
static ssize_t
write_turn (struct stream *stream, const guint8 *bytes, gsize size)
{
  for (gint64 until = g_get_monotonic_time () + (gint64) stream->remote->timeout_ms * 1000; stream->error == NULL;) {
    g_autoptr (GError) error = NULL;
    const gint64 begin = g_get_monotonic_time ();
    const gboolean others_had = let_in (stream);
    const gint64 now = g_get_monotonic_time ();
    until += others_had ? now - begin : 0;
    const gint64 left_ms = (until - now) / 1000;
    const int wait_ms = patience (stream, (int) CLAMP (left_ms, 0, G_MAXINT));
    ssize_t sent = tls_write (stream->tls, bytes, size, others_had ? 0 : wait_ms,
                              others_had ? -1 : interrupter (stream), &error);
    if (sent > 0)
      return sent;
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
      interrupted (stream);
    else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) || left_ms <= 0 || !is_patient (stream))
      return -1;
  }
  return -1;
}

static ssize_t
write_plain (struct stream *stream, const guint8 *bytes, gsize size)
{
  for (;;) {
    ssize_t sent = stream_poll (stream->fd, POLLOUT, (int) stream->remote->timeout_ms) > 0
                       ? send (stream->fd, bytes, size, MSG_NOSIGNAL)
                       : -1;
    if (sent >= 0 || (errno != EINTR && errno != EAGAIN))
      return sent;
  }
}

static gboolean
write_line (struct stream *stream, const void *bytes, gsize size)
{
  const guint8 *at = bytes;
  while (size > 0 && stream->error == NULL) {
    ssize_t sent = stream->tls != NULL ? write_turn (stream, at, size) : write_plain (stream, at, size);
    if (sent <= 0) {
      fail (stream, "the line broke while something was being sent");
      break;
    }
    at += sent;
    size -= (gsize) sent;
  }
  return stream->error == NULL;
}

gboolean
stream_write (struct stream *stream, const void *bytes, gsize size)
{
  if (stream->deflate == NULL || stream->error != NULL || size == 0)
    return write_line (stream, bytes, size);
  gsize packed_size;
  const guint8 *packed = deflate_pack (stream->deflate, bytes, size, &packed_size);
  if (packed == NULL)
    fail (stream, "there is not enough memory to compress what is sent");
  return packed != NULL && write_line (stream, packed, packed_size);
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
