/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads one server's half of an account dictionary, and refuses what could not be meant. */
#include "mail/net/remote.h"

#include "mail/engine.h"

#include <string.h>

static char *
text_of (GVariant *account, const char *prefix, const char *name)
{
  g_autofree char *key = g_strconcat (prefix, name, NULL);
  const char *text = NULL;
  return g_variant_lookup (account, key, "&s", &text) && *text != '\0' ? g_strdup (text) : NULL;
}

/* A host name or an address: nothing that could mean something else to a resolver or in a message. */
static gboolean
is_host (const char *host)
{
  gsize size = host == NULL ? 0 : strlen (host);
  return size > 0 && size <= 253 && host[0] != '-'
         && strspn (host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:_") == size;
}

struct remote *
remote_new (GVariant *account, const char *which, GError **error)
{
  AUTOFREE (remote) remote = g_new0 (struct remote, 1);
  g_autofree char *prefix = g_strconcat (which, "_", NULL), *security = text_of (account, prefix, "security");
  g_autofree char *port_key = g_strconcat (prefix, "port", NULL);
  guint32 port = 0;
  remote->host = text_of (account, prefix, "host");
  remote->user = text_of (account, "", "user");
  remote->auth = text_of (account, "", "auth");
  remote->ca_file = text_of (account, "", "ca_file");
  remote->client_cert_file = text_of (account, "", "client_cert_file");
  remote->client_key_file = text_of (account, "", "client_key_file");
  remote->lists_file = text_of (account, "", "lists_file");
  g_autofree char *pins_key = g_strconcat (prefix, "pins", NULL);
  (void) g_variant_lookup (account, pins_key, "^as", &remote->pins);
  remote->starttls = g_strcmp0 (security, "starttls") == 0;
  remote->timeout_ms = REMOTE_TIMEOUT_MS;
  g_variant_lookup (account, port_key, "u", &port);
  g_variant_lookup (account, "timeout_ms", "u", &remote->timeout_ms);
  if (is_host (remote->host) && port > 0 && port < 65536 && remote->auth != NULL
      && (remote->starttls || g_strcmp0 (security, "tls") == 0)) {
    remote->port = (guint16) port;
    return g_steal_pointer (&remote);
  }
  g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE,
               "The account's %s server is not set up completely: it needs a host, a port, “tls” or “starttls”, and a "
               "way to sign in.",
               which);
  return NULL;
}

void
remote_add_files (GVariant *account, GPtrArray *read)
{
  static const char *const files[] = { "ca_file", "client_cert_file", "client_key_file" };
  for (gsize i = 0; account != NULL && i < G_N_ELEMENTS (files); i++) {
    char *path = text_of (account, "", files[i]);
    if (path != NULL)
      g_ptr_array_add (read, path);
  }
  /* Revocation lists are replaced while we run, so that it is their folder that counts. */
  g_autofree char *lists = account != NULL ? text_of (account, "", "lists_file") : NULL;
  if (lists != NULL)
    g_ptr_array_add (read, g_path_get_dirname (lists));
}

void
remote_free (struct remote *remote)
{
  g_free (remote->host);
  g_free (remote->auth);
  g_free (remote->user);
  g_free (remote->ca_file);
  g_free (remote->client_cert_file);
  g_free (remote->client_key_file);
  g_free (remote->lists_file);
  g_strfreev (remote->pins);
  g_free (remote);
}
