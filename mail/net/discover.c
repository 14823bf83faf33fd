/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Autoconfig and SRV for one domain. See discover.h. */
#include "mail/net/discover.h"

#include <string.h>

#include "mail/engine.h"
#include "mail/net/https.h"
#include "mail/net/srv.h"

#define DOCUMENT_MAX (256u * 1024)
#define REQUEST_MS 4000
#define SRV_MS 3000
#define TEXT_MAX 300

void
discover_clear (struct discover *discover)
{
  g_clear_pointer (&discover->imap.host, g_free);
  g_clear_pointer (&discover->smtp.host, g_free);
}

/* Letters, digits and hyphens, with a dot somewhere: what can stand in a certificate. */
gboolean
discover_is_host (const char *host)
{
  gsize length = strlen (host), label = 0;
  gboolean dot = FALSE;
  if (length == 0 || length > 253)
    return FALSE;
  for (gsize i = 0; i < length; i++) {
    gboolean ends = i + 1 == length || host[i + 1] == '.';
    if (host[i] == '.') {
      if (label == 0 || i + 1 == length)
        return FALSE;
      dot = TRUE;
      label = 0;
      continue;
    }
    if (!g_ascii_isalnum (host[i]) && !(host[i] == '-' && label > 0 && !ends))
      return FALSE;
    if (++label > 63)
      return FALSE;
  }
  return dot;
}

static void
propose (struct discover_server *server, const char *host, guint64 port, gboolean starttls)
{
  if (server->host != NULL || !discover_is_host (host) || port == 0 || port > 65535)
    return;
  server->host = g_ascii_strdown (host, -1);
  server->port = (guint16) port;
  server->starttls = starttls;
}

/* ---- the autoconfig document ---- */

struct parsing {
  const char *domain;
  struct discover *discover;
  struct discover_server *server;     /* the kind we are in; NULL: none that we want */
  struct discover_server *later_imap; /* STARTTLS, if nothing better comes */
  struct discover_server *later_smtp;
  GString *text;
  char *host, *port, *security;
};

static void
on_start (GMarkupParseContext *context, const char *element, const char **names, const char **values, gpointer data,
          GError **error)
{
  struct parsing *parsing = data;
  const char *type = "";
  for (gsize i = 0; names[i] != NULL; i++)
    if (strcmp (names[i], "type") == 0)
      type = values[i];
  if (strcmp (element, "incomingServer") == 0)
    parsing->server = strcmp (type, "imap") == 0 ? &parsing->discover->imap : NULL;
  else if (strcmp (element, "outgoingServer") == 0)
    parsing->server = strcmp (type, "smtp") == 0 ? &parsing->discover->smtp : NULL;
  g_string_truncate (parsing->text, 0);
}

static void
on_text (GMarkupParseContext *context, const char *text, gsize size, gpointer data, GError **error)
{
  struct parsing *parsing = data;
  if (parsing->text->len + size <= TEXT_MAX)
    g_string_append_len (parsing->text, text, (gssize) size);
}

static void
keep (char **field, const char *text)
{
  g_free (*field);
  *field = g_strstrip (g_strdup (text));
}

static void
end_server (struct parsing *parsing)
{
  gboolean starttls = g_strcmp0 (parsing->security, "STARTTLS") == 0;
  if (parsing->server != NULL && parsing->host != NULL && parsing->port != NULL
      && (starttls || g_strcmp0 (parsing->security, "SSL") == 0)) {
    g_auto (GStrv) pieces = g_strsplit (parsing->host, "%EMAILDOMAIN%", -1);
    g_autofree char *host = g_strjoinv (parsing->domain, pieces);
    struct discover_server *later
        = parsing->server == &parsing->discover->imap ? parsing->later_imap : parsing->later_smtp;
    propose (starttls ? later : parsing->server, host, g_ascii_strtoull (parsing->port, NULL, 10), starttls);
  }
  parsing->server = NULL;
  g_clear_pointer (&parsing->host, g_free);
  g_clear_pointer (&parsing->port, g_free);
  g_clear_pointer (&parsing->security, g_free);
}

static void
on_end (GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
  struct parsing *parsing = data;
  if (strcmp (element, "hostname") == 0)
    keep (&parsing->host, parsing->text->str);
  else if (strcmp (element, "port") == 0)
    keep (&parsing->port, parsing->text->str);
  else if (strcmp (element, "socketType") == 0)
    keep (&parsing->security, parsing->text->str);
  else if (strcmp (element, "incomingServer") == 0 || strcmp (element, "outgoingServer") == 0)
    end_server (parsing);
}

