/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Bad LDAP servers. See certdir_peer.h. The little BER that they need is written here by hand (X.690; RFC 4511). */
#include "tests/wire/certdir_peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define DRIP_MS 20

struct certdir_peer {
  enum certdir_mood mood;
  const char *elsewhere, *value;
  int listener, stop[2];
  guint connections;
  GThread *thread;
};

/* ---- BER ---- */

static GByteArray *
tagged (guint8 tag, const void *content, gsize size)
{
  GByteArray *out = g_byte_array_new ();
  guint8 head[6] = { tag, 0x84, (guint8) (size >> 24), (guint8) (size >> 16), (guint8) (size >> 8), (guint8) size };
  g_byte_array_append (out, head, sizeof head);
  if (content != NULL)
    g_byte_array_append (out, content, (guint) size);
  return out;
}

static void
append_take (GByteArray *into, GByteArray *more)
{
  g_byte_array_append (into, more->data, more->len);
  g_byte_array_unref (more);
}

static GByteArray *
tagged_take (guint8 tag, GByteArray *content)
{
  GByteArray *out = tagged (tag, content->data, content->len);
  g_byte_array_unref (content);
  return out;
}

static GByteArray *
message (guint8 id, guint8 operation, GByteArray *content_take)
{
  GByteArray *inside = tagged (0x02, &id, 1);
  append_take (inside, tagged_take (operation, content_take));
  return tagged_take (0x30, inside);
}

static GByteArray *
entry (guint8 id, const char *value, gsize size, guint count)
{
  GByteArray *values = g_byte_array_new (), *attribute = tagged (0x04, "userCertificate;binary", 22);
  for (guint i = 0; i < count; i++) {
    g_autofree char *one = g_memdup2 (value, size);
    if (count > 1)
      memcpy (one + size - 4, &i, 4);
    append_take (values, tagged (0x04, one, size));
  }
  append_take (attribute, tagged_take (0x31, values));
  GByteArray *content = tagged (0x04, "cn=x", 4);
  append_take (content, tagged_take (0x30, tagged_take (0x30, attribute)));
  return message (id, 0x64, content);
}

/* referral: a URL, or NULL. */
static GByteArray *
result (guint8 id, guint8 operation, guint8 code, const char *referral)
{
  GByteArray *content = tagged (0x0a, &code, 1);
  append_take (content, tagged (0x04, NULL, 0));
  append_take (content, tagged (0x04, NULL, 0));
  if (referral != NULL)
    append_take (content, tagged_take (0xa3, tagged (0x04, referral, strlen (referral))));
  return message (id, operation, content);
}

/* ---- moods ---- */

static gboolean
say (int fd, const void *bytes, gsize size)
{
  for (gsize done = 0; done < size;) {
    ssize_t sent = send (fd, (const char *) bytes + done, size - done, MSG_NOSIGNAL);
    if (sent <= 0)
      return FALSE;
    done += (gsize) sent;
  }
  return TRUE;
}

static gboolean
say_take (int fd, GByteArray *bytes)
{
  const gboolean said = say (fd, bytes->data, bytes->len);
  g_byte_array_unref (bytes);
  return said;
}

static gboolean
wait_a_moment (struct certdir_peer *peer, int ms)
{
  struct pollfd end = { .fd = peer->stop[0], .events = POLLIN };
  return poll (&end, 1, ms) == 0;
}

static void
drip (struct certdir_peer *peer, int fd, GByteArray *bytes_take)
{
  for (guint i = 0; i < bytes_take->len && wait_a_moment (peer, DRIP_MS); i++)
    if (!say (fd, bytes_take->data + i, 1))
      break;
  g_byte_array_unref (bytes_take);
}

static void
refer (struct certdir_peer *peer, int fd, guint8 id)
{
  GByteArray *reference = message (id, 0x73, tagged (0x04, peer->elsewhere, strlen (peer->elsewhere)));
  (void) (say_take (fd, reference) && say_take (fd, result (id, 0x65, 10, peer->elsewhere)));
}

static void
say_huge (int fd)
{
  static const guint8 head[] = { 0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02, 0x01, 0x01, 0x64, 0x84, 0x7f, 0xff, 0xff };
  char nonsense[4096];
  memset (nonsense, 'x', sizeof nonsense);
  gboolean heard = say (fd, head, sizeof head);
  for (guint i = 0; heard && i < 5000; i++)
    heard = say (fd, nonsense, sizeof nonsense);
}

static void
say_nested (int fd, guint8 id)
{
  GByteArray *content = g_byte_array_new ();
  for (guint i = 0; i < 2000; i++)
    g_byte_array_append (content, (const guint8 *) "\x30\x84\x00\xff\xff\xff", 6);
  (void) say_take (fd, message (id, 0x64, content));
}

static void
say_big (int fd, guint8 id)
{
  g_autofree char *big = g_strnfill (1 << 20, '0');
  (void) (say_take (fd, entry (id, big, 1 << 20, 1)) && say_take (fd, result (id, 0x65, 0, NULL)));
}

static void
say_good (struct certdir_peer *peer, int fd, guint8 id, guint count)
{
  const gsize size = strlen (peer->value);
  gboolean heard = count == 0 || say_take (fd, entry (id, peer->value, size, count));
  if (heard)
    (void) say_take (fd, result (id, 0x65, 0, NULL));
}

