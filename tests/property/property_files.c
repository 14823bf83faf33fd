/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The profile's files under the workers' feet: the keyring's are broken or gone, the outbox's are not what was put there; and whether
 * any file holds what nobody may see. */
#include "tests/property/property.h"
#include "tests/property/property_fault.h"
#include "tests/property/property_leak.h"
#include <glib/gstdio.h>
#include <string.h>

/* Broken before the keyring is opened: what, and with what. "gnupg" and the like are moved away. */
static const char *const broken_files[] = { [FILES_TRUST] = "trust.conf",
                                            [FILES_USED] = "used.conf",
                                            [FILES_AUTOCRYPT] = "harvested.conf",
                                            [FILES_PINS_GONE] = "anchors" };
static const char *const gone_files[] = { "gnupg/pubring.kbx", "gnupg/private-keys-v1.d", "smime", "used.conf" };

static char *
in_keys (const char *name)
{
  return g_build_filename (property_profile (), "data", "keys", name, NULL);
}

static void
put_away (const char *name)
{
  g_autofree char *path = in_keys (name), *away = g_strconcat (path, ".away", NULL);
  (void) g_rename (path, away);
}

static void
put_back (const char *name)
{
  g_autofree char *path = in_keys (name), *away = g_strconcat (path, ".away", NULL);
  if (!g_file_test (away, G_FILE_TEST_EXISTS))
    return;
  property_files_remove (path); /* what was made in its place */
  (void) g_rename (away, path);
}

void
property_files_break (guint kind)
{
  if (kind >= G_N_ELEMENTS (broken_files) || broken_files[kind] == NULL)
    return;
  g_autofree char *path = in_keys (broken_files[kind]);
  put_away (broken_files[kind]);
  if (kind != FILES_PINS_GONE)
    (void) g_file_set_contents (path, "[not a\n== file ]] \xff\xfe", -1, NULL);
  shared->fired++;
}

void
property_files_gone (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (gone_files); i++)
    put_away (gone_files[i]);
}

void
property_files_restore (void)
{
  for (gsize i = 1; i < G_N_ELEMENTS (broken_files); i++)
    put_back (broken_files[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (gone_files); i++)
    put_back (gone_files[i]);
}

void
property_files_remove (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *inner = g_build_filename (path, name, NULL);
    property_files_remove (inner);
  }
  (void) g_remove (path);
}

/* ---- the outbox ---- */

static void
spoil_item (const char *item, guint kind)
{
  static const char plain[] = "From: alice@demo.test\r\nSubject: " PROPERTY_CANARY "\r\n\r\n" PROPERTY_CANARY "\r\n";
  g_autofree char *copy = g_build_filename (item, "copy-0.eml", NULL), *bytes = NULL;
  g_autofree char *record = g_build_filename (item, "sent.eml", NULL);
  gsize size = 0;
  if (!g_file_get_contents (kind == OUTPUT_OTHER ? record : copy, &bytes, &size, NULL))
    return;
  switch (kind) {
  case OUTPUT_PLAIN:
  case OUTPUT_SUBJECT:
  case OUTPUT_TRAILER:
  case OUTPUT_BARE:
    (void) g_file_set_contents (copy, plain, sizeof plain - 1, NULL);
    break;
  case OUTPUT_FAILS:
    (void) g_unlink (copy);
    break;
  case OUTPUT_OTHER: /* encrypted, and not to those who are to get it */
    (void) g_file_set_contents (copy, bytes, (gssize) size, NULL);
    break;
  case OUTPUT_EMPTY:
    (void) g_file_set_contents (copy, "", 0, NULL);
    break;
  default:
    (void) g_file_set_contents (copy, bytes, (gssize) size / 2, NULL);
  }
}

void
property_outbox_spoil (guint kind)
{
  g_autofree char *path = g_build_filename (property_profile (), "data", "store", "outbox", "work", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *item = g_build_filename (path, name, NULL);
    if (g_file_test (item, G_FILE_TEST_IS_DIR))
      spoil_item (item, kind);
  }
}

/* ---- leaks ---- */

char *
property_files_leak (const char *path)
{
  g_autofree char *bytes = NULL;
  gsize size = 0;
  if (g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    return NULL;
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    return g_file_get_contents (path, &bytes, &size, NULL) && property_leak_in (bytes, size) ? g_strdup (path) : NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *inner = g_build_filename (path, name, NULL);
    char *leak = property_files_leak (inner);
    if (leak != NULL)
      return leak;
  }
  return NULL;
}
