/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A file that the engine made, to a place that the person names: asked for, written whole or not at all, and told. */
#include "ui/save.h"
#include "ui/screen/prompt.h"
#include "ui/views/fields.h"
#include "ui/views/keys_p.h"
#include "ui/views/save_later.h"

#include <unistd.h>

#define ASK_AGAIN_MS 300

struct keys_file {
  int fd;
  char *suggestion;
  const char *label;              /* the question: static */
  const char *after;              /* what to do now: a sentence, static */
  void (*done) (struct app *app); /* it is written; NULL */
};

static void
file_free (gpointer data)
{
  struct keys_file *file = data;
  if (file->fd >= 0)
    close (file->fd);
  g_free (file->suggestion);
  g_free (file);
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
  g_autofree char *path = save_path (text, g_get_home_dir ());
  g_autofree char *said = g_strdup_printf ("Saved as %s. %s", path, file->after);
  const struct save_later what = { .path = path, .said = said, .done = file->done };
  save_later (app, g_steal_fd (&file->fd), -1, &what);
  file_free (file);
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
  int fd = fields_fd (row, "data", fds);
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
