/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is waiting to leave: a row each, all about the chosen one below, and what can be done about it. */
#include "ui/screen/prompt.h"
#include "ui/screen/text.h"
#include "ui/views/fields.h"
#include "ui/views/outbox_lines.h"
#include "ui/views/rows.h"
#include "ui/views/views.h"

#include <string.h>

struct outbox {
  struct view view;
  GVariant *items; /* aa{sv}; NULL while it is asked for */
  struct rows rows;
  gboolean asked;
  char *asked_about; /* id of the message that a question stands about; NULL */
};

static void
listed (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct outbox *outbox = (struct outbox *) view;
  outbox->asked = FALSE;
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    return;
  }
  g_clear_pointer (&outbox->items, g_variant_unref);
  outbox->items = fields_rows (reply, "rows");
}

static void
ask (struct view *view)
{
  struct outbox *outbox = (struct outbox *) view;
  if (outbox->asked)
    return;
  outbox->asked = TRUE;
  app_call (view, "outbox", NULL, NULL, listed, NULL);
}

static int
count (const struct outbox *outbox)
{
  return outbox->items != NULL ? (int) g_variant_n_children (outbox->items) : 0;
}

static GVariant *
chosen (const struct outbox *outbox)
{
  return count (outbox) > 0 ? g_variant_get_child_value (outbox->items, (gsize) outbox->rows.cursor) : NULL;
}

/* ---- How it looks ---- */

static char *
when (GVariant *item)
{
  const gint64 now = app_now (), next = fields_time (item, "next");
  const gboolean waits = strcmp (fields_text (item, "state"), "ready") == 0 && next > now;
  return fields_short_date (waits ? next : fields_time (item, "date"), now);
}

/* The first third of what is left is for the people, as far as there is a subject. */
static void
draw_about (GVariant *item, const struct area *area, int y, unsigned style)
{
  const char *subject = fields_text (item, "subject");
  g_autofree char *recipients = fields_joined (item, "recipients");
  const int room = area->width - 21, people = *subject != '\0' ? MAX (room / 3, 16) : room;
  draw_text (area, y, 21, MIN (people, room), style, recipients);
  if (*subject != '\0' && room > people + 1)
    draw_text (area, y, 22 + people, room - people - 1, style, subject);
}

/* What it is; all about the chosen one stands below. */
static void
draw_item (GVariant *item, const struct area *area, int y, unsigned style)
{
  g_autofree char *date = when (item);
  draw_row (area, y, style);
  draw_text (area, y, 1, 9, outbox_lines_trouble (item) && style == STYLE_TEXT ? STYLE_HELD : style,
             outbox_lines_word (item, app_now ()));
  draw_text (area, y, 11, 9, style, date);
  draw_about (item, area, y, style);
}

static void
draw_chosen (GVariant *item, const struct area *area)
{
  g_autoptr (GPtrArray) lines = outbox_lines (item, app_now ());
  int y = 1;
  draw_horizontal (area, 0, STYLE_DIM);
  if (fields_flag (item, "note") && y < area->height)
    draw_text (area, y++, 1, area->width - 2, STYLE_DIM, "A note that asks for a key.");
  for (guint i = 0; i < lines->len && y < area->height; i++) {
    g_autoptr (GPtrArray) rows = text_wrap (lines->pdata[i], area->width - 2, 6);
    for (guint r = 0; r < rows->len && y < area->height; r++, y++)
      draw_text (area, y, 1, area->width - 2, i == 0 ? STYLE_TEXT : STYLE_DIM, rows->pdata[r]);
  }
}

static void
outbox_draw (struct view *view, const struct area *area, gboolean focused)
{
  struct outbox *outbox = (struct outbox *) view;
  const int below = count (outbox) == 0 ? 0 : MIN (MAX (area->height / 2, 9), area->height - 1);
  struct area list = *area, pane = *area;
  draw_clear (area, STYLE_TEXT);
  list.height -= below;
  pane.y += list.height;
  pane.height = below;
  rows_settle (&outbox->rows, list.height, count (outbox));
  if (count (outbox) == 0)
    draw_text (area, 2, 2, area->width - 2, STYLE_DIM,
               outbox->items == NULL ? "Loading…" : "Nothing is waiting to be sent.");
  for (int i = outbox->rows.top, y = 0; i < count (outbox) && y < list.height; i++, y++) {
    g_autoptr (GVariant) item = g_variant_get_child_value (outbox->items, (gsize) i);
    draw_item (item, &list, y, i == outbox->rows.cursor ? STYLE_SELECTED : STYLE_TEXT);
  }
  g_autoptr (GVariant) item = chosen (outbox);
  if (item != NULL && below > 0)
    draw_chosen (item, &pane);
}

/* ---- What can be done ---- */

static void
decided (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  if (reply == NULL)
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
  else
    app_notice (view->app, NOTICE_INFO, "%s", fields_text (reply, "text"));
  ask (view);
}

