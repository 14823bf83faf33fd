/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is shown of a message: as the engine puts it together, without its processes. */
#include "tests/unit/shown.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "mail/message/html.h"

/* As the engine does it: html segments through the filter's function, then joined. */
GVariant *
shown_finish (GVariant *view, GVariant *segments)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (segments); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (segments, i),
                         html = g_variant_lookup_value (row, "html", G_VARIANT_TYPE_BYTESTRING);
    GVariantDict dict;
    g_variant_dict_init (&dict, row);
    if (html != NULL) {
      gsize size;
      const char *bytes = g_variant_get_fixed_array (html, &size, 1);
      g_autofree char *text = html_to_text (bytes, size, 0);
      g_variant_dict_insert (&dict, "text", "s", text);
    }
    g_variant_builder_add_value (&rows, g_variant_dict_end (&dict));
  }
  g_autoptr (GVariant) done = g_variant_ref_sink (g_variant_builder_end (&rows));
  return g_variant_ref_sink (message_finish_view (view, done));
}

GVariant *
shown (const char *message, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (message, size);
  AUTOFREE (inspection) inspection = inspect_message (NULL, bytes, 0);
  GVariant *view, *segments;
  message_view (inspection, bytes, &view, &segments);
  g_variant_ref_sink (view);
  g_variant_ref_sink (segments);
  GVariant *done = shown_finish (view, segments);
  g_variant_unref (view);
  g_variant_unref (segments);
  return done;
}

void
shown_assert (GVariant *view, const char *name, const char *expected)
{
  const char *got = NULL;
  if (!g_variant_lookup (view, name, "&s", &got))
    assert_true (g_variant_lookup (view, name, "m&s", &got));
  if (expected == NULL)
    assert_null (got);
  else {
    assert_non_null (got);
    assert_string_equal (got, expected);
  }
}

const char *
shown_text (GVariant *view)
{
  const char *text = NULL;
  assert_true (g_variant_lookup (view, "text_body", "&s", &text));
  return text;
}

gboolean
shown_warns (GVariant *view, const char *code)
{
  g_autoptr (GVariant) rows = g_variant_lookup_value (view, "warnings", G_VARIANT_TYPE ("aa{sv}"));
  gboolean found = FALSE;
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *own = "";
    found |= g_variant_lookup (row, "code", "&s", &own) && strcmp (own, code) == 0;
  }
  return found;
}

GVariant *
shown_part (GVariant *view, gsize i)
{
  g_autoptr (GVariant) parts = g_variant_lookup_value (view, "parts", G_VARIANT_TYPE ("aa{sv}"));
  assert_true (i < g_variant_n_children (parts));
  return g_variant_get_child_value (parts, i);
}
