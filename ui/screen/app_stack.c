/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is open: the stack of views, the folders beside it, and what goes on in the background. */
#include "ui/screen/app_p.h"

static gboolean
view_bury (gpointer data)
{
  struct view *view = data;
  view->class->free (view);
  return G_SOURCE_REMOVE;
}

/* Its answers, timers and questions reach nobody from here on; it is freed once the code that closes it has returned. */
static void
view_end (struct view *view)
{
  app_call_forget (view);
  app_notice_forget (view->app, view);
  prompt_withdraw (view->app, view);
  g_idle_add_full (G_PRIORITY_HIGH, view_bury, view, NULL);
}

static struct view *
top_view (struct app *app)
{
  return app->views->len > 0 ? g_ptr_array_index (app->views, app->views->len - 1) : NULL;
}

void
app_push (struct app *app, struct view *view_take)
{
  g_ptr_array_add (app->views, view_take);
  if (!view_take->class->popup)
    app->sidebar_focus = FALSE;
  app_redraw (app, FALSE);
}

void
app_close (struct view *view)
{
  struct app *app = view->app;
  guint index;
  if (!g_ptr_array_find (app->views, view, &index))
    return;
  if (index == 0) {
    app_quit (app, 0);
    return;
  }
  while (app->views->len > index)
    view_end (g_ptr_array_steal_index (app->views, app->views->len - 1));
  app_redraw (app, FALSE);
}

void
app_show (struct app *app, struct view *view_take)
{
  while (app->views->len > 0)
    view_end (g_ptr_array_steal_index (app->views, app->views->len - 1));
  app_push (app, view_take);
}

gboolean
app_is_top (struct view *view)
{
  return top_view (view->app) == view;
}

struct view *
app_below (struct view *view)
{
  guint index;
  if (!g_ptr_array_find (view->app->views, view, &index) || index == 0)
    return NULL;
  return g_ptr_array_index (view->app->views, index - 1);
}

struct view *
app_find (struct app *app, enum place place)
{
  for (guint i = app->views->len; i-- > 0;) {
    struct view *view = g_ptr_array_index (app->views, i);
    if (view->class->place == place)
      return view;
  }
  return NULL;
}

struct view *
app_sidebar (struct app *app)
{
  return app->sidebar;
}

/* A box over everything comes before the folders, folders before what is beside them. */
struct view *
app_focused (struct app *app)
{
  struct view *top = top_view (app);
  return app->sidebar_focus && !(top != NULL && top->class->popup) ? app->sidebar : top;
}

void
app_focus_sidebar (struct app *app, gboolean focus)
{
  app->sidebar_focus = focus && app->sidebar != NULL;
  app_redraw (app, FALSE);
}

gboolean
app_sidebar_toggle (struct app *app)
{
  app->sidebar_hidden = !app->sidebar_hidden;
  app->sidebar_focus = FALSE;
  app_redraw (app, FALSE);
  return !app->sidebar_hidden;
}

struct view *
app_changes (struct app *app)
{
  return app->changes;
}

GPtrArray *
app_history (struct app *app)
{
  return app->history;
}

void
app_background (struct view *view)
{
  struct app *app = view->app;
  guint index;
  if (!g_ptr_array_find (app->views, view, &index) || index == 0)
    return;
  while (app->views->len > index + 1)
    view_end (g_ptr_array_steal_index (app->views, app->views->len - 1));
  g_ptr_array_add (app->background, g_ptr_array_steal_index (app->views, index));
  app_redraw (app, FALSE);
}

void
app_foreground (struct view *view)
{
  guint index;
  if (!g_ptr_array_find (view->app->background, view, &index))
    return;
  app_push (view->app, g_ptr_array_steal_index (view->app->background, index));
}

void
app_end (struct view *view)
{
  guint index;
  if (!g_ptr_array_find (view->app->background, view, &index))
    return;
  view_end (g_ptr_array_steal_index (view->app->background, index));
}

gboolean
app_in_background (struct view *view)
{
  return g_ptr_array_find (view->app->background, view, NULL);
}

gboolean
app_is_asking (struct app *app)
{
  return app->prompt != NULL;
}

gboolean
app_typing (struct app *app)
{
  return app->prompt != NULL || app_find (app, PLACE_COMPOSE) != NULL;
}

static void
leave_answered (struct app *app, char choice, gpointer data)
{
  if (choice == 'l')
    app_quit (app, 0);
}

/* Something in the background that leaving would end; what only waits to be taken back goes without us. */
static gboolean
is_needed (struct app *app)
{
  for (guint i = 0; i < app->background->len; i++) {
    struct view *view = g_ptr_array_index (app->background, i);
    if (view->class->unsaved == NULL || view->class->unsaved (view))
      return TRUE;
  }
  return FALSE;
}

void
app_back (struct view *view)
{
  static const char *const choices[] = { "l", "Leave all the same", "s", "Stay", NULL };
  struct app *app = view->app;
  if (app_below (view) != NULL)
    app_close (view);
  else if (is_needed (app))
    prompt_choice (app, "A message is still being sent. Leave wardmail?", choices, leave_answered, NULL);
  else
    app_quit (app, 0);
}

void
app_stack_clear (struct app *app)
{
  for (guint i = app->views->len; i-- > 0;)
    view_end (g_ptr_array_index (app->views, i));
  for (guint i = app->background->len; i-- > 0;)
    view_end (g_ptr_array_index (app->background, i));
  if (app->sidebar != NULL)
    view_end (app->sidebar);
  if (app->changes != NULL)
    view_end (app->changes);
}
