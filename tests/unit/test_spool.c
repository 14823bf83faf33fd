/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What goes into a spool comes out, whatever it was cut into; its file has no name; and a full disk is told. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include "crypto/spool.h"

static char *dir;

static char *
finish (struct spool *spool, gsize *size_out)
{
  g_autoptr (GError) error = NULL;
  const gsize size = spool_size (spool);
  int fd = spool_finish (spool, &error);
  if (fd < 0)
    fail_msg ("%s", error->message);
  struct stat info;
  assert_int_equal (fstat (fd, &info), 0);
  assert_int_equal (info.st_nlink, 0);
  assert_int_equal (info.st_size, size);
  char *text = g_malloc0 (size + 1);
  assert_int_equal (read (fd, text, size + 1), size);
  close (fd);
  *size_out = size;
  return text;
}

static void
test_base64 (void **state)
{
  guint8 bytes[1000];
  for (guint i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8) (i * 31 + i / 7);
  for (gsize size = 0; size <= sizeof bytes; size += size < 130 ? 1 : 290)
    for (gsize step = 1; step < 200; step = step * 3 + 1) {
      gsize got = 0;
      AUTOFREE (spool) spool = spool_new (NULL, NULL);
      for (gsize at = 0; at < size; at += step)
        spool_base64 (spool, bytes + at, MIN (step, size - at));
      spool_base64_end (spool);
      g_autofree char *text = finish (spool, &got);
      g_auto (GStrv) lines = g_strsplit (text, "\r\n", -1);
      const guint count = g_strv_length (lines);
      assert_int_equal (count, size == 0 ? 0 : (size + 56) / 57 + 1);
      for (guint i = 0; i + 2 < count; i++)
        assert_int_equal (strlen (lines[i]), 76);
      gsize back_size = 0;
      g_autofree guchar *back = g_base64_decode (text, &back_size);
      assert_int_equal (back_size, size);
      if (size > 0)
        assert_memory_equal (back, bytes, size);
    }
}

static void
test_lines (void **state)
{
  static const char in[] = "\none\r\ntwo\n\n\rthree\r\r\nfour\r", out[] = "\r\none\r\ntwo\r\n\r\n\rthree\r\r\nfour\r";
  for (gsize step = 1; step <= sizeof in; step++) {
    gsize got = 0;
    AUTOFREE (spool) spool = spool_new (dir, NULL);
    for (gsize at = 0; at < sizeof in - 1; at += step)
      spool_lines (spool, in + at, MIN (step, sizeof in - 1 - at));
    g_autofree char *text = finish (spool, &got);
    assert_string_equal (text, out);
  }
}

/* More than the buffer holds; and nothing can be seen in the folder, neither before nor after. */
static void
test_long (void **state)
{
  g_autoptr (GString) want = g_string_new (NULL);
  AUTOFREE (spool) spool = spool_new (dir, NULL);
  for (guint i = 0; i < 30000; i++) {
    g_autofree char *line = g_strdup_printf ("line %u\r\n", i);
    spool_text (spool, line);
    g_string_append (want, line);
  }
  GDir *list = g_dir_open (dir, 0, NULL);
  assert_null (g_dir_read_name (list));
  g_dir_close (list);
  assert_true (spool_fine (spool));
  gsize got = 0;
  g_autofree char *text = finish (spool, &got);
  assert_int_equal (got, want->len);
  assert_memory_equal (text, want->str, got);
}

static void
test_full (void **state)
{
  struct rlimit before, small;
  g_autoptr (GError) error = NULL;
  g_autofree char *zeros = g_malloc0 (200000);
  assert_int_equal (getrlimit (RLIMIT_FSIZE, &before), 0);
  small = before;
  small.rlim_cur = 100000;
  signal (SIGXFSZ, SIG_IGN);
  AUTOFREE (spool) spool = spool_new (dir, &error);
  assert_int_equal (setrlimit (RLIMIT_FSIZE, &small), 0);
  spool_write (spool, zeros, 200000);
  spool_write (spool, zeros, 200000);
  assert_int_equal (setrlimit (RLIMIT_FSIZE, &before), 0);
  assert_false (spool_fine (spool));
  assert_int_equal (spool_finish (spool, &error), -1);
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED));
  g_clear_error (&error);
  assert_null (spool_new ("/proc/no/such/folder", &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED));
}

static int
set_up (void **state)
{
  dir = g_dir_make_tmp ("wardmail-spool-XXXXXX", NULL);
  return dir == NULL;
}

static int
tear_down (void **state)
{
  g_rmdir (dir);
  g_free (dir);
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_base64), cmocka_unit_test (test_lines),
                                      cmocka_unit_test (test_long), cmocka_unit_test (test_full) };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
