/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The profile's own GNUPGHOME: its settings, a path short enough for sockets, and the end of its agent. */
#include "crypto/pgp/pgp_p.h"
#include <errno.h>
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* sun_path has 108 bytes, and the agent's longest socket name beside its lock files needs about 25. */
#define HOME_SIZE_MAX 80
#define AGENT_LEAVES_MS 3000
#define ROOM_MIN (64u * 1024)

static const char gpg_conf[]
    = "# Written by wardmail at every start; changes are lost.\n"
      "no-greeting\nno-auto-key-locate\nno-auto-key-retrieve\ndisable-dirmngr\n"
      "no-emit-version\nno-comments\n"
      "# Which key is trusted is decided by wardmail (trust.conf), not by gpg.\n"
      "# (Not \"always\": with that gpg stops at a revocation certificate, for want of its trust file.)\n"
      "trust-model pgp\nno-auto-check-trustdb\n"
      "personal-cipher-preferences AES256 AES192 AES\n"
      "personal-digest-preferences SHA512 SHA384 SHA256\n"
      "cert-digest-algo SHA512\n"
      "# Whatever a key prefers: else one that asks for 3DES and SHA-1 gets them, and all who share its copy with it.\n"
      "cipher-algo AES256\ndigest-algo SHA512\n"
      "# For what is sealed under a passphrase alone: the most that OpenPGP can do to slow guessing.\n"
      "s2k-mode 3\ns2k-cipher-algo AES256\ns2k-digest-algo SHA512\ns2k-count 65011712\nno-symkey-cache\n"
      "# Signatures of strangers on a key say nothing here and may be very many.\n"
      "import-options import-clean\n";
static gboolean
write_settings (const char *home, const char *name, const char *text, GError **error)
{
  g_autofree char *path = g_build_filename (home, name, NULL);
  g_autofree char *old = NULL;
  if (g_file_get_contents (path, &old, NULL, NULL) && strcmp (old, text) == 0)
    return TRUE;
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

/* A link in a private folder, as gpg puts its sockets under the path that it is told. */
static gboolean
make_link (struct pgp_engine *engine, const char *home, GError **error)
{
  const char *const places[] = { g_get_user_runtime_dir (), "/tmp" };
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++) {
    g_autofree char *dir = g_build_filename (places[i], "wardmail-XXXXXX", NULL);
    if (strlen (dir) > HOME_SIZE_MAX - 4 || g_mkdtemp_full (dir, 0700) == NULL)
      continue;
    g_autofree char *path = g_build_filename (dir, "gpg", NULL);
    if (symlink (home, path) == 0) {
      engine->link_dir = g_steal_pointer (&dir);
      engine->home = g_steal_pointer (&path);
      return TRUE;
    }
    g_rmdir (dir);
  }
  g_set_error (
      error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
      "The path of your profile is too long for OpenPGP, and no short link to it could be made in /tmp. Move the "
      "profile to a folder with a shorter path.");
  return FALSE;
}

gboolean
pgp_home_open (struct pgp_engine *engine, const char *keys_dir, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (keys_dir, NULL);
  g_autofree char *home = g_build_filename (absolute, "gnupg", NULL);
  g_autofree char *agent_conf = pgp_agent_settings (home, pgp_agent_has_stubs (home));
  g_autoptr (GError) local = NULL;
  if (g_mkdir_with_parents (home, 0700) != 0 || g_chmod (home, 0700) != 0) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "The folder for OpenPGP keys (%s) cannot be used: %s", home,
                 g_strerror (errno));
    return FALSE;
  }
  if (!write_settings (home, "gpg.conf", gpg_conf, &local)
      || !write_settings (home, "gpg-agent.conf", agent_conf, &local)) {
    g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED, "The settings for OpenPGP cannot be written: %s",
                 local->message);
    return FALSE;
  }
  if (strlen (home) > HOME_SIZE_MAX)
    return make_link (engine, home, error);
  engine->home = g_steal_pointer (&home);
  return TRUE;
}

/* Ask the agent to leave, in its own words, and wait until it has closed the line: a vault cannot be closed before. */
static void
kill_agent (const char *home)
{
  g_autofree char *path = g_build_filename (home, "S.gpg-agent", NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return;
  g_autoptr (GSocket) socket
      = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  static const char command[] = "KILLAGENT\n";
  if (socket == NULL)
    return;
  g_socket_set_timeout (socket, (AGENT_LEAVES_MS + 999) / 1000);
  if (!g_socket_connect (socket, address, NULL, NULL)
      || g_socket_send (socket, command, sizeof command - 1, NULL, NULL) < 0)
    return;
  const gint64 end = g_get_monotonic_time () + AGENT_LEAVES_MS * 1000;
  char answer[256];
  while (g_get_monotonic_time () < end && g_socket_receive (socket, answer, sizeof answer, NULL, NULL) > 0)
    continue;
}

gboolean
pgp_home_use_cards (struct pgp_engine *engine, gboolean cards, GError **error)
{
  g_autofree char *agent_conf = pgp_agent_settings (engine->home, cards);
  kill_agent (engine->home); /* gpg starts another one */
  return write_settings (engine->home, "gpg-agent.conf", agent_conf, error);
}

void
pgp_home_close (struct pgp_engine *engine)
{
  if (engine->home != NULL)
    kill_agent (engine->home);
  if (engine->link_dir != NULL) {
    g_unlink (engine->home);
    g_rmdir (engine->link_dir);
  }
  g_clear_pointer (&engine->link_dir, g_free);
  g_clear_pointer (&engine->home, g_free);
}

gboolean
pgp_home_full (struct pgp_engine *engine, GError **error)
{
  struct statvfs disk;
  if (statvfs (engine->home, &disk) != 0 || (guint64) disk.f_bavail * disk.f_frsize >= ROOM_MIN)
    return FALSE;
  g_set_error (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED,
               "The disk is full, so that OpenPGP keys cannot be used; nothing was changed or sent. Make room on it "
               "and try again.");
  return TRUE;
}
