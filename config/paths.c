/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a profile keeps its things. */
#include "config/paths.h"
#include "config/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

GQuark
config_error_quark (void)
{
  return g_quark_from_static_string ("config-error");
}

static char *
private_runtime (void)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  if (runtime != NULL && g_path_is_absolute (runtime))
    return g_build_filename (runtime, "wardmail", NULL);
  return g_strdup_printf ("/tmp/wardmail-%lu", (unsigned long) getuid ());
}

struct paths *
paths_new (const char *profile_dir)
{
  struct paths *paths = g_new0 (struct paths, 1);
  paths->single = profile_dir != NULL;
  if (profile_dir != NULL) {
    g_autofree char *base = g_canonicalize_filename (profile_dir, NULL);
    paths->config_dir = g_build_filename (base, "config", NULL);
    paths->data_dir = g_build_filename (base, "data", NULL);
    paths->state_dir = g_build_filename (base, "state", NULL);
    paths->runtime_dir = g_build_filename (base, "run", NULL);
  } else {
    paths->config_dir = g_build_filename (g_get_user_config_dir (), "wardmail", NULL);
    paths->data_dir = g_build_filename (g_get_user_data_dir (), "wardmail", "vault", NULL);
    paths->state_dir = g_build_filename (g_get_user_state_dir (), "wardmail", NULL);
    paths->runtime_dir = private_runtime ();
  }
  paths->mail_dir = g_build_filename (paths->data_dir, "mail", NULL);
  paths->index_dir = g_build_filename (paths->data_dir, "index", NULL);
  paths->keys_dir = g_build_filename (paths->data_dir, "keys", NULL);
  paths->secrets_dir = g_build_filename (paths->data_dir, "secrets", NULL);
  paths->store_dir = g_build_filename (paths->data_dir, "store", NULL);
  return paths;
}

/* Opened rather than looked at by name, so that what is checked is what is there; a last component that is a symbolic
 * link is refused where others can make one (nofollow). */
static gboolean
make_private (const char *dir, gboolean nofollow, GError **error)
{
  if (g_mkdir_with_parents (dir, 0700) != 0) {
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FAILED,
                 "The folder %s could not be made (%s); wardmail keeps its files there.", dir, g_strerror (errno));
    return FALSE;
  }
  int fd = open (dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (nofollow ? O_NOFOLLOW : 0));
  struct stat status;
  if (fd < 0 || fstat (fd, &status) != 0) {
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FAILED,
                 "The folder %s cannot be opened (%s); wardmail keeps its files there.", dir, g_strerror (errno));
    if (fd >= 0)
      close (fd);
    return FALSE;
  }
  gboolean others = (status.st_mode & 077) != 0;
  gboolean writable = (status.st_mode & 022) != 0;
  gboolean ours = status.st_uid == geteuid ();
  if (ours && others && !writable)
    writable = fchmod (fd, status.st_mode & 0700) != 0;
  close (fd);
  if (!ours || writable) {
    g_set_error (
        error, CONFIG_ERROR, CONFIG_ERROR_FAILED,
        ours ? "Others can write in the folder %s, so wardmail does not use it; make it private with chmod 700."
             : "The folder %s belongs to somebody else, so wardmail does not use it; name a folder of your own.",
        dir);
    return FALSE;
  }
  return TRUE;
}

/* The index can be made anew at any time: what lies in its folder's place, and is none, gives way. */
static void
free_place (const char *dir)
{
  g_autofree char *aside = g_strconcat (dir, ".aside", NULL);
  if (g_file_test (dir, G_FILE_TEST_EXISTS) && !g_file_test (dir, G_FILE_TEST_IS_DIR))
    (void) g_rename (dir, aside);
}

gboolean
paths_make (const struct paths *paths, GError **error)
{
  free_place (paths->index_dir);
  if (paths->single) {
    g_autofree char *base = g_path_get_dirname (paths->config_dir);
    if (!make_private (base, FALSE, error))
      return FALSE;
  }
  const char *const dirs[] = { paths->config_dir, paths->data_dir, paths->state_dir,   paths->mail_dir,
                               paths->index_dir,  paths->keys_dir, paths->secrets_dir, paths->store_dir };
  for (gsize i = 0; i < G_N_ELEMENTS (dirs); i++)
    if (!make_private (dirs[i], FALSE, error))
      return FALSE;
  return make_private (paths->runtime_dir, TRUE, error);
}

void
paths_free (struct paths *paths)
{
  if (paths == NULL)
    return;
  g_free (paths->config_dir);
  g_free (paths->data_dir);
  g_free (paths->state_dir);
  g_free (paths->runtime_dir);
  g_free (paths->mail_dir);
  g_free (paths->index_dir);
  g_free (paths->keys_dir);
  g_free (paths->secrets_dir);
  g_free (paths->store_dir);
  g_free (paths);
}