static void
prefer (struct discover_server *server, struct discover_server *later)
{
  if (server->host == NULL)
    *server = *later;
  else
    g_free (later->host);
}

void
discover_parse (const char *xml, gsize size, const char *domain, struct discover *discover)
{
  static const GMarkupParser parser = { .start_element = on_start, .end_element = on_end, .text = on_text };
  struct discover_server later_imap = { NULL, 0, FALSE }, later_smtp = { NULL, 0, FALSE };
  struct parsing parsing
      = { .domain = domain, .discover = discover, .later_imap = &later_imap, .later_smtp = &later_smtp };
  parsing.text = g_string_new (NULL);
  GMarkupParseContext *context = g_markup_parse_context_new (&parser, 0, &parsing, NULL);
  if (size <= DOCUMENT_MAX && g_markup_parse_context_parse (context, xml, (gssize) size, NULL))
    (void) g_markup_parse_context_end_parse (context, NULL);
  g_markup_parse_context_free (context);
  parsing.server = NULL;
  end_server (&parsing);
  g_string_free (parsing.text, TRUE);
  prefer (&discover->imap, &later_imap);
  prefer (&discover->smtp, &later_smtp);
}

gboolean
discover_fetch (const char *url, const char *ca_file, guint timeout_ms, const char *domain, struct discover *discover,
                GError **error)
{
  g_autoptr (GBytes) document = https_get (url, ca_file, timeout_ms, DOCUMENT_MAX, error);
  if (document == NULL)
    return FALSE;
  gsize size = 0;
  const char *xml = g_bytes_get_data (document, &size);
  discover_parse (xml, size, domain, discover);
  return TRUE;
}

/* ---- SRV ---- */

static const struct {
  const char *service;
  gboolean imap, starttls;
} services[] = {
  { "imaps", TRUE, FALSE },
  { "imap", TRUE, TRUE },
  { "submissions", FALSE, FALSE },
  { "submission", FALSE, TRUE },
};

static void
look_up_srv (const char *domain, guint timeout_ms, struct discover *discover)
{
  struct srv_question questions[G_N_ELEMENTS (services)];
  for (guint i = 0; i < G_N_ELEMENTS (services); i++)
    questions[i].service = services[i].service;
  srv_ask (domain, questions, G_N_ELEMENTS (services), timeout_ms);
  for (guint i = 0; i < G_N_ELEMENTS (services); i++) {
    GSrvTarget *best = questions[i].targets != NULL ? questions[i].targets->data : NULL;
    g_autofree char *host = best != NULL ? srv_host (best) : NULL;
    if (host != NULL)
      propose (services[i].imap ? &discover->imap : &discover->smtp, host, g_srv_target_get_port (best),
               services[i].starttls);
    g_resolver_free_targets (questions[i].targets);
  }
}

static guint
time_left (gint64 deadline)
{
  gint64 left = (deadline - g_get_monotonic_time ()) / 1000;
  return left > 0 ? (guint) left : 0;
}

gboolean
discover_domain (const char *domain, guint timeout_ms, struct discover *discover, GError **error)
{
  static const char *const urls[]
      = { "https://autoconfig.%s/mail/config-v1.1.xml", "https://%s/.well-known/autoconfig/mail/config-v1.1.xml" };
  gint64 deadline = g_get_monotonic_time () + (gint64) timeout_ms * 1000;
  if (!discover_is_host (domain)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "“%s” is not the name of a mail domain, such as example.org.",
                 domain);
    return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (urls); i++) {
    g_auto (GStrv) pieces = g_strsplit (urls[i], "%s", 2);
    g_autofree char *url = g_strjoinv (domain, pieces);
    guint left = time_left (deadline);
    if (left > SRV_MS && (discover->imap.host == NULL || discover->smtp.host == NULL))
      (void) discover_fetch (url, NULL, MIN (REQUEST_MS, left - SRV_MS), domain, discover, NULL);
  }
  if ((discover->imap.host == NULL || discover->smtp.host == NULL) && time_left (deadline) > 0)
    look_up_srv (domain, MIN (SRV_MS, time_left (deadline)), discover);
  return TRUE;
}
