/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One part of the tree: what its header says of it, its decoded bytes, its text in UTF-8. */
#include "mail/message/message_p.h"

#include <string.h>

#define FILENAME_MAX_BYTES 1000

/* RFC 2231 is GMime's, but for the charset of pieces that stand in another order than theirs: then it is left at the beginning. */
static const char *
skip_charset (const char *value, const char *field)
{
  if (strstr (field, "*0*") == NULL)
    return value;
  const char *quote = value + strspn (value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
  const char *last = *quote == '\'' ? strchr (quote + 1, '\'') : NULL;
  return last != NULL && last - quote < 10 ? last + 1 : value;
}

/* What GMime gives may hold encoded words, which belong there only by habit, and bytes in any charset. */
static char *
decode_filename (const char *value, const char *field)
{
  if (value == NULL || *value == '\0')
    return NULL;
  g_autofree char *decoded = message_words_decode (skip_charset (value, field), NULL);
  g_autofree char *clean = message_fields_clean (decoded);
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
  body->filename = decode_filename (g_mime_content_type_get_parameter (type, "name"), raw);
  body->start = inside_angles (g_mime_content_type_get_parameter (type, "start"));
  body->flowed = parameter_is (type, "format", "flowed");
  body->delsp = parameter_is (type, "delsp", "yes");
  gboolean old = parameter_is (type, "protected-headers", "v1");
  body->legacy_part = old && g_str_has_prefix (body->type, "text/");
  body->legacy_text = parameter_is (type, "hp-legacy-display", "1");
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
  char *filename = decode_filename (g_mime_content_disposition_get_parameter (disposition, "filename"), raw);
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

/* known_out: the name is one of RFC 2045, or means uuencode; without one it is. NULL: nobody asks. */
static GMimeContentEncoding
encoding_of (const struct inspect_node *node, gboolean *known_out)
{
  const char *bytes = g_bytes_get_data (node->entity, NULL);
  AUTOFREE (message_fields)
  fields = message_fields_new (bytes, MIN (node->body_offset, g_bytes_get_size (node->entity)));
  g_autofree char *decoded = message_fields_text (fields, "content-transfer-encoding"),
                  *name = g_ascii_strdown (decoded != NULL ? decoded : "", -1);
  name[strcspn (name, "; \t(")] = '\0';
  if (known_out != NULL)
    *known_out = *name == '\0' || g_mime_content_encoding_from_string (name) != GMIME_CONTENT_ENCODING_DEFAULT;
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
  GMimeContentEncoding kind = encoding_of (node, NULL);
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

/* size_max: of the decoded text that is looked at. */
static struct message_uu *
split_uu (const struct inspect_node *node, const struct message_body *body, gsize size_max)
{
  gboolean known = FALSE;
  if (strcmp (body->type, "text/plain") != 0 || body->attachment)
    return NULL;
  (void) encoding_of (node, &known);
  if (!known) /* what it decodes to nobody can tell, so nothing of it is one. RFC 2045, 6.4 */
    return NULL;
  g_autoptr (GBytes) decoded = message_body_decode (node);
  g_autoptr (GBytes) seen = g_bytes_new_from_bytes (decoded, 0, MIN (g_bytes_get_size (decoded), size_max));
  return message_uu_split (seen);
}

struct message_uu *
message_body_uu (const struct inspect_node *node, const struct message_body *body)
{
  return split_uu (node, body, G_MAXSIZE);
}

/* Which charset an HTML text is read in: the header's word counts, then its own; but it cannot name one in which it could not be read so far (WHATWG
 * HTML, 13.2.3), nor hide in UTF-7. */
char *
message_body_charset (const struct message_body *body, const char *bytes, gsize size)
{
  gboolean silent
      = body->charset == NULL || g_ascii_strcasecmp (body->charset, "us-ascii") == 0
        || (g_ascii_strcasecmp (body->charset, "utf-8") == 0 && !g_utf8_validate (bytes, (gssize) size, NULL));
  g_autofree char *own = silent && strcmp (body->type, "text/html") == 0 ? html_charset (bytes, size) : NULL;
  if (own == NULL || g_ascii_strncasecmp (own, "utf-7", 5) == 0)
    return g_strdup (body->charset);
  return g_ascii_strncasecmp (own, "utf-16", 6) == 0 ? g_strdup ("utf-8") : g_steal_pointer (&own);
}

char *
message_body_text (const struct inspect_node *node, const struct message_body *body, gsize size_max, gboolean *cut_out,
                   GPtrArray *notes)
{
  /* Where little of the text is wanted, a file in it may take most of the room. */
  AUTOFREE (message_uu) uu = split_uu (node, body, size_max * 16);
  g_autoptr (GBytes) decoded = uu != NULL ? g_bytes_ref (uu->rest) : message_body_decode (node);
  gsize size;
  const char *bytes = g_bytes_get_data (decoded, &size);
  if (size > size_max) {
    size = cut_at_character (bytes, size_max);
    *cut_out = TRUE;
  }
  struct message_charset told;
  g_autofree char *charset = size > 0 ? message_body_charset (body, bytes, size) : NULL;
  char *text = message_charset_to_utf8 (bytes, size, charset, &told);
  message_charset_note (notes, &told);
  if (strcmp (body->type, "text/html") == 0 || !body->flowed)
    return text;
  char *whole = message_flowed_unwrap (text, body->delsp);
  g_free (text);
  return whole;
}
