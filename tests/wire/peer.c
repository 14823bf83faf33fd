/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The scripted server. See peer.h. */
#include "tests/wire/peer.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

struct peer {
  const char *const *script;
  const char *cert, *key;
  int fd;
  SSL_CTX *context;
  SSL *ssl;
  gboolean slow, deflated;
  z_stream in, out;
  GString *heard;   /* all of it */
  GString *pending; /* what is no line yet */
  char *tag, *last_tag;
  char *problem;
  GThread *thread;
};

static gboolean
say_raw (struct peer *peer, const char *bytes, gsize size)
{
  while (size > 0) {
    gsize piece = peer->slow ? 1 : MIN (size, 16384);
    ssize_t sent
        = peer->ssl != NULL ? SSL_write (peer->ssl, bytes, (int) piece) : send (peer->fd, bytes, piece, MSG_NOSIGNAL);
    if (sent <= 0)
      return FALSE;
    bytes += sent;
    size -= (gsize) sent;
  }
  return TRUE;
}

static gboolean
say (struct peer *peer, const char *bytes, gsize size)
{
  if (!peer->deflated)
    return say_raw (peer, bytes, size);
  g_autofree char *packed = g_malloc (size + 1024);
  peer->out.next_in = (Bytef *) (gpointer) bytes;
  peer->out.avail_in = (uInt) size;
  peer->out.next_out = (Bytef *) packed;
  peer->out.avail_out = (uInt) size + 1024;
  return deflate (&peer->out, Z_SYNC_FLUSH) == Z_OK && say_raw (peer, packed, size + 1024 - peer->out.avail_out);
}

static gboolean
hear_packed (struct peer *peer, char *bytes, gsize size)
{
  char text[4096];
  peer->in.next_in = (Bytef *) bytes;
  peer->in.avail_in = (uInt) size;
  do {
    peer->in.next_out = (Bytef *) text;
    peer->in.avail_out = sizeof text;
    int code = inflate (&peer->in, Z_SYNC_FLUSH);
    if (code != Z_OK && code != Z_BUF_ERROR)
      return FALSE;
    gssize got = (gssize) (sizeof text - peer->in.avail_out);
    g_string_append_len (peer->heard, text, got);
    g_string_append_len (peer->pending, text, got);
  } while (peer->in.avail_out == 0);
  return TRUE;
}

static gboolean
hear_more (struct peer *peer)
{
  char bytes[4096];
  ssize_t got = peer->ssl != NULL ? SSL_read (peer->ssl, bytes, sizeof bytes) : read (peer->fd, bytes, sizeof bytes);
  if (got <= 0)
    return FALSE;
  if (peer->deflated)
    return hear_packed (peer, bytes, (gsize) got);
  g_string_append_len (peer->heard, bytes, got);
  g_string_append_len (peer->pending, bytes, got);
  return TRUE;
}

static char *
hear_line (struct peer *peer)
{
  char *end;
  while ((end = strstr (peer->pending->str, "\r\n")) == NULL)
    if (!hear_more (peer))
      return NULL;
  char *line = g_strndup (peer->pending->str, (gsize) (end - peer->pending->str));
  g_string_erase (peer->pending, 0, (gssize) (end - peer->pending->str) + 2);
  return line;
}

static gboolean
expect (struct peer *peer, const char *text)
{
  g_autofree char *line = hear_line (peer);
  if (line == NULL)
    return FALSE;
  if (strchr (line, ' ') != NULL) { /* a command, not its continuation */
    g_free (peer->last_tag);
    peer->last_tag = peer->tag;
    peer->tag = g_strndup (line, strcspn (line, " "));
  }
  g_autofree char *have = g_ascii_strdown (line, -1), *want = g_ascii_strdown (text, -1);
  return strstr (have, want) != NULL;
}

static gboolean
send_text (struct peer *peer, const char *text, const char *end)
{
  g_auto (GStrv) old = g_strsplit (text, "$LAST", -1);
  g_autofree char *half = g_strjoinv (peer->last_tag != NULL ? peer->last_tag : "*", old);
  g_auto (GStrv) pieces = g_strsplit (half, "$TAG", -1);
  g_autofree char *joined = g_strjoinv (peer->tag != NULL ? peer->tag : "*", pieces),
                  *all = g_strconcat (joined, end, NULL);
  return say (peer, all, strlen (all));
}

