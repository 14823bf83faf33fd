/* SPDX-FileCopyrightText: wardmail contributors
 * SPDX-License-Identifier: GPL-3.0-or-later */
/* LDAP servers as they stand in a settings file: URLs (RFC 4516) of which only scheme, host, port and base count, and the extension StartTLS. Pure. */
#pragma once
#include <glib.h>

#define LDAPSERVER_MAX 16

struct ldapserver {
  char *host;
  guint port;
  const char *tls; /* "tls" from the first byte, "starttls", or "plain" */
  char *base;      /* the entry below which to search; "": wherever the server's root says */
};
void ldapserver_free (struct ldapserver *server);
DEFINE_AUTOFREE (ldapserver, ldapserver_free)
/* text: URLs with ";" between them; NULL or blank: none. Returns struct ldapserver * (owned by the array), or NULL with why it cannot be, as
 * the end of a sentence. */
GPtrArray *ldapserver_list (const char *text, const char **why_out);
/* The file of authorities that vouch for such servers; NULL will do, too. */
gboolean ldapserver_is_ca (const char *path_or_null, const char **why_out);
