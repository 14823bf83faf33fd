/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One conversation in a list: what is kept of it and how it looks. */
#include "ui/screen/text.h"
#include "ui/views/delivery.h"
#include "ui/views/fields.h"
#include "ui/views/list.h"

#define MARK_COLUMNS 4
#define DATE_COLUMNS 9

struct list_row *
list_row_new (GVariant *fields)
{
  struct list_row *row = g_new0 (struct list_row, 1);
  g_auto (GStrv) tags = fields_texts (fields, "tags");
  row->thread = g_strdup (fields_text (fields, "thread"));
  row->subject = g_strdup (fields_text (fields, "subject"));
  g_autoptr (GVariant) recipients = g_variant_lookup_value (fields, "recipients", G_VARIANT_TYPE_STRING);
  if (recipients == NULL)
    row->people
        = g_strdelimit (g_strdup (fields_text (fields, "authors")), "|", ','); /* notmuch parts those who match by it */
  else
    row->people = *fields_text (fields, "recipients") != '\0' ? g_strdup (fields_text (fields, "recipients"))
                                                              : g_strdup ("(nobody named)");
  row->newest = g_strdup (fields_text (fields, "newest"));
  row->date = fields_time (fields, "date");
  row->matched = fields_number (fields, "matched");
  row->total = fields_number (fields, "total");
  row->unread = fields_has (tags, "unread");
  row->flagged = fields_has (tags, "flagged");
  row->attachment = fields_has (tags, "attachment");
  row->encrypted = fields_has (tags, "encrypted");
  row->is_signed = fields_has (tags, "signed");
  row->replied = fields_has (tags, "replied");
  row->forwarded = fields_has (tags, "passed");
  /* What was a draft once and is sent now may carry both marks: it is not to be written on. */
  row->draft = fields_has (tags, "draft") && !fields_has (tags, "sent");
  return row;
}

void
list_row_free (gpointer data)
{
  struct list_row *row = data;
  if (row == NULL)
    return;
  g_free (row->thread);
  g_free (row->subject);
  g_free (row->people);
  g_free (row->newest);
  g_free (row->delivery);
  g_free (row);
}

static int
people_columns (int width)
{
  return width < 50 ? 12 : width < 80 ? 16 : width < 120 ? 22 : 28;
}

void
list_row_heading (const struct area *area, int y, gboolean recipients)
{
  int x = MARK_COLUMNS + 1;
  draw_row (area, y, STYLE_TEXT);
  draw_text (area, y, x, DATE_COLUMNS, STYLE_HEADING, "Date");
  x += DATE_COLUMNS + 1;
  draw_text (area, y, x, area->width - x, STYLE_HEADING, recipients ? "To" : "From");
  x += people_columns (area->width) + 1;
  draw_text (area, y, x, area->width - x, STYLE_HEADING, "Subject");
}

static void
draw_marks (const struct list_row *row, const struct area *area, int y, unsigned style, gboolean here)
{
  char marks[MARK_COLUMNS + 1] = {
    row->unread      ? 'N'
    : row->replied   ? 'R'
    : row->forwarded ? 'F'
                     : ' ',
    row->flagged ? '!' : ' ',
    row->attachment ? '@' : ' ',
    row->encrypted   ? 'E'
    : row->is_signed ? 'S'
                     : ' ',
    '\0',
  };
  draw_text (area, y, 0, MARK_COLUMNS, here ? style : STYLE_MARK, marks);
}

void
list_row_draw (const struct list_row *row, const struct area *area, int y, gboolean here, gboolean focused, gint64 now)
{
  unsigned style = here ? (focused ? STYLE_SELECTED : STYLE_SELECTED_AWAY) : STYLE_TEXT;
  if (row->unread)
    style |= STYLE_BOLD;
  int x = MARK_COLUMNS + 1, people = people_columns (area->width);
  g_autofree char *date = fields_short_date (row->date, now);
  draw_row (area, y, style);
  draw_marks (row, area, y, style, here);
  draw_text (area, y, x, DATE_COLUMNS, style, date);
  x += DATE_COLUMNS + 1;
  int width = people;
  if (row->total > 1) {
    g_autofree char *count = g_strdup_printf ("(%u)", row->total);
    draw_right (area, y, x, width, style, count);
    width -= text_width (count) + 1;
  }
  draw_text (area, y, x, width, style, row->people);
  x += people + 1;
  const int end = row->delivery != NULL && area->width > 60 ? area->width - DELIVERY_COLUMNS : area->width;
  if (end < area->width)
    draw_right (area, y, end, DELIVERY_COLUMNS, here || !row->delivery_bad ? style : STYLE_HELD, row->delivery);
  draw_text (area, y, x, end - x, style, *row->subject != '\0' ? row->subject : "(no subject)");
}
