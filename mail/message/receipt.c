/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See receipt.h. Whoever gets a receipt learns that the address works and when its owner reads; so a receipt goes to nobody whom the person has not
 * agreed to, and never for mail that is not what its sender wrote. */
#include "mail/message/receipt.h"

#include "crypto/addrspec.h"

#include <string.h>

static const char *
text_of (GVariant *fields, const char *name)
{
  const char *text = "";
  if (fields != NULL)
    (void) g_variant_lookup (fields, name, "&s", &text);
  return text;
}

/* "ms", too. */
static char *
maybe_of (GVariant *fields, const char *name)
{
  char *text = NULL;
  g_autoptr (GVariant) value = fields != NULL ? g_variant_lookup_value (fields, name, G_VARIANT_TYPE ("ms")) : NULL;
  if (value != NULL)
    g_variant_get (value, "ms", &text);
  return text != NULL ? text : g_strdup ("");
}

static char *
only_one (GVariant *fields, const char *name)
{
  g_autofree const char **list = NULL;
  if (fields == NULL || !g_variant_lookup (fields, name, "^a&s", &list) || list[0] == NULL || list[1] != NULL
      || !addrspec_valid (list[0]))
    return g_strdup ("");
  return g_strdup (list[0]);
}

static gboolean
is_among (const char *address, const char *const *list)
{
  for (gsize i = 0; list != NULL && list[i] != NULL; i++)
    if (addrspec_equal (address, list[i]))
      return TRUE;
  return FALSE;
}

static gboolean
has_tag (const char *const *tags, const char *tag)
{
  return tags != NULL && g_strv_contains (tags, tag);
}

/* Could it be opened, and is it whole? */
static gboolean
is_sound (GVariant *view)
{
  g_autoptr (GVariant) encryption = g_variant_lookup_value (view, "encryption", G_VARIANT_TYPE_VARDICT),
                       signature = g_variant_lookup_value (view, "signature", G_VARIANT_TYPE_VARDICT);
  g_autofree char *protocol = maybe_of (encryption, "protocol"), *integrity = maybe_of (encryption, "integrity");
  gboolean decrypted = FALSE;
  if (encryption == NULL || signature == NULL)
    return FALSE;
  (void) g_variant_lookup (encryption, "decrypted", "b", &decrypted);
  if (*protocol != '\0' && (!decrypted || strcmp (integrity, "ok") != 0))
    return FALSE;
  const char *state = text_of (signature, "state");
  return strcmp (state, "bad") != 0 && strcmp (state, "mismatch") != 0 && strcmp (state, "revoked") != 0;
}

static gboolean
is_signed_well (GVariant *view)
{
  g_autoptr (GVariant) signature = g_variant_lookup_value (view, "signature", G_VARIANT_TYPE_VARDICT);
  return strcmp (text_of (signature, "state"), "good") == 0 && strcmp (text_of (signature, "covers"), "whole") == 0;
}

static GVariant *
answer (const char *state, const char *to, char *text_take)
{
  g_autofree char *text = text_take;
  return g_variant_new_parsed ("{'state': <%s>, 'to': <%s>, 'text': <%s>}", state, to, text);
}

/* Why there is none, whatever anybody wants; NULL: nothing stands against it. */
static const char *
obstacle (GVariant *view, GVariant *origin, const char *const *tags, const char *to)
{
  gboolean machine = FALSE;
  (void) g_variant_lookup (origin, "machine", "b", &machine);
  if (*to == '\0')
    return "The sender asks for a receipt, but not to one address; none is sent.";
  if (!is_sound (view))
    return "The sender asks for a receipt. None is sent, since the message could not be opened or was changed on its "
           "way.";
  if (machine || *text_of (origin, "list_post") != '\0')
    return "A mailing list or a machine asks for a receipt; none is sent.";
  if (has_tag (tags, "spam"))
    return "A message in Junk asks for a receipt; none is sent.";
  if (*text_of (view, "message_id") == '\0')
    return "The sender asks for a receipt, but the message has no name that it could bear; none is sent.";
  return NULL;
}

GVariant *
receipt_asked (GVariant *view, GVariant *origin, const char *const *tags, const char *const *own,
               enum receipt_policy policy)
{
  g_autofree const char **asked = NULL;
  g_autofree char *to = only_one (origin, "receipt_to"), *from = only_one (view, "from"),
                  *path = only_one (origin, "return_path");
  if (!g_variant_lookup (origin, "receipt_to", "^a&s", &asked) || asked[0] == NULL || has_tag (tags, "sent")
      || has_tag (tags, "draft") || (*from != '\0' && is_among (from, own)))
    return NULL;
  const char *why = obstacle (view, origin, tags, to);
  if (why != NULL)
    return answer ("never", to, g_strdup (why));
  if (has_tag (tags, RECEIPT_TAG_REFUSED))
    return answer ("refused", to, g_strdup_printf ("%s asked for a receipt; you chose to send none.", to));
  if (has_tag (tags, RECEIPT_TAG_ANSWERED))
    return answer ("sent", to, g_strdup_printf ("%s asked for a receipt, and was answered.", to));
  if (policy == RECEIPT_NEVER)
    return answer ("never", to, g_strdup_printf ("%s asks for a receipt; policy says that none are sent.", to));
  const gboolean his_own = *from != '\0' && addrspec_equal (to, from) && *path != '\0' && addrspec_equal (to, path);
  if (policy == RECEIPT_SIGNED && his_own && is_signed_well (view))
    return answer ("auto", to, g_strdup_printf ("%s gets a receipt that you opened this message.", to));
  if (*from != '\0' && addrspec_equal (to, from))
    return answer ("ask", to, g_strdup_printf ("%s asks to be told that you opened this message.", to));
  return answer (
      "ask", to,
      g_strdup_printf ("Careful: %s asks to be told that you opened this message, and is not its sender.", to));
}
