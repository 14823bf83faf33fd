/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a report says of a mail that was sent, as fields for the ledger: RFC 3464 and 6533 (servers), RFC 8098 (readers). Keys worker.
 *
 * Only a message that is a report as a whole counts, inside of its own protection: one that is attached to a mail reports nothing to us. All of it
 * is a stranger's word; whether it is about a mail of ours is the ledger's to find. */
#include "mail/message/message_p.h"

#include <string.h>

#define TEXT_MAX (256u * 1024)
#define HEADER_MAX (64u * 1024)
#define LINES_MAX 500
#define WORDS_MAX 300 /* characters */
#define ID_MAX 500    /* bytes */

/* The first child of one of these types. */
static const struct inspect_node *
part_of (const struct inspect_node *report, const char *const *types)
{
  for (guint i = 0; i < report->children->len; i++) {
    const struct inspect_node *node = g_ptr_array_index (report->children, i);
    if (g_strv_contains (types, node->type))
      return node;
  }
  return NULL;
}

static char *
cut (const char *text)
{
  return g_utf8_strlen (text, -1) > WORDS_MAX ? g_utf8_substring (text, 0, WORDS_MAX) : g_strdup (text);
}

/* A field's text, "" where there is none; typed: what stands behind "rfc822;" and the like. */
static char *
text_of (const struct message_fields *fields, const char *name, gboolean typed)
{
  g_autofree char *text = message_fields_text (fields, name);
  const char *value = text != NULL ? text : "", *semicolon = typed ? strchr (value, ';') : NULL;
  value = semicolon != NULL ? semicolon + 1 : value;
  return cut (value + strspn (value, " "));
}

/* An addr-spec as it stands there, without brackets and what follows it; "": none. */
static char *
address_of (const struct message_fields *fields, const char *name)
{
  g_autofree char *text = message_fields_text (fields, name);
  const char *value = text != NULL ? text : "", *semicolon = strchr (value, ';');
  value = semicolon != NULL ? semicolon + 1 : value;
  value += strspn (value, " <");
  const gsize size = strcspn (value, " <>(");
  return size <= 254 && memchr (value, '@', size) != NULL ? g_strndup (value, size) : g_strdup ("");
}

static char *
id_of (const struct message_fields *fields, const char *name)
{
  g_autoptr (GPtrArray) ids = message_fields_ids (fields, name);
  return g_strdup (ids->len > 0 && strlen (ids->pdata[0]) <= ID_MAX ? ids->pdata[0] : "");
}

static char *
first_word (const char *text)
{
  return g_ascii_strdown (text, (gssize) strcspn (text, " /,;("));
}

/* The blocks of fields in the part. */
static GPtrArray *
blocks_of (const struct inspect_node *node)
{
  AUTOFREE (message_body) body = message_body_new (node);
  gboolean was_cut = FALSE;
  g_autofree char *text = message_body_text (node, body, TEXT_MAX, &was_cut, NULL);
  return message_report_blocks (text, LINES_MAX);
}

/* The Message-ID of the mail that came back, or of its header. */
static char *
returned_id (const struct inspect_node *report)
{
  static const char *const types[]
      = { "text/rfc822-headers", "message/rfc822", "message/global-headers", "message/global", NULL };
  const struct inspect_node *node = part_of (report, types);
  g_autoptr (GBytes) bytes = node != NULL ? message_body_decode (node) : NULL;
  if (bytes == NULL)
    return g_strdup ("");
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);
  const char *end = message_report_block_end (text, MIN (size, HEADER_MAX));
  AUTOFREE (message_fields) fields = message_fields_new (text, (gsize) (end - text));
  return id_of (fields, "message-id");
}

static void
add (GVariantBuilder *out, const char *name, const char *text)
{
  g_variant_builder_add (out, "{sv}", name, g_variant_new_string (text));
}

static void
add_line (GVariantBuilder *lines, const struct message_fields *fields, const char *action, const char *words)
{
  g_autofree char *original = address_of (fields, "original-recipient"),
                  *final = address_of (fields, "final-recipient");
  if (*original == '\0' && *final == '\0' && *action == '\0')
    return;
  g_variant_builder_open (lines, G_VARIANT_TYPE_VARDICT);
  add (lines, "original", original);
  add (lines, "final", final);
  add (lines, "action", action);
  add (lines, "words", words);
  g_variant_builder_close (lines);
}

