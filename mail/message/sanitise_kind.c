/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Which characters a terminal obeys, which an eye cannot see, and which are what they look like. Unicode 15 and RFC 5892; pure. */
#include "mail/message/sanitise_p.h"

/* Emoji that may stand in a joined sequence (a generous cut of Extended_Pictographic; all of it is visible). */
gboolean
sanitise_kind_is_emoji (gunichar c)
{
  return (c >= 0x1F000 && c <= 0x1FAFF) || (c >= 0x2600 && c <= 0x27BF) || (c >= 0x2190 && c <= 0x21FF)
         || (c >= 0x2300 && c <= 0x23FF) || (c >= 0x25AA && c <= 0x25FE) || (c >= 0x2B00 && c <= 0x2BFF) || c == 0xA9
         || c == 0xAE || c == 0x203C || c == 0x2049 || c == 0x2122 || c == 0x2139 || c == 0x3030 || c == 0x303D
         || c == 0x3297 || c == 0x3299;
}

gboolean
sanitise_kind_is_joining (gunichar c)
{
  gboolean script = (c >= 0x0620 && c <= 0x08FF) || (c >= 0x0900 && c <= 0x0DFF) || (c >= 0x1000 && c <= 0x109F)
                    || (c >= 0x1780 && c <= 0x18AA) || (c >= 0xA840 && c <= 0xA8FF) || (c >= 0xFB50 && c <= 0xFDFB)
                    || (c >= 0xFE70 && c <= 0xFEFC);
  return script && (g_unichar_isalpha (c) || g_unichar_ismark (c));
}

/* Invisible, though Unicode calls them letters or marks; and the noncharacters. */
static gboolean
is_blank_letter (gunichar c)
{
  return c == 0x034F || c == 0x115F || c == 0x1160 || c == 0x17B4 || c == 0x17B5 || (c >= 0x180B && c <= 0x180F)
         || c == 0x3164 || c == 0xFFA0 || c == 0x16FE4 || c == 0x1D159 || (c >= 0xFE00 && c <= 0xFE0D)
         || (c >= 0xE0000 && c <= 0xE0FFF) || (c >= 0x2060 && c <= 0x206F) || (c >= 0xFFF0 && c <= 0xFFFB)
         || (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

enum sanitise_kind
sanitise_kind (gunichar c)
{
  if (c < 0x20 || (c >= 0x7F && c < 0xA0))
    return SANITISE_KIND_CONTROL;
  if (c == 0x200C || c == 0x200D)
    return SANITISE_KIND_JOINER;
  if (c == 0xFE0E || c == 0xFE0F)
    return SANITISE_KIND_SELECTOR;
  if (c == 0x2800) /* a Braille cell without dots */
    return SANITISE_KIND_BLANK;
  if (is_blank_letter (c))
    return SANITISE_KIND_INVISIBLE;
  switch ((int) g_unichar_type (c)) {
  case G_UNICODE_LINE_SEPARATOR:
  case G_UNICODE_PARAGRAPH_SEPARATOR:
    return SANITISE_KIND_SEPARATOR;
  case G_UNICODE_FORMAT:
  case G_UNICODE_SURROGATE:
  case G_UNICODE_PRIVATE_USE: /* looks like whatever the font at hand makes of it: a padlock, say */
    return SANITISE_KIND_INVISIBLE;
  case G_UNICODE_NON_SPACING_MARK:
  case G_UNICODE_ENCLOSING_MARK:
    return SANITISE_KIND_MARK;
  default:
    return SANITISE_KIND_PLAIN;
  }
}
