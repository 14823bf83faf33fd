/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a key does: it goes to the question that stands there, to the view that has the focus, or it means the same everywhere. */
#include "ui/screen/app_p.h"
#include "ui/screen/key.h"
#include "ui/screen/screen.h"
#include "ui/screen/text.h"
#include "ui/views/views.h"

#include <signal.h>

static void
suspend (struct app *app)
{
  screen_leave ();
  raise (SIGSTOP);
  screen_return ();
  app->force = TRUE;
}

static void
show_help (struct app *app, enum place place)
{
  app_push (app, text_view_keys (app, place));
}

static gboolean
act_anywhere (struct app *app, enum place place, enum action action)
{
  switch ((int) action) {
  case ACTION_REDRAW:
    app->force = TRUE;
    return TRUE;
  case ACTION_SUSPEND:
    suspend (app);
    return TRUE;
  case ACTION_HELP:
    if (place != PLACE_TEXT)
      show_help (app, place);
    return TRUE;
  case ACTION_MESSAGES:
    if (place != PLACE_TEXT) {
      g_autoptr (GPtrArray) messages = app_messages (app);
      app_push (app, text_view_lines (app, "Messages", messages, "Nothing to tell so far."));
    }
    return TRUE;
  case ACTION_SIDEBAR_TOGGLE:
    app_sidebar_toggle (app);
    return TRUE;
  case ACTION_SIDEBAR:
    app_focus_sidebar (app, !app->sidebar_focus);
    return TRUE;
  default:
    return FALSE;
  }
}

void
app_key (struct app *app, int key)
{
  app_redraw (app, TRUE);
  app_notice_key (app);
  if (app->prompt != NULL && key != KEY_CONTROL ('L') && key != KEY_CONTROL ('Z')) {
    prompt_key (app, key);
    if (app->prompt == NULL)
      ask_resume (app);
    return;
  }
  struct view *view = app_focused (app);
  if (view == NULL)
    return;
  enum action action = keymap_action (view->class->place, key);
  if (action == ACTION_NONE) {
    if (view->class->type != NULL)
      view->class->type (view, key);
  } else if (!view->class->act (view, action))
    act_anywhere (app, view->class->place, action);
}

void
app_paste (struct app *app, const char *text)
{
  struct view *view = app_focused (app);
  app_redraw (app, TRUE);
  if (app->prompt != NULL)
    prompt_paste (app, text);
  else if (view != NULL && view->class->paste != NULL)
    view->class->paste (view, text);
}
