/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From a server's name to a socket, while somebody else may be let in.
 *
 * The system's look-up of names can be given neither a time nor a cancel. So it runs in a thread of its own, which is left
 * behind where it takes too long, and ends when it ends. */
#include "mail/net/stream_p.h"

#include "mail/engine.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define HANDSHAKES_MAX 50

struct lookup {
  char *host, *port;
  int result, done_fd;
  struct addrinfo *list;
  gint holders;
};

static void
lookup_drop (struct lookup *lookup)
{
  if (!g_atomic_int_dec_and_test (&lookup->holders))
    return;
  if (lookup->list != NULL)
    freeaddrinfo (lookup->list);
  if (lookup->done_fd >= 0)
    close (lookup->done_fd);
  g_free (lookup->host);
  g_free (lookup->port);
  g_free (lookup);
}
DEFINE_AUTOFREE (lookup, lookup_drop)

static gpointer
look_up (gpointer data)
{
  struct lookup *lookup = data;
  struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
  lookup->result = getaddrinfo (lookup->host, lookup->port, &hints, &lookup->list);
  if (lookup->result != 0) { /* AI_ADDRCONFIG hides loopback on a machine that has nothing else */
    hints.ai_flags = 0;
    lookup->result = getaddrinfo (lookup->host, lookup->port, &hints, &lookup->list);
  }
  if (lookup->done_fd >= 0)
    (void) eventfd_write (lookup->done_fd, 1);
  lookup_drop (lookup);
  return NULL;
}

/* Waits for fd and lets the guest in. 1: ready; 0: until has passed; -1: the guest wants it to end, or poll failed. */
static int
wait_with (const struct stream_guest *guest, int fd, short events, gint64 until)
{
  for (gboolean unserved = guest != NULL;;) {
    const gint64 left_ms = MAX ((until - g_get_monotonic_time () + 999) / 1000, 0);
    struct pollfd both[2]
        = { { .fd = fd, .events = events }, { .fd = guest != NULL ? guest->wake_fd : -1, .events = POLLIN } };
    int ready = poll (both, 2, unserved ? 0 : (int) MIN (left_ms, G_MAXINT));
    if (ready < 0 && errno != EINTR)
      return -1;
    if (ready > 0 && both[0].revents != 0)
      return 1;
    if (guest != NULL && (unserved || (ready > 0 && both[1].revents != 0))) {
      enum stream_served served = guest->serve (guest->data);
      if (served == STREAM_GIVE_UP)
        return -1;
      unserved = served == STREAM_UNSERVED;
    }
    if (left_ms == 0)
      return 0;
  }
}

/* NULL: what could not be found, or not in time. */
static struct lookup *
find (const struct remote *remote, const struct stream_guest *guest, GError **error)
{
  AUTOFREE (lookup) lookup = g_new0 (struct lookup, 1);
  lookup->host = g_strdup (remote->host);
  lookup->port = g_strdup_printf ("%u", remote->port);
  lookup->done_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  lookup->holders = 2;
  GThread *thread = lookup->done_fd >= 0 ? g_thread_try_new ("look-up", look_up, lookup, NULL) : NULL;
  const gboolean apart = thread != NULL;
  if (apart)
    g_thread_unref (thread);
  else
    (void) look_up (lookup);
  const char *why = "nobody knew it in time";
  if (!apart || wait_with (guest, lookup->done_fd, POLLIN, g_get_monotonic_time () + REMOTE_CONNECT_MS * 1000) > 0) {
    if (lookup->result == 0)
      return g_steal_pointer (&lookup);
    why = gai_strerror (lookup->result);
  }
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NETWORK,
               "No connection to %s: its address could not be found (%s). Check the server's name, and the network.",
               remote->host, why);
  return NULL;
}

/* A connected, non-blocking socket, or -1 with errno. */
static int
connect_one (const struct addrinfo *address, const struct stream_guest *guest, int timeout_ms)
{
  int fd = socket (address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, problem = 0;
  if (fd < 0)
    return -1;
  (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  (void) setsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  if (connect (fd, address->ai_addr, address->ai_addrlen) == 0)
    return fd;
  problem = errno;
  if (problem == EINPROGRESS) {
    socklen_t size = sizeof problem;
    int ready = wait_with (guest, fd, POLLOUT, g_get_monotonic_time () + (gint64) timeout_ms * 1000);
    problem = ready < 0 ? ECANCELED : ETIMEDOUT;
    if (ready > 0 && getsockopt (fd, SOL_SOCKET, SO_ERROR, &problem, &size) == 0 && problem == 0)
      return fd;
  }
  close (fd);
  errno = problem;
  return -1;
}

int
stream_connect (const struct remote *remote, const struct stream_guest *guest, GError **error)
{
  AUTOFREE (lookup) lookup = find (remote, guest, error);
  int fd = -1, problem = 0;
  for (const struct addrinfo *address = lookup != NULL ? lookup->list : NULL;
       address != NULL && fd < 0 && problem != ECANCELED; address = address->ai_next) {
    fd = connect_one (address, guest, (int) MIN (remote->timeout_ms, REMOTE_CONNECT_MS));
    problem = errno;
  }
  if (fd < 0 && lookup != NULL)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NETWORK,
                 "No connection to %s, port %u: %s. Check name and port, and the network.", remote->host, remote->port,
                 problem == ECONNREFUSED ? "nothing answers there"
                 : problem == ETIMEDOUT  ? "it does not answer"
                 : problem == ECANCELED  ? "wardmail is being closed"
                                         : g_strerror (problem));
  return fd;
}

gboolean
stream_open_again (const struct stream_guest *guest, guint *tries, GError **problem)
{
  if (guest == NULL || ++*tries >= HANDSHAKES_MAX || !g_error_matches (*problem, ENGINE_ERROR, ENGINE_ERROR_CANCELLED)
      || guest->serve (guest->data) == STREAM_GIVE_UP)
    return FALSE;
  g_clear_error (problem);
  return TRUE;
}
