/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From a draft to what protect takes: the payload with its protected header fields (RFC 9788 hp="cipher", and protected-headers="v1"
 * for older readers), and the outer fields, among which are neither Subject nor Bcc.
 *
 * Everything in a draft may have been pasted from anywhere: a line break in a field that becomes a header is refused, never repaired. */
#include "mail/message/message_p.h"
#include "mail/message/message_field.h"
#include "mail/engine.h"

#include <gmime/gmime.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SUBJECT_MAX 2000
#define BODY_MAX (16u * 1024 * 1024)
#define REFERENCES_MAX 20

struct composition {
  char *from;                /* encoded for the header */
  char *address;             /* its addr-spec */
  char *to, *cc, *bcc;       /* encoded; NULL: none */
  char *outer_to, *outer_cc; /* without those who are not to be named outside */
  char *subject;             /* encoded */
  char *message_id, *date, *in_reply_to, *references;
  gboolean ask_receipt;
};

static void
composition_clear (struct composition *c)
{
  char **strings[] = { &c->from,     &c->address, &c->to,         &c->cc,   &c->bcc,         &c->outer_to,
                       &c->outer_cc, &c->subject, &c->message_id, &c->date, &c->in_reply_to, &c->references };
  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    g_clear_pointer (strings[i], g_free);
}

static gboolean
fail (GError **error, const char *sentence)
{
  g_set_error_literal (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, sentence);
  return FALSE;
}

static gboolean
has_control (const char *text)
{
  for (; *text != '\0'; text++)
    if ((guchar) *text < 0x20 || *text == 0x7F)
      return TRUE;
  return FALSE;
}

/* Did this recipient stand only inside of the mail that this one answers? Then he stands only inside here, too. RFC 9788, 6.1. */
static gboolean
is_confidential (GVariant *draft, const char *text)
{
  g_autofree const char **list = NULL;
  g_autoptr (GPtrArray) specs = message_addresses ((const char *[]){ text, NULL }, NULL);
  if (specs == NULL || !g_variant_lookup (draft, "confidential", "^a&s", &list))
    return FALSE;
  for (guint i = 0; i < specs->len; i++)
    for (gsize k = 0; list[k] != NULL; k++)
      if (g_ascii_strcasecmp (specs->pdata[i], list[k]) == 0)
        return TRUE;
  return FALSE;
}

/* One address field; *out, and *outer_out (may be NULL), stay NULL when there is nobody in it. */
static gboolean
read_field (GVariant *draft, const char *name, char **out, char **outer_out, GError **error)
{
  g_autofree const char **texts = NULL;
  if (!g_variant_lookup (draft, name, "^a&s", &texts))
    return TRUE;
  g_autoptr (GPtrArray) addresses = message_addresses (texts, error);
  if (addresses == NULL)
    return FALSE;
  GString *line = g_string_new (NULL), *outer = g_string_new (NULL);
  for (gsize i = 0; texts[i] != NULL; i++) {
    g_autofree char *shown = message_address_display (texts[i]);
    if (shown == NULL || *shown == '\0')
      continue;
    g_string_append_printf (line, "%s%s", line->len > 0 ? ", " : "", shown);
    if (!is_confidential (draft, texts[i]))
      g_string_append_printf (outer, "%s%s", outer->len > 0 ? ", " : "", shown);
  }
  *out = g_string_free (line, line->len == 0);
  char *outside = g_string_free (outer, outer->len == 0);
  if (outer_out != NULL)
    *outer_out = outside;
  else
    g_free (outside);
  return TRUE;
}

static gboolean
read_from (GVariant *draft, struct composition *c, GError **error)
{
  const char *from = "";
  (void) g_variant_lookup (draft, "from", "&s", &from);
  g_autoptr (GPtrArray) addresses = message_addresses ((const char *[]){ from, NULL }, error);
  if (addresses == NULL)
    return FALSE;
  if (addresses->len != 1)
    return fail (error,
                 "The message has no sender, or more than one; it was not sent. Name one From address of yours.");
  c->address = g_strdup (addresses->pdata[0]);
  c->from = message_address_display (from);
  return TRUE;
}

