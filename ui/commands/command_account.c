/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* `account`: add, list, test or remove a mail account. */
#include "config/accounts.h"
#include "config/pins.h"
#include "config/policy.h"
#include "ui/commands/command_ask.h"
#include "ui/commands/command_json.h"
#include "ui/commands/command_out.h"

#include <string.h>

static const char *const security_names[] = { "tls", "starttls", NULL };
static const char *const auth_names[] = { "password", "oauth2", "external", NULL };

struct add_options {
  char *address, *imap, *imap_security, *smtp, *smtp_security, *auth, *user, *ca, *client_cert, *client_key,
      *authserv_id, *crl;
  char **pins, **imap_pins, **smtp_pins;
  char *issuer, *client_id, *flow;
  int secret_fd;
};

static void
add_options_clear (struct add_options *options)
{
  char **const texts[] = { &options->address,
                           &options->imap,
                           &options->imap_security,
                           &options->smtp,
                           &options->smtp_security,
                           &options->auth,
                           &options->user,
                           &options->ca,
                           &options->client_cert,
                           &options->client_key,
                           &options->authserv_id,
                           &options->issuer,
                           &options->client_id,
                           &options->flow,
                           &options->crl };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*texts[i]);
  g_strfreev (options->pins);
  g_strfreev (options->imap_pins);
  g_strfreev (options->smtp_pins);
}

static int
choose (const char *const *names, const char *text, int standard)
{
  for (int i = 0; text != NULL && names[i] != NULL; i++)
    if (g_str_equal (names[i], text))
      return i;
  return text == NULL ? standard : -1;
}

static struct account *
find (GPtrArray *accounts, const char *name, guint *index_out)
{
  for (guint i = 0; i < accounts->len; i++) {
    struct account *account = accounts->pdata[i];
    if (g_str_equal (account->name, name)) {
      if (index_out != NULL)
        *index_out = i;
      return account;
    }
  }
  return NULL;
}

/* A file of certificates as an absolute path that can be read now, so that a slip is told now and not at the first sync. */
static gboolean
take_file (const char *path, char **out, GError **error)
{
  if (path == NULL)
    return TRUE;
  g_autofree char *whole = g_canonicalize_filename (path, NULL);
  if (!command_text (whole, error))
    return FALSE;
  g_autofree char *contents = NULL;
  gsize size = 0;
  g_autoptr (GError) cause = NULL;
  if (!g_file_get_contents (whole, &contents, &size, &cause)) {
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FAILED,
                 "The file %s cannot be read, so the account was not added: %s", whole, cause->message);
    return FALSE;
  }
  secret_wipe (contents, size);
  *out = g_steal_pointer (&whole);
  return TRUE;
}

/* Those for both servers, and those for this one, as they stand in accounts.conf. */
static gboolean
take_pins (char **both, char **own, char ***out, GError **error)
{
  g_autofree char *first = both != NULL ? g_strjoinv (" ", both) : g_strdup (""),
                  *second = own != NULL ? g_strjoinv (" ", own) : g_strdup ("");
  g_autofree char *all = g_strconcat (first, " ", second, NULL);
  if (both == NULL && own == NULL)
    return TRUE;
  if (command_text (all, error) && (*out = pins_parse (all)) != NULL)
    return TRUE;
  if (error != NULL && *error == NULL)
    g_set_error (
        error, CONFIG_ERROR, CONFIG_ERROR_FAILED,
        "A pin is written as sha256/ and 44 letters of base64, as “wardmail cert-check” prints it; a server may "
        "have %d. The account was not added.",
        PINS_MAX);
  return FALSE;
}

static gboolean
fill (struct account *account, const char *name, const struct add_options *options, GError **error)
{
  const char *const texts[] = { name, options->address, options->user != NULL ? options->user : "",
                                options->authserv_id != NULL ? options->authserv_id : "", NULL };
  if (!command_texts (texts, error) || !take_file (options->ca, &account->ca_file, error)
      || !take_file (options->client_cert, &account->client_cert_file, error)
      || !take_file (options->client_key, &account->client_key_file, error)
      || !take_file (options->crl, &account->lists_file, error)
      || !take_pins (options->pins, options->imap_pins, &account->imap_pins, error)
      || !take_pins (options->pins, options->smtp_pins, &account->smtp_pins, error))
    return FALSE;
  account->name = g_strdup (name);
  account->address = g_strdup (options->address);
  account->authserv_id = g_strdup (options->authserv_id);
  account->user = g_strdup (options->user != NULL ? options->user : options->address);
  return account_check (account, error);
}

