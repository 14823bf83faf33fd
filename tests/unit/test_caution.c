/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Which cautions a message gets, in which order, and which it is spared. */
#include "mail/message/caution.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "mail/message/lookalike.h"

static const char *const own[] = { "demo.test", NULL }, *const nobody[] = { NULL };

struct mail {
  const char *from, *reply_to, *text, *state, *covers, *name, *list, *deceptive, *failed;
};

static GVariant *
list_of (const char *text)
{
  g_auto (GStrv) list = g_strsplit (text != NULL ? text : "", " ", 0);
  return g_variant_new_strv ((const char *const *) list, -1);
}

static GVariant *
view_of (const struct mail *mail)
{
  return g_variant_ref_sink (g_variant_new_parsed (
      "{'from': <%@as>, 'reply_to': <%@as>, 'text_body': <%s>, 'signature': <{'state': <%s>, 'covers': <%s>}>, "
      "'warnings': <[{'code': <'of_verdict'>, 'text': <'x'>}]>}",
      list_of (mail->from), list_of (mail->reply_to), mail->text != NULL ? mail->text : "",
      mail->state != NULL ? mail->state : "none", mail->covers != NULL ? mail->covers : "nothing"));
}

static GVariant *
origin_of (const struct mail *mail)
{
  return g_variant_ref_sink (g_variant_new_parsed (
      "{'name': <%s>, 'list_post': <%s>, 'deceptive': <%@as>, 'failed': <%s>}", mail->name != NULL ? mail->name : "",
      mail->list != NULL ? mail->list : "", list_of (mail->deceptive), mail->failed != NULL ? mail->failed : ""));
}

static GVariant *
facts_of (gboolean first, gboolean contact, const char *name_of, const char *host, enum lookalike kind,
          const char *like)
{
  GVariantBuilder likes;
  g_variant_builder_init (&likes, G_VARIANT_TYPE ("a(sus)"));
  if (host != NULL)
    g_variant_builder_add (&likes, "(sus)", host, (guint32) kind, like);
  return g_variant_ref_sink (
      g_variant_new_parsed ("{'first': <%b>, 'contact': <%b>, 'name_of': <%s>, 'likes': <%@a(sus)>}", first, contact,
                            name_of, g_variant_builder_end (&likes)));
}

/* The codes, joined; every text must fit into a row of a small terminal unless names are long. */
static char *
codes (const struct mail *mail, GVariant *facts_take, const char *const *mine)
{
  g_autoptr (GVariant) view = view_of (mail), origin = origin_of (mail), facts = facts_take;
  g_autoptr (GVariant) done = g_variant_ref_sink (caution_view (view, origin, facts, mine));
  g_autoptr (GVariant) rows = g_variant_lookup_value (done, "warnings", G_VARIANT_TYPE ("aa{sv}"));
  GString *out = g_string_new (NULL);
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *code = "", *text = "";
    assert_true (g_variant_lookup (row, "code", "&s", &code));
    assert_true (g_variant_lookup (row, "text", "&s", &text));
    assert_true (g_utf8_strlen (text, -1) <= 78 || strlen (mail->from) > 30);
    g_string_append_printf (out, "%s%s", i > 0 ? " " : "", code);
  }
  return g_string_free (out, FALSE);
}

static void
expect (const struct mail *mail, GVariant *facts_take, const char *const *mine, const char *expected)
{
  g_autofree char *got = codes (mail, facts_take, mine);
  assert_string_equal (got, expected);
}

static void
test_strangers (void **state)
{
  struct mail mail = { .from = "x@far.example" };
  expect (&mail, NULL, nobody, "of_verdict");
  expect (&mail, facts_of (FALSE, FALSE, "", NULL, 0, ""), nobody, "of_verdict"); /* no organisation, nobody outside */
  expect (&mail, facts_of (FALSE, FALSE, "", NULL, 0, ""), own, "of_verdict external_sender");
  expect (&mail, facts_of (TRUE, FALSE, "", NULL, 0, ""), own, "of_verdict first_contact external_sender");
  struct mail ours = { .from = "new@ward.demo.test" };
  expect (&ours, facts_of (TRUE, FALSE, "", NULL, 0, ""), own, "of_verdict");
  struct mail empty = { .from = NULL };
  expect (&empty, facts_of (FALSE, FALSE, "", NULL, 0, ""), own, "of_verdict");
}

static void
test_good (void **state)
{
  struct mail good = { .from = "x@far.example", .state = "good", .covers = "whole", .failed = "DMARC" };
  expect (&good, facts_of (FALSE, TRUE, "", NULL, 0, ""), own, "of_verdict");
  expect (&good, facts_of (TRUE, FALSE, "", NULL, 0, ""), own, "of_verdict first_contact external_sender");
  expect (&good, facts_of (TRUE, FALSE, "bob@demo.test", NULL, 0, ""), own,
          "name_of_other of_verdict first_contact external_sender");
  good.covers = "part";
  expect (&good, facts_of (FALSE, TRUE, "", NULL, 0, ""), own, "auth_failed of_verdict external_sender");
}

