/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys worker: private keys, and everything that needs them. It opens what was received and protects what is to be sent.
 * It has no network; it may start gpg, and reads and writes the profile's keys folder alone. */
#include "mail/workers/keys_p.h"

#include "crypto/inspect.h"
#include "mail/message/draft_parse.h"
#include "mail/message/message.h"
#include "mail/workers/sandbox.h"

static void
keys_sandbox (GVariant *config, struct sandbox *sandbox)
{
  const char *dir = NULL;
  if (g_variant_lookup (config, "keys_dir", "&s", &dir))
    g_ptr_array_add (sandbox->write, g_strdup (dir));
  sandbox->unix_sockets = TRUE;
  sandbox->exec = TRUE;
}

static struct secret *
ask (const char *what, gpointer data)
{
  return worker_ask (data, "passphrase", what);
}

const char *
keys_trust_name (enum key_trust trust)
{
  static const char *const names[] = { "none", "first-seen", "wkd", "chain", "verified" };
  return names[trust];
}

GVariant *
keys_nothing (void)
{
  return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
}

static void
read_policy (GVariant *config, struct route_policy *policy)
{
  g_autoptr (GVariant) fields = g_variant_lookup_value (config, "policy", G_VARIANT_TYPE_VARDICT);
  gint32 number;
  gboolean flag;
  route_policy_init (policy);
  if (g_variant_lookup (fields, "least_smime", "i", &number))
    policy->least_smime = (enum key_trust) number;
  if (g_variant_lookup (fields, "least_pgp", "i", &number))
    policy->least_pgp = (enum key_trust) number;
  if (g_variant_lookup (fields, "prefer", "i", &number))
    policy->prefer = number == ROUTE_PGP ? ROUTE_PGP : ROUTE_SMIME;
  if (g_variant_lookup (fields, "allow_smime", "b", &flag))
    policy->allow_smime = flag;
  if (g_variant_lookup (fields, "allow_pgp", "b", &flag))
    policy->allow_pgp = flag;
  if (g_variant_lookup (fields, "least_reply", "i", &number))
    policy->least_reply = (enum key_trust) number;
  if (g_variant_lookup (fields, "allow_autocrypt", "b", &flag))
    policy->allow_autocrypt = flag;
}

/* Of what is sent. */
static gboolean
wants (GVariant *config, const char *name, gboolean standard)
{
  g_autoptr (GVariant) fields = g_variant_lookup_value (config, "policy", G_VARIANT_TYPE_VARDICT);
  (void) g_variant_lookup (fields, name, "b", &standard);
  return standard;
}

static void
set_pins (struct keyring *keyring, GVariant *config)
{
  g_autoptr (GVariant) fields = g_variant_lookup_value (config, "policy", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) pins = g_variant_lookup_value (fields, "pins", G_VARIANT_TYPE ("a(sas)"));
  for (gsize i = 0; pins != NULL && i < g_variant_n_children (pins); i++) {
    const char *address;
    g_autofree const char **fingerprints = NULL;
    g_variant_get_child (pins, i, "(&s^a&s)", &address, &fingerprints);
    keyring_pin (keyring, address, fingerprints);
  }
}

static void
set_card_modules (struct keyring *keyring, GVariant *config)
{
  g_autoptr (GVariant) fields = g_variant_lookup_value (config, "policy", G_VARIANT_TYPE_VARDICT);
  g_autofree const char **modules = NULL;
  if (g_variant_lookup (fields, "card_modules", "^a&s", &modules))
    keyring_set_card_modules (keyring, modules);
}

/* A card that is software (SoftHSM2) finds its settings by the environment alone, and keeps keys in files: they belong to the other
 * keys of the profile, and nowhere else may this process write. */
static void
offer_software_card (const char *dir)
{
  g_autofree char *settings = g_build_filename (dir, "softhsm2.conf", NULL);
  if (g_file_test (settings, G_FILE_TEST_IS_REGULAR))
    (void) g_setenv ("SOFTHSM2_CONF", settings, TRUE);
}

static enum revocation_policy
read_revocation (GVariant *config)
{
  g_autoptr (GVariant) fields = g_variant_lookup_value (config, "policy", G_VARIANT_TYPE_VARDICT);
  gint32 number = REVOCATION_SOFT; /* no profile yet: a file that is only looked at */
  (void) g_variant_lookup (fields, "revocation", "i", &number);
  return number == REVOCATION_OFF || number == REVOCATION_SOFT ? (enum revocation_policy) number : REVOCATION_HARD;
}

