/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How a message looks. The verdict has rows of its own at the top that no message can reach; all else of the message scrolls below them. */
#include "ui/screen/text.h"
#include "ui/views/fields.h"
#include "ui/views/reader_lines.h"
#include "ui/views/reader_p.h"

#include <string.h>

#define WARNING_ROWS 3
#define WARNINGS_HEIGHT 12 /* less than that is left to the message */

/* The warnings in rows, two in one where they fit, without those that the verdict's sentence has told already. */
static GPtrArray *
warning_rows (GVariant *warnings, const char *sentence, int width)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func (g_free);
  for (gsize i = 0; i < g_variant_n_children (warnings); i++) {
    g_autoptr (GVariant) warning = g_variant_get_child_value (warnings, i);
    g_autofree char *text = g_strdelimit (g_strdup (fields_text (warning, "text")), "\r\n\t", ' ');
    if (*text == '\0' || strstr (sentence, text) != NULL)
      continue;
    char **last = rows->len > 0 ? (char **) &rows->pdata[rows->len - 1] : NULL;
    if (last != NULL && text_width (*last) + 2 + text_width (text) <= width) {
      char *both = g_strconcat (*last, "  ", text, NULL);
      g_free (*last);
      *last = both;
      continue;
    }
    g_autoptr (GPtrArray) wrapped = text_wrap (text, width, WARNING_ROWS);
    for (guint k = 0; k < wrapped->len; k++)
      g_ptr_array_add (rows, g_strdup (g_ptr_array_index (wrapped, k)));
  }
  return rows;
}

/* Returns the rows taken. */
static int
draw_warnings (struct reader *reader, const struct area *area, const char *sentence)
{
  g_autoptr (GVariant) warnings = fields_rows (reader->message, "warnings");
  g_autoptr (GPtrArray) rows = warning_rows (warnings, sentence, area->width - 2);
  int count = MIN ((int) rows->len, WARNING_ROWS);
  for (int y = 0; y < count; y++) {
    g_autofree char *more = y == count - 1 && (int) rows->len > count
                                ? g_strdup_printf ("x: all %u warnings", (guint) g_variant_n_children (warnings))
                                : g_strdup ("");
    draw_row (area, y, STYLE_VERDICT_WARN);
    draw_right (area, y, 0, area->width - 1, STYLE_VERDICT_WARN, more);
    draw_text (area, y, 1, area->width - 2 - (*more != '\0' ? text_width (more) + 1 : 0), STYLE_VERDICT_WARN,
               g_ptr_array_index (rows, y));
  }
  return count;
}

/* Returns the rows taken. */
static int
draw_verdict (struct reader *reader, const struct area *area)
{
  if (reader->message == NULL) {
    draw_row (area, 0, STYLE_VERDICT_NONE);
    draw_text (area, 0, 1, area->width - 1, STYLE_VERDICT_NONE, reader->problem != NULL ? "Not shown" : "Opening…");
    return 1;
  }
  g_autoptr (GVariant) verdict = fields_inner (reader->message, "verdict");
  enum style style;
  const char *word = reader_tone (fields_text (verdict, "tone"), &style);
  g_autofree char *sentence = g_strdelimit (g_strdup (fields_text (verdict, "line")), "\r\n\t", ' ');
  g_autofree char *line = g_strdup_printf ("%s %s", word, sentence);
  g_autoptr (GPtrArray) rows = text_wrap (line, area->width - 2, 8);
  int count = MIN ((int) rows->len, MAX (area->height / 4, 1));
  for (int y = 0; y < count; y++) {
    draw_row (area, y, style);
    draw_text (area, y, 1, area->width - 2, style | (y == 0 ? STYLE_BOLD : 0), g_ptr_array_index (rows, y));
  }
  struct area below = { area->y + count, area->x, area->height - count, area->width };
  return count + (area->height >= WARNINGS_HEIGHT ? draw_warnings (reader, &below, sentence) : 0);
}

static void
draw_line (const struct area *area, int y, const struct reader_line *line)
{
  int x = 0;
  const char *rest = line->text;
  if (line->label_columns > 0) {
    gsize size = text_fit (rest, line->label_columns, NULL);
    g_autofree char *label = g_strndup (rest, size);
    x = draw_text (area, y, 0, area->width, line->label_columns <= 2 ? STYLE_NOTE : STYLE_LABEL, label);
    rest += size;
  }
  draw_text (area, y, x, area->width - x, line->style, rest);
}

static void
draw_foot (struct reader *reader, const struct area *area)
{
  int below = (int) reader->lines->len - reader->top - reader->height;
  g_autofree char *foot
      = below > 0 ? g_strdup_printf ("%d more line%s (Space)", below, below == 1 ? "" : "s") : g_strdup ("");
  draw_right (area, area->height - 1, 0, area->width, STYLE_DIM, foot);
  if (reader->items->len > 1) {
    g_autofree char *place
        = g_strdup_printf ("Message %u of %u (n next, p previous)", reader->at + 1, reader->items->len);
    draw_text (area, area->height - 1, 0, area->width - text_width (foot) - 1, STYLE_DIM, place);
  }
}

void
reader_draw (struct view *view, const struct area *area, gboolean focused)
{
  struct reader *reader = (struct reader *) view;
  draw_clear (area, STYLE_TEXT);
  int used = draw_verdict (reader, area);
  struct area text = { area->y + used, area->x, area->height - used, area->width };
  if (reader->problem != NULL) {
    g_autoptr (GPtrArray) rows = text_wrap (reader->problem, text.width - 2, 10);
    for (guint i = 0; i < rows->len; i++)
      draw_text (&text, 1 + (int) i, 1, text.width - 1, STYLE_TEXT, g_ptr_array_index (rows, i));
  }
  if (reader->message == NULL || text.height < 2)
    return;
  if (reader->lines == NULL || reader->width != text.width) {
    g_clear_pointer (&reader->lines, g_ptr_array_unref);
    reader->lines = reader_lines (reader->message, reader->delivery,
                                  reader_current (reader) != NULL ? reader_current (reader)->date : 0, text.width);
    reader->width = text.width;
  }
  reader->height = text.height - 1;
  reader->top = CLAMP (reader->top, 0, MAX ((int) reader->lines->len - reader->height, 0));
  struct area rows = { text.y, text.x, reader->height, text.width };
  for (int y = 0; y < rows.height && reader->top + y < (int) reader->lines->len; y++)
    draw_line (&rows, y, g_ptr_array_index (reader->lines, reader->top + y));
  draw_foot (reader, &text);
}
