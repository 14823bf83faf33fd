/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The screen: entry for main, and what the views may ask of it. One GMainLoop; nothing here blocks. */
#pragma once
#include "config/settings.h"
#include "mail/engine.h"
#include "ui/screen/view.h"

/* Run the screen until the person leaves; returns the exit code. settings NULL: there is no profile yet, ask for one. */
int screen_main (const struct paths *paths, const struct settings *settings_or_null);

/* ---- What is open ---- */
void app_push (struct app *app, struct view *view_take);
/* Close a view and what stands above it. The last one: leave. */
void app_close (struct view *view);
/* Close everything and show this one. */
void app_show (struct app *app, struct view *view_take);
gboolean app_is_top (struct view *view);
struct view *app_below (struct view *view);                /* the view that this one stands on; NULL */
struct view *app_find (struct app *app, enum place place); /* the topmost view of that place; NULL */
void app_quit (struct app *app, int status);
/* One that was asked to rescue something is done. */
void app_rescued (struct app *app);
void app_dirty (struct app *app); /* draw in this turn */
void app_focus_sidebar (struct app *app, gboolean focus);
gboolean app_sidebar_toggle (struct app *app);
struct view *app_sidebar (struct app *app);
struct view *app_changes (struct app *app); /* see changes.h */
GPtrArray *app_history (struct app *app);   /* what was searched for; char * */
/* Back from a view; from the last one leave, but not without asking where something would be lost. */
void app_back (struct view *view);
/* A view goes on without being on the screen (a message that is being sent), comes back, or ends. */
void app_background (struct view *view);
void app_foreground (struct view *view);
void app_end (struct view *view); /* of one in the background */
gboolean app_in_background (struct view *view);
gboolean app_is_asking (struct app *app);           /* a question stands at the bottom */
gboolean app_typing (struct app *app);              /* somebody is in the middle of typing something */
void app_tell (struct app *app, const char *event); /* to all views, as if the engine had said it; without fields */

/* The profile is there: show folders and the inbox. */
void app_enter (struct app *app);

/* ---- What it knows ---- */
const struct paths *app_paths (const struct app *app);
const struct settings *app_settings (const struct app *app); /* NULL before set-up */
/* A profile was made: take its paths and settings from now on; an engine for them is started by the next call. */
void app_adopt (struct app *app, struct paths *paths_take, struct settings *settings_take);
/* Whether the first mail of this account (NULL or "": of any) is still on its way, since this screen was opened. */
gboolean app_is_fetching (struct app *app, const char *account);
/* The index, and so each list, is being made anew. */
gboolean app_is_indexing (struct app *app);
gint64 app_now (void); /* seconds; WARDMAIL_TEST_NOW (RFC 3339) stops the clock */

/* ---- Saying something ---- */
enum notice { NOTICE_INFO = 0, NOTICE_WARN };
/* One sentence in the status line until the next key, for some seconds at most; a warning until somebody is there. Kept for the page of messages. */
void app_notice (struct app *app, enum notice kind, const char *format, ...) G_GNUC_PRINTF (3, 4);
/* The seconds in which the message of that view can be taken back, counted down in the status line. */
void app_count_down (struct view *view, gint64 left_us);
/* What the bar in the status line told of has ended, one way or the other. */
void app_work_done (struct app *app);
/* "-": time and sentence, newest first. char *, caller frees. */
GPtrArray *app_messages (struct app *app);

/* ---- Calls to the engine ---- */
/* view is the one that made the call. Not called any more once the view is closed or the call was cancelled. error: a sentence. */
typedef void (*app_done_fn) (struct view *view, GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data);
struct app_call;
struct app_call *app_call (struct view *view, const char *method, GVariant *args, GUnixFDList *fds, app_done_fn done,
                           gpointer data);
/* The same, with data that is freed once the call is over, whether done ran or not. */
struct app_call *app_call_take (struct view *view, const char *method, GVariant *args, app_done_fn done,
                                gpointer data_take, GDestroyNotify destroy);
/* Valid until done has run. */
void app_call_cancel (struct app_call *call);
void app_call_forget (struct view *view); /* all calls and timers of a view that goes away */
typedef void (*app_timer_fn) (struct view *view);
/* Once, after ms; a second start with the same function starts it anew. */
void app_timer (struct view *view, guint ms, app_timer_fn fn);

/* ---- Another program on the terminal ---- */
typedef void (*app_child_fn) (struct view *view, gboolean done_well);
gboolean app_run (struct view *view, char **argv, app_child_fn done, GError **error);
