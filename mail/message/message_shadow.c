/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A plaintext stand-in for an encrypted message, for the index alone: same Message-ID, protected Subject, the text that was inside.
 *
 * It never leaves the vault and is unlinked once its words are indexed. It is flat on purpose: one text part, so that whatever the
 * original's structure was, the indexer's parser meets nothing but ours. Keys worker. */
#include "mail/message/message_p.h"
#include "mail/message/html.h"

#include <string.h>

/* A header line whose value is encoded anew, so that nothing of the original's form comes through. */
static void
append_field (GString *out, const char *name, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  g_autofree char *encoded = message_header_encode (value), *line = g_strdup_printf ("%s: %s", name, encoded);
  message_header_append (out, line);
}

/* "Last, First <a@b>", as it is shown, in the form that a header needs. */
static char *
header_address (const char *shown)
{
  const char *open = strrchr (shown, '<');
  if (open == NULL || open == shown)
    return g_strdup (shown);
  g_autofree char *name = g_strstrip (g_strndup (shown, (gsize) (open - shown)));
  g_autofree char *encoded = message_header_encode_name (name);
  return g_strdup_printf ("%s %s", encoded, open);
}

static void
append_addresses (GString *out, const char *name, const struct message_shown *shown, const char *field)
{
  g_autoptr (GPtrArray) list = message_fields_addresses (message_shown_for (shown, field), field, TRUE);
  g_autoptr (GString) value = g_string_new (NULL);
  for (guint i = 0; i < list->len; i++) {
    g_autofree char *one = header_address (list->pdata[i]);
    g_string_append_printf (value, "%s%s", value->len > 0 ? ", " : "", one);
  }
  if (value->len == 0)
    return;
  g_autofree char *line = g_strdup_printf ("%s: %s", name, value->str);
  message_header_append (out, line);
}

static void
append_ids (GString *out, const char *name, const struct message_shown *shown, const char *field)
{
  g_autoptr (GPtrArray) ids = message_fields_ids (message_shown_for (shown, field), field);
  g_autoptr (GString) line = g_string_new (name);
  g_string_append_c (line, ':');
  for (guint i = 0; i < ids->len; i++)
    if (message_id_is_valid (ids->pdata[i]))
      g_string_append_printf (line, " <%s>", (char *) ids->pdata[i]);
  if (ids->len > 0)
    message_header_append (out, line->str);
}

static void
append_header (GString *out, const struct message_shown *shown)
{
  const char *date = message_fields_raw (message_shown_for (shown, "date"), "date");
  g_autofree char *subject = message_fields_text (message_shown_for (shown, "subject"), "subject");
  g_autofree char *clean_date = message_fields_clean (date != NULL ? date : "");
  const char *id = message_fields_raw (shown->outer, "message-id");
  g_autofree char *clean_id = message_fields_clean (id != NULL ? id : "");
  append_addresses (out, "From", shown, "from");
  append_addresses (out, "To", shown, "to");
  append_addresses (out, "Cc", shown, "cc");
  append_field (out, "Date", clean_date);
  append_field (out, "Subject", subject);
  /* As it stands, since the index must take it for the same message. */
  if (*clean_id != '\0')
    g_string_append_printf (out, "Message-ID: %s\r\n", clean_id);
  append_ids (out, "In-Reply-To", shown, "in-reply-to");
  append_ids (out, "References", shown, "references");
}

/* HTML without its tags, for words alone: the filter is not at hand here, and no markup is interpreted. */
static void
append_html_words (GString *out, const char *html, gsize size)
{
  gboolean tag = FALSE;
  for (gsize i = 0; i < size; i++) {
    if (html[i] == '<' || html[i] == '>') {
      tag = html[i] == '<';
      g_string_append_c (out, ' ');
    } else if (!tag)
      g_string_append_c (out, html[i]);
  }
  g_string_append_c (out, '\n');
}

static void
append_text (GString *out, GVariant *segments)
{
  for (gsize i = 0; i < g_variant_n_children (segments); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (segments, i),
                         html = g_variant_lookup_value (row, "html", G_VARIANT_TYPE_BYTESTRING);
    const char *text = NULL;
    gboolean unproven = FALSE;
    if (g_variant_lookup (row, "unproven", "b", &unproven) && unproven)
      continue;
    if (g_variant_lookup (row, "text", "&s", &text))
      g_string_append_printf (out, "%s\n", text);
    if (html != NULL) {
      gsize size;
      const char *bytes = g_variant_get_fixed_array (html, &size, 1);
      append_html_words (out, bytes, size);
    }
  }
}

/* Every signature's file has the same name. */
static gboolean
is_signature (const char *type)
{
  static const char *const types[]
      = { "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature", NULL };
  return g_strv_contains (types, type);
}

/* Names of attachments are searched for too. */
static void
append_names (GString *out, GVariant *parts)
{
  for (gsize i = 0; i < g_variant_n_children (parts); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (parts, i);
    const char *name = NULL, *type = "";
    (void) g_variant_lookup (row, "type", "&s", &type);
    if (g_variant_lookup (row, "filename", "m&s", &name) && name != NULL && !is_signature (type))
      g_string_append_printf (out, "%s\n", name);
  }
}

/* Is what the list would show of the message's outside another thing than what the sender protected? */
static gboolean
differs_outside (const struct inspection *inspection)
{
  static const char *const names[] = { "subject", "from" };
  struct message_shown shown;
  gboolean differs = FALSE;
  message_shown_init (&shown, inspection);
  for (gsize i = 0; i < G_N_ELEMENTS (names) && shown.inner != NULL; i++) {
    g_autofree char *outer = message_fields_text (shown.outer, names[i]),
                    *inner = message_fields_text (message_shown_for (&shown, names[i]), names[i]);
    differs |= g_strcmp0 (outer, inner) != 0;
  }
  message_shown_clear (&shown);
  return differs;
}

static GBytes *
make (const struct inspection *inspection)
{
  struct message_shown shown;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GVariant) segments = g_variant_ref_sink (message_segments (inspection, NULL));
  g_autoptr (GVariant) parts = g_variant_ref_sink (message_part_rows (inspection, NULL));
  append_text (text, segments);
  append_names (text, parts);
  GString *out = g_string_new (NULL);
  message_shown_init (&shown, inspection);
  append_header (out, &shown);
  message_shown_clear (&shown);
  g_string_append (
      out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
  g_autofree char *base64 = g_base64_encode ((const guchar *) text->str, text->len);
  for (gsize i = 0, n = strlen (base64); i < n; i += 76)
    g_string_append_printf (out, "%.76s\r\n", base64 + i);
  return g_string_free_to_bytes (out);
}

GBytes *
message_shadow (struct inspection *inspection, GBytes *message)
{
  message_init ();
  if (!inspection->verdict.encryption.decrypted
      && (inspection->verdict.encryption.protocol != PROTECTION_NONE || !differs_outside (inspection)))
    return NULL;
  return make (inspection);
}

GBytes *
message_shadow_composed (GBytes *payload)
{
  message_init ();
  AUTOFREE (inspection) inspection = inspect_message (NULL, payload, 0);
  const struct verdict *verdict = &inspection->verdict;
  if (verdict->encryption.protocol != PROTECTION_NONE || verdict->signature.protocol != PROTECTION_NONE)
    return NULL;
  return make (inspection);
}
