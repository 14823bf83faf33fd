/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls and timers that belong to a view: when the view goes, their answers reach nobody. */
#include "ui/screen/app_p.h"

struct app_call {
  struct app *app;
  struct view *view; /* NULL: nobody waits for it any more */
  guint id;
  app_done_fn done;
  gpointer data;
  GDestroyNotify destroy;
};

struct app_timer_row {
  struct view *view;
  app_timer_fn fn;
  guint source;
};

static void
call_free (struct app_call *call)
{
  if (call->destroy != NULL)
    call->destroy (call->data);
  g_free (call);
}

static void
call_done (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct app_call *call = data;
  struct app *app = call->app;
  struct view *view = call->view;
  if (app != NULL)
    g_ptr_array_remove_fast (app->calls, call);
  if (view != NULL) {
    call->done (view, reply, fds, error, call->data);
    app_redraw (app, FALSE);
  }
  call_free (call);
}

struct app_call *
app_call (struct view *view, const char *method, GVariant *args, GUnixFDList *fds, app_done_fn done, gpointer data)
{
  struct app_call *call = g_new0 (struct app_call, 1);
  call->app = view->app;
  call->view = view;
  call->done = done;
  call->data = data;
  g_ptr_array_add (view->app->calls, call);
  call->id = engine_call (app_engine (view->app), method, args, fds, call_done, call);
  return call;
}

struct app_call *
app_call_take (struct view *view, const char *method, GVariant *args, app_done_fn done, gpointer data_take,
               GDestroyNotify destroy)
{
  struct app_call *call = app_call (view, method, args, NULL, done, data_take);
  call->destroy = destroy;
  return call;
}

/* From here on the answer is dropped. The call may end within engine_cancel or later; it counts as ended now. */
static void
drop (struct app_call *call)
{
  struct app *app = call->app;
  guint id = call->id;
  g_ptr_array_remove_fast (app->calls, call);
  call->view = NULL;
  call->app = NULL;
  engine_cancel (app->engine, id);
}

void
app_call_cancel (struct app_call *call)
{
  if (call != NULL)
    drop (call);
}

void
app_call_forget (struct view *view)
{
  struct app *app = view->app;
  for (guint i = app->calls->len; i-- > 0 && app->calls->len > 0;) {
    struct app_call *call = i < app->calls->len ? g_ptr_array_index (app->calls, i) : NULL;
    if (call != NULL && call->view == view)
      drop (call);
  }
  for (guint i = app->timers->len; i-- > 0;) {
    struct app_timer_row *timer = g_ptr_array_index (app->timers, i);
    if (timer->view != view)
      continue;
    g_source_remove (timer->source);
    g_ptr_array_remove_index (app->timers, i);
    g_free (timer);
  }
}

void
app_call_abandon (struct app *app)
{
  for (guint i = 0; i < app->calls->len; i++)
    ((struct app_call *) g_ptr_array_index (app->calls, i))->view = NULL;
}

void
app_call_clear (struct app *app)
{
  for (guint i = 0; i < app->calls->len; i++)
    call_free (g_ptr_array_index (app->calls, i));
  g_ptr_array_set_size (app->calls, 0);
}

guint
app_call_pending (const struct app *app)
{
  return app->calls->len + app->timers->len;
}

static gboolean
timer_fires (gpointer data)
{
  struct app_timer_row *timer = data;
  struct view *view = timer->view;
  app_timer_fn fn = timer->fn;
  g_ptr_array_remove_fast (view->app->timers, timer);
  g_free (timer);
  app_redraw (view->app, FALSE);
  fn (view);
  return G_SOURCE_REMOVE;
}

void
app_timer (struct view *view, guint ms, app_timer_fn fn)
{
  struct app *app = view->app;
  struct app_timer_row *timer = NULL;
  for (guint i = 0; i < app->timers->len && timer == NULL; i++) {
    struct app_timer_row *row = g_ptr_array_index (app->timers, i);
    if (row->view == view && row->fn == fn)
      timer = row;
  }
  if (timer != NULL)
    g_source_remove (timer->source);
  else {
    timer = g_new0 (struct app_timer_row, 1);
    g_ptr_array_add (app->timers, timer);
  }
  timer->view = view;
  timer->fn = fn;
  timer->source = g_timeout_add (ms, timer_fires, timer);
}
