/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Secrets: what goes in comes out, what is read is bounded, what is given away is wiped, what is dropped is gone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include "crypto/error.h"
#include "crypto/guard/secret.h"

static void
test_keeps_bytes (void **state)
{
  AUTOFREE (secret) secret = secret_new ("a\0b", 3);
  assert_int_equal (secret_size (secret), 3);
  assert_memory_equal (secret_peek (secret), "a\0b", 4);
  AUTOFREE (secret) empty = secret_new (NULL, 0);
  assert_int_equal (secret_size (empty), 0);
  assert_string_equal (secret_peek (empty), "");
}

static void
test_takes (void **state)
{
  AUTOFREE (secret) secret = secret_new_take (g_strdup ("hunter2"), 7);
  assert_string_equal (secret_peek (secret), "hunter2");
}

static void
test_wipe (void **state)
{
  char bytes[] = "hunter2";
  secret_wipe (bytes, sizeof bytes);
  for (size_t i = 0; i < sizeof bytes; i++)
    assert_int_equal (bytes[i], 0);
  secret_wipe (NULL, 0);
}

/* Write text into a pipe and read it back as a secret. */
static struct secret *
through_pipe (const char *text, gsize size, gsize size_max, GError **error)
{
  int ends[2];
  assert_int_equal (pipe (ends), 0);
  assert_int_equal (write (ends[1], text, size), (ssize_t) size);
  close (ends[1]);
  struct secret *secret = secret_read_fd (ends[0], size_max, error);
  close (ends[0]);
  return secret;
}

static void
test_read_fd (void **state)
{
  static const struct {
    const char *text, *want;
    gsize size_max;
  } cases[] = {
    { "hunter2\n", "hunter2", 7 },
    { "hunter2", "hunter2", 7 },
    { "hunter2\n", "hunter2", 100 },
    { "two\n\n", "two\n", 10 },
    { "", "", 10 },
    { "\n", "", 10 },
    { "hunter2", NULL, 6 },
    { "hunter2\n\n", NULL, 7 },
    { "hunter23\n", NULL, 7 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    AUTOFREE (secret) secret = through_pipe (cases[i].text, strlen (cases[i].text), cases[i].size_max, &error);
    if (cases[i].want == NULL) {
      assert_null (secret);
      assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED));
      continue;
    }
    assert_non_null (secret);
    assert_string_equal (secret_peek (secret), cases[i].want);
    assert_int_equal (secret_size (secret), strlen (cases[i].want));
  }
}

static void
test_read_bad_fd (void **state)
{
  g_autoptr (GError) error = NULL;
  assert_null (secret_read_fd (-1, 10, &error));
  assert_true (g_error_matches (error, CRYPTO_ERROR, CRYPTO_ERROR_FAILED));
}

/* The pages are unmapped when the secret goes: no copy of it stays behind at that address. */
static void
test_free_unmaps (void **state)
{
  struct secret *secret = secret_new ("hunter2", 7);
  uintptr_t page = (uintptr_t) secret_peek (secret);
  unsigned char resident;
  assert_int_equal (page % (uintptr_t) sysconf (_SC_PAGESIZE), 0);
  assert_int_equal (mincore ((void *) page, 1, &resident), 0);
  secret_free (secret);
  assert_int_equal (mincore ((void *) page, 1, &resident), -1);
  assert_int_equal (errno, ENOMEM);
  secret_free (NULL);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_keeps_bytes), cmocka_unit_test (test_takes),       cmocka_unit_test (test_wipe),
    cmocka_unit_test (test_read_fd),     cmocka_unit_test (test_read_bad_fd), cmocka_unit_test (test_free_unmaps),
  };
  return cmocka_run_group_tests_name ("secret", tests, NULL, NULL);
}
