/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Comments of HTML as browsers read them, where libxml2 reads them otherwise. Pure. */
#include "mail/message/html_p.h"

#include <string.h>

static void
blank (char *from, const char *to)
{
  memset (from, ' ', (gsize) (to - from));
}

/* "<![if x]>" is one, "<!-->" is a whole one, "--!>" ends one. */
void
html_comment_tidy (char *html)
{
  for (char *p = html; (p = strstr (p, "<!")) != NULL;) {
    if (p[2] == '[') {
      char *end = strchr (p, '>');
      if (end == NULL)
        return;
      blank (p, end + 1);
      p = end;
    } else if (g_str_has_prefix (p, "<!-->") || g_str_has_prefix (p, "<!--->")) {
      char *end = strchr (p, '>');
      blank (p, end + 1);
      p = end;
    } else if (g_str_has_prefix (p, "<!--")) {
      char *end = strstr (p + 4, "--");
      while (end != NULL && end[2] != '>' && !(end[2] == '!' && end[3] == '>'))
        end = strstr (end + 1, "--");
      if (end == NULL)
        return;
      if (end[2] == '!')
        memcpy (end, "--> ", 4);
      p = end + 3;
    } else
      p += 2;
  }
}
