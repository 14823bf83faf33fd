/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a received message: inspected without keys, viewed, answered, forwarded and indexed. Every text that comes out is safe to
 * show; nothing is called signed or decrypted where there are no keys. */
#include "tests/fuzz/fuzz.h"
#include "mail/message/html.h"
#include "mail/message/message.h"

/* As the engine does it: html segments through the filter's function. */
static GVariant *
filter (GVariant *segments)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (segments); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (segments, i);
    g_autoptr (GVariant) html = g_variant_lookup_value (row, "html", G_VARIANT_TYPE_BYTESTRING);
    GVariantDict dict;
    g_variant_dict_init (&dict, row);
    if (html != NULL) {
      gsize size;
      const char *bytes = g_variant_get_fixed_array (html, &size, 1);
      g_autofree char *text = html_to_text (bytes, size, 0);
      g_variant_dict_insert (&dict, "text", "s", text);
      g_variant_dict_remove (&dict, "html");
    }
    g_variant_builder_add_value (&rows, g_variant_dict_end (&dict));
  }
  return g_variant_ref_sink (g_variant_builder_end (&rows));
}

static void
check_reply (GVariant *view, gboolean all, gboolean forward)
{
  const char *const own[] = { "alice@demo.test", NULL };
  g_autoptr (GVariant) draft = g_variant_ref_sink (message_reply (view, own, all, forward));
  fuzz_check_clean (draft);
  static const char *const fields[] = { "to", "cc" };
  for (gsize f = 0; f < G_N_ELEMENTS (fields); f++) {
    g_autofree const char **list = NULL;
    FUZZ_TRUE (g_variant_lookup (draft, fields[f], "^a&s", &list));
    g_autoptr (GPtrArray) addresses = message_addresses (list, NULL);
    FUZZ_TRUE (addresses != NULL && addresses->len == g_strv_length ((char **) list));
  }
}

static void
check_parts (struct inspection *inspection, GVariant *view)
{
  g_autoptr (GVariant) parts = g_variant_lookup_value (view, "parts", G_VARIANT_TYPE ("aa{sv}"));
  FUZZ_TRUE (parts != NULL);
  for (gsize i = 0; i < g_variant_n_children (parts) && i < 20; i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (parts, i);
    const char *id = NULL;
    if (!g_variant_lookup (row, "id", "&s", &id))
      continue;
    g_autoptr (GError) error = NULL;
    AUTOFREE (message_part) part = message_part_new (inspection, id, &error);
    FUZZ_TRUE ((part == NULL) == (error != NULL));
    FUZZ_TRUE (part == NULL || (fuzz_is_clean (part->filename, FALSE) && strchr (part->filename, '/') == NULL));
    FUZZ_TRUE (part == NULL || fuzz_is_clean (part->type, FALSE));
  }
}

/* A report says nothing that could not be shown, nothing long, and is signed by nobody here. */
static void
check_report (const struct inspection *inspection)
{
  GVariant *floating = message_report_fields (inspection);
  if (floating == NULL)
    return;
  g_autoptr (GVariant) report = g_variant_ref_sink (floating);
  const char *signer = NULL;
  fuzz_check_clean (report);
  FUZZ_TRUE (g_variant_lookup (report, "signer", "&s", &signer) && *signer == '\0');
  FUZZ_TRUE (g_variant_get_size (report) < 2000 * 1000);
}

static void
check_verdict (const struct inspection *inspection)
{
  FUZZ_TRUE (inspection->root != NULL && inspection->payload != NULL);
  FUZZ_TRUE (!inspection->verdict.encryption.decrypted);
  FUZZ_TRUE (inspection->verdict.signature.state != SIGNATURE_GOOD);
  enum verdict_tone tone = VERDICT_TONE_NONE;
  g_autofree char *sentence = verdict_sentence (&inspection->verdict, &tone);
  FUZZ_TRUE (sentence != NULL && tone != VERDICT_TONE_GOOD);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) message = g_bytes_new (data, size);
  AUTOFREE (inspection) inspection = inspect_message (NULL, message, 1790000000);
  check_verdict (inspection);
  check_report (inspection);
  GVariant *view = NULL, *segments = NULL;
  message_view (inspection, message, &view, &segments);
  g_variant_ref_sink (view);
  g_variant_ref_sink (segments);
  fuzz_check_clean (view);
  check_parts (inspection, view);
  g_autoptr (GVariant) filtered = filter (segments);
  g_autoptr (GVariant) finished = g_variant_ref_sink (message_finish_view (view, filtered));
  fuzz_check_clean (finished);
  for (int kind = 0; kind < 3; kind++)
    check_reply (finished, kind == 1, kind == 2);
  g_autoptr (GBytes) shadow = message_shadow (inspection, message);
  FUZZ_TRUE (shadow == NULL); /* there was nothing to decrypt it with */
  (void) message_is_encrypted (message);
  g_variant_unref (view);
  g_variant_unref (segments);
  return 0;
}
