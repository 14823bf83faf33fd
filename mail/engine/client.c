/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's side of the door: connect (starting the engine if need be), call, and hear what the engine tells. See engine.h. */
#include "mail/engine.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mail/engine/channel.h"
#include "mail/engine/server.h"
#include "mail/engine/spawn.h"
#include "mail/store/maildir.h"

struct pending {
  struct engine *engine;
  guint id;
  char *method;
  engine_done_fn done;
  gpointer data;
  GError *error; /* set: fails from the main loop */
  guint source;
};

struct engine {
  struct paths *paths;
  char *profile_dir;
  struct channel *channel;
  guint source, out_source;
  guint serials;
  GHashTable *calls; /* id -> struct pending *, owned */
  engine_event_fn event;
  gpointer event_data;
  engine_ask_fn ask;
  gpointer ask_data;
};

static void
pending_free (gpointer data)
{
  struct pending *pending = data;
  if (pending->source != 0)
    g_source_remove (pending->source);
  g_clear_error (&pending->error);
  g_free (pending->method);
  g_free (pending);
}

struct engine *
engine_new (const struct paths *paths)
{
  struct engine *engine = g_new0 (struct engine, 1);
  engine->profile_dir = paths->single ? g_path_get_dirname (paths->config_dir) : NULL;
  engine->paths = paths_new (engine->profile_dir);
  engine->calls = g_hash_table_new_full (NULL, NULL, NULL, pending_free);
  return engine;
}

void
engine_set_event (struct engine *engine, engine_event_fn event, gpointer data)
{
  engine->event = event;
  engine->event_data = data;
}

void
engine_set_ask (struct engine *engine, engine_ask_fn ask, gpointer data)
{
  engine->ask = ask;
  engine->ask_data = data;
}

/* Take the call out first: its callback may make and cancel others. */
static void
pending_end (struct engine *engine, guint id, GVariant *reply, GUnixFDList *fds, const GError *error)
{
  struct pending *pending = NULL;
  if (!g_hash_table_steal_extended (engine->calls, GUINT_TO_POINTER (id), NULL, (gpointer *) &pending))
    return;
  pending->source = 0;
  pending->done (reply, fds, error, pending->data);
  pending_free (pending);
}

static gboolean
on_failed_later (gpointer data)
{
  struct pending *pending = data;
  pending->source = 0;
  g_autoptr (GError) error = g_steal_pointer (&pending->error);
  pending_end (pending->engine, pending->id, NULL, NULL, error);
  return G_SOURCE_REMOVE;
}

static void
fail_later (struct pending *pending, GError *error_take)
{
  pending->error = error_take;
  if (pending->source == 0)
    pending->source = g_idle_add_full (G_PRIORITY_DEFAULT, on_failed_later, pending, NULL);
  else
    g_clear_error (&pending->error);
}

static void
disconnect (struct engine *engine)
{
  g_clear_handle_id (&engine->source, g_source_remove);
  g_clear_handle_id (&engine->out_source, g_source_remove);
  g_clear_pointer (&engine->channel, channel_free);
}

/* The engine has gone: everything under way fails, the person hears one sentence, the next call starts it anew. */
static void
lost (struct engine *engine)
{
  disconnect (engine);
  guint count = g_hash_table_size (engine->calls);
  g_autoptr (GList) calls = g_hash_table_get_values (engine->calls);
  for (GList *link = calls; link != NULL; link = link->next)
    fail_later (link->data,
                g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_LOST,
                                     "wardmail's engine stopped before it could finish this. Please try again."));
  if (engine->event == NULL || count == 0)
    return;
  g_autoptr (GVariant) fields = g_variant_ref_sink (g_variant_new_parsed (
      "{'text': <'wardmail’s engine stopped and is started again with your next step; nothing was lost.'>}"));
  engine->event ("notice", fields, engine->event_data);
}

