/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The left side: folders as the engine names them, the outbox, saved searches. */
#include "ui/screen/text.h"
#include "ui/views/changes.h"
#include "ui/views/fields.h"
#include "ui/views/outbox_lines.h"
#include "ui/views/list.h"
#include "ui/views/rows.h"
#include "ui/views/sidebar_folder.h"
#include "ui/views/views.h"

#include <string.h>

#define REFRESH_MS 150
enum { ROLE_OTHER = 8, ROLE_SEARCH = 9 }; /* in the order of role_order */

struct sidebar {
  struct view view;
  GPtrArray *folders; /* struct folder * */
  struct rows rows;
  gboolean asked, again; /* a "folders" call is under way; the world changed meanwhile */
  gboolean placed;       /* the first list has its folder */
  guint outbox, trouble; /* messages in it, and those of them that need somebody */
  gboolean warned;       /* of these */
};

void
folder_free (gpointer data)
{
  struct folder *folder = data;
  if (folder == NULL)
    return;
  g_free (folder->name);
  g_free (folder->account);
  g_free (folder->path);
  g_free (folder->role);
  g_free (folder->query);
  g_free (folder);
}

static struct folder *
folder_new (const char *name, const char *account, const char *path, const char *role, const char *query)
{
  struct folder *folder = g_new0 (struct folder, 1);
  folder->name = g_strdup (name);
  folder->account = g_strdup (account);
  folder->path = g_strdup (path);
  folder->role = g_strdup (role);
  folder->query = g_strdup (query);
  return folder;
}

struct folder *
folder_copy (const struct folder *folder)
{
  if (folder == NULL)
    return NULL;
  struct folder *copy = folder_new (folder->name, folder->account, folder->path, folder->role, folder->query);
  copy->unread = folder->unread;
  copy->total = folder->total;
  return copy;
}

const struct folder *
sidebar_folder (struct view *view, const char *role)
{
  struct sidebar *sidebar = (struct sidebar *) view;
  for (guint i = 0; sidebar != NULL && i < sidebar->folders->len; i++) {
    const struct folder *folder = g_ptr_array_index (sidebar->folders, i);
    if (strcmp (folder->role, role) == 0)
      return folder;
  }
  return NULL;
}

static int
role_order (const char *role)
{
  static const char *const order[]
      = { "inbox", "drafts", "sent", "outbox", "archive", "junk", "trash", "keys", "", "search" };
  for (gsize i = 0; i < G_N_ELEMENTS (order); i++)
    if (strcmp (order[i], role) == 0)
      return (int) i;
  return ROLE_OTHER;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const struct folder *x = *(const struct folder *const *) a, *y = *(const struct folder *const *) b;
  int order = strcmp (x->account, y->account);
  if (role_order (x->role) >= ROLE_OTHER || role_order (y->role) >= ROLE_OTHER || order == 0)
    order = role_order (x->role) - role_order (y->role) != 0 ? role_order (x->role) - role_order (y->role) : order;
  /* Saved searches keep the order in which the person wrote them. */
  return order != 0 || role_order (x->role) == ROLE_SEARCH ? order : g_utf8_collate (x->name, y->name);
}

static void
add_searches (struct sidebar *sidebar)
{
  static const char *const usual[][2]
      = { { "Unread", "tag:unread" }, { "Flagged", "tag:flagged" }, { "All mail", "*" } };
  const struct settings *settings = app_settings (sidebar->view.app);
  guint count = settings != NULL && settings->saved_searches != NULL ? settings->saved_searches->len : 0;
  for (guint i = 0; i < count; i++) {
    const struct saved_search *search = g_ptr_array_index (settings->saved_searches, i);
    g_ptr_array_add (sidebar->folders, folder_new (search->name, "", "", "search", search->query));
  }
  for (gsize i = 0; count == 0 && i < G_N_ELEMENTS (usual); i++)
    g_ptr_array_add (sidebar->folders, folder_new (usual[i][0], "", "", "search", usual[i][1]));
}

/* The first list was opened before folders were known. A new profile learns its folders only from the server: until then the list
 * shows what is marked as in the inbox, and gets its folder when there is one, if it is still there. */
static void
place_first (struct sidebar *sidebar)
{
  struct view *list = app_find (sidebar->view.app, PLACE_LIST);
  const struct folder *inbox = sidebar_folder (&sidebar->view, "inbox");
  guint index;
  if (sidebar->placed || list == NULL)
    return;
  sidebar->placed = inbox != NULL;
  if (list_adopt (list, inbox) && g_ptr_array_find (sidebar->folders, inbox, &index))
    sidebar->rows.cursor = (int) index;
}

