/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The gate as a whole: what a message may look like from outside, and whether its audience is the plan's. */
#include "mail/net/gate_p.h"
#include "mail/net/address.h"

#include <string.h>

G_DEFINE_QUARK (wardmail - gate - error, gate_error)

gboolean
gate_fail (GError **error, enum gate_error code, const char *reason)
{
  g_set_error (
      error, GATE_ERROR, (int) code,
      "This copy was stopped before it could leave: %s. Nothing of it was sent; keep the draft and report this.",
      reason);
  return FALSE;
}

/* Which header fields may be seen by everybody who carries the message, and what may stand in them. */
enum field_kind { FIELD_TEXT, FIELD_SUBJECT, FIELD_IDS, FIELD_DATE, FIELD_VERSION, FIELD_CONTENT, FIELD_AUTOCRYPT };
static const struct {
  const char *name;
  enum field_kind kind;
  gboolean required;
} outer_fields[] = {
  { "date", FIELD_DATE, FALSE },
  { "from", FIELD_TEXT, TRUE },
  { "to", FIELD_TEXT, FALSE },
  { "cc", FIELD_TEXT, FALSE },
  { "subject", FIELD_SUBJECT, TRUE },
  { "message-id", FIELD_IDS, FALSE },
  { "in-reply-to", FIELD_IDS, FALSE },
  { "references", FIELD_IDS, FALSE },
  { "mime-version", FIELD_VERSION, TRUE },
  { "content-type", FIELD_CONTENT, TRUE },
  { "content-transfer-encoding", FIELD_CONTENT, FALSE },
  { "content-disposition", FIELD_CONTENT, FALSE },
  { "content-description", FIELD_CONTENT, FALSE },
  { "autocrypt", FIELD_AUTOCRYPT, FALSE },
};

/* Names and descriptions that are the same in every message tell nothing. */
static const char *const plain_names[]
    = { "smime.p7m", "encrypted.asc", "msg.asc", "message.asc", "openpgp.asc", "version.txt", NULL };
static const char *const plain_descriptions[] = {
  "S/MIME Encrypted Message",         "S/MIME encrypted message",  "PGP/MIME version identification",
  "PGP/MIME Versions Identification", "OpenPGP encrypted message", NULL,
};

/* "<left@right>" and blanks, nothing else. */
static gboolean
only_message_ids (const char *value)
{
  guint count = 0;
  while (*value != '\0') {
    if (*value == ' ' || *value == '\t') {
      value++;
      continue;
    }
    gsize size = *value == '<' ? strcspn (value, "> \t") : 0;
    if (size < 4 || value[size] != '>' || memchr (value, '@', size) == NULL
        || memchr (value + 1, '<', size - 1) != NULL)
      return FALSE;
    value += size + 1;
    count++;
  }
  return count > 0;
}

static gboolean
field_is_plain (enum field_kind kind, const char *name, const char *value)
{
  switch (kind) {
  case FIELD_SUBJECT:
    return strcmp (value, "[...]") == 0;
  case FIELD_IDS:
    return only_message_ids (value);
  case FIELD_DATE:
    return *value != '\0' && strlen (value) <= 60
           && strspn (value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789,:+- ()") == strlen (value);
  case FIELD_VERSION:
    return strcmp (value, "1.0") == 0;
  case FIELD_TEXT:
    return *value != '\0';
  case FIELD_AUTOCRYPT: /* as a whole, by gate_autocrypt_check */
    return TRUE;
  case FIELD_CONTENT:
    return strcmp (name, "content-description") != 0 || g_strv_contains (plain_descriptions, value);
  }
  return FALSE;
}

/* A parameter whose value could tell something: only the names that every message has. */
static gboolean
parameters_are_plain (GHashTable *parameters, const char *const *allowed, GError **error)
{
  GHashTableIter iter;
  gpointer name, value;
  g_hash_table_iter_init (&iter, parameters);
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    gboolean is_name = strcmp (name, "name") == 0 || strcmp (name, "filename") == 0;
    if (is_name ? !g_strv_contains (plain_names, value) : !g_strv_contains (allowed, name))
      return gate_fail (error, GATE_ERROR_HEADERS, "a Content field says more than it may");
  }
  return TRUE;
}

