/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Another program has the terminal for a while (the person's own editor). The main loop goes on; only drawing and keys wait. */
#include "ui/screen/app_p.h"
#include "ui/screen/input.h"
#include "ui/screen/screen.h"

struct run {
  struct view *view;
  app_child_fn done;
};

static void
run_over (GPid pid, int status, gpointer data)
{
  struct run *run = data;
  struct app *app = run->view->app;
  g_spawn_close_pid (pid);
  app->away = FALSE;
  screen_return ();
  input_start (app);
  app->force = TRUE;
  run->done (run->view, g_spawn_check_wait_status (status, NULL));
  app_redraw (app, TRUE);
  g_free (run);
}

/* The view cannot go away meanwhile: without keys nothing closes it, and a signal ends the program. */
gboolean
app_run (struct view *view, char **argv, app_child_fn done, GError **error)
{
  GPid pid;
  screen_leave ();
  if (!g_spawn_async (NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CHILD_INHERITS_STDIN,
                      NULL, NULL, &pid, error)) {
    screen_return ();
    view->app->force = TRUE;
    return FALSE;
  }
  view->app->away = TRUE;
  input_stop (view->app);
  struct run *run = g_new0 (struct run, 1);
  run->view = view;
  run->done = done;
  g_child_watch_add (pid, run_over, run);
  return TRUE;
}
