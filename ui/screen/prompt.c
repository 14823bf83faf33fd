/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions at the bottom; see prompt.h. */
#include "ui/screen/prompt.h"
#include "ui/screen/app_p.h"
#include "ui/screen/key.h"
#include "ui/screen/line.h"
#include "ui/screen/text.h"

#include <string.h>

#define HISTORY_MAX 100

struct prompt {
  char *label;
  char **choices;       /* NULL: a line */
  struct line line;
  GPtrArray *history;
  guint history_at;     /* history->len: the line being typed */
  prompt_line_fn line_done;
  prompt_choice_fn choice_done;
  gpointer data;
};

static struct prompt *
prompt_start (struct app *app, const char *label, gpointer data)
{
  g_clear_pointer (&app->prompt, prompt_free);
  struct prompt *prompt = g_new0 (struct prompt, 1);
  prompt->label = g_strdup (label);
  prompt->data = data;
  app->prompt = prompt;
  app_dirty (app);
  return prompt;
}

void
prompt_line (struct app *app, const char *label, const char *initial, enum prompt_flags flags, GPtrArray *history,
             prompt_line_fn done, gpointer data)
{
  struct prompt *prompt = prompt_start (app, label, data);
  line_init (&prompt->line, flags == PROMPT_SECRET);
  line_insert (&prompt->line, initial != NULL ? initial : "");
  prompt->history = history;
  prompt->history_at = history != NULL ? history->len : 0;
  prompt->line_done = done;
}

void
prompt_choice (struct app *app, const char *question, const char *const *choices, prompt_choice_fn done, gpointer data)
{
  struct prompt *prompt = prompt_start (app, question, data);
  prompt->choices = g_strdupv ((char **)choices);
  prompt->choice_done = done;
}

void
prompt_free (struct prompt *prompt)
{
  if (prompt == NULL)
    return;
  g_free (prompt->label);
  g_strfreev (prompt->choices);
  line_clear (&prompt->line);
  g_free (prompt);
}

void
prompt_withdraw (struct app *app, gpointer data)
{
  if (app->prompt != NULL && app->prompt->data == data)
    g_clear_pointer (&app->prompt, prompt_free);
}

static void
remember (GPtrArray *history, const char *text)
{
  if (history == NULL || *text == '\0')
    return;
  if (history->len > 0 && strcmp (g_ptr_array_index (history, history->len - 1), text) == 0)
    return;
  if (history->len >= HISTORY_MAX)
    g_ptr_array_remove_index (history, 0);
  g_ptr_array_add (history, g_strdup (text));
}

static void
end_line (struct app *app, gboolean accepted)
{
  struct prompt *prompt = g_steal_pointer (&app->prompt);
  if (accepted && !prompt->line.secret)
    remember (prompt->history, prompt->line.text->str);
  prompt->line_done (app, accepted ? prompt->line.text->str : NULL, prompt->data);
  prompt_free (prompt);
}

static void
walk_history (struct prompt *prompt, int step)
{
  if (prompt->history == NULL || (step < 0 && prompt->history_at == 0))
    return;
  prompt->history_at = MIN (prompt->history_at + (guint)step, prompt->history->len);
  line_set (&prompt->line,
            prompt->history_at < prompt->history->len ? g_ptr_array_index (prompt->history, prompt->history_at) : "");
}

static void
choice_key (struct app *app, int key)
{
  char letter = 0;
  if (key != SPECIAL_ESCAPE && key != KEY_CONTROL ('C')) {
    for (char **choice = app->prompt->choices; *choice != NULL; choice += 2)
      if (key < 0x80 && g_ascii_tolower ((char)key) == (*choice)[0])
        letter = (*choice)[0];
    if (letter == 0)
      return;
  }
  struct prompt *prompt = g_steal_pointer (&app->prompt);
  prompt->choice_done (app, letter, prompt->data);
  prompt_free (prompt);
}

void
prompt_key (struct app *app, int key)
{
  struct prompt *prompt = app->prompt;
  if (prompt->choices != NULL)
    choice_key (app, key);
  else if (key == SPECIAL_ENTER)
    end_line (app, TRUE);
  else if (key == SPECIAL_ESCAPE || key == KEY_CONTROL ('C') || key == KEY_CONTROL ('G'))
    end_line (app, FALSE);
  else if (key == SPECIAL_UP || key == KEY_CONTROL ('P'))
    walk_history (prompt, -1);
  else if (key == SPECIAL_DOWN || key == KEY_CONTROL ('N'))
    walk_history (prompt, 1);
  else
    line_key (&prompt->line, key);
}

void
prompt_paste (struct app *app, const char *text)
{
  if (app->prompt->choices == NULL)
    line_insert (&app->prompt->line, text);
}

static void
draw_choices (struct prompt *prompt, const struct area *help)
{
  int x = 0;
  for (char **choice = prompt->choices; choice[0] != NULL; choice += 2) {
    x += draw_text (help, 0, x, help->width - x, STYLE_KEY, choice[0]);
    x += 1 + draw_text (help, 0, x + 1, help->width - x - 1, STYLE_HELP, choice[1]) + 2;
  }
  x += draw_text (help, 0, x, help->width - x, STYLE_KEY, "Esc");
  draw_text (help, 0, x + 1, help->width - x - 1, STYLE_HELP, "none of these");
}

void
prompt_draw (struct prompt *prompt, const struct area *status, const struct area *help)
{
  draw_row (status, 0, STYLE_TEXT);
  draw_row (help, 0, STYLE_TEXT);
  int x = draw_text (status, 0, 0, status->width, STYLE_STRONG, prompt->label);
  if (prompt->choices != NULL) {
    draw_choices (prompt, help);
    return;
  }
  /* A long label makes room: at least 20 columns are for typing. */
  x = MIN (x, MAX (status->width - 20, 0)) + 1;
  int cursor;
  g_autofree char *text = line_visible (&prompt->line, status->width - x, &cursor);
  draw_text (status, 0, x, status->width - x, STYLE_TEXT, text);
  draw_cursor (status, 0, x + cursor);
  int used = draw_text (help, 0, 0, help->width, STYLE_KEY, "Enter");
  used += 1 + draw_text (help, 0, used + 1, help->width, STYLE_HELP, "OK") + 2;
  used += draw_text (help, 0, used, help->width, STYLE_KEY, "Esc");
  used += 1 + draw_text (help, 0, used + 1, help->width, STYLE_HELP, "Never mind") + 2;
  if (prompt->line.secret)
    draw_text (help, 0, used, help->width - used, STYLE_DIM, "What you type is not shown.");
  else if (prompt->history != NULL) {
    used += draw_text (help, 0, used, help->width - used, STYLE_KEY, "Up");
    draw_text (help, 0, used + 1, help->width - used - 1, STYLE_HELP, "Earlier ones");
  }
}
