/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The elements of HTML that mean something to a reader of text; all others are only what is in them. Pure. */
#include "mail/message/html_p.h"

static const struct html_tag tags[] = {
  { "script", HTML_BLOCK_NONE, HTML_ROLE_SKIP },
  { "style", HTML_BLOCK_NONE, HTML_ROLE_SKIP },
  { "title", HTML_BLOCK_NONE, HTML_ROLE_SKIP },
  { "template", HTML_BLOCK_NONE, HTML_ROLE_SKIP },
  { "svg", HTML_BLOCK_NONE, HTML_ROLE_SKIP },
  { "math", HTML_BLOCK_NONE, HTML_ROLE_SKIP },
  { "canvas", HTML_BLOCK_NONE, HTML_ROLE_SKIP },
  { "noframes", HTML_BLOCK_NONE, HTML_ROLE_SKIP },
  { "datalist", HTML_BLOCK_NONE, HTML_ROLE_SKIP },
  { "object", HTML_BLOCK_NONE, HTML_ROLE_INERT },
  { "applet", HTML_BLOCK_NONE, HTML_ROLE_INERT },
  { "embed", HTML_BLOCK_NONE, HTML_ROLE_INERT },
  { "iframe", HTML_BLOCK_LINE, HTML_ROLE_INERT },
  { "frame", HTML_BLOCK_LINE, HTML_ROLE_INERT },
  { "audio", HTML_BLOCK_NONE, HTML_ROLE_INERT },
  { "video", HTML_BLOCK_NONE, HTML_ROLE_INERT },
  { "form", HTML_BLOCK_LINE, HTML_ROLE_FORM },
  { "input", HTML_BLOCK_NONE, HTML_ROLE_FIELD },
  { "select", HTML_BLOCK_NONE, HTML_ROLE_FIELD },
  { "textarea", HTML_BLOCK_NONE, HTML_ROLE_FIELD },
  { "button", HTML_BLOCK_NONE, HTML_ROLE_BUTTON },
  { "base", HTML_BLOCK_NONE, HTML_ROLE_BASE },
  { "br", HTML_BLOCK_NONE, HTML_ROLE_BREAK },
  { "hr", HTML_BLOCK_PARAGRAPH, HTML_ROLE_RULE },
  { "img", HTML_BLOCK_NONE, HTML_ROLE_IMAGE },
  { "a", HTML_BLOCK_NONE, HTML_ROLE_LINK },
  { "area", HTML_BLOCK_NONE, HTML_ROLE_LINK },
  { "ul", HTML_BLOCK_LINE, HTML_ROLE_LIST },
  { "ol", HTML_BLOCK_LINE, HTML_ROLE_NUMBERED },
  { "menu", HTML_BLOCK_LINE, HTML_ROLE_LIST },
  { "dir", HTML_BLOCK_LINE, HTML_ROLE_LIST },
  { "li", HTML_BLOCK_LINE, HTML_ROLE_ITEM },
  { "blockquote", HTML_BLOCK_PARAGRAPH, HTML_ROLE_QUOTE },
  { "pre", HTML_BLOCK_PARAGRAPH, HTML_ROLE_PRE },
  { "listing", HTML_BLOCK_PARAGRAPH, HTML_ROLE_PRE },
  { "xmp", HTML_BLOCK_PARAGRAPH, HTML_ROLE_PRE },
  { "plaintext", HTML_BLOCK_PARAGRAPH, HTML_ROLE_PRE },
  { "table", HTML_BLOCK_LINE, HTML_ROLE_TABLE },
  { "tr", HTML_BLOCK_NONE, HTML_ROLE_ROW },
  { "td", HTML_BLOCK_NONE, HTML_ROLE_CELL },
  { "th", HTML_BLOCK_NONE, HTML_ROLE_HEAD_CELL },
  { "caption", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "dd", HTML_BLOCK_LINE, HTML_ROLE_INDENT },
  { "dt", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "dl", HTML_BLOCK_PARAGRAPH, HTML_ROLE_NONE },
  { "sup", HTML_BLOCK_NONE, HTML_ROLE_RAISED },
  { "h1", HTML_BLOCK_PARAGRAPH, HTML_ROLE_HEADING },
  { "h2", HTML_BLOCK_PARAGRAPH, HTML_ROLE_HEADING },
  { "h3", HTML_BLOCK_PARAGRAPH, HTML_ROLE_NONE },
  { "h4", HTML_BLOCK_PARAGRAPH, HTML_ROLE_NONE },
  { "h5", HTML_BLOCK_PARAGRAPH, HTML_ROLE_NONE },
  { "h6", HTML_BLOCK_PARAGRAPH, HTML_ROLE_NONE },
  { "p", HTML_BLOCK_PARAGRAPH, HTML_ROLE_NONE },
  { "div", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "center", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "fieldset", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "legend", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "section", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "article", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "header", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "footer", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "address", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "main", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "nav", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "aside", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "details", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "summary", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "figure", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "figcaption", HTML_BLOCK_LINE, HTML_ROLE_NONE },
  { "body", HTML_BLOCK_LINE, HTML_ROLE_NONE },
};

const struct html_tag *
html_tag_find (const char *name)
{
  static const struct html_tag plain = { "", HTML_BLOCK_NONE, HTML_ROLE_NONE };
  for (gsize i = 0; i < G_N_ELEMENTS (tags); i++)
    if (g_ascii_strcasecmp (name, tags[i].name) == 0)
      return &tags[i];
  return &plain;
}
