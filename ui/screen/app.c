/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The screen's life: drawing in turns, start, leaving and end. */
#include "ui/screen/app_p.h"
#include "config/accounts.h"
#include "ui/screen/input.h"
#include "ui/screen/screen.h"
#include "ui/views/changes.h"
#include "ui/views/views.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>

#define COALESCE_MS 20
#define RESCUE_MS 3000

/* ---- Drawing in turns ---- */

static gboolean
draw_now (gpointer data)
{
  struct app *app = data;
  app->draw_source = 0;
  app->draw_soon = FALSE;
  if (!app->away && !app->leaving)
    frame_draw (app);
  return G_SOURCE_REMOVE;
}

void
app_redraw (struct app *app, gboolean now)
{
  if (app->draw_source != 0 && (app->draw_soon || !now))
    return;
  if (app->draw_source != 0)
    g_source_remove (app->draw_source);
  app->draw_soon = now;
  /* After the keys that wait, before any event: a flood of events cannot starve the screen. */
  app->draw_source = now ? g_idle_add_full (G_PRIORITY_HIGH + 10, draw_now, app, NULL)
                         : g_timeout_add_full (G_PRIORITY_HIGH + 10, COALESCE_MS, draw_now, app, NULL);
}

void
app_dirty (struct app *app)
{
  app_redraw (app, FALSE);
}

/* ---- What it knows ---- */

const struct paths *
app_paths (const struct app *app)
{
  return app->paths;
}

const struct settings *
app_settings (const struct app *app)
{
  return app->settings;
}

gint64
app_now (void)
{
  const char *fixed = g_getenv ("WARDMAIL_TEST_NOW");
  if (fixed != NULL) {
    g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
    g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (fixed, utc);
    if (time != NULL)
      return g_date_time_to_unix (time);
  }
  return g_get_real_time () / G_USEC_PER_SEC;
}

/* ---- Leaving ---- */

void
app_quit (struct app *app, int status)
{
  app->status = status;
  app->leaving = TRUE;
  g_main_loop_quit (app->loop);
}

static guint
rescue (GPtrArray *views)
{
  guint under_way = 0;
  for (guint i = 0; i < views->len; i++) {
    struct view *view = g_ptr_array_index (views, i);
    under_way += view->class->rescue != NULL && view->class->rescue (view);
  }
  return under_way;
}

static gboolean
rescue_late (gpointer data)
{
  ((struct app *) data)->rescue_timer = 0;
  app_quit (data, 1);
  return G_SOURCE_REMOVE;
}

/* Told to go: what is being written is kept first, if that does not take long. Who says it twice does not want to wait. */
static void
leave_now (struct app *app)
{
  if (app->rescue_timer != 0 || app->leaving) {
    app_quit (app, 1);
    return;
  }
  app->rescues = rescue (app->views) + rescue (app->background);
  if (app->rescues == 0)
    app_quit (app, 1);
  else
    app->rescue_timer = g_timeout_add (RESCUE_MS, rescue_late, app);
}

void
app_rescued (struct app *app)
{
  if (app->rescues > 0 && --app->rescues == 0)
    app_quit (app, 1);
}

void
app_hang_up (struct app *app)
{
  if (app->rescue_timer == 0) /* it may be said for as long as the terminal is gone */
    leave_now (app);
}

/* ---- Start and end ---- */

static gboolean
on_signal (gpointer data)
{
  leave_now (data);
  return G_SOURCE_CONTINUE;
}

void
app_resized (struct app *app)
{
  if (app->away)
    return;
  screen_resized ();
  app_redraw (app, TRUE);
}

