/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* What each worker is told when it starts: its folders, its account, its own credential, and nothing else. */
#include "mail/engine/core.h"

#include <string.h>
#include <unistd.h>

#include "crypto/guard/secret.h"
#include "mail/engine/anew.h"
#include "mail/engine/secrets.h"

#define KEYS_DIR_SIZE_MAX 60

/* gpg's sockets lie in its home folder, and a socket's path may have 107 bytes: a long one is reached through a short private link. */
static const char *
short_keys_dir (struct core *core)
{
  if (strlen (core->paths->keys_dir) <= KEYS_DIR_SIZE_MAX)
    return core->paths->keys_dir;
  if (core->keys_link != NULL)
    return core->keys_link;
  g_autofree char *dir = g_strdup ("/tmp/wardmail-XXXXXX");
  if (g_mkdtemp (dir) == NULL)
    return core->paths->keys_dir; /* the keyring says what is wrong */
  core->keys_link = g_build_filename (dir, "keys", NULL);
  if (symlink (core->paths->keys_dir, core->keys_link) != 0)
    g_clear_pointer (&core->keys_link, g_free);
  return core->keys_link != NULL ? core->keys_link : core->paths->keys_dir;
}

void
core_remove_keys_link (struct core *core)
{
  if (core->keys_link == NULL)
    return;
  g_autofree char *dir = g_path_get_dirname (core->keys_link);
  (void) unlink (core->keys_link);
  (void) rmdir (dir);
  g_clear_pointer (&core->keys_link, g_free);
}

static GVariant *
pins (const struct policy *policy)
{
  GVariantBuilder rows;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("a(sas)"));
  for (guint i = 0; i < policy->pins->len; i++) {
    const struct policy_pin *pin = g_ptr_array_index (policy->pins, i);
    g_variant_builder_add (&rows, "(s^as)", pin->address, pin->fingerprints);
  }
  return g_variant_builder_end (&rows);
}

/* The directories of keys that may be asked, by their names; see directory.h. */
static GVariant *
directories (const struct policy *policy)
{
  GVariantBuilder names;
  g_variant_builder_init (&names, G_VARIANT_TYPE_STRING_ARRAY);
  if (policy->allow_wkd)
    g_variant_builder_add (&names, "s", "wkd");
  if (policy->allow_ldap && policy->allow_smime)
    g_variant_builder_add (&names, "s", "ldap");
  return g_variant_builder_end (&names);
}

GVariant *
core_start_keys (gpointer owner, GError **error)
{
  struct core *core = owner;
  GVariantBuilder policy;
  g_variant_builder_init (&policy, G_VARIANT_TYPE_VARDICT);
  if (core->policy != NULL) {
    g_variant_builder_add (&policy, "{sv}", "least_smime", g_variant_new_int32 (core->policy->least_smime_trust));
    g_variant_builder_add (&policy, "{sv}", "least_pgp", g_variant_new_int32 (core->policy->least_pgp_trust));
    g_variant_builder_add (&policy, "{sv}", "prefer", g_variant_new_int32 (core->policy->prefer));
    g_variant_builder_add (&policy, "{sv}", "revocation", g_variant_new_int32 (core->policy->revocation));
    g_variant_builder_add (&policy, "{sv}", "allow_smime", g_variant_new_boolean (core->policy->allow_smime));
    g_variant_builder_add (&policy, "{sv}", "allow_pgp", g_variant_new_boolean (core->policy->allow_pgp));
    g_variant_builder_add (&policy, "{sv}", "least_reply", g_variant_new_int32 (core->policy->least_reply_trust));
    g_variant_builder_add (&policy, "{sv}", "allow_autocrypt", g_variant_new_boolean (core->policy->allow_autocrypt));
    g_variant_builder_add (&policy, "{sv}", "send_autocrypt", g_variant_new_boolean (core->policy->send_autocrypt));
    g_variant_builder_add (&policy, "{sv}", "legacy_display", g_variant_new_boolean (core->policy->legacy_display));
    g_variant_builder_add (&policy, "{sv}", "directories", directories (core->policy));
    g_variant_builder_add (&policy, "{sv}", "pins", pins (core->policy));
    if (core->policy->card_modules != NULL)
      g_variant_builder_add (&policy, "{sv}", "card_modules",
                             g_variant_new_strv ((const char *const *) core->policy->card_modules, -1));
  }
  return g_variant_new_parsed ("{'keys_dir': <%s>, 'policy': <%@a{sv}>}", short_keys_dir (core),
                               g_variant_builder_end (&policy));
}

static GVariant *
start_index (struct core *core, gboolean writer)
{
  g_autofree char *keep_dir = g_build_filename (core->paths->store_dir, "index", NULL);
  return g_variant_new_parsed ("{'index_dir': <%s>, 'mail_dir': <%s>, 'writer': <%b>, 'keep_dir': <%s>, 'go_on': <%b>}",
                               core->paths->index_dir, core->paths->mail_dir, writer, keep_dir, anew_is_beside (core));
}

