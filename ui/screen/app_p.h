/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The screen's own state; for ui/screen/ alone. */
#pragma once
#include "ui/screen/app.h"
#include "ui/screen/prompt.h"

struct account_state {
  char *name, *state, *text;
  guint done, total, left_s; /* of what is being fetched; left_s G_MAXUINT: unknown */
  guint64 rate;
  gboolean settled; /* all its mail was here once */
};

struct app {
  const struct paths *paths; /* borrowed, or own_paths */
  struct paths *own_paths;
  const struct settings *settings; /* borrowed, or own_settings; NULL before set-up */
  struct settings *own_settings;
  struct engine *engine; /* NULL until the first call */
  GMainLoop *loop;
  int status;
  gboolean leaving;

  GPtrArray *views;      /* struct view *, the last one is on top */
  GPtrArray *background; /* struct view *, at work without being shown */
  struct view *sidebar, *changes;
  GPtrArray *history; /* char *: searches */
  gboolean sidebar_focus, sidebar_hidden;
  struct prompt *prompt; /* takes all keys while it is there */
  GQueue asks;           /* struct ask *: what the engine wants to know */
  GPtrArray *accounts;   /* struct account_state * */

  GPtrArray *messages; /* char *, oldest first */
  char *notice;
  enum notice notice_kind;
  gboolean notice_passes; /* what else there is to say of mail coming in is said instead */
  guint notice_new;       /* so many new messages it tells of; 0: of something else */
  gboolean notice_met;    /* somebody was there since it is shown */
  gint64 notice_us;       /* monotonic: since when it is */
  char *notice_next;      /* what was to be said while a warning stood that nobody had seen; NULL */
  char *notice_account;   /* whose trouble it tells; NULL */
  guint notice_timer;
  struct view *undo_view; /* what was sent, and can be taken back until ...; NULL */
  gint64 undo_us;         /* monotonic */
  guint undo_timer;
  GVariant *working;           /* the engine's last word on how far a mail is; NULL: none is on its way */
  guint rescues, rescue_timer; /* told to go: how many views still keep something, and for how long at most */
  guint key_timer;             /* asks what is to be known of the keys */

  GPtrArray *calls;  /* struct app_call * */
  GPtrArray *timers; /* struct app_timer_row * */
  guint draw_source;
  gboolean draw_soon, force;
  gboolean away; /* another program has the terminal */
  int idle_fd;
  guint input_source;
  guint empty_reads; /* of the terminal, one after the other */
  GString *pasted;   /* between the marks of a bracketed paste */
};

void app_hang_up (struct app *app); /* the terminal is gone */
void app_resized (struct app *app);
void app_redraw (struct app *app, gboolean now); /* now: after a key, at once; else coalesced with what else happens */
/* app_call.c */
void app_call_abandon (struct app *app); /* at the end: nobody wants answers any more */
void app_call_clear (struct app *app);   /* after the engine: what was never answered */
guint app_call_pending (const struct app *app);

/* app_stack.c */
struct view *app_focused (struct app *app); /* the one that keys go to; NULL at the very start */
void app_stack_clear (struct app *app);
/* app_key.c */
void app_key (struct app *app, int key);
void app_paste (struct app *app, const char *text);
/* app_events.c */
struct engine *app_engine (struct app *app);
void app_events_init (struct app *app);
void app_events_start (struct app *app); /* the profile is there: ask how the accounts and keys stand */
void app_events_clear (struct app *app);
/* app_notice.c */
void app_notice_of_account (struct app *app, const char *account, const char *text); /* a warning that goes when ... */
void app_notice_account_works (struct app *app, const char *account);
void app_notice_new_mail (struct app *app,
                          GVariant *fields); /* said in passing: it covers no warning and is not kept */
void app_notice_key (struct app *app);       /* somebody is there */
void app_notice_forget (struct app *app, const struct view *view);
char *app_notice_undo_line (struct app *app); /* NULL: there is nothing to take back; caller frees */
void app_notice_clear (struct app *app);
/* frame.c */
void frame_draw (struct app *app);
/* ask.c */
void ask_start (guint ask, const char *kind, const char *text, gpointer app);
void ask_resume (struct app *app); /* after another question was answered */
void ask_clear (struct app *app);
