/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* config_dir/accounts.conf (GKeyFile, one group an account): servers and sign-in. Never a password. */
#pragma once
#include "config/settings.h"

enum account_security { ACCOUNT_TLS = 0, ACCOUNT_STARTTLS };
enum account_auth { ACCOUNT_AUTH_PASSWORD = 0, ACCOUNT_AUTH_OAUTH2, ACCOUNT_AUTH_EXTERNAL };
struct account {
  char *name;    /* [A-Za-z0-9._-]+, also its folder's name; "local" is taken */
  char *address; /* addr-spec */
  char *imap_host, *smtp_host;
  guint16 imap_port, smtp_port;
  enum account_security imap_security, smtp_security;
  enum account_auth auth;
  char *user;
  char *authserv_id; /* how its server signs Authentication-Results; NULL: by a name in the IMAP server's domain */
  char *ca_file;     /* PEM, absolute; NULL: system anchors */
  char *client_cert_file, *client_key_file;
  char *lists_file;              /* revocation lists, absolute; NULL: none are asked */
  char **imap_pins, **smtp_pins; /* of pins.h; NULL: none */
};
GPtrArray *accounts_load (const struct paths *paths,
                          GError **error); /* struct account *; an empty array where there is no file */
gboolean accounts_save (GPtrArray *accounts, const struct paths *paths, GError **error);
struct account *account_new (void);
void account_free (struct account *account);
gboolean account_check (const struct account *account, GError **error); /* one sentence for what is wrong */
/* "host:port", "[v6]:port"; FALSE if it is none. */
gboolean account_parse_host_port (const char *text, char **host_out, guint16 *port_out);
DEFINE_AUTOFREE (account, account_free)
