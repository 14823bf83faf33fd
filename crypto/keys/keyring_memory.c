/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* used.conf: which keys mail to each address was encrypted to, so that another one is a decision of the sender and no surprise.
 *
 * A group for each address. Only what the sender sent is noted, so that nobody can fill it from outside; still it is bounded: the
 * addresses that were not written to for longest are forgotten first. */
#include "crypto/keys/keyring_p.h"
#include "crypto/addrspec.h"
#include "crypto/plan.h"

#define PEOPLE_MAX 20000
#define KEYS_MAX 16                    /* of one address; the newest are kept */
#define LAST_COARSE_S (30 * 24 * 3600) /* how exactly it is known when somebody was written to last */
#define LAST "last"
#define FINGERPRINTS "fingerprints"

static const struct keyring_file used
    = { "used.conf", "The list of the keys that you used so far",
        "compare the keys of the people whom you write to; a key that has changed is not noticed until then" };

gboolean
keyring_memory_load (struct keyring *keyring, GError **error)
{
  GKeyFile *file = keyring_file_read (keyring, &used, error);
  if (file == NULL)
    return FALSE;
  g_clear_pointer (&keyring->memory, g_key_file_unref);
  keyring->memory = file;
  return TRUE;
}

static gboolean
is_in (char **list, const char *fingerprint)
{
  return list != NULL && fingerprint != NULL && g_strv_contains ((const char *const *) list, fingerprint);
}

/* Was another key compared for the address of this one, whether it was used or not? */
static gboolean
other_compared (struct keyring *keyring, const struct key_candidate *key)
{
  GHashTableIter iter;
  gpointer fingerprint;
  g_hash_table_iter_init (&iter, keyring->trust);
  while (g_hash_table_iter_next (&iter, &fingerprint, NULL))
    if (!g_str_equal (fingerprint, key->fingerprint) && keyring_trusted_for (keyring, fingerprint, key->address))
      return TRUE;
  return FALSE;
}

/* Is one of the keys that were used for the address the user's own, so that it is an address of his? */
static gboolean
own_used (char **known, const struct key_candidate *key, const GPtrArray *candidates)
{
  for (guint i = 0; i < candidates->len; i++) {
    const struct key_candidate *other = g_ptr_array_index (candidates, i);
    if (other->own && is_in (known, other->fingerprint) && addrspec_equal (other->address, key->address))
      return TRUE;
  }
  return FALSE;
}

void
keyring_memory_apply (struct keyring *keyring, GPtrArray *candidates)
{
  for (guint i = 0; i < candidates->len; i++) {
    struct key_candidate *key = g_ptr_array_index (candidates, i);
    g_autofree char *who = addrspec_fold (key->address);
    g_auto (GStrv) known
        = who != NULL ? g_key_file_get_string_list (keyring->memory, who, FINGERPRINTS, NULL, NULL) : NULL;
    const gboolean used_before = known != NULL && *known != NULL;
    key->changed = used_before ? !is_in (known, key->fingerprint) : key->looked_up && other_compared (keyring, key);
    /* Whoever hands out a key can hand out its private half as well: that alone must not change who somebody is. */
    if (key->changed && key->own && !keyring_trusted_for (keyring, key->fingerprint, key->address)
        && !own_used (known, key, candidates))
      key->trust = KEY_TRUST_FIRST_SEEN;
  }
}

gboolean
keyring_memory_has (struct keyring *keyring, const char *folded_address, const char *fingerprint)
{
  g_auto (GStrv) known = folded_address != NULL
                             ? g_key_file_get_string_list (keyring->memory, folded_address, FINGERPRINTS, NULL, NULL)
                             : NULL;
  return is_in (known, fingerprint);
}

gboolean
keyring_memory_knows (struct keyring *keyring, const struct key_candidate *key)
{
  g_autofree char *who = addrspec_fold (key->address);
  return keyring_memory_has (keyring, who, key->fingerprint);
}

/* TRUE: there was something to note. */
static gboolean
note (GKeyFile *file, const char *who, const char *fingerprint, gint64 now)
{
  g_auto (GStrv) known = g_key_file_get_string_list (file, who, FINGERPRINTS, NULL, NULL);
  const gint64 last = g_key_file_get_int64 (file, who, LAST, NULL);
  const gboolean fresh = !is_in (known, fingerprint);
  if (!fresh && last <= now && now - last < LAST_COARSE_S)
    return FALSE;
  g_key_file_set_int64 (file, who, LAST, now);
  if (fresh) {
    g_autoptr (GPtrArray) list = g_ptr_array_new ();
    g_ptr_array_add (list, (gpointer) fingerprint);
    for (guint i = 0; known != NULL && known[i] != NULL && list->len < KEYS_MAX; i++)
      g_ptr_array_add (list, known[i]);
    g_key_file_set_string_list (file, who, FINGERPRINTS, (const char *const *) list->pdata, list->len);
  }
  return TRUE;
}

static void
forget_oldest (GKeyFile *file)
{
  gsize count = 0;
  g_auto (GStrv) people = g_key_file_get_groups (file, &count);
  for (; count > PEOPLE_MAX; count--) {
    const char *oldest = NULL;
    gint64 oldest_time = G_MAXINT64;
    for (gsize i = 0; people[i] != NULL; i++) {
      const gint64 last
          = g_key_file_has_group (file, people[i]) ? g_key_file_get_int64 (file, people[i], LAST, NULL) : G_MAXINT64;
      if (last < oldest_time) {
        oldest = people[i];
        oldest_time = last;
      }
    }
    if (oldest == NULL || !g_key_file_remove_group (file, oldest, NULL))
      return;
  }
}

gboolean
keyring_remember (struct keyring *keyring, const struct plan *plan, gint64 at, GError **error)
{
  g_autoptr (GKeyFile) file = keyring_file_read (keyring, &used, error);
  const gint64 now = at != 0 ? at : g_get_real_time () / G_USEC_PER_SEC;
  gboolean changed = FALSE;
  if (file == NULL)
    return FALSE;
  for (guint i = 0; i < plan->routes->len; i++) {
    const struct route *route = g_ptr_array_index (plan->routes, i);
    g_autofree char *who = route->method != ROUTE_HOLD && route->key != NULL ? addrspec_fold (route->address) : NULL;
    if (who != NULL)
      changed |= note (file, who, route->key->fingerprint, now);
  }
  if (!changed)
    return TRUE;
  forget_oldest (file);
  if (!keyring_file_write (keyring, &used, file, error))
    return FALSE;
  g_key_file_unref (keyring->memory);
  keyring->memory = g_steal_pointer (&file);
  return TRUE;
}
