/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See supervise.h. */
#include "mail/engine/supervise.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "mail/engine.h"
#include "mail/engine/channel.h"
#include "mail/engine/pace.h"
#include "mail/engine/spawn.h"

#define TRIES_MAX 3
#define RESTART_WAIT_MS 100 /* doubled with every death in a row */
#define RESTART_WAIT_MAX_MS 10000
#define STEADY_S 30 /* having lived so long, the next death is the first in a row again */
#define STOP_WAIT_MS 1500
#define SLOW_MS 2500

struct call {
  struct supervised *supervised;
  guint32 serial; /* 0: not sent yet */
  const struct protocol_method *method;
  char *name;
  GVariant *fields;
  GUnixFDList *fds;
  gpointer origin;
  supervised_done_fn done;
  gpointer data;
  guint tries, timer;
  guint32 ask; /* what a person is being asked for it; 0: nothing */
};

struct supervised {
  enum protocol_peer peer;
  char *name, *what;
  struct supervised_hooks hooks;
  gpointer owner;
  pid_t pid;
  struct channel *channel;
  guint source, out_source, restart_timer, slow_timer;
  gboolean ready;    /* has answered "start" */
  gboolean came_up;  /* this process, or the last one, got so far */
  gint64 started_at; /* monotonic µs */
  guint deaths;      /* in a row */
  guint restarts;
  guint32 serials;
  guint in_flight_max;
  gboolean wanted;      /* to be kept running: it has work of its own */
  gboolean retired;     /* never started again */
  GQueue waiting, sent; /* struct call * */
};

static void pump (struct supervised *supervised);
static void went (struct supervised *supervised);

struct supervised *
supervised_new (enum protocol_peer peer, const char *name, const char *what, const struct supervised_hooks *hooks,
                gpointer owner)
{
  struct supervised *supervised = g_new0 (struct supervised, 1);
  supervised->peer = peer;
  supervised->name = g_strdup (name);
  supervised->what = g_strdup (what);
  supervised->hooks = *hooks;
  supervised->owner = owner;
  supervised->in_flight_max = 1;
  g_queue_init (&supervised->waiting);
  g_queue_init (&supervised->sent);
  return supervised;
}

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

static void
call_end (struct call *call, GVariant *reply, GUnixFDList *fds, const GError *error)
{
  call->done (reply, fds, error, call->data);
  call_free (call);
}

static void
call_fail (struct call *call, enum engine_error code, const char *text)
{
  g_autoptr (GError) error = g_error_new_literal (ENGINE_ERROR, (gint) code, text);
  call_end (call, NULL, NULL, error);
}

/* A queue that is emptied while callbacks may add to it. */
static void
fail_all (GQueue *queue, enum engine_error code, const char *text)
{
  GQueue calls = *queue;
  g_queue_init (queue);
  struct call *call;
  while ((call = g_queue_pop_head (&calls)) != NULL)
    call_fail (call, code, text);
}

static void
reap (GPid pid, gint status, gpointer data)
{
  g_spawn_close_pid (pid);
}

/* Cut it off: the process is killed if it has not left by itself, and reaped by the main loop. */
static void
detach (struct supervised *supervised, gboolean at_once)
{
  g_clear_handle_id (&supervised->source, g_source_remove);
  g_clear_handle_id (&supervised->out_source, g_source_remove);
  g_clear_handle_id (&supervised->slow_timer, g_source_remove);
  g_clear_pointer (&supervised->channel, channel_free);
  if (supervised->pid > 0) {
    if (at_once)
      (void) kill (-supervised->pid, SIGKILL); /* with the programs that it runs */
    g_child_watch_add (supervised->pid, reap, NULL);
  }
  supervised->pid = 0;
  supervised->ready = FALSE;
}

static gboolean on_call_timeout (gpointer data);

