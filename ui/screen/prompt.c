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
#define LABEL_ROWS_MAX 4
#define TYPING_COLUMNS 24

struct prompt {
  char *label;
  char **choices; /* NULL: a line */
  struct line line;
  GPtrArray *history;
  guint history_at; /* history->len: the line being typed */
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
  prompt->choices = g_strdupv ((char **) choices);
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
  prompt->history_at = MIN (prompt->history_at + (guint) step, prompt->history->len);
  line_set (&prompt->line,
            prompt->history_at < prompt->history->len ? g_ptr_array_index (prompt->history, prompt->history_at) : "");
}

static void
choice_key (struct app *app, int key)
{
  char letter = 0;
  if (key != SPECIAL_ESCAPE && key != KEY_CONTROL ('C')) {
    for (char **choice = app->prompt->choices; *choice != NULL; choice += 2)
      if (key < 0x80 && g_ascii_tolower ((char) key) == (*choice)[0])
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

static int
draw_key (const struct area *help, int x, const char *key, const char *word)
{
  x += draw_text (help, 0, x, help->width - x, STYLE_KEY, key) + 1;
  return x + draw_text (help, 0, x, help->width - x, STYLE_HELP, word) + 2;
}

static void
draw_choices (struct prompt *prompt, const struct area *help)
{
  int x = 0;
  for (char **choice = prompt->choices; choice[0] != NULL; choice += 2)
    x = draw_key (help, x, choice[0], choice[1]);
  draw_key (help, x, "Esc", "None of these");
}

static void
draw_line_help (struct prompt *prompt, const struct area *help)
{
  int x = draw_key (help, 0, "Enter", "OK");
  x = draw_key (help, x, "Esc", prompt->line.secret ? "No" : "Never mind");
  if (prompt->line.secret)
    draw_text (help, 0, x, help->width - x, STYLE_DIM, "What you type is not shown.");
  else if (prompt->history != NULL)
    draw_key (help, x, "Up", "Earlier ones");
}

/* A question that is too long for its row takes rows above it; a label leaves at least TYPING_COLUMNS to type in, else it gets
 * rows of its own. Returns the columns used on the last row. */
static int
draw_label (struct prompt *prompt, const struct area *status)
{
  g_autoptr (GPtrArray) rows = text_wrap (prompt->label, status->width, LABEL_ROWS_MAX);
  const char *last = rows->len > 0 ? g_ptr_array_index (rows, rows->len - 1) : "";
  gboolean beside = prompt->choices != NULL || text_width (last) + 1 + TYPING_COLUMNS <= status->width;
  int height = (int) rows->len + (beside ? 0 : 1);
  struct area lines = { status->y - height + 1, status->x, height, status->width };
  draw_clear (&lines, STYLE_TEXT);
  for (int y = 0; y < (int) rows->len; y++)
    draw_text (&lines, y, 0, lines.width, STYLE_STRONG, g_ptr_array_index (rows, (guint) y));
  return beside && *last != '\0' ? text_width (last) + 1 : 0;
}

void
prompt_draw (struct prompt *prompt, const struct area *status, const struct area *help)
{
  draw_row (status, 0, STYLE_TEXT);
  draw_row (help, 0, STYLE_TEXT);
  int x = draw_label (prompt, status);
  if (prompt->choices != NULL) {
    draw_choices (prompt, help);
    return;
  }
  int cursor;
  g_autofree char *text = line_visible (&prompt->line, status->width - x, &cursor);
  draw_text (status, 0, x, status->width - x, STYLE_TEXT, text);
  draw_cursor (status, 0, x + cursor);
  draw_line_help (prompt, help);
}
