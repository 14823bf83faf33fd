/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* HTML to text: the events of libxml2's HTML parser become words, breaks, bullets, cells and links. Filter worker only.
 *
 * No tree is built: an element costs one entry of a stack, whose depth is bounded, so that a million nested elements are only slow, and
 * slow is bounded too. The text is read twice where it has style sheets, which may stand after what they hide. Nothing in the input names
 * anything that is fetched or run. */
#include "mail/message/html_p.h"

#include <libxml/HTMLparser.h>
#include <string.h>

#define INPUT_MAX (8u * 1024 * 1024)
#define DEPTH_MAX 600        /* the parser looks through all that is open at every end tag */
#define PATH_MAX_ELEMENTS 40 /* around an element, for selectors */
#define TABLES_MAX 16        /* one inside the other that are laid out; those further in are plain text */
#define NAME_MAX_BYTES 300
#define LINK_TEXT_MAX 500
#define ALT_MAX 500 /* characters */
#define STRUCK_OPEN "[struck out: "
#define TIME_MAX_MS 1500 /* of the clock on the wall: somebody waits */

/* One open element. items: numbers given out in a list, or cells seen in a row. */
struct element {
  enum html_role role;
  enum html_block block;
  struct html_look look;
  char *tag, *id, *classes;
  guint items, children, place;
  struct html_table *table; /* that begins here; NULL */
  struct html_out *cell;    /* that begins here; NULL */
  struct html_out *out_before;
};

struct reader {
  htmlParserCtxtPtr parser;
  struct html_out page, *out; /* out: where text goes now, the page or a cell */
  struct html_links links;
  struct html_sheet *sheet;
  GArray *stack; /* struct element */
  guint skip, pre, tables, loose_tables;
  gboolean raised;
  char *target; /* of the link that is open */
  GString *link_text;
  GString *style; /* first reading: what stands in <style> */
  gboolean in_style;
  guint events;
  gint64 deadline_us;
  const char *stopped; /* why, as a sentence; NULL: not */
};

static void
stop (struct reader *reader, const char *sentence)
{
  reader->stopped = sentence;
  xmlStopParser (reader->parser);
}

static void
watch_clock (struct reader *reader)
{
  if (++reader->events % 1024 == 0 && g_get_monotonic_time () > reader->deadline_us)
    stop (reader, "This HTML takes too long to read; the rest is left out.");
}

/* What the parser finds wrong costs time as well: end tags of what was never open reach none of the other functions. */
static void
mistake (void *data, const char *format, ...)
{
  watch_clock (data);
}

static struct element *
top (struct reader *reader)
{
  return &g_array_index (reader->stack, struct element, reader->stack->len - 1);
}

/* The innermost open element of a role; NULL. Bounded: what lies further out does not matter to the eye. */
static struct element *
innermost (struct reader *reader, enum html_role a, enum html_role b)
{
  for (guint i = reader->stack->len, n = 0; i > 0 && n < 64; i--, n++) {
    struct element *element = &g_array_index (reader->stack, struct element, i - 1);
    if (element->role == a || element->role == b)
      return element;
  }
  return NULL;
}

static gboolean
is_hidden (struct reader *reader)
{
  return html_style_is_hidden (&top (reader)->look);
}

static void
request_break (struct reader *reader, enum html_block block)
{
  if (block != HTML_BLOCK_NONE)
    html_out_break (reader->out, block == HTML_BLOCK_PARAGRAPH ? 2 : 1);
}

/* "[kind: detail]", as a word of its own. */
static void
put_note (struct reader *reader, const char *kind, const char *detail, gboolean hidden)
{
  gboolean more = detail != NULL && *detail != '\0';
  g_autofree char *note = more ? g_strdup_printf ("[%s: %.300s]", kind, detail) : g_strdup_printf ("[%s]", kind);
  g_autofree char *valid = g_utf8_make_valid (note, -1);
  reader->out->space = TRUE;
  html_out_words (reader->out, valid, strlen (valid), hidden);
  reader->out->space = TRUE;
}

static void
close_link (struct reader *reader)
{
  if (reader->target == NULL)
    return;
  g_autofree char *mark = html_links_mark (&reader->links, reader->target, reader->link_text->str);
  if (mark != NULL) {
    reader->out->space = reader->out->newlines == 0;
    html_out_mark (reader->out, mark, is_hidden (reader));
    reader->out->space = FALSE;
  }
  g_clear_pointer (&reader->target, g_free);
  g_string_truncate (reader->link_text, 0);
}

