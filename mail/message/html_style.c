/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Can an element be seen? From style sheets, its own attributes and those around it: display, visibility, size, place, and text in the colour
 * of its ground.
 *
 * A hint for the reader ("hidden: ...") and no filter: nothing is dropped for it. Pure. */
#include "mail/message/html_p.h"

#include <stdlib.h>
#include <string.h>

#define FAR_PX 500.0 /* out of the picture, to the left or above */
#define BEYOND_PX 5000.0
#define INDENT_PX 400.0
#define TINY_PX 2.5 /* of letters */
#define FLAT_PX 1.5 /* of a box that cuts off what does not fit */
#define LINK_COLOUR 0x0000EE

const char *
html_style_attribute (const char *const *attributes, const char *name)
{
  for (gsize i = 0; attributes != NULL && attributes[i] != NULL; i += 2)
    if (g_ascii_strcasecmp (attributes[i], name) == 0)
      return attributes[i + 1] != NULL ? attributes[i + 1] : "";
  return NULL;
}

/* For each property, what wins. rank 0: nobody said anything. */
struct cascade {
  struct {
    guint64 rank;
    struct html_declaration declaration;
  } of[HTML_PROPERTY_COUNT];
};

#define RANK_IMPORTANT (1ull << 62)
#define RANK_INLINE (1ull << 61)
#define RANK_SHEET (1ull << 60)

static void
take (const struct html_declaration *declaration, guint64 rank, gpointer data)
{
  struct cascade *cascade = data;
  rank |= RANK_SHEET | (declaration->important ? RANK_IMPORTANT : 0);
  if (rank >= cascade->of[declaration->property].rank) {
    cascade->of[declaration->property].rank = rank;
    cascade->of[declaration->property].declaration = *declaration;
  }
}

/* What HTML's own attributes say is weaker than any style. */
static void
take_attribute (struct cascade *cascade, enum html_property property, double number)
{
  if (cascade->of[property].rank == 0) {
    cascade->of[property].rank = 1;
    cascade->of[property].declaration = (struct html_declaration){ .property = property, .number = number };
  }
}

static void
take_attributes (struct cascade *cascade, const char *tag, const char *const *attributes)
{
  const char *ground = html_style_attribute (attributes, "bgcolor"), *letters = NULL;
  if (html_style_attribute (attributes, "background") != NULL)
    take_attribute (cascade, HTML_BACKGROUND, HTML_COLOUR_UNKNOWN);
  if (ground != NULL)
    take_attribute (cascade, HTML_BACKGROUND, html_colour (ground));
  if (g_ascii_strcasecmp (tag, "font") == 0 || g_ascii_strcasecmp (tag, "basefont") == 0)
    letters = html_style_attribute (attributes, "color");
  else if (g_ascii_strcasecmp (tag, "body") == 0)
    letters = html_style_attribute (attributes, "text");
  if (letters != NULL)
    take_attribute (cascade, HTML_COLOUR, html_colour (letters));
  else if (g_ascii_strcasecmp (tag, "a") == 0 && html_style_attribute (attributes, "href") != NULL)
    take_attribute (cascade, HTML_COLOUR, LINK_COLOUR);
  if (html_style_attribute (attributes, "hidden") != NULL)
    take_attribute (cascade, HTML_DISPLAY, 1);
  if (g_ascii_strcasecmp (tag, "s") == 0 || g_ascii_strcasecmp (tag, "strike") == 0
      || g_ascii_strcasecmp (tag, "del") == 0)
    take_attribute (cascade, HTML_STRUCK, 1);
}

static double
number_of (const struct cascade *cascade, enum html_property property, double otherwise)
{
  return cascade->of[property].rank > 0 ? cascade->of[property].declaration.number : otherwise;
}

