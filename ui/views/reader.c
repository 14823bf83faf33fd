/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading: the messages of one conversation, one at a time, and what the keys do there. */
#include "ui/screen/prompt.h"
#include "ui/views/changes.h"
#include "ui/views/reader_lines.h"
#include "ui/views/reader_p.h"

#define DELIVERY_MS 200

static void
item_free (gpointer data)
{
  struct item *item = data;
  g_free (item->id);
  g_free (item->subject);
  g_free (item);
}

static void
step_message (struct reader *reader, int step)
{
  if (reader->at + (guint) step < reader->items->len)
    reader_show_message (reader, reader->at + (guint) step);
  else
    app_notice (reader->view.app, NOTICE_INFO,
                step > 0 ? "This is the last message of the conversation."
                         : "This is the first message of the conversation.");
}

static void
step_thread (struct reader *reader, int step)
{
  struct view *list = app_below (&reader->view);
  g_autofree char *query = NULL;
  const char *thread = list != NULL && list->class->place == PLACE_LIST ? list_step (list, step, &query) : NULL;
  if (thread == NULL) {
    app_notice (reader->view.app, NOTICE_INFO, "There is no other conversation in this direction.");
    return;
  }
  g_free (reader->thread);
  reader->thread = g_strdup (thread);
  reader_load_thread (reader);
}

static gboolean
scroll (struct reader *reader, enum action action)
{
  int page = MAX (reader->height - 1, 1), last = reader->lines != NULL ? (int) reader->lines->len - reader->height : 0;
  switch ((int) action) {
  case ACTION_DOWN:
    reader->top++;
    break;
  case ACTION_UP:
    reader->top--;
    break;
  case ACTION_PAGE_DOWN:
    reader->top += page;
    break;
  case ACTION_PAGE_UP:
    reader->top -= page;
    break;
  case ACTION_FIRST:
    reader->top = 0;
    break;
  case ACTION_LAST:
    reader->top = last;
    break;
  case ACTION_SCROLL_ON:
    if (reader->top >= last && reader->message != NULL)
      step_message (reader, 1);
    else
      reader->top += page;
    break;
  default:
    return FALSE;
  }
  reader->top = CLAMP (reader->top, 0, MAX (last, 0));
  return TRUE;
}

static void
take_away (struct reader *reader, const char *action)
{
  struct item *item = reader_current (reader);
  if (item == NULL)
    return;
  changes_message (reader->view.app, item->id, action, item->subject);
  g_ptr_array_remove_index (reader->items, reader->at);
  if (reader->items->len == 0)
    app_close (&reader->view);
  else
    reader_show_message (reader, MIN (reader->at, reader->items->len - 1));
}

static void
toggle (struct reader *reader, enum action action)
{
  struct item *item = reader_current (reader);
  if (item == NULL)
    return;
  if (action == ACTION_FLAG) {
    item->flagged = !item->flagged;
    changes_message (reader->view.app, item->id, item->flagged ? "flag" : "unflag", item->subject);
    app_notice (reader->view.app, NOTICE_INFO, item->flagged ? "Flagged." : "The flag is removed.");
  } else {
    item->unread = !item->unread;
    changes_message (reader->view.app, item->id, item->unread ? "unread" : "read", item->subject);
    app_notice (reader->view.app, NOTICE_INFO, item->unread ? "Marked as unread." : "Marked as read.");
  }
}

static void
open_parts (struct reader *reader)
{
  if (reader->message == NULL || reader_current (reader) == NULL)
    return;
  g_autoptr (GVariant) parts = reader_attachments (reader->message);
  if (g_variant_n_children (parts) == 0)
    app_notice (reader->view.app, NOTICE_INFO, "This message has no attachments.");
  else
    app_push (reader->view.app, parts_new (reader->view.app, reader_current (reader)->id, parts));
}

static gboolean
reader_act (struct view *view, enum action action)
{
  struct reader *reader = (struct reader *) view;
  const struct item *item = reader_current (reader);
  if (scroll (reader, action))
    return TRUE;
  switch ((int) action) {
  case ACTION_BACK:
    app_close (view);
    return TRUE;
  case ACTION_REPLY:
  case ACTION_REPLY_ALL:
  case ACTION_FORWARD:
    if (item != NULL)
      compose_answer (view, item->id, action == ACTION_REPLY_ALL, action == ACTION_FORWARD);
    return TRUE;
  case ACTION_DELETE:
  case ACTION_ARCHIVE:
    take_away (reader, action == ACTION_DELETE ? "delete" : "archive");
    return TRUE;
  case ACTION_UNDO:
    changes_undo (view->app);
    return TRUE;
  case ACTION_FLAG:
  case ACTION_READ:
    toggle (reader, action);
    return TRUE;
  case ACTION_PARTS:
    open_parts (reader);
    return TRUE;
  case ACTION_RECEIPT:
    reader_ask_receipt (reader);
    return TRUE;
  case ACTION_DETAILS:
    if (reader->message != NULL) {
      g_autoptr (GPtrArray) lines = reader_details (reader->message);
      app_push (view->app, text_view_lines (view->app, "Security of this message", lines, ""));
    }
    return TRUE;
  case ACTION_NEXT_MESSAGE:
  case ACTION_PREVIOUS_MESSAGE:
    step_message (reader, action == ACTION_NEXT_MESSAGE ? 1 : -1);
    return TRUE;
  case ACTION_NEXT_THREAD:
  case ACTION_PREVIOUS_THREAD:
    step_thread (reader, action == ACTION_NEXT_THREAD ? 1 : -1);
    return TRUE;
  case ACTION_WRITE:
    app_push (view->app, compose_new (view->app));
    return TRUE;
  case ACTION_SEARCH:
    list_search (view->app);
    return TRUE;
  default:
    return FALSE;
  }
}

static char *
reader_title (struct view *view)
{
  struct reader *reader = (struct reader *) view;
  if (reader->items->len > 1)
    return g_strdup_printf ("Message %u of %u", reader->at + 1, reader->items->len);
  return g_strdup ("Message");
}

static void
reader_event (struct view *view, const char *event, GVariant *fields)
{
  if (strcmp (event, "delivery") == 0)
    app_timer (view, DELIVERY_MS, reader_ask_delivery);
  else if (strcmp (event, "changed") == 0)
    reader_look_again ((struct reader *) view);
}

static void
reader_free (struct view *view)
{
  struct reader *reader = (struct reader *) view;
  prompt_withdraw (view->app, reader);
  g_clear_pointer (&reader->message, g_variant_unref);
  g_clear_pointer (&reader->delivery, g_variant_unref);
  g_clear_pointer (&reader->lines, g_ptr_array_unref);
  g_ptr_array_unref (reader->items);
  g_free (reader->thread);
  g_free (reader->query);
  g_free (reader->problem);
  g_free (reader);
}

static const struct view_class reader_class = {
  .place = PLACE_READER,
  .draw = reader_draw,
  .act = reader_act,
  .event = reader_event,
  .title = reader_title,
  .free = reader_free,
};

struct view *
reader_new (struct app *app, const char *thread, const char *query)
{
  struct reader *reader = g_new0 (struct reader, 1);
  reader->view.class = &reader_class;
  reader->view.app = app;
  reader->thread = g_strdup (thread);
  reader->query = g_strdup (query);
  reader->items = g_ptr_array_new_with_free_func (item_free);
  reader_load_thread (reader);
  return &reader->view;
}
