/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Every state of a message in the outbox has words: what happened, and which key helps; and moments to come are read as people write them. */
#include "ui/later.h"
#include "ui/views/outbox_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define NOW 1740992400 /* Mon 3 Mar 2025, 09:00 UTC */

static char *
said (const char *fields)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) item = g_variant_parse (G_VARIANT_TYPE_VARDICT, fields, NULL, NULL, &error);
  if (item == NULL)
    fail_msg ("%s", error->message);
  g_autoptr (GPtrArray) lines = outbox_lines (item, NOW);
  g_ptr_array_add (lines, g_strdup (outbox_lines_trouble (item) ? "trouble" : "calm"));
  g_ptr_array_add (lines, g_strdup (outbox_lines_word (item, NOW)));
  g_ptr_array_add (lines, NULL);
  return g_strjoinv ("\n", (char **) lines->pdata);
}

static void
says (const char *fields, const char *const *parts)
{
  g_autofree char *text = said (fields);
  for (; *parts != NULL; parts++)
    if (strstr (text, *parts) == NULL)
      fail_msg ("“%s” is not in: %s", *parts, text);
}

#define SAYS(fields, ...) says (fields, (const char *const[]){ __VA_ARGS__, NULL })
#define PEOPLE(a, b)                                                                                                   \
  "'people': <[{'address': <'bob@x'>, 'state': <'" a                                                                   \
  "'>, 'text': <'why bob'>}, {'address': <'carol@x'>, 'state': <'" b                                                   \
  "'>, 'text': <'why carol'>}]>, 'date': <int64 1740985200>"

static void
test_states (void **state)
{
  SAYS ("{'state': <'ready'>, 'wait': <''>, 'next': <int64 1>, " PEOPLE ("ready", "ready") "}",
        "It is about to be sent.", "calm", "waiting", "carol@x: waiting. why carol");
  SAYS ("{'state': <'ready'>, 'wait': <''>, 'not_before': <int64 1741076400>, 'next': <int64 1741076400>, " PEOPLE (
            "ready", "ready") "}",
        "It goes on Tue 4 Mar 2025, 08:20.", "if wardmail is open", "t sends it now", "later", "calm");
  SAYS ("{'state': <'ready'>, 'wait': <'server'>, 'tries': <uint32 2>, 'next': <int64 1740992700>, " PEOPLE (
            "accepted", "ready") "}",
        "could not go yet (tries: 2)", "next try is at 09:05", "bob@x: the server took it.",
        "carol@x: waiting. why carol", "goes by itself");
  SAYS ("{'state': <'ready'>, 'wait': <'line'>, 'tries': <uint32 9>, 'late': <true>, 'next': <int64 "
        "1740992700>, " PEOPLE ("ready", "ready") "}",
        "It waits since Mon 3 Mar 2025, 07:00. If it is urgent, call.", "trouble", "LATE");
  SAYS ("{'state': <'ready'>, 'wait': <'sign-in'>, " PEOPLE ("ready", "ready") "}", "did not take your password",
        "account login", "trouble", "PASSWORD");
  SAYS ("{'state': <'ready'>, 'wait': <'person'>, " PEOPLE ("ready", "ready") "}", "was stopped", "t sends it",
        "e goes on writing", "stopped");
  SAYS ("{'state': <'sending'>, " PEOPLE ("sending", "ready") "}", "It is being sent.", "s stops it");
  SAYS ("{'state': <'sending'>, 'text': <'Waiting for x to answer.'>, " PEOPLE ("sending", "ready") "}",
        "Waiting for x to answer.", "s stops it");
  SAYS ("{'state': <'failed'>, " PEOPLE ("accepted", "failed") "}", "did not go to everybody",
        "carol@x: not sent. why carol", "e opens it again", "d removes it", "trouble", "FAILED");
  SAYS ("{'state': <'failed'>, " PEOPLE ("failed", "failed") "}", "nobody has it");
  SAYS ("{'state': <'unknown'>, " PEOPLE ("unknown", "dropped") "}", "Nobody can say whether this message arrived.",
        "ask them", "press y", "gets it twice", "carol@x: taken out, not sent.", "NOT SURE", "trouble");
  SAYS ("{'state': <'accepted'>, " PEOPLE ("accepted", "accepted") "}", "on its way to Sent", "calm");
  SAYS ("{}", "about to be sent"); /* whatever the engine says */
}

static void
test_people (void **state)
{
  g_autoptr (GVariant) item = g_variant_ref_sink (g_variant_new_parsed ("{" PEOPLE ("accepted", "accepted") "}"));
  g_autofree char *both = outbox_lines_people (item, "accepted"), *none = outbox_lines_people (item, "failed");
  assert_string_equal (both, "bob@x, carol@x");
  assert_string_equal (none, "");
}

static void
test_later (void **state)
{
  const struct {
    const char *text;
    gint64 wanted; /* 0: none */
  } cases[] = {
    { "14:30", NOW + 5 * 3600 + 1800 },
    { " 9:01 ", NOW + 60 },
    { "08:00", NOW + 23 * 3600 },
    { "09:00", NOW + 24 * 3600 },
    { "today 10:00", NOW + 3600 },
    { "Tomorrow 08:00", NOW + 23 * 3600 },
    { "tue 09:00", NOW + 24 * 3600 },
    { "monday 09:00", NOW + 7 * 24 * 3600 },
    { "sun 09:00", NOW + 6 * 24 * 3600 },
    { "2025-03-04 09:00", NOW + 24 * 3600 },
    { "2025-03-03T10:00:00Z", NOW + 3600 },
    { "2025-03-03T12:00:00+02:00", NOW + 3600 },
    { "today 08:00", 0 },
    { "2024-03-04 09:00", 0 },
    { "2027-03-04 09:00", 0 },
    { "2025-13-04 09:00", 0 },
    { "2025-03-03T10:00:00", 0 },
    { "25:00", 0 },
    { "10:61", 0 },
    { "10", 0 },
    { "soon 10:00", 0 },
    { "-1:30", 0 },
    { "14:30 and more", 0 },
    { "", 0 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    gint64 time = 0;
    const gboolean is = later_parse (cases[i].text, NOW, &time);
    if (is != (cases[i].wanted != 0) || (is && time != cases[i].wanted))
      fail_msg ("“%s”: %d, %" G_GINT64_FORMAT, cases[i].text, is, time - NOW);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (test_states), cmocka_unit_test (test_people), cmocka_unit_test (test_later) };
  g_setenv ("TZ", "UTC", TRUE);
  tzset ();
  return cmocka_run_group_tests (tests, NULL, NULL);
}
