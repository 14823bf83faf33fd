/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings of the profile's gpg-agent, and whether it may start scdaemon: only where a key is on a card. */
#include "crypto/pgp/pgp_p.h"
#include "crypto/guard/installed.h"
#include <stdlib.h>
#include <string.h>

#define STUB_BYTES_MAX 65536
#define FILES_MAX 1000
#define PROGRAM "scdaemon-program "

static const char settings[]
    = "# Written by wardmail at every start; changes are lost, but for scdaemon-program where a key is on a card.\n"
      "allow-loopback-pinentry\npinentry-program /bin/false\n"
      "no-allow-external-cache\ndefault-cache-ttl 600\nmax-cache-ttl 3600\n";

/* A key's file that says only on which card it is. */
static gboolean
is_stub (const char *path)
{
  g_autofree char *bytes = NULL;
  gsize size = 0;
  static const char mark[] = "shadowed-private-key";
  if (!g_str_has_suffix (path, ".key") || !g_file_get_contents (path, &bytes, &size, NULL))
    return FALSE;
  return memmem (bytes, MIN (size, STUB_BYTES_MAX), mark, sizeof mark - 1) != NULL;
}

gboolean
pgp_agent_has_stubs (const char *home)
{
  g_autofree char *path = g_build_filename (home, "private-keys-v1.d", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  for (guint i = 0; dir != NULL && i < FILES_MAX && (name = g_dir_read_name (dir)) != NULL; i++) {
    g_autofree char *file = g_build_filename (path, name, NULL);
    if (is_stub (file))
      return TRUE;
  }
  return FALSE;
}

/* Another scdaemon that the person has chosen (there is one for PKCS#11): a line of the settings as they are. NULL: none, or not an
 * installed program. */
static char *
chosen_program (const char *home)
{
  g_autofree char *path = g_build_filename (home, "gpg-agent.conf", NULL), *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++) {
    if (!g_str_has_prefix (lines[i], PROGRAM))
      continue;
    char *real = realpath (g_strstrip (lines[i] + strlen (PROGRAM)), NULL);
    g_autofree char *program = real != NULL && installed_safely (real) ? g_strdup (real) : NULL;
    free (real);
    if (program == NULL)
      g_info ("not an installed program: %s", lines[i]);
    return g_steal_pointer (&program);
  }
  return NULL;
}

char *
pgp_agent_settings (const char *home, gboolean cards)
{
  g_autofree char *program = chosen_program (home);
  return g_strconcat (settings, cards ? "" : "disable-scdaemon\n", program != NULL ? PROGRAM : "",
                      program != NULL ? program : "", program != NULL ? "\n" : "", NULL);
}