/* DONE, or the code after the sentence has been said. */
static enum command_exit
read_options (struct account *account, const char *name, const struct add_options *options)
{
  g_autoptr (GError) error = NULL;
  int imap = choose (security_names, options->imap_security, ACCOUNT_TLS);
  int smtp = choose (security_names, options->smtp_security, ACCOUNT_TLS);
  int auth = choose (auth_names, options->auth, ACCOUNT_AUTH_PASSWORD);
  if (imap < 0 || smtp < 0)
    return command_out_misuse ("account",
                               "The security of a server is tls or starttls; there is no unprotected connection.");
  if (auth < 0)
    return command_out_misuse ("account", "--auth is one of: password, oauth2, external.");
  if (options->address == NULL || options->imap == NULL || options->smtp == NULL)
    return command_out_misuse ("account", "account add needs --address, --imap HOST:PORT and --smtp HOST:PORT.");
  if (!account_parse_host_port (options->imap, &account->imap_host, &account->imap_port)
      || !account_parse_host_port (options->smtp, &account->smtp_host, &account->smtp_port))
    return command_out_misuse ("account", "A server is written as HOST:PORT, for example mail.example.org:993.");
  if (auth == ACCOUNT_AUTH_OAUTH2)
    return command_out_refuse (COMMAND_FAILED, "Signing in by OAuth2 comes later; the account was not added.");
  account->imap_security = (enum account_security) imap;
  account->smtp_security = (enum account_security) smtp;
  account->auth = (enum account_auth) auth;
  return fill (account, name, options, &error) ? COMMAND_DONE : command_out_fail (error);
}

static gboolean
may_use_password (struct command_context *context, GError **error)
{
  AUTOFREE (policy) policy = policy_load (context->paths, context->settings, error);
  if (policy == NULL)
    return FALSE;
  if (!policy->allow_password)
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FORBIDDEN,
                 "Signing in by password alone is not allowed here, so the password was not taken; use --auth external "
                 "with a client "
                 "certificate, or ask your organisation to allow passwords in its policy.");
  return policy->allow_password;
}

static gboolean
store_secret (struct command_context *context, const char *name, const struct secret *secret, GError **error)
{
  g_autoptr (GVariant) reloaded = command_call (context, "reload", NULL, NULL, NULL, error);
  if (reloaded == NULL || secret == NULL)
    return reloaded != NULL;
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "account", "s", name);
  g_variant_dict_insert_value (&args, "secret", command_secret (secret));
  g_autoptr (GVariant) stored = command_call (context, "account_secret", g_variant_dict_end (&args), NULL, NULL, error);
  return stored != NULL;
}

static struct secret *
ask_password (struct command_context *context, int secret_fd, GError **error)
{
  AUTOFREE (secret) secret = NULL;
  if (!may_use_password (context, error)
      || (secret = command_ask (secret_fd, "Password of the account: ", error)) == NULL)
    return NULL;
  if (secret_size (secret) == 0) {
    g_set_error (error, CONFIG_ERROR, CONFIG_ERROR_FAILED, "The password is empty, so nothing was changed.");
    return NULL;
  }
  return g_steal_pointer (&secret);
}

static enum command_exit
save (struct command_context *context, struct account *account_take, int secret_fd)
{
  AUTOFREE (account) account = account_take;
  AUTOFREE (secret) secret = NULL;
  g_autoptr (GError) error = NULL;
  if (!command_need_settings (context, &error))
    return command_out_fail (error);
  g_autoptr (GPtrArray) accounts = accounts_load (context->paths, &error);
  if (accounts == NULL || !paths_make (context->paths, &error))
    return command_out_fail (error);
  if (find (accounts, account->name, NULL) != NULL)
    return command_out_refuse (
        COMMAND_FAILED,
        "There is an account “%s” already; it was left as it is. Choose another name, or remove it first.",
        account->name);
  if (account->auth == ACCOUNT_AUTH_PASSWORD && (secret = ask_password (context, secret_fd, &error)) == NULL)
    return command_out_fail (error);
  struct account *added = g_steal_pointer (&account);
  g_ptr_array_add (accounts, added);
  if (!accounts_save (accounts, context->paths, &error))
    return command_out_fail (error);
  if (!store_secret (context, added->name, secret, &error)) {
    g_ptr_array_remove_index (accounts, accounts->len - 1);
    accounts_save (accounts, context->paths, NULL);
    return command_out_fail (error);
  }
  command_out_banner (context);
  command_out ("The account “%s” is added; “wardmail account test %s” tries it.\n", added->name, added->name);
  return COMMAND_DONE;
}

