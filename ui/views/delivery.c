/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See delivery.h. No word says more than is known: what our own server took has no word of its own, since everything in Sent has come so far. */
#include "ui/views/delivery.h"
#include "ui/screen/app.h"
#include "ui/views/fields.h"

#include <string.h>

/* In the order in which a person must know of them. */
static const struct {
  const char *state, *word;
  gboolean bad;
} states[] = {
  { "failed", "FAILED", TRUE },        { "overdue", "overdue", TRUE },     { "unknown", "not sure", TRUE },
  { "queued", "waiting", FALSE },      { "withdrawn", "not sent", FALSE }, { "displayed", "opened", FALSE },
  { "delivered", "delivered", FALSE },
};

gboolean
delivery_is_bad (const char *state)
{
  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    if (strcmp (states[i].state, state) == 0)
      return states[i].bad;
  return FALSE;
}

static guint
count (GVariant *rows, const char *id, const char *state_or_null)
{
  guint found = 0;
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    found += strcmp (fields_text (row, "message_id"), id) == 0
             && (state_or_null == NULL || strcmp (fields_text (row, "state"), state_or_null) == 0);
  }
  return found;
}

char *
delivery_word (GVariant *rows, const char *id, gboolean *bad_out)
{
  const guint all = count (rows, id, NULL), opened = count (rows, id, "displayed");
  *bad_out = FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (states); i++) {
    guint some = count (rows, id, states[i].state);
    if (strcmp (states[i].state, "delivered") == 0)
      some += opened; /* what was opened has arrived */
    const gboolean rest_arrived = strcmp (states[i].state, "displayed") == 0 && some < all;
    if (some == 0 || rest_arrived)
      continue;
    *bad_out = states[i].bad;
    return some == all ? g_strdup (states[i].word) : g_strdup_printf ("%s %u/%u", states[i].word, some, all);
  }
  return NULL;
}

static const char *
state_words (const char *state)
{
  static const char *const words[][2] = {
    { "queued", "waiting in the outbox" },
    { "withdrawn", "not sent" },
    { "unknown", "NOT SURE" },
    { "accepted", "sent" },
    { "relayed", "handed on" },
    { "delivered", "delivered" },
    { "failed", "FAILED" },
    { "displayed", "opened" },
    { "overdue", "OVERDUE" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (words[i][0], state) == 0)
      return words[i][1];
  return state;
}

GPtrArray *
delivery_pairs (GVariant *rows)
{
  GPtrArray *pairs = g_ptr_array_new_with_free_func (g_free);
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    g_autofree char *date = fields_short_date (fields_time (row, "time"), app_now ());
    g_ptr_array_add (pairs, g_strdup_printf ("%s: %s, %s", fields_text (row, "address"),
                                             state_words (fields_text (row, "state")), date));
    g_ptr_array_add (pairs, g_strdup (fields_text (row, "text")));
  }
  return pairs;
}
