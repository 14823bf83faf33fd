/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* ui/commands/command_input: what is taken in is what was there, sealed, bounded, and text is text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "tests/unit/config_fixture.h"
#include "ui/commands/command_input.h"

static void
stdin_from (const char *bytes, gsize size)
{
  int fd = memfd_create ("stdin", MFD_CLOEXEC);
  assert_true (fd > 0);
  assert_int_equal (write (fd, bytes, size), size);
  assert_int_equal (lseek (fd, 0, SEEK_SET), 0);
  assert_int_equal (dup2 (fd, 0), 0);
  close (fd);
}

static void
assert_text (const char *bytes, gsize size, const char *want)
{
  g_autoptr (GError) error = NULL;
  stdin_from (bytes, size);
  g_autofree char *text = command_input_text (100, &error);
  if (want != NULL) {
    assert_non_null (text);
    assert_string_equal (text, want);
  } else {
    assert_null (text);
    assert_non_null (strstr (error->message, "standard input"));
  }
}

static void
text (void **state)
{
  assert_text ("", 0, "");
  assert_text ("a\r\nb\rc\n", 7, "a\nb\rc\n");
  assert_text ("Gr\xc3\xbc\xc3\x9f", 6, "Grüß");
  assert_text ("\xff", 1, NULL);
  assert_text ("a\0b", 3, NULL);
  g_autofree char *long_text = g_strnfill (101, 'x');
  assert_text (long_text, 101, NULL);
  assert_text (long_text, 100, long_text + 1); /* the same text, one shorter */
}

static void
assert_dotted (const char *bytes, const char *want)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  gint32 handle = -1;
  char buffer[100] = "";
  stdin_from (bytes, strlen (bytes));
  assert_true (command_input_append_dotted (fds, &handle, NULL));
  int fd = g_unix_fd_list_get (fds, handle, NULL);
  ssize_t got = read (fd, buffer, sizeof buffer - 1);
  close (fd);
  assert_int_equal (got, strlen (want));
  assert_string_equal (buffer, want);
}

static void
dots (void **state)
{
  assert_dotted ("a\n.\nb\n", "a\n");
  assert_dotted ("a\r\n.\r\nb\r\n", "a\r\n");
  assert_dotted (".\n", "");
  assert_dotted ("a\n.", "a\n");
  assert_dotted ("a\n..\n.b\n. \n", "a\n..\n.b\n. \n");
  assert_dotted ("a", "a");
  assert_dotted ("", "");
}

static void
sealed (void **state)
{
  struct fixture *fixture = *state;
  g_autofree char *path = fixture_write (fixture, "m.eml", "message");
  g_autoptr (GError) error = NULL;
  int fd = command_input_open (path, 7, &error);
  assert_true (fd >= 0);
  assert_int_equal (write (fd, "x", 1), -1);
  assert_int_equal (ftruncate (fd, 0), -1);
  char buffer[8] = "";
  assert_int_equal (pread (fd, buffer, 7, 0), 7);
  assert_string_equal (buffer, "message");
  close (fd);
  assert_int_equal (command_input_open (path, 6, &error), -1);
  assert_refused (g_steal_pointer (&error), G_FILE_ERROR_FAILED, "m.eml", "larger than");
  assert_int_equal (command_input_open (fixture->dir, 6, &error), -1);
  assert_refused (g_steal_pointer (&error), G_FILE_ERROR_FAILED, fixture->dir, "a folder");
  assert_int_equal (command_input_open ("/nonexistent/x", 6, &error), -1);
  assert_refused (g_steal_pointer (&error), G_FILE_ERROR_FAILED, "/nonexistent/x", "No such file");
}

static gpointer
write_slowly (gpointer path)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC); /* waits until it is read */
  for (const char *c = "message"; fd >= 0 && *c != '\0'; c++) {
    g_usleep (1000);
    if (write (fd, c, 1) != 1)
      break;
  }
  if (fd >= 0)
    close (fd);
  return NULL;
}

/* Pipes are read like files, to their end; what never ends is refused. */
static void
pipes (void **state)
{
  struct fixture *fixture = *state;
  g_autofree char *path = g_build_filename (fixture->dir, "pipe", NULL);
  g_autoptr (GError) error = NULL;
  assert_int_equal (mkfifo (path, 0600), 0);
  GThread *writer = g_thread_new ("writer", write_slowly, path);
  int fd = command_input_open (path, 7, &error);
  g_thread_join (writer);
  assert_true (fd >= 0);
  char buffer[8] = "";
  assert_int_equal (pread (fd, buffer, 7, 0), 7);
  assert_string_equal (buffer, "message");
  close (fd);
  assert_int_equal (command_input_open ("/dev/zero", 1 << 20, &error), -1);
  assert_refused (g_steal_pointer (&error), G_FILE_ERROR_FAILED, "/dev/zero", "larger than");
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (text), cmocka_unit_test (dots),
                                      cmocka_unit_test_setup_teardown (pipes, fixture_setup, fixture_teardown),
                                      cmocka_unit_test_setup_teardown (sealed, fixture_setup, fixture_teardown) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