static void
test_forged (void **state)
{
  struct mail mail = { .from = "it@dem0.test", .name = "IT Desk", .failed = "SPF", .reply_to = "it@else.example" };
  expect (&mail, facts_of (TRUE, FALSE, "it@demo.test", "dem0.test", LOOKALIKE_SAME, "demo.test"), own,
          "lookalike_domain auth_failed name_of_other of_verdict reply_to_elsewhere first_contact external_sender");
  struct mail alone = { .from = "it@xn--80ak6aa92e.example", .deceptive = "xn--80ak6aa92e.example" };
  expect (&alone, NULL, nobody, "lookalike_domain of_verdict");
  struct mail broken = { .from = "it@a..example" };
  expect (&broken, facts_of (FALSE, FALSE, "", "a..example", LOOKALIKE_BROKEN, ""), nobody, "of_verdict");
  struct mail link = { .from = "a@demo.test", .text = "[1] https://portal.dem0.test/x" };
  expect (&link, facts_of (FALSE, FALSE, "", "portal.dem0.test", LOOKALIKE_SAME, "demo.test"), own,
          "lookalike_domain of_verdict");
  struct mail answer = { .from = "a@demo.test", .reply_to = "b@dem0.test" };
  expect (&answer, facts_of (FALSE, FALSE, "", "dem0.test", LOOKALIKE_SAME, "demo.test"), own,
          "lookalike_domain of_verdict reply_to_elsewhere");
}

static void
test_reply_to (void **state)
{
  struct mail mail = { .from = "a@demo.test", .reply_to = "desk@lab.demo.test" };
  expect (&mail, NULL, nobody, "of_verdict");
  mail.reply_to = "desk@lab.demo.test x@gone.example";
  expect (&mail, NULL, nobody, "of_verdict reply_to_elsewhere");
  mail.reply_to = "members@lists.example";
  mail.list = "members@lists.example";
  expect (&mail, NULL, nobody, "of_verdict reply_to_list");
  mail.reply_to = "members@lists.example x@gone.example";
  expect (&mail, NULL, nobody, "of_verdict reply_to_elsewhere");
  mail.list = "members@other.example";
  expect (&mail, NULL, nobody, "of_verdict reply_to_elsewhere");
}

static void
test_long_names (void **state)
{
  g_autofree char *long_host = g_strnfill (200, 'a'), *address = g_strdup_printf ("x@%s.example", long_host);
  struct mail mail = { .from = address, .name = long_host, .failed = "DMARC" };
  g_autofree char *host = g_strdup_printf ("%s.example", long_host);
  expect (&mail, facts_of (TRUE, FALSE, address, host, LOOKALIKE_SAME, host), own,
          "lookalike_domain auth_failed name_of_other of_verdict first_contact external_sender");
}

/* What is cut off a long address is not what tells whose it is. */
static void
test_long_ends (void **state)
{
  struct mail mail = { .from = "anna@demo.test",
                       .reply_to = "anna@demo.test.patients.and.their.results.department.of.cardiology.evil.example" };
  g_autoptr (GVariant) view = view_of (&mail), origin = origin_of (&mail);
  g_autoptr (GVariant) done = g_variant_ref_sink (caution_view (view, origin, NULL, nobody));
  g_autofree char *printed = g_variant_print (done, FALSE);
  assert_non_null (
      strstr (printed, "'An answer would go to …s.department.of.cardiology.evil.example, not to the sender.'"));
}

static void
test_hosts (void **state)
{
  struct mail mail = { .from = "a@demo.test",
                       .reply_to = "b@else.example",
                       .text = "see https://user:pw@evil.example:8080/x?u=http://no.example, <http://a.test> a://b\n"
                               "http://demo.test/ https://demo.test/2 http:// ://" };
  g_autoptr (GVariant) view = view_of (&mail);
  g_autoptr (GPtrArray) hosts = caution_hosts (view);
  g_ptr_array_add (hosts, NULL);
  g_autofree char *joined = g_strjoinv (" ", (char **) hosts->pdata);
  assert_string_equal (joined, "demo.test else.example evil.example no.example a.test b");
  g_autoptr (GString) many = g_string_new (NULL);
  for (guint i = 0; i < 500; i++)
    g_string_append_printf (many, "http://h%u.example/ ", i);
  mail.text = many->str;
  g_autoptr (GVariant) full = view_of (&mail);
  g_autoptr (GPtrArray) first = caution_hosts (full);
  assert_int_equal (first->len, 60);
}

static void
test_providers (void **state)
{
  assert_false (caution_is_organisation ("GMAIL.com"));
  assert_false (caution_is_organisation (""));
  assert_true (caution_is_organisation ("hospital.example"));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_strangers), cmocka_unit_test (test_good),       cmocka_unit_test (test_forged),
    cmocka_unit_test (test_reply_to),  cmocka_unit_test (test_long_names), cmocka_unit_test (test_long_ends),
    cmocka_unit_test (test_hosts),     cmocka_unit_test (test_providers),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
