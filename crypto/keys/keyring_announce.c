/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What a message that is sent says of keys: of its sender's, outside; and of those of its readers, inside, where they can read who they are
 * anyway. Autocrypt Level 1, 2.1 and 2.2. What is hearsay ourselves is not said on. */
#include "crypto/keys/keyring.h"
#include "crypto/autocrypt.h"
#include "crypto/pgp/pgp.h"
#include "crypto/plan.h"

char *
keyring_announce (struct keyring *keyring, const char *sender, gint64 at)
{
  struct pgp_engine *pgp = keyring_pgp (keyring);
  g_autofree char *own = pgp_own (pgp, sender, at);
  g_autoptr (GBytes) key = own != NULL ? pgp_minimal (pgp, own, sender, at) : NULL;
  return key != NULL ? autocrypt_write (AUTOCRYPT, sender, key) : NULL;
}

char *
keyring_announce_gossip (struct keyring *keyring, const struct plan_copy *copy, gint64 at)
{
  if (copy->bcc || copy->method != ROUTE_PGP || copy->routes->len < 2)
    return NULL;
  g_autoptr (GString) fields = g_string_new (NULL);
  for (guint i = 0; i < copy->routes->len; i++) {
    const struct route *route = g_ptr_array_index (copy->routes, i);
    g_autoptr (GBytes) key = route->key->hearsay || route->key->own
                                 ? NULL
                                 : pgp_minimal (keyring_pgp (keyring), route->key->fingerprint, route->address, at);
    g_autofree char *field = key != NULL ? autocrypt_write (AUTOCRYPT_GOSSIP, route->address, key) : NULL;
    if (field != NULL)
      g_string_append_printf (fields, "%s\r\n", field);
  }
  return fields->len > 0 ? g_string_free (g_steal_pointer (&fields), FALSE) : NULL;
}
