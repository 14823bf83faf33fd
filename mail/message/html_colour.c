/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Colours as CSS and old HTML write them. Those that cannot be read are unknown, and nothing is concluded from them. Pure. */
#include "mail/message/html_p.h"

#include <stdlib.h>
#include <string.h>

#define NEAR 28 /* of 255 in each channel: nobody sees that */

static const struct {
  const char *name;
  gint value;
} names[] = {
  { "white", 0xFFFFFF },
  { "snow", 0xFFFAFA },
  { "ivory", 0xFFFFF0 },
  { "ghostwhite", 0xF8F8FF },
  { "whitesmoke", 0xF5F5F5 },
  { "mintcream", 0xF5FFFA },
  { "azure", 0xF0FFFF },
  { "aliceblue", 0xF0F8FF },
  { "floralwhite", 0xFFFAF0 },
  { "honeydew", 0xF0FFF0 },
  { "seashell", 0xFFF5EE },
  { "lightyellow", 0xFFFFE0 },
  { "lavenderblush", 0xFFF0F5 },
  { "oldlace", 0xFDF5E6 },
  { "linen", 0xFAF0E6 },
  { "lightcyan", 0xE0FFFF },
  { "beige", 0xF5F5DC },
  { "cornsilk", 0xFFF8DC },
  { "lavender", 0xE6E6FA },
  { "gainsboro", 0xDCDCDC },
  { "lightgray", 0xD3D3D3 },
  { "lightgrey", 0xD3D3D3 },
  { "silver", 0xC0C0C0 },
  { "darkgray", 0xA9A9A9 },
  { "darkgrey", 0xA9A9A9 },
  { "gray", 0x808080 },
  { "grey", 0x808080 },
  { "dimgray", 0x696969 },
  { "dimgrey", 0x696969 },
  { "black", 0 },
  { "red", 0xFF0000 },
  { "darkred", 0x8B0000 },
  { "maroon", 0x800000 },
  { "crimson", 0xDC143C },
  { "firebrick", 0xB22222 },
  { "tomato", 0xFF6347 },
  { "orangered", 0xFF4500 },
  { "orange", 0xFFA500 },
  { "darkorange", 0xFF8C00 },
  { "gold", 0xFFD700 },
  { "yellow", 0xFFFF00 },
  { "olive", 0x808000 },
  { "lime", 0x00FF00 },
  { "green", 0x008000 },
  { "darkgreen", 0x006400 },
  { "teal", 0x008080 },
  { "aqua", 0x00FFFF },
  { "cyan", 0x00FFFF },
  { "blue", 0x0000FF },
  { "navy", 0x000080 },
  { "darkblue", 0x00008B },
  { "mediumblue", 0x0000CD },
  { "royalblue", 0x4169E1 },
  { "steelblue", 0x4682B4 },
  { "dodgerblue", 0x1E90FF },
  { "skyblue", 0x87CEEB },
  { "lightblue", 0xADD8E6 },
  { "purple", 0x800080 },
  { "indigo", 0x4B0082 },
  { "violet", 0xEE82EE },
  { "magenta", 0xFF00FF },
  { "fuchsia", 0xFF00FF },
  { "pink", 0xFFC0CB },
  { "brown", 0xA52A2A },
  { "tan", 0xD2B48C },
  { "slategray", 0x708090 },
  { "darkslategray", 0x2F4F4F },
  { "transparent", HTML_COLOUR_TRANSPARENT },
  { "inherit", HTML_COLOUR_INHERIT },
  { "currentcolor", HTML_COLOUR_INHERIT },
};

static gint
hex (const char *text)
{
  gsize n = strspn (text, "0123456789abcdefABCDEF");
  gint64 value = n > 0 && n <= 8 ? g_ascii_strtoll (text, NULL, 16) : -1;
  if (n == 8)
    return (value & 0xFF) < 0x10 ? HTML_COLOUR_TRANSPARENT : (gint) (value >> 8);
  if (n == 4) {
    if ((value & 0xF) == 0)
      return HTML_COLOUR_TRANSPARENT;
    value >>= 4;
  }
  if (n == 6)
    return (gint) value;
  if (n == 3 || n == 4)
    return (gint) (((value & 0xF00) * 0x1100) | ((value & 0xF0) * 0x110) | ((value & 0xF) * 0x11));
  return HTML_COLOUR_UNKNOWN;
}

/* The numbers between brackets, per cent of scale where they say so. Returns how many. */
static guint
numbers (const char *text, double scale, double out[4])
{
  const char *p = strchr (text, '(');
  guint count = 0;
  while (p != NULL && count < 4) {
    char *end = NULL;
    p++;
    p += strspn (p, " \t");
    out[count] = g_ascii_strtod (p, &end);
    if (end == p)
      return count;
    if (*end == '%') {
      out[count] *= (count == 3 ? 1.0 : scale) / 100;
      end++;
    }
    count++;
    p = end + strspn (end, " \t");
    if (*p == ')' || *p == '\0')
      return count;
    if (*p != ',' && *p != '/')
      p--; /* blanks alone divide */
  }
  return count;
}

static gint
channel (double value)
{
  return (gint) CLAMP (value, 0, 255);
}

static gint
rgb (const char *text)
{
  double part[4];
  guint count = numbers (text, 255, part);
  if (count < 3)
    return HTML_COLOUR_UNKNOWN;
  if (count == 4 && part[3] < 0.1)
    return HTML_COLOUR_TRANSPARENT;
  return channel (part[0]) << 16 | channel (part[1]) << 8 | channel (part[2]);
}

/* Of hue, saturation and lightness only the ends matter: what is nearly white or nearly black. */
static gint
hsl (const char *text)
{
  double part[4];
  guint count = numbers (text, 1, part);
  if (count < 3)
    return HTML_COLOUR_UNKNOWN;
  if (count == 4 && part[3] < 0.1)
    return HTML_COLOUR_TRANSPARENT;
  return part[2] >= 0.97 ? 0xFFFFFF : part[2] <= 0.03 ? 0 : HTML_COLOUR_UNKNOWN;
}

gint
html_colour (const char *text)
{
  text += strspn (text, " \t\r\n");
  if (*text == '#')
    return hex (text + 1);
  if (g_ascii_strncasecmp (text, "rgb", 3) == 0)
    return rgb (text);
  if (g_ascii_strncasecmp (text, "hsl", 3) == 0)
    return hsl (text);
  gsize length = strspn (text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (strlen (names[i].name) == length && g_ascii_strncasecmp (text, names[i].name, length) == 0)
      return names[i].value;
  /* <font color=ffffff> needs no # */
  return strspn (text, "0123456789abcdefABCDEF") == 6 && strlen (text) == 6 ? hex (text) : HTML_COLOUR_UNKNOWN;
}

gboolean
html_colour_is_near (gint a, gint b)
{
  for (int shift = 0; shift <= 16; shift += 8)
    if (abs (((a >> shift) & 0xFF) - ((b >> shift) & 0xFF)) > NEAR)
      return FALSE;
  return TRUE;
}
