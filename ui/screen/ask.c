/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the engine asks of the person (a passphrase), one question after the other. Esc is no. */
#include "ui/screen/app_p.h"
#include "ui/screen/text.h"

struct ask {
  struct app *app;
  guint id;
  char *text;
};

static void ask_next (struct app *app);

static void
ask_free (struct ask *ask)
{
  g_free (ask->text);
  g_free (ask);
}

static void
answered (struct app *app, const char *text, gpointer data)
{
  struct ask *ask = data;
  g_queue_remove (&app->asks, ask);
  engine_answer (app_engine (app), ask->id, text);
  if (text == NULL)
    app_notice (app, NOTICE_INFO, "You said no; what needed it will not be done.");
  ask_free (ask);
  ask_next (app);
}

static void
ask_next (struct app *app)
{
  struct ask *ask = g_queue_peek_head (&app->asks);
  /* A question of the person's own comes first: it is answered before this one appears (see app_key). */
  if (ask != NULL && app->prompt == NULL)
    prompt_line (app, ask->text, NULL, PROMPT_SECRET, NULL, answered, ask);
}

void
ask_start (guint id, const char *kind, const char *text, gpointer data)
{
  struct app *app = data;
  if (app->leaving) {
    engine_answer (app->engine, id, NULL);
    return;
  }
  struct ask *ask = g_new0 (struct ask, 1);
  ask->app = app;
  ask->id = id;
  ask->text = text != NULL && *text != '\0' ? g_strconcat (text, g_str_has_suffix (text, ":") ? "" : ":", NULL)
                                            : g_strdup_printf ("wardmail needs a %s:", kind);
  g_queue_push_tail (&app->asks, ask);
  ask_next (app);
  app_redraw (app, FALSE);
}

void
ask_resume (struct app *app)
{
  ask_next (app);
}

void
ask_clear (struct app *app)
{
  struct ask *ask;
  while ((ask = g_queue_pop_head (&app->asks)) != NULL) {
    engine_answer (app->engine, ask->id, NULL);
    ask_free (ask);
  }
}
