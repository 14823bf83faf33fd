/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of conversations of a folder or a search: what the keys do in it, and how it looks. */
#include "ui/screen/prompt.h"
#include "ui/screen/text.h"
#include "ui/views/changes.h"
#include "ui/views/fields.h"
#include "ui/views/list_p.h"

#include <string.h>

/* ---- What the keys do ---- */

static gboolean
is_drafts (const struct list *list, const struct list_row *row)
{
  return (list->folder != NULL && strcmp (list->folder->role, "drafts") == 0) || (row->draft && row->total == 1);
}

static void
open_row (struct list *list)
{
  const struct list_row *row = list_current (list);
  if (row == NULL)
    return;
  if (is_drafts (list, row))
    compose_open_draft (&list->view, row->newest);
  else
    app_push (list->view.app, reader_new (list->view.app, row->thread, list->query));
}

static void
change_row (struct list *list, const char *action)
{
  struct list_row *row = list_current (list);
  if (row == NULL)
    return;
  changes_thread (list->view.app, row->thread, list->query, action, row->subject);
  if (!changes_hides (list->view.app, row->thread))
    return;
  g_hash_table_remove (list->known, row->thread);
  g_ptr_array_remove_index (list->threads, (guint) list->rows.cursor);
  rows_settle (&list->rows, list->rows.height, (int) list->threads->len);
  list_moved (list);
}

static void
toggle (struct list *list, enum action action)
{
  struct list_row *row = list_current (list);
  if (row == NULL)
    return;
  if (action == ACTION_FLAG) {
    row->flagged = !row->flagged;
    change_row (list, row->flagged ? "flag" : "unflag");
  } else {
    row->unread = !row->unread;
    change_row (list, row->unread ? "unread" : "read");
  }
}

static void
searched (struct app *app, const char *text, gpointer data)
{
  if (text == NULL)
    return;
  g_autofree char *query = g_strstrip (g_strdup (text));
  if (*query == '\0')
    return;
  g_autofree char *title = g_strdup_printf ("Search: %s", query);
  app_push (app, list_new (app, title, query, NULL));
}

void
list_search (struct app *app)
{
  prompt_line (app, "Search:", NULL, PROMPT_PLAIN, app_history (app), searched, NULL);
}

static void
fetched (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  guint new = 0;
  if (*fields_text (reply, "problem") != '\0') {
    app_notice (view->app, NOTICE_WARN, "%s", fields_text (reply, "problem"));
    return;
  }
  g_autoptr (GVariant) rows = fields_rows (reply, "accounts");
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    new += fields_number (row, "new");
    if (*fields_text (row, "error") != '\0') {
      app_notice (view->app, NOTICE_WARN, "%s", fields_text (row, "error"));
      return;
    }
  }
  if (new == 0)
    app_notice (view->app, NOTICE_INFO, "No new mail.");
  else
    app_notice (view->app, NOTICE_INFO, "%u new message%s.", new, new == 1 ? "" : "s");
}

void
list_fetch (struct view *view)
{
  app_notice (view->app, NOTICE_INFO, "Fetching new mail…");
  app_call (app_changes (view->app), "sync", NULL, NULL, fetched, NULL);
}

const char *
list_step (struct view *view, int step, char **query_out)
{
  struct list *list = (struct list *) view;
  if (list_row_at (list, list->rows.cursor + step) == NULL)
    return NULL;
  list->rows.cursor += step;
  rows_settle (&list->rows, list->rows.height, (int) list->threads->len);
  list_moved (list);
  *query_out = g_strdup (list->query);
  return list_current (list)->thread;
}

static gboolean
list_answer (struct list *list, enum action action)
{
  const struct list_row *row = list_current (list);
  if (row != NULL)
    compose_answer (&list->view, row->newest, action == ACTION_REPLY_ALL, action == ACTION_FORWARD);
  return TRUE;
}

