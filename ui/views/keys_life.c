/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of the user's own keys, from the Keys view: make one, give out the public half. */
#include "ui/save.h"
#include "ui/screen/prompt.h"
#include "ui/views/fields.h"
#include "ui/views/keys_p.h"

#include <string.h>
#include <unistd.h>

/* ---- A file that the engine made, to a place that the person names ---- */

struct keys_file {
  struct keys_view *keys;
  int fd;
  char *path;
  const char *after; /* the sentence that says it is written: static, with a %s for the place */
};

static void
file_free (gpointer data)
{
  struct keys_file *file = data;
  close (file->fd);
  g_free (file->path);
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
  if (g_task_propagate_boolean (G_TASK (result), &error))
    app_notice (app, NOTICE_INFO, "Saved as %s. %s", file->path, file->after);
  else
    app_notice (app, NOTICE_WARN, "%s", error->message);
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

/* row: with the file in "data". */
static void
ask_place (struct keys_view *keys, GVariant *row, GUnixFDList *fds, const char *label, const char *name,
           const char *after)
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
  keys->file->keys = keys;
  keys->file->fd = fd;
  keys->file->after = after;
  g_autofree char *suggestion = g_strconcat ("~/", name, NULL);
  prompt_line (keys->view.app, label, suggestion, PROMPT_PLAIN, NULL, place_answered, keys);
}

/* ---- The public half ---- */

static void
exported (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  ask_place ((struct keys_view *) view, reply, fds, "Save the public half as:", fields_text (reply, "filename"),
             "It is public: anybody may have it.");
}

void
keys_export (struct keys_view *keys)
{
  g_autoptr (GVariant) key = keys_current (keys);
  if (key == NULL)
    return;
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "key", g_variant_new_string (fields_text (key, "fingerprint")));
  app_call (&keys->view, "key_export", g_variant_builder_end (&args), NULL, exported, NULL);
}

/* ---- A new one ---- */

static void
made (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct keys_view *keys = (struct keys_view *) view;
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  app_tell (view->app, "keys");
  g_autoptr (GVariant) requests = fields_rows (reply, "requests");
  if (g_variant_n_children (requests) == 0) {
    app_notice (view->app, NOTICE_INFO, "The key is made. Give its public half to the people who write to you (e).");
    return;
  }
  g_autoptr (GVariant) row = g_variant_get_child_value (requests, 0);
  ask_place (keys, row, fds, "The private key is made and stays here. Save the request for its certificate as:",
             "certificate-request.pem",
             "Give it to the certification office of your organisation, and take in what comes back (i).");
}

static void
kind_answered (struct app *app, char choice, gpointer data)
{
  struct keys_view *keys = data;
  const struct settings *settings = app_settings (app);
  if (choice == 0 || settings == NULL || settings->address == NULL)
    return;
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "kind", g_variant_new_string (choice == 's' ? "smime" : "pgp"));
  g_variant_builder_add (&args, "{sv}", "address", g_variant_new_string (settings->address));
  if (settings->name != NULL)
    g_variant_builder_add (&args, "{sv}", "name", g_variant_new_string (settings->name));
  app_notice (app, NOTICE_INFO, "Making the key…");
  app_call (&keys->view, "key_new", g_variant_builder_end (&args), NULL, made, NULL);
}

void
keys_make (struct keys_view *keys)
{
  static const char *const choices[]
      = { "o", "OpenPGP, ready at once", "s", "S/MIME, for your organisation to certify", NULL };
  prompt_choice (keys->view.app, "A new key of your own: of which kind?", choices, kind_answered, keys);
}
