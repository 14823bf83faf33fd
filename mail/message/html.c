/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* HTML to text: the events of libxml2's HTML parser become words, breaks, bullets, cells and links. Filter worker.
 *
 * No tree is built: an element costs one entry of a stack, whose depth is bounded, so that a million nested elements are only slow, and
 * slow is bounded too. Nothing in the input names anything that is fetched or run. */
#include "mail/message/html_p.h"

#include <libxml/HTMLparser.h>
#include <string.h>

#define INPUT_MAX (8u * 1024 * 1024)
#define DEPTH_MAX 600 /* the parser looks through all that is open at every end tag */
#define LINK_TEXT_MAX 500
#define ALT_MAX 500      /* characters */
#define TIME_MAX_MS 1500 /* of the clock on the wall: somebody waits */

enum block { BLOCK_NONE = 0, BLOCK_LINE, BLOCK_PARAGRAPH };
enum role {
  ROLE_NONE = 0,
  ROLE_SKIP,
  ROLE_BREAK,
  ROLE_RULE,
  ROLE_IMAGE,
  ROLE_LINK,
  ROLE_LIST,
  ROLE_NUMBERED,
  ROLE_ITEM,
  ROLE_QUOTE,
  ROLE_PRE,
  ROLE_TABLE,
  ROLE_ROW,
  ROLE_CELL,
  ROLE_HEAD_CELL,
  ROLE_INDENT,
};

static const struct tag {
  const char *name;
  enum block block;
  enum role role;
} tags[] = {
  { "script", BLOCK_NONE, ROLE_SKIP },   { "style", BLOCK_NONE, ROLE_SKIP },
  { "title", BLOCK_NONE, ROLE_SKIP },    { "template", BLOCK_NONE, ROLE_SKIP },
  { "object", BLOCK_NONE, ROLE_SKIP },   { "applet", BLOCK_NONE, ROLE_SKIP },
  { "iframe", BLOCK_NONE, ROLE_SKIP },   { "select", BLOCK_NONE, ROLE_SKIP },
  { "textarea", BLOCK_NONE, ROLE_SKIP }, { "button", BLOCK_NONE, ROLE_SKIP },
  { "svg", BLOCK_NONE, ROLE_SKIP },      { "math", BLOCK_NONE, ROLE_SKIP },
  { "audio", BLOCK_NONE, ROLE_SKIP },    { "video", BLOCK_NONE, ROLE_SKIP },
  { "canvas", BLOCK_NONE, ROLE_SKIP },   { "br", BLOCK_NONE, ROLE_BREAK },
  { "hr", BLOCK_PARAGRAPH, ROLE_RULE },  { "img", BLOCK_NONE, ROLE_IMAGE },
  { "a", BLOCK_NONE, ROLE_LINK },        { "area", BLOCK_NONE, ROLE_LINK },
  { "ul", BLOCK_LINE, ROLE_LIST },       { "ol", BLOCK_LINE, ROLE_NUMBERED },
  { "menu", BLOCK_LINE, ROLE_LIST },     { "dir", BLOCK_LINE, ROLE_LIST },
  { "li", BLOCK_LINE, ROLE_ITEM },       { "blockquote", BLOCK_PARAGRAPH, ROLE_QUOTE },
  { "pre", BLOCK_PARAGRAPH, ROLE_PRE },  { "listing", BLOCK_PARAGRAPH, ROLE_PRE },
  { "xmp", BLOCK_PARAGRAPH, ROLE_PRE },  { "table", BLOCK_LINE, ROLE_TABLE },
  { "tr", BLOCK_LINE, ROLE_ROW },        { "td", BLOCK_NONE, ROLE_CELL },
  { "th", BLOCK_NONE, ROLE_HEAD_CELL },  { "caption", BLOCK_LINE, ROLE_NONE },
  { "dd", BLOCK_LINE, ROLE_INDENT },     { "dt", BLOCK_LINE, ROLE_NONE },
  { "dl", BLOCK_PARAGRAPH, ROLE_NONE },  { "p", BLOCK_PARAGRAPH, ROLE_NONE },
  { "div", BLOCK_LINE, ROLE_NONE },      { "center", BLOCK_LINE, ROLE_NONE },
  { "form", BLOCK_LINE, ROLE_NONE },     { "fieldset", BLOCK_LINE, ROLE_NONE },
  { "h1", BLOCK_PARAGRAPH, ROLE_NONE },  { "h2", BLOCK_PARAGRAPH, ROLE_NONE },
  { "h3", BLOCK_PARAGRAPH, ROLE_NONE },  { "h4", BLOCK_PARAGRAPH, ROLE_NONE },
  { "h5", BLOCK_PARAGRAPH, ROLE_NONE },  { "h6", BLOCK_PARAGRAPH, ROLE_NONE },
  { "section", BLOCK_LINE, ROLE_NONE },  { "article", BLOCK_LINE, ROLE_NONE },
  { "header", BLOCK_LINE, ROLE_NONE },   { "footer", BLOCK_LINE, ROLE_NONE },
  { "address", BLOCK_LINE, ROLE_NONE },  { "main", BLOCK_LINE, ROLE_NONE },
  { "nav", BLOCK_LINE, ROLE_NONE },      { "aside", BLOCK_LINE, ROLE_NONE },
  { "figure", BLOCK_LINE, ROLE_NONE },   { "figcaption", BLOCK_LINE, ROLE_NONE },
  { "body", BLOCK_LINE, ROLE_NONE },
};

