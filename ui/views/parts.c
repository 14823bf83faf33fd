/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The attachments of a message: choose one, save it to a file. Nothing is overwritten, nothing is opened. */
#include "ui/screen/prompt.h"
#include "ui/screen/text.h"
#include "ui/views/fields.h"
#include "ui/views/reader_lines.h"
#include "ui/views/rows.h"
#include "ui/views/views.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct parts {
  struct view view;
  char *id;
  GVariant *parts;
  struct rows rows;
  char *target; /* of the part being fetched */
  gboolean busy;
};

struct copy {
  int from, to;
  char *target;
};

static void
copy_free (gpointer data)
{
  struct copy *copy = data;
  close (copy->from);
  if (copy->to >= 0)
    close (copy->to);
  g_free (copy->target);
  g_free (copy);
}

/* In a thread of its own: a disk may be slow. */
static void
copy_run (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  struct copy *copy = data;
  char buffer[65536];
  ssize_t got;
  lseek (copy->from, 0, SEEK_SET);
  while ((got = read (copy->from, buffer, sizeof buffer)) > 0)
    for (ssize_t done = 0, put; done < got; done += put) {
      put = write (copy->to, buffer + done, (size_t) (got - done));
      if (put <= 0) {
        got = -1;
        break;
      }
    }
  int close_failed = close (copy->to);
  copy->to = -1;
  if (got < 0 || close_failed != 0) {
    int why = errno;
    unlink (copy->target);
    g_task_return_new_error (task, G_IO_ERROR, g_io_error_from_errno (why),
                             "The attachment could not be written: %s. Nothing was saved.", g_strerror (why));
    return;
  }
  g_task_return_boolean (task, TRUE);
}

static void
copy_done (GObject *source, GAsyncResult *result, gpointer data)
{
  struct app *app = data;
  g_autoptr (GError) error = NULL;
  struct copy *copy = g_task_get_task_data (G_TASK (result));
  if (g_task_propagate_boolean (G_TASK (result), &error))
    app_notice (app, NOTICE_INFO, "Saved to %s. That file is outside wardmail and not encrypted.", copy->target);
  else
    app_notice (app, NOTICE_WARN, "%s", error->message);
}

static void
write_part (struct parts *parts, int fd_take)
{
  struct app *app = parts->view.app;
  int to = open (parts->target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (to < 0) {
    app_notice (app, NOTICE_WARN,
                errno == EEXIST ? "%s is there already. Nothing was saved; choose another name."
                                : "%s could not be made. Nothing was saved; choose another place.",
                parts->target);
    close (fd_take);
    return;
  }
  struct copy *copy = g_new0 (struct copy, 1);
  copy->from = fd_take;
  copy->to = to;
  copy->target = g_strdup (parts->target);
  g_autoptr (GTask) task = g_task_new (NULL, NULL, copy_done, app);
  g_task_set_task_data (task, copy, copy_free);
  g_task_run_in_thread (task, copy_run);
}

static void
part_done (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct parts *parts = (struct parts *) view;
  gint32 handle = -1;
  parts->busy = FALSE;
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  int fd = -1;
  if (g_variant_lookup (reply, "data", "h", &handle) && fds != NULL && handle >= 0
      && handle < g_unix_fd_list_get_length (fds))
    fd = g_unix_fd_list_get (fds, handle, NULL);
  if (fd < 0)
    app_notice (view->app, NOTICE_WARN, "The attachment did not arrive. Nothing was saved; try again.");
  else
    write_part (parts, fd);
}

static GVariant *
current (const struct parts *parts)
{
  return g_variant_get_child_value (parts->parts, (gsize) parts->rows.cursor);
}

static char *
expand (const char *path)
{
  if (g_str_has_prefix (path, "~/"))
    return g_build_filename (g_get_home_dir (), path + 2, NULL);
  return g_canonicalize_filename (path, g_get_home_dir ());
}

static void
save_to (struct app *app, const char *text, gpointer data)
{
  struct parts *parts = data;
  if (text == NULL || *text == '\0')
    return;
  g_autoptr (GVariant) part = current (parts);
  g_free (parts->target);
  parts->target = expand (text);
  parts->busy = TRUE;
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "id", g_variant_new_string (parts->id));
  g_variant_builder_add (&args, "{sv}", "part", g_variant_new_string (fields_text (part, "id")));
  app_call (&parts->view, "part", g_variant_builder_end (&args), NULL, part_done, NULL);
}

