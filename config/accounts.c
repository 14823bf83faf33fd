/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* accounts.conf: servers and sign-in, one group an account. */
#include "config/accounts.h"
#include "config/keyfile_p.h"
#include "config/pins.h"
#include "config/text.h"

#include <string.h>

#define ACCOUNTS_MAX 50
static const char *const security_names[] = { "tls", "starttls", NULL };
static const char *const auth_names[] = { "password", "oauth2", "external", NULL };
/* tests/lint/manual compares these with wardmail.conf(5). */
static const char *const known_keys[]
    = { "address",     "imap",       "imap-security", "smtp", "smtp-security", "auth",     "user", "ca",
        "client-cert", "client-key", "authserv-id",   "crl",  "imap-pin",      "smtp-pin", NULL };

struct account *
account_new (void)
{
  return g_new0 (struct account, 1);
}

void
account_free (struct account *account)
{
  if (account == NULL)
    return;
  g_free (account->name);
  g_free (account->address);
  g_free (account->imap_host);
  g_free (account->smtp_host);
  g_free (account->user);
  g_free (account->authserv_id);
  g_free (account->ca_file);
  g_free (account->client_cert_file);
  g_free (account->client_key_file);
  g_free (account->lists_file);
  g_strfreev (account->imap_pins);
  g_strfreev (account->smtp_pins);
  g_free (account);
}

gboolean
account_parse_host_port (const char *text, char **host_out, guint16 *port_out)
{
  const char *colon = text != NULL ? strrchr (text, ':') : NULL;
  guint64 port = 0;
  if (colon == NULL || !g_ascii_string_to_unsigned (colon + 1, 10, 1, 65535, &port, NULL))
    return FALSE;
  gboolean bracketed = *text == '[' && colon > text + 1 && colon[-1] == ']';
  g_autofree char *host
      = bracketed ? g_strndup (text + 1, (gsize) (colon - text) - 2) : g_strndup (text, (gsize) (colon - text));
  if (!text_is_host (host) || (strchr (host, ':') != NULL) != bracketed)
    return FALSE;
  *host_out = g_steal_pointer (&host);
  *port_out = (guint16) port;
  return TRUE;
}

