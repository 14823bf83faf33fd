/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A line between a client and a server on loopback that is long, or narrow, and is watched: each byte arrives DELAY ms after it was sent, in either
 * direction, and as many at once as there are, unless RATE limits them; and it counts how often the client waited for the server.
 *
 *   pull_line LISTEN-PORT SERVER-PORT DELAY-MS [RATE-BYTES-PER-S]
 *
 * Prints a line for each connection that has ended: "ROUND-TRIPS BYTES-UP BYTES-DOWN". A round trip is whatever the client says after it has
 * heard something (or nothing yet), however many pieces or commands that is: from the first byte of TLS to the last of LOGOUT. Those in which the
 * client only hangs up are not counted. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE 65536
#define HELD_MAX (64u * 1024 * 1024) /* as much as a fat, long line holds */

struct piece {
  gint64 due;
  gsize at, size;
  char bytes[];
};

struct way { /* one direction */
  int from, to;
  GQueue pieces; /* struct piece *, on their way */
  gsize held, total;
  gboolean ended, closed; /* nothing more comes; and that was passed on */
  gint64 free_at;         /* when the line takes the next byte, where it is narrow */
};

struct line {
  struct way up, down;
  guint trips;
  gboolean heard; /* the server has said something since the client did */
};

static gint64 delay_us;
static double rate;

static int
reach (int port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons ((guint16) port) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) != 0) {
    perror ("pull_line: connect");
    exit (1);
  }
  (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  (void) fcntl (fd, F_SETFL, O_NONBLOCK);
  return fd;
}

/* FALSE: there was nothing. */
static gboolean
take (struct way *way)
{
  static char some[PIECE];
  if (way->ended || way->held >= HELD_MAX)
    return FALSE;
  ssize_t got = recv (way->from, some, sizeof some, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return FALSE;
  if (got <= 0) {
    way->ended = TRUE;
    return FALSE;
  }
  struct piece *piece = g_malloc (sizeof *piece + (gsize) got);
  gint64 now = g_get_monotonic_time ();
  way->free_at = MAX (way->free_at, now) + (rate > 0 ? (gint64) ((double) got / rate * 1e6) : 0);
  *piece = (struct piece){ .due = way->free_at + delay_us, .size = (gsize) got };
  memcpy (piece->bytes, some, (gsize) got);
  g_queue_push_tail (&way->pieces, piece);
  way->held += (gsize) got;
  way->total += (gsize) got;
  return TRUE;
}

/* TRUE: something has arrived. */
static gboolean
give (struct way *way)
{
  struct piece *piece;
  gboolean arrived = FALSE;
  while ((piece = g_queue_peek_head (&way->pieces)) != NULL && piece->due <= g_get_monotonic_time ()) {
    ssize_t sent = send (way->to, piece->bytes + piece->at, piece->size - piece->at, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
      return arrived;
    arrived = TRUE;
    way->held -= sent > 0 ? (gsize) sent : piece->size - piece->at;
    piece->at += sent > 0 ? (gsize) sent : piece->size - piece->at; /* nobody there any more: it is lost */
    if (piece->at == piece->size)
      g_free (g_queue_pop_head (&way->pieces));
  }
  if (way->ended && way->pieces.length == 0 && !way->closed) {
    (void) shutdown (way->to, SHUT_WR);
    way->closed = TRUE;
  }
  return arrived;
}

/* How long nothing can happen on this way but by what poll tells; -1: it does not depend on time. */
static int
quiet_ms (const struct way *way, gint64 now)
{
  const struct piece *piece = g_queue_peek_head ((GQueue *) &way->pieces);
  if (piece == NULL)
    return -1;
  gint64 left = piece->due - now;
  return left <= 0 ? -1 : (int) (left / 1000) + 1;
}

static struct pollfd
interest (const struct way *reads, const struct way *writes, gint64 now)
{
  const struct piece *piece = g_queue_peek_head ((GQueue *) &writes->pieces);
  gboolean full = piece != NULL && piece->due <= now;
  short events = (short) ((!reads->ended && reads->held < HELD_MAX ? POLLIN : 0) | (full ? POLLOUT : 0));
  return (struct pollfd){ .fd = events == 0 ? -1 : reads->from, .events = events };
}

static gpointer
carry (gpointer data)
{
  struct line *line = data;
  while (!line->up.closed || !line->down.closed) {
    gint64 now = g_get_monotonic_time ();
    struct pollfd ends[2] = { interest (&line->up, &line->down, now), interest (&line->down, &line->up, now) };
    int up = quiet_ms (&line->up, now), down = quiet_ms (&line->down, now);
    (void) poll (ends, 2, up < 0 ? down : down < 0 ? up : MIN (up, down));
    while (take (&line->up)) {
      line->trips += line->heard ? 1 : 0;
      line->heard = FALSE;
    }
    while (take (&line->down))
      ;
    (void) give (&line->up);
    line->heard = give (&line->down) || line->heard;
    if (line->down.closed) { /* the server has gone: whatever the client still says is lost */
      line->up.ended = line->up.closed = TRUE;
    }
  }
  printf ("%u %zu %zu\n", line->trips, line->up.total, line->down.total);
  fflush (stdout);
  close (line->up.from);
  close (line->up.to);
  g_free (line);
  return NULL;
}

int
main (int argc, char **argv)
{
  if (argc < 4) {
    fprintf (stderr, "usage: pull_line LISTEN-PORT SERVER-PORT DELAY-MS [RATE]\n");
    return 2;
  }
  delay_us = (gint64) (g_ascii_strtod (argv[3], NULL) * 1000);
  rate = argc > 4 ? g_ascii_strtod (argv[4], NULL) : 0;
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons ((guint16) atoi (argv[1])) };
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  (void) setsockopt (listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind (listener, (struct sockaddr *) &address, sizeof address) != 0 || listen (listener, 16) != 0) {
    perror ("pull_line");
    return 1;
  }
  for (;;) {
    int client = accept4 (listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0)
      continue;
    (void) setsockopt (client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct line *line = g_new0 (struct line, 1);
    int server = reach (atoi (argv[2]));
    line->heard = TRUE; /* the first thing that the client says counts, too */
    line->up = (struct way){ .from = client, .to = server };
    line->down = (struct way){ .from = server, .to = client };
    g_thread_unref (g_thread_new ("line", carry, line));
  }
}
