/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* See server.h. */
#include "mail/engine/server.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mail/engine.h"
#include "mail/engine/channel.h"

#define CLIENTS_MAX 64
#define CLIENT_CALLS_MAX 256

struct server_client {
  struct server *server;
  struct channel *channel;
  guint source, out_source;
  GPtrArray *requests; /* struct request *: under way */
};

struct server {
  int lock_fd, dir_fd, listen_fd;
  guint source;
  ino_t socket_inode;
  GPtrArray *clients; /* struct server_client * */
  server_request_fn request;
  server_answer_fn answer;
  server_clients_fn clients_changed;
  gpointer owner;
};

/* Through the folder's descriptor, since a socket's own path may have 107 bytes only. */
char *
server_socket_path (const struct paths *paths, int *dir_fd_out, GError **error)
{
  int fd = open (paths->runtime_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "The folder “%s” cannot be opened: %s.", paths->runtime_dir,
                 g_strerror (errno));
    return NULL;
  }
  *dir_fd_out = fd;
  return g_strdup_printf ("/proc/self/fd/%d/engine.sock", fd);
}

static gboolean
take_lock (struct server *server, gboolean *taken_out, GError **error)
{
  server->lock_fd = openat (server->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (server->lock_fd >= 0 && flock (server->lock_fd, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  if (server->lock_fd >= 0 && errno == EWOULDBLOCK) {
    *taken_out = TRUE;
    return FALSE;
  }
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "wardmail's engine cannot lock its folder: %s.",
               g_strerror (errno));
  return FALSE;
}

static gboolean
start_listening (struct server *server, const char *path, GError **error)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  (void) unlink (path); /* the lock says that nobody serves it */
  server->listen_fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  struct stat info;
  if (server->listen_fd >= 0 && bind (server->listen_fd, (struct sockaddr *) &address, sizeof address) == 0
      && listen (server->listen_fd, 16) == 0 && stat (path, &info) == 0) {
    server->socket_inode = info.st_ino;
    return TRUE;
  }
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_FAILED, "wardmail's engine cannot listen in its folder: %s.",
               g_strerror (errno));
  return FALSE;
}

struct server *
server_new (const struct paths *paths, gboolean *taken_out, GError **error)
{
  struct server *server = g_new0 (struct server, 1);
  server->lock_fd = server->dir_fd = server->listen_fd = -1;
  server->clients = g_ptr_array_new ();
  *taken_out = FALSE;
  g_autofree char *path = server_socket_path (paths, &server->dir_fd, error);
  if (path != NULL && take_lock (server, taken_out, error) && start_listening (server, path, error))
    return server;
  server_free (server);
  return NULL;
}

gboolean
server_reachable (struct server *server)
{
  struct stat info;
  return fstatat (server->dir_fd, "engine.sock", &info, AT_SYMLINK_NOFOLLOW) == 0
         && info.st_ino == server->socket_inode;
}

gboolean
server_shut (struct server *server)
{
  struct pollfd line = { .fd = server->listen_fd, .events = POLLIN };
  if (!server_reachable (server))
    return TRUE;
  (void) renameat (server->dir_fd, "engine.sock", server->dir_fd, "engine.leaving");
  if (poll (&line, 1, 0) != 0) {
    (void) renameat (server->dir_fd, "engine.leaving", server->dir_fd, "engine.sock");
    return FALSE;
  }
  (void) unlinkat (server->dir_fd, "engine.leaving", 0);
  g_clear_handle_id (&server->source, g_source_remove);
  close (server->listen_fd);
  server->listen_fd = -1;
  return TRUE;
}

static gboolean
on_writable (gint fd, GIOCondition condition, gpointer data)
{
  struct server_client *client = data;
  if (channel_flush (client->channel) && channel_unsent (client->channel))
    return G_SOURCE_CONTINUE;
  client->out_source = 0;
  return G_SOURCE_REMOVE;
}

