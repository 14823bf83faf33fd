/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes to messages; see changes.h. */
#include "ui/views/changes.h"
#include "ui/views/fields.h"

#include <string.h>

struct change {
  char *action, *subject, *thread;
  char *home;         /* "account/path" to move back to; NULL */
  char **ids;
};

struct changes {
  struct view view;
  GPtrArray *under_way;  /* struct change *, owned */
  GHashTable *hidden;    /* thread -> GINT count */
  struct change *last;   /* what undo brings back */
};

static void
change_free (gpointer data)
{
  struct change *change = data;
  if (change == NULL)
    return;
  g_free (change->action);
  g_free (change->subject);
  g_free (change->thread);
  g_free (change->home);
  g_strfreev (change->ids);
  g_free (change);
}

static gboolean
takes_away (const char *action)
{
  return strcmp (action, "delete") == 0 || strcmp (action, "archive") == 0;
}

gboolean
changes_hides (struct app *app, const char *thread)
{
  struct changes *changes = (struct changes *)app_changes (app);
  return changes != NULL && g_hash_table_contains (changes->hidden, thread);
}

static void
finish (struct changes *changes, struct change *change)
{
  if (change->thread != NULL && takes_away (change->action))
    g_hash_table_remove (changes->hidden, change->thread);
  g_ptr_array_remove (changes->under_way, change);
  app_tell (changes->view.app, "changed");
}

static void
say_done (struct changes *changes, const struct change *change)
{
  struct app *app = changes->view.app;
  const char *back = change->home != NULL ? " u brings it back." : "";
  const char *subject = change->subject != NULL && *change->subject != '\0' ? change->subject : "(no subject)";
  if (strcmp (change->action, "delete") == 0)
    app_notice (app, NOTICE_INFO, "Moved to the trash.%s “%s”", back, subject);
  else if (strcmp (change->action, "archive") == 0)
    app_notice (app, NOTICE_INFO, "Moved to the archive.%s “%s”", back, subject);
  else if (strcmp (change->action, "move") == 0)
    app_notice (app, NOTICE_INFO, "Brought back: “%s”", subject);
}

static void
change_done (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct changes *changes = (struct changes *)view;
  struct change *change = data;
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    finish (changes, change);
    return;
  }
  say_done (changes, change);
  if (takes_away (change->action) && change->home != NULL) {
    change_free (changes->last);
    changes->last = g_new0 (struct change, 1);
    changes->last->action = g_strdup ("move");
    changes->last->subject = g_strdup (change->subject);
    changes->last->home = g_strdup (change->home);
    changes->last->ids = g_strdupv (change->ids);
  }
  finish (changes, change);
}

static void
call_change (struct changes *changes, struct change *change)
{
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "ids", g_variant_new_strv ((const char *const *)change->ids, -1));
  g_variant_builder_add (&args, "{sv}", "action", g_variant_new_string (change->action));
  if (strcmp (change->action, "move") == 0)
    g_variant_builder_add (&args, "{sv}", "folder", g_variant_new_string (change->home));
  app_call (&changes->view, "change", g_variant_builder_end (&args), NULL, change_done, change);
}

static void
thread_done (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct changes *changes = (struct changes *)view;
  struct change *change = data;
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    finish (changes, change);
    return;
  }
  g_autoptr (GVariant) rows = fields_rows (reply, "rows");
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  gboolean any = FALSE;
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    if (!fields_flag (row, "matched"))
      continue;
    g_strv_builder_add (ids, fields_text (row, "id"));
    any = TRUE;
  }
  change->ids = g_strv_builder_end (ids);
  if (any)
    call_change (changes, change);
  else
    finish (changes, change);
}

static struct change *
start (struct changes *changes, const char *action, const struct folder *folder, const char *subject)
{
  struct change *change = g_new0 (struct change, 1);
  change->action = g_strdup (action);
  change->subject = g_strdup (subject);
  if (folder != NULL && *folder->account != '\0')
    change->home = g_strdup_printf ("%s/%s", folder->account, folder->path);
  g_ptr_array_add (changes->under_way, change);
  return change;
}

void
changes_thread (struct app *app, const char *thread, const char *query, const char *action, const struct folder *folder,
                const char *subject)
{
  struct changes *changes = (struct changes *)app_changes (app);
  struct change *change = start (changes, action, folder, subject);
  change->thread = g_strdup (thread);
  if (takes_away (action))
    g_hash_table_add (changes->hidden, g_strdup (thread));
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "thread", g_variant_new_string (thread));
  if (query != NULL)
    g_variant_builder_add (&args, "{sv}", "query", g_variant_new_string (query));
  app_call (&changes->view, "thread", g_variant_builder_end (&args), NULL, thread_done, change);
}

void
changes_message (struct app *app, const char *id, const char *action, const struct folder *folder, const char *subject)
{
  struct changes *changes = (struct changes *)app_changes (app);
  struct change *change = start (changes, action, folder, subject);
  change->ids = g_new0 (char *, 2);
  change->ids[0] = g_strdup (id);
  call_change (changes, change);
}

void
changes_undo (struct app *app)
{
  struct changes *changes = (struct changes *)app_changes (app);
  if (changes->last == NULL) {
    app_notice (app, NOTICE_INFO, "There is nothing to bring back.");
    return;
  }
  struct change *change = g_steal_pointer (&changes->last);
  g_ptr_array_add (changes->under_way, change);
  call_change (changes, change);
}

static void
changes_free (struct view *view)
{
  struct changes *changes = (struct changes *)view;
  g_ptr_array_unref (changes->under_way);
  g_hash_table_unref (changes->hidden);
  change_free (changes->last);
  g_free (changes);
}

static const struct view_class changes_class = {
  .place = PLACE_ANYWHERE,
  .free = changes_free,
};

struct view *
changes_new (struct app *app)
{
  struct changes *changes = g_new0 (struct changes, 1);
  changes->view.class = &changes_class;
  changes->view.app = app;
  changes->under_way = g_ptr_array_new_with_free_func (change_free);
  changes->hidden = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return &changes->view;
}