static gboolean
flood (struct peer *peer, guint64 size)
{
  g_autofree char *bytes = g_strnfill (16384, 'x');
  for (; size > 0; size -= MIN (size, 16384))
    if (!say (peer, bytes, (gsize) MIN (size, 16384)))
      return TRUE; /* the client has had enough: well done */
  return TRUE;
}

static gboolean
start_tls (struct peer *peer)
{
  peer->context = SSL_CTX_new (TLS_server_method ());
  if (SSL_CTX_use_certificate_chain_file (peer->context, peer->cert) != 1
      || SSL_CTX_use_PrivateKey_file (peer->context, peer->key, SSL_FILETYPE_PEM) != 1)
    return FALSE;
  peer->ssl = SSL_new (peer->context);
  SSL_set_fd (peer->ssl, peer->fd);
  return SSL_accept (peer->ssl) == 1;
}

static gboolean
hear_data (struct peer *peer)
{
  for (;;) {
    g_autofree char *line = hear_line (peer);
    if (line == NULL || strcmp (line, ".") == 0)
      return line != NULL;
  }
}

static gboolean
step (struct peer *peer, const char *text)
{
  if (g_str_has_prefix (text, "S: "))
    return send_text (peer, text + 3, "\r\n");
  if (g_str_has_prefix (text, "S> "))
    return send_text (peer, text + 3, "");
  if (g_str_has_prefix (text, "C: "))
    return expect (peer, text + 3);
  if (strcmp (text, "DATA") == 0)
    return hear_data (peer);
  if (strcmp (text, "TLS") == 0)
    return start_tls (peer);
  if (g_str_has_prefix (text, "FLOOD "))
    return flood (peer, g_ascii_strtoull (text + 6, NULL, 10));
  if (strcmp (text, "SLOW") == 0)
    return (peer->slow = TRUE);
  if (strcmp (text, "DEFLATE") == 0)
    return (peer->deflated = inflateInit2 (&peer->in, -MAX_WBITS) == Z_OK
                             && deflateInit2 (&peer->out, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  if (g_str_has_prefix (text, "RAW "))
    return say_raw (peer, text + 4, strlen (text + 4));
  if (g_str_has_prefix (text, "EMPTY ")) {
    for (guint64 i = g_ascii_strtoull (text + 6, NULL, 10); i > 0; i--)
      if (!say_raw (peer, "\0\0\0\xff\xff", 5))
        break; /* the client has had enough */
    return TRUE;
  }
  if (strcmp (text, "HANG") == 0) {
    while (hear_more (peer))
      ;
    return TRUE;
  }
  return FALSE;
}

static gpointer
run (gpointer data)
{
  struct peer *peer = data;
  for (gsize i = 0; peer->script[i] != NULL && strcmp (peer->script[i], "CLOSE") != 0 && peer->problem == NULL; i++)
    if (!step (peer, peer->script[i]))
      peer->problem = g_strdup_printf ("step %" G_GSIZE_FORMAT " (%s) could not be done", i, peer->script[i]);
  if (peer->ssl != NULL)
    (void) SSL_shutdown (peer->ssl);
  shutdown (peer->fd, SHUT_WR);
  while (peer->script[0] != NULL
         && hear_more (peer)) /* the last words, and so that nothing is reset under the client */
    ;
  close (peer->fd);
  return NULL;
}

struct peer *
peer_start (const char *const *script, const char *cert, const char *key, int *client_fd_out)
{
  int pair[2];
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    abort ();
  struct peer *peer = g_new0 (struct peer, 1);
  peer->script = script;
  peer->cert = cert;
  peer->key = key;
  peer->fd = pair[1];
  peer->heard = g_string_new (NULL);
  peer->pending = g_string_new (NULL);
  *client_fd_out = pair[0];
  peer->thread = g_thread_new ("peer", run, peer);
  return peer;
}

char *
peer_stop (struct peer *peer, char **heard_out)
{
  g_thread_join (peer->thread);
  char *problem = peer->problem;
  if (heard_out != NULL)
    *heard_out = g_string_free (peer->heard, FALSE);
  else
    g_string_free (peer->heard, TRUE);
  g_string_free (peer->pending, TRUE);
  if (peer->ssl != NULL)
    SSL_free (peer->ssl);
  if (peer->context != NULL)
    SSL_CTX_free (peer->context);
  if (peer->deflated) {
    (void) inflateEnd (&peer->in);
    (void) deflateEnd (&peer->out);
  }
  g_free (peer->tag);
  g_free (peer->last_tag);
  g_free (peer);
  return problem;
}
