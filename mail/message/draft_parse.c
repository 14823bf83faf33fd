/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From a finished plaintext message, as programs hand it to sendmail, to a draft. */
#include "mail/message/draft_parse.h"
#include "crypto/inspect_split.h"
#include "mail/engine.h"
#include "mail/message/message_p.h"

#include <gmime/gmime.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeStream, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeParser, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GMimeMessage, g_object_unref)

#define RECIPIENTS_MAX 500
#define DEPTH_MAX 20
#define REFERENCES_MAX 50

struct parse {
  char *body;            /* UTF-8; NULL until one is found */
  GVariantBuilder *rows; /* a(ssh) */
  GPtrArray *attachments;
  const char *fault; /* sentence; NULL while all is well */
};

static gboolean
is_protected (GMimeObject *object)
{
  GMimeContentType *type = g_mime_object_get_content_type (object);
  return g_mime_content_type_is_type (type, "multipart", "signed")
         || g_mime_content_type_is_type (type, "multipart", "encrypted")
         || g_mime_content_type_is_type (type, "application", "pkcs7-mime")
         || g_mime_content_type_is_type (type, "application", "x-pkcs7-mime");
}

/* The decoded bytes. */
static GBytes *
content_bytes (GMimeObject *object)
{
  g_autoptr (GMimeStream) stream = g_mime_stream_mem_new ();
  if (GMIME_IS_PART (object)) {
    GMimeDataWrapper *content = g_mime_part_get_content (GMIME_PART (object));
    if (content != NULL)
      g_mime_data_wrapper_write_to_stream (content, stream);
  } else if (GMIME_IS_MESSAGE_PART (object)) {
    GMimeMessage *inner = g_mime_message_part_get_message (GMIME_MESSAGE_PART (object));
    if (inner != NULL)
      g_mime_object_write_to_stream (GMIME_OBJECT (inner), NULL, stream);
  }
  GByteArray *bytes = g_mime_stream_mem_get_byte_array (GMIME_STREAM_MEM (stream));
  return g_bytes_new (bytes->data, bytes->len);
}

static void
take_attachment (struct parse *parse, GMimeObject *object)
{
  if (parse->attachments->len == DRAFT_PARSE_ATTACHMENTS_MAX) {
    parse->fault = "The message has more than 60 attachments; nothing was sent. Send it as several messages.";
    return;
  }
  const char *name = GMIME_IS_PART (object) ? g_mime_part_get_filename (GMIME_PART (object)) : NULL;
  g_autofree char *type = g_mime_content_type_get_mime_type (g_mime_object_get_content_type (object));
  g_autofree char *made = g_strdup_printf ("part-%u", parse->attachments->len + 1);
  g_autofree char *clean = message_clean_filename (name != NULL && *name != '\0' ? name : made);
  g_autofree char *clean_type = sanitise (type, -1, SANITISE_LINE);
  g_variant_builder_add (parse->rows, "(ssh)", clean, clean_type, (gint32) parse->attachments->len);
  g_ptr_array_add (parse->attachments, content_bytes (object));
}

/* Text in its charset to UTF-8 with "\n" ends. */
static char *
text_of (GMimeObject *object)
{
  g_autofree char *text = g_mime_text_part_get_text (GMIME_TEXT_PART (object));
  if (text == NULL)
    return g_strdup ("");
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_new (NULL);
  for (const char *p = valid; *p != '\0'; p++)
    if (*p != '\r')
      g_string_append_c (out, *p);
  return g_string_free (out, FALSE);
}

static gboolean
is_body (struct parse *parse, GMimeObject *object)
{
  return parse->body == NULL && GMIME_IS_TEXT_PART (object)
         && g_mime_content_type_is_type (g_mime_object_get_content_type (object), "text", "plain")
         && !g_mime_part_is_attachment (GMIME_PART (object)) && g_mime_part_get_filename (GMIME_PART (object)) == NULL;
}

static void walk (struct parse *parse, GMimeObject *object, guint depth);

/* Of several forms of one text the plain one is taken, or all of them where none is plain. */
static void
walk_alternative (struct parse *parse, GMimeMultipart *multipart, guint depth)
{
  for (int i = 0; i < g_mime_multipart_get_count (multipart); i++) {
    GMimeObject *part = g_mime_multipart_get_part (multipart, i);
    if (is_body (parse, part)) {
      walk (parse, part, depth + 1);
      return;
    }
  }
  for (int i = 0; i < g_mime_multipart_get_count (multipart) && parse->fault == NULL; i++)
    walk (parse, g_mime_multipart_get_part (multipart, i), depth + 1);
}

