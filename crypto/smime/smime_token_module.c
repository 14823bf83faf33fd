/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Which PKCS#11 module may be loaded: an installed one, that only root could have put there. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "crypto/smime/smime_token_p.h"

#define USUAL_MODULE "opensc-pkcs11.so"
static const char *const places[] = { "/usr/lib/", "/usr/lib64/", "/usr/local/lib/", "/opt/" };

gboolean
smime_token_module_safe (const char *real_path)
{
  g_autofree char *path = g_strdup (real_path);
  struct stat status;
  gboolean is_file = TRUE;
  while (path[0] == '/') {
    if (lstat (path, &status) != 0 || status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0
        || (is_file ? !S_ISREG (status.st_mode) : !S_ISDIR (status.st_mode)))
      return FALSE;
    if (path[1] == '\0')
      return TRUE;
    char *slash = strrchr (path, '/');
    slash[slash == path ? 1 : 0] = '\0';
    is_file = FALSE;
  }
  return FALSE;
}

static gboolean
in_place (const char *path)
{
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (g_str_has_prefix (path, places[i]))
      return TRUE;
  return FALSE;
}

static gboolean
is_allowed (const char *path, const char *const *allowed)
{
  for (; allowed != NULL && *allowed != NULL; allowed++) {
    char *real = realpath (*allowed, NULL);
    gboolean same = real != NULL && strcmp (real, path) == 0;
    free (real);
    if (same)
      return TRUE;
  }
  return allowed == NULL;
}

static char *
refuse (const char *path, const char *why, GError **error)
{
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "The card module %s is not loaded: %s", path, why);
  return NULL;
}

char *
smime_token_module_path (const char *name_or_null, const char *const *allowed_or_null, GError **error)
{
  const char *name = name_or_null != NULL ? name_or_null : USUAL_MODULE;
  g_autofree char *path
      = strchr (name, '/') != NULL ? g_strdup (name) : g_build_filename (PKCS11_MODULE_DIR, name, NULL);
  if (path[0] != '/')
    return refuse (path, "its path has to begin with “/”.", error);
  char *resolved = realpath (path, NULL);
  g_autofree char *real = g_strdup (resolved);
  free (resolved);
  if (real == NULL)
    return refuse (path,
                   name_or_null == NULL ? "it is not installed. Install it (apt install opensc-pkcs11), or name "
                                          "your card's own module with --module."
                                        : "there is no such file. Ask who gave you the card which module it needs.",
                   error);
  if (!in_place (real) || !smime_token_module_safe (real))
    return refuse (path,
                   "it is not an installed library that only the system's administrator can change. Let your "
                   "administrator install it under /usr/lib.",
                   error);
  if (!is_allowed (real, allowed_or_null))
    return refuse (
        path, "your organisation allows other modules only (policy: [cards] modules). Ask your administrator.", error);
  return g_steal_pointer (&real);
}
