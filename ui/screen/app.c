/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The screen's life: start, the stack of views, keys, events, leaving. */
#include "ui/screen/app_p.h"
#include "config/accounts.h"
#include "ui/screen/input.h"
#include "ui/screen/key.h"
#include "ui/screen/screen.h"
#include "ui/screen/text.h"
#include "ui/views/changes.h"
#include "ui/views/views.h"
#include "ui/working.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define COALESCE_MS 20
#define RESCUE_MS 3000
#define KEY_NOTICES_S (60 * 60)

/* ---- Drawing in turns ---- */

static gboolean
draw_now (gpointer data)
{
  struct app *app = data;
  app->draw_source = 0;
  app->draw_soon = FALSE;
  if (!app->away && !app->leaving)
    frame_draw (app);
  return G_SOURCE_REMOVE;
}

void
app_redraw (struct app *app, gboolean now)
{
  if (app->draw_source != 0 && (app->draw_soon || !now))
    return;
  if (app->draw_source != 0)
    g_source_remove (app->draw_source);
  app->draw_soon = now;
  /* After the keys that wait, before any event: a flood of events cannot starve the screen. */
  app->draw_source = now ? g_idle_add_full (G_PRIORITY_HIGH + 10, draw_now, app, NULL)
                         : g_timeout_add_full (G_PRIORITY_HIGH + 10, COALESCE_MS, draw_now, app, NULL);
}

void
app_dirty (struct app *app)
{
  app_redraw (app, FALSE);
}

/* ---- The stack ---- */

static gboolean
view_bury (gpointer data)
{
  struct view *view = data;
  view->class->free (view);
  return G_SOURCE_REMOVE;
}

/* Its answers, timers and questions reach nobody from here on; it is freed once the code that closes it has returned. */
static void
view_end (struct view *view)
{
  app_call_forget (view);
  app_notice_forget (view->app, view);
  prompt_withdraw (view->app, view);
  g_idle_add_full (G_PRIORITY_HIGH, view_bury, view, NULL);
}

static struct view *
top_view (struct app *app)
{
  return app->views->len > 0 ? g_ptr_array_index (app->views, app->views->len - 1) : NULL;
}

void
app_push (struct app *app, struct view *view_take)
{
  g_ptr_array_add (app->views, view_take);
  if (!view_take->class->popup)
    app->sidebar_focus = FALSE;
  app_redraw (app, FALSE);
}

void
app_close (struct view *view)
{
  struct app *app = view->app;
  guint index;
  if (!g_ptr_array_find (app->views, view, &index))
    return;
  if (index == 0) {
    app_quit (app, 0);
    return;
  }
  while (app->views->len > index)
    view_end (g_ptr_array_steal_index (app->views, app->views->len - 1));
  app_redraw (app, FALSE);
}

void
app_show (struct app *app, struct view *view_take)
{
  while (app->views->len > 0)
    view_end (g_ptr_array_steal_index (app->views, app->views->len - 1));
  app_push (app, view_take);
}

gboolean
app_is_top (struct view *view)
{
  return top_view (view->app) == view;
}

struct view *
app_below (struct view *view)
{
  guint index;
  if (!g_ptr_array_find (view->app->views, view, &index) || index == 0)
    return NULL;
  return g_ptr_array_index (view->app->views, index - 1);
}

struct view *
app_find (struct app *app, enum place place)
{
  for (guint i = app->views->len; i-- > 0;) {
    struct view *view = g_ptr_array_index (app->views, i);
    if (view->class->place == place)
      return view;
  }
  return NULL;
}

struct view *
app_sidebar (struct app *app)
{
  return app->sidebar;
}

void
app_focus_sidebar (struct app *app, gboolean focus)
{
  app->sidebar_focus = focus && app->sidebar != NULL;
  app_redraw (app, FALSE);
}

gboolean
app_sidebar_toggle (struct app *app)
{
  app->sidebar_hidden = !app->sidebar_hidden;
  app->sidebar_focus = FALSE;
  app_redraw (app, FALSE);
  return !app->sidebar_hidden;
}

