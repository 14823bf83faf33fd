/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a worker says: answers to calls, events, and what it wants somebody to be asked. */
#include "mail/engine/supervise_p.h"

#include <string.h>

static void
take_reply (struct supervised *supervised, struct channel_message *message)
{
  struct call *call = supervised_call_take (supervised, message->serial);
  if (call == NULL)
    return;
  g_autoptr (GError) error = NULL;
  if (message->kind == PROTOCOL_FAIL)
    error = channel_error_from (message->fields);
  else
    (void) protocol_check (call->method->reply, message->fields, &error);
  supervised_call_end (call, error == NULL ? message->fields : NULL, error == NULL ? message->fds : NULL, error);
}

/* What goes on, however slowly, does not hang. */
static void
goes_on (struct supervised *supervised)
{
  for (GList *link = supervised->sent.head; link != NULL; link = link->next) {
    struct call *call = link->data;
    g_clear_handle_id (&call->timer, g_source_remove);
    if (call->ask == 0)
      supervised_call_arm (call);
  }
}

static void
take_event (struct supervised *supervised, struct channel_message *message)
{
  const struct protocol_field *fields = protocol_event (supervised->peer, message->method);
  if (fields == NULL || !protocol_check (fields, message->fields, NULL))
    return;
  if (strcmp (message->method, "working") == 0)
    goes_on (supervised);
  if (supervised->hooks.event != NULL)
    supervised->hooks.event (supervised->owner, message->method, message->fields);
}

static void
take_ask (struct supervised *supervised, struct channel_message *message)
{
  guint32 ask = 0;
  const char *kind = "", *text = "";
  (void) g_variant_lookup (message->fields, "ask", "u", &ask);
  (void) g_variant_lookup (message->fields, "kind", "&s", &kind);
  (void) g_variant_lookup (message->fields, "text", "&s", &text);
  for (GList *link = supervised->sent.head; link != NULL; link = link->next) {
    struct call *call = link->data;
    if (call->serial != message->serial || supervised->hooks.ask == NULL || call->origin == NULL)
      continue;
    g_clear_handle_id (&call->timer, g_source_remove); /* people take their time */
    call->ask = ask;
    supervised->hooks.ask (supervised->owner, call->origin, ask, kind, text);
    return;
  }
  supervised_answer (supervised, ask, NULL);
}

gboolean
supervised_hear (gint fd, GIOCondition condition, gpointer data)
{
  struct supervised *supervised = data;
  struct channel *channel = supervised->channel;
  struct channel_message *message = NULL;
  enum channel_result result = CHANNEL_AGAIN;
  /* A callback may stop or restart this worker: then the channel is another one. A few messages a turn keep the loop fair. */
  for (guint turn = 0; turn < 16 && supervised->channel == channel; turn++) {
    result = channel_receive (channel, &message);
    if (result != CHANNEL_MESSAGE)
      break;
    if (message->kind == PROTOCOL_REPLY || message->kind == PROTOCOL_FAIL)
      take_reply (supervised, message);
    else if (message->kind == PROTOCOL_EVENT)
      take_event (supervised, message);
    else if (message->kind == PROTOCOL_ASK)
      take_ask (supervised, message);
    channel_message_free (message);
  }
  if (supervised->channel != channel)
    return G_SOURCE_REMOVE;
  if (result == CHANNEL_CLOSED) {
    supervised->source = 0;
    if (supervised->hooks.notice != NULL && supervised->ready) {
      g_autofree char *text
          = g_strdup_printf ("%s stopped unexpectedly and was started again; nothing was lost.", supervised->what);
      supervised->hooks.notice (supervised->owner, text);
    }
    supervised_detach (supervised, TRUE);
    supervised_went (supervised);
    return G_SOURCE_REMOVE;
  }
  supervised_pump (supervised);
  return G_SOURCE_CONTINUE;
}