static void
walk (struct parse *parse, GMimeObject *object, guint depth)
{
  if (depth > DEPTH_MAX) {
    parse->fault = "The parts of the message are nested too deeply; nothing was sent.";
  } else if (is_protected (object)) {
    parse->fault = "The message is signed or encrypted already; nothing was sent. wardmail signs and encrypts by "
                   "itself: hand it the plain "
                   "message.";
  } else if (GMIME_IS_MULTIPART (object)) {
    GMimeMultipart *multipart = GMIME_MULTIPART (object);
    if (g_mime_content_type_is_type (g_mime_object_get_content_type (object), "multipart", "alternative")) {
      walk_alternative (parse, multipart, depth);
      return;
    }
    for (int i = 0; i < g_mime_multipart_get_count (multipart) && parse->fault == NULL; i++)
      walk (parse, g_mime_multipart_get_part (multipart, i), depth + 1);
  } else if (is_body (parse, object)) {
    parse->body = text_of (object);
  } else {
    take_attachment (parse, object);
  }
}

/* "Name <a@b>" for each mailbox, those inside groups too. */
static void
collect (InternetAddressList *list, GVariantBuilder *out, guint *count, guint depth)
{
  for (int i = 0; list != NULL && depth < 4 && i < internet_address_list_length (list); i++) {
    InternetAddress *address = internet_address_list_get_address (list, i);
    if (INTERNET_ADDRESS_IS_GROUP (address)) {
      collect (internet_address_group_get_members (INTERNET_ADDRESS_GROUP (address)), out, count, depth + 1);
      continue;
    }
    g_autofree char *text = internet_address_to_string (address, NULL, FALSE);
    g_autofree char *clean = sanitise (text, -1, SANITISE_LINE);
    g_variant_builder_add (out, "s", clean);
    ++*count;
  }
}

static void
add_addresses (GVariantBuilder *draft, const char *field, InternetAddressList *list, guint *count)
{
  GVariantBuilder out;
  g_variant_builder_init (&out, G_VARIANT_TYPE ("as"));
  collect (list, &out, count, 0);
  g_variant_builder_add (draft, "{sv}", field, g_variant_builder_end (&out));
}

static void
add_from (GVariantBuilder *draft, GMimeMessage *message)
{
  InternetAddressList *from = g_mime_message_get_from (message);
  if (from == NULL || internet_address_list_length (from) == 0)
    return;
  g_autofree char *text = internet_address_to_string (internet_address_list_get_address (from, 0), NULL, FALSE);
  g_autofree char *clean = sanitise (text, -1, SANITISE_LINE);
  g_variant_builder_add (draft, "{sv}", "from", g_variant_new_string (clean));
}

static void
add_references (GVariantBuilder *draft, GMimeMessage *message)
{
  GVariantBuilder out;
  g_variant_builder_init (&out, G_VARIANT_TYPE ("as"));
  const char *const fields[] = { "References", "In-Reply-To" };
  for (gsize f = 0; f < G_N_ELEMENTS (fields); f++) {
    const char *text = g_mime_object_get_header (GMIME_OBJECT (message), fields[f]);
    if (text == NULL)
      continue;
    GMimeReferences *list = g_mime_references_parse (NULL, text);
    const char *last = NULL;
    for (int i = 0; i < g_mime_references_length (list) && i < REFERENCES_MAX; i++) {
      const char *id = g_mime_references_get_message_id (list, i);
      if (id == NULL || !message_id_is_valid (id))
        continue;
      last = id;
      if (f == 0)
        g_variant_builder_add (&out, "s", id);
    }
    if (f == 1 && last != NULL)
      g_variant_builder_add (draft, "{sv}", "in_reply_to", g_variant_new_string (last));
    g_mime_references_free (list);
  }
  g_variant_builder_add (draft, "{sv}", "references", g_variant_builder_end (&out));
}

/* Read by us: GMime loses the end of some (message_words.c). */
static char *
subject_of (GBytes *bytes)
{
  AUTOFREE (message_fields) fields = message_fields_new (g_bytes_get_data (bytes, NULL), inspect_split_body (bytes));
  const char *raw = message_fields_raw (fields, "subject");
  g_autofree char *decoded = raw != NULL ? message_words_decode (raw, NULL) : NULL;
  return sanitise (decoded != NULL ? decoded : "", -1, SANITISE_LINE);
}

