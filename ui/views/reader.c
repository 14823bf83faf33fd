/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading: the messages of one conversation, one at a time. The verdict has rows of its own at the top that no message can
 * reach; all else of the message scrolls below them. */
#include "ui/screen/prompt.h"
#include "ui/screen/text.h"
#include "ui/views/changes.h"
#include "ui/views/fields.h"
#include "ui/views/reader_lines.h"
#include "ui/views/views.h"

#include <string.h>

#define WARNING_ROWS 3
#define DELIVERY_MS 200
#define WARNINGS_HEIGHT 12 /* less than that is left to the message */

struct item {
  char *id, *subject;
  gint64 date;
  gboolean unread, flagged, sent;
};

struct reader {
  struct view view;
  char *thread, *query;
  GPtrArray *items; /* struct item *, oldest first */
  guint at;
  GVariant *message;  /* the view of "show"; NULL while it is under way */
  GVariant *delivery; /* what became of it, where it was sent; NULL */
  GPtrArray *lines;   /* of message, for width */
  int width, top, height;
  struct app_call *call;
  char *problem;
};

static void
item_free (gpointer data)
{
  struct item *item = data;
  g_free (item->id);
  g_free (item->subject);
  g_free (item);
}

static struct item *
current (const struct reader *reader)
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

static void
receipt_answered (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  if (reply == NULL)
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
  else
    app_notice (view->app, NOTICE_INFO, "%s", fields_text (reply, "text"));
}

static void
answer_receipt (struct reader *reader, const char *answer)
{
  const struct item *item = current (reader);
  if (item != NULL)
    app_call (app_changes (reader->view.app), "receipt",
              g_variant_new_parsed ("{'id': <%s>, 'answer': <%s>}", item->id, answer), NULL, receipt_answered, NULL);
}

/* Who saw but the header has not read it. */
static void
seen (struct reader *reader)
{
  struct item *item = current (reader);
  if (reader_is_missing (reader->message))
    return;
  g_autoptr (GVariant) receipt = fields_inner (reader->message, "receipt");
  if (strcmp (fields_text (receipt, "state"), "auto") == 0)
    answer_receipt (reader, "auto");
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
  const struct item *item = current (reader);
  if (reply == NULL || item == NULL || strcmp (item->id, data) != 0)
    return;
  g_clear_pointer (&reader->delivery, g_variant_unref);
  g_clear_pointer (&reader->lines, g_ptr_array_unref);
  reader->delivery = fields_rows (reply, "rows");
}

/* The message does not wait for it. */
static void
ask_delivery (struct view *view)
{
  const struct item *item = current ((struct reader *) view);
  if (item == NULL || !item->sent)
    return;
  const char *ids[] = { item->id, NULL };
  app_call_take (view, "delivery", g_variant_new_parsed ("{'ids': <%^as>}", ids), delivery_known, g_strdup (item->id),
                 g_free);
}

static void
show_message (struct reader *reader, guint at)
{
  forget_message (reader);
  reader->at = at;
  const struct item *item = current (reader);
  if (item == NULL)
    return;
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "id", g_variant_new_string (item->id));
  reader->call = app_call (&reader->view, "show", g_variant_builder_end (&args), NULL, shown, NULL);
  ask_delivery (&reader->view);
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
    show_message (reader, where_to_start (reader, rows));
}

static void
load_thread (struct reader *reader)
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

/* ---- How it looks ---- */

/* The warnings in rows, two in one where they fit, without those that the verdict's sentence has told already. */
static GPtrArray *
warning_rows (GVariant *warnings, const char *sentence, int width)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func (g_free);
  for (gsize i = 0; i < g_variant_n_children (warnings); i++) {
    g_autoptr (GVariant) warning = g_variant_get_child_value (warnings, i);
    g_autofree char *text = g_strdelimit (g_strdup (fields_text (warning, "text")), "\r\n\t", ' ');
    if (*text == '\0' || strstr (sentence, text) != NULL)
      continue;
    char **last = rows->len > 0 ? (char **) &rows->pdata[rows->len - 1] : NULL;
    if (last != NULL && text_width (*last) + 2 + text_width (text) <= width) {
      char *both = g_strconcat (*last, "  ", text, NULL);
      g_free (*last);
      *last = both;
      continue;
    }
    g_autoptr (GPtrArray) wrapped = text_wrap (text, width, WARNING_ROWS);
    for (guint k = 0; k < wrapped->len; k++)
      g_ptr_array_add (rows, g_strdup (g_ptr_array_index (wrapped, k)));
  }
  return rows;
}

