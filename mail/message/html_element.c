/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What each element does to the text when it opens and closes; see html_element.h. */
#include "mail/message/html_element.h"

#include <string.h>

#define TABLES_MAX 16 /* one inside the other that are laid out; those further in are plain text */
#define LINK_TEXT_MAX 500
#define ALT_MAX 500 /* characters */
#define STRUCK_OPEN "[struck out: "

struct html_element *
html_element_top (struct html_reader *reader)
{
  return &g_array_index (reader->stack, struct html_element, reader->stack->len - 1);
}

/* The innermost open element of a role; NULL. Bounded: what lies further out does not matter to the eye. */
static struct html_element *
innermost (struct html_reader *reader, enum html_role a, enum html_role b)
{
  for (guint i = reader->stack->len, n = 0; i > 0 && n < 64; i--, n++) {
    struct html_element *element = &g_array_index (reader->stack, struct html_element, i - 1);
    if (element->role == a || element->role == b)
      return element;
  }
  return NULL;
}

gboolean
html_element_is_hidden (struct html_reader *reader)
{
  return html_style_is_hidden (&html_element_top (reader)->look);
}

void
html_element_break (struct html_reader *reader, enum html_block block)
{
  if (block != HTML_BLOCK_NONE)
    html_out_break (reader->out, block == HTML_BLOCK_PARAGRAPH ? 2 : 1);
}

/* "[kind: detail]", as a word of its own. */
static void
put_note (struct html_reader *reader, const char *kind, const char *detail, gboolean hidden)
{
  gboolean more = detail != NULL && *detail != '\0';
  g_autofree char *note = more ? g_strdup_printf ("[%s: %.300s]", kind, detail) : g_strdup_printf ("[%s]", kind);
  g_autofree char *valid = g_utf8_make_valid (note, -1);
  reader->out->space = TRUE;
  html_out_words (reader->out, valid, strlen (valid), hidden);
  reader->out->space = TRUE;
}

void
html_element_close_link (struct html_reader *reader)
{
  if (reader->target == NULL)
    return;
  g_autofree char *mark = html_links_mark (&reader->links, reader->target, reader->link_text->str);
  if (mark != NULL) {
    reader->out->space = reader->out->newlines == 0;
    html_out_mark (reader->out, mark, html_element_is_hidden (reader));
    reader->out->space = FALSE;
  }
  g_clear_pointer (&reader->target, g_free);
  g_string_truncate (reader->link_text, 0);
}

void
html_element_note_link (struct html_reader *reader, const char *text, gsize size)
{
  if (reader->target != NULL && reader->link_text->len < LINK_TEXT_MAX)
    g_string_append_len (reader->link_text, text, (gssize) MIN (size, LINK_TEXT_MAX));
}

static void
open_image (struct html_reader *reader, const char *const *attributes, gboolean hidden)
{
  const char *alt = html_style_attribute (attributes, "alt");
  gboolean named = alt != NULL && *alt != '\0';
  if (!named && reader->target == NULL)
    return;
  g_autofree char *valid = g_utf8_make_valid (named ? alt : "", -1),
                  *name = g_utf8_substring (valid, 0, MIN (g_utf8_strlen (valid, -1), ALT_MAX));
  g_autofree char *mark = named ? g_strdup_printf ("[image: %s]", name) : g_strdup ("[image]");
  if (named)
    html_element_note_link (reader, alt, strlen (alt));
  html_out_words (reader->out, mark, strlen (mark), hidden);
}

static void
open_item (struct html_reader *reader)
{
  struct html_element *list = innermost (reader, HTML_ROLE_LIST, HTML_ROLE_NUMBERED);
  g_free (reader->out->bullet);
  reader->out->bullet
      = list != NULL && list->role == HTML_ROLE_NUMBERED ? g_strdup_printf ("%u. ", ++list->items) : g_strdup ("- ");
}

/* What a form asks for, so that a reader sees that something was asked for, and by whom. */
static void
open_form (struct html_reader *reader, const char *const *attributes, gboolean hidden)
{
  const char *action = html_style_attribute (attributes, "action");
  struct html_target target;
  html_target_init (&target, action != NULL ? action : "", reader->links.base);
  g_autofree char *note = g_strdup_printf ("what is filled in would go to %s; it does not work here",
                                           target.host_shown != NULL ? target.host_shown : "an unnamed place");
  put_note (reader, "form", note, hidden);
  html_out_break (reader->out, 1);
  html_target_clear (&target);
}

