/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys worker's keyring at the door: import, list, trust. */
#include "mail/workers/keys_p.h"

#include "mail/message/sanitise.h"

#define KEY_FILE_SIZE_MAX (8u * 1024 * 1024)
#define CA_FILE_SIZE_MAX (32u * 1024 * 1024) /* revocation lists can be long */

char *
keys_clean (const char *text_or_null)
{
  return sanitise (text_or_null, -1, SANITISE_LINE);
}

GVariant *
keys_key_rows (GPtrArray *candidates)
{
  static const char *const faults[]
      = { "", "untrusted", "expired", "not_yet_valid", "wrong_usage", "weak", "revoked", "broken" };
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < candidates->len; i++) {
    const struct key_candidate *key = g_ptr_array_index (candidates, i);
    static const char *const nothing[] = { NULL };
    g_autofree char *owner = keys_clean (key->owner), *card = keys_clean (key->card);
    g_variant_builder_add (
        &rows, "@a{sv}",
        g_variant_new_parsed (
            "{'protocol': <%s>, 'fingerprint': <%s>, 'address': <%s>, 'owner': <%s>, 'source': <%s>, "
            "'trust': <%s>, 'fault': <%s>, 'expires': <%x>, 'own': <%b>, 'expiring': <%b>, 'stopped': <%b>, "
            "'card': <%s>, 'changed': <%b>, 'pinned': <%b>, 'barred': <%b>, 'capabilities': <%^as>}",
            route_method_name (key->method), key->fingerprint, key->address != NULL ? key->address : "", owner,
            key->source != NULL ? key->source : "", keys_trust_name (key->trust), faults[key->fault], key->expires,
            key->own, key->expiring, key->stopped, card, key->changed, key->pinned, key->barred,
            key->capabilities != NULL ? (const char *const *) key->capabilities : nothing));
  }
  return g_variant_builder_end (&rows);
}

/* There may be private keys in it. */
static void
wipe_blob (gpointer blob)
{
  gsize size;
  const void *bytes = g_bytes_get_data (blob, &size);
  secret_wipe ((void *) bytes, size);
  g_bytes_unref (blob);
}

struct secret *
keys_passphrase_arg (GVariant *args)
{
  g_autoptr (GVariant) bytes = g_variant_lookup_value (args, "passphrase", G_VARIANT_TYPE_BYTESTRING);
  gsize size;
  const void *data = bytes != NULL ? g_variant_get_fixed_array (bytes, &size, 1) : NULL;
  if (bytes == NULL)
    return NULL;
  struct secret *passphrase = secret_new (data, size);
  secret_wipe ((void *) data, size);
  return passphrase;
}

GVariant *
keys_key_import (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  g_autoptr (GPtrArray) blobs = g_ptr_array_new_with_free_func (wipe_blob);
  g_autoptr (GVariant) files = g_variant_lookup_value (args, "files", G_VARIANT_TYPE ("ah"));
  for (gsize i = 0; i < g_variant_n_children (files); i++) {
    gint32 handle;
    g_variant_get_child (files, i, "h", &handle);
    GBytes *blob = worker_read_fd (worker_fd_at (worker, handle), KEY_FILE_SIZE_MAX, error);
    if (blob == NULL)
      return NULL;
    g_ptr_array_add (blobs, blob);
  }
  AUTOFREE (secret) passphrase = keys_passphrase_arg (args);
  g_autoptr (GPtrArray) candidates = keyring_import (keys->keyring, blobs, passphrase, error);
  return candidates != NULL ? g_variant_new_parsed ("{'keys': <%@aa{sv}>}", keys_key_rows (candidates)) : NULL;
}

GVariant *
keys_key_list (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  const char *address = NULL;
  (void) g_variant_lookup (args, "address", "&s", &address);
  g_autoptr (GPtrArray) candidates
      = address != NULL ? keyring_find (keys->keyring, address, 0, error) : keyring_list (keys->keyring, 0, error);
  return candidates != NULL ? g_variant_new_parsed ("{'keys': <%@aa{sv}>}", keys_key_rows (candidates)) : NULL;
}

GVariant *
keys_key_trust (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  const char *fingerprint = "";
  (void) g_variant_lookup (args, "fingerprint", "&s", &fingerprint);
  return keyring_trust (keys->keyring, fingerprint, error) ? keys_nothing () : NULL;
}

GVariant *
keys_card_add (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  const char *module = NULL, *kind = "smime";
  (void) g_variant_lookup (args, "module", "&s", &module);
  (void) g_variant_lookup (args, "kind", "&s", &kind);
  g_autoptr (GPtrArray) candidates
      = keyring_add_card (keys->keyring, strcmp (kind, "pgp") == 0 ? ROUTE_PGP : ROUTE_SMIME, module, error);
  return candidates != NULL ? g_variant_new_parsed ("{'keys': <%@aa{sv}>}", keys_key_rows (candidates)) : NULL;
}

GVariant *
keys_key_notices (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  g_autoptr (GPtrArray) texts = keyring_expiry_daily (keys->keyring, 0, error);
  if (texts == NULL)
    return NULL;
  return g_variant_new_parsed ("{'texts': <%@as>}",
                               g_variant_new_strv ((const char *const *) texts->pdata, texts->len));
}

GVariant *
keys_ca_import (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  guint added = 0, lists = 0;
  gboolean found = FALSE;
  g_autoptr (GError) no_certificate = NULL;
  g_autoptr (GBytes) file = worker_read_fd (worker_arg_fd (worker, args, "file"), CA_FILE_SIZE_MAX, error);
  if (file == NULL)
    return NULL;
  /* Certificates first: a list beside them may be by one of them. */
  (void) keyring_add_anchor (keys->keyring, file, &added, &no_certificate);
  if (!keyring_add_lists (keys->keyring, file, &lists, &found, error))
    return NULL;
  if (no_certificate != NULL && !found) {
    g_propagate_error (error, g_steal_pointer (&no_certificate));
    return NULL;
  }
  return g_variant_new_parsed ("{'added': <%u>, 'lists': <%u>}", added, lists);
}