static char *
host_port (const char *host, guint16 port)
{
  return g_strdup_printf (strchr (host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
}

static gboolean
refuse (const struct account *account, const char *why, GError **error)
{
  g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_BROKEN, "The account “%s” cannot be used: %s",
               account->name != NULL && text_is_line (account->name, 64) ? account->name : "", why);
  return FALSE;
}

static gboolean
is_file (const char *path)
{
  return path == NULL || (text_is_line (path, 4096) && g_path_is_absolute (path));
}

gboolean
account_check (const struct account *account, GError **error)
{
  if (!text_is_name (account->name))
    return refuse (
        account,
        "its name must be 1 to 64 letters, digits, dots, dashes or underscores, and begin with a letter or digit.",
        error);
  if (g_ascii_strcasecmp (account->name, "local") == 0)
    return refuse (account, "the name “local” is taken by imported mail; choose another.", error);
  if (!text_is_address (account->address))
    return refuse (account, "it has no valid address such as you@example.org.", error);
  if (!text_is_host (account->imap_host) || account->imap_port == 0)
    return refuse (account, "it has no valid IMAP server; write it as HOST:PORT.", error);
  if (!text_is_host (account->smtp_host) || account->smtp_port == 0)
    return refuse (account, "it has no valid SMTP server; write it as HOST:PORT.", error);
  if (!text_is_line (account->user, 254))
    return refuse (account, "it has no user name to sign in with.", error);
  if (account->authserv_id != NULL && !text_is_line (account->authserv_id, 254))
    return refuse (account, "its authserv-id is no name of a server.", error);
  if (!is_file (account->ca_file) || !is_file (account->client_cert_file) || !is_file (account->client_key_file)
      || !is_file (account->lists_file))
    return refuse (account, "certificate and key files must be given with their whole path, beginning with “/”.",
                   error);
  if ((account->client_cert_file == NULL) != (account->client_key_file == NULL))
    return refuse (account, "a client certificate and its key file must be given together.", error);
  if (account->auth == ACCOUNT_AUTH_EXTERNAL && account->client_cert_file == NULL)
    return refuse (account, "signing in by certificate needs a client certificate and its key file.", error);
  return TRUE;
}

static gboolean
read_server (GKeyFile *file, const char *path, const char *name, const char *key, char **host_out, guint16 *port_out,
             GError **error)
{
  g_autofree char *text = NULL;
  if (!keyfile_text (file, path, name, key, &text, error))
    return FALSE;
  if (text == NULL || !account_parse_host_port (text, host_out, port_out))
    return keyfile_refuse (path, name, key, "a server is written as HOST:PORT, for example mail.example.org:993.",
                           error);
  return TRUE;
}

static gboolean
read_choices (struct account *account, GKeyFile *file, const char *path, GError **error)
{
  int imap = ACCOUNT_TLS, smtp = ACCOUNT_TLS, auth = ACCOUNT_AUTH_PASSWORD;
  if (!keyfile_choice (file, path, account->name, "imap-security", security_names, &imap, error)
      || !keyfile_choice (file, path, account->name, "smtp-security", security_names, &smtp, error)
      || !keyfile_choice (file, path, account->name, "auth", auth_names, &auth, error))
    return FALSE;
  account->imap_security = (enum account_security) imap;
  account->smtp_security = (enum account_security) smtp;
  account->auth = (enum account_auth) auth;
  return TRUE;
}

static gboolean
read_pins (GKeyFile *file, const char *path, const char *name, const char *key, char ***pins_out, GError **error)
{
  g_autofree char *text = NULL;
  if (!keyfile_text (file, path, name, key, &text, error))
    return FALSE;
  if (text == NULL || (*pins_out = pins_parse (text)) != NULL)
    return TRUE;
  return keyfile_refuse (path, name, key,
                         "a pin is written as sha256/ and 44 letters of base64; there may be several, with blanks "
                         "between. “wardmail cert-check” and “wardmail account test” print them.",
                         error);
}

static struct account *
read_account (GKeyFile *file, const char *path, const char *name, GError **error)
{
  AUTOFREE (account) account = account_new ();
  account->name = g_strdup (name);
  g_auto (GStrv) keys = g_key_file_get_keys (file, name, NULL, NULL);
  for (gsize i = 0; keys[i] != NULL; i++)
    if (!g_strv_contains (known_keys, keys[i])) {
      keyfile_refuse (path, name, keys[i],
                      "wardmail knows no such setting of an account; see wardmail.conf(5) for all of them.", error);
      return NULL;
    }
  if (!keyfile_text (file, path, name, "address", &account->address, error)
      || !read_server (file, path, name, "imap", &account->imap_host, &account->imap_port, error)
      || !read_server (file, path, name, "smtp", &account->smtp_host, &account->smtp_port, error)
      || !read_choices (account, file, path, error) || !keyfile_text (file, path, name, "user", &account->user, error)
      || !keyfile_text (file, path, name, "authserv-id", &account->authserv_id, error)
      || !keyfile_text (file, path, name, "ca", &account->ca_file, error)
      || !keyfile_text (file, path, name, "client-cert", &account->client_cert_file, error)
      || !keyfile_text (file, path, name, "client-key", &account->client_key_file, error)
      || !keyfile_text (file, path, name, "crl", &account->lists_file, error)
      || !read_pins (file, path, name, "imap-pin", &account->imap_pins, error)
      || !read_pins (file, path, name, "smtp-pin", &account->smtp_pins, error))
    return NULL;
  if (account->user == NULL)
    account->user = g_strdup (account->address);
  g_autoptr (GError) cause = NULL;
  if (account_check (account, &cause))
    return g_steal_pointer (&account);
  g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_BROKEN, "%s, [%s]: %s", path, name, cause->message);
  return NULL;
}

