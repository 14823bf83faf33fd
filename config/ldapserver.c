/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* URLs of LDAP servers. See ldapserver.h. */
#include "config/ldapserver.h"

#include <string.h>

#include "config/text.h"

#define PORT_PLAIN 389
#define PORT_TLS 636
#define BASE_SIZE_MAX 1000

void
ldapserver_free (struct ldapserver *server)
{
  g_free (server->host);
  g_free (server->base);
  g_free (server);
}

/* How the line is protected; NULL: the URL says something else that would be passed over in silence. */
static const char *
tls_of (const char *scheme, const char *query)
{
  const gboolean starttls = query != NULL
                            && (g_ascii_strcasecmp (query, "???"
                                                           "starttls")
                                    == 0
                                || g_ascii_strcasecmp (query, "??"
                                                              "?!starttls")
                                       == 0);
  if (g_ascii_strcasecmp (scheme, "ldaps") == 0)
    return query == NULL ? "tls" : NULL;
  if (g_ascii_strcasecmp (scheme, "ldap") == 0)
    return starttls ? "starttls" : query == NULL ? "plain" : NULL;
  return NULL;
}

static struct ldapserver *
parse (const char *text)
{
  g_autoptr (GUri) uri = text_is_line (text, 2000) ? g_uri_parse (text, G_URI_FLAGS_HAS_PASSWORD, NULL) : NULL;
  if (uri == NULL)
    return NULL;
  const char *host = g_uri_get_host (uri), *path = g_uri_get_path (uri);
  const char *tls = tls_of (g_uri_get_scheme (uri), g_uri_get_query (uri)), *base = *path == '/' ? path + 1 : path;
  const int port = g_uri_get_port (uri);
  if (tls == NULL || host == NULL || !text_is_host (host) || g_uri_get_userinfo (uri) != NULL
      || g_uri_get_fragment (uri) != NULL || port == 0 || (*base != '\0' && !text_is_line (base, BASE_SIZE_MAX)))
    return NULL;
  struct ldapserver *server = g_new0 (struct ldapserver, 1);
  server->host = g_strdup (host);
  server->port = port > 0 ? (guint) port : strcmp (tls, "tls") == 0 ? PORT_TLS : PORT_PLAIN;
  server->tls = tls;
  server->base = g_strdup (base);
  return server;
}

static void
free_server (gpointer server)
{
  ldapserver_free (server);
}

GPtrArray *
ldapserver_list (const char *text, const char **why_out)
{
  g_autoptr (GPtrArray) servers = g_ptr_array_new_with_free_func (free_server);
  g_auto (GStrv) urls = g_strsplit (text != NULL ? text : "", ";", -1);
  for (gsize i = 0; urls[i] != NULL; i++) {
    if (*g_strstrip (urls[i]) == '\0')
      continue;
    struct ldapserver *server = servers->len < LDAPSERVER_MAX ? parse (urls[i]) : NULL;
    if (server == NULL) {
      *why_out = servers->len < LDAPSERVER_MAX
                     ? "this is a list of servers such as ldaps://ldap.hospital.example/dc=hospital,dc=example, with "
                       "“;” between them."
                     : "there are more than 16 servers.";
      return NULL;
    }
    g_ptr_array_add (servers, server);
  }
  return g_steal_pointer (&servers);
}

gboolean
ldapserver_is_ca (const char *path, const char **why_out)
{
  if (path == NULL || (g_path_is_absolute (path) && text_is_line (path, 4000)))
    return TRUE;
  *why_out = "this is the whole path of a file with certificates (PEM), such as /etc/ssl/hospital.pem.";
  return FALSE;
}