static gboolean
client_send (struct server_client *client, enum protocol_kind kind, guint32 serial, const char *method,
             GVariant *fields, GUnixFDList *fds)
{
  gboolean done = channel_send (client->channel, kind, serial, method, fields, fds);
  if (channel_unsent (client->channel) && client->out_source == 0)
    client->out_source = g_unix_fd_add (channel_fd (client->channel), G_IO_OUT, on_writable, client);
  return done;
}

static void
client_leave (struct server_client *client)
{
  struct server *server = client->server;
  g_ptr_array_remove_fast (server->clients, client);
  g_clear_handle_id (&client->source, g_source_remove);
  g_clear_handle_id (&client->out_source, g_source_remove);
  channel_free (client->channel);
  for (guint i = 0; i < client->requests->len; i++) {
    struct request *request = g_ptr_array_index (client->requests, i);
    request->client = NULL;
  }
  g_ptr_array_unref (client->requests);
  g_free (client);
  if (server->clients_changed != NULL)
    server->clients_changed (server->owner, server->clients->len);
}

struct request *
request_ref (struct request *request)
{
  request->references++;
  return request;
}

void
request_unref (struct request *request)
{
  if (--request->references > 0)
    return;
  if (!request->answered)
    request_fail_text (request, ENGINE_ERROR_FAILED, "“%s” ended without an answer.", request->method);
  if (request->client != NULL)
    g_ptr_array_remove_fast (request->client->requests, request);
  g_free (request->method);
  g_variant_unref (request->fields);
  g_object_unref (request->fds);
  g_free (request);
}

void
request_reply (struct request *request, GVariant *reply, GUnixFDList *fds)
{
  g_autoptr (GVariant) fields
      = g_variant_ref_sink (reply != NULL ? reply : g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  if (request->answered)
    return;
  request->answered = TRUE;
  if (request->client != NULL
      && !client_send (request->client, PROTOCOL_REPLY, request->serial, request->method, fields, fds)) {
    request->answered = FALSE;
    request_fail_text (request, ENGINE_ERROR_FAILED, "The answer to “%s” is too big.", request->method);
  }
}

void
request_event (struct request *request, const char *event, GVariant *fields)
{
  g_autoptr (GVariant) kept = g_variant_ref_sink (fields);
  if (request->client != NULL && !request->answered)
    (void) client_send (request->client, PROTOCOL_EVENT, 0, event, kept, NULL);
}

void
request_fail (struct request *request, const GError *error)
{
  if (request->answered)
    return;
  request->answered = TRUE;
  if (request->client != NULL)
    (void) client_send (request->client, PROTOCOL_FAIL, request->serial, request->method, channel_error_fields (error),
                        NULL);
}

void
request_fail_text (struct request *request, gint code, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autoptr (GError) error = g_error_new_valist (ENGINE_ERROR, code, format, arguments);
  va_end (arguments);
  request_fail (request, error);
}

int
request_fd (struct request *request, const char *field)
{
  gint32 handle = -1;
  gint count = 0;
  const int *fds = g_unix_fd_list_peek_fds (request->fds, &count);
  return g_variant_lookup (request->fields, field, "h", &handle) && handle >= 0 && handle < count ? fds[handle] : -1;
}

static void
take_call (struct server_client *client, struct channel_message *message)
{
  struct request *request = g_new0 (struct request, 1);
  request->references = 1;
  request->client = client;
  request->serial = message->serial;
  request->method = g_strdup (message->method);
  request->fields = g_variant_ref (message->fields);
  request->fds = g_object_ref (message->fds);
  g_ptr_array_add (client->requests, request);
  const struct protocol_method *method = protocol_method (PEER_ENGINE, message->method);
  g_autoptr (GError) error = NULL;
  if (method == NULL)
    request_fail_text (request, ENGINE_ERROR_USAGE, "The engine has no method “%s”.", message->method);
  else if (client->requests->len > CLIENT_CALLS_MAX)
    request_fail_text (request, ENGINE_ERROR_USAGE, "Too many calls at a time.");
  else if (!protocol_check (method->request, message->fields, &error))
    request_fail (request, error);
  else
    client->server->request (client->server->owner, request);
  request_unref (request);
}

static void
take_answer (struct server_client *client, struct channel_message *message)
{
  guint32 ask = 0;
  const char *answer = NULL;
  (void) g_variant_lookup (message->fields, "ask", "u", &ask);
  (void) g_variant_lookup (message->fields, "answer", "&s", &answer);
  client->server->answer (client->server->owner, ask, answer);
}

static gboolean
on_readable (gint fd, GIOCondition condition, gpointer data)
{
  struct server_client *client = data;
  struct channel_message *message = NULL;
  enum channel_result result = channel_receive (client->channel, &message);
  for (guint turn = 0; turn < 16 && result == CHANNEL_MESSAGE; turn++) {
    if (message->kind == PROTOCOL_CALL)
      take_call (client, message);
    else if (message->kind == PROTOCOL_ANSWER)
      take_answer (client, message);
    channel_message_free (message);
    result = turn < 15 ? channel_receive (client->channel, &message) : CHANNEL_AGAIN;
  }
  if (result != CHANNEL_CLOSED)
    return G_SOURCE_CONTINUE;
  client->source = 0;
  client_leave (client);
  return G_SOURCE_REMOVE;
}

static gboolean
on_connection (gint listen_fd, GIOCondition condition, gpointer data)
{
  struct server *server = data;
  int fd = accept4 (listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0)
    return G_SOURCE_CONTINUE;
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != geteuid ()
      || server->clients->len >= CLIENTS_MAX) {
    close (fd);
    return G_SOURCE_CONTINUE;
  }
  struct server_client *client = g_new0 (struct server_client, 1);
  client->server = server;
  client->channel = channel_new (fd);
  client->requests = g_ptr_array_new ();
  client->source = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP, on_readable, client);
  g_ptr_array_add (server->clients, client);
  server->clients_changed (server->owner, server->clients->len);
  return G_SOURCE_CONTINUE;
}

