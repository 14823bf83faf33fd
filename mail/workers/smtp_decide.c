/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Somebody decides about a message in the outbox. While a run is at it, it can be stopped, until its end is with the server. */
#include "mail/workers/smtp_p.h"

#include <string.h>

static gboolean
is_under_way (const struct submission *self, const char *id)
{
  return self->under_way != NULL && strcmp (self->under_way->id, id) == 0;
}

/* under_way: it is being stopped, which shows when the run that is at it ends. */
GVariant *
smtp_stop (struct worker *worker, GVariant *args, GError **error)
{
  struct submission *self = worker_state (worker);
  const char *id = "";
  g_variant_lookup (args, "id", "&s", &id);
  if (!is_under_way (self, id))
    return outbox_decide_stop (self->outbox, id, error) ? worker_reply_one ("under_way", g_variant_new_boolean (FALSE))
                                                        : NULL;
  if (self->line != NULL && smtp_is_past_recall (self->line)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "It is too late: the server has all of the message, and only its answer is missing.");
    return NULL;
  }
  self->stop = TRUE;
  return worker_reply_one ("under_way", g_variant_new_boolean (TRUE));
}

static gboolean
hold (struct submission *self, const char *id, GVariant *args, GError **error)
{
  g_autoptr (GVariantIter) held = NULL;
  const char *address, *why;
  if (!g_variant_lookup (args, "held", "a(ss)", &held))
    return TRUE;
  while (g_variant_iter_next (held, "(&s&s)", &address, &why))
    if (!outbox_decide_hold (self->outbox, id, address, why, error))
      return FALSE;
  return TRUE;
}

/* what: "retry", "arrived", "remove", "hold" (then held), "record" (changes nothing). */
GVariant *
smtp_decide (struct worker *worker, GVariant *args, GError **error)
{
  struct submission *self = worker_state (worker);
  const char *id = "", *what = "";
  gboolean gone = FALSE, done = FALSE;
  g_variant_lookup (args, "id", "&s", &id);
  g_variant_lookup (args, "what", "&s", &what);
  AUTOFREE (outbox_item) item = outbox_find (self->outbox, id, error);
  if (item == NULL)
    return NULL;
  if (is_under_way (self, id) && strcmp (what, "record") != 0)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
                 "This message is being sent just now. Stop it first, or wait until that is over.");
  else if (strcmp (what, "retry") == 0)
    done = outbox_decide_retry (self->outbox, id, error);
  else if (strcmp (what, "arrived") == 0)
    done = outbox_decide_arrived (self->outbox, id, error);
  else if (strcmp (what, "remove") == 0)
    done = outbox_decide_remove (self->outbox, id, &gone, error);
  else if (strcmp (what, "hold") == 0)
    done = hold (self, id, args, error);
  else if (strcmp (what, "record") == 0)
    done = TRUE;
  else
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "Nobody can decide “%s” about a message.", what);
  if (!done)
    return NULL;
  smtp_ledger_follow (self);
  int fd = strcmp (what, "record") == 0 ? outbox_open_sent (self->outbox, id) : -1;
  if (fd >= 0)
    return g_variant_new_parsed ("{'gone': <false>, 'sent': <%h>}", worker_reply_fd_take (worker, fd));
  return worker_reply_one ("gone", g_variant_new_boolean (gone));
}
