/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The draft that answers or forwards what a view shows. Pure; engine or keys worker.
 *
 * A reply goes to somebody, so it is where stolen ciphertext is made to speak: whoever wraps a stranger's encrypted part into a mail of his own
 * gets it back decrypted if the quote holds it. So parts that were encrypted inside a mail that as a whole was not are never quoted, nor is text that
 * the reader was not shown. */
#include "mail/message/message.h"
#include "mail/message/html.h"
#include "mail/message/quote.h"

#include <string.h>

#define QUOTE_BYTES_MAX (512u * 1024)
#define ADDRESSES_MAX 500

static const char *
text_of (GVariant *view, const char *name)
{
  const char *text = "";
  if (!g_variant_lookup (view, name, "&s", &text))
    (void) g_variant_lookup (view, name, "m&s", &text);
  return text != NULL ? text : "";
}

static gboolean
contains (const GPtrArray *list, const char *address)
{
  for (guint i = 0; i < list->len; i++)
    if (g_ascii_strcasecmp (list->pdata[i], address) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_own (const char *const *own, const char *address)
{
  for (gsize i = 0; own != NULL && own[i] != NULL; i++)
    if (g_ascii_strcasecmp (own[i], address) == 0)
      return TRUE;
  return FALSE;
}

/* Add the view's addresses that can be written to; skip: those already there. */
static void
collect (GVariant *view, const char *field, const char *const *own, const GPtrArray *skip, GPtrArray *out)
{
  g_autofree const char **list = NULL;
  (void) g_variant_lookup (view, field, "^a&s", &list);
  for (gsize i = 0; list != NULL && list[i] != NULL && out->len < ADDRESSES_MAX; i++) {
    g_autoptr (GPtrArray) specs = message_addresses ((const char *[]){ list[i], NULL }, NULL);
    if (specs == NULL || specs->len != 1)
      continue;
    const char *spec = specs->pdata[0];
    if (!is_own (own, spec) && !contains (out, spec) && (skip == NULL || !contains (skip, spec)))
      g_ptr_array_add (out, g_strdup (spec));
  }
}

/* Own mail is answered to those it went to. */
static void
find_recipients (GVariant *view, const char *const *own, gboolean all, GPtrArray *to, GPtrArray *cc)
{
  collect (view, "reply_to", own, NULL, to);
  if (to->len == 0)
    collect (view, "from", own, NULL, to);
  if (to->len == 0)
    collect (view, "to", own, NULL, to);
  if (all) {
    collect (view, "to", own, to, cc);
    collect (view, "cc", own, to, cc);
  }
  if (to->len == 0) /* a note to oneself */
    collect (view, "from", NULL, NULL, to);
}

/* The address of ours that the mail came to, else the first. */
static const char *
own_address (GVariant *view, const char *const *own)
{
  static const char *const fields[] = { "to", "cc", "from" };
  for (gsize f = 0; f < G_N_ELEMENTS (fields); f++) {
    g_autofree const char **list = NULL;
    (void) g_variant_lookup (view, fields[f], "^a&s", &list);
    for (gsize i = 0; list != NULL && list[i] != NULL; i++)
      for (gsize k = 0; own != NULL && own[k] != NULL; k++)
        if (g_ascii_strcasecmp (list[i], own[k]) == 0)
          return own[k];
  }
  return own != NULL && own[0] != NULL ? own[0] : "";
}

/* How long the prefix is that some program put before the subject ("Re:", "AW: ", "SV[2]:"); 0: none. */
static gsize
prefix_length (const char *subject, gboolean forward)
{
  static const char *const replies[]
      = { "re", "aw", "antw", "antwort", "sv", "vs", "odp", "rif", "ref", "回复", "答复", "回覆" };
  static const char *const forwards[] = { "fwd", "fw", "wg", "tr", "rv", "enc", "vb", "vl", "doorst", "转发", "轉寄" };
  const char *const *list = forward ? forwards : replies;
  gsize count = forward ? G_N_ELEMENTS (forwards) : G_N_ELEMENTS (replies);
  for (gsize i = 0; i < count; i++) {
    gsize length = strlen (list[i]);
    if (g_ascii_strncasecmp (subject, list[i], length) != 0)
      continue;
    const char *p = subject + length;
    if (*p == '[' || *p == '(')
      p += strspn (p, "[](0123456789)");
    p += strspn (p, " ");
    if (*p == ':')
      return (gsize) (p + 1 - subject);
    if (g_str_has_prefix (p, "：")) /* the wide colon */
      return (gsize) (p + strlen ("：") - subject);
  }
  return 0;
}

static char *
make_subject (GVariant *view, gboolean forward)
{
  const char *subject = text_of (view, "subject");
  for (gsize n; (n = prefix_length (subject, forward)) > 0;) {
    subject += n;
    subject += strspn (subject, " ");
  }
  return g_strdup_printf ("%s: %s", forward ? "Fwd" : "Re", subject);
}

/* Was the message as a whole inside one encrypted envelope? */
static gboolean
is_whole_encrypted (GVariant *view)
{
  g_autoptr (GVariant) encryption = g_variant_lookup_value (view, "encryption", G_VARIANT_TYPE_VARDICT);
  return encryption != NULL && strcmp (text_of (encryption, "covers"), "whole") == 0;
}

/* What of the text may be repeated to others. */
static char *
quotable_text (GVariant *view)
{
  gboolean whole = is_whole_encrypted (view);
  g_autoptr (GVariant) segments = g_variant_lookup_value (view, "segments", G_VARIANT_TYPE ("aa{sv}"));
  GString *out = g_string_new (NULL);
  for (gsize i = 0; segments != NULL && i < g_variant_n_children (segments); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (segments, i);
    gboolean encrypted = TRUE, unproven = FALSE;
    (void) g_variant_lookup (row, "unproven", "b", &unproven);
    if (!g_variant_lookup (row, "encrypted", "b", &encrypted) || (encrypted && !whole) || unproven) {
      g_string_append (out, out->len > 0 ? "\n" : "");
      g_string_append (out, "[An encrypted part is not repeated here.]\n");
      continue;
    }
    g_autofree char *visible = html_strip_hidden (text_of (row, "text"));
    if (out->len > 0)
      g_string_append_c (out, '\n');
    g_string_append (out, visible);
  }
  if (out->len > QUOTE_BYTES_MAX)
    g_string_truncate (out, (gsize) (g_utf8_find_prev_char (out->str, out->str + QUOTE_BYTES_MAX) - out->str));
  return g_string_free (out, FALSE);
}

static char *
sender (GVariant *view)
{
  g_autofree const char **shown = NULL, **from = NULL;
  (void) g_variant_lookup (view, "from_shown", "^a&s", &shown);
  (void) g_variant_lookup (view, "from", "^a&s", &from);
  const char **list = shown != NULL && shown[0] != NULL ? shown : from;
  return g_strdup (list != NULL && list[0] != NULL ? list[0] : "somebody");
}

static char *
forward_body (GVariant *view, const char *text)
{
  g_autoptr (GVariant) headers = g_variant_lookup_value (view, "headers", G_VARIANT_TYPE ("aa{sv}"));
  GString *out = g_string_new ("\n\n---------- Forwarded message ----------\n");
  for (gsize i = 0; headers != NULL && i < g_variant_n_children (headers); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (headers, i);
    g_string_append_printf (out, "%s: %s\n", text_of (row, "name"), text_of (row, "value"));
  }
  g_string_append_printf (out, "\n%s", text);
  return g_string_free (out, FALSE);
}

static char *
reply_body (GVariant *view, const char *text)
{
  g_autofree char *who = sender (view), *quote = quote_text (text);
  g_autoptr (GDateTime) date = g_date_time_new_from_iso8601 (text_of (view, "date"), NULL);
  g_autoptr (GDateTime) here = date != NULL ? g_date_time_to_local (date) : NULL; /* as it is shown to who answers */
  g_autofree char *day = here != NULL ? g_date_time_format (here, "%Y-%m-%d %H:%M") : g_strdup ("");
  return g_strdup_printf ("%s%s%s%s wrote:\n%s\n", *day != '\0' ? "On " : "", day, *day != '\0' ? ", " : "", who,
                          quote);
}

/* Was this field to be read inside only? Then it does not go outside in an answer. RFC 9788, 6.1. */
static gboolean
is_confidential (GVariant *view, const char *name)
{
  g_autofree const char **names = NULL;
  return g_variant_lookup (view, "confidential_headers", "^a&s", &names) && g_strv_contains (names, name);
}

static GVariant *
references_of (GVariant *view, const char *parent)
{
  g_autofree const char **list = NULL;
  GVariantBuilder out;
  g_variant_builder_init (&out, G_VARIANT_TYPE_STRING_ARRAY);
  if (!is_confidential (view, "references") && !is_confidential (view, "in-reply-to"))
    (void) g_variant_lookup (view, "references", "^a&s", &list);
  for (gsize i = 0; list != NULL && list[i] != NULL; i++)
    if (strcmp (list[i], parent) != 0)
      g_variant_builder_add (&out, "s", list[i]);
  if ((list == NULL || list[0] == NULL) && !is_confidential (view, "in-reply-to")
      && *text_of (view, "in_reply_to") != '\0')
    g_variant_builder_add (&out, "s", text_of (view, "in_reply_to"));
  if (*parent != '\0')
    g_variant_builder_add (&out, "s", parent);
  return g_variant_builder_end (&out);
}

static GVariant *
string_array (const GPtrArray *list)
{
  return g_variant_new_strv ((const char *const *) list->pdata, (gssize) list->len);
}

GVariant *
message_reply (GVariant *view, const char *const *own, gboolean all, gboolean forward)
{
  g_autoptr (GPtrArray) to = g_ptr_array_new_with_free_func (g_free), cc = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *subject = make_subject (view, forward), *text = quotable_text (view);
  g_autofree char *body = forward ? forward_body (view, text) : reply_body (view, text);
  const char *parent = text_of (view, "message_id");
  gboolean is_protected = TRUE; /* where the view does not say, it is */
  (void) g_variant_lookup (view, "protected", "b", &is_protected);
  if (!forward)
    find_recipients (view, own, all, to, cc);
  GVariantDict draft;
  g_variant_dict_init (&draft, NULL);
  g_variant_dict_insert (&draft, "from", "s", own_address (view, own));
  g_variant_dict_insert_value (&draft, "to", string_array (to));
  g_variant_dict_insert_value (&draft, "cc", string_array (cc));
  g_variant_dict_insert_value (&draft, "bcc", g_variant_new_strv (NULL, 0));
  g_variant_dict_insert (&draft, "subject", "s", subject);
  g_variant_dict_insert (&draft, "body", "s", body);
  if (*parent != '\0' && !forward)
    g_variant_dict_insert (&draft, "in_reply_to", "s", parent);
  g_variant_dict_insert_value (&draft, "references", references_of (view, parent));
  g_variant_dict_insert (&draft, "parent_protected", "b", is_protected);
  g_autoptr (GVariant) confidential
      = g_variant_lookup_value (view, "confidential_addresses", G_VARIANT_TYPE_STRING_ARRAY);
  if (confidential != NULL)
    g_variant_dict_insert_value (&draft, "confidential", confidential);
  return g_variant_dict_end (&draft);
}
