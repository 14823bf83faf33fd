/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person decides about an item of the outbox. Nothing here undoes what the server has. */
#include "mail/store/outbox.h"

#include "mail/engine.h"

static gboolean
refuse (const char *sentence, GError **error)
{
  g_set_error_literal (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, sentence);
  return FALSE;
}

/* Everybody in one of these states gets another one. Returns how many. */
static guint
turn (const struct outbox_item *item, const enum outbox_state *from, gsize from_count, enum outbox_state to,
      const char *text)
{
  guint count = 0;
  for (guint c = 0; c < item->copies->len; c++) {
    const struct outbox_copy *copy = g_ptr_array_index (item->copies, c);
    for (guint i = 0; i < copy->count; i++)
      for (gsize f = 0; f < from_count; f++)
        if (copy->people[i].state == from[f]) {
          outbox_person_set (&copy->people[i], to, text);
          count++;
          break;
        }
  }
  return count;
}

static gboolean
is_sending (const struct outbox_item *item)
{
  return outbox_item_count (item, OUTBOX_SENDING) > 0;
}

gboolean
outbox_decide_retry (struct outbox *outbox, const char *id, GError **error)
{
  static const enum outbox_state from[] = { OUTBOX_FAILED, OUTBOX_UNKNOWN, OUTBOX_READY };
  AUTOFREE (outbox_item) item = outbox_find (outbox, id, error);
  if (item == NULL)
    return FALSE;
  (void) turn (item, from, G_N_ELEMENTS (from), OUTBOX_READY, "");
  outbox_item_at_once (item);
  return outbox_save (outbox, item, NULL, error);
}

gboolean
outbox_decide_arrived (struct outbox *outbox, const char *id, GError **error)
{
  static const enum outbox_state from[] = { OUTBOX_UNKNOWN };
  AUTOFREE (outbox_item) item = outbox_find (outbox, id, error);
  if (item == NULL)
    return FALSE;
  if (turn (item, from, G_N_ELEMENTS (from), OUTBOX_ACCEPTED, "You said that it arrived.") == 0)
    return refuse ("It is known of everybody whether this message went, so there is nothing to say. Nothing changed.",
                   error);
  return outbox_save (outbox, item, NULL, error);
}

gboolean
outbox_decide_stop (struct outbox *outbox, const char *id, GError **error)
{
  static const enum outbox_state from[] = { OUTBOX_READY };
  AUTOFREE (outbox_item) item = outbox_find (outbox, id, error);
  if (item == NULL)
    return FALSE;
  if (turn (item, from, G_N_ELEMENTS (from), OUTBOX_READY,
            "You stopped it, so it waits here until you send it, go on writing, or remove it.")
      == 0)
    return refuse ("There is nothing left to stop: this message was sent, or it was refused.", error);
  item->wait = OUTBOX_WAIT_PERSON;
  item->next_try = 0;
  return outbox_save (outbox, item, NULL, error);
}

gboolean
outbox_decide_remove (struct outbox *outbox, const char *id, gboolean *gone_out, GError **error)
{
  static const enum outbox_state from[] = { OUTBOX_READY, OUTBOX_FAILED, OUTBOX_UNKNOWN };
  AUTOFREE (outbox_item) item = outbox_find (outbox, id, error);
  *gone_out = FALSE;
  if (item == NULL)
    return FALSE;
  if (is_sending (item))
    return refuse ("This message is being sent just now, so it cannot be taken out. Stop it first, or wait a moment.",
                   error);
  (void) turn (item, from, G_N_ELEMENTS (from), OUTBOX_DROPPED, "You took it out of the outbox.");
  *gone_out = outbox_item_count (item, OUTBOX_ACCEPTED) == 0;
  return *gone_out ? outbox_discard (outbox, item, error) : outbox_save (outbox, item, NULL, error);
}

gboolean
outbox_decide_hold (struct outbox *outbox, const char *id, const char *address, const char *why, GError **error)
{
  AUTOFREE (outbox_item) item = outbox_find (outbox, id, error);
  if (item == NULL)
    return FALSE;
  for (guint c = 0; c < item->copies->len; c++) {
    const struct outbox_copy *copy = g_ptr_array_index (item->copies, c);
    for (guint i = 0; i < copy->count; i++)
      if (copy->people[i].state == OUTBOX_READY && g_ascii_strcasecmp (copy->people[i].address, address) == 0)
        outbox_person_set (&copy->people[i], OUTBOX_FAILED, why);
  }
  return outbox_save (outbox, item, NULL, error);
}
