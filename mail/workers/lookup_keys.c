/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The lookup worker asks directories for keys of an address. A directory is a row here; what it gives goes to the source of the same name in the
 * keyring (keyring_sources.c), which judges it. */
#include "mail/workers/lookup_p.h"

#include <string.h>

#include "mail/net/certdir.h"
#include "mail/net/wkd.h"

#define ANSWERS_MAX 16 /* of one directory for one address */

static const char *
find_wkd (const struct lookup_question *question, GPtrArray *blobs_out)
{
  GBytes *keys = NULL;
  const enum https_outcome outcome = wkd_find (question->address, question->ca_file, question->limit_ms, &keys);
  if (keys != NULL)
    g_ptr_array_add (blobs_out, keys);
  return outcome == HTTPS_FOUND ? "keys" : outcome == HTTPS_NOT_THERE ? "none" : "nothing";
}

/* The organisation's server as the row says it; strings borrowed. FALSE: not one of ours. */
static gboolean
read_server (GVariant *row, struct certdir_server *server)
{
  static const char *const names[]
      = { [CERTDIR_TLS] = "tls", [CERTDIR_STARTTLS] = "starttls", [CERTDIR_PLAIN] = "plain", NULL };
  const char *tls = "", *base = "";
  guint32 port = 0;
  *server = (struct certdir_server){ .host = "" };
  (void) g_variant_lookup (row, "host", "&s", &server->host);
  (void) g_variant_lookup (row, "port", "u", &port);
  (void) g_variant_lookup (row, "tls", "&s", &tls);
  (void) g_variant_lookup (row, "base", "&s", &base);
  (void) g_variant_lookup (row, "ca_file", "&s", &server->ca_file);
  server->port = (guint16) port;
  server->base = *base != '\0' ? base : NULL;
  for (guint i = 0; names[i] != NULL; i++)
    if (strcmp (names[i], tls) == 0) {
      server->tls = (enum certdir_tls) i;
      return *server->host != '\0' && port > 0 && port <= G_MAXUINT16;
    }
  return FALSE;
}

static const char *
find_ldap (const struct lookup_question *question, GPtrArray *blobs_out)
{
  g_autoptr (GVariant) rows = g_variant_lookup_value (question->args, "servers", G_VARIANT_TYPE ("aa{sv}"));
  struct certdir_server servers[CERTDIR_SERVERS_MAX];
  struct certdir_query query
      = { .addresses = &question->address, .count = 1, .servers = servers, .timeout_ms = question->limit_ms };
  struct certdir_answer answer;
  (void) g_variant_lookup (question->args, "by_domain", "b", &query.by_domain);
  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows) && query.server_count < G_N_ELEMENTS (servers);
       i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i); /* lives as long as rows */
    if (read_server (row, &servers[query.server_count]))
      query.server_count++;
  }
  certdir_find (&query, &answer);
  const char *said = answer.values->len > 0 ? "keys" : answer.whole ? "none" : "nothing";
  g_ptr_array_extend_and_steal (blobs_out, g_steal_pointer (&answer.values));
  return said;
}

static const struct {
  const char *name;
  /* Returns what it said, by the names of the protocol. blobs_out: GBytes *. Blocks for limit_ms at most. */
  const char *(*find) (const struct lookup_question *question, GPtrArray *blobs_out);
} directories[] = { { "wkd", find_wkd }, { "ldap", find_ldap } };

GVariant *
lookup_find_keys (struct worker *worker, GVariant *args, GError **error)
{
  struct lookup_question question = { .address = "", .args = args };
  const char *source = "", *said = "nothing";
  g_autoptr (GPtrArray) blobs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  (void) g_variant_lookup (args, "source", "&s", &source);
  (void) g_variant_lookup (args, "address", "&s", &question.address);
  (void) g_variant_lookup (args, "ca_file", "&s", &question.ca_file);
  (void) g_variant_lookup (args, "limit_ms", "u", &question.limit_ms);
  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++)
    if (strcmp (directories[i].name, source) == 0)
      said = directories[i].find (&question, blobs);
  GVariantBuilder handles;
  g_variant_builder_init (&handles, G_VARIANT_TYPE ("ah"));
  for (guint i = 0; i < blobs->len && i < ANSWERS_MAX; i++) {
    gsize size = 0;
    const void *data = g_bytes_get_data (g_ptr_array_index (blobs, i), &size);
    const int fd = worker_memfd ("wardmail", data, size, error);
    if (fd < 0) {
      g_variant_builder_clear (&handles);
      return NULL;
    }
    g_variant_builder_add (&handles, "h", worker_reply_fd_take (worker, fd));
  }
  return g_variant_new_parsed ("{'said': <%s>, 'keys': <%@ah>}", said, g_variant_builder_end (&handles));
}
