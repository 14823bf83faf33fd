/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See supervise.h. Here: the life of the process. */
#include "mail/engine/supervise_p.h"

#include <glib-unix.h>
#include <signal.h>
#include <sys/wait.h>

#include "mail/engine/pace.h"
#include "mail/engine/spawn.h"

#define RESTART_WAIT_MS 100 /* doubled with every death in a row */
#define RESTART_WAIT_MAX_MS 10000
#define STEADY_S 30 /* having lived so long, the next death is the first in a row again */
#define STOP_WAIT_MS 1500

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
reap (GPid pid, gint status, gpointer data)
{
  g_spawn_close_pid (pid);
}

void
supervised_detach (struct supervised *supervised, gboolean at_once)
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

static gboolean
on_restart (gpointer data)
{
  struct supervised *supervised = data;
  supervised->restart_timer = 0;
  supervised_pump (supervised);
  return G_SOURCE_REMOVE;
}

void
supervised_went (struct supervised *supervised)
{
  if (g_get_monotonic_time () - supervised->started_at > (gint64) STEADY_S * G_USEC_PER_SEC)
    supervised->deaths = 0;
  supervised->deaths++;
  supervised->restarts++;
  supervised_call_put_back (supervised);
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
    supervised_pump (supervised);
    return;
  }
  if (supervised->channel == NULL)
    return; /* it died while starting: went() has seen to it */
  /* It cannot work as things are: say so to everybody who waits, and try again with the next call. */
  supervised->wanted = FALSE;
  supervised_detach (supervised, TRUE);
  supervised_call_fail_all (&supervised->waiting, (enum engine_error) error->code, error->message);
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
  supervised->source
      = g_unix_fd_add (channel_fd (supervised->channel), G_IO_IN | G_IO_HUP, supervised_hear, supervised);
  struct call *start = supervised_call_new (supervised, "start", fields, NULL, NULL, on_started, supervised);
  start->tries = SUPERVISE_TRIES_MAX; /* a new process gets a new one */
  supervised_call_send (supervised, start);
  return TRUE;
}

void
supervised_pump (struct supervised *supervised)
{
  if (supervised->restart_timer != 0 || (g_queue_is_empty (&supervised->waiting) && !supervised->wanted))
    return;
  if (supervised->retired) {
    supervised->wanted = FALSE;
    supervised_call_fail_all (&supervised->waiting, ENGINE_ERROR_CANCELLED, "It was stopped.");
    return;
  }
  if (supervised->channel == NULL) {
    g_autoptr (GError) error = NULL;
    if (!launch (supervised, &error)) {
      supervised->wanted = FALSE;
      supervised_call_fail_all (&supervised->waiting, ENGINE_ERROR_FAILED, error->message);
    }
    return;
  }
  while (supervised->ready && !g_queue_is_empty (&supervised->waiting)
         && g_queue_get_length (&supervised->sent) < supervised->in_flight_max)
    supervised_call_send (supervised, g_queue_pop_head (&supervised->waiting));
}

void
supervised_pump_soon (struct supervised *supervised)
{
  if (supervised->restart_timer == 0 && supervised->channel == NULL)
    supervised->restart_timer = g_timeout_add (0, on_restart, supervised);
}

void
supervised_wake (struct supervised *supervised)
{
  supervised->wanted = TRUE;
  supervised_pump_soon (supervised);
}

void
supervised_renew (struct supervised *supervised)
{
  if (supervised->channel == NULL)
    return;
  supervised_detach (supervised, TRUE);
  supervised_call_put_back (supervised);
  supervised_pump_soon (supervised);
}

void
supervised_stop (struct supervised *supervised)
{
  supervised->wanted = FALSE;
  g_clear_handle_id (&supervised->restart_timer, g_source_remove);
  pid_t pid = supervised->pid;
  supervised->pid = 0;
  supervised_detach (supervised, FALSE); /* closing its socket asks it to leave */
  supervised_call_fail_all (&supervised->sent, ENGINE_ERROR_CANCELLED, "It was stopped.");
  supervised_call_fail_all (&supervised->waiting, ENGINE_ERROR_CANCELLED, "It was stopped.");
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

const char *
supervised_name (struct supervised *supervised)
{
  return supervised->name;
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