static gboolean
is_outside (const struct cascade *cascade)
{
  double left = number_of (cascade, HTML_LEFT, 0), top = number_of (cascade, HTML_TOP, 0);
  double right = number_of (cascade, HTML_RIGHT, 0), bottom = number_of (cascade, HTML_BOTTOM, 0);
  gboolean moved = number_of (cascade, HTML_POSITION, 0) > 0
                   && (left < -FAR_PX || left > BEYOND_PX || top < -FAR_PX || top > 100 * BEYOND_PX || right < -FAR_PX
                       || right > BEYOND_PX || bottom < -FAR_PX);
  double indent = number_of (cascade, HTML_INDENT, 0);
  return moved || indent < -INDENT_PX || indent > BEYOND_PX || number_of (cascade, HTML_MARGIN_LEFT, 0) < -FAR_PX
         || number_of (cascade, HTML_MARGIN_TOP, 0) < -FAR_PX;
}

static gboolean
is_flat (const struct cascade *cascade)
{
  double height = MIN (number_of (cascade, HTML_HEIGHT, BEYOND_PX), number_of (cascade, HTML_MAX_HEIGHT, BEYOND_PX));
  double width = MIN (number_of (cascade, HTML_WIDTH, BEYOND_PX), number_of (cascade, HTML_MAX_WIDTH, BEYOND_PX));
  return number_of (cascade, HTML_OVERFLOW, 0) > 0 && (height < FLAT_PX || width < FLAT_PX);
}

static void
take_colours (struct html_look *look, const struct cascade *cascade)
{
  gint ground = (gint) number_of (cascade, HTML_BACKGROUND, HTML_COLOUR_TRANSPARENT);
  gint letters = (gint) number_of (cascade, HTML_COLOUR, HTML_COLOUR_INHERIT);
  if (ground != HTML_COLOUR_TRANSPARENT)
    look->background = ground;
  if (letters != HTML_COLOUR_INHERIT)
    look->foreground = letters;
}

struct html_look
html_style_look (const struct html_look *parent, struct html_sheet *sheet, const struct html_identity *path,
                 guint count, const char *const *attributes)
{
  struct html_look look = *parent;
  struct cascade cascade = { 0 };
  const char *style = html_style_attribute (attributes, "style");
  look.struck = FALSE;
  if (sheet != NULL)
    html_sheet_match (sheet, path, count, attributes, take, &cascade);
  if (style != NULL) {
    g_autoptr (GArray) own = g_array_new (FALSE, FALSE, sizeof (struct html_declaration));
    html_css_declarations (style, strlen (style), own);
    for (guint i = 0; i < own->len; i++)
      take (&g_array_index (own, struct html_declaration, i), RANK_INLINE, &cascade);
  }
  take_attributes (&cascade, path[count - 1].tag, attributes);
  take_colours (&look, &cascade);
  if (cascade.of[HTML_FONT_SIZE].rank > 0) {
    const struct html_declaration *size = &cascade.of[HTML_FONT_SIZE].declaration;
    look.font_px = size->relative ? look.font_px * size->number : size->number;
  }
  look.opacity *= CLAMP (number_of (&cascade, HTML_OPACITY, 1), 0, 1);
  look.invisible = number_of (&cascade, HTML_VISIBILITY, look.invisible) > 0;
  look.struck = number_of (&cascade, HTML_STRUCK, 0) > 0;
  look.gone |= number_of (&cascade, HTML_DISPLAY, 0) > 0 || number_of (&cascade, HTML_CLIP, 0) > 0 || is_flat (&cascade)
               || is_outside (&cascade);
  return look;
}

/* Colours are judged where text stands, not where they are named: a dark table may be named before its light letters. */
gboolean
html_style_is_hidden (const struct html_look *look)
{
  return look->gone || look->invisible || look->font_px < TINY_PX || look->opacity < 0.08
         || look->foreground == HTML_COLOUR_TRANSPARENT
         || (look->foreground >= 0 && look->background >= 0
             && html_colour_is_near (look->foreground, look->background));
}
