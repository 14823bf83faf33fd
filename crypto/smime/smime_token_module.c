/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Which PKCS#11 module may be loaded: an installed one, that only root could have put there. */
#include <stdlib.h>
#include <string.h>
#include "crypto/guard/installed.h"
#include "crypto/smime/smime_token_p.h"

#define USUAL_MODULE "opensc-pkcs11.so"

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
  if (!installed_safely (real))
    return refuse (path,
                   "it is not an installed library that only the system's administrator can change. Let your "
                   "administrator install it under /usr/lib.",
                   error);
  if (!is_allowed (real, allowed_or_null))
    return refuse (
        path, "your organisation allows other modules only (policy: [cards] modules). Ask your administrator.", error);
  return g_steal_pointer (&real);
}
