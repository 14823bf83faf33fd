/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The lookup worker: DNS and HTTPS. It has the network, and neither mail nor keys. */
#include "mail/workers/worker.h"

#include "mail/net/discover.h"
#include "mail/workers/sandbox.h"

#define DISCOVER_MS 10000

static void
add_server (GVariantBuilder *reply, const char *name, const char *security_name, const struct discover_server *server)
{
  if (server->host == NULL)
    return;
  g_autofree char *where = g_strdup_printf ("%s:%u", server->host, server->port);
  g_variant_builder_add (reply, "{sv}", name, g_variant_new_string (where));
  g_variant_builder_add (reply, "{sv}", security_name, g_variant_new_string (server->starttls ? "starttls" : "tls"));
}

static GVariant *
discover (struct worker *worker, GVariant *args, GError **error)
{
  const char *domain = "";
  struct discover found = { { NULL, 0, FALSE }, { NULL, 0, FALSE } };
  g_variant_lookup (args, "domain", "&s", &domain);
  if (!discover_domain (domain, DISCOVER_MS, &found, error))
    return NULL;
  GVariantBuilder reply;
  g_variant_builder_init (&reply, G_VARIANT_TYPE_VARDICT);
  add_server (&reply, "imap", "imap_security", &found.imap);
  add_server (&reply, "smtp", "smtp_security", &found.smtp);
  discover_clear (&found);
  return g_variant_builder_end (&reply);
}

static void
allow (GVariant *config, struct sandbox *sandbox)
{
  sandbox->network = TRUE;
  sandbox->memory_bytes = (guint64) 1 << 30;
}

static GVariant *
start (struct worker *worker, GVariant *config, GError **error)
{
  return g_variant_new ("a{sv}", NULL);
}

static const struct worker_method methods[] = { { "discover", discover }, { NULL, NULL } };

const struct worker_role worker_role_lookup
    = { .peer = PEER_LOOKUP, .methods = methods, .sandbox = allow, .start = start };
