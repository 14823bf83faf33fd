/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What every worker shares: a role is a table of methods; worker_run reads a request, calls its function, answers, and again.
 *
 * A worker is one process, re-executed by the engine, with one socket (fd 3) to it. It gets "start" first, restricts itself with
 * its role's sandbox, and ends when the socket closes. Plain blocking C: while a method runs nothing else does; who must be
 * interrupted is killed. */
#pragma once
#include <gio/gio.h>
#include "mail/engine.h"
#include "mail/engine/protocol.h"

struct worker;

/* args: checked against the table, borrowed. Returns a floating a{sv}, or NULL with error (any domain; ENGINE_ERROR codes reach the client
 * as they are, others as ENGINE_ERROR_FAILED with their message). */
typedef GVariant *(*worker_method_fn) (struct worker *worker, GVariant *args, GError **error);
struct worker_method {
  const char *name;
  worker_method_fn run;
};
struct sandbox;
struct worker_role {
  enum protocol_peer peer;
  const struct worker_method *methods; /* ends with a NULL name; all the peer's methods of the protocol but "start" */
  /* Fill in what the sandbox must allow, from the start message. */
  void (*sandbox) (GVariant *config, struct sandbox *sandbox);
  worker_method_fn start; /* called inside the sandbox; worker_set_state there */
  /* Called whenever no request waits; returns once worker_fd is readable, or to be called again soon. NULL: block. */
  void (*idle) (struct worker *worker);
  void (*after) (struct worker *worker); /* called before each answer goes; may be NULL */
  void (*stop) (struct worker *worker);  /* the engine has gone: flush and leave; may be NULL */
  const char *const *alone;              /* methods that worker_serve leaves for later; NULL: none; ends with NULL */
};
/* The roles, one file each in mail/workers/. */
extern const struct worker_role worker_role_keys, worker_role_index, worker_role_imap, worker_role_smtp,
    worker_role_lookup, worker_role_filter;

int worker_run (const struct worker_role *role, int fd);       /* returns the process's exit code */
void worker_set_state (struct worker *worker, gpointer state); /* the role's own struct */
gpointer worker_state (struct worker *worker);
int worker_fd (struct worker *worker); /* poll it for G_IO_IN: a request (or the end) waits */
/* An fd of the request: borrowed, -1 if there is none; field is its name in args. For rows: worker_fd_at (handle). */
int worker_arg_fd (struct worker *worker, GVariant *args, const char *field);
int worker_fd_at (struct worker *worker, gint32 handle);
/* Attach an fd to the reply under way: takes it; returns the handle for a "h" field. */
gint32 worker_reply_fd_take (struct worker *worker, int fd);
/* Tell the engine something. fields: floating a{sv}. FALSE: the engine has gone. */
gboolean worker_emit (struct worker *worker, const char *event, GVariant *fields);
/* Ask a person through the engine and wait. kind: "passphrase". NULL: no. The caller frees (and wipes) the answer. */
struct secret *worker_ask (struct worker *worker, const char *kind, const char *text);

/* In the middle of a long method, between two of its steps: answer some of what has come meanwhile (small requests of the same role).
 * Methods called so must cope with being nested; the long one itself is not entered twice. */
enum worker_served {
  WORKER_GONE = 0 /* the engine has */,
  WORKER_SERVED,
  WORKER_MORE /* some is left, and worker_fd may not tell */
};
enum worker_served worker_serve (struct worker *worker);
gboolean worker_has_waiting (const struct worker *worker); /* a request that worker_serve left for later */
/* Before a role waits for worker_fd, if it has served anybody since it was called: TRUE: it has to return instead, since something is here already. */
gboolean worker_is_called (struct worker *worker);

/* Helpers that many roles need. */
GVariant *worker_reply_nothing (void);                          /* floating */
GVariant *worker_reply_one (const char *name, GVariant *value); /* floating; takes a floating value */
gboolean worker_check_fd (int fd, gsize size_max, gsize *size_out_or_null,
                          GError **error);                       /* a file, and not too large */
GBytes *worker_read_fd (int fd, gsize size_max, GError **error); /* a copy of the whole file, and a NUL behind it */
/* The same without a copy where nobody can change the file any more: sealed memory. No NUL. */
GBytes *worker_map_fd (int fd, gsize size_max, GError **error);
int worker_memfd (const char *name, const void *bytes, gsize size, GError **error); /* sealed, at offset 0 */
