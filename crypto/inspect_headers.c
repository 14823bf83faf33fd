/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a message protects its header, and where the protected fields stand. RFC 9788, 4.2 and 4.10; its forerunner.
 *
 * Only the cryptographic payload can say so, the first entity below the outermost layers, and only when those layers were opened, or
 * hold. In a part of a larger mail, or below a signature that does not fit, hp= and its like mean nothing.
 *
 * A forwarded message that happens to be all of the payload is not a wrapper (RFC 8551, 3.1) unless it says so: it has another
 * sender, or another Message-ID under a Subject that tells something. */
#include "crypto/inspect_p.h"
#include "crypto/addrspec.h"
#include "crypto/inspect_from.h"
#include <string.h>

static gboolean
is_value (const struct inspect_type *type, const char *name, const char *value)
{
  const char *found = inspect_type_get (type, name);
  return found != NULL && g_ascii_strcasecmp (found, value) == 0;
}

static enum header_scheme
scheme_of (const struct inspect_type *type)
{
  if (is_value (type, "hp", "cipher"))
    return HEADERS_CIPHER;
  if (is_value (type, "hp", "clear"))
    return HEADERS_CLEAR;
  return is_value (type, "protected-headers", "v1") ? HEADERS_OLD : HEADERS_OUTER;
}

static gboolean
same_from (GBytes *one, GBytes *other)
{
  struct inspect_from a, b;
  inspect_from_init (&a, one);
  inspect_from_init (&b, other);
  const gboolean same = a.addresses->len > 0 && b.addresses->len > 0
                        && addrspec_equal (g_ptr_array_index (a.addresses, 0), g_ptr_array_index (b.addresses, 0));
  inspect_from_clear (&a);
  inspect_from_clear (&b);
  return same;
}

static gboolean
same_id (GBytes *one, GBytes *other)
{
  g_autofree char *a = inspect_split_field (one, "message-id", 0), *b = inspect_split_field (other, "message-id", 0);
  return a != NULL && *a != '\0' && g_strcmp0 (a, b) == 0;
}

/* Subjects that mean "it is inside". */
static gboolean
has_placeholder (GBytes *entity)
{
  static const char *const texts[] = { "...",
                                       "[...]",
                                       "\xE2\x80\xA6",
                                       "=?utf-8?b?4oCm?=",
                                       "=?utf-8?q?=e2=80=a6?=",
                                       "encrypted message",
                                       "secure message",
                                       "subject unavailable" };
  g_autofree char *subject = inspect_split_field (entity, "subject", 0);
  for (gsize i = 0; subject != NULL && i < G_N_ELEMENTS (texts); i++)
    if (g_ascii_strcasecmp (subject, texts[i]) == 0)
      return TRUE;
  return subject == NULL;
}

static gboolean
wraps (const struct inspect_node *root, const struct inspect_node *inner, const struct inspect_type *type)
{
  return is_value (type, "forwarded", "no") || scheme_of (type) != HEADERS_OUTER
         || (same_from (root->entity, inner->entity)
             && (same_id (root->entity, inner->entity) || has_placeholder (root->entity)));
}

void
inspect_headers_find (struct inspection *inspection)
{
  struct inspect_node *payload = inspection->payload;
  struct inspect_type type;
  inspection->header_scheme = HEADERS_OUTER;
  inspection->header_node = NULL;
  if (payload == inspection->root || (!payload->encrypted && !payload->signed_))
    return;
  inspect_type_init (&type, payload->entity, "text/plain");
  enum header_scheme scheme = scheme_of (&type);
  struct inspect_node *node = payload;
  if (strcmp (payload->type, "message/rfc822") == 0 && payload->children->len == 1
      && !inspect_split_has_field (payload->entity, "from")) {
    node = g_ptr_array_index (payload->children, 0);
    scheme = wraps (inspection->root, node, &type) ? HEADERS_WRAPPED : HEADERS_OUTER;
  }
  inspect_type_clear (&type);
  inspection->header_scheme = scheme;
  inspection->header_node = scheme != HEADERS_OUTER ? node : NULL;
  if (scheme == HEADERS_CIPHER && !payload->encrypted)
    verdict_warn (&inspection->verdict, "encryption_removed",
                  "The sender had encrypted this message. Somebody took the encryption off and passed it on.");
}
