/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A visiting card (RFC 6350 and before it) in plain words: name, organisation, numbers, addresses. Pure. */
#include "mail/message/attachment.h"

#include <string.h>

#define LINES_MAX 5000

static const struct {
  const char *property, *label;
} shown[] = {
  { "FN", "Name" },       { "ORG", "Organisation" }, { "TITLE", "Title" },   { "ROLE", "Role" },
  { "TEL", "Telephone" }, { "EMAIL", "E-mail" },     { "ADR", "Address" },   { "URL", "Web page" },
  { "BDAY", "Birthday" }, { "NOTE", "Note" },        { "MEMBER", "Member" },
};

/* "a\, b;c" -> "a, b, c": parts are divided by commas, empty ones left out. */
static char *
plain (const char *value)
{
  GString *out = g_string_new (NULL);
  for (const char *p = value; *p != '\0'; p++) {
    if (*p == '\\' && p[1] != '\0') {
      p++;
      g_string_append_c (out, *p == 'n' || *p == 'N' ? ' ' : *p);
    } else if (*p == ';') {
      if (out->len > 0 && out->str[out->len - 1] != ' ')
        g_string_append (out, ", ");
    } else
      g_string_append_c (out, *p);
  }
  while (out->len > 0 && strchr (", ", out->str[out->len - 1]) != NULL)
    g_string_truncate (out, out->len - 1);
  return g_string_free (out, FALSE);
}

static void
take_line (GString *out, const char *line)
{
  const char *colon = strchr (line, ':');
  if (colon == NULL)
    return;
  g_autofree char *head = g_ascii_strup (line, colon - line);
  char *name = strrchr (head, '.') != NULL ? strrchr (head, '.') + 1 : head; /* item1.TEL */
  name[strcspn (name, ";")] = '\0';
  if (strcmp (name, "END") == 0)
    g_string_append_c (out, '\n');
  for (gsize i = 0; i < G_N_ELEMENTS (shown); i++)
    if (strcmp (name, shown[i].property) == 0) {
      g_autofree char *value = plain (colon + 1);
      if (*value != '\0')
        g_string_append_printf (out, "%s: %s\n", shown[i].label, value);
    }
}

char *
attachment_vcard_text (const char *text)
{
  g_autoptr (GString) flat = g_string_new (NULL);
  for (const char *p = text; *p != '\0'; p++) /* join what was folded */
    if (*p == '\n' && (p[1] == ' ' || p[1] == '\t'))
      p++;
    else if (*p != '\r')
      g_string_append_c (flat, *p);
  g_auto (GStrv) lines = g_strsplit (flat->str, "\n", LINES_MAX);
  GString *out = g_string_new (NULL);
  for (char **line = lines; *line != NULL; line++)
    take_line (out, *line);
  if (out->len == 0)
    g_string_append (out, text);
  return g_string_free (out, FALSE);
}
