/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One part of the tree: what its header says of it, its decoded bytes, its text in UTF-8. */
#include "mail/message/message_p.h"

#include <string.h>

#define FILENAME_MAX_BYTES 1000

/* RFC 2231 is GMime's; what is left may hold encoded words, which belong there only by habit. */
static char *
decode_filename (const char *raw)
{
  if (raw == NULL || *raw == '\0')
    return NULL;
  g_autofree char *decoded = strstr (raw, "=?") != NULL ? message_words_decode (raw) : g_strdup (raw);
  g_autofree char *clean = message_fields_clean (decoded != NULL ? decoded : raw);
  if (strlen (clean) > FILENAME_MAX_BYTES)
    *g_utf8_find_prev_char (clean, clean + FILENAME_MAX_BYTES) = '\0';
  return *clean == '\0' ? NULL : g_steal_pointer (&clean);
}

static gboolean
parameter_is (GMimeContentType *type, const char *name, const char *wanted)
{
  const char *value = g_mime_content_type_get_parameter (type, name);
  return value != NULL && g_ascii_strcasecmp (value, wanted) == 0;
}

static char *
inside_angles (const char *raw)
{
  if (raw == NULL)
    return NULL;
  g_autofree char *id = g_strstrip (g_strdelimit (g_strdup (raw), "<>", ' '));
  return message_fields_clean (id);
}

static void
read_type (struct message_body *body, const char *raw)
{
  GMimeContentType *type = raw != NULL ? g_mime_content_type_parse (message_fields_options (), raw) : NULL;
  if (type == NULL)
    return;
  const char *charset = g_mime_content_type_get_parameter (type, "charset");
  body->charset = charset != NULL ? message_fields_clean (charset) : NULL;
  body->filename = decode_filename (g_mime_content_type_get_parameter (type, "name"));
  body->start = inside_angles (g_mime_content_type_get_parameter (type, "start"));
  body->flowed = parameter_is (type, "format", "flowed");
  body->delsp = parameter_is (type, "delsp", "yes");
  gboolean old = parameter_is (type, "protected-headers", "v1");
  body->protected_ = old || parameter_is (type, "hp", "cipher") || parameter_is (type, "hp", "clear");
  body->legacy_part = old && g_str_has_prefix (body->type, "text/");
  body->legacy_text = parameter_is (type, "hp-legacy-display", "1");
  body->not_forwarded = parameter_is (type, "forwarded", "no");
  g_object_unref (type);
}

static void
read_disposition (struct message_body *body, const char *raw)
{
  GMimeContentDisposition *disposition
      = raw != NULL ? g_mime_content_disposition_parse (message_fields_options (), raw) : NULL;
  if (disposition == NULL)
    return;
  const char *kind = g_mime_content_disposition_get_disposition (disposition);
  body->disposed = TRUE;
  body->attachment = kind != NULL && g_ascii_strcasecmp (kind, "attachment") == 0;
  char *filename = decode_filename (g_mime_content_disposition_get_parameter (disposition, "filename"));
  if (filename != NULL) {
    g_free (body->filename);
    body->filename = filename;
  }
  g_object_unref (disposition);
}

struct message_body *
message_body_new (const struct inspect_node *node)
{
  gsize size;
  const char *bytes = g_bytes_get_data (node->entity, &size);
  AUTOFREE (message_fields) fields = message_fields_new (bytes, MIN (node->body_offset, size));
  struct message_body *body = g_new0 (struct message_body, 1);
  body->type = g_strdup (node->type);
  read_type (body, message_fields_raw (fields, "content-type"));
  read_disposition (body, message_fields_raw (fields, "content-disposition"));
  body->content_id = inside_angles (message_fields_raw (fields, "content-id"));
  return body;
}

void
message_body_free (struct message_body *body)
{
  g_free (body->type);
  g_free (body->charset);
  g_free (body->filename);
  g_free (body->content_id);
  g_free (body->start);
  g_free (body);
}

