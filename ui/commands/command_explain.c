/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `explain`: how mail to each address would be protected, and why. */
#include "ui/commands/command_out.h"
#include "ui/commands/command_json.h"

static const struct command_json_field key_fields[] = {
  { "fingerprint", COMMAND_JSON_TEXT, NULL }, { "source", COMMAND_JSON_TEXT, NULL },
  { "trust", COMMAND_JSON_TEXT, NULL },       { "expires", COMMAND_JSON_TIME, NULL },
  { NULL, COMMAND_JSON_TEXT, NULL },
};
static const struct command_json_field candidate_fields[] = {
  { "protocol", COMMAND_JSON_TEXT, NULL }, { "fingerprint", COMMAND_JSON_TEXT, NULL },
  { "owner", COMMAND_JSON_TEXT, NULL },    { "source", COMMAND_JSON_TEXT, NULL },
  { "trust", COMMAND_JSON_TEXT, NULL },    { "expires", COMMAND_JSON_TIME, NULL },
  { "own", COMMAND_JSON_FLAG, NULL },      { "reason", COMMAND_JSON_TEXT, NULL },
  { "sentence", COMMAND_JSON_TEXT, NULL }, { NULL, COMMAND_JSON_TEXT, NULL },
};
static const struct command_json_field fields[] = {
  { "address", COMMAND_JSON_TEXT, NULL },
  { "route", COMMAND_JSON_TEXT, NULL },
  { "reason", COMMAND_JSON_TEXT, NULL },
  { "sentence", COMMAND_JSON_TEXT, NULL },
  { "next", COMMAND_JSON_TEXT, NULL },
  { "looking", COMMAND_JSON_FLAG, NULL },
  { "tell", COMMAND_JSON_FLAG, NULL },
  { "key", COMMAND_JSON_OBJECT_OR_NULL, key_fields },
  { "candidates", COMMAND_JSON_OBJECTS, candidate_fields },
  { NULL, COMMAND_JSON_TEXT, NULL },
};

/* The engine answers for every recipient and may add the sender; the question was about these. */
static GVariant *
without_sender (GVariant *rows)
{
  GVariantBuilder kept;
  g_variant_builder_init (&kept, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *kind = "";
    g_variant_lookup (row, "kind", "&s", &kind);
    if (!g_str_equal (kind, "from"))
      g_variant_builder_add_value (&kept, row);
  }
  return g_variant_ref_sink (g_variant_builder_end (&kept));
}

/* Where there was a choice: every key, and why it was taken or not. */
static void
print_candidates (GVariant *candidates)
{
  if (g_variant_n_children (candidates) < 2)
    return;
  command_out ("  Keys that were considered:\n");
  for (gsize i = 0; i < g_variant_n_children (candidates); i++) {
    g_autoptr (GVariant) key = g_variant_get_child_value (candidates, i);
    const char *fingerprint = "", *source = "", *trust = "", *reason = "", *sentence = "";
    g_variant_lookup (key, "fingerprint", "&s", &fingerprint);
    g_variant_lookup (key, "source", "&s", &source);
    g_variant_lookup (key, "trust", "&s", &trust);
    g_variant_lookup (key, "reason", "&s", &reason);
    g_variant_lookup (key, "sentence", "&s", &sentence);
    command_out ("    %s (%s, %s): %s\n      %s\n", fingerprint, source, trust,
                 g_str_equal (reason, "key_found") ? "taken" : reason, sentence);
  }
}

static void
print_text (struct command_context *context, GVariant *rows)
{
  command_out_banner (context);
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    g_autoptr (GVariant) key = g_variant_lookup_value (row, "key", G_VARIANT_TYPE_VARDICT);
    const char *address = "", *sentence = "", *next = "", *fingerprint = "", *trust = "";
    gboolean tell = FALSE;
    g_variant_lookup (row, "address", "&s", &address);
    g_variant_lookup (row, "sentence", "&s", &sentence);
    g_variant_lookup (row, "next", "&s", &next);
    command_out ("%s\n  %s\n", address, sentence);
    gboolean looking = FALSE;
    g_variant_lookup (row, "looking", "b", &looking);
    if (looking)
      command_out ("  A key is still being looked up; ask again in a moment.\n");
    if (*next != '\0')
      command_out ("  Next: %s\n", next);
    if (g_variant_lookup (row, "tell", "b", &tell) && tell)
      command_out ("  Or look at a ready note that asks for a key: wardmail tell %s\n", address);
    if (key != NULL && g_variant_lookup (key, "fingerprint", "&s", &fingerprint) && *fingerprint != '\0') {
      g_variant_lookup (key, "trust", "&s", &trust);
      command_out ("  Key: %s (%s)\n", fingerprint, trust);
    }
    g_autoptr (GVariant) candidates = g_variant_lookup_value (row, "candidates", G_VARIANT_TYPE ("aa{sv}"));
    if (candidates != NULL)
      print_candidates (candidates);
  }
}

enum command_exit
command_explain (struct command_context *context, int argc, char **argv)
{
  gboolean json = FALSE;
  g_autofree char *from = NULL;
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL },
                                   { "from", 0, 0, G_OPTION_ARG_FILENAME, &from, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("explain", "%s.", error->message);
  if (argc < 2)
    return command_out_misuse ("explain", "explain needs at least one address.");
  if (!command_texts ((const char *const *) argv, &error) || !command_text (from, &error)
      || !command_need_settings (context, &error))
    return command_out_fail (error);
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert_value (&args, "to", g_variant_new_strv ((const char *const *) argv + 1, argc - 1));
  g_variant_dict_insert (&args, "wait", "b", TRUE);
  if (from != NULL)
    g_variant_dict_insert (&args, "from", "s", from);
  g_autoptr (GVariant) reply = command_call (context, "routes", g_variant_dict_end (&args), NULL, NULL, &error);
  if (reply == NULL)
    return command_out_fail (error);
  g_autoptr (GVariant) all = g_variant_lookup_value (reply, "routes", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) rows = without_sender (all);
  if (json) {
    JsonBuilder *builder = json_builder_new ();
    command_json_objects (builder, fields, rows);
    command_out_json (builder);
  } else {
    print_text (context, rows);
  }
  return COMMAND_DONE;
}
