/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How to open each view. */
#pragma once
#include "ui/screen/app.h"

/* What stands at the left, and where its rows lead. */
struct folder {
  char *name, *account, *path, *role, *query; /* role "search": a saved search; "outbox": the outbox */
  guint unread, total;
};
void folder_free (gpointer folder);
struct folder *folder_copy (const struct folder *folder);

struct view *sidebar_new (struct app *app);
/* The first folder with that role; NULL while folders are not known. Borrowed. */
const struct folder *sidebar_folder (struct view *sidebar, const char *role);

/* folder NULL: a search that is no folder. */
struct view *list_new (struct app *app, const char *title, const char *query, const struct folder *folder);
/* Ask for a search and open its list. */
void list_search (struct app *app);
/* The cursor goes on by step; the thread it then stands on, or NULL. For the reader. */
const char *list_step (struct view *list, int step, char **query_out);
void list_fetch (struct view *view);

struct view *reader_new (struct app *app, const char *thread, const char *query);

struct view *compose_new (struct app *app);
/* draft: a{sv} as in protocol.c; fds: its attachments; draft_id: what it replaces when it is saved, or NULL. */
struct view *compose_draft (struct app *app, GVariant *draft, GUnixFDList *fds, const char *draft_id);
/* Ask the engine for the answer to (or forward of) a message and open it. */
void compose_answer (struct view *view, const char *id, gboolean all, gboolean forward);
void compose_open_draft (struct view *view, const char *id);

struct view *outbox_new (struct app *app);
struct view *keys_new (struct app *app);
void keys_open (struct app *app); /* the one that is open, or a new one */
struct view *parts_new (struct app *app, const char *id, GVariant *parts);
/* A page of text: lines are char *, wrapped; nothing is said where there are none. */
struct view *text_view_lines (struct app *app, const char *title, GPtrArray *lines, const char *nothing);
/* The same, of something that can be sent: done runs when the person presses the key for it, and closes the page when it is over.
 * data is freed with the page. */
typedef void (*text_view_fn) (struct view *page, gpointer data);
struct view *text_view_note (struct app *app, const char *title, GPtrArray *lines, text_view_fn done,
                             gpointer data_take, GDestroyNotify destroy);
struct view *text_view_keys (struct app *app, enum place place);
struct view *wizard_new (struct app *app);
