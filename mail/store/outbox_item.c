/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* One item of the outbox: what it is like as a whole, in words too, and when it is tried again. Pure. */
#include "mail/store/outbox.h"

#include <string.h>

#define PEOPLE_TOLD 10 /* in one sentence */
#define TEXTS_TOLD 5

const char *
outbox_state_name (enum outbox_state state)
{
  static const char *const names[] = { "ready", "sending", "accepted", "failed", "unknown", "dropped" };
  return names[state];
}

const char *
outbox_wait_name (enum outbox_wait wait)
{
  static const char *const names[] = { "", "server", "line", "sign-in", "person" };
  return names[wait];
}

static void
copy_free (gpointer data)
{
  struct outbox_copy *copy = data;
  for (guint i = 0; i < copy->count; i++) {
    g_free (copy->people[i].text);
    g_free (copy->people[i].key);
  }
  g_free (copy->people);
  g_strfreev (copy->recipients);
  g_strfreev (copy->ids);
  g_strfreev (copy->keys);
  g_free (copy);
}

void
outbox_item_free (struct outbox_item *item)
{
  g_ptr_array_foreach (item->copies, (GFunc) (gpointer) copy_free, NULL);
  g_ptr_array_unref (item->copies);
  g_free (item->id);
  g_free (item->message_id);
  g_free (item->from);
  g_free (item->draft_path);
  g_free (item);
}

void
outbox_person_set (struct outbox_person *person, enum outbox_state state, const char *text)
{
  g_autofree char *old = person->text; /* it may be the new one */
  person->state = state;
  person->text = g_strdup (text != NULL ? text : "");
}

guint
outbox_item_count (const struct outbox_item *item, enum outbox_state state)
{
  guint count = 0;
  for (guint c = 0; c < item->copies->len; c++) {
    const struct outbox_copy *copy = g_ptr_array_index (item->copies, c);
    for (guint i = 0; i < copy->count; i++)
      count += copy->people[i].state == state;
  }
  return count;
}

enum outbox_state
outbox_item_state (const struct outbox_item *item)
{
  static const enum outbox_state order[] = { OUTBOX_SENDING, OUTBOX_UNKNOWN, OUTBOX_FAILED, OUTBOX_READY };
  for (gsize o = 0; o < G_N_ELEMENTS (order); o++)
    if (outbox_item_count (item, order[o]) > 0)
      return order[o];
  return outbox_item_count (item, OUTBOX_ACCEPTED) > 0 ? OUTBOX_ACCEPTED : OUTBOX_DROPPED;
}

/* ---- words ---- */

/* All who are in that state. */
static void
add_people (GString *text, const struct outbox_item *item, enum outbox_state state, const char *words)
{
  guint told = 0;
  for (guint c = 0; c < item->copies->len; c++) {
    const struct outbox_copy *copy = g_ptr_array_index (item->copies, c);
    for (guint i = 0; i < copy->count; i++)
      if (copy->people[i].state == state && told++ < PEOPLE_TOLD) {
        g_string_append (text, text->len > 0 && told == 1 ? " " : "");
        g_string_append_printf (text, "%s%s%s", told == 1 ? words : "", told == 1 ? ": " : ", ",
                                copy->people[i].address);
      }
  }
  if (told > 0)
    g_string_append (text, told > PEOPLE_TOLD ? " and others." : ".");
}

/* What became of those in that state, each sentence once. */
static void
add_texts (GString *text, const struct outbox_item *item, enum outbox_state state)
{
  g_autoptr (GPtrArray) told = g_ptr_array_new ();
  for (guint c = 0; c < item->copies->len; c++) {
    const struct outbox_copy *copy = g_ptr_array_index (item->copies, c);
    for (guint i = 0; i < copy->count && told->len < TEXTS_TOLD; i++) {
      const struct outbox_person *person = &copy->people[i];
      if (person->state != state || *person->text == '\0'
          || g_ptr_array_find_with_equal_func (told, person->text, g_str_equal, NULL))
        continue;
      g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", person->text);
      g_ptr_array_add (told, person->text);
    }
  }
}

char *
outbox_item_text (const struct outbox_item *item)
{
  const enum outbox_state state = outbox_item_state (item);
  GString *text = g_string_new (NULL);
  if (state == OUTBOX_ACCEPTED && outbox_item_count (item, OUTBOX_DROPPED) == 0)
    return g_string_free (g_string_assign (text, "The server took it for everybody."), FALSE);
  add_texts (text, item, state);
  if (text->len == 0 && state < OUTBOX_ACCEPTED)
    g_string_append (text, state == OUTBOX_READY ? "It waits to be sent." : "It is being sent.");
  /* A server decides one by one: who has it already must be said, and who has not. */
  add_people (text, item, OUTBOX_ACCEPTED, "The server took it for");
  add_people (text, item, OUTBOX_FAILED, "It did not go to");
  if (state != OUTBOX_READY)
    add_people (text, item, OUTBOX_READY, "It is tried again for");
  add_people (text, item, OUTBOX_DROPPED, "It was not sent to");
  return g_string_free (text, FALSE);
}

/* ---- time ---- */

/* Short at first, as most is over soon: a line that comes back, a server that greets new senders with "later". */
void
outbox_item_postpone (struct outbox_item *item, enum outbox_wait wait, gint64 now)
{
  static const gint64 line_s[] = { 30, 60, 120, 300, 600, 900 }, server_s[] = { 60, 120, 300, 600, 900, 1800 };
  const guint step = MIN (item->tries, G_N_ELEMENTS (line_s) - 1);
  item->wait = wait;
  item->tries++;
  item->next_try = wait == OUTBOX_WAIT_LINE     ? now + line_s[step]
                   : wait == OUTBOX_WAIT_SERVER ? now + server_s[step]
                                                : 0;
}

void
outbox_item_at_once (struct outbox_item *item)
{
  item->wait = OUTBOX_WAIT_NONE;
  item->not_before = item->next_try = 0;
  item->tries = 0;
}

gint64
outbox_item_next (const struct outbox_item *item)
{
  if (outbox_item_count (item, OUTBOX_READY) == 0 || item->wait >= OUTBOX_WAIT_SIGN_IN)
    return G_MAXINT64;
  return MAX (item->not_before, item->next_try);
}

gboolean
outbox_item_due (const struct outbox_item *item, enum outbox_haste haste, gint64 now)
{
  if (outbox_item_count (item, OUTBOX_READY) == 0 || item->not_before > now || item->wait == OUTBOX_WAIT_PERSON)
    return FALSE;
  switch (haste) {
  case OUTBOX_ASKED:
    return TRUE;
  case OUTBOX_NOW:
    return item->wait != OUTBOX_WAIT_SIGN_IN;
  case OUTBOX_LINE_IS_BACK:
    return item->wait == OUTBOX_WAIT_LINE || outbox_item_next (item) <= now;
  case OUTBOX_DUE:
    break;
  }
  return outbox_item_next (item) <= now;
}
