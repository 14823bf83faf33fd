/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* A chain of certificates at the door: a filter of its own judges it, with neither network nor keys, and dies. */
#include "mail/engine/core.h"

struct checking {
  struct request *request;
  struct supervised *filter;
};

static gboolean
free_filter (gpointer data)
{
  supervised_free (data);
  return G_SOURCE_REMOVE;
}

/* A filter that was stopped or died says nothing that helps. */
static void
fail (struct checking *checking, const GError *error)
{
  if (error->domain == ENGINE_ERROR && (error->code == ENGINE_ERROR_TIMEOUT || error->code == ENGINE_ERROR_LOST))
    request_fail_text (checking->request, ENGINE_ERROR_FAILED, "%s",
                       "These certificates took too long, or broke what reads them, so they were not judged. Do not "
                       "trust them.");
  else
    request_fail (checking->request, error);
}

static void
on_judged (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct checking *checking = data;
  if (error != NULL)
    fail (checking, error);
  else
    request_reply (checking->request, reply, NULL);
  g_idle_add (free_filter, checking->filter); /* not from within its own call */
  request_unref (checking->request);
  g_free (checking);
}

static GVariant *
start_filter (gpointer owner, GError **error)
{
  return g_variant_new_parsed ("{'job': <'chain'>}");
}

void
flow_cert_check (struct core *core, struct request *request)
{
  static const struct supervised_hooks hooks = { .start = start_filter };
  struct checking *checking = g_new0 (struct checking, 1);
  checking->request = request_ref (request);
  checking->filter = supervised_new (PEER_FILTER, "filter", "The part that judges certificates", &hooks, checking);
  supervised_call (checking->filter, "chain", request->fields, request->fds, NULL, on_judged, checking);
}
