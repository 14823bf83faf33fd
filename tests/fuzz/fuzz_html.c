/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as HTML: the text is valid, bounded, and safe to show once it has passed the sanitiser; the mark of hidden text cannot be forged,
 * and its removal leaves none. The sanitiser leaves alone what it made itself. */
#include "tests/fuzz/fuzz.h"
#include "mail/message/html.h"
#include "mail/message/quote.h"
#include "mail/message/sanitise.h"

#define TEXT_MAX (5u * 1024 * 1024)

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  guint columns = size > 0 ? data[0] % 4 * 20 : 0;
  g_autofree char *text = html_to_text ((const char *) data, size, columns);
  FUZZ_TRUE (g_utf8_validate (text, -1, NULL) && strlen (text) <= TEXT_MAX);
  g_autofree char *clean = sanitise (text, -1, SANITISE_TEXT);
  FUZZ_TRUE (fuzz_is_clean (clean, TRUE));
  g_autofree char *again = sanitise (clean, -1, SANITISE_TEXT);
  FUZZ_TRUE (strcmp (clean, again) == 0);
  g_autofree char *visible = html_strip_hidden (clean);
  FUZZ_TRUE (strstr (visible, HTML_HIDDEN_OPEN) == NULL && strlen (visible) <= strlen (clean));
  g_autofree char *quote = quote_text (visible);
  FUZZ_TRUE (fuzz_is_clean (quote, TRUE));
  g_autofree char *raw = sanitise ((const char *) data, (gssize) size, SANITISE_LINE);
  FUZZ_TRUE (fuzz_is_clean (raw, FALSE));
  return 0;
}
