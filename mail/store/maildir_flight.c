/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A thread that waits for the disk, so that who fetches mail need not: it has one sheaf of mails at a time. It touches nothing but them. */
#include "mail/store/maildir.h"

struct maildir_flight {
  struct maildir_sheaf *sheaf; /* NULL: none is under way */
  GThread *thread;             /* started with the first of them */
  GMutex mutex;
  GCond changed;
  gboolean landed, ended;
  GError *error; /* of the one that has landed */
};

static gpointer
run (gpointer data)
{
  struct maildir_flight *flight = data;
  g_mutex_lock (&flight->mutex);
  for (;;) {
    while (!flight->ended && (flight->sheaf == NULL || flight->landed))
      g_cond_wait (&flight->changed, &flight->mutex);
    if (flight->sheaf == NULL || flight->landed)
      break;
    g_mutex_unlock (&flight->mutex);
    GError *error = NULL;
    (void) maildir_sheaf_commit (flight->sheaf, &error);
    g_mutex_lock (&flight->mutex);
    flight->error = error;
    flight->landed = TRUE;
    g_cond_broadcast (&flight->changed);
  }
  g_mutex_unlock (&flight->mutex);
  return NULL;
}

struct maildir_flight *
maildir_flight_new (void)
{
  struct maildir_flight *flight = g_new0 (struct maildir_flight, 1);
  g_mutex_init (&flight->mutex);
  g_cond_init (&flight->changed);
  return flight;
}

void
maildir_flight_free (struct maildir_flight *flight)
{
  g_mutex_lock (&flight->mutex);
  flight->ended = TRUE;
  g_cond_broadcast (&flight->changed);
  g_mutex_unlock (&flight->mutex);
  if (flight->thread != NULL)
    g_thread_join (flight->thread);
  g_clear_pointer (&flight->sheaf, maildir_sheaf_free);
  g_clear_error (&flight->error);
  g_mutex_clear (&flight->mutex);
  g_cond_clear (&flight->changed);
  g_free (flight);
}

gboolean
maildir_flight_is_busy (struct maildir_flight *flight)
{
  g_mutex_lock (&flight->mutex);
  gboolean busy = flight->sheaf != NULL && !flight->landed;
  g_mutex_unlock (&flight->mutex);
  return busy;
}

void
maildir_flight_start (struct maildir_flight *flight, struct maildir_sheaf *sheaf_take)
{
  g_return_if_fail (flight->sheaf == NULL);
  g_mutex_lock (&flight->mutex);
  flight->sheaf = sheaf_take;
  flight->landed = FALSE;
  g_cond_broadcast (&flight->changed);
  g_mutex_unlock (&flight->mutex);
  if (flight->thread == NULL)
    flight->thread = g_thread_try_new ("disk", run, flight, NULL);
  if (flight->thread == NULL) { /* then it is done here and now */
    (void) maildir_sheaf_commit (flight->sheaf, &flight->error);
    flight->landed = TRUE;
  }
}

gboolean
maildir_flight_wait (struct maildir_flight *flight, GError **error)
{
  g_mutex_lock (&flight->mutex);
  while (flight->sheaf != NULL && !flight->landed)
    g_cond_wait (&flight->changed, &flight->mutex);
  gboolean done = flight->error == NULL;
  g_mutex_unlock (&flight->mutex);
  g_clear_pointer (&flight->sheaf, maildir_sheaf_free);
  if (!done)
    g_propagate_error (error, g_steal_pointer (&flight->error));
  return done;
}
