/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The line of calls to a worker: what waits, what was sent, and how long each may take. */
#include "mail/engine/supervise_p.h"

#include <glib-unix.h>
#include <string.h>

#include "mail/engine/pace.h"

#define SLOW_MS 2500

static void
call_free (struct call *call)
{
  if (call->timer != 0)
    g_source_remove (call->timer);
  g_clear_pointer (&call->fields, g_variant_unref);
  g_clear_object (&call->fds);
  g_free (call->name);
  g_free (call);
}

void
supervised_call_end (struct call *call, GVariant *reply, GUnixFDList *fds, const GError *error)
{
  call->done (reply, fds, error, call->data);
  call_free (call);
}

static void
call_fail (struct call *call, enum engine_error code, const char *text)
{
  g_autoptr (GError) error = g_error_new_literal (ENGINE_ERROR, (gint) code, text);
  supervised_call_end (call, NULL, NULL, error);
}

/* A queue that is emptied while callbacks may add to it. */
void
supervised_call_fail_all (GQueue *queue, enum engine_error code, const char *text)
{
  GQueue calls = *queue;
  g_queue_init (queue);
  struct call *call;
  while ((call = g_queue_pop_head (&calls)) != NULL)
    call_fail (call, code, text);
}

static gboolean
asks_somebody (struct supervised *supervised)
{
  for (GList *link = supervised->sent.head; link != NULL; link = link->next)
    if (((struct call *) link->data)->ask != 0)
      return TRUE;
  return FALSE;
}

/* It was not even sent, since the worker is at something else or does not come up: who waits hears so. */
static void
waited_too_long (struct supervised *supervised, struct call *call)
{
  if (asks_somebody (supervised)) {
    supervised_call_arm (call);
    return;
  }
  g_autofree char *text
      = g_strdup_printf ("%s has been busy with something else for %u seconds. Nothing was done; please try again.",
                         supervised->what, call->method->timeout_s);
  g_queue_remove (&supervised->waiting, call);
  call_fail (call, ENGINE_ERROR_TIMEOUT, text);
}

static gboolean
on_call_timeout (gpointer data)
{
  struct call *call = data;
  struct supervised *supervised = call->supervised;
  call->timer = 0;
  if (call->serial == 0) {
    waited_too_long (supervised, call);
    return G_SOURCE_REMOVE;
  }
  g_autofree char *text = g_strdup_printf (
      "%s did not answer in time and was started again. Nothing was done; please try again.", supervised->what);
  if (supervised->hooks.hung != NULL)
    supervised->hooks.hung (supervised->owner);
  g_queue_remove (&supervised->sent, call);
  if (supervised->hooks.notice != NULL)
    supervised->hooks.notice (supervised->owner, text);
  supervised_detach (supervised, TRUE);
  call_fail (call, ENGINE_ERROR_TIMEOUT, text);
  supervised_went (supervised);
  return G_SOURCE_REMOVE;
}

void
supervised_call_arm (struct call *call)
{
  if (call->timer == 0 && call->method->timeout_s > 0)
    call->timer = g_timeout_add (call->method->timeout_s * 1000 * pace (), on_call_timeout, call);
}

void
supervised_give_up (struct supervised *supervised)
{
  struct call *call = g_queue_peek_head (&supervised->sent);
  if (call == NULL || call->ask != 0)
    return;
  g_clear_handle_id (&call->timer, g_source_remove);
  (void) on_call_timeout (call);
}

static gboolean
on_slow (gpointer data)
{
  struct supervised *supervised = data;
  if (!asks_somebody (supervised))
    supervised->hooks.slow (supervised->owner);
  return G_SOURCE_CONTINUE;
}

/* Ticks while something is under way, anew with each call. */
static void
watch_pace (struct supervised *supervised)
{
  g_clear_handle_id (&supervised->slow_timer, g_source_remove);
  if (supervised->hooks.slow != NULL && !g_queue_is_empty (&supervised->sent))
    supervised->slow_timer = g_timeout_add (SLOW_MS * pace (), on_slow, supervised);
}

static gboolean
on_writable (gint fd, GIOCondition condition, gpointer data)
{
  struct supervised *supervised = data;
  if (channel_flush (supervised->channel) && channel_unsent (supervised->channel))
    return G_SOURCE_CONTINUE;
  supervised->out_source = 0; /* a broken line is noticed by the reading side */
  return G_SOURCE_REMOVE;
}

static void
watch_writable (struct supervised *supervised)
{
  if (supervised->out_source == 0 && supervised->channel != NULL && channel_unsent (supervised->channel))
    supervised->out_source = g_unix_fd_add (channel_fd (supervised->channel), G_IO_OUT, on_writable, supervised);
}

struct call *
supervised_call_take (struct supervised *supervised, guint32 serial)
{
  for (GList *link = supervised->sent.head; link != NULL; link = link->next) {
    struct call *call = link->data;
    if (call->serial == serial) {
      g_queue_delete_link (&supervised->sent, link);
      watch_pace (supervised);
      return call;
    }
  }
  return NULL;
}

