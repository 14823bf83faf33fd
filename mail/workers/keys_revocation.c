/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys worker's side of revocation: what it would want to be fetched, and the answers. It believes none of them unverified. */
#include "mail/workers/keys_p.h"

GVariant *
keys_wants (GPtrArray *wants)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < wants->len; i++) {
    const struct revocation_want *want = g_ptr_array_index (wants, i);
    g_auto (GVariantDict) row = G_VARIANT_DICT_INIT (NULL);
    g_variant_dict_insert (&row, "id", "s", want->id);
    g_variant_dict_insert (&row, "url", "s", want->url);
    if (want->request != NULL)
      g_variant_dict_insert_value (&row, "request",
                                   g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, want->request, TRUE));
    g_variant_builder_add (&rows, "@a{sv}", g_variant_dict_end (&row));
  }
  return g_variant_builder_end (&rows);
}

GVariant *
keys_answers (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  g_autoptr (GVariant) rows = g_variant_lookup_value (args, "answers", G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (rows) && i < REVOCATION_WANTS_MAX; i++) {
    g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
    g_autoptr (GBytes) answer = NULL;
    const char *id = "";
    gint32 handle;
    (void) g_variant_lookup (row, "id", "&s", &id);
    if (g_variant_lookup (row, "data", "h", &handle))
      answer = worker_read_fd (worker_fd_at (worker, handle), REVOCATION_LIST_SIZE_MAX, NULL);
    keyring_take_answer (keys->keyring, id, answer);
  }
  return keys_nothing ();
}
