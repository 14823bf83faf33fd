/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of a list. Lazy: it holds the pages that were looked at, never more; when the index changes it asks again for the window it
 * shows, and the cursor stays on its conversation. */
#include "ui/views/changes.h"
#include "ui/views/delivery.h"
#include "ui/views/fields.h"
#include "ui/views/list_p.h"

#include <string.h>

#define PAGE_MIN 50

static guint
page_size (const struct list *list)
{
  return (guint) MAX (list->rows.height * 2, PAGE_MIN);
}

struct list_row *
list_row_at (const struct list *list, int index)
{
  return index >= 0 && index < (int) list->threads->len ? g_ptr_array_index (list->threads, index) : NULL;
}

struct list_row *
list_current (const struct list *list)
{
  return list_row_at (list, list->rows.cursor);
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
    app_timer (&list->view, LIST_REFRESH_MS, list_refresh);
  } else {
    list_load_more (list);
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
gboolean
list_is_awaited (struct list *list)
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
  const gboolean was_fetching = list->fetching, on_top = (list_is_awaited (list) || was_fetching) && !list->touched;
  g_autofree char *thread = list_current (list) != NULL && !on_top ? g_strdup (list_current (list)->thread) : NULL;
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
gboolean
list_shows_recipients (const struct list *list)
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
  if (list_shows_recipients (list))
    g_variant_builder_add (&args, "{sv}", "recipients", g_variant_new_boolean (TRUE));
  list->call = app_call (&list->view, "threads", g_variant_builder_end (&args), NULL, done, NULL);
}

/* The next page, once the cursor or the window comes near the end of what is here. */
void
list_load_more (struct list *list)
{
  guint near = (guint) MAX (list->rows.cursor, list->rows.top + list->rows.height) + (guint) list->rows.height;
  if (list->query == NULL || list->call != NULL || !list->more || near < list->threads->len)
    return;
  call_threads (list, list->threads->len, page_size (list), page_done);
}

void
list_refresh (struct view *view)
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

void
list_moved (struct list *list)
{
  if ((guint) list->rows.top < list->stale) {
    list->stale = 0;
    list_refresh (&list->view);
  }
  list_load_more (list);
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
  for (int i = list->rows.top; i < list->rows.top + 2 * list->rows.height && list_row_at (list, i) != NULL; i++) {
    struct list_row *row = list_row_at (list, i);
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

void
list_ask_delivery_again (struct view *view)
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
    list_refresh (view);
  else
    list_load_more (list);
  return TRUE;
}