static enum command_exit
add (struct command_context *context, int argc, char **argv)
{
  struct add_options options = { .secret_fd = -1 };
#define TEXT(name, field)                                                                                              \
  {                                                                                                                    \
    name, 0, 0, G_OPTION_ARG_FILENAME, &options.field, NULL, NULL                                                      \
  }
  const GOptionEntry entries[] = { TEXT ("address", address),
                                   TEXT ("imap", imap),
                                   TEXT ("imap-security", imap_security),
                                   TEXT ("smtp", smtp),
                                   TEXT ("smtp-security", smtp_security),
                                   TEXT ("auth", auth),
                                   TEXT ("user", user),
                                   TEXT ("ca", ca),
                                   TEXT ("client-cert", client_cert),
                                   TEXT ("client-key", client_key),
                                   TEXT ("authserv-id", authserv_id),
                                   TEXT ("crl", crl),
                                   { "pin", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.pins, NULL, NULL },
                                   { "imap-pin", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.imap_pins, NULL, NULL },
                                   { "smtp-pin", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.smtp_pins, NULL, NULL },
                                   TEXT ("issuer", issuer),
                                   TEXT ("client-id", client_id),
                                   TEXT ("flow", flow),
                                   { "secret-fd", 0, 0, G_OPTION_ARG_INT, &options.secret_fd, NULL, NULL },
                                   G_OPTION_ENTRY_NULL };
#undef TEXT
  g_autoptr (GError) error = NULL;
  enum command_exit code;
  struct account *account = account_new ();
  if (!command_options (&argc, &argv, entries, &error))
    code = command_out_misuse ("account", "%s.", error->message);
  else if (argc != 2)
    code = command_out_misuse ("account", "account add needs one name for the account.");
  else
    code = read_options (account, argv[1], &options);
  if (code == COMMAND_DONE)
    code = save (context, g_steal_pointer (&account), options.secret_fd);
  account_free (account);
  add_options_clear (&options);
  return code;
}

