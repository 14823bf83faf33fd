/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The view of a mail of which only the header is here. It must not look like one without text, nor like one without protection: nothing of
 * what a body would tell is said, and a warning says why. */
#include "mail/message/message.h"

static GVariant *
nothing_known (void)
{
  return g_variant_new_parsed (
      "{'state': <'error'>, 'protocol': <@ms nothing>, 'signer': <@ms nothing>, 'fingerprint': "
      "<@ms nothing>, 'covers': <'nothing'>, 'parts': <@as []>, 'time': <@ms nothing>}");
}

static GVariant *
nothing_opened (void)
{
  return g_variant_new_parsed (
      "{'protocol': <@ms nothing>, 'decrypted': <false>, 'cipher': <@ms nothing>, 'integrity': "
      "<@ms nothing>, 'covers': <'nothing'>, 'reason': <@ms nothing>}");
}

GVariant *
message_missing_view (GVariant *header_view_take, const char *sentence)
{
  g_autoptr (GVariant) header = g_variant_ref_sink (header_view_take);
  GVariantDict view;
  g_variant_dict_init (&view, header);
  g_variant_dict_insert_value (&view, "parts", g_variant_new ("aa{sv}", NULL));
  g_variant_dict_insert_value (&view, "signature", nothing_known ());
  g_variant_dict_insert_value (&view, "encryption", nothing_opened ());
  g_variant_dict_insert_value (&view, "warnings",
                               g_variant_new_parsed ("[{'code': <'header_only'>, 'text': <%s>}]", sentence));
  g_variant_dict_insert_value (
      &view, "verdict",
      g_variant_new_parsed (
          "{'line': <'Its protection can be judged only when its text is here.'>, 'tone': <'missing'>}"));
  return g_variant_dict_end (&view);
}
