/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What the fuzz targets share: how a property fails, and what text is safe to show. */
#include "tests/fuzz/fuzz.h"
#include "crypto/addrspec.h"
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>

void
fuzz_fail (const char *file, int line, const char *what)
{
  (void) fprintf (stderr, "%s:%d: this does not hold: %s\n", file, line, what);
  abort ();
}

/* GLib itself would stop the process by a signal at which libFuzzer keeps no input. */
static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  (void) fprintf (stderr, "%s: %s\n", domain != NULL ? domain : "", message);
  if ((level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR)) != 0)
    fuzz_fail ("GLib", 0, "no CRITICAL message");
}

/* A critical message of GLib is a broken contract of ours or of a library that we feed. */
int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  (void) g_log_set_default_handler (on_log, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
  return 0;
}

static gboolean
is_hidden (gunichar c)
{
  return c == 0x200B || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F)
         || c == 0x061C || c == 0xFEFF || c == 0x00AD || c == 0x2028 || c == 0x2029 || (c >= 0xE0000 && c <= 0xE0FFF)
         || c == 0x180E;
}

gboolean
fuzz_is_clean (const char *text, gboolean lines)
{
  if (!g_utf8_validate (text, -1, NULL))
    return FALSE;
  gunichar before = 0;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p), last = before;
    before = c;
    if ((c == 0x200C || c == 0x200D) && (last < 0xA0 || g_utf8_get_char (g_utf8_next_char (p)) < 0xA0))
      return FALSE;
    if (lines && (c == '\n' || c == '\t'))
      continue;
    if (c < 0x20 || (c >= 0x7F && c < 0xA0) || is_hidden (c))
      return FALSE;
  }
  return TRUE;
}

void
fuzz_check_clean (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)) {
    FUZZ_TRUE (fuzz_is_clean (g_variant_get_string (value, NULL), TRUE));
    return;
  }
  if (!g_variant_is_container (value))
    return;
  for (gsize i = 0; i < g_variant_n_children (value); i++) {
    g_autoptr (GVariant) child = g_variant_get_child_value (value, i);
    fuzz_check_clean (child);
  }
}

gboolean
fuzz_has_held (const GPtrArray *specs)
{
  for (guint i = 0; specs != NULL && i < specs->len; i++)
    if (!addrspec_valid (specs->pdata[i]))
      return TRUE;
  return FALSE;
}

gboolean
fuzz_is_ascii (const char *text)
{
  for (; *text != '\0'; text++)
    if ((guchar) *text < 0x20 || (guchar) *text > 0x7E)
      return FALSE;
  return TRUE;
}

char *
fuzz_text (const uint8_t *data, size_t size)
{
  return size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
}

static char *folder;

static void
remove_tree (const char *path)
{
  GDir *dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *inner = g_build_filename (path, name, NULL);
    remove_tree (inner);
  }
  if (dir != NULL)
    g_dir_close (dir);
  (void) g_remove (path);
}

static void
remove_folder (void)
{
  remove_tree (folder);
  g_clear_pointer (&folder, g_free);
}

char *
fuzz_folder (void)
{
  if (folder == NULL) {
    folder = g_dir_make_tmp ("wardmail-fuzz-XXXXXX", NULL);
    FUZZ_TRUE (folder != NULL);
    (void) atexit (remove_folder);
  }
  return folder;
}