/* A name that is only a name: the sender has no say in where it goes. */
static char *
harmless_name (GVariant *part)
{
  const char *name = fields_text (part, "filename");
  GString *safe = g_string_new (NULL);
  for (const char *p = name; *p != '\0' && safe->len < 120; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    gboolean plain = text_visible (c) == c && c != '/' && c != '\\' && c != '~' && c != 0xFFFD;
    g_string_append_unichar (safe, plain ? c : '_');
  }
  while (safe->len > 0 && safe->str[0] == '.')
    g_string_erase (safe, 0, 1);
  if (safe->len == 0)
    g_string_assign (safe, "attachment");
  return g_string_free (safe, FALSE);
}

static void
ask_where (struct parts *parts)
{
  g_autoptr (GVariant) part = current (parts);
  g_autofree char *name = harmless_name (part), *suggestion = g_strconcat ("~/", name, NULL);
  if (!parts->busy)
    prompt_line (parts->view.app, "Save (unencrypted, outside wardmail) as:", suggestion, PROMPT_PLAIN, NULL, save_to,
                 parts);
}

static gboolean
parts_act (struct view *view, enum action action)
{
  struct parts *parts = (struct parts *) view;
  if (rows_act (&parts->rows, action, (int) g_variant_n_children (parts->parts)))
    return TRUE;
  if (action == ACTION_SAVE)
    ask_where (parts);
  else if (action == ACTION_BACK)
    app_close (view);
  else
    return FALSE;
  return TRUE;
}

static void
parts_draw (struct view *view, const struct area *area, gboolean focused)
{
  struct parts *parts = (struct parts *) view;
  int count = (int) g_variant_n_children (parts->parts);
  struct area box = *area, inner;
  box.height = MIN (area->height, count + 2);
  box.y += (area->height - box.height) / 2;
  draw_box (&box, "Attachments", &inner);
  rows_settle (&parts->rows, inner.height, count);
  for (int y = 0; y < inner.height && parts->rows.top + y < count; y++) {
    g_autoptr (GVariant) part = g_variant_get_child_value (parts->parts, (gsize) (parts->rows.top + y));
    unsigned style = parts->rows.top + y == parts->rows.cursor ? STYLE_SELECTED : STYLE_TEXT;
    const char *name = fields_text (part, "filename");
    draw_row (&inner, y, style);
    g_autofree char *kind
        = g_strdup_printf ("%s%s", fields_text (part, "type"), fields_flag (part, "encrypted") ? "  encrypted" : "");
    int kind_columns = MIN (text_width (kind), inner.width / 2);
    draw_right (&inner, y, inner.width - kind_columns, kind_columns, style, kind);
    draw_text (&inner, y, 0, inner.width - kind_columns - 2, style, *name != '\0' ? name : "without a name");
  }
}

static void
parts_free (struct view *view)
{
  struct parts *parts = (struct parts *) view;
  g_free (parts->id);
  g_free (parts->target);
  g_variant_unref (parts->parts);
  g_free (parts);
}

static const struct view_class parts_class = {
  .place = PLACE_PARTS,
  .popup = TRUE,
  .draw = parts_draw,
  .act = parts_act,
  .free = parts_free,
};

struct view *
parts_new (struct app *app, const char *id, GVariant *part_rows)
{
  struct parts *parts = g_new0 (struct parts, 1);
  parts->view.class = &parts_class;
  parts->view.app = app;
  parts->id = g_strdup (id);
  parts->parts = g_variant_ref (part_rows);
  return &parts->view;
}
