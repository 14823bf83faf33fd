/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See index_world.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/index_world.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    if (g_file_test (child, G_FILE_TEST_IS_DIR) && !g_file_test (child, G_FILE_TEST_IS_SYMLINK))
      remove_tree (child);
    else
      (void) g_unlink (child);
  }
  (void) g_rmdir (path);
}

void
index_world_reopen (struct index_world *world)
{
  g_autoptr (GError) error = NULL;
  index_db_free (world->db);
  world->db = index_db_new (world->index_dir, world->mail_dir, TRUE, &error);
  if (error != NULL)
    print_error ("%s\n", error->message);
  assert_non_null (world->db);
}

int
index_world_set_up (void **state)
{
  struct index_world *world = g_new0 (struct index_world, 1);
  world->dir = g_dir_make_tmp ("wm-index-XXXXXX", NULL);
  world->index_dir = g_build_filename (world->dir, "index", NULL);
  world->mail_dir = g_build_filename (world->dir, "mail", NULL);
  g_autofree char *cur = g_build_filename (world->mail_dir, "acc", "INBOX", "cur", NULL);
  assert_int_equal (g_mkdir_with_parents (cur, 0700), 0);
  assert_int_equal (g_mkdir_with_parents (world->index_dir, 0700), 0);
  index_world_reopen (world);
  *state = world;
  return 0;
}

int
index_world_tear_down (void **state)
{
  struct index_world *world = *state;
  index_db_free (world->db);
  remove_tree (world->dir);
  g_free (world->dir);
  g_free (world->index_dir);
  g_free (world->mail_dir);
  g_free (world);
  return 0;
}

char *
index_world_path (struct index_world *world, const char *name)
{
  return g_build_filename (world->mail_dir, "acc", "INBOX", "cur", name, NULL);
}

static char *
date_field (gint64 date)
{
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_utc (date);
  static const char *const months[]
      = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  return g_strdup_printf ("%d %s %d %02d:%02d:%02d +0000", g_date_time_get_day_of_month (when),
                          months[g_date_time_get_month (when) - 1], g_date_time_get_year (when),
                          g_date_time_get_hour (when), g_date_time_get_minute (when), g_date_time_get_second (when));
}

/* id NULL: no Message-ID field. parent may be NULL. */
char *
index_world_text (const char *id, const char *parent, const char *subject, gint64 date, const char *body)
{
  g_autofree char *when = date_field (date);
  GString *text = g_string_new (NULL);
  if (id != NULL)
    g_string_append_printf (text, "Message-ID: <%s>\n", id);
  if (parent != NULL)
    g_string_append_printf (text, "In-Reply-To: <%s>\nReferences: <%s>\n", parent, parent);
  g_string_append_printf (
      text,
      "From: Ann Example <ann@example.org>\nTo: =?utf-8?q?B=C3=A4r?= <b@example.org>\nSubject: %s\nDate: %s\n\n%s\n",
      subject, when, body);
  return g_string_free (text, FALSE);
}

void
index_world_put (const char *path, const char *text)
{
  assert_true (g_file_set_contents (path, text, -1, NULL));
}

guint
index_world_add_full (struct index_world *world, const char *path, const char *const *add, const char *const *remove,
                      const char *shadow, char **skipped_out)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = shadow != NULL ? g_bytes_new (shadow, strlen (shadow)) : NULL;
  struct index_mail mail = { .path = path, .add = add, .remove = remove, .shadow = bytes };
  GVariantBuilder skipped;
  guint added = 0;
  g_variant_builder_init (&skipped, G_VARIANT_TYPE ("a(ss)"));
  gboolean done = index_write_add (world->db, &mail, 1, &added, &skipped, &error);
  if (!done)
    print_error ("%s\n", error->message);
  assert_true (done);
  g_autoptr (GVariant) list = g_variant_ref_sink (g_variant_builder_end (&skipped));
  assert_int_equal (g_variant_n_children (list) + added, 1);
  if (skipped_out != NULL)
    *skipped_out = NULL;
  if (skipped_out != NULL && added == 0)
    g_variant_get_child (list, 0, "(ss)", NULL, skipped_out);
  return added;
}

char *
index_world_add_mail (struct index_world *world, const char *name, const char *id, const char *parent,
                      const char *subject, gint64 date, const char *body)
{
  static const char *const tags[] = { "inbox", NULL };
  char *path = index_world_path (world, name);
  g_autofree char *text = index_world_text (id, parent, subject, date, body);
  index_world_put (path, text);
  assert_int_equal (index_world_add_full (world, path, tags, NULL, NULL, NULL), 1);
  return path;
}

guint
index_world_count (struct index_world *world, const char *query)
{
  g_autoptr (GError) error = NULL;
  guint found = 0;
  assert_true (index_query_count (world->db, query, &found, &error));
  return found;
}

GVariant *
index_world_threads (struct index_world *world, const char *query, guint limit, guint offset, gboolean *more_out)
{
  g_autoptr (GError) error = NULL;
  GVariant *rows = index_query_threads (world->db, query, limit, offset, FALSE, more_out, &error);
  if (error != NULL)
    print_error ("%s\n", error->message);
  assert_non_null (rows);
  return g_variant_ref_sink (rows);
}

char *
index_world_field (GVariant *rows, gsize row, const char *name)
{
  g_autoptr (GVariant) dictionary = g_variant_get_child_value (rows, row);
  g_autoptr (GVariant) value = g_variant_lookup_value (dictionary, name, NULL);
  assert_non_null (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return g_variant_dup_string (value, NULL);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY)) {
    g_autofree const char **texts = g_variant_get_strv (value, NULL);
    return g_strjoinv (",", (char **) texts);
  }
  return g_variant_print (value, FALSE);
}

void
index_world_assert_field (GVariant *rows, gsize row, const char *name, const char *expected)
{
  g_autofree char *value = index_world_field (rows, row, name);
  assert_string_equal (value, expected);
}

guint
index_world_files_in (const char *dir_path)
{
  guint found = 0;
  g_autoptr (GDir) dir = g_dir_open (dir_path, 0, NULL);
  while (dir != NULL && g_dir_read_name (dir) != NULL)
    found++;
  return found;
}

/* Run the writer in a child, as the engine does; returns its wait status. */
int
index_world_in_child (struct index_world *world, void (*run) (struct index_world *))
{
  index_db_free (world->db);
  world->db = NULL;
  fflush (NULL);
  pid_t child = fork ();
  assert_true (child >= 0);
  if (child == 0) {
    int null = open ("/dev/null", O_WRONLY);
    (void) dup2 (null, 2);
    world->db = index_db_new (world->index_dir, world->mail_dir, TRUE, NULL);
    run (world);
    _exit (0);
  }
  int status = 0;
  assert_int_equal (waitpid (child, &status, 0), child);
  index_world_reopen (world);
  return status;
}
