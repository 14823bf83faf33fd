/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Supervise: the engine's side of one worker process.
 *
 * A worker is started when it is first needed, re-executed from the program itself with nothing open but its socket, and gets its
 * "start" message. If it dies, or outstays a call's time (which runs anew whenever it says how far it is, by the event "working"), it is killed
 * and started again; calls that can be asked again are asked again
 * (twice at most), the others fail with ENGINE_ERROR_LOST, and the person gets one sentence. Engine only; single-threaded. */
#pragma once
#include <gio/gunixfdlist.h>
#include "mail/engine/protocol.h"

struct supervised;

/* Returns the fields of "start" (floating), or NULL with error if it cannot be started now. Called at every start. */
typedef GVariant *(*supervised_start_fn) (gpointer owner, GError **error);
typedef void (*supervised_event_fn) (gpointer owner, const char *event, GVariant *fields);
typedef void (*supervised_notice_fn) (gpointer owner, const char *sentence);
typedef void (*supervised_done_fn) (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data);
/* Somebody must be asked; origin is what the call was made with. */
typedef void (*supervised_ask_fn) (gpointer owner, gpointer origin, guint ask, const char *kind, const char *text);

struct supervised_hooks {
  supervised_start_fn start;
  supervised_event_fn event;     /* may be NULL */
  supervised_notice_fn notice;   /* may be NULL */
  supervised_ask_fn ask;         /* may be NULL: every question is answered with no */
  void (*hung) (gpointer owner); /* may be NULL. It did not answer in time and is about to be killed */
  void (*slow) (
      gpointer owner); /* may be NULL. A call is under way for some seconds, and nobody is being asked; comes again */
  void (*died) (gpointer owner, guint deaths); /* may be NULL. It ended by itself, so often in a row */
};
/* name: for people and the process list, such as "imap@work"; what: the words a sentence uses, such as "the part that reads mail". */
struct supervised *supervised_new (enum protocol_peer peer, const char *name, const char *what,
                                   const struct supervised_hooks *hooks, gpointer owner);
/* fields: floating is sunk. done is called later, exactly once. in_flight_max calls are sent at a time, the others wait here. */
void supervised_call (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds,
                      gpointer origin, supervised_done_fn done, gpointer data);
void supervised_set_in_flight (struct supervised *supervised, guint in_flight_max);
/* Start it now if it is not running, for workers that have work of their own. */
void supervised_wake (struct supervised *supervised);
void supervised_answer (struct supervised *supervised, guint ask, const char *answer_or_null);
/* Stop it now; calls fail with CANCELLED; the next call starts it anew. */
void supervised_stop (struct supervised *supervised);
/* The same, for good: later calls fail likewise. */
void supervised_retire (struct supervised *supervised);
/* As if it had died now, but nobody hears of it: what it was asked is asked again. */
void supervised_renew (struct supervised *supervised);
/* It is known to hang: as if the time of what it is doing were over. */
void supervised_give_up (struct supervised *supervised);
gboolean supervised_busy (struct supervised *supervised);
gboolean supervised_at (struct supervised *supervised, const char *method); /* is it doing that just now? */
const char *supervised_name (struct supervised *supervised);
gpointer supervised_origin (struct supervised *supervised); /* of the call under way; NULL: none, or nobody waits */
pid_t supervised_pid (struct supervised *supervised);       /* 0: not running */
guint supervised_restarts (struct supervised *supervised);
void supervised_free (struct supervised *supervised);