struct view *
app_changes (struct app *app)
{
  return app->changes;
}

GPtrArray *
app_history (struct app *app)
{
  return app->history;
}

void
app_background (struct view *view)
{
  struct app *app = view->app;
  guint index;
  if (!g_ptr_array_find (app->views, view, &index) || index == 0)
    return;
  while (app->views->len > index + 1)
    view_end (g_ptr_array_steal_index (app->views, app->views->len - 1));
  g_ptr_array_add (app->background, g_ptr_array_steal_index (app->views, index));
  app_redraw (app, FALSE);
}

void
app_foreground (struct view *view)
{
  guint index;
  if (!g_ptr_array_find (view->app->background, view, &index))
    return;
  app_push (view->app, g_ptr_array_steal_index (view->app->background, index));
}

void
app_end (struct view *view)
{
  guint index;
  if (!g_ptr_array_find (view->app->background, view, &index))
    return;
  view_end (g_ptr_array_steal_index (view->app->background, index));
}

gboolean
app_in_background (struct view *view)
{
  return g_ptr_array_find (view->app->background, view, NULL);
}

gboolean
app_is_asking (struct app *app)
{
  return app->prompt != NULL;
}

gboolean
app_typing (struct app *app)
{
  return app->prompt != NULL || app_find (app, PLACE_COMPOSE) != NULL;
}

static void
leave_answered (struct app *app, char choice, gpointer data)
{
  if (choice == 'l')
    app_quit (app, 0);
}

/* Something in the background that leaving would end; what only waits to be taken back goes without us. */
static gboolean
is_needed (struct app *app)
{
  for (guint i = 0; i < app->background->len; i++) {
    struct view *view = g_ptr_array_index (app->background, i);
    if (view->class->unsaved == NULL || view->class->unsaved (view))
      return TRUE;
  }
  return FALSE;
}

void
app_back (struct view *view)
{
  static const char *const choices[] = { "l", "Leave all the same", "s", "Stay", NULL };
  struct app *app = view->app;
  if (app_below (view) != NULL)
    app_close (view);
  else if (is_needed (app))
    prompt_choice (app, "A message is still being sent. Leave wardmail?", choices, leave_answered, NULL);
  else
    app_quit (app, 0);
}

void
app_quit (struct app *app, int status)
{
  app->status = status;
  app->leaving = TRUE;
  g_main_loop_quit (app->loop);
}

/* ---- What it knows ---- */

const struct paths *
app_paths (const struct app *app)
{
  return app->paths;
}

const struct settings *
app_settings (const struct app *app)
{
  return app->settings;
}

gint64
app_now (void)
{
  const char *fixed = g_getenv ("WARDMAIL_TEST_NOW");
  if (fixed != NULL) {
    g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
    g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (fixed, utc);
    if (time != NULL)
      return g_date_time_to_unix (time);
  }
  return g_get_real_time () / G_USEC_PER_SEC;
}

/* ---- Keys ---- */

static void
suspend (struct app *app)
{
  screen_leave ();
  raise (SIGSTOP);
  screen_return ();
  app->force = TRUE;
}

static void
show_help (struct app *app, enum place place)
{
  app_push (app, text_view_keys (app, place));
}

static gboolean
act_anywhere (struct app *app, enum place place, enum action action)
{
  switch ((int) action) {
  case ACTION_REDRAW:
    app->force = TRUE;
    return TRUE;
  case ACTION_SUSPEND:
    suspend (app);
    return TRUE;
  case ACTION_HELP:
    if (place != PLACE_TEXT)
      show_help (app, place);
    return TRUE;
  case ACTION_MESSAGES:
    if (place != PLACE_TEXT) {
      g_autoptr (GPtrArray) messages = app_messages (app);
      app_push (app, text_view_lines (app, "Messages", messages, "Nothing to tell so far."));
    }
    return TRUE;
  case ACTION_SIDEBAR_TOGGLE:
    app_sidebar_toggle (app);
    return TRUE;
  case ACTION_SIDEBAR:
    app_focus_sidebar (app, !app->sidebar_focus);
    return TRUE;
  default:
    return FALSE;
  }
}

