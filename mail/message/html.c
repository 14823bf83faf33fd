/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* HTML to text: the events of libxml2's HTML parser become words, breaks, bullets, cells and links. Filter worker only.
 *
 * No tree is built: an element costs one entry of a stack, whose depth is bounded, so that a million nested elements are only slow, and
 * slow is bounded too. The text is read twice where it has style sheets, which may stand after what they hide. Nothing in the input names
 * anything that is fetched or run. */
#include "mail/message/html_element.h"

#include <libxml/HTMLparser.h>
#include <string.h>

#define INPUT_MAX (8u * 1024 * 1024)
#define DEPTH_MAX 600        /* the parser looks through all that is open at every end tag */
#define PATH_MAX_ELEMENTS 40 /* around an element, for selectors */
#define NAME_MAX_BYTES 300
#define TIME_MAX_MS 1500 /* of the clock on the wall: somebody waits */

static void
stop (struct html_reader *reader, const char *sentence)
{
  reader->stopped = sentence;
  xmlStopParser ((xmlParserCtxtPtr) reader->parser);
}

static void
watch_clock (struct html_reader *reader)
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

static char *
bounded (const char *text)
{
  return g_strndup (text != NULL ? text : "", NAME_MAX_BYTES);
}

static struct html_look
look_of (struct html_reader *reader, const struct html_element *element, const char *const *attributes)
{
  struct html_identity path[PATH_MAX_ELEMENTS];
  guint open = reader->stack->len - 1, around = MIN (open, PATH_MAX_ELEMENTS - 1), count = 0;
  for (guint i = open - around; i < open; i++) {
    const struct html_element *outer = &g_array_index (reader->stack, struct html_element, i + 1);
    path[count++] = (struct html_identity){ outer->tag, outer->id, outer->classes, outer->place };
  }
  path[count++] = (struct html_identity){ element->tag, element->id, element->classes, element->place };
  return html_style_look (&html_element_top (reader)->look, reader->sheet, path, count, attributes);
}

/* What is struck out is said where text stands: in the cells of a row, the items of a list. */
static void
pass_struck_on (const struct html_look *around, struct html_element *element)
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
  struct html_reader *reader = data;
  const char *const *pairs = (const char *const *) attributes;
  watch_clock (reader);
  if (reader->stopped != NULL)
    return;
  if (reader->stack->len >= DEPTH_MAX) {
    stop (reader, "This HTML is nested deeper than any letter is; the rest is left out.");
    return;
  }
  const struct html_tag *tag = html_tag_find ((const char *) name);
  struct html_element element = { .role = tag->role,
                                  .block = tag->block,
                                  .tag = bounded ((const char *) name),
                                  .id = bounded (html_style_attribute (pairs, "id")),
                                  .classes = bounded (html_style_attribute (pairs, "class")),
                                  .place = ++html_element_top (reader)->children };
  element.look = look_of (reader, &element, pairs);
  pass_struck_on (&html_element_top (reader)->look, &element);
  if (reader->skip == 0) {
    html_element_break (reader, tag->block);
    html_element_open (reader, &element, pairs);
  } else
    element.role = HTML_ROLE_NONE;
  g_array_append_val (reader->stack, element);
}

static void
element_clear (gpointer data)
{
  struct html_element *element = data;
  g_free (element->tag);
  g_free (element->id);
  g_free (element->classes);
}

static void
close_top (struct html_reader *reader)
{
  struct html_element element = *html_element_top (reader);
  html_element_close (reader, &element);
  if (reader->skip == 0)
    html_element_break (reader, element.block);
  g_array_set_size (reader->stack, reader->stack->len - 1);
}

static void
end_element (void *data, const xmlChar *name)
{
  struct html_reader *reader = data;
  watch_clock (reader);
  if (reader->stopped == NULL && reader->stack->len > 1)
    close_top (reader);
}

static void
characters (void *data, const xmlChar *text, int length)
{
  struct html_reader *reader = data;
  watch_clock (reader);
  if (reader->stopped != NULL || reader->skip > 0 || length <= 0)
    return;
  gboolean hidden = html_element_is_hidden (reader);
  html_element_note_link (reader, (const char *) text, (gsize) length);
  if (reader->raised)
    html_element_mark_raised (reader, (const char *) text, hidden);
  if (reader->pre > 0)
    html_out_pre (reader->out, (const char *) text, (gsize) length, hidden);
  else
    html_out_words (reader->out, (const char *) text, (gsize) length, hidden);
}

/* ---- The first reading: style sheets alone ---- */

static void
style_start (void *data, const xmlChar *name, const xmlChar **attributes)
{
  struct html_reader *reader = data;
  watch_clock (reader);
  reader->in_style = g_ascii_strcasecmp ((const char *) name, "style") == 0;
}

static void
style_end (void *data, const xmlChar *name)
{
  struct html_reader *reader = data;
  watch_clock (reader);
  if (reader->in_style)
    g_string_append_c (reader->style, '\n');
  reader->in_style = FALSE;
}

static void
style_text (void *data, const xmlChar *text, int length)
{
  struct html_reader *reader = data;
  if (reader->in_style && length > 0 && reader->style->len < INPUT_MAX)
    g_string_append_len (reader->style, (const char *) text, length);
}

static void
parse (struct html_reader *reader, const xmlSAXHandler *events, const char *html, gsize size)
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

static gboolean
names_style (const char *html)
{
  for (const char *p = html; (p = strchr (p, '<')) != NULL; p++)
    if (g_ascii_strncasecmp (p, "<style", 6) == 0)
      return TRUE;
  return FALSE;
}

static void
read_styles (struct html_reader *reader, const char *html, gsize size)
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
finish (struct html_reader *reader)
{
  html_element_close_link (reader);
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
  struct html_element ground = { .look = { .foreground = 0, .background = 0xFFFFFF, .font_px = 16, .opacity = 1 } };
  struct html_reader reader = { .stack = g_array_new (FALSE, FALSE, sizeof ground),
                                .link_text = g_string_new (NULL),
                                .deadline_us = g_get_monotonic_time () + TIME_MAX_MS * 1000 };
  g_array_set_clear_func (reader.stack, element_clear);
  g_array_append_val (reader.stack, ground);
  html_out_init (&reader.page, columns);
  reader.out = &reader.page;
  html_links_init (&reader.links);
  html_comment_tidy (valid);
  read_styles (&reader, valid, strlen (valid));
  if (reader.stopped == NULL)
    parse (&reader, &events, valid, strlen (valid));
  reader.page.full |= size > INPUT_MAX;
  return finish (&reader);
}