/* Content-* of the message or of one of its parts. type: what Content-Type must be. */
static gboolean
content_is_plain (const GPtrArray *fields, const char *type, const char *encoding, const char *const *allowed,
                  GHashTable **parameters_out, GError **error)
{
  static const char *const none[] = { NULL };
  g_autofree char *found = NULL;
  const char *value = gate_mime_find (fields, "content-type");
  if (value == NULL || !gate_mime_parameters (value, &found, parameters_out, error)) {
    g_clear_error (error);
    return gate_fail (error, GATE_ERROR_FORMAT, "its Content-Type cannot be read");
  }
  if (strcmp (found, type) != 0)
    return gate_fail (error, GATE_ERROR_PLAINTEXT, "it is not an encrypted message of the planned kind");
  if (!parameters_are_plain (*parameters_out, allowed, error))
    return FALSE;
  value = gate_mime_find (fields, "content-transfer-encoding");
  if (value == NULL ? strcmp (encoding, "base64") == 0 : g_ascii_strcasecmp (value, encoding) != 0)
    return gate_fail (error, GATE_ERROR_FORMAT, "it is not encoded as planned");
  value = gate_mime_find (fields, "content-disposition");
  if (value != NULL) {
    g_autofree char *disposition = NULL;
    g_autoptr (GHashTable) parameters = NULL;
    if (!gate_mime_parameters (value, &disposition, &parameters, error))
      return FALSE;
    if (strcmp (disposition, "attachment") != 0 && strcmp (disposition, "inline") != 0)
      return gate_fail (error, GATE_ERROR_HEADERS, "a Content field says more than it may");
    return parameters_are_plain (parameters, none, error);
  }
  return TRUE;
}

static gboolean
check_fields (const GPtrArray *fields, gboolean whole, GError **error)
{
  guint32 seen = 0;
  for (guint i = 0; i < fields->len; i++) {
    const struct gate_field *field = g_ptr_array_index (fields, i);
    gsize row = 0;
    while (row < G_N_ELEMENTS (outer_fields) && strcmp (outer_fields[row].name, field->name) != 0)
      row++;
    if (row == G_N_ELEMENTS (outer_fields) || (!whole && outer_fields[row].kind != FIELD_CONTENT))
      return gate_fail (error, GATE_ERROR_HEADERS, "it has a header field that must not be seen");
    if ((seen & (1u << row)) != 0)
      return gate_fail (error, GATE_ERROR_HEADERS, "a header field stands in it twice");
    seen |= 1u << row;
    if (!field_is_plain (outer_fields[row].kind, field->name, field->value))
      return gate_fail (error, GATE_ERROR_HEADERS,
                        outer_fields[row].kind == FIELD_SUBJECT ? "its outer Subject is not “[...]”"
                                                                : "a header field says more than it may");
  }
  for (gsize row = 0; whole && row < G_N_ELEMENTS (outer_fields); row++)
    if (outer_fields[row].required && (seen & (1u << row)) == 0)
      return gate_fail (error, GATE_ERROR_HEADERS, "a header field that it needs is missing");
  return TRUE;
}

static gboolean
check_smime (const GPtrArray *fields, struct gate_span body, GPtrArray *ids, GError **error)
{
  static const char *const allowed[] = { "smime-type", NULL };
  g_autoptr (GHashTable) parameters = NULL;
  if (!content_is_plain (fields, "application/pkcs7-mime", "base64", allowed, &parameters, error))
    return FALSE;
  const char *kind = g_hash_table_lookup (parameters, "smime-type");
  gboolean authenticated = g_strcmp0 (kind, "authEnveloped-data") == 0 || g_strcmp0 (kind, "authenveloped-data") == 0;
  if (!authenticated && g_strcmp0 (kind, "enveloped-data") != 0)
    return gate_fail (error, GATE_ERROR_PLAINTEXT, "its S/MIME type is not that of an encrypted message");
  g_autoptr (GByteArray) der = gate_mime_base64 (body, error);
  return der != NULL
         && gate_cms_recipients ((struct gate_span){ .at = der->data, .size = der->len }, authenticated, ids, error);
}

/* One part of multipart/encrypted: its header, then what is left is its body. */
static gboolean
check_pgp_part (struct gate_span *part, const char *type, GError **error)
{
  static const char *const none[] = { NULL };
  g_autoptr (GHashTable) parameters = NULL;
  g_autoptr (GPtrArray) fields = gate_mime_fields (part, error);
  return fields != NULL && check_fields (fields, FALSE, error)
         && content_is_plain (fields, type, "7bit", none, &parameters, error);
}

