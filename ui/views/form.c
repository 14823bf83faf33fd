/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Fields to fill in; see form.h. */
#include "ui/views/form.h"
#include "ui/screen/text.h"

#define LABEL_COLUMNS 20

static void
field_clear (gpointer data)
{
  line_clear (&((struct form_field *) data)->line);
}

void
form_init (struct form *form)
{
  form->fields = g_array_new (FALSE, TRUE, sizeof (struct form_field));
  g_array_set_clear_func (form->fields, field_clear);
  form->focus = 0;
}

void
form_clear (struct form *form)
{
  g_clear_pointer (&form->fields, g_array_unref);
}

static struct form_field *
field_at (const struct form *form, guint index)
{
  return &g_array_index (form->fields, struct form_field, index);
}

void
form_add (struct form *form, const char *label, const char *help, const char *value, gboolean secret)
{
  struct form_field field = { .label = label, .help = help };
  line_init (&field.line, secret);
  line_insert (&field.line, value != NULL ? value : "");
  g_array_append_val (form->fields, field);
}

const char *
form_text (const struct form *form, guint index)
{
  return field_at (form, index)->line.text->str;
}

void
form_set (struct form *form, guint index, const char *value)
{
  line_set (&field_at (form, index)->line, value);
}

gboolean
form_step (struct form *form, int step)
{
  if ((step < 0 && form->focus == 0) || (step > 0 && form->focus + 1 >= form->fields->len))
    return FALSE;
  form->focus += (guint) step;
  return TRUE;
}

void
form_key (struct form *form, int key)
{
  line_key (&field_at (form, form->focus)->line, key);
}

void
form_paste (struct form *form, const char *text)
{
  line_insert (&field_at (form, form->focus)->line, text);
}

int
form_draw (struct form *form, const struct area *area, int y, gboolean focused)
{
  int first = y, x = LABEL_COLUMNS;
  for (guint i = 0; i < form->fields->len; i++, y++) {
    struct form_field *field = field_at (form, i);
    gboolean here = focused && i == form->focus;
    int cursor, width = MIN (area->width - x - 1, 60);
    g_autofree char *text = line_visible (&field->line, width, &cursor);
    struct area box = { area->y + y, area->x + x, 1, width };
    draw_text (area, y, 1, LABEL_COLUMNS - 2, here ? (STYLE_LABEL | STYLE_BOLD) : STYLE_LABEL, field->label);
    draw_row (&box, 0, here ? STYLE_SELECTED_AWAY : STYLE_TEXT);
    gboolean hidden = field->line.secret && field->line.text->len > 0;
    draw_text (area, y, x, width, here ? STYLE_SELECTED_AWAY : STYLE_TEXT, hidden ? "(typed, not shown)" : text);
    if (!here)
      continue;
    draw_cursor (area, y, x + cursor);
    draw_text (area, first + (int) form->fields->len + 1, 1, area->width - 1, STYLE_DIM, field->help);
  }
  return y - first + 2;
}
