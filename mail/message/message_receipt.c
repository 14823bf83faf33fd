/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A receipt of our own, as other programs read it (RFC 8098): that a message was opened here, and no more. Neither this machine's name
 * nor anything of the message but its Message-ID stands in it. */
#include "mail/message/message_p.h"
#include "mail/engine.h"

#include "crypto/addrspec.h"

#include <string.h>

static GMimeObject *
notification (const char *id, const char *recipient, gboolean automatic)
{
  g_autofree char *fields = g_strdup_printf (
      "Reporting-UA: wardmail\r\nFinal-Recipient: rfc822;%s\r\nOriginal-Message-ID: <%s>\r\nDisposition: %s; "
      "displayed\r\n",
      recipient, id, automatic ? "automatic-action/MDN-sent-automatically" : "manual-action/MDN-sent-manually");
  GMimePart *part = g_mime_part_new_with_type ("message", "disposition-notification");
  GMimeStream *stream = g_mime_stream_mem_new_with_buffer (fields, strlen (fields));
  GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream (stream, GMIME_CONTENT_ENCODING_DEFAULT);
  g_mime_part_set_content (part, content);
  g_mime_part_set_content_encoding (part, GMIME_CONTENT_ENCODING_7BIT);
  g_object_unref (content);
  g_object_unref (stream);
  return GMIME_OBJECT (part);
}

GMimeObject *
message_receipt_body (GMimeObject *text_take, GVariant *receipt, GError **error)
{
  const char *id = "", *recipient = "";
  gboolean automatic = FALSE;
  (void) g_variant_lookup (receipt, "message_id", "&s", &id);
  (void) g_variant_lookup (receipt, "recipient", "&s", &recipient);
  (void) g_variant_lookup (receipt, "automatic", "b", &automatic);
  if (!message_id_is_valid (id) || !addrspec_valid (recipient)) {
    g_object_unref (text_take);
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "The message that asks for a receipt has a name that cannot be repeated, so no receipt was sent.");
    return NULL;
  }
  GMimeMultipart *report = g_mime_multipart_new_with_subtype ("report");
  GMimeObject *fields = notification (id, recipient, automatic);
  g_mime_object_set_content_type_parameter (GMIME_OBJECT (report), "report-type", "disposition-notification");
  g_mime_multipart_add (report, text_take);
  g_mime_multipart_add (report, fields);
  g_object_unref (text_take);
  g_object_unref (fields);
  return GMIME_OBJECT (report);
}