static gboolean
read_subject (GVariant *draft, struct composition *c, GError **error)
{
  const char *subject = "";
  (void) g_variant_lookup (draft, "subject", "&s", &subject);
  if (has_control (subject))
    return fail (error, "The subject holds a line break or another control character; the message was not sent. Please "
                        "type the subject on one line.");
  if (strlen (subject) > SUBJECT_MAX)
    return fail (error, "The subject is far too long; the message was not sent. Please shorten it.");
  c->subject = message_header_encode (subject);
  return TRUE;
}

/* References: what cannot be a Message-ID is left out, since it came from another's mail; a line break is refused all the same. */
static gboolean
read_references (GVariant *draft, struct composition *c, GError **error)
{
  const char *parent = NULL;
  g_autofree const char **ids = NULL;
  (void) g_variant_lookup (draft, "in_reply_to", "&s", &parent);
  (void) g_variant_lookup (draft, "references", "^a&s", &ids);
  gsize count = ids != NULL ? g_strv_length ((char **) ids) : 0;
  for (gsize i = 0; i <= count; i++) {
    const char *id = i < count ? ids[i] : parent;
    if (id != NULL && has_control (id))
      return fail (error, "A reference to an earlier message holds a control character; the message was not sent. "
                          "Please write it as a new message.");
  }
  if (parent != NULL && message_id_is_valid (parent))
    c->in_reply_to = g_strdup_printf ("<%s>", parent);
  GString *line = g_string_new (NULL);
  for (gsize i = 0; i < count; i++)
    if ((i == 0 || i + REFERENCES_MAX >= count) && message_id_is_valid (ids[i]))
      g_string_append_printf (line, "%s<%s>", line->len > 0 ? " " : "", ids[i]);
  c->references = g_string_free (line, line->len == 0);
  return TRUE;
}

static gboolean
read_identity (GVariant *draft, gint64 now, struct composition *c, GError **error)
{
  const char *id = NULL;
  if (g_variant_lookup (draft, "message_id", "&s", &id) && *id != '\0' && !message_id_is_valid (id))
    return fail (
        error,
        "The draft's Message-ID is malformed; the message was not sent. Please copy the text into a new message.");
  c->message_id = id != NULL && *id != '\0' ? g_strdup (id) : message_id_new (c->address);
  c->date = message_field_date (now);
  if (c->date == NULL || c->message_id == NULL)
    return fail (
        error,
        "The clock or the system's random numbers are not available; the message was not sent. Please try again.");
  return TRUE;
}

static gboolean
read_draft (GVariant *draft, gint64 now, struct composition *c, GError **error)
{
  return read_from (draft, c, error) && read_field (draft, "to", &c->to, &c->outer_to, error)
         && read_field (draft, "cc", &c->cc, &c->outer_cc, error) && read_field (draft, "bcc", &c->bcc, NULL, error)
         && read_subject (draft, c, error) && read_references (draft, c, error) && read_identity (draft, now, c, error);
}

static void
add_line (GPtrArray *lines, const char *name, const char *value)
{
  if (value != NULL)
    g_ptr_array_add (lines, g_strdup_printf ("%s: %s", name, value));
}

/* The fields in the order a reader expects; inside: with Subject. Bcc stands in neither. */
static GPtrArray *
header_lines (const struct composition *c, gboolean inside)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *id = g_strdup_printf ("<%s>", c->message_id);
  const char *to = inside ? c->to : c->outer_to, *cc = inside ? c->cc : c->outer_cc;
  add_line (lines, "Date", c->date);
  add_line (lines, "From", c->from);
  add_line (lines, "To", to != NULL || cc != NULL ? to : "undisclosed-recipients:;");
  add_line (lines, "Cc", cc);
  if (inside)
    add_line (lines, "Subject", c->subject);
  add_line (lines, "Message-ID", id);
  add_line (lines, "In-Reply-To", c->in_reply_to);
  add_line (lines, "References", c->references);
  if (inside && c->ask_receipt) /* who reads it may know; who carries it need not */
    add_line (lines, "Disposition-Notification-To", c->from);
  return lines;
}

