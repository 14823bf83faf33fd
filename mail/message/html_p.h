/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the HTML reader share: the writer of lines, tables, the links, and what styles say. */
#pragma once
#include "mail/message/html.h"

/* ---- html_out.c: words and breaks to lines ---- */
struct html_out {
  GString *text;
  guint columns;
  guint newlines;     /* wanted before the next word */
  gboolean space;     /* wanted before the next word */
  gboolean line_open; /* the current line has its prefix */
  gboolean full;      /* the limit is reached: the rest is dropped, and said so */
  guint quotes, indent;
  char *bullet;          /* stands before the next word; NULL */
  GString *secret;       /* hidden text under way: it becomes one short mark; NULL: none */
  gsize secret_left_out; /* characters of it that are not shown */
  gsize line_start;
};
void html_out_init (struct html_out *out, guint columns);
void html_out_words (struct html_out *out, const char *text, gsize size, gboolean hidden); /* white space folded */
void html_out_pre (struct html_out *out, const char *text, gsize size, gboolean hidden);   /* kept as it is */
void html_out_mark (struct html_out *out, const char *text, gboolean hidden); /* a word of ours: brackets are kept */
void html_out_line (struct html_out *out, const char *line, gsize size);      /* made by another html_out: as it is */
void html_out_break (struct html_out *out, guint newlines);                   /* at least so many before what comes */
char *html_out_finish (struct html_out *out);                                 /* and clears */

/* ---- html_tag.c: what each element is to a reader ---- */
enum html_block { HTML_BLOCK_NONE = 0, HTML_BLOCK_LINE, HTML_BLOCK_PARAGRAPH };
enum html_role {
  HTML_ROLE_NONE = 0,
  HTML_ROLE_SKIP,  /* nothing in it is text */
  HTML_ROLE_INERT, /* the same, and it is named */
  HTML_ROLE_FIELD, /* of a form */
  HTML_ROLE_BUTTON,
  HTML_ROLE_FORM,
  HTML_ROLE_BASE,
  HTML_ROLE_BREAK,
  HTML_ROLE_RULE,
  HTML_ROLE_IMAGE,
  HTML_ROLE_LINK,
  HTML_ROLE_LIST,
  HTML_ROLE_NUMBERED,
  HTML_ROLE_ITEM,
  HTML_ROLE_QUOTE,
  HTML_ROLE_PRE,
  HTML_ROLE_HEADING,
  HTML_ROLE_RAISED,
  HTML_ROLE_TABLE,
  HTML_ROLE_ROW,
  HTML_ROLE_CELL,
  HTML_ROLE_HEAD_CELL,
  HTML_ROLE_INDENT,
};
struct html_tag {
  const char *name;
  enum html_block block;
  enum html_role role;
};
const struct html_tag *html_tag_find (const char *name); /* never NULL */

/* ---- html_comment.c ---- */
void html_comment_tidy (char *html); /* in place: "<![if x]>" becomes blanks, "<!-->" too, "--!>" ends a comment */

/* ---- html_table.c: cells to columns ---- */
struct html_table;
struct html_table *html_table_new (const char *const *attributes);
void html_table_row (struct html_table *table);
/* A new cell's writer; NULL: the table is full, and what comes belongs to the last cell. Borrowed, valid until the table is written. */
struct html_out *html_table_cell (struct html_table *table, gboolean head, const char *const *attributes);
void html_table_nested (struct html_table *table); /* the cell that is open holds a table of its own */
void html_table_write (struct html_table *table_take, struct html_out *out);
guint html_table_width (const char *text, gsize size); /* columns on a terminal */

