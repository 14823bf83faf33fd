/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Which header a field is shown from, how it was protected on its way, and what of it was nobody else's business. RFC 9788, 4.2, 4.3.
 *
 * inspect says whether there is a protected header. A field that stands in it is shown from there. One that does not is shown from
 * outside by the older conventions, which protect Subject alone as often as not; by RFC 9788 it is not shown at all, since a sender
 * who follows it puts everything inside, and what is outside only was added on the way. From is inspect's decision. */
#include "mail/message/message_p.h"

#include <string.h>

#define REFERENCE_MAX (256u * 1024)

static const char *const protectable[] = { "subject",     "from",       "to",         "cc",          "date", "reply-to",
                                           "in-reply-to", "references", "message-id", "followup-to", NULL };

static struct message_fields *
fields_of (const struct inspect_node *node)
{
  gsize size;
  const char *bytes = g_bytes_get_data (node->entity, &size);
  return message_fields_new (bytes, MIN (node->body_offset, size));
}

/* What everybody could read on the way: as the sender says it with HP-Outer, else as it is. */
static struct message_fields *
reference_of (const struct message_fields *inner)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const char *line;
  for (guint i = 0; (line = message_fields_same (inner, "hp-outer", i)) != NULL && text->len < REFERENCE_MAX; i++)
    g_string_append_printf (text, "%s\n", line);
  return text->len > 0 ? message_fields_new (text->str, text->len) : NULL;
}

void
message_shown_init (struct message_shown *shown, const struct inspection *inspection)
{
  const struct inspect_node *node = inspection->header_node;
  *shown = (struct message_shown){ .outer = fields_of (inspection->root),
                                   .none = message_fields_new ("", 0),
                                   .scheme = inspection->header_scheme,
                                   .from_inner = inspection->from_protected,
                                   .encrypted = inspection->payload->encrypted,
                                   .signed_ = inspection->payload->signed_ };
  if (node == NULL)
    return;
  shown->inner = fields_of (node);
  if (shown->scheme == HEADERS_CIPHER)
    shown->reference = reference_of (shown->inner);
}

void
message_shown_clear (struct message_shown *shown)
{
  g_clear_pointer (&shown->outer, message_fields_free);
  g_clear_pointer (&shown->inner, message_fields_free);
  g_clear_pointer (&shown->none, message_fields_free);
  g_clear_pointer (&shown->reference, message_fields_free);
}

const struct message_fields *
message_shown_for (const struct message_shown *shown, const char *name)
{
  if (shown->inner == NULL)
    return shown->outer;
  if (strcmp (name, "from") == 0)
    return shown->from_inner ? shown->inner : shown->outer;
  if (message_fields_raw (shown->inner, name) != NULL)
    return shown->inner;
  const gboolean strict = shown->scheme == HEADERS_CLEAR || shown->scheme == HEADERS_CIPHER;
  return strict && strcmp (name, "date") != 0 ? shown->none
                                              : shown->outer; /* without a date it would be lost in the list */
}

const char *
message_shown_name (guint n)
{
  return n < G_N_ELEMENTS (protectable) ? protectable[n] : NULL;
}

/* The same but for blanks, however it is folded. */
static gboolean
same_value (const char *one, const char *other)
{
  g_autofree char *a = message_fields_clean (one), *b = message_fields_clean (other);
  return strcmp (a, b) == 0;
}

static const struct message_fields *
seen_outside (const struct message_shown *shown)
{
  return shown->reference != NULL ? shown->reference : shown->outer;
}

gboolean
message_shown_is_confidential (const struct message_shown *shown, const char *name)
{
  const char *value = shown->inner != NULL ? message_fields_raw (shown->inner, name) : NULL, *outside;
  if (value == NULL || message_shown_for (shown, name) != shown->inner || !shown->encrypted
      || shown->scheme == HEADERS_CLEAR)
    return FALSE;
  for (guint i = 0; (outside = message_fields_same (seen_outside (shown), name, i)) != NULL; i++)
    if (same_value (value, outside))
      return FALSE;
  return TRUE;
}

const char *
message_shown_state (const struct message_shown *shown, const char *name)
{
  if (shown->inner == NULL || message_shown_for (shown, name) != shown->inner)
    return "unprotected";
  if (message_shown_is_confidential (shown, name))
    return shown->signed_ ? "signed_and_encrypted" : "encrypted";
  return shown->signed_ ? "signed" : "unprotected";
}

static gboolean
holds_address (const struct message_fields *fields, const char *address)
{
  static const char *const names[] = { "from", "to", "cc", "reply-to" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GPtrArray) list = message_fields_addresses (fields, names[i], FALSE);
    for (guint k = 0; k < list->len; k++)
      if (g_ascii_strcasecmp (list->pdata[k], address) == 0)
        return TRUE;
  }
  return FALSE;
}

/* Addresses of a field of inner that stand in no field outside, appended. */
static void
add_secret (GPtrArray *secret, const struct message_fields *inner, const char *name,
            const struct message_fields *outside)
{
  g_autoptr (GPtrArray) list = message_fields_addresses (inner, name, FALSE);
  for (guint i = 0; i < list->len; i++)
    if (!holds_address (outside, list->pdata[i]))
      g_ptr_array_add (secret, g_strdup (list->pdata[i]));
}

GPtrArray *
message_shown_secret_addresses (const struct message_shown *shown)
{
  static const char *const names[] = { "reply-to", "to", "cc" };
  GPtrArray *secret = g_ptr_array_new_with_free_func (g_free);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (message_shown_is_confidential (shown, names[i]))
      add_secret (secret, shown->inner, names[i], seen_outside (shown));
  return secret;
}

GPtrArray *
message_shown_draft_secrets (const struct message_fields *own)
{
  GPtrArray *secret = g_ptr_array_new_with_free_func (g_free);
  AUTOFREE (message_fields) outside = reference_of (own);
  if (outside != NULL) {
    add_secret (secret, own, "to", outside);
    add_secret (secret, own, "cc", outside);
  }
  return secret;
}
