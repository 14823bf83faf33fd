/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Can an element be seen? From its own attributes and those around it: display, visibility, size, and text in the colour of its ground.
 *
 * Style sheets are not read, so this is a hint for the reader ("hidden: ...") and no filter: nothing is dropped for it. Pure. */
#include "mail/message/html_p.h"

#include <stdlib.h>
#include <string.h>

#define NEAR 24 /* of 255 in each channel: nobody sees that */

const char *
html_style_attribute (const char *const *attributes, const char *name)
{
  for (gsize i = 0; attributes != NULL && attributes[i] != NULL; i += 2)
    if (g_ascii_strcasecmp (attributes[i], name) == 0)
      return attributes[i + 1] != NULL ? attributes[i + 1] : "";
  return NULL;
}

/* The value of one property, lower-case and without blanks; NULL: not set. The last one counts. */
static char *
property (const char *style, const char *name)
{
  char *found = NULL;
  g_auto (GStrv) rules = g_strsplit (style, ";", 200);
  for (char **rule = rules; *rule != NULL; rule++) {
    char *colon = strchr (*rule, ':');
    if (colon == NULL)
      continue;
    *colon = '\0';
    if (g_ascii_strcasecmp (g_strstrip (*rule), name) != 0)
      continue;
    g_free (found);
    found = g_ascii_strdown (g_strstrip (colon + 1), -1);
    char *important = strstr (found, "!important");
    if (important != NULL) {
      *important = '\0';
      g_strchomp (found);
    }
  }
  return found;
}

static const struct {
  const char *name;
  gint value;
} colours[] = {
  { "white", 0xFFFFFF },      { "black", 0 },
  { "red", 0xFF0000 },        { "blue", 0x0000FF },
  { "green", 0x008000 },      { "gray", 0x808080 },
  { "grey", 0x808080 },       { "silver", 0xC0C0C0 },
  { "yellow", 0xFFFF00 },     { "navy", 0x000080 },
  { "snow", 0xFFFAFA },       { "ivory", 0xFFFFF0 },
  { "ghostwhite", 0xF8F8FF }, { "whitesmoke", 0xF5F5F5 },
  { "transparent", -2 },
};

static gint
hex_colour (const char *text)
{
  gsize n = strspn (text, "0123456789abcdefABCDEF");
  long value = n > 0 && n <= 8 ? strtol (text, NULL, 16) : -1;
  if (n == 6)
    return (gint) value;
  if (n == 3)
    return (gint) (((value & 0xF00) * 0x1100) | ((value & 0xF0) * 0x110) | ((value & 0xF) * 0x11));
  return -1;
}

/* 0xRRGGBB, -2 transparent, -1 unknown. */
static gint
colour (const char *text)
{
  text += strspn (text, " \t");
  if (*text == '#')
    return hex_colour (text + 1);
  if (g_ascii_strncasecmp (text, "rgb", 3) == 0) {
    const char *p = strchr (text, '(');
    gint value = 0;
    for (int i = 0; p != NULL && i < 3; i++) {
      char *end = NULL;
      long channel = strtol (p + 1, &end, 10);
      if (end == p + 1 || channel < 0 || channel > 255)
        return -1;
      value = value << 8 | (gint) channel;
      p = end + strspn (end, " ");
      if (i < 2 && *p != ',')
        return -1;
    }
    return p != NULL ? value : -1;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (colours); i++)
    if (g_ascii_strcasecmp (text, colours[i].name) == 0)
      return colours[i].value;
  return -1;
}

static gboolean
is_near (gint a, gint b)
{
  for (int shift = 0; shift <= 16; shift += 8)
    if (abs (((a >> shift) & 0xFF) - ((b >> shift) & 0xFF)) > NEAR)
      return FALSE;
  return TRUE;
}

/* font-size:0, 1px and the like. */
static gboolean
is_tiny (const char *value)
{
  char *end = NULL;
  double number = g_ascii_strtod (value, &end);
  if (end == value)
    return FALSE;
  return number == 0 || (number < 2 && (g_str_has_prefix (end, "px") || g_str_has_prefix (end, "pt")))
         || (number < 10 && *end == '%');
}

static gboolean
says (const char *style, const char *name, const char *value)
{
  g_autofree char *own = property (style, name);
  return own != NULL && strcmp (own, value) == 0;
}

static gboolean
is_zero (const char *style, const char *name)
{
  g_autofree char *own = property (style, name);
  char *end = NULL;
  return own != NULL && g_ascii_strtod (own, &end) == 0 && end != own;
}

static gboolean
style_hides (const char *style)
{
  g_autofree char *size = property (style, "font-size");
  return says (style, "display", "none") || says (style, "visibility", "hidden")
         || says (style, "visibility", "collapse") || says (style, "mso-hide", "all") || is_zero (style, "opacity")
         || (size != NULL && is_tiny (size))
         || ((is_zero (style, "max-height") || is_zero (style, "height")) && says (style, "overflow", "hidden"));
}

/* A ground that is named wins; a picture or a gradient makes it unknown. */
static void
take_background (struct html_look *look, const char *value)
{
  if (value == NULL)
    return;
  gint own = colour (value);
  if (own != -2)
    look->background = strstr (value, "url(") != NULL || strstr (value, "gradient") != NULL ? -1 : own;
}

static void
take_foreground (struct html_look *look, const char *value)
{
  if (value != NULL)
    look->foreground = colour (value);
}

struct html_look
html_style_look (const struct html_look *parent, const char *element, const char *const *attributes)
{
  struct html_look look = *parent;
  const char *style = html_style_attribute (attributes, "style");
  take_background (&look, html_style_attribute (attributes, "bgcolor"));
  if (html_style_attribute (attributes, "background") != NULL)
    look.background = -1;
  if (g_ascii_strcasecmp (element, "font") == 0)
    take_foreground (&look, html_style_attribute (attributes, "color"));
  if (style != NULL) {
    g_autofree char *back = property (style, "background"), *back_colour = property (style, "background-color");
    g_autofree char *fore = property (style, "color");
    take_background (&look, back);
    take_background (&look, back_colour);
    take_foreground (&look, fore);
    look.hidden |= style_hides (style);
  }
  look.hidden |= html_style_attribute (attributes, "hidden") != NULL;
  return look;
}

/* Colours are judged where text stands, not where they are named: a dark table may be named before its light letters. */
gboolean
html_style_is_hidden (const struct html_look *look)
{
  return look->hidden || look->foreground == -2
         || (look->foreground >= 0 && look->background >= 0 && is_near (look->foreground, look->background));
}