/* ---- html_css.c: declarations ---- */
enum html_property {
  HTML_DISPLAY,    /* 1: none */
  HTML_VISIBILITY, /* 1: hidden */
  HTML_OPACITY,    /* 0 to 1 */
  HTML_FONT_SIZE,  /* pixels, or a factor if relative */
  HTML_COLOUR,     /* as of html_colour */
  HTML_BACKGROUND, /* as of html_colour */
  HTML_POSITION,   /* 1: it can be moved */
  HTML_LEFT,       /* pixels, as all the lengths below */
  HTML_TOP,
  HTML_RIGHT,
  HTML_BOTTOM,
  HTML_INDENT,
  HTML_MARGIN_LEFT,
  HTML_MARGIN_TOP,
  HTML_HEIGHT,
  HTML_MAX_HEIGHT,
  HTML_WIDTH,
  HTML_MAX_WIDTH,
  HTML_OVERFLOW, /* 1: what does not fit is not seen */
  HTML_CLIP,     /* 1: to nothing */
  HTML_STRUCK,   /* 1: a line goes through it */
  HTML_PROPERTY_COUNT,
};
struct html_declaration {
  enum html_property property;
  gboolean important, relative;
  double number;
};
/* Appends what a style attribute or the body of a rule says of the properties above. */
void html_css_declarations (const char *text, gsize size, GArray *out);

#define HTML_COLOUR_UNKNOWN (-1)
#define HTML_COLOUR_TRANSPARENT (-2)
#define HTML_COLOUR_INHERIT (-3)
gint html_colour (const char *text);           /* 0xRRGGBB, or one of these */
gboolean html_colour_is_near (gint a, gint b); /* nobody could tell them apart */

/* ---- html_sheet.c: style sheets ---- */
struct html_sheet;
/* What selectors can ask of an element. Borrowed strings; "" where there is none. */
struct html_identity {
  const char *tag, *id, *classes;
  guint place; /* among its parent's children, from 1 */
};
struct html_sheet *html_sheet_new (void);
void html_sheet_free (struct html_sheet *sheet);
void html_sheet_add (struct html_sheet *sheet, const char *css, gsize size);
typedef void (*html_sheet_found_fn) (const struct html_declaration *declaration, guint64 rank, gpointer data);
/* Each declaration for the last of path, in no order. path: the element and those around it, outermost first. */
void html_sheet_match (struct html_sheet *sheet, const struct html_identity *path, guint count,
                       const char *const *attributes, html_sheet_found_fn found, gpointer data);

/* ---- html_style.c: can it be seen? ---- */
struct html_look {
  gint foreground, background; /* 0xRRGGBB, or unknown */
  double font_px, opacity;
  gboolean invisible;     /* until something inside is made visible again */
  gboolean gone;          /* for good */
  gboolean struck;        /* this very element is struck out */
  gboolean struck_inside; /* the cells and items in it are */
};
/* The look of the last element of path inside one of look parent. attributes: name, value, ..., NULL. sheet may be NULL. */
struct html_look html_style_look (const struct html_look *parent, struct html_sheet *sheet,
                                  const struct html_identity *path, guint count, const char *const *attributes);
gboolean html_style_is_hidden (const struct html_look *look); /* of text in an element of this look */
const char *html_style_attribute (const char *const *attributes, const char *name); /* NULL */

/* ---- html_link.c: footnotes ---- */
struct html_links {
  GPtrArray *targets;
  char *base; /* of relative links; NULL */
  guint left_out;
};
void html_links_init (struct html_links *links);
void html_links_base (struct html_links *links, const char *base);
/* What stands behind a link's text: " [3]", or a warning where the text names another host; NULL: nothing. */
char *html_links_mark (struct html_links *links, const char *target, const char *text);
char *html_links_footnotes (struct html_links *links); /* and clears */

/* ---- html_host.c: where a target leads ---- */
struct html_target {
  char *clean;      /* the target as a browser would read it, one line */
  char *scheme;     /* lower-case; "": none */
  char *host;       /* lower-case, as the net knows it (ASCII); NULL: it leads to no host */
  char *host_shown; /* with what it looks like, where that differs; NULL as host */
  gboolean web;     /* http or https */
  const char *note; /* a few words of warning; NULL */
};
void html_target_init (struct html_target *target, const char *raw, const char *base_or_null);
void html_target_clear (struct html_target *target);
/* The host that a text names, lower-case, if it looks like a web address at all; NULL otherwise. */
char *html_target_named (const char *text);
