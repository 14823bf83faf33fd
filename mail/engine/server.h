/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine's side of the door: clients, their requests, and what is told to all of them. Engine only. */
#pragma once
#include <gio/gunixfdlist.h>
#include "config/paths.h"

struct server;
/* One call of one client. It outlives the client: answering a client that has gone is harmless. */
struct request {
  guint references;
  struct server_client *client; /* NULL once it has gone */
  guint32 serial;
  char *method;
  GVariant *fields; /* a{sv}, checked against the table */
  GUnixFDList *fds;
  gboolean answered;
};
typedef void (*server_request_fn) (gpointer owner, struct request *request); /* borrowed: request_ref to keep it */
typedef void (*server_answer_fn) (gpointer owner, guint ask, const char *answer_or_null);
typedef void (*server_clients_fn) (gpointer owner, guint clients); /* somebody came or went */

/* Take the lock and listen. NULL with error; *taken_out TRUE: another engine serves this profile, and that is no error. */
struct server *server_new (const struct paths *paths, gboolean *taken_out, GError **error);
void server_run (struct server *server, server_request_fn request, server_answer_fn answer, server_clients_fn clients,
                 gpointer owner);
gboolean server_reachable (struct server *server); /* its socket is still where clients look for it */
/* Nobody else can come in from now on; FALSE: somebody has just come, and is to be served. */
gboolean server_shut (struct server *server);
void server_event (struct server *server, const char *event, GVariant *fields);
/* Ask the client of this request; FALSE: it has gone. */
gboolean server_ask (struct request *request, guint ask, const char *kind, const char *text);
void server_free (struct server *server);

struct request *request_ref (struct request *request);
void request_unref (struct request *request);
void request_reply (struct request *request, GVariant *reply, GUnixFDList *fds); /* floating is sunk */
void request_fail (struct request *request, const GError *error);
void request_fail_text (struct request *request, gint code, const char *format, ...) G_GNUC_PRINTF (3, 4);
/* Told to the client of this request alone. */
void request_event (struct request *request, const char *event, GVariant *fields);
/* An fd of the request by field name: borrowed, -1. */
int request_fd (struct request *request, const char *field);

/* The socket of a profile. path: at most 100 bytes whatever the profile's path is. */
char *server_socket_path (const struct paths *paths, int *dir_fd_out, GError **error);
