/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The draft that answers a view: to whom, under which subject, quoting what. */
#include "mail/message/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static const char *const own[] = { "alice@clinic.example", "Moreno@clinic.example", NULL };

/* View as GVariant text, with the fields that a reply reads. */
static GVariant *
view_of (const char *fields)
{
  g_autofree char *text
      = g_strdup_printf ("{'subject': <'s'>, 'from': <['bob@b.example']>, 'from_shown': <['Bob <bob@b.example>']>, "
                         "'to': <['alice@clinic.example', 'carol@c.example']>, "
                         "'cc': <['moreno@clinic.example', 'bob@b.example', 'dave@d.example', 'broken address']>, "
                         "'date': <@ms '2026-11-21T22:00:00+01:00'>, "
                         "'message_id': <'m@b'>, 'protected': <false>, 'encryption': <{'covers': <'nothing'>}>, "
                         "'headers': <[{'name': <'From'>, 'value': <'Bob <bob@b.example>'>}]>, 'segments': <[{'text': "
                         "<'hello\\n'>, 'encrypted': <false>}]>, %s}",
                         fields);
  GVariant *parsed = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);
  assert_non_null (parsed);
  /* A later field takes the place of an earlier one. */
  GVariantDict dict;
  GVariantIter iter;
  const char *name;
  GVariant *value;
  g_variant_dict_init (&dict, NULL);
  g_variant_iter_init (&iter, parsed);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    g_variant_dict_insert_value (&dict, name, value);
  g_variant_unref (parsed);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static GVariant *
reply (const char *fields, gboolean all, gboolean forward)
{
  g_autoptr (GVariant) view = view_of (fields);
  return g_variant_ref_sink (message_reply (view, own, all, forward));
}

static void
assert_list (GVariant *draft, const char *name, const char *joined)
{
  g_autofree const char **list = NULL;
  assert_true (g_variant_lookup (draft, name, "^a&s", &list));
  g_autofree char *got = g_strjoinv ("|", (char **) list);
  assert_string_equal (got, joined);
}

static void
assert_text (GVariant *draft, const char *name, const char *expected)
{
  const char *got = NULL;
  assert_true (g_variant_lookup (draft, name, "&s", &got));
  assert_string_equal (got, expected);
}

static void
test_recipients (void **state)
{
  g_autoptr (GVariant) one = reply ("'x': <0>", FALSE, FALSE), all = reply ("'x': <0>", TRUE, FALSE);
  assert_list (one, "to", "bob@b.example");
  assert_list (one, "cc", "");
  assert_list (all, "to", "bob@b.example");
  assert_list (all, "cc", "carol@c.example|dave@d.example");
  assert_text (one, "from", "alice@clinic.example");
  g_autoptr (GVariant) desk = reply ("'reply_to': <['desk@b.example']>", FALSE, FALSE),
                       mine = reply ("'from': <['Alice@clinic.example']>", FALSE, FALSE);
  assert_list (desk, "to", "desk@b.example");
  assert_list (mine, "to", "carol@c.example");
  g_autoptr (GVariant) evil = reply ("'reply_to': <['x@y.example\\nBcc: z@z.example']>", FALSE, FALSE);
  assert_list (evil, "to", "bob@b.example");
}

static void
test_subjects (void **state)
{
  static const struct {
    const char *in, *reply, *forward;
  } cases[] = {
    { "x", "Re: x", "Fwd: x" },
    { "Re: x", "Re: x", "Fwd: Re: x" },
    { "RE: AW: Re[2]: x", "Re: x", "Fwd: RE: AW: Re[2]: x" },
    { "SV : x", "Re: x", "Fwd: SV : x" },
    { "WG: x", "Re: WG: x", "Fwd: x" },
    { "Fwd: FW: x", "Re: Fwd: FW: x", "Fwd: x" },
    { "Rex: a", "Re: Rex: a", "Fwd: Rex: a" },
    { "", "Re: ", "Fwd: " },
    { "回复：x", "Re: x", "Fwd: 回复：x" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *fields = g_strdup_printf ("'subject': <'%s'>", cases[i].in);
    g_autoptr (GVariant) answer = reply (fields, FALSE, FALSE), forward = reply (fields, FALSE, TRUE);
    assert_text (answer, "subject", cases[i].reply);
    assert_text (forward, "subject", cases[i].forward);
  }
}

static void
test_threading (void **state)
{
  g_autoptr (GVariant) first = reply ("'in_reply_to': <'p@x'>", FALSE, FALSE),
                       later = reply ("'references': <['a@x', 'p@x']>", FALSE, FALSE);
  assert_text (first, "in_reply_to", "m@b");
  assert_list (first, "references", "p@x|m@b");
  assert_list (later, "references", "a@x|p@x|m@b");
}

static void
test_bodies (void **state)
{
  g_autoptr (GVariant) answer = reply ("'x': <0>", FALSE, FALSE), forward = reply ("'x': <0>", FALSE, TRUE);
  assert_text (answer, "body", "On 2026-11-22 02:30, Bob <bob@b.example> wrote:\n> hello\n\n");
  assert_text (forward, "body", "\n\n---------- Forwarded message ----------\nFrom: Bob <bob@b.example>\n\nhello\n");
  assert_list (forward, "to", "");
}

static void
test_never_quoted (void **state)
{
  static const char part[] = "'encryption': <{'covers': <'part'>}>, 'segments': <[{'text': <'open\\n'>, 'encrypted': "
                             "<false>}, {'text': <'SECRET\\n'>, 'encrypted': <true>}]>";
  static const char whole[]
      = "'encryption': <{'covers': <'whole'>}>, 'segments': <[{'text': <'SECRET\\n'>, 'encrypted': <true>}]>";
  static const char unsaid[] = "'segments': <[{'text': <'SECRET\\n'>}]>";
  static const char hidden[] = "'segments': <[{'text': <'see ⟦hidden: SECRET⟧ this'>, 'encrypted': <false>}]>";
  static const struct {
    const char *fields;
    gboolean quoted;
  } cases[] = { { part, FALSE }, { whole, TRUE }, { unsaid, FALSE }, { hidden, FALSE } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (int forward = 0; forward < 2; forward++) {
      g_autoptr (GVariant) draft = reply (cases[i].fields, FALSE, forward);
      const char *body;
      assert_true (g_variant_lookup (draft, "body", "&s", &body));
      assert_true ((strstr (body, "SECRET") != NULL) == cases[i].quoted);
    }
}

static void
test_protection_is_kept (void **state)
{
  gboolean is_protected = TRUE;
  g_autoptr (GVariant) plain = reply ("'x': <0>", FALSE, FALSE), secret = reply ("'protected': <true>", FALSE, TRUE);
  assert_true (g_variant_lookup (plain, "parent_protected", "b", &is_protected) && !is_protected);
  assert_true (g_variant_lookup (secret, "parent_protected", "b", &is_protected) && is_protected);
  g_autoptr (GVariant) empty = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  g_autoptr (GVariant) unknown = g_variant_ref_sink (message_reply (empty, own, TRUE, FALSE));
  assert_true (g_variant_lookup (unknown, "parent_protected", "b", &is_protected) && is_protected);
}

int
main (void)
{
  g_setenv ("TZ", "XST-5:30", TRUE); /* 5:30 ahead of UTC */
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_recipients),   cmocka_unit_test (test_subjects),
    cmocka_unit_test (test_threading),    cmocka_unit_test (test_bodies),
    cmocka_unit_test (test_never_quoted), cmocka_unit_test (test_protection_is_kept),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
