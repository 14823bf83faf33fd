/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told of a message that the outbox has forgotten is true for each recipient. The ledger is this test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mail/engine.h"
#include "mail/engine/sending.h"

static const char *rows; /* the ledger's answer; NULL: it fails */
static enum sending_known known;
static char *missing;

void __wrap_supervised_call (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds,
                             gpointer origin, supervised_done_fn done, gpointer data);
void
__wrap_supervised_call (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds,
                        gpointer origin, supervised_done_fn done, gpointer data)
{
  g_autoptr (GVariant) own = g_variant_ref_sink (fields);
  g_autoptr (GError) error = g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_FAILED, "no");
  g_autofree const char **ids = NULL;
  assert_string_equal (method, "delivery");
  assert_true (g_variant_lookup (own, "ids", "^a&s", &ids));
  assert_string_equal (ids[0], "m@x");
  g_autofree char *text = rows != NULL ? g_strdup_printf ("{'rows': <@aa{sv} [%s]>}", rows) : NULL;
  g_autoptr (GVariant) reply = text != NULL ? g_variant_ref_sink (g_variant_new_parsed (text)) : NULL;
  done (reply, NULL, reply == NULL ? error : NULL, data);
}

static void
take (struct sending *sending, enum sending_known what, const char *whom)
{
  known = what;
  g_free (missing);
  missing = g_strdup (whom);
}

static void
check (const char *answer, enum sending_known want, const char *whom)
{
  struct core_account account = { .smtp = NULL };
  g_autoptr (GVariant) draft = g_variant_ref_sink (
      g_variant_new_parsed ("{'to': <['Bob <bob@x.test>']>, 'bcc': <['eve@x.test']>, 'subject': <'x'>}"));
  struct sending sending = { .message_id = (char *) "m@x", .draft = draft, .account = &account };
  rows = answer;
  sending_known (&sending, take);
  assert_int_equal (known, want);
  assert_string_equal (missing, whom);
}

static void
test_known (void **state)
{
#define ROW(address, state) "{'address': <'" address "'>, 'state': <'" state "'>}"
  check (NULL, SENDING_KNOWN_NOT, "");
  check ("", SENDING_KNOWN_NOT, "");
  check (ROW ("Bob@x.test", "delivered") "," ROW ("eve@x.test", "overdue"), SENDING_KNOWN_SENT, "");
  check (ROW ("bob@x.test", "accepted") "," ROW ("eve@x.test", "withdrawn"), SENDING_KNOWN_PARTLY, "eve@x.test");
  check (ROW ("bob@x.test", "unknown") "," ROW ("eve@x.test", "failed"), SENDING_KNOWN_PARTLY,
         "bob@x.test, eve@x.test");
  /* Two mails of one name: whoever got one of them has it. */
  check (ROW ("bob@x.test", "withdrawn") "," ROW ("bob@x.test", "accepted"), SENDING_KNOWN_PARTLY, "eve@x.test");
  check (ROW ("dan@x.test", "accepted"), SENDING_KNOWN_OTHER, "bob@x.test, eve@x.test");
  g_clear_pointer (&missing, g_free);
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_known) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
