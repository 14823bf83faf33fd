/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Failures that our own server states are told; nothing that a sender can write is. */
#include "mail/message/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static const char *const ids[] = { "mx.demo.test", NULL }, *const hosts[]
                                                           = { "imap.hospital.example", "127.0.0.1", NULL };
static const struct auth_servers servers = { .ids = ids, .hosts = hosts };

static const struct {
  const char *value;
  gboolean ours;
  const char *failed;
} cases[] = {
  { "mx.demo.test; dmarc=fail header.from=demo.test", TRUE, "DMARC" },
  { "MX.Demo.TEST 1; DMARC = Fail (p=none dis=none) header.from=demo.test", TRUE, "DMARC" },
  { "mx.demo.test; spf=fail smtp.mailfrom=x@demo.test; dkim=pass header.d=demo.test; dmarc=pass", TRUE, NULL },
  { "mx.demo.test; spf=pass; dkim=pass; dmarc=fail policy.dmarc=pass", TRUE, "DMARC" },
  { "mx.demo.test; spf=fail smtp.mailfrom=demo.test", TRUE, "SPF" },
  { "mx.demo.test; spf=softfail smtp.mailfrom=demo.test", TRUE, NULL },
  { "mx.demo.test; spf=fail; dkim=pass header.d=list.example", TRUE, NULL },
  { "mx.demo.test; dkim=fail (bad signature) header.d=demo.test", TRUE, "DKIM" },
  { "mx.demo.test; dkim=fail header.d=a.example; dkim=pass header.d=demo.test", TRUE, NULL },
  { "mx.demo.test; dkim=pass header.d=a.example; dkim=fail header.d=demo.test", TRUE, NULL },
  { "mx.demo.test; dkim=hardfail; spf=fail", TRUE, "SPF and DKIM" },
  { "mx.demo.test; dkim/1=fail reason=\"no; dmarc=fail; key\"", TRUE, "DKIM" },
  { "\"mx.demo.test\" ; spf=none; dkim=none; dmarc=none", TRUE, NULL },
  { "mx.demo.test; none", TRUE, NULL },
  { "mx.demo.test", TRUE, NULL },
  { "(a (nested) \\( comment; dmarc=fail) mx.demo.test (c) 1 (d) ; (e) dmarc (f) = (g) fail (h)", TRUE, "DMARC" },
  { "mx.demo.test; (dmarc=fail) spf=pass", TRUE, NULL },
  { "mx.demo.test; spf=pass (x; dmarc=fail)", TRUE, NULL },
  { "mx.demo.test; x-own=\"; dmarc=fail\"", TRUE, NULL },
  { "mx.demo.test; policy.dmarc=fail", TRUE, NULL },
  { "mx.demo.test; spf=pass policy.dmarc=fail", TRUE, NULL },
  { "mx.demo.test; dmarc=failed; dmarc=", TRUE, NULL },
  { "mx.demo.test;;; ; dmarc=fail ;", TRUE, "DMARC" },
  { "hub.hospital.example; dmarc=fail", TRUE, "DMARC" }, /* its domain, where no id is configured */
  { "hospital.example; dmarc=fail", TRUE, "DMARC" },
  { "127.0.0.1; dmarc=fail", TRUE, "DMARC" },
  { "127.0.0.2; dmarc=fail", FALSE, NULL },
  { "mx2.demo.test; dmarc=fail", FALSE, NULL }, /* another one than is configured */
  { "hospital.example.evil.test; dmarc=fail", FALSE, NULL },
  { "mx.demo.test.evil.test; dmarc=fail", FALSE, NULL },
  { "mx.demo.test 2; dmarc=fail", FALSE, NULL }, /* a version that we do not know */
  { "mx.demo.test 1 2; dmarc=fail", FALSE, NULL },
  { "mx.demo.test dmarc=fail", FALSE, NULL },
  { "; dmarc=fail", FALSE, NULL },
  { "", FALSE, NULL },
  { "(never ends mx.demo.test; dmarc=fail", FALSE, NULL },
  { "\"mx.demo.test; dmarc=fail", FALSE, NULL },
  { "\xff\xfe; dmarc=fail", FALSE, NULL },
};

static void
test_values (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    struct auth_results results = { .found = FALSE };
    gboolean ours = auth_results_read (&results, cases[i].value, &servers);
    if (ours != cases[i].ours || g_strcmp0 (auth_results_failed (&results), cases[i].failed) != 0)
      fail_msg ("%s: %s", cases[i].value, auth_results_failed (&results));
    assert_int_equal (results.found, ours);
  }
}

