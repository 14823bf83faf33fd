/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Recipients in words; see recipients.h. */
#include "ui/views/recipients.h"
#include "ui/views/fields.h"

#include <string.h>

static void
add_piece (GStrvBuilder *pieces, const char *from, const char *to)
{
  g_autofree char *piece = g_strstrip (g_strndup (from, (gsize) (to - from)));
  if (*piece != '\0')
    g_strv_builder_add (pieces, piece);
}

char **
recipients_split (const char *text)
{
  g_autoptr (GStrvBuilder) pieces = g_strv_builder_new ();
  gboolean quoted = FALSE, bracket = FALSE;
  const char *start = text, *p;
  for (p = text; *p != '\0'; p++) {
    if (*p == '\\' && quoted && p[1] != '\0')
      p++;
    else if (*p == '"')
      quoted = !quoted;
    else if (*p == '<' && !quoted)
      bracket = TRUE;
    else if (*p == '>' && !quoted)
      bracket = FALSE;
    else if ((*p == ',' || *p == ';') && !quoted && !bracket) {
      add_piece (pieces, start, p);
      start = p + 1;
    }
  }
  add_piece (pieces, start, p);
  return g_strv_builder_end (pieces);
}

char *
recipients_address (const char *piece)
{
  const char *open = strrchr (piece, '<'), *close = open != NULL ? strchr (open, '>') : NULL;
  if (close == NULL)
    return g_strstrip (g_strdup (piece));
  return g_strstrip (g_strndup (open + 1, (gsize) (close - open - 1)));
}

gboolean
recipients_complete (const char *piece)
{
  g_autofree char *address = recipients_address (piece);
  const char *at = strrchr (address, '@');
  gboolean open_bracket = strchr (piece, '<') != NULL && strchr (piece, '>') == NULL;
  return at != NULL && at != address && at[1] != '\0' && !open_bracket;
}

char *
recipients_unfinished (const char *text, gsize cursor)
{
  g_autofree char *before = g_strndup (text, cursor), *typed = g_strconcat (before, "x", NULL);
  g_auto (GStrv) all = recipients_split (text), pieces = recipients_split (typed);
  const guint index = g_strv_length (pieces) - 1; /* the one that a letter would go to */
  const char *piece = index < g_strv_length (all) ? all[index] : NULL;
  return piece != NULL && !g_str_has_suffix (piece, ">") ? recipients_address (piece) : NULL;
}

static const char *
reason_words (const char *reason)
{
  static const char *const words[][2] = {
    { "no_key", "no key found" },
    { "bad_address", "this is no mail address" },
    { "untrusted", "the key is not trusted yet" },
    { "expired", "the key has expired" },
    { "not_yet_valid", "the key is not valid yet" },
    { "wrong_usage", "the key cannot encrypt" },
    { "weak", "the key is too weak" },
    { "revoked", "the key was revoked" },
    { "broken", "the key cannot be used" },
    { "policy", "forbidden by policy" },
    { "sender_no_key", "you have no key of your own for it" },
    { "keyring_failed", "the keys could not be read" },
    { "key_changed", "the key has changed" },
    { "not_pinned", "not the key that your organisation knows" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (words[i][0], reason) == 0)
      return words[i][1];
  return NULL;
}

static const char *
method_words (const char *method)
{
  return strcmp (method, "smime") == 0 ? "S/MIME" : strcmp (method, "pgp") == 0 ? "OpenPGP" : NULL;
}

char *
recipients_route (GVariant *route, enum route_tone *tone_out)
{
  const char *method = method_words (fields_text (route, "route"));
  *tone_out = method != NULL ? ROUTE_TONE_GOOD : ROUTE_TONE_HELD;
  if (method != NULL)
    return g_strdup (method);
  const char *reason = reason_words (fields_text (route, "reason"));
  if (reason == NULL)
    reason = fields_text (route, "sentence");
  if (g_str_has_prefix (reason, "HELD: "))
    reason += strlen ("HELD: ");
  if (fields_flag (route, "looking"))
    return strcmp (fields_text (route, "reason"), "no_key") == 0
               ? g_strdup ("Looking for a key…")
               : g_strdup_printf ("HELD: %s; looking for another one…", reason);
  return *reason != '\0' ? g_strdup_printf ("HELD: %s", reason) : g_strdup ("HELD");
}

char *
recipients_copies (GVariant *copies)
{
  static const char *const methods[] = { "smime", "pgp" };
  GString *text = g_string_new (NULL);
  for (gsize m = 0; m < G_N_ELEMENTS (methods); m++) {
    g_autoptr (GString) to = g_string_new (NULL);
    guint count = 0;
    for (gsize i = 0; i < g_variant_n_children (copies); i++) {
      g_autoptr (GVariant) copy = g_variant_get_child_value (copies, i);
      if (strcmp (fields_text (copy, "method"), methods[m]) != 0)
        continue;
      g_autofree char *recipients = fields_joined (copy, "recipients");
      g_string_append_printf (to, "%s%s", count++ > 0 ? ", " : "", recipients);
    }
    if (count > 0)
      g_string_append_printf (text, "%s%u %s %s to %s", text->len > 0 ? ", " : "", count, method_words (methods[m]),
                              count == 1 ? "copy" : "copies", to->str);
  }
  return g_string_free (text, FALSE);
}
