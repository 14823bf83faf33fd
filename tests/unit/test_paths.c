/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* config/paths: where things lie, and which folders are refused. */
#include "tests/unit/config_fixture.h"

static void
one_folder (void **state)
{
  AUTOFREE (paths) paths = paths_new ("/nowhere/else/../p");
  assert_true (paths->single);
  assert_string_equal (paths->config_dir, "/nowhere/p/config");
  assert_string_equal (paths->index_dir, "/nowhere/p/data/index");
  assert_string_equal (paths->runtime_dir, "/nowhere/p/run");
}

static void
relative_folder (void **state)
{
  AUTOFREE (paths) paths = paths_new ("p");
  assert_true (g_path_is_absolute (paths->config_dir));
}

static void
xdg_folders (void **state)
{
  AUTOFREE (paths) paths = paths_new (NULL);
  g_autofree char *data = g_build_filename (g_get_user_data_dir (), "wardmail/vault", NULL);
  assert_false (paths->single);
  assert_string_equal (paths->data_dir, data);
  assert_non_null (strstr (paths->runtime_dir, "wardmail"));
}

static void
made_private (void **state)
{
  struct fixture *fixture = *state;
  struct stat status;
  assert_int_equal (stat (fixture->paths->secrets_dir, &status), 0);
  assert_int_equal (status.st_mode & 0777, 0700);
}

static void
readable_by_others_is_closed (void **state)
{
  struct fixture *fixture = *state;
  struct stat status;
  assert_int_equal (chmod (fixture->paths->mail_dir, 0755), 0);
  assert_true (paths_make (fixture->paths, NULL));
  assert_int_equal (stat (fixture->paths->mail_dir, &status), 0);
  assert_int_equal (status.st_mode & 0777, 0700);
}

static void
writable_by_others_is_refused (void **state)
{
  struct fixture *fixture = *state;
  GError *error = NULL;
  assert_int_equal (chmod (fixture->paths->keys_dir, 0770), 0);
  assert_false (paths_make (fixture->paths, &error));
  assert_refused (error, CONFIG_ERROR_FAILED, fixture->paths->keys_dir, "Others can write");
}

static void
link_for_sockets_is_refused (void **state)
{
  struct fixture *fixture = *state;
  GError *error = NULL;
  assert_int_equal (rmdir (fixture->paths->runtime_dir), 0);
  assert_int_equal (symlink (fixture->paths->state_dir, fixture->paths->runtime_dir), 0);
  assert_false (paths_make (fixture->paths, &error));
  assert_refused (error, CONFIG_ERROR_FAILED, fixture->paths->runtime_dir, "cannot be opened");
}

static void
file_in_the_way (void **state)
{
  struct fixture *fixture = *state;
  GError *error = NULL;
  assert_int_equal (rmdir (fixture->paths->keys_dir), 0);
  assert_true (g_file_set_contents (fixture->paths->keys_dir, "x", 1, NULL));
  assert_false (paths_make (fixture->paths, &error));
  assert_refused (error, CONFIG_ERROR_FAILED, fixture->paths->keys_dir, "could not be made");
}

/* The index can be made anew, so it is not worth refusing to start for. */
static void
file_for_an_index (void **state)
{
  struct fixture *fixture = *state;
  g_autofree char *aside = g_strconcat (fixture->paths->index_dir, ".aside", NULL), *kept = NULL;
  GError *error = NULL;
  assert_int_equal (rmdir (fixture->paths->index_dir), 0);
  assert_true (g_file_set_contents (fixture->paths->index_dir, "x", 1, NULL));
  assert_true (paths_make (fixture->paths, &error));
  assert_true (g_file_test (fixture->paths->index_dir, G_FILE_TEST_IS_DIR));
  assert_true (g_file_get_contents (aside, &kept, NULL, NULL));
  assert_string_equal (kept, "x");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (one_folder),
    cmocka_unit_test (relative_folder),
    cmocka_unit_test (xdg_folders),
    cmocka_unit_test_setup_teardown (made_private, fixture_setup, fixture_teardown),
    cmocka_unit_test_setup_teardown (readable_by_others_is_closed, fixture_setup, fixture_teardown),
    cmocka_unit_test_setup_teardown (writable_by_others_is_refused, fixture_setup, fixture_teardown),
    cmocka_unit_test_setup_teardown (link_for_sockets_is_refused, fixture_setup, fixture_teardown),
    cmocka_unit_test_setup_teardown (file_in_the_way, fixture_setup, fixture_teardown),
    cmocka_unit_test_setup_teardown (file_for_an_index, fixture_setup, fixture_teardown),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