static void
take_message (struct engine *engine, struct channel_message *message)
{
  if (message->kind == PROTOCOL_REPLY || message->kind == PROTOCOL_FAIL) {
    struct pending *pending = g_hash_table_lookup (engine->calls, GUINT_TO_POINTER (message->serial));
    if (pending == NULL)
      return; /* cancelled */
    g_autoptr (GError) error = message->kind == PROTOCOL_FAIL ? channel_error_from (message->fields) : NULL;
    const struct protocol_method *method = protocol_method (PEER_ENGINE, pending->method);
    if (error == NULL)
      (void) protocol_check (method->reply, message->fields, &error);
    pending_end (engine, message->serial, error == NULL ? message->fields : NULL, error == NULL ? message->fds : NULL,
                 error);
  } else if (message->kind == PROTOCOL_EVENT && engine->event != NULL) {
    const struct protocol_field *fields = protocol_event (PEER_ENGINE, message->method);
    if (fields != NULL && protocol_check (fields, message->fields, NULL))
      engine->event (message->method, message->fields, engine->event_data);
  } else if (message->kind == PROTOCOL_ASK) {
    guint32 ask = 0;
    const char *kind = "", *text = "";
    (void) g_variant_lookup (message->fields, "ask", "u", &ask);
    (void) g_variant_lookup (message->fields, "kind", "&s", &kind);
    (void) g_variant_lookup (message->fields, "text", "&s", &text);
    if (engine->ask != NULL)
      engine->ask (ask, kind, text, engine->ask_data);
    else
      engine_answer (engine, ask, NULL);
  }
}

static gboolean
on_readable (gint fd, GIOCondition condition, gpointer data)
{
  struct engine *engine = data;
  struct channel *channel = engine->channel;
  struct channel_message *message = NULL;
  enum channel_result result = CHANNEL_AGAIN;
  for (guint turn = 0; turn < 16 && engine->channel == channel; turn++) {
    result = channel_receive (channel, &message);
    if (result != CHANNEL_MESSAGE)
      break;
    take_message (engine, message);
    channel_message_free (message);
  }
  if (engine->channel != channel)
    return G_SOURCE_REMOVE;
  if (result != CHANNEL_CLOSED)
    return G_SOURCE_CONTINUE;
  engine->source = 0;
  lost (engine);
  return G_SOURCE_REMOVE;
}

static int
try_connect (struct engine *engine)
{
  int dir_fd = -1;
  g_autofree char *path = server_socket_path (engine->paths, &dir_fd, NULL);
  if (path == NULL)
    return -1;
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (fd >= 0
      && (connect (fd, (struct sockaddr *) &address, sizeof address) != 0
          || getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != geteuid ())) {
    close (fd);
    fd = -1;
  }
  close (dir_fd);
  return fd;
}

static gboolean
ensure_connected (struct engine *engine, GError **error)
{
  if (engine->channel != NULL)
    return TRUE;
  if (!paths_make (engine->paths, error))
    return FALSE;
  int fd = try_connect (engine);
  /* An engine that is just leaving may still hold the lock: a few rounds settle who serves. */
  for (guint round = 0; fd < 0 && round < 400; round++) {
    if (!spawn_engine (engine->profile_dir, error))
      return FALSE;
    fd = try_connect (engine);
    if (fd < 0)
      g_usleep (25000);
  }
  if (fd < 0) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED,
                 "wardmail's engine cannot be reached. Nothing was lost; try again.");
    return FALSE;
  }
  engine->channel = channel_new (fd);
  engine->source = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP, on_readable, engine);
  return TRUE;
}

static gboolean
on_writable (gint fd, GIOCondition condition, gpointer data)
{
  struct engine *engine = data;
  if (channel_flush (engine->channel) && channel_unsent (engine->channel))
    return G_SOURCE_CONTINUE;
  engine->out_source = 0;
  return G_SOURCE_REMOVE;
}

