/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files of supervise: the life of a worker (supervise.c), the line of calls to it (supervised_call.c), and what it says
 * (supervised_hear.c). */
#pragma once
#include "mail/engine.h"
#include "mail/engine/channel.h"
#include "mail/engine/supervise.h"

#define SUPERVISE_TRIES_MAX 3

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

/* supervise.c */
void supervised_pump (struct supervised *supervised); /* send what may be sent now */
/* Start it if it is not running, from the loop, so that done is never called from within. */
void supervised_pump_soon (struct supervised *supervised);
/* Cut it off: the process is killed if it has not left by itself, and reaped by the main loop. */
void supervised_detach (struct supervised *supervised, gboolean at_once);
void supervised_went (struct supervised *supervised); /* start it again after a moment if it is needed */
/* supervised_call.c */
struct call *supervised_call_new (struct supervised *supervised, const char *method, GVariant *fields, GUnixFDList *fds,
                                  gpointer origin, supervised_done_fn done, gpointer data);
void supervised_call_send (struct supervised *supervised, struct call *call);
void supervised_call_arm (struct call *call); /* its time runs, if it does not yet */
/* The one that was sent with this serial, out of the line; NULL */
struct call *supervised_call_take (struct supervised *supervised, guint32 serial);
void supervised_call_end (struct call *call, GVariant *reply, GUnixFDList *fds, const GError *error);
void supervised_call_fail_all (GQueue *queue, enum engine_error code, const char *text);
/* It is gone: put back what can be asked again, fail the rest. */
void supervised_call_put_back (struct supervised *supervised);
/* supervised_hear.c */
gboolean supervised_hear (gint fd, GIOCondition condition, gpointer supervised);
