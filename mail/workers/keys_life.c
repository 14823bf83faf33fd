/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of the user's own keys at the door of the keys worker: made, given out, backed up. */
#include "mail/workers/keys_p.h"

#include "crypto/keys/keyring_life.h"

static enum route_method
kind_arg (GVariant *args)
{
  const char *kind = "";
  (void) g_variant_lookup (args, "kind", "&s", &kind);
  if (g_str_equal (kind, "pgp"))
    return ROUTE_PGP;
  return g_str_equal (kind, "smime") ? ROUTE_SMIME : ROUTE_HOLD;
}

static GVariant *
request_row (struct worker *worker, const struct smime_request *request, GError **error)
{
  GVariant *data = keys_reply_bytes (worker, request->pem, error);
  if (data == NULL)
    return NULL;
  return g_variant_new_parsed ("{'id': <%s>, 'address': <%s>, 'algorithm': <%s>, 'time': <%x>, 'data': <%@h>}",
                               request->id, request->address, request->algorithm, request->time, data);
}

/* As rows: one, or none. */
static GVariant *
request_rows (struct worker *worker, const GPtrArray *requests, GError **error)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < requests->len; i++) {
    GVariant *row = request_row (worker, g_ptr_array_index (requests, i), error);
    if (row == NULL) {
      g_variant_builder_clear (&rows);
      return NULL;
    }
    g_variant_builder_add (&rows, "@a{sv}", row);
  }
  return g_variant_builder_end (&rows);
}

GVariant *
keys_key_made (struct worker *worker, struct key_candidate *key_or_null, struct smime_request *request_or_null,
               GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new (), requests = g_ptr_array_new ();
  if (key_or_null != NULL)
    g_ptr_array_add (keys, key_or_null);
  if (request_or_null != NULL)
    g_ptr_array_add (requests, request_or_null);
  GVariant *rows = request_rows (worker, requests, error);
  if (rows == NULL)
    return NULL;
  return g_variant_new_parsed ("{'keys': <%@aa{sv}>, 'requests': <%@aa{sv}>}", keys_key_rows (keys), rows);
}

GVariant *
keys_key_new (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  struct keyring_wish wish = { .kind = kind_arg (args), .address = "" };
  AUTOFREE (secret) passphrase = keys_passphrase_arg (args);
  AUTOFREE (key_candidate) key = NULL;
  AUTOFREE (smime_request) request = NULL;
  (void) g_variant_lookup (args, "address", "&s", &wish.address);
  (void) g_variant_lookup (args, "name", "&s", &wish.name);
  (void) g_variant_lookup (args, "algorithm", "&s", &wish.algorithm);
  (void) g_variant_lookup (args, "another", "b", &wish.another);
  wish.passphrase = passphrase;
  if (wish.kind == ROUTE_HOLD || (wish.kind == ROUTE_SMIME && passphrase != NULL)) {
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_USAGE, "%s",
                 wish.kind == ROUTE_HOLD ? "A new key is of the kind pgp or smime."
                                         : "S/MIME keys have no passphrase of their own here.");
    return NULL;
  }
  return keyring_new (keys->keyring, &wish, &key, &request, error) ? keys_key_made (worker, key, request, error) : NULL;
}

GVariant *
keys_key_requests (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  g_autoptr (GPtrArray) requests = smime_request_list (keyring_smime (keys->keyring));
  GVariant *rows = request_rows (worker, requests, error);
  return rows != NULL ? g_variant_new_parsed ("{'requests': <%@aa{sv}>}", rows) : NULL;
}

GVariant *
keys_key_request_drop (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  const char *id = "";
  (void) g_variant_lookup (args, "id", "&s", &id);
  return smime_request_drop (keyring_smime (keys->keyring), id, error) ? keys_nothing () : NULL;
}

GVariant *
keys_key_export (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  struct keyring_public key;
  const char *which = "";
  gboolean own = FALSE;
  (void) g_variant_lookup (args, "key", "&s", &which);
  (void) g_variant_lookup (args, "own", "b", &own);
  if (!keyring_export (keys->keyring, which, kind_arg (args), own, &key, error))
    return NULL;
  GVariant *data = keys_reply_bytes (worker, key.bytes, error);
  GVariant *reply = NULL;
  if (data != NULL)
    reply = g_variant_new_parsed (
        "{'data': <%@h>, 'filename': <%s>, 'type': <%s>, 'fingerprint': <%s>, 'protocol': <%s>}", data, key.filename,
        key.type, key.fingerprint, route_method_name (key.method));
  keyring_public_clear (&key);
  return reply;
}

GVariant *
keys_key_backup (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  struct keyring_backup backup;
  AUTOFREE (secret) passphrase = keys_passphrase_arg (args);
  if (!keyring_backup (keys->keyring, passphrase, &backup, error))
    return NULL;
  GVariant *data = keys_reply_bytes (worker, backup.sealed, error), *reply = NULL;
  if (data != NULL)
    reply = g_variant_new_parsed (
        "{'data': <%@h>, 'pgp': <%u>, 'smime': <%u>, 'on_card': <%@as>}", data, backup.pgp, backup.smime,
        g_variant_new_strv ((const char *const *) backup.on_card->pdata, backup.on_card->len));
  keyring_backup_clear (&backup);
  return reply;
}

GVariant *
keys_key_backup_done (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  return keyring_remind (keys->keyring, FALSE, error) ? keys_nothing () : NULL;
}

GVariant *
keys_key_restore (struct worker *worker, GVariant *args, GError **error)
{
  struct keys *keys = worker_state (worker);
  AUTOFREE (secret) passphrase = keys_passphrase_arg (args);
  g_autoptr (GBytes) sealed = worker_read_fd (worker_arg_fd (worker, args, "file"), KEYS_MESSAGE_SIZE_MAX, error);
  g_autoptr (GPtrArray) own = sealed != NULL ? keyring_restore (keys->keyring, sealed, passphrase, error) : NULL;
  return own != NULL ? g_variant_new_parsed ("{'keys': <%@aa{sv}>}", keys_key_rows (own)) : NULL;
}