static gboolean
transmit (struct engine *engine, enum protocol_kind kind, guint32 serial, const char *method, GVariant *fields,
          GUnixFDList *fds)
{
  gboolean done = channel_send (engine->channel, kind, serial, method, fields, fds);
  if (channel_unsent (engine->channel) && engine->out_source == 0)
    engine->out_source = g_unix_fd_add (channel_fd (engine->channel), G_IO_OUT, on_writable, engine);
  return done;
}

void
engine_answer (struct engine *engine, guint ask, const char *secret_or_null)
{
  if (engine->channel == NULL)
    return;
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "ask", g_variant_new_uint32 (ask));
  if (secret_or_null != NULL)
    g_variant_builder_add (&builder, "{sv}", "answer", g_variant_new_string (secret_or_null));
  (void) transmit (engine, PROTOCOL_ANSWER, 0, "answer", g_variant_builder_end (&builder), NULL);
}

guint
engine_call (struct engine *engine, const char *method, GVariant *args, GUnixFDList *fds, engine_done_fn done,
             gpointer data)
{
  struct pending *pending = g_new0 (struct pending, 1);
  if (++engine->serials == 0)
    engine->serials = 1;
  guint id = engine->serials;
  pending->engine = engine;
  pending->id = id;
  pending->method = g_strdup (method);
  pending->done = done;
  pending->data = data;
  g_hash_table_insert (engine->calls, GUINT_TO_POINTER (id), pending);
  g_autoptr (GVariant) fields
      = g_variant_ref_sink (args != NULL ? args : g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  GError *error = NULL;
  if (!channel_takes (fields, fds, &error) || !ensure_connected (engine, &error))
    fail_later (pending, error);
  else
    (void) transmit (engine, PROTOCOL_CALL, id, method, fields, fds);
  return id; /* a line that broke is noticed by the reading side */
}

void
engine_cancel (struct engine *engine, guint call)
{
  struct pending *pending = g_hash_table_lookup (engine->calls, GUINT_TO_POINTER (call));
  if (pending == NULL)
    return;
  if (engine->channel != NULL)
    (void) transmit (engine, PROTOCOL_CANCEL, call, pending->method, NULL, NULL);
  g_autoptr (GError) error = g_error_new_literal (ENGINE_ERROR, ENGINE_ERROR_CANCELLED, "It was cancelled.");
  pending_end (engine, call, NULL, NULL, error);
}

struct waiting {
  GMainLoop *loop;
  GVariant *reply;
  GUnixFDList *fds;
  GError *error;
};

static void
on_waited (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct waiting *waiting = data;
  waiting->reply = reply != NULL ? g_variant_ref (reply) : NULL;
  waiting->fds = fds != NULL ? g_object_ref (fds) : NULL;
  waiting->error = error != NULL ? g_error_copy (error) : NULL;
  g_main_loop_quit (waiting->loop);
}

GVariant *
engine_call_wait (struct engine *engine, const char *method, GVariant *args, GUnixFDList *fds, GUnixFDList **fds_out,
                  GError **error)
{
  struct waiting waiting = { .loop = g_main_loop_new (NULL, FALSE) };
  (void) engine_call (engine, method, args, fds, on_waited, &waiting);
  g_main_loop_run (waiting.loop);
  g_main_loop_unref (waiting.loop);
  if (waiting.error != NULL)
    g_propagate_error (error, waiting.error);
  if (fds_out != NULL)
    *fds_out = waiting.fds;
  else
    g_clear_object (&waiting.fds);
  return waiting.reply;
}

void
engine_free (struct engine *engine)
{
  if (engine == NULL)
    return;
  disconnect (engine);
  g_hash_table_unref (engine->calls);
  paths_free (engine->paths);
  g_free (engine->profile_dir);
  g_free (engine);
}

gboolean
engine_is_header_file (const char *path)
{
  g_autofree char *whole = g_canonicalize_filename (path, NULL);
  return maildir_path_is_header (whole);
}
