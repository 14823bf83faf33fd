/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the engine tells: how the accounts stand, how far a mail is, notices; kept here and passed on to all views. */
#include "ui/screen/app_p.h"
#include "ui/working.h"

#include <string.h>

#define KEY_NOTICES_S (60 * 60)

static void
account_state_free (gpointer data)
{
  struct account_state *account = data;
  g_free (account->name);
  g_free (account->state);
  g_free (account->text);
  g_free (account);
}

static struct account_state *
account_state (struct app *app, const char *name)
{
  for (guint i = 0; i < app->accounts->len; i++)
    if (strcmp (((struct account_state *) g_ptr_array_index (app->accounts, i))->name, name) == 0)
      return g_ptr_array_index (app->accounts, i);
  struct account_state *account = g_new0 (struct account_state, 1);
  account->name = g_strdup (name);
  g_ptr_array_add (app->accounts, account);
  return account;
}

static void
set_account (struct app *app, const char *name, const char *state, const char *text)
{
  if (*name == '\0')
    return;
  struct account_state *account = account_state (app, name);
  gboolean news = g_strcmp0 (account->state, state) != 0 || g_strcmp0 (account->text, text) != 0;
  g_free (account->state);
  g_free (account->text);
  account->state = g_strdup (state);
  account->text = g_strdup (text);
  account->done = account->total = 0;
  account->rate = 0;
  account->settled = account->settled || strcmp (state, "idle") == 0;
  if (strcmp (state, "idle") == 0)
    app_notice_account_works (app, name);
  else if (news && strcmp (state, "failed") == 0 && *text != '\0')
    app_notice_of_account (app, name, text);
}

gboolean
app_is_fetching (struct app *app, const char *name)
{
  for (guint i = 0; i < app->accounts->len; i++) {
    const struct account_state *account = g_ptr_array_index (app->accounts, i);
    if (!account->settled && (name == NULL || *name == '\0' || strcmp (account->name, name) == 0)
        && (g_strcmp0 (account->state, "connecting") == 0 || g_strcmp0 (account->state, "syncing") == 0))
      return TRUE;
  }
  return FALSE;
}

gboolean
app_is_indexing (struct app *app)
{
  return app->working != NULL && working_is_indexing (app->working);
}

static void
account_event (struct app *app, const char *event, GVariant *fields)
{
  const char *name = "", *state = "", *text = "";
  guint32 done = 0, total = 0;
  g_variant_lookup (fields, "account", "&s", &name);
  if (strcmp (event, "state") == 0) {
    g_variant_lookup (fields, "state", "&s", &state);
    g_variant_lookup (fields, "text", "&s", &text);
    set_account (app, name, state, text);
  } else if (*name != '\0') {
    struct account_state *account = account_state (app, name);
    g_variant_lookup (fields, "done", "u", &done);
    g_variant_lookup (fields, "total", "u", &total);
    account->done = done;
    account->total = total;
    account->rate = 0;
    account->left_s = G_MAXUINT;
    g_variant_lookup (fields, "rate", "t", &account->rate);
    g_variant_lookup (fields, "left", "u", &account->left_s);
  }
}

static void
set_working (struct app *app, GVariant *fields_or_null)
{
  g_clear_pointer (&app->working, g_variant_unref);
  app->working = fields_or_null != NULL ? g_variant_ref (fields_or_null) : NULL;
}

void
app_work_done (struct app *app)
{
  set_working (app, NULL);
  app_redraw (app, FALSE);
}

static gboolean
is_good (GVariant *fields)
{
  gboolean good = FALSE;
  return g_variant_lookup (fields, "good", "b", &good) && good;
}

static void
engine_event (const char *event, GVariant *fields, gpointer data)
{
  struct app *app = data;
  if (app->leaving)
    return;
  const char *text = "";
  if (strcmp (event, "state") == 0 || strcmp (event, "progress") == 0)
    account_event (app, event, fields);
  else if (strcmp (event, "notice") == 0 && g_variant_lookup (fields, "text", "&s", &text))
    app_notice (app, is_good (fields) ? NOTICE_INFO : NOTICE_WARN, "%s", text);
  else if (strcmp (event, "changed") == 0)
    app_notice_new_mail (app, fields);
  else if (strcmp (event, "working") == 0 && !working_is_short (fields))
    set_working (app, working_is_over (fields) ? NULL : fields);
  if (app->sidebar != NULL && app->sidebar->class->event != NULL)
    app->sidebar->class->event (app->sidebar, event, fields);
  for (guint i = 0; i < app->views->len; i++) {
    struct view *view = g_ptr_array_index (app->views, i);
    if (view->class->event != NULL)
      view->class->event (view, event, fields);
  }
  app_redraw (app, FALSE);
}

void
app_tell (struct app *app, const char *event)
{
  GVariantDict none;
  g_variant_dict_init (&none, NULL);
  g_autoptr (GVariant) fields = g_variant_ref_sink (g_variant_dict_end (&none));
  engine_event (event, fields, app);
}

struct engine *
app_engine (struct app *app)
{
  if (app->engine == NULL) {
    app->engine = engine_new (app->paths);
    engine_set_event (app->engine, engine_event, app);
    engine_set_ask (app->engine, ask_start, app);
  }
  return app->engine;
}

static void
status_done (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct app *app = view->app;
  if (reply == NULL) {
    app_notice (app, NOTICE_WARN, "%s", error->message);
    return;
  }
  g_autoptr (GVariant) rows = g_variant_lookup_value (reply, "accounts", G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *name = "", *state = "", *text = "";
    g_variant_lookup (row, "name", "&s", &name);
    g_variant_lookup (row, "state", "&s", &state);
    g_variant_lookup (row, "text", "&s", &text);
    set_account (app, name, state, text);
  }
}

/* What is to be known of the keys; asked now and then, and answered once a day. */
static void
key_notices_done (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  g_autofree const char **texts = NULL;
  if (reply == NULL || !g_variant_lookup (reply, "texts", "^a&s", &texts))
    return; /* what is wrong with the keys is said where they are needed */
  for (gsize i = g_strv_length ((char **) texts); i-- > 0;)
    app_notice (view->app, NOTICE_WARN, "%s", texts[i]);
}

static gboolean
ask_key_notices (gpointer data)
{
  struct app *app = data;
  if (!app->leaving)
    app_call (app->sidebar, "key_notices", NULL, NULL, key_notices_done, NULL);
  return G_SOURCE_CONTINUE;
}

void
app_events_init (struct app *app)
{
  app->accounts = g_ptr_array_new_with_free_func (account_state_free);
}

void
app_events_start (struct app *app)
{
  app_call (app->sidebar, "status", NULL, NULL, status_done, NULL);
  ask_key_notices (app);
  app->key_timer = g_timeout_add_seconds (KEY_NOTICES_S, ask_key_notices, app);
}

void
app_events_clear (struct app *app)
{
  if (app->key_timer != 0)
    g_source_remove (app->key_timer);
  g_ptr_array_unref (app->accounts);
  set_working (app, NULL);
}
