/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One drawing of the whole screen: top line, folders, views, status, keys. Everything is drawn anew each time; ncurses sends
 * only what changed. */
#include "ui/screen/app_p.h"
#include "ui/screen/screen.h"
#include "ui/screen/text.h"
#include "ui/working.h"

#include <errno.h>
#include <unistd.h>

#define NOTICE_ROWS 3
#define ROWS_MIN 10
#define COLUMNS_MIN 40
#define SIDEBAR_FROM 70       /* columns from which folders stand beside a list */
#define SIDEBAR_TEXT_FROM 116 /* ... and beside text to read or write */
#define SPLIT_FROM 150        /* list and reader side by side */

static const char *
state_word (const char *state)
{
  static const char *const words[][2] = {
    { "offline", "offline" }, { "connecting", "connecting…" }, { "syncing", "fetching mail" },
    { "idle", "connected" },  { "failed", "not connected" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_strcmp0 (words[i][0], state) == 0)
      return words[i][1];
  return "";
}

static char *
accounts_text (const struct app *app)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < app->accounts->len; i++) {
    const struct account_state *account = g_ptr_array_index (app->accounts, i);
    if (text->len > 0)
      g_string_append (text, ", ");
    if (app->accounts->len > 1)
      g_string_append_printf (text, "%s: ", account->name);
    g_string_append (text, state_word (account->state));
  }
  return g_string_free (text, FALSE);
}

static void
draw_top (struct app *app, const struct area *area, struct view *main_view)
{
  int width = area->width;
  draw_row (area, 0, STYLE_BAR);
  if (app->settings != NULL && app->settings->at_rest == AT_REST_NONE) {
    static const char warning[] = " unprotected test profile ";
    int columns = text_width (warning);
    draw_text (area, 0, width - columns, columns, STYLE_BAR_WARN, warning);
    width -= columns + 1;
  }
  g_autofree char *title = main_view->class->title != NULL ? main_view->class->title (main_view) : g_strdup ("");
  g_autofree char *states = accounts_text (app);
  const char *account
      = app->accounts->len == 1 ? ((struct account_state *) g_ptr_array_index (app->accounts, 0))->name : "wardmail";
  int x = 1 + draw_text (area, 0, 1, width - 1, STYLE_BAR | STYLE_BOLD, account);
  if (*states != '\0') {
    int columns = MIN (text_width (states), width / 3);
    draw_text (area, 0, width - columns, columns, STYLE_BAR, states);
    width -= columns + 2;
  }
  if (*title != '\0') {
    x += draw_text (area, 0, x, width - x, STYLE_BAR, " · ");
    draw_text (area, 0, x, width - x, STYLE_BAR, title);
  }
}

/* A long mail on its way: the bar stands until it is out, below all but warnings. */
static void
draw_working (struct app *app, const struct area *area)
{
  g_autofree char *line = working_line (app->working, area->width);
  int x = draw_text (area, 0, 0, area->width, STYLE_STATUS, line) + 2;
  if (app_focused (app)->class->place == PLACE_COMPOSE && x < area->width)
    draw_text (area, 0, x, area->width - x, STYLE_HELP, "Esc: go on meanwhile");
}

#define FETCHING_FROM 30 /* mails: fewer are here before one could read of them */

/* How far fetching is, of all accounts together; the one that takes longest says how long. NULL: nothing long is under way. */
static char *
fetching_line (const struct app *app, int columns)
{
  guint done = 0, total = 0, left = 0;
  guint64 rate = 0;
  for (guint i = 0; i < app->accounts->len; i++) {
    const struct account_state *account = g_ptr_array_index (app->accounts, i);
    if (g_strcmp0 (account->state, "syncing") != 0 || account->done >= account->total)
      continue;
    done += account->done;
    total += account->total;
    rate += account->rate;
    left = MAX (left, account->left_s);
  }
  return total < FETCHING_FROM ? NULL : working_fetching (done, total, rate, left, columns);
}

/* What stays in its row whatever else is said; NULL: nothing. */
static char *
standing_line (struct app *app, int columns)
{
  char *undo = app_notice_undo_line (app);
  if (undo == NULL && app_is_indexing (app) && app->notice != NULL)
    return working_line (app->working, columns);
  return undo;
}

/* A sentence that is too long for its row covers one or two rows above it for as long as it stands; one more where its row is taken. */
static void
draw_status (struct app *app, const struct area *area)
{
  draw_row (area, 0, STYLE_TEXT);
  g_autofree char *standing = standing_line (app, area->width), *line = NULL;
  if (standing != NULL)
    draw_text (area, 0, 0, area->width, STYLE_STATUS, standing);
  else if (app->working != NULL && (app->notice == NULL || app->notice_kind != NOTICE_WARN)) {
    draw_working (app, area);
    return;
  } else if ((app->notice == NULL || app->notice_passes) && (line = fetching_line (app, area->width)) != NULL) {
    draw_text (area, 0, 0, area->width, STYLE_STATUS, line);
    return;
  }
  if (app->notice == NULL || (standing != NULL && app->notice_passes))
    return;
  unsigned style = app->notice_kind == NOTICE_WARN ? STYLE_STATUS_WARN : STYLE_STATUS;
  g_autoptr (GPtrArray) rows = text_wrap (app->notice, area->width, NOTICE_ROWS);
  int height = MAX ((int) rows->len, 1);
  struct area lines = { area->y - height + (standing == NULL), area->x, height, area->width };
  for (int y = 0; y < (int) rows->len; y++) {
    draw_row (&lines, y, STYLE_TEXT);
    draw_text (&lines, y, 0, lines.width, style, g_ptr_array_index (rows, y));
  }
}