static void
open_field (struct html_reader *reader, const struct html_element *element, const char *const *attributes,
            gboolean hidden)
{
  static const char *const buttons[] = { "submit", "button", "reset", "image", NULL };
  const char *type = html_style_attribute (attributes, "type"), *value = html_style_attribute (attributes, "value");
  const char *hint = html_style_attribute (attributes, "placeholder"),
             *name = html_style_attribute (attributes, "name");
  g_autofree char *kind = g_ascii_strdown (type != NULL ? type : "", -1);
  if (element->role == HTML_ROLE_FIELD && g_ascii_strcasecmp (element->tag, "input") == 0) {
    if (strcmp (kind, "hidden") == 0)
      return;
    if (g_strv_contains (buttons, kind)) {
      put_note (reader, "button", value, hidden);
      return;
    }
  }
  put_note (reader, strcmp (kind, "password") == 0 ? "form field for a password" : "form field",
            hint != NULL ? hint : name, hidden);
}

static void
open_table (struct html_reader *reader, struct html_element *element, const char *const *attributes)
{
  if (reader->tables >= TABLES_MAX || reader->loose_tables > 0) {
    reader->loose_tables++;
    return;
  }
  struct html_element *outer = innermost (reader, HTML_ROLE_TABLE, HTML_ROLE_TABLE);
  if (outer != NULL && outer->table != NULL)
    html_table_nested (outer->table);
  element->table = html_table_new (attributes);
  element->out_before = reader->out;
  reader->tables++;
}

/* A cell's text goes to the table; of a table that is not laid out, and without a table, cells are words. */
static void
open_cell (struct html_reader *reader, struct html_element *element, const char *const *attributes)
{
  struct html_element *table = innermost (reader, HTML_ROLE_TABLE, HTML_ROLE_TABLE);
  if (table == NULL || table->table == NULL || reader->loose_tables > 0) {
    struct html_element *row = innermost (reader, HTML_ROLE_ROW, HTML_ROLE_ROW);
    if (row != NULL && row->items++ > 0)
      reader->out->space = TRUE;
    return;
  }
  struct html_out *cell = html_table_cell (table->table, element->role == HTML_ROLE_HEAD_CELL, attributes);
  if (cell == NULL)
    return;
  element->cell = cell;
  element->out_before = reader->out;
  reader->out = cell;
}

static void
open_row (struct html_reader *reader)
{
  struct html_element *table = innermost (reader, HTML_ROLE_TABLE, HTML_ROLE_TABLE);
  if (table != NULL && table->table != NULL && reader->loose_tables == 0)
    html_table_row (table->table);
  else
    html_out_break (reader->out, 1);
}

void
html_element_open (struct html_reader *reader, struct html_element *element, const char *const *attributes)
{
  gboolean hidden = html_style_is_hidden (&element->look);
  const char *value;
  switch (element->role) {
  case HTML_ROLE_INERT:
    put_note (reader, element->tag, "not loaded", hidden);
    reader->skip++;
    break;
  case HTML_ROLE_FIELD:
    open_field (reader, element, attributes, hidden);
    reader->skip++;
    break;
  case HTML_ROLE_SKIP:
    reader->skip++;
    break;
  case HTML_ROLE_BUTTON:
    html_out_words (reader->out, " [button: ", 10, hidden);
    break;
  case HTML_ROLE_FORM:
    open_form (reader, attributes, hidden);
    break;
  case HTML_ROLE_BASE:
    value = html_style_attribute (attributes, "href");
    if (value != NULL)
      html_links_base (&reader->links, value);
    break;
  case HTML_ROLE_BREAK:
    html_out_break (reader->out, reader->pre > 0 || (reader->out->newlines == 0 && reader->out->line_open) ? 1 : 2);
    break;
  case HTML_ROLE_RULE:
    html_out_mark (reader->out, "----------", hidden);
    break;
  case HTML_ROLE_IMAGE:
    open_image (reader, attributes, hidden);
    break;
  case HTML_ROLE_LINK:
    html_element_close_link (reader);
    value = html_style_attribute (attributes, "href");
    reader->target = value != NULL && *value != '\0' ? g_strdup (value) : NULL;
    break;
  case HTML_ROLE_LIST:
  case HTML_ROLE_NUMBERED:
  case HTML_ROLE_INDENT:
    reader->out->indent++;
    break;
  case HTML_ROLE_ITEM:
    open_item (reader);
    break;
  case HTML_ROLE_QUOTE:
    reader->out->quotes++;
    break;
  case HTML_ROLE_PRE:
    reader->pre++;
    break;
  case HTML_ROLE_RAISED:
    reader->raised = TRUE;
    break;
  case HTML_ROLE_TABLE:
    open_table (reader, element, attributes);
    break;
  case HTML_ROLE_ROW:
    open_row (reader);
    break;
  case HTML_ROLE_CELL:
  case HTML_ROLE_HEAD_CELL:
    open_cell (reader, element, attributes);
    break;
  case HTML_ROLE_NONE:
  case HTML_ROLE_HEADING:
    break;
  }
  if (element->look.struck && !hidden && reader->skip == 0)
    html_out_mark (reader->out, STRUCK_OPEN, FALSE);
}