/* What is to be seen outside, told inside, so that no one on the way can make a field look as if it had not been secret. */
static void
add_hp_outer (GPtrArray *inside, const GPtrArray *outside)
{
  for (guint i = 0; i < outside->len; i++)
    g_ptr_array_add (inside, g_strconcat ("HP-Outer: ", outside->pdata[i], NULL));
  g_ptr_array_add (inside, g_strdup ("HP-Outer: Subject: " PROTECT_SUBJECT));
}

static void
set_content (GMimePart *part, GMimeStream *stream, GMimeContentEncoding encoding)
{
  GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream (stream, GMIME_CONTENT_ENCODING_DEFAULT);
  g_mime_part_set_content (part, content);
  g_mime_part_set_content_encoding (part, encoding);
  g_object_unref (content);
  g_object_unref (stream);
}

/* The fields that are not to be seen outside, for a reader that knows no header protection and shows only the text. RFC 9788, 5.2.2. */
static void
add_legacy_display (GString *text, GVariant *draft, const struct composition *c)
{
  static const char *const names[] = { "to", "cc" }, *const labels[] = { "To", "Cc" };
  const char *subject = "", *const inner[] = { c->to, c->cc }, *const outer[] = { c->outer_to, c->outer_cc };
  (void) g_variant_lookup (draft, "subject", "&s", &subject);
  g_string_append_printf (text, "Subject: %s\n", subject);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree const char **people = NULL;
    if (g_strcmp0 (inner[i], outer[i]) == 0 || !g_variant_lookup (draft, names[i], "^a&s", &people))
      continue;
    g_autofree char *joined = g_strjoinv (", ", (char **) people);
    g_string_append_printf (text, "%s: %s\n", labels[i], joined);
  }
  g_string_append_c (text, '\n');
}

