/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands as keys of the Keys screen; see here.h. */
#include "ui/screen/here.h"

#include <glib.h>
#include <string.h>

#define COMMAND "wardmail key "

/* The arguments as the sentences have them; a last "#" stands for a fingerprint. The longer ones first. */
static const struct {
  const char *command;
  char key;
} commands[] = {
  { "import FILE", 'i' }, { "backup --out FILE", 'B' }, { "trust FINGERPRINT", 'c' },
  { "trust #", 'c' },     { "renew #", 'r' },           { "new --another", 'n' },
  { "new", 'n' },
};

/* How long the command at rest is; 0: another one. */
static gsize
fits (const char *rest, const char *command)
{
  const gsize hash = strcspn (command, "#");
  if (strncmp (rest, command, hash) != 0)
    return 0;
  const gsize length = command[hash] == '#' ? hash + strspn (rest + hash, "0123456789ABCDEFabcdef") : hash;
  const gboolean goes_on = g_ascii_isalnum (rest[length]) || strncmp (rest + length, " --", 3) == 0;
  return length > hash || (command[hash] == '\0' && !goes_on) ? length : 0;
}

char *
here_words (const char *text, const char *way)
{
  GString *words = g_string_new (NULL);
  for (const char *at; (at = strstr (text, COMMAND)) != NULL;) {
    const char *rest = at + strlen (COMMAND);
    gsize length = 0, i = 0;
    for (; i < G_N_ELEMENTS (commands) && (length = fits (rest, commands[i].command)) == 0; i++)
      ;
    g_string_append_len (words, text, at - text);
    if (length > 0)
      g_string_append_printf (words, "%s, then %c", way, commands[i].key);
    else
      g_string_append (words, COMMAND);
    text = rest + length;
  }
  return g_string_free (g_string_append (words, text), FALSE);
}