static void ask_folders (struct sidebar *sidebar);

static void
keep_cursor (struct sidebar *sidebar, const char *name, const char *query)
{
  for (guint i = 0; name != NULL && i < sidebar->folders->len; i++) {
    const struct folder *folder = g_ptr_array_index (sidebar->folders, i);
    if (strcmp (folder->name, name) == 0 && strcmp (folder->query, query) == 0)
      sidebar->rows.cursor = (int) i;
  }
}

static void
folders_done (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct sidebar *sidebar = (struct sidebar *) view;
  sidebar->asked = FALSE;
  if (reply == NULL && sidebar->folders->len > 0)
    return;
  if (reply == NULL)
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
  const struct folder *old
      = sidebar->folders->len > 0 ? g_ptr_array_index (sidebar->folders, sidebar->rows.cursor) : NULL;
  g_autofree char *old_name = old != NULL ? g_strdup (old->name) : NULL,
                  *old_query = old != NULL ? g_strdup (old->query) : NULL;
  g_ptr_array_set_size (sidebar->folders, 0);
  g_autoptr (GVariant) rows = reply != NULL ? fields_rows (reply, "folders") : NULL;
  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    gboolean inbox = strcmp (fields_text (row, "role"), "inbox") == 0;
    struct folder *folder
        = folder_new (inbox ? "Inbox" : fields_text (row, "name"), fields_text (row, "account"),
                      fields_text (row, "path"), fields_text (row, "role"), fields_text (row, "query"));
    folder->unread = fields_number (row, "unread");
    folder->total = fields_number (row, "total");
    g_ptr_array_add (sidebar->folders, folder);
  }
  if (sidebar_folder (view, "sent") != NULL || sidebar_folder (view, "inbox") != NULL) {
    const struct folder *inbox = g_ptr_array_index (sidebar->folders, 0);
    g_ptr_array_add (sidebar->folders, folder_new ("Outbox", inbox->account, "", "outbox", ""));
  }
  const struct folder *first = sidebar->folders->len > 0 ? g_ptr_array_index (sidebar->folders, 0) : NULL;
  g_ptr_array_add (sidebar->folders, folder_new ("Keys", first != NULL ? first->account : "", "", "keys", ""));
  add_searches (sidebar);
  g_ptr_array_sort (sidebar->folders, compare);
  keep_cursor (sidebar, old_name, old_query);
  rows_settle (&sidebar->rows, sidebar->rows.height, (int) sidebar->folders->len);
  place_first (sidebar);
  if (sidebar->again)
    ask_folders (sidebar);
}

static void
outbox_done (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  if (reply == NULL)
    return;
  g_autoptr (GVariant) rows = fields_rows (reply, "rows");
  struct sidebar *sidebar = (struct sidebar *) view;
  sidebar->outbox = (guint) g_variant_n_children (rows);
  sidebar->trouble = 0;
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    sidebar->trouble += outbox_lines_trouble (row);
  }
  /* What went wrong while nobody looked; later on each is told of when it happens. */
  if (sidebar->trouble > 0 && !sidebar->warned)
    app_notice (view->app, NOTICE_WARN, "The Outbox has %u message%s that did not go as %s should. Look there.",
                sidebar->trouble, sidebar->trouble == 1 ? "" : "s", sidebar->trouble == 1 ? "it" : "they");
  sidebar->warned = TRUE;
}

static void
ask_folders (struct sidebar *sidebar)
{
  sidebar->again = sidebar->asked;
  if (sidebar->asked)
    return;
  sidebar->asked = TRUE;
  app_call (&sidebar->view, "folders", NULL, NULL, folders_done, NULL);
}

static void
refresh (struct view *view)
{
  ask_folders ((struct sidebar *) view);
}

static void
sidebar_event (struct view *view, const char *event, GVariant *fields)
{
  if (strcmp (event, "changed") == 0 || strcmp (event, "folders") == 0)
    app_timer (view, REFRESH_MS, refresh);
  else if (strcmp (event, "outbox") == 0)
    app_call (view, "outbox", NULL, NULL, outbox_done, NULL);
}

