/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Which header a field is shown from: the one inside the protection where it is there and can be believed, else the outer one.
 *
 * Believed is a payload that was decrypted, or whose signature is cryptographically valid, and that says it protects its header: by
 * hp= (RFC 9788), by protected-headers="v1" (its forerunner), or by wrapping a whole message (RFC 8551, 3.1). A forwarded
 * message that happens to be all of the payload is not a wrapper: it has another Message-ID and another sender. */
#include "mail/message/message_p.h"

#include <string.h>

static struct message_fields *
fields_of (const struct inspect_node *node)
{
  gsize size;
  const char *bytes = g_bytes_get_data (node->entity, &size);
  return message_fields_new (bytes, MIN (node->body_offset, size));
}

static gboolean
same_first (const struct message_fields *a, const struct message_fields *b, const char *name, gboolean address)
{
  g_autoptr (GPtrArray) one = address ? message_fields_addresses (a, name, FALSE) : message_fields_ids (a, name);
  g_autoptr (GPtrArray) two = address ? message_fields_addresses (b, name, FALSE) : message_fields_ids (b, name);
  return one->len > 0 && two->len > 0 && g_ascii_strcasecmp (one->pdata[0], two->pdata[0]) == 0;
}

/* Subjects that mean "it is inside". */
static gboolean
is_placeholder (const struct message_fields *fields)
{
  static const char *const texts[] = {
    "...", "[...]", "\xE2\x80\xA6", "Encrypted Message", "Encrypted message", "Secure message", "Subject Unavailable"
  };
  g_autofree char *subject = message_fields_text (fields, "subject");
  for (gsize i = 0; subject != NULL && i < G_N_ELEMENTS (texts); i++)
    if (strcmp (subject, texts[i]) == 0)
      return TRUE;
  return subject == NULL;
}

static gboolean
wraps (const struct message_fields *outer, const struct message_fields *inner, const struct message_body *about)
{
  if (about->not_forwarded || about->protected_)
    return TRUE;
  return same_first (outer, inner, "from", TRUE)
         && (same_first (outer, inner, "message-id", FALSE) || is_placeholder (outer));
}

void
message_shown_init (struct message_shown *shown, const struct inspection *inspection)
{
  const struct inspect_node *payload = inspection->payload;
  shown->outer = fields_of (inspection->root);
  shown->inner = NULL;
  if (payload == inspection->root || (!payload->encrypted && !payload->signed_))
    return;
  AUTOFREE (message_body) about = message_body_new (payload);
  if (strcmp (payload->type, "message/rfc822") == 0 && payload->children->len == 1) {
    shown->inner = fields_of (payload->children->pdata[0]);
    if (!wraps (shown->outer, shown->inner, about))
      g_clear_pointer (&shown->inner, message_fields_free);
  } else if (about->protected_)
    shown->inner = fields_of (payload);
}

void
message_shown_clear (struct message_shown *shown)
{
  g_clear_pointer (&shown->outer, message_fields_free);
  g_clear_pointer (&shown->inner, message_fields_free);
}

const struct message_fields *
message_shown_for (const struct message_shown *shown, const char *name)
{
  return shown->inner != NULL && message_fields_raw (shown->inner, name) != NULL ? shown->inner : shown->outer;
}
