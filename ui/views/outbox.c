/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is waiting to leave, and why it still waits. */
#include "ui/screen/text.h"
#include "ui/views/fields.h"
#include "ui/views/rows.h"
#include "ui/views/views.h"

#include <string.h>

struct outbox {
  struct view view;
  GVariant *items; /* aa{sv}; NULL while it is asked for */
  struct rows rows;
  gboolean asked;
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

static const char *
state_words (const char *state)
{
  static const char *const words[][2] = {
    { "ready", "waiting" }, { "queued", "waiting" }, { "sending", "sending" },  { "accepted", "sent" },
    { "sent", "sent" },     { "failed", "FAILED" },  { "unknown", "NOT SURE" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (words[i][0], state) == 0)
      return words[i][1];
  return state;
}

/* Two rows an item: what it is, and why it is still here. */
static void
draw_item (GVariant *item, const struct area *area, int y, unsigned style)
{
  g_autofree char *recipients = fields_joined (item, "recipients"),
                  *date = fields_short_date (fields_time (item, "date"), app_now ());
  int to = MIN (30, area->width / 3);
  const char *state = fields_text (item, "state");
  gboolean trouble = strcmp (state, "failed") == 0 || strcmp (state, "unknown") == 0;
  draw_row (area, y, style);
  draw_text (area, y, 1, 9, trouble && style == STYLE_TEXT ? STYLE_HELD : style, state_words (state));
  draw_text (area, y, 11, 9, style, date);
  draw_text (area, y, 21, to, style, recipients);
  const char *subject = fields_text (item, "subject"); /* what waits here is encrypted, mostly its subject too */
  draw_text (area, y, 22 + to, area->width - 22 - to, style,
             *subject != '\0'             ? subject
             : fields_flag (item, "note") ? "(a note that asks for a key)"
                                          : "(encrypted)");
  draw_text (area, y + 1, 11, area->width - 11, STYLE_DIM, fields_text (item, "text"));
}

static void
outbox_draw (struct view *view, const struct area *area, gboolean focused)
{
  struct outbox *outbox = (struct outbox *) view;
  draw_clear (area, STYLE_TEXT);
  rows_settle (&outbox->rows, area->height / 2, count (outbox));
  if (count (outbox) == 0)
    draw_text (area, 2, 2, area->width - 2, STYLE_DIM,
               outbox->items == NULL ? "Loading…" : "Nothing is waiting to be sent.");
  for (int i = outbox->rows.top, y = 0; i < count (outbox) && y + 1 < area->height; i++, y += 2) {
    g_autoptr (GVariant) item = g_variant_get_child_value (outbox->items, (gsize) i);
    draw_item (item, area, y, i == outbox->rows.cursor ? STYLE_SELECTED : STYLE_TEXT);
  }
}

static void
retried (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  if (reply == NULL)
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
  else
    app_notice (view->app, NOTICE_INFO, "Trying again.");
  ask (view);
}

static void
retry (struct outbox *outbox)
{
  if (count (outbox) == 0)
    return;
  g_autoptr (GVariant) item = g_variant_get_child_value (outbox->items, (gsize) outbox->rows.cursor);
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "id", g_variant_new_string (fields_text (item, "id")));
  app_call (&outbox->view, "outbox_retry", g_variant_builder_end (&args), NULL, retried, NULL);
}

static gboolean
outbox_act (struct view *view, enum action action)
{
  struct outbox *outbox = (struct outbox *) view;
  if (rows_act (&outbox->rows, action, count (outbox)))
    return TRUE;
  if (action == ACTION_RETRY)
    retry (outbox);
  else if (action == ACTION_BACK)
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
  g_clear_pointer (&outbox->items, g_variant_unref);
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
