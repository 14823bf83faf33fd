/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking and giving back the terminal; see screen.h. */
#include "ui/screen/screen.h"
#include "ui/screen/text.h"
#include "ui/screen/theme.h"

#include <gio/gio.h>
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

#define PASTE_MARKS_ON "\033[?2004h"
#define PASTE_MARKS_OFF "\033[?2004l"
#define ESCAPE_DELAY_MS 25

static gboolean started;

static void
tell_terminal (const char *sequence)
{
  /* Only terminals that say they are xterm-like: others would print it. */
  const char *term = g_getenv ("TERM");
  if (term == NULL || tigetstr ("smcup") == NULL || g_str_has_prefix (term, "linux") || g_str_has_prefix (term, "vt"))
    return;
  putp (sequence);
  fflush (stdout);
}

static void
settle (void)
{
  raw ();
  noecho ();
  nonl ();
  nodelay (stdscr, TRUE);
  keypad (stdscr, TRUE);
  intrflush (stdscr, FALSE);
  meta (stdscr, TRUE);
}

gboolean
screen_start (GError **error)
{
  if (!isatty (STDIN_FILENO) || !isatty (STDOUT_FILENO)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 "The screen needs a terminal, and this is none. Use a subcommand (wardmail help lists them).");
    return FALSE;
  }
  setlocale (LC_ALL, "");
  text_set_ascii (strcmp (nl_langinfo (CODESET), "UTF-8") != 0);
  set_escdelay (ESCAPE_DELAY_MS);
  if (newterm (NULL, stdout, stdin) == NULL) {
    const char *term = g_getenv ("TERM");
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "The terminal “%s” is not known to this computer. Set TERM to one that is, for example TERM=xterm-256color.",
        term != NULL ? term : "");
    return FALSE;
  }
  settle ();
  theme_init ();
  tell_terminal (PASTE_MARKS_ON);
  started = TRUE;
  return TRUE;
}

void
screen_leave (void)
{
  if (!started)
    return;
  /* Cleared first: a terminal without a second screen would keep what was shown. */
  erase ();
  refresh ();
  tell_terminal (PASTE_MARKS_OFF);
  endwin ();
}

void
screen_return (void)
{
  if (!started)
    return;
  reset_prog_mode ();
  settle ();
  screen_resized ();
  tell_terminal (PASTE_MARKS_ON);
  clearok (curscr, TRUE);
}

void
screen_stop (void)
{
  screen_leave ();
  started = FALSE;
}

void
screen_resized (void)
{
  struct winsize size;
  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
    resizeterm (size.ws_row, size.ws_col);
  clearok (curscr, TRUE);
}

void
screen_size (int *rows_out, int *columns_out)
{
  *rows_out = LINES;
  *columns_out = COLS;
}