static GVariant *
keys_start (struct worker *worker, GVariant *config, GError **error)
{
  const char *dir = "";
  (void) g_variant_lookup (config, "keys_dir", "&s", &dir);
  struct keys *keys = g_new0 (struct keys, 1);
  read_policy (config, &keys->policy);
  keys->legacy_display = wants (config, "legacy_display", FALSE);
  keys->announce = wants (config, "send_autocrypt", TRUE);
  offer_software_card (dir);
  (void) g_setenv ("TMPDIR", dir, TRUE); /* what is started from here may write nowhere else */
  g_autoptr (GVariant) fields = g_variant_lookup_value (config, "policy", G_VARIANT_TYPE_VARDICT);
  keys->keyring = keyring_open (dir, error);
  if (keys->keyring == NULL) {
    g_free (keys);
    return NULL;
  }
  keys->dir = g_strdup (dir);
  keys->records = keys_record_new ();
  keyring_set_ask (keys->keyring, ask, worker);
  set_pins (keys->keyring, config);
  (void) g_variant_lookup (fields, "directories", "^as", &keys->directories);
  keyring_set_revocation (keys->keyring, read_revocation (config));
  set_card_modules (keys->keyring, config);
  worker_set_state (worker, keys);
  return keys_nothing ();
}

static void
keys_stop (struct worker *worker)
{
  struct keys *keys = worker_state (worker);
  keyring_free (keys->keyring);
  g_ptr_array_unref (keys->records);
  g_free (keys->dir);
  g_strfreev (keys->directories);
  g_free (keys);
}

/* ---- reading ---- */

static struct inspection *
inspect_arg (struct worker *worker, GVariant *args, GBytes **message_out, GError **error)
{
  struct keys *keys = worker_state (worker);
  gint64 at = 0;
  (void) g_variant_lookup (args, "at", "x", &at);
  *message_out = worker_read_fd (worker_arg_fd (worker, args, "message"), KEYS_MESSAGE_SIZE_MAX, error);
  return *message_out != NULL ? inspect_message (keys->keyring, *message_out, at) : NULL;
}

static GVariant *
origin (const struct inspection *inspection, GVariant *args)
{
  g_autoptr (GVariant) fields = g_variant_lookup_value (args, "servers", G_VARIANT_TYPE_VARDICT);
  g_autofree const char **ids = NULL, **hosts = NULL;
  if (fields != NULL) {
    (void) g_variant_lookup (fields, "ids", "^a&s", &ids);
    (void) g_variant_lookup (fields, "hosts", "^a&s", &hosts);
  }
  struct auth_servers servers = { .ids = ids, .hosts = hosts };
  return message_origin (inspection, &servers);
}

static GVariant *
keys_inspect (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GBytes) message = NULL;
  AUTOFREE (inspection) inspection = inspect_arg (worker, args, &message, error);
  if (inspection == NULL)
    return NULL;
  GVariant *view = NULL, *segments = NULL;
  message_view (inspection, message, &view, &segments);
  gint64 at = 0;
  const char *missing = NULL;
  if (g_variant_lookup (args, "missing", "&s", &missing)) {
    g_variant_unref (g_variant_ref_sink (segments));
    return g_variant_new_parsed ("{'view': <%@a{sv}>, 'segments': <@aa{sv} []>, 'origin': <%@a{sv}>}",
                                 message_missing_view (view, missing), origin (inspection, args));
  }
  if (!g_variant_lookup (args, "at", "x", &at) || at == 0) /* another time is a question, not news */
    keys_learn (worker_state (worker), inspection, view);
  return g_variant_new_parsed ("{'view': <%@a{sv}>, 'segments': <%@aa{sv}>, 'origin': <%@a{sv}>, 'wants': <%@aa{sv}>}",
                               view, segments, origin (inspection, args), keys_wants (inspection->wants));
}

GVariant *
keys_reply_bytes (struct worker *worker, GBytes *bytes, GError **error)
{
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);
  int fd = worker_memfd ("wardmail", data, size, error);
  return fd >= 0 ? g_variant_new_handle (worker_reply_fd_take (worker, fd)) : NULL;
}

static GVariant *
keys_part (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GBytes) message = NULL;
  const char *id = "";
  AUTOFREE (inspection) inspection = inspect_arg (worker, args, &message, error);
  (void) g_variant_lookup (args, "part", "&s", &id);
  AUTOFREE (message_part) part = inspection != NULL ? message_part_new (inspection, id, error) : NULL;
  GVariant *handle = part != NULL ? keys_reply_bytes (worker, part->bytes, error) : NULL;
  if (handle == NULL)
    return NULL;
  GVariantDict reply;
  g_variant_dict_init (&reply, NULL);
  g_variant_dict_insert_value (&reply, "data", handle);
  g_variant_dict_insert (&reply, "filename", "s", part->filename);
  g_variant_dict_insert (&reply, "type", "s", part->type);
  if (part->charset != NULL && g_utf8_validate (part->charset, -1, NULL))
    g_variant_dict_insert (&reply, "charset", "s", part->charset);
  if (part->warning != NULL)
    g_variant_dict_insert (&reply, "warning", "s", part->warning);
  return g_variant_dict_end (&reply);
}

