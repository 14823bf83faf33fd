/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is read: the messages of a conversation, and the one that is shown, asked of the engine. */
#include "ui/views/changes.h"
#include "ui/views/fields.h"
#include "ui/views/reader_lines.h"
#include "ui/views/reader_p.h"

#include <string.h>

struct item *
reader_current (const struct reader *reader)
{
  return reader->at < reader->items->len ? g_ptr_array_index (reader->items, reader->at) : NULL;
}

static void
forget_message (struct reader *reader)
{
  app_call_cancel (reader->call);
  reader->call = NULL;
  g_clear_pointer (&reader->message, g_variant_unref);
  g_clear_pointer (&reader->delivery, g_variant_unref);
  g_clear_pointer (&reader->lines, g_ptr_array_unref);
  g_clear_pointer (&reader->problem, g_free);
  reader->top = 0;
}

/* Who saw but the header has not read it. */
static void
seen (struct reader *reader)
{
  struct item *item = reader_current (reader);
  if (reader_is_missing (reader->message))
    return;
  g_autoptr (GVariant) receipt = fields_inner (reader->message, "receipt");
  if (strcmp (fields_text (receipt, "state"), "auto") == 0)
    reader_answer_receipt (reader, "auto");
  if (item == NULL || !item->unread)
    return;
  item->unread = FALSE;
  changes_message (reader->view.app, item->id, "read", item->subject);
}

static void
shown (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reader *reader = (struct reader *) view;
  reader->call = NULL;
  if (reply == NULL) {
    reader->problem = g_strdup (error->message);
    return;
  }
  reader->message = fields_inner (reply, "view");
  seen (reader);
}

static void
delivery_known (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reader *reader = (struct reader *) view;
  const struct item *item = reader_current (reader);
  if (reply == NULL || item == NULL || strcmp (item->id, data) != 0)
    return;
  g_clear_pointer (&reader->delivery, g_variant_unref);
  g_clear_pointer (&reader->lines, g_ptr_array_unref);
  reader->delivery = fields_rows (reply, "rows");
}

/* The message does not wait for it. */
void
reader_ask_delivery (struct view *view)
{
  const struct item *item = reader_current ((struct reader *) view);
  if (item == NULL || !item->sent)
    return;
  const char *ids[] = { item->id, NULL };
  app_call_take (view, "delivery", g_variant_new_parsed ("{'ids': <%^as>}", ids), delivery_known, g_strdup (item->id),
                 g_free);
}

void
reader_show_message (struct reader *reader, guint at)
{
  forget_message (reader);
  reader->at = at;
  const struct item *item = reader_current (reader);
  if (item == NULL)
    return;
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "id", g_variant_new_string (item->id));
  reader->call = app_call (&reader->view, "show", g_variant_builder_end (&args), NULL, shown, NULL);
  reader_ask_delivery (&reader->view);
}

static void
add_item (struct reader *reader, GVariant *row)
{
  struct item *item = g_new0 (struct item, 1);
  g_auto (GStrv) tags = fields_texts (row, "tags");
  item->id = g_strdup (fields_text (row, "id"));
  item->subject = g_strdup (fields_text (row, "subject"));
  item->date = fields_time (row, "date");
  item->unread = fields_has (tags, "unread");
  item->flagged = fields_has (tags, "flagged");
  item->sent = fields_has (tags, "sent");
  g_ptr_array_add (reader->items, item);
}

/* The first one that was not read; else the newest that the list was asked for. */
static guint
where_to_start (const struct reader *reader, GVariant *rows)
{
  guint start = reader->items->len - 1;
  for (guint i = 0; i < reader->items->len; i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    if (((struct item *) g_ptr_array_index (reader->items, i))->unread)
      return i;
    if (fields_flag (row, "matched"))
      start = i;
  }
  return start;
}

static void
thread_known (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reader *reader = (struct reader *) view;
  reader->call = NULL;
  if (reply == NULL) {
    reader->problem = g_strdup (error->message);
    return;
  }
  g_autoptr (GVariant) rows = fields_rows (reply, "rows");
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    add_item (reader, row);
  }
  if (reader->items->len == 0)
    reader->problem = g_strdup ("This conversation is gone.");
  else
    reader_show_message (reader, where_to_start (reader, rows));
}

void
reader_load_thread (struct reader *reader)
{
  forget_message (reader);
  g_ptr_array_set_size (reader->items, 0);
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "thread", g_variant_new_string (reader->thread));
  if (reader->query != NULL)
    g_variant_builder_add (&args, "{sv}", "query", g_variant_new_string (reader->query));
  reader->call = app_call (&reader->view, "thread", g_variant_builder_end (&args), NULL, thread_known, NULL);
}

/* The text came, perhaps: the message is asked for anew, and stays as it is until there is more of it. */
static void
looked_again (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct reader *reader = (struct reader *) view;
  g_autoptr (GVariant) message = reply != NULL ? fields_inner (reply, "view") : NULL;
  reader->call = NULL;
  if (message == NULL || reader_is_missing (message))
    return;
  g_clear_pointer (&reader->message, g_variant_unref);
  g_clear_pointer (&reader->lines, g_ptr_array_unref);
  reader->message = g_steal_pointer (&message);
  seen (reader);
}

void
reader_look_again (struct reader *reader)
{
  const struct item *item = reader_current (reader);
  if (item == NULL || reader->message == NULL || reader->call != NULL || !reader_is_missing (reader->message))
    return;
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "id", g_variant_new_string (item->id));
  g_variant_builder_add (&args, "{sv}", "here", g_variant_new_boolean (TRUE));
  reader->call = app_call (&reader->view, "show", g_variant_builder_end (&args), NULL, looked_again, NULL);
}
