/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A submission server in a process of its own: one line after the other, all that it hears written down in shared memory, and a failure
 * where one is due. It keeps a mail from its final dot on, whether or not it gets to say so. */
#include "tests/property/property.h"
#include "tests/property/property_fault.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct line {
  int fd;
  SSL *ssl;
  char buffer[16384];
  gsize start, size;
  struct delivery *delivery; /* under way; NULL */
};
static pid_t peer_pid;

static void
note (const void *bytes, gsize size)
{
  if (shared->heard_size + size > HEARD_MAX)
    abort ();
  memcpy (shared->heard + shared->heard_size, bytes, size);
  shared->heard_size += size;
}

static gboolean
say (struct line *line, const char *text)
{
  const int size = (int) strlen (text);
  return size == 0
         || (line->ssl != NULL ? SSL_write (line->ssl, text, size)
                               : (int) send (line->fd, text, (size_t) size, MSG_NOSIGNAL))
                == size;
}

/* A line in one piece: two would wait for each other on the way. */
static gboolean
say_line (struct line *line, const char *text)
{
  g_autofree char *whole = g_strconcat (text, "\r\n", NULL);
  return say (line, whole);
}

static gboolean
more (struct line *line)
{
  if (line->start > 0)
    memmove (line->buffer, line->buffer + line->start, line->size);
  line->start = 0;
  const int room = (int) (sizeof line->buffer - line->size);
  const int got = room == 0           ? -1
                  : line->ssl != NULL ? SSL_read (line->ssl, line->buffer + line->size, room)
                                      : (int) read (line->fd, line->buffer + line->size, (size_t) room);
  if (got <= 0)
    return FALSE;
  note (line->buffer + line->size, (gsize) got);
  line->size += (gsize) got;
  return TRUE;
}

/* A line without its end; FALSE: the client has gone. */
static gboolean
hear (struct line *line, char *out, gsize out_size)
{
  char *end;
  while ((end = memchr (line->buffer + line->start, '\n', line->size)) == NULL)
    if (!more (line))
      return FALSE;
  const gsize size = (gsize) (end - (line->buffer + line->start)) + 1;
  const gsize kept = MIN (size - (size > 1 && end[-1] == '\r' ? 2 : 1), out_size - 1);
  memcpy (out, line->buffer + line->start, kept);
  out[kept] = '\0';
  line->start += size;
  line->size -= size;
  return TRUE;
}

static void
hang (struct line *line)
{
  while (more (line))
    line->size = line->start = 0;
}

/* The answer to a step, or what is due instead. FALSE: the line is over. */
static gboolean
answer (struct line *line, enum fault_step step, guint kind, const char *text)
{
  static const char *const later[] = { "",          "421 busy",  "450 later", "454 later", "",         "454 later",
                                       "450 later", "450 later", "451 later", "",          "451 later" };
  char cut[8] = "";
  switch (kind) {
  case PEER_GOES_BEFORE:
  case PEER_GOES:
    return FALSE;
  case PEER_CUTS:
    memcpy (cut, text, 2);
    (void) say (line, cut);
    return FALSE;
  case PEER_LATER:
    return say_line (line, later[step]);
  case PEER_NEVER:
    return say_line (line, step == STEP_AUTH ? "535 no" : "550 never");
  case PEER_CLOSES:
    (void) say_line (line, "421 closing");
    return FALSE;
  case PEER_NOISE:
    return say_line (line, "250x\tnonsense 354 250 OK");
  case PEER_TWICE:
    return say_line (line, text) && say_line (line, "250 and more");
  case PEER_HANGS:
    hang (line);
    return FALSE;
  }
  return say_line (line, text);
}

static gboolean
handshake (struct line *line, SSL_CTX *context)
{
  const guint kind = fault_next (PLACE_PEER, STEP_HANDSHAKE);
  if (kind != 0) {
    if (kind == PEER_HANGS)
      hang (line);
    else if (kind == PEER_NOISE)
      (void) say_line (line, "no TLS at all");
    return FALSE;
  }
  line->ssl = SSL_new (context);
  SSL_set_fd (line->ssl, line->fd);
  line->start = line->size = 0;
  return SSL_accept (line->ssl) == 1;
}

/* What goes wrong in the middle of a mail. FALSE: the line is over. */
static gboolean
interrupt (struct line *line, guint kind)
{
  switch (kind) {
  case PEER_LATER:
  case PEER_NEVER:
  case PEER_CLOSES: /* refused before it is whole: what still comes is of no use */
    (void) answer (line, STEP_DOT, kind, "");
    shutdown (line->fd, SHUT_RD);
    return FALSE;
  case PEER_NOISE:
  case PEER_TWICE:
    return answer (line, STEP_DOT, kind, "354 go on");
  case PEER_HANGS:
    hang (line);
  }
  return FALSE;
}

/* The mail, up to its dot. FALSE: it was cut. */
static gboolean
hear_data (struct line *line)
{
  char text[4096];
  const guint kind = fault_next (PLACE_PEER, STEP_CONTENT);
  line->delivery->data = shared->heard_size - line->size;
  for (guint lines = 0;; lines++) {
    if (kind != 0 && lines == 12 && !interrupt (line, kind))
      return FALSE;
    if (!hear (line, text, sizeof text))
      return FALSE;
    if (strcmp (text, ".") == 0)
      break;
  }
  line->delivery->data_size = shared->heard_size - line->size - line->delivery->data;
  return TRUE;
}

