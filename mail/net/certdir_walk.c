/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Down a list of servers: each gets a head start over the next, so that ten dead ones cost a second and not a minute, and those that were
 * slow are taken when they come. The idea is that of RFC 8305, over the list of RFC 2782. */
#include "mail/net/certdir_p.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <unistd.h>

#define HEAD_START_MS 100

struct certdir_walk {
  GMainContext *context;
  GSocketClient *client;
  GCancellable *cancel;
  const struct certdir_server *servers;
  guint count, next, open;
  gint64 next_at;   /* when the next one is tried, if none of those before is there by then */
  GQueue connected; /* struct attempt * with a socket */
};

struct attempt {
  struct certdir_walk *walk;
  const struct certdir_server *server;
  int fd;
};

static void
attempt_free (gpointer data)
{
  struct attempt *attempt = data;
  if (attempt->fd >= 0)
    close (attempt->fd);
  g_free (attempt);
}

struct certdir_walk *
certdir_walk_new (const struct certdir_server *servers, guint count)
{
  struct certdir_walk *walk = g_new0 (struct certdir_walk, 1);
  walk->context = g_main_context_new ();
  walk->client = g_socket_client_new ();
  walk->cancel = g_cancellable_new ();
  walk->servers = servers;
  walk->count = count;
  g_socket_client_set_enable_proxy (walk->client, FALSE);
  g_queue_init (&walk->connected);
  return walk;
}

static int
by_order (gconstpointer a, gconstpointer b, gpointer data)
{
  const struct attempt *left = a, *right = b;
  return left->server < right->server ? -1 : left->server > right->server;
}

static void
on_connected (GObject *client, GAsyncResult *result, gpointer data)
{
  struct attempt *attempt = data;
  struct certdir_walk *walk = attempt->walk;
  g_autoptr (GSocketConnection) connection
      = g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (client), result, NULL);
  walk->open--;
  if (connection != NULL)
    attempt->fd = fcntl (g_socket_get_fd (g_socket_connection_get_socket (connection)), F_DUPFD_CLOEXEC, 0);
  if (attempt->fd >= 0)
    g_queue_insert_sorted (&walk->connected, attempt, by_order, NULL);
  else
    attempt_free (attempt);
}

static void
start_next (struct certdir_walk *walk)
{
  struct attempt *attempt = g_new0 (struct attempt, 1);
  attempt->walk = walk;
  attempt->server = &walk->servers[walk->next++];
  attempt->fd = -1;
  walk->open++;
  walk->next_at = g_get_monotonic_time () + HEAD_START_MS * 1000;
  g_socket_client_connect_to_host_async (walk->client, attempt->server->host, attempt->server->port, walk->cancel,
                                         on_connected, attempt);
}

static gboolean
wake (gpointer data)
{
  return G_SOURCE_REMOVE;
}

static void
wait_for_something (struct certdir_walk *walk, gint64 until)
{
  g_autoptr (GSource) timer = g_timeout_source_new ((guint) certdir_left_ms (until) + 1);
  g_source_set_callback (timer, wake, NULL, NULL);
  g_source_attach (timer, walk->context);
  g_main_context_iteration (walk->context, TRUE);
  g_source_destroy (timer);
}

int
certdir_walk_next (struct certdir_walk *walk, gint64 until, const struct certdir_server **server_out)
{
  g_main_context_push_thread_default (walk->context);
  while (g_queue_is_empty (&walk->connected) && g_get_monotonic_time () < until
         && (walk->open > 0 || walk->next < walk->count)) {
    gboolean more = walk->next < walk->count;
    if (more && (walk->open == 0 || g_get_monotonic_time () >= walk->next_at))
      start_next (walk);
    else
      wait_for_something (walk, more ? MIN (until, walk->next_at) : until);
  }
  g_main_context_pop_thread_default (walk->context);
  struct attempt *attempt = g_queue_pop_head (&walk->connected);
  if (attempt == NULL)
    return -1;
  const int fd = attempt->fd;
  *server_out = attempt->server;
  g_free (attempt);
  return fd;
}

guint
certdir_walk_left (const struct certdir_walk *walk)
{
  return walk->count - walk->next + walk->open + g_queue_get_length ((GQueue *) &walk->connected);
}

void
certdir_walk_free (struct certdir_walk *walk)
{
  g_cancellable_cancel (walk->cancel);
  g_main_context_push_thread_default (walk->context);
  while (walk->open > 0)
    g_main_context_iteration (walk->context, TRUE);
  g_main_context_pop_thread_default (walk->context);
  g_queue_clear_full (&walk->connected, attempt_free);
  g_object_unref (walk->cancel);
  g_object_unref (walk->client);
  g_main_context_unref (walk->context);
  g_free (walk);
}