void
supervised_call_put_back (struct supervised *supervised)
{
  GQueue lost = G_QUEUE_INIT;
  struct call *call;
  while ((call = g_queue_pop_tail (&supervised->sent)) != NULL) {
    if (call->origin == NULL)
      g_clear_handle_id (&call->timer, g_source_remove);
    call->ask = 0;
    gboolean again = !call->method->once && call->tries < SUPERVISE_TRIES_MAX;
    call->serial = 0;
    if (again)
      g_queue_push_head (&supervised->waiting, call);
    else
      g_queue_push_head (&lost, call);
  }
  g_autofree char *text
      = g_strdup_printf ("%s stopped before it could finish this. Please try again.", supervised->what);
  supervised_call_fail_all (&lost, ENGINE_ERROR_LOST, text);
  if (!supervised->came_up && supervised->deaths >= SUPERVISE_TRIES_MAX) {
    supervised->wanted = FALSE;
    supervised_call_fail_all (&supervised->waiting, ENGINE_ERROR_LOST, text);
  }
}

static gboolean
on_too_big (gpointer data)
{
  struct call *call = data;
  g_autoptr (GError) error = NULL;
  call->timer = 0;
  g_queue_remove (&call->supervised->sent, call);
  (void) channel_takes (call->fields, call->fds, &error);
  supervised_call_end (call, NULL, NULL, error);
  return G_SOURCE_REMOVE;
}

void
supervised_call_send (struct supervised *supervised, struct call *call)
{
  call->serial = ++supervised->serials;
  call->tries++;
  g_queue_push_tail (&supervised->sent, call);
  if (!channel_takes (call->fields, call->fds, NULL)) {
    g_clear_handle_id (&call->timer, g_source_remove);
    call->timer = g_timeout_add (0, on_too_big, call); /* from the loop, so that done is never called from within */
    return;
  }
  supervised_call_arm (call);
  watch_pace (supervised);
  (void) channel_send (supervised->channel, PROTOCOL_CALL, call->serial, call->name, call->fields, call->fds);
  watch_writable (supervised);
}

struct call *
supervised_call_new (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds,
                     gpointer origin, supervised_done_fn done, gpointer data)
{
  struct call *call = g_new0 (struct call, 1);
  call->supervised = supervised;
  call->method = protocol_method (supervised->peer, method);
  g_assert (call->method != NULL); /* our own call, never a peer's */
  call->name = g_strdup (method);
  call->fields = g_variant_ref_sink (fields != NULL ? fields : g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  call->fds = fds != NULL ? g_object_ref (fds) : NULL;
  call->origin = origin;
  call->done = done;
  call->data = data;
  return call;
}

/* What somebody waits for goes before what the engine does by itself, and its time runs from now on. */
static void
put_in_line (struct supervised *supervised, struct call *call)
{
  GList *after = supervised->waiting.tail;
  while (call->origin != NULL && after != NULL && ((struct call *) after->data)->origin == NULL)
    after = after->prev;
  if (after != NULL)
    g_queue_insert_after (&supervised->waiting, after, call);
  else
    g_queue_push_head (&supervised->waiting, call);
  if (call->origin != NULL)
    supervised_call_arm (call);
}

void
supervised_call (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds, gpointer origin,
                 supervised_done_fn done, gpointer data)
{
  put_in_line (supervised, supervised_call_new (supervised, method, fields, fds, origin, done, data));
  if (supervised->channel != NULL && supervised->ready)
    supervised_pump (supervised);
  else
    supervised_pump_soon (supervised);
}

void
supervised_set_in_flight (struct supervised *supervised, guint in_flight_max)
{
  supervised->in_flight_max = in_flight_max;
}

void
supervised_answer (struct supervised *supervised, guint ask, const char *answer_or_null)
{
  if (supervised->channel == NULL)
    return;
  for (GList *link = supervised->sent.head; link != NULL; link = link->next) {
    struct call *call = link->data;
    if (call->ask != ask)
      continue;
    call->ask = 0;
    supervised_call_arm (call);
  }
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "ask", g_variant_new_uint32 (ask));
  if (answer_or_null != NULL)
    g_variant_builder_add (&builder, "{sv}", "answer", g_variant_new_string (answer_or_null));
  (void) channel_send (supervised->channel, PROTOCOL_ANSWER, 0, "answer", g_variant_builder_end (&builder), NULL);
  watch_writable (supervised);
}

gboolean
supervised_busy (struct supervised *supervised)
{
  return !g_queue_is_empty (&supervised->waiting) || !g_queue_is_empty (&supervised->sent);
}

gboolean
supervised_at (struct supervised *supervised, const char *method)
{
  for (GList *link = supervised->sent.head; link != NULL; link = link->next)
    if (strcmp (((struct call *) link->data)->name, method) == 0)
      return TRUE;
  return FALSE;
}

gpointer
supervised_origin (struct supervised *supervised)
{
  struct call *call = g_queue_peek_head (&supervised->sent);
  return call != NULL ? call->origin : NULL;
}
