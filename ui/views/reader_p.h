/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files of the reader: the view (reader.c), what is asked of the engine for it (reader_load.c), how it looks (reader_draw.c), and
 * receipts (reader_receipt.c). */
#pragma once
#include "ui/views/views.h"

struct item {
  char *id, *subject;
  gint64 date;
  gboolean unread, flagged, sent;
};

struct reader {
  struct view view;
  char *thread, *query;
  GPtrArray *items; /* struct item *, oldest first */
  guint at;
  GVariant *message;  /* the view of "show"; NULL while it is under way */
  GVariant *delivery; /* what became of it, where it was sent; NULL */
  GPtrArray *lines;   /* of message, for width */
  int width, top, height;
  struct app_call *call;
  char *problem;
};

/* reader_load.c */
struct item *reader_current (const struct reader *reader); /* NULL: none */
void reader_load_thread (struct reader *reader);
void reader_show_message (struct reader *reader, guint at);
void reader_ask_delivery (struct view *view);
void reader_look_again (struct reader *reader); /* where only the header was here */
/* reader_draw.c */
void reader_draw (struct view *view, const struct area *area, gboolean focused);
/* reader_receipt.c */
void reader_answer_receipt (struct reader *reader, const char *answer); /* as of the method "receipt" */
void reader_ask_receipt (struct reader *reader);
