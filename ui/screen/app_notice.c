/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands in the status line, and for how long: a sentence until it was read, a warning until somebody is there, and the seconds in which
 * what was sent can be taken back. */
#include "ui/screen/app_p.h"
#include "ui/screen/here.h"
#include "ui/views/changes.h"

#include <string.h>

#define MESSAGES_MAX 200u
#define NOTICE_S 4                     /* and a second more for ... */
#define LETTERS_A_SECOND 25u           /* ... so many letters */
#define UNSEEN_US (1 * G_USEC_PER_SEC) /* a key that comes sooner was not pressed because of it */

static void
take_away (struct app *app)
{
  g_clear_handle_id (&app->notice_timer, g_source_remove);
  g_clear_pointer (&app->notice, g_free);
  g_clear_pointer (&app->notice_account, g_free);
  app_redraw (app, FALSE);
}

static gboolean
notice_fades (gpointer data)
{
  struct app *app = data;
  app->notice_timer = 0;
  take_away (app);
  return G_SOURCE_REMOVE;
}

static char *
clock_text (gint64 now)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (now);
  return time != NULL ? g_date_time_format (time, "%H:%M") : g_strdup ("");
}

static void
show (struct app *app, enum notice kind, const char *text)
{
  take_away (app);
  app->notice = g_strdup (text);
  app->notice_kind = kind;
  app->notice_passes = FALSE;
  app->notice_new = 0;
  app->notice_met = FALSE;
  app->notice_us = g_get_monotonic_time ();
  if (kind == NOTICE_INFO)
    app->notice_timer
        = g_timeout_add_seconds (NOTICE_S + (guint) g_utf8_strlen (text, -1) / LETTERS_A_SECOND, notice_fades, app);
}

/* What was said beside a warning comes after it. */
static void
go_on (struct app *app)
{
  g_autofree char *next = g_steal_pointer (&app->notice_next);
  take_away (app);
  if (next != NULL)
    show (app, NOTICE_INFO, next);
}

/* A warning that nobody was there to see is not covered by what else happens. */
static gboolean
is_unseen_warning (const struct app *app)
{
  return app->notice != NULL && app->notice_kind == NOTICE_WARN && !app->notice_met;
}

void
app_notice (struct app *app, enum notice kind, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *given = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *text = g_strdelimit (here_words (given, HERE_KEYS), "\r\n\t", ' ');
  const gboolean waits = kind == NOTICE_INFO && is_unseen_warning (app);
  if (!waits)
    show (app, kind, text);
  g_free (app->notice_next);
  app->notice_next = waits ? g_strdup (text) : NULL;
  g_autofree char *clock = clock_text (app_now ());
  if (app->messages->len >= MESSAGES_MAX)
    g_ptr_array_remove_index (app->messages, 0);
  g_ptr_array_add (app->messages, g_strdup_printf ("%s  %s", clock, text));
}

void
app_notice_of_account (struct app *app, const char *account, const char *text)
{
  app_notice (app, NOTICE_WARN, "%s", text);
  app->notice_account = g_strdup (account);
}

void
app_notice_account_works (struct app *app, const char *account)
{
  if (g_strcmp0 (app->notice_account, account) == 0)
    go_on (app);
}

void
app_notice_new_mail (struct app *app, GVariant *fields)
{
  guint32 new = 0;
  g_variant_lookup (fields, "new", "u", &new);
  if (new == 0 || (app->notice != NULL && app->notice_kind == NOTICE_WARN))
    return;
  if (app->notice != NULL)
    new += app->notice_new; /* much mail comes in parts */
  g_autofree char *text = g_strdup_printf ("%u new message%s.", new, new == 1 ? "" : "s");
  show (app, NOTICE_INFO, text);
  app->notice_passes = TRUE;
  app->notice_new = new;
}

void
app_notice_key (struct app *app)
{
  if (app->notice == NULL)
    return;
  app->notice_met = TRUE;
  if (g_get_monotonic_time () - app->notice_us >= UNSEEN_US)
    go_on (app);
}

GPtrArray *
app_messages (struct app *app)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func (g_free);
  for (guint i = app->messages->len; i-- > 0;)
    g_ptr_array_add (messages, g_strdup (g_ptr_array_index (app->messages, i)));
  return messages;
}

/* ---- The seconds of undo ---- */

static guint
seconds_left (const struct app *app)
{
  const gint64 left = app->undo_us - g_get_monotonic_time ();
  return left <= 0 ? 0 : (guint) ((left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
}

static gboolean
count_down (gpointer data)
{
  struct app *app = data;
  app->undo_timer = 0;
  if (seconds_left (app) == 0)
    app->undo_view = NULL;
  else /* when the number changes */
    app->undo_timer = g_timeout_add ((guint) ((app->undo_us - g_get_monotonic_time ()) % G_USEC_PER_SEC / 1000) + 1,
                                     count_down, app);
  app_redraw (app, FALSE);
  return G_SOURCE_REMOVE;
}

void
app_count_down (struct view *view, gint64 left_us)
{
  struct app *app = view->app;
  take_away (app); /* "Encrypting and sending…" */
  g_clear_handle_id (&app->undo_timer, g_source_remove);
  app->undo_view = view;
  app->undo_us = g_get_monotonic_time () + left_us;
  count_down (app);
}

void
app_notice_forget (struct app *app, const struct view *view)
{
  if (app->undo_view != view)
    return;
  g_clear_handle_id (&app->undo_timer, g_source_remove);
  app->undo_view = NULL;
  app_redraw (app, FALSE);
}

char *
app_notice_undo_line (struct app *app)
{
  const guint seconds = app->undo_view != NULL ? seconds_left (app) : 0;
  const struct view *focused = app_focused (app);
  if (seconds == 0 || focused == NULL || !changes_offers (app, app->undo_view))
    return NULL;
  const enum place place = focused->class->place;
  const char *how = keymap_action (place, 'u') != ACTION_UNDO ? ""
                    : place == PLACE_OUTBOX                   ? " Choose it and press u to take it back."
                                                              : " Press u to take it back.";
  return g_strdup_printf ("Sending in %u s.%s", seconds, how);
}

void
app_notice_clear (struct app *app)
{
  take_away (app);
  g_clear_pointer (&app->notice_next, g_free);
  app->undo_view = NULL;
  g_clear_handle_id (&app->undo_timer, g_source_remove);
}
