/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of conversations, for those beside it. */
#pragma once
#include "ui/views/views.h"

/* A list that was opened before folders were known gets its folder and begins to load; NULL: there is none yet, show the inbox's mark.
 * FALSE: the list is another one by now. */
gboolean list_adopt (struct view *view, const struct folder *folder);

struct list_row {
  char *thread, *subject, *people, *newest; /* people: who writes, or whom it goes to */
  gint64 date;
  char *delivery; /* of what was sent: what became of it, in a word; NULL */
  guint matched, total;
  gboolean unread, flagged, attachment, encrypted, is_signed, replied, forwarded, draft;
  gboolean delivery_bad, delivery_asked;
};
struct list_row *list_row_new (GVariant *fields);
void list_row_free (gpointer row);
/* One row at y; the cursor's row is drawn over its whole width. */
void list_row_draw (const struct list_row *row, const struct area *area, int y, gboolean here, gboolean focused,
                    gint64 now);
void list_row_heading (const struct area *area, int y, gboolean recipients);