void
server_run (struct server *server, server_request_fn request, server_answer_fn answer, server_clients_fn clients,
            gpointer owner)
{
  server->request = request;
  server->answer = answer;
  server->clients_changed = clients;
  server->owner = owner;
  server->source = g_unix_fd_add (server->listen_fd, G_IO_IN, on_connection, server);
}

void
server_event (struct server *server, const char *event, GVariant *fields)
{
  g_autoptr (GVariant) kept = g_variant_ref_sink (fields != NULL ? fields : g_variant_new_parsed ("@a{sv} {}"));
  for (guint i = 0; i < server->clients->len; i++)
    (void) client_send (g_ptr_array_index (server->clients, i), PROTOCOL_EVENT, 0, event, kept, NULL);
}

gboolean
server_ask (struct request *request, guint ask, const char *kind, const char *text)
{
  if (request->client == NULL)
    return FALSE;
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "ask", g_variant_new_uint32 (ask));
  g_variant_builder_add (&builder, "{sv}", "kind", g_variant_new_string (kind));
  g_variant_builder_add (&builder, "{sv}", "text", g_variant_new_string (text));
  return client_send (request->client, PROTOCOL_ASK, request->serial, "ask", g_variant_builder_end (&builder), NULL);
}

void
server_free (struct server *server)
{
  if (server == NULL)
    return;
  server->clients_changed = NULL;
  while (server->clients->len > 0)
    client_leave (g_ptr_array_index (server->clients, 0));
  g_ptr_array_unref (server->clients);
  g_clear_handle_id (&server->source, g_source_remove);
  if (server->listen_fd >= 0) {
    if (server_reachable (server))
      (void) unlinkat (server->dir_fd, "engine.sock", 0);
    close (server->listen_fd);
  }
  if (server->lock_fd >= 0)
    close (server->lock_fd);
  if (server->dir_fd >= 0)
    close (server->dir_fd);
  g_free (server);
}
