/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Mailbox names as a server writes them, several in one input: each becomes a path that stays below its folder and means nothing special to a
 * Maildir, and no two the same one. */
#include "tests/fuzz/fuzz.h"
#include "mail/message/sanitise.h"
#include "mail/net/imap_name.h"

static void
check_dir (const char *dir)
{
  FUZZ_TRUE (*dir != '\0' && *dir != '/' && strlen (dir) <= IMAP_NAME_MAX);
  g_auto (GStrv) levels = g_strsplit (dir, "/", -1);
  for (char **level = levels; *level != NULL; level++) {
    const char *name = *level;
    FUZZ_TRUE (*name != '\0' && *name != '.' && strlen (name) <= 255);
    FUZZ_TRUE (strcmp (name, "cur") != 0 && strcmp (name, "new") != 0 && strcmp (name, "tmp") != 0);
    for (; *name != '\0'; name++)
      FUZZ_TRUE ((guchar) *name >= 0x20 && *name != 0x7f);
  }
}

/* INBOX is the one name that servers take in any case. */
static gboolean
same_mailbox (const char *a, const char *b, char delimiter)
{
  gsize length = strlen ("INBOX");
  if (g_ascii_strncasecmp (a, "INBOX", length) == 0 && g_ascii_strncasecmp (b, "INBOX", length) == 0
      && (a[length] == '\0' || a[length] == delimiter))
    return strcmp (a + length, b + length) == 0;
  return strcmp (a, b) == 0;
}

static void
check_name (const char *path, char delimiter, GPtrArray *paths, GPtrArray *dirs)
{
  g_autofree char *text = imap_name_decode (path), *shown = sanitise (text, -1, SANITISE_LINE);
  FUZZ_TRUE (fuzz_is_clean (shown, FALSE) && imap_name_role (path, delimiter) != NULL);
  FUZZ_TRUE (strchr (path, '&') != NULL || strcmp (text, path) == 0);
  if (!imap_name_is_safe (path))
    return;
  FUZZ_TRUE (fuzz_is_ascii (path) && g_utf8_validate (text, -1, NULL));
  char *dir = imap_name_to_dir (path, delimiter);
  if (dir == NULL)
    return;
  check_dir (dir);
  for (guint i = 0; i < paths->len; i++)
    FUZZ_TRUE (same_mailbox (paths->pdata[i], path, delimiter) || strcmp (dirs->pdata[i], dir) != 0);
  g_ptr_array_add (paths, g_strdup (path));
  g_ptr_array_add (dirs, dir);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char delimiters[] = { '/', '.', '\\', '\0' };
  if (size == 0)
    return 0;
  char delimiter = delimiters[data[0] % sizeof delimiters];
  g_autofree char *text = fuzz_text (data + 1, size - 1);
  g_auto (GStrv) names = g_strsplit (text, "\n", 8);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free), dirs = g_ptr_array_new_with_free_func (g_free);
  for (char **name = names; *name != NULL; name++)
    check_name (*name, delimiter, paths, dirs);
  return 0;
}
