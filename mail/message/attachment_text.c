/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* An attachment as text to read. See attachment.h. */
#include "mail/engine.h"
#include "mail/message/attachment.h"
#include "mail/message/html.h"
#include "mail/message/message_p.h"

#include <string.h>

#define INPUT_MAX (4u * 1024 * 1024)

static const struct {
  const char *type, *ending; /* either may be NULL */
  enum attachment_kind kind;
} kinds[] = {
  { "text/html", ".html", ATTACHMENT_HTML },
  { "application/xhtml+xml", ".xhtml", ATTACHMENT_HTML },
  { NULL, ".htm", ATTACHMENT_HTML },
  { "text/csv", ".csv", ATTACHMENT_CSV },
  { "text/comma-separated-values", NULL, ATTACHMENT_CSV },
  { "application/csv", NULL, ATTACHMENT_CSV },
  { "text/tab-separated-values", ".tsv", ATTACHMENT_TSV },
  { "application/json", ".json", ATTACHMENT_JSON },
  { "text/json", NULL, ATTACHMENT_JSON },
  { "application/fhir+json", NULL, ATTACHMENT_JSON },
  { "text/calendar", ".ics", ATTACHMENT_CALENDAR },
  { "application/ics", NULL, ATTACHMENT_CALENDAR },
  { "text/vcard", ".vcf", ATTACHMENT_VCARD },
  { "text/x-vcard", NULL, ATTACHMENT_VCARD },
  { "text/directory", NULL, ATTACHMENT_VCARD },
  { "application/pdf", ".pdf", ATTACHMENT_PDF },
  { "application/x-pdf", NULL, ATTACHMENT_PDF },
  { "application/xml", ".xml", ATTACHMENT_PLAIN },
  { NULL, ".txt", ATTACHMENT_PLAIN },
  { NULL, ".log", ATTACHMENT_PLAIN },
  { NULL, ".md", ATTACHMENT_PLAIN },
  { NULL, ".hl7", ATTACHMENT_PLAIN },
};

enum attachment_kind
attachment_kind (const char *type, const char *filename)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].type != NULL && strcmp (type, kinds[i].type) == 0)
      return kinds[i].kind;
  gboolean text = g_str_has_prefix (type, "text/");
  g_autofree char *name = g_ascii_strdown (filename != NULL ? filename : "", -1);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].ending != NULL && g_str_has_suffix (name, kinds[i].ending)
        && (strcmp (type, "text/plain") == 0 || strcmp (type, "application/octet-stream") == 0)
        && (!text || kinds[i].kind != ATTACHMENT_PDF))
      return kinds[i].kind;
  return text || strcmp (type, "message/rfc822-headers") == 0 || g_str_has_suffix (type, "+xml") ? ATTACHMENT_PLAIN
         : g_str_has_suffix (type, "+json")                                                      ? ATTACHMENT_JSON
                                                                                                 : ATTACHMENT_NONE;
}

/* NUL bytes at every second place, or many of them, are no text whatever the type says. */
static gboolean
looks_binary (const char *bytes, gsize size)
{
  gsize nuls = 0, some = MIN (size, 4096);
  gboolean wide = size >= 2
                  && (((guchar) bytes[0] == 0xFF && (guchar) bytes[1] == 0xFE)
                      || ((guchar) bytes[0] == 0xFE && (guchar) bytes[1] == 0xFF));
  for (gsize i = 0; i < some; i++)
    nuls += bytes[i] == '\0';
  return !wide && nuls > some / 20;
}

char *
attachment_text (enum attachment_kind kind, const char *bytes, gsize size, const char *charset_or_null, GError **error)
{
  gboolean utf16 = charset_or_null != NULL && g_ascii_strncasecmp (charset_or_null, "utf", 3) == 0
                   && strstr (charset_or_null, "8") == NULL;
  if (looks_binary (bytes, size) && !utf16) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "This attachment says that it is text, but it is not, so it is not shown. Ask the sender what it is.");
    return NULL;
  }
  g_autofree char *text = message_charset_to_utf8 (bytes, MIN (size, INPUT_MAX), charset_or_null, NULL), *shown = NULL;
  switch (kind) {
  case ATTACHMENT_HTML:
    shown = html_to_text (text, strlen (text), 0);
    break;
  case ATTACHMENT_CSV:
    shown = attachment_table_text (text, ',');
    break;
  case ATTACHMENT_TSV:
    shown = attachment_table_text (text, '\t');
    break;
  case ATTACHMENT_JSON:
    shown = attachment_json_text (text);
    break;
  case ATTACHMENT_CALENDAR:
    shown = message_calendar_text (text);
    break;
  case ATTACHMENT_VCARD:
    shown = attachment_vcard_text (text);
    break;
  case ATTACHMENT_PLAIN:
  case ATTACHMENT_NONE:
  case ATTACHMENT_PDF:
  case ATTACHMENT_KIND_COUNT:
    break;
  }
  if (shown == NULL)
    shown = g_steal_pointer (&text);
  if (size <= INPUT_MAX)
    return g_steal_pointer (&shown);
  return g_strconcat (
      shown, "\n[The attachment is longer than can be shown; the rest is left out. Save it to see all of it.]\n", NULL);
}