static void
call_arm (struct call *call)
{
  if (call->timer == 0 && call->method->timeout_s > 0)
    call->timer = g_timeout_add (call->method->timeout_s * 1000 * pace (), on_call_timeout, call);
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
    call_arm (call);
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
  detach (supervised, TRUE);
  call_fail (call, ENGINE_ERROR_TIMEOUT, text);
  went (supervised);
  return G_SOURCE_REMOVE;
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

static struct call *
take_sent (struct supervised *supervised, guint32 serial)
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

static void
take_reply (struct supervised *supervised, struct channel_message *message)
{
  struct call *call = take_sent (supervised, message->serial);
  if (call == NULL)
    return;
  g_autoptr (GError) error = NULL;
  if (message->kind == PROTOCOL_FAIL)
    error = channel_error_from (message->fields);
  else
    (void) protocol_check (call->method->reply, message->fields, &error);
  call_end (call, error == NULL ? message->fields : NULL, error == NULL ? message->fds : NULL, error);
}

/* What goes on, however slowly, does not hang. */
static void
goes_on (struct supervised *supervised)
{
  for (GList *link = supervised->sent.head; link != NULL; link = link->next) {
    struct call *call = link->data;
    g_clear_handle_id (&call->timer, g_source_remove);
    if (call->ask == 0)
      call_arm (call);
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

static gboolean
on_readable (gint fd, GIOCondition condition, gpointer data)
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
    detach (supervised, TRUE);
    went (supervised);
    return G_SOURCE_REMOVE;
  }
  pump (supervised);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_restart (gpointer data)
{
  struct supervised *supervised = data;
  supervised->restart_timer = 0;
  pump (supervised);
  return G_SOURCE_REMOVE;
}

/* It is gone: put back what can be asked again, fail the rest. */
static void
put_back (struct supervised *supervised)
{
  GQueue lost = G_QUEUE_INIT;
  struct call *call;
  while ((call = g_queue_pop_tail (&supervised->sent)) != NULL) {
    if (call->origin == NULL)
      g_clear_handle_id (&call->timer, g_source_remove);
    call->ask = 0;
    gboolean again = !call->method->once && call->tries < TRIES_MAX;
    call->serial = 0;
    if (again)
      g_queue_push_head (&supervised->waiting, call);
    else
      g_queue_push_head (&lost, call);
  }
  g_autofree char *text
      = g_strdup_printf ("%s stopped before it could finish this. Please try again.", supervised->what);
  fail_all (&lost, ENGINE_ERROR_LOST, text);
  if (!supervised->came_up && supervised->deaths >= TRIES_MAX) {
    supervised->wanted = FALSE;
    fail_all (&supervised->waiting, ENGINE_ERROR_LOST, text);
  }
}

/* Start it again after a moment if it is needed. */
static void
went (struct supervised *supervised)
{
  if (g_get_monotonic_time () - supervised->started_at > (gint64) STEADY_S * G_USEC_PER_SEC)
    supervised->deaths = 0;
  supervised->deaths++;
  supervised->restarts++;
  put_back (supervised);
  guint wait_ms = MIN (RESTART_WAIT_MS << MIN (supervised->deaths - 1, 7), RESTART_WAIT_MAX_MS);
  if (supervised->restart_timer == 0)
    supervised->restart_timer = g_timeout_add (supervised->deaths == 1 ? 0 : wait_ms, on_restart, supervised);
  if (supervised->hooks.died != NULL)
    supervised->hooks.died (supervised->owner, supervised->deaths);
}

static void
on_started (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct supervised *supervised = data;
  if (error == NULL) {
    supervised->ready = supervised->came_up = TRUE;
    pump (supervised);
    return;
  }
  if (supervised->channel == NULL)
    return; /* it died while starting: went() has seen to it */
  /* It cannot work as things are: say so to everybody who waits, and try again with the next call. */
  supervised->wanted = FALSE;
  detach (supervised, TRUE);
  fail_all (&supervised->waiting, (enum engine_error) error->code, error->message);
}

static gboolean
on_too_big (gpointer data)
{
  struct call *call = data;
  g_autoptr (GError) error = NULL;
  call->timer = 0;
  g_queue_remove (&call->supervised->sent, call);
  (void) channel_takes (call->fields, call->fds, &error);
  call_end (call, NULL, NULL, error);
  return G_SOURCE_REMOVE;
}

static void
send_call (struct supervised *supervised, struct call *call)
{
  call->serial = ++supervised->serials;
  call->tries++;
  g_queue_push_tail (&supervised->sent, call);
  if (!channel_takes (call->fields, call->fds, NULL)) {
    g_clear_handle_id (&call->timer, g_source_remove);
    call->timer = g_timeout_add (0, on_too_big, call); /* from the loop, so that done is never called from within */
    return;
  }
  call_arm (call);
  watch_pace (supervised);
  (void) channel_send (supervised->channel, PROTOCOL_CALL, call->serial, call->name, call->fields, call->fds);
  watch_writable (supervised);
}

static struct call *
call_new (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds, gpointer origin,
          supervised_done_fn done, gpointer data)
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

static gboolean
launch (struct supervised *supervised, GError **error)
{
  GVariant *fields = supervised->hooks.start (supervised->owner, error);
  if (fields == NULL)
    return FALSE;
  int fd;
  pid_t pid = spawn_worker (protocol_peer_name (supervised->peer), &fd, error);
  if (pid < 0) {
    g_variant_unref (g_variant_ref_sink (fields));
    return FALSE;
  }
  supervised->pid = pid;
  supervised->came_up = FALSE;
  supervised->channel = channel_new (fd);
  supervised->started_at = g_get_monotonic_time ();
  supervised->source = g_unix_fd_add (channel_fd (supervised->channel), G_IO_IN | G_IO_HUP, on_readable, supervised);
  struct call *start = call_new (supervised, "start", fields, NULL, NULL, on_started, supervised);
  start->tries = TRIES_MAX; /* a new process gets a new one */
  send_call (supervised, start);
  return TRUE;
}

/* Send what may be sent now. */
static void
pump (struct supervised *supervised)
{
  if (supervised->restart_timer != 0 || (g_queue_is_empty (&supervised->waiting) && !supervised->wanted))
    return;
  if (supervised->retired) {
    supervised->wanted = FALSE;
    fail_all (&supervised->waiting, ENGINE_ERROR_CANCELLED, "It was stopped.");
    return;
  }
  if (supervised->channel == NULL) {
    g_autoptr (GError) error = NULL;
    if (!launch (supervised, &error)) {
      supervised->wanted = FALSE;
      fail_all (&supervised->waiting, ENGINE_ERROR_FAILED, error->message);
    }
    return;
  }
  while (supervised->ready && !g_queue_is_empty (&supervised->waiting)
         && g_queue_get_length (&supervised->sent) < supervised->in_flight_max)
    send_call (supervised, g_queue_pop_head (&supervised->waiting));
}

static gboolean
on_pump (gpointer data)
{
  struct supervised *supervised = data;
  supervised->restart_timer = 0;
  pump (supervised);
  return G_SOURCE_REMOVE;
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
    call_arm (call);
}

void
supervised_call (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds, gpointer origin,
                 supervised_done_fn done, gpointer data)
{
  put_in_line (supervised, call_new (supervised, method, fields, fds, origin, done, data));
  if (supervised->channel != NULL && supervised->ready)
    pump (supervised);
  else if (supervised->restart_timer == 0
           && supervised->channel == NULL) /* from the loop, so that done is never called from within */
    supervised->restart_timer = g_timeout_add (0, on_pump, supervised);
}

void
supervised_set_in_flight (struct supervised *supervised, guint in_flight_max)
{
  supervised->in_flight_max = in_flight_max;
}

void
supervised_wake (struct supervised *supervised)
{
  supervised->wanted = TRUE;
  if (supervised->restart_timer == 0 && supervised->channel == NULL)
    supervised->restart_timer = g_timeout_add (0, on_pump, supervised);
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
    call_arm (call);
  }
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "ask", g_variant_new_uint32 (ask));
  if (answer_or_null != NULL)
    g_variant_builder_add (&builder, "{sv}", "answer", g_variant_new_string (answer_or_null));
  (void) channel_send (supervised->channel, PROTOCOL_ANSWER, 0, "answer", g_variant_builder_end (&builder), NULL);
  watch_writable (supervised);
}

