/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing a file in a thread of its own; see save_later.h. */
#include "ui/views/save_later.h"
#include "ui/save.h"

#include <unistd.h>

struct job {
  int from, to;
  char *path, *said;
  void (*done) (struct app *app);
};

static void
job_free (gpointer data)
{
  struct job *job = data;
  close (job->from);
  g_free (job->path);
  g_free (job->said);
  g_free (job);
}

static void
run (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  struct job *job = data;
  GError *error = NULL;
  if (job->to >= 0 ? save_copy (job->from, job->to, job->path, &error) : save_whole (job->from, job->path, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
ended (GObject *source, GAsyncResult *result, gpointer data)
{
  struct app *app = data;
  g_autoptr (GError) error = NULL;
  struct job *job = g_task_get_task_data (G_TASK (result));
  if (!g_task_propagate_boolean (G_TASK (result), &error)) {
    app_notice (app, NOTICE_WARN, "%s", error->message);
    return;
  }
  app_notice (app, NOTICE_INFO, "%s", job->said);
  if (job->done != NULL)
    job->done (app);
}

void
save_later (struct app *app, int from_take, int to_take, const struct save_later *what)
{
  struct job *job = g_new0 (struct job, 1);
  job->from = from_take;
  job->to = to_take;
  job->path = g_strdup (what->path);
  job->said = g_strdup (what->said);
  job->done = what->done;
  g_autoptr (GTask) task = g_task_new (NULL, NULL, ended, app);
  g_task_set_task_data (task, job, job_free);
  g_task_run_in_thread (task, run);
}
