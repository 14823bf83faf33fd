/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A file that the engine made, to a place that the person names: asked for, written whole or not at all, and told. */
#include "ui/save.h"
#include "ui/screen/prompt.h"
#include "ui/views/keys_p.h"

#include <unistd.h>

#define ASK_AGAIN_MS 300

struct keys_file {
  int fd;
  char *path, *suggestion;
  const char *label;              /* the question: static */
  const char *after;              /* what to do now: a sentence, static */
  void (*done) (struct app *app); /* it is written; NULL */
};

static void
file_free (gpointer data)
{
  struct keys_file *file = data;
  close (file->fd);
  g_free (file->path);
  g_free (file->suggestion);
  g_free (file);
}

/* In a thread of its own: a disk may be slow. */
static void
file_write (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  struct keys_file *file = data;
  GError *error = NULL;
  if (save_whole (file->fd, file->path, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
file_written (GObject *source, GAsyncResult *result, gpointer data)
{
  struct app *app = data;
  g_autoptr (GError) error = NULL;
  struct keys_file *file = g_task_get_task_data (G_TASK (result));
  if (!g_task_propagate_boolean (G_TASK (result), &error)) {
    app_notice (app, NOTICE_WARN, "%s", error->message);
    return;
  }
  app_notice (app, NOTICE_INFO, "Saved as %s. %s", file->path, file->after);
  if (file->done != NULL)
    file->done (app);
}

static void
place_answered (struct app *app, const char *text, gpointer data)
{
  struct keys_view *keys = data;
  struct keys_file *file = g_steal_pointer (&keys->file);
  if (file == NULL)
    return;
  if (text == NULL || *text == '\0') {
    file_free (file);
    return;
  }
  file->path = keys_path (text);
  g_autoptr (GTask) task = g_task_new (NULL, NULL, file_written, app);
  g_task_set_task_data (task, file, file_free);
  g_task_run_in_thread (task, file_write);
}

void
keys_file_drop (struct keys_view *keys)
{
  g_clear_pointer (&keys->file, file_free);
}

/* Never under the fingers of somebody who is typing something else, a passphrase perhaps: the question waits until there is none, and until
 * the keys are looked at. */
static void
ask_place (struct view *view)
{
  struct keys_view *keys = (struct keys_view *) view;
  if (keys->file == NULL)
    return;
  if (app_is_asking (view->app) || !app_is_top (view))
    app_timer (view, ASK_AGAIN_MS, ask_place);
  else
    prompt_line (view->app, keys->file->label, keys->file->suggestion, PROMPT_PLAIN, NULL, place_answered, keys);
}

void
keys_file_ask (struct keys_view *keys, GVariant *row, GUnixFDList *fds, const struct keys_file_words *words)
{
  gint32 handle = -1;
  int fd = fds != NULL && g_variant_lookup (row, "data", "h", &handle) && handle >= 0
                   && handle < g_unix_fd_list_get_length (fds)
               ? g_unix_fd_list_get (fds, handle, NULL)
               : -1;
  if (fd < 0) {
    app_notice (keys->view.app, NOTICE_WARN, "The file did not arrive. Nothing was saved; try again.");
    return;
  }
  keys_file_drop (keys);
  keys->file = g_new0 (struct keys_file, 1);
  keys->file->fd = fd;
  keys->file->after = words->after;
  keys->file->done = words->done;
  keys->file->label = words->label;
  keys->file->suggestion = g_strconcat ("~/", words->name, NULL);
  ask_place (&keys->view);
}