static void
answer (struct certdir_peer *peer, int fd, guint8 id)
{
  const gsize size = strlen (peer->value);
  switch (peer->mood) {
  case CERTDIR_PEER_GOOD:
  case CERTDIR_PEER_EMPTY:
  case CERTDIR_PEER_MANY:
    say_good (peer, fd, id, peer->mood == CERTDIR_PEER_GOOD ? 1 : peer->mood == CERTDIR_PEER_MANY ? 300 : 0);
    break;
  case CERTDIR_PEER_DRIP:
    drip (peer, fd, entry (id, peer->value, size, 1));
    break;
  case CERTDIR_PEER_GARBAGE:
    (void) say (fd, "\xff\xff\xff\xff HTTP/1.1 400 what?\r\n\r\n", 26);
    break;
  case CERTDIR_PEER_NESTED:
    say_nested (fd, id);
    break;
  case CERTDIR_PEER_ENDLESS:
    while (say_take (fd, entry (id, peer->value, size, 1)))
      ;
    break;
  case CERTDIR_PEER_HUGE:
    say_huge (fd);
    break;
  case CERTDIR_PEER_BIG:
    say_big (fd, id);
    break;
  case CERTDIR_PEER_STRAY:
    while (say_take (fd, entry (0x77, peer->value, size, 1)))
      ;
    break;
  case CERTDIR_PEER_REFERRAL:
    refer (peer, fd, id);
    break;
  case CERTDIR_PEER_NOTICE:
    (void) say_take (fd, result (0, 0x78, 52, NULL));
    break;
  case CERTDIR_PEER_BUSY:
    (void) say_take (fd, result (id, 0x65, 51, NULL));
    break;
  case CERTDIR_PEER_SILENT:
  case CERTDIR_PEER_HANG_UP:
  case CERTDIR_PEER_MUTE_TLS:
  case CERTDIR_PEER_DRIP_TLS:
  case CERTDIR_PEER_MUTE_STARTTLS:
  case CERTDIR_PEER_MOODS:
    break;
  }
}

/* Reads until the client goes away, and answers each search (of less than 127 or 65536 bytes, as libldap writes them). */
static void
serve (struct certdir_peer *peer, int fd)
{
  guint8 heard[65536];
  struct pollfd both[2] = { { .fd = fd, .events = POLLIN }, { .fd = peer->stop[0], .events = POLLIN } };
  for (gsize size = 0; poll (both, 2, -1) > 0 && both[1].revents == 0;) {
    const ssize_t got = read (fd, heard + size, sizeof heard - size);
    if (got <= 0)
      return;
    size += (gsize) got;
    if (peer->mood == CERTDIR_PEER_DRIP_TLS)
      drip (peer, fd, tagged (0x16, "\x03\x03\x40", 3)); /* not even the length gets whole */
    while (size > 7) {
      const gsize head = heard[1] < 0x80 ? 2 : 2u + (heard[1] & 0x7f);
      const gsize length = heard[1] < 0x80 ? heard[1] : head == 3 ? heard[2] : (gsize) heard[2] << 8 | heard[3];
      if (head + length > size)
        break;
      const guint8 id = heard[head + 2], operation = heard[head + 3];
      size -= head + length;
      for (gsize i = 0; i < size; i++) /* valgrind takes memmove for memcpy here */
        heard[i] = heard[head + length + i];
      if (operation == 0x63)
        answer (peer, fd, id);
    }
  }
}

static gpointer
run (gpointer data)
{
  struct certdir_peer *peer = data;
  struct pollfd both[2] = { { .fd = peer->listener, .events = POLLIN }, { .fd = peer->stop[0], .events = POLLIN } };
  while (poll (both, 2, -1) > 0 && both[1].revents == 0) {
    int fd = accept (peer->listener, NULL, NULL);
    if (fd < 0)
      continue;
    peer->connections++;
    if (peer->mood != CERTDIR_PEER_HANG_UP)
      serve (peer, fd);
    close (fd);
  }
  return NULL;
}

static int
listen_somewhere (int waiting, guint16 *port_out)
{
  struct sockaddr_in where = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof where;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true (fd >= 0);
  assert_int_equal (bind (fd, (struct sockaddr *) &where, sizeof where), 0);
  assert_int_equal (listen (fd, waiting), 0);
  assert_int_equal (getsockname (fd, (struct sockaddr *) &where, &size), 0);
  *port_out = ntohs (where.sin_port);
  return fd;
}

struct certdir_peer *
certdir_peer_start (enum certdir_mood mood, const char *elsewhere, const char *value)
{
  struct certdir_peer *peer = g_new0 (struct certdir_peer, 1);
  guint16 port = 0;
  peer->mood = mood;
  peer->elsewhere = elsewhere;
  peer->value = value;
  peer->listener = listen_somewhere (10, &port);
  assert_int_equal (pipe (peer->stop), 0);
  peer->thread = g_thread_new ("peer", run, peer);
  return peer;
}

guint16
certdir_peer_port (struct certdir_peer *peer)
{
  struct sockaddr_in where;
  socklen_t size = sizeof where;
  assert_int_equal (getsockname (peer->listener, (struct sockaddr *) &where, &size), 0);
  return ntohs (where.sin_port);
}

guint
certdir_peer_stop (struct certdir_peer *peer)
{
  const guint connections_so_far = (close (peer->stop[1]), g_thread_join (peer->thread), peer->connections);
  close (peer->stop[0]);
  close (peer->listener);
  g_free (peer);
  return connections_so_far;
}

guint16
certdir_peer_black_hole (int fds_out[4])
{
  guint16 port = 0;
  fds_out[0] = listen_somewhere (0, &port);
  struct sockaddr_in where
      = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  for (guint i = 1; i < 4; i++) {
    fds_out[i] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void) connect (fds_out[i], (struct sockaddr *) &where, sizeof where);
  }
  return port;
}
