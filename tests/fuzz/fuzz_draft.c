/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as what a program hands to sendmail: a draft, or a sentence. A draft that can be composed reads back from its payload as the same
 * draft; its outer fields name neither subject nor blind recipients. */
#include "tests/fuzz/fuzz.h"
#include "mail/message/draft_parse.h"
#include "mail/message/message_p.h"

#define AT 1790000000

static GVariant *
parse (GBytes *message, GPtrArray **attachments_out, GError **error)
{
  GVariant *draft = draft_parse (message, attachments_out, error);
  return draft != NULL ? g_variant_ref_sink (draft) : NULL;
}

static const char *
text (GVariant *draft, const char *name)
{
  const char *value = "";
  (void) g_variant_lookup (draft, name, "&s", &value);
  return value;
}

static void
check_draft (GVariant *draft, const GPtrArray *attachments)
{
  g_autoptr (GVariant) rows = g_variant_lookup_value (draft, "attachments", G_VARIANT_TYPE ("a(ssh)"));
  FUZZ_TRUE (rows != NULL && g_variant_n_children (rows) == attachments->len
             && attachments->len <= DRAFT_PARSE_ATTACHMENTS_MAX);
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    const char *name, *type;
    gint32 handle = -1;
    g_variant_get_child (rows, i, "(&s&sh)", &name, &type, &handle);
    FUZZ_TRUE (handle == (gint32) i && fuzz_is_clean (name, FALSE) && fuzz_is_clean (type, FALSE)
               && strchr (name, '/') == NULL);
  }
  static const char *const lists[] = { "to", "cc", "bcc", "references" };
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++) {
    g_autoptr (GVariant) list = g_variant_lookup_value (draft, lists[i], G_VARIANT_TYPE_STRING_ARRAY);
    FUZZ_TRUE (list != NULL);
    fuzz_check_clean (list);
  }
  FUZZ_TRUE (fuzz_is_clean (text (draft, "subject"), FALSE) && fuzz_is_clean (text (draft, "from"), FALSE));
}

static void
check_addresses (GVariant *one, GVariant *two, const char *name)
{
  g_autofree const char **a = NULL, **b = NULL;
  FUZZ_TRUE (g_variant_lookup (one, name, "^a&s", &a) && g_variant_lookup (two, name, "^a&s", &b));
  g_autoptr (GPtrArray) specs = message_addresses (a, NULL), again = message_addresses (b, NULL);
  if (fuzz_has_held (specs))
    return;
  FUZZ_TRUE (specs != NULL && again != NULL && specs->len == again->len);
  for (guint i = 0; i < specs->len; i++)
    FUZZ_TRUE (strcmp (specs->pdata[i], again->pdata[i]) == 0);
}

static void
check_outer (GPtrArray *fields)
{
  for (guint i = 0; i < fields->len; i++) {
    const char *line = fields->pdata[i];
    FUZZ_TRUE (fuzz_is_ascii (line));
    FUZZ_TRUE (!g_str_has_prefix (line, "Subject:") && !g_str_has_prefix (line, "Bcc:"));
  }
}

static void
check_payload (GVariant *draft, const GPtrArray *attachments, GBytes *payload)
{
  g_autoptr (GPtrArray) more = NULL;
  g_autoptr (GVariant) again = parse (payload, &more, NULL);
  FUZZ_TRUE (again != NULL);
  check_addresses (draft, again, "to");
  check_addresses (draft, again, "cc");
  FUZZ_TRUE (strcmp (text (draft, "subject"), text (again, "subject")) == 0);
  FUZZ_TRUE (g_str_has_prefix (text (again, "body"), text (draft, "body")));
  FUZZ_TRUE (strlen (text (again, "body")) <= strlen (text (draft, "body")) + 1);
  FUZZ_TRUE (more->len == attachments->len);
  for (guint i = 0; i < more->len; i++)
    FUZZ_TRUE (g_bytes_equal (more->pdata[i], attachments->pdata[i]));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) message = g_bytes_new (data, size), payload = NULL;
  g_autoptr (GPtrArray) attachments = NULL, outer = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) draft = parse (message, &attachments, &error);
  FUZZ_TRUE ((draft == NULL) == (error != NULL));
  if (draft == NULL)
    return 0;
  check_draft (draft, attachments);
  g_autofree char *id = NULL;
  gboolean composed = message_compose (draft, attachments, AT, &outer, &payload, &id, &error);
  FUZZ_TRUE (composed == (error == NULL));
  if (!composed)
    return 0;
  FUZZ_TRUE (message_id_is_valid (id));
  check_outer (outer);
  check_payload (draft, attachments, payload);
  return 0;
}
