/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Routes at the door: what the keys worker says of the recipients, while directories on the network are asked for keys that are missing.
 *
 * Who writes a message gets an answer at once, and hears by the event "keys" that there may be a better one; who asks with "wait" gets what is
 * known after DIRECTORY_WAIT_MS at the latest. */
#include "mail/engine/directory.h"

struct routing {
  struct core *core;
  struct request *request;
  gint64 since;
  gboolean again; /* directories have been waited for */
};

static void
routing_free (struct routing *routing)
{
  request_unref (routing->request);
  g_free (routing);
}

/* The fields that are the keys worker's. */
static GVariant *
question (const struct routing *routing)
{
  g_auto (GVariantDict) fields = G_VARIANT_DICT_INIT (routing->request->fields);
  g_variant_dict_remove (&fields, "wait");
  g_variant_dict_remove (&fields, "unfinished");
  return g_variant_dict_end (&fields);
}

static void
answer (struct routing *routing, GVariant *reply)
{
  guint held = 0;
  GVariantBuilder marked;
  g_autoptr (GVariant) rows = core_rows (reply, "routes");
  g_variant_builder_init (&marked, G_VARIANT_TYPE ("aa{sv}"));
  (void) g_variant_lookup (reply, "held", "u", &held);
  for (gsize i = 0; i < g_variant_n_children (rows); i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    const char *address = "";
    (void) g_variant_lookup (row, "address", "&s", &address);
    g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (row);
    g_variant_dict_insert (&dict, "looking", "b", directory_is_looking (routing->core, address));
    g_variant_builder_add (&marked, "@a{sv}", g_variant_dict_end (&dict));
  }
  request_reply (routing->request,
                 g_variant_new_parsed ("{'routes': <%@aa{sv}>, 'held': <%u>}", g_variant_builder_end (&marked), held),
                 NULL);
  routing_free (routing);
}

static void ask (struct routing *routing);

static void
on_looked (gpointer data)
{
  struct routing *routing = data;
  routing->again = TRUE;
  ask (routing);
}

static gboolean
any_wanted (GVariant *looks)
{
  gboolean wanted = FALSE;
  for (gsize i = 0; i < g_variant_n_children (looks) && !wanted; i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (looks, i);
    (void) g_variant_lookup (row, "wanted", "b", &wanted);
  }
  return wanted;
}

static void
on_routes (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct routing *routing = data;
  gboolean wait = FALSE;
  g_autofree const char **unfinished = NULL;
  if (error != NULL) {
    request_fail (routing->request, error);
    routing_free (routing);
    return;
  }
  (void) g_variant_lookup (routing->request->fields, "wait", "b", &wait);
  (void) g_variant_lookup (routing->request->fields, "unfinished", "^a&s", &unfinished);
  g_autoptr (GVariant) looks = core_rows (reply, "looks");
  const guint left_ms = directory_left_ms (routing->since);
  if (wait && !routing->again && left_ms > 0 && any_wanted (looks)) {
    directory_look (routing->core, looks, unfinished, left_ms, on_looked, routing);
    return;
  }
  directory_look (routing->core, looks, unfinished, 0, NULL, NULL);
  answer (routing, reply);
}

static void
ask (struct routing *routing)
{
  supervised_call (routing->core->keys, "routes", question (routing), NULL, routing->request, on_routes, routing);
}

void
flow_routes (struct core *core, struct request *request)
{
  struct routing *routing = g_new0 (struct routing, 1);
  routing->core = core;
  routing->request = request_ref (request);
  routing->since = g_get_monotonic_time ();
  ask (routing);
}