static gboolean
take_data (struct line *line)
{
  const guint refused = fault_next (PLACE_PEER, STEP_DATA);
  if (!answer (line, STEP_DATA, refused, "354 go on"))
    return FALSE;
  if (refused == PEER_LATER || refused == PEER_NEVER)
    return TRUE;
  if (!hear_data (line))
    return FALSE;
  const guint kind = fault_next (PLACE_PEER, STEP_DOT);
  struct delivery *delivery = g_steal_pointer (&line->delivery);
  delivery->whole = TRUE;
  delivery->accepted = kind != PEER_LATER && kind != PEER_NEVER && kind != PEER_CLOSES;
  return answer (line, STEP_DOT, kind, "250 2.0.0 it is kept");
}

static void
begin_mail (struct line *line)
{
  if (shared->deliveries_count == DELIVERIES_MAX)
    abort ();
  line->delivery = &shared->deliveries[shared->deliveries_count++];
  *line->delivery = (struct delivery){ .rcpt = shared->heard_size };
}

/* Its address is noted a second time, where the others of this mail stand. */
static gboolean
take_rcpt (struct line *line, const char *command, GString *rcpt)
{
  const guint kind = fault_next (PLACE_PEER, STEP_RCPT);
  const char *open = strchr (command, '<'), *close = open != NULL ? strchr (open, '>') : NULL;
  if (close != NULL && (kind == 0 || kind == PEER_TWICE)) {
    g_string_append_len (rcpt, open + 1, close - open - 1);
    g_string_append_c (rcpt, '\n');
  }
  return answer (line, STEP_RCPT, kind, "250 ok");
}

static gboolean
is (const char *command, const char *verb)
{
  return g_ascii_strncasecmp (command, verb, strlen (verb)) == 0;
}

static enum fault_step
step_of (const char *command)
{
  return is (command, "EHLO")       ? STEP_EHLO
         : is (command, "STARTTLS") ? STEP_STARTTLS
         : is (command, "AUTH")     ? STEP_AUTH
         : is (command, "MAIL")     ? STEP_MAIL
                                    : STEP_COUNT;
}

static gboolean
take_command (struct line *line, const char *command, SSL_CTX *context, GString *rcpt)
{
  const enum fault_step step = step_of (command);
  const guint kind = step < STEP_COUNT ? fault_next (PLACE_PEER, step) : 0;
  if (step == STEP_EHLO)
    return answer (line, step, kind,
                   line->ssl != NULL ? "250-peer\r\n250-SIZE 100000000\r\n250 AUTH PLAIN" : "250-peer\r\n250 STARTTLS");
  if (step == STEP_STARTTLS)
    return answer (line, step, kind, "220 go on") && (kind != 0 || handshake (line, context));
  if (step == STEP_AUTH)
    return answer (line, step, kind, "235 welcome");
  if (step == STEP_MAIL) {
    g_string_truncate (rcpt, 0);
    begin_mail (line);
    return answer (line, step, kind, "250 ok");
  }
  if (is (command, "RCPT") && line->delivery != NULL)
    return take_rcpt (line, command, rcpt);
  if (is (command, "DATA") && line->delivery != NULL) {
    line->delivery->rcpt = shared->heard_size;
    line->delivery->rcpt_size = rcpt->len;
    note (rcpt->str, rcpt->len);
    return take_data (line);
  }
  return is (command, "QUIT") ? FALSE : say_line (line, "250 ok");
}

static void
serve (int fd, SSL_CTX *context)
{
  struct line line = { .fd = fd };
  char command[2048];
  g_autoptr (GString) rcpt = g_string_new (NULL);
  gboolean open = fault_next (PLACE_PEER, STEP_ACCEPT) == 0 && (shared->starttls || handshake (&line, context))
                  && answer (&line, STEP_GREETING, fault_next (PLACE_PEER, STEP_GREETING), "220 peer ESMTP");
  while (open && hear (&line, command, sizeof command))
    open = take_command (&line, command, context, rcpt);
  if (line.ssl != NULL)
    SSL_free (line.ssl);
  close (fd);
}

static void
run (int listen_fd, const char *certificate, const char *key)
{
  (void) prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  (void) signal (SIGPIPE, SIG_IGN);
  SSL_CTX *context = SSL_CTX_new (TLS_server_method ());
  if (SSL_CTX_use_certificate_chain_file (context, certificate) != 1
      || SSL_CTX_use_PrivateKey_file (context, key, SSL_FILETYPE_PEM) != 1)
    abort ();
  for (;;) {
    int fd = accept (listen_fd, NULL, NULL);
    if (fd < 0)
      _exit (1);
    const int at_once = 1;
    (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    g_atomic_int_set (&shared->open, 1);
    serve (fd, context);
    g_atomic_int_set (&shared->open, 0);
  }
}

guint16
property_peer_start (const char *certificate, const char *key)
{
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in place = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof place;
  if (fd < 0 || bind (fd, (struct sockaddr *) &place, size) != 0 || listen (fd, 16) != 0
      || getsockname (fd, (struct sockaddr *) &place, &size) != 0)
    abort ();
  peer_pid = fork ();
  if (peer_pid == 0)
    run (fd, certificate, key);
  close (fd);
  return ntohs (place.sin_port);
}

void
property_peer_stop (void)
{
  (void) kill (peer_pid, SIGKILL);
  (void) waitpid (peer_pid, NULL, 0);
}

void
property_peer_settle (void)
{
  for (guint i = 0; i < 20000 && g_atomic_int_get (&shared->open) != 0; i++)
    g_usleep (i < 50 ? 20 : 500);
}

void
property_peer_clear (void)
{
  property_peer_settle ();
  shared->deliveries_count = 0;
  shared->heard_size = 0;
}

GBytes *
property_peer_heard (gsize at, gsize size)
{
  return g_bytes_new (shared->heard + at, size);
}
