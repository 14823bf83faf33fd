/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Deleting, archiving, flagging, marking: done in the background, whatever view is open by then, with one sentence and a way back. */
#pragma once
#include "ui/views/views.h"

struct view *changes_new (struct app *app); /* never shown; lives as long as the screen */
/* All messages of the thread that match the query. */
void changes_thread (struct app *app, const char *thread, const char *query, const char *action, const char *subject);
void changes_message (struct app *app, const char *id, const char *action, const char *subject);
void changes_undo (struct app *app);
/* A message was sent, and undo takes it back: take_back (view) is called, until another one is offered or the view goes. */
void changes_offer (struct app *app, struct view *view, void (*take_back) (struct view *view));
gboolean changes_offers (struct app *app, const struct view *view); /* undo would take that one back */
void changes_offer_ends (struct app *app, struct view *view);
/* The thread is on its way out of the lists it is in. */
gboolean changes_hides (struct app *app, const char *thread);