static gboolean
check_pgp (const GPtrArray *fields, struct gate_span body, GPtrArray *ids, GError **error)
{
  static const char *const allowed[] = { "protocol", "boundary", NULL };
  g_autoptr (GHashTable) parameters = NULL;
  if (!content_is_plain (fields, "multipart/encrypted", "7bit", allowed, &parameters, error))
    return FALSE;
  const char *boundary = g_hash_table_lookup (parameters, "boundary");
  const char *protocol = g_hash_table_lookup (parameters, "protocol");
  if (protocol == NULL || g_ascii_strcasecmp (protocol, "application/pgp-encrypted") != 0 || boundary == NULL
      || *boundary == '\0' || strlen (boundary) > 70)
    return gate_fail (error, GATE_ERROR_FORMAT, "its multipart/encrypted header is incomplete");
  g_autoptr (GArray) parts = gate_mime_split (body, boundary, error);
  if (parts == NULL)
    return FALSE;
  if (parts->len != 2)
    return gate_fail (error, GATE_ERROR_PLAINTEXT, "there is a part in it beside the encrypted one");
  struct gate_span control = g_array_index (parts, struct gate_span, 0),
                   data = g_array_index (parts, struct gate_span, 1);
  if (!check_pgp_part (&control, "application/pgp-encrypted", error)
      || !check_pgp_part (&data, "application/octet-stream", error))
    return FALSE;
  while (control.size >= 2 && control.at[control.size - 1] == '\n')
    control.size -= 2;
  if (control.size != 10 || memcmp (control.at, "Version: 1", 10) != 0)
    return gate_fail (error, GATE_ERROR_PLAINTEXT, "its first part is more than a version number");
  return gate_pgp_recipients (data, ids, error);
}

/* The ids found are the ids planned: none missing, none more, none twice. */
static gboolean
check_audience (const GPtrArray *found, const char *const *planned, GError **error)
{
  g_autoptr (GHashTable) left = g_hash_table_new (g_str_hash, g_str_equal);
  for (gsize i = 0; planned != NULL && planned[i] != NULL; i++)
    g_hash_table_add (left, (gpointer) planned[i]);
  if (g_hash_table_size (left) == 0)
    return gate_fail (error, GATE_ERROR_AUDIENCE, "its plan names no keys");
  for (guint i = 0; i < found->len; i++)
    if (!g_hash_table_remove (left, g_ptr_array_index (found, i)))
      return gate_fail (error, GATE_ERROR_AUDIENCE, "somebody could open it who is not among its recipients");
  if (g_hash_table_size (left) != 0)
    return gate_fail (error, GATE_ERROR_AUDIENCE, "one of its recipients could not open it");
  return TRUE;
}

static gboolean
check_recipients (const char *const *recipients, GError **error)
{
  if (recipients == NULL || recipients[0] == NULL)
    return gate_fail (error, GATE_ERROR_AUDIENCE, "its plan names no recipients");
  for (gsize i = 0; recipients[i] != NULL; i++)
    if (!address_is_addr_spec (recipients[i]))
      return gate_fail (error, GATE_ERROR_AUDIENCE, "one of its recipients is not an e-mail address");
  return TRUE;
}

gboolean
gate_check (const guint8 *message, gsize size, const struct gate_plan *plan, GError **error)
{
  struct gate_span rest = { message, size, plan->mapped };
  if (plan->note != NULL)
    return gate_note_check (message, size, plan, error);
  if (message == NULL || size == 0 || size > GATE_SIZE_MAX)
    return gate_fail (error, GATE_ERROR_FORMAT, "it is empty or far too large");
  if (!check_recipients (plan->recipients, error) || !gate_mime_lines (rest, error))
    return FALSE;
  g_autoptr (GPtrArray) fields = gate_mime_fields (&rest, error);
  if (fields == NULL || !check_fields (fields, TRUE, error) || !gate_autocrypt_check (fields, error))
    return FALSE;
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  gboolean envelope = FALSE;
  switch (plan->method) {
  case ROUTE_HOLD:
    return gate_fail (error, GATE_ERROR_PLAINTEXT, "its recipients are on hold");
  case ROUTE_SMIME:
    envelope = check_smime (fields, rest, ids, error);
    break;
  case ROUTE_PGP:
    envelope = check_pgp (fields, rest, ids, error);
    break;
  }
  return envelope && check_audience (ids, plan->recipient_ids, error);
}
