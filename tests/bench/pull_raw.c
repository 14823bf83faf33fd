/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The least that fetching a mailbox can cost: signs in, opens INBOX and asks for all of it in one go, and writes what comes to a Maildir. Nothing is
 * verified, checked, synced or remembered. The measure for tests/bench/pull.
 *
 *   pull_raw PORT USER PASSWORDS DIR        PASSWORDS: a file of lines "user:password"
 *
 * Prints how many mails came. */
#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <glib.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct line {
  SSL *ssl;
  char bytes[65536];
  gsize at, size;
};

static void G_GNUC_NORETURN
die (const char *what)
{
  fprintf (stderr, "pull_raw: %s\n", what);
  exit (1);
}

static void
fill (struct line *line)
{
  int got = SSL_read (line->ssl, line->bytes, sizeof line->bytes);
  if (got <= 0)
    die ("the server hung up");
  line->at = 0;
  line->size = (gsize) got;
}

static void
hear (struct line *line, GString *text)
{
  g_string_truncate (text, 0);
  for (;;) {
    if (line->at == line->size)
      fill (line);
    const char *from = line->bytes + line->at, *end = memchr (from, '\n', line->size - line->at);
    gsize size = end == NULL ? line->size - line->at : (gsize) (end - from) + 1;
    g_string_append_len (text, from, (gssize) size);
    line->at += size;
    if (end != NULL)
      return;
  }
}

/* The literal that follows, into a file of its own. */
static void
keep (struct line *line, gsize size, const char *dir, guint number)
{
  char tmp[512], final[512];
  g_snprintf (tmp, sizeof tmp, "%s/tmp/%u.raw", dir, number);
  g_snprintf (final, sizeof final, "%s/new/%u.raw", dir, number);
  int fd = open (tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  while (size > 0) {
    if (line->at == line->size)
      fill (line);
    gsize piece = MIN (size, line->size - line->at);
    if (write (fd, line->bytes + line->at, piece) != (ssize_t) piece)
      die ("cannot write");
    line->at += piece;
    size -= piece;
  }
  if (close (fd) != 0 || rename (tmp, final) != 0)
    die ("cannot rename");
}

static void
say (struct line *line, const char *text)
{
  if (SSL_write (line->ssl, text, (int) strlen (text)) <= 0)
    die ("the server does not listen");
}

static void
reach (struct line *line, int port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons ((guint16) port) };
  int fd = socket (AF_INET, SOCK_STREAM, 0), on = 1;
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) != 0)
    die ("nobody listens");
  (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  line->ssl = SSL_new (SSL_CTX_new (TLS_client_method ()));
  SSL_set_fd (line->ssl, fd);
  if (SSL_connect (line->ssl) != 1)
    die ("no TLS");
}

static char *
password_of (const char *file, const char *user)
{
  g_autofree char *all = NULL;
  if (!g_file_get_contents (file, &all, NULL, NULL))
    die ("no passwords");
  g_auto (GStrv) lines = g_strsplit (all, "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], user) && lines[i][strlen (user)] == ':')
      return g_strdup (lines[i] + strlen (user) + 1);
  die ("no password");
}

int
main (int argc, char **argv)
{
  static struct line line;
  if (argc != 5)
    die ("PORT USER PASSWORDS DIR");
  const char *const inside[] = { "", "cur", "new", "tmp" };
  for (gsize i = 0; i < G_N_ELEMENTS (inside); i++) {
    g_autofree char *path = g_build_filename (argv[4], inside[i], NULL);
    (void) mkdir (path, 0700);
  }
  g_autofree char *password = password_of (argv[3], argv[2]);
  g_autofree char *all = g_strdup_printf (
      "a LOGIN %s %s\r\nb EXAMINE INBOX\r\nc UID FETCH 1:* (UID FLAGS BODY.PEEK[])\r\n", argv[2], password);
  g_autoptr (GString) text = g_string_new (NULL);
  guint mails = 0;
  reach (&line, atoi (argv[1]));
  hear (&line, text);
  say (&line, all); /* pipelined: one round trip for the whole mailbox */
  do {
    hear (&line, text);
    const char *open = text->len > 3 && g_str_has_suffix (text->str, "}\r\n") ? strrchr (text->str, '{') : NULL;
    if (open != NULL)
      keep (&line, g_ascii_strtoull (open + 1, NULL, 10), argv[4], ++mails);
  } while (!g_str_has_prefix (text->str, "c "));
  printf ("%u\n", mails);
  return strncmp (text->str, "c OK", 4) == 0 ? 0 : 1;
}
