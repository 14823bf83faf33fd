/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The attachments of a message: choose one, read it as text, save it to a file. Nothing is overwritten, nothing is run. What is dangerous about
 * the one under the cursor stands below the list. */
#include "ui/save.h"
#include "ui/screen/prompt.h"
#include "ui/screen/text.h"
#include "ui/views/fields.h"
#include "ui/views/reader_lines.h"
#include "ui/views/rows.h"
#include "ui/views/save_later.h"
#include "ui/views/views.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define WARNING_ROWS 3

struct parts {
  struct view view;
  char *id;
  GVariant *parts;
  struct rows rows;
  char *target; /* of the part being fetched; NULL: into the profile */
  gboolean busy;
};

static void
write_part (struct parts *parts, int fd_take, const char *name)
{
  struct app *app = parts->view.app;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL, *said = NULL;
  int to;
  if (parts->target == NULL) {
    g_autofree char *folder = g_build_filename (app_paths (app)->data_dir, "saved", NULL);
    to = save_create_in (folder, name, &path, &error);
    said = g_strdup_printf ("Saved in the profile: %s", path);
  } else {
    path = g_strdup (parts->target);
    to = save_create (path, &error);
    said = g_strdup_printf ("Saved to %s. That file is outside wardmail and not encrypted.", path);
  }
  if (to < 0) {
    app_notice (app, NOTICE_WARN, "%s", error->message);
    close (fd_take);
    return;
  }
  const struct save_later what = { .path = path, .said = said };
  save_later (app, fd_take, to, &what);
}

static void
part_done (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct parts *parts = (struct parts *) view;
  parts->busy = FALSE;
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  int fd = fields_fd (reply, "data", fds);
  if (fd < 0)
    app_notice (view->app, NOTICE_WARN, "The attachment did not arrive. Nothing was saved; try again.");
  else
    write_part (parts, fd, fields_text (reply, "filename"));
}

static GVariant *
current (const struct parts *parts)
{
  return g_variant_get_child_value (parts->parts, (gsize) parts->rows.cursor);
}

static void
ask_engine (struct parts *parts, const char *method, app_done_fn done)
{
  g_autoptr (GVariant) part = current (parts);
  parts->busy = TRUE;
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "id", g_variant_new_string (parts->id));
  g_variant_builder_add (&args, "{sv}", "part", g_variant_new_string (fields_text (part, "id")));
  app_call (&parts->view, method, g_variant_builder_end (&args), NULL, done, NULL);
}

/* ---- Read ---- */

static void
text_done (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct parts *parts = (struct parts *) view;
  parts->busy = FALSE;
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  const char *warning = fields_text (reply, "warning"), *name = fields_text (reply, "filename");
  if (*warning != '\0') {
    g_ptr_array_add (lines, g_strdup_printf ("Careful: %s", warning));
    g_ptr_array_add (lines, g_strdup (""));
  }
  g_auto (GStrv) text = g_strsplit (fields_text (reply, "text"), "\n", -1);
  for (char **line = text; *line != NULL; line++)
    g_ptr_array_add (lines, g_strdup (*line));
  while (lines->len > 1 && *(char *) g_ptr_array_index (lines, lines->len - 1) == '\0')
    g_ptr_array_remove_index (lines, lines->len - 1);
  app_push (view->app, text_view_lines (view->app, name, lines, "This attachment is empty."));
}

/* ---- Save ---- */

static void
outside_answered (struct app *app, char choice, gpointer data)
{
  if (choice == 's')
    ask_engine (data, "part", part_done);
}

