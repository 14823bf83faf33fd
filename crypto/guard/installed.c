/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See installed.h. */
#include "crypto/guard/installed.h"

#include <string.h>
#include <sys/stat.h>

static const char *const places[]
    = { "/usr/lib/", "/usr/lib64/", "/usr/libexec/", "/usr/bin/", "/usr/local/lib/", "/opt/" };

static gboolean
in_place (const char *path)
{
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (g_str_has_prefix (path, places[i]))
      return TRUE;
  return FALSE;
}

gboolean
installed_safely (const char *real_path)
{
  g_autofree char *path = g_strdup (real_path);
  struct stat status;
  for (gboolean is_file = TRUE; in_place (real_path); is_file = FALSE) {
    if (lstat (path, &status) != 0 || status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0
        || (is_file ? !S_ISREG (status.st_mode) : !S_ISDIR (status.st_mode)))
      return FALSE;
    if (path[1] == '\0')
      return TRUE;
    char *slash = strrchr (path, '/');
    slash[slash == path ? 1 : 0] = '\0';
  }
  return FALSE;
}
