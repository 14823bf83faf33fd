/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The last step of a view, after the filter has turned HTML into text: the segments joined to one text. Engine; pure, and without GMime.
 *
 * What the filter made has not passed the sanitiser yet: it does here. */
#include "mail/message/message.h"
#include "mail/message/sanitise.h"

#include <string.h>

#define TEXT_BYTES_MAX (8u * 1024 * 1024)

static gboolean
flag (GVariant *row, const char *name)
{
  gboolean value = FALSE;
  (void) g_variant_lookup (row, name, "b", &value);
  return value;
}

static void
join (GString *body, const char *text, const char *note)
{
  if (body->len > 0 && body->str[body->len - 1] != '\n')
    g_string_append_c (body, '\n');
  if (*note != '\0')
    g_string_append_printf (body, "%s--- %s ---\n\n", body->len > 0 ? "\n" : "", note);
  else if (body->len > 0)
    g_string_append_c (body, '\n');
  g_string_append (body, text);
}

static void
add_segment (GVariantBuilder *rows, GString *body, GVariant *row)
{
  const char *part = "", *raw = "", *note = "";
  (void) g_variant_lookup (row, "part", "&s", &part);
  (void) g_variant_lookup (row, "note", "&s", &note);
  if (!g_variant_lookup (row, "text", "&s", &raw))
    raw = "(The HTML of this part could not be turned into text. It can be saved from the list of parts.)\n";
  if (strlen (raw) > TEXT_BYTES_MAX - MIN (body->len, TEXT_BYTES_MAX))
    raw = "(This part is too long to be shown. It can be saved from the list of parts.)\n";
  g_autofree char *text = sanitise (raw, -1, SANITISE_TEXT), *clean_note = sanitise (note, -1, SANITISE_LINE);
  join (body, text, clean_note);
  g_variant_builder_open (rows, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (rows, "{sv}", "part", g_variant_new_string (part));
  g_variant_builder_add (rows, "{sv}", "text", g_variant_new_string (text));
  g_variant_builder_add (rows, "{sv}", "signed", g_variant_new_boolean (flag (row, "signed")));
  g_variant_builder_add (rows, "{sv}", "encrypted", g_variant_new_boolean (flag (row, "encrypted")));
  g_variant_builder_add (rows, "{sv}", "unproven", g_variant_new_boolean (flag (row, "unproven")));
  g_variant_builder_add (rows, "{sv}", "note", g_variant_new_string (clean_note));
  g_variant_builder_close (rows);
}

GVariant *
message_finish_view (GVariant *view, GVariant *segments)
{
  GVariantBuilder rows;
  GVariantDict dict;
  GVariantIter iter;
  GVariant *row;
  g_autoptr (GString) body = g_string_new (NULL);
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_iter_init (&iter, segments);
  while ((row = g_variant_iter_next_value (&iter)) != NULL) {
    add_segment (&rows, body, row);
    g_variant_unref (row);
  }
  g_variant_dict_init (&dict, view);
  g_variant_dict_insert_value (&dict, "text_body", g_variant_new_string (body->str));
  g_variant_dict_insert_value (&dict, "segments", g_variant_builder_end (&rows));
  return g_variant_dict_end (&dict);
}