static void
decide (struct outbox *outbox, const char *id, const char *what)
{
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "id", g_variant_new_string (id));
  g_variant_builder_add (&args, "{sv}", "what", g_variant_new_string (what));
  app_call (&outbox->view, "outbox_decide", g_variant_builder_end (&args), NULL, decided, NULL);
}

static void
edit_ready (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    ask (view);
    return;
  }
  g_autoptr (GVariant) draft = fields_inner (reply, "draft");
  app_notice (view->app, NOTICE_INFO, "It is out of the Outbox, and in Drafts as long as you write.");
  ask (view);
  app_push (view->app, compose_draft (view->app, draft, fds, fields_text (reply, "draft_id")));
}

static void
edit (struct outbox *outbox, const char *id)
{
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "id", g_variant_new_string (id));
  app_notice (outbox->view.app, NOTICE_INFO, "Opening it…");
  app_call (&outbox->view, "outbox_edit", g_variant_builder_end (&args), NULL, edit_ready, NULL);
}

static void
remove_answered (struct app *app, char choice, gpointer data)
{
  struct outbox *outbox = data;
  if (choice == 'r' && outbox->asked_about != NULL)
    decide (outbox, outbox->asked_about, "remove");
}

static void
again_answered (struct app *app, char choice, gpointer data)
{
  struct outbox *outbox = data;
  if (choice == 's' && outbox->asked_about != NULL)
    decide (outbox, outbox->asked_about, "retry");
}

/* What cannot be made undone is asked about first. */
static void
ask_first (struct outbox *outbox, GVariant *item, gboolean removing)
{
  static const char *const remove[] = { "r", "Remove it", "k", "Keep it", NULL };
  static const char *const again[] = { "s", "Send it again", "w", "Wait", NULL };
  g_free (outbox->asked_about);
  outbox->asked_about = g_strdup (fields_text (item, "id"));
  if (removing)
    prompt_choice (outbox->view.app, "Remove this message? Who has not got it will not get it.", remove,
                   remove_answered, outbox);
  else
    prompt_choice (outbox->view.app, "It may have arrived; then they get it twice. Send it again?", again,
                   again_answered, outbox);
}

static void
look (struct outbox *outbox, GVariant *item)
{
  GPtrArray *lines = outbox_lines (item, app_now ());
  for (guint i = lines->len; i-- > 1;)
    g_ptr_array_insert (lines, (gint) i, g_strdup (""));
  app_push (outbox->view.app, text_view_lines (outbox->view.app, "A message in the Outbox", lines, ""));
  g_ptr_array_unref (lines);
}

/* Of the chosen message. FALSE: the key means nothing here. */
static gboolean
act_on (struct outbox *outbox, GVariant *item, enum action action)
{
  const char *id = fields_text (item, "id");
  switch ((int) action) {
  case ACTION_OPEN:
    look (outbox, item);
    return TRUE;
  case ACTION_RETRY:
    if (strcmp (fields_text (item, "state"), "unknown") == 0)
      ask_first (outbox, item, FALSE);
    else
      decide (outbox, id, "retry");
    return TRUE;
  case ACTION_EDITOR:
  case ACTION_UNDO:
    edit (outbox, id);
    return TRUE;
  case ACTION_STOP:
    decide (outbox, id, "stop");
    return TRUE;
  case ACTION_DELETE:
    ask_first (outbox, item, TRUE);
    return TRUE;
  case ACTION_ARRIVED:
    decide (outbox, id, "arrived");
    return TRUE;
  default:
    return FALSE;
  }
}

static gboolean
outbox_act (struct view *view, enum action action)
{
  struct outbox *outbox = (struct outbox *) view;
  g_autoptr (GVariant) item = chosen (outbox);
  if (rows_act (&outbox->rows, action, count (outbox)) || (item != NULL && act_on (outbox, item, action)))
    return TRUE;
  if (action == ACTION_BACK)
    app_close (view);
  else if (action == ACTION_WRITE)
    app_push (view->app, compose_new (view->app));
  else
    return FALSE;
  return TRUE;
}

static void
outbox_event (struct view *view, const char *event, GVariant *fields)
{
  if (strcmp (event, "outbox") == 0)
    ask (view);
}

static char *
outbox_title (struct view *view)
{
  return g_strdup ("Outbox");
}

static void
outbox_free (struct view *view)
{
  struct outbox *outbox = (struct outbox *) view;
  prompt_withdraw (view->app, outbox);
  g_clear_pointer (&outbox->items, g_variant_unref);
  g_free (outbox->asked_about);
  g_free (outbox);
}

static const struct view_class outbox_class = {
  .place = PLACE_OUTBOX,
  .draw = outbox_draw,
  .act = outbox_act,
  .event = outbox_event,
  .title = outbox_title,
  .free = outbox_free,
};

struct view *
outbox_new (struct app *app)
{
  struct outbox *outbox = g_new0 (struct outbox, 1);
  outbox->view.class = &outbox_class;
  outbox->view.app = app;
  ask (&outbox->view);
  return &outbox->view;
}