GVariant *
core_start_reader (gpointer owner, GError **error)
{
  anew_if_missing (owner);
  return start_index (owner, FALSE);
}

GVariant *
core_start_writer (gpointer owner, GError **error)
{
  anew_if_missing (owner);
  return start_index (owner, TRUE);
}

GVariant *
core_start_lookup (gpointer owner, GError **error)
{
  return g_variant_new_parsed ("@a{sv} {}");
}

static void
add_text (GVariantBuilder *builder, const char *name, const char *value)
{
  if (value != NULL && *value != '\0')
    g_variant_builder_add (builder, "{sv}", name, g_variant_new_string (value));
}

static void
add_texts (GVariantBuilder *builder, const char *name, char **values)
{
  if (values != NULL)
    g_variant_builder_add (builder, "{sv}", name, g_variant_new_strv ((const char *const *) values, -1));
}

GVariant *
core_account_fields (const struct account *account)
{
  static const char *const security[] = { "tls", "starttls" }, *const auth[] = { "password", "oauth2", "external" };
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  add_text (&builder, "name", account->name);
  add_text (&builder, "address", account->address);
  add_text (&builder, "imap_host", account->imap_host);
  add_text (&builder, "smtp_host", account->smtp_host);
  g_variant_builder_add (&builder, "{sv}", "imap_port", g_variant_new_uint32 (account->imap_port));
  g_variant_builder_add (&builder, "{sv}", "smtp_port", g_variant_new_uint32 (account->smtp_port));
  add_text (&builder, "imap_security", security[account->imap_security]);
  add_text (&builder, "smtp_security", security[account->smtp_security]);
  add_text (&builder, "auth", auth[account->auth]);
  add_text (&builder, "user", account->user);
  add_text (&builder, "authserv_id", account->authserv_id);
  add_text (&builder, "ca_file", account->ca_file);
  add_text (&builder, "client_cert_file", account->client_cert_file);
  add_text (&builder, "client_key_file", account->client_key_file);
  add_text (&builder, "lists_file", account->lists_file);
  add_texts (&builder, "imap_pins", account->imap_pins);
  add_texts (&builder, "smtp_pins", account->smtp_pins);
  return g_variant_builder_end (&builder);
}

static void
add_secret (GVariantBuilder *builder, const struct core_account *account)
{
  AUTOFREE (secret) secret = secrets_load (account->core->paths, account->account->name);
  if (secret != NULL)
    g_variant_builder_add (
        builder, "{sv}", "secret",
        g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, secret_peek (secret), secret_size (secret), 1));
}

GVariant *
core_start_imap (gpointer owner, GError **error)
{
  struct core_account *account = owner;
  const struct settings *settings = account->core->settings;
  GVariantBuilder builder, own;
  g_variant_builder_init (&own, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&own, "{sv}", "poll_s", g_variant_new_uint32 (settings != NULL ? settings->poll_s : 60));
  g_variant_builder_add (&own, "{sv}", "only_subscribed",
                         g_variant_new_boolean (settings != NULL && settings->sync_folders == SYNC_SUBSCRIBED));
  if (settings != NULL) {
    g_variant_builder_add (&own, "{sv}", "keep_days", g_variant_new_uint32 (settings->keep_days));
    g_variant_builder_add (&own, "{sv}", "fetch_limit_mb", g_variant_new_uint32 (settings->fetch_limit_mb));
  }
  add_text (&own, "archive", settings != NULL ? settings->archive_folder : NULL);
  add_text (&own, "drafts", settings != NULL ? settings->drafts_folder : NULL);
  add_text (&own, "sent", settings != NULL ? settings->sent_folder : NULL);
  add_text (&own, "trash", settings != NULL ? settings->trash_folder : NULL);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "account", core_account_fields (account->account));
  add_text (&builder, "mail_dir", account->core->paths->mail_dir);
  add_text (&builder, "store_dir", account->core->paths->store_dir);
  g_variant_builder_add (&builder, "{sv}", "settings", g_variant_builder_end (&own));
  add_secret (&builder, account);
  return g_variant_builder_end (&builder);
}

GVariant *
core_start_smtp (gpointer owner, GError **error)
{
  struct core_account *account = owner;
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "account", core_account_fields (account->account));
  add_text (&builder, "store_dir", account->core->paths->store_dir);
  g_variant_builder_add (&builder, "{sv}", "notes",
                         g_variant_new_boolean (account->core->policy != NULL && account->core->policy->allow_note));
  const struct settings *settings = account->core->settings;
  g_variant_builder_add (&builder, "{sv}", "reports",
                         g_variant_new_boolean (settings == NULL || settings->ask_reports == ASK_YES));
  g_variant_builder_add (&builder, "{sv}", "overdue_s",
                         g_variant_new_uint32 (settings != NULL ? settings->overdue_h * 3600 : 0));
  g_variant_builder_add (&builder, "{sv}", "late_s",
                         g_variant_new_int64 (settings != NULL ? (gint64) settings->notice_h * 3600 : 0));
  add_secret (&builder, account);
  return g_variant_builder_end (&builder);
}
