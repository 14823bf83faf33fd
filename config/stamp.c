/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See stamp.h. Editors write in place or put a new file there, within one second of the clock if they like: times to the nanosecond, sizes and inodes. */
#include "config/stamp.h"
#include "config/policy_p.h"

#include <stdint.h>
#include <sys/stat.h>

static void
add (GString *text, const char *path)
{
  struct stat now;
  if (stat (path, &now) != 0)
    g_string_append (text, "none;");
  else
    g_string_append_printf (text, "%ju %jd %jd.%ld %jd.%ld;", (uintmax_t) now.st_ino, (intmax_t) now.st_size,
                            (intmax_t) now.st_mtim.tv_sec, now.st_mtim.tv_nsec, (intmax_t) now.st_ctim.tv_sec,
                            now.st_ctim.tv_nsec);
}

char *
stamp_settings (const struct paths *paths)
{
  static const char *const names[] = { "wardmail.conf", "accounts.conf", "policy.conf" };
  GString *text = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (paths->config_dir, names[i], NULL);
    add (text, path);
  }
  add (text, POLICY_ORGANISATION_FILE);
  return g_string_free (text, FALSE);
}
