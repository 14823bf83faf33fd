/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of conversations of a folder or a search. Lazy: it holds the pages that were looked at, never more; when the
 * index changes it asks again for the window it shows, and the cursor stays on its conversation. */
#include "ui/views/list.h"
#include "ui/screen/prompt.h"
#include "ui/screen/text.h"
#include "ui/views/changes.h"
#include "ui/views/delivery.h"
#include "ui/views/fields.h"
#include "ui/views/rows.h"

#include <string.h>

#define PAGE_MIN 50
#define REFRESH_MS 100

struct list {
  struct view view;
  char *title, *query;   /* query NULL: folders are not known yet */
  struct folder *folder; /* NULL: a search */
  GPtrArray *threads;    /* struct list_row * */
  GHashTable *known;     /* thread ids in threads */
  struct rows rows;
  gboolean more, loaded;
  gboolean provisional;  /* the first list, before it is known which folder is the inbox */
  struct app_call *call; /* a page or a window under way */
  guint window_offset;   /* of the refresh under way */
  guint stale;           /* rows before this one were not asked again since the index changed */
  gboolean again;        /* it changed once more while a call was under way */
  gboolean due;          /* the index changed, and a call is about to be made */
  gboolean fetching;     /* the first mail of the account was on its way when the last answer came */
  gboolean touched;      /* a key was pressed on it */
  char *problem;
};

static guint
page_size (const struct list *list)
{
  return (guint) MAX (list->rows.height * 2, PAGE_MIN);
}

static struct list_row *
row_at (const struct list *list, int index)
{
  return index >= 0 && index < (int) list->threads->len ? g_ptr_array_index (list->threads, index) : NULL;
}

static struct list_row *
current (const struct list *list)
{
  return row_at (list, list->rows.cursor);
}

static void
add_rows (struct list *list, GVariant *rows)
{
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) fields = g_variant_get_child_value (rows, i);
    struct list_row *row = list_row_new (fields);
    if (*row->thread == '\0' || g_hash_table_contains (list->known, row->thread)
        || changes_hides (list->view.app, row->thread)) {
      list_row_free (row);
      continue;
    }
    g_hash_table_add (list->known, row->thread);
    g_ptr_array_add (list->threads, row);
  }
}

static void
truncate_rows (struct list *list, guint length)
{
  for (guint i = list->threads->len; i-- > length;)
    g_hash_table_remove (list->known, ((struct list_row *) g_ptr_array_index (list->threads, i))->thread);
  if (length < list->threads->len)
    g_ptr_array_set_size (list->threads, (int) length);
}

/* Put the cursor back on the conversation it stood on. */
static void
find_thread (struct list *list, const char *thread)
{
  for (guint i = 0; thread != NULL && i < list->threads->len; i++)
    if (strcmp (((struct list_row *) g_ptr_array_index (list->threads, i))->thread, thread) == 0) {
      int moved = (int) i - list->rows.cursor;
      list->rows.cursor = (int) i;
      if (list->rows.top > 0)
        list->rows.top = MAX (list->rows.top + moved, 0);
      break;
    }
  rows_settle (&list->rows, list->rows.height, (int) list->threads->len);
}

static void load_more (struct list *list);
static void refresh (struct view *view);
static void ask_delivery (struct list *list);

static gboolean
take_reply (struct list *list, GVariant *reply, const GError *error)
{
  list->call = NULL;
  g_clear_pointer (&list->problem, g_free);
  if (reply != NULL) {
    list->more = fields_flag (reply, "more");
    list->loaded = TRUE;
    return TRUE;
  }
  list->problem = g_strdup (error->message);
  list->loaded = TRUE;
  list->more = FALSE;
  app_notice (list->view.app, NOTICE_WARN, "%s", error->message);
  return FALSE;
}

static void
after_reply (struct list *list)
{
  if (list->again) {
    list->again = FALSE;
    app_timer (&list->view, REFRESH_MS, refresh);
  } else {
    load_more (list);
  }
  ask_delivery (list);
}

