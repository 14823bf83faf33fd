/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* How commands speak: reports on standard output, one sentence on standard error. */
#include "ui/commands/command_out.h"
#include "crypto/error.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_US (100 * 1000)

/* UTF-8 without characters that steer a terminal; newline and tab stay where lines is TRUE, and become blanks where it is not. */
static char *
harmless (const char *text, gboolean lines)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_sized_new (strlen (valid));
  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (c == '\n' || c == '\t')
      g_string_append_c (out, lines ? (char) c : ' ');
    else if (g_unichar_iscntrl (c) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069))
      g_string_append_unichar (out, 0xFFFD);
    else
      g_string_append_unichar (out, c);
  }
  return g_string_free (out, FALSE);
}

char *
command_out_sentence (const char *text)
{
  return g_strstrip (harmless (text, FALSE));
}

void
command_out (const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *line = harmless (text, TRUE);
  fputs (line, stdout);
}

void
command_out_text (const char *text)
{
  g_autofree char *lines = harmless (text, TRUE);
  fputs (lines, stdout);
  if (!g_str_has_suffix (lines, "\n"))
    fputc ('\n', stdout);
}

void
command_out_raw (const char *text)
{
  fputs (text, stdout);
}

void
command_out_banner (struct command_context *context)
{
  const char *banner = settings_banner (context->settings);
  if (banner != NULL)
    fprintf (stdout, "[%s]\n", banner);
}

void
command_out_json (JsonBuilder *builder_take)
{
  JsonNode *root = json_builder_get_root (builder_take);
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  json_generator_set_pretty (generator, TRUE);
  json_generator_set_root (generator, root);
  gsize size = 0;
  g_autofree char *text = json_generator_to_data (generator, &size);
  fwrite (text, 1, size, stdout);
  fputc ('\n', stdout);
  json_node_unref (root);
  g_object_unref (builder_take);
}

enum command_exit
command_out_finish (enum command_exit code)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return code;
  fputs ("wardmail: The answer could not be written to standard output; what reads it has gone, or the disk is full.\n",
         stderr);
  return code == COMMAND_DONE ? COMMAND_FAILED : code;
}

static gboolean line_stands; /* of command_out_working */

void
command_out_working (const char *line_or_null)
{
  static gint64 last;
  const gint64 now = g_get_monotonic_time ();
  if (!isatty (STDERR_FILENO) || (line_or_null == NULL ? !line_stands : line_stands && now - last < LINE_US))
    return;
  last = now;
  line_stands = line_or_null != NULL;
  fprintf (stderr, "\r%s\033[K", line_stands ? line_or_null : "");
  fflush (stderr);
}

static void
complain (const char *text)
{
  g_autofree char *line = command_out_sentence (text);
  command_out_working (NULL);
  fflush (stdout);
  fprintf (stderr, "wardmail: %s\n", line);
}

enum command_exit
command_out_refuse (enum command_exit code, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  complain (text);
  return code;
}

enum command_exit
command_out_misuse (const char *name, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *line
      = g_strdup_printf ("%s See “wardmail help%s%s”.", text, name != NULL ? " " : "", name != NULL ? name : "");
  complain (line);
  return COMMAND_USAGE;
}

enum command_exit
command_out_fail (const GError *error)
{
  complain (error->message);
  if (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_USAGE) || error->domain == G_OPTION_ERROR)
    return COMMAND_USAGE;
  if (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_HELD)
      || g_error_matches (error, CONFIG_ERROR, CONFIG_ERROR_FORBIDDEN)
      || g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_HELD))
    return COMMAND_HELD;
  if (g_error_matches (error, ENGINE_ERROR, ENGINE_ERROR_LOCKED))
    return COMMAND_LOCKED;
  return COMMAND_FAILED;
}

void
command_out_aside (const char *format, ...)
{
  if (!isatty (STDERR_FILENO))
    return;
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  complain (text);
}
