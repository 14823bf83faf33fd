/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is open while HTML is read, and what each element does to the text; html.c drives it with the parser's events. */
#pragma once
#include "mail/message/html_p.h"

/* One open element. items: numbers given out in a list, or cells seen in a row. */
struct html_element {
  enum html_role role;
  enum html_block block;
  struct html_look look;
  char *tag, *id, *classes;
  guint items, children, place;
  struct html_table *table; /* that begins here; NULL */
  struct html_out *cell;    /* that begins here; NULL */
  struct html_out *out_before;
};

struct html_reader {
  gpointer parser;            /* libxml2's */
  struct html_out page, *out; /* out: where text goes now, the page or a cell */
  struct html_links links;
  struct html_sheet *sheet;
  GArray *stack; /* struct html_element */
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

struct html_element *html_element_top (struct html_reader *reader);
void html_element_open (struct html_reader *reader, struct html_element *element, const char *const *attributes);
void html_element_close (struct html_reader *reader, const struct html_element *element);
void html_element_break (struct html_reader *reader, enum html_block block);
gboolean html_element_is_hidden (struct html_reader *reader); /* text that would stand here */
/* The link that is open is told where its text ends; nothing, if none is. */
void html_element_close_link (struct html_reader *reader);
void html_element_note_link (struct html_reader *reader, const char *text, gsize size);
void html_element_mark_raised (struct html_reader *reader, const char *text, gboolean hidden);
