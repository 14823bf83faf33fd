/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* config/settings: what is written comes back, and each broken file gets one sentence that names its place. */
#include <fcntl.h>
#include "config/stamp.h"
#include "tests/unit/config_fixture.h"

#define GOOD "[user]\nname=Dr. Alice Moreno\naddress=alice@clinic.test\n"

static void
written_and_read (void **state)
{
  struct fixture *fixture = *state;
  AUTOFREE (settings) settings = settings_new ();
  settings->name = g_strdup ("Dr. Zoë \\ Ünal; #1");
  settings->address = g_strdup ("zoë@clinic.test");
  settings->at_rest = AT_REST_NONE;
  settings->poll_s = 300;
  settings->ldap_servers = g_strdup ("ldaps://a.example/dc=a;ldap://b.example???"
                                     "?!StartTLS");
  settings->ldap_ca = g_strdup ("/etc/ssl/a.pem");
  settings->sent_folder = g_strdup ("Gesendete Objekte");
  struct saved_search *search = g_new0 (struct saved_search, 1);
  search->name = g_strdup ("Lab results");
  search->query = g_strdup ("from:lab and tag:unread");
  g_ptr_array_add (settings->saved_searches, search);
  GError *error = NULL;
  assert_true (settings_save (settings, fixture->paths, &error));
  AUTOFREE (settings) again = settings_load (fixture->paths, &error);
  assert_non_null (again);
  assert_string_equal (again->name, settings->name);
  assert_string_equal (again->address, settings->address);
  assert_int_equal (again->at_rest, AT_REST_NONE);
  assert_int_equal (again->poll_s, 300);
  assert_string_equal (again->ldap_servers, settings->ldap_servers);
  assert_string_equal (again->ldap_ca, "/etc/ssl/a.pem");
  assert_string_equal (again->sent_folder, "Gesendete Objekte");
  assert_null (again->trash_folder);
  assert_int_equal (again->saved_searches->len, 1);
  search = g_ptr_array_index (again->saved_searches, 0);
  assert_string_equal (search->name, "Lab results");
  assert_string_equal (search->query, "from:lab and tag:unread");
  assert_string_equal (settings_banner (again), "unprotected test profile");
}

static void
defaults_and_comments (void **state)
{
  struct fixture *fixture = *state;
  g_autofree char *path = fixture_write (fixture, "wardmail.conf", "# mine\n" GOOD);
  AUTOFREE (settings) settings = settings_load (fixture->paths, NULL);
  assert_non_null (settings);
  assert_int_equal (settings->at_rest, AT_REST_VAULT);
  assert_int_equal (settings->poll_s, 60);
  assert_null (settings_banner (settings));
  assert_true (settings_save (settings, fixture->paths, NULL));
  g_autofree char *text = NULL;
  assert_true (g_file_get_contents (path, &text, NULL, NULL));
  assert_non_null (strstr (text, "# mine"));
  struct stat status;
  assert_int_equal (stat (path, &status), 0);
  assert_int_equal (status.st_mode & 0777, 0600);
}

/* Whatever an editor does to a file is seen, also within one second and without another size. */
static void
edited (void **state)
{
  struct fixture *fixture = *state;
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  assert_true (g_hash_table_add (seen, stamp_settings (fixture->paths)));
  g_autofree char *path = fixture_write (fixture, "accounts.conf", "[a]\n");
  assert_true (g_hash_table_add (seen, stamp_settings (fixture->paths)));
  assert_false (g_hash_table_add (seen, stamp_settings (fixture->paths)));
  struct stat before;
  assert_int_equal (stat (path, &before), 0);
  g_autofree char *copy = fixture_write (fixture, "accounts.new", "[b]\n");
  assert_int_equal (utimensat (AT_FDCWD, copy, (struct timespec[]){ before.st_atim, before.st_mtim }, 0), 0);
  assert_int_equal (g_rename (copy, path), 0);
  assert_true (g_hash_table_add (seen, stamp_settings (fixture->paths)));
  g_autofree char *policy = fixture_write (fixture, "policy.conf", "");
  assert_true (g_hash_table_add (seen, stamp_settings (fixture->paths)));
}