/* Returns the rows taken. */
static int
draw_warnings (struct reader *reader, const struct area *area, const char *sentence)
{
  g_autoptr (GVariant) warnings = fields_rows (reader->message, "warnings");
  g_autoptr (GPtrArray) rows = warning_rows (warnings, sentence, area->width - 2);
  int count = MIN ((int) rows->len, WARNING_ROWS);
  for (int y = 0; y < count; y++) {
    g_autofree char *more = y == count - 1 && (int) rows->len > count
                                ? g_strdup_printf ("x: all %u warnings", (guint) g_variant_n_children (warnings))
                                : g_strdup ("");
    draw_row (area, y, STYLE_VERDICT_WARN);
    draw_right (area, y, 0, area->width - 1, STYLE_VERDICT_WARN, more);
    draw_text (area, y, 1, area->width - 2 - (*more != '\0' ? text_width (more) + 1 : 0), STYLE_VERDICT_WARN,
               g_ptr_array_index (rows, y));
  }
  return count;
}

/* Returns the rows taken. */
static int
draw_verdict (struct reader *reader, const struct area *area)
{
  if (reader->message == NULL) {
    draw_row (area, 0, STYLE_VERDICT_NONE);
    draw_text (area, 0, 1, area->width - 1, STYLE_VERDICT_NONE, reader->problem != NULL ? "Not shown" : "Opening…");
    return 1;
  }
  g_autoptr (GVariant) verdict = fields_inner (reader->message, "verdict");
  enum style style;
  const char *word = reader_tone (fields_text (verdict, "tone"), &style);
  g_autofree char *sentence = g_strdelimit (g_strdup (fields_text (verdict, "line")), "\r\n\t", ' ');
  g_autofree char *line = g_strdup_printf ("%s %s", word, sentence);
  g_autoptr (GPtrArray) rows = text_wrap (line, area->width - 2, 8);
  int count = MIN ((int) rows->len, MAX (area->height / 4, 1));
  for (int y = 0; y < count; y++) {
    draw_row (area, y, style);
    draw_text (area, y, 1, area->width - 2, style | (y == 0 ? STYLE_BOLD : 0), g_ptr_array_index (rows, y));
  }
  struct area below = { area->y + count, area->x, area->height - count, area->width };
  return count + (area->height >= WARNINGS_HEIGHT ? draw_warnings (reader, &below, sentence) : 0);
}

static void
draw_line (const struct area *area, int y, const struct reader_line *line)
{
  int x = 0;
  const char *rest = line->text;
  if (line->label_columns > 0) {
    gsize size = text_fit (rest, line->label_columns, NULL);
    g_autofree char *label = g_strndup (rest, size);
    x = draw_text (area, y, 0, area->width, line->label_columns <= 2 ? STYLE_NOTE : STYLE_LABEL, label);
    rest += size;
  }
  draw_text (area, y, x, area->width - x, line->style, rest);
}

static void
draw_foot (struct reader *reader, const struct area *area)
{
  int below = (int) reader->lines->len - reader->top - reader->height;
  g_autofree char *foot
      = below > 0 ? g_strdup_printf ("%d more line%s (Space)", below, below == 1 ? "" : "s") : g_strdup ("");
  draw_right (area, area->height - 1, 0, area->width, STYLE_DIM, foot);
  if (reader->items->len > 1) {
    g_autofree char *place
        = g_strdup_printf ("Message %u of %u (n next, p previous)", reader->at + 1, reader->items->len);
    draw_text (area, area->height - 1, 0, area->width - text_width (foot) - 1, STYLE_DIM, place);
  }
}