static GVariant *
keys_shadow (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GBytes) message = NULL, shadow = NULL;
  g_autoptr (GBytes) known = keys_record_words (worker_state (worker), worker_arg_fd (worker, args, "message"));
  GVariant *words = known != NULL ? keys_reply_bytes (worker, known, NULL) : NULL;
  if (words != NULL)
    return g_variant_new_parsed ("{'shadow': <%@h>, 'encrypted': <true>}", words);
  AUTOFREE (inspection) inspection = inspect_arg (worker, args, &message, error);
  if (inspection == NULL)
    return NULL;
  const gboolean encrypted = inspection->verdict.encryption.protocol != PROTECTION_NONE;
  shadow = message_shadow (inspection, message);
  GVariant *handle = shadow != NULL ? keys_reply_bytes (worker, shadow, error) : NULL;
  if (shadow != NULL && handle == NULL)
    return NULL;
  GVariant *report = message_report_fields (inspection);
  GVariantBuilder reply;
  g_variant_builder_init (&reply, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&reply, "{sv}", "encrypted", g_variant_new_boolean (encrypted));
  if (handle != NULL)
    g_variant_builder_add (&reply, "{sv}", "shadow", handle);
  if (report != NULL)
    g_variant_builder_add (&reply, "{sv}", "report", report);
  return g_variant_builder_end (&reply);
}

/* A draft of ours (sealed), or a plain message that a program wants sent. The attachments' handles become those of the reply. */
static GVariant *
keys_draft_parse (struct worker *worker, GVariant *args, GError **error)
{
  g_autoptr (GBytes) message = NULL;
  g_autoptr (GPtrArray) attachments = NULL;
  AUTOFREE (inspection) inspection = inspect_arg (worker, args, &message, error);
  if (inspection == NULL)
    return NULL;
  gboolean ours = inspection->payload != inspection->root && inspection->verdict.encryption.decrypted;
  g_autoptr (GVariant) draft = draft_parse (ours ? inspection->payload->entity : message, &attachments, error);
  if (draft == NULL)
    return NULL;
  g_variant_ref_sink (draft);
  g_autoptr (GVariant) list = g_variant_lookup_value (draft, "attachments", G_VARIANT_TYPE ("a(ssh)"));
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("a(ssh)"));
  for (guint i = 0; list != NULL && i < g_variant_n_children (list) && i < attachments->len; i++) {
    const char *filename, *type;
    g_variant_get_child (list, i, "(&s&sh)", &filename, &type, NULL);
    GVariant *handle = keys_reply_bytes (worker, g_ptr_array_index (attachments, i), error);
    if (handle == NULL) {
      g_variant_builder_clear (&rows);
      return NULL;
    }
    g_variant_builder_add (&rows, "(ss@h)", filename, type, handle);
  }
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (draft);
  g_variant_dict_insert_value (&dict, "attachments", g_variant_builder_end (&rows));
  return g_variant_new_parsed ("{'draft': <%@a{sv}>}", g_variant_dict_end (&dict));
}

static const struct worker_method methods[] = {
  { "inspect", keys_inspect },
  { "part", keys_part },
  { "shadow", keys_shadow },
  { "routes", keys_routes },
  { "protect", keys_protect },
  { "seal", keys_seal },
  { "draft_parse", keys_draft_parse },
  { "key_import", keys_key_import },
  { "key_list", keys_key_list },
  { "key_trust", keys_key_trust },
  { "card_add", keys_card_add },
  { "ca_import", keys_ca_import },
  { "key_notices", keys_key_notices },
  { "answers", keys_answers },
  { "key_new", keys_key_new },
  { "key_export", keys_key_export },
  { "key_requests", keys_key_requests },
  { "key_request_drop", keys_key_request_drop },
  { "learn_keys", keys_learn_keys },
  { "key_backup", keys_key_backup },
  { "key_backup_done", keys_key_backup_done },
  { "key_restore", keys_key_restore },
  { "key_renew", keys_key_renew },
  { "key_revoke", keys_key_revoke },
  { NULL, NULL },
};

const struct worker_role worker_role_keys = {
  .peer = PEER_KEYS,
  .methods = methods,
  .sandbox = keys_sandbox,
  .start = keys_start,
  .stop = keys_stop,
};
