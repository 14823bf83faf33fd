/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The plan: who gets which copy, over every small audience. */
#include "crypto/plan.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct route *
route (const char *address, enum route_method method)
{
  struct route *made = g_new0 (struct route, 1);
  made->address = g_strdup (address);
  made->method = method;
  made->sentence = g_strdup ("");
  made->next = g_strdup ("");
  return made;
}

/* 4 people, each: absent or one of 3 methods in one of 3 fields (10 ways): 10,000 audiences. */
static void
test_all_audiences (void **state)
{
  for (guint n = 0; n < 10000; n++) {
    AUTOFREE (plan) plan = plan_new ();
    guint rest = n, count = 0, held = 0, open[3] = { 0 }, bcc = 0;
    for (guint person = 0; person < 4; person++, rest /= 10) {
      if (rest % 10 == 9)
        continue;
      const enum route_method method = rest % 10 / 3;
      const enum recipient_kind kind = rest % 10 % 3;
      g_autofree char *address = g_strdup_printf ("p%u@demo.test", person);
      plan_add (plan, route (address, method), kind);
      count++;
      held += method == ROUTE_HOLD;
      bcc += kind == RECIPIENT_BCC;
      if (kind != RECIPIENT_BCC)
        open[method]++;
    }
    plan_finish (plan);
    assert_int_equal (plan->routes->len, count);
    assert_int_equal (plan->held, held);
    if (held > 0) {
      assert_int_equal (plan->copies->len, 0);
      continue;
    }
    assert_int_equal (plan->copies->len, (open[ROUTE_SMIME] > 0) + (open[ROUTE_PGP] > 0) + bcc);
    guint served = 0;
    for (guint i = 0; i < plan->copies->len; i++) {
      const struct plan_copy *copy = plan->copies->pdata[i];
      assert_true (copy->method != ROUTE_HOLD);
      assert_int_equal (copy->routes->len, copy->bcc ? 1 : open[copy->method]);
      for (guint j = 0; j < copy->routes->len; j++) {
        guint at = G_MAXUINT;
        assert_true (g_ptr_array_find (plan->routes, copy->routes->pdata[j], &at));
        assert_int_equal (((struct route *) copy->routes->pdata[j])->method, copy->method);
        assert_int_equal (g_array_index (plan->kinds, enum recipient_kind, at) == RECIPIENT_BCC, copy->bcc);
        served++;
      }
    }
    assert_int_equal (served, count);
    for (guint i = 1; i < plan->kinds->len; i++)
      assert_true (g_array_index (plan->kinds, enum recipient_kind, i - 1)
                   <= g_array_index (plan->kinds, enum recipient_kind, i));
  }
}

static void
test_named_twice (void **state)
{
  AUTOFREE (plan) plan = plan_new ();
  plan_add (plan, route ("bob@demo.test", ROUTE_PGP), RECIPIENT_BCC);
  plan_add (plan, route ("carol@demo.test", ROUTE_PGP), RECIPIENT_TO);
  plan_add (plan, route ("bob@DEMO.test", ROUTE_PGP), RECIPIENT_CC);
  plan_add (plan, route ("carol@demo.test", ROUTE_PGP), RECIPIENT_BCC);
  plan_add (plan, route ("Bob@demo.test", ROUTE_PGP),
            RECIPIENT_CC); /* only its server knows whether it is the same mailbox */
  plan_finish (plan);
  assert_int_equal (plan->routes->len, 3);
  assert_int_equal (g_array_index (plan->kinds, enum recipient_kind, 0), RECIPIENT_TO);
  assert_int_equal (g_array_index (plan->kinds, enum recipient_kind, 1), RECIPIENT_CC);
  assert_int_equal (plan->copies->len, 1);
}

/* However the two were decided and in whichever order: one hold is enough. */
static void
test_twice_and_held (void **state)
{
  for (guint n = 0; n < 18; n++) {
    AUTOFREE (plan) plan = plan_new ();
    plan_add (plan, route ("bob@demo.test", n & 1 ? ROUTE_HOLD : ROUTE_PGP), n / 2 % 3);
    plan_add (plan, route ("bob@demo.test", n & 1 ? ROUTE_PGP : ROUTE_HOLD), n / 6);
    plan_finish (plan);
    assert_int_equal (plan->routes->len, 1);
    assert_int_equal (plan->held, 1);
    assert_int_equal (plan->copies->len, 0);
    assert_int_equal (g_array_index (plan->kinds, enum recipient_kind, 0), MIN (n / 2 % 3, n / 6));
  }
}

static void
test_order_kept (void **state)
{
  AUTOFREE (plan) plan = plan_new ();
  const char *const names[] = { "c@demo.test", "a@demo.test", "b@demo.test", "c@demo.test" };
  for (guint i = 0; i < 4; i++)
    plan_add (plan, route (names[i], ROUTE_PGP), RECIPIENT_TO);
  plan_finish (plan);
  for (guint i = 0; i < 3; i++)
    assert_string_equal (((struct route *) plan->routes->pdata[i])->address, names[i]);
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_all_audiences), cmocka_unit_test (test_named_twice),
                                      cmocka_unit_test (test_twice_and_held), cmocka_unit_test (test_order_kept) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