/* A box over everything comes before the folders, folders before what is beside them. */
struct view *
app_focused (struct app *app)
{
  struct view *top = top_view (app);
  return app->sidebar_focus && !(top != NULL && top->class->popup) ? app->sidebar : top;
}

void
app_key (struct app *app, int key)
{
  app_redraw (app, TRUE);
  app_notice_key (app);
  if (app->prompt != NULL && key != KEY_CONTROL ('L') && key != KEY_CONTROL ('Z')) {
    prompt_key (app, key);
    if (app->prompt == NULL)
      ask_resume (app);
    return;
  }
  struct view *view = app_focused (app);
  if (view == NULL)
    return;
  enum action action = keymap_action (view->class->place, key);
  if (action == ACTION_NONE) {
    if (view->class->type != NULL)
      view->class->type (view, key);
  } else if (!view->class->act (view, action))
    act_anywhere (app, view->class->place, action);
}

void
app_paste (struct app *app, const char *text)
{
  struct view *view = app_focused (app);
  app_redraw (app, TRUE);
  if (app->prompt != NULL)
    prompt_paste (app, text);
  else if (view != NULL && view->class->paste != NULL)
    view->class->paste (view, text);
}

static guint
rescue (GPtrArray *views)
{
  guint under_way = 0;
  for (guint i = 0; i < views->len; i++) {
    struct view *view = g_ptr_array_index (views, i);
    under_way += view->class->rescue != NULL && view->class->rescue (view);
  }
  return under_way;
}

static gboolean
rescue_late (gpointer data)
{
  ((struct app *) data)->rescue_timer = 0;
  app_quit (data, 1);
  return G_SOURCE_REMOVE;
}

/* Told to go: what is being written is kept first, if that does not take long. Who says it twice does not want to wait. */
static void
leave_now (struct app *app)
{
  if (app->rescue_timer != 0 || app->leaving) {
    app_quit (app, 1);
    return;
  }
  app->rescues = rescue (app->views) + rescue (app->background);
  if (app->rescues == 0)
    app_quit (app, 1);
  else
    app->rescue_timer = g_timeout_add (RESCUE_MS, rescue_late, app);
}

void
app_rescued (struct app *app)
{
  if (app->rescues > 0 && --app->rescues == 0)
    app_quit (app, 1);
}

void
app_hang_up (struct app *app)
{
  if (app->rescue_timer == 0) /* it may be said for as long as the terminal is gone */
    leave_now (app);
}

/* ---- Events ---- */

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

/* ---- Start and end ---- */

static gboolean
on_signal (gpointer data)
{
  leave_now (data);
  return G_SOURCE_CONTINUE;
}

void
app_resized (struct app *app)
{
  if (app->away)
    return;
  screen_resized ();
  app_redraw (app, TRUE);
}

/* ^C in another program that has the terminal is meant for that program. */
static gboolean
on_interrupt (gpointer data)
{
  struct app *app = data;
  if (!app->away)
    app_quit (app, 1);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_resize (gpointer data)
{
  app_resized (data);
  return G_SOURCE_CONTINUE;
}

static gboolean
has_account (const struct paths *paths)
{
  g_autoptr (GPtrArray) accounts = accounts_load (paths, NULL);
  return accounts == NULL || accounts->len > 0;
}

/* Folders at the left, the inbox beside them. */
void
app_enter (struct app *app)
{
  app->changes = changes_new (app);
  app->sidebar = sidebar_new (app);
  app_show (app, list_new (app, "Inbox", NULL, NULL));
  app_call (app->sidebar, "status", NULL, NULL, status_done, NULL);
  ask_key_notices (app);
  app->key_timer = g_timeout_add_seconds (KEY_NOTICES_S, ask_key_notices, app);
}

void
app_adopt (struct app *app, struct paths *paths_take, struct settings *settings_take)
{
  g_clear_pointer (&app->engine, engine_free);
  g_clear_pointer (&app->own_paths, paths_free);
  g_clear_pointer (&app->own_settings, settings_free);
  app->paths = app->own_paths = paths_take;
  app->settings = app->own_settings = settings_take;
}

static int
test_fd (void)
{
  const char *text = g_getenv ("WARDMAIL_TEST_IDLE_FD");
  guint64 fd;
  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 3, 65535, &fd, NULL))
    return -1;
  int flags = fcntl ((int) fd, F_GETFL);
  if (flags < 0 || fcntl ((int) fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl ((int) fd, F_SETFL, flags | O_NONBLOCK) != 0)
    return -1;
  return (int) fd;
}

