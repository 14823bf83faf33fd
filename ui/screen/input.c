/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From ncurses' key codes to ours; see input.h and key.h. Pasted text (bracketed paste) comes as one piece, so that no
 * character of it can act as a command. */
#include "ui/screen/input.h"
#include "ui/screen/app_p.h"
#include "ui/screen/key.h"

#include <glib-unix.h>
#include <ncurses.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PASTE_MAX (1024u * 1024)
#define EMPTY_READS_MAX 100
#define TURN_MAX 4096 /* keys in one turn, before something else gets its chance */

enum { CODE_PASTE_START = KEY_MAX + 1, CODE_PASTE_END };

static const struct {
  int code;
  int key;
} codes[] = {
  { KEY_UP, SPECIAL_UP },       { KEY_DOWN, SPECIAL_DOWN },     { KEY_LEFT, SPECIAL_LEFT },
  { KEY_RIGHT, SPECIAL_RIGHT }, { KEY_PPAGE, SPECIAL_PAGE_UP }, { KEY_NPAGE, SPECIAL_PAGE_DOWN },
  { KEY_HOME, SPECIAL_HOME },   { KEY_END, SPECIAL_END },       { KEY_FIND, SPECIAL_HOME },
  { KEY_SELECT, SPECIAL_END },  { KEY_DC, SPECIAL_DELETE },     { KEY_BACKSPACE, SPECIAL_BACKSPACE },
  { KEY_ENTER, SPECIAL_ENTER }, { KEY_BTAB, SPECIAL_BACKTAB },
};

static int
from_code (wint_t code)
{
  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (codes[i].code == (int) code)
      return codes[i].key;
  return 0;
}

static int
from_character (wint_t c)
{
  switch (c) {
  case '\r':
  case '\n':
    return SPECIAL_ENTER;
  case '\t':
    return SPECIAL_TAB;
  case 8:
  case 127:
    return SPECIAL_BACKSPACE;
  default:
    return g_unichar_validate ((gunichar) c) ? (int) c : 0;
  }
}

/* Esc alone is a key; Esc with something at its heels is Alt, which nothing is bound to: the pair is swallowed, so that
 * Alt-D is never taken for "no" and then "d". */
static int
escape (void)
{
  wint_t next;
  int got = get_wch (&next);
  if (got == ERR)
    return SPECIAL_ESCAPE;
  if (got == OK && next == 27)
    return SPECIAL_ESCAPE;
  return SPECIAL_ALT;
}

static void
pasting (struct app *app, int got, wint_t c)
{
  if (got == KEY_CODE_YES && c == CODE_PASTE_END) {
    g_autofree char *text = g_string_free (g_steal_pointer (&app->pasted), FALSE);
    app_paste (app, text);
    return;
  }
  if (got != OK || !g_unichar_validate (c) || c == 0 || app->pasted->len > PASTE_MAX)
    return;
  g_string_append_unichar (app->pasted, c == '\r' ? '\n' : c);
}

static gboolean
one_key (struct app *app)
{
  wint_t c = 0;
  int got = get_wch (&c);
  if (got == ERR)
    return FALSE;
  if (app->pasted != NULL) {
    pasting (app, got, c);
    return TRUE;
  }
  if (got == KEY_CODE_YES && c == CODE_PASTE_START) {
    app->pasted = g_string_new (NULL);
    return TRUE;
  }
  int key = got == KEY_CODE_YES ? from_code (c) : c == 27 ? escape () : from_character (c);
  if (key != 0 && key != SPECIAL_ALT)
    app_key (app, key);
  return TRUE;
}

static gboolean
readable (int fd, GIOCondition condition, gpointer data)
{
  struct app *app = data;
  int waiting = 0, got = 0;
  gboolean gone = (condition & (G_IO_HUP | G_IO_ERR)) != 0 || ioctl (fd, FIONREAD, &waiting) != 0;
  while (!gone && got < TURN_MAX && !app->leaving && !app->away && one_key (app))
    got++;
  /* A terminal that is readable and never has anything to read has ended, even where it does not say so. */
  app->empty_reads = waiting == 0 && got == 0 ? app->empty_reads + 1 : 0;
  if (app->input_source == 0) /* stopped by what one of the keys did */
    return G_SOURCE_REMOVE;
  if (!gone && app->empty_reads < EMPTY_READS_MAX)
    return G_SOURCE_CONTINUE;
  app->input_source = 0;
  app_hang_up (app);
  return G_SOURCE_REMOVE;
}

void
input_start (struct app *app)
{
  define_key ("\033[200~", CODE_PASTE_START);
  define_key ("\033[201~", CODE_PASTE_END);
  input_stop (app);
  app->input_source
      = g_unix_fd_add_full (G_PRIORITY_HIGH, STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, app, NULL);
}

void
input_stop (struct app *app)
{
  if (app->input_source != 0)
    g_source_remove (app->input_source);
  app->input_source = 0;
}
