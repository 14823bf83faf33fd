/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files of the list: the view (list.c) and its rows, asked of the engine (list_load.c). */
#pragma once
#include "ui/views/list.h"
#include "ui/views/rows.h"

#define LIST_REFRESH_MS 100

struct list {
  struct view view;
  char *title, *query;   /* query NULL: folders are not known yet */
  struct folder *folder; /* NULL: a search */
  GPtrArray *threads;    /* struct list_row * */
  GHashTable *known;     /* thread ids in threads */
  struct rows rows;
  gboolean more, loaded;
  gboolean provisional;  /* the first list, before it is known which folder is the inbox */
  struct app_call *call; /* a page or a window under way */
  guint window_offset;   /* of the refresh under way */
  guint stale;           /* rows before this one were not asked again since the index changed */
  gboolean again;        /* it changed once more while a call was under way */
  gboolean due;          /* the index changed, and a call is about to be made */
  gboolean fetching;     /* the first mail of the account was on its way when the last answer came */
  gboolean touched;      /* a key was pressed on it */
  char *problem;
};

struct list_row *list_row_at (const struct list *list, int index); /* NULL: none */
struct list_row *list_current (const struct list *list);           /* under the cursor; NULL: none */
void list_load_more (struct list *list);
void list_refresh (struct view *view);
void list_moved (struct list *list); /* the cursor, or the rows under it */
void list_ask_delivery_again (struct view *view);
gboolean list_is_awaited (struct list *list);
gboolean list_shows_recipients (const struct list *list);