/* ^C in another program that has the terminal is meant for that program. */
static gboolean
on_interrupt (gpointer data)
{
  struct app *app = data;
  if (!app->away)
    app_quit (app, 1);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_resize (gpointer data)
{
  app_resized (data);
  return G_SOURCE_CONTINUE;
}

static gboolean
has_account (const struct paths *paths)
{
  g_autoptr (GPtrArray) accounts = accounts_load (paths, NULL);
  return accounts == NULL || accounts->len > 0;
}

/* Folders at the left, the inbox beside them. */
void
app_enter (struct app *app)
{
  app->changes = changes_new (app);
  app->sidebar = sidebar_new (app);
  app_show (app, list_new (app, "Inbox", NULL, NULL));
  app_events_start (app);
}

void
app_adopt (struct app *app, struct paths *paths_take, struct settings *settings_take)
{
  g_clear_pointer (&app->engine, engine_free);
  g_clear_pointer (&app->own_paths, paths_free);
  g_clear_pointer (&app->own_settings, settings_free);
  app->paths = app->own_paths = paths_take;
  app->settings = app->own_settings = settings_take;
}

static int
test_fd (void)
{
  const char *text = g_getenv ("WARDMAIL_TEST_IDLE_FD");
  guint64 fd;
  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 3, 65535, &fd, NULL))
    return -1;
  int flags = fcntl ((int) fd, F_GETFL);
  if (flags < 0 || fcntl ((int) fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl ((int) fd, F_SETFL, flags | O_NONBLOCK) != 0)
    return -1;
  return (int) fd;
}

static void
app_free (struct app *app)
{
  ask_clear (app);
  g_clear_pointer (&app->prompt, prompt_free);
  app_call_abandon (app);
  app_stack_clear (app);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_pointer (&app->engine, engine_free);
  app_call_clear (app);
  g_ptr_array_unref (app->views);
  g_ptr_array_unref (app->background);
  g_ptr_array_unref (app->history);
  g_ptr_array_unref (app->messages);
  g_ptr_array_unref (app->calls);
  g_ptr_array_unref (app->timers);
  g_clear_pointer (&app->own_paths, paths_free);
  g_clear_pointer (&app->own_settings, settings_free);
  app_events_clear (app);
  g_main_loop_unref (app->loop);
  g_free (app);
}

static struct app *
app_new (const struct paths *paths, const struct settings *settings)
{
  struct app *app = g_new0 (struct app, 1);
  app->paths = paths;
  app->settings = settings;
  app->loop = g_main_loop_new (NULL, FALSE);
  app->views = g_ptr_array_new ();
  app->background = g_ptr_array_new ();
  app->history = g_ptr_array_new_with_free_func (g_free);
  app_events_init (app);
  app->messages = g_ptr_array_new_with_free_func (g_free);
  app->calls = g_ptr_array_new ();
  app->timers = g_ptr_array_new ();
  app->idle_fd = test_fd ();
  g_queue_init (&app->asks);
  return app;
}

int
screen_main (const struct paths *paths, const struct settings *settings_or_null)
{
  g_autoptr (GError) error = NULL;
  if (!screen_start (&error)) {
    fprintf (stderr, "wardmail: %s\n", error->message);
    return 1;
  }
  signal (SIGPIPE, SIG_IGN);
  struct app *app = app_new (paths, settings_or_null);
  guint sources[] = {
    g_unix_signal_add_full (G_PRIORITY_HIGH, SIGINT, on_interrupt, app, NULL),
    g_unix_signal_add_full (G_PRIORITY_HIGH, SIGTERM, on_signal, app, NULL),
    g_unix_signal_add_full (G_PRIORITY_HIGH, SIGHUP, on_signal, app, NULL),
    g_unix_signal_add_full (G_PRIORITY_HIGH, SIGWINCH, on_resize, app, NULL),
  };
  input_start (app);
  if (settings_or_null == NULL || !has_account (paths))
    app_show (app, wizard_new (app));
  else
    app_enter (app);
  app_redraw (app, TRUE);
  g_main_loop_run (app->loop);
  app->leaving = TRUE;
  screen_stop ();
  input_stop (app);
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  app_notice_clear (app);
  if (app->draw_source != 0)
    g_source_remove (app->draw_source);
  if (app->rescue_timer != 0)
    g_source_remove (app->rescue_timer);
  int status = app->status;
  app_free (app);
  return status;
}
