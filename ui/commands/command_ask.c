/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets by file descriptor, or from the terminal without echo. */
#include "ui/commands/command_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum key { KEY_MORE = 0, KEY_END, KEY_CANCEL };

gboolean
command_ask_possible (void)
{
  int fd = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

static enum key
take_key (char c, char *line, gsize *size)
{
  switch (c) {
  case '\n':
  case '\r':
    return KEY_END;
  case 3:
  case 4:
  case 27: /* Ctrl-C, Ctrl-D, Escape */
    return KEY_CANCEL;
  case 8:
  case 127:
    while (*size > 0 && (line[--*size] & 0xC0) == 0x80) /* the whole UTF-8 character */
      ;
    return KEY_MORE;
  case 21: /* Ctrl-U */
    *size = 0;
    return KEY_MORE;
  default:
    if (*size < COMMAND_SECRET_MAX)
      line[(*size)++] = c;
    return KEY_MORE;
  }
}

static struct secret *
read_line (int fd)
{
  char line[COMMAND_SECRET_MAX], c = 0;
  gsize size = 0;
  enum key key = KEY_MORE;
  while (key == KEY_MORE) {
    ssize_t got = read (fd, &c, 1);
    if (got < 0 && errno == EINTR)
      continue;
    key = got == 1 ? take_key (c, line, &size) : KEY_CANCEL;
  }
  struct secret *secret = key == KEY_END ? secret_new (line, size) : NULL;
  secret_wipe (line, sizeof line);
  secret_wipe (&c, 1);
  return secret;
}

/* Signals wait and Ctrl-C is read as a key, so that the terminal is never left without its echo. */
static struct secret *
ask_terminal (int fd, const char *question)
{
  struct termios before, quiet;
  sigset_t block, old;
  if (tcgetattr (fd, &before) != 0)
    return NULL;
  sigfillset (&block);
  sigprocmask (SIG_BLOCK, &block, &old);
  quiet = before;
  quiet.c_lflag &= (tcflag_t) ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
  quiet.c_cc[VMIN] = 1;
  quiet.c_cc[VTIME] = 0;
  struct secret *secret = NULL;
  if (tcsetattr (fd, TCSAFLUSH, &quiet) == 0 && write (fd, question, strlen (question)) >= 0) {
    secret = read_line (fd);
    (void) tcsetattr (fd, TCSAFLUSH, &before);
    if (write (fd, "\n", 1) < 0)
      g_debug ("the terminal has gone");
  }
  sigprocmask (SIG_SETMASK, &old, NULL);
  return secret;
}

struct secret *
command_ask (int fd, const char *question, GError **error)
{
  if (fd >= 0)
    return secret_read_fd (fd, COMMAND_SECRET_MAX, error);
  int terminal = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "A secret is needed and there is no terminal to ask on; hand it over with --passphrase-fd or --secret-fd.");
    return NULL;
  }
  struct secret *secret = ask_terminal (terminal, question);
  close (terminal);
  if (secret == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "No secret was given, so nothing was done.");
  return secret;
}

gboolean
command_ask_yes (const char *question, gboolean *yes_out, GError **error)
{
  FILE *terminal = fopen ("/dev/tty", "r+e");
  char line[16] = "";
  *yes_out = FALSE;
  if (terminal == NULL) {
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "A decision is needed and there is no terminal to ask on. Nothing was done; add --yes if it is right.");
    return FALSE;
  }
  setvbuf (terminal, NULL, _IONBF, 0);
  if (fputs (question, terminal) >= 0 && fflush (terminal) == 0 && fgets (line, sizeof line, terminal) != NULL) {
    g_strstrip (line);
    *yes_out = g_ascii_strcasecmp (line, "y") == 0 || g_ascii_strcasecmp (line, "yes") == 0;
  }
  (void) fclose (terminal);
  return TRUE;
}
