/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* SRV look-ups by GLib's resolver. See srv.h. */
#include "mail/net/srv.h"

#include <string.h>

#include "mail/net/discover.h"

struct pending {
  struct srv_question *question;
  guint *open;
};

static void
on_answer (GObject *resolver, GAsyncResult *result, gpointer data)
{
  struct pending *pending = data;
  g_autoptr (GError) error = NULL;
  GList *targets = g_resolver_lookup_service_finish (G_RESOLVER (resolver), result, &error);
  pending->question->targets = g_srv_target_list_sort (targets);
  pending->question->answered = error == NULL || g_error_matches (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
  (*pending->open)--;
}

static gboolean
on_timeout (gpointer data)
{
  g_cancellable_cancel (data);
  return G_SOURCE_REMOVE;
}

void
srv_ask (const char *domain, struct srv_question *questions, guint count, guint timeout_ms)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autoptr (GCancellable) cancel = g_cancellable_new ();
  g_autoptr (GSource) timer = g_timeout_source_new (timeout_ms);
  g_source_set_callback (timer, on_timeout, cancel, NULL);
  g_source_attach (timer, context);
  g_autofree struct pending *pending = g_new0 (struct pending, count);
  guint open = count;
  for (guint i = 0; i < count; i++) {
    pending[i] = (struct pending){ .question = &questions[i], .open = &open };
    questions[i].targets = NULL;
    questions[i].answered = FALSE;
    g_resolver_lookup_service_async (resolver, questions[i].service, "tcp", domain, cancel, on_answer, &pending[i]);
  }
  while (open > 0)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (timer);
  g_main_context_pop_thread_default (context);
}

char *
srv_host (GSrvTarget *target)
{
  g_autofree char *host = g_ascii_strdown (g_srv_target_get_hostname (target), -1);
  if (g_str_has_suffix (host, "."))
    host[strlen (host) - 1] = '\0';
  return discover_is_host (host) ? g_steal_pointer (&host) : NULL;
}