/* One open element. items: numbers given out in a list, or cells seen in a row. */
struct element {
  enum role role;
  enum block block;
  struct html_look look;
  guint items;
  gboolean data_table;
};

struct reader {
  htmlParserCtxtPtr parser;
  struct html_out out;
  struct html_links links;
  GArray *stack; /* struct element */
  guint skip, pre;
  char *target; /* of the link that is open */
  GString *link_text;
  guint events;
  gint64 deadline_us;
  gboolean stopped;
};

static void
stop (struct reader *reader)
{
  reader->stopped = TRUE;
  xmlStopParser (reader->parser);
}

static void
watch_clock (struct reader *reader)
{
  if (++reader->events % 1024 == 0 && g_get_monotonic_time () > reader->deadline_us)
    stop (reader);
}

static const struct tag *
find_tag (const char *name)
{
  static const struct tag plain = { "", BLOCK_NONE, ROLE_NONE };
  for (gsize i = 0; i < G_N_ELEMENTS (tags); i++)
    if (g_ascii_strcasecmp (name, tags[i].name) == 0)
      return &tags[i];
  return &plain;
}

static struct element *
top (struct reader *reader)
{
  return &g_array_index (reader->stack, struct element, reader->stack->len - 1);
}

/* The innermost open element of a role; NULL. Bounded: what lies further out does not matter to the eye. */
static struct element *
innermost (struct reader *reader, enum role a, enum role b)
{
  for (guint i = reader->stack->len, n = 0; i > 0 && n < 64; i--, n++) {
    struct element *element = &g_array_index (reader->stack, struct element, i - 1);
    if (element->role == a || element->role == b)
      return element;
  }
  return NULL;
}

static void
request_break (struct reader *reader, enum block block)
{
  if (block != BLOCK_NONE)
    html_out_break (&reader->out, block == BLOCK_PARAGRAPH ? 2 : 1);
}

static void
close_link (struct reader *reader)
{
  if (reader->target == NULL)
    return;
  g_autofree char *mark = html_links_mark (&reader->links, reader->target, reader->link_text->str);
  if (mark != NULL) {
    reader->out.space = FALSE;
    if (reader->link_text->len > 0 && reader->out.newlines == 0)
      reader->out.space = TRUE;
    html_out_mark (&reader->out, mark, html_style_is_hidden (&top (reader)->look));
    reader->out.space = FALSE;
  }
  g_clear_pointer (&reader->target, g_free);
  g_string_truncate (reader->link_text, 0);
}

