/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* CSV with its columns aligned (RFC 4180, and the habit of semicolons). Rows keep their lines: a wide table is not wrapped here. Pure. */
#include "mail/message/attachment.h"

#include "mail/message/html_p.h"

#include <string.h>

#define ROWS_MAX 20000
#define COLUMNS_MAX 60
#define COLUMN_MAX 60 /* a column is padded to at most this */

/* One field; *at is left at what ends it. */
static char *
take_field (const char **at, char separator)
{
  GString *out = g_string_new (NULL);
  const char *p = *at;
  gboolean quoted = *p == '"';
  if (quoted)
    p++;
  for (; *p != '\0'; p++) {
    if (quoted && *p == '"' && p[1] == '"')
      p++;
    else if (quoted && *p == '"') {
      quoted = FALSE;
      continue;
    } else if (!quoted && (*p == separator || *p == '\n' || *p == '\r'))
      break;
    g_string_append_c (out, *p == '\n' || *p == '\r' || *p == '\t' ? ' ' : *p);
  }
  *at = p;
  char *valid = g_utf8_make_valid (out->str, (gssize) out->len);
  g_string_free (out, TRUE);
  return g_strstrip (valid);
}

static GPtrArray *
take_row (const char **at, char separator)
{
  GPtrArray *row = g_ptr_array_new_with_free_func (g_free);
  for (;;) {
    char *field = take_field (at, separator);
    if (row->len < COLUMNS_MAX)
      g_ptr_array_add (row, field);
    else
      g_free (field);
    if (**at != separator || separator == '\0')
      break;
    (*at)++;
  }
  if (**at == '\r')
    (*at)++;
  if (**at == '\n')
    (*at)++;
  return row;
}

/* Some programs write semicolons, and call it CSV all the same. */
static char
separator_of (const char *text, char separator)
{
  gsize line = strcspn (text, "\r\n"), given = 0, semicolons = 0;
  for (gsize i = 0; i < line; i++) {
    given += text[i] == separator;
    semicolons += text[i] == ';';
  }
  return semicolons > given ? ';' : separator;
}

static void
append_row (GString *out, const GPtrArray *row, const guint *widths)
{
  for (guint i = 0; i < row->len; i++) {
    const char *text = row->pdata[i];
    if (i > 0)
      g_string_append (out, "  ");
    g_string_append (out, text);
    for (guint width = html_table_width (text, strlen (text)); i + 1 < row->len && width < widths[i]; width++)
      g_string_append_c (out, ' ');
  }
  while (out->len > 0 && out->str[out->len - 1] == ' ')
    g_string_truncate (out, out->len - 1);
  g_string_append_c (out, '\n');
}

char *
attachment_table_text (const char *text, char separator)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  guint widths[COLUMNS_MAX] = { 0 };
  const char *p = text + (g_str_has_prefix (text, "\xEF\xBB\xBF") ? 3 : 0);
  separator = separator_of (p, separator);
  while (*p != '\0' && rows->len < ROWS_MAX) {
    GPtrArray *row = take_row (&p, separator);
    for (guint i = 0; i < row->len; i++)
      widths[i] = MAX (widths[i], MIN (html_table_width (row->pdata[i], strlen (row->pdata[i])), COLUMN_MAX));
    g_ptr_array_add (rows, row);
  }
  GString *out = g_string_new (NULL);
  guint shown = 0;
  for (; shown < rows->len && out->len < ATTACHMENT_SHOWN_MAX; shown++)
    append_row (out, rows->pdata[shown], widths);
  if (*p != '\0' || shown < rows->len)
    g_string_append (out, "[There are more rows than can be shown; the rest is left out.]\n");
  return g_string_free (out, FALSE);
}
