/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the HTML reader share: the writer of lines, the links, and what a style says. */
#pragma once
#include "mail/message/html.h"

/* ---- html_out.c: words and breaks to lines ---- */
struct html_out {
  GString *text;
  guint columns;
  guint newlines;     /* wanted before the next word */
  gboolean space;     /* wanted before the next word */
  gboolean line_open; /* the current line has its prefix */
  gboolean hidden;    /* inside a hidden mark */
  gboolean full;      /* the limit is reached: the rest is dropped, and said so */
  guint quotes, indent;
  char *bullet; /* stands before the next word; NULL */
  gsize line_start;
};
void html_out_init (struct html_out *out, guint columns);
void html_out_words (struct html_out *out, const char *text, gsize size, gboolean hidden); /* white space folded */
void html_out_pre (struct html_out *out, const char *text, gsize size, gboolean hidden);   /* kept as it is */
void html_out_mark (struct html_out *out, const char *text, gboolean hidden); /* a word of ours: brackets are kept */
void html_out_break (struct html_out *out, guint newlines);                   /* at least so many before what comes */
char *html_out_finish (struct html_out *out);

/* ---- html_style.c: can it be seen? ---- */
struct html_look {
  gint foreground, background; /* 0xRRGGBB; -1: not known */
  gboolean hidden;
};
/* The look of an element inside one of look parent. attributes: name, value, ..., NULL. */
struct html_look html_style_look (const struct html_look *parent, const char *element, const char *const *attributes);
gboolean html_style_is_hidden (const struct html_look *look); /* of text in an element of this look */
const char *html_style_attribute (const char *const *attributes, const char *name); /* NULL */

/* ---- html_link.c: footnotes ---- */
struct html_links {
  GPtrArray *targets;
};
void html_links_init (struct html_links *links);
/* What stands behind a link's text: " [3]", or a warning where the text names another host; NULL: nothing. */
char *html_links_mark (struct html_links *links, const char *target, const char *text);
char *html_links_footnotes (struct html_links *links); /* and clears */