static void
page_done (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct list *list = (struct list *) view;
  if (!take_reply (list, reply, error))
    return;
  g_autoptr (GVariant) rows = fields_rows (reply, "rows");
  guint before = list->threads->len;
  add_rows (list, rows);
  if (list->threads->len == before && g_variant_n_children (rows) == 0)
    list->more = FALSE;
  after_reply (list);
}

/* Is it empty because its mail is still to come? That ends when the list has been asked for once more. */
static gboolean
is_awaited (struct list *list)
{
  const char *account = list->folder != NULL ? list->folder->account : NULL;
  if ((list->folder != NULL || list->provisional) && app_is_fetching (list->view.app, account))
    list->fetching = TRUE;
  else if (!list->due && list->call == NULL)
    list->fetching = FALSE;
  return list->fetching;
}

static void
window_done (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct list *list = (struct list *) view;
  if (!take_reply (list, reply, error))
    return;
  /* Whoever waits for the first mail, and has chosen none yet, sees the newest of what came, whatever came first. */
  const gboolean was_fetching = list->fetching, on_top = (is_awaited (list) || was_fetching) && !list->touched;
  g_autofree char *thread = current (list) != NULL && !on_top ? g_strdup (current (list)->thread) : NULL;
  g_autoptr (GVariant) rows = fields_rows (reply, "rows");
  truncate_rows (list, list->window_offset);
  list->stale = list->window_offset;
  add_rows (list, rows);
  if (on_top)
    list->rows.top = list->rows.cursor = 0;
  find_thread (list, thread);
  after_reply (list);
}

/* Where one's own mail lies, one's own name in each row says nothing. */
static gboolean
shows_recipients (const struct list *list)
{
  static const char *const roles[] = { "sent", "drafts", NULL };
  return list->folder != NULL && g_strv_contains (roles, list->folder->role);
}

static void
call_threads (struct list *list, guint offset, guint limit, app_done_fn done)
{
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "query", g_variant_new_string (list->query));
  g_variant_builder_add (&args, "{sv}", "limit", g_variant_new_uint32 (limit));
  g_variant_builder_add (&args, "{sv}", "offset", g_variant_new_uint32 (offset));
  if (shows_recipients (list))
    g_variant_builder_add (&args, "{sv}", "recipients", g_variant_new_boolean (TRUE));
  list->call = app_call (&list->view, "threads", g_variant_builder_end (&args), NULL, done, NULL);
}

/* The next page, once the cursor or the window comes near the end of what is here. */
static void
load_more (struct list *list)
{
  guint near = (guint) MAX (list->rows.cursor, list->rows.top + list->rows.height) + (guint) list->rows.height;
  if (list->query == NULL || list->call != NULL || !list->more || near < list->threads->len)
    return;
  call_threads (list, list->threads->len, page_size (list), page_done);
}

static void
refresh (struct view *view)
{
  struct list *list = (struct list *) view;
  list->due = FALSE;
  if (list->query == NULL)
    return;
  if (list->call != NULL) {
    list->again = TRUE;
    return;
  }
  guint page = page_size (list), top = (guint) list->rows.top;
  list->window_offset = top <= 3 * page ? 0 : top - page;
  call_threads (list, list->window_offset, top - list->window_offset + 2 * page, window_done);
}

static void
moved (struct list *list)
{
  if ((guint) list->rows.top < list->stale) {
    list->stale = 0;
    refresh (&list->view);
  }
  load_more (list);
  ask_delivery (list);
}

/* ---- What became of what was sent ---- */

static void
delivery_known (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct list *list = (struct list *) view;
  if (reply == NULL) /* it is only left out */
    return;
  g_autoptr (GVariant) rows = fields_rows (reply, "rows");
  for (guint i = 0; i < list->threads->len; i++) {
    struct list_row *row = g_ptr_array_index (list->threads, i);
    gboolean bad = FALSE;
    char *word = row->delivery_asked ? delivery_word (rows, row->newest, &bad) : NULL;
    if (word == NULL)
      continue;
    g_free (row->delivery);
    row->delivery = word;
    row->delivery_bad = bad;
  }
}