static GMimeObject *
text_part (GVariant *draft, const struct composition *c, const char *body)
{
  GString *text = g_string_new (NULL);
  gboolean legacy = FALSE;
  (void) g_variant_lookup (draft, "legacy_display", "b", &legacy);
  if (legacy)
    add_legacy_display (text, draft, c);
  for (const char *p = body; *p != '\0'; p++)
    if (*p != '\r')
      g_string_append_c (text, *p);
    else if (p[1] != '\n')
      g_string_append_c (text, '\n');
  if (text->len == 0 || text->str[text->len - 1] != '\n')
    g_string_append_c (text, '\n');
  GMimePart *part = g_mime_part_new_with_type ("text", "plain");
  g_mime_object_set_content_type_parameter (GMIME_OBJECT (part), "charset", "utf-8");
  if (legacy)
    g_mime_object_set_content_type_parameter (GMIME_OBJECT (part), "hp-legacy-display", "1");
  gsize other = 0;
  for (gsize i = 0; i < text->len; i++)
    other += (guchar) text->str[i] >= 0x80;
  set_content (part, g_mime_stream_mem_new_with_buffer (text->str, text->len),
               other * 3 > text->len ? GMIME_CONTENT_ENCODING_BASE64 : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
  g_string_free (text, TRUE);
  return GMIME_OBJECT (part);
}

static const struct {
  const char *extension, *type;
} types[] = {
  { ".pdf", "application/pdf" },
  { ".png", "image/png" },
  { ".jpg", "image/jpeg" },
  { ".jpeg", "image/jpeg" },
  { ".gif", "image/gif" },
  { ".tif", "image/tiff" },
  { ".tiff", "image/tiff" },
  { ".csv", "text/csv" },
  { ".txt", "text/plain" },
  { ".html", "text/html" },
  { ".ics", "text/calendar" },
  { ".vcf", "text/vcard" },
  { ".xml", "application/xml" },
  { ".json", "application/json" },
  { ".zip", "application/zip" },
  { ".dcm", "application/dicom" },
  { ".doc", "application/msword" },
  { ".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
  { ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
  { ".odt", "application/vnd.oasis.opendocument.text" },
  { ".rtf", "application/rtf" },
};

/* type/subtype of tokens, and none of the composite types, which must not be in base64. */
static gboolean
is_leaf_type (const char *type)
{
  const char *slash = strchr (type, '/');
  if (slash == NULL || slash == type || slash[1] == '\0' || strchr (slash + 1, '/') != NULL || strlen (type) > 127)
    return FALSE;
  for (const char *p = type; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("/.+-_", *p) == NULL)
      return FALSE;
  return g_ascii_strncasecmp (type, "message/", 8) != 0 && g_ascii_strncasecmp (type, "multipart/", 10) != 0;
}

static const char *
attachment_type (const char *name, const char *type)
{
  if (is_leaf_type (type))
    return type;
  g_autofree char *lower = g_ascii_strdown (name, -1);
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (lower, types[i].extension))
      return types[i].type;
  return "application/octet-stream";
}

/* GMime takes the narrowest charset; every reader knows UTF-8. */
static void
use_utf8 (GMimeParamList *list, const char *name)
{
  GMimeParam *param = list != NULL ? g_mime_param_list_get_parameter (list, name) : NULL;
  if (param != NULL)
    g_mime_param_set_charset (param, "utf-8");
}

static void
let_lie (gpointer data)
{
  (void) g_byte_array_free (data, FALSE);
}

/* Reads the bytes where they lie: as GMime writes nothing to it, nothing is grown or freed. */
static GMimeStream *
lying_stream (GBytes *bytes)
{
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);
  GByteArray *array = g_byte_array_new_take ((guint8 *) data, size);
  GMimeStream *stream = g_mime_stream_mem_new_with_byte_array (array);
  g_mime_stream_mem_set_owner (GMIME_STREAM_MEM (stream), FALSE);
  g_object_set_data_full (G_OBJECT (stream), "lying", array, let_lie);
  return stream;
}

static GMimeObject *
attachment_part (const char *name, const char *type, GBytes *bytes)
{
  g_autofree char *clean = message_clean_filename (name);
  g_auto (GStrv) halves = g_strsplit (attachment_type (clean, type), "/", 2);
  GMimePart *part = g_mime_part_new_with_type (halves[0], halves[1]);
  set_content (part, lying_stream (bytes), GMIME_CONTENT_ENCODING_BASE64);
  g_mime_object_set_disposition (GMIME_OBJECT (part), GMIME_DISPOSITION_ATTACHMENT);
  g_mime_part_set_filename (part, clean);
  use_utf8 (g_mime_content_type_get_parameters (g_mime_object_get_content_type (GMIME_OBJECT (part))), "name");
  use_utf8 (g_mime_content_disposition_get_parameters (g_mime_object_get_content_disposition (GMIME_OBJECT (part))),
            "filename");
  return GMIME_OBJECT (part);
}

/* The body, alone or in a multipart/mixed with the attachments; NULL with error. */
static GMimeObject *
make_body (GVariant *draft, const struct composition *c, GPtrArray *attachments, GError **error)
{
  const char *body = "", *name, *type;
  (void) g_variant_lookup (draft, "body", "&s", &body);
  if (strlen (body) > BODY_MAX) {
    fail (error, "The text of the message is larger than 16 MB; it was not sent. Please attach it as a file.");
    return NULL;
  }
  g_autoptr (GVariant) rows = g_variant_lookup_value (draft, "attachments", G_VARIANT_TYPE ("a(ssh)"));
  gsize count = rows != NULL ? g_variant_n_children (rows) : 0;
  if (count != (attachments != NULL ? attachments->len : 0)) {
    fail (error, "An attachment did not arrive whole; the message was not sent. Please attach the files anew.");
    return NULL;
  }
  GMimeObject *text = text_part (draft, c, body);
  g_autoptr (GVariant) receipt = g_variant_lookup_value (draft, "receipt", G_VARIANT_TYPE_VARDICT);
  if (receipt != NULL)
    return message_receipt_body (text, receipt, error);
  if (count == 0)
    return text;
  GMimeMultipart *mixed = g_mime_multipart_new_with_subtype ("mixed");
  g_mime_multipart_add (mixed, text);
  g_object_unref (text);
  for (gsize i = 0; i < count; i++) {
    g_variant_get_child (rows, i, "(&s&sh)", &name, &type, NULL);
    GMimeObject *part = attachment_part (name, type, attachments->pdata[i]);
    g_mime_multipart_add (mixed, part);
    g_object_unref (part);
  }
  return GMIME_OBJECT (mixed);
}

/* The protected fields, then the entity as GMime writes it, all in CRLF. */
static gboolean
write_payload (GMimeObject *body, const GPtrArray *lines, int fd)
{
  g_mime_object_set_content_type_parameter (body, "protected-headers", "v1");
  g_mime_object_set_content_type_parameter (body, "hp", "cipher");
  g_autoptr (GString) header = g_string_new (NULL);
  for (guint i = 0; i < lines->len; i++)
    message_header_append (header, lines->pdata[i]);
  GMimeFormatOptions *options = g_mime_format_options_new ();
  g_mime_format_options_set_newline_format (options, GMIME_NEWLINE_FORMAT_DOS);
  GMimeStream *file = g_mime_stream_fs_new (fd); /* takes it */
  GMimeStream *stream = g_mime_stream_buffer_new (file, GMIME_STREAM_BUFFER_BLOCK_WRITE);
  gboolean done = g_mime_stream_write (stream, header->str, header->len) == (ssize_t) header->len
                  && g_mime_object_write_to_stream (body, options, stream) > 0 && g_mime_stream_flush (stream) == 0;
  g_object_unref (stream);
  g_object_unref (file);
  g_mime_format_options_free (options);
  return done;
}

/* In memory that is mapped once and grows without being copied: a payload can be long. */
static GBytes *
make_payload (GMimeObject *body, const GPtrArray *lines)
{
  int fd = memfd_create ("wardmail-payload", MFD_CLOEXEC), out = fd >= 0 ? fcntl (fd, F_DUPFD_CLOEXEC, 0) : -1;
  gboolean done = out >= 0 && write_payload (body, lines, out);
  g_autoptr (GMappedFile) file = done ? g_mapped_file_new_from_fd (fd, FALSE, NULL) : NULL;
  if (fd >= 0)
    close (fd);
  return file != NULL ? g_mapped_file_get_bytes (file) : NULL;
}

gboolean
message_compose (GVariant *draft, GPtrArray *attachments, gint64 now, GPtrArray **outer_headers_out,
                 GBytes **payload_out, char **message_id_out, GError **error)
{
  message_init ();
  struct composition c = { 0 };
  GMimeObject *body = NULL;
  (void) g_variant_lookup (draft, "ask_receipt", "b", &c.ask_receipt);
  GBytes *payload = NULL;
  if (read_draft (draft, now, &c, error) && (body = make_body (draft, &c, attachments, error)) != NULL) {
    g_autoptr (GPtrArray) inside = header_lines (&c, TRUE), outside = header_lines (&c, FALSE);
    add_hp_outer (inside, outside);
    payload = make_payload (body, inside);
    if (payload == NULL)
      fail (error, "The message could not be put together; it was not sent. Please try again.");
  }
  if (payload != NULL) {
    *outer_headers_out = header_lines (&c, FALSE);
    *message_id_out = g_strdup (c.message_id);
    *payload_out = payload;
  }
  g_clear_object (&body);
  composition_clear (&c);
  return payload != NULL;
}
