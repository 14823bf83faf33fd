/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes to messages; see changes.h. */
#include "ui/views/changes.h"
#include "ui/views/fields.h"

#include <string.h>

struct change {
  char *action, *subject, *thread;
  char **ids;
  GVariant *homes; /* of what was taken away: a(ss), id and home, from where undo brings it back; NULL */
  guint returning; /* calls under way that bring it back */
  gboolean failed; /* one of them */
};

struct changes {
  struct view view;
  GPtrArray *under_way; /* struct change *, owned */
  GHashTable *hidden;   /* thread -> GINT count */
  struct change *last;  /* what undo brings back */
  struct view *sent;    /* a message that can be taken back; NULL */
  void (*take_back) (struct view *view);
  gboolean sent_last; /* after the last change */
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
  g_clear_pointer (&change->homes, g_variant_unref);
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
  struct changes *changes = (struct changes *) app_changes (app);
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
  const char *back = change->homes != NULL ? " u brings it back." : "";
  const char *subject = change->subject != NULL && *change->subject != '\0' ? change->subject : "(no subject)";
  if (strcmp (change->action, "delete") == 0)
    app_notice (app, NOTICE_INFO, "Moved to the trash.%s “%s”", back, subject);
  else if (strcmp (change->action, "archive") == 0)
    app_notice (app, NOTICE_INFO, "Moved to the archive.%s “%s”", back, subject);
}

static void
change_done (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct changes *changes = (struct changes *) view;
  struct change *change = data;
  if (reply == NULL) {
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
    finish (changes, change);
    return;
  }
  if (takes_away (change->action)) {
    change->homes = g_variant_lookup_value (reply, "homes", G_VARIANT_TYPE ("a(ss)"));
    change_free (changes->last);
    changes->last = NULL;
  }
  if (change->homes != NULL && g_variant_n_children (change->homes) > 0) {
    changes->last = g_new0 (struct change, 1);
    changes->last->action = g_strdup ("back");
    changes->last->subject = g_strdup (change->subject);
    changes->last->homes = g_variant_ref (change->homes);
    changes->sent_last = FALSE;
  }
  say_done (changes, change);
  finish (changes, change);
}

static void
call_change (struct changes *changes, struct change *change)
{
  GVariantBuilder args;
  g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&args, "{sv}", "ids", g_variant_new_strv ((const char *const *) change->ids, -1));
  g_variant_builder_add (&args, "{sv}", "action", g_variant_new_string (change->action));
  app_call (&changes->view, "change", g_variant_builder_end (&args), NULL, change_done, change);
}

static void
thread_done (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct changes *changes = (struct changes *) view;
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
start (struct changes *changes, const char *action, const char *subject)
{
  struct change *change = g_new0 (struct change, 1);
  change->action = g_strdup (action);
  change->subject = g_strdup (subject);
  g_ptr_array_add (changes->under_way, change);
  return change;
}

void
changes_thread (struct app *app, const char *thread, const char *query, const char *action, const char *subject)
{
  struct changes *changes = (struct changes *) app_changes (app);
  struct change *change = start (changes, action, subject);
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
changes_message (struct app *app, const char *id, const char *action, const char *subject)
{
  struct changes *changes = (struct changes *) app_changes (app);
  struct change *change = start (changes, action, subject);
  change->ids = g_new0 (char *, 2);
  change->ids[0] = g_strdup (id);
  call_change (changes, change);
}

/* ---- Bringing back ---- */

static void
back_done (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct changes *changes = (struct changes *) view;
  struct change *change = data;
  if (reply == NULL && !change->failed)
    app_notice (view->app, NOTICE_WARN, "%s", error->message);
  change->failed = change->failed || reply == NULL;
  if (--change->returning > 0)
    return;
  if (!change->failed)
    app_notice (view->app, NOTICE_INFO, "Brought back: “%s”",
                change->subject != NULL && *change->subject != '\0' ? change->subject : "(no subject)");
  finish (changes, change);
}

/* The ids that go to each home. */
static GHashTable *
by_home (GVariant *homes)
{
  GHashTable *found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  const char *id, *home;
  GVariantIter iter;
  g_variant_iter_init (&iter, homes);
  while (g_variant_iter_next (&iter, "(&s&s)", &id, &home)) {
    GPtrArray *ids = g_hash_table_lookup (found, home);
    if (ids == NULL) {
      ids = g_ptr_array_new_with_free_func (g_free);
      g_hash_table_insert (found, g_strdup (home), ids);
    }
    g_ptr_array_add (ids, g_strdup (id));
  }
  return found;
}

static void
bring_back (struct changes *changes, struct change *change)
{
  g_autoptr (GHashTable) homes = by_home (change->homes);
  GHashTableIter iter;
  gpointer home, ids;
  change->returning = g_hash_table_size (homes);
  g_hash_table_iter_init (&iter, homes);
  while (g_hash_table_iter_next (&iter, &home, &ids)) {
    const GPtrArray *list = ids;
    GVariantBuilder args;
    g_variant_builder_init (&args, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&args, "{sv}", "ids",
                           g_variant_new_strv ((const char *const *) list->pdata, (gssize) list->len));
    g_variant_builder_add (&args, "{sv}", "action", g_variant_new_string ("back"));
    g_variant_builder_add (&args, "{sv}", "folder", g_variant_new_string (home));
    app_call (&changes->view, "change", g_variant_builder_end (&args), NULL, back_done, change);
  }
}

gboolean
changes_offers (struct app *app, const struct view *view)
{
  const struct changes *changes = (struct changes *) app_changes (app);
  return changes != NULL && changes->sent == view && (changes->sent_last || changes->last == NULL);
}

void
changes_undo (struct app *app)
{
  struct changes *changes = (struct changes *) app_changes (app);
  if (changes->sent != NULL && changes_offers (app, changes->sent)) {
    struct view *sent = g_steal_pointer (&changes->sent);
    changes->take_back (sent);
    return;
  }
  if (changes->last == NULL) {
    app_notice (app, NOTICE_INFO, "There is nothing to bring back.");
    return;
  }
  struct change *change = g_steal_pointer (&changes->last);
  g_ptr_array_add (changes->under_way, change);
  bring_back (changes, change);
}

void
changes_offer (struct app *app, struct view *view, void (*take_back) (struct view *view))
{
  struct changes *changes = (struct changes *) app_changes (app);
  changes->sent = view;
  changes->take_back = take_back;
  changes->sent_last = TRUE;
}

void
changes_offer_ends (struct app *app, struct view *view)
{
  struct changes *changes = (struct changes *) app_changes (app);
  if (changes != NULL && changes->sent == view)
    changes->sent = NULL;
}

static void
changes_free (struct view *view)
{
  struct changes *changes = (struct changes *) view;
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
