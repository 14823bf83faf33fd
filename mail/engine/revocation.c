/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* From the keys worker's wants to the network and back. See revocation.h. */
#include "mail/engine/revocation.h"

#define MARGIN_MS 300 /* for the way between the processes */

/* The ids of wants that are being fetched: a second message by the same signer does not wait for them too. */
static GHashTable *under_way;

struct fetching {
  struct core *core;
  GVariant *wants;
  guint timer;
  revocation_done_fn done; /* NULL: told already */
  gpointer data;
};

static void
tell (struct fetching *fetching, gboolean more)
{
  revocation_done_fn done = fetching->done;
  g_clear_handle_id (&fetching->timer, g_source_remove);
  fetching->done = NULL;
  if (done != NULL)
    done (fetching->data, more);
}

static gboolean
on_late (gpointer data)
{
  struct fetching *fetching = data;
  fetching->timer = 0;
  tell (fetching, FALSE);
  return G_SOURCE_REMOVE;
}

/* The rows that are not under way already; now they are. The caller unrefs. */
static GVariant *
begin (GVariant *wants)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  if (under_way == NULL)
    under_way = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (gsize i = 0; i < g_variant_n_children (wants); i++) {
    g_autoptr (GVariant) want = g_variant_get_child_value (wants, i);
    const char *id = "";
    (void) g_variant_lookup (want, "id", "&s", &id);
    if (g_hash_table_add (under_way, g_strdup (id)))
      g_variant_builder_add (&rows, "@a{sv}", want);
  }
  return g_variant_ref_sink (g_variant_builder_end (&rows));
}

static void
end (GVariant *wants)
{
  for (gsize i = 0; i < g_variant_n_children (wants); i++) {
    g_autoptr (GVariant) want = g_variant_get_child_value (wants, i);
    const char *id = "";
    (void) g_variant_lookup (want, "id", "&s", &id);
    g_hash_table_remove (under_way, id);
  }
}

/* A list may take long to come, or never come: it must not hold up the responders. */
static gboolean
has_list (GVariant *wants)
{
  for (gsize i = 0; i < g_variant_n_children (wants); i++) {
    g_autoptr (GVariant) want = g_variant_get_child_value (wants, i);
    g_autoptr (GVariant) request = g_variant_lookup_value (want, "request", G_VARIANT_TYPE_BYTESTRING);
    if (request == NULL)
      return TRUE;
  }
  return FALSE;
}

static void
on_kept (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct fetching *fetching = data;
  end (fetching->wants);
  tell (fetching, error == NULL);
  g_variant_unref (fetching->wants);
  g_free (fetching);
}

/* Nothing came of any of them: that is an answer too, or they would be wanted again at once. */
static GVariant *
empty_answers (GVariant *wants)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (wants); i++) {
    g_autoptr (GVariant) want = g_variant_get_child_value (wants, i);
    const char *id = "";
    (void) g_variant_lookup (want, "id", "&s", &id);
    g_variant_builder_add (&rows, "@a{sv}", g_variant_new_parsed ("{'id': <%s>}", id));
  }
  return g_variant_builder_end (&rows);
}

static void
on_fetched (GVariant *reply, GUnixFDList *fds, const GError *error, gpointer data)
{
  struct fetching *fetching = data;
  g_autoptr (GVariant) answers
      = error == NULL ? core_rows (reply, "answers") : g_variant_ref_sink (empty_answers (fetching->wants));
  supervised_call (fetching->core->keys, "answers", g_variant_new_parsed ("{'answers': <%@aa{sv}>}", answers), fds,
                   NULL, on_kept, fetching);
}

void
revocation_fetch (struct core *core, GVariant *wants, guint left_ms, revocation_done_fn done, gpointer data)
{
  g_autoptr (GVariant) mine = begin (wants);
  if (g_variant_n_children (mine) == 0) {
    done (data, FALSE);
    return;
  }
  struct fetching *fetching = g_new0 (struct fetching, 1);
  guint32 limit_ms = left_ms > 2 * MARGIN_MS ? left_ms - MARGIN_MS : MARGIN_MS;
  fetching->core = core;
  fetching->wants = g_variant_ref (mine);
  fetching->done = done;
  fetching->data = data;
  fetching->timer = g_timeout_add (left_ms, on_late, fetching);
  supervised_call (has_list (mine) ? core->lists : core->lookup, "fetch",
                   g_variant_new_parsed ("{'wants': <%@aa{sv}>, 'limit_ms': <%u>}", mine, limit_ms), NULL, NULL,
                   on_fetched, fetching);
}