static void
no_profile (void **state)
{
  struct fixture *fixture = *state;
  GError *error = NULL;
  assert_null (settings_load (fixture->paths, &error));
  assert_refused (error, CONFIG_ERROR_MISSING, "wardmail.conf", "wardmail setup");
}

static void
broken_files (void **state)
{
  struct fixture *fixture = *state;
  static const struct {
    const char *text, *where;
  } cases[] = {
    { "", "[user] name" },
    { "name=x\n", "line 1" },
    { GOOD "\nthis is no setting\n[sync]\n", "line 5" },
    { GOOD "[sync\n", "line 4" },
    { "[user]\nname=\xff\xfe\n", "line 2" },
    { "[user]\nname=\naddress=alice@clinic.test\n", "[user] name" },
    { "[user]\nname=A\\nBcc: x\naddress=alice@clinic.test\n", "[user] name" },
    { "[user]\nname=A\naddress=alice\n", "[user] address" },
    { "[user]\nname=A\naddress=a@b@c\n", "[user] address" },
    { "[user]\nname=A\naddress=a b@c\n", "[user] address" },
    { "[user]\nname=A\n", "[user] address" },
    { GOOD "[sync]\npoll-seconds=soon\n", "[sync] poll-seconds" },
    { GOOD "[sync]\npoll-seconds=9\n", "[sync] poll-seconds" },
    { GOOD "[sync]\npoll-seconds=99999999999999999999\n", "[sync] poll-seconds" },
    { GOOD "[sync]\npoll-second=70\n", "[sync] poll-second" },
    { GOOD "[lookup]\nldap-servers=ldap.example.org\n", "[lookup] ldap-servers" },
    { GOOD "[lookup]\nldap-ca=ca.pem\n", "[lookup] ldap-ca" },
    { GOOD "[profile]\nat-rest=plain\n", "[profile] at-rest" },
    { GOOD "[colours]\n", "[colours]" },
    { GOOD "[searches]\nX=\n", "[searches] X" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GError *error = NULL;
    g_autofree char *path = fixture_write (fixture, "wardmail.conf", cases[i].text);
    assert_null (settings_load (fixture->paths, &error));
    assert_refused (error, CONFIG_ERROR_BROKEN, path, cases[i].where);
  }
}

static void
not_ours_alone (void **state)
{
  struct fixture *fixture = *state;
  GError *error = NULL;
  g_autofree char *path = fixture_write (fixture, "wardmail.conf", GOOD);
  assert_int_equal (chmod (path, 0666), 0);
  assert_null (settings_load (fixture->paths, &error));
  assert_refused (error, CONFIG_ERROR_FAILED, path, "somebody else");
}

static void
not_a_file (void **state)
{
  struct fixture *fixture = *state;
  GError *error = NULL;
  g_autofree char *path = g_build_filename (fixture->paths->config_dir, "wardmail.conf", NULL);
  assert_int_equal (mkfifo (path, 0600), 0);
  assert_null (settings_load (fixture->paths, &error));
  assert_refused (error, CONFIG_ERROR_FAILED, path, "not a file");
}

static void
nothing_bad_is_written (void **state)
{
  struct fixture *fixture = *state;
  GError *error = NULL;
  AUTOFREE (settings) settings = settings_new ();
  settings->name = g_strdup ("A\r\nBcc: b@c");
  settings->address = g_strdup ("a@b.test");
  assert_false (settings_save (settings, fixture->paths, &error));
  assert_refused (error, CONFIG_ERROR_BROKEN, "wardmail.conf", "[user] name");
  g_autofree char *path = g_build_filename (fixture->paths->config_dir, "wardmail.conf", NULL);
  assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, fixture_setup, fixture_teardown)
  const struct CMUnitTest tests[] = {
    TEST (written_and_read),
    TEST (defaults_and_comments),
    TEST (no_profile),
    TEST (broken_files),
    TEST (not_ours_alone),
    TEST (not_a_file),
    TEST (nothing_bad_is_written),
    TEST (edited),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
