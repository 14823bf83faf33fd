/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The door of mail/: all that ui/ may ask for.
 *
 * A client (a screen, a command) connects to the profile's engine, which is started if it is not running, and makes calls.
 * A call names a method and carries a dictionary (a{sv}); mail/engine/protocol.c lists every method with the fields
 * of its request and its reply, and checks both on arrival. Calls are asynchronous, run on the default GMainContext, and each ends in exactly
 * one of done, failed, cancelled. File descriptors travel as fields of type "h", an index into the call's list.
 *
 * If the engine dies, every call under way fails with ENGINE_ERROR_LOST and the notice callback gets one sentence;
 * the next call starts it anew. Nothing a person typed is kept only in the engine. */
#pragma once
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include "config/paths.h"

#define ENGINE_ERROR (engine_error_quark ())
GQuark engine_error_quark (void);
/* Codes are part of the protocol: only append. A message is the sentence a person reads. */
enum engine_error {
  ENGINE_ERROR_FAILED = 0,
  ENGINE_ERROR_USAGE,  /* the request is malformed or unknown */
  ENGINE_ERROR_HELD,   /* policy forbids it, or somebody has no key: nothing was sent (exit 3) */
  ENGINE_ERROR_LOCKED, /* exit 4 */
  ENGINE_ERROR_NOT_FOUND,
  ENGINE_ERROR_LOST, /* the engine or a worker died under the call; asking again is safe */
  ENGINE_ERROR_TIMEOUT,
  ENGINE_ERROR_CANCELLED,
  ENGINE_ERROR_NETWORK, /* the server could not be reached, or broke off */
  ENGINE_ERROR_SIGN_IN, /* the server refused the credential */
  ENGINE_ERROR_TLS,     /* the server could not prove who it is: a full stop */
  ENGINE_ERROR_PASSPHRASE,
};

/* Is this one of the files in which a profile keeps the header of a message alone? Then it is no message. */
gboolean engine_is_header_file (const char *path);

struct engine;
/* reply: a{sv}, owned by the callee for the call's length only (ref it to keep it); fds: the reply's, may be NULL. On failure reply is NULL. */
typedef void (*engine_done_fn) (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data);
/* event names and fields: protocol.c, "Events". */
typedef void (*engine_event_fn) (const char *event, GVariant *fields, gpointer data);
/* The engine needs a decision (a passphrase). Answer with engine_answer, later if need be; NULL answer = no. */
typedef void (*engine_ask_fn) (guint ask, const char *kind, const char *text, gpointer data);

/* paths: copied. Connects when the first call is made. Never NULL. */
struct engine *engine_new (const struct paths *paths);
void engine_set_event (struct engine *engine, engine_event_fn event, gpointer data);
void engine_set_ask (struct engine *engine, engine_ask_fn ask, gpointer data);
void engine_answer (struct engine *engine, guint ask, const char *secret_or_null);
/* args: a{sv}, floating is sunk, NULL = empty. Returns a call id. done is always called later, from the main loop, never from within. */
guint engine_call (struct engine *engine, const char *method, GVariant *args, GUnixFDList *fds, engine_done_fn done,
                   gpointer data);
/* Ends the call with ENGINE_ERROR_CANCELLED at once; late answers are dropped. */
void engine_cancel (struct engine *engine, guint call);
/* For commands: run the main loop until the call has ended. Returns the reply (caller unrefs) or NULL. fds_out may be NULL. */
GVariant *engine_call_wait (struct engine *engine, const char *method, GVariant *args, GUnixFDList *fds,
                            GUnixFDList **fds_out, GError **error);
void engine_free (struct engine *engine);
DEFINE_AUTOFREE (engine, engine_free)

/* What `wardmail` runs when it is started as one of the engine's processes (see main.c); returns the exit code. */
int engine_main (int argc, char **argv); /* argv: "wardmail", "--process", "engine"|role, ... */