static gboolean
list_act (struct view *view, enum action action)
{
  struct list *list = (struct list *) view;
  list->touched = TRUE;
  if (rows_act (&list->rows, action, (int) list->threads->len)) {
    list_moved (list);
    return TRUE;
  }
  switch ((int) action) {
  case ACTION_OPEN:
    open_row (list);
    return TRUE;
  case ACTION_BACK:
    app_back (view);
    return TRUE;
  case ACTION_CANCEL:
    if (app_below (view) != NULL)
      app_close (view);
    return TRUE;
  case ACTION_WRITE:
    app_push (view->app, compose_new (view->app));
    return TRUE;
  case ACTION_REPLY:
  case ACTION_REPLY_ALL:
  case ACTION_FORWARD:
    return list_answer (list, action);
  case ACTION_DELETE:
    change_row (list, "delete");
    return TRUE;
  case ACTION_ARCHIVE:
    change_row (list, "archive");
    return TRUE;
  case ACTION_UNDO:
    changes_undo (view->app);
    return TRUE;
  case ACTION_FLAG:
  case ACTION_READ:
    toggle (list, action);
    return TRUE;
  case ACTION_SEARCH:
    list_search (view->app);
    return TRUE;
  case ACTION_KEYS:
    keys_open (view->app);
    return TRUE;
  case ACTION_FETCH:
    list_fetch (view);
    return TRUE;
  default:
    return FALSE;
  }
}

/* ---- How it looks ---- */

static void
draw_empty (struct list *list, const struct area *area)
{
  const char *text = list->problem != NULL ? list->problem
                     : app_is_indexing (list->view.app)
                         ? "Your mail is here, but the list of it was lost and is being made anew…"
                     : list_is_awaited (list)                    ? "Fetching mail…"
                     : !list->loaded                             ? "Loading…"
                     : list->folder != NULL || list->provisional ? "No messages here."
                                                                 : "No message matches this search.";
  g_autoptr (GPtrArray) rows = text_wrap (text, area->width - 4, 10);
  for (guint i = 0; i < rows->len; i++)
    draw_text (area, 2 + (int) i, 2, area->width - 2, STYLE_DIM, g_ptr_array_index (rows, i));
}

static void
list_draw (struct view *view, const struct area *area, gboolean focused)
{
  struct list *list = (struct list *) view;
  gint64 now = app_now ();
  draw_clear (area, STYLE_TEXT);
  list_row_heading (area, 0, list_shows_recipients (list));
  int old_height = list->rows.height;
  rows_settle (&list->rows, area->height - 1, (int) list->threads->len);
  if (list->rows.height > old_height)
    list_load_more (list);
  if (list->threads->len == 0)
    draw_empty (list, area);
  for (int y = 0; y < list->rows.height && list_row_at (list, list->rows.top + y) != NULL; y++) {
    int index = list->rows.top + y;
    list_row_draw (list_row_at (list, index), area, y + 1, index == list->rows.cursor, focused, now);
  }
}

static char *
list_title (struct view *view)
{
  struct list *list = (struct list *) view;
  const struct folder *folder
      = list->folder != NULL ? sidebar_folder (app_sidebar (view->app), list->folder->role) : NULL;
  if (folder != NULL && folder->unread > 0 && strcmp (folder->query, list->query) == 0)
    return g_strdup_printf ("%s · %u unread", list->title, folder->unread);
  return g_strdup (list->title);
}

static void
list_event (struct view *view, const char *event, GVariant *fields)
{
  if (strcmp (event, "delivery") == 0)
    app_timer (view, LIST_REFRESH_MS, list_ask_delivery_again);
  if (strcmp (event, "changed") != 0)
    return;
  ((struct list *) view)->due = TRUE;
  app_timer (view, LIST_REFRESH_MS, list_refresh);
}

static void
list_free (struct view *view)
{
  struct list *list = (struct list *) view;
  g_hash_table_unref (list->known);
  g_ptr_array_unref (list->threads);
  folder_free (list->folder);
  g_free (list->title);
  g_free (list->query);
  g_free (list->problem);
  g_free (list);
}

static const struct view_class list_class = {
  .place = PLACE_LIST,
  .draw = list_draw,
  .act = list_act,
  .event = list_event,
  .title = list_title,
  .free = list_free,
};

struct view *
list_new (struct app *app, const char *title, const char *query, const struct folder *folder)
{
  struct list *list = g_new0 (struct list, 1);
  list->view.class = &list_class;
  list->view.app = app;
  list->title = g_strdup (title);
  list->query = g_strdup (query);
  list->provisional = query == NULL;
  list->folder = folder_copy (folder);
  list->threads = g_ptr_array_new_with_free_func (list_row_free);
  list->known = g_hash_table_new (g_str_hash, g_str_equal);
  list->rows.height = 20;
  list->more = TRUE;
  list_load_more (list);
  return &list->view;
}