void
supervised_renew (struct supervised *supervised)
{
  if (supervised->channel == NULL)
    return;
  detach (supervised, TRUE);
  put_back (supervised);
  if (supervised->restart_timer == 0)
    supervised->restart_timer = g_timeout_add (0, on_restart, supervised);
}

void
supervised_stop (struct supervised *supervised)
{
  supervised->wanted = FALSE;
  g_clear_handle_id (&supervised->restart_timer, g_source_remove);
  pid_t pid = supervised->pid;
  supervised->pid = 0;
  detach (supervised, FALSE); /* closing its socket asks it to leave */
  fail_all (&supervised->sent, ENGINE_ERROR_CANCELLED, "It was stopped.");
  fail_all (&supervised->waiting, ENGINE_ERROR_CANCELLED, "It was stopped.");
  if (pid <= 0)
    return;
  for (guint waited = 0; waited < STOP_WAIT_MS * pace (); waited += 5) {
    if (waitpid (pid, NULL, WNOHANG) == pid)
      return;
    g_usleep (5000);
  }
  (void) kill (-pid, SIGKILL);
  (void) waitpid (pid, NULL, 0);
}

void
supervised_retire (struct supervised *supervised)
{
  supervised->retired = TRUE;
  supervised_stop (supervised);
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

const char *
supervised_name (struct supervised *supervised)
{
  return supervised->name;
}

gpointer
supervised_origin (struct supervised *supervised)
{
  struct call *call = g_queue_peek_head (&supervised->sent);
  return call != NULL ? call->origin : NULL;
}

pid_t
supervised_pid (struct supervised *supervised)
{
  return supervised->pid;
}

guint
supervised_restarts (struct supervised *supervised)
{
  return supervised->restarts;
}

void
supervised_free (struct supervised *supervised)
{
  if (supervised == NULL)
    return;
  supervised_stop (supervised);
  g_free (supervised->name);
  g_free (supervised->what);
  g_free (supervised);
}
