/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A page of text over what is open: help, messages, the details of a verdict. */
#include "ui/screen/text.h"
#include "ui/views/views.h"

#define ROWS_MAX 5000

struct text_view {
  struct view view;
  char *title;
  GPtrArray *lines; /* char * */
  int top, height, rows;
  text_view_fn done; /* of a note; NULL */
  gpointer data;
  GDestroyNotify destroy;
};

static void
text_draw (struct view *view, const struct area *area, gboolean focused)
{
  struct text_view *page = (struct text_view *) view;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_free);
  int width = area->width - 4;
  for (guint i = 0; i < page->lines->len && rows->len < ROWS_MAX; i++) {
    const char *line = g_ptr_array_index (page->lines, i);
    GPtrArray *part = text_wrap (*line == '\0' ? "\n" : line, width, ROWS_MAX);
    g_ptr_array_extend_and_steal (rows, part);
  }
  struct area box = *area, inner;
  box.height = MIN (area->height, (int) rows->len + 2);
  box.y += (area->height - box.height) / 2;
  draw_box (&box, page->title, &inner);
  page->rows = (int) rows->len;
  page->height = inner.height;
  page->top = CLAMP (page->top, 0, MAX (page->rows - page->height, 0));
  for (int y = 0; y < inner.height && page->top + y < page->rows; y++)
    draw_text (&inner, y, 0, inner.width, STYLE_TEXT, g_ptr_array_index (rows, page->top + y));
  if (page->top + page->height < page->rows)
    draw_text (&box, box.height - 1, box.width - 9, 7, STYLE_STRONG, " more ");
}

static gboolean
text_act (struct view *view, enum action action)
{
  struct text_view *page = (struct text_view *) view;
  switch ((int) action) {
  case ACTION_DOWN:
    page->top++;
    return TRUE;
  case ACTION_UP:
    page->top = MAX (page->top - 1, 0);
    return TRUE;
  case ACTION_PAGE_DOWN:
    page->top += MAX (page->height - 1, 1);
    return TRUE;
  case ACTION_PAGE_UP:
    page->top = MAX (page->top - MAX (page->height - 1, 1), 0);
    return TRUE;
  case ACTION_FIRST:
    page->top = 0;
    return TRUE;
  case ACTION_LAST:
    page->top = page->rows;
    return TRUE;
  case ACTION_BACK:
    app_close (view);
    return TRUE;
  case ACTION_SEND:
    page->done (view, page->data);
    return TRUE;
  default:
    return FALSE;
  }
}

static void
text_free (struct view *view)
{
  struct text_view *page = (struct text_view *) view;
  g_free (page->title);
  g_ptr_array_unref (page->lines);
  if (page->destroy != NULL)
    page->destroy (page->data);
  g_free (page);
}

static const struct view_class text_class = {
  .place = PLACE_TEXT,
  .popup = TRUE,
  .draw = text_draw,
  .act = text_act,
  .free = text_free,
};

static const struct view_class note_class = {
  .place = PLACE_NOTE,
  .popup = TRUE,
  .draw = text_draw,
  .act = text_act,
  .free = text_free,
};

struct view *
text_view_lines (struct app *app, const char *title, GPtrArray *lines, const char *nothing)
{
  struct text_view *page = g_new0 (struct text_view, 1);
  page->view.class = &text_class;
  page->view.app = app;
  page->title = g_strdup (title);
  page->lines = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < lines->len; i++)
    g_ptr_array_add (page->lines, g_strdup (g_ptr_array_index (lines, i)));
  if (lines->len == 0)
    g_ptr_array_add (page->lines, g_strdup (nothing));
  return &page->view;
}

struct view *
text_view_note (struct app *app, const char *title, GPtrArray *lines, text_view_fn done, gpointer data_take,
                GDestroyNotify destroy)
{
  struct view *view = text_view_lines (app, title, lines, "");
  struct text_view *page = (struct text_view *) view;
  view->class = &note_class;
  page->done = done;
  page->data = data_take;
  page->destroy = destroy;
  return view;
}

struct view *
text_view_keys (struct app *app, enum place place)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) all = keymap_of (place);
  for (guint i = 0; i < all->len; i++) {
    const struct binding *binding = g_ptr_array_index (all, i);
    g_autofree char *shown = keymap_shown (binding);
    g_ptr_array_add (lines, g_strdup_printf ("%-12s %s", shown, binding->help));
  }
  if (place == PLACE_LIST) {
    g_ptr_array_add (lines, g_strdup (""));
    g_ptr_array_add (
        lines, g_strdup ("Marks: N unread, R answered, F forwarded, ! flagged, @ attachment, E encrypted, S signed"));
  }
  return text_view_lines (app, "Keyboard", lines, "");
}
