/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Hidden text taken out again, for replies: a sender must not get back, in a quote, words that the one who answers never saw. Pure. */
#include "mail/message/html.h"

#include <string.h>

char *
html_strip_hidden (const char *text)
{
  GString *out = g_string_new (NULL);
  for (const char *open; (open = strstr (text, HTML_HIDDEN_OPEN)) != NULL;) {
    const char *close = strstr (open, HTML_HIDDEN_CLOSE);
    g_string_append_len (out, text, open - text);
    if (close == NULL)
      return g_string_free (out, FALSE);
    text = close + strlen (HTML_HIDDEN_CLOSE);
  }
  g_string_append (out, text);
  return g_string_free (out, FALSE);
}