static void
save_to (struct app *app, const char *text, gpointer data)
{
  static const char *const choices[] = { "s", "save it there", NULL };
  struct parts *parts = data;
  if (text == NULL || *text == '\0')
    return;
  g_free (parts->target);
  parts->target = save_path (text, g_get_home_dir ());
  g_autofree char *question
      = g_strdup_printf ("Patient data in %s leaves the protection of wardmail. Go on?", parts->target);
  prompt_choice (app, question, choices, outside_answered, parts);
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
place_answered (struct app *app, char choice, gpointer data)
{
  struct parts *parts = data;
  g_autoptr (GVariant) part = current (parts);
  if (choice == 'p') {
    g_clear_pointer (&parts->target, g_free);
    ask_engine (parts, "part", part_done);
  } else if (choice == 'o') {
    g_autofree char *name = harmless_name (part), *suggestion = g_strconcat ("~/", name, NULL);
    prompt_line (app, "Save (unencrypted, outside wardmail) as:", suggestion, PROMPT_PLAIN, NULL, save_to, parts);
  }
}

static void
ask_where (struct parts *parts)
{
  static const char *const choices[] = { "p", "in the profile", "o", "outside wardmail", NULL };
  g_autoptr (GVariant) part = current (parts);
  const char *warning = fields_text (part, "warning");
  g_autofree char *question = g_strdup_printf ("%s%sSave it where?", warning, *warning != '\0' ? " " : "");
  prompt_choice (parts->view.app, question, choices, place_answered, parts);
}

static gboolean
parts_act (struct view *view, enum action action)
{
  struct parts *parts = (struct parts *) view;
  if (rows_act (&parts->rows, action, (int) g_variant_n_children (parts->parts)))
    return TRUE;
  if (action == ACTION_SAVE && !parts->busy)
    ask_where (parts);
  else if (action == ACTION_OPEN && !parts->busy)
    ask_engine (parts, "part_text", text_done);
  else if (action == ACTION_BACK)
    app_close (view);
  else
    return FALSE;
  return TRUE;
}

static void
draw_part (struct parts *parts, const struct area *area, int y, gboolean selected)
{
  g_autoptr (GVariant) part = g_variant_get_child_value (parts->parts, (gsize) (parts->rows.top + y));
  gboolean careful = *fields_text (part, "warning") != '\0';
  unsigned style = selected ? STYLE_SELECTED : careful ? STYLE_HELD : STYLE_TEXT;
  const char *name = fields_text (part, "filename");
  g_autofree char *size = reader_size ((guint64) MAX (fields_time (part, "size"), 0));
  g_autofree char *kind = g_strdup_printf ("%s  %s%s", fields_text (part, "type"), size,
                                           fields_flag (part, "encrypted") ? "  encrypted" : "");
  g_autofree char *shown = g_strdup_printf ("%s%s", careful ? "[!] " : "", *name != '\0' ? name : "without a name");
  int kind_columns = MIN (text_width (kind), area->width / 2);
  draw_row (area, y, style);
  draw_right (area, y, area->width - kind_columns, kind_columns, style, kind);
  draw_text (area, y, 0, area->width - kind_columns - 2, style, shown);
}

static void
parts_draw (struct view *view, const struct area *area, gboolean focused)
{
  struct parts *parts = (struct parts *) view;
  int count = (int) g_variant_n_children (parts->parts);
  g_autoptr (GVariant) part = current (parts);
  const char *warning = fields_text (part, "warning");
  g_autofree char *careful = *warning != '\0' ? g_strdup_printf ("Careful: %s", warning) : g_strdup ("");
  g_autoptr (GPtrArray) told = text_wrap (careful, MAX (area->width - 4, 1), WARNING_ROWS);
  struct area box = *area, inner;
  int below = area->height > (int) told->len + 4 ? (int) told->len : 0;
  box.height = MIN (area->height, count + 2 + below);
  box.y += (area->height - box.height) / 2;
  draw_box (&box, "Attachments", &inner);
  int height = inner.height - below;
  rows_settle (&parts->rows, height, count);
  for (int y = 0; y < height && parts->rows.top + y < count; y++)
    draw_part (parts, &inner, y, parts->rows.top + y == parts->rows.cursor);
  for (int y = 0; y < below; y++)
    draw_text (&inner, height + y, 0, inner.width, STYLE_HELD, g_ptr_array_index (told, (guint) y));
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
