/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a server is and how one signs in there: one half of an account, as the net workers get it. Plain data. */
#pragma once
#include <glib.h>

#define REMOTE_TIMEOUT_MS 30000
#define REMOTE_CONNECT_MS                                                                                              \
  10000 /* for the connection, and for the handshake: who does not answer by then is not there */

struct remote {
  char *host;
  guint16 port;
  gboolean starttls; /* else TLS from the first byte; there is no third way */
  char *auth;        /* "password" or "external" */
  char *user;
  char *ca_file, *client_cert_file, *client_key_file; /* NULL if none */
  char *lists_file;                                   /* revocation lists; NULL if none */
  char **pins;                                        /* of the server's key, or one above; NULL if none */
  guint timeout_ms;                                   /* for each wait for bytes */
};
/* account: the dictionary of a start message. which: "imap" or "smtp". NULL with ENGINE_ERROR_USAGE. */
struct remote *remote_new (GVariant *account, const char *which, GError **error);
/* Adds what a worker must be able to read to speak to the account's servers (char *). */
void remote_add_files (GVariant *account, GPtrArray *read);
void remote_free (struct remote *remote);
DEFINE_AUTOFREE (remote, remote_free)
