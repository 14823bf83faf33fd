/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What became of a copy and could not be written down, since the disk was full: it is written when there is room. Who dies before leaves
 * "sending", which is found as "unknown". */
#include "mail/store/outbox_owed.h"

struct owed {
  char *id;
  guint number, count;
  struct outbox_person *people; /* state and text alone */
};

static void
owed_free (gpointer data)
{
  struct owed *owed = data;
  for (guint i = 0; i < owed->count; i++)
    g_free (owed->people[i].text);
  g_free (owed->people);
  g_free (owed->id);
  g_free (owed);
}

GPtrArray *
outbox_owed_new (void)
{
  return g_ptr_array_new_with_free_func (owed_free);
}

void
outbox_owed_forget (GPtrArray *all, const struct outbox_item *item, const struct outbox_copy *copy)
{
  for (guint i = all->len; i-- > 0;) {
    const struct owed *owed = g_ptr_array_index (all, i);
    if (owed->number == copy->number && g_str_equal (owed->id, item->id))
      g_ptr_array_remove_index (all, i);
  }
}

void
outbox_owed_note (GPtrArray *all, const struct outbox_item *item, const struct outbox_copy *copy)
{
  outbox_owed_forget (all, item, copy);
  struct owed *owed = g_new0 (struct owed, 1);
  owed->id = g_strdup (item->id);
  owed->number = copy->number;
  owed->count = copy->count;
  owed->people = g_new0 (struct outbox_person, copy->count);
  for (guint i = 0; i < copy->count; i++) {
    owed->people[i].state = copy->people[i].state;
    owed->people[i].text = g_strdup (copy->people[i].text);
  }
  g_ptr_array_add (all, owed);
}

gboolean
outbox_owed_to (GPtrArray *all, const struct outbox_item *item, const struct outbox_copy *copy)
{
  gboolean any = FALSE;
  for (guint o = 0; o < all->len; o++) {
    const struct owed *owed = g_ptr_array_index (all, o);
    if (owed->number != copy->number || owed->count != copy->count || !g_str_equal (owed->id, item->id))
      continue;
    for (guint i = 0; i < copy->count; i++)
      if (copy->people[i].state == OUTBOX_SENDING && owed->people[i].state != OUTBOX_SENDING) {
        outbox_person_set (&copy->people[i], owed->people[i].state, owed->people[i].text);
        any = TRUE;
      }
  }
  return any;
}
