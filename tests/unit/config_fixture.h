/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A private folder for one test of config/, and files in it. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config/settings.h"

struct fixture {
  char *dir;
  struct paths *paths;
};

static inline int
fixture_setup (void **state)
{
  struct fixture *fixture = g_new0 (struct fixture, 1);
  fixture->dir = g_dir_make_tmp ("wardmail-config-XXXXXX", NULL);
  assert_non_null (fixture->dir);
  fixture->paths = paths_new (fixture->dir);
  assert_true (paths_make (fixture->paths, NULL));
  *state = fixture;
  return 0;
}

static inline void
fixture_remove (const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    fixture_remove (child);
  }
  if (dir != NULL)
    g_dir_close (dir);
  g_remove (path);
}

static inline int
fixture_teardown (void **state)
{
  struct fixture *fixture = *state;
  fixture_remove (fixture->dir);
  paths_free (fixture->paths);
  g_free (fixture->dir);
  g_free (fixture);
  return 0;
}

/* The path of the file, which stays the caller's. */
static inline char *
fixture_write (struct fixture *fixture, const char *name, const char *text)
{
  char *path = g_build_filename (fixture->paths->config_dir, name, NULL);
  assert_true (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
  return path;
}

/* What a refusal must say: the file, and where in it. */
static inline void
assert_refused (GError *error, int code, const char *file, const char *where)
{
  assert_non_null (error);
  if (error->code != code || strstr (error->message, file) == NULL || strstr (error->message, where) == NULL)
    fail_msg ("not about %s and “%s”: %s (%d)", file, where, error->message, error->code);
  assert_null (strchr (error->message, '\n'));
  g_error_free (error);
}