static void
reader_draw (struct view *view, const struct area *area, gboolean focused)
{
  struct reader *reader = (struct reader *) view;
  draw_clear (area, STYLE_TEXT);
  int used = draw_verdict (reader, area);
  struct area text = { area->y + used, area->x, area->height - used, area->width };
  if (reader->problem != NULL) {
    g_autoptr (GPtrArray) rows = text_wrap (reader->problem, text.width - 2, 10);
    for (guint i = 0; i < rows->len; i++)
      draw_text (&text, 1 + (int) i, 1, text.width - 1, STYLE_TEXT, g_ptr_array_index (rows, i));
  }
  if (reader->message == NULL || text.height < 2)
    return;
  if (reader->lines == NULL || reader->width != text.width) {
    g_clear_pointer (&reader->lines, g_ptr_array_unref);
    reader->lines = reader_lines (reader->message, reader->delivery,
                                  current (reader) != NULL ? current (reader)->date : 0, text.width);
    reader->width = text.width;
  }
  reader->height = text.height - 1;
  reader->top = CLAMP (reader->top, 0, MAX ((int) reader->lines->len - reader->height, 0));
  struct area rows = { text.y, text.x, reader->height, text.width };
  for (int y = 0; y < rows.height && reader->top + y < (int) reader->lines->len; y++)
    draw_line (&rows, y, g_ptr_array_index (reader->lines, reader->top + y));
  draw_foot (reader, &text);
}

/* ---- What the keys do ---- */

static void
step_message (struct reader *reader, int step)
{
  if (reader->at + (guint) step < reader->items->len)
    show_message (reader, reader->at + (guint) step);
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
  load_thread (reader);
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
  struct item *item = current (reader);
  if (item == NULL)
    return;
  changes_message (reader->view.app, item->id, action, item->subject);
  g_ptr_array_remove_index (reader->items, reader->at);
  if (reader->items->len == 0)
    app_close (&reader->view);
  else
    show_message (reader, MIN (reader->at, reader->items->len - 1));
}

static void
toggle (struct reader *reader, enum action action)
{
  struct item *item = current (reader);
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
  if (reader->message == NULL || current (reader) == NULL)
    return;
  g_autoptr (GVariant) parts = reader_attachments (reader->message);
  if (g_variant_n_children (parts) == 0)
    app_notice (reader->view.app, NOTICE_INFO, "This message has no attachments.");
  else
    app_push (reader->view.app, parts_new (reader->view.app, current (reader)->id, parts));
}

/* It is not asked twice while the answer is on its way. */
static void
receipt_chosen (struct app *app, char choice, gpointer data)
{
  struct reader *reader = data;
  if (choice == 0 || reader->message == NULL)
    return;
  answer_receipt (reader, choice == 's' ? "send" : "no");
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (reader->message);
  g_variant_dict_remove (&dict, "receipt");
  g_variant_unref (reader->message);
  reader->message = g_variant_ref_sink (g_variant_dict_end (&dict));
  g_clear_pointer (&reader->lines, g_ptr_array_unref);
}

static void
ask_receipt (struct reader *reader)
{
  static const char *const choices[] = { "s", "send a receipt", "n", "send none", NULL };
  if (reader->message == NULL)
    return;
  g_autoptr (GVariant) receipt = fields_inner (reader->message, "receipt");
  if (strcmp (fields_text (receipt, "state"), "ask") != 0) {
    app_notice (reader->view.app, NOTICE_INFO, "%s",
                *fields_text (receipt, "text") != '\0' ? fields_text (receipt, "text")
                                                       : "Nobody asks for a receipt of this message.");
    return;
  }
  g_autofree char *question = g_strdup_printf ("Tell %s that you opened this message?", fields_text (receipt, "to"));
  prompt_choice (reader->view.app, question, choices, receipt_chosen, reader);
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

static void
look_again (struct reader *reader)
{
  const struct item *item = current (reader);
  if (item == NULL || reader->message == NULL || reader->call != NULL || !reader_is_missing (reader->message))
    return;
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "id", g_variant_new_string (item->id));
  g_variant_builder_add (&args, "{sv}", "here", g_variant_new_boolean (TRUE));
  reader->call = app_call (&reader->view, "show", g_variant_builder_end (&args), NULL, looked_again, NULL);
}

static gboolean
reader_act (struct view *view, enum action action)
{
  struct reader *reader = (struct reader *) view;
  const struct item *item = current (reader);
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
    ask_receipt (reader);
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
    app_timer (view, DELIVERY_MS, ask_delivery);
  else if (strcmp (event, "changed") == 0)
    look_again ((struct reader *) view);
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
  load_thread (reader);
  return &reader->view;
}
