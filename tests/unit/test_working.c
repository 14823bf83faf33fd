/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The line with the bar: whatever the numbers, it is as wide as it may be and no wider. */
#include "ui/working.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
check (const char *stage, guint64 done, guint64 total, const char *want)
{
  g_autoptr (GVariant) fields = g_variant_ref_sink (
      g_variant_new_parsed ("{'message_id': <''>, 'stage': <%s>, 'done': <%t>, 'total': <%t>}", stage, done, total));
  g_autofree char *line = working_line (fields, 78), *cut = working_line (fields, 10);
  assert_string_equal (line, want);
  assert_int_equal (strlen (cut), 10);
  assert_true (g_str_has_prefix (line, cut));
  assert_int_equal (working_is_short (fields), total < 1024 * 1024);
}

static void
test_lines (void **state)
{
  check ("encrypting", 0, 34000000, "Encrypting [--------------------]   0 %");
  check ("encrypting", 33999999, 34000000, "Encrypting [###################-]  99 %");
  check ("encrypting", 5, 5, "Encrypting [####################] 100 %");
  check ("encrypting", 7, 0, "Encrypting [####################] 100 %");
  check ("encrypting", G_MAXUINT64, G_MAXUINT64, "Encrypting [####################] 100 %");
  check ("sending", 12100000, 33400000, "Sending [#######-------------] 12 of 34 MB");
  check ("sending", 33400000, 33400000, "Sending [####################] waiting for the server");
}

static void
check_index (guint64 done, guint64 total, guint32 left_s, const char *expected, gboolean over)
{
  g_autoptr (GVariant) fields = g_variant_ref_sink (g_variant_new_parsed (
      "{'message_id': <''>, 'stage': <'indexing'>, 'done': <%t>, 'total': <%t>, 'left_s': <%u>}", done, total, left_s));
  g_autofree char *line = working_line (fields, 100);
  assert_string_equal (line, expected);
  assert_int_equal (working_is_over (fields), over);
  assert_int_equal (working_is_short (fields), total == 0);
}

static void
test_index_lines (void **state)
{
  check_index (0, 80000, 0, "Rebuilding index [--------------------] 0 of 80000 messages", FALSE);
  check_index (40000, 80000, 241, "Rebuilding index [##########----------] 40000 of 80000 messages, 5 min left", FALSE);
  check_index (79999, 80000, 1, "Rebuilding index [###################-] 79999 of 80000 messages, 1 s left", FALSE);
  check_index (0, 3, 0, "Rebuilding index [--------------------] 0 of 3 messages", FALSE); /* however few there are */
  check_index (0, 0, 0, "Rebuilding index [--------------------] 0 of 1 messages", TRUE);
  check_index (80000, 80000, 0, "Rebuilding index [####################] 80000 of 80000 messages, 0 s left", TRUE);
}

static void
fetching (guint done, guint total, guint64 rate, guint left, const char *want)
{
  g_autofree char *line = working_fetching (done, total, rate, left, 80),
                  *cut = working_fetching (done, total, rate, left, 5);
  assert_string_equal (line, want);
  assert_true (strlen (line) <= 79);
  assert_string_equal (cut, "Fetch");
}

static void
test_fetching (void **state)
{
  fetching (1200, 10000, 2100000, 121, "Fetching mail: 1,200 of 10,000, 2.1 MB/s, about 2 minutes left");
  fetching (0, 40, 0, G_MAXUINT, "Fetching mail: 0 of 40");
  fetching (50, 400, 34567, G_MAXUINT, "Fetching mail: 50 of 400, 34 kB/s");
  fetching (50, 400, 12, 5, "Fetching mail: 50 of 400, 1 kB/s, a few seconds left");
  fetching (999, 1000, 999999, 34, "Fetching mail: 999 of 1,000, 0.9 MB/s, about 30 seconds left");
  fetching (999, 1000, 100000, 50, "Fetching mail: 999 of 1,000, 0.1 MB/s, about 1 minute left");
  fetching (1234567, 2000000, 123456789, 3 * 3600,
            "Fetching mail: 1,234,567 of 2,000,000, 123.4 MB/s, about 3 hours left");
  fetching (1, 2000000, 1000, G_MAXUINT - 100, "Fetching mail: 1 of 2,000,000, 1 kB/s, more than a day left");
  g_autoptr (GVariant) fields = g_variant_ref_sink (
      g_variant_new_parsed ("{'account': <'a'>, 'done': <uint32 7>, 'total': <uint32 9>, 'bytes': <uint64 1>}"));
  g_autofree char *line = working_fetching_fields (fields, 80);
  assert_string_equal (line, "Fetching mail: 7 of 9");
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (test_fetching), cmocka_unit_test (test_lines), cmocka_unit_test (test_index_lines) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