static void
app_free (struct app *app)
{
  ask_clear (app);
  if (app->key_timer != 0)
    g_source_remove (app->key_timer);
  g_clear_pointer (&app->prompt, prompt_free);
  app_call_abandon (app);
  for (guint i = app->views->len; i-- > 0;)
    view_end (g_ptr_array_index (app->views, i));
  for (guint i = app->background->len; i-- > 0;)
    view_end (g_ptr_array_index (app->background, i));
  if (app->sidebar != NULL)
    view_end (app->sidebar);
  if (app->changes != NULL)
    view_end (app->changes);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_clear_pointer (&app->engine, engine_free);
  app_call_clear (app);
  g_ptr_array_unref (app->views);
  g_ptr_array_unref (app->background);
  g_ptr_array_unref (app->history);
  g_ptr_array_unref (app->accounts);
  g_ptr_array_unref (app->messages);
  g_ptr_array_unref (app->calls);
  g_ptr_array_unref (app->timers);
  g_clear_pointer (&app->own_paths, paths_free);
  g_clear_pointer (&app->own_settings, settings_free);
  set_working (app, NULL);
  g_main_loop_unref (app->loop);
  g_free (app);
}

static struct app *
app_new (const struct paths *paths, const struct settings *settings)
{
  struct app *app = g_new0 (struct app, 1);
  app->paths = paths;
  app->settings = settings;
  app->loop = g_main_loop_new (NULL, FALSE);
  app->views = g_ptr_array_new ();
  app->background = g_ptr_array_new ();
  app->history = g_ptr_array_new_with_free_func (g_free);
  app->accounts = g_ptr_array_new_with_free_func (account_state_free);
  app->messages = g_ptr_array_new_with_free_func (g_free);
  app->calls = g_ptr_array_new ();
  app->timers = g_ptr_array_new ();
  app->idle_fd = test_fd ();
  g_queue_init (&app->asks);
  return app;
}

int
screen_main (const struct paths *paths, const struct settings *settings_or_null)
{
  g_autoptr (GError) error = NULL;
  if (!screen_start (&error)) {
    fprintf (stderr, "wardmail: %s\n", error->message);
    return 1;
  }
  signal (SIGPIPE, SIG_IGN);
  struct app *app = app_new (paths, settings_or_null);
  guint sources[] = {
    g_unix_signal_add_full (G_PRIORITY_HIGH, SIGINT, on_interrupt, app, NULL),
    g_unix_signal_add_full (G_PRIORITY_HIGH, SIGTERM, on_signal, app, NULL),
    g_unix_signal_add_full (G_PRIORITY_HIGH, SIGHUP, on_signal, app, NULL),
    g_unix_signal_add_full (G_PRIORITY_HIGH, SIGWINCH, on_resize, app, NULL),
  };
  input_start (app);
  if (settings_or_null == NULL || !has_account (paths))
    app_show (app, wizard_new (app));
  else
    app_enter (app);
  app_redraw (app, TRUE);
  g_main_loop_run (app->loop);
  app->leaving = TRUE;
  screen_stop ();
  input_stop (app);
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  app_notice_clear (app);
  if (app->draw_source != 0)
    g_source_remove (app->draw_source);
  if (app->rescue_timer != 0)
    g_source_remove (app->rescue_timer);
  int status = app->status;
  app_free (app);
  return status;
}