static GMimeContentEncoding
encoding_of (const struct inspect_node *node)
{
  const char *bytes = g_bytes_get_data (node->entity, NULL);
  AUTOFREE (message_fields)
  fields = message_fields_new (bytes, MIN (node->body_offset, g_bytes_get_size (node->entity)));
  g_autofree char *decoded = message_fields_text (fields, "content-transfer-encoding"),
                  *name = g_ascii_strdown (decoded != NULL ? decoded : "", -1);
  name[strcspn (name, "; \t(")] = '\0';
  if (strcmp (name, "x-uue") == 0 || strcmp (name, "uue") == 0)
    return GMIME_CONTENT_ENCODING_UUENCODE;
  return g_mime_content_encoding_from_string (name);
}

/* Behind the "begin" line of uuencoded data, from which on GMime decodes it. */
static gsize
uu_start (const char *bytes, gsize size)
{
  const char *begin
      = size > 6 && memcmp (bytes, "begin ", 6) == 0 ? bytes : g_strstr_len (bytes, (gssize) size, "\nbegin ");
  const char *newline = begin != NULL ? memchr (begin + 1, '\n', size - (gsize) (begin + 1 - bytes)) : NULL;
  return newline != NULL ? (gsize) (newline + 1 - bytes) : 0;
}

GBytes *
message_body_decode (const struct inspect_node *node)
{
  gsize size;
  const char *bytes = g_bytes_get_data (node->entity, &size);
  gsize offset = MIN (node->body_offset, size);
  GMimeContentEncoding kind = encoding_of (node);
  if (kind != GMIME_CONTENT_ENCODING_BASE64 && kind != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE
      && kind != GMIME_CONTENT_ENCODING_UUENCODE)
    return g_bytes_new_from_bytes (node->entity, offset, size - offset);
  if (kind == GMIME_CONTENT_ENCODING_UUENCODE && size > offset)
    offset += uu_start (bytes + offset, size - offset);
  GMimeEncoding state;
  g_mime_encoding_init_decode (&state, kind);
  char *out = g_malloc (g_mime_encoding_outlen (&state, size - offset) + 1);
  gsize length = size > offset ? g_mime_encoding_flush (&state, bytes + offset, size - offset, out) : 0;
  return g_bytes_new_take (out, length);
}

/* The charset that an HTML text names in itself, where its header names none. */
static char *
html_charset (const char *bytes, gsize size)
{
  g_autofree char *head = g_ascii_strdown (bytes, (gssize) MIN (size, 2048));
  const char *place = strstr (head, "charset");
  if (place == NULL || strstr (head, "<meta") == NULL)
    return NULL;
  place += strlen ("charset") + strspn (place + strlen ("charset"), " \t\r\n");
  if (*place++ != '=')
    return NULL;
  place += strspn (place, " \t\r\n\"'");
  return g_strndup (place, strspn (place, "abcdefghijklmnopqrstuvwxyz0123456789-_"));
}

static gsize
cut_at_character (const char *bytes, gsize size)
{
  while (size > 0 && ((guchar) bytes[size] & 0xC0) == 0x80)
    size--;
  return size;
}

char *
message_body_text (const struct inspect_node *node, const struct message_body *body, gsize size_max, gboolean *cut_out)
{
  g_autoptr (GBytes) decoded = message_body_decode (node);
  gsize size;
  const char *bytes = g_bytes_get_data (decoded, &size);
  if (size > size_max) {
    size = cut_at_character (bytes, size_max);
    *cut_out = TRUE;
  }
  gboolean html = strcmp (body->type, "text/html") == 0;
  g_autofree char *own = html && body->charset == NULL ? html_charset (bytes, size) : NULL;
  char *text = message_charset_to_utf8 (bytes, size, own != NULL ? own : body->charset);
  if (html || !body->flowed)
    return text;
  char *whole = message_flowed_unwrap (text, body->delsp);
  g_free (text);
  return whole;
}