static void
sidebar_draw (struct view *view, const struct area *area, gboolean focused)
{
  struct sidebar *sidebar = (struct sidebar *) view;
  rows_settle (&sidebar->rows, area->height - 1, (int) sidebar->folders->len);
  gboolean searches = FALSE;
  draw_clear (area, STYLE_TEXT);
  for (int i = sidebar->rows.top, y = 0; i < (int) sidebar->folders->len && y < area->height; i++, y++) {
    const struct folder *folder = g_ptr_array_index (sidebar->folders, i);
    if (!searches && strcmp (folder->role, "search") == 0) {
      searches = TRUE;
      draw_text (area, y++, 0, area->width, STYLE_HEADING, "Searches");
    }
    gboolean here = i == sidebar->rows.cursor;
    unsigned style = here ? (focused ? STYLE_SELECTED : STYLE_SELECTED_AWAY) : STYLE_TEXT;
    if (folder->unread > 0 && strcmp (folder->role, "search") != 0)
      style |= STYLE_BOLD;
    draw_row (area, y, style);
    guint number = strcmp (folder->role, "outbox") == 0   ? sidebar->outbox
                   : strcmp (folder->role, "drafts") == 0 ? folder->total
                                                          : folder->unread;
    int width = area->width - 1;
    if (number > 0) {
      const gboolean alarm = strcmp (folder->role, "outbox") == 0 && sidebar->trouble > 0;
      g_autofree char *count = g_strdup_printf (alarm ? "! %u" : "%u", number);
      draw_right (area, y, 0, width, style, count);
      width -= text_width (count) + 1;
    }
    draw_text (area, y, 1, width - 1, style, folder->name);
  }
}

static void
open_folder (struct sidebar *sidebar)
{
  struct app *app = sidebar->view.app;
  if (sidebar->folders->len == 0)
    return;
  const struct folder *folder = g_ptr_array_index (sidebar->folders, sidebar->rows.cursor);
  if (strcmp (folder->role, "outbox") == 0) {
    if (app_find (app, PLACE_OUTBOX) == NULL)
      app_push (app, outbox_new (app));
    app_focus_sidebar (app, FALSE);
    return;
  }
  if (strcmp (folder->role, "keys") == 0) {
    keys_open (app);
    return;
  }
  app_show (app, list_new (app, folder->name, folder->query, strcmp (folder->role, "search") == 0 ? NULL : folder));
}

/* Under the cursor; NULL: none. */
static const struct folder *
current (const struct sidebar *sidebar)
{
  return sidebar->folders->len > 0 ? g_ptr_array_index (sidebar->folders, sidebar->rows.cursor) : NULL;
}

static gboolean
sidebar_act (struct view *view, enum action action)
{
  struct sidebar *sidebar = (struct sidebar *) view;
  if (rows_act (&sidebar->rows, action, (int) sidebar->folders->len))
    return TRUE;
  switch ((int) action) {
  case ACTION_OPEN:
    open_folder (sidebar);
    return TRUE;
  case ACTION_BACK:
  case ACTION_SIDEBAR:
    app_focus_sidebar (view->app, FALSE);
    return TRUE;
  case ACTION_WRITE:
    app_push (view->app, compose_new (view->app));
    return TRUE;
  case ACTION_SEARCH:
    list_search (view->app);
    return TRUE;
  case ACTION_UNDO:
    changes_undo (view->app);
    return TRUE;
  case ACTION_FETCH:
    list_fetch (view);
    return TRUE;
  case ACTION_KEYS:
    keys_open (view->app);
    return TRUE;
  case ACTION_NEW:
    sidebar_folder_create (view, current (sidebar));
    return TRUE;
  case ACTION_RENAME:
    sidebar_folder_rename (view, current (sidebar));
    return TRUE;
  case ACTION_DELETE:
    sidebar_folder_remove (view, current (sidebar));
    return TRUE;
  default:
    return FALSE;
  }
}

static void
sidebar_free (struct view *view)
{
  struct sidebar *sidebar = (struct sidebar *) view;
  g_ptr_array_unref (sidebar->folders);
  g_free (sidebar);
}

static const struct view_class sidebar_class = {
  .place = PLACE_FOLDERS,
  .draw = sidebar_draw,
  .act = sidebar_act,
  .event = sidebar_event,
  .free = sidebar_free,
};

struct view *
sidebar_new (struct app *app)
{
  struct sidebar *sidebar = g_new0 (struct sidebar, 1);
  sidebar->view.class = &sidebar_class;
  sidebar->view.app = app;
  sidebar->folders = g_ptr_array_new_with_free_func (folder_free);
  ask_folders (sidebar);
  app_call (&sidebar->view, "outbox", NULL, NULL, outbox_done, NULL);
  return &sidebar->view;
}
