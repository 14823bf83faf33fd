/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `show`: a message and the verdict on it. */
#include "ui/commands/command_out.h"
#include "ui/commands/command_part.h"
#include "ui/commands/command_view.h"

static void
print_json (struct command_context *context, GVariant *view, const char *at)
{
  JsonBuilder *builder = json_builder_new ();
  json_builder_begin_object (builder);
  command_json_members (builder, command_view_fields, view);
  if (at != NULL)
    command_json_text (builder, "at", at);
  if (settings_banner (context->settings) != NULL)
    command_json_text (builder, "profile", settings_banner (context->settings));
  json_builder_end_object (builder);
  command_out_json (builder);
}

static void
print_list (const char *label, GVariant *view, const char *field)
{
  g_auto (GStrv) texts = NULL;
  if (!g_variant_lookup (view, field, "^as", &texts) || texts[0] == NULL)
    return;
  g_autofree char *line = g_strjoinv (", ", texts);
  command_out ("%s %s\n", label, line);
}

static void
print_parts (GVariant *view)
{
  g_autoptr (GVariant) parts = g_variant_lookup_value (view, "parts", G_VARIANT_TYPE ("aa{sv}"));
  gsize count = parts != NULL ? g_variant_n_children (parts) : 0;
  if (count > 1)
    command_out ("\nParts:\n");
  for (gsize i = 0; count > 1 && i < count; i++) {
    g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);
    g_autofree char *id = command_json_get (part, "id", COMMAND_JSON_TEXT),
                    *type = command_json_get (part, "type", COMMAND_JSON_TEXT);
    g_autofree char *name = command_json_get (part, "filename", COMMAND_JSON_TEXT),
                    *size = command_json_get (part, "size", COMMAND_JSON_NUMBER);
    g_autofree char *shown = g_format_size (g_ascii_strtoull (size, NULL, 10));
    g_autofree char *warning = command_json_get (part, "warning", COMMAND_JSON_TEXT);
    command_out ("  %-8s %-28s %10s  %s\n", id, type, shown, name);
    if (*warning != '\0')
      command_out ("           Careful: %s\n", warning);
  }
}

static void
print_warnings (GVariant *view)
{
  g_autoptr (GVariant) warnings = g_variant_lookup_value (view, "warnings", G_VARIANT_TYPE ("aa{sv}"));
  gsize count = warnings != NULL ? g_variant_n_children (warnings) : 0;
  for (gsize i = 0; i < count; i++) {
    g_autoptr (GVariant) warning = g_variant_get_child_value (warnings, i);
    const char *text = "";
    g_variant_lookup (warning, "text", "&s", &text);
    command_out ("Warning:  %s\n", text);
  }
}

static void
print_text (struct command_context *context, GVariant *view, const char *at)
{
  g_autofree char *verdict = command_view_verdict (view);
  g_autofree char *subject = command_json_get (view, "subject", COMMAND_JSON_TEXT),
                  *body = command_json_get (view, "text_body", COMMAND_JSON_TEXT);
  g_autofree char *date = command_json_get (view, "date", COMMAND_JSON_TIME);
  command_out_banner (context);
  command_out ("Verdict:  %s\n", verdict);
  if (at != NULL)
    command_out ("Judged:   as of %s\n", at);
  print_warnings (view);
  print_list ("From:    ", view, "from");
  print_list ("To:      ", view, "to");
  print_list ("Cc:      ", view, "cc");
  if (*date != '\0')
    command_out ("Date:     %s\n", date);
  command_out ("Subject:  %s\n\n", subject);
  command_out_text (body);
  print_parts (view);
}

enum command_exit
command_show (struct command_context *context, int argc, char **argv)
{
  int fd = -1;
  gboolean json = FALSE, as_text = FALSE, outside = FALSE;
  g_autofree char *at = NULL, *part = NULL, *save = NULL;
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL },
                                   { "at", 0, 0, G_OPTION_ARG_FILENAME, &at, NULL, NULL },
                                   { "part", 0, 0, G_OPTION_ARG_FILENAME, &part, NULL, NULL },
                                   { "text", 0, 0, G_OPTION_ARG_NONE, &as_text, NULL, NULL },
                                   { "save", 0, 0, G_OPTION_ARG_FILENAME, &save, NULL, NULL },
                                   { "outside", 0, 0, G_OPTION_ARG_NONE, &outside, NULL, NULL },
                                   { "passphrase-fd", 0, 0, G_OPTION_ARG_INT, &fd, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("show", "%s.", error->message);
  if (part == NULL && (as_text || save != NULL || outside))
    return command_out_misuse ("show",
                               "--text, --save and --outside need --part: show lists the parts with their numbers.");
  if (part != NULL && (as_text == (save != NULL) || json))
    return command_out_misuse ("show", "--part needs --text, to read it, or --save FILE; and no --json.");
  if (save != NULL && !outside)
    return command_out_misuse (
        "show", "--save writes outside wardmail, where nothing protects patient data: say --outside too.");
  if (argc != 2)
    return command_out_misuse ("show", "show needs one message: a file, “-”, or id:MESSAGE-ID.");
  if (!command_take_passphrase (context, fd, &error))
    return command_out_fail (error);
  if (part != NULL)
    return command_part (context, argv[1], at, part, save);
  g_autoptr (GVariant) view = command_view_fetch (context, argv[1], at, &error);
  if (view == NULL)
    return command_out_fail (error);
  if (json)
    print_json (context, view, at);
  else
    print_text (context, view, at);
  return COMMAND_DONE;
}