static void
account_destroy (gpointer data)
{
  account_free (data);
}

GPtrArray *
accounts_load (const struct paths *paths, GError **error)
{
  g_autofree char *path = g_build_filename (paths->config_dir, "accounts.conf", NULL);
  g_autoptr (GPtrArray) accounts = g_ptr_array_new_with_free_func (account_destroy);
  g_autoptr (GError) cause = NULL;
  g_autoptr (GKeyFile) file = keyfile_load (path, &cause);
  if (file == NULL && g_error_matches (cause, CONFIG_ERROR, CONFIG_ERROR_MISSING))
    return g_steal_pointer (&accounts);
  if (file == NULL) {
    g_propagate_error (error, g_steal_pointer (&cause));
    return NULL;
  }
  gsize count = 0;
  g_auto (GStrv) names = g_key_file_get_groups (file, &count);
  if (count > ACCOUNTS_MAX) {
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_BROKEN, "%s holds more than %d accounts.", path, ACCOUNTS_MAX);
    return NULL;
  }
  for (gsize i = 0; i < count; i++) {
    struct account *account = read_account (file, path, names[i], error);
    if (account == NULL)
      return NULL;
    g_ptr_array_add (accounts, account);
  }
  return g_steal_pointer (&accounts);
}

static void
set_text (GKeyFile *file, const char *name, const char *key, const char *value)
{
  if (value != NULL)
    g_key_file_set_string (file, name, key, value);
  else
    g_key_file_remove_key (file, name, key, NULL);
}

static void
set_texts (GKeyFile *file, const char *name, const char *key, char **values)
{
  g_autofree char *text = values != NULL ? g_strjoinv (" ", values) : NULL;
  set_text (file, name, key, text);
}

static void
write_account (GKeyFile *file, const struct account *account)
{
  g_autofree char *imap = host_port (account->imap_host, account->imap_port);
  g_autofree char *smtp = host_port (account->smtp_host, account->smtp_port);
  set_text (file, account->name, "address", account->address);
  set_text (file, account->name, "imap", imap);
  set_text (file, account->name, "imap-security", security_names[account->imap_security]);
  set_text (file, account->name, "smtp", smtp);
  set_text (file, account->name, "smtp-security", security_names[account->smtp_security]);
  set_text (file, account->name, "auth", auth_names[account->auth]);
  set_text (file, account->name, "user", account->user);
  set_text (file, account->name, "authserv-id", account->authserv_id);
  set_text (file, account->name, "ca", account->ca_file);
  set_text (file, account->name, "client-cert", account->client_cert_file);
  set_text (file, account->name, "client-key", account->client_key_file);
  set_text (file, account->name, "crl", account->lists_file);
  set_texts (file, account->name, "imap-pin", account->imap_pins);
  set_texts (file, account->name, "smtp-pin", account->smtp_pins);
}

gboolean
accounts_save (GPtrArray *accounts, const struct paths *paths, GError **error)
{
  g_autofree char *path = g_build_filename (paths->config_dir, "accounts.conf", NULL);
  g_autoptr (GKeyFile) old = keyfile_load (path, NULL); /* for the comments in it */
  g_autoptr (GKeyFile) file = old != NULL ? g_key_file_ref (old) : g_key_file_new ();
  g_autoptr (GHashTable) kept = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < accounts->len; i++) {
    struct account *account = g_ptr_array_index (accounts, i);
    if (!account_check (account, error))
      return FALSE;
    if (!g_hash_table_add (kept, account->name))
      return refuse (account, "there are two accounts of this name.", error);
    write_account (file, account);
  }
  g_auto (GStrv) names = g_key_file_get_groups (file, NULL);
  for (gsize i = 0; names[i] != NULL; i++)
    if (!g_hash_table_contains (kept, names[i]))
      g_key_file_remove_group (file, names[i], NULL);
  return keyfile_save (file, path, error);
}
