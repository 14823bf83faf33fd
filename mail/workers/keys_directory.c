/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys worker's side of directories on the network: which should be asked for whom, and what they said. It believes nothing unverified. */
#include "mail/workers/keys_p.h"

#include <string.h>

#include "crypto/plan.h"

#define ANSWERS_MAX 16
#define ANSWER_SIZE_MAX (512u * 1024)

/* Would another key be welcome? One from a header is used for want of a better one. A route that stands needs none, but the directory that gave its
 * key may have another one by now. */
static gboolean
wanted (const struct route *route)
{
  switch (route->reason) {
  case ROUTE_REASON_BAD_ADDRESS:
  case ROUTE_REASON_KEYRING:
    return FALSE;
  case ROUTE_REASON_KEY_FOUND:
    return route->key->hearsay;
  case ROUTE_REASON_NO_KEY:
  case ROUTE_REASON_SENDER: /* one for the other method would do */
  case ROUTE_REASON_POLICY:
  case ROUTE_REASON_UNTRUSTED:
  case ROUTE_REASON_EXPIRED:
  case ROUTE_REASON_NOT_YET:
  case ROUTE_REASON_USAGE:
  case ROUTE_REASON_WEAK:
  case ROUTE_REASON_REVOKED:
  case ROUTE_REASON_BROKEN:
  case ROUTE_REASON_CHANGED:
  case ROUTE_REASON_PINNED:
  case ROUTE_REASON_STOPPED:
  case ROUTE_REASON_SECOND:
    break;
  }
  return TRUE;
}

GVariant *
keys_looks (struct keys *keys, const struct plan *plan, guint *wanted_out)
{
  GVariantBuilder rows;
  *wanted_out = 0;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < plan->routes->len; i++) {
    const struct route *route = g_ptr_array_index (plan->routes, i);
    const gboolean wants = wanted (route);
    const char *used = wants || route->key == NULL ? NULL : route->key->fingerprint;
    for (char **source = keys->directories; (wants || used != NULL) && source != NULL && *source != NULL; source++)
      if (keyring_should_ask (keys->keyring, *source, route->address, used, 0)) {
        *wanted_out += wants ? 1 : 0;
        g_variant_builder_add (
            &rows, "@a{sv}",
            g_variant_new_parsed ("{'source': <%s>, 'address': <%s>, 'wanted': <%b>}", *source, route->address, wants));
      }
  }
  return g_variant_builder_end (&rows);
}

GVariant *
keys_learn_keys (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  const char *source = "", *address = "", *said = "";
  g_autoptr (GPtrArray) blobs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GVariant) files = g_variant_lookup_value (args, "keys", G_VARIANT_TYPE ("ah"));
  (void) g_variant_lookup (args, "source", "&s", &source);
  (void) g_variant_lookup (args, "address", "&s", &address);
  (void) g_variant_lookup (args, "said", "&s", &said);
  for (gsize i = 0; i < g_variant_n_children (files) && i < ANSWERS_MAX; i++) {
    gint32 handle;
    g_variant_get_child (files, i, "h", &handle);
    GBytes *blob = worker_read_fd (worker_fd_at (worker, handle), ANSWER_SIZE_MAX, NULL);
    if (blob != NULL)
      g_ptr_array_add (blobs, blob);
  }
  const enum keyring_said what = strcmp (said, "keys") == 0   ? KEYRING_SAID_KEYS
                                 : strcmp (said, "none") == 0 ? KEYRING_SAID_NONE
                                                              : KEYRING_SAID_NOTHING;
  return keyring_learn (keys->keyring, source, address, what, blobs, 0, error) ? keys_nothing () : NULL;
}