static void
test_cut (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *value = g_strdup (cases[i].value);
    for (gsize n = strlen (value); n-- > 0;) {
      struct auth_results results = { .found = FALSE };
      value[n] = '\0';
      assert_true (!auth_results_read (&results, value, &servers) || results.found);
    }
  }
}

static void
test_bounds (void **state)
{
  struct auth_results results = { .found = FALSE };
  g_autoptr (GString) value = g_string_new ("mx.demo.test");
  for (guint i = 0; i < 100; i++)
    g_string_append (value, "; spf=none");
  g_string_append (value, "; dmarc=fail"); /* beyond what is looked at */
  assert_true (auth_results_read (&results, value->str, &servers));
  assert_null (auth_results_failed (&results));
  for (guint i = 0; i < 2000; i++)
    g_string_append (value, "; spf=none");
  memset (&results, 0, sizeof results);
  assert_false (auth_results_read (&results, value->str, &servers));
  g_autofree char *deep = g_strnfill (10000, '(');
  assert_false (auth_results_read (&results, deep, &servers));
}

static GVariant *
origin_of (const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  AUTOFREE (inspection) inspection = inspect_message (NULL, bytes, 0);
  return g_variant_ref_sink (message_origin (inspection, &servers));
}

#define OURS "Authentication-Results: mx.demo.test; "
#define TRACE "Received: from a by b; Sat, 21 Nov 2026 22:00:00 +0100\r\n"

static const struct {
  const char *head, *failed;
} heads[] = {
  { OURS "dmarc=fail\r\n" TRACE, "DMARC" },
  { TRACE TRACE OURS "dmarc=fail\r\n" TRACE, "DMARC" },          /* a server that writes it below its own trace */
  { OURS "spf=fail\r\n" OURS "dkim=pass\r\n" TRACE, "" },        /* several of one run count together */
  { OURS "spf=pass\r\n" TRACE OURS "dmarc=fail\r\n" TRACE, "" }, /* what lies below the run is the sender's */
  { OURS "dmarc=fail\r\n" TRACE OURS "dmarc=pass\r\n" TRACE, "DMARC" }, /* and so no pass of theirs helps */
  { "Authentication-Results: other.test; dmarc=fail\r\n" TRACE, "" },
  { "ARC-Authentication-Results: i=1; mx.demo.test; dmarc=fail\r\n" TRACE, "" },
  { "Authentication-Results: mx.demo.test;\r\n\tdmarc=fail\r\n (folded)\r\n" TRACE, "DMARC" },
  { TRACE, "" },
};

static void
test_runs (void **state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (heads); i++) {
    g_autofree char *text
        = g_strdup_printf ("%sFrom: a@demo.test\r\nSubject: x\r\n\r\nbody\r\n" OURS "dmarc=fail\r\n", heads[i].head);
    g_autoptr (GVariant) origin = origin_of (text);
    const char *failed = "?";
    assert_true (g_variant_lookup (origin, "failed", "&s", &failed));
    if (strcmp (failed, heads[i].failed) != 0)
      fail_msg ("%u: %s", (guint) i, failed);
  }
}

static void
test_origin (void **state)
{
  g_autoptr (GVariant) origin
      = origin_of ("From: =?utf-8?q?Jos=C3=A9_N.?= <a@\xd0\xb0pple.example>, b@c.example\r\nReply-To: d@demo.test\r\n"
                   "List-Post: <mailto:List@lists.example?subject=x>\r\n\r\nbody\r\n");
  const char *name = "", *list = "";
  g_autofree const char **deceptive = NULL;
  assert_true (g_variant_lookup (origin, "name", "&s", &name));
  assert_true (g_variant_lookup (origin, "list_post", "&s", &list));
  assert_true (g_variant_lookup (origin, "deceptive", "^a&s", &deceptive));
  assert_string_equal (name, "José N.");
  assert_string_equal (list, "List@lists.example");
  assert_string_equal (deceptive[0], "\xd0\xb0pple.example");
  assert_null (deceptive[1]);
  g_autoptr (GVariant) none = origin_of ("List-Post: NO\r\n\r\nbody\r\n");
  assert_true (g_variant_lookup (none, "list_post", "&s", &list));
  assert_string_equal (list, "");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_values), cmocka_unit_test (test_cut),    cmocka_unit_test (test_bounds),
    cmocka_unit_test (test_runs),   cmocka_unit_test (test_origin),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