static void
note_link_text (struct reader *reader, const char *text, gsize size)
{
  if (reader->target != NULL && reader->link_text->len < LINK_TEXT_MAX)
    g_string_append_len (reader->link_text, text, (gssize) MIN (size, LINK_TEXT_MAX));
}

static void
open_image (struct reader *reader, const char *const *attributes, gboolean hidden)
{
  const char *alt = html_style_attribute (attributes, "alt");
  gboolean named = alt != NULL && *alt != '\0';
  if (!named && reader->target == NULL)
    return;
  g_autofree char *valid = g_utf8_make_valid (named ? alt : "", -1),
                  *name = g_utf8_substring (valid, 0, MIN (g_utf8_strlen (valid, -1), ALT_MAX));
  g_autofree char *mark = named ? g_strdup_printf ("[image: %s]", name) : g_strdup ("[image]");
  if (named)
    note_link_text (reader, alt, strlen (alt));
  html_out_words (reader->out, mark, strlen (mark), hidden);
}

static void
open_item (struct reader *reader)
{
  struct element *list = innermost (reader, HTML_ROLE_LIST, HTML_ROLE_NUMBERED);
  g_free (reader->out->bullet);
  reader->out->bullet
      = list != NULL && list->role == HTML_ROLE_NUMBERED ? g_strdup_printf ("%u. ", ++list->items) : g_strdup ("- ");
}

/* What a form asks for, so that a reader sees that something was asked for, and by whom. */
static void
open_form (struct reader *reader, const char *const *attributes, gboolean hidden)
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
open_field (struct reader *reader, const struct element *element, const char *const *attributes, gboolean hidden)
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
open_table (struct reader *reader, struct element *element, const char *const *attributes)
{
  if (reader->tables >= TABLES_MAX || reader->loose_tables > 0) {
    reader->loose_tables++;
    return;
  }
  struct element *outer = innermost (reader, HTML_ROLE_TABLE, HTML_ROLE_TABLE);
  if (outer != NULL && outer->table != NULL)
    html_table_nested (outer->table);
  element->table = html_table_new (attributes);
  element->out_before = reader->out;
  reader->tables++;
}