static char *
server (const char *host, guint16 port)
{
  return g_strdup_printf (strchr (host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
}

static void
print_json (GPtrArray *accounts)
{
  JsonBuilder *builder = json_builder_new ();
  json_builder_begin_array (builder);
  for (guint i = 0; i < accounts->len; i++) {
    const struct account *account = accounts->pdata[i];
    g_autofree char *imap = server (account->imap_host, account->imap_port),
                    *smtp = server (account->smtp_host, account->smtp_port);
    json_builder_begin_object (builder);
    command_json_text (builder, "name", account->name);
    command_json_text (builder, "address", account->address);
    command_json_text (builder, "imap", imap);
    command_json_text (builder, "imap_security", security_names[account->imap_security]);
    command_json_text (builder, "smtp", smtp);
    command_json_text (builder, "smtp_security", security_names[account->smtp_security]);
    command_json_text (builder, "auth", auth_names[account->auth]);
    command_json_text (builder, "user", account->user);
    command_json_text (builder, "ca", account->ca_file);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  command_out_json (builder);
}

static enum command_exit
list (struct command_context *context, int argc, char **argv)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = { { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL }, G_OPTION_ENTRY_NULL };
  g_autoptr (GError) error = NULL;
  if (!command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("account", "%s.", error->message);
  if (argc > 1)
    return command_out_misuse ("account", "account list takes no arguments.");
  if (!command_need_settings (context, &error))
    return command_out_fail (error);
  g_autoptr (GPtrArray) accounts = accounts_load (context->paths, &error);
  if (accounts == NULL)
    return command_out_fail (error);
  if (json) {
    print_json (accounts);
    return COMMAND_DONE;
  }
  command_out_banner (context);
  for (guint i = 0; i < accounts->len; i++) {
    const struct account *account = accounts->pdata[i];
    g_autofree char *imap = server (account->imap_host, account->imap_port),
                    *smtp = server (account->smtp_host, account->smtp_port);
    command_out ("%s <%s>\n  IMAP %s (%s), SMTP %s (%s), signs in as %s by %s\n", account->name, account->address, imap,
                 security_names[account->imap_security], smtp, security_names[account->smtp_security], account->user,
                 auth_names[account->auth]);
  }
  if (accounts->len == 0)
    command_out ("There is no account yet; “wardmail help account” says how to add one.\n");
  return COMMAND_DONE;
}

static struct account *
named (struct command_context *context, GPtrArray *accounts, const char *name, guint *index_out, GError **error)
{
  struct account *account = find (accounts, name, index_out);
  if (account == NULL)
    g_set_error (error, ENGINE_ERROR, ENGINE_ERROR_NOT_FOUND,
                 "There is no account “%s”; “wardmail account list” shows all.", name);
  return account;
}

static enum command_exit
test (struct command_context *context, struct account *account)
{
  g_autoptr (GError) error = NULL;
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "account", "s", account->name);
  /* What is tested is what the file says now: it may have been edited since the engine read it. */
  g_autoptr (GVariant) reloaded = command_call (context, "reload", NULL, NULL, NULL, &error);
  if (reloaded == NULL)
    return command_out_fail (error);
  g_autoptr (GVariant) reply = command_call (context, "account_test", g_variant_dict_end (&args), NULL, NULL, &error);
  const char *imap = "", *smtp = "";
  if (reply == NULL)
    return command_out_fail (error);
  g_variant_lookup (reply, "imap", "&s", &imap);
  g_variant_lookup (reply, "smtp", "&s", &smtp);
  command_out_banner (context);
  command_out ("IMAP: %s\nSMTP: %s\n", imap, smtp);
  return COMMAND_DONE;
}

/* The new password takes the place of the old one. */
static enum command_exit
login (struct command_context *context, const struct account *account, int secret_fd)
{
  g_autoptr (GError) error = NULL;
  if (account->auth != ACCOUNT_AUTH_PASSWORD)
    return command_out_refuse (COMMAND_FAILED, "The account “%s” signs in by %s, so there is no password to type.",
                               account->name, auth_names[account->auth]);
  AUTOFREE (secret) secret = ask_password (context, secret_fd, &error);
  if (secret == NULL || !store_secret (context, account->name, secret, &error))
    return command_out_fail (error);
  command_out_banner (context);
  command_out ("The password of the account “%s” is kept; “wardmail account test %s” tries it.\n", account->name,
               account->name);
  return COMMAND_DONE;
}

static enum command_exit
remove_account (struct command_context *context, GPtrArray *accounts, guint index)
{
  g_autoptr (GError) error = NULL;
  struct account *account = accounts->pdata[index];
  g_autofree char *name = g_strdup (account->name);
  g_auto (GVariantDict) args = G_VARIANT_DICT_INIT (NULL);
  g_variant_dict_insert (&args, "account", "s", name);
  g_autoptr (GVariant) forgotten
      = command_call (context, "account_forget", g_variant_dict_end (&args), NULL, NULL, &error);
  if (forgotten == NULL)
    return command_out_fail (error);
  g_ptr_array_remove_index (accounts, index);
  if (!accounts_save (accounts, context->paths, &error))
    return command_out_fail (error);
  g_autoptr (GVariant) reloaded = command_call (context, "reload", NULL, NULL, NULL, &error);
  if (reloaded == NULL)
    return command_out_fail (error);
  command_out_banner (context);
  command_out ("The account “%s” is removed; its mail on this machine stays.\n", name);
  return COMMAND_DONE;
}

/* test, login, remove: each needs the name of an account that is there. */
static enum command_exit
with_name (struct command_context *context, const char *verb, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  guint index = 0;
  int secret_fd = -1;
  const GOptionEntry entries[]
      = { { "secret-fd", 0, 0, G_OPTION_ARG_INT, &secret_fd, NULL, NULL }, G_OPTION_ENTRY_NULL };
  if (g_str_equal (verb, "login") && !command_options (&argc, &argv, entries, &error))
    return command_out_misuse ("account", "%s.", error->message);
  if (argc != 2)
    return command_out_misuse ("account", "account %s needs the name of one account.", verb);
  if (!command_text (argv[1], &error) || !command_need_settings (context, &error))
    return command_out_fail (error);
  g_autoptr (GPtrArray) accounts = accounts_load (context->paths, &error);
  struct account *account = accounts != NULL ? named (context, accounts, argv[1], &index, &error) : NULL;
  if (account == NULL)
    return command_out_fail (error);
  if (g_str_equal (verb, "test"))
    return test (context, account);
  if (g_str_equal (verb, "remove"))
    return remove_account (context, accounts, index);
  return login (context, account, secret_fd);
}

enum command_exit
command_account (struct command_context *context, int argc, char **argv)
{
  const char *verb = argc > 1 ? argv[1] : "";
  if (g_str_equal (verb, "add"))
    return add (context, argc - 1, argv + 1);
  if (g_str_equal (verb, "list"))
    return list (context, argc - 1, argv + 1);
  if (g_str_equal (verb, "test") || g_str_equal (verb, "login") || g_str_equal (verb, "remove"))
    return with_name (context, verb, argc - 1, argv + 1);
  return command_out_misuse ("account", "account needs one of: add, list, test, login, remove.");
}