/* A kept answer still does not name outside whom the mail that it answers did not. */
static void
add_confidential (GVariantBuilder *draft, GBytes *bytes)
{
  AUTOFREE (message_fields) fields = message_fields_new (g_bytes_get_data (bytes, NULL), inspect_split_body (bytes));
  g_autoptr (GPtrArray) secret = message_shown_draft_secrets (fields);
  if (secret->len > 0)
    g_variant_builder_add (draft, "{sv}", "confidential",
                           g_variant_new_strv ((const char *const *) secret->pdata, (gssize) secret->len));
}

static GVariant *
make_draft (GBytes *bytes, GMimeMessage *message, struct parse *parse, GError **error)
{
  GVariantBuilder draft;
  guint recipients = 0;
  g_variant_builder_init (&draft, G_VARIANT_TYPE_VARDICT);
  add_from (&draft, message);
  add_addresses (&draft, "to", g_mime_message_get_to (message), &recipients);
  add_addresses (&draft, "cc", g_mime_message_get_cc (message), &recipients);
  add_addresses (&draft, "bcc", g_mime_message_get_bcc (message), &recipients);
  g_autofree char *clean = subject_of (bytes);
  g_variant_builder_add (&draft, "{sv}", "subject", g_variant_new_string (clean));
  g_variant_builder_add (&draft, "{sv}", "body", g_variant_new_string (parse->body != NULL ? parse->body : ""));
  add_references (&draft, message);
  add_confidential (&draft, bytes);
  if (g_mime_object_get_header (GMIME_OBJECT (message), "Disposition-Notification-To")
      != NULL) /* it goes to the sender, whoever stands there */
    g_variant_builder_add (&draft, "{sv}", "ask_receipt", g_variant_new_boolean (TRUE));
  const char *id = g_mime_message_get_message_id (message);
  if (id != NULL && message_id_is_valid (id))
    g_variant_builder_add (&draft, "{sv}", "message_id", g_variant_new_string (id));
  g_variant_builder_add (&draft, "{sv}", "attachments", g_variant_builder_end (parse->rows));
  GVariant *made = g_variant_builder_end (&draft);
  if (recipients <= RECIPIENTS_MAX)
    return made;
  g_variant_unref (g_variant_ref_sink (made));
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "The message names more than %d recipients; nothing was sent.",
               RECIPIENTS_MAX);
  return NULL;
}

GVariant *
draft_parse (GBytes *message, GPtrArray **attachments_out, GError **error)
{
  message_init ();
  gsize size = 0;
  const char *bytes = g_bytes_get_data (message, &size);
  g_autoptr (GMimeStream) stream = g_mime_stream_mem_new_with_buffer (size > 0 ? bytes : "", size);
  g_autoptr (GMimeParser) parser = g_mime_parser_new_with_stream (stream);
  g_autoptr (GMimeMessage) parsed = size > 0 ? g_mime_parser_construct_message (parser, NULL) : NULL;
  if (parsed == NULL || g_mime_message_get_mime_part (parsed) == NULL) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "What was handed over is not a mail message (header lines, an empty line, text); nothing was sent.");
    return NULL;
  }
  /* RFC 5322 3.6.6: its To and Cc name those who have it already; who is to get it now stands in Resent-To. */
  if (g_mime_object_get_header (GMIME_OBJECT (parsed), "Resent-To") != NULL
      || g_mime_object_get_header (GMIME_OBJECT (parsed), "Resent-Cc") != NULL
      || g_mime_object_get_header (GMIME_OBJECT (parsed), "Resent-Bcc") != NULL) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "The message is one that is to be sent on as it is (it has Resent- fields), which cannot be "
                 "encrypted; nothing was sent. Forward it instead.");
    return NULL;
  }
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("a(ssh)"));
  struct parse parse
      = { .rows = &rows, .attachments = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref) };
  walk (&parse, g_mime_message_get_mime_part (parsed), 0);
  GVariant *draft = NULL;
  if (parse.fault == NULL) {
    draft = make_draft (message, parsed, &parse, error);
  } else {
    g_variant_builder_clear (&rows);
    g_set_error_literal (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, parse.fault);
  }
  if (draft != NULL)
    *attachments_out = g_ptr_array_ref (parse.attachments);
  g_ptr_array_unref (parse.attachments);
  g_free (parse.body);
  return draft;
}