static void
draw_help (enum place place, const struct area *area)
{
  g_autoptr (GPtrArray) fit = keymap_fit (place, area->width);
  int x = 0;
  draw_row (area, 0, STYLE_TEXT);
  for (guint i = 0; i < fit->len; i++) {
    const struct binding *binding = g_ptr_array_index (fit, i);
    g_autofree char *shown = keymap_shown (binding);
    x += draw_text (area, 0, x, area->width - x, STYLE_KEY, shown) + 1;
    x += draw_text (area, 0, x, area->width - x, STYLE_HELP, binding->word) + 2;
  }
}

static void
draw_too_small (const struct area *area)
{
  g_autoptr (GPtrArray) rows
      = text_wrap ("wardmail needs a larger window: at least 40 columns and 10 rows.", area->width, 100);
  for (guint i = 0; i < rows->len; i++)
    draw_text (area, (int) i, 0, area->width, STYLE_TEXT, g_ptr_array_index (rows, i));
}

static gboolean
sidebar_shown (const struct app *app, const struct view *main_view, int width)
{
  if (app->sidebar == NULL || main_view->class->alone)
    return FALSE;
  if (app->sidebar_focus)
    return TRUE;
  gboolean text = main_view->class->place == PLACE_READER || main_view->class->place == PLACE_COMPOSE;
  return !app->sidebar_hidden && width >= (text ? SIDEBAR_TEXT_FROM : SIDEBAR_FROM);
}

static struct area
take_left (struct area *area, int columns)
{
  struct area left = { area->y, area->x, area->height, columns };
  area->x += columns + 1;
  area->width -= columns + 1;
  struct area between = { area->y, area->x - 1, area->height, 1 };
  draw_vertical (&between, 0, STYLE_FRAME);
  return left;
}

static void
draw_main (struct app *app, struct area area, guint main_index)
{
  struct view *main_view = g_ptr_array_index (app->views, main_index);
  gboolean top = main_index == app->views->len - 1 && !app->sidebar_focus;
  if (sidebar_shown (app, main_view, area.width)) {
    struct area left = take_left (&area, area.width >= 180 ? 30 : area.width >= 100 ? 24 : 19);
    app->sidebar->class->draw (app->sidebar, &left, app->sidebar_focus);
  }
  struct view *below = main_index > 0 ? g_ptr_array_index (app->views, main_index - 1) : NULL;
  if (main_view->class->place == PLACE_READER && below != NULL && below->class->place == PLACE_LIST
      && area.width >= SPLIT_FROM) {
    struct area left = take_left (&area, area.width * 2 / 5);
    below->class->draw (below, &left, FALSE);
  }
  main_view->class->draw (main_view, &area, top);
}

static void
draw_popups (struct app *app, const struct area *area, guint from)
{
  for (guint i = from; i < app->views->len; i++) {
    struct view *view = g_ptr_array_index (app->views, i);
    int width = MIN (area->width - 2, 100), height = area->height - 1;
    struct area box = { area->y + (area->height - height) / 2, area->x + (area->width - width) / 2, height, width };
    view->class->draw (view, &box, i == app->views->len - 1);
  }
}

/* A byte for a waiting script: nothing under way, all drawn. */
static void
mark_settled (struct app *app)
{
  if (app->idle_fd < 0 || app_call_pending (app) > 0)
    return;
  if (write (app->idle_fd, ".", 1) < 0 && errno == EPIPE)
    app->idle_fd = -1;
}

void
frame_draw (struct app *app)
{
  struct area whole = { 0, 0, 0, 0 };
  screen_size (&whole.height, &whole.width);
  draw_begin ();
  guint main_index = app->views->len;
  while (main_index > 0 && ((struct view *) g_ptr_array_index (app->views, main_index - 1))->class->popup)
    main_index--;
  if (whole.height < ROWS_MIN || whole.width < COLUMNS_MIN)
    draw_too_small (&whole);
  else if (main_index > 0) {
    struct area bar = { 0, 0, 1, whole.width }, status = { whole.height - 2, 0, 1, whole.width },
                help = { whole.height - 1, 0, 1, whole.width }, rest = { 1, 0, whole.height - 3, whole.width };
    draw_top (app, &bar, g_ptr_array_index (app->views, main_index - 1));
    draw_main (app, rest, main_index - 1);
    draw_popups (app, &rest, main_index);
    if (app->prompt != NULL)
      prompt_draw (app->prompt, &status, &help);
    else {
      draw_status (app, &status);
      draw_help (app_focused (app)->class->place, &help);
    }
  }
  draw_end (app->force);
  app->force = FALSE;
  mark_settled (app);
}
