/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of keys: what is shown fits, what is shown works, and no key means two things in one place. */
#include "ui/screen/keymap.h"
#include "ui/screen/key.h"
#include "ui/screen/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void
help_fits_every_width (void **state)
{
  for (int place = PLACE_LIST; place < PLACE_COUNT; place++)
    for (int width = 0; width < 300; width++) {
      g_autoptr (GPtrArray) fit = keymap_fit ((enum place) place, width);
      int used = 0;
      gboolean help = FALSE;
      for (guint i = 0; i < fit->len; i++) {
        const struct binding *binding = g_ptr_array_index (fit, i);
        g_autofree char *shown = keymap_shown (binding);
        used += text_width (shown) + 1 + text_width (binding->word) + (i > 0 ? 2 : 0);
        help = help || binding->action == ACTION_HELP;
      }
      assert_true (used <= width);
      if (width >= 12)
        assert_true (help);
      if (width >= 60)
        assert_true (fit->len >= 3);
    }
}

static void
no_key_means_two_things (void **state)
{
  for (int place = PLACE_LIST; place < PLACE_COUNT; place++) {
    g_autoptr (GPtrArray) all = keymap_of ((enum place) place);
    for (guint i = 0; i < all->len; i++)
      for (guint j = i + 1; j < all->len; j++) {
        const struct binding *a = g_ptr_array_index (all, i), *b = g_ptr_array_index (all, j);
        for (gsize k = 0; k < G_N_ELEMENTS (a->keys) && a->keys[k] != 0; k++)
          for (gsize l = 0; l < G_N_ELEMENTS (b->keys) && b->keys[l] != 0; l++)
            assert_int_not_equal (a->keys[k], b->keys[l]);
      }
  }
}

static void
every_key_does_what_the_page_says (void **state)
{
  for (int place = PLACE_LIST; place < PLACE_COUNT; place++) {
    g_autoptr (GPtrArray) all = keymap_of ((enum place) place);
    for (guint i = 0; i < all->len; i++) {
      const struct binding *binding = g_ptr_array_index (all, i);
      assert_non_null (binding->help);
      if (binding->action < ACTION_RAW_CUT)
        assert_int_equal (keymap_action ((enum place) place, binding->keys[0]), binding->action);
    }
  }
}

static void
typed_text_is_text (void **state)
{
  for (int key = 0x20; key < 0x7f; key++) {
    assert_int_equal (keymap_action (PLACE_COMPOSE, key), ACTION_NONE);
    assert_int_equal (keymap_action (PLACE_WIZARD, key), ACTION_NONE);
  }
  assert_int_equal (keymap_action (PLACE_LIST, '?'), ACTION_HELP);
  assert_int_equal (keymap_action (PLACE_COMPOSE, KEY_CONTROL ('G')), ACTION_HELP);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (help_fits_every_width),
    cmocka_unit_test (no_key_means_two_things),
    cmocka_unit_test (every_key_does_what_the_page_says),
    cmocka_unit_test (typed_text_is_text),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