static void
open_image (struct reader *reader, const char *const *attributes, gboolean hidden)
{
  const char *alt = html_style_attribute (attributes, "alt");
  if ((alt == NULL || *alt == '\0') && reader->target == NULL)
    return;
  g_autofree char *name
      = alt != NULL ? g_utf8_substring (alt, 0, MIN (g_utf8_strlen (alt, -1), ALT_MAX)) : g_strdup ("");
  g_autofree char *mark = *name != '\0' ? g_strdup_printf ("[image: %s]", name) : g_strdup ("[image]");
  html_out_words (&reader->out, mark, strlen (mark), hidden);
}

static void
open_item (struct reader *reader)
{
  struct element *list = innermost (reader, ROLE_LIST, ROLE_NUMBERED);
  g_free (reader->out.bullet);
  reader->out.bullet
      = list != NULL && list->role == ROLE_NUMBERED ? g_strdup_printf ("%u. ", ++list->items) : g_strdup ("- ");
}

/* Cells of a table of data are divided by bars, even when empty, since their places have a meaning; those of a layout by a space. */
static void
open_cell (struct reader *reader, gboolean head, gboolean hidden)
{
  struct element *row = innermost (reader, ROLE_ROW, ROLE_ROW), *table = innermost (reader, ROLE_TABLE, ROLE_TABLE);
  if (table != NULL && head)
    table->data_table = TRUE;
  if (row != NULL && row->items++ > 0) {
    reader->out.space = TRUE;
    if (table != NULL && table->data_table) {
      html_out_mark (&reader->out, "|", hidden);
      reader->out.space = TRUE;
    }
  }
}

static gboolean
has_border (const char *const *attributes)
{
  const char *border = html_style_attribute (attributes, "border");
  return border != NULL && *border != '\0' && strcmp (border, "0") != 0;
}

static void
open_role (struct reader *reader, struct element *element, const char *const *attributes)
{
  gboolean hidden = html_style_is_hidden (&element->look);
  const char *target;
  switch (element->role) {
  case ROLE_SKIP:
    reader->skip++;
    break;
  case ROLE_BREAK:
    if (reader->pre > 0 || (reader->out.newlines == 0 && reader->out.line_open))
      html_out_break (&reader->out, 1);
    else
      html_out_break (&reader->out, 2);
    break;
  case ROLE_RULE:
    html_out_mark (&reader->out, "----------", hidden);
    break;
  case ROLE_IMAGE:
    open_image (reader, attributes, hidden);
    break;
  case ROLE_LINK:
    close_link (reader);
    target = html_style_attribute (attributes, "href");
    reader->target = target != NULL && *target != '\0' ? g_strdup (target) : NULL;
    break;
  case ROLE_LIST:
  case ROLE_NUMBERED:
  case ROLE_INDENT:
    reader->out.indent++;
    break;
  case ROLE_ITEM:
    open_item (reader);
    break;
  case ROLE_QUOTE:
    reader->out.quotes++;
    break;
  case ROLE_PRE:
    reader->pre++;
    break;
  case ROLE_TABLE:
    element->data_table = has_border (attributes);
    break;
  case ROLE_CELL:
  case ROLE_HEAD_CELL:
    open_cell (reader, element->role == ROLE_HEAD_CELL, hidden);
    break;
  case ROLE_NONE:
  case ROLE_ROW:
    break;
  }
}

static void
close_role (struct reader *reader, const struct element *element)
{
  switch (element->role) {
  case ROLE_SKIP:
    reader->skip--;
    break;
  case ROLE_LINK:
    close_link (reader);
    break;
  case ROLE_LIST:
  case ROLE_NUMBERED:
  case ROLE_INDENT:
    reader->out.indent--;
    break;
  case ROLE_QUOTE:
    reader->out.quotes--;
    break;
  case ROLE_PRE:
    reader->pre--;
    break;
  case ROLE_NONE:
  case ROLE_BREAK:
  case ROLE_RULE:
  case ROLE_IMAGE:
  case ROLE_ITEM:
  case ROLE_TABLE:
  case ROLE_ROW:
  case ROLE_CELL:
  case ROLE_HEAD_CELL:
    break;
  }
}