/* A cell's text goes to the table; of a table that is not laid out, and without a table, cells are words. */
static void
open_cell (struct reader *reader, struct element *element, const char *const *attributes)
{
  struct element *table = innermost (reader, HTML_ROLE_TABLE, HTML_ROLE_TABLE);
  if (table == NULL || table->table == NULL || reader->loose_tables > 0) {
    struct element *row = innermost (reader, HTML_ROLE_ROW, HTML_ROLE_ROW);
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
open_row (struct reader *reader)
{
  struct element *table = innermost (reader, HTML_ROLE_TABLE, HTML_ROLE_TABLE);
  if (table != NULL && table->table != NULL && reader->loose_tables == 0)
    html_table_row (table->table);
  else
    html_out_break (reader->out, 1);
}

static void
open_role (struct reader *reader, struct element *element, const char *const *attributes)
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
    close_link (reader);
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

static void
close_role (struct reader *reader, const struct element *element)
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
    close_link (reader);
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

static char *
bounded (const char *text)
{
  return g_strndup (text != NULL ? text : "", NAME_MAX_BYTES);
}

static struct html_look
look_of (struct reader *reader, const struct element *element, const char *const *attributes)
{
  struct html_identity path[PATH_MAX_ELEMENTS];
  guint open = reader->stack->len - 1, around = MIN (open, PATH_MAX_ELEMENTS - 1), count = 0;
  for (guint i = open - around; i < open; i++) {
    const struct element *outer = &g_array_index (reader->stack, struct element, i + 1);
    path[count++] = (struct html_identity){ outer->tag, outer->id, outer->classes, outer->place };
  }
  path[count++] = (struct html_identity){ element->tag, element->id, element->classes, element->place };
  return html_style_look (&top (reader)->look, reader->sheet, path, count, attributes);
}

/* What is struck out is said where text stands: in the cells of a row, the items of a list. */
static void
pass_struck_on (const struct html_look *around, struct element *element)
{
  static const char *const holders[] = { "table", "thead", "tbody", "tfoot", "tr", "ul", "ol", NULL };
  struct html_look *look = &element->look;
  gboolean struck = look->struck || around->struck_inside, holds = g_strv_contains (holders, element->tag);
  look->struck = struck && !holds;
  look->struck_inside = struck && holds;
}

static void
start_element (void *data, const xmlChar *name, const xmlChar **attributes)
{
  struct reader *reader = data;
  const char *const *pairs = (const char *const *) attributes;
  watch_clock (reader);
  if (reader->stopped != NULL)
    return;
  if (reader->stack->len >= DEPTH_MAX) {
    stop (reader, "This HTML is nested deeper than any letter is; the rest is left out.");
    return;
  }
  const struct html_tag *tag = html_tag_find ((const char *) name);
  struct element element = { .role = tag->role,
                             .block = tag->block,
                             .tag = bounded ((const char *) name),
                             .id = bounded (html_style_attribute (pairs, "id")),
                             .classes = bounded (html_style_attribute (pairs, "class")),
                             .place = ++top (reader)->children };
  element.look = look_of (reader, &element, pairs);
  pass_struck_on (&top (reader)->look, &element);
  if (reader->skip == 0) {
    request_break (reader, tag->block);
    open_role (reader, &element, pairs);
  } else
    element.role = HTML_ROLE_NONE;
  g_array_append_val (reader->stack, element);
}

static void
element_clear (gpointer data)
{
  struct element *element = data;
  g_free (element->tag);
  g_free (element->id);
  g_free (element->classes);
}

static void
close_top (struct reader *reader)
{
  struct element element = *top (reader);
  close_role (reader, &element);
  if (reader->skip == 0)
    request_break (reader, element.block);
  g_array_set_size (reader->stack, reader->stack->len - 1);
}

static void
end_element (void *data, const xmlChar *name)
{
  struct reader *reader = data;
  watch_clock (reader);
  if (reader->stopped == NULL && reader->stack->len > 1)
    close_top (reader);
}

/* 10<sup>9</sup> is not 109. */
static void
mark_raised (struct reader *reader, const char *text, gboolean hidden)
{
  const GString *line = reader->out->text;
  if ((g_ascii_isdigit (*text) || *text == '-' || *text == '+' || (guchar) *text == 0xE2) && line->len > 0
      && !reader->out->space && (g_ascii_isalnum (line->str[line->len - 1]) || line->str[line->len - 1] == ')'))
    html_out_mark (reader->out, "^", hidden);
  reader->raised = FALSE;
}

static void
characters (void *data, const xmlChar *text, int length)
{
  struct reader *reader = data;
  watch_clock (reader);
  if (reader->stopped != NULL || reader->skip > 0 || length <= 0)
    return;
  gboolean hidden = is_hidden (reader);
  note_link_text (reader, (const char *) text, (gsize) length);
  if (reader->raised)
    mark_raised (reader, (const char *) text, hidden);
  if (reader->pre > 0)
    html_out_pre (reader->out, (const char *) text, (gsize) length, hidden);
  else
    html_out_words (reader->out, (const char *) text, (gsize) length, hidden);
}

/* ---- The first reading: style sheets alone ---- */

static void
style_start (void *data, const xmlChar *name, const xmlChar **attributes)
{
  struct reader *reader = data;
  watch_clock (reader);
  reader->in_style = g_ascii_strcasecmp ((const char *) name, "style") == 0;
}

static void
style_end (void *data, const xmlChar *name)
{
  struct reader *reader = data;
  watch_clock (reader);
  if (reader->in_style)
    g_string_append_c (reader->style, '\n');
  reader->in_style = FALSE;
}

static void
style_text (void *data, const xmlChar *text, int length)
{
  struct reader *reader = data;
  if (reader->in_style && length > 0 && reader->style->len < INPUT_MAX)
    g_string_append_len (reader->style, (const char *) text, length);
}

static void
parse (struct reader *reader, const xmlSAXHandler *events, const char *html, gsize size)
{
  htmlParserCtxtPtr parser = htmlNewParserCtxt ();
  if (parser == NULL || parser->sax == NULL)
    return;
  reader->parser = parser;
  *parser->sax = *events;
  parser->sax->error = parser->sax->warning = mistake;
  parser->userData = reader;
  htmlDocPtr document = htmlCtxtReadMemory (parser, html, (int) size, NULL, "UTF-8",
                                            HTML_PARSE_NONET | HTML_PARSE_RECOVER | HTML_PARSE_NODEFDTD);
  if (document != NULL)
    xmlFreeDoc (document);
  htmlFreeParserCtxt (parser);
  reader->parser = NULL;
}

static void
blank (char *from, const char *to)
{
  memset (from, ' ', (gsize) (to - from));
}

/* Comments as browsers read them, where libxml2 reads them otherwise: "<![if x]>" is one, "<!-->" is a whole one, "--!>" ends one. */
static void
tidy_comments (char *html)
{
  for (char *p = html; (p = strstr (p, "<!")) != NULL;) {
    if (p[2] == '[') {
      char *end = strchr (p, '>');
      if (end == NULL)
        return;
      blank (p, end + 1);
      p = end;
    } else if (g_str_has_prefix (p, "<!-->") || g_str_has_prefix (p, "<!--->")) {
      char *end = strchr (p, '>');
      blank (p, end + 1);
      p = end;
    } else if (g_str_has_prefix (p, "<!--")) {
      char *end = strstr (p + 4, "--");
      while (end != NULL && end[2] != '>' && !(end[2] == '!' && end[3] == '>'))
        end = strstr (end + 1, "--");
      if (end == NULL)
        return;
      if (end[2] == '!')
        memcpy (end, "--> ", 4);
      p = end + 3;
    } else
      p += 2;
  }
}

static gboolean
names_style (const char *html)
{
  for (const char *p = html; (p = strchr (p, '<')) != NULL; p++)
    if (g_ascii_strncasecmp (p, "<style", 6) == 0)
      return TRUE;
  return FALSE;
}

static void
read_styles (struct reader *reader, const char *html, gsize size)
{
  static const xmlSAXHandler events
      = { .startElement = style_start, .endElement = style_end, .characters = style_text, .cdataBlock = style_text };
  if (!names_style (html))
    return;
  reader->style = g_string_new (NULL);
  parse (reader, &events, html, size);
  reader->sheet = html_sheet_new ();
  html_sheet_add (reader->sheet, reader->style->str, reader->style->len);
  g_string_free (g_steal_pointer (&reader->style), TRUE);
}

static char *
finish (struct reader *reader)
{
  close_link (reader);
  while (reader->stack->len > 1)
    close_top (reader);
  g_autofree char *text = html_out_finish (&reader->page), *notes = html_links_footnotes (&reader->links);
  g_array_unref (reader->stack);
  g_string_free (reader->link_text, TRUE);
  html_sheet_free (reader->sheet);
  g_autofree char *cut = reader->stopped != NULL ? g_strdup_printf ("\n[%s]\n", reader->stopped) : g_strdup ("");
  return g_strconcat (text, cut, *notes != '\0' ? "\n" : "", notes, NULL);
}

char *
html_to_text (const char *html, gsize size, guint columns)
{
  static const xmlSAXHandler events = { .startElement = start_element,
                                        .endElement = end_element,
                                        .characters = characters,
                                        .ignorableWhitespace = characters };
  /* libxml2 ends at a NUL and is confused by broken UTF-8: neither is left. */
  g_autofree char *valid = g_utf8_make_valid (html != NULL ? html : "", (gssize) MIN (size, INPUT_MAX));
  struct element ground = { .look = { .foreground = 0, .background = 0xFFFFFF, .font_px = 16, .opacity = 1 } };
  struct reader reader = { .stack = g_array_new (FALSE, FALSE, sizeof ground),
                           .link_text = g_string_new (NULL),
                           .deadline_us = g_get_monotonic_time () + TIME_MAX_MS * 1000 };
  g_array_set_clear_func (reader.stack, element_clear);
  g_array_append_val (reader.stack, ground);
  html_out_init (&reader.page, columns);
  reader.out = &reader.page;
  html_links_init (&reader.links);
  tidy_comments (valid);
  read_styles (&reader, valid, strlen (valid));
  if (reader.stopped == NULL)
    parse (&reader, &events, valid, strlen (valid));
  reader.page.full |= size > INPUT_MAX;
  return finish (&reader);
}