static void
lower (guint *count)
{
  if (*count > 0)
    (*count)--;
}

/* Where nothing stood in it, nothing is said. */
static void
close_struck (struct html_out *out)
{
  gsize open = strlen (STRUCK_OPEN);
  out->space = FALSE;
  if (out->secret == NULL && g_str_has_suffix (out->text->str, STRUCK_OPEN))
    g_string_truncate (out->text, out->text->len - open);
  else
    html_out_mark (out, "]", FALSE);
}

void
html_element_close (struct html_reader *reader, const struct html_element *element)
{
  gboolean hidden = html_style_is_hidden (&element->look);
  if (element->look.struck && !hidden && reader->skip == 0)
    close_struck (reader->out);
  switch (element->role) {
  case HTML_ROLE_SKIP:
  case HTML_ROLE_INERT:
  case HTML_ROLE_FIELD:
    lower (&reader->skip);
    break;
  case HTML_ROLE_BUTTON:
    reader->out->space = FALSE;
    html_out_words (reader->out, "] ", 2, hidden);
    break;
  case HTML_ROLE_LINK:
    html_element_close_link (reader);
    break;
  case HTML_ROLE_LIST:
  case HTML_ROLE_NUMBERED:
  case HTML_ROLE_INDENT:
    lower (&reader->out->indent);
    break;
  case HTML_ROLE_QUOTE:
    lower (&reader->out->quotes);
    break;
  case HTML_ROLE_PRE:
    lower (&reader->pre);
    break;
  case HTML_ROLE_RAISED:
    reader->raised = FALSE;
    break;
  case HTML_ROLE_TABLE:
    if (element->table == NULL) {
      lower (&reader->loose_tables);
      break;
    }
    reader->out = element->out_before;
    html_table_write (element->table, reader->out);
    lower (&reader->tables);
    break;
  case HTML_ROLE_ROW:
    if (reader->loose_tables > 0 || reader->tables == 0)
      html_out_break (reader->out, 1);
    break;
  case HTML_ROLE_CELL:
  case HTML_ROLE_HEAD_CELL:
    if (element->cell != NULL)
      reader->out = element->out_before;
    break;
  case HTML_ROLE_NONE:
  case HTML_ROLE_FORM:
  case HTML_ROLE_BASE:
  case HTML_ROLE_BREAK:
  case HTML_ROLE_RULE:
  case HTML_ROLE_IMAGE:
  case HTML_ROLE_ITEM:
  case HTML_ROLE_HEADING:
    break;
  }
}

/* 10<sup>9</sup> is not 109. */
void
html_element_mark_raised (struct html_reader *reader, const char *text, gboolean hidden)
{
  const GString *line = reader->out->text;
  if ((g_ascii_isdigit (*text) || *text == '-' || *text == '+' || (guchar) *text == 0xE2) && line->len > 0
      && !reader->out->space && (g_ascii_isalnum (line->str[line->len - 1]) || line->str[line->len - 1] == ')'))
    html_out_mark (reader->out, "^", hidden);
  reader->raised = FALSE;
}