static void
start_element (void *data, const xmlChar *name, const xmlChar **attributes)
{
  struct reader *reader = data;
  const char *const *pairs = (const char *const *) attributes;
  watch_clock (reader);
  if (reader->stopped)
    return;
  if (reader->stack->len >= DEPTH_MAX) {
    stop (reader);
    return;
  }
  const struct tag *tag = find_tag ((const char *) name);
  struct element element = { .role = tag->role,
                             .block = tag->block,
                             .look = html_style_look (&top (reader)->look, (const char *) name, pairs) };
  if (reader->skip == 0 || tag->role == ROLE_SKIP) {
    request_break (reader, tag->block);
    open_role (reader, &element, pairs);
  } else
    element.role = ROLE_NONE;
  g_array_append_val (reader->stack, element);
}

static void
end_element (void *data, const xmlChar *name)
{
  struct reader *reader = data;
  watch_clock (reader);
  if (reader->stopped || reader->stack->len <= 1)
    return;
  struct element element = *top (reader);
  close_role (reader, &element);
  g_array_set_size (reader->stack, reader->stack->len - 1);
  if (reader->skip == 0)
    request_break (reader, element.block);
}

static void
characters (void *data, const xmlChar *text, int length)
{
  struct reader *reader = data;
  watch_clock (reader);
  if (reader->stopped || reader->skip > 0 || length <= 0)
    return;
  gboolean hidden = html_style_is_hidden (&top (reader)->look);
  if (reader->target != NULL && reader->link_text->len < LINK_TEXT_MAX)
    g_string_append_len (reader->link_text, (const char *) text, MIN (length, LINK_TEXT_MAX));
  if (reader->pre > 0)
    html_out_pre (&reader->out, (const char *) text, (gsize) length, hidden);
  else
    html_out_words (&reader->out, (const char *) text, (gsize) length, hidden);
}

static void
parse (struct reader *reader, const char *html, gsize size)
{
  htmlParserCtxtPtr parser = htmlNewParserCtxt ();
  if (parser == NULL || parser->sax == NULL)
    return;
  reader->parser = parser;
  *parser->sax = (xmlSAXHandler){ .startElement = start_element,
                                  .endElement = end_element,
                                  .characters = characters,
                                  .ignorableWhitespace = characters };
  parser->userData = reader;
  htmlDocPtr document = htmlCtxtReadMemory (parser, html, (int) size, NULL, "UTF-8",
                                            HTML_PARSE_NONET | HTML_PARSE_RECOVER | HTML_PARSE_NOERROR
                                                | HTML_PARSE_NOWARNING | HTML_PARSE_NODEFDTD);
  if (document != NULL)
    xmlFreeDoc (document);
  htmlFreeParserCtxt (parser);
}

static char *
finish (struct reader *reader)
{
  close_link (reader);
  g_autofree char *text = html_out_finish (&reader->out), *notes = html_links_footnotes (&reader->links);
  g_array_unref (reader->stack);
  g_string_free (reader->link_text, TRUE);
  return g_strconcat (text, reader->stopped ? "\n[This HTML is built to be slow; the rest is left out.]\n" : "",
                      *notes != '\0' ? "\n" : "", notes, NULL);
}

char *
html_to_text (const char *html, gsize size, guint columns)
{
  /* libxml2 ends at a NUL and is confused by broken UTF-8: neither is left. */
  g_autofree char *valid = g_utf8_make_valid (html != NULL ? html : "", (gssize) MIN (size, INPUT_MAX));
  struct element ground = { .look = { .foreground = 0, .background = 0xFFFFFF } };
  struct reader reader = { .stack = g_array_new (FALSE, FALSE, sizeof ground),
                           .link_text = g_string_new (NULL),
                           .deadline_us = g_get_monotonic_time () + TIME_MAX_MS * 1000 };
  g_array_append_val (reader.stack, ground);
  html_out_init (&reader.out, columns);
  reader.out.full = FALSE;
  html_links_init (&reader.links);
  parse (&reader, valid, strlen (valid));
  if (size > INPUT_MAX)
    reader.out.full = TRUE;
  return finish (&reader);
}