/* Of the rows in the window and a page below, if they were not asked about yet. */
static void
ask_delivery (struct list *list)
{
  if (list->folder == NULL || strcmp (list->folder->role, "sent") != 0)
    return;
  GVariantBuilder ids;
  guint count = 0;
  g_variant_builder_init (&ids, G_VARIANT_TYPE_STRING_ARRAY);
  for (int i = list->rows.top; i < list->rows.top + 2 * list->rows.height && row_at (list, i) != NULL; i++) {
    struct list_row *row = row_at (list, i);
    if (row->delivery_asked)
      continue;
    row->delivery_asked = TRUE;
    g_variant_builder_add (&ids, "s", row->newest);
    count++;
  }
  g_autoptr (GVariant) list_of_ids = g_variant_ref_sink (g_variant_builder_end (&ids));
  if (count > 0)
    app_call (&list->view, "delivery", g_variant_new_parsed ("{'ids': <%@as>}", list_of_ids), NULL, delivery_known,
              NULL);
}

static void
ask_delivery_again (struct view *view)
{
  struct list *list = (struct list *) view;
  for (guint i = 0; i < list->threads->len; i++)
    ((struct list_row *) g_ptr_array_index (list->threads, i))->delivery_asked = FALSE;
  ask_delivery (list);
}

gboolean
list_adopt (struct view *view, const struct folder *folder)
{
  struct list *list = (struct list *) view;
  if (!list->provisional)
    return FALSE;
  list->provisional = folder == NULL;
  const char *query = folder != NULL ? folder->query : "tag:inbox";
  list->folder = folder_copy (folder);
  if (g_strcmp0 (list->query, query) == 0)
    return TRUE;
  g_free (list->query);
  list->query = g_strdup (query);
  list->more = TRUE;
  if (list->call != NULL || list->threads->len > 0)
    refresh (view);
  else
    load_more (list);
  return TRUE;
}

/* ---- What the keys do ---- */

static gboolean
is_drafts (const struct list *list, const struct list_row *row)
{
  return (list->folder != NULL && strcmp (list->folder->role, "drafts") == 0) || (row->draft && row->total == 1);
}

static void
open_row (struct list *list)
{
  const struct list_row *row = current (list);
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
  struct list_row *row = current (list);
  if (row == NULL)
    return;
  changes_thread (list->view.app, row->thread, list->query, action, row->subject);
  if (!changes_hides (list->view.app, row->thread))
    return;
  g_hash_table_remove (list->known, row->thread);
  g_ptr_array_remove_index (list->threads, (guint) list->rows.cursor);
  rows_settle (&list->rows, list->rows.height, (int) list->threads->len);
  moved (list);
}

static void
toggle (struct list *list, enum action action)
{
  struct list_row *row = current (list);
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
  if (row_at (list, list->rows.cursor + step) == NULL)
    return NULL;
  list->rows.cursor += step;
  rows_settle (&list->rows, list->rows.height, (int) list->threads->len);
  moved (list);
  *query_out = g_strdup (list->query);
  return current (list)->thread;
}

static gboolean
list_answer (struct list *list, enum action action)
{
  const struct list_row *row = current (list);
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
    moved (list);
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
                     : is_awaited (list)                         ? "Fetching mail…"
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
  list_row_heading (area, 0, shows_recipients (list));
  int old_height = list->rows.height;
  rows_settle (&list->rows, area->height - 1, (int) list->threads->len);
  if (list->rows.height > old_height)
    load_more (list);
  if (list->threads->len == 0)
    draw_empty (list, area);
  for (int y = 0; y < list->rows.height && row_at (list, list->rows.top + y) != NULL; y++) {
    int index = list->rows.top + y;
    list_row_draw (row_at (list, index), area, y + 1, index == list->rows.cursor, focused, now);
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
    app_timer (view, REFRESH_MS, ask_delivery_again);
  if (strcmp (event, "changed") != 0)
    return;
  ((struct list *) view)->due = TRUE;
  app_timer (view, REFRESH_MS, refresh);
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
  load_more (list);
  return &list->view;
}
