/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The lookup worker: DNS and HTTPS, and directories of keys. It has the network, and neither mail nor keys. */
#include "mail/workers/lookup_p.h"

#include "crypto/revocation.h"
#include "mail/net/certdir.h"
#include "mail/net/discover.h"
#include "mail/net/https.h"
#include "mail/workers/sandbox.h"

#define DISCOVER_MS 10000
#define FETCH_MAX REVOCATION_WANTS_MAX
#define LIST_MS 6000u

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

/* Documents that are signed by themselves: who wants them verifies them. */
static GVariant *
fetch (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GVariant) wants = g_variant_lookup_value (args, "wants", G_VARIANT_TYPE ("aa{sv}"));
  const guint count = (guint) MIN (g_variant_n_children (wants), (gsize) FETCH_MAX);
  struct https_document documents[FETCH_MAX] = { { .url = NULL } };
  GVariant *rows[FETCH_MAX] = { NULL };
  guint32 limit_ms = 0;
  (void) g_variant_lookup (args, "limit_ms", "u", &limit_ms);
  for (guint i = 0; i < count; i++) {
    rows[i] = g_variant_get_child_value (wants, i);
    (void) g_variant_lookup (rows[i], "url", "&s", &documents[i].url);
    g_autoptr (GVariant) request = g_variant_lookup_value (rows[i], "request", G_VARIANT_TYPE_BYTESTRING);
    documents[i].request = request != NULL ? g_variant_get_data_as_bytes (request) : NULL;
    documents[i].size_max = request != NULL ? REVOCATION_RESPONSE_SIZE_MAX : REVOCATION_LIST_SIZE_MAX;
    documents[i].limit_ms = request != NULL ? MIN (limit_ms, LIST_MS) : LIST_MS;
  }
  https_fetch_signed (documents, count);
  GVariantBuilder answers;
  g_variant_builder_init (&answers, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < count; i++) {
    g_auto (GVariantDict) answer = G_VARIANT_DICT_INIT (NULL);
    const char *id = "";
    gsize size = 0;
    const void *data = documents[i].answer != NULL ? g_bytes_get_data (documents[i].answer, &size) : NULL;
    int fd = data != NULL ? worker_memfd ("wardmail", data, size, NULL) : -1;
    (void) g_variant_lookup (rows[i], "id", "&s", &id);
    g_variant_dict_insert (&answer, "id", "s", id);
    if (fd >= 0)
      g_variant_dict_insert_value (&answer, "data", g_variant_new_handle (worker_reply_fd_take (worker, fd)));
    g_variant_builder_add (&answers, "@a{sv}", g_variant_dict_end (&answer));
    g_clear_pointer (&documents[i].answer, g_bytes_unref);
    g_clear_pointer (&documents[i].request, g_bytes_unref);
    g_variant_unref (rows[i]);
  }
  return g_variant_new_parsed ("{'answers': <%@aa{sv}>}", g_variant_builder_end (&answers));
}

static void
allow (GVariant *config, struct sandbox *sandbox)
{
  sandbox->network = TRUE;
  sandbox->memory_bytes = (guint64) 1 << 30;
  g_autofree const char **ca_files = NULL;
  (void) g_variant_lookup (config, "ca_files", "^a&s", &ca_files);
  for (guint i = 0; ca_files != NULL && ca_files[i] != NULL; i++)
    g_ptr_array_add (sandbox->read, g_strdup (ca_files[i]));
}

static GVariant *
start (struct worker *worker, GVariant *config, GError **error)
{
  certdir_init ();
  return g_variant_new ("a{sv}", NULL);
}

static const struct worker_method methods[]
    = { { "discover", discover }, { "fetch", fetch }, { "find_keys", lookup_find_keys }, { NULL, NULL } };

const struct worker_role worker_role_lookup
    = { .peer = PEER_LOOKUP, .methods = methods, .sandbox = allow, .start = start };