/* The first block is about the message, each other one about a recipient. */
static void
delivery (const struct inspect_node *report, GPtrArray *blocks, GVariantBuilder *out)
{
  const struct message_fields *all = g_ptr_array_index (blocks, 0);
  g_autofree char *envid = text_of (all, "original-envelope-id", FALSE),
                  *reporter = text_of (all, "reporting-mta", TRUE), *id = returned_id (report);
  GVariantBuilder lines;
  g_variant_builder_init (&lines, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 1; i < blocks->len; i++) {
    const struct message_fields *fields = g_ptr_array_index (blocks, i);
    g_autofree char *full = text_of (fields, "action", FALSE), *action = first_word (full),
                    *said = text_of (fields, "diagnostic-code", TRUE), *status = text_of (fields, "status", FALSE);
    add_line (&lines, fields, action, *said != '\0' ? said : status);
  }
  add (out, "kind", "delivery");
  add (out, "envid", envid);
  add (out, "message_id", id);
  add (out, "reporter", reporter);
  add (out, "signer", "");
  g_variant_builder_add (out, "{sv}", "lines", g_variant_builder_end (&lines));
}

/* "manual-action/MDN-sent-manually; displayed/error": what happened stands behind the semicolon. */
static void
receipt (const struct inspect_node *report, GPtrArray *blocks, const struct signature_verdict *signature,
         GVariantBuilder *out)
{
  const struct message_fields *fields = g_ptr_array_index (blocks, 0);
  const gboolean is_signed = signature->state == SIGNATURE_GOOD && signature->covers == COVERS_WHOLE;
  g_autofree char *disposition = text_of (fields, "disposition", TRUE), *action = first_word (disposition),
                  *id = id_of (fields, "original-message-id"), *reporter = text_of (fields, "reporting-ua", FALSE),
                  *signer
                  = is_signed && signature->signer != NULL ? message_fields_clean (signature->signer) : g_strdup ("");
  if (*id == '\0') {
    g_free (id);
    id = returned_id (report);
  }
  GVariantBuilder lines;
  g_variant_builder_init (&lines, G_VARIANT_TYPE ("aa{sv}"));
  add_line (&lines, fields, action, disposition);
  add (out, "kind", "receipt");
  add (out, "envid", "");
  add (out, "message_id", id);
  add (out, "reporter", reporter);
  add (out, "signer", signer);
  g_variant_builder_add (out, "{sv}", "lines", g_variant_builder_end (&lines));
}

/* The Message-ID by which the index knows the report itself. */
static char *
own_id (const struct inspection *inspection)
{
  struct message_shown shown;
  message_shown_init (&shown, inspection);
  char *id = id_of (shown.outer, "message-id");
  message_shown_clear (&shown);
  return id;
}

GVariant *
message_report_fields (const struct inspection *inspection)
{
  static const char *const statuses[] = { "message/delivery-status", "message/global-delivery-status", NULL };
  static const char *const receipts[]
      = { "message/disposition-notification", "message/global-disposition-notification", NULL };
  const struct inspect_node *report = inspection->payload;
  if (strcmp (report->type, "multipart/report") != 0 || report->withheld || report->unproven)
    return NULL;
  message_init ();
  const struct inspect_node *status = part_of (report, statuses), *seen = part_of (report, receipts);
  if ((status == NULL) == (seen == NULL))
    return NULL;
  g_autoptr (GPtrArray) blocks = blocks_of (status != NULL ? status : seen);
  if (blocks->len == 0)
    return NULL;
  g_autofree char *own = own_id (inspection);
  GVariantBuilder out;
  g_variant_builder_init (&out, G_VARIANT_TYPE_VARDICT);
  add (&out, "id", own);
  if (status != NULL)
    delivery (report, blocks, &out);
  else
    receipt (report, blocks, &inspection->verdict.signature, &out);
  return g_variant_builder_end (&out);
}
